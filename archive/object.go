// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/cespare/xxhash/v2"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	"github.com/logboom/logboom/archive/internal/parquetfile"
	"github.com/logboom/logboom/archive/internal/textindex"
)

// objectFile is the footer of a data object, decoded, and the directory of its index: everything but its rows. It does
// not change.
type objectFile struct {
	meta     *ObjectMeta
	file     *parquet.File
	groups   []rowGroupInfo
	shapes   []columnShape  // by leaf
	promoted map[string]int // leaf by the name of a promoted column
	index    *textindex.Index
}

type rowGroupInfo struct {
	sum              rowGroupSum
	minTime, maxTime int64
	rows             int64
	n                int
	columns          []format.ColumnChunk // by leaf
}

// ObjectError is an object, or a part of one, that could not be read.
type ObjectError struct {
	Bucket, Key string
	Offset      int64
	Err         error
}

func (e *ObjectError) Error() string {
	return fmt.Sprintf("read object %s of %s at offset %d: %v", e.Key, e.Bucket, e.Offset, e.Err)
}

func (e *ObjectError) Unwrap() error { return e.Err }

// guard turns a panic over damaged data, parquet-go's or ours, into an error.
func guard(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("data is damaged: %v", r)
	}
}

// window is the part of an object from base on, in memory.
type window struct {
	base int64
	data *bytes.Reader
}

func newWindow(base int64, data []byte) window { return window{base, bytes.NewReader(data)} }

func (w window) ReadAt(p []byte, off int64) (int, error) {
	if off < w.base {
		return 0, fmt.Errorf("offset %d lies before the part that was read", off)
	}
	return w.data.ReadAt(p, off-w.base)
}

// openObject decodes the footer in tail, the last bytes of the object.
func openObject(meta *ObjectMeta, tail []byte) (*objectFile, error) {
	if int64(len(tail)) != meta.TailBytes {
		return nil, errors.New("object is too short")
	}
	if sum := fmt.Sprintf("%016x", xxhash.Sum64(tail)); sum != meta.TailSum {
		return nil, fmt.Errorf("checksum of the footer is %s, want %s", sum, meta.TailSum)
	}
	return openTail(meta, tail)
}

// openTail is openObject behind the checksum.
func openTail(meta *ObjectMeta, tail []byte) (_ *objectFile, err error) {
	defer guard(&err)
	file, err := parquet.OpenFile(newWindow(meta.Bytes-meta.TailBytes, tail), meta.Bytes,
		parquet.SkipMagicBytes(true), parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return nil, err
	}
	metadata := file.Metadata()
	if !hasFields(metadata.Schema) {
		return nil, errors.New("columns are not those of the format")
	}
	text, _ := file.Lookup(metaRowGroups)
	var sums []rowGroupSum
	if err := json.Unmarshal([]byte(text), &sums); err != nil {
		return nil, fmt.Errorf("parse %s of the footer: %w", metaRowGroups, err)
	}
	if len(sums) != len(metadata.RowGroups) {
		return nil, fmt.Errorf("%d row groups, but %d checksums", len(metadata.RowGroups), len(sums))
	}
	o := &objectFile{meta: meta, file: file, groups: make([]rowGroupInfo, len(sums)), promoted: map[string]int{}}
	o.setShapes(metadata.Schema)
	rows := int64(0)
	for i := range sums {
		g := &metadata.RowGroups[i]
		info := rowGroupInfo{sum: sums[i], minTime: meta.MinTime, maxTime: meta.MaxTime, rows: g.NumRows, n: int(g.NumRows), columns: g.Columns}
		if info.sum.Offset < 0 || info.sum.Bytes <= 0 || info.sum.Bytes > maxGroupBytes || info.sum.Offset > meta.Bytes-info.sum.Bytes {
			return nil, fmt.Errorf("row group %d lies outside of the object", i)
		}
		if g.NumRows < 0 || g.NumRows > maxRowGroupRows || len(g.Columns) != len(o.shapes) {
			return nil, fmt.Errorf("row group %d has %d rows and %d columns", i, g.NumRows, len(g.Columns))
		}
		for j := range g.Columns {
			if err := checkChunk(&g.Columns[j].MetaData, info.sum); err != nil {
				return nil, fmt.Errorf("row group %d: column %d: %w", i, j, err)
			}
		}
		if lo, hi, ok := int64Bounds(&g.Columns[colTimestamp].MetaData); ok {
			info.minTime, info.maxTime = max(lo, meta.MinTime), min(hi, meta.MaxTime)
		}
		rows += g.NumRows
		o.groups[i] = info
	}
	if rows != meta.Rows {
		return nil, fmt.Errorf("%d rows, want %d", rows, meta.Rows)
	}
	return o, nil
}

