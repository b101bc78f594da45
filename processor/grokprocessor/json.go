// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grokprocessor

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// jsonParser matches a text that is one JSON object. Nested objects stay maps, arrays lists. Of a key that occurs twice
// the last value stays. A number that neither int64 nor float64 can hold stays a text, digit for digit. The text
// is valid UTF-8.
type jsonParser struct{ maxDepth int }

func (p *jsonParser) parse(w *worker, text string, m *match) outcome {
	d := jsonDecoder{text: text, fieldsLeft: w.fieldsLeft, maxDepth: p.maxDepth}
	d.space()
	if d.peek() != '{' {
		return outcomeNoMatch
	}
	m.ready(text)
	if !d.object(m.object, 1) {
		if d.reason != outcomeParsed {
			return d.reason
		}
		return outcomeNoMatch
	}
	d.space()
	if d.pos < len(text) {
		return outcomeNoMatch
	}
	w.fieldsLeft = d.fieldsLeft
	return outcomeParsed
}

// jsonDecoder reads RFC 8259 text straight into attribute values.
type jsonDecoder struct {
	text                 string
	pos                  int
	fieldsLeft, maxDepth int
	reason               outcome // set when a bound was reached; outcomeParsed stands for none
}

func (d *jsonDecoder) peek() byte {
	if d.pos < len(d.text) {
		return d.text[d.pos]
	}
	return 0
}

func (d *jsonDecoder) space() {
	for d.pos < len(d.text) {
		switch d.text[d.pos] {
		case ' ', '\t', '\n', '\r':
			d.pos++
		default:
			return
		}
	}
}

// next skips white space and takes c if it comes next.
func (d *jsonDecoder) next(c byte) bool {
	d.space()
	if d.peek() != c || d.pos == len(d.text) {
		return false
	}
	d.pos++
	return true
}

func (d *jsonDecoder) field() bool {
	if d.fieldsLeft--; d.fieldsLeft < 0 {
		d.reason = outcomeTooManyFields
		return false
	}
	return true
}

func (d *jsonDecoder) deeper(depth int) bool {
	if depth > d.maxDepth {
		d.reason = outcomeTooDeep
		return false
	}
	return true
}

// nestedCapacity is what is set aside for an object in an object: most have a few members.
const nestedCapacity = 4

func (d *jsonDecoder) object(m pcommon.Map, depth int) bool {
	if !d.deeper(depth) || !d.next('{') {
		return false
	}
	if d.next('}') {
		return true
	}
	if depth > 1 {
		m.EnsureCapacity(nestedCapacity)
	}
	for {
		d.space()
		key, ok := d.str()
		if !ok || !d.next(':') || !d.field() || !d.value(m.PutEmpty(key), depth) {
			return false
		}
		if d.next('}') {
			return true
		}
		if !d.next(',') {
			return false
		}
	}
}

func (d *jsonDecoder) array(s pcommon.Slice, depth int) bool {
	if !d.deeper(depth) || !d.next('[') {
		return false
	}
	if d.next(']') {
		return true
	}
	for {
		if !d.field() || !d.value(s.AppendEmpty(), depth) {
			return false
		}
		if d.next(']') {
			return true
		}
		if !d.next(',') {
			return false
		}
	}
}

func (d *jsonDecoder) value(dst pcommon.Value, depth int) bool {
	d.space()
	switch c := d.peek(); c {
	case '{':
		return d.object(dst.SetEmptyMap(), depth+1)
	case '[':
		return d.array(dst.SetEmptySlice(), depth+1)
	case '"':
		s, ok := d.str()
		if ok {
			dst.SetStr(s)
		}
		return ok
	case 't', 'f', 'n':
		return d.word(dst)
	default:
		return d.number(dst)
	}
}

