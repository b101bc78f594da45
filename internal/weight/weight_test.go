// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package weight

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/sampling"
)

// TestOutgoing: whatever comes together, what goes out is consistent, and no greater share than either sampler kept.
func TestOutgoing(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	value := func() uint64 {
		switch rnd.IntN(5) {
		case 0:
			return 0
		case 1:
			return All - 1
		case 2:
			return uint64(rnd.IntN(4))
		}
		return rnd.Uint64N(All)
	}
	for range 100_000 {
		d := Decision{Threshold: value(), Explicit: rnd.IntN(2) == 0}
		d.Randomness = max(d.Threshold, value())
		came, own := value(), value()
		switch rnd.IntN(3) {
		case 0:
			own = d.Randomness
		case 1:
			own = Unknown
		}
		w, consistent := Outgoing(came, own, d)
		require.Less(t, w.Randomness, All)
		require.LessOrEqual(t, w.Threshold, w.Randomness)
		require.GreaterOrEqual(t, w.Threshold, d.Threshold)
		require.Equal(t, came <= own, consistent)
		if consistent {
			require.GreaterOrEqual(t, w.Threshold, came)
		} else {
			require.Equal(t, d.Threshold, w.Threshold)
		}
	}
	w, _ := Outgoing(5, 9, Decision{Threshold: All, Randomness: 3}) // must not be, and must not panic
	assert.Less(t, w.Threshold, All)
}

// TestTwoSamplers: records are sampled by one randomness and then by another. The weights of those left are right.
func TestTwoSamplers(t *testing.T) {
	const records = 200_000
	rnd := rand.New(rand.NewPCG(3, 4))
	first, second := uint64(0x40000000000000), uint64(0xc0000000000000)
	sum, left, above := 0.0, 0, 0
	for range records {
		own, ours := rnd.Uint64N(All), rnd.Uint64N(All)
		if own < first || ours < second {
			continue
		}
		w, ok := Outgoing(first, own, Decision{Threshold: second, Randomness: ours})
		require.True(t, ok)
		th, err := sampling.UnsignedToThreshold(w.Threshold)
		require.NoError(t, err)
		sum += th.AdjustedCount()
		left++
		if w.Randomness >= w.Threshold+(All-w.Threshold)/2 {
			above++
		}
	}
	assert.InEpsilon(t, records, sum, 0.03)
	assert.InEpsilon(t, 0.5, float64(above)/float64(left), 0.03, "a later sampler finds the randomness even")
}

// TestLogTwice: what one writer wrote the next one reads, and combines with its own.
func TestLogTwice(t *testing.T) {
	lr := plog.NewLogRecord()
	lr.SetTraceID([16]byte{15: 1}) // its randomness is small, and says nothing about these samplers
	var w Writer
	w.Log(lr, Decision{Threshold: All / 2, Randomness: All / 4 * 3})
	assert.Equal(t, map[string]any{"sampling.threshold": "8", "sampling.randomness": "c0000000000000"}, lr.Attributes().AsRaw())
	w.Log(lr, Decision{Threshold: All / 2, Randomness: All / 2})
	assert.Equal(t, map[string]any{"sampling.threshold": "c", "sampling.randomness": "c0000000000000"}, lr.Attributes().AsRaw())
	assert.Zero(t, w.Inconsistent)
	lr.Attributes().PutStr(ThresholdAttribute, "nonsense")
	w.Log(lr, Decision{Threshold: All / 2, Randomness: All / 2})
	assert.Equal(t, map[string]any{"sampling.threshold": "8", "sampling.randomness": "80000000000000"}, lr.Attributes().AsRaw())
	assert.EqualValues(t, 1, w.Inconsistent)
}

// FuzzHex: thresholds and randomness are read as contrib reads them.
func FuzzHex(f *testing.F) {
	for _, s := range []string{"", "0", "8", "c", "f3333", "0123456789abcd", "ABCDEFabcdef01", "0123456789abcde", "+1", "-1", "1_0", "x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		th, err := sampling.TValueToThreshold(s)
		got, ok := ParseThreshold(s)
		require.Equal(t, err == nil, ok)
		if ok {
			require.Equal(t, th.Unsigned(), got)
		}
		r, err := sampling.RValueToRandomness(s)
		got, ok = ParseRandomness(s)
		require.Equal(t, err == nil, ok)
		if ok {
			require.Equal(t, r.Unsigned(), got)
		}
	})
}
