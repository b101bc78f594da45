// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grok

// check verifies a guard: ok says whether the construct dropped at [from, to) holds in text.
type check struct {
	group int // of the automaton
	ok    func(text string, from, to int) bool
}

// guardSteps bounds the verification of one guard. One that takes longer refuses, and the machine decides.
const guardSteps = 10_000

// newCheck returns the check of a dropped construct; its group is set by the caller.
func newCheck(n *node) (check, bool) {
	const whole = 1 << 30 // a group of its own around the construct, to know where it ends
	p := newProgram(&node{op: opCapture, field: -1, group: whole, subs: []*node{n}})
	if p == nil {
		return check{}, false
	}
	return check{ok: func(text string, from, to int) bool {
		m := newMachine(p, nil, guardSteps)
		return m.matchAt(text, from) == matched && m.slots[1] == to
	}}, true
}
