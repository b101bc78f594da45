// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package logql

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Label is a name with a value.
type Label struct{ Name, Value string }

// Labels are sorted by name; no name occurs twice.
type Labels []Label

// LabelsOf makes Labels of a map.
func LabelsOf(m map[string]string) Labels {
	ls := make(Labels, 0, len(m))
	for k, v := range m {
		ls = append(ls, Label{k, v})
	}
	ls.Sort()
	return ls
}

// Sort orders by name.
func (ls Labels) Sort() {
	slices.SortFunc(ls, func(a, b Label) int { return strings.Compare(a.Name, b.Name) })
}

// Get returns the value of a label, "" if it is absent.
func (ls Labels) Get(name string) string {
	for i := range ls {
		if ls[i].Name == name {
			return ls[i].Value
		}
	}
	return ""
}

// Map returns the labels as a map.
func (ls Labels) Map() map[string]string {
	m := make(map[string]string, len(ls))
	for _, l := range ls {
		m[l.Name] = l.Value
	}
	return m
}

// String returns {a="b", c="d"}.
func (ls Labels) String() string {
	b := []byte{'{'}
	for i, l := range ls {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = append(b, l.Name...)
		b = append(b, '=')
		b = strconv.AppendQuote(b, l.Value)
	}
	return string(append(b, '}'))
}

// Clone makes a copy that shares no memory with ls.
func (ls Labels) Clone() Labels {
	out := make(Labels, len(ls))
	for i, l := range ls {
		out[i] = Label{strings.Clone(l.Name), strings.Clone(l.Value)}
	}
	return out
}

// appendKey appends a byte string that is equal for equal labels only.
func (ls Labels) appendKey(b []byte) []byte {
	for _, l := range ls {
		b = append(b, l.Name...)
		b = append(b, 0xff)
		b = append(b, l.Value...)
		b = append(b, 0xfe)
	}
	return b
}

func (ls Labels) compare(other Labels) int {
	return slices.CompareFunc(ls, other, func(a, b Label) int {
		if c := strings.Compare(a.Name, b.Name); c != 0 {
			return c
		}
		return strings.Compare(a.Value, b.Value)
	})
}

func isLabelName(s string) bool {
	if s == "" || isDigit(s[0]) {
		return false
	}
	for i := range len(s) {
		if !isIdentByte(s[i]) {
			return false
		}
	}
	return true
}

// SanitizeLabelName makes a label name of any key: what is not a letter, a digit or _ becomes _, and a key
// that starts with a digit gets a _ in front.
func SanitizeLabelName(s string) string {
	if isLabelName(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s) + 1)
	for i, r := range s {
		switch {
		case r < 0x80 && isIdentByte(byte(r)):
			if i == 0 && isDigit(byte(r)) {
				b.WriteByte('_')
			}
			b.WriteByte(byte(r))
		default:
			b.WriteByte('_')
		}
	}
	return b.String()
}

// MatchOp is a comparison of a Matcher.
type MatchOp string

// The comparisons of stream selectors.
const (
	MatchEqual     MatchOp = "="
	MatchNotEqual  MatchOp = "!="
	MatchRegexp    MatchOp = "=~"
	MatchNotRegexp MatchOp = "!~"
)

type regex = regexp.Regexp

// Matcher compares one label. An absent label has the value "". Safe for concurrent use.
type Matcher struct {
	Name  string
	Op    MatchOp
	Value string

	re  *regex
	set []string // literal alternatives of a regular expression that has no others
}

// NewMatcher compiles a matcher. Regular expressions are RE2 and must match the whole value;
// a dot matches line breaks too, for values may hold stack traces.
func NewMatcher(name string, op MatchOp, value string) (*Matcher, error) {
	m := &Matcher{Name: name, Op: op, Value: value}
	if op == MatchRegexp || op == MatchNotRegexp {
		re, err := regexp.Compile("^(?s:" + value + ")$")
		if err != nil {
			return nil, fmt.Errorf("invalid regular expression: %w", err)
		}
		m.re = re
		if !strings.ContainsAny(value, `\.+*?()[]{}^$`) {
			m.set = strings.Split(value, "|")
		}
	}
	return m, nil
}

// Matches reports whether a value passes.
func (m *Matcher) Matches(v string) bool {
	switch m.Op {
	case MatchEqual:
		return v == m.Value
	case MatchNotEqual:
		return v != m.Value
	case MatchRegexp:
		return m.matchRegexp(v)
	default:
		return !m.matchRegexp(v)
	}
}

func (m *Matcher) matchRegexp(v string) bool {
	switch {
	case m.set != nil:
		return slices.Contains(m.set, v)
	case m.Value == ".+":
		return v != ""
	default:
		return m.re.MatchString(v)
	}
}

func (m *Matcher) String() string { return m.Name + string(m.Op) + strconv.Quote(m.Value) }
