// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package logql

import (
	"errors"
	"math"
	"slices"
	"sync"
)

// rangeEval evaluates one range aggregation. Entries go to parts, one for each goroutine of the source; they are
// put together when all entries are seen.
type rangeEval struct {
	ev       *evaluator
	e        *RangeAggregation
	grouping *Grouping
	adds     bool // works on differences per step
	folds    bool // many samples can be folded into few
	skip     bool // parsers need not run: nobody looks at what they find
	wanted   *wanted
	requires []requirement
	early    *early // nil unless all labels are needed, but of few entries

	interval, offset int64

	mu    sync.Mutex
	parts []*rangePart
}

func (ev *evaluator) rangeAggregation(e *RangeAggregation, pushed *Grouping) (*value, error) {
	r := &rangeEval{
		ev: ev, e: e, grouping: pushed,
		interval: int64(e.Range.Interval), offset: int64(e.Range.Offset),
	}
	if pushed == nil {
		r.grouping = e.Grouping
	}
	switch e.Op {
	case "count_over_time", "bytes_over_time", "bytes_rate", "absent_over_time":
		r.adds = true
	case "rate":
		r.adds, r.folds = e.Range.Unwrap == nil, e.Range.Unwrap != nil
	case "sum_over_time", "avg_over_time", "min_over_time", "max_over_time", "stddev_over_time", "stdvar_over_time":
		r.folds = true
	}
	if e.Op == "absent_over_time" {
		r.grouping = &Grouping{}
	}
	labels := neededLabels(e.Range, r.grouping)
	r.skip, r.wanted = labels != nil && len(labels) == 0, wantedOf(labels)
	if counted, err := r.count(); err != nil {
		return nil, err
	} else if counted {
		return r.result()
	}
	first, last := ev.at(0), ev.at(ev.steps-1)
	req := Selection(e.Range.Log)
	req.Start, req.End = saturate(first, -r.offset, -r.interval, 1), saturate(last, -r.offset, 1)
	req.Labels, req.NoLine = labels, r.noLine()
	r.requires = requirements(e.Range.Log.Stages, e.Range.Unwrap)
	if labels == nil {
		if r.early = earlyOf(e.Range.Log.Stages); r.early != nil {
			req.Early, req.EarlyLabels = r.early.source, r.early.labels
		}
	}
	if err := r.selectAll(&req); err != nil && !errors.Is(err, ErrStop) {
		return nil, err
	}
	r.early.stats(&ev.stats)
	return r.result()
}

// selectAll reads the entries in any order where none is asked for: the first of entries with equal times is then the
// one that the source has first.
func (r *rangeEval) selectAll(req *SelectRequest) error {
	switch r.e.Op {
	case "first_over_time", "last_over_time", "rate_counter":
	default:
		if u, ok := r.ev.src.(Unordered); ok {
			return u.SelectUnordered(r.ev.ctx, req, func() func(*Entry) error { return r.newPart().add })
		}
	}
	return r.ev.src.Select(r.ev.ctx, req, r.newPart().add)
}

// newPart makes the part of one goroutine. Safe for concurrent use.
func (r *rangeEval) newPart() *rangePart {
	p := &rangePart{r: r, series: map[string]*accumulator{}}
	p.ls.wanted = r.wanted
	r.mu.Lock()
	defer r.mu.Unlock()
	r.parts = append(r.parts, p)
	return p
}

// noLine reports whether nothing of the lines matters, not even their length.
func (r *rangeEval) noLine() bool {
	if r.e.Op == "bytes_over_time" || r.e.Op == "bytes_rate" {
		return false
	}
	for _, s := range r.e.Range.Log.Stages {
		switch s.(type) {
		case LabelFilter, *DropLabels, *KeepLabels:
		case *JSONParser, *LogfmtParser, *RegexpParser, *PatternParser:
			if !r.skip {
				return false
			}
		default:
			return false
		}
	}
	return true
}

// saturate adds up; what int64 cannot hold becomes its nearest number.
func saturate(ns ...int64) int64 {
	sum := int64(0)
	for _, n := range ns {
		switch {
		case n > 0 && sum > math.MaxInt64-n:
			sum = math.MaxInt64
		case n < 0 && sum < math.MinInt64-n:
			sum = math.MinInt64
		default:
			sum += n
		}
	}
	return sum
}

// window returns the first and the last step whose window holds a time; first > last if none does.
func (r *rangeEval) window(ts int64) (int, int) {
	step := int64(r.ev.p.Step)
	ts += r.offset
	lo := ceilDiv(ts-r.ev.p.Start, step)
	hi := ceilDiv(ts+r.interval-r.ev.p.Start, step) - 1
	return int(max(lo, 0)), int(min(hi, int64(r.ev.steps-1)))
}

func ceilDiv(a, b int64) int64 {
	q := a / b
	if a%b > 0 {
		q++
	}
	return q
}

func (r *rangeEval) result() (*value, error) {
	order, err := r.merge()
	if err != nil {
		return nil, err
	}
	if r.e.Op == "absent_over_time" {
		return r.absent(order), nil
	}
	out := &value{}
	w := windows{r: r}
	for _, a := range order {
		s := &series{labels: a.labels, vals: make([]float64, r.ev.steps)}
		if r.adds {
			r.running(a, s.vals)
		} else if err := w.evaluate(a, s.vals); err != nil {
			return nil, err
		}
		out.series = append(out.series, s)
	}
	slices.SortFunc(out.series, func(a, b *series) int { return a.labels.compare(b.labels) })
	return out, nil
}

// running turns differences into values.
func (r *rangeEval) running(a *accumulator, vals []float64) {
	per := 1.0
	if r.e.Op == "rate" || r.e.Op == "bytes_rate" {
		per = float64(r.interval) / 1e9
	}
	sum, count := 0.0, int32(0)
	for i := range vals {
		sum += a.sums[i]
		count += a.counts[i]
		if count == 0 {
			sum = 0 // no rounding error survives a gap
			vals[i] = absent
			continue
		}
		vals[i] = sum / per
	}
}

func (r *rangeEval) absent(order []*accumulator) *value {
	present := make([]int32, r.ev.steps+1)
	for _, a := range order {
		for i, c := range a.counts {
			present[i] += c
		}
	}
	s := &series{labels: Labels{}, vals: make([]float64, r.ev.steps)}
	names := map[string]int{}
	for _, m := range r.e.Range.Log.Matchers {
		names[m.Name]++
	}
	for _, m := range r.e.Range.Log.Matchers {
		if m.Op == MatchEqual && m.Value != "" && names[m.Name] == 1 {
			s.labels = append(s.labels, Label{m.Name, m.Value})
		}
	}
	s.labels.Sort()
	count := int32(0)
	for i := range s.vals {
		count += present[i]
		s.vals[i] = 1
		if count > 0 {
			s.vals[i] = absent
		}
	}
	return &value{series: []*series{s}}
}
