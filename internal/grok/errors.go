// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grok

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Error is a mistake in a pattern, with its place.
type Error struct {
	Msg        string
	Definition string   // name of the definition the mistake is in; empty for the pattern itself
	Text       string   // the definition or pattern
	Offset     int      // byte offset of the mistake in Text
	Via        []string // the references that led to Definition, outermost first
}

// Error shows the message, where it is, and a caret under the place.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Msg)
	if e.Definition == "" {
		fmt.Fprintf(&b, " (pattern, offset %d)", e.Offset)
	} else {
		fmt.Fprintf(&b, " (definition %s, offset %d", e.Definition, e.Offset)
		if len(e.Via) > 1 {
			fmt.Fprintf(&b, ", by way of %s", strings.Join(e.Via, " > "))
		}
		b.WriteByte(')')
	}
	line, col := e.excerpt()
	fmt.Fprintf(&b, "\n  %s\n  %s^", line, strings.Repeat(" ", col))
	return b.String()
}

// excerpt returns at most about 100 characters around the mistake and the column of the mistake in them.
func (e *Error) excerpt() (string, int) {
	const around = 50
	off := min(max(e.Offset, 0), len(e.Text))
	from, to := max(off-around, 0), min(off+around, len(e.Text))
	for from > 0 && !utf8.RuneStart(e.Text[from]) {
		from--
	}
	for to < len(e.Text) && !utf8.RuneStart(e.Text[to]) {
		to++
	}
	clean := func(s string) string {
		return strings.Map(func(r rune) rune {
			if unicode.IsControl(r) {
				return ' '
			}
			return r
		}, s)
	}
	head, tail := clean(e.Text[from:off]), clean(e.Text[off:to])
	if from > 0 {
		head = "…" + head
	}
	if to < len(e.Text) {
		tail += "…"
	}
	return head + tail, utf8.RuneCountInString(head)
}
