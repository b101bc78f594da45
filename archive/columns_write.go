// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"fmt"
	"sync"
	"unsafe"

	"github.com/parquet-go/parquet-go"
)

// columnWriter writes records column by column, reusing its memory.
type columnWriter struct {
	values []parquet.Value
	codes  []byte
}

// columnWriters keeps their memory from object to object.
var columnWriters = sync.Pool{New: func() any { return new(columnWriter) }}

// release forgets what was written and gives the memory back.
func (c *columnWriter) release() {
	clear(c.values[:cap(c.values)])
	c.values, c.codes = c.values[:0], nil
	columnWriters.Put(c)
}

// write appends the records as one page of every column to the writer's current row group.
func (c *columnWriter) write(w *parquet.GenericWriter[schemaRow], records []*Record) error {
	cols := w.ColumnWriters()
	next := 0
	var failed error
	put := func(fill func(col int)) {
		if failed != nil {
			return
		}
		c.values = c.values[:0]
		fill(next)
		if n, err := cols[next].WriteRowValues(c.values); err != nil {
			failed = fmt.Errorf("write column %v: %w", schema.Columns()[next], err)
		} else if n != len(records) {
			failed = fmt.Errorf("write column %v: %d of %d rows", schema.Columns()[next], n, len(records))
		}
		next++
	}
	text := func(get func(*Record) string) {
		put(func(col int) {
			for i := range records {
				c.values = append(c.values, textValue(get(records[i])).Level(0, 0, col))
			}
		})
	}
	optional := func(get func(*Record) string) { // "" is NULL
		put(func(col int) {
			for i := range records {
				c.values = append(c.values, optionalValue(get(records[i]), col))
			}
		})
	}
	attributes := func(get func(*Record) []Attribute, promoted bool) {
		put(func(col int) { c.attributes(records, get, promoted, col, func(a *Attribute) string { return a.Key }) })
		put(func(col int) { c.attributes(records, get, promoted, col, func(a *Attribute) string { return a.Value }) })
		c.codes = c.codes[:0]
		put(func(col int) {
			for i := range records {
				c.values = append(c.values, optionalValue(c.typesOf(get(records[i]), promoted), col))
			}
		})
	}

	put(func(col int) {
		for i := range records {
			c.values = append(c.values, parquet.Int64Value(records[i].Timestamp).Level(0, 0, col))
		}
	})
	optional(func(r *Record) string {
		switch r.source {
		case timeObserved:
			return sourceObserved
		case timeArrival:
			return sourceArrival
		}
		return ""
	})
	put(func(col int) {
		for i := range records {
			v := parquet.NullValue().Level(0, 0, col)
			if ts := records[i].ObservedTimestamp; ts != 0 {
				v = parquet.Int64Value(ts).Level(0, 1, col)
			}
			c.values = append(c.values, v)
		}
	})
	text(func(r *Record) string { return r.TraceID })
	text(func(r *Record) string { return r.SpanID })
	put(func(col int) {
		for i := range records {
			c.values = append(c.values, parquet.Int32Value(int32(records[i].TraceFlags)).Level(0, 0, col))
		}
	})
	text(func(r *Record) string { return r.SeverityText })
	put(func(col int) {
		for i := range records {
			c.values = append(c.values, parquet.Int32Value(records[i].SeverityNumber).Level(0, 0, col))
		}
	})
	text(func(r *Record) string { return r.ServiceName })
	text(func(r *Record) string { return r.Body })
	optional(func(r *Record) string {
		if r.BodyType == TypeString {
			return ""
		}
		return typeCodes[r.BodyType : r.BodyType+1]
	})
	text(func(r *Record) string { return r.ResourceSchemaURL })
	attributes(func(r *Record) []Attribute { return r.ResourceAttributes }, false)
	text(func(r *Record) string { return r.ScopeSchemaURL })
	text(func(r *Record) string { return r.ScopeName })
	text(func(r *Record) string { return r.ScopeVersion })
	attributes(func(r *Record) []Attribute { return r.ScopeAttributes }, false)
	attributes(func(r *Record) []Attribute { return r.LogAttributes }, true)
	text(func(r *Record) string { return r.EventName })
	text(func(r *Record) string { return r.RecordUID })
	text(func(r *Record) string { return r.SamplingThreshold })
	put(func(col int) {
		for i := range records {
			c.values = append(c.values, parquet.Int64Value(int64(records[i].RecordCount)).Level(0, 0, col))
		}
	})
	put(func(col int) {
		for i := range records {
			v := parquet.NullValue().Level(0, 0, col)
			if b := records[i].exact; b != nil {
				v = parquet.ByteArrayValue(b).Level(0, 1, col)
			}
			c.values = append(c.values, v)
		}
	})
	return failed
}

// attributes fills the key or the value column of a MAP.
func (c *columnWriter) attributes(records []*Record, get func(*Record) []Attribute, promoted bool, col int, part func(*Attribute) string) {
	for i := range records {
		attrs := get(records[i])
		repetition := 0
		for j := range attrs {
			if promoted && isPromoted(&attrs[j]) {
				continue
			}
			c.values = append(c.values, textValue(part(&attrs[j])).Level(repetition, 1, col))
			repetition = 1
		}
		if repetition == 0 {
			c.values = append(c.values, parquet.NullValue().Level(0, 0, col))
		}
	}
}

// isPromoted reports whether a log attribute is kept by a column of its own alone.
func isPromoted(a *Attribute) bool {
	return a.Type == TypeString && a.Value != "" && (a.Key == AttributeRecordUID || a.Key == AttributeSamplingThreshold)
}

// typesOf returns the kinds of the attributes as letters, "" when all are strings.
func (c *columnWriter) typesOf(attrs []Attribute, promoted bool) string {
	from := len(c.codes)
	plain := true
	for i := range attrs {
		if promoted && isPromoted(&attrs[i]) {
			continue
		}
		plain = plain && attrs[i].Type == TypeString
		c.codes = append(c.codes, typeCodes[attrs[i].Type])
	}
	if plain {
		c.codes = c.codes[:from]
		return ""
	}
	return unsafe.String(&c.codes[from], len(c.codes)-from) // lives until write is done with the column
}

// textValue makes a value that shares the memory of s.
func textValue(s string) parquet.Value {
	return parquet.ByteArrayValue(unsafe.Slice(unsafe.StringData(s), len(s)))
}

func optionalValue(s string, col int) parquet.Value {
	if s == "" {
		return parquet.NullValue().Level(0, 0, col)
	}
	return textValue(s).Level(0, 1, col)
}
