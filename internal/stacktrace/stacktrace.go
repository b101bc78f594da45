// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package stacktrace

import (
	"strings"
	"unicode/utf8"
)

// Exception is what a stack trace says: parts of the text it was found in, but for the type of a panic.
type Exception struct {
	Type       string // as the text has it: java.io.IOException, KeyError, panic; empty only for Go's stacks without a panic
	Message    string // may have several lines; may be empty
	Stacktrace string // from the line that names the exception, or Python's Traceback line, on; at most MaxBytes
}

// MaxBytes is the most of a stack trace that an Exception has, in bytes. Of a longer one it has the head, of Python's,
// which name the exception last, the tail.
const MaxBytes = 64 << 10

// Find finds the stack trace that begins on the second line of a text or later, where the first is a logger's; only the name of
// the exception may stand there already. Texts of one line cost one search for a line break, others one pass. ok is false
// where there is none, or none with a type.
func Find(text string) (e Exception, ok bool) {
	first := strings.IndexByte(text, '\n')
	if first < 0 {
		return e, false
	}
	return scan(text, first+1)
}

// Read reads a text that is a stack trace and nothing else, or just the line that names the exception, or a stack of Go's as debug.Stack
// and loggers write it, with the text of the error before it or not. ok is false for others.
func Read(text string) (e Exception, ok bool) {
	text = strings.TrimSpace(text)
	if e, ok = scan(text, 0); ok {
		return e, true
	}
	if e, ok = goStack(text); ok {
		return e, true
	}
	h, ok := headerOf(text, 0, lineEnd(text, 0)) // no frames
	if !ok || !h.strong {
		return e, false
	}
	return Exception{Type: h.typ, Message: trimBlank(beforeCause(text[h.message:])), Stacktrace: head(text)}, true
}

// scan looks at each line from offset from until one is the frame of a stack or what announces them.
func scan(text string, from int) (Exception, bool) {
	python, php := true, true // what looks back over the text does so once
	for at := from; at < len(text); {
		end := lineEnd(text, at)
		line := text[at:end]
		word := strings.TrimLeft(line, " \t")
		indent := len(line) - len(word)
		if word != "" {
			switch word[0] {
			case 'a':
				if indent > 0 && strings.HasPrefix(word, "at ") {
					return javaException(text, from, at)
				}
			case 'T':
				if strings.HasPrefix(word, pythonHead) {
					return pythonException(text, at+indent)
				}
			case 'F':
				if python && indent > 0 && strings.HasPrefix(word, `File "`) {
					python = false
					if i := strings.LastIndex(text[:at], pythonHead); i >= 0 { // on the first line
						return pythonException(text, i)
					}
				}
			case 'g':
				if indent == 0 && strings.HasPrefix(word, "goroutine ") && strings.HasSuffix(strings.TrimRight(word, "\r"), "]:") {
					return goPanic(text, at)
				}
			case '#':
				if php && strings.HasPrefix(word, "#0 ") {
					php = false
					if e, ok := phpException(text, at); ok {
						return e, true
					}
				}
			case 's':
				if strings.HasPrefix(word, "stack backtrace:") {
					return rustPanic(text, at)
				}
			}
			if strings.Contains(word, ".rb:") && (strings.Contains(word, ":in `") || strings.Contains(word, ":in '")) {
				return rubyException(text, at)
			}
		}
		at = end + 1
	}
	return Exception{}, false
}

func lineEnd(text string, at int) int {
	if i := strings.IndexByte(text[at:], '\n'); i >= 0 {
		return at + i
	}
	return len(text)
}

func trimBlank(s string) string { return strings.TrimRight(strings.TrimLeft(s, " \t"), " \t\r\n") }

// head cuts a stack trace to MaxBytes, between characters.
func head(s string) string {
	s = strings.TrimRight(s, " \t\r\n")
	if len(s) <= MaxBytes {
		return s
	}
	n := MaxBytes
	for n > MaxBytes-utf8.UTFMax && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// tail is head for stack traces whose end says most.
func tail(s string) string {
	s = strings.TrimRight(s, " \t\r\n")
	if len(s) <= MaxBytes {
		return s
	}
	n := len(s) - MaxBytes
	for n < len(s)-MaxBytes+utf8.UTFMax && !utf8.RuneStart(s[n]) {
		n++
	}
	return s[n:]
}
