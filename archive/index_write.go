// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"encoding/binary"
	"fmt"

	"github.com/cespare/xxhash/v2"

	"github.com/logboom/logboom/archive/internal/textindex"
)

// index adds the row group that was just written to the index.
func (c *columnWriter) index(b *textindex.Builder) {
	b.StartGroup()
	eachPlain(c.bodies, b.Body)
	eachPlain(c.uids, b.Value)
	for _, h := range []*hexColumn{&c.traces, &c.spans} {
		var last []byte
		for i := 1; i < len(h.offsets); i++ {
			id := h.text[h.offsets[i-1]:h.offsets[i]]
			if string(id) != string(last) {
				b.Value(id)
			}
			last = id
		}
	}
	for _, v := range c.attributes.values.texts() {
		b.Value(v)
	}
	w := chunkWriter{columnWriter: c}
	w.newTable(len(c.names.wordTexts))
	for _, column := range [][]uint32{c.events, c.thresholds} {
		for _, word := range column {
			if w.table[word] == 0 {
				w.table[word] = 1
				b.Value([]byte(c.names.wordTexts[word]))
			}
		}
	}
	w.newTable(len(c.names.sharedTexts))
	for _, s := range c.shared {
		if w.table[s] != 0 {
			continue
		}
		w.table[s] = 1
		text := c.names.sharedTexts[s]
		for _, attributes := range [][]Attribute{text.resource, text.scope} {
			for i := range attributes {
				b.Value([]byte(attributes[i].Value))
			}
		}
	}
	b.EndGroup()
}

// eachPlain calls f for every text of a column in plain encoding.
func eachPlain(column []byte, f func([]byte)) {
	for len(column) > 0 {
		n := binary.LittleEndian.Uint32(column)
		f(column[4 : 4+n])
		column = column[4+n:]
	}
}

// finishIndex appends the index to the file, and says where it is.
func (w *objectWriter) finishIndex() (*IndexMeta, error) {
	meta := &IndexMeta{Offset: w.file.Len()}
	err := w.file.Append(func(file []byte) (_ []byte, err error) {
		file, meta.DirectoryBytes, err = w.index.Finish(file)
		return file, err
	})
	if err != nil {
		return nil, fmt.Errorf("write index: %w", err)
	}
	meta.Bytes = w.file.Len() - meta.Offset
	directory := w.file.Bytes(meta.Offset+meta.Bytes-meta.DirectoryBytes, meta.DirectoryBytes)
	meta.DirectorySum = fmt.Sprintf("%016x", xxhash.Sum64(directory))
	return meta, nil
}
