// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package requestsamplingprocessor

import (
	"encoding/hex"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/logboom/logboom/internal/tailsample"
)

var someTrace = pcommon.TraceID{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}

func correlated(t *testing.T, names ...string) *plan {
	t.Helper()
	cfg := policies(PolicyConfig{Name: "p", Severity: "error"})
	cfg.Correlation = names
	return mustPlan(t, cfg)
}

func TestKeys(t *testing.T) {
	p := correlated(t, "http.request.id", "request_id")
	var none tailsample.Key
	key := func(fill func(plog.ResourceLogs, plog.LogRecord)) tailsample.Item {
		it := readLog(p, fill)
		assert.Equal(t, none, it.Link, "without a trace id there is nothing to link")
		return it
	}

	it := key(func(plog.ResourceLogs, plog.LogRecord) {})
	assert.Equal(t, none, it.Key)
	assert.Equal(t, tailsample.NoRandomness, it.DefaultRandomness)

	it = key(func(_ plog.ResourceLogs, lr plog.LogRecord) { lr.SetTraceID(someTrace) })
	assert.Equal(t, tailsample.Key(someTrace), it.Key)
	assert.Equal(t, uint64(0x0a0b0c0d0e0f10), it.DefaultRandomness, "the lower 56 bits")

	text := key(func(_ plog.ResourceLogs, lr plog.LogRecord) { lr.Attributes().PutStr("request_id", "42") })
	assert.NotEqual(t, none, text.Key)
	assert.Less(t, text.DefaultRandomness, tailsample.NeverThreshold)
	for name, same := range map[string]func(plog.ResourceLogs, plog.LogRecord){
		"a number":          func(_ plog.ResourceLogs, lr plog.LogRecord) { lr.Attributes().PutInt("request_id", 42) },
		"a float":           func(_ plog.ResourceLogs, lr plog.LogRecord) { lr.Attributes().PutDouble("request_id", 42) },
		"another attribute": func(_ plog.ResourceLogs, lr plog.LogRecord) { lr.Attributes().PutStr("http.request.id", "42") },
		"the resource":      func(rl plog.ResourceLogs, _ plog.LogRecord) { rl.Resource().Attributes().PutStr("request_id", "42") },
		"the first of two": func(_ plog.ResourceLogs, lr plog.LogRecord) {
			lr.Attributes().PutStr("request_id", "43")
			lr.Attributes().PutStr("http.request.id", "42")
		},
		"the first that tells": func(_ plog.ResourceLogs, lr plog.LogRecord) {
			lr.Attributes().PutStr("http.request.id", "")
			lr.Attributes().PutStr("request_id", "42")
		},
		"the record before the resource": func(rl plog.ResourceLogs, lr plog.LogRecord) {
			rl.Resource().Attributes().PutStr("request_id", "43")
			lr.Attributes().PutStr("request_id", "42")
		},
	} {
		it = key(same)
		assert.Equal(t, text.Key, it.Key, name)
		assert.Equal(t, text.DefaultRandomness, it.DefaultRandomness, name)
	}
	for name, none := range map[string]func(pcommon.Map){
		"empty": func(m pcommon.Map) { m.PutStr("request_id", "") },
		"bool":  func(m pcommon.Map) { m.PutBool("request_id", true) },
		"map":   func(m pcommon.Map) { m.PutEmptyMap("request_id").PutStr("a", "b") },
		"list":  func(m pcommon.Map) { m.PutEmptySlice("request_id").AppendEmpty().SetStr("42") },
		"bytes": func(m pcommon.Map) { m.PutEmptyBytes("request_id").Append('4', '2') },
		"null":  func(m pcommon.Map) { m.PutEmpty("request_id") },
	} {
		it = key(func(_ plog.ResourceLogs, lr plog.LogRecord) { none(lr.Attributes()) })
		assert.Equal(t, tailsample.Key{}, it.Key, name)
	}

	it = readLog(p, func(_ plog.ResourceLogs, lr plog.LogRecord) {
		lr.SetTraceID(someTrace)
		lr.Attributes().PutStr("request_id", "42")
	})
	assert.Equal(t, tailsample.Key(someTrace), it.Key)
	assert.Equal(t, text.Key, it.Link)
	assert.Equal(t, uint64(0x0a0b0c0d0e0f10), it.DefaultRandomness)
}

