// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package templates

import "strings"

// What of a line is looked at. Beyond either, the rest of the line counts as one variable part: a line costs a bounded time
// whatever its length, and a difference mask of a line fits one word.
const (
	maxScanBytes = 2048
	maxElems     = 64
	maxQuoted    = 512 // bytes looked ahead for the end of a quoted text
	maxJSONDepth = 6
)

// kind says what an element of a line is.
type kind uint8

const (
	kindPunct kind = iota // a mark, part of the line's shape
	kindWord              // a word: constant until others are seen in its place
	kindName              // a word joined of several (com.example.Main, user_name, fileName): varies more readily
	kindVar               // what varies wherever it stands: numbers, addresses, paths, quoted texts, values of keys
	kindRest              // what is beyond the limits
)

// elem is one element of a scanned line: text[start:end].
type elem struct {
	hash       uint64
	start, end uint16
	kind       kind
}

// scan is one line cut into elements. It lives on the stack of Add.
type scan struct {
	text  string // the part that is looked at
	elems [maxElems + 1]elem
	n     int
	more  bool // the line goes on beyond text
	esc   bool // inside a JSON string: a backslash begins an escape
	depth int
}

// run cuts the line.
func (s *scan) run(line string) {
	if len(line) > maxScanBytes {
		line, s.more = line[:maxScanBytes], true
	}
	s.text = line
	if s.cut(0, len(line)) < len(line) || s.more {
		s.rest()
	}
}

// rest appends the element that stands for everything beyond the limits.
func (s *scan) rest() {
	s.more = true
	at := uint16(len(s.text))
	if s.n > 0 {
		last := &s.elems[s.n-1]
		if last.kind == kindVar {
			return // a variable part that does not end here
		}
		at = last.end
	}
	if s.n > maxElems {
		s.n = maxElems
	}
	s.elems[s.n] = elem{hash: hashRest, start: at, end: at, kind: kindRest}
	s.n++
}

// sums returns the line's hash over all elements and that of its shape, in which all words are one.
func (s *scan) sums() (line, shape uint64) {
	line, shape = uint64(s.n), uint64(s.n)
	for i := range s.n {
		e := &s.elems[i]
		h := e.hash
		line = mix(line, h)
		if e.kind != kindPunct && e.kind != kindRest {
			h = hashSlot
		}
		shape = mix(shape, h)
	}
	return line, shape
}

// words returns how many words the line has, constant or not.
func (s *scan) words() (n int) {
	for i := range s.n {
		if k := s.elems[i].kind; k != kindPunct && k != kindRest {
			n++
		}
	}
	return n
}

// cut appends the elements of text[i:end] and returns how far it came.
func (s *scan) cut(i, end int) int {
	text := s.text
	for i < end {
		c := text[i]
		class := classes[c]
		if class&classSpace != 0 {
			i++
			continue
		}
		if s.n >= maxElems {
			return i
		}
		switch {
		case class&classAlnum != 0:
			i = s.token(i, end)
		case c == '"' || c == '\'' || c == '`':
			i = s.quoted(i, end)
		case c == '=':
			i = s.value(i, end)
		case c == '{' && !s.esc && i+2 < end && (text[i+1] == '"' || text[i+1] == ' ' && text[i+2] == '"'):
			i = s.object(i, end)
		case c == '\\' && s.esc:
			i = min(i+2, end)
		case i+1 < end && startsWord(c, text[i+1]):
			i = s.token(i, end)
		default:
			i = s.punct(i, end)
		}
		if i < 0 {
			return -1
		}
	}
	return i
}

// startsWord reports whether a mark belongs to the word that follows it.
func startsWord(c, next byte) bool {
	switch c {
	case '/', '\\', '~', '.':
		return classes[next]&(classAlnum|classPath) != 0 || next == '_'
	case '-', '+':
		return classes[next]&classDigit != 0
	}
	return c == '_'
}

