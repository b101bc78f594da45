// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grok

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"
)

// ErrSteps says that a match took more steps than it may: whether the text matches is not known. Steps are counted where the
// automaton cannot tell: a pattern is not regular, a guard refuses, or a text needs more states than there is room for.
var ErrSteps = errors.New("match pattern: step limit reached")

// DefaultMaxSteps bounds one match on the backtracking machine unless WithMaxSteps says otherwise.
const DefaultMaxSteps = 1_000_000

type options struct {
	allCaptures bool
	maxSteps    int
	tableBytes  int
}

// Option changes how a pattern is compiled.
type Option func(*options)

// WithAllCaptures captures references without a field too, under the name of their pattern.
func WithAllCaptures() Option { return func(o *options) { o.allCaptures = true } }

// WithMaxSteps bounds one match on the backtracking machine; a long text has four steps for each byte at least. A step looks
// at up to 16 bytes.
func WithMaxSteps(n int) Option { return func(o *options) { o.maxSteps = n } }

// WithTableBytes bounds each of the two tables of the pattern's automaton instead of 4 MiB.
func WithTableBytes(n int) Option { return func(o *options) { o.tableBytes = n } }

// Pattern is a compiled grok expression. It is safe for concurrent use.
type Pattern struct {
	source string
	fields []*Field
	slots  int

	literal   string // every match contains it
	starts    *starts
	automaton *automaton      // nil if the pattern is not regular
	program   func() *program // nil if it is too big
	machines  sync.Pool

	reparse func() (*node, []*Field) // for Explain: the tree, which is not kept; nil if that cannot be had
}

// Capture is one captured text. A slot that occurs more than once is a list.
type Capture struct {
	Field *Field
	Text  string
}

// Compile compiles a grok expression with the definitions of s. A mistake in the expression is an *Error.
func (s *Set) Compile(expr string, opts ...Option) (p *Pattern, err error) {
	b := &builder{set: s, opts: options{maxSteps: DefaultMaxSteps}}
	for _, o := range opts {
		o(&b.opts)
	}
	defer func() {
		if r := recover(); r != nil {
			e, ok := r.(*Error)
			if !ok {
				panic(r)
			}
			p, err = nil, e
		}
	}()
	root := b.parseText(expr)
	if p, err = b.compile(expr, root); err != nil {
		return nil, err
	}
	p.reparse = s.reparse(expr, b.opts)
	return p, nil
}

func (b *builder) compile(expr string, root *node) (*Pattern, error) {
	p := &Pattern{source: expr, fields: b.fields}
	b.dropShadowed(root)
	slots := map[string]int{}
	for _, f := range b.fields {
		key := strings.Join(f.Path, "\x00")
		if _, ok := slots[key]; !ok {
			slots[key] = len(slots)
		}
		f.Slot = slots[key]
	}
	p.slots = len(slots)

	referenced := map[int]bool{}
	root.any(func(n *node) bool {
		if n.op == opBackref {
			referenced[n.group] = true
		}
		return false
	})
	edges := around{prev: setAll, start: true, follow: setAll, end: true, trivial: true, last: true}
	full := (&analysis{referenced: referenced}).strip(root)
	p.literal = requiredLiteral(full)
	p.starts = newStarts(full)
	p.program = sync.OnceValue(func() *program {
		return newProgram((&analysis{referenced: referenced, keep: true}).rewrite(full, edges))
	})
	p.machines.New = func() any { return newMachine(p.program(), p.starts, b.opts.maxSteps) }
	a := &analysis{referenced: referenced}
	// The machine and the automaton have different rules for rounds that consume nothing: Oniguruma's, which grok has, and
	// Go's. Where that matters a pattern must have the right one, and with guards, which ask the machine too, not both.
	regular := a.rewrite(root, edges)
	if !a.irregular && (b.goRounds && len(a.guards) == 0 || !root.any((*node).repeatsEmpty)) {
		p.automaton = newAutomaton(a, regular, p.starts, p.fields, b.opts.tableBytes)
	}
	if p.automaton == nil && p.program() == nil {
		return nil, &Error{Msg: fmt.Sprintf("pattern grows beyond %d instructions", maxProgram), Text: expr}
	}
	return p, nil
}

// dropShadowed takes implicit captures away whose name the pattern gives to a capture of its own.
func (b *builder) dropShadowed(root *node) {
	own := map[string]bool{}
	for _, f := range b.fields {
		if !f.implicit {
			own[f.Key()] = true
		}
	}
	root.any(func(n *node) bool {
		if n.op == opCapture && n.field >= 0 {
			if f := b.fields[n.field]; f.implicit && own[f.Key()] {
				n.field = -1
			}
		}
		return false
	})
}

