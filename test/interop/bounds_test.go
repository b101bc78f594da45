// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"bytes"
	"encoding/binary"
	"math"

	"github.com/parquet-go/parquet-go/format"
	"github.com/stretchr/testify/require"
)

// extent is what statistics say about some values.
type extent struct {
	nulls    int64
	any      bool // there is a value that counts for the bounds
	min, max []byte
}

// extentOf is the truth. NaN counts for no bound; zeros of both signs count as the one that widens it.
func (f *parquetFile) extentOf(c int, values []value) extent {
	compare, double := f.compare(c), f.leaf(c).Type.V == format.Double
	var e extent
	for _, v := range values {
		if v.null {
			e.nulls++
			continue
		}
		if double && math.IsNaN(math.Float64frombits(binary.LittleEndian.Uint64(v.bytes))) {
			continue
		}
		if !e.any || compare(v.bytes, e.min) < 0 {
			e.min = v.bytes
		}
		if !e.any || compare(v.bytes, e.max) > 0 {
			e.max = v.bytes
		}
		e.any = true
	}
	return e
}

// requireBounds checks that bounds hold, and that they are no wider than cutting a text short makes them.
func (f *parquetFile) requireBounds(what string, c int, e extent, lo, hi []byte) {
	t, name := f.t, f.names[c]
	if !e.any {
		require.Empty(t, lo, "%s of column %s: a minimum of nothing", what, name)
		require.Empty(t, hi, "%s of column %s: a maximum of nothing", what, name)
		return
	}
	compare := f.compare(c)
	text := f.leaf(c).Type.V == format.ByteArray
	if !text {
		require.Len(t, lo, len(e.min), "%s of column %s", what, name)
		require.Len(t, hi, len(e.max), "%s of column %s", what, name)
	}
	require.LessOrEqual(t, compare(lo, e.min), 0, "%s of column %s: minimum %q, but there is %.100q", what, name, lo, e.min)
	require.GreaterOrEqual(t, compare(hi, e.max), 0, "%s of column %s: maximum %q, but there is %.100q", what, name, hi, e.max)
	if compare(lo, e.min) != 0 {
		require.True(t, text && bytes.HasPrefix(e.min, lo), "%s of column %s: minimum %q is wide, there is %.100q", what, name, lo, e.min)
	}
	if compare(hi, e.max) != 0 { // a prefix, its last byte counted up, perhaps with the carry's zeros behind
		stem := bytes.TrimRight(hi, "\x00")
		require.True(t, text && len(hi) <= len(e.max) && len(stem) > 0 && bytes.HasPrefix(e.max, stem[:len(stem)-1]), "%s of column %s: maximum %q is wide, there is %.100q", what, name, hi, e.max)
	}
}

// checkBounds compares the statistics of a column chunk and its column index with the values of the pages. Both may be
// absent, whole; what is there must be right.
func (f *parquetFile) checkBounds(g *format.RowGroup, c int, pages [][]value) {
	t, chunk, name := f.t, &g.Columns[c], f.names[c]
	var all []value
	for _, p := range pages {
		all = append(all, p...)
	}
	whole := f.extentOf(c, all)
	s := &chunk.MetaData.Statistics
	if s.MinValue != nil || s.MaxValue != nil {
		f.requireBounds("statistics", c, whole, s.MinValue, s.MaxValue)
	}
	if s.MinValue != nil || s.NullCount != 0 {
		require.Equal(t, whole.nulls, s.NullCount, "statistics of column %s: null_count", name)
	}
	if s.DistinctCount != 0 {
		distinct := map[string]bool{}
		for _, v := range all {
			if !v.null {
				distinct[string(v.bytes)] = true
			}
		}
		require.EqualValues(t, len(distinct), s.DistinctCount, "statistics of column %s: distinct_count", name)
	}
	if chunk.ColumnIndexLength == 0 {
		return
	}
	var index format.ColumnIndex
	at := chunk.ColumnIndexOffset
	require.EqualValues(t, chunk.ColumnIndexLength, thriftAt(t, f.data[at:at+int64(chunk.ColumnIndexLength)], &index), "column %s: length of the column index", name)
	require.Len(t, index.NullPages, len(pages), "column index of %s", name)
	require.Len(t, index.MinValues, len(pages), "column index of %s", name)
	require.Len(t, index.MaxValues, len(pages), "column index of %s", name)
	if len(index.NullCounts) > 0 {
		require.Len(t, index.NullCounts, len(pages), "column index of %s", name)
	}
	compare := f.compare(c)
	last := -1 // page that is not all NULL
	for i, p := range pages {
		e := f.extentOf(c, p)
		require.Equal(t, e.nulls == int64(len(p)), index.NullPages[i], "column index of %s, page %d: null_pages", name, i)
		if len(index.NullCounts) > 0 {
			require.Equal(t, e.nulls, index.NullCounts[i], "column index of %s, page %d: null_counts", name, i)
		}
		if e.any && len(e.max) > 0 && len(index.MaxValues[i]) == 0 {
			t.Fatalf("column %s, page %d: the column index says that no value is greater than the empty text: readers that look there (Trino, "+
				"Spark) skip the page whatever they look for; a column without bounds must have no column index", name, i)
		}
		if index.NullPages[i] {
			continue // readers do not look at the bounds then
		}
		f.requireBounds("column index", c, e, index.MinValues[i], index.MaxValues[i])
		if last >= 0 {
			lo, hi := compare(index.MinValues[last], index.MinValues[i]), compare(index.MaxValues[last], index.MaxValues[i])
			switch index.BoundaryOrder {
			case format.Ascending:
				require.True(t, lo <= 0 && hi <= 0, "column index of %s, page %d: not ascending", name, i)
			case format.Descending:
				require.True(t, lo >= 0 && hi >= 0, "column index of %s, page %d: not descending", name, i)
			}
		}
		last = i
	}
}

// checkSizes compares the size statistics, where there are any, with the values.
func (f *parquetFile) checkSizes(g *format.RowGroup, c int, values []value, maxDef, maxRep int) {
	t, name := f.t, f.names[c]
	s := &g.Columns[c].MetaData.SizeStatistics
	def, rep := make([]int64, maxDef+1), make([]int64, maxRep+1)
	var size int64
	for _, v := range values {
		def[v.def]++
		rep[v.rep]++
		size += int64(len(v.bytes))
	}
	if len(s.DefinitionLevelHistogram) > 0 {
		require.Equal(t, def, []int64(s.DefinitionLevelHistogram), "column %s: definition_level_histogram", name)
	}
	if len(s.RepetitionLevelHistogram) > 0 {
		require.Equal(t, rep, []int64(s.RepetitionLevelHistogram), "column %s: repetition_level_histogram", name)
	}
	if s.UnencodedByteArrayDataBytes != 0 {
		require.Equal(t, size, s.UnencodedByteArrayDataBytes, "column %s: unencoded_byte_array_data_bytes", name)
	}
}
