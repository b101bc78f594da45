// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grok

import (
	"strings"
	"unicode/utf8"
)

// verdict is how a run ended.
type verdict uint8

const (
	noMatch verdict = iota
	matched
	gaveUp // the budget is spent: nothing is known
	lost   // as gaveUp, but another try may do
)

// maxStack bounds the stack of a machine in entries.
const maxStack = 1 << 20

// entry is something to come back to: another way (pc at pos), or a slot to restore (pc < 0: slot ^pc, pos its value).
type entry struct {
	pc, pos int
	aux     int // iSpan: the least position; iAlt: the next branch; iSpanLazy: -
}

// machine runs a program on a text. It is used again for the next.
type machine struct {
	p     *program
	from  *starts
	text  string
	slots []int
	stack []entry
	steps int // left
	most  int
}

func newMachine(p *program, from *starts, maxSteps int) *machine {
	return &machine{p: p, from: from, slots: make([]int, p.slots), most: maxSteps}
}

// match finds the leftmost match. On matched, m.slots[2*g] and m.slots[2*g+1] are the bounds of group g, -1 if it took no part.
func (m *machine) match(text string) verdict {
	m.text, m.steps = text, m.most
	for at, ok := m.from.next(text, 0); ok; at, ok = m.from.next(text, at+runeLen(text, at)) {
		if v := m.begin(at); v != noMatch {
			return v
		}
		if at == len(text) {
			break
		}
	}
	return noMatch
}

// matchAt is match for matches that begin at the position at.
func (m *machine) matchAt(text string, at int) verdict {
	m.text, m.steps = text, m.most
	return m.begin(at)
}

func (m *machine) begin(at int) verdict {
	for i := range m.slots {
		m.slots[i] = -1
	}
	m.stack = m.stack[:0]
	return m.run(m.p.start, at)
}

// run follows the program from pc at pos until it matches or every way is tried. Entries below the height at which it
// was called are not touched.
func (m *machine) run(pc, pos int) verdict {
	text, base := m.text, len(m.stack)
	for {
		if m.steps--; m.steps < 0 || len(m.stack) > maxStack {
			return gaveUp
		}
		in := &m.p.insts[pc]
		ok := false
		switch in.op {
		case iMatch:
			return matched
		case iByte:
			if ok = pos < len(text) && text[pos] == in.b; ok {
				pos++
			}
		case iString:
			if ok = strings.HasPrefix(text[pos:], in.str); ok {
				pos += len(in.str)
			}
		case iClass:
			if pos < len(text) {
				size := in.class.at(text, pos)
				pos += size
				ok = size > 0
			}
		case iSpan, iSpanAtomic:
			pos, ok = m.span(in, pc, pos)
		case iSpanLazy:
			if pos, ok = m.atLeast(in, pos); ok {
				pos, ok = m.lazy(in, pc, pos)
			}
		case iAlt:
			if pc, ok = m.choose(in, pc, pos, 0); ok {
				continue
			}
		case iSave:
			m.save(in.slot, pos)
			ok = true
		case iLoopCheck:
			if m.slots[in.slot] == pos {
				pc = in.alt
				continue
			}
			ok = true
		case iLook:
			v := m.look(in, pos)
			if v == gaveUp {
				return gaveUp
			}
			ok = (v == matched) != in.negative
		case iAtomicBegin:
			m.save(in.slot, len(m.stack)+1) // above the entry that this leaves
			ok = true
		case iAtomicEnd:
			m.commit(m.slots[in.slot])
			ok = true
		case iBackref:
			from, to := m.slots[in.slot], m.slots[in.slot+1]
			if ok = from >= 0 && to >= from && strings.HasPrefix(text[pos:], text[from:to]); ok {
				pos += to - from
			}
		default:
			ok = m.assert(in.op, pos)
		}
		if ok {
			pc = in.next
			continue
		}
		if pc, pos, ok = m.back(base); !ok {
			return noMatch
		}
	}
}

func (m *machine) save(slot, value int) {
	m.stack = append(m.stack, entry{pc: ^slot, pos: m.slots[slot]})
	m.slots[slot] = value
}

// back takes up the newest other way above base.
func (m *machine) back(base int) (pc, pos int, ok bool) {
	for len(m.stack) > base {
		m.steps--
		e := m.stack[len(m.stack)-1]
		m.stack = m.stack[:len(m.stack)-1]
		if e.pc < 0 {
			m.slots[^e.pc] = e.pos
			continue
		}
		in := &m.p.insts[e.pc]
		switch in.op {
		case iAlt:
			if pc, ok := m.choose(in, e.pc, e.pos, e.aux); ok {
				return pc, e.pos, true
			}
		case iSpan:
			if pos, ok := m.retreat(in, e.pc, e.pos, e.aux); ok {
				return in.next, pos, true
			}
		case iSpanLazy:
			if e.pos < len(m.text) {
				if size := in.class.at(m.text, e.pos); size > 0 {
					if pos, ok := m.lazy(in, e.pc, e.pos+size); ok {
						return in.next, pos, true
					}
				}
			}
		}
	}
	return 0, 0, false
}

