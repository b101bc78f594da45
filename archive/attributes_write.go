// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"bytes"

	"github.com/parquet-go/parquet-go/format"

	"github.com/logboom/logboom/archive/internal/parquetfile"
)

// attributeColumns are the attributes of the log records of a row group: a MAP and the kinds of its values.
type attributeColumns struct {
	keys       []uint32 // indices into names.wordTexts
	values     dictionary
	indices    []uint32 // into values
	repetition []uint8
	definition []uint8
	kinds      dictionary
	kindsIndex []uint32
	kindsLevel []uint8
	code       []byte // scratch

	last     []lastValue // by key
	ownWords []bool      // by key: it has a column of its own
	promoted promotedKeys
}

// lastValue is the value that a key had in the row before.
type lastValue struct {
	value []byte
	index uint32
	known bool
}

// use says what the keys of the rows to come are.
func (a *attributeColumns) use(n *names, promoted promotedKeys) {
	a.ownWords = append(a.ownWords[:0], make([]bool, len(n.wordTexts))...)
	for i, w := range n.wordTexts {
		a.ownWords[i] = w == AttributeRecordUID || w == AttributeSamplingThreshold
	}
	a.last = append(a.last[:0], make([]lastValue, len(n.wordTexts))...)
	a.promoted = promoted
}

func (a *attributeColumns) forget() {
	clear(a.last[:cap(a.last)])
	a.promoted = promotedKeys{}
	a.values.reset()
}

// reset begins a row group.
func (a *attributeColumns) reset() {
	a.keys, a.indices, a.repetition, a.definition = a.keys[:0], a.indices[:0], a.repetition[:0], a.definition[:0]
	a.kindsIndex, a.kindsLevel = a.kindsIndex[:0], a.kindsLevel[:0]
	a.values.reset()
	a.kinds.reset()
	clear(a.last)
	for i := range a.promoted.columns {
		a.promoted.columns[i].reset()
	}
}

// add appends the attributes of a row.
func (a *attributeColumns) add(b *Batch, words []uint32, r *batchRow) {
	a.code = a.code[:0]
	plain := true
	level := uint8(0)
	for i := r.attrs; i < r.attrsEnd; i++ {
		attr := &b.attrs[i]
		key := words[attr.key]
		value := b.bytes(attr.value)
		if a.ownWords[key] && attr.kind == TypeString && len(value) > 0 {
			continue // it has a column of its own
		}
		last := &a.last[key]
		if !last.known || !bytes.Equal(last.value, value) {
			*last = lastValue{value, a.values.of(value), true}
		}
		a.keys = append(a.keys, key)
		a.indices = append(a.indices, last.index)
		a.repetition = append(a.repetition, level)
		a.definition = append(a.definition, 1)
		level = 1
		plain = plain && attr.kind == TypeString
		a.code = append(a.code, typeCodes[attr.kind])
		if p := a.promoted.log(key); p != nil {
			p.set(len(a.kindsLevel), value, attr.kind)
		}
	}
	if level == 0 {
		a.repetition = append(a.repetition, 0)
		a.definition = append(a.definition, 0)
	}
	if plain {
		a.kindsLevel = append(a.kindsLevel, 0)
	} else {
		a.kindsLevel = append(a.kindsLevel, 1)
		a.kindsIndex = append(a.kindsIndex, a.kinds.of(a.code))
	}
}

// attributeMap writes the three columns.
func (w *chunkWriter) attributeMap(a *attributeColumns) {
	w.dict.reset()
	w.newTable(len(w.names.wordTexts))
	w.indices = w.indices[:0]
	for _, k := range a.keys {
		if w.table[k] == 0 {
			w.table[k] = w.dict.of([]byte(w.names.wordTexts[k])) + 1
		}
		w.indices = append(w.indices, w.table[k]-1)
	}
	w.chunk.Repetition, w.chunk.Definition = a.repetition, a.definition
	w.dictionaryChunk(len(a.definition))

	w.chunk.Repetition, w.chunk.Definition, w.chunk.Values = a.repetition, a.definition, len(a.definition)
	w.values(&a.values, a.indices)

	w.chunk.Definition, w.chunk.Values, w.chunk.Nulls = a.kindsLevel, len(a.kindsLevel), len(a.kindsLevel)-len(a.kindsIndex)
	w.values(&a.kinds, a.kindsIndex)
}

