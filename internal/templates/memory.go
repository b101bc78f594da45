// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package templates

import (
	"slices"
	"unsafe"
)

const (
	proven      = 3 // lines after which a template is off probation
	maxCredit   = 1 << 30
	youngShare  = 4  // a quarter of the templates is left to the young
	challenged  = 16 // templates looked at to find the weakest
	minForwards = 64 // merged IDs that are remembered where there are fewer templates
)

// list is the ends of a chain of templates, as index + 1.
type list struct {
	head, tail uint16
	n          int
}

// forward says which ID a template has that became part of another.
type forward struct{ from, to uint64 }

// insert makes a template of a line. It is the newest of the young.
func (m *Miner) insert(s *scan, shape uint64, line string) uint16 {
	for m.live >= int(m.cfg.templates) && m.weakest(-1) {
	}
	at := m.entry()
	t := &m.templates[at]
	m.nextID++
	*t = template{id: m.nextID, first: m.seq, shape: shape, generation: t.generation}
	t.build(s, line, int(m.cfg.example))
	m.held += t.bytes()
	m.live++
	m.link(at)
	m.join(at, t)
	return at
}

// entry returns an unused entry, if need be that of a template that is forgotten for it.
func (m *Miner) entry() uint16 {
	if m.free == 0 && !m.room() {
		m.weakest(-1)
	}
	if m.free != 0 {
		at := m.free - 1
		m.free = m.templates[at].chain
		return at
	}
	m.templates = append(m.templates, template{})
	return uint16(len(m.templates) - 1)
}

// room reports whether another entry may be appended, and makes room for it.
func (m *Miner) room() bool {
	have := cap(m.templates)
	if len(m.templates) < have {
		return true
	}
	size := min(max(4, 2*have), int(m.cfg.templates))
	if size == have || !m.mayGrow((size-have)*int(unsafe.Sizeof(template{}))) {
		return false
	}
	m.templates = append(make([]template, 0, size), m.templates...)
	return true
}

// link puts a template into the chain of its shape. Where there are many templates there are many chains.
func (m *Miner) link(at uint16) {
	if len(m.shapes) < m.live && m.mayGrow(len(m.shapes)*2) {
		m.shapes = make([]uint16, max(8, 2*len(m.shapes)))
		for i := range m.templates {
			if t := &m.templates[i]; t.id != 0 {
				m.chain(uint16(i), t)
			}
		}
		return
	}
	m.chain(at, &m.templates[at])
}

func (m *Miner) chain(at uint16, t *template) {
	head := &m.shapes[t.shape&uint64(len(m.shapes)-1)]
	t.chain, *head = *head, at+1
}

// forget drops a template.
func (m *Miner) forget(at uint16) {
	t := &m.templates[at]
	next := &m.shapes[t.shape&uint64(len(m.shapes)-1)]
	for *next != at+1 {
		next = &m.templates[*next-1].chain
	}
	*next = t.chain
	if t.young {
		m.leave(t)
	}
	m.held -= t.bytes()
	m.live--
	*t = template{generation: t.generation + 1, chain: m.free}
	m.free = at + 1
}

// join puts a template at the head of the young.
func (m *Miner) join(at uint16, t *template) {
	t.young, t.newer, t.older = true, 0, m.young.head
	if t.older != 0 {
		m.templates[t.older-1].newer = at + 1
	} else {
		m.young.tail = at + 1
	}
	m.young.head = at + 1
	m.young.n++
	m.heldYoung += t.bytes()
}

// leave takes a template out of the young.
func (m *Miner) leave(t *template) {
	if t.newer != 0 {
		m.templates[t.newer-1].older = t.older
	} else {
		m.young.head = t.older
	}
	if t.older != 0 {
		m.templates[t.older-1].newer = t.newer
	} else {
		m.young.tail = t.newer
	}
	t.young, t.newer, t.older = false, 0, 0
	m.young.n--
	m.heldYoung -= t.bytes()
}

