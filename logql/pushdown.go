// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package logql

import (
	"context"
	"slices"
)

// Selection says what a source needs to know to select the entries of a log query: matchers, line filters, label
// filters. Times, order and limit are the caller's.
func Selection(e *LogExpr) SelectRequest {
	lines := leadingLines(e.Stages)
	return SelectRequest{Matchers: e.Matchers, Lines: lines, Filters: leadingFilters(e.Stages), Keep: matchAll(lines)}
}

// leadingLines returns the line filters in front of every stage that changes the line. A line that one of them
// refuses never passes the pipeline.
func leadingLines(stages []Stage) []*LineFilter {
	var fs []*LineFilter
	for _, s := range stages {
		switch s := s.(type) {
		case *LineFilter:
			fs = append(fs, s)
		case *LineFormat, *Decolorize, *UnpackParser:
			return fs
		}
	}
	return fs
}

// leadingFilters returns the label filters in front of every stage that changes labels. An entry that one of them
// refuses never passes the pipeline.
func leadingFilters(stages []Stage) []LabelFilter {
	var fs []LabelFilter
	for _, s := range stages {
		switch s := s.(type) {
		case LabelFilter:
			fs = append(fs, s)
		case *LineFilter, *LineFormat, *Decolorize:
		default:
			return fs
		}
	}
	return fs
}

// onlyFilters reports whether a pipeline does nothing but filter.
func onlyFilters(stages []Stage) bool {
	for _, s := range stages {
		switch s.(type) {
		case *LineFilter, LabelFilter:
		default:
			return false
		}
	}
	return true
}

// matchAll combines line filters, nil if there are none.
func matchAll(fs []*LineFilter) func(string) bool {
	switch len(fs) {
	case 0:
		return nil
	case 1:
		return fs[0].match
	}
	return func(line string) bool {
		for _, f := range fs {
			if !f.match(line) {
				return false
			}
		}
		return true
	}
}

// Matches reports whether a line passes the filter. Safe for concurrent use.
func (f *LineFilter) Matches(line string) bool { return f.match(line) }

// FilterNames returns the labels that a filter looks at, and whether it only compares strings: such a filter never
// makes an error.
func FilterNames(f LabelFilter) (names []string, plain bool) {
	f.names(func(n string) { names = append(names, n) })
	slices.Sort(names)
	return slices.Compact(names), onlyMatchers(f)
}

func onlyMatchers(f LabelFilter) bool {
	switch f := f.(type) {
	case *MatcherFilter:
		return true
	case *AndFilter:
		return onlyMatchers(f.Left) && onlyMatchers(f.Right)
	case *OrFilter:
		return onlyMatchers(f.Left) && onlyMatchers(f.Right)
	}
	return false
}

// FilterMatches reports whether labels pass a filter.
func FilterMatches(f LabelFilter, labels Labels) bool {
	var ls labelSet
	ls.reset(&Entry{Stream: labels})
	return f.keep(&ls)
}

// Equalities returns the labels that must have these values (none of them empty) for all filters to hold.
func Equalities(filters []LabelFilter) Labels {
	var out Labels
	var visit func(LabelFilter)
	visit = func(f LabelFilter) {
		switch f := f.(type) {
		case *AndFilter:
			visit(f.Left)
			visit(f.Right)
		case *MatcherFilter:
			if m := f.Matcher; m.Op == MatchEqual && m.Value != "" {
				out = append(out, Label{m.Name, m.Value})
			}
		}
	}
	for _, f := range filters {
		visit(f)
	}
	return out
}

// CountRequest says what to count. All conditions must hold.
type CountRequest struct {
	Matchers []*Matcher
	Lines    []*LineFilter // on the line
	Filters  []LabelFilter // on stream labels and structured metadata; they only compare strings
	Keep     func(line string) bool
	// By are the labels to count by, sorted.
	By []string
	// Edges are the bounds of the buckets, ascending: bucket i is Edges[i] <= Timestamp < Edges[i+1]. Entries outside
	// are not counted.
	Edges []int64
	// Bytes asks for the bytes of a Count.
	Bytes bool
}

