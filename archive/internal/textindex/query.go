// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package textindex

import (
	"fmt"
	"regexp/syntax"
	"sync"
	"unicode/utf8"
)

// Kind tells filters apart.
type Kind uint8

const (
	// Contains is strings.Contains, by bytes.
	Contains Kind = iota
	// Regexp is regexp.MatchString.
	Regexp
)

// Line is a filter on the body.
type Line struct {
	Kind Kind
	Text string
	// Fold ignores case, as (?i) does.
	Fold bool
	// Not inverts it.
	Not bool
}

// Value is a text that an attribute or an id of the record must hold.
type Value struct {
	Text string
	// Whole says that it is the whole value, not a part of it.
	Whole bool
}

// Query is a conjunction of lines and values, compiled. It is safe for concurrent use.
type Query struct {
	lines []compiledLine
	need  need
	terms []term

	mu   sync.Mutex
	free []*evaluator
}

// compiledLine is a line as an expression; nil where shapes cannot tell.
type compiledLine struct {
	re  *syntax.Regexp
	not bool
}

// Compile compiles a query. The error is a regular expression's.
func Compile(lines []Line, values []Value) (*Query, error) {
	q := &Query{}
	var c needs
	var list []need
	for _, l := range lines {
		text, flags := l.Text, syntax.Perl
		if l.Fold {
			flags |= syntax.FoldCase
		}
		if l.Kind == Contains {
			flags |= syntax.Literal
			if !utf8.ValidString(text) { // may be a part of a rune: no expression is that
				q.lines = append(q.lines, compiledLine{not: l.Not})
				if !l.Not {
					list = append(list, c.needle(text, l.Fold, true))
				}
				continue
			}
		}
		re, err := syntax.Parse(text, flags)
		if err != nil {
			return nil, fmt.Errorf("compile filter: %w", err)
		}
		q.lines = append(q.lines, compiledLine{re, l.Not})
		switch {
		case l.Not:
		case l.Kind == Contains:
			list = append(list, c.needle(text, l.Fold, true))
		default:
			list = append(list, c.regexp(re))
		}
	}
	for _, v := range values {
		list = append(list, c.needle(v.Text, false, !v.Whole))
	}
	q.need, q.terms = all(list...), c.terms
	return q, nil
}

// maxFree is how many evaluators a query keeps.
const maxFree = 16

// evaluator evaluates the lines of a query on shapes. It is for one goroutine at a time.
type evaluator struct {
	lines []evaluatedLine
}

type evaluatedLine struct {
	automaton *automaton // nil: cannot tell
	not       bool
	same      int // how much of the shape that it saw last the one before has
}

func (q *Query) evaluator() *evaluator {
	q.mu.Lock()
	if n := len(q.free); n > 0 {
		e := q.free[n-1]
		q.free = q.free[:n-1]
		q.mu.Unlock()
		return e
	}
	q.mu.Unlock()
	e := &evaluator{}
	for _, l := range q.lines {
		line := evaluatedLine{not: l.not}
		if l.re != nil {
			line.automaton, _ = newAutomaton(l.re) // else too large
		}
		e.lines = append(e.lines, line)
	}
	return e
}

func (q *Query) release(e *evaluator) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.free) < maxFree {
		q.free = append(q.free, e)
	}
}

// use says what stands behind placeholders in the shapes that follow.
func (e *evaluator) use(words *wordsOfPlaces) {
	for i := range e.lines {
		if a := e.lines[i].automaton; a != nil {
			a.use(words)
		}
	}
}

// shape returns the verdict for the bodies of a shape, of which the first same bytes are those of the shape before.
func (e *evaluator) shape(shape []byte, same int) Verdict {
	result := All
	for i := range e.lines {
		l := &e.lines[i]
		v := Maybe
		if l.same = min(l.same, same); l.automaton != nil {
			v = l.automaton.run(shape, l.same)
			l.same = len(shape)
		}
		if l.not {
			v = All - v
		}
		if result = min(result, v); result == None {
			for j := range e.lines[i+1:] { // which do not see it
				e.lines[i+1+j].same = min(e.lines[i+1+j].same, same)
			}
			break
		}
	}
	return result
}
