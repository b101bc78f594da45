// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package logql

import (
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Pos is a place in a query text. Line and Col count from 1, Col in characters; Offset counts bytes from 0.
type Pos struct {
	Line, Col, Offset int
}

type tokenKind uint8

const (
	tokEOF tokenKind = iota
	tokIdent
	tokString
	tokNumber
	tokDuration
	tokBytes
	tokFlag // --strict
	tokOp
)

// token is one lexical unit. text is its source form; str, num hold the decoded value where there is one
// (a duration's num is its nanoseconds).
type token struct {
	kind tokenKind
	text string
	pos  Pos
	str  string
	num  float64
}

func (t token) String() string {
	switch t.kind {
	case tokEOF:
		return "end of query"
	case tokIdent:
		return t.text
	default:
		return strconv.Quote(t.text)
	}
}

// operators, longest first so that the first match wins.
var operators = []string{
	"|=", "|~", "|>", "!=", "!~", "!>", "=~", "==", ">=", "<=",
	"{", "}", "(", ")", "[", "]", ",", "|", "=", ">", "<", "+", "-", "*", "/", "%", "^",
}

type lexer struct {
	src       string
	off       int
	line, col int
}

// lex splits a query into tokens; the last one is always tokEOF.
func lex(src string) ([]token, error) {
	l := &lexer{src: src, line: 1, col: 1}
	toks := make([]token, 0, len(src)/4+4)
	for {
		t, err := l.next()
		if err != nil {
			return nil, err
		}
		toks = append(toks, t)
		if t.kind == tokEOF {
			return toks, nil
		}
	}
}

func (l *lexer) pos() Pos { return Pos{Line: l.line, Col: l.col, Offset: l.off} }

// advance moves over n bytes and keeps the line and column right.
func (l *lexer) advance(n int) {
	for _, r := range l.src[l.off : l.off+n] {
		if r == '\n' {
			l.line++
			l.col = 1
		} else {
			l.col++
		}
	}
	l.off += n
}

func (l *lexer) skipSpace() {
	for l.off < len(l.src) {
		switch c := l.src[l.off]; {
		case c == ' ' || c == '\t' || c == '\r' || c == '\n':
			l.advance(1)
		case c == '#':
			n := strings.IndexByte(l.src[l.off:], '\n')
			if n < 0 {
				n = len(l.src) - l.off
			}
			l.advance(n)
		default:
			return
		}
	}
}

func (l *lexer) next() (token, error) {
	l.skipSpace()
	t := token{pos: l.pos()}
	if l.off >= len(l.src) {
		return t, nil
	}
	rest := l.src[l.off:]
	c := rest[0]
	switch {
	case c == '"' || c == '`' || c == '\'':
		return l.lexString(c)
	case isDigit(c) || c == '.' && len(rest) > 1 && isDigit(rest[1]):
		return l.lexNumber()
	case strings.HasPrefix(rest, "--") && len(rest) > 2 && isIdentByte(rest[2]) && !isDigit(rest[2]):
		n := 2
		for n < len(rest) && (isIdentByte(rest[n]) || rest[n] == '-') {
			n++
		}
		t.kind, t.text = tokFlag, rest[:n]
		l.advance(n)
		return t, nil
	}
	if n := identLen(rest); n > 0 {
		t.kind, t.text = tokIdent, rest[:n]
		l.advance(n)
		return t, nil
	}
	for _, op := range operators {
		if strings.HasPrefix(rest, op) {
			t.kind, t.text = tokOp, op
			l.advance(len(op))
			return t, nil
		}
	}
	r, _ := utf8.DecodeRuneInString(rest)
	return t, errorAt(t.pos, "unexpected character %q", r)
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isIdentByte(c byte) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || isDigit(c)
}

// identLen returns the length of the identifier at the start of s, 0 if there is none.
func identLen(s string) int {
	for i, r := range s {
		if r == utf8.RuneError || r != '_' && !unicode.IsLetter(r) && (i == 0 || !unicode.IsDigit(r)) {
			return i
		}
	}
	return len(s)
}

func (l *lexer) lexString(quote byte) (token, error) {
	t := token{kind: tokString, pos: l.pos()}
	rest := l.src[l.off:]
	i := 1
	for ; i < len(rest) && rest[i] != quote; i++ {
		switch {
		case quote != '`' && rest[i] == '\\':
			i++
		case quote != '`' && rest[i] == '\n':
			return t, errorAt(t.pos, "string is not closed on its line")
		}
	}
	if i >= len(rest) {
		return t, errorAt(t.pos, "string is not closed")
	}
	t.text = rest[:i+1]
	s, err := unquote(t.text)
	if err != nil {
		return t, errorAt(t.pos, "string has an invalid escape sequence")
	}
	t.str = s
	l.advance(i + 1)
	return t, nil
}

// unquote decodes a string literal. A single-quoted one may hold more than one character, unlike Go's.
func unquote(s string) (string, error) {
	switch s[0] {
	case '`':
		return s[1 : len(s)-1], nil
	case '"':
		return strconv.Unquote(s)
	}
	var b strings.Builder
	for body := s[1 : len(s)-1]; body != ""; {
		r, multibyte, tail, err := strconv.UnquoteChar(body, '\'')
		if err != nil {
			return "", err
		}
		if r < utf8.RuneSelf || !multibyte {
			b.WriteByte(byte(r))
		} else {
			b.WriteRune(r)
		}
		body = tail
	}
	return b.String(), nil
}

// lexNumber reads a number, a duration (5m, 1h30m, 1.5s) or a size in bytes (5kB, 1.5GiB).
func (l *lexer) lexNumber() (token, error) {
	t := token{pos: l.pos()}
	rest := l.src[l.off:]
	n := 0
	for n < len(rest) {
		c := rest[n]
		if isIdentByte(c) || c == '.' || c >= utf8.RuneSelf {
			n++
			continue
		}
		if (c == '-' || c == '+') && n > 0 && (rest[n-1] == 'e' || rest[n-1] == 'E') &&
			n+1 < len(rest) && isDigit(rest[n+1]) && isPlainDecimal(rest[:n-1]) {
			n++
			continue
		}
		break
	}
	t.text = rest[:n]
	if v, ok := parseNumber(t.text); ok {
		t.kind, t.num = tokNumber, v
	} else if d, ok := parseDuration(t.text); ok {
		t.kind, t.num = tokDuration, float64(d)
	} else if b, ok := parseBytes(t.text); ok {
		t.kind, t.num = tokBytes, float64(b)
	} else {
		return t, errorAt(t.pos, "%q is neither a number nor a duration nor a size", t.text)
	}
	l.advance(n)
	return t, nil
}

func isPlainDecimal(s string) bool {
	return s != "" && strings.Trim(s, "0123456789.") == ""
}

// parseNumber accepts decimal numbers with fraction and exponent, and hexadecimal ones with a p exponent, as Go has them.
func parseNumber(s string) (float64, bool) {
	if strings.HasPrefix(s, "0x") || strings.HasPrefix(s, "0X") {
		v, err := strconv.ParseFloat(s, 64)
		return v, err == nil
	}
	if strings.Trim(s, "0123456789.eE+-") != "" {
		return 0, false
	}
	v, err := strconv.ParseFloat(s, 64)
	return v, err == nil
}

var durationUnits = map[string]time.Duration{
	"ns": time.Nanosecond, "us": time.Microsecond, "µs": time.Microsecond, "μs": time.Microsecond,
	"ms": time.Millisecond, "s": time.Second, "m": time.Minute, "h": time.Hour,
	"d": 24 * time.Hour, "w": 7 * 24 * time.Hour, "y": 365 * 24 * time.Hour,
}

// parseDuration reads a chain of number and unit such as 1h15m30s. Units: ns us ms s m h d w y.
func parseDuration(s string) (time.Duration, bool) {
	neg := strings.HasPrefix(s, "-")
	s = strings.TrimPrefix(s, "-")
	if s == "" {
		return 0, false
	}
	var total float64
	for s != "" {
		n := 0
		for n < len(s) && (isDigit(s[n]) || s[n] == '.') {
			n++
		}
		u := n
		for u < len(s) && !isDigit(s[u]) && s[u] != '.' {
			u++
		}
		v, err := strconv.ParseFloat(s[:n], 64)
		unit, ok := durationUnits[s[n:u]]
		if err != nil || !ok {
			return 0, false
		}
		total += v * float64(unit)
		s = s[u:]
	}
	if total > float64(1<<63-1) {
		return 0, false
	}
	if neg {
		total = -total
	}
	return time.Duration(total), true
}

var byteUnits = map[string]float64{
	"b": 1, "kb": 1e3, "mb": 1e6, "gb": 1e9, "tb": 1e12, "pb": 1e15, "eb": 1e18,
	"k": 1e3, "m": 1e6, "g": 1e9, "t": 1e12, "p": 1e15, "e": 1e18,
	"kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30, "tib": 1 << 40, "pib": 1 << 50, "eib": 1 << 60,
	"ki": 1 << 10, "mi": 1 << 20, "gi": 1 << 30, "ti": 1 << 40, "pi": 1 << 50, "ei": 1 << 60,
}

// parseBytes reads a size such as 20MB, 1.5 KiB or 42 (bytes).
func parseBytes(s string) (uint64, bool) {
	n := 0
	for n < len(s) && (isDigit(s[n]) || s[n] == '.' || s[n] == ',') {
		n++
	}
	v, err := strconv.ParseFloat(strings.ReplaceAll(s[:n], ",", ""), 64)
	if err != nil {
		return 0, false
	}
	unit := strings.ToLower(strings.TrimSpace(s[n:]))
	mult := 1.0
	if unit != "" {
		m, ok := byteUnits[unit]
		if !ok {
			return 0, false
		}
		mult = m
	}
	if v *= mult; v >= 1<<64 {
		return 0, false
	}
	return uint64(v), true
}

// formatDuration is the canonical text of a duration: 1h15m, 250ms, never with zero parts.
func formatDuration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// ParseDuration reads a duration as queries have it: 5m, 1h30m, 1.5s, 250ms, 2d. It may be negative.
func ParseDuration(s string) (time.Duration, bool) { return parseDuration(s) }
