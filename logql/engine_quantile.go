// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package logql

import (
	"cmp"
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

// rankTree is a set of values of a list that knows its n-th smallest (a Fenwick tree over their ranks).
type rankTree struct {
	sorted []float64 // by rank; NaN first
	ranks  []int32   // by place in the list
	counts []int32   // of the tree, from 1
}

const rankTreeBytes = 8 + 3*4

func newRankTree(values []float64) *rankTree {
	t := &rankTree{sorted: make([]float64, len(values)), ranks: make([]int32, len(values)), counts: make([]int32, len(values)+1)}
	order := make([]int32, len(values))
	for i := range order {
		order[i] = int32(i) //nolint:gosec // samples fit into memory, 2^31 of them do not
	}
	slices.SortFunc(order, func(a, b int32) int { return cmp.Compare(values[a], values[b]) })
	for rank, i := range order {
		t.sorted[rank], t.ranks[i] = values[i], int32(rank) //nolint:gosec // as above
	}
	return t
}

// add puts the i-th value in (1) or takes it out (-1).
func (t *rankTree) add(i int, n int32) {
	for at := int(t.ranks[i]) + 1; at < len(t.counts); at += at & -at {
		t.counts[at] += n
	}
}

// nth returns the value with n smaller ones in the set.
func (t *rankTree) nth(n int) float64 {
	at := 0
	for bit := 1 << (bits.Len(uint(len(t.counts))) - 1); bit > 0; bit >>= 1 {
		if next := at + bit; next < len(t.counts) && int(t.counts[next]) <= n {
			at = next
			n -= int(t.counts[next])
		}
	}
	return t.sorted[at]
}

// quantile is that of the set, which has n values.
func (t *rankTree) quantile(q float64, n int) float64 {
	if q < 0 || q > 1 || math.IsNaN(q) {
		return quantile(q, t.sorted[:1])
	}
	rank := q * float64(n-1)
	lo := int(math.Floor(rank))
	weight := rank - math.Floor(rank)
	return t.nth(lo)*(1-weight) + t.nth(min(lo+1, n-1))*weight
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
