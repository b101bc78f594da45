// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package patterns

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/logboom/logboom/logql"
)

const (
	// Wild stands in a template for what varies, and rest for what is beyond the part of a line that is looked at.
	Wild = "<*>"
	rest = "…"
	// maxFilterBytes is how long the pattern of a filter becomes at most: longer lines are known by their beginning.
	maxFilterBytes = 800
	// maxTexts is how many texts a filter asks for that cannot be a pattern, and leastText how long each is at least.
	maxTexts, leastText = 5, 3
)

// Filter returns a part of a LogQL pipeline, such as
//
//	|> `user <_> logged in`
//
// that keeps lines of a template: all of these, of which there is one at least. Where no pattern does, it asks for the longest texts that they
// have in common:
//
//	|= `user` |= `logged in`
//
// It is empty where there is nothing to ask for.
func Filter(template string, lines []string) string {
	if text := Pattern(template, lines); text != "" {
		return "|> " + quote(text)
	}
	if f := texts(template, lines); f != "" && Selects(f, lines) {
		return f
	}
	return ""
}

// Pattern returns the pattern of a filter, such as `user <_> logged in`, that keeps all of these lines of a template; empty where none does.
func Pattern(template string, lines []string) string {
	if len(lines) == 0 {
		return ""
	}
	for _, loose := range []bool{false, true} {
		parts, ok := align(template, lines[0], loose)
		if !ok || !says(parts) {
			continue
		}
		text := pattern(parts)
		if !loose && len(lines) > 1 { // blanks may differ, of which two lines tell more than one
			if other, ok := align(template, lines[1], false); ok && pattern(other) != text {
				continue
			}
		}
		if Selects("|> "+quote(text), lines) {
			return text
		}
	}
	return ""
}

// Selects reports whether a part of a pipeline keeps all of these lines.
func Selects(filter string, lines []string) bool {
	e, err := logql.ParseLog(`{a="b"} ` + filter)
	if err != nil {
		return false
	}
	keep := e.NewTest()
	for _, line := range lines {
		if !keep(&logql.Entry{Line: line}) {
			return false
		}
	}
	return true
}

// piece is a part of a pattern: a text, or, empty, what varies.
type piece string

const varies piece = ""

// align finds the constant parts of a template in one of its lines, as they stand there: a template has one blank where a line has any
// number. loose lets blanks vary beside what varies, and where there are several.
func align(template, line string, loose bool) ([]piece, bool) {
	var parts []piece
	add := func(p piece) {
		if p != varies || len(parts) == 0 || parts[len(parts)-1] != varies {
			parts = append(parts, p)
		}
	}
	open := strings.HasSuffix(template, rest)
	template = strings.TrimSuffix(template, rest)
	at, size := 0, 0
	segments := strings.Split(template, Wild)
	for i, segment := range segments {
		if i > 0 {
			add(varies)
		}
		if segment == "" {
			continue
		}
		from, to := find(line, at, segment, i == 0)
		if from < 0 {
			return nil, false
		}
		at = to
		text := line[from:to]
		if i == len(segments)-1 && !open && strings.TrimLeft(line[to:], blanks) == "" {
			text, at = line[from:], len(line)
		}
		for _, p := range literals(text, loose) {
			add(p)
			size += len(p) + 3
		}
		if size > maxFilterBytes {
			open = true
			break
		}
	}
	if open {
		add(varies)
	}
	return parts, true
}

const blanks = " \t\r\n\v\f\x00\x7f"

func isBlank(c byte) bool { return c <= ' ' || c == 0x7f }

// find looks for a segment of a template behind a place in a line; at the beginning it has to be there.
func find(line string, at int, segment string, first bool) (from, to int) {
	words := strings.Fields(segment)
	for at <= len(line) {
		i := at
		if len(words) > 0 {
			next := strings.Index(line[at:], words[0])
			if next < 0 {
				return -1, -1
			}
			i += next
		}
		from, to := i, i
		if segment[0] == ' ' {
			for from > at && isBlank(line[from-1]) {
				from--
			}
		}
		ok := segment[0] != ' ' || from < i || len(words) == 0
		for n, w := range words {
			if n > 0 {
				was := to
				for to < len(line) && isBlank(line[to]) {
					to++
				}
				ok = ok && to > was
			}
			if ok = ok && strings.HasPrefix(line[to:], w); !ok {
				break
			}
			to += len(w)
		}
		if ok && segment[len(segment)-1] == ' ' {
			was := to
			for to < len(line) && isBlank(line[to]) {
				to++
			}
			ok = to > was
		}
		if ok && (!first || strings.TrimLeft(line[:from], blanks) == "") {
			return from, to
		}
		if first && len(words) > 0 && strings.TrimLeft(line[:i], blanks) != "" {
			return -1, -1
		}
		at = i + 1
	}
	return -1, -1
}

