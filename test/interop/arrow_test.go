// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"context"
	"strconv"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	"github.com/stretchr/testify/require"
)

// TestArrowReadsEveryRow compares every value of every live row as Apache Arrow reads it.
func TestArrowReadsEveryRow(t *testing.T) {
	t.Parallel()
	eachArchive(t, func(t *testing.T, a *testArchive) {
		var got rowset
		for _, f := range a.files(t) {
			readArrow(t, f, func(r *row) {
				require.NoError(t, r.checkPromoted())
				got.add(r)
			})
		}
		a.want.requireEqual(t, &got)
	})
}

// arrowTypes are the types that Arrow must give the columns, in order, and whether they can be NULL.
var arrowTypes = []struct {
	name, kind string
	nullable   bool
}{
	{"Timestamp", "timestamp[ns, tz=UTC]", false},
	{"TimestampSource", "utf8", true},
	{"ObservedTimestamp", "timestamp[ns, tz=UTC]", true},
	{"TraceId", "utf8", false},
	{"SpanId", "utf8", false},
	{"TraceFlags", "uint32", false},
	{"SeverityText", "utf8", false},
	{"SeverityNumber", "int32", false},
	{"ServiceName", "utf8", false},
	{"Body", "utf8", false},
	{"BodyType", "utf8", true},
	{"ResourceSchemaUrl", "utf8", false},
	{"ResourceAttributes", "map<utf8, utf8>", false},
	{"ResourceAttributeTypes", "utf8", true},
	{"ScopeSchemaUrl", "utf8", false},
	{"ScopeName", "utf8", false},
	{"ScopeVersion", "utf8", false},
	{"ScopeAttributes", "map<utf8, utf8>", false},
	{"ScopeAttributeTypes", "utf8", true},
	{"LogAttributes", "map<utf8, utf8>", false},
	{"LogAttributeTypes", "utf8", true},
	{"EventName", "utf8", false},
	{"RecordUid", "utf8", false},
	{"SamplingThreshold", "utf8", false},
	{"RecordCount", "int64", false},
	{"Exact", "binary", true},
}

func typeName(t arrow.DataType) string {
	if m, ok := t.(*arrow.MapType); ok {
		return "map<" + m.KeyType().String() + ", " + m.ItemType().String() + ">"
	}
	return t.String()
}

// readArrow reads every row of a file.
func readArrow(t *testing.T, path string, yield func(*row)) {
	t.Helper()
	pf, err := file.OpenParquetFile(path, false)
	require.NoError(t, err)
	defer pf.Close()
	fr, err := pqarrow.NewFileReader(pf, pqarrow.ArrowReadProperties{BatchSize: 4096}, memory.DefaultAllocator)
	require.NoError(t, err)
	schema, err := fr.Schema()
	require.NoError(t, err)
	for i, c := range arrowTypes {
		require.Less(t, i, schema.NumFields(), "column %s is missing", c.name)
		f := schema.Field(i)
		require.Equal(t, c.name+" "+c.kind, f.Name+" "+typeName(f.Type))
		require.Equal(t, c.nullable, f.Nullable, "column %s can be NULL", c.name)
	}
	rr, err := fr.GetRecordReader(context.Background(), nil, nil)
	require.NoError(t, err)
	defer rr.Release()
	var rows int64
	for rr.Next() {
		batch := rr.RecordBatch()
		rows += batch.NumRows()
		for i := range int(batch.NumRows()) {
			yield(arrowRow(t, batch, i))
		}
	}
	require.NoError(t, rr.Err())
	require.Equal(t, pf.NumRows(), rows)
}

func arrowRow(t *testing.T, batch arrow.RecordBatch, i int) *row {
	next := 0
	take := func() arrow.Array {
		next++
		c := batch.Column(next - 1)
		if !arrowTypes[next-1].nullable && c.IsNull(i) {
			t.Fatalf("column %s is NULL in row %d", arrowTypes[next-1].name, i)
		}
		return c
	}
	str := func() string { return take().(*array.String).Value(i) }
	opt := func() *string {
		if c := take().(*array.String); !c.IsNull(i) {
			return some(c.Value(i))
		}
		return nil
	}
	attrs := func() (list []entry) {
		m := take().(*array.Map)
		keys, values := m.Keys().(*array.String), m.Items().(*array.String)
		from, to := m.ValueOffsets(i)
		for j := int(from); j < int(to); j++ {
			if keys.IsNull(j) || values.IsNull(j) {
				t.Fatalf("column %s has a NULL inside, in row %d", arrowTypes[next-1].name, i)
			}
			list = append(list, entry{keys.Value(j), values.Value(j)})
		}
		return list
	}
	r := &row{Timestamp: int64(take().(*array.Timestamp).Value(i)), TimestampSource: opt()}
	if c := take().(*array.Timestamp); !c.IsNull(i) {
		ns := int64(c.Value(i))
		r.ObservedTimestamp = &ns
	}
	r.TraceID, r.SpanID = str(), str()
	r.TraceFlags = take().(*array.Uint32).Value(i)
	r.SeverityText = str()
	r.SeverityNumber = take().(*array.Int32).Value(i)
	r.ServiceName, r.Body, r.BodyType = str(), str(), opt()
	r.ResourceSchemaURL, r.ResourceAttributes, r.ResourceAttributeTypes = str(), attrs(), opt()
	r.ScopeSchemaURL, r.ScopeName, r.ScopeVersion = str(), str(), str()
	r.ScopeAttributes, r.ScopeAttributeTypes = attrs(), opt()
	r.LogAttributes, r.LogAttributeTypes = attrs(), opt()
	r.EventName, r.RecordUID, r.SamplingThreshold = str(), str(), str()
	r.RecordCount = take().(*array.Int64).Value(i)
	if c := take().(*array.Binary); !c.IsNull(i) {
		r.Exact = append([]byte{}, c.Value(i)...)
	}
	for ; next < int(batch.NumCols()); next++ {
		name := batch.ColumnName(next)
		_, _, ok := promotedKey(name)
		require.True(t, ok, "column %s", name)
		if r.promoted == nil {
			r.promoted = map[string]promotedValue{}
		}
		r.promoted[name] = arrowPromoted(t, name, batch.Column(next), i)
	}
	return r
}

func arrowPromoted(t *testing.T, name string, c arrow.Array, i int) promotedValue {
	t.Helper()
	var p promotedValue
	text := ""
	switch c := c.(type) {
	case *array.String:
		p.kind, text = 's', c.Value(i)
	case *array.Int64:
		p.kind, text = 'i', strconv.FormatInt(c.Value(i), 10)
	case *array.Float64:
		p.kind, text = 'd', strconv.FormatFloat(c.Value(i), 'g', -1, 64)
	case *array.Boolean:
		p.kind, text = 'b', strconv.FormatBool(c.Value(i))
	default:
		t.Fatalf("column %s is %s", name, c.DataType())
	}
	if !c.IsNull(i) {
		p.value = &text
	}
	return p
}
