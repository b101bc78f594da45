// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"
	goparquet "github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
	"github.com/stretchr/testify/require"
)

// value is one of a column chunk, NULLs and empty maps included, with its levels.
type value struct {
	rep, def int
	null     bool
	bytes    []byte // plain encoding; texts without their length
}

// checkValues reads all values with two readers, which must agree, and compares them with levels, statistics and page index.
func (f *parquetFile) checkValues(path string) {
	t := f.t
	arrow, err := file.OpenParquetFile(path, false)
	require.NoError(t, err)
	defer arrow.Close()
	own, err := goparquet.OpenFile(bytes.NewReader(f.data), int64(len(f.data)))
	require.NoError(t, err)
	for i := range f.footer.RowGroups {
		g := &f.footer.RowGroups[i]
		columns := make([][]value, len(g.Columns))
		for c := range g.Columns {
			maxDef, maxRep := int(arrow.MetaData().Schema.Column(c).MaxDefinitionLevel()), int(arrow.MetaData().Schema.Column(c).MaxRepetitionLevel())
			pages := readPages(t, own.RowGroups()[i].ColumnChunks()[c])
			columns[c] = slices.Concat(pages...)
			requireSame(t, f.names[c], columns[c], readArrowChunk(t, arrow.RowGroup(i), c))
			f.checkLevels(g, c, columns[c], maxDef, maxRep)
			f.checkBounds(g, c, pages)
			f.checkFirstRows(g, c, pages)
			f.checkSizes(g, c, columns[c], maxDef, maxRep)
		}
		f.checkMaps(columns)
		f.checkSorting(g, columns)
	}
}

func requireSame(t *testing.T, name string, a, b []value) {
	t.Helper()
	require.Len(t, b, len(a), "column %s: values that Arrow reads", name)
	for i := range a {
		if a[i].rep != b[i].rep || a[i].def != b[i].def || a[i].null != b[i].null || !bytes.Equal(a[i].bytes, b[i].bytes) {
			t.Fatalf("column %s, value %d: parquet-go reads %v, Arrow %v", name, i, a[i], b[i])
		}
	}
}

// readPages are the values of every data page.
func readPages(t *testing.T, chunk goparquet.ColumnChunk) (pages [][]value) {
	t.Helper()
	r := chunk.Pages()
	defer r.Close()
	buf := make([]goparquet.Value, 1024)
	for {
		p, err := r.ReadPage()
		if errors.Is(err, io.EOF) {
			return pages
		}
		require.NoError(t, err)
		var list []value
		values := p.Values()
		for {
			n, err := values.ReadValues(buf)
			for _, v := range buf[:n] {
				list = append(list, value{v.RepetitionLevel(), v.DefinitionLevel(), v.IsNull(), plainBytes(v)})
			}
			if errors.Is(err, io.EOF) {
				break
			}
			require.NoError(t, err)
		}
		goparquet.Release(p)
		pages = append(pages, list)
	}
}

func plainBytes(v goparquet.Value) []byte {
	switch {
	case v.IsNull():
		return nil
	case v.Kind() == goparquet.Boolean:
		if v.Boolean() {
			return []byte{1}
		}
		return []byte{0}
	case v.Kind() == goparquet.Int32:
		return binary.LittleEndian.AppendUint32(nil, uint32(v.Int32()))
	case v.Kind() == goparquet.Int64:
		return binary.LittleEndian.AppendUint64(nil, uint64(v.Int64()))
	case v.Kind() == goparquet.Double:
		return binary.LittleEndian.AppendUint64(nil, math.Float64bits(v.Double()))
	}
	return slices.Clone(v.ByteArray())
}

// readArrowChunk are the values of a column chunk as Arrow's low-level reader gives them.
func readArrowChunk(t *testing.T, g *file.RowGroupReader, c int) []value {
	t.Helper()
	r, err := g.Column(c)
	require.NoError(t, err)
	switch r := r.(type) {
	case *file.BooleanColumnChunkReader:
		return arrowValues(t, r, r.ReadBatch, func(v bool) []byte {
			if v {
				return []byte{1}
			}
			return []byte{0}
		})
	case *file.Int32ColumnChunkReader:
		return arrowValues(t, r, r.ReadBatch, func(v int32) []byte { return binary.LittleEndian.AppendUint32(nil, uint32(v)) })
	case *file.Int64ColumnChunkReader:
		return arrowValues(t, r, r.ReadBatch, func(v int64) []byte { return binary.LittleEndian.AppendUint64(nil, uint64(v)) })
	case *file.Float64ColumnChunkReader:
		return arrowValues(t, r, r.ReadBatch, func(v float64) []byte { return binary.LittleEndian.AppendUint64(nil, math.Float64bits(v)) })
	case *file.ByteArrayColumnChunkReader:
		return arrowValues(t, r, r.ReadBatch, func(v parquet.ByteArray) []byte { return bytes.Clone(v) })
	}
	t.Fatalf("column %d: %T", c, r)
	return nil
}

func arrowValues[V any](t *testing.T, r file.ColumnChunkReader, read func(int64, []V, []int16, []int16) (int64, int, error), plain func(V) []byte) (list []value) {
	t.Helper()
	const n = 777 // so that batches end inside of pages
	values, def, rep := make([]V, n), make([]int16, n), make([]int16, n)
	maxDef := r.Descriptor().MaxDefinitionLevel()
	for r.HasNext() {
		total, got, err := read(n, values, def, rep)
		require.NoError(t, err)
		next := 0
		for i := range int(total) {
			v := value{}
			if maxDef > 0 {
				v.def = int(def[i])
			}
			if r.Descriptor().MaxRepetitionLevel() > 0 {
				v.rep = int(rep[i])
			}
			if v.def == int(maxDef) {
				v.bytes = plain(values[next])
				next++
			} else {
				v.null = true
			}
			list = append(list, v)
		}
		require.Equal(t, got, next, "values of a batch")
	}
	require.NoError(t, r.Err())
	return list
}

