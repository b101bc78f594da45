// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grok

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// tracer runs the code of an explanation on a text.
type tracer struct {
	code  *explainCode
	text  string
	steps int
	trail []trailEntry // what was entered and left, a tree of which each attempt is a path to the root
	fails []failure    // by instruction
	seen  []uint64     // bits: instruction × position, for the attempts outside of atomic groups
	quiet int          // within a look-around: its failures are not the pattern's
}

// failure is the furthest place at which a leaf did not match.
type failure struct {
	pos   int // -1: none
	trail int
}

// trailEntry is one step of the way.
type trailEntry struct {
	before int // the entry before, -1 for none
	pc     int
	pos    int
}

// way is somewhere to go on.
type way struct {
	pc, pos, trail int
	least          int // xSpan: the end may come down to here; for others -1
}

const maxSeenBits = 1 << 27

func (t *tracer) gaveUp() bool { return t.steps > maxExplainSteps }

// search returns the trail of the leftmost match, -1 if there is none.
func (t *tracer) search() int {
	t.fails = make([]failure, len(t.code.insts))
	for i := range t.fails {
		t.fails[i].pos = -1
	}
	if bits := len(t.code.insts) * (len(t.text) + 1); bits <= maxSeenBits && !t.code.backrefs {
		t.seen = make([]uint64, bits/64+1)
	}
	var elsewhere map[[2]int]bool
	if t.seen == nil {
		elsewhere = map[[2]int]bool{}
	}
	t.trail = append(t.trail, trailEntry{before: -1, pc: -1})
	for at := 0; ; {
		_, trail, ok := t.run(t.code.start, at, 0, elsewhere)
		if ok {
			return trail
		}
		if at >= len(t.text) || t.gaveUp() {
			return -1
		}
		_, size := utf8.DecodeRuneInString(t.text[at:])
		at += size
	}
}

// tried reports whether pc was tried at pos before; in seen if it is given, else in the tracer's bits. What depends on
// captures is always tried again.
func (t *tracer) tried(pc, pos int, seen map[[2]int]bool) bool {
	switch {
	case t.code.backrefs:
		return false
	case seen != nil:
		if seen[[2]int{pc, pos}] {
			return true
		}
		seen[[2]int{pc, pos}] = true
		return false
	}
	bit := pc*(len(t.text)+1) + pos
	if t.seen[bit/64]&(1<<(bit%64)) != 0 {
		return true
	}
	t.seen[bit/64] |= 1 << (bit % 64)
	return false
}

// run follows the code from pc at pos and returns where the match ends, and its trail.
func (t *tracer) run(pc, pos, trail int, seen map[[2]int]bool) (end, last int, ok bool) {
	stack := []way{{pc, pos, trail, -1}}
	for len(stack) > 0 {
		w := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if w.least >= 0 { // a span gives one back, or a lazy one takes one more
			if w, stack, ok = t.giveSpan(w, stack); !ok {
				continue
			}
		}
		for more := true; more; {
			if t.steps++; t.gaveUp() {
				return 0, 0, false
			}
			in := &t.code.insts[w.pc]
			if in.op == xMatch {
				return w.pos, w.trail, true
			}
			if t.tried(w.pc, w.pos, seen) {
				break
			}
			switch in.op {
			case xClass:
				r, size := utf8.DecodeRuneInString(t.text[w.pos:])
				if more = size > 0 && in.n.set.contains(r); more {
					w.pos += size
				}
			case xSpan:
				w, stack, more = t.takeSpan(w, stack)
				continue
			case xSplit:
				for _, alt := range slices.Backward(in.ways[1:]) {
					stack = append(stack, way{alt, w.pos, w.trail, -1})
				}
				w.pc = in.ways[0]
				continue
			case xBegin, xEnd, xRound:
				t.trail = append(t.trail, trailEntry{w.trail, w.pc, w.pos})
				w.trail = len(t.trail) - 1
			case xRounds:
				if t.roundBegan(in.id, w.trail) == w.pos {
					w.pc = in.ways[0]
					continue
				}
			case xAtomic:
				w.pos, w.trail, more = t.run(in.ways[0], w.pos, w.trail, map[[2]int]bool{})
			case xLook:
				more = t.look(in, &w)
			case xBackref:
				more = t.backref(in, &w)
			default:
				more = t.holds(in.n.op, w.pos)
			}
			if !more {
				t.failed(w.pc, w.pos, w.trail)
				break
			}
			w.pc = in.next
		}
	}
	return 0, 0, false
}

// failed notes that a leaf did not match at pos.
func (t *tracer) failed(pc, pos, trail int) {
	in := &t.code.insts[pc]
	if t.quiet > 0 || in.op == xAtomic {
		return
	}
	if pc = t.code.leaves[in.n]; pos > t.fails[pc].pos {
		t.fails[pc] = failure{pos, trail}
	}
}

