// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package logql

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// A scanner for JSON that gives back raw values without allocating. It is lenient about the grammar of
// numbers; structure it takes seriously.

const maxJSONDepth = 64

type jsonScanner struct {
	s string
	i int
}

func (j *jsonScanner) space() {
	for j.i < len(j.s) {
		switch j.s[j.i] {
		case ' ', '\t', '\n', '\r':
			j.i++
		default:
			return
		}
	}
}

func (j *jsonScanner) peek() byte {
	j.space()
	if j.i < len(j.s) {
		return j.s[j.i]
	}
	return 0
}

func (j *jsonScanner) accept(c byte) bool {
	if j.peek() == c {
		j.i++
		return true
	}
	return false
}

// str reads a string literal and returns its inside, still escaped.
func (j *jsonScanner) str() (raw string, ok bool) {
	if !j.accept('"') {
		return "", false
	}
	start := j.i
	for j.i < len(j.s) {
		switch j.s[j.i] {
		case '\\':
			j.i += 2
		case '"':
			raw = j.s[start:j.i]
			j.i++
			return raw, true
		default:
			j.i++
		}
	}
	j.i = len(j.s)
	return "", false
}

// scalar reads a number or a word.
func (j *jsonScanner) scalar() (string, bool) {
	start := j.i
	for j.i < len(j.s) {
		c := j.s[j.i]
		if isIdentByte(c) || c == '-' || c == '+' || c == '.' {
			j.i++
			continue
		}
		break
	}
	w := j.s[start:j.i]
	switch {
	case w == "true", w == "false", w == "null":
		return w, true
	case w != "" && (isDigit(w[0]) || w[0] == '-'):
		_, err := strconv.ParseFloat(w, 64)
		return w, err == nil || errors.Is(err, strconv.ErrRange)
	}
	return w, false
}

// skip moves over one value and returns its raw text.
func (j *jsonScanner) skip(depth int) (string, bool) {
	if depth > maxJSONDepth {
		return "", false
	}
	c := j.peek()
	start := j.i
	switch c {
	case '"':
		_, ok := j.str()
		return j.s[start:j.i], ok
	case '{', '[':
		closing := byte('}')
		if c == '[' {
			closing = ']'
		}
		j.i++
		if j.accept(closing) {
			return j.s[start:j.i], true
		}
		for {
			if c == '{' {
				if j.peek() != '"' {
					return "", false
				}
				if _, ok := j.str(); !ok || !j.accept(':') {
					return "", false
				}
			}
			if _, ok := j.skip(depth + 1); !ok {
				return "", false
			}
			if j.accept(closing) {
				return j.s[start:j.i], true
			}
			if !j.accept(',') {
				return "", false
			}
			if j.accept(closing) {
				return j.s[start:j.i], true
			}
		}
	default:
		return j.scalar()
	}
}

// object calls visit with each key and the raw value, left to right. It returns false at the first mistake
// and when visit does.
func (j *jsonScanner) object(visit func(key, raw string) bool) bool {
	if !j.accept('{') {
		return false
	}
	if j.accept('}') {
		return true
	}
	for {
		if j.peek() != '"' {
			return false
		}
		key, ok := j.str()
		if !ok || !j.accept(':') {
			return false
		}
		j.space()
		raw, ok := j.skip(0)
		if !ok || !visit(unescapeJSON(key), raw) {
			return false
		}
		if j.accept('}') {
			return true
		}
		if !j.accept(',') {
			return false
		}
		if j.accept('}') { // a comma too many is forgiven
			return true
		}
	}
}

