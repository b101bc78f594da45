// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

// textAttributes are a map's attributes in text form, sorted by key.
type textAttributes struct {
	attrs []Attribute
	exact bool
}

func textOfMap(m pcommon.Map) textAttributes {
	t := textAttributes{exact: true}
	if m.Len() == 0 {
		return t
	}
	t.attrs = make([]Attribute, 0, m.Len())
	for k, v := range m.All() {
		key, validKey := validText(k)
		text, typ, exact := textOf(v)
		t.attrs = append(t.attrs, Attribute{Key: key, Value: text, Type: typ})
		t.exact = t.exact && validKey && exact
	}
	slices.SortStableFunc(t.attrs, func(a, b Attribute) int { return strings.Compare(a.Key, b.Key) })
	for i := 1; i < len(t.attrs); i++ {
		if t.attrs[i].Key == t.attrs[i-1].Key {
			t.exact = false // a MAP column cannot hold a key twice: the last one shows
		}
	}
	if !t.exact {
		t.attrs = lastOfKey(t.attrs)
	}
	return t
}

// lastOfKey keeps the last of the attributes that share a key.
func lastOfKey(attrs []Attribute) []Attribute {
	n := 0
	for i, a := range attrs {
		if i+1 == len(attrs) || attrs[i+1].Key != a.Key {
			attrs[n] = a
			n++
		}
	}
	return attrs[:n]
}

// resourceText is what the records of one ScopeLogs share.
type resourceText struct {
	record Record // the shared fields
	exact  bool
}

// extract calls add with every record of ld, to be copied. Records share memory with ld.
func extract(ld plog.Logs, arrival time.Time, add func(*Record)) {
	for _, rl := range ld.ResourceLogs().All() {
		res := textOfMap(rl.Resource().Attributes())
		shared := resourceText{exact: res.exact && rl.Resource().DroppedAttributesCount() == 0}
		shared.record.ResourceAttributes = res.attrs
		if a, ok := FindAttribute(res.attrs, "service.name"); ok {
			shared.record.ServiceName = a.Value
		}
		shared.record.ResourceSchemaURL = shared.text(rl.SchemaUrl())
		for _, sl := range rl.ScopeLogs().All() {
			scope := shared
			attrs := textOfMap(sl.Scope().Attributes())
			scope.record.ScopeAttributes = attrs.attrs
			scope.exact = scope.exact && attrs.exact && sl.Scope().DroppedAttributesCount() == 0
			scope.record.ScopeSchemaURL = scope.text(sl.SchemaUrl())
			scope.record.ScopeName = scope.text(sl.Scope().Name())
			scope.record.ScopeVersion = scope.text(sl.Scope().Version())
			for _, lr := range sl.LogRecords().All() {
				r, exact := extractRecord(&scope, lr, arrival)
				if !exact {
					r.exact = marshalExact(rl, sl, lr)
				}
				add(&r)
			}
		}
	}
}

func (t *resourceText) text(s string) string {
	s, ok := validText(s)
	t.exact = t.exact && ok
	return s
}

func extractRecord(shared *resourceText, lr plog.LogRecord, arrival time.Time) (_ Record, exact bool) {
	t := *shared // its exact goes on from the shared part's
	r := &t.record
	r.Timestamp = t.time(lr.Timestamp())
	r.ObservedTimestamp = t.time(lr.ObservedTimestamp())
	if r.Timestamp == 0 {
		r.Timestamp, r.source = r.ObservedTimestamp, timeObserved
		if r.Timestamp == 0 {
			r.Timestamp, r.source = arrival.UnixNano(), timeArrival
		}
	}
	if id := lr.TraceID(); !id.IsEmpty() {
		r.TraceID = hex.EncodeToString(id[:])
	}
	if id := lr.SpanID(); !id.IsEmpty() {
		r.SpanID = hex.EncodeToString(id[:])
	}
	r.TraceFlags = uint32(lr.Flags())
	r.SeverityNumber = int32(lr.SeverityNumber())
	r.SeverityText = t.text(lr.SeverityText())
	r.EventName = t.text(lr.EventName())
	var ok bool
	r.Body, r.BodyType, ok = textOf(lr.Body())
	t.exact = t.exact && ok
	attrs := textOfMap(lr.Attributes())
	r.LogAttributes = attrs.attrs
	t.exact = t.exact && attrs.exact && lr.DroppedAttributesCount() == 0
	r.setPromoted()
	return t.record, t.exact
}

