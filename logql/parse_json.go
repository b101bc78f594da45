// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package logql

import (
	"errors"
	"fmt"
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
			if wanted {
				ls.extract(name, ls.unescape(raw))
			}
		default:
			w, ok := j.scalar()
			if !ok {
				return false
			}
			if wanted && w != "null" {
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
	ls.all = false
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
		if !ls.wants(x.Label) {
			continue
		}
		raw, _ := lookupJSON(st.line, x.steps)
		ls.overwrite(x.Label, ls.jsonText(raw))
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
	ls.extractAll(len(st.line), minJSONField)
	ok := j.object(func(key, raw string) bool {
		if raw[0] != '"' {
			return true
		}
		if key == "_entry" {
			entry, hasEntry = ls.jsonText(raw), true
			return true
		}
		fields = append(fields, field{SanitizeLabelName(key), ls.jsonText(raw)})
		return true
	})
	if !ok {
		ls.fail(errJSON, "line is not a JSON object")
		return true
	}
	for _, f := range fields {
		if ls.wants(f.name) {
			ls.overwrite(f.name, f.value)
		}
	}
	if hasEntry {
		st.line = entry
	}
	return true
}
