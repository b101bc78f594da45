// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grok

import (
	"unicode"
	"unicode/utf8"
)

// The engine for what is not regular: a backtracking machine over a program made of the syntax tree. It knows all of the
// dialect, allocates nothing per match, and runs within a budget of steps.
//
// What makes it fast: a repeated class is one instruction (iSpan) that scans a table, choices look at the next byte before
// they are remembered, and a span gives back only as far as to where what follows can begin.

// code is the kind of an instruction.
type code uint8

const (
	iMatch      code = iota
	iByte            // the byte b
	iString          // the bytes of str
	iClass           // one rune of class
	iSpan            // class, min to max times, as many as there are
	iSpanLazy        // class, min or more times, as few as possible
	iSpanAtomic      // as iSpan, nothing given back
	iAlt             // the first branch that leads to a match
	iSave            // slot = position
	iLoopCheck       // on if the position moved since slot was saved, else to alt: a round that consumed nothing is the last
	iBeginLine
	iEndLine
	iBeginText
	iEndText
	iEndTextNL
	iWordB
	iNotWordB
	iLook        // the program at sub matches here (behind: length runes back), or does not
	iAtomicBegin // slot = height of the stack
	iAtomicEnd   // choices made since are final
	iBackref
)

type inst struct {
	op       code
	next     int
	alt      int
	b        byte
	str      string
	class    *class256
	min, max int
	follow   *[256]bool // first bytes of what comes next; nil: anything, also nothing
	branches []branch
	slot     int
	sub      int
	length   int
	negative bool
	behind   bool
}

type branch struct {
	pc    int
	first *[256]bool // nil: anything, also nothing
}

// class256 is a set of runes made for scanning bytes.
type class256 struct {
	ascii [256]bool // for bytes from 0x80 on: true if every rune beyond ASCII is in the set
	wide  set       // runes beyond ASCII, if some but not all are in the set
}

func newClass256(s set) *class256 {
	c := &class256{}
	for b := range utf8.RuneSelf {
		c.ascii[b] = s.contains(rune(b))
	}
	wide := s.intersect(set{utf8.RuneSelf, unicode.MaxRune})
	if len(wide) == 2 && wide[0] == utf8.RuneSelf && wide[1] == unicode.MaxRune {
		for b := utf8.RuneSelf; b < 256; b++ {
			c.ascii[b] = true
		}
		return c
	}
	c.wide = wide
	return c
}

// bytes returns the first bytes of the runes of c.
func (c *class256) bytes() *[256]bool {
	t := c.ascii
	if len(c.wide) > 0 {
		for b := utf8.RuneSelf; b < 256; b++ {
			t[b] = true
		}
	}
	return &t
}

// at returns the size of the rune at pos if it is in the class, else 0. pos must be within text.
func (c *class256) at(text string, pos int) int {
	b := text[pos]
	if b < utf8.RuneSelf {
		if c.ascii[b] {
			return 1
		}
		return 0
	}
	r, size := utf8.DecodeRuneInString(text[pos:])
	if c.ascii[b] || len(c.wide) > 0 && c.wide.contains(r) {
		return size
	}
	return 0
}

// maxProgram bounds the instructions of a program; repetitions of groups are unrolled.
const maxProgram = 30_000

type program struct {
	insts  []inst
	start  int
	slots  int // 2 for each group, then one for each loop and atomic group
	groups []int
}

type assembler struct {
	p       *program
	groupAt map[int]int // group number in the tree to its index
	classes map[string]*class256
	loops   int
	tooBig  bool // or not expressible
}

