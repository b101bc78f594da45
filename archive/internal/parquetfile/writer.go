// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Package parquetfile writes Parquet files from columns in memory. It knows nothing of logs. The encodings, the
// footer's structures and its serialisation are those of parquet-go; what is added is that a caller hands over whole
// columns, already gathered, instead of rows or boxed values: that is most of the time of a row-wise writer.
//
// Every column chunk is one data page (version 1, so that levels are compressed with the values) and, where it has
// a dictionary, one dictionary page. Pages are zstd, with CRC. There is no page index: with one page a chunk, the
// statistics in the footer say the same.
package parquetfile // import "github.com/logboom/logboom/archive/internal/parquetfile"

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"

	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

const magic = "PAR1"

// Chunk is the content of one column of one row group.
type Chunk struct {
	// Values is the number of values, NULLs and empty lists included.
	Values int
	// Repetition and Definition are the levels, one per value, of columns that have them.
	Repetition, Definition []uint8
	// Data are the encoded values that are not NULL.
	Data     []byte
	Encoding format.Encoding
	// Dictionary are the distinct values in plain encoding, when Encoding is format.RLEDictionary.
	Dictionary       []byte
	DictionaryValues int
	// Min and Max bound the values, in plain encoding without a length; nil: not known.
	Min, Max []byte
	Nulls    int
}

// Writer makes one file after the other, reusing its memory. For each: Start, for each row group StartGroup, Column for
// every leaf, EndGroup; at last Finish. It is for one goroutine.
type Writer struct {
	compressor *zstd.Encoder
	sorting    []format.SortingColumn
	schema     []format.SchemaElement
	leaves     []leaf
	file       []byte
	groups     []format.RowGroup
	rows       int64
	group      format.RowGroup

	// Scratch: a data page with levels, its compressed form, encoded levels, a page header.
	page, compressed, levels []byte
	header                   bytes.Buffer
	encoder                  *thrift.Encoder
}

// Options of a file.
type Options struct {
	Fields []Field
	// Sorting is the order of the rows in every row group.
	Sorting []format.SortingColumn
	// Compressor must not be used elsewhere until Finish.
	Compressor *zstd.Encoder
	// SizeHint is how large the file may become, in bytes.
	SizeHint int
}

// Start begins a file, whatever became of the one before.
func (w *Writer) Start(o Options) {
	w.compressor, w.sorting = o.Compressor, o.Sorting
	w.schema, w.leaves = flatten(o.Fields)
	w.file = append(make([]byte, 0, o.SizeHint), magic...)
	w.groups, w.rows = nil, 0
	if w.encoder == nil {
		w.encoder = thrift.NewEncoder((&thrift.CompactProtocol{}).NewWriter(&w.header))
	}
}

// Len is the length of the file so far.
func (w *Writer) Len() int64 { return int64(len(w.file)) }

// StartGroup starts a row group of that many rows.
func (w *Writer) StartGroup(rows int) {
	w.group = format.RowGroup{
		NumRows: int64(rows), FileOffset: w.Len(), Ordinal: int16(len(w.groups)), SortingColumns: w.sorting,
		Columns: make([]format.ColumnChunk, 0, len(w.leaves)),
	}
}

