// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cespare/xxhash/v2"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logboom/logboom/test/harness"
)

// TestBytesOfFiles takes every live object apart: what the footer, the page headers and the page index say must be what is
// there, to the byte. Readers differ in which of it they look at; a filter that trusts a wrong bound loses rows silently.
func TestBytesOfFiles(t *testing.T) {
	t.Parallel()
	eachArchive(t, func(t *testing.T, a *testArchive) {
		for _, path := range a.files(t) {
			checkFile(t, path)
		}
	})
}

// TestBytesOfFrozenFiles does the same with objects that earlier versions have written.
func TestBytesOfFrozenFiles(t *testing.T) {
	t.Parallel()
	files := parquetFiles(t, filepath.Join(harness.Root(), "archive", "testdata"))
	require.NotEmpty(t, files)
	for _, path := range files {
		checkFile(t, path)
	}
}

// thriftAt decodes a structure and returns how long it is.
func thriftAt(t *testing.T, data []byte, v any) int {
	t.Helper()
	r := bytes.NewReader(data)
	require.NoError(t, thrift.NewDecoder((&thrift.CompactProtocol{}).NewReader(r)).Decode(v))
	return len(data) - r.Len()
}

// parquetFile is a file, its footer, and what reading it has found.
type parquetFile struct {
	t      *testing.T
	data   []byte
	footer format.FileMetaData
	names  []string // of the leaf columns
}

// page is a data page as its header and its place in the file describe it.
type page struct {
	offset, size int64 // with its header
	values       int   // of any definition level
}

func openFile(t *testing.T, path string) *parquetFile {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Greater(t, len(data), 12)
	require.Equal(t, "PAR1", string(data[:4]))
	require.Equal(t, "PAR1", string(data[len(data)-4:]))
	f := &parquetFile{t: t, data: data}
	size := int(binary.LittleEndian.Uint32(data[len(data)-8:]))
	require.Less(t, size, len(data)-8)
	require.Equal(t, size, thriftAt(t, data[len(data)-8-size:len(data)-8], &f.footer), "length of the footer")
	return f
}

func checkFile(t *testing.T, path string) {
	t.Helper()
	f := openFile(t, path)
	f.checkFooter()
	at := int64(4) // everything before was accounted for
	var rows int64
	sums := f.rowGroupSums()
	require.Len(t, sums, len(f.footer.RowGroups))
	for i := range f.footer.RowGroups {
		g := &f.footer.RowGroups[i]
		rows += g.NumRows
		require.EqualValues(t, i, g.Ordinal)
		require.Equal(t, at, sums[i].Offset, "offset of row group %d in logboom.row_groups", i)
		require.Len(t, g.Columns, len(f.names))
		var compressed, uncompressed int64
		for c := range g.Columns {
			m := &g.Columns[c].MetaData
			f.checkChunk(g, c, at)
			at += m.TotalCompressedSize
			compressed += m.TotalCompressedSize
			uncompressed += m.TotalUncompressedSize
		}
		require.Equal(t, compressed, g.TotalCompressedSize, "total_compressed_size of row group %d", i)
		require.Equal(t, uncompressed, g.TotalByteSize, "total_byte_size of row group %d", i)
		require.Equal(t, at-sums[i].Offset, sums[i].Bytes, "bytes of row group %d in logboom.row_groups", i)
		require.Equal(t, fmt.Sprintf("%016x", xxhash.Sum64(f.data[sums[i].Offset:at])), sums[i].Sum, "checksum of row group %d in logboom.row_groups", i)
	}
	require.Equal(t, rows, f.footer.NumRows)
	f.checkValues(path)
}

func (f *parquetFile) checkFooter() {
	t := f.t
	require.NotEmpty(t, f.footer.CreatedBy)
	require.NotEmpty(t, f.footer.RowGroups)
	keys := map[string]int{}
	for _, kv := range f.footer.KeyValueMetadata {
		keys[kv.Key]++
	}
	for key, n := range keys {
		require.Equal(t, 1, n, "key %s of the metadata", key)
	}
	require.Contains(t, keys, "logboom.format")
	// The leaves, in order, by walking the flattened tree.
	elements := f.footer.Schema
	next := 0
	var walk func(prefix []string)
	walk = func(prefix []string) {
		require.Less(t, next, len(elements))
		e := elements[next]
		next++
		if next > 1 {
			prefix = append(slices.Clip(prefix), e.Name)
		}
		if !e.NumChildren.Valid || e.NumChildren.V == 0 {
			f.names = append(f.names, strings.Join(prefix, "\x00"))
			return
		}
		for range e.NumChildren.V {
			walk(prefix)
		}
	}
	walk(nil)
	require.Len(t, elements, next, "elements of the schema")
	require.Len(t, f.footer.ColumnOrders, len(f.names), "column orders: without them no reader may use the bounds of texts")
	for i, o := range f.footer.ColumnOrders {
		require.NotNil(t, o.Value, "column order %d", i)
	}
}

type rowGroupSum struct {
	Offset int64  `json:"offset"`
	Bytes  int64  `json:"bytes"`
	Sum    string `json:"xxh64"`
}

func (f *parquetFile) rowGroupSums() (sums []rowGroupSum) {
	for _, kv := range f.footer.KeyValueMetadata {
		if kv.Key == "logboom.row_groups" {
			require.NoError(f.t, json.Unmarshal([]byte(kv.Value), &sums))
		}
	}
	return sums
}

