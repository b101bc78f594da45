// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/parquet-go/parquet-go/format"
)

const (
	kindInt64 = format.Int64
	kindText  = format.ByteArray
)

// fieldKind is a field, or a family of fields, that values can be compared in.
type fieldKind uint8

const (
	fieldTraceID fieldKind = iota
	fieldSpanID
	fieldEventName
	fieldLogAttribute
	fieldResourceAttribute
	fieldScopeAttribute
	fieldAny
)

// valueFilter is a value filter, taken apart.
type valueFilter struct {
	kind       fieldKind
	key, value string // key: of an attribute
}

// compileValues takes value filters apart.
func compileValues(values []ValueFilter) ([]valueFilter, error) {
	compiled := make([]valueFilter, 0, len(values))
	for _, v := range values {
		f := valueFilter{value: v.Value}
		switch v.Field {
		case "":
			f.kind = fieldAny
		case "TraceId":
			f.kind = fieldTraceID
		case "SpanId":
			f.kind = fieldSpanID
		case "EventName":
			f.kind = fieldEventName
		default:
			family, key, ok := strings.Cut(v.Field, ".")
			f.key = key
			switch {
			case ok && family == "LogAttributes":
				f.kind = fieldLogAttribute
			case ok && family == "ResourceAttributes":
				f.kind = fieldResourceAttribute
			case ok && family == "ScopeAttributes":
				f.kind = fieldScopeAttribute
			default:
				return nil, fmt.Errorf("compile value filter: field %q is not TraceId, SpanId, EventName, LogAttributes.<key>, "+
					"ResourceAttributes.<key>, ScopeAttributes.<key> or empty", v.Field)
			}
		}
		compiled = append(compiled, f)
	}
	return compiled, nil
}

// matches reports whether a whole record passes.
func (f *valueFilter) matches(r *Record) bool {
	find := func(attrs []Attribute) bool {
		a, _ := FindAttribute(attrs, f.key)
		return a.Value == f.value
	}
	switch f.kind {
	case fieldTraceID:
		return r.TraceID == f.value
	case fieldSpanID:
		return r.SpanID == f.value
	case fieldEventName:
		return r.EventName == f.value
	case fieldLogAttribute:
		return find(r.LogAttributes)
	case fieldResourceAttribute:
		return find(r.ResourceAttributes)
	case fieldAny:
		return r.TraceID == f.value || r.SpanID == f.value || r.EventName == f.value ||
			hasValue(r.LogAttributes, f.value) || hasValue(r.ResourceAttributes, f.value) || hasValue(r.ScopeAttributes, f.value)
	default:
		return find(r.ScopeAttributes)
	}
}

func hasValue(attrs []Attribute, value string) bool {
	return slices.ContainsFunc(attrs, func(a Attribute) bool { return a.Value == value })
}

// valueRows returns the rows of a row group that pass the filter.
func (g *groupReader) valueRows(f *valueFilter) (bitset, error) {
	switch f.kind {
	case fieldTraceID:
		return g.textRows(colTraceID, f.value)
	case fieldSpanID:
		return g.textRows(colSpanID, f.value)
	case fieldEventName:
		return g.textRows(colEventName, f.value)
	case fieldResourceAttribute:
		return g.attributeRows(colResourceAttributes, f)
	case fieldScopeAttribute:
		return g.attributeRows(colScopeAttributes, f)
	case fieldLogAttribute:
		switch f.key { // these have columns of their own
		case AttributeRecordUID:
			return g.textRows(colRecordUID, f.value)
		case AttributeSamplingThreshold:
			return g.textRows(colSamplingThreshold, f.value)
		}
		return g.attributeRows(colLogAttributes, f)
	}
	all := newBitset(g.info.n, false)
	cols := []int{colTraceID, colSpanID, colEventName}
	if f.value != "" {
		cols = append(cols, colRecordUID, colSamplingThreshold)
	}
	for _, col := range cols {
		found, err := g.textRows(col, f.value)
		if err != nil {
			return nil, err
		}
		all.or(found)
	}
	for _, col := range []int{colLogAttributes, colResourceAttributes, colScopeAttributes} {
		found, err := g.attributeRows(col, f)
		if err != nil {
			return nil, err
		}
		all.or(found)
	}
	return all, nil
}

// textRows returns the rows in which a column has that text.
func (g *groupReader) textRows(col int, text string) (bitset, error) {
	if err := g.load(col); err != nil {
		return nil, err
	}
	defer timed(&g.q.filter, time.Now())
	return g.cols[col].equals(text, g.info.n), nil
}

// attributeRows returns the rows in which a MAP has the value under the filter's key; under any key for any field.
func (g *groupReader) attributeRows(col int, f *valueFilter) (bitset, error) {
	if err := g.load(col, col+1); err != nil {
		return nil, err
	}
	defer timed(&g.q.filter, time.Now())
	keys, values := g.cols[col], g.cols[col+1]
	if !sameRows(keys.rowStarts, values.rowStarts) {
		return nil, fmt.Errorf("column %s: keys and values differ in number: %w", columnName(col), errColumn)
	}
	rows := newBitset(g.info.n, false)
	if keys.values == 0 {
		if f.kind != fieldAny && f.value == "" {
			return newBitset(g.info.n, true), nil
		}
		return rows, nil
	}
	hits := values.equals(f.value, values.values)
	if f.kind != fieldAny {
		named := keys.equals(f.key, keys.values)
		if f.value == "" { // so is what is missing: all rows but those with another value
			rows = newBitset(g.info.n, true)
			named.without(hits)
			row := 0
			named.each(func(i int) {
				row = rowOf(keys.rowStarts, row, uint32(i))
				rows.clear(row)
			})
			return rows, nil
		}
		hits.and(named)
	}
	row := 0
	hits.each(func(i int) {
		row = rowOf(keys.rowStarts, row, uint32(i))
		rows.set(row)
	})
	return rows, nil
}

// rowOf returns the row, from one on, that has value i of a MAP.
func rowOf(starts []uint32, row int, i uint32) int { return seek(starts, row, i) }

// parseInt parses what the text form of an integer is.
func parseInt(s string) (int64, bool) {
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil
}
