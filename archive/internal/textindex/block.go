// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package textindex

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// Extent is a part of the index: a block.
type Extent struct {
	// Offset is from the first byte of the index on, and Bytes how long it is there.
	Offset, Bytes int64

	kind blockKind
	sum  uint64
	raw  int // words, shapes, placed: length before compression; rows: how many
	n    int // rows: distinct shapes
	all  int // rows: shapes of the object
}

type blockKind uint8

const (
	blockFilter blockKind = iota
	blockWords
	blockShapes
	blockPlaced
	blockRows
)

// Fetch returns blocks, decoded: what [Extent.Decode] makes of their bytes. They do not overlap and are in order; what
// lies near together may be read at once. Decoded blocks may be kept, by their offset, and are not changed.
type Fetch func(ctx context.Context, extents []Extent) ([][]byte, error)

// InMemory returns a Fetch for an index in memory.
func InMemory(index []byte) Fetch {
	return func(_ context.Context, extents []Extent) ([][]byte, error) {
		list := make([][]byte, len(extents))
		for i, e := range extents {
			if e.Offset < 0 || e.Bytes < 0 || e.Offset > int64(len(index))-e.Bytes {
				return nil, damaged("a block lies outside")
			}
			b, err := e.Decode(index[e.Offset : e.Offset+e.Bytes])
			if err != nil {
				return nil, err
			}
			list[i] = b
		}
		return list, nil
	}
}

// Decode checks and decodes the bytes of a block. The result shares no memory with them.
func (e *Extent) Decode(b []byte) ([]byte, error) {
	if int64(len(b)) != e.Bytes || sum64(b) != e.sum {
		return nil, damaged("checksum of the block at %d", e.Offset)
	}
	switch e.kind {
	case blockFilter:
		return slices.Clone(b), nil
	case blockRows:
		return decodeRows(b, e.raw, e.n, e.all)
	case blockWords:
		raw, err := decompress(b, e.raw)
		if err != nil {
			return nil, err
		}
		return decodeWords(raw)
	default:
		return decompress(b, e.raw)
	}
}

// blocks fetches blocks.
func (ix *Index) blocks(ctx context.Context, extents []Extent) ([][]byte, error) {
	data, err := ix.fetch(ctx, extents)
	if err != nil {
		return nil, fmt.Errorf("read index: %w", err)
	}
	if len(data) != len(extents) {
		return nil, errors.New("read index: blocks are missing")
	}
	return data, nil
}

// decompressor is shared: its DecodeAll has no state.
var decompressor = sync.OnceValue(func() *zstd.Decoder {
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(maxBlock), zstd.WithDecodeAllCapLimit(true))
	if err != nil {
		panic(err) // options are constant
	}
	return d
})

// decompress returns what must be exactly size bytes.
func decompress(data []byte, size int) ([]byte, error) {
	out, err := decompressor().DecodeAll(data, make([]byte, 0, size))
	if err != nil || len(out) != size {
		return nil, damaged("a block does not decompress to %d bytes", size)
	}
	return out, nil
}

// wordEnd follows each word of a decoded block, and goes before the first. No token has it.
const wordEnd = '\n'

// decodeWords makes of a block of words: their number and the length of the text that follows, 4 bytes each; the words,
// with wordEnd between and around them; their postings.
func decodeWords(raw []byte) ([]byte, error) {
	d := decoder{rest: raw}
	n := d.number(len(raw))
	size := d.number(len(raw))
	shared, more, text := d.bytes(n), d.bytes(n), d.bytes(size)
	if d.err != nil {
		return nil, d.err
	}
	total, last, own := 1, 0, 0
	for i := range n {
		if int(shared[i]) > last || int(shared[i])+int(more[i]) > maxWord {
			return nil, damaged("a word is too long")
		}
		last = int(shared[i]) + int(more[i])
		total += last + 1
		own += int(more[i])
	}
	if own != len(text) || bytes.IndexByte(text, wordEnd) >= 0 {
		return nil, damaged("words have %d bytes, want %d", len(text), own)
	}
	if total > maxBlock {
		return nil, damaged("a block of words has %d bytes", total)
	}
	out := make([]byte, 0, 8+total+len(d.rest))
	out = binary.LittleEndian.AppendUint32(out, uint32(n))
	out = binary.LittleEndian.AppendUint32(out, uint32(total))
	out = append(out, wordEnd)
	start := len(out)
	for i := range n {
		from := len(out)
		out = append(out, out[start:start+int(shared[i])]...)
		out = append(append(out, text[:more[i]]...), wordEnd)
		text = text[more[i]:]
		start = from
	}
	return append(out, d.rest...), nil
}

// decodeRows makes of the shapes of rows: the list of distinct shapes, 4 bytes each; a byte for each row; another
// where there are more than 255 shapes.
func decodeRows(b []byte, rows, distinct, shapes int) ([]byte, error) {
	d := decoder{rest: b}
	packed := d.bytes(d.number(len(b)))
	if d.err != nil {
		return nil, d.err
	}
	raw, err := decompressor().DecodeAll(packed, make([]byte, 0, distinct*binary.MaxVarintLen32+1))
	if err != nil {
		return nil, damaged("the shapes of a row group do not decompress")
	}
	planes := 1
	if distinct > 255 {
		planes = 2
	}
	out := make([]byte, 0, 4*distinct+planes*rows)
	l := decoder{rest: raw}
	last := 0
	for i := range distinct {
		v := l.number(shapes)
		if i >= frequentShapes {
			v += last
			last = v
		}
		if v >= shapes {
			return nil, damaged("shape %d of %d", v, shapes)
		}
		out = binary.LittleEndian.AppendUint32(out, uint32(v))
	}
	for range planes {
		plane, err := decompress(d.bytes(d.number(len(d.rest))), rows)
		if err != nil {
			return nil, err
		}
		out = append(out, plane...)
	}
	if l.err != nil || d.err != nil || len(l.rest) > 0 || len(d.rest) > 0 {
		return nil, damaged("the shapes of a row group")
	}
	return out, nil
}
