// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package logql

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
)

// sample is one number of a line.
type sample struct {
	ts int64
	v  float64
}

// accumulator collects what a range aggregation needs of one series. Aggregations that add up keep differences
// per step, whose running sum is the result; the others keep every sample.
type accumulator struct {
	labels  Labels
	sums    []float64 // by step, as differences
	counts  []int32   // by step, as differences: how many samples
	samples []sample
}

// rangeEval evaluates one range aggregation.
type rangeEval struct {
	ev       *evaluator
	e        *RangeAggregation
	grouping *Grouping
	adds     bool // works on differences
	skip     bool // parsers need not run: nobody looks at what they find

	interval, offset int64
	series           map[string]*accumulator
	order            []*accumulator

	ls      labelSet
	scratch Labels
	key     []byte
}

func (ev *evaluator) rangeAggregation(e *RangeAggregation, pushed *Grouping) (*value, error) {
	r := &rangeEval{
		ev: ev, e: e, grouping: pushed,
		interval: int64(e.Range.Interval), offset: int64(e.Range.Offset),
		series: map[string]*accumulator{},
	}
	if pushed == nil {
		r.grouping = e.Grouping
	}
	switch e.Op {
	case "count_over_time", "bytes_over_time", "bytes_rate", "absent_over_time":
		r.adds = true
	case "rate":
		r.adds = e.Range.Unwrap == nil
	}
	if e.Op == "absent_over_time" {
		r.grouping = &Grouping{}
	}
	labels := neededLabels(e.Range, r.grouping)
	r.skip = labels != nil && len(labels) == 0
	if counted, err := r.count(); err != nil {
		return nil, err
	} else if counted {
		return r.result()
	}
	first, last := ev.at(0), ev.at(ev.steps-1)
	req := Selection(e.Range.Log)
	req.Start, req.End = saturate(first, -r.offset, -r.interval, 1), saturate(last, -r.offset, 1)
	req.Labels, req.NoLine = labels, r.noLine()
	if err := ev.src.Select(ev.ctx, &req, r.add); err != nil && !errors.Is(err, ErrStop) {
		return nil, err
	}
	return r.result()
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

// neededLabels returns the labels that an aggregation looks at, nil for all.
func neededLabels(r *LogRange, g *Grouping) []string {
	if g == nil || g.Without {
		return nil
	}
	names := []string{}
	visit := func(n string) {
		// A parser renames what collides with a label of the entry: both matter then.
		names = append(names, n, strings.TrimSuffix(n, extractedSuffix))
	}
	for _, n := range g.Names {
		visit(n)
	}
	for _, s := range r.Log.Stages {
		switch s := s.(type) {
		case LabelFilter:
			s.names(visit)
		case *LineFilter, *JSONParser, *LogfmtParser, *RegexpParser, *PatternParser, *Decolorize:
		case *DropLabels:
			for _, p := range s.Picks {
				visit(p.Name)
			}
		default:
			return nil
		}
	}
	if r.Unwrap != nil {
		visit(r.Unwrap.Label)
		for _, f := range r.Unwrap.Filters {
			f.names(visit)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
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

func (r *rangeEval) add(entry *Entry) error {
	if err := r.ev.see(entry); err != nil {
		return err
	}
	lo, hi := r.window(entry.Timestamp)
	if lo > hi {
		return nil
	}
	log := r.e.Range.Log
	r.ls.reset(entry)
	st := lineState{line: entry.Line, ts: entry.Timestamp}
	for _, s := range log.Stages {
		switch p := s.(type) {
		case LabelFilter:
			if !p.keep(&r.ls) {
				return nil
			}
		case *JSONParser, *LogfmtParser, *RegexpParser, *PatternParser:
			if !r.skip && !s.(processor).process(&st, &r.ls) {
				return nil
			}
		case processor:
			if !p.process(&st, &r.ls) {
				return nil
			}
		}
	}
	v, ok := r.value(&st, entry)
	if !ok {
		return nil
	}
	if r.ls.err != "" && r.ls.value("__preserve_error__") == "" {
		return queryErrorf("pipeline error: '%s' for series: '%s'.\nUse a label filter to intentionally skip this error. (e.g | __error__!=\"%s\").\n"+
			"To skip all potential errors you can match empty errors.(e.g __error__=\"\")\n"+
			"The label filter can also be specified after unwrap. (e.g | unwrap latency | __error__=\"\" )", r.ls.err, seriesForError(entry.Stream), r.ls.err)
	}
	r.ev.stats.Returned++
	a, err := r.accumulator()
	if err != nil {
		return err
	}
	if !r.adds {
		a.samples = append(a.samples, sample{entry.Timestamp, v})
		return r.ev.charge(24)
	}
	a.sums[lo] += v
	a.sums[hi+1] -= v
	a.counts[lo]++
	a.counts[hi+1]--
	return nil
}

// seriesForError names the stream, never what the line holds.
func seriesForError(stream Labels) string { return stream.String() }

// value is the number that the line stands for.
func (r *rangeEval) value(st *lineState, entry *Entry) (float64, bool) {
	w := entry.Weight
	if w <= 0 || r.ev.p.Unweighted {
		w = 1
	}
	if u := r.e.Range.Unwrap; u != nil {
		v, ok := u.sampleValue(&r.ls)
		if ok {
			r.ls.del(u.Label)
		}
		return v, ok
	}
	switch r.e.Op {
	case "bytes_over_time", "bytes_rate":
		return w * float64(len(st.line)), true
	}
	return w, true
}

func (r *rangeEval) accumulator() (*accumulator, error) {
	if r.grouping != nil {
		r.scratch = r.ls.appendGrouped(r.scratch[:0], r.grouping)
	} else {
		r.scratch = r.ls.appendSorted(r.scratch[:0])
	}
	return r.accumulatorOf()
}

// accumulatorOf finds the accumulator of the labels in scratch.
func (r *rangeEval) accumulatorOf() (*accumulator, error) {
	r.key = r.scratch.appendKey(r.key[:0])
	if a, ok := r.series[string(r.key)]; ok {
		return a, nil
	}
	if len(r.series) >= r.ev.p.Limits.MaxSeries {
		return nil, &LimitError{fmt.Sprintf("maximum number of series (%d) reached for a single query: use a more specific stream selector or "+
			"aggregate, for example sum by (service_name) (…); labels and structured metadata of the lines make the series", r.ev.p.Limits.MaxSeries)}
	}
	a := &accumulator{labels: r.scratch.Clone()}
	if r.adds {
		a.sums, a.counts = make([]float64, r.ev.steps+1), make([]int32, r.ev.steps+1)
	}
	if err := r.ev.charge(labelsSize(a.labels) + int64(len(r.key)) + 256 + int64(len(a.sums))*12 + 8*int64(r.ev.steps)); err != nil {
		return nil, err
	}
	r.series[string(r.key)] = a
	r.order = append(r.order, a)
	return a, nil
}

func (r *rangeEval) result() (*value, error) {
	if r.e.Op == "absent_over_time" {
		return r.absent(), nil
	}
	out := &value{}
	for _, a := range r.order {
		s := &series{labels: a.labels, vals: make([]float64, r.ev.steps)}
		if r.adds {
			r.running(a, s.vals)
		} else if err := r.windows(a, s.vals); err != nil {
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

func (r *rangeEval) absent() *value {
	present := make([]int32, r.ev.steps+1)
	for _, a := range r.order {
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

// windows evaluates an aggregation that needs every sample. Its cost is steps times samples, so that the query may
// run out of time here.
func (r *rangeEval) windows(a *accumulator, vals []float64) error {
	slices.SortStableFunc(a.samples, func(x, y sample) int {
		switch {
		case x.ts < y.ts:
			return -1
		case x.ts > y.ts:
			return 1
		}
		return 0
	})
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

func (r *rangeEval) aggregate(w []sample, end int64) float64 {
	seconds := float64(r.interval) / 1e9
	switch r.e.Op {
	case "sum_over_time", "rate":
		sum := 0.0
		for _, s := range w {
			sum += s.v
		}
		if r.e.Op == "rate" {
			return sum / seconds
		}
		return sum
	case "avg_over_time":
		mean := 0.0
		for i, s := range w {
			mean += (s.v - mean) / float64(i+1)
		}
		if math.IsNaN(mean) || math.IsInf(mean, 0) {
			sum := 0.0
			for _, s := range w {
				sum += s.v
			}
			return sum / float64(len(w))
		}
		return mean
	case "min_over_time", "max_over_time":
		v := w[0].v
		for _, s := range w[1:] {
			if math.IsNaN(v) || r.e.Op == "min_over_time" && s.v < v || r.e.Op == "max_over_time" && s.v > v {
				v = s.v
			}
		}
		return v
	case "first_over_time":
		return w[0].v
	case "last_over_time":
		return w[len(w)-1].v
	case "stddev_over_time":
		return math.Sqrt(variance(w))
	case "stdvar_over_time":
		return variance(w)
	case "quantile_over_time":
		vs := make([]float64, len(w))
		for i, s := range w {
			vs[i] = s.v
		}
		return quantile(r.e.Param, vs)
	case "rate_counter":
		return rateCounter(w, end-r.interval, end)
	}
	return math.NaN()
}

func variance(w []sample) float64 {
	mean, m2 := 0.0, 0.0
	for i, s := range w {
		d := s.v - mean
		mean += d / float64(i+1)
		m2 += d * (s.v - mean)
	}
	return m2 / float64(len(w))
}

func quantile(q float64, vs []float64) float64 {
	switch {
	case len(vs) == 0 || math.IsNaN(q):
		return math.NaN()
	case q < 0:
		return math.Inf(-1)
	case q > 1:
		return math.Inf(1)
	}
	slices.Sort(vs)
	rank := q * float64(len(vs)-1)
	lo := math.Floor(rank)
	hi := math.Min(float64(len(vs)-1), lo+1)
	weight := rank - lo
	return vs[int(lo)]*(1-weight) + vs[int(hi)]*weight
}

// rateCounter is the per-second increase of a counter that may be reset, extrapolated to the window's ends as
// Prometheus does for rate.
func rateCounter(w []sample, start, end int64) float64 {
	if len(w) < 2 {
		return 0
	}
	first, last := w[0], w[len(w)-1]
	increase := last.v - first.v
	prev := first.v
	for _, s := range w[1:] {
		if s.v < prev {
			increase += prev
		}
		prev = s.v
	}
	toStart := float64(first.ts-start) / 1e9
	toEnd := float64(end-last.ts) / 1e9
	sampled := float64(last.ts-first.ts) / 1e9
	between := sampled / float64(len(w)-1)
	// Where a window begins or ends far from a sample, the series began or ended in between: about half an interval on.
	threshold := between * 1.1
	if toStart >= threshold {
		toStart = between / 2
	}
	if toEnd >= threshold {
		toEnd = between / 2
	}
	if increase > 0 && first.v >= 0 { // a counter does not begin below zero
		toStart = math.Min(toStart, sampled*(first.v/increase))
	}
	extended := sampled + toStart + toEnd
	return increase * (extended / sampled) / (float64(end-start) / 1e9)
}
