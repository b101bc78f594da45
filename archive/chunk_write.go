// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"github.com/parquet-go/parquet-go/format"

	"github.com/logboom/logboom/archive/internal/parquetfile"
)

// chunkWriter encodes the columns of one row group, in the order of the file. The first error ends it.
type chunkWriter struct {
	*columnWriter
	file *parquetfile.Writer
	err  error
}

// put appends the chunk and makes a new one.
func (w *chunkWriter) put() {
	if w.err == nil {
		w.err = w.file.Column(&w.chunk)
	}
	w.chunk = parquetfile.Chunk{}
}

// dictionaryChunk makes the chunk one of indices into w.dict, and puts it.
func (w *chunkWriter) dictionaryChunk(values int) {
	w.chunk.Values = values
	w.chunk.Encoding = format.RLEDictionary
	w.chunk.Dictionary, w.chunk.DictionaryValues = w.dict.data, len(w.dict.index)
	w.data = parquetfile.AppendIndices(w.data[:0], w.indices, len(w.dict.index))
	w.chunk.Data = w.data
	w.put()
}

// times writes a column of times, in which 0 is NULL if that is possible.
func (w *chunkWriter) times(values []int64, optional bool) {
	w.chunk.Values = len(values)
	if optional {
		w.levels = w.levels[:0]
		n := 0
		for _, v := range values { // which are not needed any more
			if v == 0 {
				w.levels = append(w.levels, 0)
				w.chunk.Nulls++
				continue
			}
			w.levels = append(w.levels, 1)
			values[n] = v
			n++
		}
		values, w.chunk.Definition = values[:n], w.levels
	}
	if len(values) > 0 {
		lo, hi := values[0], values[0]
		for _, v := range values {
			lo, hi = min(lo, v), max(hi, v)
		}
		w.chunk.Min, w.chunk.Max = appendInt(nil, lo, 8), appendInt(nil, hi, 8)
	}
	data, err := parquetfile.DeltaInt64(w.data, values)
	if err != nil && w.err == nil {
		w.err = err
	}
	w.data = data
	w.chunk.Data, w.chunk.Encoding = data, format.DeltaBinaryPacked
	w.put()
}

// texts writes an optional column of a few known texts, of which the first is NULL.
func (w *chunkWriter) texts(values []uint8, texts []string) {
	w.dict.reset()
	w.levels, w.indices = w.levels[:0], w.indices[:0]
	for _, v := range values {
		if v == 0 {
			w.levels = append(w.levels, 0)
			continue
		}
		w.levels = append(w.levels, 1)
		w.indices = append(w.indices, w.dict.of([]byte(texts[v])))
	}
	w.optional()
}

// optional puts a column of w.indices into w.dict with the levels w.levels.
func (w *chunkWriter) optional() {
	w.chunk.Definition = w.levels
	w.chunk.Nulls = len(w.levels) - len(w.indices)
	w.chunk.Min, w.chunk.Max = w.dict.bounds()
	w.dictionaryChunk(len(w.levels))
}

// hex writes a column of ids. With the lengths apart (DELTA_LENGTH_BYTE_ARRAY) they come close to their entropy, but
// the default level of zstd then finds worthless matches in what is unique.
func (w *chunkWriter) hex(h *hexColumn, lengthsApart bool) {
	w.chunk.Values, w.chunk.Encoding = len(h.offsets)-1, format.Plain
	w.data = w.data[:0]
	if lengthsApart {
		data, err := parquetfile.DeltaLength(w.data, h.text, h.offsets)
		if err != nil && w.err == nil {
			w.err = err
		}
		w.data, w.chunk.Encoding = data, format.DeltaLengthByteArray
	} else {
		for i := range w.chunk.Values {
			w.data = parquetfile.AppendString(w.data, h.text[h.offsets[i]:h.offsets[i+1]])
		}
	}
	w.chunk.Data = w.data
	w.put()
}

// ints writes a column of numbers of that many bytes, few of them distinct.
func (w *chunkWriter) ints(values []int64, width int) {
	if w.numbers == nil {
		w.numbers = map[int64]uint32{}
	}
	clear(w.numbers)
	w.indices = w.indices[:0]
	dict := w.dict.data[:0]
	last, lastIndex := int64(0), uint32(0)
	lo, hi := values[0], values[0]
	for i, v := range values {
		if i == 0 || v != last {
			index, ok := w.numbers[v]
			if !ok {
				index = uint32(len(w.numbers))
				w.numbers[v] = index
				dict = appendInt(dict, v, width)
				lo, hi = min(lo, v), max(hi, v)
			}
			last, lastIndex = v, index
		}
		w.indices = append(w.indices, lastIndex)
	}
	w.dict.data = dict
	w.chunk.Values, w.chunk.Encoding = len(values), format.RLEDictionary
	w.chunk.Dictionary, w.chunk.DictionaryValues = dict, len(w.numbers)
	if width == 8 || lo >= 0 { // an unsigned column must not be bounded by signed numbers
		w.chunk.Min, w.chunk.Max = appendInt(nil, lo, width), appendInt(nil, hi, width)
	}
	w.data = parquetfile.AppendIndices(w.data[:0], w.indices, len(w.numbers))
	w.chunk.Data = w.data
	w.put()
}

// words writes a column of texts that recur.
func (w *chunkWriter) words(values []uint32) {
	w.dict.reset()
	w.newTable(len(w.names.wordTexts))
	w.indices = w.indices[:0]
	for _, v := range values {
		if w.table[v] == 0 {
			w.table[v] = w.dict.of([]byte(w.names.wordTexts[v])) + 1
		}
		w.indices = append(w.indices, w.table[v]-1)
	}
	w.chunk.Min, w.chunk.Max = w.dict.bounds()
	w.dictionaryChunk(len(values))
}

// newTable clears w.table for indices below n.
func (w *chunkWriter) newTable(n int) {
	if cap(w.table) < n {
		w.table = make([]uint32, n)
	}
	w.table = w.table[:n]
	clear(w.table)
}

// sharedText writes a column of what the records of a ScopeLogs share.
func (w *chunkWriter) sharedText(get func(*sharedText) string, bounds bool) {
	w.dict.reset()
	w.newTable(len(w.names.sharedTexts))
	w.indices = w.indices[:0]
	for _, s := range w.shared {
		if w.table[s] == 0 {
			w.table[s] = w.dict.of([]byte(get(w.names.sharedTexts[s]))) + 1
		}
		w.indices = append(w.indices, w.table[s]-1)
	}
	if bounds {
		w.chunk.Min, w.chunk.Max = w.dict.bounds()
	}
	w.dictionaryChunk(len(w.shared))
}

// plain writes a column of texts in plain encoding; those of level 0 are NULL.
func (w *chunkWriter) plain(data []byte, rows int, levels []uint8) {
	w.chunk.Values, w.chunk.Data, w.chunk.Encoding, w.chunk.Definition = rows, data, format.Plain, levels
	for _, l := range levels {
		if l == 0 {
			w.chunk.Nulls++
		}
	}
	w.put()
}
