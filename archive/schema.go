// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"github.com/parquet-go/parquet-go"
)

// schemaRow gives the Parquet schema its columns, in the order of FORMAT.md. It is never filled: values are
// written and read column by column.
type schemaRow struct {
	Timestamp              int64             `parquet:"Timestamp,timestamp(nanosecond),delta"`
	TimestampSource        string            `parquet:"TimestampSource,optional,dict"`
	ObservedTimestamp      int64             `parquet:"ObservedTimestamp,optional,timestamp(nanosecond),delta"`
	TraceID                string            `parquet:"TraceId,plain"`
	SpanID                 string            `parquet:"SpanId,plain"`
	TraceFlags             uint32            `parquet:"TraceFlags,dict"`
	SeverityText           string            `parquet:"SeverityText,dict"`
	SeverityNumber         int32             `parquet:"SeverityNumber,dict"`
	ServiceName            string            `parquet:"ServiceName,dict"`
	Body                   string            `parquet:"Body,plain"`
	BodyType               string            `parquet:"BodyType,optional,dict"`
	ResourceSchemaURL      string            `parquet:"ResourceSchemaUrl,dict"`
	ResourceAttributes     map[string]string `parquet:"ResourceAttributes" parquet-key:",dict" parquet-value:",dict"`
	ResourceAttributeTypes string            `parquet:"ResourceAttributeTypes,optional,dict"`
	ScopeSchemaURL         string            `parquet:"ScopeSchemaUrl,dict"`
	ScopeName              string            `parquet:"ScopeName,dict"`
	ScopeVersion           string            `parquet:"ScopeVersion,dict"`
	ScopeAttributes        map[string]string `parquet:"ScopeAttributes" parquet-key:",dict" parquet-value:",dict"`
	ScopeAttributeTypes    string            `parquet:"ScopeAttributeTypes,optional,dict"`
	LogAttributes          map[string]string `parquet:"LogAttributes" parquet-key:",dict" parquet-value:",plain"`
	LogAttributeTypes      string            `parquet:"LogAttributeTypes,optional,dict"`
	EventName              string            `parquet:"EventName,dict"`
	RecordUID              string            `parquet:"RecordUid,plain"`
	SamplingThreshold      string            `parquet:"SamplingThreshold,dict"`
	RecordCount            int64             `parquet:"RecordCount,dict"`
	Exact                  []byte            `parquet:"Exact,optional,plain"`
}

var schema = parquet.NewSchema("logs", parquet.SchemaOf(schemaRow{}))

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
