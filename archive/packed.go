// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"slices"
	"sort"

	"github.com/klauspost/compress/s2"
)

// packBytes is how much text is packed together: what must be unpacked for the sake of one. Tests change it.
var packBytes uint32 = 16 << 10

// packedTexts are the texts of a large column as the cache keeps them: compressed again, so that several times as many
// fit, in small blocks, so that a few of them cost little. They do not change.
type packedTexts struct {
	starts []uint32 // as those of the column
	gap    uint32
	values int
	from   []uint32 // where each block begins in the column's data, and the end
	first  []uint32 // the first text of each block, and the number of texts
	blocks [][]byte
}

// pack packs a parsed column of texts in plain encoding.
func pack(c *column) *packedTexts {
	p := &packedTexts{starts: c.starts, gap: c.gap, values: c.values, from: []uint32{0}, first: []uint32{0}}
	for row := 1; row <= c.values; row++ {
		at := uint32(len(c.data))
		if row < c.values {
			at = c.starts[row] - c.gap
		}
		if from := p.from[len(p.from)-1]; at-from >= packBytes || row == c.values {
			p.blocks = append(p.blocks, slices.Clip(slices.Clone(s2.Encode(nil, c.data[from:at]))))
			p.from, p.first = append(p.from, at), append(p.first, uint32(row))
		}
	}
	return p
}

func (p *packedTexts) memory() int64 {
	n := 4 * int64(cap(p.starts)+cap(p.from)+cap(p.first))
	for _, b := range p.blocks {
		n += int64(cap(b)) + 24
	}
	return n
}

// open returns a column that unpacks what is asked for, for one goroutine.
func (p *packedTexts) open() *column {
	return &column{starts: p.starts, gap: p.gap, values: p.values, packed: p, unpacked: make([][]byte, len(p.blocks))}
}

// unpack decodes a block into buf, if that is large enough.
func (p *packedTexts) unpack(block int, buf []byte) []byte {
	b, err := s2.Decode(buf, p.blocks[block])
	if err != nil || len(b) != int(p.from[block+1]-p.from[block]) {
		panic("packed texts do not unpack") // they were packed in this process
	}
	return b
}

// packedText returns a text of a packed column.
func (c *column) packedText(id uint32) []byte {
	p := c.packed
	block := c.block
	if id < p.first[block] || id >= p.first[block+1] {
		block = sort.Search(len(p.blocks), func(i int) bool { return p.first[i+1] > id })
		c.block = block
	}
	if c.unpacked[block] == nil {
		c.unpacked[block] = p.unpack(block, nil)
	}
	base := p.from[block]
	return c.unpacked[block][c.starts[id]-base : c.starts[id+1]-c.gap-base]
}

// equalsPacked finds the texts, of the first n, that are the text. What it unpacks it does not keep.
func (c *column) equalsPacked(text string, n int, found bitset) {
	p := c.packed
	var buf []byte
	for i := range p.blocks {
		data := c.unpacked[i]
		if data == nil {
			if size := int(p.from[i+1] - p.from[i]); cap(buf) < size {
				buf = make([]byte, size)
			}
			data = p.unpack(i, buf[:cap(buf)])
		}
		base := p.from[i]
		for row := p.first[i]; row < p.first[i+1] && int(row) < n; row++ {
			if string(data[c.starts[row]-base:c.starts[row+1]-c.gap-base]) == text {
				found.set(int(row))
			}
		}
	}
}

// searchPacked looks for a text in the blocks that hold a row that is asked for.
func (n *needles) searchPacked(c *column, ask, found bitset) {
	p := c.packed
	var buf []byte
	for i := range p.blocks {
		if ask != nil && !ask.any(int(p.first[i]), int(p.first[i+1])) {
			continue
		}
		data := c.unpacked[i]
		if data == nil {
			if size := int(p.from[i+1] - p.from[i]); cap(buf) < size {
				buf = make([]byte, size)
			}
			data = p.unpack(i, buf[:cap(buf)])
		}
		n.searchTexts(data, p.from[i], c.starts, c.gap, int(p.first[i]), int(p.first[i+1]), found)
	}
}
