// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package logql

import (
	"math"
	"slices"
)

// group is the series that a vector aggregation combines.
type group struct {
	labels  Labels
	members []*series
}

func (ev *evaluator) groups(g *Grouping, in []*series) []*group {
	if g == nil {
		g = &Grouping{}
	}
	index := map[string]*group{}
	var out []*group
	var key []byte
	for _, s := range in {
		ls := groupLabels(s.labels, g)
		if !g.Without && len(ls) < len(g.Names) {
			ls = slices.DeleteFunc(slices.Clone(s.labels), func(l Label) bool { return !slices.Contains(g.Names, l.Name) }) // empty ones, too
		}
		key = ls.appendKey(key[:0])
		gr := index[string(key)]
		if gr == nil {
			gr = &group{labels: ls}
			index[string(key)] = gr
			out = append(out, gr)
		}
		gr.members = append(gr.members, s)
	}
	return out
}

func groupLabels(ls Labels, g *Grouping) Labels {
	out := Labels{}
	for _, l := range ls {
		if slices.Contains(g.Names, l.Name) != g.Without && l.Value != "" {
			out = append(out, l)
		}
	}
	return out
}

func (ev *evaluator) vectorAggregation(e *VectorAggregation, in *value) (*value, error) {
	if in.isScalar {
		return nil, queryErrorf("%s needs a vector, got a number", e.Op)
	}
	switch e.Op {
	case "sort", "sort_desc":
		return sortSeries(in, e.Op == "sort_desc"), nil
	case "topk", "bottomk", "approx_topk":
		if e.Op == "approx_topk" && ev.steps > 1 {
			return nil, queryErrorf("approx_topk is for instant queries only")
		}
		return ev.topk(e, in)
	}
	out := &value{}
	for _, g := range ev.groups(e.Grouping, in.series) {
		s := &series{labels: g.labels, vals: make([]float64, ev.steps)}
		if err := ev.charge(8*int64(ev.steps) + 128); err != nil {
			return nil, err
		}
		column := make([]float64, 0, len(g.members))
		for i := range s.vals {
			column = column[:0]
			for _, m := range g.members {
				if !isAbsent(m.vals[i]) {
					column = append(column, m.vals[i])
				}
			}
			s.vals[i] = aggregateColumn(e.Op, column)
		}
		out.series = append(out.series, s)
	}
	slices.SortFunc(out.series, func(a, b *series) int { return a.labels.compare(b.labels) })
	return out, nil
}

func aggregateColumn(op string, vs []float64) float64 {
	if len(vs) == 0 {
		return absent
	}
	switch op {
	case "count":
		return float64(len(vs))
	case "sum", "avg":
		sum := 0.0
		for _, v := range vs {
			sum += v
		}
		if op == "avg" {
			return sum / float64(len(vs))
		}
		return sum
	case "min", "max":
		out := vs[0]
		for _, v := range vs[1:] {
			if math.IsNaN(out) || op == "min" && v < out || op == "max" && v > out {
				out = v
			}
		}
		return out
	default:
		mean, m2 := vs[0], 0.0 // of one value, be it NaN or infinite, the deviation is 0
		for i, v := range vs[1:] {
			d := v - mean
			mean += d / float64(i+2)
			m2 += d * (v - mean)
		}
		if op == "stddev" {
			return math.Sqrt(m2 / float64(len(vs)))
		}
		return m2 / float64(len(vs))
	}
}

// compareValues orders numbers with NaN last, whichever way.
func compareValues(a, b float64, desc bool) int {
	switch {
	case math.IsNaN(a) && math.IsNaN(b):
		return 0
	case math.IsNaN(a):
		return 1
	case math.IsNaN(b):
		return -1
	case a == b:
		return 0
	case (a < b) != desc:
		return -1
	}
	return 1
}

// sortSeries orders an instant vector; over several steps there is no order to give.
func sortSeries(in *value, desc bool) *value {
	slices.SortStableFunc(in.series, func(a, b *series) int {
		if c := compareValues(a.vals[0], b.vals[0], desc); c != 0 {
			return c
		}
		return a.labels.compare(b.labels)
	})
	in.ordered = true
	return in
}

func (ev *evaluator) topk(e *VectorAggregation, in *value) (*value, error) {
	desc := e.Op != "bottomk"
	kept := map[*series]*series{}
	out := &value{ordered: true}
	for _, g := range ev.groups(e.Grouping, in.series) {
		idx := make([]*series, 0, len(g.members))
		for i := range ev.steps {
			if err := ev.ctx.Err(); err != nil {
				return nil, err
			}
			idx = idx[:0]
			for _, m := range g.members {
				if !isAbsent(m.vals[i]) {
					idx = append(idx, m)
				}
			}
			slices.SortStableFunc(idx, func(a, b *series) int {
				if c := compareValues(a.vals[i], b.vals[i], desc); c != 0 {
					return c
				}
				return a.labels.compare(b.labels)
			})
			for _, m := range idx[:min(e.Param, len(idx))] {
				s := kept[m]
				if s == nil {
					s = &series{labels: m.labels, vals: make([]float64, ev.steps)}
					for j := range s.vals {
						s.vals[j] = absent
					}
					kept[m] = s
					out.series = append(out.series, s)
				}
				s.vals[i] = m.vals[i]
			}
		}
	}
	return out, nil
}
