// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grok

import (
	"strings"
	"unicode/utf8"
)

// bracket parses a character class after its [; brackets nest and && intersects.
func (p *parser) bracket(at int) set {
	p.enter(at)
	defer func() { p.b.depth-- }()
	negated := p.accept("^")
	var all, cur set // cur is not in order before its end
	intersected := false
	first := true
	for {
		if !p.more() {
			p.fail(at, "[ is not closed (write \\[ for the text itself)")
		}
		if p.has("]") && !first {
			p.pos++
			break
		}
		if p.accept("&&") {
			if cur = cur.normalize(); intersected {
				all = all.intersect(cur)
			} else {
				all, intersected = cur, true
			}
			cur = nil
			first = false
			continue
		}
		p.count(1)
		fold := p.flags.fold && (!p.has(`\`) || !strings.ContainsRune(`dDwWsShH`, p.after()))
		item, single := p.bracketItem()
		first = false
		if single && p.has("-") && !p.has("-]") && !p.has("-&&") {
			item = p.bracketRange(at, item)
		}
		if fold {
			item = item.fold()
			p.b.ranges += 2 * len(item) // it takes its time
		}
		if p.b.ranges += len(item) / 2; p.b.ranges > maxRanges {
			p.fail(at, "classes of the pattern grow beyond %d ranges", maxRanges)
		}
		cur = append(cur, item...)
	}
	if cur = cur.normalize(); intersected {
		cur = all.intersect(cur)
	}
	if negated {
		cur = cur.negate()
	}
	return cur
}

// bracketRange parses the rest of a range that begins with the one rune of from.
func (p *parser) bracketRange(at int, from set) set {
	dash := p.pos
	p.pos++
	if !p.more() {
		p.fail(at, "[ is not closed (write \\[ for the text itself)")
	}
	if p.has("[") {
		p.fail(dash, "range ends with a class (write \\- for the text -)")
	}
	to, single := p.bracketItem()
	if !single {
		p.fail(dash, "range ends with a class (write \\- for the text -)")
	}
	if to[0] < from[0] {
		p.fail(dash-1, "range ends below its start")
	}
	return set{from[0], to[0]}
}

func (p *parser) bracketItem() (s set, single bool) {
	at := p.pos
	if p.has("%{") && p.isReference() {
		p.fail(at, "reference within [ ] (write \\[ for the text [ itself, %%\\{ for %%{)")
	}
	switch c := p.rune(); {
	case c == '[' && p.has(":") && p.endsPosix():
		name := p.src[p.pos+1:]
		if i := strings.IndexAny(name, ":]"); strings.HasPrefix(name[i:], ":]") {
			bare, negated := strings.CutPrefix(name[:i], "^")
			ps, ok := posix(bare, p.flags.ascii)
			if !ok {
				p.fail(at, "unknown POSIX bracket [:%s:], known are %s", bare, strings.Join(posixNames, ", "))
			}
			p.pos += 1 + i + 2
			if negated {
				ps = ps.negate()
			}
			return ps, false
		}
		return set{c, c}, true
	case c == '[':
		return p.bracket(at), false
	case c == '\\':
		return p.escapedSet(at, true)
	default:
		return set{c, c}, true
	}
}

// after returns the character after the next one, which is a backslash.
func (p *parser) after() rune {
	r, _ := utf8.DecodeRuneInString(p.src[p.pos+1:])
	return r
}

// endsPosix reports whether :] comes before a ] that ends the class.
func (p *parser) endsPosix() bool {
	for i := p.pos + 1; i < len(p.src); i++ {
		switch {
		case p.src[i] == '\\':
			i++
		case strings.HasPrefix(p.src[i:], ":]"):
			return true
		case p.src[i] == ']':
			return false
		}
	}
	return false
}
