// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package logql

import (
	"strings"
	"unicode/utf8"
)

// requirement is a label without which a pipeline refuses an entry. If the entry does not come with it, a parser must find
// it in the line: then the line holds these texts, as they are unless it has escapes. A line is searched for a text much
// faster than it is parsed.
type requirement struct {
	label, base string // base is the label without the suffix of those that collide
	texts       []string
}

// requirements of a pipeline, unwrap at its end included if it is not nil.
func requirements(stages []Stage, u *Unwrap) []requirement {
	var out []requirement
	parsed := false
	made := map[string]bool{} // by stages that make labels of anything
	require := func(label, value string) {
		base := strings.TrimSuffix(label, extractedSuffix)
		if !parsed || made[label] || made[base] || strings.HasPrefix(label, "__") {
			return
		}
		r := requirement{label: label, base: base}
		// Characters of a key become _, but none becomes anything else, and nested keys are joined with _.
		if text := longest(strings.Split(base, "_")); len(text) > 2 {
			r.texts = append(r.texts, text)
		}
		if len(value) > 1 && utf8.ValidString(value) && !strings.ContainsAny(value, "\\ \uFFFD") {
			r.texts = append(r.texts, value)
		}
		if len(r.texts) > 0 {
			out = append(out, r)
		}
	}
	extractions := func(xs []Extraction) {
		for _, x := range xs {
			made[x.Label] = true
		}
		parsed = parsed || len(xs) == 0
	}
	for _, s := range stages {
		switch s := s.(type) {
		case LabelFilter:
			requiredBy(s, require)
		case *JSONParser:
			extractions(s.Extractions)
		case *LogfmtParser:
			extractions(s.Extractions)
		case *RegexpParser:
			for _, n := range s.re.SubexpNames() {
				made[SanitizeLabelName(n)] = true
			}
		case *PatternParser:
			for _, p := range s.p.parts {
				made[p.text] = true
			}
		case *LineFilter, *DropLabels, *KeepLabels:
		default: // the line changes, or labels get others' values
			return out
		}
	}
	if u != nil {
		require(u.Label, "")
	}
	return out
}

func longest(texts []string) string {
	out := ""
	for _, t := range texts {
		if len(t) > len(out) {
			out = t
		}
	}
	return out
}

// requiredBy calls require with the labels that must be there for a filter to hold, and the values that they must have, if known.
func requiredBy(f LabelFilter, require func(label, value string)) {
	switch f := f.(type) {
	case *AndFilter:
		requiredBy(f.Left, require)
		requiredBy(f.Right, require)
	case *NumberFilter:
		require(f.Name, "")
	case *MatcherFilter:
		switch m := f.Matcher; {
		case m.Matches(""):
		case m.Op == MatchEqual:
			require(m.Name, m.Value)
		default:
			require(m.Name, "")
		}
	}
}

// misses reports whether an entry cannot have a label of rs.
func misses(rs []requirement, e *Entry) bool {
	for i := range rs {
		if r := &rs[i]; r.missed(e) {
			return true
		}
	}
	return false
}

func (r *requirement) missed(e *Entry) bool {
	held := true
	for _, t := range r.texts {
		if held = strings.Contains(e.Line, t); !held {
			break
		}
	}
	return !held && strings.IndexByte(e.Line, '\\') < 0 && !r.in(e.Stream) && !r.in(e.Metadata)
}

func (r *requirement) in(ls Labels) bool {
	for i := range ls {
		if n := ls[i].Name; n == r.label || n == r.base {
			return true
		}
	}
	return false
}
