// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grok

import (
	"slices"
	"unicode/utf8"
)

// op is the kind of a node.
type op uint8

const (
	opEmpty     op = iota // matches nothing, always
	opClass               // one rune of set
	opBeginLine           // ^
	opEndLine             // $
	opBeginText           // \A
	opEndText             // \z
	opEndTextNL           // \Z: the end, or before a last line break
	opWordB               // \b
	opNotWordB            // \B
	opConcat              // subs one after the other
	opAlt                 // the first of subs that leads to a match
	opRepeat              // subs[0], min to max times (max -1: no bound)
	opCapture             // subs[0], kept as field
	opLook                // subs[0] ahead or behind, not consumed
	opAtomic              // subs[0], never given back
	opBackref             // the text of group
)

// node is a piece of a pattern, all references resolved.
type node struct {
	op       op
	set      set
	subs     []*node
	min, max int
	lazy     bool
	behind   bool
	negative bool
	field    int // opCapture: index of the field, -1 for a group that only a back-reference needs
	group    int // opCapture and opBackref: number of the capture, in order of its opening; a called group (\g) has it twice

	origin *origin // where it was written; nil unless the builder was asked to remember
}

// source is a text that a part of a pattern is written in.
type source struct {
	name string // of the definition, empty for the expression itself
	text string
}

// origin is the place a node was written at: bytes from to to of src. A node has several where a reference or a group
// holds nothing but it: the outermost is first.
type origin struct {
	src      *source
	from, to int
	ref      string // the definition that a reference names, empty for anything else
	inner    *origin
}

// text returns the piece of pattern as it was written.
func (o *origin) text() string { return o.src.text[o.from:o.to] }

func concat(subs []*node) *node {
	switch len(subs) {
	case 0:
		return &node{op: opEmpty}
	case 1:
		return subs[0]
	}
	return &node{op: opConcat, subs: subs}
}

func class(s set) *node { return &node{op: opClass, set: s} }

// letter returns the byte of a class that holds nothing but one rune of ASCII.
func (n *node) letter() (byte, bool) {
	if n.op == opClass && len(n.set) == 2 && n.set[0] == n.set[1] && n.set[0] < utf8.RuneSelf {
		return byte(n.set[0]), true
	}
	return 0, false
}

// single returns the set of a node that matches exactly one rune.
func (n *node) single() (set, bool) {
	switch n.op {
	case opClass:
		return n.set, true
	case opAlt:
		var out set
		for _, s := range n.subs {
			one, ok := s.single()
			if !ok {
				return nil, false
			}
			out = out.union(one)
		}
		return out, true
	case opCapture:
		if n.field < 0 {
			return n.subs[0].single()
		}
	}
	return nil, false
}

// flat appends the elements of a concatenation, and of those within it, to dst.
func (n *node) flat(dst []*node) []*node {
	if n.op != opConcat {
		return append(dst, n)
	}
	for _, s := range n.subs {
		dst = s.flat(dst)
	}
	return dst
}

// nullable reports whether n can match without consuming anything (assertions can).
func (n *node) nullable() bool {
	switch n.op {
	case opClass:
		return false
	case opConcat:
		for _, s := range n.subs {
			if !s.nullable() {
				return false
			}
		}
		return true
	case opAlt:
		for _, s := range n.subs {
			if s.nullable() {
				return true
			}
		}
		return false
	case opRepeat:
		return n.min == 0 || n.subs[0].nullable()
	case opCapture, opAtomic:
		return n.subs[0].nullable()
	}
	return true
}

// repeatsEmpty reports whether n repeats without bound what can be empty, so that it matters what such a round is worth: to
// Go's regexp only the first may consume nothing, to Oniguruma one that does is the last. Where a round is empty only if it
// cannot be otherwise, and captures nothing, both come to the same.
func (n *node) repeatsEmpty() bool {
	if n.op != opRepeat || n.max >= 0 || !n.subs[0].nullable() {
		return false
	}
	return !n.subs[0].emptyAtLast() || n.subs[0].any(func(n *node) bool { return n.op == opCapture && n.field >= 0 })
}

