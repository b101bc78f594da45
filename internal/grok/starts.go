// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grok

import "strings"

// starts knows where in a text a match can begin.
type starts struct {
	first *[256]bool // bytes that a match can begin with; nil: any, also nothing
	at    op         // opBeginText, opBeginLine, or opEmpty for anywhere
	fixed bool       // at is written in the pattern: (?m:^) or \A, not .*, which may begin anywhere but need not
}

func newStarts(root *node) *starts {
	s := &starts{at: root.begins(false)}
	s.fixed = s.at != opEmpty
	if !s.fixed && !root.any(func(n *node) bool { return n.op == opBackref }) { // which can ask for a shorter .*
		s.at = root.begins(true)
	}
	if !root.nullable() {
		s.first = newClass256(root.edge(false)).bytes()
	}
	return s
}

// begins returns the anchor that every match of n begins at, opEmpty if there is none. With anything, .* is an anchor too:
// what matches further on matches from the beginning of the text.
func (n *node) begins(anything bool) op {
	switch n.op {
	case opBeginText, opBeginLine:
		return n.op
	case opConcat:
		for _, s := range n.subs {
			if at := s.begins(anything); at != opEmpty || s.op != opEmpty {
				return at
			}
		}
	case opCapture:
		return n.subs[0].begins(anything)
	case opAtomic: // what .* took in it is final, so that a match may have to begin further on
		return n.subs[0].begins(false)
	case opRepeat:
		switch sub := n.subs[0]; {
		case anything && n.min == 0 && n.max < 0 && sub.op == opClass && setAll.subset(sub.set):
			return opBeginText
		case n.min > 0:
			return sub.begins(anything)
		}
	case opAlt:
		at := n.subs[0].begins(anything)
		for _, s := range n.subs[1:] {
			if s.begins(anything) != at {
				return opEmpty
			}
		}
		return at
	}
	return opEmpty
}

// next returns the first position from at on where a match can begin. Positions between runes only are asked for.
func (s *starts) next(text string, at int) (int, bool) {
	switch s.at {
	case opBeginText:
		return at, at == 0 && s.fits(text, 0)
	case opBeginLine:
		for {
			if at > 0 && text[at-1] != '\n' {
				i := strings.IndexByte(text[at:], '\n')
				if i < 0 {
					return 0, false
				}
				at += i + 1
			}
			if s.fits(text, at) {
				return at, true
			}
			if at++; at > len(text) {
				return 0, false
			}
		}
	}
	for ; at < len(text); at++ {
		if s.fits(text, at) {
			return at, true
		}
	}
	return at, s.first == nil
}

// fits reports whether a match can begin with what stands at the position at.
func (s *starts) fits(text string, at int) bool {
	return s.first == nil || at < len(text) && s.first[text[at]]
}
