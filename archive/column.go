// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"bytes"
	"slices"
	"sync"
	"sync/atomic"
	"unsafe"
)

// column is a column of a row group, decoded: numbers or texts. It never changes once it is made, so that queries may
// share it.
//
// Value i is entry ids[i] of the numbers or texts, or entry i where there are no ids: then all values are distinct or
// not worth telling apart. Text t is data[starts[t]:starts[t+1]-gap], where gap is what lies between two texts: 4 bytes
// of length in plain encoding. NULL is the number 0, or the empty text.
type column struct {
	numbers []int64

	data   []byte
	starts []uint32
	gap    uint32

	ids8  []uint8 // one of these, where there is a dictionary or a NULL
	ids16 []uint16
	ids32 []uint32
	none  uint32 // the id of NULL; it is the number of entries

	values int
	raw    *rawTexts // where each text begins is found out when it is asked for
	// packed are the texts in place of data, and unpacked the blocks of them that were asked for: such a column is one
	// goroutine's own.
	packed   *packedTexts
	unpacked [][]byte
	block    int // that was asked for last
	// rowStarts are, for a column of a MAP, where the values of each row begin, and the end.
	rowStarts  []uint32
	sharesRows bool // the rowStarts are another column's
}

// rawTexts are texts in plain encoding that were not looked through yet.
type rawTexts struct {
	once   sync.Once
	parsed atomic.Bool
	err    error
}

// isRaw reports whether the texts must be parsed before anything is asked of them.
func (c *column) isRaw() bool { return c.raw != nil && !c.raw.parsed.Load() }

// parse finds out where each text begins.
func (c *column) parse() error {
	if c.raw == nil {
		return nil
	}
	c.raw.once.Do(func() {
		if c.starts, c.raw.err = plainStarts(c.data, c.values); c.raw.err == nil {
			c.raw.parsed.Store(true)
		}
	})
	return c.raw.err
}

// entries is how many distinct values there may be, NULL not counted.
func (c *column) entries() int {
	if c.starts == nil {
		return len(c.numbers)
	}
	return len(c.starts) - 1
}

// plain reports whether value i is entry i.
func (c *column) plain() bool { return c.ids8 == nil && c.ids16 == nil && c.ids32 == nil }

// id returns the entry of value i.
func (c *column) id(i int) uint32 {
	if c.ids8 != nil {
		return uint32(c.ids8[i])
	}
	if c.ids16 != nil {
		return uint32(c.ids16[i])
	}
	if c.ids32 != nil {
		return c.ids32[i]
	}
	return uint32(i)
}

// entryBytes returns a text; none is nil.
func (c *column) entryBytes(id uint32) []byte {
	if int(id) >= len(c.starts)-1 {
		return nil
	}
	if c.packed != nil {
		return c.packedText(id)
	}
	return c.data[c.starts[id] : c.starts[id+1]-c.gap]
}

// length is that of the text of value i.
func (c *column) length(i int) int {
	id := c.id(i)
	if int(id) >= len(c.starts)-1 {
		return 0
	}
	return int(c.starts[id+1] - c.gap - c.starts[id])
}

// entry returns a text, which shares the column's memory.
func (c *column) entry(id uint32) string {
	b := c.entryBytes(id)
	return unsafe.String(unsafe.SliceData(b), len(b))
}

// text returns the text of value i, which shares the column's memory.
func (c *column) text(i int) string { return c.entry(c.id(i)) }

// number returns the number of value i.
func (c *column) number(i int) int64 {
	if id := c.id(i); int(id) < len(c.numbers) {
		return c.numbers[id]
	}
	return 0
}

// constant reports whether all values are the same entry.
func (c *column) constant() bool { return c.ids8 != nil && c.none == 0 && c.entries() == 1 }

// find returns the entry of a text in a column with a dictionary: the ids that have it. Mostly there is one or none.
func (c *column) find(text string) (ids []uint32) {
	for id := range uint32(c.entries()) {
		if string(c.entryBytes(id)) == text {
			ids = append(ids, id)
		}
	}
	if text == "" && c.none != 0 {
		ids = append(ids, c.none)
	}
	return ids
}

// equals returns which values, of the first n, are the text.
func (c *column) equals(text string, n int) bitset {
	found := newBitset(n, false)
	if c.packed != nil {
		c.equalsPacked(text, n, found)
		return found
	}
	if c.plain() {
		for i := range n {
			if string(c.entryBytes(uint32(i))) == text {
				found.set(i)
			}
		}
		return found
	}
	for _, id := range c.find(text) {
		if c.ids8 != nil {
			for at := 0; at < n; at++ {
				j := bytes.IndexByte(c.ids8[at:n], uint8(id))
				if j < 0 {
					break
				}
				at += j
				found.set(at)
			}
			continue
		}
		if c.ids16 != nil {
			for i, v := range c.ids16[:n] {
				if uint32(v) == id {
					found.set(i)
				}
			}
			continue
		}
		for i, v := range c.ids32[:n] {
			if v == id {
				found.set(i)
			}
		}
	}
	return found
}

// zeroIDs are the ids of a column whose values are all the same, which most columns are somewhere.
var zeroIDs [rowGroupRows]uint8

// sameRows reports whether the rows of two columns of a MAP have as many values, one by one.
func sameRows(a, b []uint32) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0] || slices.Equal(a, b))
}

// memory is what the column takes, in bytes.
func (c *column) memory() int64 {
	n := int64(unsafe.Sizeof(*c)) + 8*int64(cap(c.numbers)) + int64(cap(c.data)) + 4*int64(cap(c.starts)) + 2*int64(cap(c.ids16)) + 4*int64(cap(c.ids32))
	if !c.sharesRows {
		n += 4 * int64(cap(c.rowStarts))
	}
	if c.raw != nil && c.starts == nil {
		n += 4 * int64(c.values+1)
	}
	if len(c.ids8) > 0 && &c.ids8[0] != &zeroIDs[0] {
		n += int64(cap(c.ids8))
	}
	return n
}

// strides are the rowStarts of columns of a MAP in which every row has as many values, by that number.
var strides [17]struct {
	once   sync.Once
	starts [rowGroupRows + 1]uint32
}

// share makes what many columns have alike one: the ids where all values are the same, and the rowStarts where all rows
// have as many values.
func (c *column) share() {
	if n := len(c.rowStarts) - 1; n > 0 && n <= rowGroupRows {
		width := c.rowStarts[1]
		even := int(width) < len(strides)
		for i := 1; even && i <= n; i++ {
			even = c.rowStarts[i]-c.rowStarts[i-1] == width
		}
		if even {
			s := &strides[width]
			s.once.Do(func() {
				for i := range s.starts {
					s.starts[i] = uint32(i) * width
				}
			})
			c.rowStarts, c.sharesRows = s.starts[:n+1:n+1], true
		}
	}
	if c.constant() && len(c.ids8) > 0 && len(c.ids8) <= len(zeroIDs) {
		c.ids8 = zeroIDs[:len(c.ids8):len(c.ids8)]
	}
}
