// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package stacktrace

import "strings"

// header is the line that names an exception: type, and the offset in the text where the message begins.
type header struct {
	typ            string
	start, message int
	strong         bool // cannot well be prose
}

// What runtimes put in front of the type.
var headerPrefixes = []string{"Unhandled exception. ", "Unhandled Exception: ", "Uncaught ", "Caused by: "}

// headerOf reads the line text[from:to] as such a line.
func headerOf(text string, from, to int) (h header, ok bool) {
	at := from
	for at < to && (text[at] == ' ' || text[at] == '\t') {
		at++
	}
	h.start = at
	if strings.HasPrefix(text[at:to], `Exception in thread "`) {
		if i := strings.Index(text[at:to], `" `); i >= 0 {
			at += i + 2
		}
	}
	for _, p := range headerPrefixes {
		if strings.HasPrefix(text[at:to], p) {
			at += len(p)
		}
	}
	n := at
	for n < to && isTypeByte(text[n]) {
		n++
	}
	if n == at || isDigit(text[at]) || text[n-1] == '.' {
		return h, false
	}
	h.typ, h.message = text[at:n], n
	rest := strings.TrimRight(text[n:to], "\r")
	if strings.HasPrefix(rest, " [") { // Node: Error [ERR_CODE]: text
		if i := strings.Index(rest, "]:"); i >= 0 {
			rest, h.message = rest[i+1:], n+i+1
		}
	}
	last := h.typ[strings.LastIndexByte(h.typ, '.')+1:]
	h.strong = len(last) < len(h.typ) && last[0] >= 'A' && last[0] <= 'Z' || endsLikeType(last)
	if rest == "" {
		return h, h.strong
	}
	if rest[0] != ':' {
		return h, false
	}
	h.message++
	return h, true
}

// plainError is the name of JavaScript's errors that have no other, and a word before many a message.
const plainError = "Error"

// headerInside finds the name of an exception in the first line of a text, after whatever the logger put there. script says that the
// stack is JavaScript's, whose plainError counts where nothing else does.
func headerInside(text string, end int, script bool) (h header, ok bool) {
	for at := 0; at < end; {
		for at < end && !isTypeByte(text[at]) {
			at++
		}
		n := at
		for n < end && isTypeByte(text[n]) {
			n++
		}
		word := text[at:n]
		if endsLikeType(word) && !isDigit(word[0]) && (n == end || text[n] == ':' || text[n] == '\r') {
			if word != plainError {
				return header{typ: word, start: at, message: min(n+1, end)}, true
			}
			if script && !ok && n < end && text[n] == ':' {
				h, ok = header{typ: word, start: at, message: n + 1}, true
			}
		}
		at = n
	}
	return h, ok
}

func isTypeByte(c byte) bool {
	return isLetter(c) || isDigit(c) || c == '.' || c == '_' || c == '$' || c == '`' || c == '/' || c == '\\'
}

func endsLikeType(s string) bool {
	return strings.HasSuffix(s, "Exception") || strings.HasSuffix(s, "Error") || strings.HasSuffix(s, "Throwable")
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