// recall puts a template of the young that was seen again to their head, or off probation: then, where the others take all the room they may,
// it has to have more credit than the weakest of them, which loses one by each challenge, and its place by the last.
func (m *Miner) recall(at uint16, t *template) {
	m.leave(t)
	if t.count < proven {
		m.join(at, t)
		return
	}
	if !m.crowded() {
		return
	}
	if weak := m.weak(int(at)); weak >= 0 {
		o := &m.templates[weak]
		if o.credit >= t.credit {
			o.credit--
			m.join(at, t)
			return
		}
		m.join(uint16(weak), o)
	}
}

// Age halves what templates are worth that are off probation; those worth nothing any more are on it again. A Miner has no clock: call Age every
// few minutes, so that what was seen often but is no more gives way. Without, it stays until others are seen more often.
func (m *Miner) Age() {
	for i := range m.templates {
		t := &m.templates[i]
		if t.id == 0 || t.young {
			continue
		}
		if t.credit /= 2; t.credit == 0 {
			m.join(uint16(i), t)
		}
	}
}

// crowded reports whether the templates off probation take more room than they may, in number or in bytes.
func (m *Miner) crowded() bool {
	count, bytes := int(m.cfg.templates), int(m.cfg.bytes)/2
	return m.live-m.young.n > count-count/youngShare || m.held-m.heldYoung > bytes-bytes/youngShare
}

// weakest forgets the template that is worth least: of the young the one not seen for longest; without any, the weakest of the others.
// The template at keep stays.
func (m *Miner) weakest(keep int) bool {
	if tail := int(m.young.tail) - 1; tail >= 0 && tail != keep {
		m.forget(uint16(tail))
		return true
	}
	if weak := m.weak(keep); weak >= 0 {
		m.forget(uint16(weak))
		return true
	}
	return false
}

// weak returns the template with the least credit among the next few that are off probation, or -1.
func (m *Miner) weak(but int) int {
	found, looked := -1, 0
	for range m.templates {
		m.hand++
		if m.hand >= len(m.templates) {
			m.hand = 0
		}
		t := &m.templates[m.hand]
		if t.id == 0 || t.young || m.hand == but {
			continue
		}
		if found < 0 || t.credit < m.templates[found].credit {
			found = m.hand
		}
		if looked++; looked == challenged {
			break
		}
	}
	return found
}

// shrink forgets templates until the Miner is within its bytes; the template at keep stays.
func (m *Miner) shrink(keep uint16) {
	for m.Bytes() > int(m.cfg.bytes) && m.weakest(int(keep)) {
	}
}

// redirect remembers that a template became part of another.
func (m *Miner) redirect(from, to uint64) {
	for i := range m.forwards {
		if m.forwards[i].to == from {
			m.forwards[i].to = to
		}
	}
	if !m.roomForward() {
		m.forwards = slices.Delete(m.forwards, 0, 1) // the lowest ID
	}
	at, _ := slices.BinarySearchFunc(m.forwards, from, compareForward)
	m.forwards = slices.Insert(m.forwards, at, forward{from: from, to: to})
}

// maxForwards returns how many merged IDs are remembered at most.
func (m *Miner) maxForwards() int { return max(minForwards, int(m.cfg.templates)) }

// roomForward reports whether another merged ID may be appended, and makes room for it.
func (m *Miner) roomForward() bool {
	have := cap(m.forwards)
	if len(m.forwards) < have {
		return true
	}
	size := min(max(8, 2*have), m.maxForwards())
	if have != 0 && (size == have || !m.mayGrow(have*int(unsafe.Sizeof(forward{})))) {
		return false
	}
	m.forwards = append(make([]forward, 0, size), m.forwards...)
	return true
}

func compareForward(f forward, id uint64) int {
	switch {
	case f.from < id:
		return -1
	case f.from > id:
		return 1
	}
	return 0
}

func (m *Miner) resolve(id uint64) uint64 {
	if at, ok := slices.BinarySearchFunc(m.forwards, id, compareForward); ok {
		return m.forwards[at].to
	}
	return id
}
