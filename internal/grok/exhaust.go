// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grok

import (
	"unicode/utf8"
)

// Matching a regular pattern without the deterministic automaton, where its table would be too large: every way through
// the nfa in the order of preference, none twice from the same instruction at the same position. Time and memory are in
// proportion to the product of pattern and text, which is bounded. The same match and captures come out as of the automaton.

// maxVisits bounds the product of instructions and positions, in bits of memory.
const maxVisits = 32 << 20

// visitor is one such match.
type visitor struct {
	n       *nfa
	text    string
	visited []uint64
	stack   []visit
}

// visit is an instruction to go on with at pos, or, if inst is negative, a tag to be given back its value pos.
type visit struct{ inst, pos int }

// exhaust finds the leftmost match that begins at start or later, as dfa.run does for one that begins at it. gaveUp: the
// text is too long for the pattern.
func (n *nfa) exhaust(text string, start int, regs []int) (*final, verdict) {
	width := len(text) - start + 1
	if len(n.insts) > maxVisits/width {
		return nil, gaveUp
	}
	v := &visitor{n: n, text: text, visited: make([]uint64, (len(n.insts)*width+63)/64)}
	for at := start; ; {
		for i := range n.tags {
			regs[i] = -1
		}
		if v.from(start, at, width, regs) {
			return n.final(func(tag int) bool { return regs[tag] >= 0 }), matched
		}
		if at == len(text) {
			return nil, noMatch
		}
		_, size := utf8.DecodeRuneInString(text[at:])
		at += size
	}
}

// from follows the ways that begin at at.
func (v *visitor) from(start, at, width int, regs []int) bool {
	v.stack = append(v.stack[:0], visit{int(v.n.start), at})
	for len(v.stack) > 0 {
		e := v.stack[len(v.stack)-1]
		v.stack = v.stack[:len(v.stack)-1]
		if e.inst < 0 {
			regs[^e.inst] = e.pos
			continue
		}
		for pc, pos := e.inst, e.pos; ; {
			bit := pc*width + pos - start
			if v.visited[bit>>6]&(1<<(bit&63)) != 0 {
				break
			}
			v.visited[bit>>6] |= 1 << (bit & 63)
			in := &v.n.insts[pc]
			switch in.op {
			case nfaMatch:
				return true
			case nfaSymbol:
				if pos == len(v.text) {
					pc = -1
					break
				}
				c, size := v.n.symbol(v.text, pos)
				if !v.n.sets[in.arg].has(c) {
					pc = -1
					break
				}
				pc, pos = int(in.next), pos+size
			case nfaSplit:
				v.stack = append(v.stack, visit{int(in.alt), pos})
				pc = int(in.next)
			case nfaTag:
				v.stack = append(v.stack, visit{^int(in.arg), regs[in.arg]})
				regs[in.arg] = pos
				pc = int(in.next)
			case nfaAssert:
				if !holds(op(in.arg), v.text, pos) {
					pc = -1
					break
				}
				pc = int(in.next)
			}
			if pc < 0 {
				break
			}
		}
	}
	return false
}

// final returns what a match has whose tags have values where set says so.
func (n *nfa) final(set func(tag int) bool) *final {
	f := &final{}
	for t := 0; t+1 < n.tags; t += 2 {
		if !set(t) || !set(t+1) {
			continue
		}
		if field := n.fields[t/2]; field != nil {
			f.captures = append(f.captures, finalCapture{field, int32(t)}) //nolint:gosec // bounded by maxTags
		} else {
			f.guards = append(f.guards, int32(t/2)) //nolint:gosec // bounded by maxTags
		}
	}
	return f
}

// symbol returns the symbol at pos and its length in bytes.
func (n *nfa) symbol(text string, pos int) (c, size int) {
	if b := text[pos]; b < utf8.RuneSelf {
		return int(n.ascii[b]), 1
	}
	r, size := utf8.DecodeRuneInString(text[pos:])
	return int(n.wideSymbol(r)), size
}

// holds reports whether an assertion holds at pos.
func holds(o op, text string, pos int) bool {
	switch o {
	case opBeginLine:
		return pos == 0 || text[pos-1] == '\n'
	case opEndLine:
		return pos == len(text) || text[pos] == '\n'
	case opBeginText:
		return pos == 0
	case opEndText:
		return pos == len(text)
	case opWordB, opNotWordB:
		before := pos > 0 && isNameByte(text[pos-1])
		after := pos < len(text) && isNameByte(text[pos])
		return (before != after) == (o == opWordB)
	}
	return false
}
