// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package parquetfile

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// readColumn returns the values of a leaf of every row group, with parquet-go, as text; NULL is "NULL".
func readColumn(t *testing.T, file []byte, leaf int) (values []string) {
	t.Helper()
	f, err := parquet.OpenFile(bytes.NewReader(file), int64(len(file)))
	require.NoError(t, err)
	for _, g := range f.RowGroups() {
		pages := g.ColumnChunks()[leaf].Pages()
		for {
			page, err := pages.ReadPage()
			if err == io.EOF { //nolint:errorlint // the reader returns it as it is
				break
			}
			require.NoError(t, err)
			list := make([]parquet.Value, page.NumValues())
			n, err := page.Values().ReadValues(list)
			if err != io.EOF { //nolint:errorlint // likewise
				require.NoError(t, err)
			}
			for _, v := range list[:n] {
				if v.IsNull() {
					values = append(values, "NULL")
				} else {
					values = append(values, v.String())
				}
			}
		}
		require.NoError(t, pages.Close())
	}
	return values
}

func writeOne(t *testing.T, field Field, groups ...*Chunk) []byte {
	t.Helper()
	e, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	require.NoError(t, err)
	var w Writer
	w.Start(Options{Fields: []Field{field}, Compressor: e})
	for _, c := range groups {
		w.StartGroup(c.Values)
		require.NoError(t, w.Column(c))
		_, _, err = w.EndGroup()
		require.NoError(t, err)
	}
	file, err := w.Finish("test", []format.KeyValue{{Key: "k", Value: "v"}})
	require.NoError(t, err)
	return file
}

// TestIndices covers every width of indices, and groups of eight that are not full.
func TestIndices(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, distinct := range []int{1, 2, 255, 256, 257, 65535, 65536, 65537, 70000} {
		for _, values := range []int{1, 7, 8, 9, 1000, 70001} {
			c := &Chunk{Values: values, Encoding: format.RLEDictionary, DictionaryValues: distinct}
			for i := range distinct {
				c.Dictionary = AppendString(c.Dictionary, fmt.Append(nil, i))
			}
			var want []string
			var indices []uint32
			for range values {
				i := r.IntN(distinct)
				indices = append(indices, uint32(i))
				want = append(want, fmt.Sprint(i))
			}
			c.Data = AppendIndices(nil, indices, distinct)
			require.Equal(t, want, readColumn(t, writeOne(t, Field{Name: "c", Kind: String}, c), 0), "%d of %d", values, distinct)
		}
	}
}

func TestOptionalColumns(t *testing.T) {
	levels := []uint8{0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1}
	c := &Chunk{Values: len(levels), Definition: levels, Nulls: 9, Encoding: format.Plain, Data: AppendBooleans(nil, []bool{true, false, true})}
	assert.Equal(t, []string{"NULL", "true", "false", "NULL", "NULL", "NULL", "NULL", "NULL", "NULL", "NULL", "NULL", "true"},
		readColumn(t, writeOne(t, Field{Name: "c", Kind: Boolean, Optional: true}, c), 0))

	none := &Chunk{Values: 3, Definition: []uint8{0, 0, 0}, Nulls: 3, Encoding: format.RLEDictionary, Data: AppendIndices(nil, nil, 0)}
	assert.Equal(t, []string{"NULL", "NULL", "NULL"}, readColumn(t, writeOne(t, Field{Name: "c", Kind: String, Optional: true}, none), 0))
}

func TestSeveralRowGroupsAndFiles(t *testing.T) {
	chunk := func(values ...int64) *Chunk {
		data, err := DeltaInt64(nil, values)
		require.NoError(t, err)
		return &Chunk{Values: len(values), Encoding: format.DeltaBinaryPacked, Data: data}
	}
	file := writeOne(t, Field{Name: "c", Kind: TimestampNanos}, chunk(5, 6, 7), chunk(-1), chunk(1<<62, -1<<62))
	assert.Equal(t, []string{"5", "6", "7", "-1", "4611686018427387904", "-4611686018427387904"}, readColumn(t, file, 0))

	// The same writer again: nothing of the first file may be in the second.
	e, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	require.NoError(t, err)
	var w Writer
	var files [2][]byte
	for i := range files {
		w.Start(Options{Fields: []Field{{Name: "c", Kind: TimestampNanos}}, Compressor: e})
		w.StartGroup(1)
		require.NoError(t, w.Column(chunk(int64(i))))
		_, _, err := w.EndGroup()
		require.NoError(t, err)
		files[i], err = w.Finish("test", nil)
		require.NoError(t, err)
	}
	assert.Equal(t, []string{"0"}, readColumn(t, files[0], 0))
	assert.Equal(t, []string{"1"}, readColumn(t, files[1], 0))
}

func TestAColumnTooFew(t *testing.T) {
	e, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	require.NoError(t, err)
	var w Writer
	w.Start(Options{Fields: []Field{{Name: "a", Kind: Int64}, {Name: "b", Kind: Int64}}, Compressor: e})
	w.StartGroup(1)
	require.NoError(t, w.Column(&Chunk{Values: 1, Encoding: format.Plain, Data: make([]byte, 8)}))
	_, _, err = w.EndGroup()
	require.ErrorContains(t, err, "1 of 2 columns")
}
