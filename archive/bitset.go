// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import "math/bits"

// bitset is a set of rows of a row group: row i is bit i%64 of word i/64.
type bitset []uint64

// newBitset returns the set of all or of none of n rows.
func newBitset(n int, full bool) bitset {
	b := make(bitset, (n+63)/64)
	if full {
		for i := range b {
			b[i] = ^uint64(0)
		}
		if n%64 != 0 {
			b[len(b)-1] = 1<<(n%64) - 1
		}
	}
	return b
}

func (b bitset) has(i int) bool { return b[i>>6]&(1<<(i&63)) != 0 }
func (b bitset) set(i int)      { b[i>>6] |= 1 << (i & 63) }
func (b bitset) clear(i int)    { b[i>>6] &^= 1 << (i & 63) }

func (b bitset) count() (n int) {
	for _, w := range b {
		n += bits.OnesCount64(w)
	}
	return n
}

// any reports whether one of the rows from one on up to another, not included, is in the set.
func (b bitset) any(from, to int) bool {
	for i := from; i < to; i++ {
		if b[i>>6]>>(i&63) == 0 { // nothing in the rest of the word
			i |= 63
		} else if b.has(i) {
			return true
		}
	}
	return false
}

func (b bitset) empty() bool {
	for _, w := range b {
		if w != 0 {
			return false
		}
	}
	return true
}

// and keeps what is in c, too; without, what is not.
func (b bitset) and(c bitset) {
	for i := range b {
		b[i] &= c[i]
	}
}

func (b bitset) without(c bitset) {
	for i := range b {
		b[i] &^= c[i]
	}
}

func (b bitset) or(c bitset) {
	for i := range b {
		b[i] |= c[i]
	}
}

// within reports whether every row of b is in c.
func (b bitset) within(c bitset) bool {
	for i := range b {
		if b[i]&^c[i] != 0 {
			return false
		}
	}
	return true
}

// each calls visit with the rows in order; visit may clear the row.
func (b bitset) each(visit func(row int)) {
	for i, w := range b {
		for ; w != 0; w &= w - 1 {
			visit(i<<6 | bits.TrailingZeros64(w))
		}
	}
}

// rows ranges over the rows in order.
func (b bitset) rows(yield func(row int) bool) {
	for i, w := range b {
		for ; w != 0; w &= w - 1 {
			if !yield(i<<6 | bits.TrailingZeros64(w)) {
				return
			}
		}
	}
}
