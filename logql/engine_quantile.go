// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package logql

import (
	"math"
	"math/bits"
	"slices"
)

// quantile is interpolated between the two values next to its rank; NaN is less than every number. It changes the order
// of vs.
func quantile(q float64, vs []float64) float64 {
	switch {
	case len(vs) == 0 || math.IsNaN(q):
		return math.NaN()
	case q < 0:
		return math.Inf(-1)
	case q > 1:
		return math.Inf(1)
	}
	rank := q * float64(len(vs)-1)
	lo := int(math.Floor(rank))
	weight := rank - math.Floor(rank)
	// NaN first: what is left is compared without a thought for them.
	nans := 0
	for i, v := range vs {
		if math.IsNaN(v) {
			vs[i], vs[nans] = vs[nans], v
			nans++
		}
	}
	if lo < nans {
		return math.NaN()
	}
	numbers := vs[nans:]
	selectNth(numbers, lo-nans)
	low, high := vs[lo], vs[lo]
	if lo+1 < len(vs) {
		high = slices.Min(vs[lo+1:])
	}
	return low*(1-weight) + high*weight
}

// selectNth puts the value there that belongs at n when vs is sorted, none greater in front of it and none less behind
// it. There must be no NaN. The time is linear, for data made to prevent that too (then it sorts).
func selectNth(vs []float64, n int) {
	rounds := 2 * bits.Len(uint(len(vs)))
	for len(vs) > 24 {
		if rounds--; rounds < 0 {
			break
		}
		// Hoare's partition around the median of three.
		mid, last := len(vs)/2, len(vs)-1
		if vs[mid] < vs[0] {
			vs[mid], vs[0] = vs[0], vs[mid]
		}
		if vs[last] < vs[0] {
			vs[last], vs[0] = vs[0], vs[last]
		}
		if vs[last] < vs[mid] {
			vs[last], vs[mid] = vs[mid], vs[last]
		}
		pivot := vs[mid]
		i, j := 0, last
		for i <= j {
			for vs[i] < pivot {
				i++
			}
			for vs[j] > pivot {
				j--
			}
			if i <= j {
				vs[i], vs[j] = vs[j], vs[i]
				i++
				j--
			}
		}
		switch {
		case n <= j:
			vs = vs[:j+1]
		case n >= i:
			vs = vs[i:]
			n -= i
		default:
			return
		}
	}
	slices.Sort(vs)
}
