// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grok

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// accessLines returns lines that differ in all their fields, some of them damaged.
func accessLines(seed uint64, n int) []string {
	r := rand.New(rand.NewPCG(seed, 1))
	word := func() string {
		b := []byte{'x'}
		for range r.IntN(12) {
			b = append(b, "abcdefghijklmnopqrstuvwxyzABC0123456789-"[r.IntN(40)])
		}
		return string(append(b, 'z'))
	}
	lines := make([]string, n)
	for i := range lines {
		host := fmt.Sprintf("%d.%d.%d.%d", r.IntN(256), r.IntN(256), r.IntN(256), r.IntN(256))
		switch r.IntN(4) {
		case 0:
			host = word() + "." + word() + ".example.com"
		case 1:
			host = fmt.Sprintf("2001:db8:%x::%x", r.IntN(65536), r.IntN(65536))
		}
		lines[i] = fmt.Sprintf(`%s - %s [%02d/Oct/2023:%02d:55:36 -0700] "%s /%s?%s=é HTTP/1.1" %d %d "https://www.%s.com/" "%s/5.0 (X11; %s)"`, host, word(),
			1+r.IntN(28), r.IntN(24), []string{"GET", "POST", `G"T`}[r.IntN(3)], word(), word(), 200+r.IntN(300), r.IntN(100000), word(), word(), word())
		if r.IntN(4) == 0 {
			lines[i] = mutate(r, lines[i])
		}
	}
	return lines
}

// TestAutomatonWithLittleRoom: a table that is emptied over and over gives what one with enough room gives.
func TestAutomatonWithLittleRoom(t *testing.T) {
	for _, expr := range []string{"^%{HTTPD_COMBINEDLOG}", "%{IPORHOST:a}.*%{WORD:b}", `(?<a>[^ ]*) .*"(?<b>[^"]*)"$`, `(?:(?<k>\w+)=(?<v>é)|.)*`} {
		roomy, err := ecs(t).Compile(expr)
		require.NoError(t, err)
		tight, err := ecs(t).Compile(expr)
		require.NoError(t, err)
		lines, matches := accessLines(7, 100), 0
		for _, line := range lines {
			_, _, err = roomy.Match(line, nil)
			require.NoError(t, err)
		}
		limit := roomy.automaton.anchored.size / 2
		tight.automaton.anchored.limit = limit
		for _, line := range lines {
			want, ok, err := roomy.Match(line, nil)
			require.NoError(t, err)
			got, also, err := tight.Match(line, nil)
			require.NoError(t, err)
			require.Equal(t, show(want, ok, nil), show(got, also, nil), line)
			if ok {
				matches++
			}
		}
		assert.Greater(t, matches, 20, expr)
		assert.Positive(t, tight.automaton.anchored.table.Load().generation, expr)
		assert.Zero(t, roomy.automaton.anchored.table.Load().generation, expr)
		assert.LessOrEqual(t, tight.automaton.anchored.size, limit)
	}
}

// searchedExpr has to be looked for from everywhere at once in searchedTexts.
const searchedExpr = `%{IPORHOST:client} - (?<user>[^! ]*) (?<rest>[^!#]*)!%{WORD:end}`

// searchedTexts returns texts in which a match could begin at many places, goes far, and is found late if at all.
func searchedTexts(seed uint64, n int) []string {
	texts := make([]string, n)
	for i := range texts {
		lines := accessLines(seed+uint64(i), 34)
		texts[i] = strings.Join(lines[:30], " ") + "#" + strings.Join(lines[30:], " ") + "!end"
		if i%4 == 0 {
			texts[i] = strings.ReplaceAll(texts[i], "!", ".")
		}
	}
	return texts
}

