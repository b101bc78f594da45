// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package logql

import (
	"fmt"
	"math"
	"slices"
)

// absent marks a step without a value. It is a NaN that no calculation makes.
var absent = math.Float64frombits(0x7ff8_dead_beef_0001)

func isAbsent(v float64) bool { return math.Float64bits(v) == 0x7ff8_dead_beef_0001 }

// series is one line of an intermediate result: a value, or absent, for every step.
type series struct {
	labels Labels
	vals   []float64
}

// value is an intermediate result: a number that is the same at every step, or series.
type value struct {
	isScalar bool
	scalar   float64
	series   []*series
	ordered  bool // the order of the series means something (sort, topk)
}

func (ev *evaluator) at(i int) int64 { return ev.p.Start + int64(i)*int64(ev.p.Step) }

func (ev *evaluator) metric(e SampleExpr) (*Result, error) {
	instant := ev.p.Start == ev.p.End
	if instant {
		ev.steps, ev.p.Step = 1, 1
	} else {
		if ev.p.Step <= 0 || ev.p.End < ev.p.Start {
			return nil, queryErrorf("step must be positive and end must not be before start")
		}
		// Unsigned, because the distance of two int64 may be too large for a third.
		n := uint64(ev.p.End-ev.p.Start) / uint64(ev.p.Step) //nolint:gosec // End is not before Start, Step is positive
		if n >= uint64(ev.p.Limits.MaxSteps) {
			return nil, &LimitError{fmt.Sprintf("exceeded maximum resolution of %d points per series: use a longer step", ev.p.Limits.MaxSteps)}
		}
		ev.steps = int(n) + 1 //nolint:gosec // at most MaxSteps
	}
	v, err := ev.eval(e)
	if err != nil {
		return nil, err
	}
	res := &Result{}
	switch {
	case v.isScalar && instant:
		res.Type, res.Scalar = TypeScalar, Point{ev.p.Start, v.scalar}
		res.Stats = ev.stats
		return res, nil
	case v.isScalar:
		v = ev.constant(v.scalar)
	}
	res.Type = TypeMatrix
	if instant {
		res.Type = TypeVector
	}
	for _, s := range v.series {
		n := 0
		for _, x := range s.vals {
			if !isAbsent(x) {
				n++
			}
		}
		if n == 0 {
			continue
		}
		if err := ev.charge(int64(n) * 16); err != nil {
			return nil, err
		}
		out := Series{Labels: s.labels, Points: make([]Point, 0, n)}
		for i, x := range s.vals {
			if !isAbsent(x) {
				out.Points = append(out.Points, Point{ev.at(i), x})
			}
		}
		res.Series = append(res.Series, out)
	}
	if !v.ordered || !instant {
		slices.SortStableFunc(res.Series, func(a, b Series) int { return a.Labels.compare(b.Labels) })
	}
	res.Stats = ev.stats
	return res, nil
}

func (ev *evaluator) constant(v float64) *value {
	s := &series{labels: Labels{}, vals: make([]float64, ev.steps)}
	for i := range s.vals {
		s.vals[i] = v
	}
	return &value{series: []*series{s}}
}

func (ev *evaluator) eval(e SampleExpr) (*value, error) {
	if err := ev.ctx.Err(); err != nil {
		return nil, err
	}
	switch e := e.(type) {
	case *NumberExpr:
		return &value{isScalar: true, scalar: e.Value}, nil
	case *VectorExpr:
		return ev.constant(e.Value), nil
	case *RangeAggregation:
		return ev.rangeAggregation(e, nil)
	case *VectorAggregation:
		if r, ok := e.Inner.(*RangeAggregation); ok && unites(e, r) {
			g := e.Grouping
			if g == nil {
				g = &Grouping{}
			}
			return ev.rangeAggregation(r, g)
		}
		inner, err := ev.eval(e.Inner)
		if err != nil {
			return nil, err
		}
		return ev.vectorAggregation(e, inner)
	case *LabelReplace:
		inner, err := ev.eval(e.Inner)
		if err != nil {
			return nil, err
		}
		return ev.labelReplace(e, inner)
	case *BinaryExpr:
		l, err := ev.eval(e.Left)
		if err != nil {
			return nil, err
		}
		r, err := ev.eval(e.Right)
		if err != nil {
			return nil, err
		}
		return ev.binary(e, l, r)
	}
	return nil, fmt.Errorf("evaluate query: unknown expression %T", e)
}

// unites reports whether an aggregation over the series of r equals r over the union of their samples, so that the
// grouping can be applied to each sample at once.
func unites(e *VectorAggregation, r *RangeAggregation) bool {
	if r.Grouping != nil {
		return false
	}
	switch r.Op {
	case "count_over_time", "rate", "bytes_over_time", "bytes_rate", "sum_over_time":
		return e.Op == "sum"
	case "min_over_time", "max_over_time":
		// The label that is unwrapped is no part of the series; a sample has it yet.
		u := r.Range.Unwrap
		return e.Op+"_over_time" == r.Op && u != nil && (e.Grouping == nil || !slices.Contains(e.Grouping.Names, u.Label))
	}
	return false
}

func (ev *evaluator) labelReplace(e *LabelReplace, v *value) (*value, error) {
	if v.isScalar {
		return nil, queryErrorf("label_replace needs a vector, got a number")
	}
	seen := map[string]bool{}
	for _, s := range v.series {
		m := e.re.FindStringSubmatchIndex(s.labels.Get(e.Src))
		if m != nil {
			expanded, err := expandBounded(e.re, nil, e.Replacement, s.labels.Get(e.Src), m)
			if err != nil {
				return nil, queryErrorf("label_replace makes a label that is too long")
			}
			repl := string(expanded)
			ls := make(Labels, 0, len(s.labels)+1)
			for _, l := range s.labels {
				if l.Name != e.Dst && l.Value != "" {
					ls = append(ls, l)
				}
			}
			if repl != "" {
				ls = append(ls, Label{e.Dst, repl})
			}
			ls.Sort()
			s.labels = ls
			if err := ev.charge(2 * int64(len(repl))); err != nil { // the label, and what it adds to the key
				return nil, err
			}
		}
		key := string(s.labels.appendKey(nil))
		if seen[key] {
			return nil, queryErrorf("vector cannot contain metrics with the same labelset after label_replace")
		}
		seen[key] = true
	}
	return v, nil
}