// takeSpan takes the first number of runes that a span prefers, and leaves a way to come back for another.
func (t *tracer) takeSpan(w way, stack []way) (way, []way, bool) {
	in := &t.code.insts[w.pc]
	set, lazy := in.n.subs[0].set, in.n.lazy
	end, least, n := w.pos, -1, 0
	if in.min == 0 {
		least = w.pos
	}
	for (in.max < 0 || n < in.max) && (!lazy || n < in.min) {
		r, size := utf8.DecodeRuneInString(t.text[end:])
		if size == 0 || !set.contains(r) {
			break
		}
		end += size
		if n++; n == in.min {
			least = end
		}
	}
	t.steps += n / 16
	if n < in.min {
		t.failed(w.pc, end, w.trail)
		return w, stack, false
	}
	if lazy && (in.max < 0 || in.max > in.min) || !lazy && end > least {
		stack = append(stack, way{w.pc, end, w.trail, least})
	}
	w.pc, w.pos = in.next, end
	return w, stack, true
}

// giveSpan comes back to a span that ended at w.pos for another length.
func (t *tracer) giveSpan(w way, stack []way) (way, []way, bool) {
	in := &t.code.insts[w.pc]
	if in.n.lazy {
		r, size := utf8.DecodeRuneInString(t.text[w.pos:])
		if size == 0 || !in.n.subs[0].set.contains(r) ||
			in.max >= 0 && utf8.RuneCountInString(t.text[w.least:w.pos]) >= in.max-in.min {
			return w, stack, false
		}
		w.pos += size
		stack = append(stack, w)
	} else {
		_, size := utf8.DecodeLastRuneInString(t.text[w.least:w.pos])
		if w.pos -= size; w.pos > w.least {
			stack = append(stack, w)
		}
	}
	t.steps++
	w.pc, w.least = in.next, -1
	return w, stack, true
}

// look runs a look-around, for its outcome alone.
func (t *tracer) look(in *explainInst, w *way) bool {
	from := w.pos
	if in.n.behind {
		for range in.width {
			_, size := utf8.DecodeLastRuneInString(t.text[:from])
			if size == 0 {
				return in.n.negative
			}
			from -= size
		}
	}
	t.quiet++
	_, trail, ok := t.run(in.ways[0], from, w.trail, map[[2]int]bool{})
	t.quiet--
	if ok && !in.n.negative {
		w.trail = trail
	}
	return ok != in.n.negative
}

// backref matches what its group matched last.
func (t *tracer) backref(in *explainInst, w *way) bool {
	end, depth := -1, 0
	for at := w.trail; at > 0; at = t.trail[at].before {
		t.steps++
		e := t.trail[at]
		i := &t.code.insts[e.pc]
		if i.op != xBegin && i.op != xEnd || i.n.op != opCapture || i.n.group != in.n.group {
			continue
		}
		if i.op == xEnd {
			if depth++; end < 0 {
				end = e.pos
			}
			continue
		}
		if end < 0 { // within the group itself
			continue
		}
		if depth--; depth == 0 {
			if s := t.text[e.pos:end]; strings.HasPrefix(t.text[w.pos:], s) {
				w.pos += len(s)
				return true
			}
			return false
		}
	}
	return false
}

func (t *tracer) roundBegan(id, trail int) int {
	for at := trail; at > 0; at = t.trail[at].before {
		t.steps++
		if e := t.trail[at]; t.code.insts[e.pc].op == xRound && t.code.insts[e.pc].id == id {
			return e.pos
		}
	}
	return -1
}

func (t *tracer) holds(o op, pos int) bool {
	switch o {
	case opBeginLine:
		return pos == 0 || t.text[pos-1] == '\n'
	case opEndLine:
		return pos == len(t.text) || t.text[pos] == '\n'
	case opBeginText:
		return pos == 0
	case opEndText:
		return pos == len(t.text)
	case opEndTextNL:
		return pos == len(t.text) || pos == len(t.text)-1 && t.text[pos] == '\n'
	case opWordB, opNotWordB:
		before := pos > 0 && isNameByte(t.text[pos-1])
		after := pos < len(t.text) && isNameByte(t.text[pos])
		return (before != after) == (o == opWordB)
	}
	return true
}

// spans returns the nodes on the way to an entry of the trail, in the order of their beginnings.
func (t *tracer) spans(trail int) []nodeSpan {
	var way []trailEntry
	for at := trail; at > 0; at = t.trail[at].before {
		way = append(way, t.trail[at])
	}
	var out []nodeSpan
	var open []int
	for _, e := range slices.Backward(way) {
		switch in := &t.code.insts[e.pc]; in.op {
		case xBegin:
			out = append(out, nodeSpan{id: in.id, from: e.pos, to: -1, depth: len(open)})
			open = append(open, len(out)-1)
		case xEnd:
			if len(open) > 0 {
				out[open[len(open)-1]].to = e.pos
				open = open[:len(open)-1]
			}
		}
	}
	return out
}