// strip removes the groups that nothing needs, leaving everything else as it is.
func (a *analysis) strip(n *node) *node {
	if n.op == opCapture && n.field < 0 && !a.referenced[n.group] {
		return a.strip(n.subs[0])
	}
	out := n
	for i, s := range n.subs {
		if t := a.strip(s); t != s {
			if out == n { // what does not change is shared
				c := *n
				c.subs = slices.Clone(n.subs)
				out = &c
			}
			out.subs[i] = t
		}
	}
	return out
}

// String returns the expression the pattern was compiled from.
func (p *Pattern) String() string { return p.source }

// Fields returns the fields a match can capture, in the order of their groups.
func (p *Pattern) Fields() []*Field { return p.fields }

// Slots returns the number of different places the fields go to.
func (p *Pattern) Slots() int { return p.slots }

// Regular reports whether the pattern runs on the automaton, and on the machine only for the texts that ErrSteps tells of.
func (p *Pattern) Regular() bool { return p.automaton != nil }

// Match finds the leftmost match of the pattern in text and appends what it captured to dst, in the order of the
// groups. Groups that captured nothing or an empty text are left out. A byte that is not part of a valid rune counts as one
// U+FFFD, as in Go's regexp. The error is ErrSteps or nil.
func (p *Pattern) Match(text string, dst []Capture) (captures []Capture, ok bool, err error) {
	return p.MatchFrom(text, 0, dst)
}

// MatchFrom is Match for matches that begin at the position from, in bytes, or behind it; assertions see what stands before it.
func (p *Pattern) MatchFrom(text string, from int, dst []Capture) (captures []Capture, ok bool, err error) {
	if p.literal != "" && !p.starts.fixed && !strings.Contains(text[from:], p.literal) {
		return dst, false, nil
	}
	rests := p.automaton != nil && p.automaton.rests()
	v := gaveUp
	if p.automaton != nil && !rests {
		captures, v = p.automaton.match(text, from, dst)
	}
	if v == gaveUp {
		captures, v = p.backtrack(text, dst, func(m *machine) verdict { return m.match(text, from) })
	}
	if v == gaveUp && rests {
		captures, v = p.automaton.match(text, from, dst)
	}
	if v == gaveUp {
		return dst, false, ErrSteps
	}
	return captures, v == matched, nil
}

// MatchAt is Match for a match that begins at the position at, in bytes; assertions see what stands before it. used is about how
// many bytes were looked at.
func (p *Pattern) MatchAt(text string, at int, dst []Capture) (captures []Capture, ok bool, used int, err error) {
	v := gaveUp
	if p.automaton != nil {
		captures, v, used = p.automaton.matchAt(text, at, dst)
	}
	if v == gaveUp {
		used = len(text) - at
		captures, v = p.backtrack(text, dst, func(m *machine) verdict { return m.matchAt(text, at) })
	}
	if v == gaveUp {
		return dst, false, used, ErrSteps
	}
	return captures, v == matched, used, nil
}

// backtrack is a match on the machine.
func (p *Pattern) backtrack(text string, dst []Capture, match func(*machine) verdict) ([]Capture, verdict) {
	program := p.program()
	if program == nil {
		return dst, gaveUp
	}
	m := p.machines.Get().(*machine)
	v := match(m)
	if v == matched {
		for g, f := range program.groups {
			if from, to := m.slots[2*g], m.slots[2*g+1]; f >= 0 && from >= 0 && to > from {
				dst = append(dst, Capture{Field: p.fields[f], Text: text[from:to]})
			}
		}
	}
	m.text = ""
	if cap(m.stack) <= keepStack {
		p.machines.Put(m)
	}
	return dst, v
}

// keepStack is the largest stack that is kept for the next match.
const keepStack = 1 << 14

// requiredLiteral returns the longest run of single runes that every match contains, "" if there is none.
func requiredLiteral(n *node) string {
	best, cur := "", []byte(nil)
	flush := func() {
		if len(cur) > len(best) {
			best = string(cur)
		}
		cur = cur[:0]
	}
	var walk func(*node)
	walk = func(n *node) {
		switch n.op {
		case opClass:
			if len(n.set) == 2 && n.set[0] == n.set[1] && n.set[0] < utf8.RuneSelf {
				cur = append(cur, byte(n.set[0]))
				return
			}
			flush()
		case opConcat:
			for _, s := range n.subs {
				walk(s)
			}
		case opCapture:
			walk(n.subs[0])
		case opRepeat:
			flush()
			if n.min > 0 {
				walk(n.subs[0])
				flush()
			}
		case opEmpty, opBeginLine, opEndLine, opBeginText, opEndText, opWordB, opNotWordB:
		default:
			flush()
		}
	}
	walk(n)
	flush()
	return best
}
