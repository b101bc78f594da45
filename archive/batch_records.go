// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"fmt"
	"slices"
	"sync"
	"unsafe"
)

// batchDecoder turns row groups back into batches: columns in, rows and spans out, hardly a string in between. It keeps its
// memory from row group to row group. The zero value is ready. One goroutine may decode, another recycle.
type batchDecoder struct {
	columns [numColumns]textColumn
	numbers []int64
	words   map[string]uint32
	shared  map[uint64][]sharedRow
	table   []uint32

	mu   sync.Mutex
	free []*Batch // whose memory is to be used again
}

// maxFreeBatches bounds the batches that are kept for their memory.
const maxFreeBatches = 2

// sharedRow is a row that was the first with its shared text.
type sharedRow struct{ row, index uint32 }

// decode returns the records of row group i, whose bytes are data, in the order of the file. Equal columns give equal
// records, but the batch repeats no text that the file does not. It is an error when columns hold what no writer writes, since
// such a record would not come out as it went in.
func (d *batchDecoder) decode(o *objectFile, i int, data []byte) (_ *Batch, err error) {
	defer guard(&err)
	group := o.file.RowGroups()[i]
	c := typedReader{chunks: group.ColumnChunks(), data: newWindow(o.groups[i].sum.Offset, data), rows: int(group.NumRows())}
	if len(c.chunks) < numColumns || c.rows <= 0 || c.rows > maxRowGroupRows {
		return nil, errColumn
	}
	b := d.newBatch(c.rows, textHint(o, i))
	c.text = &b.text
	if d.words == nil {
		d.words, d.shared = map[string]uint32{}, map[uint64][]sharedRow{}
	}
	clear(d.words)
	clear(d.shared)
	d.words[""] = 0
	for _, step := range []func(*typedReader, *Batch) error{d.scalars, d.texts, d.ids, d.attributes, d.sharedTexts} {
		if err := step(&c, b); err != nil {
			return nil, err
		}
	}
	b.size = int64(unsafe.Sizeof(*b)) + int64(cap(b.text)) + int64(cap(b.rows))*int64(unsafe.Sizeof(batchRow{})) +
		int64(cap(b.attrs))*int64(unsafe.Sizeof(batchAttribute{}))
	for i := range b.shared {
		b.shared[i].tenant = o.meta.Tenant
		b.size += b.shared[i].memory()
	}
	for i := range b.rows {
		t := b.rows[i].timestamp
		if i == 0 {
			b.minTime, b.maxTime = t, t
		}
		b.minTime, b.maxTime = min(b.minTime, t), max(b.maxTime, t)
	}
	return b, nil
}

// newBatch returns a batch of so many empty rows.
func (d *batchDecoder) newBatch(rows int, text int64) *Batch {
	b := &Batch{wholeExact: true, words: []string{""}}
	d.mu.Lock()
	defer d.mu.Unlock()
	if n := len(d.free); n > 0 {
		old := d.free[n-1]
		d.free = d.free[:n-1]
		b.rows, b.attrs, b.text = old.rows[:0], old.attrs[:0], old.text[:0]
	}
	b.rows = slices.Grow(b.rows, rows)[:rows]
	clear(b.rows)
	b.text = slices.Grow(b.text, int(text))
	return b
}

// recycle takes the memory of a batch that is not used any more.
func (d *batchDecoder) recycle(b *Batch) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.free) < maxFreeBatches {
		d.free = append(d.free, b)
	}
}

// textHint is about how much text a row group has.
func textHint(o *objectFile, group int) int64 {
	size := int64(0)
	for col, c := range o.file.Metadata().RowGroups[group].Columns[:numColumns] {
		if col != colTimestamp && col != colObservedTimestamp {
			size += max(c.MetaData.TotalUncompressedSize, 0)
		}
	}
	return min(size, 2*rowGroupBytes) // what a footer says need not be true
}

// scalars reads the columns of numbers.
func (d *batchDecoder) scalars(c *typedReader, b *Batch) error {
	number := func(col int, set func(*batchRow, int64)) error {
		var err error
		if d.numbers, err = c.ints(col, d.numbers[:0]); err != nil {
			return err
		}
		for i, n := range d.numbers {
			set(&b.rows[i], n)
		}
		return nil
	}
	for _, column := range []struct {
		col int
		set func(*batchRow, int64)
	}{
		{colTimestamp, func(r *batchRow, n int64) { r.timestamp = n }},
		{colObservedTimestamp, func(r *batchRow, n int64) { r.observed = n }},
		{colTraceFlags, func(r *batchRow, n int64) { r.flags = uint32(n) }},
		{colSeverityNumber, func(r *batchRow, n int64) { r.severityNumber = int32(n) }},
		{colRecordCount, func(r *batchRow, n int64) { r.recordCount = max(n, 1) }},
	} {
		if err := number(column.col, column.set); err != nil {
			return err
		}
	}
	return nil
}

