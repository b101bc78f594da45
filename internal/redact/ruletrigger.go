// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redact

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"
	"unicode/utf8"
)

const (
	// triggerChars is how many characters of a token its trigger has at most. Those that are not fixed are taken only where
	// fewer than fixedChars are: each multiplies the states of the automaton.
	triggerChars = 6
	fixedChars   = 3
	// rarePrefix is how many fixed characters a trigger must have to need no look at the character before it.
	rarePrefix = 4
	// maxTriggers bounds the ways in which a token can begin.
	maxTriggers = 48
	// wordBorder may stand before a token: what is no part of a word, or an escape that only looks like one.
	wordBorder = `([^0-9A-Za-z_]|\\[nrtbfv]|[0-9;\[][mK])` // the last: a colour code
)

func syntaxQuote(s string) string { return regexp.QuoteMeta(s) }

// beginning is one way in which a token can begin: an expression for each character.
type beginning struct {
	chars []string
	fixed int  // how many of the first characters are fixed
	open  bool // what follows has no fixed place
}

// tokenTriggers returns expressions for the first characters of a token.
func tokenTriggers(re *syntax.Regexp) ([]ruleTrigger, error) {
	ways, err := extend1([]beginning{{}}, re)
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	var out []ruleTrigger
	for _, w := range ways {
		if w.fixed < 2 {
			return nil, fmt.Errorf("token must begin with 2 fixed characters, got %q", strings.Join(w.chars, ""))
		}
		t := ruleTrigger{expr: strings.Join(w.chars, ""), back: len(w.chars)}
		if w.fixed < rarePrefix {
			t.expr = wordBorder + t.expr
		}
		if !seen[t.expr] {
			seen[t.expr] = true
			out = append(out, t)
		}
	}
	return out, nil
}

// extend1 lengthens each way by what re begins with.
func extend1(ways []beginning, re *syntax.Regexp) ([]beginning, error) {
	var out []beginning
	for _, w := range ways {
		if w.done() {
			w.open = true
			out = append(out, w)
			continue
		}
		more, err := w.with(re)
		if err != nil {
			return nil, err
		}
		if out = append(out, more...); len(out) > maxTriggers {
			return nil, fmt.Errorf("token begins in more than %d ways", maxTriggers)
		}
	}
	return out, nil
}

func (w beginning) with(re *syntax.Regexp) ([]beginning, error) {
	closed := func() []beginning { w.open = true; return []beginning{w} }
	switch re.Op {
	case syntax.OpEmptyMatch, syntax.OpBeginText, syntax.OpWordBoundary:
		return []beginning{w}, nil
	case syntax.OpLiteral:
		for _, r := range re.Rune {
			if r >= utf8.RuneSelf {
				return nil, errors.New("token must begin with ASCII")
			}
			if w.done() {
				return closed(), nil
			}
			c := regexp.QuoteMeta(string(r))
			if re.Flags&syntax.FoldCase != 0 {
				c = "(?i:" + c + ")"
			}
			w = w.and(c, true)
		}
		return []beginning{w}, nil
	case syntax.OpCharClass:
		if n := len(re.Rune); n == 0 || re.Rune[n-1] >= utf8.RuneSelf {
			return closed(), nil
		}
		fixed := classSize(re) <= fixedClass
		if !fixed && w.fixed >= fixedChars {
			return closed(), nil
		}
		return []beginning{w.and(re.String(), fixed)}, nil
	case syntax.OpCapture:
		return w.with(re.Sub[0])
	case syntax.OpConcat:
		ways := []beginning{w}
		var err error
		for _, sub := range re.Sub {
			if ways, err = extend1(ways, sub); err != nil {
				return nil, err
			}
		}
		return ways, nil
	case syntax.OpAlternate:
		var out []beginning
		for _, sub := range re.Sub {
			more, err := extend1([]beginning{w}, sub)
			if err != nil {
				return nil, err
			}
			out = append(out, more...)
		}
		return out, nil
	case syntax.OpQuest:
		more, err := extend1([]beginning{w}, re.Sub[0])
		return append(more, w), err
	case syntax.OpPlus:
		more, err := extend1([]beginning{w}, re.Sub[0])
		for i := range more {
			more[i].open = true
		}
		return more, err
	case syntax.OpRepeat:
		ways := []beginning{w}
		var err error
		for range min(re.Min, triggerChars) {
			if ways, err = extend1(ways, re.Sub[0]); err != nil {
				return nil, err
			}
		}
		if re.Max != re.Min {
			for i := range ways {
				ways[i].open = true
			}
		}
		return ways, nil
	}
	return closed(), nil
}

