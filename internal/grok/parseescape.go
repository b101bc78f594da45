// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grok

import (
	"strconv"
	"strings"
	"unicode"
)

// escape parses what follows a backslash outside of brackets.
func (p *parser) escape(at int) *node {
	if !p.more() {
		p.fail(at, "pattern ends with a backslash")
	}
	start := p.pos
	switch c := p.rune(); c {
	case 'A':
		return &node{op: opBeginText}
	case 'z':
		return &node{op: opEndText}
	case 'Z':
		return &node{op: opEndTextNL}
	case 'b':
		return &node{op: opWordB}
	case 'B':
		return &node{op: opNotWordB}
	case 'R': // a line break of any kind
		crlf := concat([]*node{class(set{'\r', '\r'}), class(set{'\n', '\n'})})
		one := class(set{'\n', '\r', 0x85, 0x85, 0x2028, 0x2029})
		return &node{op: opAtomic, subs: []*node{{op: opAlt, subs: []*node{crlf, one}}}}
	case 'k':
		if p.accept("<") {
			i := strings.IndexByte(p.src[p.pos:], '>')
			if i <= 0 {
				p.fail(at, "group name is not closed")
			}
			name := p.src[p.pos : p.pos+i]
			p.pos += i + 1
			n := &node{op: opBackref}
			r := backref{node: n, at: at, name: name}
			if num, err := strconv.Atoi(name); err == nil {
				r.num, r.name = num, ""
			}
			p.backrefs = append(p.backrefs, r)
			return n
		}
	case 'G', 'K', 'X', 'g':
		p.fail(at, "\\%c is not supported", c)
	case '1', '2', '3', '4', '5', '6', '7', '8', '9':
		n := &node{op: opBackref}
		p.backrefs = append(p.backrefs, backref{node: n, at: at, num: int(c - '0')})
		return n
	}
	p.pos = start
	s, single := p.escapedSet(at, false)
	if single && p.flags.fold {
		s = s.fold()
	}
	return class(s)
}

// escapedSet parses what follows a backslash where it stands for a set of runes; single is true when it is one rune.
func (p *parser) escapedSet(at int, bracket bool) (s set, single bool) {
	if !p.more() {
		p.fail(at, "pattern ends with a backslash")
	}
	one := func(r rune) (set, bool) { return set{r, r}, true }
	switch c := p.rune(); c {
	case 'd':
		return setDigit, false
	case 'D':
		return setDigit.negate(), false
	case 'w':
		return setWord, false
	case 'W':
		return setWord.negate(), false
	case 's':
		return setSpace, false
	case 'S':
		return setSpace.negate(), false
	case 'h': // a hexadecimal digit, not horizontal white space
		return setHex, false
	case 'H':
		return setHex.negate(), false
	case 'p', 'P':
		if p.accept("{") {
			i := strings.IndexByte(p.src[p.pos:], '}')
			if i < 0 {
				p.fail(at, "property name is not closed")
			}
			name := p.src[p.pos : p.pos+i]
			p.pos += i + 1
			bare, negated := strings.CutPrefix(name, "^")
			ps, ok := property(bare)
			if !ok {
				p.fail(at, "unknown property %q", name)
			}
			if negated != (c == 'P') {
				ps = ps.negate()
			}
			return ps, false
		}
		return one(c)
	case 't':
		return one('\t')
	case 'n':
		return one('\n')
	case 'r':
		return one('\r')
	case 'f':
		return one('\f')
	case 'v':
		return one('\v')
	case 'a':
		return one('\a')
	case 'e':
		return one(0x1b)
	case 'b':
		if bracket {
			return one('\b')
		}
		return one('b')
	case 'x':
		if p.accept("{") {
			return one(p.hex(at, 1, 8, true))
		}
		return one(p.hex(at, 1, 2, false))
	case 'u':
		return one(p.hex(at, 4, 4, false))
	case '0':
		v, n := rune(0), 0
		for n < 2 && p.more() && p.src[p.pos] >= '0' && p.src[p.pos] <= '7' {
			v = v*8 + rune(p.src[p.pos]-'0')
			p.pos++
			n++
		}
		return one(v)
	case 'c':
		if p.more() {
			return one(p.rune() & 0x1f)
		}
		p.fail(at, "control character is not complete")
		return nil, false
	default:
		return one(c)
	}
}

func (p *parser) hex(at, least, most int, brace bool) rune {
	start := p.pos
	for p.more() && p.pos-start < most && isHex(p.src[p.pos]) {
		p.pos++
	}
	if p.pos-start < least {
		p.fail(at, "hexadecimal digits expected")
	}
	v, err := strconv.ParseUint(p.src[start:p.pos], 16, 32)
	if err != nil || v > unicode.MaxRune {
		p.fail(at, "no such character")
	}
	if brace && !p.accept("}") {
		p.fail(at, "\\x{ is not closed")
	}
	return rune(v)
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

// bracket parses a character class after its [; brackets nest and && intersects.
func (p *parser) bracket(at int) set {
	p.enter(at)
	defer func() { p.b.depth-- }()
	negated := p.accept("^")
	var all, cur set
	intersected := false
	first := true
	for {
		if !p.more() {
			p.fail(at, "[ is not closed")
		}
		if p.has("]") && !first {
			p.pos++
			break
		}
		if p.accept("&&") {
			if intersected {
				all = all.intersect(cur)
			} else {
				all, intersected = cur, true
			}
			cur = nil
			first = false
			continue
		}
		p.count()
		item, single := p.bracketItem(first)
		first = false
		if single && p.has("-") && !p.has("-]") && !p.has("-&&") {
			save := p.pos
			p.pos++
			if !p.more() {
				p.fail(at, "[ is not closed")
			}
			to, toSingle := set(nil), false
			if !p.has("[") {
				to, toSingle = p.bracketItem(false)
			}
			if toSingle {
				if to[0] < item[0] {
					p.fail(save-1, "range ends below its start")
				}
				item = set{item[0], to[0]}
			} else {
				p.pos = save
			}
		}
		if p.flags.fold {
			item = item.fold()
		}
		cur = cur.union(item)
	}
	if intersected {
		cur = all.intersect(cur)
	}
	if negated {
		cur = cur.negate()
	}
	return cur
}

func (p *parser) bracketItem(first bool) (s set, single bool) {
	at := p.pos
	switch c := p.rune(); {
	case c == '[' && p.has(":"):
		if i := strings.Index(p.src[p.pos:], ":]"); i > 0 {
			bare, negated := strings.CutPrefix(p.src[p.pos+1:p.pos+i], "^")
			if ps, ok := property(bare); ok {
				p.pos += i + 2
				if negated {
					ps = ps.negate()
				}
				return ps, false
			}
		}
		return p.bracket(at), false
	case c == '[':
		return p.bracket(at), false
	case c == '\\':
		return p.escapedSet(at, true)
	default:
		_ = first
		return set{c, c}, true
	}
}
