// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grok

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// escape parses what follows a backslash outside of brackets.
func (p *parser) escape(at int) *node {
	if !p.more() {
		p.fail(at, "pattern ends with a backslash")
	}
	start := p.pos
	switch c := p.rune(); c {
	case 'A', 'G': // \G is where the search began: at the beginning
		return &node{op: opBeginText}
	case 'z':
		return &node{op: opEndText}
	case 'Z':
		return &node{op: opEndTextNL}
	case 'b':
		return &node{op: opWordB}
	case 'B':
		return &node{op: opNotWordB}
	case 'K': // begins the match here: the captures are as they are without it
		return &node{op: opEmpty}
	case 'R': // a line break of any kind
		crlf := concat([]*node{class(set{'\r', '\r'}), class(set{'\n', '\n'})})
		one := class(set{'\n', '\r', 0x85, 0x85, 0x2028, 0x2029})
		return &node{op: opAtomic, subs: []*node{{op: opAlt, subs: []*node{crlf, one}}}}
	case 'X':
		p.fail(at, "\\X (a grapheme cluster) is not supported")
	case 'k':
		if num, name, ok := p.groupRef(at); ok {
			return p.backref(at, num, name)
		}
	case 'g':
		if num, name, ok := p.groupRef(at); ok {
			return p.call(at, num, name)
		}
	case '1', '2', '3', '4', '5', '6', '7', '8', '9':
		p.pos = start
		digits := p.take(func(c byte) bool { return '0' <= c && c <= '9' })
		if n, err := strconv.Atoi(digits); err == nil && (n <= 9 || n <= len(p.plain)) {
			return p.backref(at, n, "")
		} // else an octal code
	case 'u':
		if p.has("{") {
			points := p.codePoints(at)
			p.pending = points[1:] // a repetition is of the last one
			return p.literal(points[0])
		}
	}
	p.pos = start
	s, single := p.escapedSet(at, false)
	if single && p.flags.fold {
		s = s.fold()
	}
	return p.class(s)
}

// escapedSet parses what follows a backslash where it stands for a set of runes; single is true when it is one rune.
func (p *parser) escapedSet(at int, bracket bool) (s set, single bool) {
	if !p.more() {
		p.fail(at, "pattern ends with a backslash")
	}
	shorthand := func(ascii, unicode func() set, negated bool) (set, bool) {
		s := ascii()
		if p.flags.unicode {
			s = unicode()
		}
		if negated {
			s = s.negate()
		}
		return s, false
	}
	one := func(r rune) (set, bool) { return set{r, r}, true }
	switch c := p.rune(); c {
	case 'd', 'D':
		return shorthand(func() set { return setDigit }, func() set { return fromTable(unicode.Nd) }, c == 'D')
	case 'w', 'W':
		return shorthand(func() set { return setWord }, func() set { return fromTable(unicode.L, unicode.M, unicode.N, unicode.Pc) }, c == 'W')
	case 's', 'S':
		return shorthand(func() set { return setSpace }, func() set { return fromTable(unicode.White_Space) }, c == 'S')
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
			if p.flags.fold {
				ps = ps.fold()
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
			r := p.hex(at, 1, 8)
			if !p.accept("}") {
				p.fail(at, "\\x{ is not closed")
			}
			return one(r)
		}
		return one(p.byteEscape(at))
	case 'u':
		if p.has("{") {
			for _, r := range p.codePoints(at) {
				s = s.union(set{r, r})
			}
			return s, len(s) == 2 && s[0] == s[1]
		}
		return one(p.hex(at, 4, 4))
	case '0', '1', '2', '3', '4', '5', '6', '7':
		v, most := c-'0', 2
		for ; most > 0 && p.more() && p.src[p.pos] >= '0' && p.src[p.pos] <= '7'; most-- {
			v = v*8 + rune(p.src[p.pos]-'0')
			p.pos++
		}
		if v > 0xff {
			p.fail(at, "octal code is beyond \\377")
		}
		return one(v)
	case 'c':
		return one(p.control(at))
	case 'C':
		if !p.accept("-") {
			p.fail(at, "control character is not complete")
		}
		return one(p.control(at))
	case 'M':
		p.fail(at, "meta character \\M- is not supported")
		return nil, false
	default:
		return one(c)
	}
}

// control parses the character after \c or \C-.
func (p *parser) control(at int) rune {
	if !p.more() {
		p.fail(at, "control character is not complete")
	}
	c := p.rune()
	switch {
	case c == '?':
		return 0x7f
	case c == '\\':
		s, single := p.escapedSet(at, true)
		if !single {
			p.fail(at, "control character is not complete")
		}
		c = s[0]
	}
	if c >= utf8.RuneSelf {
		p.fail(at, "no such control character")
	}
	return c & 0x1f
}

// codePoints parses {61 62 1F600} after \u.
func (p *parser) codePoints(at int) []rune {
	p.pos++
	var out []rune
	for {
		for p.accept(" ") || p.accept("\t") {
		}
		if p.accept("}") && len(out) > 0 {
			return out
		}
		p.count(1)
		out = append(out, p.hex(at, 1, 6))
	}
}

func (p *parser) hex(at, least, most int) rune {
	start := p.pos
	for p.more() && p.pos-start < most && isHex(p.src[p.pos]) {
		p.pos++
	}
	if p.pos-start < least {
		p.fail(at, "hexadecimal digits expected")
	}
	v, err := strconv.ParseUint(p.src[start:p.pos], 16, 32)
	if err != nil || v > unicode.MaxRune || 0xd800 <= v && v < 0xe000 {
		p.fail(at, "no such character")
	}
	return rune(v)
}

// byteEscape parses the digits of \xHH. Escapes that follow one another and are the UTF-8 of a character are that one.
func (p *parser) byteEscape(at int) rune {
	first := p.hex(at, 1, 2)
	if first < 0xc0 {
		return first
	}
	buf, pos := []byte{byte(first)}, p.pos
	for len(buf) < utf8.UTFMax && strings.HasPrefix(p.src[pos:], `\x`) && pos+4 <= len(p.src) && isHex(p.src[pos+2]) && isHex(p.src[pos+3]) {
		v, _ := strconv.ParseUint(p.src[pos+2:pos+4], 16, 8)
		buf, pos = append(buf, byte(v)), pos+4
		if r, n := utf8.DecodeRune(buf); r != utf8.RuneError && n == len(buf) {
			p.pos = pos
			return r
		}
	}
	return first
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}
