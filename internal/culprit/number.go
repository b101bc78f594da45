// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package culprit

import (
	"math"
	"slices"
)

const (
	// minReadings is how many numbers there must be on either side.
	minReadings = 20
	// minShift is the part of the numbers that must have moved, and minGrowth by how much the median of those has.
	minShift  = 0.15
	minGrowth = 1.5
)

// numbers lists the numbers that moved.
func (a *analysis) numbers(s *service, add func(*candidate)) {
	type key struct{ tmpl, what int32 }
	index := map[key]int{}
	var lists [][]reading
	for _, r := range s.readings {
		k := key{s.tmpl[r.rec], r.what}
		if k.tmpl < 0 {
			continue
		}
		at, ok := index[k]
		if !ok {
			at = len(lists)
			lists = append(lists, nil)
			index[k] = at
		}
		lists[at] = append(lists[at], r)
	}
	for _, list := range lists {
		c := a.number(s, list)
		if c == nil && a.p.edge != nil {
			c = a.number(s, a.inner(s, list))
		}
		if c != nil {
			add(c)
		}
	}
}

// inner is the readings without those of the edges of the baseline, which may be bad ones: see weighSteps.
func (a *analysis) inner(s *service, list []reading) []reading {
	out := make([]reading, 0, len(list))
	for _, r := range list {
		rec := s.recs[r.rec]
		if at := a.p.step(rec.Time); rec.Side == Bad || at < 0 || !a.p.edge[at] {
			out = append(out, r)
		}
	}
	return out
}

// number compares the readings of one number, which are in the order of time; nil: it did not move.
func (a *analysis) number(s *service, list []reading) *candidate {
	var sides [2][]float64
	for _, r := range list {
		side := s.recs[r.rec].Side
		sides[side] = append(sides[side], r.v)
	}
	base, bad := sides[Baseline], sides[Bad]
	if len(base) < minReadings || len(bad) < minReadings {
		return nil
	}
	if s.units[list[0].what] == "" && few(list) { // codes, whose values are compared one by one
		return nil
	}
	a.tests++
	// What drifts (times, counters, sequences) is different at any time: the halves of the baseline tell.
	half := len(base) / 2
	drift := 0.0
	if half >= minReadings/2 {
		first, second := slices.Clone(base[:half]), slices.Clone(base[half:])
		slices.Sort(first)
		slices.Sort(second)
		d1, d2 := shift(first, second)
		drift = max(d1, d2)
	}
	slices.Sort(base)
	slices.Sort(bad)
	up, down := shift(base, bad)
	d := max(up, down)
	if d < minShift+2*drift {
		return nil
	}
	n := float64(len(base)) * float64(len(bad)) / float64(len(base)+len(bad))
	if 2*n*d*d < 12 {
		return nil
	}
	c := &candidate{kind: KindNumber, s: s, tmpl: s.tmpl[list[0].rec], what: list[0].what, n: [2]float64{float64(len(base)), float64(len(bad))}}
	c.median = [2]float64{quantile(base, 0.5), quantile(bad, 0.5)}
	// The quantile in the middle of what moved.
	q := 1 - d/2
	if down > up {
		q = d / 2
	}
	c.from, c.to = quantile(base, q), quantile(bad, q)
	growth := (math.Abs(c.to) + 1) / (math.Abs(c.from) + 1)
	if span := quantile(base, 0.95) - quantile(base, 0.05); s.units[c.what] != "ms" && span > 0 {
		// Of numbers that are no durations, what counts is how far they are from where they usually are.
		growth = max(growth, math.Abs(c.to-c.from)/span)
	}
	if down > up {
		growth = 1 / growth
	}
	if growth < minGrowth {
		return nil
	}
	c.lift, c.fell = growth, down > up
	c.expected = 0
	c.llr = float64(len(bad)) * d * math.Log(min(growth, 100))
	if down > up {
		c.llr /= 4 // shorter, fewer: mostly what follows from something else
	}
	edge := quantile(base, min(q+0.05, 0.98))
	if down > up {
		edge = quantile(base, max(q-0.05, 0.02))
	}
	for _, r := range list {
		if s.recs[r.rec].Side == Bad && (up >= down && r.v > edge || down > up && r.v < edge) {
			c.members = append(c.members, s.at[r.rec])
		}
	}
	if len(c.members) < minRecords {
		return nil
	}
	slices.Sort(c.members)
	c.members = slices.Compact(c.members)
	return c
}

// few reports whether numbers have so few values that they are no measures.
func few(list []reading) bool {
	const codes = 16
	seen := make([]float64, 0, codes)
	for _, r := range list {
		if !slices.Contains(seen, r.v) {
			if seen = append(seen, r.v); len(seen) == codes {
				return false
			}
		}
	}
	return true
}

// shift returns the largest part by which values of b are larger than those of a, and smaller: the two sides of the statistic of
// Kolmogorov and Smirnov. Both are sorted.
func shift(a, b []float64) (up, down float64) {
	i, j := 0, 0
	for i < len(a) && j < len(b) {
		v := min(a[i], b[j])
		for i < len(a) && a[i] == v {
			i++
		}
		for j < len(b) && b[j] == v {
			j++
		}
		d := float64(i)/float64(len(a)) - float64(j)/float64(len(b))
		up, down = max(up, d), max(down, -d)
	}
	return up, down
}

// quantile of sorted values.
func quantile(sorted []float64, q float64) float64 {
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}