// TestKeysAreForGood: gateways must agree about keys and randomness, and what is stored must find its request again.
func TestKeysAreForGood(t *testing.T) {
	it := readLog(correlated(t, "request_id"), func(_ plog.ResourceLogs, lr plog.LogRecord) { lr.Attributes().PutStr("request_id", "42") })
	assert.Equal(t, "6de6f5d076d742b90b1741093a6446e7", hex.EncodeToString(it.Key[:]))
	assert.Equal(t, uint64(0x6de6f5d076d742), it.DefaultRandomness)
}

func TestTimes(t *testing.T) {
	p := correlated(t)
	it := readLog(p, func(_ plog.ResourceLogs, lr plog.LogRecord) { lr.SetTimestamp(5); lr.SetObservedTimestamp(9) })
	assert.Equal(t, []int64{5, 5}, []int64{it.Start, it.End})
	it = readLog(p, func(_ plog.ResourceLogs, lr plog.LogRecord) { lr.SetObservedTimestamp(9) })
	assert.Equal(t, []int64{9, 9}, []int64{it.Start, it.End})
	it = readLog(p, func(_ plog.ResourceLogs, lr plog.LogRecord) { lr.SetTimestamp(math.MaxUint64) })
	assert.Equal(t, []int64{0, 0}, []int64{it.Start, it.End})
	it = readSpan(p, func(_ ptrace.ResourceSpans, s ptrace.Span) { s.SetStartTimestamp(5); s.SetEndTimestamp(9) })
	assert.Equal(t, []int64{5, 9}, []int64{it.Start, it.End})
	it = readSpan(p, func(_ ptrace.ResourceSpans, s ptrace.Span) { s.SetStartTimestamp(5); s.SetEndTimestamp(2) })
	assert.Equal(t, []int64{5, 5}, []int64{it.Start, it.End}, "a span cannot end before it starts")
	it = readSpan(p, func(_ ptrace.ResourceSpans, s ptrace.Span) { s.SetEndTimestamp(9) })
	assert.Equal(t, []int64{9, 9}, []int64{it.Start, it.End})
}

func TestEnds(t *testing.T) {
	cfg := policies(PolicyConfig{Name: "p", Severity: "error"})
	cfg.End.Conditions = []string{`attributes["log.type"] == "access"`}
	p := mustPlan(t, cfg)
	assert.True(t, readLog(p, func(_ plog.ResourceLogs, lr plog.LogRecord) { lr.Attributes().PutStr("log.type", "access") }).Ends)
	assert.False(t, readLog(p, func(plog.ResourceLogs, plog.LogRecord) {}).Ends)
	assert.True(t, readSpan(p, func(ptrace.ResourceSpans, ptrace.Span) {}).Ends)
	assert.False(t, readSpan(p, func(_ ptrace.ResourceSpans, s ptrace.Span) { s.SetParentSpanID([8]byte{1}) }).Ends)
	cfg.End.RootSpan = false
	assert.False(t, readSpan(mustPlan(t, cfg), func(ptrace.ResourceSpans, ptrace.Span) {}).Ends)
}

func TestRandomness(t *testing.T) {
	p := correlated(t)
	log := func(v string) uint64 {
		return readLog(p, func(_ plog.ResourceLogs, lr plog.LogRecord) { lr.Attributes().PutStr("sampling.randomness", v) }).Randomness
	}
	span := func(v string) uint64 {
		return readSpan(p, func(_ ptrace.ResourceSpans, s ptrace.Span) { s.TraceState().FromRaw(v) }).Randomness
	}
	assert.Equal(t, uint64(0x0123456789abcd), log("0123456789abcd"))
	assert.Equal(t, tailsample.NoRandomness, log("0123456789abc"))
	assert.Equal(t, tailsample.NoRandomness, log("0123456789abcx"))
	assert.Equal(t, uint64(0x0123456789abcd), span("ot=rv:0123456789abcd"))
	assert.Equal(t, uint64(0x0123456789abcd), span("a=b, ot=th:8;rv:0123456789abcd;x:y,c=d"))
	for _, none := range []string{"ot=th:8", "ott=rv:0123456789abcd", "a=rv:0123456789abcd", "ot=rv:0123", "ot", ",,,", "ot=;;rv", "x=ot=rv:0123456789abcd"} {
		assert.Equal(t, tailsample.NoRandomness, span(none), none)
	}
}

