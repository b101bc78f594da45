// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package stacktrace

import "strings"

// javaException reads stacks whose frames begin with at: Java, Kotlin, Scala, .NET, JavaScript. The exception is named before the first
// frame, maybe in a message of several lines; what caused it comes later and stays in the stack trace.
func javaException(text string, from, frame int) (Exception, bool) {
	var found header
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
		script := isScriptFrame(text[frame:lineEnd(text, frame)])
		found, ok = headerOf(text, 0, from-1)
		if ok = ok && endsLikeType(found.typ) && (script || found.typ != plainError); !ok {
			found, ok = headerInside(text, from-1, script)
		}
	}
	if !ok {
		return Exception{}, false
	}
	message := text[min(found.message, frame):frame]
	return Exception{Type: found.typ, Message: trimBlank(beforeCause(message)), Stacktrace: head(text[found.start:])}, true
}

// beforeCause cuts what caused the exception off the message, which .NET has in the same line or the next.
func beforeCause(message string) string {
	const mark = " ---> "
	i := strings.Index(message, mark)
	if i < 0 {
		return message
	}
	line := strings.TrimRight(message[:i], " ")
	h, ok := headerOf(message, i+len(mark), lineEnd(message, i+len(mark)))
	if ok && h.strong || strings.HasSuffix(line, "\n") {
		return line
	}
	return message
}

// isScriptFrame reports frames of JavaScript, which end with line and column: (/app/x.js:1:7).
func isScriptFrame(line string) bool {
	line = strings.TrimRight(line, " \t\r")
	if strings.Contains(line, "<anonymous>") || strings.HasSuffix(line, "(native)") {
		return true
	}
	line = strings.TrimSuffix(line, ")")
	for range 2 {
		rest := strings.TrimRight(line, "0123456789")
		if len(rest) == len(line) || !strings.HasSuffix(rest, ":") {
			return false
		}
		line = rest[:len(rest)-1]
	}
	return true
}

const pythonHead = "Traceback (most recent call last):"

// pythonException reads a traceback. Of several, each raised while another was handled, the last is what was raised in the end.
func pythonException(text string, start int) (Exception, bool) {
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
			return Exception{}, false
		}
		e := Exception{Type: text[at:n], Stacktrace: tail(text[start:])}
		if n < end && text[n] == ':' {
			e.Message = trimBlank(text[n+1:])
		}
		return e, true
	}
	return Exception{}, false
}

// goPanic reads what Go prints before the stacks of its goroutines. A panic has no type there: it is panic, or runtime.Error.
func goPanic(text string, goroutine int) (Exception, bool) {
	before := text[:goroutine]
	start, typ := -1, ""
	message := 0
	for _, p := range []struct{ mark, typ string }{{"panic: ", "panic"}, {"fatal error: ", "fatal error"}, {"panic serving ", "panic"}} {
		if i := strings.Index(before, p.mark); i >= 0 && (start < 0 || i < start) {
			start, typ, message = i, p.typ, i+len(p.mark)
		}
	}
	if start < 0 {
		return Exception{}, false
	}
	if strings.HasPrefix(text[start:], "panic serving ") { // net/http: the address of the client
		if i := strings.Index(before[message:], ": "); i >= 0 {
			message += i + 2
		}
	}
	e := Exception{Type: typ, Message: trimBlank(before[message:]), Stacktrace: head(text[start:])}
	if i := strings.Index(e.Message, "\n[signal "); i >= 0 {
		e.Message = trimBlank(e.Message[:i])
	}
	if strings.HasPrefix(e.Message, "runtime error: ") {
		e.Type = "runtime.Error"
	}
	return e, true
}

// goStack reads a stack of Go's without a panic: the stacks of goroutines, or functions each with its place in a line below, after
// the text of an error or not.
func goStack(text string) (Exception, bool) {
	first := text[:lineEnd(text, 0)]
	if strings.HasPrefix(first, "goroutine ") && strings.HasSuffix(strings.TrimRight(first, "\r"), "]:") {
		return Exception{Stacktrace: head(text)}, true
	}
	function := 0
	for at := len(first) + 1; at < len(text); {
		end := lineEnd(text, at)
		if text[at] == '\t' && isGoPlace(text[at:end]) {
			if name := strings.TrimRight(text[function:at], "\r\n"); !strings.ContainsAny(name, " \t") && strings.Contains(name, ".") {
				return Exception{Message: trimBlank(text[:function]), Stacktrace: head(text)}, true
			}
		}
		function, at = at, end+1
	}
	return Exception{}, false
}

// isGoPlace reports lines such as /app/main.go:42 +0x1d.
func isGoPlace(line string) bool {
	i := strings.Index(line, ".go:")
	return i > 0 && i+len(".go:") < len(line) && isDigit(line[i+len(".go:")])
}

