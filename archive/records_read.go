// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unsafe"
)

// materializer makes records of the rows of a row group. The records share the columns' memory.
type materializer struct {
	g                    *groupReader
	columns              Columns
	resource, scope, log attributeReader
	bodyTypes            []ValueType // by entry of the column
}

// passing makes records that are done with before the next is made: the attributes' memory is used again.
func (m *materializer) passing() {
	m.resource.passing, m.scope.passing, m.log.passing = true, true, true
}

// newMaterializer loads the columns of the records.
func (g *groupReader) newMaterializer() (*materializer, error) {
	return g.materializerOf(cmp.Or(g.q.req.Columns, ColumnsAll), g.q.leaves)
}

// materializerOf makes records with some of their fields, which take these leaves.
func (g *groupReader) materializerOf(columns Columns, leaves []int) (*materializer, error) {
	if err := g.load(leaves...); err != nil {
		return nil, err
	}
	m := &materializer{g: g, columns: columns}
	var err error
	attributes := func(field Columns, to *attributeReader, col int) {
		if m.columns&field != 0 && err == nil {
			err = to.start(g, col)
		}
	}
	attributes(ColumnResourceAttributes, &m.resource, colResourceAttributes)
	attributes(ColumnScope, &m.scope, colScopeAttributes)
	attributes(ColumnLogAttributes, &m.log, colLogAttributes)
	if m.columns&ColumnBody != 0 {
		types := g.cols[colBodyType]
		m.bodyTypes = make([]ValueType, types.entries()+1)
		for id := range uint32(types.entries()) {
			text := types.entryBytes(id)
			if len(text) == 0 {
				continue
			}
			t, ok := typeOfCode(text[0])
			if !ok || len(text) != 1 {
				return nil, fmt.Errorf("column %s: type is not known: %w", columnName(colBodyType), errColumn)
			}
			m.bodyTypes[id] = t
		}
	}
	return m, err
}

// record makes r the record of a row.
func (m *materializer) record(row int, r *Record) error {
	cols := m.g.cols
	*r = Record{
		Timestamp: cols[colTimestamp].number(row), ServiceName: cols[colServiceName].text(row),
		SeverityNumber: int32(cols[colSeverityNumber].number(row)), SeverityText: cols[colSeverityText].text(row),
		RecordUID: cols[colRecordUID].text(row), RecordCount: 1,
	}
	if m.columns&ColumnBody != 0 {
		r.Body = cols[colBody].text(row)
		r.BodyType = m.bodyTypes[min(int(cols[colBodyType].id(row)), len(m.bodyTypes)-1)]
	}
	if m.columns&ColumnObservedTimestamp != 0 {
		r.ObservedTimestamp = cols[colObservedTimestamp].number(row)
	}
	if m.columns&ColumnTraceID != 0 {
		r.TraceID = cols[colTraceID].text(row)
	}
	if m.columns&ColumnSpanID != 0 {
		r.SpanID = cols[colSpanID].text(row)
	}
	if m.columns&ColumnTraceFlags != 0 {
		r.TraceFlags = uint32(cols[colTraceFlags].number(row))
	}
	if m.columns&ColumnEventName != 0 {
		r.EventName = cols[colEventName].text(row)
	}
	var err error
	if m.columns&ColumnResourceAttributes != 0 {
		r.ResourceSchemaURL = cols[colResourceSchemaURL].text(row)
		if r.ResourceAttributes, err = m.resource.of(row, nil); err != nil {
			return err
		}
	}
	if m.columns&ColumnScope != 0 {
		r.ScopeSchemaURL, r.ScopeName, r.ScopeVersion = cols[colScopeSchemaURL].text(row), cols[colScopeName].text(row), cols[colScopeVersion].text(row)
		if r.ScopeAttributes, err = m.scope.of(row, nil); err != nil {
			return err
		}
	}
	if m.columns&(ColumnLogAttributes|ColumnWeight) != 0 {
		r.SamplingThreshold = cols[colSamplingThreshold].text(row)
	}
	if m.columns&ColumnWeight != 0 {
		r.RecordCount = uint64(max(cols[colRecordCount].number(row), 1))
	}
	if m.columns&ColumnLogAttributes != 0 {
		if r.LogAttributes, err = m.log.of(row, r); err != nil {
			return err
		}
	}
	if m.columns&ColumnExact != 0 {
		switch cols[colTimestampSource].text(row) {
		case sourceObserved:
			r.source = timeObserved
		case sourceArrival:
			r.source = timeArrival
		}
		if b := cols[colExact].entryBytes(cols[colExact].id(row)); len(b) > 0 {
			r.exact = b
		}
	}
	return nil
}

// attributeReader makes attributes of a MAP and the column of its types.
type attributeReader struct {
	col                 int
	keys, values, kinds *column
	slab                []Attribute
	passing             bool                // attributes are used before the next are made
	scratch             []Attribute         // of those that are not in the memo, when they pass
	memo                [256]memoAttributes // rows with the same attributes share them
}

type memoAttributes struct {
	known bool
	row   int
	attrs []Attribute
}

func (a *attributeReader) start(g *groupReader, col int) error {
	a.col, a.keys, a.values, a.kinds = col, g.cols[col], g.cols[col+1], g.cols[col+2]
	if !sameRows(a.keys.rowStarts, a.values.rowStarts) {
		return fmt.Errorf("column %s: keys and values differ in number: %w", columnName(col), errColumn)
	}
	return nil
}

