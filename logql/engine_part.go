// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package logql

import (
	"bytes"
	"fmt"
	"slices"
)

// sample is one number of a line.
type sample struct {
	ts int64
	v  float64
}

const sampleBytes = 16

// accumulator collects what a range aggregation needs of one series. Aggregations that add up keep differences
// per step, whose running sum is the result; the others keep every sample, until there are so many that what the
// samples between two edges of windows amount to takes less.
type accumulator struct {
	labels  Labels
	sums    []float64 // by step, as differences
	counts  []int32   // by step, as differences: how many samples
	samples []sample
	folded  []summary // by bucket, nil if nothing is folded
}

// rangePart is what one goroutine of a source has collected of a range aggregation.
type rangePart struct {
	r      *rangeEval
	stats  Stats
	series map[string]*accumulator
	order  []*accumulator

	keep    func(*Entry) bool // the early test, once it is needed
	ls      labelSet
	st      lineState
	scratch Labels
	key     []byte
	last    *accumulator // of lastKey: most entries have the labels of the one before
	lastKey []byte
}

// add takes an entry of the source.
func (p *rangePart) add(entry *Entry) error {
	r := p.r
	if err := p.stats.see(r.ev, entry); err != nil {
		return err
	}
	lo, hi := r.window(entry.Timestamp)
	if lo > hi || misses(r.requires, entry) {
		return nil
	}
	if r.early != nil && !r.early.asked.Load() {
		if p.keep == nil {
			p.keep = r.early.test()
		}
		if !p.keep(entry) {
			return nil
		}
	}
	p.ls.reset(entry)
	p.st = lineState{line: entry.Line, ts: entry.Timestamp}
	if !p.run(r.e.Range.Log.Stages) {
		return nil
	}
	v, ok := p.value(entry)
	if !ok {
		return nil
	}
	if p.ls.err != "" && p.ls.value(labelPreserveError) == "" {
		return queryErrorf("pipeline error: '%s' for series: '%s'.\nUse a label filter to intentionally skip this error. (e.g | __error__!=\"%s\").\n"+
			"To skip all potential errors you can match empty errors.(e.g __error__=\"\")\n"+
			"The label filter can also be specified after unwrap. (e.g | unwrap latency | __error__=\"\" )", p.ls.err, seriesForError(entry.Stream), p.ls.err)
	}
	p.stats.Returned++
	a, err := p.accumulator()
	if err != nil {
		return err
	}
	if !r.adds {
		return p.push(a, sample{entry.Timestamp, v})
	}
	a.sums[lo] += v
	a.sums[hi+1] -= v
	a.counts[lo]++
	a.counts[hi+1]--
	return nil
}

// run sends the entry through the stages; false drops it.
func (p *rangePart) run(stages []Stage) bool {
	for _, s := range stages {
		switch s := s.(type) {
		case LabelFilter:
			if !s.keep(&p.ls) {
				return false
			}
		case *JSONParser, *LogfmtParser, *RegexpParser, *PatternParser:
			if !p.r.skip && !s.(processor).process(&p.st, &p.ls) {
				return false
			}
		case processor:
			if !s.process(&p.st, &p.ls) {
				return false
			}
		}
	}
	return true
}

// seriesForError names the stream, never what the line holds.
func seriesForError(stream Labels) string { return stream.String() }

// value is the number that the line stands for.
func (p *rangePart) value(entry *Entry) (float64, bool) {
	w := entry.Weight
	if w <= 0 || p.r.ev.p.Unweighted {
		w = 1
	}
	if u := p.r.e.Range.Unwrap; u != nil {
		v, ok := u.sampleValue(&p.ls)
		// The label is the value, not a part of the series, unless it is what the samples are grouped by.
		if g := p.r.grouping; ok && (g == nil || g.Without || !slices.Contains(g.Names, u.Label)) {
			p.ls.del(u.Label)
		}
		return v, ok
	}
	switch p.r.e.Op {
	case "bytes_over_time", "bytes_rate":
		return w * float64(len(p.st.line)), true
	}
	return w, true
}

