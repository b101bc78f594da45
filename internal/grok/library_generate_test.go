// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grok

import (
	"math/rand/v2"
	"slices"
	"strings"
	"unicode"
)

// maker makes texts up from the syntax tree of a pattern: nearly all match it, many in more than one way.
type maker struct {
	r     *rand.Rand
	all   []*node // every node of the tree
	b     strings.Builder
	depth int  // of texts made up in place of .*
	ended bool // by what a look-ahead looks for
}

func newMaker(r *rand.Rand, root *node) *maker {
	m := &maker{r: r}
	root.any(func(n *node) bool {
		m.all = append(m.all, n)
		return false
	})
	return m
}

// text makes a text up that the node matches, look-around aside.
func (m *maker) text(n *node) string {
	m.b.Reset()
	m.ended = false
	m.add(n)
	return m.b.String()
}

const maxMade = 1200 // bytes

func (m *maker) add(n *node) {
	if m.b.Len() > maxMade || m.ended {
		return
	}
	switch n.op {
	case opClass:
		m.rune(n.set)
	case opAlt:
		m.add(n.subs[m.r.IntN(len(n.subs))])
	case opRepeat:
		sub := n.subs[0]
		if n.max < 0 && sub.op == opClass && len(sub.set) == 2 && sub.set[1] == unicode.MaxRune && m.depth < 2 && m.r.IntN(5) == 0 {
			// In place of .* something that also another part of the pattern takes.
			m.depth++
			m.add(m.all[m.r.IntN(len(m.all))])
			m.depth--
			return
		}
		most := n.min + 4
		if m.r.IntN(30) == 0 {
			most = n.min + 70
		}
		if n.max >= 0 {
			most = min(n.max, most)
		}
		for range n.min + m.r.IntN(most-n.min+1) {
			m.add(sub)
		}
	case opConcat, opCapture, opAtomic:
		for _, sub := range n.subs {
			m.add(sub)
		}
	case opLook:
		if !n.behind && !n.negative && m.r.IntN(2) == 0 {
			m.add(n.subs[0])
			m.ended = true
		}
	}
}

// rune writes a rune of s: mostly a letter or a digit, often one that separates things in logs, seldom any.
func (m *maker) rune(s set) {
	if len(s) == 0 {
		return
	}
	switch k := m.r.IntN(40); {
	case k < 26:
		s = narrow(s, set{'0', '9', 'A', 'Z', 'a', 'z'})
	case k < 38:
		s = narrow(s, set{' ', '/', ':', '@', '[', '`', '{', '~'})
	case k < 39:
		s = narrow(s, set{'\t', '\r', 0xa0, 0xff})
	}
	i := m.r.IntN(len(s)/2) * 2
	m.b.WriteRune(s[i] + rune(m.r.IntN(int(s[i+1]-s[i])+1)))
}

func narrow(s, to set) set {
	if both := s.intersect(to); len(both) > 0 {
		return both
	}
	return s
}

// spoil returns text with small changes, a part of it, or with something before or after it.
func spoil(r *rand.Rand, text string) string {
	b := []rune(text)
	const signs = " -\"[](){}:;/\\.,%+=<>'_|#@?\n\t0179aAfFzZ_éäß"
	all := []rune(signs)
	sign := func() rune { return all[r.IntN(len(all))] }
	for range 1 + r.IntN(3) {
		if len(b) == 0 {
			return string(sign())
		}
		at := r.IntN(len(b))
		switch r.IntN(9) {
		case 0: // without a few
			b = append(b[:at], b[min(at+1+r.IntN(4), len(b)):]...)
		case 1: // one more
			b = append(b[:at], append([]rune{sign()}, b[at:]...)...)
		case 2:
			b[at] = sign()
		case 3: // some of it twice
			to := min(at+1+r.IntN(12), len(b))
			b = append(b[:to:to], b[at:]...)
		case 4: // without its beginning or end
			if r.IntN(2) == 0 {
				b = b[min(r.IntN(8), len(b)-1):]
			} else {
				b = b[:max(len(b)-r.IntN(8), 1)]
			}
		case 5:
			b = append([]rune{sign(), sign()}[r.IntN(2):], b...)
		case 6:
			b = append(b, []rune{sign(), sign()}[r.IntN(2):]...)
		case 7:
			for i, c := range b[at:] {
				if unicode.IsDigit(c) {
					b[at+i] = rune("0123456789"[r.IntN(10)])
					break
				}
			}
		case 8: // another separator
			if i := slices.IndexFunc(b[at:], func(c rune) bool { return strings.ContainsRune(" ;:/,=", c) }); i >= 0 {
				b[at+i] = sign()
			}
		}
	}
	return string(b)
}
