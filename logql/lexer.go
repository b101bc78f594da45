// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package logql

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"text/scanner"
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
	tokFunc  // sum, in front of its arguments or its grouping
	tokFlag  // --strict
	tokRange // [5m]
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
	case tokIdent, tokFunc:
		return t.text
	default:
		return strconv.Quote(t.text)
	}
}

// operators, longest first so that the first match wins.
var operators = []string{
	"|=", "|~", "|>", "!=", "!~", "!>", "=~", "==", ">=", "<=",
	"{", "}", "(", ")", ",", "|", "=", ">", "<", "+", "-", "*", "/", "%", "^",
}

type lexer struct {
	src       string
	off       int
	line, col int
}

// lex splits a query into tokens; the last one is always tokEOF. With an error there are the tokens in front of the mistake.
func lex(src string) ([]token, error) {
	l := &lexer{src: src, line: 1, col: 1}
	if strings.HasPrefix(src, "\ufeff") {
		l.off = len("\ufeff")
	}
	toks := make([]token, 0, len(src)/4+4)
	for {
		t, err := l.next()
		if err != nil {
			toks = append(toks, token{pos: t.pos})
			markFunctions(toks)
			return toks, err
		}
		toks = append(toks, t)
		if t.kind == tokEOF {
			markFunctions(toks)
			return toks, nil
		}
	}
}

// markFunctions finds the names of functions: they are some only in front of arguments or a grouping, else they may name labels.
func markFunctions(toks []token) {
	for i := range toks {
		if toks[i].kind != tokIdent || i+1 >= len(toks) {
			continue
		}
		next := toks[i+1]
		if next.kind == tokIdent && i+2 < len(toks) && (strings.EqualFold(next.text, "by") || strings.EqualFold(next.text, "without")) {
			next = toks[i+2]
		}
		if name := strings.ToLower(toks[i].text); next.kind == tokOp && next.text == "(" && isFunction(name) {
			toks[i].kind, toks[i].text = tokFunc, name
		}
	}
}