// newProgram returns nil if the tree holds something the machine has no instruction for.
func newProgram(root *node) *program {
	a := &assembler{p: &program{}, groupAt: map[int]int{}, classes: map[string]*class256{}}
	root.any(func(n *node) bool {
		if n.op == opCapture {
			if _, ok := a.groupAt[n.group]; !ok {
				a.groupAt[n.group] = len(a.p.groups)
				a.p.groups = append(a.p.groups, n.field)
			}
		}
		return false
	})
	a.loops = 2 * len(a.p.groups)
	end := a.add(inst{op: iMatch})
	a.p.start = a.node(root, end)
	if a.tooBig {
		return nil
	}
	a.p.slots = a.loops
	a.p.lookAhead()
	return a.p
}

func (a *assembler) add(i inst) int {
	if len(a.p.insts) >= maxProgram {
		a.tooBig = true
		return 0
	}
	a.p.insts = append(a.p.insts, i)
	return len(a.p.insts) - 1
}

// node assembles n so that it goes on at next, and returns where it begins. Programs are built from the end.
func (a *assembler) node(n *node, next int) int {
	if a.tooBig {
		return 0
	}
	switch n.op {
	case opEmpty:
		return next
	case opClass:
		if b, ok := n.letter(); ok {
			return a.add(inst{op: iByte, b: b, next: next})
		}
		return a.add(inst{op: iClass, class: a.class(n.set), next: next})
	case opConcat:
		return a.concat(n.flat(nil), next)
	case opAlt:
		i := inst{op: iAlt}
		for _, s := range n.subs {
			i.branches = append(i.branches, branch{pc: a.node(s, next)})
		}
		return a.add(i)
	case opRepeat:
		return a.repeat(n, next, false)
	case opCapture:
		g := a.groupAt[n.group]
		end := a.add(inst{op: iSave, slot: 2*g + 1, next: next})
		return a.add(inst{op: iSave, slot: 2 * g, next: a.node(n.subs[0], end)})
	case opAtomic:
		if sub := n.subs[0]; sub.op == opRepeat && !sub.lazy && sub.subs[0].op == opClass {
			return a.repeat(sub, next, true)
		}
		slot := a.loops
		a.loops++
		end := a.add(inst{op: iAtomicEnd, slot: slot, next: next})
		return a.add(inst{op: iAtomicBegin, slot: slot, next: a.node(n.subs[0], end)})
	case opLook:
		i := inst{op: iLook, negative: n.negative, behind: n.behind, next: next}
		if n.behind {
			if i.length = n.subs[0].width(); i.length < 0 {
				a.tooBig = true
				return 0
			}
		}
		i.sub = a.node(n.subs[0], a.add(inst{op: iMatch}))
		return a.add(i)
	case opBackref:
		g, ok := a.groupAt[n.group]
		if !ok {
			a.tooBig = true
			return 0
		}
		return a.add(inst{op: iBackref, slot: 2 * g, next: next})
	}
	return a.add(inst{op: map[op]code{
		opBeginLine: iBeginLine, opEndLine: iEndLine, opBeginText: iBeginText, opEndText: iEndText,
		opEndTextNL: iEndTextNL, opWordB: iWordB, opNotWordB: iNotWordB,
	}[n.op], next: next})
}

// concat assembles elements one after the other. A run of single bytes is one instruction.
func (a *assembler) concat(subs []*node, next int) int {
	for end := len(subs); end > 0; {
		from := end
		for from > 0 {
			if _, ok := subs[from-1].letter(); !ok {
				break
			}
			from--
		}
		if end-from < 2 {
			end--
			next = a.node(subs[end], next)
			continue
		}
		run := make([]byte, 0, end-from)
		for _, s := range subs[from:end] {
			b, _ := s.letter()
			run = append(run, b)
		}
		next = a.add(inst{op: iString, str: string(run), next: next})
		end = from
	}
	return next
}

// class returns the same class for the same set.
func (a *assembler) class(s set) *class256 {
	c, ok := a.classes[string(s)]
	if !ok {
		c = newClass256(s)
		a.classes[string(s)] = c
	}
	return c
}