// checkChunk walks the pages of a column chunk, which must begin at that offset.
func (f *parquetFile) checkChunk(g *format.RowGroup, c int, at int64) {
	t, chunk := f.t, &g.Columns[c]
	m := &chunk.MetaData
	name := f.names[c]
	require.Equal(t, name, strings.Join(m.PathInSchema, "\x00"))
	require.Empty(t, chunk.FilePath)
	first := m.DataPageOffset
	if m.DictionaryPageOffset != 0 {
		require.Less(t, m.DictionaryPageOffset, m.DataPageOffset, "column %s: the dictionary comes first", name)
		first = m.DictionaryPageOffset
	}
	require.Equal(t, at, first, "column %s begins where the one before ends", name)

	var uncompressed int64
	var values int64
	var pages []page
	stats := map[[2]int32]int32{} // page type and encoding
	encodings := map[format.Encoding]bool{}
	end := at + m.TotalCompressedSize
	for at < end {
		var h format.PageHeader
		n := int64(thriftAt(t, f.data[at:end], &h))
		body := f.data[at+n:]
		require.LessOrEqual(t, int64(h.CompressedPageSize), end-at-n, "column %s: page at %d", name, at)
		body = body[:h.CompressedPageSize]
		require.Equal(t, crc32.ChecksumIEEE(body), uint32(h.CRC), "column %s: checksum of the page at %d", name, at)
		uncompressed += n + int64(h.UncompressedPageSize)
		switch h.Type {
		case format.DictionaryPage:
			require.Equal(t, m.DictionaryPageOffset, at, "column %s: one dictionary, at the begin", name)
			require.True(t, h.DictionaryPageHeader.Valid)
			stats[[2]int32{int32(h.Type), int32(h.DictionaryPageHeader.V.Encoding)}]++
			encodings[h.DictionaryPageHeader.V.Encoding] = true
		case format.DataPage:
			d := h.DataPageHeader
			require.True(t, d.Valid)
			require.Equal(t, format.RLE, d.V.DefinitionLevelEncoding)
			require.Equal(t, format.RLE, d.V.RepetitionLevelEncoding)
			stats[[2]int32{int32(h.Type), int32(d.V.Encoding)}]++
			encodings[d.V.Encoding] = true
			pages = append(pages, page{at, n + int64(h.CompressedPageSize), int(d.V.NumValues)})
		case format.DataPageV2:
			d := h.DataPageHeaderV2
			require.True(t, d.Valid)
			stats[[2]int32{int32(h.Type), int32(d.V.Encoding)}]++
			encodings[d.V.Encoding] = true
			pages = append(pages, page{at, n + int64(h.CompressedPageSize), int(d.V.NumValues)})
		default:
			t.Fatalf("column %s: page of type %s", name, h.Type)
		}
		if len(pages) == 1 {
			require.Equal(t, m.DataPageOffset, pages[0].offset, "column %s: the first data page", name)
		}
		at += n + int64(h.CompressedPageSize)
	}
	require.Equal(t, end, at, "column %s: pages end where the chunk does", name)
	require.NotEmpty(t, pages, "column %s", name)
	for _, p := range pages {
		values += int64(p.values)
	}
	require.Equal(t, m.NumValues, values, "column %s: num_values", name)
	require.Equal(t, m.TotalUncompressedSize, uncompressed, "column %s: total_uncompressed_size", name)
	for e := range encodings {
		require.Contains(t, m.Encoding, e, "column %s: encodings", name)
	}
	if len(m.EncodingStats) > 0 {
		claimed := map[[2]int32]int32{}
		for _, s := range m.EncodingStats {
			claimed[[2]int32{int32(s.PageType), int32(s.Encoding)}] += s.Count
		}
		require.Equal(t, stats, claimed, "column %s: encoding_stats", name)
	}
	f.checkOffsetIndex(g, c, pages)
}

// checkOffsetIndex compares the offset index with the pages. A chunk of one page needs none.
func (f *parquetFile) checkOffsetIndex(g *format.RowGroup, c int, pages []page) {
	t, chunk, name := f.t, &g.Columns[c], f.names[c]
	if chunk.OffsetIndexLength == 0 {
		require.Len(t, pages, 1, "column %s has no offset index", name)
		require.Zero(t, chunk.ColumnIndexLength, "column %s has a column index without an offset index", name)
		return
	}
	var index format.OffsetIndex
	at := chunk.OffsetIndexOffset
	require.EqualValues(t, chunk.OffsetIndexLength, thriftAt(t, f.data[at:at+int64(chunk.OffsetIndexLength)], &index), "column %s: length of the offset index", name)
	require.Len(t, index.PageLocations, len(pages), "column %s: offset index", name)
	last := int64(-1)
	for i, l := range index.PageLocations {
		assert.Equal(t, pages[i].offset, l.Offset, "column %s, page %d", name, i)
		assert.EqualValues(t, pages[i].size, l.CompressedPageSize, "column %s, page %d", name, i)
		if i == 0 {
			require.Zero(t, l.FirstRowIndex, "column %s", name)
		}
		require.Greater(t, l.FirstRowIndex, last, "column %s, page %d", name, i)
		require.Less(t, l.FirstRowIndex, g.NumRows, "column %s, page %d", name, i)
		last = l.FirstRowIndex
	}
}
