// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package logformat

import (
	"math/bits"
	"sync/atomic"
)

// noFormat stands where no format is remembered.
const noFormat = 0xff

// ways is how many sources share a bucket of the memory.
const ways = 4

// memory remembers for each source the two formats that were found last. It is a table of a fixed size without locks: a
// source has a bucket of four words, each word the upper 48 bits of a source's mixed hash and two formats of 8 bits. A new
// source takes the place of the one that came in longest ago. Sources that look the same share a memory, which costs time and nothing
// else: what is remembered is only tried first.
type memory struct {
	mask  uint64 // of buckets
	words []atomic.Uint64
}

// newMemory returns a memory of about n sources, nil for none.
func newMemory(n int) *memory {
	if n <= 0 {
		return nil
	}
	buckets := uint64(1) << bits.Len64(uint64(n-1)/ways)
	return &memory{mask: buckets - 1, words: make([]atomic.Uint64, buckets*ways)}
}

const formatBits = 0xffff

// place returns the bucket of a source and its tag.
func (m *memory) place(source uint64) (bucket []atomic.Uint64, tag uint64) {
	h := source + 0x9e3779b97f4a7c15 // splitmix64: hashes of callers may be poor
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	h ^= h >> 31
	at := (h & m.mask) * ways
	tag = h &^ formatBits
	if tag == 0 { // an empty word has the tag 0
		tag = formatBits + 1
	}
	return m.words[at : at+ways], tag
}

// recall returns the formats of the source, the latest first, noFormat where there is none.
func (m *memory) recall(source uint64) (formats [2]uint8, known bool) {
	if m == nil {
		return [2]uint8{noFormat, noFormat}, false
	}
	bucket, tag := m.place(source)
	for i := range bucket {
		if w := bucket[i].Load(); w&^formatBits == tag {
			return [2]uint8{uint8(w), uint8(w >> 8)}, true
		}
	}
	return [2]uint8{noFormat, noFormat}, false
}

// learn notes that the format was found for the source.
func (m *memory) learn(source uint64, format uint8) {
	if m == nil {
		return
	}
	bucket, tag := m.place(source)
	for i := range bucket {
		if w := bucket[i].Load(); w&^formatBits == tag {
			if uint8(w) != format {
				bucket[i].Store(tag | uint64(uint8(w))<<8 | uint64(format))
			}
			return
		}
	}
	// Words move up by one, the last falls out. A race may lose a source, which is then learned again.
	for i := ways - 1; i > 0; i-- {
		bucket[i].Store(bucket[i-1].Load())
	}
	bucket[0].Store(tag | noFormat<<8 | uint64(format))
}
