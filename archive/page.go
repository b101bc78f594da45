// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"slices"
	"sync"

	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go/encoding/rle"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

var errColumn = errors.New("column is damaged")

// errForeign says that a column chunk is not made as this package's writer makes them. It may be right all the same.
var errForeign = errors.New("column chunk is not one page, or of another encoding")

// plainDictionary is the old name of two encodings, which others still write.
const plainDictionary format.Encoding = 2

// columnShape is what the schema says of a column.
type columnShape struct {
	kind     format.Type
	optional bool // may be NULL
	repeated bool // of a MAP: key or value
}

// maxPageBytes bounds a page, decompressed.
const maxPageBytes = math.MaxInt32

// decompressor decodes whole pages. It has no goroutines of its own.
var decompressor = sync.OnceValues(func() (*zstd.Decoder, error) {
	return zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecodeAllCapLimit(true), zstd.WithDecoderMaxMemory(maxPageBytes))
})

// page is a page, decompressed.
type page struct {
	header format.PageHeader
	data   []byte
}

// readPage decodes the page at the beginning of b and returns what is behind it. It is at most of that size.
func readPage(b []byte, limit int64, codec format.CompressionCodec) (p page, rest []byte, size int64, err error) {
	r := new(thrift.CompactProtocol).NewReaderFromBytes(b)
	if err := thrift.NewDecoder(r).Decode(&p.header); err != nil {
		return p, nil, 0, fmt.Errorf("page header: %w", errors.Join(errColumn, err))
	}
	head := r.BytesRead()
	n, raw := int64(p.header.CompressedPageSize), int64(p.header.UncompressedPageSize)
	if head > len(b) || n < 0 || n > int64(len(b)-head) || raw < 0 || raw > limit {
		return p, nil, 0, fmt.Errorf("page of %d bytes, %d uncompressed: %w", n, raw, errColumn)
	}
	compressed := b[head : int64(head)+n]
	if sum := crc32.ChecksumIEEE(compressed); sum != uint32(p.header.CRC) {
		return p, nil, 0, fmt.Errorf("page checksum is %08x, want %08x: %w", sum, uint32(p.header.CRC), errColumn)
	}
	if codec != format.Zstd {
		return p, nil, 0, errForeign
	}
	d, err := decompressor()
	if err != nil {
		return p, nil, 0, err
	}
	p.data, err = d.DecodeAll(compressed, make([]byte, 0, raw))
	if err != nil || int64(len(p.data)) != raw {
		return p, nil, 0, fmt.Errorf("decompress page of %d bytes: %w", raw, errors.Join(errColumn, err))
	}
	return p, b[int64(head)+n:], int64(head) + raw, nil
}

// decodeChunk decodes a column chunk of our writer's make: a dictionary page, perhaps, and a data page. rows are those of
// the row group.
func decodeChunk(meta *format.ColumnMetaData, shape columnShape, rows int, b []byte) (_ *column, err error) {
	defer guard(&err)
	var dict, data page
	total := int64(0)
	rest := b
	if meta.DictionaryPageOffset != 0 {
		var n int64
		if dict, rest, n, err = readPage(rest, meta.TotalUncompressedSize, meta.Codec); err != nil {
			return nil, err
		}
		total += n
		if dict.header.Type != format.DictionaryPage || !dict.header.DictionaryPageHeader.Valid {
			return nil, errForeign
		}
		if e := dict.header.DictionaryPageHeader.V.Encoding; e != format.Plain && e != plainDictionary {
			return nil, errForeign
		}
	}
	var n int64
	if data, rest, n, err = readPage(rest, meta.TotalUncompressedSize, meta.Codec); err != nil {
		return nil, err
	}
	if len(rest) > 0 || data.header.Type != format.DataPage || !data.header.DataPageHeader.Valid {
		return nil, errForeign
	}
	header := &data.header.DataPageHeader.V
	switch {
	case total+n != meta.TotalUncompressedSize || int64(header.NumValues) != meta.NumValues || !slices.Contains(meta.Encoding, header.Encoding):
		return nil, fmt.Errorf("page is not what the footer says: %w", errColumn)
	case !shape.repeated && meta.NumValues != int64(rows):
		return nil, fmt.Errorf("%d of %d rows: %w", meta.NumValues, rows, errColumn)
	}
	c := &column{values: int(meta.NumValues)}
	body := data.data
	var definition []uint8
	if shape.repeated {
		var repetition []uint8
		if repetition, body, err = levels(body, c.values); err != nil {
			return nil, err
		}
		if definition, body, err = levels(body, c.values); err != nil {
			return nil, err
		}
		if definition, err = c.setRows(repetition, definition, rows); err != nil {
			return nil, err
		}
	} else if shape.optional {
		if definition, body, err = levels(body, c.values); err != nil {
			return nil, err
		}
	}
	present := c.values
	for _, l := range definition {
		if l == 0 {
			present--
		}
	}
	if err := c.decode(shape.kind, header.Encoding, body, dict, present); err != nil {
		return nil, err
	}
	if present < c.values {
		c.spread(definition)
	}
	c.share()
	return c, nil
}

