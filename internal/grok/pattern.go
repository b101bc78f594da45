// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grok

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/dlclark/regexp2"
)

// DefaultMatchTimeout bounds one match on the backtracking engine unless WithMatchTimeout says otherwise.
const DefaultMatchTimeout = time.Second

// maxBacktrackBytes is the longest text given to the backtracking engine, which works on a copy four times as long.
const maxBacktrackBytes = 8 << 20

// ErrSteps says that the backtracking engine spent its steps: whether the text matches is not known.
var ErrSteps = errors.New("match pattern: step limit reached")

// ErrTimeout is the former name of ErrSteps.
var ErrTimeout = ErrSteps

// DefaultMaxSteps bounds one match on the backtracking engine unless WithMaxSteps says otherwise.
const DefaultMaxSteps = 1_000_000

type options struct {
	allCaptures  bool
	maxSteps     int
	matchTimeout time.Duration
}

// Option changes how a pattern is compiled.
type Option func(*options)

// WithAllCaptures captures references without a field too, under the name of their pattern.
func WithAllCaptures() Option { return func(o *options) { o.allCaptures = true } }

// WithMatchTimeout bounds one match on the backtracking engine.
func WithMatchTimeout(d time.Duration) Option { return func(o *options) { o.matchTimeout = d } }

// WithMaxSteps bounds one match on the backtracking engine.
func WithMaxSteps(n int) Option { return func(o *options) { o.maxSteps = n } }

// Pattern is a compiled grok expression. It is safe for concurrent use.
type Pattern struct {
	source string
	fields []*Field
	slots  int

	literal string // every match contains it

	prog     *program // nil if the pattern is too big for it
	machines sync.Pool

	fast       *regexp.Regexp // nil if only a backtracking engine will do
	fastFields []int          // field of each of its groups, -1 for none
	guards     []check

	slow       func() (*regexp2.Regexp, error) // compiled when first needed
	slowFields []int
}

// Capture is one captured text. A slot that occurs more than once is a list.
type Capture struct {
	Field *Field
	Text  string
}

// check verifies a guard: ok says whether the construct dropped at [from, to) holds in text.
type check struct {
	group int // of fast
	ok    func(text string, from, to int) bool
}