// time converts a time that may be too large for the column, which ends in the year 2262.
func (t *resourceText) time(ts pcommon.Timestamp) int64 {
	if ts > math.MaxInt64 {
		t.exact = false
		return math.MaxInt64
	}
	return int64(ts)
}

// setPromoted fills the fields that mirror log attributes.
func (r *Record) setPromoted() {
	r.RecordCount = 1
	for i := range r.LogAttributes {
		switch a := &r.LogAttributes[i]; a.Key {
		case AttributeRecordUID:
			r.RecordUID = a.Value
		case AttributeSamplingThreshold:
			r.SamplingThreshold = a.Value
		case AttributeRecordCount:
			if n, err := strconv.ParseInt(a.Value, 10, 64); err == nil && n > 0 && (a.Type == TypeInt || a.Type == TypeString) {
				r.RecordCount = uint64(n)
			}
		}
	}
}

// marshalExact returns the one record with its resource and scope as OTLP bytes.
func marshalExact(rl plog.ResourceLogs, sl plog.ScopeLogs, lr plog.LogRecord) []byte {
	ld := plog.NewLogs()
	to := ld.ResourceLogs().AppendEmpty()
	rl.Resource().CopyTo(to.Resource())
	to.SetSchemaUrl(rl.SchemaUrl())
	scope := to.ScopeLogs().AppendEmpty()
	sl.Scope().CopyTo(scope.Scope())
	scope.SetSchemaUrl(sl.SchemaUrl())
	lr.CopyTo(scope.LogRecords().AppendEmpty())
	b, err := (&plog.ProtoMarshaler{}).MarshalLogs(ld)
	if err != nil {
		return nil // pdata's marshaler has no way to fail
	}
	return b
}

// AppendTo appends the exact record, with its resource and scope, to ld.
func (r *Record) AppendTo(ld plog.Logs) error {
	if r.exact != nil {
		one, err := (&plog.ProtoUnmarshaler{}).UnmarshalLogs(r.exact)
		if err != nil {
			return fmt.Errorf("decode column Exact: %w", err)
		}
		if one.LogRecordCount() != 1 {
			return fmt.Errorf("decode column Exact: %d records", one.LogRecordCount())
		}
		one.ResourceLogs().MoveAndAppendTo(ld.ResourceLogs())
		return nil
	}
	rl := ld.ResourceLogs().AppendEmpty()
	rl.SetSchemaUrl(r.ResourceSchemaURL)
	sl := rl.ScopeLogs().AppendEmpty()
	sl.SetSchemaUrl(r.ScopeSchemaURL)
	sl.Scope().SetName(r.ScopeName)
	sl.Scope().SetVersion(r.ScopeVersion)
	lr := sl.LogRecords().AppendEmpty()
	if r.source == timeOwn {
		lr.SetTimestamp(pcommon.Timestamp(r.Timestamp))
	}
	lr.SetObservedTimestamp(pcommon.Timestamp(r.ObservedTimestamp))
	var traceID pcommon.TraceID
	var spanID pcommon.SpanID
	err := errors.Join(
		decodeID(traceID[:], r.TraceID, "TraceId"),
		decodeID(spanID[:], r.SpanID, "SpanId"),
		parseText(lr.Body(), r.Body, r.BodyType),
		parseAttributes(rl.Resource().Attributes(), r.ResourceAttributes),
		parseAttributes(sl.Scope().Attributes(), r.ScopeAttributes),
		parseAttributes(lr.Attributes(), r.LogAttributes),
	)
	lr.SetTraceID(traceID)
	lr.SetSpanID(spanID)
	lr.SetFlags(plog.LogRecordFlags(r.TraceFlags))
	lr.SetSeverityNumber(plog.SeverityNumber(r.SeverityNumber))
	lr.SetSeverityText(r.SeverityText)
	lr.SetEventName(r.EventName)
	return err
}

func decodeID(to []byte, s, column string) error {
	if s == "" {
		return nil
	}
	if len(s) != 2*len(to) {
		return fmt.Errorf("decode column %s: %d characters", column, len(s))
	}
	if _, err := hex.Decode(to, []byte(s)); err != nil {
		return fmt.Errorf("decode column %s: not hexadecimal", column)
	}
	return nil
}

func parseAttributes(m pcommon.Map, attrs []Attribute) error {
	m.EnsureCapacity(len(attrs))
	var errs []error
	for i := range attrs {
		errs = append(errs, parseText(m.PutEmpty(attrs[i].Key), attrs[i].Value, attrs[i].Type))
	}
	return errors.Join(errs...)
}