// texts reads the columns of texts that every record has one of.
func (d *batchDecoder) texts(c *typedReader, b *Batch) error {
	word := func(col int, set func(*batchRow, uint32)) error {
		t := &d.columns[col]
		if err := c.texts(col, t); err != nil {
			return err
		}
		d.table = append(d.table[:0], make([]uint32, len(t.texts))...)
		for i, id := range t.ids {
			if d.table[id] == 0 {
				d.table[id] = d.word(b, t.texts[id]) + 1
			}
			set(&b.rows[i], d.table[id]-1)
		}
		return nil
	}
	text := func(col int, set func(*batchRow, span) bool) error {
		t := &d.columns[col]
		if err := c.texts(col, t); err != nil {
			return err
		}
		for i, id := range t.ids {
			if !set(&b.rows[i], t.texts[id]) {
				return fmt.Errorf("column %s: value is not known: %w", columnName(col), errColumn)
			}
		}
		return nil
	}
	steps := []func() error{
		func() error { return word(colSeverityText, func(r *batchRow, w uint32) { r.severityText = w }) },
		func() error { return word(colEventName, func(r *batchRow, w uint32) { r.eventName = w }) },
		func() error { return word(colSamplingThreshold, func(r *batchRow, w uint32) { r.threshold = w }) },
		func() error { return text(colBody, func(r *batchRow, s span) bool { r.body = s; return true }) },
		func() error { return text(colRecordUID, func(r *batchRow, s span) bool { r.uid = s; return true }) },
		func() error { return text(colExact, func(r *batchRow, s span) bool { r.exact = s; return true }) },
		func() error {
			return text(colBodyType, func(r *batchRow, s span) bool {
				if s.from == s.to {
					return true
				}
				kind, ok := typeOfCode(b.text[s.from])
				r.bodyType = kind
				return ok && s.to-s.from == 1 && kind != TypeString
			})
		},
		func() error {
			return text(colTimestampSource, func(r *batchRow, s span) bool {
				at := slices.Index(sourceTexts, string(b.bytes(s)))
				r.source = timeSource(max(at, 0))
				return at >= 0
			})
		},
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	for i := range b.rows {
		r := &b.rows[i]
		r.textSize = r.body.to - r.body.from + r.exact.to - r.exact.from
	}
	return nil
}

// word returns the index of a text that recurs.
func (d *batchDecoder) word(b *Batch, s span) uint32 {
	i, ok := d.words[string(b.bytes(s))]
	if !ok {
		i = uint32(len(b.words))
		w := string(b.bytes(s))
		b.words = append(b.words, w)
		d.words[w] = i
	}
	return i
}

// ids reads trace and span ids, whose text is not kept.
func (d *batchDecoder) ids(c *typedReader, b *Batch) error {
	var errs [2]error
	mark := len(b.text)
	for i, col := range []int{colTraceID, colSpanID} {
		t := &d.columns[col]
		if err := c.texts(col, t); err != nil {
			return err
		}
		for row, id := range t.ids {
			text := b.bytes(t.texts[id])
			if len(text) == 0 {
				continue
			}
			r := &b.rows[row]
			to := r.traceID[:]
			if col == colSpanID {
				to = r.spanID[:]
			}
			if !parseID(to, text) {
				errs[i] = fmt.Errorf("column %s: not an id: %w", columnName(col), errColumn)
			}
		}
		b.text = b.text[:mark]
	}
	if errs[0] != nil {
		return errs[0]
	}
	return errs[1]
}

// parseID reads lowercase hex of the very length, not only zeros.
func parseID(to, text []byte) bool {
	if len(text) != 2*len(to) {
		return false
	}
	any := byte(0)
	for i := range to {
		hi, lo := hexDigit[text[2*i]], hexDigit[text[2*i+1]]
		if hi > 15 || lo > 15 {
			return false
		}
		to[i] = hi<<4 | lo
		any |= to[i]
	}
	return any != 0
}

var hexDigit = func() (table [256]byte) {
	for i := range table {
		table[i] = 255
	}
	for i := range 16 {
		table["0123456789abcdef"[i]] = byte(i)
	}
	return table
}()

// attributes reads the attributes of the records.
func (d *batchDecoder) attributes(c *typedReader, b *Batch) error {
	keys, values, kinds := &d.columns[colLogAttributes], &d.columns[colLogAttributes+1], &d.columns[colLogAttributes+2]
	if err := c.mapColumns(colLogAttributes, keys, values, kinds); err != nil {
		return err
	}
	d.table = append(d.table[:0], make([]uint32, len(keys.texts))...)
	b.attrs = slices.Grow(b.attrs[:0], len(keys.ids))[:len(keys.ids)]
	for i, id := range keys.ids {
		if d.table[id] == 0 {
			d.table[id] = d.word(b, keys.texts[id]) + 1
		}
		b.attrs[i] = batchAttribute{key: d.table[id] - 1, value: values.texts[values.ids[i]]}
	}
	for row := range b.rows {
		r := &b.rows[row]
		r.attrs, r.attrsEnd = keys.starts[row], keys.starts[row+1]
		attrs := b.attrs[r.attrs:r.attrsEnd]
		if kind := b.bytes(kinds.texts[kinds.ids[row]]); len(kind) > 0 {
			if len(kind) != len(attrs) {
				return fmt.Errorf("column %s: %d types for %d attributes: %w", columnName(colLogAttributes+2), len(kind), len(attrs), errColumn)
			}
			for i := range attrs {
				t, ok := typeOfCode(kind[i])
				if !ok {
					return fmt.Errorf("column %s: type is not known: %w", columnName(colLogAttributes+2), errColumn)
				}
				attrs[i].kind = t
			}
		}
		uid, threshold := r.uid.from != r.uid.to, r.threshold != 0 // kept by columns of their own alone
		for i := range attrs {
			key := b.words[attrs[i].key]
			r.textSize += uint32(len(key)) + attrs[i].value.to - attrs[i].value.from
			uid = uid && key != AttributeRecordUID
			threshold = threshold && key != AttributeSamplingThreshold
		}
		if uid {
			r.textSize += uint32(len(AttributeRecordUID)) + r.uid.to - r.uid.from
		}
		if threshold {
			r.textSize += uint32(len(AttributeSamplingThreshold) + len(b.words[r.threshold]))
		}
	}
	return nil
}
