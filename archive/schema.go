// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"reflect"

	"github.com/parquet-go/parquet-go/format"

	"github.com/logboom/logboom/archive/internal/parquetfile"
)

// fields are the columns that every object has, in the order of FORMAT.md.
var fields = []parquetfile.Field{
	{Name: "Timestamp", Kind: parquetfile.TimestampNanos},
	{Name: "TimestampSource", Kind: parquetfile.String, Optional: true},
	{Name: "ObservedTimestamp", Kind: parquetfile.TimestampNanos, Optional: true},
	{Name: "TraceId", Kind: parquetfile.String},
	{Name: "SpanId", Kind: parquetfile.String},
	{Name: "TraceFlags", Kind: parquetfile.Uint32},
	{Name: "SeverityText", Kind: parquetfile.String},
	{Name: "SeverityNumber", Kind: parquetfile.Int32},
	{Name: "ServiceName", Kind: parquetfile.String},
	{Name: "Body", Kind: parquetfile.String},
	{Name: "BodyType", Kind: parquetfile.String, Optional: true},
	{Name: "ResourceSchemaUrl", Kind: parquetfile.String},
	{Name: "ResourceAttributes", Kind: parquetfile.StringMap},
	{Name: "ResourceAttributeTypes", Kind: parquetfile.String, Optional: true},
	{Name: "ScopeSchemaUrl", Kind: parquetfile.String},
	{Name: "ScopeName", Kind: parquetfile.String},
	{Name: "ScopeVersion", Kind: parquetfile.String},
	{Name: "ScopeAttributes", Kind: parquetfile.StringMap},
	{Name: "ScopeAttributeTypes", Kind: parquetfile.String, Optional: true},
	{Name: "LogAttributes", Kind: parquetfile.StringMap},
	{Name: "LogAttributeTypes", Kind: parquetfile.String, Optional: true},
	{Name: "EventName", Kind: parquetfile.String},
	{Name: "RecordUid", Kind: parquetfile.String},
	{Name: "SamplingThreshold", Kind: parquetfile.String},
	{Name: "RecordCount", Kind: parquetfile.Int64},
	{Name: "Exact", Kind: parquetfile.Bytes, Optional: true},
}

// elements are the schema of fields as a footer holds it, without the root.
var elements = parquetfile.Elements(fields)[1:]

// columnNames are the names of the columns by index, for errors.
var columnNames = func() (names []string) {
	for _, f := range fields {
		names = append(names, f.Name)
		if f.Kind == parquetfile.StringMap {
			names[len(names)-1] += ".key"
			names = append(names, f.Name+".value")
		}
	}
	return names
}()

// hasFields reports whether the schema of a file begins with the format's columns.
func hasFields(schema []format.SchemaElement) bool {
	return len(schema) > len(elements) && reflect.DeepEqual(schema[1:1+len(elements)], elements)
}

// The values of the column TimestampSource; NULL stands for the record's own time.
const (
	sourceObserved = "observed"
	sourceArrival  = "arrival"
)

// Keys of the Parquet file's own metadata.
const (
	metaFormat    = "logboom.format"
	metaDisplaced = "logboom.displaced"
	metaRowGroups = "logboom.row_groups"
)

// rowGroupSum is the place and the checksum of a row group's bytes, kept in the file's metadata, because
// Parquet's own page checksums do not cover headers and dictionaries.
type rowGroupSum struct {
	Offset int64  `json:"offset"`
	Bytes  int64  `json:"bytes"`
	Sum    string `json:"xxh64"` // 16 hex digits
}

// typeCodes are the letters by which the ...Types columns name the kinds, indexed by ValueType.
const typeCodes = "sidbxmae"

func typeOfCode(c byte) (ValueType, bool) {
	for t := range len(typeCodes) {
		if typeCodes[t] == c {
			return ValueType(t), true
		}
	}
	return 0, false
}