// unescapeJSON decodes the inside of a string literal; what is not valid UTF-8 becomes U+FFFD.
func unescapeJSON(raw string) string {
	if strings.IndexByte(raw, '\\') < 0 {
		return cleanUTF8(raw)
	}
	b := make([]byte, 0, len(raw))
	for i := 0; i < len(raw); i++ {
		if raw[i] != '\\' || i+1 >= len(raw) {
			b = append(b, raw[i])
			continue
		}
		i++
		switch c := raw[i]; c {
		case 'n':
			b = append(b, '\n')
		case 't':
			b = append(b, '\t')
		case 'r':
			b = append(b, '\r')
		case 'b':
			b = append(b, '\b')
		case 'f':
			b = append(b, '\f')
		case 'u':
			r, n := unescapeRune(raw[i-1:])
			b = utf8.AppendRune(b, r)
			i += n - 2
		default:
			b = append(b, c)
		}
	}
	return cleanUTF8(string(b))
}

// unescapeRune decodes \uXXXX, or two of them as a surrogate pair, and returns how many bytes it took.
func unescapeRune(s string) (rune, int) {
	one := func(s string) (rune, bool) {
		if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
			return 0, false
		}
		v, err := strconv.ParseUint(s[2:6], 16, 32)
		return rune(v), err == nil
	}
	r, ok := one(s)
	if !ok {
		return utf8.RuneError, 2
	}
	if utf16.IsSurrogate(r) {
		if r2, ok := one(s[6:]); ok {
			if c := utf16.DecodeRune(r, r2); c != utf8.RuneError {
				return c, 12
			}
		}
		return utf8.RuneError, 6
	}
	return r, 6
}

func cleanUTF8(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}

func (s *JSONParser) process(st *lineState, ls *labelSet) bool {
	if len(s.Extractions) > 0 {
		s.extract(st, ls)
		return true
	}
	j := &jsonScanner{s: st.line}
	if !flattenJSON(j, "", ls, 0) {
		ls.fail(errJSON, "line is not a JSON object")
	}
	return true
}

// flattenJSON extracts the scalar fields of an object; nested keys are joined with _, arrays are left out.
func flattenJSON(j *jsonScanner, prefix string, ls *labelSet, depth int) bool {
	if depth > maxJSONDepth {
		return false
	}
	if !j.accept('{') {
		return false
	}
	if j.accept('}') {
		return true
	}
	for {
		if j.peek() != '"' {
			return false
		}
		key, ok := j.str()
		if !ok || !j.accept(':') {
			return false
		}
		name := jsonLabel(prefix, key)
		if len(name) > maxLabelNameBytes {
			return false
		}
		switch j.peek() {
		case '{':
			if !flattenJSON(j, name, ls, depth+1) {
				return false
			}
		case '[':
			if _, ok := j.skip(depth); !ok {
				return false
			}
		case '"':
			raw, ok := j.str()
			if !ok {
				return false
			}
			ls.extract(name, unescapeJSON(raw))
		default:
			w, ok := j.scalar()
			if !ok {
				return false
			}
			if w != "null" {
				ls.extract(name, w)
			}
		}
		if j.accept('}') {
			return true
		}
		if !j.accept(',') {
			return false
		}
		if j.accept('}') { // a comma too many is forgiven
			return true
		}
	}
}

func jsonLabel(prefix, key string) string {
	if strings.IndexByte(key, '\\') >= 0 {
		key = unescapeJSON(key)
	}
	if prefix == "" {
		return SanitizeLabelName(strings.TrimSpace(key))
	}
	return prefix + "_" + strings.TrimPrefix(SanitizeLabelName("_"+strings.TrimSpace(key)), "_")
}

func (s *JSONParser) extract(st *lineState, ls *labelSet) {
	j := &jsonScanner{s: st.line}
	switch j.peek() {
	case 0:
		return
	case '{', '[':
	default:
		ls.fail(errJSON, "")
		return
	}
	// Fields in front of a mistake can be had even of a broken line.
	for _, x := range s.Extractions {
		raw, _ := lookupJSON(st.line, x.steps)
		ls.overwrite(x.Label, jsonText(raw))
	}
}

