// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grokprocessor

import (
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/logboom/logboom/internal/grok"
)

// match is what a parser found in one text: the captures of a pattern, or an object whose keys only the text knows. It is
// used again for the next record.
type match struct {
	plan     *plan          // nil: object
	captures []grok.Capture // parts of the text
	object   pcommon.Map
	format   int // index of the format that auto recognised, -1 for none

	at    []int32  // by slot: its first capture, -1 for none
	taken []bool   // by slot: no attribute, because it was parsed further or became the body; as long as at if any is set, else empty
	wrote []bool   // by slot: the attribute it shares with others was written by this match
	drop  []member // of the object: no attributes, for the same reasons
	hint  int      // keys that the last object had
}

func newMatch() match { return match{object: pcommon.NewMap()} }

// reset makes m ready for a parser.
func (m *match) reset() {
	m.plan, m.format = nil, -1
	m.captures, m.taken, m.drop = m.captures[:0], m.taken[:0], m.drop[:0]
	if m.object.Len() > 0 {
		m.object.RemoveIf(func(string, pcommon.Value) bool { return true })
	}
}

// ready gives the object room for as many members as the last one had, as far as text can hold them.
func (m *match) ready(text string) {
	n := min(m.hint, 4+len(text)/8)
	if m.format >= 0 {
		n++ // formatAttribute
	}
	m.object.EnsureCapacity(n)
}

// forget drops what refers to the texts of records.
func (m *match) forget() {
	clear(m.captures[:cap(m.captures)])
	clear(m.drop[:cap(m.drop)])
	m.reset()
}

// locate finds the first capture of each slot.
func (m *match) locate() {
	n := len(m.plan.places)
	if cap(m.at) < n {
		m.at = make([]int32, n)
	}
	m.at = m.at[:n]
	for i := range m.at {
		m.at[i] = -1
	}
	for i := range m.captures {
		if slot := m.captures[i].Field.Slot; slot >= 0 && m.at[slot] < 0 {
			m.at[slot] = int32(i) //nolint:gosec // a pattern has far fewer captures
		}
	}
}

// take keeps a slot's captures from becoming attributes.
func (m *match) take(slot int) {
	for len(m.taken) < len(m.at) {
		m.taken = append(m.taken, false)
	}
	m.taken[slot] = true
}

// find returns the first of refs all of whose slots were captured, and their texts.
func (m *match) find(refs []ref) (r *ref, text string, ok bool) {
	i, text := m.next(refs)
	if i < 0 {
		return nil, "", false
	}
	return &refs[i], text, true
}

// next is find with the place in refs, -1 for none.
func (m *match) next(refs []ref) (i int, text string) {
next:
	for i := range refs {
		r := &refs[i]
		for _, slot := range r.slots {
			if m.at[slot] < 0 {
				continue next
			}
		}
		text := m.captures[m.at[r.slots[0]]].Text
		for _, slot := range r.slots[1:] {
			text += " " + m.captures[m.at[slot]].Text
		}
		return i, text
	}
	return -1, ""
}

// member is a value in an object, and where it is.
type member struct {
	object pcommon.Map
	key    string
	value  pcommon.Value
}

// lookup finds key as it is, or as a path into nested objects.
func lookup(fields pcommon.Map, key string) (member, bool) {
	if v, ok := fields.Get(key); ok {
		return member{fields, key, v}, true
	}
	for i := strings.IndexByte(key, '.'); i > 0 && i < len(key)-1; {
		if v, ok := fields.Get(key[:i]); ok && v.Type() == pcommon.ValueTypeMap {
			if v, ok := lookup(v.Map(), key[i+1:]); ok {
				return v, true
			}
		}
		next := strings.IndexByte(key[i+1:], '.')
		if next < 0 {
			break
		}
		i += 1 + next
	}
	return member{}, false
}
