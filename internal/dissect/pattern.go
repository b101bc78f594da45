// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package dissect

import (
	"strings"

	"github.com/logboom/logboom/internal/grok"
)

// maxName is the longest name, in bytes, that a text may give to a field of its own by %{*name} and %{&name}. It keeps whole
// lines from becoming the keys of attributes.
const maxName = 255

// Field is the place a capture goes to.
type Field = grok.Field

// Capture is one captured text. A slot that occurs more than once is a list.
type Capture = grok.Capture

// Pattern is a compiled dissect expression. It is safe for concurrent use.
type Pattern struct {
	source string
	fields []*Field
	slots  int

	lead    string // the text begins with it
	keys    []step
	outputs []output // what to make of the keys, if a key alone is not what is captured
}

// step is one key and the delimiter behind it. The last one's delimiter is empty if its key takes the rest.
type step struct {
	field *Field // nil if the key alone is not captured
	delim string
	pad   bool
}

// output is one capture made of several keys.
type output struct {
	field *Field // nil: its name is the text of key
	key   int
	parts []part // in their order
}

// part is the text of a key and what stands before it if it is not the first part.
type part struct {
	key    int
	before string
}

// String returns the expression the pattern was compiled from.
func (p *Pattern) String() string { return p.source }

// Fields returns the fields a match can capture, in the order of their keys, without those whose names the text gives.
func (p *Pattern) Fields() []*Field { return p.fields }

// Slots returns the number of different places the fields go to.
func (p *Pattern) Slots() int { return p.slots }

// Match splits text, which must begin with what stands before the first key and must have every delimiter in its order, and
// appends what it captured to dst. What follows the last delimiter, if no key does, is ignored. An empty text is a capture
// too, except where a number or a bool is wanted. A field whose name the text gives is new with each match; its slot is -1.
//
// It allocates only for such fields, and for appended texts whose parts are not neighbours in text.
func (p *Pattern) Match(text string, dst []Capture) (captures []Capture, ok bool) {
	if !strings.HasPrefix(text, p.lead) {
		return dst, false
	}
	if p.outputs != nil {
		return p.matchParts(text, dst)
	}
	at, n := len(p.lead), len(dst)
	for i := range p.keys {
		k := &p.keys[i]
		from := at
		to, next := k.end(text, from)
		if to < 0 {
			return dst[:n], false
		}
		at = next
		if k.field != nil {
			dst = capture(dst, k.field, text[from:to])
		}
	}
	return dst, true
}

// end returns where the key's text ends that begins at from, and where the next one begins; -1 if its delimiter is not there.
func (k *step) end(text string, from int) (to, next int) {
	if k.delim == "" {
		return len(text), len(text)
	}
	var i int
	if len(k.delim) == 1 {
		i = strings.IndexByte(text[from:], k.delim[0])
	} else {
		i = strings.Index(text[from:], k.delim)
	}
	if i < 0 {
		return -1, 0
	}
	to = from + i
	next = to + len(k.delim)
	for k.pad && strings.HasPrefix(text[next:], k.delim) {
		next += len(k.delim)
	}
	return to, next
}

func capture(dst []Capture, f *Field, text string) []Capture {
	if text == "" && f.Type != grok.TypeString {
		return dst
	}
	return append(dst, Capture{Field: f, Text: text})
}

type span struct{ from, to int }

// matchParts is Match where captures are made of several keys.
func (p *Pattern) matchParts(text string, dst []Capture) ([]Capture, bool) {
	var few [32]span
	spans := few[:]
	if len(p.keys) > len(few) {
		spans = make([]span, len(p.keys))
	}
	at := len(p.lead)
	for i := range p.keys {
		k := &p.keys[i]
		spans[i].from = at
		if spans[i].to, at = k.end(text, at); spans[i].to < 0 {
			return dst, false
		}
	}
	for i := range p.outputs {
		if o := &p.outputs[i]; o.field == nil && spans[o.key].to-spans[o.key].from > maxName {
			return dst, false
		}
	}
	for i := range p.outputs {
		o := &p.outputs[i]
		f := o.field
		if f == nil {
			name := text[spans[o.key].from:spans[o.key].to]
			if name == "" {
				continue
			}
			f = &Field{Name: name, Path: []string{name}, Slot: -1}
		}
		dst = capture(dst, f, o.text(text, spans))
	}
	return dst, true
}

// text returns the parts put together: a piece of text itself where they follow one another there just so.
func (o *output) text(text string, spans []span) string {
	first := spans[o.parts[0].key]
	whole := first
	size := first.to - first.from
	for _, pt := range o.parts[1:] {
		s := spans[pt.key]
		size += len(pt.before) + s.to - s.from
		if whole.to >= 0 && s.from == whole.to+len(pt.before) && text[whole.to:s.from] == pt.before {
			whole.to = s.to
		} else {
			whole.to = -1
		}
	}
	if whole.to >= 0 {
		return text[whole.from:whole.to]
	}
	var b strings.Builder
	b.Grow(size)
	for i, pt := range o.parts {
		if i > 0 {
			b.WriteString(pt.before)
		}
		b.WriteString(text[spans[pt.key].from:spans[pt.key].to])
	}
	return b.String()
}