func isFunction(name string) bool {
	_, isRange := rangeOps[name]
	_, isVector := vectorOps[name]
	return isRange || isVector || name == "vector" || name == "label_replace"
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

// skipSpace moves over blanks and comments: # and // to the end of the line, /* to */.
func (l *lexer) skipSpace() error {
	for l.off < len(l.src) {
		rest := l.src[l.off:]
		switch c := rest[0]; {
		case c == ' ' || c == '\t' || c == '\r' || c == '\n':
			l.advance(1)
		case c == '#' || strings.HasPrefix(rest, "//"):
			n := strings.IndexByte(rest, '\n')
			if n < 0 {
				n = len(rest)
			}
			l.advance(n)
		case strings.HasPrefix(rest, "/*"):
			n := strings.Index(rest, "*/")
			if n < 0 {
				return errorAt(l.pos(), "comment is not closed")
			}
			l.advance(n + 2)
		default:
			return nil
		}
	}
	return nil
}

func (l *lexer) next() (token, error) {
	if err := l.skipSpace(); err != nil {
		return token{pos: l.pos()}, err
	}
	t := token{pos: l.pos()}
	if l.off >= len(l.src) {
		return t, nil
	}
	rest := l.src[l.off:]
	c := rest[0]
	switch {
	case c == '"' || c == '`':
		return l.lexString(c)
	case c == '\'':
		return t, errorAt(t.pos, "syntax error: unexpected ', strings stand in double quotes or backticks")
	case c == '[':
		return l.lexRange()
	case isDigit(c) || c == '.' && len(rest) > 1 && isDigit(rest[1]):
		return l.lexNumber()
	case strings.HasPrefix(rest, "--") && identLen(rest[2:]) > 0:
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
	if r == utf8.RuneError {
		return t, errorAt(t.pos, "query is not valid UTF-8")
	}
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

// unquote decodes a string literal.
func unquote(s string) (string, error) {
	if s[0] == '`' {
		return s[1 : len(s)-1], nil
	}
	return strconv.Unquote(s)
}

// lexRange reads a window such as [5m]. What stands in the brackets is a duration as it is, without blanks.
func (l *lexer) lexRange() (token, error) {
	t := token{kind: tokRange, pos: l.pos()}
	rest := l.src[l.off:]
	end := strings.IndexByte(rest, ']')
	if end < 0 {
		return t, errorAt(t.pos, "range is not closed, expecting ]")
	}
	t.text = rest[:end+1]
	d, ok := parseOrderedDuration(rest[1:end])
	if !ok {
		return t, errorAt(t.pos, "not a valid range %q, expecting a duration such as [5m] or [1h30m]", t.text)
	}
	t.num = float64(d)
	l.advance(end + 1)
	return t, nil
}

// lexNumber reads a number, a duration (5m, 1h30m, 1.5s) or a size in bytes (5kB, 1.5GiB). Numbers are Go's; what
// follows one and makes neither a duration nor a size of it is a token of its own.
func (l *lexer) lexNumber() (token, error) {
	t := token{pos: l.pos()}
	rest := l.src[l.off:]
	var mistake string
	var sc scanner.Scanner
	sc.Init(strings.NewReader(rest[:numberRun(rest)]))
	sc.Mode = scanner.ScanInts | scanner.ScanFloats
	sc.Error = func(_ *scanner.Scanner, msg string) { mistake = msg }
	sc.Scan()
	t.text = sc.TokenText()
	if mistake != "" {
		return t, errorAt(t.pos, "invalid number: %s", mistake)
	}
	if n := len(t.text) + unitRun(rest[len(t.text):]); n > len(t.text) {
		if d, ok := parseLiteralDuration(rest[:n]); ok {
			t.kind, t.num, t.text = tokDuration, float64(d), rest[:n]
		} else if b, ok := parseLiteralBytes(rest[:n]); ok {
			t.kind, t.num, t.text = tokBytes, float64(b), rest[:n]
		}
	}
	if t.kind == tokEOF {
		v, err := strconv.ParseFloat(t.text, 64)
		if err != nil {
			return t, errorAt(t.pos, "invalid number %s: write it as a decimal one", t.text)
		}
		t.kind, t.num = tokNumber, v
	}
	l.advance(len(t.text))
	return t, nil
}

// numberRun is how many bytes at the start of s can belong to a number.
func numberRun(s string) int {
	n := 0
	for n < len(s) && (isIdentByte(s[n]) || s[n] == '.' || (s[n] == '-' || s[n] == '+') && n > 0 && strings.IndexByte("eEpP", s[n-1]) >= 0) {
		n++
	}
	return n
}

// unitRun is how many bytes at the start of s can belong to the units behind a number.
func unitRun(s string) int {
	for i, r := range s {
		if r != '.' && r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return i
		}
	}
	return len(s)
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

// orderedUnits are the units of a range, in the order in which they have to stand.
var orderedUnits = []string{"y", "w", "d", "h", "m", "s", "ms"}

// parseOrderedDuration reads whole numbers with units from long to short, each unit once: 1h30m, 2d12h. A 0 needs no unit.
func parseOrderedDuration(s string) (time.Duration, bool) {
	if s == "0" {
		return 0, true
	}
	if s == "" {
		return 0, false
	}
	var total time.Duration
	for next := 0; s != ""; {
		n := 0
		for n < len(s) && isDigit(s[n]) {
			n++
		}
		u := n
		for u < len(s) && !isDigit(s[u]) {
			u++
		}
		at := slices.Index(orderedUnits[next:], s[n:u])
		v, err := strconv.ParseInt(s[:n], 10, 64)
		if at < 0 || err != nil {
			return 0, false
		}
		next += at + 1
		unit := durationUnits[s[n:u]]
		if v > int64((math.MaxInt64-total)/unit) {
			return 0, false
		}
		total += time.Duration(v) * unit
		s = s[u:]
	}
	return total, true
}

// parseLiteralDuration reads a duration in a query: units up to hours in any order and with fractions, or whole numbers
// from years down.
func parseLiteralDuration(s string) (time.Duration, bool) {
	if d, ok := parseOrderedDuration(s); ok {
		return d, s != "0"
	}
	d, err := time.ParseDuration(s)
	return d, err == nil
}

// literalByteUnits are the units of sizes in a query; in contrast to those in values of labels their case counts.
var literalByteUnits = map[string]bool{
	"B": true, "kB": true, "MB": true, "GB": true, "TB": true, "PB": true, "EB": true,
	"KB": true, "KiB": true, "MiB": true, "GiB": true, "TiB": true, "PiB": true, "EiB": true,
	"kiB": true, "ki": true, "k": true, "K": true, "M": true, "G": true, "T": true, "P": true, "E": true,
	"Ki": true, "Mi": true, "Gi": true, "Ti": true, "Pi": true, "Ei": true,
}

func parseLiteralBytes(s string) (uint64, bool) {
	n := 0
	for n < len(s) && (isDigit(s[n]) || s[n] == '.') {
		n++
	}
	if !literalByteUnits[s[n:]] {
		return 0, false
	}
	return parseBytes(s)
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
