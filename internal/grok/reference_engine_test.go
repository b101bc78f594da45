// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grok

import (
	"errors"
	"slices"
	"strings"
	"unicode/utf8"
)

// reference matches a pattern the plainest way there is: it walks the syntax tree and tries everything in order. It is the
// judge of the engine: slow, exponential on hostile input, and short enough to be checked by reading.
//
// There are two rules for repetitions of what can be empty, which captures can tell apart. Regular patterns follow that of
// Go's regexp: x* of such an x is (x+)?, and no way passes the same place of the pattern twice at the same place of the text.
// The others follow Ruby's: a round that consumes nothing is the last.
type reference struct {
	root   *node
	fields []*Field
	groups []int // field of each capture, -1 for none
	cyclic bool  // holds an unbounded repetition of something that can be empty
}

// newReference parses expr as Set.Compile does.
func newReference(s *Set, expr string, opts ...Option) (r *reference, err error) {
	b := &builder{set: s}
	for _, o := range opts {
		o(&b.opts)
	}
	defer func() {
		if e, ok := recover().(*Error); ok {
			r, err = nil, e
		}
	}()
	root := b.parseText(expr)
	return referenceOf(b, root), nil
}

func referenceOf(b *builder, root *node) *reference {
	b.dropShadowed(root)
	r := &reference{root: root, fields: b.fields}
	root.any(func(n *node) bool {
		if n.op == opCapture || n.op == opBackref {
			for len(r.groups) <= n.group {
				r.groups = append(r.groups, -1)
			}
		}
		if n.op == opCapture {
			r.groups[n.group] = n.field
		}
		r.cyclic = r.cyclic || n.repeatsEmpty()
		return false
	})
	return r
}

// errUnknown says that the reference gave up.
var errUnknown = errors.New("reference: too many steps")

const referenceSteps = 300_000

// refMatch is one match. Groups not taken part in are -1.
type refMatch struct {
	text  string
	caps  []int
	steps int
	ruby  bool
	copy  uint64           // which copy of a bounded repetition's body this is
	on    map[passing]bool // what the way has passed; nil if that cannot matter
}

// passing is a place of the pattern at a place of the text.
type passing struct {
	n    *node
	copy uint64
	pos  int
	end  bool // of a round, not the beginning of n
}

// match returns the leftmost match's captures in the order of their groups, by Ruby's rule or by Go's.
func (r *reference) match(text string, ruby bool) (captures []Capture, ok bool, err error) {
	m := &refMatch{text: text, caps: make([]int, 2*len(r.groups)), ruby: ruby}
	if r.cyclic && !ruby {
		m.on = map[passing]bool{}
	}
	defer func() {
		if e := recover(); e != nil {
			if e != any(errUnknown) {
				panic(e)
			}
			captures, ok, err = nil, false, errUnknown
		}
	}()
	for at := 0; ; {
		for i := range m.caps {
			m.caps[i] = -1
		}
		if m.node(r.root, at, func(int) bool { return true }) {
			break
		}
		if at == len(text) {
			return nil, false, nil
		}
		_, size := utf8.DecodeRuneInString(text[at:])
		at += size
	}
	for g, f := range r.groups {
		if from, to := m.caps[2*g], m.caps[2*g+1]; f >= 0 && from < to {
			captures = append(captures, Capture{Field: r.fields[f], Text: text[from:to]})
		}
	}
	return captures, true, nil
}

// node reports whether n matches at pos so that k accepts where it ends. Captures of a way that failed are taken back.
func (m *refMatch) node(n *node, pos int, k func(int) bool) bool {
	if m.steps++; m.steps > referenceSteps {
		panic(errUnknown)
	}
	return m.pass(passing{n: n, copy: m.copy, pos: pos}, func() bool { return m.enter(n, pos, k) })
}

// pass goes on with f unless the way has been at p before.
func (m *refMatch) pass(p passing, f func() bool) bool {
	if m.on == nil {
		return f()
	}
	if m.on[p] {
		return false
	}
	m.on[p] = true
	defer delete(m.on, p)
	return f()
}