func TestServices(t *testing.T) {
	p := correlated(t)
	ld := plog.NewLogs()
	for _, v := range []any{"a", nil, 7, "b"} {
		require.NoError(t, ld.ResourceLogs().AppendEmpty().Resource().Attributes().PutEmpty("service.name").FromRaw(v))
	}
	ld.ResourceLogs().AppendEmpty()
	b := newBatch(len(p.reader.keys.names))
	p.reader.readLogs(b, ld)
	assert.Equal(t, []string{"a", "", "", "b", ""}, b.services)
}

// TestReadingAllocatesNothing, whatever is asked but OTTL.
func TestReadingAllocatesNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	cfg := load(t, "request_sampling/everything")
	cfg.End.Conditions = nil
	for i := range cfg.Policies {
		if cfg.Policies[i].OTTL != nil {
			cfg.Policies[i].OTTL, cfg.Policies[i].SpanStatus = nil, "ok"
		}
	}
	p := mustPlan(t, cfg)
	ld := benchLogs()
	for i, lr := range benchLogRecords(ld) {
		lr.SetSeverityNumber(0)
		lr.Attributes().PutStr("duration_ms", "12")
		lr.Attributes().PutStr("request_id", "7f3a")
		lr.Attributes().PutStr("sampling.randomness", "0123456789abcd")
		lr.Attributes().PutStr("tenant", "x-acme")
		if i%2 == 0 {
			lr.SetTraceID(someTrace)
		}
	}
	b := newBatch(len(p.reader.keys.names))
	p.reader.readLogs(b, ld)
	assert.Zero(t, testing.AllocsPerRun(10, func() {
		b.reset()
		p.reader.readLogs(b, ld)
	}))
	td := ptrace.NewTraces()
	for range 10 {
		s := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty()
		s.TraceState().FromRaw("a=b,ot=th:8;rv:0123456789abcd")
		s.Attributes().PutStr("rpc.grpc.status_code", "DeadlineExceeded")
		s.Attributes().PutInt("http.request.id", 123456789)
	}
	b.reset()
	p.reader.readTraces(b, td)
	assert.Zero(t, testing.AllocsPerRun(10, func() {
		b.reset()
		p.reader.readTraces(b, td)
	}))
}

func TestKeyIndex(t *testing.T) {
	var x keyIndex
	long := "a.very.long.name.of.an.attribute.that.is.longer.than.the.index.of.lengths.goes"
	names := []string{"a", "b", "ab", "", long + "1", long + "2", "a"}
	want := []int{0, 1, 2, 3, 4, 5, 0}
	for i, name := range names {
		assert.Equal(t, want[i], x.slot(name))
	}
	m := pcommon.NewMap()
	m.PutStr(long+"2", "long")
	m.PutStr(long+"3", "other")
	m.PutStr("b", "first")
	m.PutStr("c", "other")
	slots := make([]pcommon.Value, len(x.names))
	slots[0] = pcommon.NewValueStr("of another record")
	x.fill(m, slots)
	for i, want := range []string{"", "first", "", "", "", "long"} {
		if want == "" {
			assert.Equal(t, pcommon.Value{}, slots[i])
		} else {
			assert.Equal(t, want, slots[i].Str())
		}
	}
}

// TestTraceIDInAnAttribute: 32 hexadecimal digits are the request of the spans with that trace id; "-" and blanks are none.
func TestTraceIDInAnAttribute(t *testing.T) {
	cfg := policies()
	cfg.Correlation = []string{"trace_id"}
	p := mustPlan(t, cfg)
	with := func(v string) tailsample.Item {
		return readLog(p, func(_ plog.ResourceLogs, lr plog.LogRecord) { lr.Attributes().PutStr("trace_id", v) })
	}
	span := readSpan(p, func(_ ptrace.ResourceSpans, s ptrace.Span) {
		s.SetTraceID([16]byte{0x4b, 0xf9, 0x2f, 0x35, 0x77, 0xb3, 0x4d, 0xa6, 0xa3, 0xce, 0x92, 0x9d, 0x0e, 0x0e, 0x47, 0x36})
	})
	for _, v := range []string{"4bf92f3577b34da6a3ce929d0e0e4736", " 4BF92F3577B34DA6A3CE929D0E0E4736"} {
		log := with(v)
		assert.Equal(t, span.Key, log.Key)
		assert.Equal(t, span.DefaultRandomness, log.DefaultRandomness)
	}
	assert.NotEqual(t, span.Key, with("4bf92f3577b34da6a3ce929d0e0e473x").Key)
	for _, v := range []string{"", " ", "-", " - "} {
		assert.Zero(t, with(v).Key, "%q", v)
	}
}