// setShapes takes the schema apart.
func (o *objectFile) setShapes(schema []format.SchemaElement) {
	for _, f := range fields {
		s := columnShape{optional: f.Optional}
		switch f.Kind {
		case parquetfile.Int32, parquetfile.Uint32:
			s.kind = format.Int32
		case parquetfile.Int64, parquetfile.TimestampNanos:
			s.kind = format.Int64
		case parquetfile.StringMap:
			s.kind, s.repeated = format.ByteArray, true
			o.shapes = append(o.shapes, s)
		default:
			s.kind = format.ByteArray
		}
		o.shapes = append(o.shapes, s)
	}
	for i := 1 + len(elements); i < len(schema); i++ {
		e := &schema[i]
		if e.NumChildren.Valid && e.NumChildren.V > 0 { // of a later version
			leaves, next := skipElement(schema, i)
			o.shapes = append(o.shapes, make([]columnShape, leaves)...)
			i = next - 1
			continue
		}
		if e.Type.Valid && e.RepetitionType.V == format.Optional {
			o.promoted[e.Name] = len(o.shapes)
		}
		o.shapes = append(o.shapes, columnShape{kind: e.Type.V, optional: e.RepetitionType.V == format.Optional})
	}
}

// skipElement returns how many leaves an element has, and the one behind it.
func skipElement(schema []format.SchemaElement, i int) (leaves, next int) {
	children := 1
	for ; children > 0 && i < len(schema); i++ {
		children--
		if n := schema[i].NumChildren; n.Valid && n.V > 0 {
			children += int(n.V)
		} else {
			leaves++
		}
	}
	return leaves, i
}

// maxValues bounds the values of a column chunk of a MAP.
const maxValues = 1 << 28

// checkChunk reports a column chunk that is not in its row group, or of impossible size.
func checkChunk(c *format.ColumnMetaData, sum rowGroupSum) error {
	offset := chunkOffset(c)
	if offset < sum.Offset || c.TotalCompressedSize < 0 || c.TotalCompressedSize > sum.Bytes || offset-sum.Offset > sum.Bytes-c.TotalCompressedSize {
		return errors.New("lies outside of its row group")
	}
	if c.TotalUncompressedSize < 0 || c.TotalUncompressedSize > maxGroupBytes || c.NumValues < 0 || c.NumValues > maxValues {
		return fmt.Errorf("%d values in %d bytes", c.NumValues, c.TotalUncompressedSize)
	}
	return nil
}

func chunkOffset(c *format.ColumnMetaData) int64 {
	if c.DictionaryPageOffset != 0 {
		return min(c.DictionaryPageOffset, c.DataPageOffset)
	}
	return c.DataPageOffset
}

// int64Bounds are the least and greatest value of a column, if the footer knows them.
func int64Bounds(c *format.ColumnMetaData) (lo, hi int64, ok bool) {
	if len(c.Statistics.MinValue) != 8 || len(c.Statistics.MaxValue) != 8 {
		return 0, 0, false
	}
	return int64(binary.LittleEndian.Uint64(c.Statistics.MinValue)), int64(binary.LittleEndian.Uint64(c.Statistics.MaxValue)), true
}

func int32Bounds(c *format.ColumnMetaData) (lo, hi int32, ok bool) {
	if len(c.Statistics.MinValue) != 4 || len(c.Statistics.MaxValue) != 4 {
		return 0, 0, false
	}
	return int32(binary.LittleEndian.Uint32(c.Statistics.MinValue)), int32(binary.LittleEndian.Uint32(c.Statistics.MaxValue)), true
}

// footerExpansion is about how much larger a decoded footer is than its bytes.
const footerExpansion = 8

// memory is about what the object takes, in bytes.
func (o *objectFile) memory() int64 {
	n := footerExpansion*o.meta.TailBytes + 4096
	if o.index != nil {
		n += o.index.Memory()
	}
	return n
}

// readAttempts is how often a part of an object is asked for: a connection may be cut in the middle of it.
const readAttempts = 3

// readFull reads a part of an object whole.
func readFull(ctx context.Context, b BucketReader, key string, off, n int64) (p []byte, err error) {
	for attempt := range readAttempts {
		if p, err = readOnce(ctx, b, key, off, n); err == nil || ctx.Err() != nil || errors.Is(err, ErrNotFound) {
			break
		}
		if attempt+1 < readAttempts {
			select {
			case <-time.After(time.Duration(1+attempt) * 50 * time.Millisecond):
			case <-ctx.Done():
			}
		}
	}
	return p, err
}

func readOnce(ctx context.Context, b BucketReader, key string, off, n int64) ([]byte, error) {
	p := make([]byte, n)
	got, err := b.ReadRange(ctx, key, p, off)
	if err != nil && !(errors.Is(err, io.EOF) && int64(got) == n) {
		return nil, err
	}
	if int64(got) != n {
		return nil, io.ErrUnexpectedEOF
	}
	return p, nil
}
