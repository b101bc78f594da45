// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grok

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// The bounds of a pattern, so that a chain of definitions cannot grow without end.
const (
	maxNodes       = 200_000
	maxDepth       = 250 // nested groups and references together
	maxRepeat      = 100_000
	maxPatternSize = 1 << 20
)

// builder holds what all parsers of one pattern share: parsers nest, one for each reference.
type builder struct {
	set    *Set
	opts   options
	local  map[string]string // definitions made within the pattern
	fields []*Field
	groups int
	nodes  int
	depth  int
	path   []string // names of the definitions being expanded
}

// flags are the regular expression's options at a place.
type flags struct {
	fold, extended, singleLineDot bool
}

// parser parses one text: the pattern, or a definition. Groups are numbered within it.
type parser struct {
	b        *builder
	src      string
	pos      int
	flags    flags
	plain    []int          // group numbers of this text's unnamed groups, in order
	named    map[string]int // its named groups
	hasNamed bool
	backrefs []backref
}

type backref struct {
	node *node
	at   int
	num  int
	name string
}

func (p *parser) errorf(at int, format string, args ...any) *Error {
	e := &Error{Msg: fmt.Sprintf(format, args...), Text: p.src, Offset: at, Via: slices.Clone(p.b.path)}
	if n := len(p.b.path); n > 0 {
		e.Definition = p.b.path[n-1]
	}
	return e
}

// fail aborts parsing; parseText recovers it. Only *Error is ever thrown.
func (p *parser) fail(at int, format string, args ...any) {
	panic(p.errorf(at, format, args...))
}

// parseText parses src whole.
func (b *builder) parseText(src string) *node {
	p := &parser{b: b, src: src, named: map[string]int{}}
	if len(src) > maxPatternSize {
		p.fail(0, "pattern is longer than %d bytes", maxPatternSize)
	}
	p.hasNamed = strings.Contains(src, "(?<") && hasNamedGroup(src)
	n := p.alternation()
	if p.pos < len(p.src) {
		p.fail(p.pos, "unmatched )")
	}
	for _, r := range p.backrefs {
		g, ok := 0, false
		if r.name != "" {
			g, ok = p.named[r.name]
		} else if r.num >= 1 && r.num <= len(p.plain) {
			g, ok = p.plain[r.num-1], true
		}
		if !ok {
			p.fail(r.at, "back-reference to a group that is not there")
		}
		r.node.group = g
	}
	return n
}

func hasNamedGroup(src string) bool {
	for i := 0; i+3 < len(src); i++ {
		if src[i] == '\\' {
			i++
			continue
		}
		if src[i] == '(' && src[i+1] == '?' && src[i+2] == '<' && src[i+3] != '=' && src[i+3] != '!' {
			return true
		}
	}
	return false
}

func (p *parser) more() bool { return p.pos < len(p.src) }

func (p *parser) has(prefix string) bool { return strings.HasPrefix(p.src[p.pos:], prefix) }

func (p *parser) accept(prefix string) bool {
	if p.has(prefix) {
		p.pos += len(prefix)
		return true
	}
	return false
}

func (p *parser) rune() rune {
	r, n := utf8.DecodeRuneInString(p.src[p.pos:])
	p.pos += n
	return r
}

func (p *parser) count() {
	if p.b.nodes++; p.b.nodes > maxNodes {
		p.fail(p.pos, "pattern grows beyond %d elements", maxNodes)
	}
}

func (p *parser) enter(at int) {
	if p.b.depth++; p.b.depth > maxDepth {
		p.fail(at, "groups and references nest deeper than %d", maxDepth)
	}
}

// alternation parses up to a closing parenthesis or the end. Flags set inside end with it.
func (p *parser) alternation() *node {
	p.enter(p.pos)
	defer func() { p.b.depth-- }()
	saved := p.flags
	defer func() { p.flags = saved }()
	var alts []*node
	for {
		alts = append(alts, p.sequence())
		if !p.accept("|") {
			break
		}
	}
	if len(alts) == 1 {
		return alts[0]
	}
	return &node{op: opAlt, subs: alts}
}

