// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package templates

import "math/bits"

const (
	maxChain = 64 // templates of one shape that a line is compared with
	maxNear  = 24 // of them, those considered for becoming one with it
)

// How many different texts in one place make it a variable one, the new line's included.
const (
	manyNames   = 2  // joined words, or a word and something that varies anyway
	manyObjects = 3  // words after one that calls for a value: for, from, user
	manyWords   = 5  // plain words
	manyVerbs   = 12 // forms of verbs: opened, closed, starting
	manyAlone   = 12 // where less of the line stays the same than changes
	manyNothing = 32 // where nothing else stays the same
)

// near is a template that differs from a line in some places, as bits.
type near struct {
	diff uint64
	at   uint16
	same uint8
}

// place finds or makes the template of a line that is not known by its hash.
func (m *Miner) place(s *scan, shape uint64, line string) uint16 {
	at, oldest := m.meet(s, shape)
	if at >= 0 {
		return uint16(at)
	}
	if oldest >= 0 {
		m.forget(uint16(oldest))
	}
	return m.insert(s, shape, line)
}

// meet finds the template of a line among those of its shape, or makes it of them; at is -1 if none fits. Then oldest is the one that has
// to give way to a new one, -1 if none does.
func (m *Miner) meet(s *scan, shape uint64) (at, oldest int) {
	var nears [maxNear]near
	found, best, count, length := -1, -1, 0, 0
	oldest = -1
	most := s.words() * 2 / 3
	if len(m.shapes) > 0 {
		for next := m.shapes[shape&uint64(len(m.shapes)-1)]; next != 0 && length < 2*maxChain; {
			at := int(next - 1)
			t := &m.templates[at]
			next = t.chain
			if t.shape != shape || len(t.parts) != s.n {
				continue
			}
			length++
			if t.young && (oldest < 0 || t.last < m.templates[oldest].last) {
				oldest = at
			}
			diff, same := t.compare(s, most)
			switch {
			case diff == 0:
				if same > best {
					found, best = at, same
				}
			case count < maxNear && bits.OnesCount64(diff) <= max(2*same, 1):
				nears[count] = near{diff: diff, at: uint16(at), same: uint8(same)}
				count++
			}
		}
	}
	if found >= 0 {
		return found, -1
	}
	if diff := m.varying(s, nears[:count]); diff != 0 {
		return int(m.unite(diff, nears[:count])), -1
	}
	if length < maxChain {
		oldest = -1
	}
	return -1, oldest
}

// compare returns where a line differs from a template, and how many of its words are the same. It gives up, with none the same, after
// most places.
func (t *template) compare(s *scan, most int) (diff uint64, same int) {
	places := 0
	for i := range t.parts {
		p := &t.parts[i]
		if p.kind == kindVar {
			continue
		}
		e := &s.elems[i]
		switch {
		case p.hash != uint32(e.hash):
			diff |= 1 << uint(i)
			if places++; places > most {
				return diff, 0
			}
		case p.kind == kindWord || p.kind == kindName:
			same++
		}
	}
	return diff, same
}

// varying returns the places in which a line and templates near to it differ so often that they vary; 0 when there are none.
func (m *Miner) varying(s *scan, nears []near) uint64 {
	var chosen uint64
	for i := range nears {
		diff := nears[i].diff
		if chosen != 0 && bits.OnesCount64(diff) >= bits.OnesCount64(chosen) {
			continue
		}
		count := 1
		for j := range nears {
			if nears[j].diff&^diff == 0 {
				count++
			}
		}
		if count >= m.needed(s, &nears[i]) {
			chosen = diff
		}
	}
	return chosen
}

// needed returns how many different texts make the places vary in which a line and a template differ.
func (m *Miner) needed(s *scan, n *near) int {
	places := bits.OnesCount64(n.diff)
	same := int(n.same)
	if same == 0 {
		return manyNothing
	}
	if places > same {
		return manyAlone
	}
	t := &m.templates[n.at]
	need := manyNames
	for d := n.diff; d != 0; d &= d - 1 {
		need = max(need, neededAt(s, t, bits.TrailingZeros64(d)))
	}
	return need
}

// neededAt returns the same of one place.
func neededAt(s *scan, t *template, i int) int {
	a, b := s.elems[i].kind, t.parts[i].kind
	switch {
	case a == kindVar:
		return manyNames
	case a == kindName && b == kindName && i > 0:
		return manyNames
	case isVerb(s.word(i)) || isVerb(t.part(i)):
		return manyVerbs
	case i > 0 && s.elems[i-1].kind == kindWord && asksForValue(s.word(i-1)):
		return manyObjects
	default:
		return manyWords
	}
}

// unite makes one template of all that differ in no other places: the one with the lowest ID goes on.
func (m *Miner) unite(diff uint64, nears []near) uint16 {
	first := -1
	for i := range nears {
		if nears[i].diff&^diff == 0 && (first < 0 || m.templates[nears[i].at].id < m.templates[first].id) {
			first = int(nears[i].at)
		}
	}
	t := &m.templates[first]
	before := t.bytes()
	t.vary(diff)
	m.held += t.bytes() - before
	if t.young {
		m.heldYoung += t.bytes() - before
	}
	for i := range nears {
		if at := nears[i].at; nears[i].diff&^diff == 0 && int(at) != first {
			m.absorb(t, at)
		}
	}
	return uint16(first)
}

// absorb adds a template to another, and forgets it but for its ID.
func (m *Miner) absorb(t *template, at uint16) {
	o := &m.templates[at]
	t.count += o.count
	t.first, t.last = min(t.first, o.first), max(t.last, o.last)
	t.credit = min(maxCredit, t.credit+min(maxCredit-t.credit, o.credit))
	m.redirect(o.id, t.id)
	m.forget(at)
}
