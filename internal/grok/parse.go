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
	maxExpanded    = 1_000_000 // elements with all repetitions written out
	maxRanges      = 1_000_000 // ranges of runes in all classes
	maxPatternSize = 1 << 20
)

// builder holds what all parsers of one pattern share: parsers nest, one for each reference.
type builder struct {
	goRounds bool // rounds that consume nothing follow the rule of Go's regexp
	set      *Set
	opts     options
	local    map[string]string // definitions made within the pattern
	fields   []*Field
	groups   int
	nodes    int
	ranges   int
	depth    int
	path     []string         // names of the definitions being expanded
	named    map[string][]int // groups by name, in all texts
	nodeOf   map[int]*node    // groups by number
	late     []backref        // back-references to names that their own text does not have
	origins  bool             // remember where nodes were written
}

// flags are the regular expression's options at a place. A reference hands them on to what it stands for.
type flags struct {
	fold, extended, singleLineDot bool
	ascii                         bool // POSIX brackets know ASCII only
	unicode                       bool // \w, \d and \s know Unicode
}

// parser parses one text: the pattern, or a definition. Groups are numbered within it.
type parser struct {
	b        *builder
	from     *source
	src      string
	pos      int
	flags    flags
	plain    []int            // group numbers of this text's unnamed groups, in order
	named    map[string][]int // its named groups
	hasNamed bool
	backrefs []backref
	calls    []*call
	behinds  []behind
	pending  []rune // of \u{61 62}: still to come
}

func (p *parser) errorf(at int, format string, args ...any) *Error {
	e := &Error{Msg: fmt.Sprintf(format, args...), Text: p.src, Offset: at, Via: slices.Clone(p.b.path)}
	if n := len(p.b.path); n > 0 {
		e.Definition = p.b.path[n-1]
	}
	return e
}

// fail aborts parsing; Compile recovers it. Only *Error is ever thrown.
func (p *parser) fail(at int, format string, args ...any) {
	panic(p.errorf(at, format, args...))
}

// parseText parses an expression whole.
func (b *builder) parseText(src string) *node {
	n := b.parse(&source{text: src}, flags{})
	b.resolveLate()
	b.checkSize(n, src)
	return n
}

// checkSize fails if n is too large with its repetitions written out, whatever an engine would make of them.
func (b *builder) checkSize(n *node, src string) {
	if n.expanded(maxExpanded) <= maxExpanded {
		return
	}
	e := &Error{Msg: fmt.Sprintf("pattern grows beyond %d elements with its repetitions written out", maxExpanded), Text: src}
	if len(b.path) > 0 {
		e.Definition = b.path[0]
	}
	if !b.origins { // once more, for the place
		b = &builder{set: b.set, opts: b.opts, path: b.path, origins: true}
		n = b.parse(&source{name: e.Definition, text: src}, flags{})
	}
	n.any(func(n *node) bool { // the innermost one, or one of them
		if n.op == opRepeat && n.origin != nil && n.expanded(maxExpanded) > maxExpanded {
			e.Text, e.Offset, e.Definition = n.origin.src.text, n.origin.from, n.origin.src.name
		}
		return false
	})
	panic(e)
}

