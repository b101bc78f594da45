// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package requestsamplingprocessor

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/logboom/logboom/internal/tailsample"
)

// conditionCase asks one policy about log records and spans.
type conditionCase struct {
	t *testing.T
	p *plan
}

func of(t *testing.T, p PolicyConfig) conditionCase {
	t.Helper()
	p.Name = "p"
	return conditionCase{t, mustPlan(t, policies(p))}
}

func (c conditionCase) log(want bool, fill func(plog.LogRecord)) {
	c.t.Helper()
	it := readLog(c.p, func(_ plog.ResourceLogs, lr plog.LogRecord) { fill(lr) })
	assert.Equal(c.t, want, it.Conditions == 1, "%b", it.Conditions)
}

func (c conditionCase) span(want bool, fill func(ptrace.Span)) {
	c.t.Helper()
	it := readSpan(c.p, func(_ ptrace.ResourceSpans, s ptrace.Span) { fill(s) })
	assert.Equal(c.t, want, it.Conditions == 1, "%b", it.Conditions)
}

// attr asks about a value of attribute k, in a log record, a span, and the resources of both.
func (c conditionCase) attr(want bool, k string, value any) {
	c.t.Helper()
	put := func(m pcommon.Map) {
		m.PutStr("before", "x")
		require.NoError(c.t, m.PutEmpty(k).FromRaw(value))
	}
	c.log(want, func(lr plog.LogRecord) { put(lr.Attributes()) })
	c.span(want, func(s ptrace.Span) { put(s.Attributes()) })
	it := readLog(c.p, func(rl plog.ResourceLogs, _ plog.LogRecord) { put(rl.Resource().Attributes()) })
	assert.Equal(c.t, want, it.Conditions == 1, "resource of a log record: %v", value)
	it = readSpan(c.p, func(rs ptrace.ResourceSpans, _ ptrace.Span) { put(rs.Resource().Attributes()) })
	assert.Equal(c.t, want, it.Conditions == 1, "resource of a span: %v", value)
}

func TestSeverity(t *testing.T) {
	c := of(t, PolicyConfig{Severity: "error"})
	number := func(want bool, n plog.SeverityNumber, text string) {
		t.Helper()
		c.log(want, func(lr plog.LogRecord) { lr.SetSeverityNumber(n); lr.SetSeverityText(text) })
	}
	number(false, 0, "")
	number(false, plog.SeverityNumberWarn4, "")
	number(true, plog.SeverityNumberError, "")
	number(true, plog.SeverityNumberFatal4, "")
	number(false, plog.SeverityNumberInfo, "ERROR") // the number counts
	number(true, 0, "ERROR")
	number(true, 0, "[crit]")
	number(true, 0, "panic")
	number(false, 0, "warning")
	number(false, 0, "nonsense")
	c.span(false, func(s ptrace.Span) { s.Status().SetCode(ptrace.StatusCodeError) })
	of(t, PolicyConfig{Severity: "warn2"}).log(true, func(lr plog.LogRecord) { lr.SetSeverityNumber(plog.SeverityNumberWarn2) })
	of(t, PolicyConfig{Severity: "warn2"}).log(false, func(lr plog.LogRecord) { lr.SetSeverityNumber(plog.SeverityNumberWarn) })
}

func TestBody(t *testing.T) {
	body := func(c conditionCase, want bool, value any) {
		t.Helper()
		c.log(want, func(lr plog.LogRecord) { require.NoError(t, lr.Body().FromRaw(value)) })
	}
	c := of(t, PolicyConfig{Body: &BodyConfig{Contains: []string{"panic", "out of memory"}}})
	body(c, true, "kernel: out of memory: killed")
	body(c, true, "panic")
	body(c, false, "Panic")
	body(c, false, "")
	body(c, false, int64(7))
	body(c, true, map[string]any{"level": "info", "detail": map[string]any{"list": []any{1, "a panic"}}})
	body(c, false, map[string]any{"panic": "key"})
	c.log(false, func(plog.LogRecord) {})
	c = of(t, PolicyConfig{Body: &BodyConfig{Regex: `(?i)\bexception\b`}})
	body(c, true, "java.lang.Exception: x")
	body(c, false, "exceptional")
	body(c, true, []any{"a", "exception"})
	deep := any("exception")
	for range maxBodyDepth + 1 {
		deep = []any{deep}
	}
	body(c, false, deep)
}

