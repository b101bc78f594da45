// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grok

import (
	"slices"
	"unicode/utf8"
)

// minSkip is the least number of bytes that must lead back to a state for it to skip.
const minSkip = 16

// trySkip is called when symbol c leads from s, which is row, back to it by entry e. When enough bytes are seen to do so,
// the state learns to skip, and the entries of all that do the same say so.
func (d *dfa) trySkip(s *state, row, c, e uint32) (uint32, bool) {
	if s.back < 0 {
		return e, true
	}
	if s.back += d.n.bytes[c]; s.back < minSkip {
		return e, true
	}
	s.back = -1
	t := d.table.Load()
	var ops []regOp
	switch reg := int32(e >> entryReg & 0xff); { //nolint:gosec // eight bits
	case e&entryStep != 0:
		ops = t.steps[e&^entryStep].ops
	case reg != spare:
		ops = []regOp{{dst: reg, src: -1}}
	}
	for _, o := range ops {
		if o.src >= 0 {
			return e, true
		}
	}
	d.size += 320
	var back symbolSet
	for other := range d.n.symbols {
		d.advance(s, other)
		theirs, ok := d.assign()
		if !ok || !slices.Equal(ops, theirs) || len(d.made.next) == 0 || d.made.next[0] == done {
			continue
		}
		d.describe(d.n.after(other))
		if r, ok := d.index[string(d.made.key)]; ok && r == row {
			back[other>>6] |= 1 << (other & 63)
		}
	}
	k := &skip{ops: ops}
	stay, out := 0, 0
	for b := range utf8.RuneSelf {
		if k.stay[b] = back.has(int(d.n.ascii[b])); k.stay[b] {
			stay++
		} else {
			out++
			k.until = byte(b)
		}
	}
	if len(d.n.wide) == 1 && back.has(int(d.n.wide[0].symbol)) {
		for b := utf8.RuneSelf; b < 256; b++ {
			k.stay[b] = true
		}
		k.one = out == 1
	}
	if stay < minSkip {
		return e, true
	}
	s.skip = k
	u := *t
	u.skips = slices.Clone(t.skips)
	for len(u.skips) <= int(row>>d.shift) {
		u.skips = append(u.skips, nil)
	}
	u.skips[row>>d.shift] = k
	d.table.Store(&u)
	entry, ok := d.entryTo(row, ops, true)
	if !ok {
		return 0, false
	}
	t = d.table.Load()
	for other := range d.n.symbols {
		if back.has(other) && uint32(other) != c { //nolint:gosec // bounded by maxSymbols
			t.rows[int(row)+other].Store(entry)
		}
	}
	return entry, true
}
