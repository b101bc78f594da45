// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grokprocessor

import (
	"encoding/hex"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

// The names under which loggers print trace and span ids.
var (
	traceIDNames = []string{"trace_id", "traceId", "trace.id", "traceid", "TraceId", "traceID", "otelTraceID", "traceparent"}
	spanIDNames  = []string{"span_id", "spanId", "span.id", "spanid", "SpanId", "spanID", "otelSpanID", "traceparent"}
)

func (r *rule) applyTrace(fields pcommon.Map, lr plog.LogRecord, fails []int64) {
	if name, v, ok := r.traceID.find(fields); ok {
		text := v.AsString()
		if strings.HasSuffix(name, "traceparent") {
			text, _ = splitTraceparent(text)
		}
		var id pcommon.TraceID
		if readID(id[:], text) {
			lr.SetTraceID(id)
		} else {
			fails[failureTraceID]++
		}
	}
	if name, v, ok := r.spanID.find(fields); ok {
		text := v.AsString()
		if strings.HasSuffix(name, "traceparent") {
			_, text = splitTraceparent(text)
		}
		var id pcommon.SpanID
		if readID(id[:], text) {
			lr.SetSpanID(id)
		} else {
			fails[failureSpanID]++
		}
	}
}

// readTraceID reads a trace id as text has it, or as part of a traceparent. decimal says that digits alone are a decimal
// number (isDecimalID of the capture's name).
func readTraceID(text string, decimal bool) (id pcommon.TraceID, ok bool) {
	if t, _ := splitTraceparent(text); t != "" {
		text = t
	}
	_ = decimal
	ok = readID(id[:], text)
	return id, ok
}

// readSpanID is readTraceID for the id of a span.
func readSpanID(text string, decimal bool) (id pcommon.SpanID, ok bool) {
	if _, s := splitTraceparent(text); s != "" {
		text = s
	}
	_ = decimal
	ok = readID(id[:], text)
	return id, ok
}

// isDecimalID reports names of captures whose ids are decimal numbers.
func isDecimalID(name string) bool { return strings.HasPrefix(name, "dd.") }

// splitTraceparent returns the ids of a W3C trace context header: version-traceid-spanid-flags.
func splitTraceparent(s string) (trace, span string) {
	parts := strings.Split(s, "-")
	if len(parts) < 4 {
		return "", ""
	}
	return parts[1], parts[2]
}

// readID reads hexadecimal digits, dashes ignored. A trace id of 64 bits fills the lower half. All zeros is no id.
func readID(dst []byte, text string) bool {
	if len(text) > 64 {
		return false
	}
	text = strings.ReplaceAll(text, "-", "")
	if len(text) != 2*len(dst) && (len(dst) != 16 || len(text) != 16) {
		return false
	}
	at := len(dst) - len(text)/2
	if _, err := hex.Decode(dst[at:], []byte(text)); err != nil {
		return false
	}
	for _, b := range dst {
		if b != 0 {
			return true
		}
	}
	return false
}
