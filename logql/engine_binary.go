// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package logql

import (
	"math"
	"slices"
)

func arithmetic(op string, a, b float64) float64 {
	switch op {
	case "+":
		return a + b
	case "-":
		return a - b
	case "*":
		return a * b
	case "/":
		if b == 0 { // as Loki has it, unlike Prometheus
			return math.NaN()
		}
		return a / b
	case "%":
		if b == 0 {
			return math.NaN()
		}
		return math.Mod(a, b)
	case "^":
		return math.Pow(a, b)
	}
	return math.NaN()
}

func boolValue(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func (ev *evaluator) binary(e *BinaryExpr, l, r *value) (*value, error) {
	switch {
	case l.isScalar && r.isScalar:
		if isSetOp(e.Op) {
			return nil, queryErrorf("%s needs vectors", e.Op)
		}
		if isComparison(e.Op) {
			return &value{isScalar: true, scalar: boolValue(compareNumbers(e.Op, l.scalar, r.scalar))}, nil
		}
		return &value{isScalar: true, scalar: arithmetic(e.Op, l.scalar, r.scalar)}, nil
	case l.isScalar:
		return withScalar(e, r, l.scalar, true)
	case r.isScalar:
		return withScalar(e, l, r.scalar, false)
	case isSetOp(e.Op):
		return ev.setOp(e, l, r), nil
	}
	return ev.matched(e, l, r)
}

// withScalar combines series with a number; swapped says that the number stands on the left.
func withScalar(e *BinaryExpr, v *value, n float64, swapped bool) (*value, error) {
	if isSetOp(e.Op) {
		return nil, queryErrorf("%s needs vectors", e.Op)
	}
	for _, s := range v.series {
		for i, x := range s.vals {
			if isAbsent(x) {
				continue
			}
			a, b := x, n
			if swapped {
				a, b = n, x
			}
			s.vals[i] = combine(e, a, b, x)
		}
	}
	return v, nil
}

// combine applies an operator to two present values; kept is what a comparison that filters leaves.
func combine(e *BinaryExpr, a, b, kept float64) float64 {
	if !isComparison(e.Op) {
		return arithmetic(e.Op, a, b)
	}
	ok := compareNumbers(e.Op, a, b)
	switch {
	case e.Bool:
		return boolValue(ok)
	case ok:
		return kept
	}
	return absent
}

// matchKey is what makes series of both sides partners.
func matchKey(ls Labels, m *Matching) string {
	if m == nil {
		return string(ls.appendKey(nil))
	}
	g := Grouping{Names: m.Names, Without: !m.On}
	return string(groupLabels(ls, &g).appendKey(nil))
}

func (ev *evaluator) setOp(e *BinaryExpr, l, r *value) *value {
	partners := func(side []*series) map[string][]*series {
		m := map[string][]*series{}
		for _, s := range side {
			k := matchKey(s.labels, e.Matching)
			m[k] = append(m[k], s)
		}
		return m
	}
	present := func(group []*series, i int) bool {
		for _, s := range group {
			if !isAbsent(s.vals[i]) {
				return true
			}
		}
		return false
	}
	out := &value{}
	filter := func(side []*series, others map[string][]*series, want bool) []*series {
		var res []*series
		for _, s := range side {
			group := others[matchKey(s.labels, e.Matching)]
			n := &series{labels: s.labels, vals: slices.Clone(s.vals)}
			for i := range n.vals {
				if present(group, i) != want {
					n.vals[i] = absent
				}
			}
			res = append(res, n)
		}
		return res
	}
	switch e.Op {
	case "and":
		out.series = filter(l.series, partners(r.series), true)
	case "unless":
		out.series = filter(l.series, partners(r.series), false)
	default:
		out.series = append(out.series, l.series...)
		index := map[string]*series{}
		for _, s := range l.series {
			index[string(s.labels.appendKey(nil))] = s
		}
		for _, s := range filter(r.series, partners(l.series), false) {
			same := index[string(s.labels.appendKey(nil))]
			if same == nil {
				out.series = append(out.series, s)
				continue
			}
			for i, v := range s.vals {
				if isAbsent(same.vals[i]) {
					same.vals[i] = v
				}
			}
		}
	}
	return out
}

// matched is arithmetic and comparison between series that find each other by their labels.
func (ev *evaluator) matched(e *BinaryExpr, l, r *value) (*value, error) {
	m := e.Matching
	many, one := l.series, r.series
	swapped := m != nil && m.Group == "right"
	if swapped {
		many, one = one, many
	}
	side := "right"
	if swapped {
		side = "left"
	}
	ones := map[string][]*series{}
	for _, s := range one {
		k := matchKey(s.labels, m)
		for _, other := range ones[k] {
			if overlap(other, s) {
				return nil, queryErrorf("found duplicate series on the %s hand-side; many-to-many matching not allowed: matching labels must be unique on one side", side)
			}
		}
		ones[k] = append(ones[k], s)
	}
	grouped := m != nil && m.Group != ""
	out := &value{}
	index := map[string]*series{}
	for _, s := range many {
		for _, o := range ones[matchKey(s.labels, m)] {
			ls := resultLabels(s.labels, o.labels, m)
			key := string(ls.appendKey(nil))
			res := index[key]
			if res == nil {
				res = &series{labels: ls, vals: make([]float64, ev.steps)}
				for i := range res.vals {
					res.vals[i] = absent
				}
				if err := ev.charge(8*int64(ev.steps) + labelsSize(ls)); err != nil {
					return nil, err
				}
				index[key] = res
				out.series = append(out.series, res)
			}
			for i := range res.vals {
				x, y := s.vals[i], o.vals[i]
				if isAbsent(x) || isAbsent(y) {
					continue
				}
				if swapped {
					x, y = y, x
				}
				v := combine(e, x, y, x)
				if isAbsent(v) {
					continue
				}
				if !isAbsent(res.vals[i]) {
					if grouped {
						return nil, queryErrorf("multiple matches for labels: grouping labels must ensure unique matches")
					}
					return nil, queryErrorf("multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)")
				}
				res.vals[i] = v
			}
		}
	}
	return out, nil
}

func overlap(a, b *series) bool {
	for i := range a.vals {
		if !isAbsent(a.vals[i]) && !isAbsent(b.vals[i]) {
			return true
		}
	}
	return false
}

// resultLabels are the labels of a combination: those that matched, or all of the many side with what the
// other side lends.
func resultLabels(many, one Labels, m *Matching) Labels {
	switch {
	case m == nil:
		return many
	case m.Group == "":
		return groupLabels(many, &Grouping{Names: m.Names, Without: !m.On})
	}
	out := Labels{}
	for _, l := range many {
		if !slices.Contains(m.Include, l.Name) {
			out = append(out, l)
		}
	}
	for _, n := range m.Include {
		if v := one.Get(n); v != "" {
			out = append(out, Label{n, v})
		}
	}
	out.Sort()
	return out
}
