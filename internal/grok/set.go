// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grok

import (
	"slices"
	"strings"
	"sync"
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
	out := make(set, 0, len(s)+len(t))
	for i, j := 0, 0; i < len(s) || j < len(t); {
		from, at := s, &i
		if i == len(s) || j < len(t) && t[j] < s[i] {
			from, at = t, &j
		}
		lo, hi := from[*at], from[*at+1]
		*at += 2
		if n := len(out); n > 0 && lo <= out[n-1]+1 {
			out[n-1] = max(out[n-1], hi)
			continue
		}
		out = append(out, lo, hi)
	}
	return out
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
	lo, hi := 0, len(s)/2
	for lo < hi {
		if mid := (lo + hi) / 2; s[2*mid+1] < r {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo < len(s)/2 && s[2*lo] <= r
}

// cased are the runes that have another case.
var cased = sync.OnceValue(func() set {
	const last = 0x1E943
	var out set
	for r := rune(0); r <= last; r++ {
		if unicode.SimpleFold(r) != r {
			out = append(out, r, r)
		}
	}
	return out.normalize()
})

// hasCase reports whether s has a rune with another case.
func (s set) hasCase() bool { return !s.disjoint(cased()) }

// fold adds every rune that differs from one of s only by case.
func (s set) fold() set {
	with := s.intersect(cased())
	if len(with) == 0 {
		return s
	}
	out := slices.Clone(s)
	for i := 0; i < len(with); i += 2 {
		for r := with[i]; r <= with[i+1]; r++ {
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

// posixNames are the names of POSIX brackets.
var posixNames = []string{"alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space", "upper", "word", "xdigit"}

// known keeps the sets that names stand for: there are no more than names.
var known sync.Map

func remember(key string, make func() set) set {
	if s, ok := known.Load(key); ok {
		return s.(set)
	}
	s := make()
	known.Store(key, s)
	return s
}

// posix returns the set behind [:name:]; ascii leaves out what is beyond ASCII.
func posix(name string, ascii bool) (set, bool) {
	if !slices.Contains(posixNames, name) {
		return nil, false
	}
	s := remember("[:"+name, func() set {
		if name == "punct" { // with the symbols that ASCII has
			return fromTable(unicode.P).union(set{'$', '$', '+', '+', '<', '>', '^', '^', '`', '`', '|', '|', '~', '~'}.normalize())
		}
		s, _ := property(name)
		return s
	})
	if ascii {
		s = s.intersect(set{0, 0x7f})
	}
	return s, true
}

// property returns the set behind \p{name}: a POSIX bracket's, a general category, a script or a binary property. Case,
// blanks, _ and - in the name do not matter.
func property(name string) (set, bool) {
	name = strings.Map(func(r rune) rune {
		if r == ' ' || r == '_' || r == '-' {
			return -1
		}
		return r
	}, lower(name))
	table, ok := propertyTables()[name]
	if !ok {
		return nil, false
	}
	return remember(name, table), true
}

var propertyTables = sync.OnceValue(func() map[string]func() set {
	out := map[string]func() set{}
	plain := func(name string) string { return strings.ReplaceAll(lower(name), "_", "") }
	add := func(name string, tables ...*unicode.RangeTable) {
		out[plain(name)] = func() set { return fromTable(tables...) }
	}
	for name, t := range unicode.Properties {
		add(name, t)
	}
	for name, t := range unicode.Scripts {
		add(name, t)
	}
	for name, t := range unicode.Categories {
		add(name, t)
	}
	for alias, name := range unicode.CategoryAliases {
		if t := unicode.Categories[name]; t != nil {
			add(alias, t)
		}
	}
	alphabetic := []*unicode.RangeTable{unicode.L, unicode.Nl, unicode.Other_Alphabetic}
	visible := func() set { return fromTable(unicode.White_Space, unicode.Cc, unicode.Cs, unicode.Cn).negate() }
	add("alnum", append(slices.Clone(alphabetic), unicode.Nd)...)
	add("alpha", alphabetic...)
	add("alphabetic", alphabetic...)
	add("blank", unicode.Zs, &unicode.RangeTable{R16: []unicode.Range16{{Lo: '\t', Hi: '\t', Stride: 1}}})
	add("cntrl", unicode.Cc)
	add("digit", unicode.Nd)
	add("lower", unicode.Ll, unicode.Other_Lowercase)
	add("lowercase", unicode.Ll, unicode.Other_Lowercase)
	add("space", unicode.White_Space)
	add("upper", unicode.Lu, unicode.Other_Uppercase)
	add("uppercase", unicode.Lu, unicode.Other_Uppercase)
	add("word", append(slices.Clone(alphabetic), unicode.M, unicode.Nd, unicode.Pc)...)
	add("punct", unicode.P)
	out["any"] = func() set { return setAll }
	out["ascii"] = func() set { return set{0, 0x7f} }
	out["assigned"] = func() set { return fromTable(unicode.Cn).negate() }
	out["graph"] = visible
	out["print"] = func() set { return visible().union(fromTable(unicode.Zs)) }
	out["xdigit"] = func() set { return setHex }
	return out
})

func lower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}