// Count is the entries of one bucket that have equal labels, or a part of them: what a source hands out adds up.
type Count struct {
	Labels        Labels // those of CountRequest.By that are there; valid during the call only
	Bucket        int
	Entries       int64
	Weight        float64 // the sum of Entry.Weight
	Bytes         int64   // length of the lines
	WeightedBytes float64 // the sum of each line's length times its weight
}

// Counter is a source that can count entries without handing them out, from an index say. ok is false when it cannot
// count what is asked for; then nothing was yielded, and the entries are selected instead.
type Counter interface {
	Source
	Count(ctx context.Context, req *CountRequest, yield func(*Count) error) (ok bool, err error)
}

// countRequest returns what to count for an aggregation, nil if counting alone does not do.
func (r *rangeEval) countRequest() *CountRequest {
	if !r.adds || r.e.Op == "absent_over_time" || r.e.Range.Unwrap != nil || r.grouping == nil || r.grouping.Without {
		return nil
	}
	req := &CountRequest{
		Matchers: r.e.Range.Log.Matchers, By: r.grouping.Names,
		Bytes: r.e.Op == "bytes_over_time" || r.e.Op == "bytes_rate",
	}
	for _, s := range r.e.Range.Log.Stages {
		switch s := s.(type) {
		case *LineFilter:
			req.Lines = append(req.Lines, s)
		case LabelFilter:
			if !onlyMatchers(s) {
				return nil
			}
			req.Filters = append(req.Filters, s)
		case *JSONParser, *LogfmtParser, *RegexpParser, *PatternParser:
			if !r.skip {
				return nil
			}
		default:
			return nil
		}
	}
	req.Keep = matchAll(req.Lines)
	if req.Edges = r.edges(); req.Edges == nil {
		return nil
	}
	return req
}

// edges returns the times at which a window begins or ends, nil if they are beyond what times can be. Windows are
// open where they begin and closed where they end; buckets are the other way round.
func (r *rangeEval) edges() []int64 {
	ev := r.ev
	first := saturate(ev.at(0), -r.offset, -r.interval, 1)
	last := saturate(ev.at(ev.steps-1), -r.offset, 1)
	if r.interval <= 0 || first <= minSane || last >= maxSane {
		return nil
	}
	out := make([]int64, 0, 2*ev.steps)
	for i := range ev.steps {
		end := ev.at(i) - r.offset + 1
		out = append(out, end-r.interval, end)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Times beyond these overflow when a range is added; they are 170 years away from the epoch.
const (
	minSane = -3 << 61
	maxSane = 3 << 61
)

// count lets the source count, if it can.
func (r *rangeEval) count() (bool, error) {
	c, isCounter := r.ev.src.(Counter)
	if !isCounter {
		return false, nil
	}
	req := r.countRequest()
	if req == nil {
		return false, nil
	}
	p := r.newPart()
	ok, err := c.Count(r.ev.ctx, req, func(n *Count) error { return p.addCount(req, n) })
	if !ok {
		r.parts = nil
	}
	return ok, err
}

// addCount adds entries that are all in the same windows.
func (p *rangePart) addCount(req *CountRequest, n *Count) error {
	stats := &p.stats
	stats.Entries += n.Entries
	stats.Bytes += n.Bytes
	weight := n.Weight
	if req.Bytes {
		weight = n.WeightedBytes
	}
	if p.r.ev.p.Unweighted {
		weight = float64(n.Entries)
		if req.Bytes {
			weight = float64(n.Bytes)
		}
	} else if n.Weight > float64(n.Entries) {
		stats.Weighted = true
	}
	lo, hi := p.r.window(req.Edges[n.Bucket])
	if lo > hi { // between two windows
		return nil
	}
	stats.Returned += n.Entries
	p.scratch = append(p.scratch[:0], n.Labels...)
	a, err := p.accumulatorOf()
	if err != nil {
		return err
	}
	a.sums[lo] += weight
	a.sums[hi+1] -= weight
	a.counts[lo]++
	a.counts[hi+1]--
	return nil
}
