// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grok

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func compileAll(t testing.TB, patterns ...string) []*Pattern {
	t.Helper()
	s := ecs(t)
	out := make([]*Pattern, len(patterns))
	for i, expr := range patterns {
		p, err := s.Compile(expr)
		require.NoError(t, err, expr)
		out[i] = p
	}
	return out
}

func TestList(t *testing.T) {
	l := NewList(compileAll(t,
		`^%{INT:number}$`,
		`\A%{WORD:word}(?= )`,
		`^<%{DATA:tag}>`,
		`needle %{INT:found}`,
		`\Aé(?<after>.)x`,
		`\A`,
	))
	for text, want := range map[string]int{"12": 0, "12a b": 1, "<x> y": 2, "<x needle 3": 3, "éäx": 4, "": 5, "<": 5, "a\n12": 0, "\n\n7": 0} {
		index, captures, err := l.Match(text, nil)
		require.NoError(t, err)
		assert.Equal(t, want, index, text)
		if want < 5 {
			assert.Len(t, captures, 1, text)
		}
	}
}

// TestListAfterLineBreak: a pattern that begins a line is found wherever it stands in the list and the line in the text.
func TestListAfterLineBreak(t *testing.T) {
	patterns := make([]string, 130)
	for i := range patterns {
		patterns[i] = fmt.Sprintf(`^event%d (?<v>\d)$`, i)
	}
	l := NewList(compileAll(t, patterns...))
	for i := range patterns {
		for _, before := range []string{"", "x\n"} {
			index, captures, err := l.Match(fmt.Sprintf("%sevent%d 7\n", before, i), nil)
			require.NoError(t, err)
			require.Equal(t, i, index, "after %q", before)
			require.Equal(t, `true <nil> v="7"`, show(captures, true, nil))
		}
	}
}

// TestListDoesNotAllocate, however long it is.
func TestListDoesNotAllocate(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector makes sync.Pool forget")
	}
	var patterns []string
	for i := range 600 {
		patterns = append(patterns, fmt.Sprintf(`^(?:one|two|%d) event%d (?<v>\d)$`, i, i))
	}
	all := compileAll(t, patterns...)
	captures := make([]Capture, 0, 4)
	for _, n := range []int{0, 1, 2, 64, 65, 256, 257, 600} {
		l := NewList(all[:n])
		for want, text := range map[int]string{n - 1: fmt.Sprintf("one event%d 7", n-1), -1: "one event 7"} {
			allocs := testing.AllocsPerRun(20, func() {
				if i, _, err := l.Match(text, captures[:0]); i != want || err != nil {
					t.Fatal(n, i, err)
				}
			})
			assert.Zero(t, allocs, "%d patterns on %q", n, text)
		}
	}
}

// TestListLikePatterns: a list finds what its patterns find one after the other, whatever it knows of them.
func TestListLikePatterns(t *testing.T) {
	s := ecs(t)
	names := s.Names()
	r := rand.New(rand.NewPCG(4, 4))
	matches := 0
	for range 40 {
		var patterns []*Pattern
		var roots []*node
		for range 2 + r.IntN(90) {
			expr := "%{" + names[r.IntN(len(names))] + "}"
			switch r.IntN(4) {
			case 0, 1:
				expr = `\A` + expr
			case 2:
				expr = "^" + expr + " "
			}
			p, err := s.Compile(expr)
			require.NoError(t, err)
			patterns = append(patterns, p)
			roots = append(roots, (&builder{set: s}).parseText(expr))
		}
		l := NewList(patterns)
		for range 100 {
			var b strings.Builder
			generate(r, roots[r.IntN(len(roots))], &b)
			text := mutate(r, b.String())
			want := -1
			var wanted []Capture
			for i, p := range patterns {
				if c, ok, _ := p.Match(text, nil); ok {
					want, wanted = i, c
					break
				}
			}
			index, captures, err := l.Match(text, nil)
			if err != nil {
				continue
			}
			require.Equal(t, want, index, "%q", text)
			require.Equal(t, show(wanted, true, nil), show(captures, true, nil))
			if want >= 0 {
				matches++
			}
		}
	}
	assert.Greater(t, matches, 1000)
}

func fifty(t testing.TB, anchor string) *List {
	var patterns []string
	for i := range 50 {
		head := []string{
			"%{TIMESTAMP_ISO8601:timestamp} %{LOGLEVEL:level}", "%{SYSLOGTIMESTAMP:timestamp} %{HOSTNAME:host}", "%{IPORHOST:client} %{USER:user}",
			`\[%{HTTPDATE:timestamp}\]`, "%{WORD:program}\\[%{POSINT:pid}\\]:",
		}[i%5]
		patterns = append(patterns, fmt.Sprintf("%s%s event-%d: %%{GREEDYDATA:message}", anchor, head, i))
	}
	return NewList(compileAll(t, patterns...))
}

// BenchmarkList: lines that none of 50 patterns matches.
func BenchmarkList(b *testing.B) {
	for _, bc := range []struct{ name, anchor, text string }{
		{"anchored, alike", `^`, "2026-01-14 23:59:59,429 INFO  [http-nio-8080-exec-15] c.shop.checkout.CheckoutController - started the checkout of basket 4711 for customer 12"},
		{"anchored, not alike", `\A`, `{"ts":"2026-01-14T23:59:59.429Z","level":"info","msg":"started the checkout of basket 4711 for customer 12","service":"checkout"}`},
		{"anywhere", ``, "2026-01-14 23:59:59,429 INFO  [http-nio-8080-exec-15] c.shop.checkout.CheckoutController - started the checkout of basket 4711 for customer 12"},
	} {
		b.Run(bc.name, func(b *testing.B) {
			l := fifty(b, bc.anchor)
			for b.Loop() {
				if i, _, _ := l.Match(bc.text, nil); i >= 0 {
					b.Fatal("match")
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "lines/s")
		})
	}
}