// emptyAtLast reports whether n, which can be empty, is so only where nothing else will do.
func (n *node) emptyAtLast() bool {
	if !n.nullable() {
		return true
	}
	switch n.op {
	case opConcat:
		return !slices.ContainsFunc(n.subs, func(s *node) bool { return !s.emptyAtLast() })
	case opAlt:
		last := len(n.subs) - 1
		return !slices.ContainsFunc(n.subs[:last], (*node).nullable) && n.subs[last].emptyAtLast()
	case opRepeat:
		return !n.lazy && n.subs[0].emptyAtLast()
	case opCapture:
		return n.subs[0].emptyAtLast()
	}
	return false
}

// edge returns every rune that a match of n can begin with (end: end with). Assertions count as empty, so it may be too large, never too small.
func (n *node) edge(end bool) set {
	switch n.op {
	case opClass:
		return n.set
	case opConcat:
		var out set
		for i := range n.subs {
			s := n.subs[i]
			if end {
				s = n.subs[len(n.subs)-1-i]
			}
			out = out.union(s.edge(end))
			if !s.nullable() {
				break
			}
		}
		return out
	case opAlt:
		var out set
		for _, s := range n.subs {
			out = out.union(s.edge(end))
		}
		return out
	case opRepeat:
		if n.max == 0 {
			return nil
		}
		return n.subs[0].edge(end)
	case opCapture, opAtomic:
		return n.subs[0].edge(end)
	case opBackref:
		return setAll
	}
	return nil
}

// alphabet returns every rune that can occur in a match of n.
func (n *node) alphabet() set {
	switch n.op {
	case opClass:
		return n.set
	case opBackref:
		return setAll
	case opLook:
		return nil
	}
	var out set
	for _, s := range n.subs {
		out = out.union(s.alphabet())
	}
	return out
}

// isAssertion reports whether n looks at what is around it and consumes nothing.
func (n *node) isAssertion() bool {
	switch n.op {
	case opEmpty, opBeginLine, opEndLine, opBeginText, opEndText, opEndTextNL, opWordB, opNotWordB, opLook:
		return true
	}
	return false
}

// width returns the number of runes that every match of n has, -1 if they differ. Assertions have none.
func (n *node) width() int {
	switch n.op {
	case opClass:
		return 1
	case opConcat:
		sum := 0
		for _, s := range n.subs {
			w := s.width()
			if w < 0 {
				return -1
			}
			sum += w
		}
		return sum
	case opAlt:
		w := n.subs[0].width()
		for _, s := range n.subs[1:] {
			if s.width() != w {
				return -1
			}
		}
		return w
	case opRepeat:
		if w := n.subs[0].width(); w == 0 || w > 0 && n.min == n.max {
			return w * n.min
		}
		return -1
	case opCapture, opAtomic:
		return n.subs[0].width()
	case opBackref:
		return -1
	}
	return 0
}

// expanded returns how many elements n has with its repetitions written out, at most limit+1.
func (n *node) expanded(limit int) int {
	sum := 1
	for _, s := range n.subs {
		if sum += s.expanded(limit); sum > limit {
			return limit + 1
		}
	}
	if n.op == opRepeat {
		sum = min(sum-1, limit+1) * max(n.min, n.max, 1)
	}
	return min(sum, limit+1)
}

// count returns the number of nodes.
func (n *node) count() int {
	sum := 1
	for _, s := range n.subs {
		sum += s.count()
	}
	return sum
}

// any reports whether f holds for n or a node below it.
func (n *node) any(f func(*node) bool) bool {
	if f(n) {
		return true
	}
	for _, s := range n.subs {
		if s.any(f) {
			return true
		}
	}
	return false
}