func (m *refMatch) enter(n *node, pos int, k func(int) bool) bool {
	switch n.op {
	case opEmpty:
		return k(pos)
	case opClass:
		if pos == len(m.text) {
			return false
		}
		r, size := utf8.DecodeRuneInString(m.text[pos:])
		return n.set.contains(r) && k(pos+size)
	case opConcat:
		return m.sequence(n.subs, pos, k)
	case opAlt:
		for _, s := range n.subs {
			if m.node(s, pos, k) {
				return true
			}
		}
		return false
	case opRepeat:
		return m.repeat(n, 0, pos, k)
	case opCapture:
		return m.node(n.subs[0], pos, func(end int) bool {
			old := [2]int{m.caps[2*n.group], m.caps[2*n.group+1]}
			m.caps[2*n.group], m.caps[2*n.group+1] = pos, end
			if k(end) {
				return true
			}
			m.caps[2*n.group], m.caps[2*n.group+1] = old[0], old[1]
			return false
		})
	case opAtomic:
		return m.once(func(end *int) bool {
			return m.node(n.subs[0], pos, func(e int) bool { *end = e; return true })
		}, k)
	case opLook:
		if n.negative {
			saved := slices.Clone(m.caps)
			found := m.look(n, pos)
			copy(m.caps, saved)
			return !found && k(pos)
		}
		return m.once(func(end *int) bool { *end = pos; return m.look(n, pos) }, k)
	case opBackref:
		from, to := m.caps[2*n.group], m.caps[2*n.group+1]
		return from >= 0 && strings.HasPrefix(m.text[pos:], m.text[from:to]) && k(pos+to-from)
	}
	return m.assertion(n.op, pos) && k(pos)
}

func (m *refMatch) sequence(subs []*node, pos int, k func(int) bool) bool {
	if len(subs) == 0 {
		return k(pos)
	}
	return m.node(subs[0], pos, func(end int) bool { return m.sequence(subs[1:], end, k) })
}

// repeat goes on with round number done, from 0, at pos.
func (m *refMatch) repeat(n *node, done, pos int, k func(int) bool) bool {
	outer := m.copy
	again := func() bool {
		loop := n.max < 0 && done >= n.min-1 // the last copy of the body goes round
		inner := outer*1_000_003 + uint64(done+1)
		if loop {
			inner = outer*1_000_003 + uint64(max(n.min, 1))
		}
		m.copy = inner
		ok := m.node(n.subs[0], pos, func(end int) (ok bool) {
			m.copy = outer
			on := func() bool { return m.repeat(n, done+1, end, k) }
			switch {
			case m.ruby && n.max < 0 && done >= n.min && end == pos:
				ok = k(end)
			case loop:
				// Of x* the place behind a round is that before the first, unless it is (x+)?.
				ok = m.pass(passing{n, outer, end, n.min > 0 || n.subs[0].nullable()}, on)
			default:
				ok = on()
			}
			if !ok {
				m.copy = inner
			}
			return ok
		})
		m.copy = outer
		return ok
	}
	switch {
	case done < n.min:
		return again()
	case n.max >= 0 && done >= n.max:
		return k(pos)
	case n.lazy:
		return k(pos) || again()
	}
	return again() || k(pos)
}

// once runs a part whose first way is final, and then k; captures are taken back if k refuses.
func (m *refMatch) once(part func(end *int) bool, k func(int) bool) bool {
	saved, end := slices.Clone(m.caps), 0
	if part(&end) && k(end) {
		return true
	}
	copy(m.caps, saved)
	return false
}

func (m *refMatch) look(n *node, pos int) bool {
	if !n.behind {
		return m.node(n.subs[0], pos, func(int) bool { return true })
	}
	for from := pos; ; {
		if m.node(n.subs[0], from, func(end int) bool { return end == pos }) {
			return true
		}
		_, size := utf8.DecodeLastRuneInString(m.text[:from])
		if size == 0 {
			return false
		}
		from -= size
	}
}

func (m *refMatch) assertion(o op, pos int) bool {
	word := func(at int) bool { return at >= 0 && at < len(m.text) && isNameByte(m.text[at]) }
	switch o {
	case opBeginLine:
		return pos == 0 || m.text[pos-1] == '\n'
	case opEndLine:
		return pos == len(m.text) || m.text[pos] == '\n'
	case opBeginText:
		return pos == 0
	case opEndText:
		return pos == len(m.text)
	case opEndTextNL:
		return pos == len(m.text) || m.text[pos:] == "\n"
	case opWordB:
		return word(pos-1) != word(pos)
	case opNotWordB:
		return word(pos-1) == word(pos)
	}
	panic("reference: unknown node")
}
