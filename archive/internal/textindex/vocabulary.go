// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package textindex

import (
	"bytes"
	"sort"
)

// wordList is a block of the vocabulary, taken apart.
type wordList struct {
	n                int
	shared, suffixes []byte // lengths, by word
	text             []byte
	postings         []byte
}

func parseWords(raw []byte) (wordList, error) {
	d := decoder{rest: raw}
	var l wordList
	l.n = d.number(len(raw))
	size := d.number(len(raw))
	l.shared, l.suffixes, l.text = d.bytes(l.n), d.bytes(l.n), d.bytes(size)
	l.postings = d.rest
	if d.err != nil {
		return wordList{}, d.err
	}
	sum, last := 0, 0
	for i := range l.n {
		if int(l.shared[i]) > last || int(l.shared[i])+int(l.suffixes[i]) > maxWord {
			return wordList{}, damaged("a word is too long")
		}
		last = int(l.shared[i]) + int(l.suffixes[i])
		sum += int(l.suffixes[i])
	}
	if sum != len(l.text) {
		return wordList{}, damaged("words have %d bytes, want %d", len(l.text), sum)
	}
	return l, nil
}

// each calls f for every word in order, whose bytes are valid during the call, until it returns false.
func (l *wordList) each(f func(i int, word []byte) bool) {
	var buf [2 * maxWord]byte
	text := l.text
	for i := range l.n {
		s, n := int(l.shared[i]), int(l.suffixes[i])
		copy(buf[s:], text[:n])
		text = text[n:]
		if !f(i, buf[:s+n]) {
			return
		}
	}
}

// groups adds the row groups of the words of which hits is true to the set.
func (l *wordList) groups(hits []bool, into groupSet, groups int) error {
	d := decoder{rest: l.postings}
	counts := make([]int, l.n)
	for i := range counts {
		counts[i] = d.number(groups)
	}
	for i, n := range counts {
		hit := hits[i]
		switch {
		case n == 0:
			if hit {
				into.fill(groups)
			}
		case n >= bitmapBytes(groups):
			b := d.bytes(bitmapBytes(groups))
			if hit {
				for j, bits := range b {
					into[j>>3] |= uint64(bits) << (j & 7 * 8)
				}
			}
		default:
			g := -1
			for range n {
				if g += d.number(groups) + 1; g >= groups {
					return damaged("row group %d of %d", g, groups)
				}
				if hit {
					into.add(g)
				}
			}
		}
	}
	into.trim(groups)
	if d.err == nil && len(d.rest) > 0 {
		return damaged("%d bytes behind a block of words", len(d.rest))
	}
	return d.err
}

// blockOf returns which block of the vocabulary may hold the word, or -1.
func (ix *Index) blockOf(word []byte) int {
	return sort.Search(len(ix.words), func(i int) bool { return bytes.Compare(ix.words[i].first, word) > 0 }) - 1
}

// groupSet is a set of row groups.
type groupSet []uint64

func newGroupSet(groups int) groupSet { return make(groupSet, (groups+63)/64) }

func (s groupSet) add(g int)      { s[g>>6] |= 1 << (g & 63) }
func (s groupSet) remove(g int)   { s[g>>6] &^= 1 << (g & 63) }
func (s groupSet) has(g int) bool { return s[g>>6]>>(g&63)&1 != 0 }

func (s groupSet) fill(groups int) {
	for i := range s {
		s[i] = ^uint64(0)
	}
	s.trim(groups)
}

// trim takes out what lies behind the last row group.
func (s groupSet) trim(groups int) {
	if r := groups & 63; r != 0 {
		s[len(s)-1] &= 1<<r - 1
	}
}

func (s groupSet) empty() bool {
	for _, w := range s {
		if w != 0 {
			return false
		}
	}
	return true
}

func (s groupSet) and(t groupSet) {
	for i := range s {
		s[i] &= t[i]
	}
}

func (s groupSet) or(t groupSet) {
	for i := range s {
		s[i] |= t[i]
	}
}

func (s groupSet) clone() groupSet { return append(groupSet(nil), s...) }
