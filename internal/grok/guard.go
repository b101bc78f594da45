// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grok

import "sync"

// check verifies a guard: whether the construct dropped at a place holds there.
type check struct {
	group    int // of the automaton
	machines *sync.Pool
}

// guardSteps bounds the verification of one guard in a short text. One that takes longer refuses, and the machine decides.
const guardSteps = 10_000

// newCheck returns the check of a dropped construct; its group is set by the caller.
func newCheck(n *node) (check, bool) {
	const whole = 1 << 30 // a group of its own around the construct, to know where it ends
	p := newProgram(&node{op: opCapture, field: -1, group: whole, subs: []*node{n}})
	if p == nil {
		return check{}, false
	}
	return check{machines: &sync.Pool{New: func() any { return newMachine(p, nil, guardSteps) }}}, true
}

// ok reports whether the construct holds at [from, to) of text.
func (c *check) ok(text string, from, to int) bool {
	m := c.machines.Get().(*machine)
	ok := m.matchAt(text, from) == matched && m.slots[1] == to
	m.text = ""
	if cap(m.stack) <= keepStack {
		c.machines.Put(m)
	}
	return ok
}