func TestAttribute(t *testing.T) {
	c := of(t, PolicyConfig{Attribute: &AttributeConfig{Key: "k", Values: []any{"/checkout", 7, true, 0.5, "12"}}})
	for _, v := range []any{"/checkout", int64(7), true, 0.5, "7", "true", 7.0, int64(12), "12", []any{"x", "/checkout"}} {
		c.attr(true, "k", v)
	}
	for _, v := range []any{"/checkout/", int64(8), false, 0.25, "", nil, map[string]any{"k": 7}, []any{}, []any{[]any{"12"}}} {
		c.attr(false, "k", v)
	}
	c.attr(false, "K", "/checkout")
	c = of(t, PolicyConfig{Attribute: &AttributeConfig{Key: "k", Regex: "^acme-"}})
	c.attr(true, "k", "acme-1")
	c.attr(false, "k", "x-acme-1")
	c.attr(false, "k", int64(1))
	c = of(t, PolicyConfig{Attribute: &AttributeConfig{Key: "k", Min: ptr(10.0), Max: ptr(20.0)}})
	for _, v := range []any{int64(10), 20.0, "10", "1e1", "+15", "15.5"} {
		c.attr(true, "k", v)
	}
	for _, v := range []any{int64(9), 20.01, "9", "", "15 ms", "0x10", "NaN", "Infinity", "e1", "1_5", strings.Repeat("0", 40) + "15", true} {
		c.attr(false, "k", v)
	}
	of(t, PolicyConfig{Attribute: &AttributeConfig{Key: "k", Max: ptr(-1.0)}}).attr(true, "k", int64(-5))
	c = of(t, PolicyConfig{Attribute: &AttributeConfig{Key: "k", Bool: ptr(false)}})
	c.attr(true, "k", false)
	c.attr(true, "k", "false")
	c.attr(false, "k", true)
	c.attr(false, "k", int64(0))
}

// TestAttributeOfTheRecordFirst: the resource is asked only where the record has no such attribute.
func TestAttributeOfTheRecordFirst(t *testing.T) {
	p := of(t, PolicyConfig{Attribute: &AttributeConfig{Key: "k", Values: []any{"yes"}}}).p
	it := readLog(p, func(rl plog.ResourceLogs, lr plog.LogRecord) {
		rl.Resource().Attributes().PutStr("k", "yes")
		lr.Attributes().PutStr("k", "no")
	})
	assert.Zero(t, it.Conditions)
}

func TestLatency(t *testing.T) {
	c := of(t, PolicyConfig{Latency: &LatencyConfig{From: "attribute", Min: 2 * time.Second, Attribute: "d", Unit: "ms"}})
	c.attr(true, "d", int64(2000))
	c.attr(true, "d", 2000.5)
	c.attr(true, "d", "2500")
	c.attr(false, "d", int64(1999))
	c.attr(false, "d", "slow")
	of(t, PolicyConfig{Latency: &LatencyConfig{From: "attribute", Min: 2 * time.Second, Attribute: "d", Unit: "s"}}).attr(true, "d", 2.0)
	of(t, PolicyConfig{Latency: &LatencyConfig{From: "attribute", Min: time.Millisecond, Attribute: "d", Unit: "ns"}}).attr(false, "d", 999999)
	of(t, PolicyConfig{Latency: &LatencyConfig{From: "attribute", Min: time.Millisecond, Attribute: "d", Unit: "us"}}).attr(true, "d", 1000)
	for from, kind := range map[string]tailsample.MeasureKind{"": tailsample.SpanTime, "spans": tailsample.SpanTime, "records": tailsample.RecordTime} {
		p := of(t, PolicyConfig{Latency: &LatencyConfig{From: from, Min: time.Second}}).p
		assert.Equal(t, []tailsample.Measure{{Bit: 0, Kind: kind, Min: 1e9}}, p.engine.Measures)
	}
}

func TestHTTPStatus(t *testing.T) {
	c := of(t, PolicyConfig{HTTPStatus: &HTTPStatusConfig{Min: 500, Max: 599}})
	for _, key := range []string{"http.response.status_code", "http.status_code"} {
		c.attr(true, key, int64(500))
		c.attr(true, key, "503")
		c.attr(true, key, 599.0)
		c.attr(false, key, int64(600))
		c.attr(false, key, int64(499))
		c.attr(false, key, "5xx")
	}
	c.log(false, func(lr plog.LogRecord) {
		lr.Attributes().PutInt("http.status_code", 500)
		lr.Attributes().PutInt("http.response.status_code", 200)
	})
	of(t, PolicyConfig{HTTPStatus: &HTTPStatusConfig{Min: 400}}).attr(true, "http.status_code", int64(999))
	of(t, PolicyConfig{HTTPStatus: &HTTPStatusConfig{Max: 199}}).attr(true, "http.status_code", int64(100))
}