// punct appends a mark; a run of the same mark is one.
func (s *scan) punct(i, end int) int {
	c, j := s.text[i], i+1
	for j < end && s.text[j] == c {
		j++
	}
	if c == '(' && j < end && s.text[j] == ')' && (i == 0 || s.text[i-1] == ' ') {
		// Empty brackets are brackets whose value is empty.
		s.add(elem{hash: hashPunct * uint64(c), start: uint16(i), end: uint16(j), kind: kindPunct})
		s.variable(j, j)
		return j
	}
	s.add(elem{hash: hashPunct * uint64(c), start: uint16(i), end: uint16(j), kind: kindPunct})
	return j
}

func (s *scan) add(e elem) {
	if s.n >= maxElems {
		s.more = true
		return
	}
	s.elems[s.n] = e
	s.n++
}

// variable appends a variable part. Such parts beside each other, or in a list, are one: how many there are varies as well.
func (s *scan) variable(start, end int) {
	for s.n > 0 {
		last := &s.elems[s.n-1]
		if last.kind == kindVar {
			if last.end < uint16(end) {
				last.end = uint16(end)
			}
			return
		}
		switch {
		case last.kind == kindWord && last.end-last.start == 3 && isCalendar(s.text[last.start:last.end]):
		case last.kind == kindPunct && s.n > 1 && s.text[last.start] == ',' && s.elems[s.n-2].kind == kindVar:
		default:
			s.add(elem{hash: hashVar, start: uint16(start), end: uint16(end), kind: kindVar})
			return
		}
		start = int(last.start)
		s.n--
	}
	s.add(elem{hash: hashVar, start: uint16(start), end: uint16(end), kind: kindVar})
}

// word returns the text of an element.
func (s *scan) word(i int) string { return s.text[s.elems[i].start:s.elems[i].end] }

// token appends the word that begins at i.
func (s *scan) token(i, end int) int {
	text := s.text
	var seen uint16
	j := i
	for j < end {
		class := classes[text[j]]
		if class&classEnd != 0 || (s.esc && text[j] == '\\') {
			break
		}
		seen |= class
		j++
	}
	if j == len(text) && s.more {
		return -1 // cut in the middle: part of the rest
	}
	if seen&classColon != 0 {
		if at := strings.IndexByte(text[i:j], ':'); isKey(text[i : i+at]) {
			if strings.HasPrefix(text[i+at:j], "://") {
				return s.address(i, j, end)
			}
			if at+1 < j-i || seen&classDigit != 0 {
				j, seen = i+at, classesOf(text[i:i+at])
			}
		}
	}
	// Marks at the end are not the word's.
	for j > i+1 && classes[text[j-1]]&(classAlnum|classPath|classAt) == 0 && text[j-1] != '_' && text[j-1] != '$' && text[j-1] != '%' {
		j--
	}
	w := text[i:j]
	if seen&(classDigit|classAt|classPath) != 0 || seen&(classNotHex|classEnd) == 0 {
		switch {
		case seen&classDigit != 0,
			seen&classAt != 0,
			seen&classPath != 0 && isPath(w),
			seen&classText != 0 && seen&(classNotHex|classHigh) == 0 && len(w) >= 8:
			return s.address(i, j, end)
		}
	}
	afterVar := s.n > 0 && s.elems[s.n-1].kind == kindVar
	switch {
	case len(w) <= 5 && isTruth(w),
		afterVar && len(w) <= 4 && (isUnit(w) || isCalendar(w)):
		s.variable(i, j)
		return j
	}
	k := kindWord
	if seen&(classJoin|classPath|classColon) != 0 || isCamel(w, seen) {
		k = kindName
	}
	s.add(elem{hash: hashWord(w), start: uint16(i), end: uint16(j), kind: k})
	return j
}

// address appends what varies from i to j, and the rest of a URL or of a path with a query, where marks have no meaning.
func (s *scan) address(i, j, end int) int {
	if w := s.text[i:j]; j < end && classes[s.text[j]]&classSpace == 0 && (strings.IndexByte(w, '?') > 0 || strings.Contains(w, "://")) {
		for j < end && classes[s.text[j]]&classSpace == 0 && strings.IndexByte("\"'`<>()[]{}|", s.text[j]) < 0 && (!s.esc || s.text[j] != '\\') {
			j++
		}
		for j > i+1 && classes[s.text[j-1]]&classAlnum == 0 && s.text[j-1] != '/' && s.text[j-1] != '=' {
			j--
		}
	}
	s.variable(i, j)
	return j
}

