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
		found, ok = headerInside(text, from-1)
	}
	if !ok {
		return Exception{}, false
	}
	message := text[min(found.message, frame):frame]
	if i := strings.Index(message, " ---> "); i >= 0 { // .NET: what caused it
		if line := strings.TrimRight(message[:i], " "); strings.HasSuffix(line, "\n") {
			message = line
		}
	}
	return Exception{Type: found.typ, Message: trimBlank(message), Stacktrace: head(text[found.start:])}, true
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

// rubyException reads message (Type) before the first frame, as Ruby's Logger writes it.
func rubyException(text string, frame int) (Exception, bool) {
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
	if j := strings.LastIndex(message, " -- : "); j >= 0 { // what the Logger puts in front
		message = message[j+len(" -- : "):]
		frame += j + len(" -- : ")
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