// levels decodes n levels of 0 and 1 and returns what is behind them.
func levels(b []byte, n int) (list []uint8, rest []byte, err error) {
	if len(b) < 4 {
		return nil, nil, fmt.Errorf("levels: %w", errColumn)
	}
	size := binary.LittleEndian.Uint32(b)
	b = b[4:]
	if uint64(size) > uint64(len(b)) {
		return nil, nil, fmt.Errorf("levels: %w", errColumn)
	}
	rest = b[size:]
	if n == 0 {
		return nil, rest, nil
	}
	if list, ok := runOfLevels(b[:size], n); ok {
		return list, rest, nil
	}
	if err := checkRuns(b[:size], 1, n); err != nil {
		return nil, nil, err
	}
	list, err = (&rle.Encoding{BitWidth: 1}).DecodeLevels(make([]uint8, 0, n+8), b[:size])
	if err != nil || len(list) < n {
		return nil, nil, fmt.Errorf("levels: %w", errors.Join(errColumn, err))
	}
	return list[:n], rest, nil
}

// runOfLevels decodes what is one run.
func runOfLevels(b []byte, n int) ([]uint8, bool) {
	head, k := binary.Uvarint(b)
	if k <= 0 || head&1 != 0 || len(b) != k+1 || head>>1 != uint64(n) {
		return nil, false
	}
	list := make([]uint8, n)
	if b[k]&1 != 0 {
		for i := range list {
			list[i] = 1
		}
	}
	return list, true
}

// checkRuns reports runs of more values than there are, before memory is set aside for them.
func checkRuns(b []byte, width, n int) error {
	for total := uint64(0); len(b) > 0; {
		head, k := binary.Uvarint(b)
		if k <= 0 {
			return fmt.Errorf("runs: %w", errColumn)
		}
		count, size := head>>1, uint64((width+7)/8)
		if head&1 != 0 {
			if count > math.MaxInt32 {
				return fmt.Errorf("runs: %w", errColumn)
			}
			count, size = count*8, count*uint64(width)
		}
		total += count
		if count > math.MaxInt32 || total > uint64(n)+8 {
			return fmt.Errorf("runs: %w", errColumn)
		}
		b = b[min(uint64(len(b)), uint64(k)+size):]
	}
	return nil
}

// setRows takes the levels of a MAP's column and returns the definition levels of its values: there are none of empty rows.
func (c *column) setRows(repetition, definition []uint8, rows int) ([]uint8, error) {
	c.rowStarts = make([]uint32, 0, rows+1)
	n := uint32(0)
	for i, r := range repetition {
		if r == 0 {
			if len(c.rowStarts) == rows {
				return nil, fmt.Errorf("more than %d rows: %w", rows, errColumn)
			}
			c.rowStarts = append(c.rowStarts, n)
		} else if definition[i] == 0 || i == 0 {
			return nil, fmt.Errorf("levels: %w", errColumn)
		}
		n += uint32(definition[i])
	}
	if len(c.rowStarts) != rows {
		return nil, fmt.Errorf("%d of %d rows: %w", len(c.rowStarts), rows, errColumn)
	}
	c.rowStarts = append(c.rowStarts, n)
	c.values = int(n)
	return nil, nil
}

// spread makes room for the NULLs among the values.
func (c *column) spread(definition []uint8) {
	entries := c.entries()
	c.none = uint32(entries)
	if entries == 0 { // all are NULL, which is then the same as an empty text or a 0
		c.none = 0
		if c.starts != nil {
			c.data, c.starts, c.gap = []byte{}, []uint32{0, 0}, 0
		} else {
			c.numbers = []int64{0}
		}
	}
	own := *c // as it was
	c.ids8, c.ids16, c.ids32 = nil, nil, nil
	n := len(definition)
	switch {
	case entries == 0:
		c.ids8 = make([]uint8, n)
		return
	case c.none < 1<<8:
		c.ids8 = make([]uint8, 0, n)
	case c.none < 1<<16:
		c.ids16 = make([]uint16, 0, n)
	default:
		c.ids32 = make([]uint32, 0, n)
	}
	next := 0
	for _, l := range definition {
		if l == 0 {
			c.appendID(c.none)
			continue
		}
		c.appendID(own.id(next))
		next++
	}
}