func (p *parser) sequence() *node {
	var subs []*node
	for p.more() && !p.has("|") && !p.has(")") {
		if p.flags.extended && p.skipExtended() {
			continue
		}
		at := p.pos
		n, rest := p.atom()
		p.count()
		if rest { // (?i) with no colon: what follows, alternatives included, is its body
			subs = append(subs, n)
			break
		}
		if n == nil {
			continue
		}
		subs = append(subs, p.quantified(n, at))
	}
	return concat(subs)
}

// skipExtended passes over white space and comments of an (?x) pattern.
func (p *parser) skipExtended() bool {
	c := p.src[p.pos]
	if c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v' {
		p.pos++
		return true
	}
	if c == '#' {
		if i := strings.IndexByte(p.src[p.pos:], '\n'); i >= 0 {
			p.pos += i + 1
		} else {
			p.pos = len(p.src)
		}
		return true
	}
	return false
}

// quantified wraps n in the repetitions that follow it.
func (p *parser) quantified(n *node, at int) *node {
	for p.more() {
		if p.flags.extended && p.skipExtended() {
			continue
		}
		lo, hi, interval := 0, -1, false
		switch p.src[p.pos] {
		case '*':
		case '+':
			lo = 1
		case '?':
			hi = 1
		case '{':
			var ok bool
			save := p.pos
			if lo, hi, ok = p.interval(); !ok {
				p.pos = save
				return n
			}
			interval = true
		default:
			return n
		}
		if !interval {
			p.pos++
		}
		if isAnchor(n.op) {
			p.fail(at, "nothing to repeat")
		}
		r := &node{op: opRepeat, subs: []*node{n}, min: lo, max: hi}
		p.count()
		switch {
		case p.accept("?"):
			r.lazy = true
		case !interval && p.has("+"): // a{2}+ is not possessive in Ruby's syntax but a repetition of a repetition
			p.pos++
			r = &node{op: opAtomic, subs: []*node{r}}
		}
		n = r
	}
	return n
}

func isAnchor(o op) bool {
	switch o {
	case opBeginLine, opEndLine, opBeginText, opEndText, opEndTextNL, opWordB, opNotWordB:
		return true
	}
	return false
}

// interval parses {n}, {n,}, {,m} or {n,m}; anything else is a literal brace.
func (p *parser) interval() (lo, hi int, ok bool) {
	at := p.pos
	p.pos++
	num := func() int {
		start := p.pos
		for p.more() && p.src[p.pos] >= '0' && p.src[p.pos] <= '9' {
			p.pos++
		}
		if start == p.pos {
			return -1
		}
		v, err := strconv.Atoi(p.src[start:p.pos])
		if err != nil || v > maxRepeat {
			p.fail(start, "repetition beyond %d", maxRepeat)
		}
		return v
	}
	lo = num()
	comma := p.accept(",")
	switch {
	case !comma:
		hi = lo
	default:
		hi = num()
	}
	if !p.accept("}") || (lo < 0 && hi < 0) {
		return 0, 0, false
	}
	lo = max(lo, 0)
	if hi >= 0 && hi < lo {
		p.fail(at, "repetition {%d,%d} ends below its start", lo, hi)
	}
	return lo, hi, true
}

// atom parses one element. rest is true when it swallowed the rest of the group (flags without a colon).
func (p *parser) atom() (n *node, rest bool) {
	at := p.pos
	if p.has("%{") {
		return p.reference(), false
	}
	switch c := p.rune(); c {
	case '.':
		if p.flags.singleLineDot {
			return class(set{'\n', '\n'}.negate()), false
		}
		return class(setAll), false
	case '^':
		return &node{op: opBeginLine}, false
	case '$':
		return &node{op: opEndLine}, false
	case '[':
		s := p.bracket(at)
		return class(s), false
	case '\\':
		return p.escape(at), false
	case '(':
		return p.group(at)
	case '*', '+', '?':
		p.fail(at, "nothing to repeat before %c", c)
		return nil, false
	default:
		return p.literal(c), false
	}
}

func (p *parser) literal(r rune) *node {
	s := set{r, r}
	if p.flags.fold {
		s = s.fold()
	}
	return class(s)
}