// TestSearchWithLittleRoom is TestAutomatonWithLittleRoom for what is searched all at once.
func TestSearchWithLittleRoom(t *testing.T) {
	roomy, err := ecs(t).Compile(searchedExpr)
	require.NoError(t, err)
	tight, err := ecs(t).Compile(searchedExpr)
	require.NoError(t, err)
	texts, matches := searchedTexts(100, 20), 0
	for _, text := range texts {
		_, _, err = roomy.Match(text, nil)
		require.NoError(t, err)
	}
	require.True(t, searched(roomy))
	limit := roomy.automaton.search().size / 2
	tight.automaton.search().limit = limit
	tight.automaton.anchored.limit = roomy.automaton.anchored.size / 2
	for _, text := range texts {
		want, ok, err := roomy.Match(text, nil)
		require.NoError(t, err)
		got, also, err := tight.Match(text, nil)
		require.NoError(t, err)
		require.Equal(t, show(want, ok, nil), show(got, also, nil), text)
		if ok {
			matches++
		}
	}
	assert.Greater(t, matches, 10)
	assert.Less(t, matches, len(texts))
	assert.Positive(t, tight.automaton.search().table.Load().generation)
	assert.Zero(t, roomy.automaton.search().table.Load().generation)
	assert.LessOrEqual(t, tight.automaton.search().size, limit)
}

// TestAutomatonFromManyGoroutines: a table in the making is shared, also while it is emptied.
func TestAutomatonFromManyGoroutines(t *testing.T) {
	for _, tc := range []struct {
		expr  string
		texts []string
		limit int // less than a table needs, so that it is emptied
		from  func(*automaton) *dfa
	}{
		{`^%{IP:client} - %{WORD:user} \[%{HTTPDATE:time}\] "%{WORD:method} %{DATA:path} HTTP/%{NUMBER:version}" %{INT:status:int}`,
			accessLines(9, 120), 30_000, func(m *automaton) *dfa { return m.anchored }},
		{searchedExpr, searchedTexts(200, 16), 30_000, func(m *automaton) *dfa { return m.search() }},
	} {
		for _, limit := range []int{maxDFABytes, tc.limit} {
			p, err := ecs(t).Compile(tc.expr)
			require.NoError(t, err)
			alone, err := ecs(t).Compile(tc.expr)
			require.NoError(t, err)
			tc.from(p.automaton).limit = limit
			want := make([]string, len(tc.texts))
			for i, text := range tc.texts {
				want[i] = show(alone.Match(text, nil))
			}
			var wg sync.WaitGroup
			for g := range 8 {
				wg.Go(func() {
					for i := range tc.texts {
						i = (i + g*len(tc.texts)/8) % len(tc.texts)
						if got := show(p.Match(tc.texts[i], nil)); got != want[i] {
							t.Errorf("%s\n%s\n%s", tc.texts[i], got, want[i])
							return
						}
					}
				})
			}
			wg.Wait()
			used := tc.from(p.automaton).table.Load()
			assert.Greater(t, len(used.states), 1, tc.expr)
			assert.Equal(t, limit == tc.limit, used.generation > 0, tc.expr)
		}
	}
}

// TestAutomatonBounds: what grows out of the bounds is told apart from what does not match.
func TestAutomatonBounds(t *testing.T) {
	p, err := ecs(t).Compile(`(?<x>(?:(?:a{1,20}){1,20}){1,30})$`, WithMaxSteps(1000))
	require.NoError(t, err)
	_, _, err = p.Match(strings.Repeat("a", 5000)+"b", nil)
	require.ErrorIs(t, err, ErrSteps)
	_, ok, err := p.Match("aaa", nil)
	require.NoError(t, err)
	assert.True(t, ok)

	p, err = ecs(t).Compile(`^(?:` + strings.Repeat(`(?<f>a)|`, maxTags) + `b)$`) // more groups than an automaton has
	require.NoError(t, err)
	assert.False(t, p.Regular())
	_, ok, err = p.Match("b", nil)
	require.NoError(t, err)
	assert.True(t, ok)
}

// TestSearchAllAtOnce: a text on which every place to begin goes far is searched once.
func TestSearchAllAtOnce(t *testing.T) {
	p, err := ecs(t).Compile(`(?<a>a+)(?<b>b+)c`)
	require.NoError(t, err)
	text := strings.Repeat("a", 5000) + strings.Repeat("aabb ", 2000) + "aaabbc"
	captures, ok, err := p.Match(text, nil)
	require.NoError(t, err)
	require.True(t, ok)
	assert.Equal(t, `true <nil> a="aaa" b="bb"`, show(captures, ok, nil))
	assert.True(t, searched(p))
}