// of returns the attributes of a row; those that have columns of their own in the record, if there is one, are put back.
func (a *attributeReader) of(row int, r *Record) ([]Attribute, error) {
	from, to := int(a.keys.rowStarts[row]), int(a.keys.rowStarts[row+1])
	restored := r != nil && (r.RecordUID != "" || r.SamplingThreshold != "")
	if from == to && !restored {
		return nil, nil
	}
	var memo *memoAttributes
	if !restored && !a.values.plain() && !a.keys.plain() {
		hash := a.kinds.id(row) + 1
		for i := from; i < to; i++ {
			hash = (hash ^ a.keys.id(i)) * 0x9E3779B1
			hash = (hash ^ a.values.id(i) ^ hash>>15) * 0x85EBCA77
		}
		memo = &a.memo[hash>>24]
		if memo.known && a.same(memo.row, row) {
			return memo.attrs, nil
		}
	}
	n := to - from
	if restored {
		n += 2
	}
	kinds := a.kinds.text(row)
	if kinds != "" && len(kinds) != to-from {
		return nil, fmt.Errorf("column %s: %d types for %d attributes: %w", columnName(a.col+2), len(kinds), to-from, errColumn)
	}
	attrs := a.room(n, memo)
	for i := from; i < to; i++ {
		attr := Attribute{Key: a.keys.text(i), Value: a.values.text(i)}
		if kinds != "" {
			t, ok := typeOfCode(kinds[i-from])
			if !ok {
				return nil, fmt.Errorf("column %s: type is not known: %w", columnName(a.col+2), errColumn)
			}
			attr.Type = t
		}
		attrs = append(attrs, attr)
	}
	if restored {
		attrs = putBack(attrs, AttributeRecordUID, r.RecordUID)
		attrs = putBack(attrs, AttributeSamplingThreshold, r.SamplingThreshold)
	}
	switch {
	case memo != nil:
		*memo = memoAttributes{true, row, attrs}
	case a.passing:
		a.scratch = attrs
	}
	return slices.Clip(attrs), nil
}

// room returns an empty slice with room for n attributes.
func (a *attributeReader) room(n int, memo *memoAttributes) []Attribute {
	if a.passing {
		if memo == nil {
			return slices.Grow(a.scratch[:0], n)
		}
		if cap(memo.attrs) >= n {
			return memo.attrs[:0]
		}
	}
	if cap(a.slab)-len(a.slab) < n {
		a.slab = make([]Attribute, 0, max(n, 1024))
	}
	start := len(a.slab)
	a.slab = a.slab[:start+n]
	return a.slab[start : start : start+n]
}

// putBack inserts an attribute, for which there is room, unless it is there.
func putBack(attrs []Attribute, key, value string) []Attribute {
	if value == "" {
		return attrs
	}
	at, found := slices.BinarySearchFunc(attrs, key, func(a Attribute, k string) int { return cmp.Compare(a.Key, k) })
	if found {
		return attrs
	}
	return slices.Insert(attrs, at, Attribute{Key: key, Value: value})
}

// same reports whether two rows have the same attributes.
func (a *attributeReader) same(p, q int) bool {
	i, j := a.keys.rowStarts[p], a.keys.rowStarts[q]
	n := a.keys.rowStarts[q+1] - j
	if a.keys.rowStarts[p+1]-i != n || a.kinds.id(p) != a.kinds.id(q) {
		return false
	}
	for k := range n {
		if a.keys.id(int(i+k)) != a.keys.id(int(j+k)) || a.values.id(int(i+k)) != a.values.id(int(j+k)) {
			return false
		}
	}
	return true
}

// recordBytes is about what a record takes besides the columns that it shares.
func (g *groupReader) recordBytes() int64 {
	n := int64(unsafe.Sizeof(Record{}))
	if g.q.req.Columns == 0 || g.q.req.Columns&ColumnLogAttributes != 0 {
		n += int64(unsafe.Sizeof(Attribute{})) * (g.chunk(colLogAttributes).NumValues/int64(max(g.info.n, 1)) + 2)
	}
	return n + int64(unsafe.Sizeof(Attribute{}))
}

// textBytes is what the texts of a record take when they are copied.
func (r *Record) textBytes() (n int64) {
	n = int64(unsafe.Sizeof(*r)) + int64(len(r.TraceID)+len(r.SpanID)+len(r.SeverityText)+len(r.ServiceName)+len(r.Body)+len(r.EventName)+
		len(r.ResourceSchemaURL)+len(r.ScopeSchemaURL)+len(r.ScopeName)+len(r.ScopeVersion)+len(r.RecordUID)+len(r.SamplingThreshold)+len(r.exact))
	for _, attrs := range [][]Attribute{r.ResourceAttributes, r.ScopeAttributes, r.LogAttributes} {
		for i := range attrs {
			n += int64(unsafe.Sizeof(attrs[i])) + int64(len(attrs[i].Key)+len(attrs[i].Value))
		}
	}
	return n
}

// restorePromoted puts the attributes back that are kept by columns of their own.
func (r *Record) restorePromoted() {
	restore := func(key, value string) {
		if value == "" {
			return
		}
		if i, found := slices.BinarySearchFunc(r.LogAttributes, key, func(a Attribute, k string) int { return strings.Compare(a.Key, k) }); !found {
			r.LogAttributes = slices.Insert(slices.Clip(r.LogAttributes), i, Attribute{Key: key, Value: value})
		}
	}
	restore(AttributeRecordUID, r.RecordUID)
	restore(AttributeSamplingThreshold, r.SamplingThreshold)
}
