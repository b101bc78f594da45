// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package logql

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

func (s *JSONParser) process(st *lineState, ls *labelSet) bool {
	if len(s.Extractions) > 0 {
		s.extract(st, ls)
		return true
	}
	ls.extractAll(len(st.line), minJSONField)
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
		if !j.accept('"') {
			return false
		}
		key, ok := j.inside()
		if !ok || !j.accept(':') {
			return false
		}
		name, wanted := ls.jsonName(prefix, key)
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
			j.i++
			raw, ok := j.inside()
			if !ok {
				return false
			}
			if wanted && name != "" {
				ls.extract(name, ls.unescape(raw))
			}
		default:
			w, ok := j.scalar()
			if !ok {
				return false
			}
			if wanted && name != "" && w != "null" {
				ls.extract(name, w)
			}
		}
		if j.accept(',') {
			if j.accept('}') { // a comma too many is forgiven
				return true
			}
			continue
		}
		return j.accept('}')
	}
}

// jsonLabel is the name of the label of a key below prefix; an empty key adds nothing.
func jsonLabel(prefix, key string) string {
	if strings.IndexByte(key, '\\') >= 0 {
		key = unescapeJSON(key)
	}
	key = strings.TrimSpace(key)
	switch {
	case key == "":
		return prefix
	case prefix == "":
		return SanitizeLabelName(key)
	}
	return prefix + "_" + strings.TrimPrefix(SanitizeLabelName("_"+key), "_")
}

func (s *JSONParser) extract(st *lineState, ls *labelSet) {
	ls.all = false
	if st.line == "" {
		return
	}
	switch st.line[0] {
	case '{', '[', '"':
	default:
		ls.err = errJSON // without details: those of an earlier error stay
		return
	}
	// Fields in front of a mistake can be had even of a broken line.
	for _, x := range s.Extractions {
		raw, found, ok := lookupJSON(st.line, x.steps)
		if !ok {
			ls.fail(errJSON, "a value is no JSON")
		}
		switch {
		case !ls.wants(x.Label):
		case found && ok:
			ls.overwrite(x.Label, ls.jsonText(raw), false)
		default:
			ls.missing(x.Label)
		}
	}
}

// jsonText is a raw value as label text: strings unescaped, null empty, the rest as it stands.
func (s *labelSet) jsonText(raw string) string {
	switch {
	case raw == "null":
		return ""
	case len(raw) >= 2 && raw[0] == '"':
		return s.unescape(raw[1 : len(raw)-1])
	}
	return raw
}

// lookupJSON follows a path; steps are keys, or indexes written as #n. ok is false when what is found is no value.
func lookupJSON(s string, steps []string) (raw string, found, ok bool) {
	j := &jsonScanner{s: s}
	for _, step := range steps {
		if step[0] == '#' {
			n, _ := strconv.Atoi(step[1:])
			found = j.toElement(n)
		} else {
			found = j.toMember(step[1:])
		}
		if !found {
			return "", false, true
		}
	}
	j.space()
	raw, ok = j.skip(0)
	return raw, true, ok
}

// toMember moves to the value of a key of the object that comes. Mistakes in front of it do not matter if the way is clear.
func (j *jsonScanner) toMember(name string) bool {
	if !j.accept('{') {
		return false
	}
	for {
		for j.accept(',') {
		}
		key, ok := j.str()
		if !ok || !j.accept(':') {
			return false
		}
		if key == name || strings.IndexByte(key, '\\') >= 0 && unescapeJSON(key) == name {
			return true
		}
		j.space()
		if _, ok := j.skip(0); !ok {
			n := strings.IndexAny(j.s[j.i:], ",}")
			if n < 0 {
				return false
			}
			j.i += n
		}
		if !j.accept(',') {
			return false
		}
	}
}

// toElement moves to the n-th value of the array that comes.
func (j *jsonScanner) toElement(n int) bool {
	if !j.accept('[') || j.peek() == ']' {
		return false
	}
	for ; n > 0; n-- {
		j.space()
		if _, ok := j.skip(0); !ok || !j.accept(',') {
			return false
		}
	}
	return j.peek() != 0
}

// parseJSONPath reads a.b["c d"][0], with blanks between the parts; in the result keys start with a dot and indexes with a #.
func parseJSONPath(s string) ([]string, error) {
	var steps []string
	blanks := func(s string) string { return strings.TrimLeft(s, " \t\r\n") }
	rest := blanks(s)
	for first := true; rest != ""; first = false {
		switch {
		case rest[0] == '[':
			inner, tail, ok := strings.Cut(rest[1:], "]")
			if q := blanks(rest[1:]); strings.HasPrefix(q, `"`) {
				// A key may hold a bracket, but no quotation mark.
				inner, tail, ok = strings.Cut(q[1:], `"`)
				if tail = blanks(tail); !ok || !strings.HasPrefix(tail, "]") {
					return nil, errors.New("unexpected end, expecting \"]")
				}
				steps, rest = append(steps, "."+inner), blanks(tail[1:])
				continue
			}
			if !ok {
				return nil, errors.New("unexpected end, expecting ]")
			}
			n, err := strconv.ParseUint(strings.Trim(inner, " \t\r\n"), 10, 31)
			if err != nil {
				return nil, fmt.Errorf("unexpected %q, expecting an index or a key in quotes", inner)
			}
			steps, rest = append(steps, "#"+strconv.FormatUint(n, 10)), blanks(tail)
		case rest[0] == '.' && !first, first:
			if !first {
				rest = blanks(rest[1:])
			}
			n := 0
			for n < len(rest) && isIdentByte(rest[n]) {
				n++
			}
			if n == 0 || isDigit(rest[0]) {
				return nil, fmt.Errorf("unexpected %q, expecting a key", rest)
			}
			steps, rest = append(steps, "."+rest[:n]), blanks(rest[n:])
		default:
			return nil, fmt.Errorf("unexpected %q, expecting . or [", rest)
		}
	}
	if len(steps) == 0 {
		return nil, errors.New("empty path")
	}
	return steps, nil
}

// process takes the line and the labels out of an object that has an _entry; another object stays as it is.
func (*UnpackParser) process(st *lineState, ls *labelSet) bool {
	if st.line == "" {
		return true
	}
	j := &jsonScanner{s: st.line}
	entry, hasEntry := "", false
	type field struct{ name, value string }
	var fields []field
	ls.extractAll(len(st.line), minJSONField)
	ok := st.line[0] == '{' && j.object(func(key, raw string) bool {
		if raw[0] != '"' {
			return true
		}
		if key == "_entry" {
			entry, hasEntry = ls.jsonText(raw), true
			return entry != "" || len(raw) == len(`""`) // else an escape is none
		}
		fields = append(fields, field{SanitizeLabelName(key), ls.jsonText(raw)})
		return true
	})
	if !ok {
		ls.fail(errJSON, "line is not a JSON object")
		return true
	}
	if !hasEntry {
		return true
	}
	for _, f := range slices.Backward(fields) { // of a name that is there twice the last counts
		if ls.wants(f.name) {
			ls.extract(f.name, f.value)
		}
	}
	st.line = entry
	return true
}