// push keeps a sample.
func (p *rangePart) push(a *accumulator, s sample) error {
	if len(a.samples) == cap(a.samples) {
		if p.r.folds && len(a.samples) >= p.r.foldAt() {
			if err := p.r.fold(a); err != nil {
				return err
			}
		} else {
			grown := max(8, cap(a.samples)+cap(a.samples)/2)
			if err := p.r.ev.charge(int64(grown-cap(a.samples)) * sampleBytes); err != nil {
				return err
			}
			a.samples = append(make([]sample, 0, grown), a.samples...)
		}
	}
	a.samples = append(a.samples, s)
	return nil
}

// accumulator finds that of the labels which the entry has now.
func (p *rangePart) accumulator() (*accumulator, error) {
	if g := p.r.grouping; g != nil {
		p.scratch = p.ls.appendGrouped(p.scratch[:0], g)
	} else {
		p.scratch = p.ls.appendSorted(p.scratch[:0])
	}
	return p.accumulatorOf()
}

// accumulatorOf finds the accumulator of the labels in scratch.
func (p *rangePart) accumulatorOf() (*accumulator, error) {
	p.key = p.scratch.appendKey(p.key[:0])
	if p.last != nil && bytes.Equal(p.key, p.lastKey) {
		return p.last, nil
	}
	a, ok := p.series[string(p.key)]
	if !ok {
		if len(p.series) >= p.r.ev.p.Limits.MaxSeries {
			return nil, tooManySeries(p.r.ev.p.Limits.MaxSeries)
		}
		a = &accumulator{labels: p.scratch.Clone()}
		steps := p.r.ev.steps
		if p.r.adds {
			a.sums, a.counts = make([]float64, steps+1), make([]int32, steps+1)
		}
		if err := p.r.ev.charge(labelsSize(a.labels) + int64(len(p.key)) + 256 + int64(len(a.sums))*12 + 8*int64(steps)); err != nil {
			return nil, err
		}
		p.series[string(p.key)] = a
		p.order = append(p.order, a)
	}
	p.last, p.lastKey = a, append(p.lastKey[:0], p.key...)
	return a, nil
}

func tooManySeries(limit int) error {
	return &LimitError{fmt.Sprintf("maximum number of series (%d) reached for a single query: use a more specific stream selector or "+
		"aggregate, for example sum by (service_name) (…); labels and structured metadata of the lines make the series", limit)}
}

// merge puts the parts together.
func (r *rangeEval) merge() ([]*accumulator, error) {
	if len(r.parts) == 0 {
		return nil, nil
	}
	first := r.parts[0]
	r.ev.stats.add(&first.stats)
	for _, p := range r.parts[1:] {
		r.ev.stats.add(&p.stats)
		for key, a := range p.series {
			have := first.series[key]
			if have == nil {
				if len(first.series) >= r.ev.p.Limits.MaxSeries {
					return nil, tooManySeries(r.ev.p.Limits.MaxSeries)
				}
				first.series[key] = a
				first.order = append(first.order, a)
				continue
			}
			if err := r.join(have, a); err != nil {
				return nil, err
			}
		}
		p.series, p.order = nil, nil
	}
	r.parts = nil
	return first.order, nil
}

// join adds what b has collected to a.
func (r *rangeEval) join(a, b *accumulator) error {
	for i, v := range b.sums {
		a.sums[i] += v
		a.counts[i] += b.counts[i]
	}
	if err := r.ev.charge(int64(len(b.samples)) * sampleBytes); err != nil {
		return err
	}
	a.samples = append(a.samples, b.samples...)
	r.ev.uncharge(int64(cap(b.samples))*sampleBytes + int64(len(b.sums))*12 + 8*int64(r.ev.steps))
	switch {
	case a.folded == nil:
		a.folded = b.folded
	case b.folded != nil:
		for i := range b.folded {
			a.folded[i].join(&b.folded[i])
		}
		r.ev.uncharge(int64(len(b.folded)) * summaryBytes)
	}
	return nil
}
