// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grok

import (
	"slices"
	"strconv"
	"strings"
)

// References to groups: back-references (\1, \k<name>) and calls (\g<name>). Both may stand before the group, so they are
// resolved when their text is parsed whole.

// backref is a back-reference, either to a number or to a name.
type backref struct {
	node *node
	num  int
	name string
	fold bool
	err  *Error // what it is if there is no such group
}

// call is \g<…>: the group's expression once more, and its capture again. Until it is resolved its node matches nothing, always.
type call struct {
	node *node
	at   int
	num  int
	name string
	open bool // being resolved
	done bool
}

// groupRef parses <…> or '…' after \k or \g at offset at. ok is false if neither follows.
func (p *parser) groupRef(at int) (num int, name string, ok bool) {
	var end string
	switch {
	case p.accept("<"):
		end = ">"
	case p.accept("'"):
		end = "'"
	default:
		return 0, "", false
	}
	i := strings.Index(p.src[p.pos:], end)
	if i <= 0 {
		p.fail(at, "name of the group is not closed")
	}
	name = p.src[p.pos : p.pos+i]
	p.pos += i + len(end)
	v, err := strconv.Atoi(name)
	if err != nil {
		if j := strings.LastIndexAny(name, "+-"); j > 0 && p.named[name] == nil {
			if _, err := strconv.Atoi(name[j:]); err == nil {
				p.fail(at, "reference to a level of recursion is not supported")
			}
		}
		return 0, name, true
	}
	if p.hasNamed {
		p.fail(at, "group %s has no number because there are named groups here: refer to it by name", name)
	}
	switch {
	case name[0] == '-': // the last group before this place is -1
		if v = len(p.plain) + 1 + v; v < 1 {
			p.fail(at, "back-reference to a group that is not there")
		}
	case name[0] == '+':
		v += len(p.plain)
	}
	return v, "", true
}

func (p *parser) backref(at, num int, name string) *node {
	n := &node{op: opBackref}
	e := p.errorf(at, "back-reference to a group that is not there")
	p.backrefs = append(p.backrefs, backref{node: n, num: num, name: name, fold: p.flags.fold, err: e})
	return n
}

func (p *parser) resolveBackrefs() {
	for _, r := range p.backrefs {
		switch {
		case r.name == "" && r.num >= 1 && r.num <= len(p.plain):
			p.b.resolve(r, []int{p.plain[r.num-1]})
		case r.name != "" && len(p.named[r.name]) > 0:
			p.b.resolve(r, p.named[r.name])
		case r.name != "": // may be in the text that refers to this one, or in one that this refers to
			p.b.late = append(p.b.late, r)
		case p.hasNamed:
			r.err.Msg += ": groups without a name have no number beside named ones, use \\k<name>"
			panic(r.err)
		default:
			panic(r.err)
		}
	}
}

func (b *builder) resolveLate() {
	for _, r := range b.late {
		if len(b.named[r.name]) == 0 {
			panic(r.err)
		}
		b.resolve(r, b.named[r.name])
	}
}

// resolve binds a back-reference to its groups. Of several it takes the last one that fits.
func (b *builder) resolve(r backref, groups []int) {
	for _, g := range groups {
		if r.fold && b.nodeOf[g].alphabet().hasCase() {
			r.err.Msg = "back-reference that ignores case is not supported: put (?-i) before it"
			panic(r.err)
		}
	}
	if len(groups) == 1 {
		r.node.group = groups[0]
		return
	}
	alt := &node{op: opAlt}
	for _, g := range slices.Backward(groups) {
		alt.subs = append(alt.subs, &node{op: opBackref, group: g})
	}
	o := r.node.origin
	*r.node = node{op: opAtomic, subs: []*node{alt}, origin: o}
}

func (p *parser) call(at, num int, name string) *node {
	if num == 0 && name == "" {
		p.fail(at, "recursion \\g<0> is not supported")
	}
	n := &node{op: opConcat, subs: []*node{{op: opEmpty}}}
	p.calls = append(p.calls, &call{node: n, at: at, num: num, name: name})
	return n
}

func (p *parser) resolveCalls() {
	byNode := map[*node]*call{}
	for _, c := range p.calls {
		byNode[c.node] = c
	}
	for _, c := range p.calls {
		p.resolveCall(c, byNode)
	}
}

// resolveCall puts a copy of the called group in the place of the call. The copy keeps the number: what it captures last counts.
func (p *parser) resolveCall(c *call, byNode map[*node]*call) {
	if c.done {
		return
	}
	var g int
	switch groups := p.named[c.name]; {
	case c.name == "" && c.num >= 1 && c.num <= len(p.plain):
		g = p.plain[c.num-1]
	case len(groups) == 1:
		g = groups[0]
	case len(groups) > 1:
		p.fail(c.at, "call of a group whose name occurs more than once")
	default:
		p.fail(c.at, "call of a group that is not there")
	}
	if c.open {
		p.fail(c.at, "recursion (a group that calls itself) is not supported")
	}
	c.open = true
	target := p.b.nodeOf[g]
	target.any(func(n *node) bool {
		if inner := byNode[n]; inner != nil {
			p.resolveCall(inner, byNode)
		}
		return false
	})
	p.pos = c.at // where an error is
	p.count(target.count())
	o := c.node.origin
	*c.node = *p.copyCalled(target)
	c.node.origin = o
	c.open, c.done = false, true
}

// copyCalled copies a called group; references and look-behind in it are resolved like the original's.
func (p *parser) copyCalled(n *node) *node {
	out := *n
	out.subs = make([]*node, len(n.subs))
	for i, s := range n.subs {
		out.subs[i] = p.copyCalled(s)
	}
	for _, r := range p.backrefs {
		if r.node == n {
			r.node = &out
			p.backrefs = append(p.backrefs, r)
			break
		}
	}
	for _, b := range p.behinds {
		if b.node == n {
			b.node = &out
			p.behinds = append(p.behinds, b)
			break
		}
	}
	return &out
}
