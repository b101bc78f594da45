// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grok

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestListLikeOneByOne: a list finds what its patterns find when they are tried one after the other.
func TestListLikeOneByOne(t *testing.T) {
	n := 18
	if testing.Short() || raceEnabled {
		n = 8
	}
	r := rand.New(rand.NewPCG(11, seed()))
	texts, found := 0, 0
	for i := range n {
		var patterns []*Pattern
		var lines []string
		for len(patterns) < []int{1, 2, 5, 30, 70, 300}[i%6] {
			if r.IntN(4) == 0 {
				p, err := smallSet.Compile(smallPattern(r))
				if err == nil {
					patterns = append(patterns, p)
					lines = append(lines, smallText(r))
				}
				continue
			}
			g := newComposer(r.Uint64())
			expr := g.pattern()
			p, err := g.set.Compile(expr)
			require.NoError(t, err, expr)
			ref, err := newReference(g.set, expr)
			require.NoError(t, err, expr)
			patterns = append(patterns, p)
			lines = append(lines, g.line(ref), g.line(ref))
		}
		l := NewList(patterns)
		for range 60 {
			text := lines[r.IntN(len(lines))]
			if r.IntN(3) == 0 {
				text = mutate(r, text)
			}
			texts++
			index, captures, err := l.Match(text, nil)
			want, wantCaptures, wantErr := -1, []Capture(nil), error(nil)
			for j := 0; j < len(patterns) && want < 0; j++ {
				c, ok, e := patterns[j].Match(text, nil)
				if ok {
					want, wantCaptures = j, c
				} else if e != nil {
					wantErr = e
				}
			}
			require.Equal(t, want, index, "on %q", text)
			require.Equal(t, show(wantCaptures, want >= 0, nil), show(captures, index >= 0, nil), "on %q", text)
			if err != nil {
				require.ErrorIs(t, err, ErrSteps) // a pattern that the list need not try need not give up
				require.Error(t, wantErr)
			}
			if index >= 0 {
				found++
			}
		}
	}
	require.Greater(t, found, texts/4)
	require.Less(t, found, texts)
}
