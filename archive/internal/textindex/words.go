// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package textindex

import (
	"bytes"

	"github.com/cespare/xxhash/v2"
)

func sum64(s []byte) uint64 { return xxhash.Sum64(s) }

const (
	// maxWords, maxWordBytes and maxPostings bound the vocabulary of an object while it is built, to about 64 MiB in
	// all. What comes after is kept in the filters.
	maxWords     = 1 << 20
	maxWordBytes = 24 << 20
	maxPostings  = 4 << 20
	// maxNumber is from which length on a number is not kept in the table of numbers.
	maxNumber = 5
)

// words is the vocabulary of an object, while it is built: each distinct token, and the row groups that have it.
type words struct {
	slots []uint64 // hash table: upper half of the hash, index into ends plus one
	text  []byte
	ends  []uint32 // by word: end in text
	last  []uint32 // by word: the row group that has it, plus one
	posts []uint32 // words, in the order of row groups
	first []int    // by row group: where it begins in posts
	// numbers of up to maxNumber digits, without a table look-up: words plus one.
	numbers []uint32
	used    []uint32 // which numbers are set
}

// start begins an object.
func (w *words) start() {
	if w.slots == nil {
		w.slots = make([]uint64, 1<<14)
		w.numbers = make([]uint32, 200_000)
	}
	clear(w.slots)
	for _, n := range w.used {
		w.numbers[n] = 0
	}
	w.used, w.text, w.ends, w.last = w.used[:0], w.text[:0], w.ends[:0], w.last[:0]
	w.posts, w.first = w.posts[:0], w.first[:0]
}

// startGroup begins a row group.
func (w *words) startGroup() { w.first = append(w.first, len(w.posts)) }

func (w *words) word(i uint32) []byte {
	from := uint32(0)
	if i > 0 {
		from = w.ends[i-1]
	}
	return w.text[from:w.ends[i]]
}

// find returns the slot where the token is, or would be, and its index plus one or 0.
func (w *words) find(token []byte, hash uint64) (slot int, index uint32) {
	mask := uint64(len(w.slots) - 1)
	tag := hash >> 32 << 32
	for i := hash & mask; ; i = (i + 1) & mask {
		s := w.slots[i]
		if s == 0 {
			return int(i), 0
		}
		if s>>32<<32 == tag && bytes.Equal(w.word(uint32(s)-1), token) {
			return int(i), uint32(s)
		}
	}
}

// add makes the token a word of the current row group, and returns its index plus one; or 0 when there is no room for
// it, or it is not there and must not be made.
func (w *words) add(token []byte, create bool) uint32 {
	hash := wordHash(token)
	slot, index := w.find(token, hash)
	if index == 0 {
		if !create || len(w.ends) >= maxWords || len(w.text)+len(token) > maxWordBytes {
			return 0
		}
		w.text = append(w.text, token...)
		w.ends = append(w.ends, uint32(len(w.text)))
		w.last = append(w.last, 0)
		index = uint32(len(w.ends))
		w.slots[slot] = hash>>32<<32 | uint64(index)
		if 2*len(w.ends) > len(w.slots) {
			w.grow()
		}
	}
	if !w.post(index) {
		return 0
	}
	return index
}

// post notes that the current row group has the word of that index plus one. It is false when there is no room.
func (w *words) post(index uint32) bool {
	group := uint32(len(w.first))
	if w.last[index-1] != group {
		if len(w.posts) >= maxPostings {
			return false
		}
		w.last[index-1] = group
		w.posts = append(w.posts, index-1)
	}
	return true
}

// number is add for digits, at most maxNumber.
func (w *words) number(token []byte) bool {
	n := 0
	for _, c := range token {
		n = n*10 + int(c-'0')
	}
	// Leading zeros make another number: 1 to 5 digits are 111,110 in all.
	n += [...]int{0, 0, 10, 110, 1110, 11110}[len(token)]
	if index := w.numbers[n]; index > 0 {
		return w.last[index-1] == uint32(len(w.first)) || w.post(index)
	}
	index := w.add(token, true)
	if index > 0 {
		w.numbers[n] = index
		w.used = append(w.used, uint32(n))
	}
	return index > 0
}

func (w *words) grow() {
	old := w.slots
	w.slots = make([]uint64, 2*len(old))
	mask := uint64(len(w.slots) - 1)
	for _, s := range old {
		if s == 0 {
			continue
		}
		i := wordHash(w.word(uint32(s)-1)) & mask
		for w.slots[i] != 0 {
			i = (i + 1) & mask
		}
		w.slots[i] = s
	}
}

// trim lets go of memory that an unusual object needed.
func (w *words) trim() {
	if cap(w.text) > 8<<20 || cap(w.posts) > 1<<20 || len(w.slots) > 1<<20 {
		*w = words{}
	}
}