// isKey reports whether a text before a colon names what comes after it.
func isKey(s string) bool {
	if len(s) < 2 {
		return false
	}
	return classesOf(s)&^(classText|classJoin|classNotHex) == 0
}

func classesOf(s string) (seen uint16) {
	for i := range len(s) {
		seen |= classes[s[i]]
	}
	return seen
}

// isPath reports an absolute path, a Windows path, or a relative one of several parts.
func isPath(w string) bool {
	if w[0] == '/' || strings.IndexByte(w, '\\') >= 0 {
		return len(w) > 1
	}
	at := strings.IndexByte(w, '/')
	return at >= 0 && (w[0] == '~' || w[0] == '.' || strings.IndexByte(w[at+1:], '/') >= 0)
}

// isCamel reports a capital within a word that is not all capitals: MapTask, fileName.
func isCamel(w string, seen uint16) bool {
	if seen&classUpper == 0 || seen&classLower == 0 {
		return false
	}
	return classesOf(w[1:])&classUpper != 0
}

// quoted appends a quoted text, which varies, or the mark alone where none begins or ends.
func (s *scan) quoted(i, end int) int {
	text, quote := s.text, s.text[i]
	if quote == '\'' && i > 0 && classes[text[i-1]]&classAlnum != 0 {
		return s.punct(i, end)
	}
	limit := min(end, i+1+maxQuoted)
	at := strings.IndexByte(text[i+1:limit], quote)
	if at < 0 || i == 0 {
		return s.punct(i, end)
	}
	inside := text[i+1 : i+1+at]
	last := i + 1 + at
	if verb := strings.IndexByte(inside, ' '); verb > 1 && verb < 8 && classesOf(inside[:verb])&^(classUpper|classNotHex) == 0 {
		// A request line: the method says what it is.
		s.punct(i, i+1)
		s.add(elem{hash: hashWord(inside[:verb]), start: uint16(i + 1), end: uint16(i + 1 + verb), kind: kindWord})
		s.variable(i+1+verb+1, last)
		return s.punct(last, last+1)
	}
	s.variable(i, last+1)
	return last + 1
}

// value appends an equals sign and, where it follows a key, the value after it, which varies.
func (s *scan) value(i, end int) int {
	text := s.text
	bound := s.n > 0 && int(s.elems[s.n-1].end) == i && s.elems[s.n-1].kind != kindPunct
	if !bound || (i+1 < end && (text[i+1] == '=' || text[i+1] == '>')) {
		return s.punct(i, end)
	}
	key := text[s.elems[s.n-1].start:i]
	s.add(elem{hash: hashPunct * uint64(text[i]), start: uint16(i), end: uint16(i + 1), kind: kindPunct})
	i++
	if isMessageKey(key) || isLevelKey(key) {
		if i >= end || text[i] != '"' {
			return i
		}
		if at := closing(text[i+1:end], '"'); at >= 0 {
			return s.message(i+1, i+1+at)
		}
		return i + 1
	}
	if i >= end || classes[text[i]]&classSpace != 0 {
		s.variable(i, i)
		return i
	}
	switch text[i] {
	case '"', '\'', '`':
		if at := closing(text[i+1:end], text[i]); at >= 0 {
			s.variable(i, i+at+2)
			return i + at + 2
		}
	case '(', '[', '{', '<':
		return i
	}
	j := i
	for j < end {
		if class := classes[text[j]]; class&classEnd != 0 && text[j] != '=' || (s.esc && text[j] == '\\') {
			break
		}
		j++
	}
	if j == len(text) && s.more {
		return -1
	}
	s.variable(i, j)
	return max(j, i)
}

// message appends the words of a quoted message and returns where its quote ends, or -1.
func (s *scan) message(i, last int) int {
	was := s.esc
	s.esc = true
	if s.cut(i, last) < last {
		return -1
	}
	s.esc = was
	return last + 1
}

// closing returns where a quoted text ends, minding escapes, or -1.
func closing(s string, quote byte) int {
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case quote:
			return i
		}
	}
	return -1
}
