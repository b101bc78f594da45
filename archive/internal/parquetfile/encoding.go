// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package parquetfile

import (
	"encoding/binary"

	"github.com/parquet-go/parquet-go/encoding/delta"
	"github.com/parquet-go/parquet-go/encoding/rle"
)

// AppendString appends a value in plain encoding.
func AppendString(dst, value []byte) []byte {
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(value)))
	return append(dst, value...)
}

// DeltaInt64 encodes values as DELTA_BINARY_PACKED into dst, which is overwritten.
func DeltaInt64(dst []byte, values []int64) ([]byte, error) {
	return new(delta.BinaryPackedEncoding).EncodeInt64(dst[:0], values)
}

// DeltaLength encodes strings as DELTA_LENGTH_BYTE_ARRAY into dst, which is overwritten. text are the strings behind
// each other, offsets where each begins and, at the end, where the last one ends.
func DeltaLength(dst, text []byte, offsets []uint32) ([]byte, error) {
	return new(delta.LengthByteArrayEncoding).EncodeByteArray(dst[:0], text, offsets)
}

// AppendIndices appends indices into a dictionary of n values (RLE_DICTIONARY). They take whole bytes each, as one
// bit-packed run, because zstd, which comes next, finds nothing in what is not aligned to bytes.
func AppendIndices(dst []byte, indices []uint32, n int) []byte {
	if len(indices) == 0 {
		return append(dst, 1)
	}
	if n == 1 { // one run of zeros
		dst = append(dst, 1)
		dst = binary.AppendUvarint(dst, uint64(len(indices))<<1)
		return append(dst, 0)
	}
	groups := (len(indices) + 7) / 8
	width := 1
	for width < 4 && n > 1<<(8*width) {
		width++
	}
	dst = append(dst, byte(8*width))
	dst = binary.AppendUvarint(dst, uint64(groups)<<1|1)
	switch width {
	case 1:
		for _, v := range indices {
			dst = append(dst, byte(v))
		}
	case 2:
		for _, v := range indices {
			dst = append(dst, byte(v), byte(v>>8))
		}
	case 3:
		for _, v := range indices {
			dst = append(dst, byte(v), byte(v>>8), byte(v>>16))
		}
	default:
		for _, v := range indices {
			dst = binary.LittleEndian.AppendUint32(dst, v)
		}
	}
	for range (8*groups - len(indices)) * width { // a run is made of whole groups of eight
		dst = append(dst, 0)
	}
	return dst
}

// AppendBooleans appends booleans in plain encoding, a bit each.
func AppendBooleans(dst []byte, values []bool) []byte {
	for i, v := range values {
		if i%8 == 0 {
			dst = append(dst, 0)
		}
		if v {
			dst[len(dst)-1] |= 1 << (i % 8)
		}
	}
	return dst
}

// appendBits encodes levels of 0 and 1 as RLE.
func appendBits(dst []byte, levels []uint8) []byte {
	e := rle.Encoding{BitWidth: 1}
	b, err := e.EncodeLevels(dst, levels)
	if err != nil { // levels above 1 are a bug of the caller
		panic(err)
	}
	return b
}