// parse parses the text of an expression or a definition whole.
func (b *builder) parse(from *source, f flags) *node {
	src := from.text
	p := &parser{b: b, from: from, src: src, flags: f, named: map[string][]int{}}
	if len(src) > maxPatternSize {
		p.fail(0, "pattern is longer than %d bytes", maxPatternSize)
	}
	if !utf8.ValidString(src) {
		for i, r := range src {
			if _, n := utf8.DecodeRuneInString(src[i:]); r == utf8.RuneError && n == 1 {
				p.fail(i, "pattern is not UTF-8")
			}
		}
	}
	p.hasNamed = strings.Contains(src, "(?<") && hasNamedGroup(src) || strings.Contains(src, "(?'")
	n := p.alternation()
	if p.pos < len(p.src) {
		p.fail(p.pos, "unmatched ) (write \\) for the text itself)")
	}
	p.resolveCalls()
	p.resolveBackrefs()
	p.resolveBehinds()
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

func (p *parser) count(n int) {
	if p.b.nodes += n; p.b.nodes > maxNodes {
		p.fail(min(p.pos, len(p.src)), "pattern grows beyond %d elements", maxNodes)
	}
}

func (p *parser) enter(at int) {
	if p.b.depth++; p.b.depth > maxDepth {
		p.fail(at, "groups and references nest deeper than %d", maxDepth)
	}
}

// class is the node for one rune of s.
func (p *parser) class(s set) *node {
	if p.b.ranges += len(s) / 2; p.b.ranges > maxRanges {
		p.fail(min(p.pos, len(p.src)), "classes of the pattern grow beyond %d ranges", maxRanges)
	}
	return class(s)
}

// mark remembers that n was written from at to here.
func (p *parser) mark(n *node, at int, ref string) {
	if o := n.origin; p.b.origins && (o == nil || o.src != p.from || o.from != at || o.to != p.pos) {
		n.origin = &origin{src: p.from, from: at, to: p.pos, ref: ref, inner: o}
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
		p.count(1)
	}
	if len(alts) == 1 {
		return alts[0]
	}
	return &node{op: opAlt, subs: alts}
}

func (p *parser) sequence() *node {
	var subs []*node
	for len(p.pending) > 0 || p.more() && !p.has("|") && !p.has(")") {
		more := len(p.pending) > 0 // of an escape that is marked already
		if !more && p.skip() {
			continue
		}
		at := p.pos
		n, rest := p.atom()
		p.count(1)
		if rest { // (?i) with no colon: what follows, alternatives included, is its body
			subs = append(subs, n)
			break
		}
		if !more {
			p.mark(n, at, "")
		}
		if len(p.pending) == 0 {
			n = p.quantified(n)
		}
		if !more {
			p.mark(n, at, "")
		}
		subs = append(subs, n)
	}
	return concat(subs)
}

// skip passes over a comment, and over white space in an (?x) pattern.
func (p *parser) skip() bool {
	if p.has("(?#") {
		at := p.pos
		for p.pos += len("(?#"); p.more(); p.pos++ {
			switch p.src[p.pos] {
			case '\\':
				p.pos++
			case ')':
				p.pos++
				return true
			}
		}
		p.fail(at, "comment is not closed")
	}
	return p.flags.extended && p.skipExtended()
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
func (p *parser) quantified(n *node) *node {
	for stacked := 0; p.more(); {
		start := p.pos
		if p.skip() {
			continue
		}
		lo, hi, exact, interval := 0, -1, false, false
		switch p.src[p.pos] {
		case '*':
		case '+':
			lo = 1
		case '?':
			hi = 1
		case '{':
			var ok bool
			save := p.pos
			if lo, hi, exact, ok = p.interval(); !ok {
				p.pos = save
				return n
			}
			interval = true
		default:
			p.pos = start
			return n
		}
		if !interval {
			p.pos++
		}
		if stacked++; stacked > maxDepth {
			p.fail(start, "more than %d repetitions of one element", maxDepth)
		}
		r := &node{op: opRepeat, subs: []*node{n}, min: lo, max: hi}
		p.count(1)
		switch {
		case !exact && p.accept("?"): // in Ruby's syntax the ? of a{2}? makes a{2} optional
			r.lazy = true
		case !interval && p.has("+"): // and a{2,3}+ is not possessive but a repetition of a repetition
			p.pos++
			r = &node{op: opAtomic, subs: []*node{r}}
		}
		n = r
	}
	return n
}

// interval parses {n} (exact), {n,}, {,m} or {n,m}; anything else is a literal brace.
func (p *parser) interval() (lo, hi int, exact, ok bool) {
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
			return maxRepeat + 1
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
		return 0, 0, false, false
	}
	if max(lo, hi) > maxRepeat {
		p.fail(at, "repetition beyond %d", maxRepeat)
	}
	lo = max(lo, 0)
	if hi >= 0 && hi < lo {
		p.fail(at, "repetition {%d,%d} ends below its start", lo, hi)
	}
	return lo, hi, !comma, true
}

// atom parses one element. rest is true when it swallowed the rest of the group (flags without a colon).
func (p *parser) atom() (n *node, rest bool) {
	at := p.pos
	if len(p.pending) > 0 {
		r := p.pending[0]
		p.pending = p.pending[1:]
		return p.literal(r), false
	}
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
		return p.class(p.bracket(at)), false
	case '\\':
		return p.escape(at), false
	case '(':
		return p.group(at)
	case '*', '+', '?':
		p.fail(at, "nothing to repeat before %c", c)
	case '{':
		p.pos = at
		if _, _, _, ok := p.interval(); ok {
			p.fail(at, "nothing to repeat before %s", p.src[at:p.pos])
		}
		p.pos = at + 1
		return p.literal(c), false
	default:
		return p.literal(c), false
	}
	return nil, false
}

func (p *parser) literal(r rune) *node {
	s := set{r, r}
	if p.flags.fold {
		s = s.fold()
	}
	return class(s)
}
