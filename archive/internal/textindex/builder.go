// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package textindex

import (
	"unicode/utf8"
)

const (
	// fingerprintBits is the width of the filters' fingerprints: one token in 4,096 that is not in a row group seems
	// to be there.
	fingerprintBits = 12
	// minMixed, one for mixedRows rows, and at most maxMixed tokens like ids are words of an object; further ones go to
	// the filters. Few (names of hosts, versions) are better there: a vocabulary can be searched for parts of a token.
	minMixed  = 256
	maxMixed  = 8192
	mixedRows = 64
)

// Flags of a row group say what its filter may hold, besides what is in the vocabulary.
const (
	flagHex   = 1 << iota // hexadecimal tokens
	flagUUID              // UUIDs
	flagAny               // any tokens
	flagTime              // some tokens are not kept: fractions of seconds
	flagLoose             // not of the filter: a row has no shape
)

// Builder makes the index of one object after the other, and keeps its memory. For each: Start; for each row group
// StartGroup, Body for every row in the order of the file, Value for everything else, EndGroup; at last Finish. It is for
// one goroutine.
type Builder struct {
	words  words
	shapes shapes
	fuse   fuseBuilder
	rows   int // of the row groups before
	mixed  int // words of kindMixed
	group  groupEntry
	groups []groupEntry
	keys   keySet
	placed placedWords
	data   []byte // filters
	shape  []byte // scratch
	codec  encoder
	err    error
}

// Start begins an object, whatever became of the one before.
func (b *Builder) Start() {
	b.words.start()
	b.shapes.start()
	b.placed.start()
	b.rows, b.mixed, b.groups, b.data = 0, 0, b.groups[:0], b.data[:0]
	b.err = b.codec.init()
}

// StartGroup begins a row group.
func (b *Builder) StartGroup() {
	b.words.startGroup()
	b.shapes.startGroup()
	b.keys.reset()
	b.group = groupEntry{}
}

// Body adds the body of the next row.
func (b *Builder) Body(body []byte) {
	if len(body) > maxShapeBody {
		b.shapes.rows = append(b.shapes.rows, 0)
		b.Value(body)
		return
	}
	shape, copied := b.shape[:0], 0
	valid := true
	for i := 0; i < len(body); {
		flags := classes[body[i]]
		if flags == 0 {
			i++
			continue
		}
		start := i
		for i++; i < len(body); i++ {
			c := classes[body[i]]
			if c == 0 {
				break
			}
			flags |= c
		}
		token := body[start:i]
		if len(token) == 8 && flags&^hexDigits == 0 && isUUID(body, start) {
			shape = append(append(shape, body[copied:start]...), placeUUID)
			i = start + uuidBytes
			copied = i
			b.key(body[start:i], flagUUID)
			continue
		}
		if flags&digit == 0 {
			valid = valid && flags&marker == 0
			continue
		}
		kind, word := b.digitToken(token, flags)
		shape = append(shape, body[copied:start]...)
		copied = i
		if flags == digit {
			shape = append(shape, placeDigits)
			continue
		}
		if place := placeOf(token, flags, kind); place != 0 {
			shape = append(shape, place)
			if place >= placeConsonants {
				b.placed.add(place, word, token)
			}
		} else {
			shape = appendWithoutDigits(shape, token)
		}
		if flags&high != 0 {
			valid = valid && flags&marker == 0 && utf8.Valid(token)
		}
	}
	shape = append(shape, body[copied:]...)
	b.shape = shape
	if !valid {
		b.shapes.rows = append(b.shapes.rows, 0)
		b.Value(body)
		return
	}
	index, fresh := b.shapes.find(shape)
	b.shapes.rows = append(b.shapes.rows, index)
	if index == 0 {
		b.plainWords(shape, 0)
		return
	}
	e := &b.shapes.list[index-1]
	group := uint32(len(b.words.first))
	if e.group == group {
		return // its words are known
	}
	e.group = group
	if fresh {
		b.plainWords(shape, index)
		return
	}
	if e.plain {
		for _, w := range b.shapes.wordsOf(index - 1) {
			if !b.words.post(w) {
				b.key(b.words.word(w-1), flagAny)
			}
		}
		return
	}
	b.plainWords(shape, 0)
}

// plainWords takes the tokens without a digit out of a shape. Those of a new one are kept with it.
func (b *Builder) plainWords(shape []byte, index uint32) {
	from := len(b.shapes.words)
	all := true
	for i := 0; i < len(shape); {
		flags := classes[shape[i]]
		if flags == 0 {
			i++
			continue
		}
		start := i
		for i++; i < len(shape) && classes[shape[i]] != 0; i++ {
			flags |= classes[shape[i]]
		}
		if flags&marker != 0 {
			continue // a token with a digit
		}
		w := b.token(shape[start:i], flags)
		all = all && w > 0
		if index > 0 && all {
			b.shapes.words = append(b.shapes.words, w)
		}
	}
	if index > 0 {
		e := &b.shapes.list[index-1]
		e.plain = all
		if !all {
			b.shapes.words = b.shapes.words[:from]
		}
		e.wordsEnd = uint32(len(b.shapes.words))
	}
}

