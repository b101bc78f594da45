// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package templates

import "strings"

// Merge adds the templates of another Miner, the most valuable first, as if its lines had been added here: so the lines of a stream can be
// mined in parts, in parallel. moved is called with each template of o and the ID that it has in m now, which later ones may make another:
// ask [Miner.Resolve] at the end. o stays as it is, and what it has forgotten does not come back.
func (m *Miner) Merge(o *Miner, moved func(from, to uint64)) {
	before := m.seq
	for _, i := range o.byValue() {
		t := &o.templates[i]
		m.seq = before + t.last
		at := m.adopt(t, before)
		moved(t.id, m.templates[at].id)
		m.shrink(at)
	}
	m.seq = before + o.seq
}

// adopt finds the template that another Miner's belongs to, or makes one like it. before is the ordinal of the line before the first of o.
func (m *Miner) adopt(o *template, before uint64) uint16 {
	at := m.covered(o)
	if at < 0 {
		var s scan
		s.like(o)
		var room int
		if at, room = m.meet(&s, o.shape); at < 0 {
			if room >= 0 {
				m.forget(uint16(room))
			}
			return m.copyOf(o, before)
		}
	}
	t := &m.templates[at]
	t.count += o.count - 1 // seen counts one
	t.credit = min(maxCredit, t.credit+o.credit)
	t.first = min(t.first, before+o.first)
	m.seen(uint16(at), t)
	return uint16(at)
}

// covered makes one of all templates that are cases of o, which varies where they may not, and returns it; -1 if there are none.
func (m *Miner) covered(o *template) int {
	if len(m.shapes) == 0 {
		return -1
	}
	first, length := -1, 0
	for next := m.shapes[o.shape&uint64(len(m.shapes)-1)]; next != 0 && length < 2*maxChain; {
		at := int(next - 1)
		t := &m.templates[at]
		next = t.chain
		if t.shape != o.shape {
			continue
		}
		length++
		mask, ok := t.caseOf(o)
		switch {
		case !ok:
		case first < 0:
			first = at
			was := t.bytes()
			t.vary(mask)
			m.held += t.bytes() - was
			if t.young {
				m.heldYoung += t.bytes() - was
			}
		default:
			m.absorb(&m.templates[first], uint16(at))
		}
	}
	return first
}

// caseOf reports whether a template is the same as o where that does not vary, and where o varies and t does not.
func (t *template) caseOf(o *template) (mask uint64, ok bool) {
	if len(t.parts) != len(o.parts) {
		return 0, false
	}
	for i := range t.parts {
		p, q := &t.parts[i], &o.parts[i]
		switch {
		case q.kind == kindVar && p.kind != kindVar && i < 64:
			mask |= 1 << uint(i)
		case p.kind != q.kind && (p.kind == kindVar || q.kind == kindVar), p.hash != q.hash:
			return 0, false
		}
	}
	return mask, true
}

// like makes a scan of a template, whose text it shares.
func (s *scan) like(t *template) {
	s.text = t.text
	from := 0
	for i := range t.parts {
		p := &t.parts[i]
		start := from + len(t.text[from:p.end]) - len(strings.TrimLeft(t.text[from:p.end], " "))
		hash := uint64(p.hash)
		s.elems[i] = elem{hash: hash, start: uint16(start), end: p.end, kind: p.kind}
		from = int(p.end)
	}
	s.n = len(t.parts)
}

// copyOf makes a template like another Miner's.
func (m *Miner) copyOf(o *template, before uint64) uint16 {
	for m.live >= int(m.cfg.templates) && m.weakest(-1) {
	}
	at := m.entry()
	t := &m.templates[at]
	m.nextID++
	*t = template{
		id: m.nextID, count: o.count - 1, first: before + o.first, shape: o.shape, credit: min(maxCredit, o.credit), generation: t.generation,
		parts: append([]part(nil), o.parts...), text: strings.Clone(o.text), example: o.example,
	}
	m.held += t.bytes()
	m.live++
	m.link(at)
	m.join(at, t)
	m.seen(at, t)
	return at
}
