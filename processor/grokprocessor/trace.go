// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grokprocessor

import (
	"strconv"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// The names under which loggers print trace and span ids, and headers that hold both.
var (
	traceIDNames = []string{
		"trace_id", "traceId", "trace.id", "traceid", "TraceId", "traceID", "otelTraceID", "otel.trace_id", "@tr", "dd.trace_id",
		"logging.googleapis.com/trace", "traceparent", "X-B3-TraceId", "x-b3-traceid", "b3", "uber-trace-id", "X-Amzn-Trace-Id",
		"x-amzn-trace-id", "AWS-XRAY-TRACE-ID", "aws.trace_id", "aws.elb.trace_id", "aws.elb.trace.id", "X-Cloud-Trace-Context", "x-cloud-trace-context",
	}
	spanIDNames = []string{
		"span_id", "spanId", "span.id", "spanid", "SpanId", "spanID", "otelSpanID", "otel.span_id", "@sp", "dd.span_id",
		"logging.googleapis.com/spanId", "traceparent", "X-B3-SpanId", "x-b3-spanid", "b3", "uber-trace-id",
	}
)

// isDecimalID reports names of captures whose ids are decimal numbers: Datadog's.
func isDecimalID(name string) bool { return strings.HasPrefix(name, "dd.") }

// maxIDText is the longest text that an id is looked for in: AWS's header with all its parts is about 100 bytes.
const maxIDText = 256

// readTraceID reads a trace id as text has it: 32 or 16 hexadecimal digits, a UUID, or as part of W3C's traceparent, B3's single
// header, Jaeger's uber-trace-id, AWS X-Ray's header or id, or Google's trace name or header. An id of 64 bits fills the lower half. decimal says
// that digits alone are a decimal number (isDecimalID of the capture's name).
func readTraceID(text string, decimal bool) (id pcommon.TraceID, ok bool) {
	text = strings.TrimSpace(text)
	if len(text) > maxIDText {
		return id, false
	}
	if len(text) == 32 {
		ok = readHex(id[:], text)
		return id, ok && id != pcommon.TraceID{}
	}
	if decimal {
		ok = readDecimal(id[8:], text)
		return id, ok
	}
	part, _ := splitContext(text)
	switch {
	case len(part) == 36 && part[8] == '-' && part[13] == '-' && part[18] == '-' && part[23] == '-': // UUID
		ok = readHex(id[:4], part[:8]) && readHex(id[4:6], part[9:13]) && readHex(id[6:8], part[14:18]) && readHex(id[8:10], part[19:23]) && readHex(id[10:], part[24:])
		return id, ok && id != pcommon.TraceID{}
	case len(part) == 35 && part[1] == '-' && part[10] == '-': // X-Ray
		ok = readHex(id[:4], part[2:10]) && readHex(id[4:], part[11:])
		return id, ok && id != pcommon.TraceID{}
	case len(part) == 32 || len(part) == 16:
		ok = readHex(id[16-len(part)/2:], part)
		return id, ok && id != pcommon.TraceID{}
	}
	return id, false
}

// readSpanID reads a span id: 16 hexadecimal digits, or the part of the headers that readTraceID knows.
func readSpanID(text string, decimal bool) (id pcommon.SpanID, ok bool) {
	text = strings.TrimSpace(text)
	if len(text) > maxIDText {
		return id, false
	}
	if decimal && readDecimal(id[:], text) {
		return id, true
	}
	if trace, part := splitContext(text); trace != text || part != "" {
		text = part
	}
	if len(text) != 16 {
		return id, false
	}
	ok = readHex(id[:], text)
	return id, ok && id != pcommon.SpanID{}
}

// splitContext finds the ids in what holds both. What it does not know is a trace id itself.
func splitContext(s string) (trace, span string) {
	switch {
	case len(s) >= 55 && s[2] == '-' && s[35] == '-' && s[52] == '-': // traceparent: version, trace, span, flags
		return s[3:35], s[36:52]
	case len(s) >= 49 && s[32] == '-': // B3: trace, span, sampled, parent
		return s[:32], s[33:49]
	case len(s) >= 33 && s[16] == '-':
		return s[:16], s[17:33]
	}
	if i := strings.Index(s, "Root="); i >= 0 { // X-Ray: Root=1-8-24;Parent=16;Sampled=1
		trace, _, _ = strings.Cut(s[i+len("Root="):], ";")
		if i := strings.Index(s, "Parent="); i >= 0 {
			span, _, _ = strings.Cut(s[i+len("Parent="):], ";")
		}
		return trace, span
	}
	if i := strings.LastIndex(s, "/traces/"); i >= 0 { // Google: projects/p/traces/32
		return s[i+len("/traces/"):], ""
	}
	if i := strings.IndexByte(s, ':'); i == 32 || i == 16 { // Jaeger: trace:span:parent:flags
		span, _, _ = strings.Cut(s[i+1:], ":")
		return s[:i], span
	}
	if len(s) > 32 && s[32] == '/' { // Google's header: trace/decimal;o=1
		return s[:32], ""
	}
	if strings.HasPrefix(s, "0x") {
		return s[2:], ""
	}
	return s, ""
}

// readDecimal reads a decimal number of 64 bits other than 0.
func readDecimal(dst []byte, text string) bool {
	if text == "" || len(text) > 20 || !isDigit(text[0]) || len(text) == 16 && text[0] == '0' {
		return false
	}
	v, err := strconv.ParseUint(text, 10, 64)
	if err != nil || v == 0 {
		return false
	}
	for i := 7; i >= 0; i-- {
		dst[i] = byte(v)
		v >>= 8
	}
	return true
}

// readHex fills dst from twice as many hexadecimal digits; the answer is false if they are not.
func readHex(dst []byte, text string) bool {
	if len(text) != 2*len(dst) {
		return false
	}
	for i := range dst {
		hi, lo := hexValue[text[2*i]], hexValue[text[2*i+1]]
		if hi|lo > 15 {
			return false
		}
		dst[i] = hi<<4 | lo
	}
	return true
}

var hexValue = func() (t [256]byte) {
	for i := range t {
		t[i] = 255
	}
	for i := range byte(16) {
		t["0123456789abcdef"[i]] = i
		t["0123456789ABCDEF"[i]] = i
	}
	return t
}()
