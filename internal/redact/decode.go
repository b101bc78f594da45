// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redact

import "unsafe"

const (
	decodePercent = 1 << iota // %40, and + for a blank
	decodeJSON                // \u0040 and \/
)

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
	for _, kind := range []int{decodePercent, decodeJSON} {
		if want&kind == 0 {
			continue
		}
		v := &sc.view
		v.text, v.at = v.text[:0], v.at[:0]
		for i := 0; i < len(s); {
			c, n := s[i], 1
			switch {
			case kind == decodePercent && c == '%' && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]):
				c, n = unhex(s[i+1])<<4|unhex(s[i+2]), 3
			case kind == decodePercent && c == '+':
				c = ' '
			case kind == decodeJSON && c == '\\' && i+1 < len(s) && s[i+1] == '/':
				c, n = '/', 2
			case kind == decodeJSON && c == '\\' && i+1 < len(s) && s[i+1] == '\\':
				v.text, v.at = append(v.text, c), append(v.at, int32(i))
				i++ // an escaped backslash escapes nothing
			case kind == decodeJSON && c == '\\' && i+5 < len(s) && s[i+1] == 'u' && s[i+2] == '0' && s[i+3] == '0' && isHex(s[i+4]) && isHex(s[i+5]):
				c, n = unhex(s[i+4])<<4|unhex(s[i+5]), 6
			}
			v.text, v.at = append(v.text, c), append(v.at, int32(i))
			i += n
		}
		v.at = append(v.at, int32(len(s)))
		if len(v.text) == 0 {
			continue
		}
		from := len(sc.found)
		text := unsafe.String(&v.text[0], len(v.text)) // v.text is not written to until the reading is over
		stop := sc.read(text)
		for i := range sc.found[from:] {
			f := &sc.found[from+i]
			f.start, f.end = int(v.at[f.start]), int(v.at[f.end])
		}
		if stop < len(text) {
			sc.limits[LimitSteps]++
			sc.found = append(sc.found, finding{max(0, int(v.at[stop])-unscannedMargin), len(s), sc.e.unscanned})
		}
	}
}

func unhex(c byte) byte {
	if isDigit(c) {
		return c - '0'
	}
	return (c | 0x20) - 'a' + 10
}