// commit forgets the other ways above height, but keeps what has to be restored when an older one is taken.
func (m *machine) commit(height int) {
	kept := m.stack[:height]
	for _, e := range m.stack[height:] {
		if e.pc < 0 {
			kept = append(kept, e)
		}
	}
	m.stack = kept
}

// choose returns the first branch from the given one on that can begin at pos, and remembers the rest.
func (m *machine) choose(in *inst, pc, pos, from int) (int, bool) {
	can := func(i int) bool {
		f := in.branches[i].first
		return f == nil || pos < len(m.text) && f[m.text[pos]]
	}
	for i := from; i < len(in.branches); i++ {
		if !can(i) {
			continue
		}
		for j := i + 1; j < len(in.branches); j++ {
			if can(j) {
				m.stack = append(m.stack, entry{pc: pc, pos: pos, aux: j})
				break
			}
		}
		return in.branches[i].pc, true
	}
	return 0, false
}

// atLeast takes the runes that a span must have.
func (m *machine) atLeast(in *inst, pos int) (int, bool) {
	for range in.min {
		if pos == len(m.text) {
			return pos, false
		}
		size := in.class.at(m.text, pos)
		if size == 0 {
			return pos, false
		}
		pos += size
	}
	return pos, true
}

// span takes as many runes as there are, and leaves an entry if fewer could do.
func (m *machine) span(in *inst, pc, pos int) (int, bool) {
	least, ok := m.atLeast(in, pos)
	if !ok {
		return pos, false
	}
	text, end := m.text, least
	if in.max < 0 {
		table := &in.class.ascii
		for {
			for end < len(text) && table[text[end]] {
				end++
			}
			if end == len(text) || len(in.class.wide) == 0 || text[end] < utf8.RuneSelf {
				break
			}
			size := in.class.at(text, end)
			if size == 0 {
				break
			}
			end += size
		}
		m.steps -= (end - least) >> 4
	} else {
		for n := in.min; n < in.max && end < len(text); n++ {
			size := in.class.at(text, end)
			if size == 0 {
				break
			}
			end += size
		}
	}
	if in.op == iSpanAtomic {
		return end, true
	}
	if f := in.follow; f == nil || end < len(text) && f[text[end]] {
		if end > least {
			m.stack = append(m.stack, entry{pc: pc, pos: end, aux: least})
		}
		return end, true
	}
	return m.retreat(in, pc, end, least)
}

// retreat gives back runes of a span that ends at pos until what follows can begin, but not below least.
func (m *machine) retreat(in *inst, pc, pos, least int) (int, bool) {
	text, f := m.text, in.follow
	for at := pos; at > least; {
		at--
		if text[at] >= utf8.RuneSelf {
			_, size := utf8.DecodeLastRuneInString(text[least : at+1])
			at -= size - 1
		}
		if f != nil && !f[text[at]] {
			continue
		}
		m.steps -= (pos - at) >> 4
		if at > least {
			m.stack = append(m.stack, entry{pc: pc, pos: at, aux: least})
		}
		return at, true
	}
	m.steps -= (pos - least) >> 4
	return pos, false
}

// lazy goes on from pos to the first place where what follows can begin, and leaves an entry to go on from there.
func (m *machine) lazy(in *inst, pc, pos int) (int, bool) {
	text, f, start := m.text, in.follow, pos
	if f != nil {
		for {
			if pos == len(text) {
				m.steps -= (pos - start) >> 4
				return pos, false
			}
			if f[text[pos]] {
				break
			}
			size := in.class.at(text, pos)
			if size == 0 {
				m.steps -= (pos - start) >> 4
				return pos, false
			}
			pos += size
		}
		m.steps -= (pos - start) >> 4
	}
	m.stack = append(m.stack, entry{pc: pc, pos: pos})
	return pos, true
}

func (m *machine) look(in *inst, pos int) verdict {
	from := pos
	if in.behind {
		for range in.length {
			_, size := utf8.DecodeLastRuneInString(m.text[:from])
			if size == 0 {
				return noMatch
			}
			from -= size
		}
	}
	height := len(m.stack)
	v := m.run(in.sub, from)
	if v != matched {
		return v
	}
	if in.negative { // whatever it captured is undone
		for len(m.stack) > height {
			if e := m.stack[len(m.stack)-1]; e.pc < 0 {
				m.slots[^e.pc] = e.pos
			}
			m.stack = m.stack[:len(m.stack)-1]
		}
		return v
	}
	m.commit(height)
	return v
}

func (m *machine) assert(op code, pos int) bool {
	text := m.text
	switch op {
	case iBeginLine:
		return pos == 0 || text[pos-1] == '\n'
	case iEndLine:
		return pos == len(text) || text[pos] == '\n'
	case iBeginText:
		return pos == 0
	case iEndText:
		return pos == len(text)
	case iEndTextNL:
		return pos == len(text) || pos == len(text)-1 && text[pos] == '\n'
	case iWordB, iNotWordB:
		before := pos > 0 && isNameByte(text[pos-1])
		after := pos < len(text) && isNameByte(text[pos])
		return (before != after) == (op == iWordB)
	}
	return false
}