// checkLevels checks what every reader assembles rows from.
func (f *parquetFile) checkLevels(g *format.RowGroup, c int, values []value, maxDef, maxRep int) {
	t, name := f.t, f.names[c]
	require.EqualValues(t, g.Columns[c].MetaData.NumValues, len(values), "column %s", name)
	var rows int64
	for i, v := range values {
		if v.rep < 0 || v.rep > maxRep || v.def < 0 || v.def > maxDef || v.null != (v.def < maxDef) {
			t.Fatalf("column %s, value %d: levels %d of %d, %d of %d", name, i, v.rep, maxRep, v.def, maxDef)
		}
		if v.rep == 0 {
			rows++
		} else if i == 0 || values[i-1].def == 0 || v.def == 0 {
			t.Fatalf("column %s, value %d: an empty map that goes on", name, i)
		}
	}
	require.Equal(t, g.NumRows, rows, "column %s: rows", name)
}

// checkFirstRows compares the offset index with the rows in the pages; no row may be in two of them.
func (f *parquetFile) checkFirstRows(g *format.RowGroup, c int, pages [][]value) {
	var index format.OffsetIndex
	chunk := &g.Columns[c]
	if chunk.OffsetIndexLength == 0 {
		return
	}
	thriftAt(f.t, f.data[chunk.OffsetIndexOffset:], &index)
	require.Len(f.t, index.PageLocations, len(pages), "column %s", f.names[c])
	var row int64
	for i, p := range pages {
		require.Equal(f.t, row, index.PageLocations[i].FirstRowIndex, "column %s, page %d", f.names[c], i)
		require.NotEmpty(f.t, p)
		require.Zero(f.t, p[0].rep, "column %s, page %d begins inside of a row", f.names[c], i)
		for _, v := range p {
			if v.rep == 0 {
				row++
			}
		}
	}
}

// checkMaps checks that keys and values of each MAP have the same levels, and that keys are sorted and there.
func (f *parquetFile) checkMaps(columns [][]value) {
	for c, name := range f.names {
		if !strings.HasSuffix(name, "\x00key") {
			continue
		}
		require.Equal(f.t, strings.TrimSuffix(name, "key")+"value", f.names[c+1])
		keys, values := columns[c], columns[c+1]
		require.Len(f.t, values, len(keys), "column %s", name)
		for i := range keys {
			if keys[i].rep != values[i].rep || (keys[i].def == 0) != (values[i].def == 0) {
				f.t.Fatalf("column %s, entry %d: levels of key and value differ", name, i)
			}
			if keys[i].def > 0 && values[i].null {
				f.t.Fatalf("column %s, entry %d: the value is NULL", name, i)
			}
			if keys[i].rep > 0 && bytes.Compare(keys[i-1].bytes, keys[i].bytes) >= 0 {
				f.t.Fatalf("column %s, entry %d: keys %q, %q", name, i, keys[i-1].bytes, keys[i].bytes)
			}
		}
	}
}

// checkSorting checks the order that the row group claims.
func (f *parquetFile) checkSorting(g *format.RowGroup, columns [][]value) {
	for row := 1; row < int(g.NumRows); row++ {
		for _, s := range g.SortingColumns {
			require.False(f.t, s.Descending)
			a, b := columns[s.ColumnIdx][row-1], columns[s.ColumnIdx][row]
			order := f.compare(int(s.ColumnIdx))(a.bytes, b.bytes)
			if order > 0 {
				f.t.Fatalf("row %d is not in the order of column %s", row, f.names[s.ColumnIdx])
			}
			if order < 0 {
				break
			}
		}
	}
}

// leaf is the schema element of a leaf column.
func (f *parquetFile) leaf(c int) *format.SchemaElement {
	n := 0
	for i := range f.footer.Schema {
		if e := &f.footer.Schema[i]; !e.NumChildren.Valid || e.NumChildren.V == 0 {
			if n == c {
				return e
			}
			n++
		}
	}
	f.t.Fatalf("no column %d", c)
	return nil
}

// compare is the order of a column's values in plain encoding.
func (f *parquetFile) compare(c int) func(a, b []byte) int {
	e := f.leaf(c)
	switch e.Type.V {
	case format.Int32:
		if i, ok := e.LogicalType.Value.(*format.IntType); ok && !i.IsSigned {
			return func(a, b []byte) int {
				return cmp.Compare(binary.LittleEndian.Uint32(a), binary.LittleEndian.Uint32(b))
			}
		}
		return func(a, b []byte) int {
			return cmp.Compare(int32(binary.LittleEndian.Uint32(a)), int32(binary.LittleEndian.Uint32(b)))
		}
	case format.Int64:
		return func(a, b []byte) int {
			return cmp.Compare(int64(binary.LittleEndian.Uint64(a)), int64(binary.LittleEndian.Uint64(b)))
		}
	case format.Double:
		return func(a, b []byte) int {
			return cmp.Compare(math.Float64frombits(binary.LittleEndian.Uint64(a)), math.Float64frombits(binary.LittleEndian.Uint64(b)))
		}
	}
	return bytes.Compare
}
