// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package logql

import (
	"math"
	"slices"
)

// windows evaluates aggregations that need every sample. Buffers are used for one series after the other.
//
// The bounds of the windows cut time into buckets: the samples between two bounds are in the same windows, lo to hi, and
// lo + hi, which only grows with time, is the number of the bucket. There are at most 2*steps-1 of them.
type windows struct {
	r      *rangeEval
	starts []int     // by bucket: where its values begin
	values []float64 // of all samples, bucket by bucket
	picked []float64
	queue  summaryQueue
}

// buckets is how many there are.
func (r *rangeEval) buckets() int { return 2*r.ev.steps - 1 }

// foldAt is how many samples take more memory than their buckets.
func (r *rangeEval) foldAt() int { return 64 + r.buckets()*summaryBytes/sampleBytes }

// fold takes the samples of a series into its buckets.
func (r *rangeEval) fold(a *accumulator) error {
	if a.folded == nil {
		if err := r.ev.charge(int64(r.buckets()) * summaryBytes); err != nil {
			return err
		}
		a.folded = make([]summary, r.buckets())
	}
	for _, s := range a.samples {
		lo, hi := r.window(s.ts)
		a.folded[lo+hi].add(s.v)
	}
	a.samples = a.samples[:0]
	return nil
}

// manyVisits is how often samples may be visited, window by window, before they are rather folded.
const manyVisits = 1 << 20

// evaluate makes the values of all steps.
func (w *windows) evaluate(a *accumulator, vals []float64) error {
	overlap := min(w.r.interval/int64(w.r.ev.p.Step), int64(len(vals)))
	if w.r.folds && a.folded == nil && int64(len(a.samples))*overlap > int64(max(manyVisits, 2*w.r.buckets())) {
		if err := w.r.fold(a); err != nil {
			return err
		}
	}
	switch {
	case w.r.e.Op == "quantile_over_time":
		return w.quantiles(a, vals)
	case a.folded != nil:
		return w.summaries(a, vals)
	default:
		return w.inOrder(a, vals)
	}
}

// inOrder goes through the samples as time does. Its cost is steps times samples, so that the query may run out of
// time here.
func (w *windows) inOrder(a *accumulator, vals []float64) error {
	byTime := func(x, y sample) int {
		switch {
		case x.ts < y.ts:
			return -1
		case x.ts > y.ts:
			return 1
		}
		return 0
	}
	if !slices.IsSortedFunc(a.samples, byTime) {
		slices.SortStableFunc(a.samples, byTime)
	}
	r := w.r
	lo, hi := 0, 0
	for i := range vals {
		if err := r.ev.ctx.Err(); err != nil {
			return err
		}
		end := r.ev.at(i) - r.offset
		start := end - r.interval
		for hi < len(a.samples) && a.samples[hi].ts <= end {
			hi++
		}
		for lo < hi && a.samples[lo].ts <= start {
			lo++
		}
		if lo == hi {
			vals[i] = absent
			continue
		}
		vals[i] = r.aggregate(a.samples[lo:hi], end)
	}
	return nil
}

// summaries evaluates what is folded.
func (w *windows) summaries(a *accumulator, vals []float64) error {
	r := w.r
	if err := r.fold(a); err != nil {
		return err
	}
	q := &w.queue
	q.reset()
	next := 0
	for i := range vals {
		if err := r.ev.ctx.Err(); err != nil {
			return err
		}
		first, last := r.bucketsOf(i)
		q.drop(first)
		for next = max(next, first); next <= last; next++ {
			if a.folded[next].n > 0 {
				q.push(next, a.folded[next])
			}
		}
		s := q.all()
		if s.n == 0 {
			vals[i] = absent
			continue
		}
		vals[i] = r.summarize(&s)
	}
	return nil
}

// bucketsOf returns the first and the last bucket of a step's window. Those in which no time lies may be among them
// or not: they are empty.
func (r *rangeEval) bucketsOf(step int) (int, int) {
	// The window's first ns is in the bucket of the windows lo to step, its last one in that of step to hi.
	end := r.ev.at(step) - r.offset
	_, hi := r.window(end)
	lo, _ := r.window(saturate(end, -r.interval, 1))
	return min(lo, step) + step, step + max(hi, step)
}

// summarize is the value of a window.
func (r *rangeEval) summarize(s *summary) float64 {
	switch r.e.Op {
	case "sum_over_time":
		return s.sum
	case "rate":
		return s.sum / (float64(r.interval) / 1e9)
	case "avg_over_time":
		if math.IsNaN(s.mean) || math.IsInf(s.mean, 0) {
			return s.sum / float64(s.n)
		}
		return s.mean
	case "min_over_time":
		return s.low
	case "max_over_time":
		return s.high
	case "stddev_over_time":
		return math.Sqrt(s.variance())
	case "stdvar_over_time":
		return s.variance()
	}
	return math.NaN()
}

// quantiles sorts the samples by bucket, so that those of a window are neighbours.
func (w *windows) quantiles(a *accumulator, vals []float64) error {
	r := w.r
	if err := r.ev.charge(int64(len(a.samples)) * 16); err != nil {
		return err
	}
	defer r.ev.uncharge(int64(len(a.samples)) * 16)
	w.starts = append(w.starts[:0], make([]int, r.buckets()+1)...)
	for i := range a.samples {
		lo, hi := r.window(a.samples[i].ts)
		a.samples[i].ts = int64(lo + hi)
		w.starts[lo+hi+1]++
	}
	for i := 1; i < len(w.starts); i++ {
		w.starts[i] += w.starts[i-1]
	}
	w.values = slices.Grow(w.values[:0], len(a.samples))[:len(a.samples)]
	// Each start moves to its end, which is the start of the next: afterwards all have moved by one place.
	for _, s := range a.samples {
		w.values[w.starts[s.ts]] = s.v
		w.starts[s.ts]++
	}
	total := 0
	for i := range vals {
		from, to := w.samplesOf(i)
		total += to - from
	}
	if total/slidingPays > len(w.values) {
		return w.sliding(vals)
	}
	for i := range vals {
		if err := r.ev.ctx.Err(); err != nil {
			return err
		}
		from, to := w.samplesOf(i)
		if from == to {
			vals[i] = absent
			continue
		}
		w.picked = append(w.picked[:0], w.values[from:to]...)
		vals[i] = quantile(r.e.Param, w.picked)
	}
	return nil
}

// samplesOf returns which values are in the window of a step: from to to.
func (w *windows) samplesOf(step int) (from, to int) {
	first, last := w.r.bucketsOf(step)
	if first > 0 {
		from = w.starts[first-1]
	}
	return from, max(from, w.starts[last])
}

// slidingPays is in how many windows a sample must be, at least, for ranking all samples to be cheaper than selecting
// among those of each window.
const slidingPays = 32

// sliding makes the quantiles of windows that overlap much: each sample is put into a tree of ranks and taken out once.
func (w *windows) sliding(vals []float64) error {
	r := w.r
	memory := int64(len(w.values)) * rankTreeBytes
	if err := r.ev.charge(memory); err != nil {
		return err
	}
	defer r.ev.uncharge(memory)
	t := newRankTree(w.values)
	lo, hi := 0, 0
	for i := range vals {
		if err := r.ev.ctx.Err(); err != nil {
			return err
		}
		from, to := w.samplesOf(i)
		for ; hi < to; hi++ {
			t.add(hi, 1)
		}
		for ; lo < from; lo++ {
			t.add(lo, -1)
		}
		vals[i] = absent
		if from < to {
			vals[i] = t.quantile(r.e.Param, to-from)
		}
	}
	return nil
}
