// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grok

import (
	"strings"
	"unicode/utf8"
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
	case p.accept("?<"):
		return p.namedGroup(at, ">", false), false
	case p.accept("?P<"):
		return p.namedGroup(at, ">", true), false
	case p.accept("?'"):
		return p.namedGroup(at, "'", false), false
	case p.accept("?~"):
		return p.absent(at), false
	case p.has("?("):
		p.fail(at, "conditional group (?(…) is not supported: write both cases as alternatives")
	case p.accept("?"):
		return p.flagGroup(at)
	}
	// A plain group captures nothing for the user; it keeps a number only where \1 could mean it.
	if p.hasNamed {
		return p.body(at), false
	}
	g := p.b.groups
	p.b.groups++
	p.plain = append(p.plain, g)
	return p.capture(&node{op: opCapture, field: -1, group: g, subs: []*node{p.body(at)}}), false
}

// capture registers the node of a group, for references to it.
func (p *parser) capture(n *node) *node {
	if p.b.nodeOf == nil {
		p.b.nodeOf = map[int]*node{}
	}
	p.b.nodeOf[n.group] = n
	return n
}

func (p *parser) body(at int) *node {
	n := p.alternation()
	if !p.accept(")") {
		p.fail(at, "( is not closed (write \\( for the text itself)")
	}
	if n.op == opEmpty {
		return &node{op: opEmpty}
	}
	return n
}

// absent parses (?~X), the longest text that X does not occur in, where X is one character: that is a repeated class.
func (p *parser) absent(at int) *node {
	s, ok := p.body(at).single()
	if !ok {
		p.fail(at, "absent operator (?~…) is supported for a single character or class only")
	}
	return &node{op: opRepeat, max: -1, subs: []*node{p.class(s.negate())}}
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
	switch {
	case name == "":
		p.fail(start, "group name is empty")
	case name[0] == '-' || '0' <= name[0] && name[0] <= '9':
		p.fail(start, "group name must not begin with a digit or -, got %q", name)
	case strings.ContainsAny(name, "()<>"):
		p.fail(start, "group name %q is not closed with %s", name, end)
	}
	f := p.field(name, start)
	if goStyle {
		f.Path[0] = strings.ReplaceAll(f.Path[0], "___", ".")
	}
	g := p.b.groups
	p.b.groups++
	p.named[f.Name] = append(p.named[f.Name], g)
	if p.b.named == nil {
		p.b.named = map[string][]int{}
	}
	p.b.named[f.Name] = append(p.b.named[f.Name], g)
	idx := p.b.addField(f)
	return p.capture(&node{op: opCapture, field: idx, group: g, subs: []*node{p.body(at)}})
}

// flagGroup parses (?imxadu-imx) and (?imxadu-imx:…). In Ruby's syntax m is "dot matches line breaks", which grok has on.
func (p *parser) flagGroup(at int) (n *node, rest bool) {
	f, on, start := p.flags, true, p.pos
	for p.more() {
		c := p.src[p.pos]
		p.pos++
		switch {
		case c == 'i':
			f.fold = on
		case c == 'x':
			f.extended = on
		case c == 'm', c == 's': // s is what other dialects call it
			f.singleLineDot = !on
		case c == 'a' && on:
			f.ascii, f.unicode = true, false
		case c == 'd' && on:
			f.ascii, f.unicode = false, false
		case c == 'u' && on:
			f.ascii, f.unicode = false, true
		case c == '-' && on:
			on = false
		case c == ':':
			saved := p.flags
			p.flags = f
			n = p.body(at)
			p.flags = saved
			return n, false
		case c == ')' && p.pos > start+1:
			p.flags = f
			n = p.alternation()
			return n, true
		default:
			r, _ := utf8.DecodeRuneInString(p.src[p.pos-1:])
			p.fail(p.pos-1, "unknown group %s%c", p.src[at:p.pos-1], r)
		}
	}
	p.fail(at, "( is not closed (write \\( for the text itself)")
	return nil, false
}
