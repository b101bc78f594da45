// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"encoding/hex"
	"errors"
	"fmt"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

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
