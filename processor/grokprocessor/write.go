// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grokprocessor

import (
	"slices"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/logboom/logboom/internal/grok"
)

// writeCaptures makes attributes of the captures.
func (w *worker) writeCaptures(m *match) {
	p := m.plan
	attrs := w.attrs
	empty := attrs.Len() == 0
	extra := p.extra + w.pending
	if m.format >= 0 {
		extra++ // formatAttribute
	}
	attrs.EnsureCapacity(attrs.Len() + len(m.captures) + extra)
	if empty && p.unique && len(m.taken) == 0 {
		for i := range m.captures {
			c := &m.captures[i]
			if pl := &p.places[c.Field.Slot]; pl.simple || pl.address && !mayHavePort(c.Text) {
				w.written = appendIf(w.written, w.rule.tracks, pl.key)
				attrs.PutStr(pl.key, c.Text)
			} else {
				w.writeCapture(m, pl, c)
			}
		}
		return
	}
	w.before = len(w.written)
	m.wrote = m.wrote[:0]
	if !p.unique {
		m.wrote = slices.Grow(m.wrote, len(p.places))[:len(p.places)]
		clear(m.wrote)
	}
	for i := range m.captures {
		c := &m.captures[i]
		slot := c.Field.Slot
		switch {
		case slot < 0: // the text itself named it
			pl := place{target: target{key: c.Field.Name, form: formText}, shared: -1, reserved: isReserved(c.Field.Name)}
			w.writeCapture(m, &pl, c)
		case len(m.taken) > 0 && m.taken[slot]:
		default:
			w.writeCapture(m, &p.places[slot], c)
		}
	}
}

func appendIf(dst []string, really bool, s string) []string {
	if !really {
		return dst
	}
	return append(dst, s)
}

// put returns the value to write under key. ok is false if the attribute is there already and stays.
func (w *worker) put(key string) (dst pcommon.Value, ok bool) {
	dst, existed := w.attrs.GetOrPutEmpty(key)
	if existed && (!w.rule.overwrite || w.rule.tracks && slices.Contains(w.written[:w.before], key)) {
		return dst, false
	}
	w.written = appendIf(w.written, w.rule.tracks, key)
	return dst, true
}

func (w *worker) writeCapture(m *match, pl *place, c *grok.Capture) {
	if pl.reserved {
		w.fail(failureReserved)
		return
	}
	switch pl.form {
	case formURL:
		if path, query, ok := splitURL(c.Text); ok {
			w.writeText(m, pl, keyURLPath, path)
			if query != "" {
				w.writeText(m, pl, keyURLQuery, query)
			}
			return
		}
		w.writeText(m, pl, urlKey(c.Text), c.Text)
		return
	case formLower:
		w.writeText(m, pl, pl.key, lowerCase(c.Text))
		return
	}
	key := pl.key
	for _, slot := range pl.rivals {
		if m.at[slot] >= 0 {
			key = pl.spare
		}
	}
	if pl.form == formAddress {
		if host, port, ok := splitAddress(c.Text); ok {
			w.writeText(m, pl, key, host)
			if dst, ok := w.put(portOf(pl.key)); ok {
				dst.SetInt(port)
			}
			return
		}
	}
	dst, how := w.putShared(m, pl, key, c.Text)
	switch {
	case how == putNot:
	case how == putAppended && pl.form == formList:
		dst.SetStr(c.Text)
	default:
		w.setForm(dst, pl.form, c)
	}
}

func (w *worker) writeText(m *match, pl *place, key, text string) {
	if dst, how := w.putShared(m, pl, key, text); how != putNot {
		dst.SetStr(text)
	}
}

// howPut is what became of the attempt to write an attribute.
type howPut uint8

const (
	putNot      howPut = iota // it stays as it is
	putWhole                  // the value is the attribute's
	putAppended               // the value is the last of the attribute's list
)

// putShared is put for attributes that several captures may go to: what this match has written there becomes a list.
func (w *worker) putShared(m *match, pl *place, key, text string) (pcommon.Value, howPut) {
	shared := pl.shared >= 0 && len(m.wrote) > 0
	if shared && m.wrote[pl.shared] {
		if dst, ok := w.attrs.Get(key); ok {
			if pl.alias && dst.Type() == pcommon.ValueTypeStr && dst.Str() == text { // two names for the same thing
				return dst, putNot
			}
			return appendTo(dst), putAppended
		}
	}
	dst, ok := w.put(key)
	if shared {
		m.wrote[pl.shared] = ok
	}
	if !ok {
		return dst, putNot
	}
	return dst, putWhole
}

// appendTo makes dst a list, if it is none yet, and returns a new last element.
func appendTo(dst pcommon.Value) pcommon.Value {
	if dst.Type() != pcommon.ValueTypeSlice {
		first := pcommon.NewValueEmpty()
		dst.MoveTo(first)
		list := dst.SetEmptySlice()
		list.EnsureCapacity(4)
		first.MoveTo(list.AppendEmpty())
	}
	return dst.Slice().AppendEmpty()
}

// intField converts what is a number by the attribute's name and a text by the pattern's.
var intField = &grok.Field{Type: grok.TypeInt}

// setForm writes a capture in the form that its attribute has. A text that is no such value stays a text and is counted.
func (w *worker) setForm(dst pcommon.Value, f form, c *grok.Capture) {
	field := c.Field
	switch f {
	case formField:
	case formInt:
		field = intField
	case formList:
		dst.SetEmptySlice().AppendEmpty().SetStr(c.Text)
		return
	default:
		dst.SetStr(c.Text)
		return
	}
	v, ok := field.Value(c.Text)
	switch v.Type {
	case grok.TypeInt:
		dst.SetInt(v.Int)
	case grok.TypeFloat:
		dst.SetDouble(v.Float)
	case grok.TypeBool:
		dst.SetBool(v.Bool)
	default:
		dst.SetStr(v.Text)
	}
	if !ok {
		w.fail(failureType)
	}
}

// writeObject makes attributes of the members of an object.
func (w *worker) writeObject(m *match) {
	n := m.object.Len()
	m.hint = n
	reserved := 0
	for key := range m.object.All() {
		if isReserved(key) {
			reserved++
		}
	}
	attrs := w.attrs
	if attrs.Len() == 0 && reserved == 0 && !w.rule.tracks && w.pending == 0 {
		m.object.MoveTo(attrs)
		return
	}
	w.fails[failureReserved] += int64(reserved)
	w.before = len(w.written)
	attrs.EnsureCapacity(attrs.Len() + n - reserved + w.pending)
	for key, v := range m.object.All() {
		if reserved > 0 && isReserved(key) {
			continue
		}
		if dst, ok := w.put(key); ok {
			v.MoveTo(dst)
		}
	}
}
