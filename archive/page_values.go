// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/parquet-go/parquet-go/encoding/delta"
	"github.com/parquet-go/parquet-go/format"
)

// decode decodes the values that are present.
func (c *column) decode(kind format.Type, encoding format.Encoding, body []byte, dict page, n int) error {
	switch encoding {
	case format.RLEDictionary, plainDictionary:
		if !dict.header.DictionaryPageHeader.Valid {
			return fmt.Errorf("no dictionary: %w", errColumn)
		}
		entries := int(dict.header.DictionaryPageHeader.V.NumValues)
		if entries < 0 {
			return fmt.Errorf("dictionary: %w", errColumn)
		}
		if err := c.decodePlain(kind, dict.data, entries); err != nil {
			return fmt.Errorf("dictionary: %w", err)
		}
		return c.decodeIDs(body, n, entries)
	case format.Plain:
		if kind == format.ByteArray && len(body) == 4*n && allZero(body) { // empty texts
			c.data, c.starts, c.ids8 = []byte{}, []uint32{0, 0}, make([]uint8, n)
			return nil
		}
		if kind == format.ByteArray && n == c.values && c.rowStarts == nil && len(body) >= max(rawBytes, 4*n) {
			c.data, c.gap, c.raw = body, 4, &rawTexts{}
			return nil
		}
		return c.decodePlain(kind, body, n)
	case format.DeltaBinaryPacked:
		if kind != format.Int64 {
			return errForeign
		}
		if declared, ok := deltaCount(body); !ok || declared != uint64(n) {
			return fmt.Errorf("delta encoding of %d values, want %d: %w", declared, n, errColumn)
		}
		if n == 0 {
			c.numbers = []int64{}
			return nil
		}
		numbers, err := new(delta.BinaryPackedEncoding).DecodeInt64(make([]int64, 0, n), body)
		if err != nil || len(numbers) != n {
			return fmt.Errorf("delta encoding: %w", errors.Join(errColumn, err))
		}
		c.numbers = numbers
		return nil
	case format.DeltaLengthByteArray:
		if kind != format.ByteArray {
			return errForeign
		}
		if declared, ok := deltaCount(body); !ok || declared != uint64(n) {
			return fmt.Errorf("delta encoding of %d values, want %d: %w", declared, n, errColumn)
		}
		text, starts, err := new(delta.LengthByteArrayEncoding).DecodeByteArray(nil, body, make([]uint32, 0, n+1))
		if err != nil || len(starts) != n+1 || uint64(starts[n]) > uint64(len(text)) {
			return fmt.Errorf("delta encoding: %w", errors.Join(errColumn, err))
		}
		c.data, c.starts = text, starts
		return nil
	}
	return errForeign
}

// deltaCount returns how many values a DELTA_BINARY_PACKED block says that it has.
func deltaCount(b []byte) (uint64, bool) {
	for range 2 { // block size, blocks
		v, k := binary.Uvarint(b)
		if k <= 0 || v > 1<<20 {
			return 0, false
		}
		b = b[k:]
	}
	n, k := binary.Uvarint(b)
	return n, k > 0
}

// decodePlain decodes n values in plain encoding.
func (c *column) decodePlain(kind format.Type, b []byte, n int) error {
	switch kind {
	case format.Int32:
		if len(b) != 4*n {
			return errColumn
		}
		c.numbers = make([]int64, n)
		for i := range c.numbers {
			c.numbers[i] = int64(int32(binary.LittleEndian.Uint32(b[4*i:])))
		}
	case format.Int64, format.Double:
		if len(b) != 8*n {
			return errColumn
		}
		c.numbers = make([]int64, n)
		for i := range c.numbers {
			c.numbers[i] = int64(binary.LittleEndian.Uint64(b[8*i:]))
		}
	case format.ByteArray:
		if len(b) < 4*n {
			return errColumn
		}
		starts, err := plainStarts(b, n)
		if err != nil {
			return err
		}
		c.data, c.starts, c.gap = b, starts, 4
	default:
		return errForeign
	}
	return nil
}

