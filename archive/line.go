// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"fmt"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"

	"github.com/logboom/logboom/archive/internal/textindex"
)

// lineFilter is a line filter ready for use, by several goroutines at a time.
type lineFilter struct {
	LineFilter
	re *regexp.Regexp
	// needles are what a text must contain to match; exact says that this is all there is to it.
	needles *needles
	exact   bool
}

// compileLines makes line filters ready.
func compileLines(lines []LineFilter) ([]lineFilter, error) {
	compiled := make([]lineFilter, 0, len(lines))
	for i, l := range lines {
		f := lineFilter{LineFilter: l}
		switch l.Kind {
		case LineContains:
			f.needles, f.exact = newNeedle(l.Text, false), true
		case LineRegexp:
			re, err := regexp.Compile(l.Text)
			if err != nil {
				return nil, fmt.Errorf("compile line filter %d: %w", i, err)
			}
			f.re = re
			if tree, err := syntax.Parse(l.Text, syntax.Perl); err == nil {
				f.needles, f.exact = needlesOf(tree.Simplify())
			}
		default:
			return nil, fmt.Errorf("compile line filter %d: kind %d is not known", i, l.Kind)
		}
		compiled = append(compiled, f)
	}
	return compiled, nil
}

// matches reports whether the filter keeps a body.
func (f *lineFilter) matches(body string) bool {
	if f.re != nil {
		return f.re.MatchString(body) != f.Not
	}
	return strings.Contains(body, f.Text) != f.Not
}

// indexLines are the line filters for the index.
func indexLines(lines []lineFilter) []textindex.Line {
	list := make([]textindex.Line, 0, len(lines))
	for i := range lines {
		l := textindex.Line{Kind: textindex.Contains, Text: lines[i].Text, Not: lines[i].Not}
		if lines[i].Kind == LineRegexp {
			l.Kind = textindex.Regexp
		}
		list = append(list, l)
	}
	return list
}

// needles is a condition on what a text contains: a text, all of several conditions, or any of them. nil is no condition.
type needles struct {
	text string // in lower case when fold is set, then ASCII without k and s, which have further forms
	fold bool
	at   int // of the rarest byte of text
	all  []*needles
	any  []*needles
}

func newNeedle(text string, fold bool) *needles {
	if text == "" {
		return nil
	}
	n := &needles{text: text, fold: fold}
	for i := range len(text) {
		if commonness(text[i], fold) < commonness(text[n.at], fold) {
			n.at = i
		}
	}
	return n
}

// needlesOf returns what a text that matches the expression contains. exact says that every text that contains it matches.
func needlesOf(re *syntax.Regexp) (n *needles, exact bool) {
	switch re.Op {
	case syntax.OpEmptyMatch:
		return nil, true
	case syntax.OpLiteral:
		text := string(re.Rune)
		if strings.ContainsRune(text, '\uFFFD') { // matches bytes that are no UTF-8, too
			return nil, false
		}
		if re.Flags&syntax.FoldCase == 0 {
			return newNeedle(text, false), true
		}
		return foldedNeedle(text)
	case syntax.OpCapture:
		return needlesOf(re.Sub[0])
	case syntax.OpPlus:
		n, exact = needlesOf(re.Sub[0]) // one of them is enough
		return n, exact
	case syntax.OpRepeat:
		if re.Min > 0 {
			n, _ = needlesOf(re.Sub[0])
		}
		return n, false
	case syntax.OpConcat:
		n = &needles{}
		subs := re.Sub
		for len(subs) > 1 && anything(subs[0]) { // .* at the ends says nothing
			subs = subs[1:]
		}
		for len(subs) > 1 && anything(subs[len(subs)-1]) {
			subs = subs[:len(subs)-1]
		}
		if len(subs) == 1 {
			return needlesOf(subs[0])
		}
		for _, s := range subs {
			if sub, _ := needlesOf(s); sub != nil {
				n.all = append(n.all, sub)
			}
		}
		if len(n.all) == 0 {
			return nil, false
		}
		return n, false
	case syntax.OpAlternate:
		n, exact = &needles{}, true
		for _, s := range re.Sub {
			sub, ok := needlesOf(s)
			if sub == nil {
				return nil, ok && exact
			}
			n.any = append(n.any, sub)
			exact = exact && ok
		}
		return n, exact
	}
	return nil, false
}

