// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grok

import "slices"

// Explain runs a matcher of its own, made for telling what happened and not for speed: a backtracking one that remembers
// which instructions it has tried where, so that its time is bounded by text times pattern. It follows the order of
// preference of the engines, so what it matches is what they match.

type explainOp uint8

const (
	xMatch  explainOp = iota
	xClass            // one rune of set
	xSpan             // min to max runes of set
	xAssert           // the assertion n.op
	xSplit            // any of ways, the first that leads to a match
	xBegin            // node id begins here
	xEnd              // it ends here
	xRound            // a round of loop id begins here
	xRounds           // on to next if the round took something, else to ways[0]
	xAtomic           // the code at ways[0], only its first way
	xLook             // the code at ways[0] matches here (behind: width runes back), or does not
	xBackref
)

type explainInst struct {
	op       explainOp
	n        *node
	id       int // xBegin, xEnd: the node; xRound, xRounds: the loop
	next     int
	ways     []int
	min, max int
	width    int
}

// explainCode is a pattern as Explain runs it.
type explainCode struct {
	root     *node
	fields   []*Field
	insts    []explainInst
	start    int
	nodes    []*node       // those that xBegin and xEnd tell of
	ids      map[*node]int // their places
	all      bool          // no node knows where it was written: tell of all
	leaves   map[*node]int // instruction of a node that looks at the text
	loops    int
	backrefs bool
	tooBig   bool
}

// newExplainCode returns nil if the pattern is too big.
func newExplainCode(root *node, fields []*Field) *explainCode {
	c := &explainCode{root: root, fields: fields, leaves: map[*node]int{}, ids: map[*node]int{}}
	c.backrefs = root.any(func(n *node) bool { return n.op == opBackref })
	c.all = !root.any(func(n *node) bool { return n.origin != nil })
	c.start = c.node(root, c.add(explainInst{op: xMatch}))
	if c.tooBig {
		return nil
	}
	return c
}

func (c *explainCode) add(i explainInst) int {
	if len(c.insts) >= maxExplainCode {
		c.tooBig = true
		return 0
	}
	c.insts = append(c.insts, i)
	return len(c.insts) - 1
}

func (c *explainCode) leaf(i explainInst) int {
	pc := c.add(i)
	if _, ok := c.leaves[i.n]; !ok {
		c.leaves[i.n] = pc
	}
	return pc
}

// node adds the code of n, which goes on at next, and returns where it begins.
func (c *explainCode) node(n *node, next int) int {
	if c.tooBig {
		return 0
	}
	if n.op == opEmpty || n.origin == nil && n.op != opCapture && !c.all {
		return c.bare(n, next)
	}
	id, ok := c.ids[n] // it comes again where a repetition is written out
	if !ok {
		id = len(c.nodes)
		c.nodes, c.ids[n] = append(c.nodes, n), id
	}
	end := c.add(explainInst{op: xEnd, id: id, n: n, next: next})
	return c.add(explainInst{op: xBegin, id: id, n: n, next: c.bare(n, end)})
}

func (c *explainCode) bare(n *node, next int) int {
	switch n.op {
	case opEmpty:
		return next
	case opClass:
		return c.leaf(explainInst{op: xClass, n: n, next: next})
	case opConcat:
		part := c.node
		if isRun(n) {
			part = c.bare
		}
		for _, s := range slices.Backward(n.subs) {
			next = part(s, next)
		}
		return next
	case opAlt:
		i := explainInst{op: xSplit}
		for _, s := range n.subs {
			i.ways = append(i.ways, c.node(s, next))
		}
		return c.add(i)
	case opRepeat:
		return c.repeat(n, next)
	case opCapture:
		return c.node(n.subs[0], next)
	case opAtomic:
		sub := c.node(n.subs[0], c.add(explainInst{op: xMatch}))
		return c.add(explainInst{op: xAtomic, n: n, ways: []int{sub}, next: next})
	case opLook:
		sub := c.node(n.subs[0], c.add(explainInst{op: xMatch}))
		return c.leaf(explainInst{op: xLook, n: n, ways: []int{sub}, width: n.subs[0].width(), next: next})
	case opBackref:
		return c.leaf(explainInst{op: xBackref, n: n, next: next})
	}
	return c.leaf(explainInst{op: xAssert, n: n, next: next})
}

