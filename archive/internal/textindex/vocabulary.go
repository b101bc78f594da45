// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package textindex

import (
	"bytes"
	"encoding/binary"
	"sort"
)

// wordList is a block of the vocabulary.
type wordList struct {
	n        int
	text     []byte // wordEnd, and each word with one behind it
	postings []byte
}

// wordsOf takes a decoded block apart.
func wordsOf(decoded []byte) (l wordList, err error) {
	d := decoder{rest: decoded}
	head := d.bytes(8)
	if d.err != nil {
		return l, d.err
	}
	l.n = int(binary.LittleEndian.Uint32(head))
	l.text = d.bytes(int(binary.LittleEndian.Uint32(head[4:])))
	l.postings = d.rest
	return l, d.err
}

// find calls hit with the number of every word whose text, with wordEnd before and behind it, holds the pattern. A word
// may come more than once. text is that of l, or another with as many words.
func (l *wordList) find(text, pattern []byte, hit func(word int)) {
	at, before := 0, 0 // how many ends are before at
	for at < len(text) {
		i := bytes.Index(text[at:], pattern)
		if i < 0 {
			return
		}
		end := at + i + 1 // behind the pattern's first byte, which may be the end of the word before
		before += bytes.Count(text[at:end], []byte{wordEnd})
		hit(before - 1)
		at = end
	}
}

// lookUp returns the number of the word, or -1.
func (l *wordList) lookUp(word []byte) int {
	lo, hi := 1, len(l.text) // where a word begins: that which is sought is not before lo, nor at hi or behind
	for lo < hi {
		at := lo + bytes.LastIndexByte(l.text[lo:lo+(hi-lo)/2], wordEnd) + 1
		n := bytes.IndexByte(l.text[at:], wordEnd)
		if n < 0 {
			return -1
		}
		switch c := bytes.Compare(l.text[at:at+n], word); {
		case c == 0:
			return bytes.Count(l.text[:at], []byte{wordEnd}) - 1
		case c < 0:
			lo = at + n + 1
		default:
			hi = at
		}
	}
	return -1
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
