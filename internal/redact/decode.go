// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redact

import (
	"strings"
	"unsafe"
)

// The ways of reading a text a second time. Where + may be a blank, as in a query or a form, or itself, as in a path,
// the text is read both ways.
const (
	decodePercent = 1 << iota // %40
	decodePlus                // %40, and + for a blank
	decodeJSON                // \u0040, \x40 (nginx) and \/, below any number of further backslashes: JSON in JSON has more of them
)

var decodings = [...]int{decodePercent, decodePlus, decodeJSON}

// view is a text in decoded form, with the place in the raw text for each of its bytes.
type view struct {
	text  []byte
	at    []int32
	marks [][2]int
}

// readDecoded reads s again with one level of escapes undone, and adds the findings, as places in s, to sc.found.
func (sc *Scanner) readDecoded(s string) {
	if len(s) > 1<<30 {
		return
	}
	want := sc.decode
	if sc.steps <= 0 { // the reading that would have told stopped early
		want |= decodePercent | decodeJSON
	}
	if want&decodePercent != 0 && strings.IndexByte(s, '+') >= 0 {
		want |= decodePlus
	}
	v := &sc.view
	for _, kind := range decodings {
		if want&kind == 0 {
			continue
		}
		if v.decode(s, kind); len(v.text) == 0 {
			continue
		}
		from := len(sc.found)
		text := unsafe.String(&v.text[0], len(v.text)) // v.text is not written to until the reading is over
		stop := sc.read(text)
		if len(text) >= base64Run { // with its slashes escaped
			sc.readBase64(text[:stop])
		}
		for i := range sc.found[from:] {
			f := &sc.found[from+i]
			f.start, f.end = int(v.at[f.start]), int(v.at[f.end])
		}
		if stop < len(text) {
			sc.count(LimitSteps)
			sc.found = append(sc.found, finding{max(0, int(v.at[stop])-unscannedMargin), len(s), sc.e.unscanned})
		}
	}
}

func (v *view) decode(s string, kind int) {
	v.text, v.at = v.text[:0], v.at[:0]
	for i := 0; i < len(s); {
		c, n := s[i], 1
		switch {
		case c == '%' && kind != decodeJSON && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]):
			c, n = unhex(s[i+1])<<4|unhex(s[i+2]), 3
		case c == '+' && kind == decodePlus:
			c = ' '
		case c == '\\' && kind == decodeJSON:
			var ok bool
			if c, n, ok = jsonEscape(s[i:]); !ok {
				for range n {
					v.text, v.at = append(v.text, '\\'), append(v.at, int32(i)) //nolint:gosec // bounded above
					i++
				}
				continue
			}
		}
		v.text, v.at = append(v.text, c), append(v.at, int32(i)) //nolint:gosec // bounded above
		i += n
	}
	v.at = append(v.at, int32(len(s))) //nolint:gosec // bounded above
}

// jsonEscape reads the backslashes that s begins with, and \u00XX, \xXX or \/ at their end. Without one of those n is the number of
// backslashes.
func jsonEscape(s string) (c byte, n int, ok bool) {
	for n < len(s) && s[n] == '\\' {
		n++
	}
	switch {
	case n < len(s) && s[n] == '/':
		return '/', n + 1, true
	case n+2 < len(s) && s[n] == 'x' && isHex(s[n+1]) && isHex(s[n+2]): // nginx
		return unhex(s[n+1])<<4 | unhex(s[n+2]), n + 3, true
	case n+4 < len(s) && s[n] == 'u' && s[n+1] == '0' && s[n+2] == '0' && isHex(s[n+3]) && isHex(s[n+4]):
		return unhex(s[n+3])<<4 | unhex(s[n+4]), n + 5, true
	}
	return '\\', n, false
}

// plusForBlank tells whether s has a + between two words behind the name of a parameter, so that it may stand for a blank.
// That of a time zone (12:00:00+01:00) does not count.
func plusForBlank(s string) bool {
	from := strings.IndexByte(s, '=')
	if from < 0 {
		return false
	}
	for i := from + 1; ; i++ {
		k := strings.IndexByte(s[i:], '+')
		if k < 0 {
			return false
		}
		i += k
		if i+1 >= len(s) || s[i-1] <= ' ' || s[i+1] <= ' ' {
			continue
		}
		if i >= 3 && s[i-3] == ':' && isDigit(s[i-1]) && i+2 < len(s) && isDigit(s[i+1]) && isDigit(s[i+2]) &&
			(i+3 == len(s) || !isAlnum(s[i+3]) || i+5 <= len(s) && allIn(s[i+3:i+5], isDigit)) {
			continue
		}
		return true
	}
}

func unhex(c byte) byte {
	if isDigit(c) {
		return c - '0'
	}
	return (c | 0x20) - 'a' + 10
}
