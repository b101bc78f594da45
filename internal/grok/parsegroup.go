// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grok

import (
	"strings"
)

// group parses what follows an opening parenthesis at offset at.
func (p *parser) group(at int) (n *node, rest bool) {
	switch {
	case p.accept("?:"):
		return p.body(at), false
	case p.accept("?>"):
		return &node{op: opAtomic, subs: []*node{p.body(at)}}, false
	case p.accept("?="):
		return &node{op: opLook, subs: []*node{p.body(at)}}, false
	case p.accept("?!"):
		return &node{op: opLook, negative: true, subs: []*node{p.body(at)}}, false
	case p.accept("?<="):
		return p.lookBehind(at, false), false
	case p.accept("?<!"):
		return p.lookBehind(at, true), false
	case p.accept("?#"):
		i := strings.IndexByte(p.src[p.pos:], ')')
		if i < 0 {
			p.fail(at, "comment is not closed")
		}
		p.pos += i + 1
		return nil, false
	case p.accept("?<"):
		return p.namedGroup(at, ">", false), false
	case p.accept("?P<"):
		return p.namedGroup(at, ">", true), false
	case p.accept("?'"):
		return p.namedGroup(at, "'", false), false
	case p.accept("?"):
		return p.flagGroup(at)
	}
	// A plain group captures nothing for the user; it keeps a number only where \1 could mean it.
	g := -1
	if !p.hasNamed {
		g = p.b.groups
		p.b.groups++
		p.plain = append(p.plain, g)
	}
	sub := p.body(at)
	if g < 0 {
		return sub, false
	}
	return &node{op: opCapture, field: -1, group: g, subs: []*node{sub}}, false
}

func (p *parser) body(at int) *node {
	n := p.alternation()
	if !p.accept(")") {
		p.fail(at, "( is not closed")
	}
	if n.op == opEmpty {
		return &node{op: opEmpty}
	}
	return n
}

func (p *parser) lookBehind(at int, negative bool) *node {
	sub := p.body(at)
	if sub.any(func(n *node) bool { return n.op == opRepeat && n.max < 0 }) {
		p.fail(at, "look-behind must not be of unbounded length")
	}
	return &node{op: opLook, behind: true, negative: negative, subs: []*node{sub}}
}

// namedGroup parses (?<name>…): a capture, where name may be a nested field and carry a type. In Go's spelling (?P<name>…)
// three underscores stand for a dot, as go-grok's pattern files have it.
func (p *parser) namedGroup(at int, end string, goStyle bool) *node {
	start := p.pos
	i := strings.Index(p.src[start:], end)
	if i < 0 {
		p.fail(at, "group name is not closed")
	}
	name := p.src[start : start+i]
	p.pos = start + i + len(end)
	if name == "" {
		p.fail(start, "group name is empty")
	}
	f := p.field(name, start)
	if goStyle {
		f.Path[0] = strings.ReplaceAll(f.Path[0], "___", ".")
	}
	g := p.b.groups
	p.b.groups++
	p.named[name] = g
	idx := p.b.addField(f)
	return &node{op: opCapture, field: idx, group: g, subs: []*node{p.body(at)}}
}

// flagGroup parses (?imx-imx) and (?imx-imx:…). In Ruby's syntax m is "dot matches line breaks", which grok has on.
func (p *parser) flagGroup(at int) (n *node, rest bool) {
	f, on := p.flags, true
	for p.more() {
		c := p.src[p.pos]
		p.pos++
		switch c {
		case 'i':
			f.fold = on
		case 'x':
			f.extended = on
		case 'm':
			f.singleLineDot = !on
		case 'a', 'd', 'u': // character set options: classes are ASCII as in (?d)
		case '-':
			on = false
		case ':':
			saved := p.flags
			p.flags = f
			n = p.body(at)
			p.flags = saved
			return n, false
		case ')':
			p.flags = f
			n = p.alternation()
			return n, true
		default:
			p.fail(p.pos-1, "unknown group (?%c", c)
		}
	}
	p.fail(at, "( is not closed")
	return nil, false
}
