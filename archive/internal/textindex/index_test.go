// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package textindex

import (
	"context"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// textGroup is a row group as the builder gets it.
type textGroup struct{ bodies, values []string }

// buildIndex makes an index.
func buildIndex(t testing.TB, b *Builder, groups []textGroup) (data []byte, directory int64) {
	t.Helper()
	b.Start()
	for _, g := range groups {
		b.StartGroup()
		for _, body := range g.bodies {
			b.Body([]byte(body))
		}
		for _, v := range g.values {
			b.Value([]byte(v))
		}
		b.EndGroup()
	}
	data, directory, err := b.Finish(nil)
	require.NoError(t, err)
	return data, directory
}

func rowsOf(groups []textGroup) (rows []int) {
	for _, g := range groups {
		rows = append(rows, len(g.bodies))
	}
	return rows
}

// fetchFrom reads blocks in memory, and checks that they are asked for in order.
func fetchFrom(data []byte) Fetch {
	return func(ctx context.Context, extents []Extent) (blocks [][]byte, err error) {
		last := int64(0)
		for _, e := range extents {
			if e.Offset < last {
				return nil, fmt.Errorf("extent %v behind %d", e, last)
			}
			last = e.Offset + e.Bytes
		}
		return InMemory(data)(ctx, extents)
	}
}

func openIndex(t testing.TB, data []byte, directory int64, groups []textGroup) *Index {
	t.Helper()
	ix, err := Open(data[int64(len(data))-directory:], int64(len(data)), rowsOf(groups), fetchFrom(data))
	require.NoError(t, err)
	return ix
}

func matchValue(v Value, values []string) bool {
	for _, s := range values {
		if v.Whole && s == v.Text || !v.Whole && strings.Contains(s, v.Text) {
			return true
		}
	}
	return false
}

// tally says how much an index told.
type tally struct{ groups, pruned, whole, rows, settled int }

// check compares what the index says with what the texts say.
func check(t testing.TB, ix *Index, groups []textGroup, lines []Line, values []Value, sum *tally) {
	t.Helper()
	q, err := Compile(lines, values)
	require.NoError(t, err)
	m := ix.Match(q)
	verdicts, err := m.Groups(context.Background(), nil)
	require.NoError(t, err)
	res := make([]*regexp.Regexp, len(lines))
	for i, l := range lines {
		text := l.Text
		if l.Kind == Contains {
			text = regexp.QuoteMeta(text)
		}
		if l.Fold {
			text = "(?i)" + text
		}
		if l.Kind == Regexp || l.Fold {
			res[i] = regexp.MustCompile(text)
		}
	}
	for g, group := range groups {
		holds := true
		for _, v := range values {
			holds = holds && matchValue(v, group.values)
		}
		rows, err := m.Rows(context.Background(), g)
		require.NoError(t, err)
		sum.groups++
		switch verdicts[g] {
		case None:
			sum.pruned++
		case All:
			sum.whole++
		}
		for i, body := range group.bodies {
			match := true
			for j, l := range lines {
				var m bool
				if res[j] != nil {
					m = res[j].MatchString(body)
				} else {
					m = strings.Contains(body, l.Text)
				}
				match = match && m != l.Not
			}
			if verdicts[g] == None && match && holds {
				t.Fatalf("group %d is pruned, but row %q matches %+v %+v", g, body, lines, values)
			}
			if verdicts[g] == All && !match {
				t.Fatalf("group %d matches as a whole, but row %q does not match %+v", g, body, lines)
			}
			sum.rows++
			if !rows.Known {
				continue
			}
			all, maybe := rows.All[i/64]>>(i%64)&1 != 0, rows.Maybe[i/64]>>(i%64)&1 != 0
			if all && maybe || all && !match || !all && !maybe && match {
				t.Fatalf("row %q: all %t, maybe %t, but it matches: %t, %+v", body, all, maybe, match, lines)
			}
			if !maybe {
				sum.settled++
			}
		}
	}
}

// texts makes hostile texts.
type texts struct{ *rand.Rand }

var pieces = []string{
	"error", "declined", "card", "timeout", "Kelvin", "straße", "ſtrong", "K", "k", "s", "日本語", "a", "ab", "dead", "beef", "x", "_", "-", "-", " ", " ", ".", ":", "=", "/", "\"", "\n",
	"0", "1", "42", "500", "123456", "1234567890", "00007", "3ms", "u10644", "855953Z", "15T00", "deadbeef12", "DEADBEEF12", "94skjm66", "x7Gh29Qp1aZz", "v1", "\u0085", "\u2028",
	"3ddaac1b-e355-47ae-8017-995118032abe", "3DDAAC1B-E355-47AE-8017-995118032ABE", "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee", "12345678-1234-1234-1234-123456789012",
	"3ddaac1b-e355", "-47ae-8017-995118032abe", "é1", "日1", "\xff", "\xf8", "\xc3", "\xfa1", "\xfb", "\x00", "|=", "(?i)", "[a-z]+", "{}",
}

func (r texts) text(most int) string {
	var b strings.Builder
	for range r.IntN(most + 1) {
		switch r.IntN(12) {
		case 0:
			fmt.Fprintf(&b, "%x", r.Uint64()>>r.IntN(64))
		case 1:
			fmt.Fprintf(&b, "%d", r.Uint64()>>r.IntN(64))
		case 2:
			u := r.Uint64()
			fmt.Fprintf(&b, "%08x-%04x-%04x-%04x-%012x", uint32(u), uint16(u>>3), uint16(u>>7), uint16(u>>11), u>>16)
		default:
			b.WriteString(pieces[r.IntN(len(pieces))])
		}
	}
	return b.String()
}

// needle makes a text that often occurs in s.
func (r texts) needle(s string) string {
	switch r.IntN(6) {
	case 0:
		return r.text(3)
	case 1:
		return ""
	}
	if s == "" {
		return s
	}
	from := r.IntN(len(s))
	to := min(len(s), from+1+r.IntN(50))
	if r.IntN(3) == 0 {
		to = min(len(s), from+1+r.IntN(6))
	}
	n := s[from:to]
	if r.IntN(5) == 0 {
		b := []byte(n)
		b[r.IntN(len(b))] = "0a-K ."[r.IntN(6)]
		n = string(b)
	}
	return n
}

func (r texts) swapCase(s string) string {
	b := []rune(s)
	for i, c := range b {
		switch r.IntN(3) {
		case 0:
			b[i] = []rune(strings.ToUpper(string(c)))[0]
		case 1:
			b[i] = []rune(strings.ToLower(string(c)))[0]
		}
	}
	return string(b)
}

var patterns = []string{
	`%s`, `^%s`, `%s$`, `(?m)^%s$`, `\b%s\b`, `\B%s`, `(?i)%s`, `%s|error`, `(%s|%s)x?`, `%s.*%s`, `(?s)%s.*%s`, `%s+`, `(?:%s)?card`, `[a-z]+%s`, `\d+%s`, `%s\d{1,3}`, `\pL+%s`, `^[^%%]*$`,
	`\A%s\z`, `[[:alpha:]]+ %s`, `%s[0-9a-f]{4}-`, `(?i:%s) \w+`, `^$`, ``, `\s%s`, `[^\x00-\x7f]%s`, `%s(a|b|c)[de]`, `(foo|bar|%s){2}`, `%s{2,}`, `(?U)%s.+%s`, `.`, `\d`, `^\d+$`, `^\w+$`, `[0-9a-f]{8}-[0-9a-f]{4}`,
}

func (r texts) line(s string) Line {
	l := Line{Not: r.IntN(4) == 0, Fold: r.IntN(4) == 0, Text: r.needle(s)}
	if l.Fold {
		l.Text = strings.ToValidUTF8(r.swapCase(l.Text), "\uFFFD")
	}
	if r.IntN(2) == 0 {
		return l
	}
	l.Kind = Regexp
	p := patterns[r.IntN(len(patterns))]
	args := []any{}
	for range strings.Count(strings.ReplaceAll(p, "%%", ""), "%s") {
		args = append(args, regexp.QuoteMeta(strings.ToValidUTF8(r.needle(s), "\uFFFD")))
	}
	p = fmt.Sprintf(p, args...)
	if _, err := regexp.Compile(p); err != nil {
		return Line{Text: "x"}
	}
	l.Text = p
	return l
}

func (r texts) groups() (groups []textGroup) {
	pool := make([]string, 1+r.IntN(6))
	for i := range pool {
		pool[i] = r.text(10)
	}
	for range 1 + r.IntN(10) {
		var g textGroup
		for range 1 + r.IntN(70) {
			switch r.IntN(5) {
			case 0:
				g.bodies = append(g.bodies, r.text(8))
			case 1:
				g.bodies = append(g.bodies, fmt.Sprintf("took %dms user=u%d id=%x", r.IntN(1000), r.IntN(100), r.Uint64()))
			default:
				g.bodies = append(g.bodies, pool[r.IntN(len(pool))])
			}
		}
		for range r.IntN(5) {
			g.values = append(g.values, r.text(4))
		}
		groups = append(groups, g)
	}
	return groups
}

// TestAgainstTexts compares the index with a look at every text, on hostile texts.
func TestAgainstTexts(t *testing.T) {
	rounds := 80
	if testing.Short() {
		rounds = 30
	}
	var b Builder
	var sum tally
	for seed := range rounds {
		r := texts{rand.New(rand.NewPCG(uint64(seed), 8))}
		groups := r.groups()
		data, directory := buildIndex(t, &b, groups)
		ix := openIndex(t, data, directory, groups)
		for range 60 {
			g := groups[r.IntN(len(groups))]
			var lines []Line
			for range r.IntN(3) {
				lines = append(lines, r.line(g.bodies[r.IntN(len(g.bodies))]))
			}
			var values []Value
			if len(g.values) > 0 && r.IntN(2) == 0 {
				v := g.values[r.IntN(len(g.values))]
				whole := r.IntN(2) == 0
				if !whole {
					v = r.needle(v)
				}
				if v != "" {
					values = append(values, Value{v, whole})
				}
			}
			check(t, ix, groups, lines, values, &sum)
		}
	}
	t.Logf("%+v", sum)
	require.Greater(t, sum.pruned*5, sum.groups, "the index must tell something")
	require.Greater(t, sum.settled*2, sum.rows, "shapes must tell something")
}
