// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package textindex

import (
	"bytes"
	"unicode/utf8"
)

// The placeholders of a shape, by the tokens, or parts of tokens, they stand for. None is a byte of UTF-8.
const (
	placeDigits     = 0xF8 + iota // 0-9
	placeHex                      // 0-9, a-f
	placeUpperHex                 // 0-9, A-F
	placeUUID                     // a UUID
	placeConsonants               // 0-9, b-z without vowels and y: names of pods, where no words can be
	placeASCII                    // other ASCII letters and digits
	placeAny                      // other tokens
	places          = 7
)

const (
	// maxShapeBody is how long a body with a shape may be.
	maxShapeBody = 4 << 10
	// maxGroupShapes is how many shapes of a row group may be new in the object, maxShapes how many it has, and
	// maxShapeBytes how long they are in all. Bodies of further shapes have none.
	maxGroupShapes = 4096
	maxShapes      = 1 << 16
	maxShapeBytes  = 16 << 20
)

// placeOf returns the placeholder of a token that holds a digit and a letter, or 0: its digits alone are replaced.
func placeOf(token []byte, flags uint8, kind kind) byte {
	switch {
	case flags&^(digit|lowerHex) == 0:
		return placeHex
	case flags&^(digit|upperHex) == 0:
		return placeUpperHex
	case flags&^(digit|lowerHex|lowerOther) == 0 && len(token) >= 5 && likePodName(token):
		return placeConsonants
	case kind == kindWord || kind == kindTime:
		return 0
	case flags&high == 0:
		return placeASCII
	default:
		return placeAny
	}
}

// likePodName reports whether at least three letters of the token are consonants, and none is another.
func likePodName(token []byte) bool {
	letters := 0
	for _, c := range token {
		if c > '9' {
			if !consonant(c) {
				return false
			}
			letters++
		}
	}
	return letters >= 3
}

func consonant(c byte) bool {
	switch c {
	case 'a', 'e', 'i', 'o', 'u', 'y':
		return false
	}
	return true
}

// appendWithoutDigits appends a token with a placeholder for each run of digits.
func appendWithoutDigits(shape, token []byte) []byte {
	in := false
	for _, c := range token {
		is := c >= '0' && c <= '9'
		if !is {
			shape = append(shape, c)
		} else if !in {
			shape = append(shape, placeDigits)
		}
		in = is
	}
	return shape
}

// shapes are those of an object, while it is built.
type shapes struct {
	slots []uint64 // hash table: upper half of the hash, index plus one
	list  []shapeEntry
	text  []byte
	words []uint32 // indices plus one of the words in the shapes
	fresh int      // in this row group

	rows   []uint32 // of the current row group: index plus one, or 0
	groups []groupShapes
	counts []uint32 // scratch, by shape plus one
	order  []uint32 // scratch: sorted
}

// groupShapes are those of a row group.
type groupShapes struct {
	locals []uint32 // distinct shapes
	planes []byte   // which of them each row has, encoded
}

type shapeEntry struct {
	end, wordsEnd uint32 // in text and words
	group         uint32 // the last that has it, plus one
	plain         bool   // words tells all words of the shape
}

func (s *shapes) start() {
	if s.slots == nil {
		s.slots = make([]uint64, 1<<12)
	}
	clear(s.slots)
	s.list, s.text, s.words, s.groups = s.list[:0], s.text[:0], s.words[:0], s.groups[:0]
}

func (s *shapes) startGroup() { s.rows, s.fresh = s.rows[:0], 0 }

func (s *shapes) shape(i uint32) []byte {
	from := uint32(0)
	if i > 0 {
		from = s.list[i-1].end
	}
	return s.text[from:s.list[i].end]
}

func (s *shapes) wordsOf(i uint32) []uint32 {
	from := uint32(0)
	if i > 0 {
		from = s.list[i-1].wordsEnd
	}
	return s.words[from:s.list[i].wordsEnd]
}

// find returns the index plus one of the shape, made if there is room; 0 if there is none. fresh says that it is new.
func (s *shapes) find(shape []byte) (index uint32, fresh bool) {
	hash := sum64(shape)
	tag := hash >> 32 << 32
	mask := uint64(len(s.slots) - 1)
	i := hash & mask
	for ; s.slots[i] != 0; i = (i + 1) & mask {
		if v := s.slots[i]; v>>32<<32 == tag && bytes.Equal(s.shape(uint32(v)-1), shape) {
			return uint32(v), false
		}
	}
	if s.fresh >= maxGroupShapes || len(s.list) >= maxShapes || len(s.text)+len(shape) > maxShapeBytes || !validShape(shape) {
		return 0, false
	}
	s.fresh++
	s.text = append(s.text, shape...)
	s.list = append(s.list, shapeEntry{end: uint32(len(s.text)), wordsEnd: uint32(len(s.words))})
	index = uint32(len(s.list))
	s.slots[i] = tag | uint64(index)
	if 2*len(s.list) > len(s.slots) {
		s.grow()
	}
	return index, true
}

func (s *shapes) grow() {
	old := s.slots
	s.slots = make([]uint64, 2*len(old))
	mask := uint64(len(s.slots) - 1)
	for _, v := range old {
		if v == 0 {
			continue
		}
		i := sum64(s.shape(uint32(v)-1)) & mask
		for s.slots[i] != 0 {
			i = (i + 1) & mask
		}
		s.slots[i] = v
	}
}

// validShape reports whether the text between placeholders is UTF-8.
func validShape(shape []byte) bool {
	for len(shape) > 0 {
		if c := shape[0]; c < utf8.RuneSelf || c >= placeDigits {
			shape = shape[1:]
			continue
		}
		r, n := utf8.DecodeRune(shape)
		if r == utf8.RuneError && n == 1 {
			return false
		}
		shape = shape[n:]
	}
	return true
}

// trim lets go of memory that an unusual object needed.
func (s *shapes) trim() {
	if cap(s.text) > 4<<20 || cap(s.words) > 1<<20 {
		*s = shapes{}
	}
}
