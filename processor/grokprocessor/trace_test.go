// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grokprocessor

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestTrace(t *testing.T) {
	const trace, span = "4d60b181d5a64bec76027b3dedb61e0a", "9d58e0c8a660ad15"
	check := func(name, text, wantTrace, wantSpan string) {
		t.Helper()
		traceID, ok := readTraceID(text, isDecimalID(name))
		assert.Equal(t, wantTrace != "", ok, "%s %s", name, text)
		if ok {
			assert.Equal(t, wantTrace, traceID.String(), "%s %s", name, text)
		}
		spanID, ok := readSpanID(text, isDecimalID(name))
		assert.Equal(t, wantSpan != "", ok, "%s %s", name, text)
		if ok {
			assert.Equal(t, wantSpan, spanID.String(), "%s %s", name, text)
		}
	}
	check("trace_id", trace, trace, "")
	check("trace_id", strings.ToUpper(trace), trace, "")
	check("trace_id", " "+trace+"\n", trace, "")
	check("trace_id", "0x"+trace, trace, "")
	check("trace_id", "4d60b181-d5a6-4bec-7602-7b3dedb61e0a", trace, "")
	check("span_id", span, "0000000000000000"+span, span) // 16 digits are either
	check("traceparent", "00-"+trace+"-"+span+"-01", trace, span)
	check("traceparent", "00-"+trace+"-0000000000000000-01", trace, "")
	check("traceparent", "00-00000000000000000000000000000000-"+span+"-01", "", span)
	check("b3", trace+"-"+span+"-1-05e3ac9a4f6e3b90", trace, span)
	check("b3", trace+"-"+span, trace, span)
	check("b3", span+"-05e3ac9a4f6e3b90-0", "0000000000000000"+span, "05e3ac9a4f6e3b90")
	check("b3", "0", "", "")
	check("uber-trace-id", trace+":"+span+":0:1", trace, span)
	check("X-Amzn-Trace-Id", "Self=1-67891234-12456789abcdef012345678;Root=1-4d60b181-d5a64bec76027b3dedb61e0a;Parent="+span+";Sampled=1", trace, span)
	check("xray", "1-4d60b181-d5a64bec76027b3dedb61e0a", trace, "")
	check("logging.googleapis.com/trace", "projects/my-project/traces/"+trace, trace, "")
	check("x-cloud-trace-context", trace+"/123;o=1", trace, "")
	check("dd.trace_id", "5208536436650531108", "00000000000000004848704b0a3bd924", "4848704b0a3bd924")
	check("dd.trace_id", "18446744073709551615", "0000000000000000ffffffffffffffff", "ffffffffffffffff")
	check("dd.trace_id", "18446744073709551616", "", "")
	check("dd.trace_id", "0", "", "")
	check("dd.trace_id", trace, trace, "")
	for _, bad := range []string{
		"", "-", "not a trace", "xyz", "00000000000000000000000000000000", "00", "1", trace[:31], trace + "0", "Root=", "Root=1-2-3",
		"00-" + trace, "g" + trace[1:], "/traces/", strings.Repeat("a", 1000), "1-4d60b181-d5a64bec76027b3dedb61e0", "é" + trace[2:],
	} {
		check("trace_id", bad, "", "")
	}
}

// FuzzTrace: whatever is read is an id, not zeros.
func FuzzTrace(f *testing.F) {
	f.Add("00-4d60b181d5a64bec76027b3dedb61e0a-9d58e0c8a660ad15-01", false)
	f.Add("Root=1-4d60b181-d5a64bec76027b3dedb61e0a;Parent=9d58e0c8a660ad15", false)
	f.Add("5208536436650531108", true)
	f.Fuzz(func(t *testing.T, text string, decimal bool) {
		if id, ok := readTraceID(text, decimal); ok && id.IsEmpty() {
			t.Fatalf("%q is an empty id", text)
		}
		if id, ok := readSpanID(text, decimal); ok && id.IsEmpty() {
			t.Fatalf("%q is an empty id", text)
		}
	})
}

func BenchmarkTrace(b *testing.B) {
	for _, text := range []string{"4d60b181d5a64bec76027b3dedb61e0a", "00-4d60b181d5a64bec76027b3dedb61e0a-9d58e0c8a660ad15-01"} {
		b.Run(text[:2], func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, ok := readTraceID(text, false); !ok {
					b.Fatal("not read")
				}
			}
		})
	}
}

// TestTraceOfLoadBalancer: the header that an AWS load balancer logs is the trace id.
func TestTraceOfLoadBalancer(t *testing.T) {
	p := newTestProcessor(t, testConfig(RuleConfig{Parsers: []ParserConfig{{Grok: `^"%{DATA:[aws][trace_id]}"$`}}}))
	recs := process(t, p, time.Now(), `"Root=1-58337281-23d22815c0ffee0102030405"`, `"Self=1-67891233-abcdef012345678912345678;Root=1-58337281-23d22815c0ffee0102030405"`, `"-"`)
	assert.Equal(t, "5833728123d22815c0ffee0102030405", recs[0].TraceID().String())
	assert.Equal(t, "5833728123d22815c0ffee0102030405", recs[1].TraceID().String())
	assert.True(t, recs[2].TraceID().IsEmpty())
}
