// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package logformat

import "strings"

// An outline is a cheap necessary condition for a format: how its lines begin. It is written as alternatives with | between:
//
//	d u l a w h   a digit, upper case, lower case, letter, letter or digit or _, hexadecimal digit
//	.             any byte
//	_ D S         one or more blanks or tabs, one or more digits, bytes that are no white space (or none)
//	L             a level in words or in three letters, any case
//	<             an ISO time: 2026-01-15T12:00:00, blank or T, with fraction and zone if it has them
//	'text'        the text; any other byte stands for itself
//	~'text'       anything, then the text
type outline []element

type element struct {
	class   uint8 // 0: the byte itself
	literal byte
	text    string // of somewhere
}

const (
	digit uint8 = 1 << iota
	upper
	lower
	hex
	underscore
	anyByte
	// Beyond one byte, told apart by their number and not by bits.
	manyBlanks = 0x80 | iota
	manyDigits
	nonBlanks
	level
	isoTime
	somewhere
)

// classes has the classes of each byte.
var classes = func() (t [256]uint8) {
	for c := range t {
		t[c] = anyByte
		switch {
		case '0' <= c && c <= '9':
			t[c] |= digit | hex
		case 'a' <= c && c <= 'z':
			t[c] |= lower
		case 'A' <= c && c <= 'Z':
			t[c] |= upper
		case c == '_':
			t[c] |= underscore
		}
		if 'a' <= c|0x20 && c|0x20 <= 'f' && t[c]&(lower|upper) != 0 {
			t[c] |= hex
		}
	}
	return t
}()

var classNames = map[byte]uint8{
	'd': digit, 'u': upper, 'l': lower, 'a': upper | lower, 'w': upper | lower | digit | underscore, 'h': hex,
	'.': anyByte, '_': manyBlanks, 'D': manyDigits, 'S': nonBlanks, 'L': level, '<': isoTime,
}

// outlines reads the alternatives of a shape.
func outlines(shape string) []outline {
	var out []outline
	var cur outline
	quoted := false
	for i := range len(shape) {
		c := shape[i]
		switch {
		case c == '\'':
			quoted = !quoted
		case quoted && len(cur) > 0 && cur[len(cur)-1].class == somewhere:
			cur[len(cur)-1].text += string(c)
		case !quoted && c == '~':
			cur = append(cur, element{class: somewhere})
		case !quoted && c == '|':
			out, cur = append(out, cur), nil
		case !quoted && classNames[c] != 0:
			cur = append(cur, element{class: classNames[c]})
		default:
			cur = append(cur, element{literal: c})
		}
	}
	return append(out, cur)
}

