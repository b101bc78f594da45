// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grok

import (
	"sync"
)

// automaton matches a regular pattern in time linear in the text.
//
// It tries the places where a match can begin one after the other, which is fastest where the first or none will do. A text
// for which that becomes too much is searched for all of them at once.
//
// Where a repetition's body can be empty it follows the rule of Go's regexp: no round but the first consumes nothing. (In
// Oniguruma and in the machine an empty round is the last. What is matched is the same; what such a round captures is not.)
type automaton struct {
	n        *nfa
	starts   *starts
	anchored *dfa
	search   func() *dfa
	pool     sync.Pool // of *[]int, registers

	guards []check
}

// maxResets bounds how often a match may fill a table, or begin anew because another did.
const maxResets = 30

// newAutomaton returns nil if the pattern, made regular, still is not, or is too big.
func newAutomaton(a *analysis, root *node, from *starts, fields []*Field) *automaton {
	n := newNFA(root)
	if n == nil {
		return nil
	}
	m := &automaton{n: n, starts: from, anchored: newDFA(n, n.start)}
	m.search = sync.OnceValue(func() *dfa { return newDFA(n, n.search) })
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

// match finds the leftmost match and appends its captures to dst. gaveUp: only the machine can tell.
func (m *automaton) match(text string, dst []Capture) ([]Capture, verdict) {
	r := m.pool.Get().(*[]int)
	f, v := m.find(text, r)
	if v == matched {
		dst, v = m.captures(f, *r, text, dst)
	}
	m.pool.Put(r)
	return dst, v
}

func (m *automaton) find(text string, regs *[]int) (*final, verdict) {
	budget, resets := 4000+8*len(text), maxResets
	at, ok := m.starts.next(text, 0)
	for ok {
		f, v, used := m.anchored.run(text, at, regs, &resets)
		switch {
		case v == matched:
			return f, matched
		case v == gaveUp && resets > 0:
			resets--
			continue
		case v == gaveUp:
			return nil, gaveUp
		case at == len(text):
			return nil, noMatch
		}
		at, ok = m.starts.next(text, at+width(text, at))
		if budget -= used + 1; ok && (budget < 0 || resets < maxResets) {
			return m.findAll(text, at, regs, resets)
		}
	}
	return nil, noMatch
}

// findAll looks for matches that begin anywhere from at on, all at once.
func (m *automaton) findAll(text string, at int, regs *[]int, resets int) (*final, verdict) {
	for {
		f, v, _ := m.search().run(text, at, regs, &resets)
		if v != gaveUp || resets <= 0 {
			return f, v
		}
		resets--
	}
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
