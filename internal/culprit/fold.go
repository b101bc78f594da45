// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package culprit

import (
	"cmp"
	"slices"
)

const (
	// maxCandidates is how many are compared with each other.
	maxCandidates = 120
	// same is the part of a candidate's records that must be another's for the two to be one.
	same = 0.6
	// relayed is what is left of the score of lines that speak of other services and follow from nothing known.
	relayed = 0.8
	// linked is the part of a candidate's requests that must be another's.
	linked = 0.5
)

// fold makes one cause of candidates that are about the same records, then of those about the same requests. What is left
// is in the order of the score.
func (a *analysis) fold() {
	slices.SortStableFunc(a.list, compareCandidates)
	a.list = a.list[:min(len(a.list), maxCandidates)]
	a.list = a.foldRecords(a.list)
	for _, c := range a.list {
		c.groups = a.groupsOf(c.members)
	}
	a.list = a.foldRequests(a.list)
	slices.SortStableFunc(a.list, compareCandidates)
}

func compareCandidates(x, y *candidate) int {
	return cmp.Or(cmp.Compare(y.score, x.score), cmp.Compare(x.kind, y.kind), cmp.Compare(x.serviceName(), y.serviceName()),
		cmp.Compare(x.tmpl, y.tmpl), cmp.Compare(x.fieldName(), y.fieldName()), cmp.Compare(x.value, y.value), cmp.Compare(x.what, y.what))
}

func (c *candidate) serviceName() string {
	if c.s == nil {
		return ""
	}
	return c.s.name
}

func (c *candidate) fieldName() string {
	switch {
	case c.kind == KindNumber:
		return c.s.numbers[c.what]
	case c.kind != KindValue:
		return ""
	case c.f == nil:
		return serviceLabel
	}
	return c.f.name
}

// foldRecords makes one of candidates whose records are mostly the same.
func (a *analysis) foldRecords(list []*candidate) []*candidate {
	var roots []*candidate
	slices.SortStableFunc(list, func(x, y *candidate) int { // what is in several services before what is in one
		return cmp.Compare(min(len(y.parts), 1), min(len(x.parts), 1))
	})
	for _, c := range list {
		at := slices.IndexFunc(roots, func(r *candidate) bool { return a.sameRecords(r, c) || c.within == r || a.explains(c, r) })
		if at < 0 {
			roots = append(roots, c)
			continue
		}
		if r := roots[at]; a.better(c, r) {
			c.explaining = r.kind == KindTemplate && c.kind == KindValue
			c.score = max(c.score, r.score)
			c.also = append(append(c.also, r), r.also...)
			r.also = nil
			roots[at] = c
			continue
		}
		r := roots[at]
		if !r.explaining && a.explains(r, c) {
			r.explaining = true
		}
		if r.parts != nil {
			r.score = max(r.score, c.score)
		}
		roots[at].also = append(roots[at].also, c)
	}
	if a.p.By == ByFilter {
		for _, c := range roots {
			if c.explaining || c.parts != nil { // which errors there are is known; what they come with is not
				c.score *= 1.5
			}
		}
	}
	slices.SortStableFunc(roots, compareCandidates)
	return roots
}

// sameRecords reports whether a candidate with a lower score tells nothing beside one with a higher.
func (a *analysis) sameRecords(r, c *candidate) bool {
	if r.s != nil && c.s != nil && r.s != c.s {
		return false
	}
	if r.kind == KindSilence || c.kind == KindSilence {
		return r.kind == c.kind && r.s == c.s
	}
	n := float64(common(r.members, c.members))
	if c.kind == KindNumber && r.kind == KindNumber {
		return n >= same*float64(len(c.members)) || n >= same*float64(len(r.members))
	}
	// What is more than expected must be the other's.
	excess := float64(len(c.members))
	if c.kind != KindNumber {
		excess = min(excess, c.n[Bad]-c.expected)
	}
	if c.kind == KindNumber != (r.kind == KindNumber) {
		return n >= same*float64(len(c.members))
	}
	return n >= same*excess
}

// better reports whether a candidate says more than the one with a higher score that has the same records.
func (a *analysis) better(c, r *candidate) bool {
	generic := func(c *candidate) bool { return c.kind == KindValue && (c.f == nil || isLevel(c.f.name)) }
	n := float64(common(r.members, c.members))
	switch {
	case a.p.By == ByFilter && r.kind == KindTemplate && c.kind == KindValue && !generic(c) && a.explains(c, r):
		return true
	case n < same*float64(len(r.members)): // a part of it
		return false
	case generic(r) != generic(c):
		return generic(r)
	case r.kind == KindTemplate && c.kind == KindValue:
		return c.within == r || a.explains(c, r)
	case r.kind == KindValue && c.kind == KindTemplate:
		return r.within != c && r.s != nil && !a.explains(r, c)
	}
	return false
}