// literals cuts a text into what can stand in a pattern: <name> would be a capture, and so it becomes one.
func literals(text string, loose bool) (out []piece) {
	add := func(s string) {
		if s != "" {
			out = append(out, piece(s))
		}
	}
	if loose {
		if trimmed := strings.TrimLeft(text, blanks); trimmed != text {
			out = append(out, varies)
			text = trimmed
		}
	}
	from := 0
	for i := 0; i < len(text); {
		end := i
		switch c := text[i]; {
		case c == '<':
			if n := strings.IndexByte(text[i:], '>'); n > 1 && isName(text[i+1:i+n]) {
				end = i + n + 1
			}
		case loose && isBlank(c):
			for end < len(text) && isBlank(text[end]) {
				end++
			}
			if end == i+1 && c == ' ' && end < len(text) {
				end = i
			}
		case c >= utf8.RuneSelf:
			r, n := utf8.DecodeRuneInString(text[i:])
			if r != utf8.RuneError || n > 1 {
				i += n
				continue
			}
			end = i + 1 // no text of a query
		}
		if end == i {
			i++
			continue
		}
		add(text[from:i])
		out = append(out, varies)
		from, i = end, end
	}
	add(text[from:])
	return out
}

// isName reports what LogQL takes for the name of a capture.
func isName(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c != '_' && (c|0x20 < 'a' || c|0x20 > 'z') && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return s != ""
}

// says reports whether the texts of a pattern say anything: marks and blanks do not.
func says(parts []piece) bool {
	for _, p := range parts {
		letters := 0
		for i := range len(p) {
			if c := p[i] | 0x20; c >= 'a' && c <= 'z' || p[i] >= utf8.RuneSelf {
				letters++
			}
		}
		if letters >= 2 {
			return true
		}
	}
	return false
}

func pattern(parts []piece) string {
	var b strings.Builder
	last := piece("-")
	for _, p := range parts {
		switch {
		case p != varies:
			b.WriteString(string(p))
		case last != varies:
			b.WriteString("<_>")
		}
		last = p
	}
	return b.String()
}

// quote writes a text as LogQL has it.
func quote(s string) string {
	for _, r := range s {
		if r == '`' || r < ' ' || r == 0x7f || r == utf8.RuneError {
			return strconv.Quote(s)
		}
	}
	return "`" + s + "`"
}

// texts asks for the longest texts of a template that all lines have, in the order of the template.
func texts(template string, lines []string) string {
	if len(lines) == 0 {
		return ""
	}
	type text struct {
		at int
		s  string
	}
	var found []text
	for i, segment := range strings.Split(strings.TrimSuffix(template, rest), Wild) {
		candidates := []string{strings.Trim(segment, blanks)}
		if !inAll(candidates[0], lines) {
			candidates = strings.Fields(segment)
		}
		for n, s := range candidates {
			if len(s) >= leastText && len(s) <= maxFilterBytes && utf8.ValidString(s) && says([]piece{piece(s)}) && inAll(s, lines) {
				found = append(found, text{i<<16 | n, s})
			}
		}
	}
	slices.SortStableFunc(found, func(a, b text) int { return cmp.Compare(len(b.s), len(a.s)) })
	found = found[:min(len(found), maxTexts)]
	slices.SortFunc(found, func(a, b text) int { return cmp.Compare(a.at, b.at) })
	var parts []string
	for _, t := range found {
		if part := "|= " + quote(t.s); !slices.Contains(parts, part) {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, " ")
}

func inAll(s string, lines []string) bool {
	for _, line := range lines {
		if !strings.Contains(line, s) {
			return false
		}
	}
	return true
}
