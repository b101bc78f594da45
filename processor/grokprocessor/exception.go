// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grokprocessor

import (
	"strings"
	"unicode/utf8"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// The attributes of an exception.
const (
	keyExceptionType       = "exception.type"
	keyExceptionMessage    = "exception.message"
	keyExceptionStacktrace = "exception.stacktrace"
)

// exception is what a stack trace says, parts of the text it was found in.
type exception struct {
	typ, message, stacktrace string
}

// maxStacktrace is the most of a stack trace that becomes an attribute, in bytes. The body keeps all of it.
const maxStacktrace = 64 << 10

// findException finds the stack trace after the first line of a record's text: Java's and its kin's, .NET's, JavaScript's,
// Python's, Go's, Ruby's, PHP's and Rust's. Texts of one line cost one search for a line break, others one pass.
func findException(text string) (e exception, ok bool) {
	first := strings.IndexByte(text, '\n')
	if first < 0 {
		return e, false
	}
	return scanException(text, first+1)
}

// messageNames are the attributes that hold what a logger had to say.
var messageNames = [...]string{"message", "msg", "log", "event"}

// exceptionInMessage is findException for messages that a line of JSON or logfmt holds, in which line breaks are escaped.
func exceptionInMessage(text string, attrs pcommon.Map) (e exception, ok bool) {
	if !strings.Contains(text, `\n`) {
		return e, false
	}
	for _, name := range messageNames {
		if v, there := attrs.Get(name); there && v.Type() == pcommon.ValueTypeStr {
			if e, ok = findException(v.Str()); ok {
				return e, true
			}
		}
	}
	return e, false
}

// readException reads a text that is a stack trace and nothing else.
func readException(text string) (e exception, ok bool) {
	text = strings.TrimSpace(text)
	if e, ok = scanException(text, 0); ok {
		return e, true
	}
	h, ok := headerOf(text, 0, lineEnd(text, 0)) // no frames
	if !ok || !h.strong {
		return e, false
	}
	return exception{typ: h.typ, message: trimBlank(text[h.message:]), stacktrace: head(text)}, true
}

// scanException looks at each line from offset from until one is the frame of a stack or what announces them.
func scanException(text string, from int) (exception, bool) {
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
	return exception{}, false
}

func lineEnd(text string, at int) int {
	if i := strings.IndexByte(text[at:], '\n'); i >= 0 {
		return at + i
	}
	return len(text)
}

func trimBlank(s string) string { return strings.TrimRight(strings.TrimLeft(s, " \t"), " \t\r\n") }

// head cuts a stack trace to maxStacktrace bytes, between characters.
func head(s string) string {
	s = strings.TrimRight(s, " \t\r\n")
	if len(s) <= maxStacktrace {
		return s
	}
	n := maxStacktrace
	for n > maxStacktrace-utf8.UTFMax && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// tail is head for stack traces whose end says most.
func tail(s string) string {
	s = strings.TrimRight(s, " \t\r\n")
	if len(s) <= maxStacktrace {
		return s
	}
	n := len(s) - maxStacktrace
	for n < len(s)-maxStacktrace+utf8.UTFMax && !utf8.RuneStart(s[n]) {
		n++
	}
	return s[n:]
}

// exceptionHeader is the line that names an exception: type, and the offset in the text where the message begins.
type exceptionHeader struct {
	typ            string
	start, message int
	strong         bool // cannot well be prose
}

// What runtimes put in front of the type.
var headerPrefixes = []string{"Unhandled exception. ", "Unhandled Exception: ", "Uncaught ", "Caused by: "}

// headerOf reads the line text[from:to] as such a line.
func headerOf(text string, from, to int) (h exceptionHeader, ok bool) {
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

func isTypeByte(c byte) bool {
	return isLetter(c) || isDigit(c) || c == '.' || c == '_' || c == '$' || c == '`' || c == '/' || c == '\\'
}

func endsLikeType(s string) bool {
	return strings.HasSuffix(s, "Exception") || strings.HasSuffix(s, "Error") || strings.HasSuffix(s, "Throwable")
}

// javaException reads stacks whose frames begin with at: Java, Kotlin, Scala, .NET, JavaScript. The exception is named before the first
// frame, maybe in a message of several lines; what caused it comes later and stays in the stack trace.
func javaException(text string, from, frame int) (exception, bool) {
	var found exceptionHeader
	ok := false
	for at := from; at < frame; {
		end := lineEnd(text, at)
		h, is := headerOf(text, at, end)
		if is && (h.strong || end+1 == frame) {
			found, ok = h, true
			break
		}
		at = end + 1
	}
	if !ok && from > 0 {
		found, ok = headerInside(text, from-1)
	}
	if !ok {
		return exception{}, false
	}
	message := text[min(found.message, frame):frame]
	if i := strings.Index(message, " ---> "); i >= 0 { // .NET: what caused it
		if line := strings.TrimRight(message[:i], " "); strings.HasSuffix(line, "\n") {
			message = line
		}
	}
	return exception{typ: found.typ, message: trimBlank(message), stacktrace: head(text[found.start:])}, true
}

// headerInside finds the name of an exception in the first line of a text, after whatever the logger put there.
func headerInside(text string, end int) (h exceptionHeader, ok bool) {
	for at := 0; at < end; {
		for at < end && !isTypeByte(text[at]) {
			at++
		}
		n := at
		for n < end && isTypeByte(text[n]) {
			n++
		}
		word := text[at:n]
		if endsLikeType(word) && !isDigit(word[0]) && (n == end || text[n] == ':' || text[n] == '\r') && len(word) > len("Error") {
			return exceptionHeader{typ: word, start: at, message: min(n+1, end)}, true
		}
		at = n
	}
	return h, false
}

const pythonHead = "Traceback (most recent call last):"

// pythonException reads a traceback. Of several, each raised while another was handled, the last is what was raised in the end.
func pythonException(text string, start int) (exception, bool) {
	at := start + strings.LastIndex(text[start:], pythonHead)
	for at = lineEnd(text, at) + 1; at < len(text); {
		end := lineEnd(text, at)
		if c := text[at]; c == ' ' || c == '\t' || c == '\r' || c == '\n' {
			at = end + 1
			continue
		}
		n := at
		for n < end && isTypeByte(text[n]) {
			n++
		}
		if n == at || n < end && text[n] != ':' && text[n] != '\r' {
			return exception{}, false
		}
		e := exception{typ: text[at:n], stacktrace: tail(text[start:])}
		if n < end && text[n] == ':' {
			e.message = trimBlank(text[n+1:])
		}
		return e, true
	}
	return exception{}, false
}

// goPanic reads what Go prints before the stacks of its goroutines. A panic has no type there: it is panic, or runtime.Error.
func goPanic(text string, goroutine int) (exception, bool) {
	before := text[:goroutine]
	start, typ := -1, ""
	message := 0
	for _, p := range []struct{ mark, typ string }{{"panic: ", "panic"}, {"fatal error: ", "fatal error"}, {"panic serving ", "panic"}} {
		if i := strings.Index(before, p.mark); i >= 0 && (start < 0 || i < start) {
			start, typ, message = i, p.typ, i+len(p.mark)
		}
	}
	if start < 0 {
		return exception{}, false
	}
	if strings.HasPrefix(text[start:], "panic serving ") { // net/http: the address of the client
		if i := strings.Index(before[message:], ": "); i >= 0 {
			message += i + 2
		}
	}
	e := exception{typ: typ, message: trimBlank(before[message:]), stacktrace: head(text[start:])}
	if i := strings.Index(e.message, "\n[signal "); i >= 0 {
		e.message = trimBlank(e.message[:i])
	}
	if strings.HasPrefix(e.message, "runtime error: ") {
		e.typ = "runtime.Error"
	}
	return e, true
}

// phpException reads an uncaught exception: Uncaught TYPE: message in file:line, Stack trace:, #0 frames.
func phpException(text string, frame int) (exception, bool) {
	before, ok := strings.CutSuffix(strings.TrimRight(text[:frame], " \r\n"), "Stack trace:")
	if !ok {
		return exception{}, false
	}
	i := strings.LastIndex(before, "Uncaught ")
	if i < 0 {
		return exception{}, false
	}
	start := i + len("Uncaught ")
	n := start
	for n < len(before) && isTypeByte(before[n]) {
		n++
	}
	if n == start || n == len(before) || before[n] != ':' {
		return exception{}, false
	}
	message := before[n+1:]
	if i := strings.LastIndex(message, " in /"); i >= 0 {
		message = message[:i]
	}
	return exception{typ: before[start:n], message: trimBlank(message), stacktrace: head(text[start:])}, true
}

// rubyException reads message (Type) before the first frame, as Ruby's Logger writes it.
func rubyException(text string, frame int) (exception, bool) {
	before := strings.TrimRight(text[:frame], " \t\r\n")
	if i := strings.LastIndex(text[frame:lineEnd(text, frame)], "': "); i >= 0 { // Ruby itself: file.rb:1:in 'x': message (Type)
		before = strings.TrimRight(text[:lineEnd(text, frame)], " \t\r")
		frame += i + len("': ")
	} else {
		frame = strings.LastIndexByte(before, '\n') + 1
	}
	if frame > len(before) || !strings.HasSuffix(before, ")") {
		return exception{}, false
	}
	line := before[frame:]
	i := strings.LastIndex(line, " (")
	if i < 0 {
		return exception{}, false
	}
	typ := line[i+2 : len(line)-1]
	for _, c := range []byte(typ) {
		if !isTypeByte(c) && c != ':' {
			return exception{}, false
		}
	}
	if typ == "" || typ[0] < 'A' || typ[0] > 'Z' {
		return exception{}, false
	}
	message := line[:i]
	if j := strings.LastIndex(message, " -- : "); j >= 0 { // what the Logger puts in front
		message = message[j+len(" -- : "):]
		frame += j + len(" -- : ")
	}
	return exception{typ: typ, message: trimBlank(message), stacktrace: head(text[frame:])}, true
}

// rustPanic reads thread 'x' panicked at file:line: and the message on the same line (to 1.72) or the next.
func rustPanic(text string, backtrace int) (exception, bool) {
	const mark = " panicked at "
	before := text[:backtrace]
	i := strings.LastIndex(before, mark)
	if i < 0 {
		return exception{}, false
	}
	start := max(strings.LastIndexByte(before[:i], '\n')+1, strings.LastIndex(before[:i], "thread '"))
	message := before[i+len(mark):]
	if rest, ok := strings.CutPrefix(message, "'"); ok {
		if j := strings.LastIndex(rest, "', "); j >= 0 {
			message = rest[:j]
		}
	} else if j := strings.IndexByte(message, '\n'); j >= 0 {
		message = message[j+1:]
	}
	return exception{typ: "panic", message: trimBlank(message), stacktrace: head(text[start:])}, true
}
