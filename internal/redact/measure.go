// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redact

// Hits runs only the first stage of Text over a text, the automaton of all triggers, and returns how often it would have
// asked a matcher. It is there to be measured.
func (sc *Scanner) Hits(s string) (n int) {
	a := sc.e.auto
	state := a.start
	for base := 0; base < len(s); base += prefilterBlock {
		state = sc.pre.block(a, s[base:min(len(s), base+prefilterBlock)], base, state)
		n += len(sc.pre.hits)
	}
	return n
}
