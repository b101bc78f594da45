// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package logformat

import (
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logboom/logboom/internal/grok"
)

func TestMemory(t *testing.T) {
	m := newMemory(1000)
	assert.GreaterOrEqual(t, len(m.words), 1000)
	assert.Less(t, len(m.words), 2048+1)
	formats := func(source uint64) []int {
		known, _ := m.recall(source)
		var out []int
		for _, f := range known {
			if f != noFormat {
				out = append(out, int(f))
			}
		}
		return out
	}
	assert.Empty(t, formats(1))
	m.learn(1, 5)
	assert.Equal(t, []int{5}, formats(1))
	m.learn(1, 7)
	assert.Equal(t, []int{7, 5}, formats(1), "the latest comes first")
	m.learn(1, 7)
	assert.Equal(t, []int{7, 5}, formats(1))
	m.learn(1, 9)
	assert.Equal(t, []int{9, 7}, formats(1), "the oldest is forgotten")
	assert.Empty(t, formats(0))
	m.learn(0, 3)
	assert.Equal(t, []int{3}, formats(0))
	assert.Equal(t, []int{9, 7}, formats(1))

	for s := range uint64(100000) {
		m.learn(s, uint8(s%50))
	}
	kept := 0
	for s := range uint64(100000) {
		if f := formats(s); len(f) > 0 {
			kept++
			require.Equal(t, int(s%50), f[0])
		}
	}
	assert.LessOrEqual(t, kept, len(m.words), "memory is bounded")
	assert.Greater(t, kept, len(m.words)*9/10, "and used")

	assert.Nil(t, newMemory(0))
	var none *memory
	none.learn(1, 5)
	_, known := none.recall(1)
	assert.False(t, known)
	assert.Len(t, newMemory(1).words, ways)
}

// TestMemoryOfFew keeps what has place: as many sources as there may be, over and over.
func TestMemoryOfFew(t *testing.T) {
	m := newMemory(10000)
	for s := range uint64(2000) {
		m.learn(s, uint8(s%50))
	}
	lost := 0
	for s := range uint64(2000) {
		if _, known := m.recall(s); !known {
			lost++
		}
	}
	assert.Less(t, lost, 20)
}

// TestSourceChanges follows a source that changes its format and comes back; no line waits.
func TestSourceChanges(t *testing.T) {
	r := newRecogniser(t, 10)
	var lines []sample
	for _, s := range allSamples {
		if s.format == "klog" || s.format == "combined" || s.format == "json" || s.format == "leveled" {
			lines = append(lines, s)
		}
	}
	for i := range 200 {
		s := lines[(i/7)%len(lines)]
		f, _, err := r.Match(3, s.text, nil)
		require.NoError(t, err)
		require.Equal(t, s.format, r.name(f))
	}
}

// TestConcurrent has many sources with formats that change, in several goroutines.
func TestConcurrent(t *testing.T) {
	r := newRecogniser(t, 64)
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(uint64(g), 1))
			var dst []grok.Capture
			for range 2000 {
				s := allSamples[rng.IntN(len(allSamples))]
				f, captures, err := r.Match(rng.Uint64N(200), s.text, dst[:0])
				dst = captures
				if err != nil || r.name(f) != s.format {
					t.Errorf("%s: %s, %v", s.text, r.name(f), err)
					return
				}
			}
		})
	}
	wg.Wait()
}

func TestAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector empties pools")
	}
	r := newRecogniser(t, 100)
	dst := make([]grok.Capture, 0, 64)
	for _, s := range allSamples {
		r.Match(1, s.text, dst)
	}
	for _, s := range allSamples {
		if n := testing.AllocsPerRun(20, func() { r.Match(1, s.text, dst) }); n > 0 {
			t.Errorf("%v allocations for %s", n, s.text)
		}
	}
}
