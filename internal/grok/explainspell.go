// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grok

import (
	"fmt"
	"strings"
)

const maxSpelled = 200

// spell writes a node that nobody wrote down, such as one of a regular expression, as a pattern to look at. It is cut
// where it gets long.
func spell(n *node, fields []*Field) string {
	var b strings.Builder
	spellTo(&b, n, fields)
	return shorten(b.String())
}

func spellTo(b *strings.Builder, n *node, fields []*Field) {
	if b.Len() > maxSpelled {
		return
	}
	group := func(open string, n *node) {
		b.WriteString(open)
		spellTo(b, n, fields)
		b.WriteByte(')')
	}
	switch n.op {
	case opClass:
		spellSet(b, n.set)
	case opBeginLine:
		b.WriteByte('^')
	case opEndLine:
		b.WriteByte('$')
	case opBeginText:
		b.WriteString(`\A`)
	case opEndText:
		b.WriteString(`\z`)
	case opEndTextNL:
		b.WriteString(`\Z`)
	case opWordB:
		b.WriteString(`\b`)
	case opNotWordB:
		b.WriteString(`\B`)
	case opConcat:
		for _, s := range n.subs {
			if s.op == opAlt {
				group("(?:", s)
				continue
			}
			spellTo(b, s, fields)
		}
	case opAlt:
		for i, s := range n.subs {
			if i > 0 {
				b.WriteByte('|')
			}
			spellTo(b, s, fields)
		}
	case opRepeat:
		if s := n.subs[0]; s.op == opClass {
			spellSet(b, s.set)
		} else {
			group("(?:", s)
		}
		switch {
		case n.max < 0 && n.min < 2:
			b.WriteByte("*+"[n.min])
		case n.max < 0:
			fmt.Fprintf(b, "{%d,}", n.min)
		case n.min == 0 && n.max == 1:
			b.WriteByte('?')
		case n.min == n.max:
			fmt.Fprintf(b, "{%d}", n.min)
		default:
			fmt.Fprintf(b, "{%d,%d}", n.min, n.max)
		}
		if n.lazy {
			b.WriteByte('?')
		}
	case opCapture:
		open := "("
		if n.field >= 0 {
			open = "(?<" + fields[n.field].Name + ">"
		}
		group(open, n.subs[0])
	case opLook:
		open := "(?"
		if n.behind {
			open += "<"
		}
		if n.negative {
			group(open+"!", n.subs[0])
		} else {
			group(open+"=", n.subs[0])
		}
	case opAtomic:
		group("(?>", n.subs[0])
	case opBackref:
		fmt.Fprintf(b, `\%d`, n.group+1)
	}
}

func spellSet(b *strings.Builder, s set) {
	one := func(r rune) {
		switch {
		case r < ' ' || r == 0x7f || r > 0x10000:
			fmt.Fprintf(b, `\x{%x}`, r)
		case strings.ContainsRune(`\.[]{}()*+?^$|-`, r):
			b.WriteByte('\\')
			b.WriteRune(r)
		default:
			b.WriteRune(r)
		}
	}
	switch {
	case len(s) == 2 && s[0] == s[1]:
		one(s[0])
		return
	case s.subset(setAll) && setAll.subset(s):
		b.WriteByte('.')
		return
	}
	b.WriteByte('[')
	if len(s) > 0 && s[0] == 0 && s[len(s)-1] == setAll[1] {
		b.WriteByte('^')
		s = s.negate()
	}
	for i := 0; i < len(s) && b.Len() < 2*maxSpelled; i += 2 {
		one(s[i])
		if s[i+1] > s[i] {
			if s[i+1] > s[i]+1 {
				b.WriteByte('-')
			}
			one(s[i+1])
		}
	}
	b.WriteByte(']')
}
