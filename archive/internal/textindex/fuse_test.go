// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package textindex

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestFuse(t *testing.T) {
	var b fuseBuilder
	for _, width := range []uint32{1, 7, 8, 12, 16} {
		for _, n := range []int{1, 2, 3, 5, 10, 100, 1000, 12_000, 31_000, 100_000} {
			r := rand.New(rand.NewPCG(uint64(n), uint64(width)))
			keys := make([]uint64, n)
			for i := range keys {
				keys[i] = r.Uint64()
			}
			data, f, ok := b.build([]byte("before"), keys, width)
			require.True(t, ok)
			require.Equal(t, "before", string(data[:6]))
			data = data[6:]
			require.Len(t, data, f.bytes())
			if n >= 31_000 {
				assert.Less(t, float64(f.slots()), 1.26*float64(n), "slots")
			}
			for _, k := range keys {
				require.True(t, f.contains(data, k))
			}
			found := 0
			const others = 20_000
			for range others {
				if f.contains(data, r.Uint64()) {
					found++
				}
			}
			expected := others / float64(uint64(1)<<width)
			assert.InDelta(t, expected, float64(found), 20+expected/4, "%d keys, %d bits", n, width)
		}
	}
	_, _, ok := b.build(nil, []uint64{1, 1, 1, 2}, 12)
	assert.False(t, ok, "keys that are not distinct")
}
