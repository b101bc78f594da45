// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grok

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

// emitter writes a tree as a regular expression of one of the two engines.
type emitter struct {
	b         strings.Builder
	backtrack bool        // regexp2's syntax instead of Go's
	unroll    bool        // write bounded repetitions of groups out: Go takes no more than 1000 in a product of repetitions
	order     []int       // groups in the order of their opening (Go numbers them so)
	used      map[int]int // regexp2: group to its number
}

// maxUnrolled bounds a written-out regular expression in bytes.
const maxUnrolled = 256 << 10

func (e *emitter) emit(n *node) {
	if e.unroll && e.b.Len() > maxUnrolled {
		return // compileFast gives it up
	}
	switch n.op {
	case opEmpty:
	case opClass:
		e.class(n.set)
	case opBeginLine:
		e.b.WriteString(`(?m:^)`)
	case opEndLine:
		e.b.WriteString(`(?m:$)`)
	case opBeginText:
		e.b.WriteString(`\A`)
	case opEndText:
		e.b.WriteString(`\z`)
	case opEndTextNL:
		e.b.WriteString(`\Z`)
	case opWordB:
		e.b.WriteString(e.boundary(`\b`, `(?:(?<=[0-9A-Za-z_])(?![0-9A-Za-z_])|(?<![0-9A-Za-z_])(?=[0-9A-Za-z_]))`))
	case opNotWordB:
		e.b.WriteString(e.boundary(`\B`, `(?:(?<=[0-9A-Za-z_])(?=[0-9A-Za-z_])|(?<![0-9A-Za-z_])(?![0-9A-Za-z_]))`))
	case opConcat:
		for _, s := range n.subs {
			if s.op == opAlt {
				e.wrap("(?:", s)
				continue
			}
			e.emit(s)
		}
	case opAlt:
		for i, s := range n.subs {
			if i > 0 {
				e.b.WriteByte('|')
			}
			e.emit(s)
		}
	case opRepeat:
		if e.unroll && n.subs[0].op != opClass && n.max > 1 {
			e.unrolled(n)
			return
		}
		if n.subs[0].op == opClass {
			e.emit(n.subs[0])
		} else {
			e.wrap("(?:", n.subs[0])
		}
		e.b.WriteString(quantifier(n))
	case opCapture:
		e.capture(n)
	case opLook:
		head := "(?"
		if n.behind {
			head += "<"
		}
		if n.negative {
			head += "!"
		} else {
			head += "="
		}
		e.wrap(head, n.subs[0])
	case opAtomic:
		e.wrap("(?>", n.subs[0])
	case opBackref:
		fmt.Fprintf(&e.b, `(?:\k<%d>)`, e.used[n.group])
	}
}

// unrolled writes x{2,4} as xx(?:x(?:x)?)?.
func (e *emitter) unrolled(n *node) {
	for range n.min {
		e.wrap("(?:", n.subs[0])
	}
	lazy := ""
	if n.lazy {
		lazy = "?"
	}
	for range n.max - n.min {
		e.b.WriteString("(?:")
		e.wrap("(?:", n.subs[0])
	}
	for range n.max - n.min {
		e.b.WriteString(")?" + lazy)
	}
}

// boundary picks the spelling that knows ASCII words only: the \b of regexp2 knows Unicode.
func (e *emitter) boundary(fast, backtrack string) string {
	if e.backtrack {
		return backtrack
	}
	return fast
}

func (e *emitter) wrap(head string, n *node) {
	e.b.WriteString(head)
	e.emit(n)
	e.b.WriteByte(')')
}

func (e *emitter) capture(n *node) {
	e.order = append(e.order, n.group)
	if e.backtrack {
		num := len(e.order)
		e.used[n.group] = num
		e.wrap(fmt.Sprintf("(?<%d>", num), n.subs[0])
		return
	}
	e.wrap("(", n.subs[0])
}

func quantifier(n *node) string {
	var q string
	switch {
	case n.min == 0 && n.max < 0:
		q = "*"
	case n.min == 1 && n.max < 0:
		q = "+"
	case n.min == 0 && n.max == 1:
		q = "?"
	case n.max < 0:
		q = "{" + strconv.Itoa(n.min) + ",}"
	case n.min == n.max:
		q = "{" + strconv.Itoa(n.min) + "}"
	default:
		q = "{" + strconv.Itoa(n.min) + "," + strconv.Itoa(n.max) + "}"
	}
	if n.lazy {
		q += "?"
	}
	return q
}

func (e *emitter) class(s set) {
	switch {
	case len(s) == 0: // matches nothing
		if e.backtrack {
			e.b.WriteString(`(?!)`)
		} else {
			e.b.WriteString(`[^\x00-\x{10FFFF}]`)
		}
		return
	case len(s) == 2 && s[0] == 0 && s[1] == unicode.MaxRune:
		if e.backtrack {
			e.b.WriteString(`[\s\S]`)
		} else {
			e.b.WriteString(`(?s:.)`)
		}
		return
	case len(s) == 2 && s[0] == s[1]:
		e.rune(s[0])
		return
	}
	e.b.WriteByte('[')
	// A negated class is shorter for what was written as one.
	if s[0] == 0 && s[len(s)-1] == unicode.MaxRune {
		e.b.WriteByte('^')
		s = s.negate()
	}
	for i := 0; i < len(s); i += 2 {
		e.rune(s[i])
		if s[i+1] > s[i] {
			if s[i+1] > s[i]+1 {
				e.b.WriteByte('-')
			}
			e.rune(s[i+1])
		}
	}
	e.b.WriteByte(']')
}

func (e *emitter) rune(r rune) {
	switch {
	case '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || r == '_' || r == ' ':
		e.b.WriteRune(r)
	case r < 0x100:
		fmt.Fprintf(&e.b, `\x%02x`, r)
	case e.backtrack && r < 0x10000:
		fmt.Fprintf(&e.b, `\u%04x`, r)
	case e.backtrack:
		e.b.WriteRune(r)
	default:
		fmt.Fprintf(&e.b, `\x{%x}`, r)
	}
}
