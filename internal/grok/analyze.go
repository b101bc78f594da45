// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grok

// Making a pattern regular.
//
// An automaton knows neither look-around nor atomic groups. What is done about them is exact:
//
//  1. Where the neighbours decide it, the construct is dropped: (?<![0-9]) after a blank is always true, and
//     (?>[^"]*) before a quote never has anything worth giving back. Elsewhere (?>[^"]*) is [^"]*(?![^"]).
//  2. Look-around of one rune stays: the automaton knows the symbols around a place.
//  3. Else it is dropped too but leaves a guard: an empty group that says where it stood. What then matches is a superset
//     in the same order of preference, so if the best match of the superset passes all guards it is the best match of the
//     pattern, and if the superset does not match at all, the pattern does not either.
//  4. Only if a guard refuses (or where a guard cannot tell, within a repetition) does the backtracking machine run.

// around is what can stand beside a node.
type around struct {
	prev    set  // runes that can stand before it
	start   bool // the text can begin there
	follow  set  // runes that what comes after can begin with
	end     bool // the text can end there
	trivial bool // what comes after always matches
	multi   bool // within a repetition: a guard would see the last round only
	last    bool // nothing comes after it, and nobody asks where it ends
}

// guard remembers a dropped construct.
type guard struct {
	node *node
}

type analysis struct {
	referenced map[int]bool // groups that back-references name
	guards     []*guard
	irregular  bool
	keep       bool // drop what the neighbours decide, keep everything else, set no guards
}

func (a *analysis) rewrite(n *node, c around) *node {
	switch n.op {
	case opConcat:
		return a.rewriteConcat(n, c)
	case opAlt:
		out := *n
		out.subs = make([]*node, len(n.subs))
		for i, s := range n.subs {
			out.subs[i] = a.rewrite(s, c)
		}
		return &out
	case opRepeat:
		sub := n.subs[0]
		if n.max < 0 || n.max > 1 {
			c.prev = c.prev.union(sub.edge(true))
			c.follow = c.follow.union(sub.edge(false))
			c.trivial, c.multi = c.trivial && n.min <= 1, true // after a round, what comes after it matches at once
		}
		c.last = false
		out := *n
		out.subs = []*node{a.rewrite(sub, c)}
		return &out
	case opCapture:
		if n.field < 0 && !a.referenced[n.group] {
			return a.rewrite(n.subs[0], c)
		}
		c.last = false
		out := *n
		out.subs = []*node{a.rewrite(n.subs[0], c)}
		return &out
	case opLook:
		return a.rewriteLook(n, c)
	case opAtomic:
		return a.rewriteAtomic(n, c)
	case opEndTextNL:
		return a.rewriteEnd(n, c)
	case opBackref:
		a.irregular = true
	}
	return n
}

// rewriteEnd makes \Z, which looks at a line break and what is behind it, regular. Where the match ends anyway it may as well
// take the line break. Elsewhere it is $ first of all.
func (a *analysis) rewriteEnd(n *node, c around) *node {
	switch {
	case a.keep:
		return n
	case c.last:
		return concat([]*node{{op: opRepeat, max: 1, subs: []*node{class(set{'\n', '\n'})}}, {op: opEndText}})
	case c.multi:
		a.irregular = true
		return n
	}
	return a.guard(n, &node{op: opEndLine})
}

func (a *analysis) rewriteConcat(n *node, c around) *node {
	type side struct {
		s       set
		edge    bool
		trivial bool
	}
	after := make([]side, len(n.subs)+1)
	after[len(n.subs)] = side{c.follow, c.end, c.trivial}
	for i := len(n.subs) - 1; i >= 0; i-- {
		s, next := n.subs[i], after[i+1]
		switch {
		case s.op == opEndLine, s.op == opEndTextNL:
			after[i] = side{next.s.intersect(set{'\n', '\n'}), next.edge, false}
		case s.op == opEndText:
			after[i] = side{nil, true, false}
		case s.nullable():
			after[i] = side{s.edge(false).union(next.s), next.edge, next.trivial && s.always()}
		default:
			after[i] = side{s.edge(false), false, false}
		}
	}
	out := &node{op: opConcat}
	prev := side{s: c.prev, edge: c.start}
	for i, s := range n.subs {
		cc := c
		cc.prev, cc.start = prev.s, prev.edge
		cc.follow, cc.end, cc.trivial = after[i+1].s, after[i+1].edge, after[i+1].trivial
		cc.last = c.last && i == len(n.subs)-1
		out.subs = append(out.subs, a.rewrite(s, cc))
		switch {
		case s.op == opBeginLine:
			prev.s = prev.s.intersect(set{'\n', '\n'})
		case s.op == opBeginText:
			prev = side{nil, true, false}
		case s.nullable():
			prev.s = prev.s.union(s.edge(true))
		default:
			prev = side{s: s.edge(true)}
		}
	}
	return out
}