func (c *explainCode) repeat(n *node, next int) int {
	sub := n.subs[0]
	if sub.op == opClass {
		return c.leaf(explainInst{op: xSpan, n: n, min: n.min, max: n.max, next: next})
	}
	split := func(body, exit int) explainInst {
		if n.lazy {
			return explainInst{op: xSplit, ways: []int{exit, body}}
		}
		return explainInst{op: xSplit, ways: []int{body, exit}}
	}
	exit := next
	if n.max < 0 {
		choice := c.add(explainInst{})
		c.loops++
		loop := c.loops
		back := c.add(explainInst{op: xRounds, id: loop, next: choice, ways: []int{exit}})
		body := c.add(explainInst{op: xRound, id: loop, next: c.node(sub, back)})
		if c.tooBig {
			return 0
		}
		c.insts[choice] = split(body, exit)
		next = choice
	} else {
		for range n.max - n.min {
			if next = c.add(split(c.node(sub, next), exit)); c.tooBig {
				return 0
			}
		}
	}
	for range n.min {
		if next = c.node(sub, next); c.tooBig {
			return 0
		}
	}
	return next
}

// nodeSpan is a node and the bytes that it matched; to is -1 where it has not ended. depth is how many nodes it is in.
type nodeSpan struct {
	id, from, to, depth int
}

// pieces returns the pieces to show of the spans, which are in the order of their beginnings.
func (c *explainCode) pieces(spans []nodeSpan) []Piece {
	var out []Piece
	var path []string
	type level struct{ depth, names int }
	var within []level // the references being taken apart
	hidden := -1       // depth of the piece that what follows belongs to
	for _, s := range spans {
		if hidden >= 0 && s.depth > hidden {
			continue
		}
		hidden = -1
		for len(within) > 0 && s.depth <= within[len(within)-1].depth {
			path = path[:within[len(within)-1].names]
			within = within[:len(within)-1]
		}
		n := c.nodes[s.id]
		source, refs := written(n, c.fields)
		if n.divisible() {
			within = append(within, level{s.depth, len(path)})
			path = append(path, refs...)
			continue
		}
		hidden = s.depth
		if s.to >= 0 {
			out = append(out, Piece{Source: source, Path: append(slices.Clone(path), refs...), From: s.from, To: s.to})
		}
	}
	return out
}

// stop returns where the best attempt stopped, and the pieces before.
func (c *explainCode) stop(t *tracer) (*Stop, []Piece) {
	leaf := c.furthest(c.root, t)
	if leaf == nil {
		return nil, nil
	}
	f := t.fails[c.leaves[leaf]]
	spans := t.spans(f.trail)
	stop := &Stop{Offset: c.choice(spans, f.pos)}
	var path []string
	for _, s := range spans {
		if s.to >= 0 {
			continue
		}
		n := c.nodes[s.id]
		source, refs := written(n, c.fields)
		path = append(path, refs...)
		if s.from == stop.Offset && !n.divisible() { // nothing of it matched: all of it was expected
			stop.Expected, stop.Path = source, path
			break
		}
	}
	if stop.Expected == "" {
		var refs []string
		stop.Expected, refs = c.rest(leaf, spans)
		if len(spans) == 0 || c.nodes[spans[len(spans)-1].id] != leaf { // else they are there already
			path = append(path, refs...)
		}
		stop.Path = path
	}
	return stop, c.pieces(spans)
}

// choice returns where the innermost alternatives begin if none of them got past a whole element, pos if one did: that a
// word of a list begins with the right letter says nothing.
func (c *explainCode) choice(spans []nodeSpan, pos int) int {
	for i, s := range slices.Backward(spans) {
		if s.to < 0 && c.nodes[s.id].op == opAlt {
			for _, inner := range spans[i+1:] {
				if inner.to >= 0 {
					return pos
				}
			}
			return s.from
		}
	}
	return pos
}

// rest returns the source of a leaf, and of what is left of the run that it stands in.
func (c *explainCode) rest(leaf *node, spans []nodeSpan) (string, []string) {
	source, refs := written(leaf, c.fields)
	for _, s := range spans {
		n := c.nodes[s.id]
		if i := slices.Index(n.subs, leaf); s.to < 0 && i >= 0 && isRun(n) {
			if leaf.origin != nil {
				return n.origin.src.text[leaf.origin.from:n.origin.to], refs
			}
			return spell(&node{op: opConcat, subs: n.subs[i:]}, c.fields), refs
		}
	}
	return source, refs
}

// furthest returns the leaf of n at which the attempt ended that got past the longest run of leading elements; of
// alternatives it takes the one that got furthest in the text. It is nil if n never failed.
func (c *explainCode) furthest(n *node, t *tracer) *node {
	if pc, ok := c.leaves[n]; ok {
		if t.fails[pc].pos < 0 {
			return nil
		}
		return n
	}
	var best *node
	if n.op == opConcat {
		for _, s := range slices.Backward(n.subs) {
			if best = c.furthest(s, t); best != nil {
				return best
			}
		}
		return nil
	}
	for _, s := range n.subs {
		if l := c.furthest(s, t); l != nil && (best == nil || t.fails[c.leaves[l]].pos > t.fails[c.leaves[best]].pos) {
			best = l
		}
	}
	return best
}
