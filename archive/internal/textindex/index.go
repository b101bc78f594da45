// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package textindex

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"unsafe"
)

// ErrDamaged is an index that is not what its writer wrote.
var ErrDamaged = errors.New("index is damaged")

func damaged(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrDamaged}, args...)...)
}

// maxBlock bounds what a reader takes for the length of a block of words or shapes before compression.
const maxBlock = 4 << 20

// Index reads the index of one object. It is safe for concurrent use.
type Index struct {
	fetch  Fetch
	groups []indexGroup
	words  []indexBlock
	shapes []indexBlock
	placed indexBlock
	count  int // of shapes
	memory int64
}

type indexGroup struct {
	groupEntry
	filterAt, shapesAt int64
}

type indexBlock struct {
	blockEntry
	at      int64
	first   []byte // word
	lengths uint64 // of words, a bit for each
	count   int    // shapes
}

// Open decodes the directory, the last bytes of an index of size bytes over row groups of that many rows. The caller
// has checked its checksum; damage is an error all the same.
func Open(directory []byte, size int64, rows []int, fetch Fetch) (*Index, error) {
	d := decoder{rest: slices.Clone(directory)} // not to keep what it is a part of
	if string(d.bytes(len(magic))) != magic {
		return nil, damaged("it does not begin with %s", magic)
	}
	if v := d.byte(); v != version {
		return nil, fmt.Errorf("index has version %d, %d is known", v, version)
	}
	if n := d.number(len(directory)); n != len(rows) {
		return nil, damaged("%d row groups, want %d", n, len(rows))
	}
	ix := &Index{fetch: fetch, groups: make([]indexGroup, len(rows))}
	for i := range ix.groups {
		d.group(&ix.groups[i].groupEntry)
		if d.err == nil && ix.groups[i].rows != rows[i] {
			return nil, damaged("%d rows in row group %d, want %d", ix.groups[i].rows, i, rows[i])
		}
	}
	var at int64
	for i := range ix.groups {
		ix.groups[i].filterAt = at
		at += int64(ix.groups[i].filter.bytes)
	}
	for range d.number(len(d.rest)) {
		b := indexBlock{first: d.bytes(d.number(maxWord)), lengths: d.u64()}
		d.block(&b.blockEntry)
		if d.err != nil {
			break
		}
		b.at = at
		at += int64(b.blockEntry.bytes)
		ix.words = append(ix.words, b)
	}
	for range d.number(len(d.rest)) {
		b := indexBlock{count: d.number(maxShapes)}
		d.block(&b.blockEntry)
		if d.err != nil {
			break
		}
		b.at = at
		at += int64(b.blockEntry.bytes)
		ix.count += b.count
		ix.shapes = append(ix.shapes, b)
	}
	d.block(&ix.placed.blockEntry)
	ix.placed.at = at
	at += int64(ix.placed.blockEntry.bytes)
	for i := range ix.groups {
		ix.groups[i].shapesAt = at
		at += int64(ix.groups[i].groupEntry.shapes.bytes)
	}
	switch {
	case d.err != nil:
		return nil, d.err
	case len(d.rest) > 0:
		return nil, damaged("%d bytes behind the directory", len(d.rest))
	case at != size-int64(len(directory)):
		return nil, damaged("%d bytes in blocks, want %d", at, size-int64(len(directory)))
	case ix.count > maxShapes:
		return nil, damaged("%d shapes", ix.count)
	}
	ix.memory = int64(len(directory)) + int64(cap(ix.groups))*int64(unsafe.Sizeof(indexGroup{})) +
		int64(cap(ix.words)+cap(ix.shapes))*int64(unsafe.Sizeof(indexBlock{}))
	return ix, nil
}

// Groups is how many row groups it covers.
func (ix *Index) Groups() int { return len(ix.groups) }

// Memory is how many bytes it holds, the directory's included.
func (ix *Index) Memory() int64 { return ix.memory }

// decoder takes a directory or block apart. The first error ends it.
type decoder struct {
	rest []byte
	err  error
}

func (d *decoder) fail() {
	if d.err == nil {
		d.err = damaged("it ends too early, or has a number that is too large")
	}
	d.rest = nil
}

func (d *decoder) bytes(n int) []byte {
	if n < 0 || n > len(d.rest) {
		d.fail()
		return nil
	}
	b := d.rest[:n:n]
	d.rest = d.rest[n:]
	return b
}

func (d *decoder) byte() byte {
	if b := d.bytes(1); b != nil {
		return b[0]
	}
	return 0
}

// number reads an integer that is at most most.
func (d *decoder) number(most int) int {
	v, n := binary.Uvarint(d.rest)
	if n <= 0 || v > uint64(most) {
		d.fail()
		return 0
	}
	d.rest = d.rest[n:]
	return int(v)
}

func (d *decoder) u64() uint64 {
	if b := d.bytes(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

const (
	maxRows       = 1 << 22
	maxFilterSize = 1 << 28
	maxBlockSize  = 1 << 26
)

func (d *decoder) group(g *groupEntry) {
	g.rows = d.number(maxRows)
	if g.flags = d.byte(); g.flags&flagHex != 0 {
		g.hexLengths = d.u64()
	}
	g.keys = d.number(maxFilterKeys)
	if g.filter.bytes = d.number(maxFilterSize); g.filter.bytes > 0 {
		g.fuse.bits = uint32(d.byte())
		g.fuse.segment = uint32(d.number(maxSegment))
		g.fuse.segments = uint32(d.number(maxFilterKeys))
		g.fuse.seed, g.filter.sum = d.u64(), d.u64()
		if s := g.fuse.segment; s == 0 || s&(s-1) != 0 || g.fuse.segments == 0 || g.fuse.bits < 1 || g.fuse.bits > 16 || g.fuse.bytes() != g.filter.bytes {
			d.fail()
		}
	}
	if g.shapes.bytes = d.number(maxBlockSize); g.shapes.bytes > 0 {
		g.shapes.raw, g.shapes.sum = d.number(maxShapes), d.u64()
	}
}

func (d *decoder) block(e *blockEntry) {
	e.bytes, e.raw, e.sum = d.number(maxBlockSize), d.number(maxBlock), d.u64()
}

func (ix *Index) filterExtent(g int) Extent {
	e := &ix.groups[g]
	return Extent{Offset: e.filterAt, Bytes: int64(e.filter.bytes), kind: blockFilter, sum: e.filter.sum}
}

func (ix *Index) rowsExtent(g int) Extent {
	e := &ix.groups[g]
	s := &e.groupEntry.shapes
	return Extent{Offset: e.shapesAt, Bytes: int64(s.bytes), kind: blockRows, sum: s.sum, raw: e.rows, n: s.raw, all: ix.count}
}

func (b *indexBlock) extent(kind blockKind) Extent {
	return Extent{Offset: b.at, Bytes: int64(b.blockEntry.bytes), kind: kind, sum: b.sum, raw: b.raw}
}