// Value adds another text of the row group: a value of an attribute, an id. Once is enough for each distinct one.
func (b *Builder) Value(v []byte) {
	for i := 0; i < len(v); {
		flags := classes[v[i]]
		if flags == 0 {
			i++
			continue
		}
		start := i
		for i++; i < len(v) && classes[v[i]] != 0; i++ {
			flags |= classes[v[i]]
		}
		if i-start == 8 && flags&^hexDigits == 0 && isUUID(v, start) {
			i = start + uuidBytes
			b.key(v[start:i], flagUUID)
			continue
		}
		b.token(v[start:i], flags)
	}
}

// token adds a token, and returns the index plus one of its word, or 0 if it is none.
func (b *Builder) token(token []byte, flags uint8) uint32 {
	if flags&digit == 0 && len(token) < longWord {
		w := b.words.add(token, true)
		if w == 0 {
			b.key(token, flagAny)
		}
		return w
	}
	b.digitToken(token, flags)
	return 0
}

// digitToken adds a token that holds a digit, or is long, and returns its kind, and the index plus one of its word.
func (b *Builder) digitToken(token []byte, flags uint8) (k kind, word uint32) {
	if flags == digit && len(token) <= maxNumber {
		if !b.words.number(token) {
			b.key(token, flagAny)
		}
		return kindWord, 0
	}
	k = kindOf(token, flags)
	switch k {
	case kindHex:
		b.key(token, flagHex)
		b.group.hexLengths |= lengthBit(len(token))
	case kindTime:
		b.group.flags |= flagTime
	case kindLong:
		b.key(token, flagAny)
	case kindMixed:
		had := len(b.words.ends)
		if word = b.words.add(token, b.mixed < min(maxMixed, minMixed+b.rows/mixedRows)); word == 0 {
			b.key(token, flagAny)
		}
		b.mixed += len(b.words.ends) - had
	default:
		if word = b.words.add(token, true); word == 0 {
			b.key(token, flagAny)
		}
	}
	return k, word
}

// lengthBit is a bit for a length, the last for all that are greater.
func lengthBit(n int) uint64 { return 1 << min(n, 63) }

// longerThan reports whether a length of the set may be greater than n.
func longerThan(lengths uint64, n int) bool { return n >= 63 || lengths>>(n+1) != 0 }

// key adds a token to the filter.
func (b *Builder) key(token []byte, flag uint8) {
	b.group.flags |= flag
	b.keys.add(hash64(token))
}

// EndGroup ends the row group.
func (b *Builder) EndGroup() {
	if b.err != nil {
		return
	}
	g := &b.group
	g.rows = len(b.shapes.rows)
	b.rows += g.rows
	keys := b.keys.list()
	g.keys = len(keys)
	from := len(b.data)
	if len(keys) > 0 && len(keys) <= maxFilterKeys {
		if data, f, ok := b.fuse.build(b.data, keys, fingerprintBits); ok {
			b.data, g.fuse = data, f
		}
	}
	g.filter.set(b.data[from:])
	b.shapes.endGroup(&b.codec, g)
	b.groups = append(b.groups, *g)
}

// keySet is the distinct keys of a row group.
type keySet struct {
	table []uint64
	keys  []uint64
	zero  bool
}

func (s *keySet) reset() {
	if s.table == nil || len(s.keys) > 1<<20 {
		s.table, s.keys = make([]uint64, 1<<16), nil
	} else {
		clear(s.table)
	}
	s.keys, s.zero = s.keys[:0], false
}

func (s *keySet) add(key uint64) {
	if key == 0 {
		if !s.zero {
			s.zero = true
			s.keys = append(s.keys, 0)
		}
		return
	}
	mask := uint64(len(s.table) - 1)
	for i := key & mask; ; i = (i + 1) & mask {
		if s.table[i] == key {
			return
		}
		if s.table[i] == 0 {
			s.table[i] = key
			break
		}
	}
	s.keys = append(s.keys, key)
	if 2*len(s.keys) > len(s.table) {
		s.table = make([]uint64, 2*len(s.table))
		mask = uint64(len(s.table) - 1)
		for _, k := range s.keys {
			if k == 0 {
				continue
			}
			i := k & mask
			for s.table[i] != 0 {
				i = (i + 1) & mask
			}
			s.table[i] = k
		}
	}
}

func (s *keySet) list() []uint64 { return s.keys }
