// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package logql

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// A scanner for JSON that gives back raw values without allocating. It is lenient about the grammar of
// numbers; structure it takes seriously.

const maxJSONDepth = 64

type jsonScanner struct {
	s string
	i int
}

func (j *jsonScanner) space() {
	for j.i < len(j.s) && isJSONSpace(j.s[j.i]) {
		j.i++
	}
}

func isJSONSpace(c byte) bool { return c <= ' ' && (c == ' ' || c == '\n' || c == '\t' || c == '\r') }

func (j *jsonScanner) peek() byte {
	if j.i < len(j.s) && j.s[j.i] > ' ' {
		return j.s[j.i]
	}
	j.space()
	if j.i < len(j.s) {
		return j.s[j.i]
	}
	return 0
}

func (j *jsonScanner) accept(c byte) bool {
	if j.peek() == c {
		j.i++
		return true
	}
	return false
}

// str reads a string literal and returns its inside, still escaped.
func (j *jsonScanner) str() (raw string, ok bool) {
	if !j.accept('"') {
		return "", false
	}
	return j.inside()
}

// inside reads on behind the opening quote.
func (j *jsonScanner) inside() (raw string, ok bool) {
	start := j.i
	n := strings.IndexByte(j.s[start:], '"')
	if n < 0 {
		j.i = len(j.s)
		return "", false
	}
	if n == 0 || j.s[start+n-1] != '\\' {
		j.i = start + n + 1
		return j.s[start : start+n], true
	}
	for j.i < len(j.s) {
		switch j.s[j.i] {
		case '\\':
			j.i += 2
		case '"':
			raw = j.s[start:j.i]
			j.i++
			return raw, true
		default:
			j.i++
		}
	}
	j.i = len(j.s)
	return "", false
}

// scalar reads a number or a word.
func (j *jsonScanner) scalar() (string, bool) {
	if w := plainNumber(j.s[j.i:]); w != "" {
		j.i += len(w)
		return w, true
	}
	start := j.i
	for j.i < len(j.s) {
		c := j.s[j.i]
		if isIdentByte(c) || c == '-' || c == '+' || c == '.' {
			j.i++
			continue
		}
		break
	}
	w := j.s[start:j.i]
	switch {
	case w == "true", w == "false", w == "null":
		return w, true
	case w != "" && (isDigit(w[0]) || w[0] == '-'):
		return w, true // 1.2.3 too: it is a text here
	}
	return w, false
}

// plainNumber returns the number that s starts with, if it is written as JSON says and nothing follows that could be a
// part of it; "" if not.
func plainNumber(s string) string {
	i := 0
	if i < len(s) && s[i] == '-' {
		i++
	}
	n := digits(s[i:])
	if i += n; n == 0 {
		return ""
	}
	if i < len(s) && s[i] == '.' {
		n = digits(s[i+1:])
		if i += 1 + n; n == 0 {
			return ""
		}
	}
	if i < len(s) && (s[i] == 'e' || s[i] == 'E') {
		i++
		if i < len(s) && (s[i] == '+' || s[i] == '-') {
			i++
		}
		n = digits(s[i:])
		if i += n; n == 0 {
			return ""
		}
	}
	if i < len(s) && (isIdentByte(s[i]) || s[i] == '-' || s[i] == '+' || s[i] == '.') {
		return ""
	}
	return s[:i]
}

// digits is how many digits s starts with.
func digits(s string) int {
	i := 0
	for i < len(s) && s[i]-'0' <= 9 {
		i++
	}
	return i
}

// skip moves over one value and returns its raw text.
func (j *jsonScanner) skip(depth int) (string, bool) {
	if depth > maxJSONDepth {
		return "", false
	}
	c := j.peek()
	start := j.i
	switch c {
	case '"':
		_, ok := j.str()
		return j.s[start:j.i], ok
	case '{', '[':
		closing := byte('}')
		if c == '[' {
			closing = ']'
		}
		j.i++
		if j.accept(closing) {
			return j.s[start:j.i], true
		}
		for {
			if c == '{' {
				if j.peek() != '"' {
					return "", false
				}
				if _, ok := j.str(); !ok || !j.accept(':') {
					return "", false
				}
			}
			if _, ok := j.skip(depth + 1); !ok {
				return "", false
			}
			if j.accept(closing) {
				return j.s[start:j.i], true
			}
			if !j.accept(',') {
				return "", false
			}
			if j.accept(closing) {
				return j.s[start:j.i], true
			}
		}
	default:
		return j.scalar()
	}
}

// object calls visit with each key and the raw value, left to right. It returns false at the first mistake
// and when visit does.
func (j *jsonScanner) object(visit func(key, raw string) bool) bool {
	if !j.accept('{') {
		return false
	}
	if j.accept('}') {
		return true
	}
	for {
		if j.peek() != '"' {
			return false
		}
		key, ok := j.str()
		if !ok || !j.accept(':') {
			return false
		}
		j.space()
		raw, ok := j.skip(0)
		if !ok || !visit(unescapeJSON(key), raw) {
			return false
		}
		if j.accept('}') {
			return true
		}
		if !j.accept(',') {
			return false
		}
		if j.accept('}') { // a comma too many is forgiven
			return true
		}
	}
}

// unescapeJSON decodes the inside of a string literal; what is not valid UTF-8 becomes U+FFFD. With an escape that is
// none there is no text.
func unescapeJSON(raw string) string {
	if strings.IndexByte(raw, '\\') < 0 {
		return cleanUTF8(raw)
	}
	b, ok := appendUnescaped(make([]byte, 0, len(raw)), raw)
	if !ok {
		return ""
	}
	return cleanUTF8(string(b))
}

// appendUnescaped decodes the inside of a string literal, escapes and all. ok is false when an escape is none, or half
// of a surrogate pair.
func appendUnescaped(b []byte, raw string) (_ []byte, ok bool) {
	for i := 0; i < len(raw); i++ {
		if raw[i] != '\\' || i+1 >= len(raw) {
			b = append(b, raw[i])
			continue
		}
		i++
		switch c := raw[i]; c {
		case 'n':
			b = append(b, '\n')
		case 't':
			b = append(b, '\t')
		case 'r':
			b = append(b, '\r')
		case 'b':
			b = append(b, '\b')
		case 'f':
			b = append(b, '\f')
		case '"', '\\', '/':
			b = append(b, c)
		case 'u':
			r, n := unescapeRune(raw[i-1:])
			if r == utf8.RuneError && !strings.EqualFold(raw[i-1:i-1+n], `\ufffd`) {
				return b, false
			}
			b = utf8.AppendRune(b, r)
			i += n - 2
		default:
			return b, false
		}
	}
	return b, true
}

// unescapeRune decodes \uXXXX, or two of them as a surrogate pair, and returns how many bytes it took.
func unescapeRune(s string) (rune, int) {
	one := func(s string) (rune, bool) {
		if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
			return 0, false
		}
		v, err := strconv.ParseUint(s[2:6], 16, 32)
		return rune(v), err == nil
	}
	r, ok := one(s)
	if !ok {
		return utf8.RuneError, 2
	}
	if utf16.IsSurrogate(r) {
		if r2, ok := one(s[6:]); ok {
			if c := utf16.DecodeRune(r, r2); c != utf8.RuneError {
				return c, 12
			}
		}
		return utf8.RuneError, 6
	}
	return r, 6
}

func cleanUTF8(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}
