// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grok

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
	group    int // opCapture and opBackref: number of the capture, in order of its opening
}

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