// Column appends the next leaf's chunk.
func (w *Writer) Column(c *Chunk) error {
	l := &w.leaves[len(w.group.Columns)]
	meta := format.ColumnMetaData{
		Type: l.kind.physical(), PathInSchema: l.path, Codec: format.Zstd, NumValues: int64(c.Values),
		Statistics: format.Statistics{MinValue: c.Min, MaxValue: c.Max, NullCount: int64(c.Nulls)},
	}
	start := len(w.file)
	if c.Encoding == format.RLEDictionary {
		meta.DictionaryPageOffset = w.Len()
		meta.Encoding = append(meta.Encoding, format.Plain)
		header := format.PageHeader{Type: format.DictionaryPage, DictionaryPageHeader: thrift.New(format.DictionaryPageHeader{
			NumValues: int32(c.DictionaryValues), Encoding: format.Plain,
		})}
		n, err := w.appendPage(header, c.Dictionary)
		if err != nil {
			return fmt.Errorf("write column %v: %w", l.path, err)
		}
		meta.TotalUncompressedSize += n
	}
	page := c.Data
	if l.maxRepetition > 0 || l.maxDefinition > 0 {
		page = w.page[:0]
		if l.maxRepetition > 0 {
			page = w.appendLevels(page, c.Repetition)
		}
		if l.maxDefinition > 0 {
			page = w.appendLevels(page, c.Definition)
		}
		page = append(page, c.Data...)
		w.page = page
	}
	meta.DataPageOffset = w.Len()
	meta.Encoding = append(meta.Encoding, c.Encoding)
	if l.maxDefinition > 0 && c.Encoding != format.RLE {
		meta.Encoding = append(meta.Encoding, format.RLE)
	}
	header := format.PageHeader{Type: format.DataPage, DataPageHeader: thrift.New(format.DataPageHeader{
		NumValues: int32(c.Values), Encoding: c.Encoding, DefinitionLevelEncoding: format.RLE, RepetitionLevelEncoding: format.RLE,
	})}
	n, err := w.appendPage(header, page)
	if err != nil {
		return fmt.Errorf("write column %v: %w", l.path, err)
	}
	meta.TotalUncompressedSize += n
	meta.TotalCompressedSize = int64(len(w.file) - start)
	w.group.Columns = append(w.group.Columns, format.ColumnChunk{MetaData: meta})
	w.group.TotalByteSize += meta.TotalUncompressedSize
	w.group.TotalCompressedSize += meta.TotalCompressedSize
	return nil
}

// appendPage compresses a page behind its header and returns how large both are uncompressed.
func (w *Writer) appendPage(header format.PageHeader, page []byte) (int64, error) {
	if len(page) > math.MaxInt32 {
		return 0, fmt.Errorf("a page of %d bytes", len(page))
	}
	w.compressed = w.compressor.EncodeAll(page, w.compressed[:0])
	header.UncompressedPageSize = int32(len(page))
	header.CompressedPageSize = int32(len(w.compressed))
	header.CRC = int32(crc32.ChecksumIEEE(w.compressed))
	w.header.Reset()
	if err := w.encoder.Encode(&header); err != nil {
		return 0, err
	}
	w.file = append(w.file, w.header.Bytes()...)
	w.file = append(w.file, w.compressed...)
	return int64(w.header.Len() + len(page)), nil
}

// appendLevels appends levels of 0 and 1 behind their encoded length.
func (w *Writer) appendLevels(dst []byte, levels []uint8) []byte {
	w.levels = appendBits(w.levels[:0], levels)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(w.levels)))
	return append(dst, w.levels...)
}

// EndGroup ends the row group and returns where its bytes lie.
func (w *Writer) EndGroup() (offset, size int64, err error) {
	if len(w.group.Columns) != len(w.leaves) {
		return 0, 0, fmt.Errorf("write row group: %d of %d columns", len(w.group.Columns), len(w.leaves))
	}
	w.groups = append(w.groups, w.group)
	w.rows += w.group.NumRows
	return w.group.FileOffset, w.Len() - w.group.FileOffset, nil
}

// Bytes returns a part of the file, valid until the next call.
func (w *Writer) Bytes(offset, size int64) []byte { return w.file[offset : offset+size] }

// Append lets f append bytes that are none of Parquet's, between the last row group and the footer. With an error the
// file stays as it was.
func (w *Writer) Append(f func(file []byte) ([]byte, error)) error {
	file, err := f(w.file)
	if err != nil {
		return err
	}
	w.file = file
	return nil
}

// Finish writes the footer and returns the file, which is the caller's.
func (w *Writer) Finish(createdBy string, metadata []format.KeyValue) ([]byte, error) {
	footer := format.FileMetaData{
		Version: 1, Schema: w.schema, NumRows: w.rows, RowGroups: w.groups, KeyValueMetadata: metadata, CreatedBy: createdBy,
		ColumnOrders: make([]format.ColumnOrder, len(w.leaves)),
	}
	for i := range footer.ColumnOrders {
		footer.ColumnOrders[i].Value = &format.TypeDefinedOrder{}
	}
	b, err := thrift.Marshal(new(thrift.CompactProtocol), &footer)
	if err != nil {
		return nil, fmt.Errorf("write footer: %w", err)
	}
	w.file = append(w.file, b...)
	w.file = binary.LittleEndian.AppendUint32(w.file, uint32(len(b)))
	w.file = append(w.file, magic...)
	file := w.file
	w.file, w.groups = nil, nil
	return file, nil
}