// values puts a column of indices into a dictionary, or of the values themselves where most are distinct.
func (w *chunkWriter) values(d *dictionary, indices []uint32) {
	if n := len(d.index); n > 1 && 2*n > len(indices) {
		texts := d.texts()
		w.data = w.data[:0]
		for _, i := range indices {
			w.data = parquetfile.AppendString(w.data, texts[i])
		}
		w.chunk.Data, w.chunk.Encoding = w.data, format.Plain
		w.put()
		return
	}
	w.chunk.Encoding, w.chunk.Dictionary, w.chunk.DictionaryValues = format.RLEDictionary, d.data, len(d.index)
	w.data = parquetfile.AppendIndices(w.data[:0], indices, len(d.index))
	w.chunk.Data = w.data
	w.put()
}

// texts returns the values by index.
func (d *dictionary) texts() [][]byte {
	texts := make([][]byte, 0, len(d.index))
	for rest := d.data; len(rest) > 0; {
		n := int(uint32(rest[0])|uint32(rest[1])<<8|uint32(rest[2])<<16|uint32(rest[3])<<24) + 4
		texts = append(texts, rest[4:n])
		rest = rest[n:]
	}
	return texts
}

// sharedMap writes the three columns of a MAP that the records of a ScopeLogs share.
func (w *chunkWriter) sharedMap(get func(*sharedText) []Attribute) {
	type entry struct {
		keys, values []uint32
		kinds        uint32 // index, plus one; 0: all strings
		known        bool
	}
	var keys, values, kinds dictionary
	keys.reset()
	values.reset()
	kinds.reset()
	entries := make([]entry, len(w.names.sharedTexts))
	for _, s := range w.shared {
		e := &entries[s]
		if e.known {
			continue
		}
		e.known = true
		var code []byte
		plain := true
		for _, a := range get(w.names.sharedTexts[s]) {
			e.keys = append(e.keys, keys.of([]byte(a.Key)))
			e.values = append(e.values, values.of([]byte(a.Value)))
			code = append(code, typeCodes[a.Type])
			plain = plain && a.Type == TypeString
		}
		if !plain {
			e.kinds = kinds.of(code) + 1
		}
	}
	repetition, definition := w.levels[:0], make([]uint8, 0, len(w.shared))
	for _, s := range w.shared {
		n := len(entries[s].keys)
		repetition = append(repetition, 0)
		if n == 0 {
			definition = append(definition, 0)
			continue
		}
		definition = append(definition, 1)
		for range n - 1 {
			repetition = append(repetition, 1)
			definition = append(definition, 1)
		}
	}
	w.levels = repetition
	column := func(d *dictionary, part func(*entry) []uint32) {
		w.indices = w.indices[:0]
		for _, s := range w.shared {
			w.indices = append(w.indices, part(&entries[s])...)
		}
		w.chunk.Repetition, w.chunk.Definition, w.chunk.Values = repetition, definition, len(definition)
		w.values(d, w.indices)
	}
	column(&keys, func(e *entry) []uint32 { return e.keys })
	column(&values, func(e *entry) []uint32 { return e.values })

	w.levels, w.indices = w.levels[:0], w.indices[:0]
	for _, s := range w.shared {
		if k := entries[s].kinds; k > 0 {
			w.levels, w.indices = append(w.levels, 1), append(w.indices, k-1)
		} else {
			w.levels = append(w.levels, 0)
		}
	}
	w.chunk.Definition, w.chunk.Values, w.chunk.Nulls = w.levels, len(w.levels), len(w.levels)-len(w.indices)
	w.values(&kinds, w.indices)
}
