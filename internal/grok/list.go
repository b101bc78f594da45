// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grok

// List is an ordered list of patterns: the first that matches wins. It is safe for concurrent use.
type List struct {
	patterns []*Pattern
}

// NewList returns the list of patterns, most preferred first.
func NewList(patterns []*Pattern) *List {
	return &List{patterns: patterns}
}

// Patterns returns the patterns in their order.
func (l *List) Patterns() []*Pattern { return l.patterns }

// Match returns the index of the first pattern that matches text, and what it captured appended to dst; -1 if none does.
// The error is ErrSteps if a pattern that came before the one that matched, or any of them if none did, spent its steps.
func (l *List) Match(text string, dst []Capture) (index int, captures []Capture, err error) {
	return l.MatchFrom(0, text, dst)
}

// MatchFrom is Match among the patterns from index start on.
func (l *List) MatchFrom(start int, text string, dst []Capture) (index int, captures []Capture, err error) {
	for i := start; i < len(l.patterns); i++ {
		captures, ok, e := l.patterns[i].Match(text, dst)
		if ok {
			return i, captures, err
		}
		if e != nil {
			err = e
		}
	}
	return -1, dst, err
}
