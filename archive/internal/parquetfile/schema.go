// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package parquetfile

import (
	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// Kind is the type of a field's values.
type Kind int

// The kinds of values.
const (
	Int32 Kind = iota
	Uint32
	Int64
	TimestampNanos // INT64, nanoseconds since the Unix epoch, UTC
	Double
	Boolean
	String // UTF-8
	Bytes
	StringMap // MAP<STRING, STRING>, both required: two leaves, key and value
)

func (k Kind) physical() format.Type {
	switch k {
	case Int32, Uint32:
		return format.Int32
	case Int64, TimestampNanos:
		return format.Int64
	case Double:
		return format.Double
	case Boolean:
		return format.Boolean
	default:
		return format.ByteArray
	}
}

// Field is a top-level column.
type Field struct {
	Name     string
	Kind     Kind
	Optional bool // may be NULL; not for maps
}

// leaf is a column of the file.
type leaf struct {
	path                         []string
	kind                         Kind
	maxRepetition, maxDefinition int
}

// Elements returns the schema of a file with these fields as its footer holds it, the root first.
func Elements(fields []Field) []format.SchemaElement {
	elements, _ := flatten(fields)
	return elements
}

// flatten makes the schema's elements, depth first, and its leaves.
func flatten(fields []Field) ([]format.SchemaElement, []leaf) {
	elements := []format.SchemaElement{{Name: "logs", NumChildren: thrift.New(int32(len(fields)))}}
	var leaves []leaf
	for _, f := range fields {
		if f.Kind == StringMap {
			elements = append(
				elements,
				format.SchemaElement{
					Name: f.Name, RepetitionType: thrift.New(format.Required), NumChildren: thrift.New(int32(1)),
					ConvertedType: thrift.New(deprecated.Map), LogicalType: format.LogicalType{Value: &format.MapType{}},
				},
				format.SchemaElement{Name: "key_value", RepetitionType: thrift.New(format.Repeated), NumChildren: thrift.New(int32(2))},
				element("key", String, false),
				element("value", String, false),
			)
			leaves = append(
				leaves,
				leaf{path: []string{f.Name, "key_value", "key"}, kind: String, maxRepetition: 1, maxDefinition: 1},
				leaf{path: []string{f.Name, "key_value", "value"}, kind: String, maxRepetition: 1, maxDefinition: 1},
			)
			continue
		}
		elements = append(elements, element(f.Name, f.Kind, f.Optional))
		l := leaf{path: []string{f.Name}, kind: f.Kind}
		if f.Optional {
			l.maxDefinition = 1
		}
		leaves = append(leaves, l)
	}
	return elements, leaves
}

func element(name string, kind Kind, optional bool) format.SchemaElement {
	e := format.SchemaElement{Name: name, Type: thrift.New(kind.physical()), RepetitionType: thrift.New(format.Required)}
	if optional {
		e.RepetitionType = thrift.New(format.Optional)
	}
	switch kind {
	case String:
		e.ConvertedType = thrift.New(deprecated.UTF8)
		e.LogicalType.Value = &format.StringType{}
	case TimestampNanos:
		e.LogicalType.Value = &format.TimestampType{IsAdjustedToUTC: true, Unit: format.TimeUnit{Value: &format.NanoSeconds{}}}
	case Uint32:
		e.ConvertedType = thrift.New(deprecated.Uint32)
		e.LogicalType.Value = &format.IntType{BitWidth: 32}
	}
	return e
}