// foldRequests makes one of candidates of several services that are about the same requests: that of the origin.
func (a *analysis) foldRequests(list []*candidate) []*candidate {
	n := len(list)
	names := make([]map[string]float64, n)
	for i := range list {
		if list[i].kind != KindSilence {
			names[i] = a.names(list[i])
		}
	}
	sp := a.newSpans()
	origin, whole := make([]int, n), make([]bool, n)
	for i := range list {
		list[i].relays = names[i][anyName] >= linked
	}
	for i := range list {
		origin[i], whole[i] = a.origin(list, i, names, sp)
	}
	breakCycles(list, origin)
	for i, c := range list {
		if origin[i] < 0 && c.relays && c.kind == KindTemplate { // it is from elsewhere, though it is not known whence all of it
			c.score *= relayed
		}
	}
	var out []*candidate
	for i, c := range list {
		root, all := i, true
		for origin[root] >= 0 {
			all = all && whole[root]
			root = origin[root]
		}
		if root == i {
			out = append(out, c)
			continue
		}
		r := list[root]
		if all { // else the others have their part in it
			r.score = max(r.score, c.score)
		}
		r.also = append(append(r.also, c), c.also...)
		c.also = nil
	}
	return out
}

// breakCycles makes an origin of one candidate of each circle of candidates that follow from each other: the foremost that does not speak of
// other services.
func breakCycles(list []*candidate, origin []int) {
	seen := make([]int, len(list)) // in which walk, from 1
	for i := range list {
		at := i
		for at >= 0 && seen[at] == 0 {
			seen[at] = i + 1
			at = origin[at]
		}
		if at < 0 || seen[at] != i+1 {
			continue
		}
		root := at
		for next := origin[at]; next != at; next = origin[next] {
			x, y := list[next], list[root]
			if x.relays != y.relays && y.relays || x.relays == y.relays && compareCandidates(x, y) < 0 {
				root = next
			}
		}
		origin[root] = -1
	}
}

// origin returns which candidate another follows from, -1 for none: that which most of its requests are of, or the foremost of several
// which they are of together: then whole is false.
func (a *analysis) origin(list []*candidate, i int, names []map[string]float64, sp *spans) (at int, whole bool) {
	x := list[i]
	if x.kind == KindSilence {
		return -1, false
	}
	best, strength := -1, 0.0
	several, most, covered := -1, 0, []int32(nil)
	// What is usual need not be explained.
	excess := float64(len(x.groups))
	if x.kind != KindNumber {
		excess *= (x.n[Bad] - x.expected) / max(x.n[Bad], 1)
	}
	for j, y := range list {
		if i == j || y.s == nil || x.s == y.s || y.fell && !x.fell {
			continue // less to do is never the reason
		}
		named := names[i][y.s.name]
		if y.kind == KindSilence {
			if named >= linked && y.tmpl < 0 && best < 0 {
				best, strength = j, named
			}
			continue
		}
		shared := common(x.groups, y.groups)
		if shared < 3 {
			continue
		}
		yNames := 0.0
		if x.s != nil {
			yNames = names[j][x.s.name]
		}
		mostly := float64(shared) >= linked*excess
		if !mostly && float64(shared) < linked*float64(len(y.groups)) || !a.follows(x, y, named, yNames, sp) {
			continue
		}
		if mostly && float64(shared) > strength {
			best, strength = j, float64(shared)
		}
		if shared > most {
			several, most = j, shared
		}
		covered = append(covered, both(x.groups, y.groups)...)
	}
	if best >= 0 {
		return best, true
	}
	slices.Sort(covered)
	if covered = slices.Compact(covered); len(covered) > 0 && float64(len(covered)) >= same*excess {
		return several, false
	}
	return -1, false
}

// failing is the largest share of errors in a candidate, or in what was made one with it.
func (c *candidate) failing() float64 {
	v := c.errors
	for _, other := range c.also {
		v = max(v, other.errors)
	}
	return v
}

// follows reports whether x is what follows from y, of candidates with common requests.
func (a *analysis) follows(x, y *candidate, xNames, yNames float64, sp *spans) bool {
	if xNames >= linked != (yNames >= linked) {
		return xNames >= linked
	}
	// Errors do not follow from something harmless in the same requests, but they may from something slow.
	if fx, fy := x.failing() >= linked, y.failing() >= linked; fx != fy && x.kind != KindNumber && y.kind != KindNumber {
		return fy
	}
	if x.s != nil {
		if inner, known := sp.within(x, y); known {
			return inner
		}
	}
	if x.relays != y.relays { // who speaks of others has it from them
		return x.relays
	}
	if x.errors != y.errors {
		return x.errors < y.errors
	}
	return x.score < y.score
}
