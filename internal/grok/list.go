// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grok

import "sync"

// List is an ordered list of patterns: the first that matches wins. Patterns that cannot match a text are mostly not
// tried on it. It is safe for concurrent use.
type List struct {
	patterns  []*Pattern
	prefilter *prefilter
	sets      sync.Pool // of *[]uint64, a row of bits that is too long for the stack
}

// NewList returns the list of patterns, most preferred first.
func NewList(patterns []*Pattern) *List {
	l := &List{patterns: patterns}
	if len(patterns) > 1 {
		l.prefilter = newPrefilter(patterns)
		l.sets.New = func() any {
			set := make([]uint64, l.prefilter.words)
			return &set
		}
	}
	return l
}

// Match returns the index of the first pattern that matches text, and what it captured appended to dst; -1 if none does.
// The error is ErrSteps if a pattern that came before the one that matched, or any of them if none did, spent its steps.
func (l *List) Match(text string, dst []Capture) (index int, captures []Capture, err error) {
	if l.prefilter == nil {
		return l.try(text, dst, nil)
	}
	var few [4]uint64 // on the stack
	if l.prefilter.words <= len(few) {
		set := few[:l.prefilter.words]
		l.prefilter.candidates(text, set)
		return l.try(text, dst, set)
	}
	set := l.sets.Get().(*[]uint64)
	defer l.sets.Put(set)
	l.prefilter.candidates(text, *set)
	return l.try(text, dst, *set)
}

// try tries the patterns of set in their order, all of them if it is nil.
func (l *List) try(text string, dst []Capture, set []uint64) (index int, captures []Capture, err error) {
	for i := 0; i < len(l.patterns); i++ {
		if set != nil {
			if i = nextPattern(set, i); i < 0 || i >= len(l.patterns) {
				break
			}
		}
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
