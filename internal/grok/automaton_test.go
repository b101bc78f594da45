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

// searched reports whether p has looked for matches from everywhere at once.
func searched(p *Pattern) bool { return len(p.automaton.search().table.Load().states) > 1 }

// TestSearchTakesOver: nothing is lost and nothing is forgotten at the place from which on all places are searched at once.
func TestSearchTakesOver(t *testing.T) {
	for _, tc := range []struct{ pattern, before string }{
		{`[a!\n]+b|(?<x>!)`, "a"},
		{`[a!\n]+b|\b(?<x>!)`, "a"},
		{`[a!\n]+b|\B(?<x>!)`, "\n"},
		{`[a!\n]+b|(?<=a)(?<x>!)`, "a"},
		{`[a!\n]+b|(?<![b\n])(?<x>!)`, "a"},
		{`[a!\n]+b|^(?<x>!)`, "\n"},
	} {
		const size = 200
		first := -1 // the first place that was not tried alone: where the search of all begins
		for at := 1; at < 60; at++ {
			p, err := ecs(t).Compile(tc.pattern)
			require.NoError(t, err)
			text := strings.Repeat("a", at-1) + tc.before + "!" + strings.Repeat("a", size-at-1)
			captures, ok, err := p.Match(text, nil)
			require.NoError(t, err)
			require.Equal(t, `true <nil> x="!"`, show(captures, ok, nil), "%s at %d", tc.pattern, at)
			if searched(p) && first < 0 {
				first = at
			}
		}
		assert.Greater(t, first, 1, tc.pattern)
	}
}

// TestSkipSetsRegisters: within a state that is skipped through, a capture of one rune is the last rune, whatever its size.
func TestSkipSetsRegisters(t *testing.T) {
	for _, last := range []string{"t", "é", "€", "\U0001f6f6", "\xff", "\xe2\x82"} {
		text := "abcdefghijklmnopqrs" + last + "z"
		p, err := ecs(t).Compile(`^(?:(?<x>[^z]))*z`)
		require.NoError(t, err)
		want := last
		if last == "\xe2\x82" { // two runes
			want = last[1:]
		}
		for range 2 {
			captures, ok, err := p.Match(text, nil)
			require.NoError(t, err)
			require.Equal(t, fmt.Sprintf("true <nil> x=%q", want), show(captures, ok, nil))
		}
		skips := 0
		for _, k := range p.automaton.anchored.table.Load().skips {
			if k != nil && len(k.ops) > 0 {
				skips++
			}
		}
		require.Positive(t, skips)
	}
}

// TestLookBehindSets: as many different look-behinds as a state can know of, and one more.
func TestLookBehindSets(t *testing.T) {
	for _, n := range []int{1, 12, 13, 14, 16, maxBehindSets, maxBehindSets + 1} {
		var ways []string
		for i := range n {
			ways = append(ways, fmt.Sprintf(`(?<=%c)(?<x>%c)`, 'a'+i, 'A'+i))
		}
		p, err := ecs(t).Compile(`.(?:` + strings.Join(ways, "|") + `)`)
		require.NoError(t, err)
		assert.Equal(t, n <= maxBehindSets, p.Regular(), "%d", n)
		for i := range n {
			for j := range n {
				captures, ok, err := p.Match(fmt.Sprintf(" %c%c", 'a'+i, 'A'+j), nil)
				require.NoError(t, err)
				want := "false <nil>"
				if i == j {
					want = fmt.Sprintf(`true <nil> x="%c"`, 'A'+j)
				}
				require.Equal(t, want, show(captures, ok, nil), "%d look-behinds, %c%c", n, 'a'+i, 'A'+j)
			}
		}
	}
}

// TestRegisterCycles: registers that change places in a circle keep what they hold.
func TestRegisterCycles(t *testing.T) {
	for _, tc := range []struct {
		pattern string
		want    map[string]string // x by text
	}{
		{`^(?<x>[ab])(?:.b|\g<x>cd|.ce)$`, map[string]string{"abce": "a", "abcd": "b"}},
		{`^(?<x>[abc])(?:..b|\g<x>.cd|.\g<x>ce|..cf)$`, map[string]string{"abccd": "b", "abcce": "c", "abccf": "a"}},
	} {
		p, err := ecs(t).Compile(tc.pattern)
		require.NoError(t, err)
		for range 2 {
			for text, want := range tc.want {
				captures, ok, err := p.Match(text, nil)
				require.NoError(t, err)
				require.Equal(t, fmt.Sprintf("true <nil> x=%q", want), show(captures, ok, nil), "%s on %q", tc.pattern, text)
			}
		}
		circles := 0
		for _, s := range p.automaton.anchored.table.Load().steps {
			for _, o := range s.ops {
				if o.dst == spare {
					circles++
				}
			}
		}
		assert.Positive(t, circles, "%s: no circle", tc.pattern)
	}
}

// TestRestDecidesNothing: what a text gives does not depend on the texts before it.
func TestRestDecidesNothing(t *testing.T) {
	const expr = `(?<x>[ab]*a[ab]{14})c`
	r := rand.New(rand.NewPCG(5, 5))
	many := []byte("c") // a text that needs another state at every byte
	for range 60_000 {
		many = append(many, "ab"[r.IntN(2)])
	}
	few := "c" + strings.Repeat("a", 6000) // one that the machine cannot do
	p, err := ecs(t).Compile(expr)
	require.NoError(t, err)
	_, ok, err := p.Match(few, nil)
	require.NoError(t, err)
	require.False(t, ok)
	_, _, _ = p.Match(string(many), nil)
	require.Positive(t, p.automaton.resting.Load())
	_, ok, err = p.Match(few, nil)
	require.NoError(t, err)
	require.False(t, ok)
}
