// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grok

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Explanation says which piece of a pattern matched what, and where the best attempt of one that does not match stopped.
type Explanation struct {
	Matched bool
	// Pieces are, of a match, the elements of the pattern in order; references that hold fields are taken apart. Of a text that
	// does not match they are those that the best attempt got past: the one that matches the longest run of leading pieces.
	Pieces []Piece
	Stop   *Stop // nil if the text matches
	// Partial says that there was more to look at than the bounds of Explain allow (64 KiB of text, a million steps): Matched
	// is right all the same, another attempt may have got further.
	Partial bool
}

// Piece is an element of a pattern and the bytes From to To of the text that it matched.
type Piece struct {
	Source   string   // as the pattern or a definition writes it
	Path     []string // references that lead to it, outermost first and itself included: NAME or NAME:field
	From, To int
}

// Stop is the place where the best attempt stopped.
type Stop struct {
	Offset   int      // byte of the text
	Expected string   // what would have had to follow, as the pattern or a definition writes it
	Path     []string // references that lead to it, as of a Piece
}

// The bounds of Explain.
const (
	maxExplainText  = 64 << 10
	maxExplainSteps = 1_000_000
	maxExplainCode  = 50_000
)

// Explain matches text, slowly, and says how it went. It takes milliseconds, at worst about a second. The set the pattern was
// compiled with must be as it was.
func (p *Pattern) Explain(text string) Explanation {
	var e Explanation
	_, matched, err := p.Match(text, nil)
	e.Matched, e.Partial = matched, err != nil
	if p.reparse == nil {
		e.Partial = true
		return e
	}
	root, fields := p.reparse()
	if root == nil {
		e.Partial = true
		return e
	}
	if len(text) > maxExplainText {
		cut := maxExplainText
		for cut > 0 && !utf8.RuneStart(text[cut]) {
			cut--
		}
		text, e.Partial = text[:cut], true
	}
	code := newExplainCode(runs(root), fields)
	if code == nil {
		e.Partial = true
		return e
	}
	t := &tracer{code: code, text: text}
	end := t.search()
	switch {
	case end >= 0 && matched:
		e.Pieces = code.pieces(t.spans(end))
	case end < 0 && !matched:
		e.Partial = e.Partial || t.gaveUp()
		e.Stop, e.Pieces = code.stop(t)
	default: // beyond the bounds, or cut
		e.Partial = true
	}
	return e
}

// reparse returns a function that parses expr again, remembering where its nodes were written.
func (s *Set) reparse(expr string, opts options) func() (*node, []*Field) {
	return func() (root *node, fields []*Field) {
		defer func() {
			if r := recover(); r != nil {
				if _, ok := r.(*Error); !ok {
					panic(r)
				}
				root, fields = nil, nil
			}
		}()
		b := &builder{set: s, opts: opts, origins: true}
		root = b.parseText(expr)
		return root, b.fields
	}
}

// runs returns the tree with neighbours that are plain characters, classes and assertions put together to one piece.
func runs(n *node) *node {
	out := *n
	out.subs = nil
	if n.op != opConcat {
		for _, s := range n.subs {
			out.subs = append(out.subs, runs(s))
		}
		return &out
	}
	for i := 0; i < len(n.subs); {
		j := i + 1
		for plain(n.subs[i]) && j < len(n.subs) && plain(n.subs[j]) && adjoining(n.subs[j-1].origin, n.subs[j].origin) {
			j++
		}
		if j == i+1 {
			out.subs = append(out.subs, runs(n.subs[i]))
		} else { // leaves, which are shared with the tree given
			first, last := n.subs[i].origin, n.subs[j-1].origin
			run := &node{op: opConcat, subs: n.subs[i:j]}
			if first != nil {
				run.origin = &origin{src: first.src, from: first.from, to: last.to}
			}
			out.subs = append(out.subs, run)
		}
		i = j
	}
	return &out
}

// isRun reports whether n is such a piece.
func isRun(n *node) bool {
	return n.op == opConcat && len(n.subs) > 1 && !slices.ContainsFunc(n.subs, func(s *node) bool { return !plain(s) })
}

func plain(n *node) bool {
	return (n.op == opClass || n.isAssertion() && n.op != opLook && n.op != opEmpty) && (n.origin == nil || n.origin.ref == "" && n.origin.inner == nil)
}

func adjoining(a, b *origin) bool {
	return a == nil && b == nil || a != nil && b != nil && a.src == b.src && a.to == b.from
}

// written returns how n stands in its text, and the references that its origins add to the path.
func written(n *node, fields []*Field) (source string, refs []string) {
	if n.origin == nil {
		return spell(n, fields), nil
	}
	for o := n.origin; o != nil; o = o.inner {
		source = o.text()
		if o.ref == "" {
			continue
		}
		ref := o.ref
		if o.inner == nil && n.op == opCapture && n.field >= 0 {
			ref += ":" + fields[n.field].Name
		}
		refs = append(refs, ref)
	}
	return source, refs
}

// holdsFields reports whether n holds named captures, itself aside.
func (n *node) holdsFields() bool {
	for _, s := range n.subs {
		if s.any(func(n *node) bool { return n.op == opCapture && n.field >= 0 }) {
			return true
		}
	}
	return false
}

// divisible reports whether the pieces of n are shown instead of n.
func (n *node) divisible() bool {
	switch n.op {
	case opConcat:
		return n.origin == nil || n.holdsFields()
	case opCapture:
		return n.holdsFields()
	}
	return false
}

// Render writes the explanation for people: a line that says how it went, the pieces, and for a text that does not match a
// caret under the place where it stopped. text is what Explain was given.
func (e *Explanation) Render(text string) string {
	var b strings.Builder
	switch {
	case e.Matched:
		b.WriteString("match")
	case e.Stop == nil:
		b.WriteString("no match")
	default:
		fmt.Fprintf(&b, "no match: stopped at byte %d, where `%s` was expected", e.Stop.Offset, e.Stop.Expected)
		if len(e.Stop.Path) > 0 {
			fmt.Fprintf(&b, ", %s", strings.Join(e.Stop.Path, " > "))
		}
		b.WriteByte('\n')
		place := Error{Text: text, Offset: e.Stop.Offset}
		line, col := place.excerpt()
		fmt.Fprintf(&b, "  %s\n  %s^", line, strings.Repeat(" ", col))
	}
	b.WriteByte('\n')
	for _, p := range e.Pieces {
		what := "-"
		if p.To > p.From && p.To <= len(text) {
			what = fmt.Sprintf("%q", shorten(text[p.From:p.To]))
		}
		fmt.Fprintf(&b, "  %5d %-40s `%s`", p.From, what, shorten(p.Source))
		if n := len(p.Path); n > 1 || n == 1 && !strings.HasPrefix(p.Source, "%{"+p.Path[0]) {
			fmt.Fprintf(&b, "  %s", strings.Join(p.Path, " > "))
		}
		b.WriteByte('\n')
	}
	if e.Partial {
		b.WriteString("  (not all of it was looked at: the text is long, or the pattern takes too many steps)\n")
	}
	return b.String()
}
