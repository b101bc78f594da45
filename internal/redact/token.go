// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redact

import (
	"fmt"
	"regexp/syntax"
	"strings"
)

// tokenPattern matches a token from a given place on, without backtracking and without allocating.
//
// It is what a regular expression becomes that is a row of characters and character classes, each with a repetition:
// `xox[bp]-[0-9]{10,13}-[A-Za-z0-9]{24}`. Alternatives are divided by |, which no class may hold. Every element takes as much as it can;
// so that this is what the expression means, an element of open length must not be able to take what the element
// behind it may begin with (the compiler refuses the expression otherwise).
//
// A token must not go on: what follows its end must not be a character that the last element takes, unless that
// element is at its maximum because it is open.
type tokenPattern struct {
	alts [][]tokenElem
}

type tokenElem struct {
	set      [4]uint64
	min, max int // max -1: no end
}

func (e *tokenElem) has(c byte) bool { return e.set[c>>6]&(1<<(c&63)) != 0 }

func compileToken(expr string) (*tokenPattern, error) {
	p := &tokenPattern{}
	for _, alt := range strings.Split(expr, "|") { // the parser would pull common prefixes out
		re, err := syntax.Parse(alt, syntax.Perl)
		if err != nil {
			return nil, fmt.Errorf("compile token: %w", err)
		}
		elems, err := tokenElems(nil, re)
		if err != nil {
			return nil, fmt.Errorf("compile token %q: %w", expr, err)
		}
		for i := 0; i+1 < len(elems); i++ {
			if elems[i].min == elems[i].max {
				continue
			}
			for j := i + 1; j < len(elems); j++ {
				for w := range elems[i].set {
					if elems[i].set[w]&elems[j].set[w] != 0 {
						return nil, fmt.Errorf("compile token %q: element %d takes what element %d may begin with", expr, i, j)
					}
				}
				if elems[j].min > 0 {
					break
				}
			}
		}
		p.alts = append(p.alts, elems)
	}
	return p, nil
}

func tokenElems(elems []tokenElem, re *syntax.Regexp) ([]tokenElem, error) {
	switch re.Op {
	case syntax.OpLiteral:
		for _, r := range re.Rune {
			e := tokenElem{min: 1, max: 1}
			if r >= 0x80 {
				return nil, fmt.Errorf("not ASCII: %q", r)
			}
			e.set[r>>6] |= 1 << (r & 63)
			if re.Flags&syntax.FoldCase != 0 && (r|0x20 >= 'a' && r|0x20 <= 'z') {
				e.set[(r^0x20)>>6] |= 1 << ((r ^ 0x20) & 63)
			}
			elems = append(elems, e)
		}
		return elems, nil
	case syntax.OpCharClass:
		e := tokenElem{min: 1, max: 1}
		for i := 0; i < len(re.Rune); i += 2 {
			for r := re.Rune[i]; r <= re.Rune[i+1] && r < 0x80; r++ {
				e.set[r>>6] |= 1 << (r & 63)
			}
		}
		return append(elems, e), nil
	case syntax.OpConcat:
		var err error
		for _, sub := range re.Sub {
			if elems, err = tokenElems(elems, sub); err != nil {
				return nil, err
			}
		}
		return elems, nil
	case syntax.OpRepeat, syntax.OpPlus, syntax.OpStar, syntax.OpQuest:
		sub, err := tokenElems(nil, re.Sub[0])
		if err != nil {
			return nil, err
		}
		if len(sub) != 1 || sub[0].min != 1 || sub[0].max != 1 {
			return nil, fmt.Errorf("repetition of more than one character: %s", re)
		}
		e := sub[0]
		switch re.Op {
		case syntax.OpPlus:
			e.min, e.max = 1, -1
		case syntax.OpStar:
			e.min, e.max = 0, -1
		case syntax.OpQuest:
			e.min, e.max = 0, 1
		default:
			e.min, e.max = re.Min, re.Max
		}
		return append(elems, e), nil
	case syntax.OpCapture:
		return tokenElems(elems, re.Sub[0])
	default:
		return nil, fmt.Errorf("not allowed in a token: %s", re)
	}
}

// match returns the end of the longest alternative that matches at start, or -1.
func (p *tokenPattern) match(s string, start int) int {
	best := -1
	for _, elems := range p.alts {
		i := start
		var last *tokenElem
		for k := range elems {
			e := &elems[k]
			n := 0
			for i < len(s) && (e.max < 0 || n < e.max) && e.has(s[i]) {
				i++
				n++
			}
			if n < e.min {
				i = -1
				break
			}
			if n > 0 {
				last = e
			}
		}
		if i < 0 || last == nil {
			continue
		}
		if i < len(s) && last.max >= 0 && (last.has(s[i]) || isAlnum(s[i])) {
			continue
		}
		best = max(best, i)
	}
	return best
}
