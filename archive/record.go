// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"slices"
	"strings"
)

// Attributes of a log record that mean the same to every part of Logboom.
const (
	// AttributeRecordUID identifies a record; equal (ServiceName, Timestamp, uid) are counted once.
	AttributeRecordUID = "log.record.uid"
	// AttributeSamplingThreshold is the rejection threshold a sampler wrote; it implies the record's weight.
	AttributeSamplingThreshold = "sampling.threshold"
	// AttributeRecordCount is how many records a summary record stands for (an integer, at least 1).
	AttributeRecordCount = "logboom.record.count"
)

// ValueType tells the kind that an attribute or a body had before it became text. The zero value is a string.
type ValueType byte

// The kinds of values. Text forms: see [Attribute].
const (
	TypeString ValueType = iota
	TypeInt
	TypeDouble
	TypeBool
	TypeBytes
	TypeMap
	TypeSlice
	TypeEmpty
)

// String returns the name of the kind as OpenTelemetry's documentation writes it.
func (t ValueType) String() string {
	switch t {
	case TypeString:
		return "string"
	case TypeInt:
		return "int"
	case TypeDouble:
		return "double"
	case TypeBool:
		return "bool"
	case TypeBytes:
		return "bytes"
	case TypeMap:
		return "map"
	case TypeSlice:
		return "slice"
	case TypeEmpty:
		return "empty"
	}
	return "unknown"
}

// Attribute is one attribute in its text form: strings as they are (bytes that are not UTF-8 replaced by
// U+FFFD), integers in decimal, doubles in the shortest form that reads back equal, booleans as true and
// false, bytes in base64, maps and slices as JSON, an empty value as the empty string.
type Attribute struct {
	Key, Value string
	Type       ValueType
}

// Record is one log record as the archive holds it. A record handed to a callback is valid during the call
// only; [Record.Clone] makes one that lasts. [Record.AppendTo] gives back the exact pdata record.
type Record struct {
	// Timestamp is the event time in nanoseconds since the Unix epoch: the record's own time; where that is
	// unknown, the time it was observed; where that is unknown too, the time it arrived at the archive.
	Timestamp int64
	// ObservedTimestamp is in nanoseconds since the Unix epoch, 0 where unknown.
	ObservedTimestamp int64
	// TraceID and SpanID are lowercase hex, or empty.
	TraceID, SpanID string
	TraceFlags      uint32
	SeverityText    string
	SeverityNumber  int32
	// ServiceName is the resource attribute service.name, which is in ResourceAttributes too.
	ServiceName string
	// Body is the text form of the body; BodyType tells what it was.
	Body      string
	BodyType  ValueType
	EventName string

	ResourceSchemaURL, ScopeSchemaURL string
	ScopeName, ScopeVersion           string

	// Attributes are sorted by key.
	ResourceAttributes, ScopeAttributes, LogAttributes []Attribute

	// RecordUID and SamplingThreshold are the attributes of those names, which are in LogAttributes too.
	RecordUID, SamplingThreshold string
	// RecordCount is how many records this one stands for, at least 1.
	RecordCount uint64

	// Tenant is whose record it is, "" where there are none. Only the callback of a scan sees it.
	Tenant string

	// source tells which of the times Timestamp is.
	source timeSource
	// exact is the whole record as OTLP bytes, where the text columns cannot give it back; else nil.
	exact []byte
}

// Clone returns a deep copy, valid for ever.
func (r *Record) Clone() *Record {
	c := *r
	for _, s := range []*string{
		&c.TraceID, &c.SpanID, &c.SeverityText, &c.ServiceName, &c.Body, &c.EventName, &c.ResourceSchemaURL,
		&c.ScopeSchemaURL, &c.ScopeName, &c.ScopeVersion, &c.RecordUID, &c.SamplingThreshold,
	} {
		*s = strings.Clone(*s)
	}
	c.ResourceAttributes = cloneAttributes(r.ResourceAttributes)
	c.ScopeAttributes = cloneAttributes(r.ScopeAttributes)
	c.LogAttributes = cloneAttributes(r.LogAttributes)
	c.exact = slices.Clone(r.exact)
	return &c
}

func cloneAttributes(attrs []Attribute) []Attribute {
	c := slices.Clone(attrs)
	for i := range c {
		c[i].Key = strings.Clone(c[i].Key)
		c[i].Value = strings.Clone(c[i].Value)
	}
	return c
}

// FindAttribute returns the attribute of that key from a slice sorted by key.
func FindAttribute(attrs []Attribute, key string) (Attribute, bool) {
	i, ok := slices.BinarySearchFunc(attrs, key, func(a Attribute, k string) int { return strings.Compare(a.Key, k) })
	if !ok {
		return Attribute{}, false
	}
	return attrs[i], true
}

// timeSource tells where a record's event time comes from.
type timeSource byte

const (
	timeOwn      timeSource = iota // the record's Timestamp
	timeObserved                   // its ObservedTimestamp, for want of a Timestamp
	timeArrival                    // the clock of the writer, for want of both
)