// Compile compiles a grok expression with the definitions of s. A mistake in the expression is an *Error.
func (s *Set) Compile(expr string, opts ...Option) (p *Pattern, err error) {
	b := &builder{set: s, opts: options{matchTimeout: DefaultMatchTimeout}}
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
	return b.compile(expr, root)
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

	a := &analysis{referenced: map[int]bool{}}
	root.any(func(n *node) bool {
		if n.op == opBackref {
			a.referenced[n.group] = true
		}
		return false
	})
	edges := around{prev: setAll, start: true, follow: setAll, end: true, trivial: true}
	regular := a.rewrite(root, edges)
	if !a.irregular {
		p.compileFast(a, regular)
	}
	full := (&analysis{referenced: a.referenced}).strip(root)
	p.literal = requiredLiteral(full)
	p.compileSlow(full, b.opts.matchTimeout)
	p.prog = newProgram((&analysis{referenced: a.referenced, keep: true}).rewrite(full, edges))
	p.machines.New = func() any { return newMachine(p.prog) }
	if p.fast == nil {
		if _, err := p.slow(); err != nil {
			return nil, &Error{Msg: "compile pattern: " + err.Error(), Text: expr}
		}
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

// compileFast sets p.fast, or leaves it nil where Go's regexp refuses the pattern (repetitions beyond 1000).
func (p *Pattern) compileFast(a *analysis, root *node) {
	e := &emitter{}
	e.emit(root)
	re, err := regexp.Compile(e.b.String())
	if err != nil && !repeatsCaptures(root) {
		e = &emitter{unroll: true}
		e.emit(root)
		if e.b.Len() > maxUnrolled {
			return
		}
		re, err = regexp.Compile(e.b.String())
	}
	if err != nil {
		return
	}
	fieldOf := map[int]int{}
	root.any(func(n *node) bool {
		if n.op == opCapture && n.field >= 0 {
			fieldOf[n.group] = n.field
		}
		return false
	})
	p.fastFields = make([]int, len(e.order)+1)
	for i := range p.fastFields {
		p.fastFields[i] = -1
	}
	for i, g := range e.order {
		if g < -1 {
			c, ok := newCheck(a.guards[-g-2].node)
			if !ok {
				return
			}
			c.group = i + 1
			p.guards = append(p.guards, c)
			continue
		}
		if f, ok := fieldOf[g]; ok {
			p.fastFields[i+1] = f
		}
	}
	p.fast = re
}

// repeatsCaptures reports a bounded repetition that holds a capture: written out, the capture would have several numbers.
func repeatsCaptures(n *node) bool {
	return n.any(func(n *node) bool {
		return n.op == opRepeat && n.max > 1 && n.any(func(n *node) bool { return n.op == opCapture })
	})
}

// strip removes the groups that nothing needs, leaving everything else as it is.
func (a *analysis) strip(n *node) *node {
	if n.op == opCapture && n.field < 0 && !a.referenced[n.group] {
		return a.strip(n.subs[0])
	}
	if len(n.subs) == 0 {
		return n
	}
	out := *n
	out.subs = make([]*node, len(n.subs))
	for i, s := range n.subs {
		out.subs[i] = a.strip(s)
	}
	return &out
}

func (p *Pattern) compileSlow(root *node, timeout time.Duration) {
	e := &emitter{backtrack: true, used: map[int]int{}}
	fieldOf := map[int]int{}
	root.any(func(n *node) bool {
		if n.op == opCapture {
			fieldOf[n.group] = n.field
		}
		return false
	})
	e.emit(root)
	p.slowFields = []int{-1}
	for _, g := range e.order {
		p.slowFields = append(p.slowFields, fieldOf[g])
	}
	expr := e.b.String()
	p.slow = sync.OnceValues(func() (*regexp2.Regexp, error) {
		re, err := regexp2.Compile(expr, regexp2.None)
		if err == nil {
			re.MatchTimeout = timeout
		}
		return re, err
	})
}

// newCheck returns the check of a dropped construct; its group is set by the caller.
func newCheck(n *node) (check, bool) {
	sub := n.subs[0]
	if s, ok := sub.single(); ok && n.op == opLook {
		return check{ok: func(text string, at, _ int) bool {
			var r rune
			var size int
			if n.behind {
				r, size = utf8.DecodeLastRuneInString(text[:at])
			} else {
				r, size = utf8.DecodeRuneInString(text[at:])
			}
			return (size > 0 && s.contains(r)) != n.negative
		}}, true
	}
	e := &emitter{}
	e.wrap("(?:", sub)
	tail := ""
	if n.op == opLook && n.behind {
		tail = `\z`
	}
	re, err := regexp.Compile(`\A` + e.b.String() + tail)
	if err != nil {
		return check{}, false
	}
	switch {
	case n.op == opAtomic:
		return check{ok: func(text string, from, to int) bool {
			m := re.FindStringIndex(text[from:])
			return m != nil && m[1] == to-from
		}}, true
	case n.behind:
		runes := sub.length()
		return check{ok: func(text string, at, _ int) bool {
			from := at
			for range runes {
				_, size := utf8.DecodeLastRuneInString(text[:from])
				if size == 0 {
					return n.negative
				}
				from -= size
			}
			return re.MatchString(text[from:at]) != n.negative
		}}, true
	default:
		return check{ok: func(text string, at, _ int) bool { return re.MatchString(text[at:]) != n.negative }}, true
	}
}

// String returns the expression the pattern was compiled from.
func (p *Pattern) String() string { return p.source }

// Fields returns the fields a match can capture, in the order of their groups.
func (p *Pattern) Fields() []*Field { return p.fields }

// Slots returns the number of different places the fields go to.
func (p *Pattern) Slots() int { return p.slots }

// Regular reports whether matching takes time linear in the text but for rare texts that need the second engine.
func (p *Pattern) Regular() bool { return p.fast != nil }

// Match finds the leftmost match of the pattern in text and appends what it captured to dst, in the order of the
// groups. Groups that captured nothing or an empty text are left out. The error is ErrTimeout or nil.
func (p *Pattern) Match(text string, dst []Capture) (captures []Capture, ok bool, err error) {
	if p.literal != "" && !strings.Contains(text, p.literal) {
		return dst, false, nil
	}
	if p.prog != nil {
		m := p.machines.Get().(*machine)
		v := m.match(text)
		if v == matched {
			for g, f := range p.prog.groups {
				if from, to := m.slots[2*g], m.slots[2*g+1]; f >= 0 && from >= 0 && to > from {
					dst = append(dst, Capture{Field: p.fields[f], Text: text[from:to]})
				}
			}
		}
		m.text = ""
		if cap(m.stack) <= keepStack {
			p.machines.Put(m)
		}
		if v != gaveUp {
			return dst, v == matched, nil
		}
	}
	if p.fast != nil {
		return p.matchFast(text, dst)
	}
	return p.matchSlow(text, dst)
}

// keepStack is the largest stack that is kept for the next match.
const keepStack = 1 << 14

func (p *Pattern) matchFast(text string, dst []Capture) ([]Capture, bool, error) {
	m := p.fast.FindStringSubmatchIndex(text)
	if m == nil {
		return dst, false, nil
	}
	for i := range p.guards {
		g := &p.guards[i]
		if from := m[2*g.group]; from >= 0 && !g.ok(text, from, m[2*g.group+1]) {
			return p.matchSlow(text, dst)
		}
	}
	for g, f := range p.fastFields {
		if f >= 0 && m[2*g+1] > m[2*g] {
			dst = append(dst, Capture{Field: p.fields[f], Text: text[m[2*g]:m[2*g+1]]})
		}
	}
	return dst, true, nil
}

func (p *Pattern) matchSlow(text string, dst []Capture) ([]Capture, bool, error) {
	if len(text) > maxBacktrackBytes {
		return dst, false, ErrTimeout
	}
	re, err := p.slow()
	if err != nil {
		return dst, false, fmt.Errorf("compile pattern: %w", err)
	}
	runes, offsets := decode(text)
	m, err := re.FindRunesMatch(runes)
	if err != nil {
		return dst, false, ErrTimeout
	}
	if m == nil {
		return dst, false, nil
	}
	for num := 1; num < len(p.slowFields); num++ {
		f := p.slowFields[num]
		if f < 0 {
			continue
		}
		g := m.GroupByNumber(num)
		if g == nil || len(g.Captures) == 0 || g.Length == 0 {
			continue
		}
		from, to := g.Index, g.Index+g.Length
		if offsets != nil {
			from, to = offsets[from], offsets[to]
		}
		dst = append(dst, Capture{Field: p.fields[f], Text: text[from:to]})
	}
	return dst, true, nil
}

// decode returns the runes of text and, unless text is ASCII, the byte offset of each, so that what is captured is the
// very bytes of text even where they are not UTF-8.
func decode(text string) (runes []rune, offsets []int) {
	ascii := true
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			ascii = false
			break
		}
	}
	runes = make([]rune, 0, len(text))
	if ascii {
		for i := range len(text) {
			runes = append(runes, rune(text[i]))
		}
		return runes, nil
	}
	offsets = make([]int, 0, len(text)+1)
	for i, r := range text {
		runes = append(runes, r)
		offsets = append(offsets, i)
	}
	return runes, append(offsets, len(text))
}

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