// begins reports whether the outline may begin with c.
func (o outline) begins(c byte) bool {
	switch e := o[0]; e.class {
	case 0:
		return e.literal == c
	case manyBlanks:
		return isBlank(c)
	case manyDigits, isoTime:
		return classes[c]&digit != 0
	case nonBlanks:
		return !isSpace(c)
	case level:
		return classes[c]&(upper|lower) != 0
	default:
		return classes[c]&e.class != 0
	}
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

func isSpace(c byte) bool { return c == ' ' || '\t' <= c && c <= '\r' }

// fits reports whether text begins as the outline says.
func (o outline) fits(text string, times *isoTimes) bool {
	at := 0
	for _, e := range o {
		from := at
		switch e.class {
		case 0:
			if at >= len(text) || text[at] != e.literal {
				return false
			}
			at++
		case manyBlanks:
			for at < len(text) && isBlank(text[at]) {
				at++
			}
			if at == from {
				return false
			}
		case manyDigits:
			for at < len(text) && classes[text[at]]&digit != 0 {
				at++
			}
			if at == from {
				return false
			}
		case nonBlanks:
			for at < len(text) && !isSpace(text[at]) {
				at++
			}
		case level:
			for at < len(text) && classes[text[at]]&(upper|lower) != 0 {
				at++
			}
			if !isLevel(text[from:at]) {
				return false
			}
		case isoTime:
			if at = times.end(text, at); at < 0 {
				return false
			}
		case somewhere:
			i := strings.Index(text[at:], e.text)
			if i < 0 {
				return false
			}
			at += i + len(e.text)
		default:
			if at >= len(text) || classes[text[at]]&e.class == 0 {
				return false
			}
			at++
		}
	}
	return true
}

// mayBeginISO reports whether a text that begins with an ISO time can fit the outline.
func (o outline) mayBeginISO() bool {
	at := 0
	for _, e := range o {
		if at == len(isoLayout) {
			return true
		}
		t := isoLayout[at]
		switch e.class {
		case 0:
			if t != e.literal && (t != 'd' || classes[e.literal]&digit == 0) && (t != ' ' || e.literal != 'T') {
				return false
			}
		case manyBlanks:
			if t != ' ' {
				return false
			}
		case manyDigits:
			if t != 'd' {
				return false
			}
			for at+1 < len(isoLayout) && isoLayout[at+1] == 'd' {
				at++
			}
		case nonBlanks, isoTime, somewhere:
			return true
		case level:
			return false
		case anyByte:
		default:
			if (t != 'd' || e.class&(digit|hex) == 0) && (t != ' ' || e.class&upper == 0) {
				return false
			}
		}
		at++
	}
	return true
}

// isLevel reports the words of the library's APP_LEVEL and APP_LEVEL3.
func isLevel(word string) bool {
	var low [13]byte
	if len(word) < 3 || len(word) > len(low) {
		return false
	}
	for i := range len(word) {
		low[i] = word[i] | 0x20
	}
	switch string(low[:len(word)]) {
	case "trace", "debug", "info", "information", "informational", "notice", "warn", "warning", "err", "error", "crit", "critical",
		"fatal", "severe", "alert", "emerg", "emergency", "panic", "finest", "finer", "fine", "config", "verbose", "audit", "success",
		"trc", "vrb", "dbg", "inf", "wrn", "ftl", "pnc", "dpn":
		return true
	}
	return false
}

// isoTimes remembers where ISO times end that begin at the first two bytes of a text: -1 for none, 0 for not looked yet.
type isoTimes [2]int

func (t *isoTimes) end(text string, at int) int {
	if at >= len(t) {
		return isoTimeEnd(text, at)
	}
	if t[at] == 0 {
		t[at] = isoTimeEnd(text, at)
	}
	return t[at]
}

const isoLayout = "dddd-dd-dd dd:dd:dd"

// isoTimeEnd returns where the ISO time that begins at from ends, -1 if there is none.
func isoTimeEnd(text string, from int) int {
	if len(text) < from+len(isoLayout) {
		return -1
	}
	s := text[from:]
	for i := range len(isoLayout) {
		switch c := isoLayout[i]; c {
		case 'd':
			if classes[s[i]]&digit == 0 {
				return -1
			}
		case ' ':
			if s[i] != ' ' && s[i] != 'T' {
				return -1
			}
		default:
			if s[i] != c {
				return -1
			}
		}
	}
	at := len(isoLayout)
	digits := func(at int) int {
		for at < len(s) && classes[s[at]]&digit != 0 {
			at++
		}
		return at
	}
	if at+1 < len(s) && (s[at] == '.' || s[at] == ',' || s[at] == ':') {
		if end := digits(at + 1); end > at+1 {
			at = end
		}
	}
	zone := at
	if zone < len(s) && s[zone] == ' ' {
		zone++
	}
	switch {
	case zone == len(s):
	case s[zone] == 'Z' && (zone+1 == len(s) || classes[s[zone+1]]&(upper|lower|digit|underscore) == 0):
		at = zone + 1
	case s[zone] == '+' || s[zone] == '-':
		end := digits(zone + 1)
		n := end - zone - 1
		if n == 4 || n == 2 && zone == at {
			at = end
		}
		if n == 2 && end+2 < len(s) && s[end] == ':' && digits(end+1) == end+3 {
			at = end + 3
		}
	}
	return from + at
}

// looksLikeJSON reports a text that begins with { and a quote or } and ends with }.
func looksLikeJSON(text string) bool {
	if len(text) < 2 || text[0] != '{' || text[len(text)-1] != '}' {
		return false
	}
	text = strings.TrimLeft(text[1:], " \t\r\n")
	return text[0] == '"' || text[0] == '}'
}

// isLogfmt reports a text of at least two key=value pairs and nothing else. The audit daemon's lines are a format of their own.
func isLogfmt(text string) bool {
	if strings.HasPrefix(text, "type=") && strings.Contains(text, " msg=audit(") {
		return false
	}
	pairs := 0
	for at := 0; at < len(text); pairs++ {
		key := at
		for at < len(text) && isKeyByte[text[at]] {
			at++
		}
		if at == key || at == len(text) || text[at] != '=' {
			return false
		}
		at++
		if at < len(text) && text[at] == '\'' { // a shell's assignment
			return false
		}
		if at < len(text) && text[at] == '"' {
			for at++; at < len(text) && text[at] != '"'; at++ {
				if text[at] == '\\' {
					at++
				}
			}
			if at >= len(text) {
				return false
			}
			if at++; at < len(text) && text[at] > ' ' {
				return false
			}
		}
		for at < len(text) && text[at] > ' ' {
			at++
		}
		for at < len(text) && text[at] <= ' ' {
			at++
		}
	}
	return pairs > 1
}

// isKeyByte has the bytes of keys: those of identifiers, and what joins them.
var isKeyByte = func() (t [256]bool) {
	for c := range t {
		t[c] = classes[c]&(upper|lower|digit|underscore) != 0 || strings.IndexByte(".-/@:[]$#", byte(c)) >= 0
	}
	return t
}()
