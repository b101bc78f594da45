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
//
// Every instruction and every other way that is taken up costs a step. What looks at more than a few things costs more,
// so that a million steps take some 50 ms at most: each 16 bytes of a scan, each 2 runes of it beyond ASCII, each 64 bytes
// that are compared, each 8 bytes looked back, branches or entries of the stack that are gone through. It is paid afterwards: the budget may
// be overdrawn by one scan of the text.
type machine struct {
	p     *program
	from  *starts
	text  string
	slots []int
	stack []entry
	steps int // left
	most  int
}

// stepsPerByte times the length of a text is the least budget: enough for what is linear.
const stepsPerByte = 4

func newMachine(p *program, from *starts, maxSteps int) *machine {
	return &machine{p: p, from: from, slots: make([]int, p.slots), most: maxSteps}
}

// match finds the leftmost match from a place on. On matched, m.slots[2*g] and m.slots[2*g+1] are the bounds of group g, -1 if it took no part.
func (m *machine) match(text string, from int) verdict {
	m.reset(text)
	for at, ok := m.from.next(text, from); ok; at, ok = m.from.next(text, at+runeLen(text, at)) {
		if v := m.run(m.p.start, at); v != noMatch {
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
	m.reset(text)
	return m.run(m.p.start, at)
}

// reset makes m ready for a text. A run that finds no match leaves it as ready as it was.
func (m *machine) reset(text string) {
	m.text, m.steps = text, max(m.most, stepsPerByte*len(text))
	for i := range m.slots {
		m.slots[i] = -1
	}
	m.stack = m.stack[:0]
}

// scanned pays for a scan of so many bytes, with so many runes beyond ASCII.
func (m *machine) scanned(bytes, wide int) { m.steps -= (bytes + 8*wide) >> 4 }

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
			m.steps -= len(in.str) >> 6
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
			pos, ok = m.backref(in, pos)
		default:
			ok = m.assert(in.op, pos)
		}
		if ok {
			pc = in.next
			continue
		}
		if pc, pos, ok = m.back(base); !ok {
			if m.steps < 0 {
				return gaveUp
			}
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
	for len(m.stack) > base && m.steps >= 0 {
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
	m.steps -= (len(m.stack) - height) >> 3
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
	i := from
	for i < len(in.branches) && !can(i) {
		i++
	}
	j := i + 1
	for j < len(in.branches) && !can(j) {
		j++
	}
	m.steps -= (j - from) >> 3
	if i >= len(in.branches) {
		return 0, false
	}
	if j < len(in.branches) {
		m.stack = append(m.stack, entry{pc: pc, pos: pos, aux: j})
	}
	return in.branches[i].pc, true
}

// backref takes what its group took last.
func (m *machine) backref(in *inst, pos int) (int, bool) {
	from, to := m.slots[in.slot], m.slots[in.slot+1]
	if from < 0 || to < from || to-from > len(m.text)-pos {
		return pos, false
	}
	m.steps -= (to - from) >> 6
	return pos + to - from, m.text[pos:pos+to-from] == m.text[from:to]
}

// take takes up to most runes of a class from pos on, and returns where they end and how many they are.
func (m *machine) take(c *class256, pos, most int) (end, n int) {
	text, wide := m.text, 0
	for end = pos; n < most && end < len(text); n++ {
		if b := text[end]; b < utf8.RuneSelf {
			if !c.ascii[b] {
				break
			}
			end++
			continue
		}
		wide++
		size := c.at(text, end)
		if size == 0 {
			break
		}
		end += size
	}
	m.scanned(end-pos, wide)
	return end, n
}

// atLeast takes the runes that a span must have.
func (m *machine) atLeast(in *inst, pos int) (int, bool) {
	if in.min == 0 {
		return pos, true
	}
	end, n := m.take(in.class, pos, in.min)
	return end, n == in.min
}

// span takes as many runes as there are, and leaves an entry if fewer could do.
func (m *machine) span(in *inst, pc, pos int) (int, bool) {
	least, ok := m.atLeast(in, pos)
	if !ok {
		return pos, false
	}
	text, end, wide := m.text, least, 0
	if in.max < 0 {
		table := &in.class.ascii
		for {
			for end < len(text) && table[text[end]] {
				end++
			}
			if end == len(text) || len(in.class.wide) == 0 || text[end] < utf8.RuneSelf {
				break
			}
			wide++
			size := in.class.at(text, end)
			if size == 0 {
				break
			}
			end += size
		}
		m.scanned(end-least, wide)
	} else {
		end, _ = m.take(in.class, least, in.max-in.min)
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
	text, f, wide := m.text, in.follow, 0
	for at := pos; at > least; {
		at--
		if text[at] >= utf8.RuneSelf {
			wide++
			_, size := utf8.DecodeLastRuneInString(text[least : at+1])
			at -= size - 1
		}
		if f != nil && !f[text[at]] {
			continue
		}
		m.scanned(pos-at, wide)
		if at > least {
			m.stack = append(m.stack, entry{pc: pc, pos: at, aux: least})
		}
		return at, true
	}
	m.scanned(pos-least, wide)
	return pos, false
}

// lazy goes on from pos to the first place where what follows can begin, and leaves an entry to go on from there.
func (m *machine) lazy(in *inst, pc, pos int) (int, bool) {
	if text, f, start, wide := m.text, in.follow, pos, 0; f != nil {
		for pos < len(text) && !f[text[pos]] {
			if text[pos] >= utf8.RuneSelf {
				wide++
			}
			size := in.class.at(text, pos)
			if size == 0 {
				m.scanned(pos-start, wide)
				return pos, false
			}
			pos += size
		}
		m.scanned(pos-start, wide)
		if pos == len(text) {
			return pos, false
		}
	}
	m.stack = append(m.stack, entry{pc: pc, pos: pos})
	return pos, true
}

func (m *machine) look(in *inst, pos int) verdict {
	from := pos
	if in.behind {
		runes := in.length
		for runes > 0 {
			_, size := utf8.DecodeLastRuneInString(m.text[:from])
			if size == 0 {
				break
			}
			from -= size
			runes--
		}
		if m.steps -= (pos - from) >> 3; runes > 0 {
			return noMatch
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