// anything reports an expression that matches the empty text wherever it stands.
func anything(re *syntax.Regexp) bool {
	return re.Op == syntax.OpStar || re.Op == syntax.OpQuest || re.Op == syntax.OpEmptyMatch
}

// foldedNeedle returns the longest part of a text that, without regard to case, is made of ASCII only.
func foldedNeedle(text string) (n *needles, exact bool) {
	best, from := "", 0
	for i := 0; i <= len(text); i++ {
		if i < len(text) && text[i] < 0x80 && !strings.ContainsRune("kKsS", rune(text[i])) {
			continue
		}
		if i-from > len(best) {
			best = text[from:i]
		}
		from = i + 1
	}
	return newNeedle(strings.ToLower(best), true), best == text
}

// search returns which of the entries of a column of texts fulfil the condition; of those that are not asked for it may
// say no. ask nil asks for all.
func (n *needles) search(c *column, ask bitset) bitset {
	entries := c.entries()
	switch {
	case n == nil:
		return newBitset(entries, true)
	case n.all != nil:
		found := n.all[0].search(c, ask)
		for _, sub := range n.all[1:] {
			if found.empty() {
				break
			}
			found.and(sub.search(c, ask))
		}
		return found
	case n.any != nil:
		found := n.any[0].search(c, ask)
		for _, sub := range n.any[1:] {
			found.or(sub.search(c, ask))
		}
		return found
	}
	found := newBitset(entries, false)
	switch {
	case entries == 0:
	case c.packed != nil:
		n.searchPacked(c, ask, found)
	default:
		n.searchTexts(c.data, 0, c.starts, c.gap, 0, entries, found)
	}
	return found
}

// searchTexts finds the texts, from one on up to another, not included, that contain the needle. data is the part from base
// on of what starts point into.
func (n *needles) searchTexts(data []byte, base uint32, starts []uint32, gap uint32, from, to int, found bitset) {
	row := from
	for at := int(starts[from] - base); at < len(data); {
		i := n.index(data[at:])
		if i < 0 {
			return
		}
		at += i
		row = seek(starts, row, uint32(at)+base)
		if uint32(at)+base+uint32(len(n.text)) <= starts[row+1]-gap {
			found.set(row)
			row++
			if row == to {
				return
			}
			at = int(starts[row] - base)
		} else {
			at++ // it reaches into what is between two texts
		}
	}
}

// seek returns the last row, from row on, that starts at or before a place.
func seek(starts []uint32, row int, at uint32) int {
	step := 1
	last := len(starts) - 2
	for row+step <= last && starts[row+step] <= at {
		row += step
		step *= 2
	}
	for ; step > 0; step /= 2 {
		if row+step <= last && starts[row+step] <= at {
			row += step
		}
	}
	return row
}

// contains reports whether a text fulfils the condition.
func (n *needles) contains(text []byte) bool {
	switch {
	case n == nil:
		return true
	case n.all != nil:
		for _, sub := range n.all {
			if !sub.contains(text) {
				return false
			}
		}
		return true
	case n.any != nil:
		for _, sub := range n.any {
			if sub.contains(text) {
				return true
			}
		}
		return false
	}
	return n.index(text) >= 0
}

// absent reports whether no part of b fulfils the condition, as far as that is cheap to say.
func (n *needles) absent(b []byte) bool {
	switch {
	case n == nil:
		return false
	case n.all != nil:
		return slices.ContainsFunc(n.all, func(sub *needles) bool { return sub.absent(b) })
	case n.any != nil:
		return !slices.ContainsFunc(n.any, func(sub *needles) bool { return !sub.absent(b) })
	}
	return n.index(b) < 0
}
