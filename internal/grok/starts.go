// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grok

import "strings"

// starts knows where in a text a match can begin.
type starts struct {
	first *[256]bool // bytes that a match can begin with; nil: any, also nothing
	at    op         // opBeginText, opBeginLine, or opEmpty for anywhere
}

func newStarts(root *node) *starts {
	s := &starts{at: root.begins()}
	if !root.nullable() {
		s.first = newClass256(root.edge(false)).bytes()
	}
	return s
}

// begins returns the anchor that every match of n begins at, opEmpty if there is none.
func (n *node) begins() op {
	switch n.op {
	case opBeginText, opBeginLine:
		return n.op
	case opConcat:
		for _, s := range n.subs {
			if at := s.begins(); at != opEmpty || s.op != opEmpty {
				return at
			}
		}
	case opCapture, opAtomic:
		return n.subs[0].begins()
	case opRepeat:
		if n.min > 0 {
			return n.subs[0].begins()
		}
	case opAlt:
		at := n.subs[0].begins()
		for _, s := range n.subs[1:] {
			if s.begins() != at {
				return opEmpty
			}
		}
		return at
	}
	return opEmpty
}

// next returns the first position from at on where a match can begin. Positions between runes only are asked for.
func (s *starts) next(text string, at int) (int, bool) {
	first := s.first
	if s.at == opBeginText {
		return at, at == 0 && (first == nil || text != "" && first[text[0]])
	}
	for at <= len(text) {
		if first != nil {
			for at < len(text) && !first[text[at]] {
				at++
			}
			if at == len(text) {
				return 0, false
			}
		}
		if s.at != opBeginLine || at == 0 || text[at-1] == '\n' {
			return at, true
		}
		i := strings.IndexByte(text[at:], '\n')
		if i < 0 {
			return 0, false
		}
		at += i + 1
	}
	return 0, false
}