// jsonText is a raw value as label text: strings unescaped, null empty, the rest as it stands.
func jsonText(raw string) string {
	switch {
	case raw == "null":
		return ""
	case len(raw) >= 2 && raw[0] == '"':
		return unescapeJSON(raw[1 : len(raw)-1])
	}
	return raw
}

// lookupJSON follows a path; steps are keys, or indexes written as #n.
func lookupJSON(s string, steps []string) (string, bool) {
	for _, step := range steps {
		j := &jsonScanner{s: s}
		found := ""
		ok := false
		if strings.HasPrefix(step, "#") {
			n, _ := strconv.Atoi(step[1:])
			found, ok = jsonElement(j, n)
		} else {
			j.object(func(key, raw string) bool {
				if key == step[1:] {
					found, ok = raw, true
					return false
				}
				return true
			})
		}
		if !ok {
			return "", false
		}
		s = found
	}
	j := &jsonScanner{s: s}
	j.space()
	raw, ok := j.skip(0)
	return raw, ok
}

func jsonElement(j *jsonScanner, n int) (string, bool) {
	if !j.accept('[') || j.accept(']') {
		return "", false
	}
	for i := 0; ; i++ {
		j.space()
		raw, ok := j.skip(0)
		if !ok {
			return "", false
		}
		if i == n {
			return raw, true
		}
		if !j.accept(',') {
			return "", false
		}
	}
}

// parseJSONPath reads a.b["c d"][0]; in the result keys start with a dot and indexes with a #.
func parseJSONPath(s string) ([]string, error) {
	var steps []string
	rest := s
	for first := true; rest != ""; first = false {
		switch {
		case rest[0] == '[':
			var end int
			if len(rest) > 1 && rest[1] == '"' {
				end = 2
				for end < len(rest) && rest[end] != '"' {
					if rest[end] == '\\' {
						end++
					}
					end++
				}
				end++
				if end >= len(rest) || rest[end] != ']' {
					return nil, errors.New("unexpected end, expecting \"]")
				}
				key, err := strconv.Unquote(rest[1:end])
				if err != nil {
					return nil, err
				}
				steps = append(steps, "."+key)
			} else {
				end = strings.IndexByte(rest, ']')
				if end < 0 {
					return nil, errors.New("unexpected end, expecting ]")
				}
				n, err := strconv.ParseUint(rest[1:end], 10, 31)
				if err != nil {
					return nil, fmt.Errorf("unexpected %q, expecting an index or a key in quotes", rest[1:end])
				}
				steps = append(steps, "#"+strconv.FormatUint(n, 10))
			}
			rest = rest[end+1:]
		case rest[0] == '.' && !first, first:
			if !first {
				rest = rest[1:]
			}
			n := 0
			for n < len(rest) && (isIdentByte(rest[n]) || rest[n] == '-') {
				n++
			}
			if n == 0 || isDigit(rest[0]) {
				return nil, fmt.Errorf("unexpected %q, expecting a key", rest)
			}
			steps = append(steps, "."+rest[:n])
			rest = rest[n:]
		default:
			return nil, fmt.Errorf("unexpected %q, expecting . or [", rest)
		}
	}
	if len(steps) == 0 {
		return nil, errors.New("empty path")
	}
	return steps, nil
}

func (*UnpackParser) process(st *lineState, ls *labelSet) bool {
	if st.line == "" {
		return true
	}
	j := &jsonScanner{s: st.line}
	entry, hasEntry := "", false
	type field struct{ name, value string }
	var fields []field
	ok := j.object(func(key, raw string) bool {
		if raw[0] != '"' {
			return true
		}
		if key == "_entry" {
			entry, hasEntry = jsonText(raw), true
			return true
		}
		fields = append(fields, field{SanitizeLabelName(key), jsonText(raw)})
		return true
	})
	if !ok {
		ls.fail(errJSON, "line is not a JSON object")
		return true
	}
	for _, f := range fields {
		ls.overwrite(f.name, f.value)
	}
	if hasEntry {
		st.line = entry
	}
	return true
}