func TestGRPCStatus(t *testing.T) {
	c := of(t, PolicyConfig{GRPCStatus: &GRPCStatusConfig{Codes: []any{"UNAVAILABLE", 4, "2", "Canceled"}}})
	for _, key := range []string{"rpc.grpc.status_code", "rpc.response.status_code", "grpc.status_code"} {
		for _, v := range []any{int64(14), "14", "UNAVAILABLE", "unavailable", "DEADLINE_EXCEEDED", "DeadlineExceeded", int64(4), "Unknown", "CANCELLED", "canceled", int64(1)} {
			c.attr(true, key, v)
		}
		for _, v := range []any{int64(0), "OK", "UNAVAILABL", "UNAVAILABLEE", "_", "", int64(-1), int64(17), int64(1 << 40), "17", "-2", "1.5", true} {
			c.attr(false, key, v)
		}
	}
	c.span(false, func(s ptrace.Span) {
		s.Attributes().PutStr("grpc.status_code", "UNAVAILABLE")
		s.Attributes().PutInt("rpc.grpc.status_code", 0)
	})
}

func TestSpanStatus(t *testing.T) {
	for name, code := range map[string]ptrace.StatusCode{"error": ptrace.StatusCodeError, "ok": ptrace.StatusCodeOk} {
		c := of(t, PolicyConfig{SpanStatus: name})
		for _, status := range []ptrace.StatusCode{ptrace.StatusCodeUnset, ptrace.StatusCodeOk, ptrace.StatusCodeError} {
			c.span(status == code, func(s ptrace.Span) { s.Status().SetCode(status) })
		}
		c.log(false, func(lr plog.LogRecord) { lr.SetSeverityNumber(plog.SeverityNumberFatal) })
	}
}

func TestSize(t *testing.T) {
	p := of(t, PolicyConfig{Size: &SizeConfig{MinRecords: 500, MinMiB: 1.5}}).p
	assert.Equal(t, []tailsample.Measure{{Bit: 0, Kind: tailsample.Records, Min: 500}, {Bit: 1, Kind: tailsample.Bytes, Min: 3 << 19}}, p.engine.Measures)
	assert.Equal(t, uint64(0b11), p.engine.Policies[0].Conditions)
}

func TestOTTL(t *testing.T) {
	c := of(t, PolicyConfig{OTTL: &OTTLConfig{
		Logs:  []string{`attributes["vip"] == true and severity_number >= SEVERITY_NUMBER_WARN`, `log.body == "done"`},
		Spans: []string{`IsRootSpan() and name == "POST /pay"`, `resource.attributes["tenant"] == "acme"`},
	}})
	c.log(false, func(lr plog.LogRecord) { lr.Attributes().PutBool("vip", true) })
	c.log(true, func(lr plog.LogRecord) {
		lr.Attributes().PutBool("vip", true)
		lr.SetSeverityNumber(plog.SeverityNumberError)
	})
	c.log(true, func(lr plog.LogRecord) { lr.Body().SetStr("done") })
	c.span(true, func(s ptrace.Span) { s.SetName("POST /pay") })
	c.span(false, func(s ptrace.Span) { s.SetName("POST /pay"); s.SetParentSpanID([8]byte{1}) })
	it := readSpan(c.p, func(rs ptrace.ResourceSpans, _ ptrace.Span) { rs.Resource().Attributes().PutStr("tenant", "acme") })
	assert.Equal(t, uint64(1), it.Conditions)
	of(t, PolicyConfig{OTTL: &OTTLConfig{Logs: []string{"true"}}}).span(false, func(ptrace.Span) {})
	of(t, PolicyConfig{OTTL: &OTTLConfig{Spans: []string{"true"}}}).log(false, func(plog.LogRecord) {})
}

// TestOTTLErrors: a condition that ends in an error does not hold, is counted for its policy, and those after it are asked.
func TestOTTLErrors(t *testing.T) {
	counts := map[string]*cell{}
	cfg := policies(PolicyConfig{Name: "p", OTTL: &OTTLConfig{Logs: []string{`ParseJSON(attributes["n"])["x"] == 1`, `body == "done"`}}})
	cfg.End.Conditions = []string{`ParseJSON(body)["end"] == true`}
	p, err := newPlan(cfg, componenttest.NewNopTelemetrySettings(), func(_ tailsample.Signal, policy string) *cell {
		counts[policy] = &cell{}
		return counts[policy]
	})
	require.NoError(t, err)
	it := readLog(p, func(_ plog.ResourceLogs, lr plog.LogRecord) {
		lr.Attributes().PutInt("n", 1)
		lr.Body().SetStr("done")
	})
	assert.Equal(t, uint64(1), it.Conditions)
	assert.False(t, it.Ends)
	assert.Equal(t, int64(1), counts["p"].n.Load())
	assert.Equal(t, int64(1), counts[""].n.Load())
	it = readLog(p, func(_ plog.ResourceLogs, lr plog.LogRecord) { lr.Body().SetStr(`{"end": true}`) })
	assert.True(t, it.Ends)
}