func allZero(b []byte) bool {
	for _, v := range b {
		if v != 0 {
			return false
		}
	}
	return true
}

// plainStarts finds out where each of n texts in plain encoding begins; the last start is 4 bytes behind the end.
func plainStarts(b []byte, n int) ([]uint32, error) {
	starts := make([]uint32, n+1)
	at := 0
	for i := range n {
		if len(b)-at < 4 {
			return nil, errColumn
		}
		size := int(binary.LittleEndian.Uint32(b[at:]))
		at += 4
		starts[i] = uint32(at)
		if size > len(b)-at {
			return nil, errColumn
		}
		at += size
	}
	if at != len(b) {
		return nil, errColumn
	}
	starts[n] = uint32(at) + 4
	return starts, nil
}

// rawBytes is how large texts must be for looking through them to be put off. Tests change it.
var rawBytes = 256 << 10

// decodeIDs decodes n indices into a dictionary of so many entries.
func (c *column) decodeIDs(b []byte, n, entries int) error {
	if n == 0 {
		c.ids8 = []uint8{}
		return nil
	}
	if len(b) == 0 || entries == 0 || b[0] > 32 {
		return fmt.Errorf("indices: %w", errColumn)
	}
	width, b := int(b[0]), b[1:]
	switch { // one is left for NULL
	case entries < 1<<8:
		c.ids8 = make([]uint8, 0, n)
	case entries < 1<<16:
		c.ids16 = make([]uint16, 0, n)
	default:
		c.ids32 = make([]uint32, 0, n)
	}
	for left := n; left > 0; {
		head, k := binary.Uvarint(b)
		if k <= 0 {
			return fmt.Errorf("indices: %w", errColumn)
		}
		b = b[k:]
		if head&1 == 0 {
			run := int(min(head>>1, uint64(left)))
			size := (width + 7) / 8
			if run == 0 || len(b) < size {
				return fmt.Errorf("indices: %w", errColumn)
			}
			v := uint32(0)
			for i := range size {
				v |= uint32(b[i]) << (8 * i)
			}
			if v >= uint32(entries) {
				return fmt.Errorf("indices: %w", errColumn)
			}
			b = b[size:]
			for range run {
				c.appendID(v)
			}
			left -= run
			continue
		}
		if head>>1 > uint64(n)/8+1 {
			return fmt.Errorf("indices: %w", errColumn)
		}
		size := int(head>>1) * width
		if size == 0 && width > 0 || size > len(b) {
			return fmt.Errorf("indices: %w", errColumn)
		}
		run := min(int(head>>1)*8, left)
		if run == 0 || !c.unpack(b[:size], width, run, entries) {
			return fmt.Errorf("indices: %w", errColumn)
		}
		b = b[size:]
		left -= run
	}
	return nil
}

// appendID appends an index.
func (c *column) appendID(v uint32) {
	switch {
	case c.ids8 != nil:
		c.ids8 = append(c.ids8, uint8(v))
	case c.ids16 != nil:
		c.ids16 = append(c.ids16, uint16(v))
	default:
		c.ids32 = append(c.ids32, v)
	}
}

// unpack appends n bit-packed indices; false: one is too large.
func (c *column) unpack(b []byte, width, n, entries int) bool {
	last := uint32(entries - 1)
	switch {
	case width == 8 && c.ids8 != nil:
		for _, v := range b[:n] {
			if uint32(v) > last {
				return false
			}
		}
		c.ids8 = append(c.ids8, b[:n]...)
		return true
	case width == 16:
		for i := range n {
			v := uint32(binary.LittleEndian.Uint16(b[2*i:]))
			if v > last {
				return false
			}
			c.appendID(v)
		}
		return true
	}
	for i := range n {
		v, bit := uint32(0), i*width
		for j := 0; j < width; j++ {
			v |= uint32(b[(bit+j)>>3]>>((bit+j)&7)&1) << j
		}
		if v > last {
			return false
		}
		c.appendID(v)
	}
	return true
}
