// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grok

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
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

// longLines are access lines with long fields: a table is only worth its making if states are few compared with the text.
func longLines(seed uint64, n int) []string {
	lines := accessLines(seed, n)
	for i, line := range lines {
		host, rest, _ := strings.Cut(line, " ") // whose parts must be short
		lines[i] = host + " " + strings.ReplaceAll(rest, "z", strings.Repeat("xyz", 1000))
	}
	return lines
}

// searchedExpr has to be looked for from everywhere at once in searchedTexts.
const searchedExpr = `%{INT:id} - (?<user>[^! ]*) (?<rest>[^!#]*)!%{WORD:end}`

// searchedTexts returns texts in which a match could begin at many places, goes far, and is found late if at all.
func searchedTexts(seed uint64, n int) []string {
	texts := make([]string, n)
	for i := range texts {
		lines := longLines(seed+uint64(i), 34)
		texts[i] = strings.Join(lines[:30], " ") + "#" + strings.Join(lines[30:], " ") + "!end"
		if i%4 == 0 {
			texts[i] = strings.ReplaceAll(texts[i], "!", ".")
		}
	}
	return texts
}

// TestAutomatonWithLittleRoom: a table that is emptied over and over gives what one with enough room gives.
func TestAutomatonWithLittleRoom(t *testing.T) {
	anchored, search := func(m *automaton) *dfa { return m.anchored }, func(m *automaton) *dfa { return m.search() }
	for _, tc := range []struct {
		expr  string
		texts []string
		table func(*automaton) *dfa
	}{
		{"^%{HTTPD_COMBINEDLOG}", longLines(7, 100), anchored},
		{`(?<a>[^ ]*) .*"(?<b>[^"]*)"$`, longLines(7, 50), anchored},
		{`(?:(?<k>\w+)=(?<v>é)|.)*\z`, longLines(7, 50), anchored},
		{searchedExpr, searchedTexts(100, 20), search},
	} {
		roomy, err := ecs(t).Compile(tc.expr)
		require.NoError(t, err)
		tight, err := ecs(t).Compile(tc.expr)
		require.NoError(t, err)
		for _, text := range tc.texts {
			_, _, err = roomy.Match(text, nil)
			require.NoError(t, err)
		}
		full, little := tc.table(roomy.automaton), tc.table(tight.automaton)
		require.Greater(t, len(full.table.Load().states), 3, tc.expr)
		little.limit = full.size / 2
		matches, wentOn := 0, 0
		for _, text := range tc.texts {
			tight.automaton.resting.Store(0)
			want, ok, err := roomy.Match(text, nil)
			require.NoError(t, err)
			generation := little.table.Load().generation
			got, v := tight.automaton.match(text, 0, nil)
			if v != gaveUp {
				require.Equal(t, show(want, ok, nil), show(got, v == matched, nil), text)
				if little.table.Load().generation != generation {
					wentOn++
				}
			}
			if ok {
				matches++
			}
		}
		t.Logf("%s: %d of %d match, %d went on with an empty table, %d times emptied", tc.expr, matches, len(tc.texts), wentOn, little.table.Load().generation)
		assert.Greater(t, matches, len(tc.texts)/5, tc.expr)
		assert.Positive(t, wentOn, tc.expr)
		assert.Zero(t, full.table.Load().generation, tc.expr)
		assert.LessOrEqual(t, little.size, little.limit)
	}
}

// TestAutomatonFromManyGoroutines: a table in the making is shared, also while it is emptied.
func TestAutomatonFromManyGoroutines(t *testing.T) {
	const access = `^%{IP:client} - %{WORD:user} \[%{HTTPDATE:time}\] "%{WORD:method} %{DATA:path} HTTP/%{NUMBER:version}" %{INT:status:int}`
	for _, tc := range []struct {
		expr  string
		texts []string
		limit int // less than the table needs
		table func(*automaton) *dfa
	}{
		{access, longLines(9, 120), 30_000, func(m *automaton) *dfa { return m.anchored }},
		{searchedExpr, searchedTexts(200, 16), 8_000, func(m *automaton) *dfa { return m.search() }},
	} {
		for _, limit := range []int{maxDFABytes, tc.limit} {
			p, err := ecs(t).Compile(tc.expr)
			require.NoError(t, err)
			alone, err := ecs(t).Compile(tc.expr)
			require.NoError(t, err)
			tc.table(p.automaton).limit = limit
			want := make([]string, len(tc.texts))
			for i, text := range tc.texts {
				want[i] = show(alone.Match(text, nil))
			}
			var wg sync.WaitGroup
			var same atomic.Int32
			for g := range 8 {
				wg.Go(func() {
					for i := range tc.texts {
						i = (i + g*len(tc.texts)/8) % len(tc.texts)
						p.automaton.resting.Store(0)
						captures, ok, err := p.Match(tc.texts[i], nil)
						if limit == tc.limit && errors.Is(err, ErrSteps) { // others emptied the table too often
							continue
						}
						if got := show(captures, ok, err); got != want[i] {
							t.Errorf("%.300s\n%.300s\n%.300s", tc.texts[i], got, want[i])
							return
						}
						same.Add(1)
					}
				})
			}
			wg.Wait()
			used := tc.table(p.automaton).table.Load()
			t.Logf("%s: %d of %d alike, %d states, %d times emptied", tc.expr, same.Load(), 8*len(tc.texts), len(used.states), used.generation)
			assert.Positive(t, same.Load(), tc.expr)
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