func (d *jsonDecoder) word(dst pcommon.Value) bool {
	rest := d.text[d.pos:]
	switch {
	case strings.HasPrefix(rest, "true"):
		dst.SetBool(true)
		d.pos += 4
	case strings.HasPrefix(rest, "false"):
		dst.SetBool(false)
		d.pos += 5
	case strings.HasPrefix(rest, "null"):
		d.pos += 4
	default:
		return false
	}
	return true
}

func (d *jsonDecoder) number(dst pcommon.Value) bool {
	start, whole := d.pos, true
	digits := func() bool {
		from := d.pos
		for d.pos < len(d.text) && d.text[d.pos] >= '0' && d.text[d.pos] <= '9' {
			d.pos++
		}
		return d.pos > from
	}
	if d.peek() == '-' {
		d.pos++
	}
	first := d.pos
	if !digits() || d.text[first] == '0' && d.pos > first+1 {
		return false
	}
	if d.peek() == '.' {
		whole = false
		d.pos++
		if !digits() {
			return false
		}
	}
	if c := d.peek(); c == 'e' || c == 'E' {
		whole = false
		d.pos++
		if c := d.peek(); c == '+' || c == '-' {
			d.pos++
		}
		if !digits() {
			return false
		}
	}
	text := d.text[start:d.pos]
	if whole {
		if v, err := strconv.ParseInt(text, 10, 64); err == nil {
			dst.SetInt(v)
		} else {
			dst.SetStr(text)
		}
		return true
	}
	if v, err := strconv.ParseFloat(text, 64); err == nil && !math.IsInf(v, 0) {
		dst.SetDouble(v)
	} else {
		dst.SetStr(text)
	}
	return true
}

// str reads a string. Control characters that JSON forbids are taken as they are: programs print them.
func (d *jsonDecoder) str() (string, bool) {
	if d.peek() != '"' {
		return "", false
	}
	start := d.pos + 1
	for i := start; i < len(d.text); i++ {
		switch d.text[i] {
		case '"':
			d.pos = i + 1
			return d.text[start:i], true
		case '\\':
			return d.escaped(start, i)
		}
	}
	return "", false
}

// escaped reads a string that has its first backslash at i.
func (d *jsonDecoder) escaped(start, i int) (string, bool) {
	b := append(make([]byte, 0, 2*(i-start)+16), d.text[start:i]...)
	for i < len(d.text) {
		c := d.text[i]
		i++
		switch c {
		case '"':
			d.pos = i
			return string(b), true
		case '\\':
			if i == len(d.text) {
				return "", false
			}
			c = d.text[i]
			i++
			switch c {
			case '"', '\\', '/':
				b = append(b, c)
			case 'b':
				b = append(b, '\b')
			case 'f':
				b = append(b, '\f')
			case 'n':
				b = append(b, '\n')
			case 'r':
				b = append(b, '\r')
			case 't':
				b = append(b, '\t')
			case 'u':
				r, size := unicodeEscape(d.text[i:])
				if size == 0 {
					return "", false
				}
				b = utf8.AppendRune(b, r)
				i += size
			default:
				return "", false
			}
		default:
			b = append(b, c)
		}
	}
	return "", false
}

// unicodeEscape reads the hexadecimal digits after \u, and the second half of a surrogate pair. Half a pair is U+FFFD.
func unicodeEscape(s string) (r rune, size int) {
	hex := func(s string) (rune, bool) {
		if len(s) < 4 {
			return 0, false
		}
		v, err := strconv.ParseUint(s[:4], 16, 32)
		return rune(v), err == nil
	}
	r, ok := hex(s)
	if !ok {
		return 0, 0
	}
	if r < 0xD800 || r > 0xDFFF {
		return r, 4
	}
	if r < 0xDC00 && strings.HasPrefix(s[4:], `\u`) {
		if low, ok := hex(s[6:]); ok && low >= 0xDC00 && low <= 0xDFFF {
			return (r-0xD800)<<10 + (low - 0xDC00) + 0x10000, 10
		}
	}
	return utf8.RuneError, 4
}