// fixedClass is how many characters may stand in a place that still counts as fixed.
const fixedClass = 5

func (w beginning) done() bool {
	return w.open || len(w.chars) >= triggerChars || w.fixed < len(w.chars) && len(w.chars) > fixedChars
}

func (w beginning) and(char string, fixed bool) beginning {
	out := beginning{chars: append(append([]string(nil), w.chars...), char), fixed: w.fixed}
	if fixed && w.fixed == len(w.chars) {
		out.fixed++
	}
	return out
}

func classSize(re *syntax.Regexp) (n int) {
	for i := 0; i < len(re.Rune); i += 2 {
		n += int(re.Rune[i+1]-re.Rune[i]) + 1
	}
	return n
}

// maxLength returns the bytes of the longest text that re matches, -1 if there is none.
func maxLength(re *syntax.Regexp) int {
	sum := func(one func(*syntax.Regexp) int, more func(a, b int) int) int {
		n := 0
		for _, sub := range re.Sub {
			m := one(sub)
			if m < 0 {
				return -1
			}
			n = more(n, m)
		}
		return n
	}
	switch re.Op {
	case syntax.OpLiteral:
		if re.Flags&syntax.FoldCase != 0 { // k folds to the Kelvin sign, which has three bytes
			return utf8.UTFMax * len(re.Rune)
		}
		return len(string(re.Rune))
	case syntax.OpCharClass:
		if n := len(re.Rune); n > 0 && re.Rune[n-1] < utf8.RuneSelf {
			return 1
		}
		return utf8.UTFMax
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return utf8.UTFMax
	case syntax.OpCapture, syntax.OpQuest:
		return maxLength(re.Sub[0])
	case syntax.OpConcat:
		return sum(maxLength, func(a, b int) int { return a + b })
	case syntax.OpAlternate:
		return sum(maxLength, func(a, b int) int { return max(a, b) })
	case syntax.OpRepeat:
		if n := maxLength(re.Sub[0]); n >= 0 && re.Max >= 0 {
			return n * re.Max
		}
		return -1
	case syntax.OpStar, syntax.OpPlus:
		return -1
	}
	return 0
}

// minLength returns 0 if re matches the empty text, and 1 at least if not.
func minLength(re *syntax.Regexp) int {
	switch re.Op {
	case syntax.OpLiteral:
		return len(re.Rune)
	case syntax.OpCharClass, syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return 1
	case syntax.OpCapture, syntax.OpPlus:
		return minLength(re.Sub[0])
	case syntax.OpRepeat:
		return re.Min * minLength(re.Sub[0])
	case syntax.OpConcat:
		n := 0
		for _, sub := range re.Sub {
			n += minLength(sub)
		}
		return n
	case syntax.OpAlternate:
		n := minLength(re.Sub[0])
		for _, sub := range re.Sub[1:] {
			n = min(n, minLength(sub))
		}
		return n
	}
	return 0
}

// holdsAny tells whether every match of re is known to hold one of the words, without regard to case.
func holdsAny(re *syntax.Regexp, words []string) bool {
	switch re.Op {
	case syntax.OpLiteral:
		for _, w := range words {
			if containsFold(string(re.Rune), strings.ToLower(w)) {
				return true
			}
		}
		return false
	case syntax.OpCapture, syntax.OpPlus:
		return holdsAny(re.Sub[0], words)
	case syntax.OpRepeat:
		return re.Min > 0 && holdsAny(re.Sub[0], words)
	case syntax.OpConcat:
		for _, sub := range re.Sub {
			if holdsAny(sub, words) {
				return true
			}
		}
		return false
	case syntax.OpAlternate:
		for _, sub := range re.Sub {
			if !holdsAny(sub, words) {
				return false
			}
		}
		return true
	}
	return false
}
