// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grok

import (
	"slices"
	"unicode"
)

// set is a set of runes as sorted, disjoint, non-adjacent pairs lo, hi (both included).
type set []rune

var (
	setAll   = set{0, unicode.MaxRune}
	setDigit = set{'0', '9'}
	setHex   = set{'0', '9', 'A', 'F', 'a', 'f'}
	setWord  = set{'0', '9', 'A', 'Z', '_', '_', 'a', 'z'}
	setSpace = set{'\t', '\r', ' ', ' '}
)

// normalize sorts pairs and joins those that overlap or touch.
func (s set) normalize() set {
	if len(s) <= 2 {
		return s
	}
	pairs := make([][2]rune, 0, len(s)/2)
	for i := 0; i < len(s); i += 2 {
		pairs = append(pairs, [2]rune{s[i], s[i+1]})
	}
	slices.SortFunc(pairs, func(a, b [2]rune) int { return int(a[0]) - int(b[0]) })
	out := make(set, 0, len(s))
	for _, p := range pairs {
		if n := len(out); n > 0 && p[0] <= out[n-1]+1 {
			out[n-1] = max(out[n-1], p[1])
			continue
		}
		out = append(out, p[0], p[1])
	}
	return out
}

func (s set) union(t set) set {
	if len(s) == 0 {
		return t
	}
	if len(t) == 0 {
		return s
	}
	return append(slices.Clone(s), t...).normalize()
}

func (s set) negate() set {
	var out set
	next := rune(0)
	for i := 0; i < len(s); i += 2 {
		if s[i] > next {
			out = append(out, next, s[i]-1)
		}
		next = s[i+1] + 1
	}
	if next <= unicode.MaxRune {
		out = append(out, next, unicode.MaxRune)
	}
	return out
}

func (s set) intersect(t set) set {
	var out set
	for i, j := 0, 0; i < len(s) && j < len(t); {
		lo, hi := max(s[i], t[j]), min(s[i+1], t[j+1])
		if lo <= hi {
			out = append(out, lo, hi)
		}
		if s[i+1] < t[j+1] {
			i += 2
		} else {
			j += 2
		}
	}
	return out
}

func (s set) disjoint(t set) bool { return len(s.intersect(t)) == 0 }

// subset reports whether every rune of s is in t.
func (s set) subset(t set) bool { return len(s.intersect(t.negate())) == 0 }

func (s set) contains(r rune) bool {
	for i := 0; i < len(s); i += 2 {
		if r < s[i] {
			return false
		}
		if r <= s[i+1] {
			return true
		}
	}
	return false
}

// fold adds every rune that differs from one of s only by case.
func (s set) fold() set {
	const lastFold = 0x1E943 // the highest rune that has another case
	out := slices.Clone(s)
	for i := 0; i < len(s); i += 2 {
		for r := s[i]; r <= min(s[i+1], lastFold); r++ {
			for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
				out = append(out, f, f)
			}
		}
	}
	return out.normalize()
}

func fromTable(tables ...*unicode.RangeTable) set {
	var out set
	for _, t := range tables {
		for _, r := range t.R16 {
			out = appendStride(out, rune(r.Lo), rune(r.Hi), rune(r.Stride))
		}
		for _, r := range t.R32 {
			out = appendStride(out, rune(r.Lo), rune(r.Hi), rune(r.Stride))
		}
	}
	return out.normalize()
}

func appendStride(s set, lo, hi, stride rune) set {
	if stride == 1 {
		return append(s, lo, hi)
	}
	for r := lo; r <= hi; r += stride {
		s = append(s, r, r)
	}
	return s
}

// property returns the set behind a POSIX bracket or \p{...} name.
func property(name string) (set, bool) {
	switch lower(name) {
	case "alnum":
		return fromTable(unicode.L, unicode.M, unicode.Nd), true
	case "alpha":
		return fromTable(unicode.L, unicode.M), true
	case "ascii":
		return set{0, 0x7f}, true
	case "blank":
		return set{'\t', '\t', ' ', ' '}.union(fromTable(unicode.Zs)), true
	case "cntrl":
		return fromTable(unicode.Cc), true
	case "digit":
		return fromTable(unicode.Nd), true
	case "graph":
		return fromTable(unicode.White_Space, unicode.Cc, unicode.Cs).negate(), true
	case "lower":
		return fromTable(unicode.Lower), true
	case "print":
		return fromTable(unicode.Cc, unicode.Cs).negate(), true
	case "punct":
		return fromTable(unicode.P).union(set{'$', '$', '+', '+', '<', '>', '^', '^', '`', '`', '|', '|', '~', '~'}.normalize()), true
	case "space":
		return fromTable(unicode.White_Space), true
	case "upper":
		return fromTable(unicode.Upper), true
	case "xdigit":
		return setHex, true
	case "word":
		return fromTable(unicode.L, unicode.M, unicode.Nd, unicode.Pc), true
	}
	for table, t := range unicode.Categories {
		if lower(table) == lower(name) {
			return fromTable(t), true
		}
	}
	for table, t := range unicode.Scripts {
		if lower(table) == lower(name) {
			return fromTable(t), true
		}
	}
	return nil, false
}

func lower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}
