// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package textindex

import (
	"fmt"
	"regexp/syntax"
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
	lines  []Line
	values []Value
}

// Compile compiles a query. The error is a regular expression's.
func Compile(lines []Line, values []Value) (*Query, error) {
	for _, l := range lines {
		if l.Kind == Regexp {
			if _, err := syntax.Parse(l.Text, syntax.Perl); err != nil {
				return nil, fmt.Errorf("compile filter: %w", err)
			}
		}
	}
	return &Query{lines: lines, values: values}, nil
}