func (a *assembler) repeat(n *node, next int, atomic bool) int {
	sub := n.subs[0]
	if sub.op == opClass && (!n.lazy || n.max < 0) {
		i := inst{op: iSpan, class: a.class(sub.set), min: n.min, max: n.max, next: next}
		switch {
		case atomic:
			i.op = iSpanAtomic
		case n.lazy:
			i.op = iSpanLazy
		}
		return a.add(i)
	}
	rounds := func(body, exit int) inst {
		i := inst{op: iAlt, branches: []branch{{pc: body}, {pc: exit}}}
		if n.lazy {
			i.branches[0], i.branches[1] = i.branches[1], i.branches[0]
		}
		return i
	}
	if n.max < 0 {
		choice := a.add(inst{op: iAlt})
		begin, end, exit := choice, choice, next
		if sub.nullable() {
			slot := a.loops
			a.loops++
			begin = a.add(inst{op: iSave, slot: slot, next: choice})
			end = a.add(inst{op: iLoopCheck, slot: slot, next: begin, alt: exit})
		}
		body := a.node(sub, end)
		if a.tooBig {
			return 0
		}
		a.p.insts[choice] = rounds(body, exit)
		next = begin
	} else {
		exit := next
		for range n.max - n.min {
			next = a.add(rounds(a.node(sub, next), exit))
			if a.tooBig {
				return 0
			}
		}
	}
	for range n.min {
		next = a.node(sub, next)
		if a.tooBig {
			return 0
		}
	}
	return next
}

// byteSet is a set of bytes; any stands for anything, also for nothing at all.
type byteSet struct {
	bits [4]uint64
	any  bool
}

func (s *byteSet) add(b byte) { s.bits[b>>6] |= 1 << (b & 63) }

func (s *byteSet) union(t *byteSet) {
	for i := range s.bits {
		s.bits[i] |= t.bits[i]
	}
	s.any = s.any || t.any
}

func (s *byteSet) table() *[256]bool {
	if s.any {
		return nil
	}
	t := &[256]bool{}
	for b := range 256 {
		t[b] = s.bits[b>>6]&(1<<(b&63)) != 0
	}
	return t
}

// lookAhead fills in, for every choice and span, the bytes that its ways on can begin with: the least fixed point over
// the program, loops included.
func (p *program) lookAhead() {
	firsts := make([]byteSet, len(p.insts))
	classes := make([]byteSet, len(p.insts))
	for i := range p.insts {
		if c := p.insts[i].class; c != nil {
			for b, in := range c.bytes() {
				if in {
					classes[i].add(byte(b))
				}
			}
		}
	}
	for changed := true; changed; {
		changed = false
		for i := range p.insts {
			in, f := &p.insts[i], byteSet{}
			switch in.op {
			case iMatch, iBackref, iAtomicEnd: // what follows an atomic group has no say in what the group takes
				f.any = true
			case iByte:
				f.add(in.b)
			case iString:
				f.add(in.str[0])
			case iClass:
				f = classes[i]
			case iSpan, iSpanLazy, iSpanAtomic:
				f = classes[i]
				if in.min == 0 {
					f.union(&firsts[in.next])
				}
			case iAlt:
				for _, b := range in.branches {
					f.union(&firsts[b.pc])
				}
			case iLoopCheck:
				f = firsts[in.next]
				f.union(&firsts[in.alt])
			default:
				f = firsts[in.next]
			}
			if f != firsts[i] {
				firsts[i], changed = f, true
			}
		}
	}
	tables := map[byteSet]*[256]bool{}
	table := func(pc int) *[256]bool {
		f := firsts[pc]
		t, ok := tables[f]
		if !ok {
			t = f.table()
			tables[f] = t
		}
		return t
	}
	for i := range p.insts {
		in := &p.insts[i]
		switch in.op {
		case iSpan, iSpanLazy, iSpanAtomic:
			in.follow = table(in.next)
		case iAlt:
			for j := range in.branches {
				in.branches[j].first = table(in.branches[j].pc)
			}
		}
	}
}
