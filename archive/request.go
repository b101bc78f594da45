// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

// ScanRequest says what of a snapshot to visit: the records that pass all of its conditions. What a condition can be
// decided by (commit log, footer, index, a single column) decides what is read.
type ScanRequest struct {
	// Start and End bound the event time: Start <= Timestamp < End, in nanoseconds since the Unix epoch.
	// An End of math.MaxInt64 is no end.
	Start, End int64
	// Descending visits the newest records first.
	Descending bool
	// Object keeps an object; nil keeps all. It is for what the commit log says of objects alone, such as the tenant.
	// For rows that are not committed yet it is asked with an object that has the tenant, the times and the number of rows, and no key.
	Object func(*ObjectMeta) bool
	// Service keeps a service; nil keeps all. It may be called from several goroutines at a time.
	Service func(string) bool
	// Severity keeps records by SeverityNumber and SeverityText; nil keeps all. It must be a function of these alone, and where
	// the number is 1 to 24 of the number alone: then it is asked with the text "". It may be called from several goroutines
	// at a time.
	Severity func(number int32, text string) bool
	// Lines are conditions on the body's text, all of which must hold.
	Lines []LineFilter
	// Values are equalities of fields, all of which must hold.
	Values []ValueFilter
	// Keep keeps a record that passed the other conditions; nil keeps all. It may be called from several goroutines at a
	// time, in any order, and for more records than are yielded. The record is valid during the call only.
	Keep func(*Record) bool
	// Early makes a first look at records, which keeps those that may be wanted; nil keeps all. It is called for each row
	// group and part of one, and what it returns by one goroutine at a time, for records that passed the conditions above,
	// before Keep is. Such a record has EarlyColumns alone, beside what is always there, and is valid during the call only.
	// Of row groups of which nothing is kept no other columns are read.
	Early        func() func(*Record) bool
	EarlyColumns Columns // 0 means none
	// Columns are what Keep and the callback need of a record; 0 means all. Timestamp, ServiceName, the severity and the
	// RecordUID are always there; other fields are empty or not, as it happens.
	Columns Columns
	// Limit ends the scan after so many records; 0 means no limit.
	Limit int
	// Expect is about how many records the callback will take before it ends the scan; 0: it is not known.
	Expect int
	// MaxBytes is how much the query may read, in bytes as they lie in the bucket, whether they come from there or from the
	// cache; the commit log is not counted. More ends it with a [ReadLimitError]. 0 means no limit.
	MaxBytes int64
	// OnError is told of each object, or part of one, that cannot be read: on the goroutine of the scan, when all records
	// before it were yielded and none behind it; of what is not known of the live objects, before any is yielded. An error that it returns ends the scan. nil goes on without the part; so do
	// the statistics tell, in either case.
	OnError func(error) error
}

// LineKind says how a line filter looks at a body.
type LineKind uint8

// The kinds of line filters.
const (
	LineContains LineKind = iota // the body contains the text
	LineRegexp                   // a part of the body matches the regular expression (RE2)
)

// LineFilter is a condition on the body's text.
type LineFilter struct {
	Kind LineKind
	Text string
	// Not keeps the bodies that do not match.
	Not bool
}

// ValueFilter keeps the records whose field has exactly that value, in its text form (see [Attribute]). A missing
// attribute has the value "". Field is TraceId, SpanId, EventName, LogAttributes.<key>, ResourceAttributes.<key> or
// ScopeAttributes.<key>; or empty, which means any of these fields, whatever the key; another is an error of the scan.
type ValueFilter struct {
	Field, Value string
}

// Columns is a set of fields of a record.
type Columns uint32

// The fields of a record that a scan may leave out.
const (
	ColumnBody               Columns = 1 << iota // Body, BodyType
	ColumnObservedTimestamp                      // ObservedTimestamp
	ColumnTraceID                                // TraceID
	ColumnSpanID                                 // SpanID
	ColumnTraceFlags                             // TraceFlags
	ColumnEventName                              // EventName
	ColumnResourceAttributes                     // ResourceAttributes, ResourceSchemaURL
	ColumnScope                                  // ScopeName, ScopeVersion, ScopeAttributes, ScopeSchemaURL
	ColumnLogAttributes                          // LogAttributes
	ColumnWeight                                 // SamplingThreshold, RecordCount
	ColumnExact                                  // whatever else [Record.AppendTo] needs, once all others are there

	// ColumnsAll is every field.
	ColumnsAll = 1<<iota - 1
)

// CountRequest says what to count. Order, limit and columns (but for those that Keep needs) mean nothing to it.
type CountRequest struct {
	ScanRequest
	// Edges are the bounds of the buckets, ascending: bucket i is Edges[i] <= Timestamp < Edges[i+1]. Records outside are not
	// counted. Without edges all records are in bucket 0.
	Edges []int64
	// Severity counts by severity; without it, severities of all counts are 0 and "".
	BySeverity bool
	// Bytes asks for CountRow.Bytes, which may take reading bodies.
	Bytes bool
}

// CountRow counts the records of one service, severity and bucket. Of equal (ServiceName, Timestamp, RecordUid) with a
// uid of one tenant, one is counted.
type CountRow struct {
	Service        string
	SeverityNumber int32
	// SeverityText is that of the records when SeverityNumber is not 1 to 24; else "".
	SeverityText string
	Bucket       int
	Rows         int64
	Bytes        int64   // length of the bodies' text, if the request asked for it
	Weight       float64 // how many records the rows stand for, see [Record.Weight]
	// WeightedBytes is the sum of each row's bytes times its weight, if the request asked for bytes.
	WeightedBytes float64
}
