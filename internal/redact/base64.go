// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redact

import (
	"strings"
	"unicode/utf8"
	"unsafe"
)

// Base64 (RFC 4648, both alphabets, with and without padding) hides a secret from every trigger. So stretches of at least
// base64Run characters that decode to text are read decoded, one level deep. A finding there is one of the whole stretch.

const (
	base64Run   = 24
	base64Probe = base64Run / 2
	// base64Text is how many decoded bytes must be text for the stretch to be one.
	base64Text = 12
	// maxEscape is how many characters of an escape look like base64.
	maxEscape = 5
)

// base64Value holds what a character stands for, -1 for those that stand for nothing.
var base64Value = func() (v [256]int8) {
	for i := range v {
		v[i] = -1
	}
	for i, c := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/" {
		v[c] = int8(i) //nolint:gosec // below 64
	}
	v['-'], v['_'] = v['+'], v['/']
	return v
}()

func base64Char(c byte) bool { return base64Value[c] >= 0 }

// readBase64 reads what stands in base64. A stretch of base64Run characters holds two places that are base64Probe apart,
// and between which there is no other character: a text without any is gone through in leaps, as Boyer and Moore do it.
func (sc *Scanner) readBase64(s string) {
	for p := base64Probe - 1; p+base64Probe < len(s); {
		// From the second place backwards: what stands before the first character that is none need not be looked at.
		first := p + base64Probe
		for first >= p && base64Char(s[first]) {
			first--
		}
		if first >= p {
			p = first + base64Probe
			continue
		}
		end := p + base64Probe + 1
		for end < len(s) && base64Char(s[end]) {
			end++
		}
		start := p
		for start > 0 && p-start < base64Probe && base64Char(s[start-1]) {
			start--
		}
		for k := start + 1; k <= start+maxEscape && k < end; k++ { // the end of \n, %3D, \u003d or a colour code
			if escapeBefore(s, k) {
				start = k
				break
			}
		}
		if end-start >= base64Run {
			stop, text := sc.readStretch(s, start, end)
			if i := strings.IndexAny(s[start:min(end, start+maxLeadIn)], "/-_"); !text && i >= 0 && end-start-i > base64Run {
				stop, _ = sc.readStretch(s, start+i+1, end) // Basic/QWxh…
			}
			end = stop
		}
		p = end - 1 + base64Probe
	}
}

// maxLeadIn is how much of a path or a word may stand before base64 without a character between them that is none.
const maxLeadIn = 32

// readStretch decodes s[start:end] and the lines of base64 that follow it, and reads what comes out, if that is text. It
// returns where the stretch ends, and whether it is text.
func (sc *Scanner) readStretch(s string, start, end int) (stop int, isText bool) {
	d := base64Decoder{text: sc.plain[:0]}
	line := start
	for d.add(s[line:end]) {
		next := skipLineBreak(s, end)
		if next == end || (end-line)%4 != 0 {
			break
		}
		stop := next
		for stop < len(s) && base64Char(s[stop]) {
			stop++
		}
		if stop-next < 4 {
			break
		}
		line, end = next, stop
	}
	text := d.text
	sc.plain = text
	if sc.steps -= len(text); len(text) < base64Text {
		return end, false
	}
	for end < len(s) && s[end] == '=' {
		end++
	}
	from, decode := len(sc.found), sc.decode
	plain := unsafe.String(&text[0], len(text)) // not written to until the reading is over
	read := sc.read(plain)
	sc.decode = decode
	if read < len(plain) {
		sc.count(LimitSteps)
		sc.found = append(sc.found, finding{start, end, sc.e.unscanned})
	}
	if len(sc.found) == from {
		return end, true
	}
	whole := finding{start, end, sc.found[from].det}
	for _, f := range sc.found[from:] {
		if sc.e.dets[f.det].rank > sc.e.dets[whole.det].rank {
			whole.det = f.det
		}
	}
	sc.found = append(sc.found[:from], whole)
	return end, true
}

// base64Decoder collects what base64 stands for as long as it is text.
type base64Decoder struct {
	text []byte
	more int // bytes that the last character wants still
}

// add decodes a line, and tells whether it is text to the end.
func (d *base64Decoder) add(line string) bool {
	for len(line) >= 2 {
		var word uint32
		n := min(4, len(line))
		for i := range 4 {
			word <<= 6
			if i < n {
				word |= uint32(base64Value[line[i]]) //nolint:gosec // a stretch holds only characters with a value
			}
		}
		line = line[n:]
		for i := range n - 1 {
			c := byte(word >> (16 - 8*i))
			if !d.takes(c) {
				return false
			}
			d.text = append(d.text, c)
		}
	}
	return true
}

// takes tells whether the byte goes on with a text in UTF-8.
func (d *base64Decoder) takes(c byte) bool {
	switch {
	case d.more > 0:
		d.more--
		return c&0xc0 == 0x80
	case c < utf8.RuneSelf:
		return c >= ' ' && c != 0x7f || c == '\n' || c == '\r' || c == '\t'
	case c >= 0xc2 && c <= 0xdf:
		d.more = 1
	case c >= 0xe0 && c <= 0xef:
		d.more = 2
	case c >= 0xf0 && c <= 0xf4:
		d.more = 3
	default:
		return false
	}
	return true
}

// skipLineBreak goes over one line break, which may be escaped, and the blanks behind it.
func skipLineBreak(s string, i int) int {
	for _, br := range [...]string{"\r\n", "\n", `\r\n`, `\n`, `\\r\\n`, `\\n`, "%0D%0A", "%0A", `\u000a`} {
		if strings.HasPrefix(s[i:], br) {
			i += len(br)
			for n := 0; n < maxSeparators && i < len(s) && (s[i] == ' ' || s[i] == '\t'); n++ {
				i++
			}
			return i
		}
	}
	return i
}