// always reports whether n matches at any place.
func (n *node) always() bool {
	switch n.op {
	case opEmpty:
		return true
	case opRepeat:
		return n.min == 0
	case opCapture, opAtomic:
		return n.subs[0].always()
	case opConcat:
		for _, s := range n.subs {
			if !s.always() {
				return false
			}
		}
		return true
	case opAlt:
		for _, s := range n.subs {
			if s.always() {
				return true
			}
		}
	}
	return false
}

func (a *analysis) rewriteLook(n *node, c around) *node {
	sub := n.subs[0]
	s, single := sub.single()
	switch {
	case n.behind && single && n.negative && c.prev.disjoint(s),
		n.behind && single && !n.negative && !c.start && c.prev.subset(s),
		!n.behind && n.negative && !sub.nullable() && sub.edge(false).disjoint(c.follow) && !c.trivial,
		!n.behind && single && !n.negative && !c.end && !c.trivial && c.follow.subset(s):
		return &node{op: opEmpty}
	}
	if a.keep {
		return n
	}
	if single { // the automaton knows the symbols around a place
		return n
	}
	if c.multi || sub.any(func(n *node) bool { return n.op == opCapture && n.field >= 0 }) || !sub.local() || n.behind && sub.width() < 0 {
		a.irregular = true
		return n
	}
	return a.guard(n, &node{op: opEmpty})
}

func (a *analysis) rewriteAtomic(n *node, c around) *node {
	sub := n.subs[0]
	if c.trivial || sub.width() >= 0 && sub.local() && len(a.referenced) == 0 || sub.local() && sub.deterministic(c.follow) && sub.alphabet().disjoint(c.follow) {
		return a.rewrite(sub, c)
	}
	if sub.op == opRepeat && sub.max < 0 && !sub.lazy && sub.subs[0].op == opClass && !a.keep { // it ends where no more of the class follows
		return concat([]*node{sub, {op: opLook, negative: true, subs: sub.subs}})
	}
	if a.keep {
		return &node{op: opAtomic, subs: []*node{a.rewrite(sub, around{prev: c.prev, start: c.start, follow: setAll, end: true, multi: c.multi})}}
	}
	if c.multi || !sub.local() {
		a.irregular = true
		return n
	}
	return a.guard(n, a.rewrite(sub, c))
}

// guard wraps body in a capture that tells where the dropped construct n stood.
func (a *analysis) guard(n, body *node) *node {
	g := &guard{node: n}
	a.guards = append(a.guards, g)
	return &node{op: opCapture, field: -1, group: -len(a.guards) - 1, subs: []*node{body}}
}

// local reports whether a match of n depends on nothing but the text from where it begins.
func (n *node) local() bool {
	return !n.any(func(n *node) bool {
		switch n.op {
		case opClass, opEmpty, opConcat, opAlt, opRepeat, opCapture:
			return false
		}
		return true
	})
}

// deterministic reports whether at every rune there is at most one way to go on within n, given the runes that can
// follow it, and it always prefers to go on. Such a node's first match is its longest.
func (n *node) deterministic(follow set) bool {
	switch n.op {
	case opEmpty, opClass:
		return true
	case opCapture:
		return n.subs[0].deterministic(follow)
	case opConcat:
		for i := len(n.subs) - 1; i >= 0; i-- {
			s := n.subs[i]
			if !s.deterministic(follow) {
				return false
			}
			if s.nullable() {
				follow = follow.union(s.edge(false))
			} else {
				follow = s.edge(false)
			}
		}
		return true
	case opAlt:
		var seen set
		for i, s := range n.subs {
			e := s.edge(false)
			if !e.disjoint(seen) || s.nullable() && (i < len(n.subs)-1 || !n.edge(false).disjoint(follow)) || !s.deterministic(follow) {
				return false
			}
			seen = seen.union(e)
		}
		return true
	case opRepeat:
		sub := n.subs[0]
		if n.lazy || sub.nullable() {
			return false
		}
		e := sub.edge(false)
		if n.min != n.max && !e.disjoint(follow) {
			return false
		}
		if n.max < 0 || n.max > 1 {
			follow = follow.union(e)
		}
		return sub.deterministic(follow)
	}
	return false
}
