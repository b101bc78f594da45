// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grok

import (
	"sync"
	"sync/atomic"
)

// automaton matches a regular pattern in time linear in the text.
//
// It tries the places where a match can begin one after the other, which is fastest where the first or none will do. A text
// for which that becomes too much is searched for all of them at once.
//
// Where a repetition's body can be empty it follows the rule of Go's regexp: no round but the first consumes nothing. In
// Oniguruma and in the machine an empty round is the last. Grok patterns for which that matters are not made into automata.
type automaton struct {
	n        *nfa
	starts   *starts
	anchored *dfa
	search   func() *dfa
	pool     sync.Pool // of *[]int, registers
	guards   []check
	resting  atomic.Int32 // matches that the machine makes, because of the last one
}

const (
	// maxLost bounds how often a match begins anew because another one emptied the table.
	maxLost = 3

	// restMatches is how many matches are left to the machine after a text that needed too many states: the next ones
	// would likely need them too.
	restMatches = 256
)

// newAutomaton takes 0 tableBytes for the default. It returns nil if the pattern, made regular, still is not, or is too big.
func newAutomaton(a *analysis, root *node, from *starts, fields []*Field, tableBytes int) *automaton {
	n := newNFA(root)
	if n == nil {
		return nil
	}
	m := &automaton{n: n, starts: from, anchored: newDFA(n, n.start, tableBytes)}
	m.search = sync.OnceValue(func() *dfa { return newDFA(n, n.search, tableBytes) })
	m.pool.New = func() any { return &[]int{} }
	fieldOf := map[int]int{}
	root.any(func(n *node) bool {
		if n.op == opCapture && n.field >= 0 {
			fieldOf[n.group] = n.field
		}
		return false
	})
	for i, group := range n.groups {
		n.fields = append(n.fields, nil)
		if group < -1 {
			c, ok := newCheck(a.guards[-group-2].node)
			if !ok {
				return nil
			}
			c.group = i
			m.guards = append(m.guards, c)
		} else if f, ok := fieldOf[group]; ok {
			n.fields[i] = fields[f]
		}
	}
	return m
}

// rests reports whether this match is to be left to the machine, if that can tell: what a text gives must not depend on the
// texts before it.
func (m *automaton) rests() bool {
	if m.resting.Load() <= 0 {
		return false
	}
	m.resting.Add(-1)
	return true
}

// match finds the leftmost match from a place on and appends its captures to dst. gaveUp: only the machine can tell.
func (m *automaton) match(text string, from int, dst []Capture) ([]Capture, verdict) {
	r := m.pool.Get().(*[]int)
	f, v := m.find(text, from, r)
	switch v {
	case matched:
		dst, v = m.captures(f, *r, text, dst)
	case lost:
		v = gaveUp
	}
	m.pool.Put(r)
	return dst, v
}

// matchAt is match for matches that begin at the position at.
func (m *automaton) matchAt(text string, at int, dst []Capture) (captures []Capture, v verdict, used int) {
	r := m.pool.Get().(*[]int)
	f, v, used := m.try(m.anchored, text, at, r)
	captures = dst
	switch v {
	case matched:
		captures, v = m.captures(f, *r, text, dst)
	case lost:
		v = gaveUp
	}
	m.pool.Put(r)
	return captures, v, used
}

func (m *automaton) find(text string, from int, regs *[]int) (*final, verdict) {
	budget := 4000 + 8*(len(text)-from)
	at, ok := m.starts.next(text, from)
	for ok {
		f, v, used := m.try(m.anchored, text, at, regs)
		if v != noMatch || at == len(text) {
			return f, v
		}
		at, ok = m.starts.next(text, at+runeLen(text, at))
		if budget -= used + 1; budget < 0 && ok { // all that begin from here on at once
			f, v, _ = m.try(m.search(), text, at, regs)
			return f, v
		}
	}
	return nil, noMatch
}

// try runs d from at on.
func (m *automaton) try(d *dfa, text string, at int, regs *[]int) (f *final, v verdict, used int) {
	generation := d.table.Load().generation
	for range maxLost {
		if f, v, used = d.run(text, at, regs); v != lost {
			break
		}
	}
	if v == gaveUp && d.table.Load().generation != generation {
		m.resting.Store(restMatches)
	}
	return f, v, used
}

// captures appends what was captured. A guard that refuses leaves the text to the machine.
func (m *automaton) captures(f *final, regs []int, text string, dst []Capture) ([]Capture, verdict) {
	for _, g := range f.guards {
		for i := range m.guards {
			if c := &m.guards[i]; c.group == int(g) && !c.ok(text, regs[m.n.register(2*int(g), 0)], regs[m.n.register(2*int(g)+1, 0)]) {
				return dst, gaveUp
			}
		}
	}
	for i := range f.captures {
		c := &f.captures[i]
		if from, to := regs[c.reg], regs[c.reg+1]; to > from {
			dst = append(dst, Capture{Field: c.field, Text: text[from:to]})
		}
	}
	return dst, matched
}
