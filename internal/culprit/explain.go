// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package culprit

import (
	"cmp"
	"maps"
	"math"
	"slices"
)

const (
	// maxExplained is how many templates of a service are explained.
	maxExplained = 20
	// partly is the part of errors that must have a value to be explained by it, where they are not compared with other times.
	partly = 0.3
	// wholly is the part of the lines of a template that must have a value which did not come more often by itself.
	wholly = 0.8
)

// explanations adds the values that say why lines of a template came, though the values did not come more often themselves: all of
// the errors are of one customer, who has always been there.
func (a *analysis) explanations(s *service, list []*candidate) (out []*candidate) {
	var templates []*candidate
	known := map[int32]bool{}
	for _, c := range list {
		switch {
		case c.kind == KindTemplate:
			templates = append(templates, c)
		case c.kind == KindValue && c.f != nil:
			known[c.feature] = true
		}
	}
	slices.SortStableFunc(templates, func(x, y *candidate) int { return cmp.Compare(y.llr, x.llr) })
	for _, t := range templates[:min(len(templates), maxExplained)] {
		if v := a.explanation(s, t, known); v != nil {
			out = append(out, v)
		}
	}
	return out
}

// explanation returns the value that says best why lines of a template came, nil if there is none.
func (a *analysis) explanation(s *service, t *candidate, known map[int32]bool) *candidate {
	counts := map[int32]float64{}
	for i, r := range s.recs {
		if s.tmpl[i] == t.tmpl && r.Side == Bad {
			for _, f := range s.featuresOf(int32(i)) {
				counts[f]++
			}
		}
	}
	var best *candidate
	least := 0.0
	for _, f := range slices.Sorted(maps.Keys(counts)) { // of equals the first
		has, v := counts[f], &s.features[f]
		if known[f] || has < wholly*(t.n[Bad]-t.expected) || isLevel(v.f.name) || v.f.from > fromPair {
			continue
		}
		total := float64(v.f.total[Bad]+v.f.total[Baseline]) - t.n[Bad]
		usual := (float64(v.n[Bad]+v.n[Baseline]) - has) / max(total, 1)
		if usual > has/t.n[Bad]/2 || best != nil && (usual > least || usual == least && v.f.name >= best.f.name) {
			continue
		}
		c := &candidate{kind: KindValue, s: s, tmpl: -1, f: v.f, feature: f, value: v.value}
		if a.explains(c, t) {
			best, least = c, usual
		}
	}
	if best == nil {
		return nil
	}
	for i, r := range s.recs {
		if s.tmpl[i] == t.tmpl && slices.Contains(s.featuresOf(int32(i)), best.feature) {
			best.n[r.Side]++
			if r.Side == Bad {
				best.members = append(best.members, s.at[i])
			}
		}
	}
	best.within, best.expected, best.lift, best.llr = t, t.expected, t.lift, t.llr
	return best
}

// surely is the logarithm of how much likelier it is that a value is the reason than that it is there by chance.
const surely = 8

// explains reports whether a value says why lines of a template came: most of them have it, and other lines have it too, but seldom. A
// value that only these lines have, or that goes with the template of a line, is but a part of them.
func (a *analysis) explains(v, t *candidate) bool {
	if v.kind != KindValue || t.kind != KindTemplate || v.f == nil || v.s == nil || v.s != t.s || isLevel(v.f.name) || v.f.from > fromPair {
		return false
	}
	s := v.s
	var in, has, without, withoutBase float64
	with := make([]float64, len(s.templates)) // by template: records with the value, and with the field
	field := make([]float64, len(s.templates))
	for i, r := range s.recs {
		tmpl := s.tmpl[i]
		hasValue, hasField := false, false
		for _, f := range s.featuresOf(int32(i)) {
			hasValue = hasValue || f == v.feature
			hasField = hasField || s.features[f].f == v.f
		}
		if tmpl == t.tmpl {
			switch {
			case r.Side == Bad && hasValue:
				has++
				in++
			case r.Side == Bad:
				without++
				in++
			case !hasValue:
				withoutBase++
			}
		} else if tmpl >= 0 && (hasField || r.Side == Baseline) {
			field[tmpl]++
			if hasValue {
				with[tmpl]++
			}
		}
	}
	least := same
	if a.p.By == ByFilter {
		least = partly
	}
	if has < least*in {
		return false
	}
	others, rest, own := 0.0, 0.0, 0.0
	for i := range with {
		if with[i] > 0 {
			others += with[i]
			own += with[i] * with[i] / field[i]
		}
		rest += field[i]
	}
	if others == 0 {
		// The template is usual without the value, and did not come more often without it.
		return withoutBase*a.ratio >= minRecords && without < 1.5*withoutBase*a.ratio
	}
	if own/others > 0.9 { // the template of a line tells the value
		return false
	}
	usual, here := (others+0.5)/(rest+1), (has+0.5)/(in+1)
	if others < 0.2*has || here < 2*usual {
		return false
	}
	return has*math.Log(here/usual)+(in-has)*math.Log((1-here)/(1-usual)) >= surely
}