// phpException reads an uncaught exception: Uncaught TYPE: message in file:line, Stack trace:, #0 frames.
func phpException(text string, frame int) (Exception, bool) {
	before, ok := strings.CutSuffix(strings.TrimRight(text[:frame], " \r\n"), "Stack trace:")
	if !ok {
		return Exception{}, false
	}
	i := strings.LastIndex(before, "Uncaught ")
	if i < 0 {
		return Exception{}, false
	}
	start := i + len("Uncaught ")
	n := start
	for n < len(before) && isTypeByte(before[n]) {
		n++
	}
	if n == start || n == len(before) || before[n] != ':' {
		return Exception{}, false
	}
	message := before[n+1:]
	if i := strings.LastIndex(message, " in /"); i >= 0 {
		message = message[:i]
	}
	return Exception{Type: before[start:n], Message: trimBlank(message), Stacktrace: head(text[start:])}, true
}

// rubyException reads what stands before the first frame: message (Type), as Ruby's Logger writes it, Type: message, as programs put it together,
// and Type (message):, as Rails writes it.
func rubyException(text string, frame int) (Exception, bool) {
	if e, ok := rubyLogger(text, frame); ok {
		return e, true
	}
	before := strings.TrimRight(text[:frame], " \t\r\n")
	if last := strings.LastIndexByte(before, '\n') + 1; last > 0 {
		if e, ok := rubyHeader(text, last, len(before)); ok {
			return e, true
		}
	}
	return rubyHeader(text, 0, len(before))
}

// rubyHeader reads an exception that the line at start names. Its message goes on to end.
func rubyHeader(text string, start, end int) (Exception, bool) {
	line := text[start:min(lineEnd(text, start), end)]
	if i := strings.LastIndex(line, loggerMark); i >= 0 {
		start += i + len(loggerMark)
		line = line[i+len(loggerMark):]
	}
	n := 0
	for n < len(line) && (isTypeByte(line[n]) || line[n] == ':' && n+1 < len(line) && line[n+1] != ' ') {
		n++
	}
	typ := line[:n]
	if typ == "" || typ[0] < 'A' || typ[0] > 'Z' || !strings.Contains(typ, "::") && !endsLikeType(typ) && (!hasLower(typ) || start+len(line) < end) {
		return Exception{}, false
	}
	e := Exception{Type: typ, Stacktrace: head(text[start:])}
	rest := text[start+n : end]
	switch {
	case strings.HasPrefix(rest, ":"):
		e.Message = trimBlank(rest[1:])
	case strings.HasPrefix(rest, " (") && strings.HasSuffix(rest, "):"):
		e.Message = trimBlank(rest[2 : len(rest)-2])
	case rest != "":
		return Exception{}, false
	}
	return e, true
}

func hasLower(s string) bool {
	for i := range len(s) {
		if s[i] >= 'a' && s[i] <= 'z' {
			return true
		}
	}
	return false
}

// loggerMark is what Ruby's Logger puts in front of a text.
const loggerMark = " -- : "

func rubyLogger(text string, frame int) (Exception, bool) {
	before := strings.TrimRight(text[:frame], " \t\r\n")
	if i := strings.LastIndex(text[frame:lineEnd(text, frame)], "': "); i >= 0 { // Ruby itself: file.rb:1:in 'x': message (Type)
		before = strings.TrimRight(text[:lineEnd(text, frame)], " \t\r")
		frame += i + len("': ")
	} else {
		frame = strings.LastIndexByte(before, '\n') + 1
	}
	if frame > len(before) || !strings.HasSuffix(before, ")") {
		return Exception{}, false
	}
	line := before[frame:]
	i := strings.LastIndex(line, " (")
	if i < 0 {
		return Exception{}, false
	}
	typ := line[i+2 : len(line)-1]
	for _, c := range []byte(typ) {
		if !isTypeByte(c) && c != ':' {
			return Exception{}, false
		}
	}
	if typ == "" || typ[0] < 'A' || typ[0] > 'Z' {
		return Exception{}, false
	}
	message := line[:i]
	if j := strings.LastIndex(message, loggerMark); j >= 0 {
		message = message[j+len(loggerMark):]
		frame += j + len(loggerMark)
	}
	return Exception{Type: typ, Message: trimBlank(message), Stacktrace: head(text[frame:])}, true
}

// rustPanic reads thread 'x' panicked at file:line: and the message on the same line (to 1.72) or the next.
func rustPanic(text string, backtrace int) (Exception, bool) {
	const mark = " panicked at "
	before := text[:backtrace]
	i := strings.LastIndex(before, mark)
	if i < 0 {
		return Exception{}, false
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
	return Exception{Type: "panic", Message: trimBlank(message), Stacktrace: head(text[start:])}, true
}
