// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivequeryextension

import (
	"math"
	"slices"
	"time"
)

// spikeJSON is a time in which there were far more records than usual.
type spikeJSON struct {
	StartMS int64   `json:"start_ms"`
	EndMS   int64   `json:"end_ms"`
	Records float64 `json:"records"` // in this time
	Usual   float64 `json:"usual"`   // in as long a time
}

const (
	// fewestForSpikes is how many buckets must have been seen to know what is usual.
	fewestForSpikes = 8
	// A spike has spikeFactor times the usual at least, spikeDeviations standard deviations more, and leastSpike records.
	spikeFactor, spikeDeviations, leastSpike = 3, 6, 10
	// normalMAD makes a standard deviation of the median absolute deviation, if the distribution is normal.
	normalMAD = 1.4826
)

// spikesOf finds the buckets that are far above the usual, which is the median; how far they usually are from it is the median of that
// (MAD): both stay what they are whatever a spike does. The buckets before the first record and behind the last do not count:
// most of a range may lie before the archive began. Neighbours are one spike.
func spikesOf(g *timeGrid, sum []float64) []spikeJSON {
	out := []spikeJSON{}
	lo, hi := 0, len(sum)
	for lo < hi && sum[lo] == 0 {
		lo++
	}
	for hi > lo && sum[hi-1] == 0 {
		hi--
	}
	if hi-lo < fewestForSpikes {
		return out
	}
	usual := median(slices.Clone(sum[lo:hi]))
	away := make([]float64, hi-lo)
	for i := range away {
		away[i] = math.Abs(sum[lo+i] - usual)
	}
	deviation := max(normalMAD*median(away), math.Sqrt(usual)) // by chance alone it would be the root
	least := max(spikeFactor*usual, usual+spikeDeviations*deviation, leastSpike)
	for i := lo; i < hi; i++ {
		if sum[i] < least {
			continue
		}
		first := i
		s := spikeJSON{}
		for ; i < hi && sum[i] >= least; i++ {
			s.Records += sum[i]
		}
		s.Records, s.Usual = thousandths(s.Records), thousandths(usual*float64(i-first))
		s.StartMS = (g.first + int64(first)*g.step) / int64(time.Millisecond)
		s.EndMS = (g.first + int64(i)*g.step) / int64(time.Millisecond)
		out = append(out, s)
	}
	return out
}

// median sorts the numbers, of which there is at least one.
func median(ns []float64) float64 {
	slices.Sort(ns)
	return (ns[(len(ns)-1)/2] + ns[len(ns)/2]) / 2
}
