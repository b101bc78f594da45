// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package textindex

import (
	"regexp/syntax"
	"strings"
	"unicode/utf8"
)

const (
	// maxExact is how many texts an expression may be to be told by these, maxExactBytes how long they are in all.
	maxExact      = 16
	maxExactBytes = 4 << 10
	maxDepth      = 200
)

// literals is what every text that an expression matches holds: exactly one of exact, where that is not nil, and need.
type literals struct {
	exact []string
	need  need
}

// literalNeeds finds the texts that an expression requires, as RE2's prefilter does.
type literalNeeds struct {
	*needs
	fold bool // some part ignores case: all is taken so
}

// regexp returns what a text that matches needs.
func (c *needs) regexp(re *syntax.Regexp) need {
	l := literalNeeds{needs: c, fold: folds(re, 0)}
	return l.flush(l.walk(re, 0))
}

func folds(re *syntax.Regexp, depth int) bool {
	if re.Op == syntax.OpLiteral && re.Flags&syntax.FoldCase != 0 || depth > maxDepth {
		return true
	}
	for _, sub := range re.Sub {
		if folds(sub, depth+1) {
			return true
		}
	}
	return false
}

// flush makes the exact texts a need.
func (l *literalNeeds) flush(x literals) need {
	if x.exact == nil {
		return x.need
	}
	list := make([]need, 0, len(x.exact))
	for _, s := range x.exact {
		list = append(list, l.text(s))
	}
	return all(x.need, either(list...))
}

func (l *literalNeeds) text(s string) need {
	if strings.ContainsRune(s, utf8.RuneError) {
		return need{} // which a damaged byte matches, too
	}
	return l.needle(s, l.fold, true)
}

func (l *literalNeeds) walk(re *syntax.Regexp, depth int) literals {
	if depth > maxDepth {
		return literals{}
	}
	switch re.Op {
	case syntax.OpEmptyMatch, syntax.OpBeginLine, syntax.OpEndLine, syntax.OpBeginText, syntax.OpEndText,
		syntax.OpWordBoundary, syntax.OpNoWordBoundary:
		return literals{exact: []string{""}}
	case syntax.OpLiteral:
		if len(re.Rune) > maxExactBytes/4 {
			return literals{}
		}
		return literals{exact: []string{string(re.Rune)}}
	case syntax.OpCharClass:
		return class(re.Rune)
	case syntax.OpCapture:
		return l.walk(re.Sub[0], depth+1)
	case syntax.OpPlus:
		return literals{need: l.flush(l.walk(re.Sub[0], depth+1))}
	case syntax.OpRepeat:
		if re.Min == 0 {
			return literals{}
		}
		x := l.walk(re.Sub[0], depth+1)
		if re.Min == 1 && re.Max == 1 {
			return x
		}
		return literals{need: l.flush(x)}
	case syntax.OpQuest:
		if x := l.walk(re.Sub[0], depth+1); x.exact != nil && len(x.exact) < maxExact {
			return literals{exact: append([]string{""}, x.exact...)}
		}
		return literals{}
	case syntax.OpAlternate:
		return l.alternate(re.Sub, depth)
	case syntax.OpConcat:
		return l.concat(re.Sub, depth)
	default:
		return literals{}
	}
}

// class returns the runes of a small class.
func class(ranges []rune) literals {
	var exact []string
	for i := 0; i+1 < len(ranges); i += 2 {
		if ranges[i+1]-ranges[i] >= 8 || len(exact) > 8 {
			return literals{}
		}
		for r := ranges[i]; r <= ranges[i+1]; r++ {
			exact = append(exact, string(r))
		}
	}
	if len(exact) > 8 || len(exact) == 0 {
		return literals{}
	}
	return literals{exact: exact}
}

func (l *literalNeeds) alternate(subs []*syntax.Regexp, depth int) literals {
	var exact []string
	var list []need
	whole := true
	for _, sub := range subs {
		x := l.walk(sub, depth+1)
		if whole = whole && x.exact != nil && x.need.op == needNothing && len(exact)+len(x.exact) <= maxExact; whole {
			exact = append(exact, x.exact...)
		}
		list = append(list, l.flush(x))
	}
	if whole {
		return literals{exact: exact}
	}
	return literals{need: either(list...)}
}

func (l *literalNeeds) concat(subs []*syntax.Regexp, depth int) literals {
	run := literals{exact: []string{""}} // of neighbours
	only := true
	var list []need
	for _, sub := range subs {
		x := l.walk(sub, depth+1)
		if x.need.op != needNothing {
			list = append(list, x.need)
		}
		if next := cross(run.exact, x.exact); next != nil {
			run.exact = next
			continue
		}
		only = false
		list = append(list, l.flush(run))
		if run.exact = x.exact; run.exact == nil {
			run.exact = []string{""}
		}
	}
	if only {
		return literals{exact: run.exact, need: all(list...)}
	}
	return literals{need: all(append(list, l.flush(run))...)}
}

// cross returns every text of a followed by every one of b; nil when these are too many, or not known.
func cross(a, b []string) []string {
	if b == nil || len(a)*len(b) > maxExact {
		return nil
	}
	var list []string
	size := 0
	for _, x := range a {
		for _, y := range b {
			list = append(list, x+y)
			size += len(x) + len(y)
		}
	}
	if size > maxExactBytes {
		return nil
	}
	return list
}
