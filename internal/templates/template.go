// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package templates

import (
	"strings"
	"unsafe"
)

// template is one template, or an unused entry (id 0).
type template struct {
	id                 uint64
	count, first, last uint64
	parts              []part
	text               string // the texts of the parts one after another, then the example
	shape              uint64
	credit             uint32 // lines seen, less the challenges lost
	generation         uint32 // of the entry: counts its templates
	example            uint16 // bytes of text that are the example
	chain              uint16 // next template of the same chain, or next unused entry, as index + 1
	newer, older       uint16 // neighbours in the list of the young, as index + 1
	young              bool
}

// part is one element of a template: its text, with the gap before it, ends at end.
type part struct {
	hash uint32
	end  uint16
	kind kind
}

const wild = "<*>"

// bytes is what a template holds besides its entry.
func (t *template) bytes() int {
	return rounded(cap(t.parts)*int(unsafe.Sizeof(part{}))) + rounded(len(t.text))
}

// rounded approximates the size class of an allocation from above.
func rounded(n int) int {
	switch {
	case n <= 128:
		return (n + 15) &^ 15
	case n <= 1024:
		return (n + 63) &^ 63
	default:
		return (n + n/8 + 255) &^ 255
	}
}

// part returns the text of a part.
func (t *template) part(i int) string {
	from := 0
	if i > 0 {
		from = int(t.parts[i-1].end)
	}
	return strings.TrimLeft(t.text[from:t.parts[i].end], " ")
}

func (t *template) export() Template {
	cut := len(t.text) - int(t.example)
	return Template{ID: t.id, Text: t.text[:cut], Count: t.count, First: t.first, Last: t.last, Example: t.text[cut:]}
}

// build makes the parts and the text of a template from a line.
func (t *template) build(s *scan, line string, maxExample int) {
	b := make([]byte, 0, 1024)
	t.parts = make([]part, s.n)
	from := 0
	for i := range s.n {
		e := &s.elems[i]
		start, end := max(int(e.start), from), max(int(e.end), from)
		b = appendGap(b, s.text[from:start], i == 0)
		switch e.kind {
		case kindVar:
			b = append(b, wild...)
		case kindRest:
			b = append(b, "…"...)
		default:
			b = appendClean(b, s.text[start:end])
		}
		from = end
		t.parts[i] = part{hash: uint32(e.hash), end: uint16(len(b)), kind: e.kind}
	}
	if !s.more {
		end := len(s.text)
		for end > from && classes[s.text[end-1]]&classSpace != 0 {
			end--
		}
		b = appendGap(b, s.text[from:end], s.n == 0)
		if s.n > 0 {
			t.parts[s.n-1].end = uint16(len(b))
		}
	}
	before := len(b)
	b = appendClean(b, line[:min(len(line), maxExample)])
	t.text = string(b)
	t.example = uint16(len(t.text) - before)
}

// appendGap appends what is between two elements: blanks as one, and the marks that were passed over.
func appendGap(b []byte, gap string, first bool) []byte {
	blank := false
	for i := range len(gap) {
		if classes[gap[i]]&classSpace != 0 {
			blank = true
			continue
		}
		if blank && !first {
			b = append(b, ' ')
		}
		blank, first = false, false
		if gap[i] < 0x80 {
			b = append(b, gap[i])
		}
	}
	if blank && !first {
		b = append(b, ' ')
	}
	return b
}

// appendClean appends a text as valid UTF-8.
func appendClean(b []byte, s string) []byte {
	return append(b, strings.ToValidUTF8(s, "\uFFFD")...)
}

// vary makes the parts of a mask variable.
func (t *template) vary(mask uint64) {
	cut := len(t.text) - int(t.example)
	b := make([]byte, 0, 1024)
	from := 0
	for i := range t.parts {
		p := &t.parts[i]
		text := t.text[from:p.end]
		from = int(p.end)
		if mask&(1<<uint(i)) != 0 && p.kind != kindVar {
			if text != "" && text[0] == ' ' {
				b = append(b, ' ')
			}
			b = append(b, wild...)
			p.kind, p.hash = kindVar, hashVar&(1<<32-1)
		} else {
			b = append(b, text...)
		}
		p.end = uint16(len(b))
	}
	t.example = uint16(len(t.text) - cut)
	b = append(b, t.text[cut:]...)
	t.text = string(b)
}
