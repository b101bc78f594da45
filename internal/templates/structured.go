// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package templates

// object appends a JSON object that begins at i: its keys, the words of its message and of its severity; other values vary.
// It returns where the object ends, or -1 when the text ends first. What is no JSON is read as far as it looks like it.
func (s *scan) object(i, end int) int {
	s.depth++
	i = s.members(s.punct(i, i+1), end)
	s.depth--
	return i
}

// members appends what is between the braces of an object, and the closing one.
func (s *scan) members(i, end int) int {
	text := s.text
	for i < end && s.n < maxElems {
		switch c := text[i]; {
		case c == '}':
			return s.punct(i, i+1)
		case c == '"':
			at := closing(text[i+1:end], '"')
			if at < 0 {
				return -1
			}
			key := text[i+1 : i+1+at]
			s.key(i+1, i+1+at)
			i += at + 2
			for i < end && (classes[text[i]]&classSpace != 0 || text[i] == ':') {
				i++
			}
			if i = s.member(key, i, end); i < 0 {
				return -1
			}
		case c == ',' || classes[c]&classSpace != 0:
			i++
		default:
			return i // no JSON: the rest is text
		}
	}
	if i >= end {
		return i
	}
	s.more = true
	return -1
}

// key appends the name of a member. A name with a digit in it is an identifier that somebody used as a key.
func (s *scan) key(start, end int) {
	w := s.text[start:end]
	if classesOf(w)&classDigit != 0 {
		s.add(elem{hash: hashVar, start: uint16(start), end: uint16(end), kind: kindVar})
		return
	}
	s.add(elem{hash: hashWord(w), start: uint16(start), end: uint16(end), kind: kindPunct})
}

// member appends the value of a member.
func (s *scan) member(key string, i, end int) int {
	if i >= end {
		return end
	}
	text := s.text
	switch text[i] {
	case '"':
		at := closing(text[i+1:end], '"')
		last := i + 1 + at
		if at < 0 {
			last = end
		}
		if isMessageKey(key) || isLevelKey(key) {
			if s.message(i+1, last) < 0 {
				return -1
			}
		} else {
			s.add(elem{hash: hashVar, start: uint16(i + 1), end: uint16(last), kind: kindVar})
		}
		if at < 0 {
			return -1
		}
		return last + 1
	case '{':
		if s.depth < maxJSONDepth {
			return s.object(i, end)
		}
	}
	last := skipValue(text, i, end)
	s.add(elem{hash: hashVar, start: uint16(i), end: uint16(last), kind: kindVar})
	return last
}

// skipValue returns where a number, a word, an array or an object ends.
func skipValue(text string, i, end int) int {
	depth := 0
	for i < end {
		switch text[i] {
		case '"':
			at := closing(text[i+1:end], '"')
			if at < 0 {
				return end
			}
			i += at + 1
		case '[', '{':
			depth++
		case ']', '}':
			if depth == 0 {
				return i
			}
			depth--
			if depth == 0 {
				return i + 1
			}
		case ',':
			if depth == 0 {
				return i
			}
		}
		i++
	}
	return end
}
