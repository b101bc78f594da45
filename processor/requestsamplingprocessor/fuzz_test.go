// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package requestsamplingprocessor

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/sampling"

	"github.com/logboom/logboom/internal/tailsample"
)

// FuzzTraceState: what comes out can be read by the next sampler, says what was decided, and is not rewritten again.
func FuzzTraceState(f *testing.F) {
	for _, s := range []string{"", "ot=th:8", "a=b,ot=rv:0123456789abcd;th:4;x:y", "ot=th:zz", ",,", "ot=th:8,ot=th:c", "ot=;", "A=b", "a=\xff", "ot=th:8 ,a= b", "ot=rv:0123456789abcd;th:4", "ot=th:4;rv:0123456789abcd", "ot=th:4;th:8", "ot=rv:0123456789ABCD", "ot="} {
		f.Add(s, uint64(0xc0000000000000), uint64(0x80000000000000), false)
		f.Add(s, uint64(5), uint64(0), true)
	}
	f.Fuzz(func(t *testing.T, state string, randomness, threshold uint64, explicit bool) {
		const all = tailsample.NeverThreshold
		d := tailsample.Decision{Threshold: threshold % all, Explicit: explicit}
		d.Randomness = max(randomness%all, d.Threshold)
		ofTrace := d.Randomness
		if explicit {
			ofTrace = ^randomness % all
		}
		read, _, ok := stateRandomness(state)
		parsed, err := sampling.NewW3CTraceState(state)
		if r, had := parsed.OTelValue().RValueRandomness(); err == nil && had {
			// Of two members of a name contrib takes the last; the state is wrong anyway.
			require.True(t, ok)
			require.Less(t, read, all)
			_ = r
		}
		got, inconsistent := rewriteState(state, ofTrace, d)
		if state != "" {
			slow, slowInconsistent := rewriteAny(state, ofTrace, d)
			require.Equal(t, slow, got)
			require.Equal(t, slowInconsistent, inconsistent)
		}
		require.LessOrEqual(t, len(got), maxTraceStateBytes)
		after, err := sampling.NewW3CTraceState(got)
		require.NoError(t, err, "%q", got)
		th, ok := after.OTelValue().TValueThreshold()
		require.True(t, ok, "%q", got)
		require.GreaterOrEqual(t, th.Unsigned(), d.Threshold)
		own := ofTrace
		if r, ok := after.OTelValue().RValueRandomness(); ok {
			own = r.Unsigned()
		}
		require.True(t, own >= th.Unsigned(), "%q", got)
		if inconsistent {
			require.NotEmpty(t, state)
		}
		again, inconsistent := rewriteState(got, ofTrace, tailsample.Decision{Threshold: th.Unsigned(), Randomness: own, Explicit: explicit})
		require.Equal(t, got, again)
		require.False(t, inconsistent)
	})
}

// FuzzRecords: no log record or span, whatever is in it, makes reading or writing fail.
func FuzzRecords(f *testing.F) {
	var marshaler plog.ProtoMarshaler
	seed, err := marshaler.MarshalLogs(benchSmall())
	require.NoError(f, err)
	f.Add(seed)
	td := ptrace.NewTraces()
	s := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	s.SetTraceID(someTrace)
	s.TraceState().FromRaw("ot=th:8")
	s.Attributes().PutStr("grpc.status_code", "OK")
	seed, err = (&ptrace.ProtoMarshaler{}).MarshalTraces(td)
	require.NoError(f, err)
	f.Add(seed)
	cfg := policies(
		PolicyConfig{Name: "severity", Severity: "error"},
		PolicyConfig{Name: "body", Body: &BodyConfig{Contains: []string{"panic"}}},
		PolicyConfig{Name: "values", Attribute: &AttributeConfig{Key: "k", Values: []any{"x", 7, true}}},
		PolicyConfig{Name: "number", Attribute: &AttributeConfig{Key: "k", Min: ptr(1.0)}},
		PolicyConfig{Name: "http", HTTPStatus: &HTTPStatusConfig{Min: 500}},
		PolicyConfig{Name: "grpc", GRPCStatus: &GRPCStatusConfig{Codes: []any{14}}},
		PolicyConfig{Name: "latency", Latency: &LatencyConfig{From: "attribute", Min: 1e9, Attribute: "k", Unit: "ms"}},
		PolicyConfig{Name: "ottl", OTTL: &OTTLConfig{Logs: []string{`body == "x"`}, Spans: []string{`name == "x"`}}},
	)
	cfg.Correlation = []string{"k"}
	p, err := newPlan(cfg, componenttest.NewNopTelemetrySettings(), nil)
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, data []byte) {
		b := newBatch(len(p.reader.keys.names))
		w := writer{policies: []string{"p", keylessPolicy}, policyAttribute: "policy"}
		check := func(it *tailsample.Item) tailsample.Decision {
			require.LessOrEqual(t, it.Start, it.End)
			require.GreaterOrEqual(t, it.Start, int64(0))
			if it.Key != (tailsample.Key{}) {
				require.Less(t, it.DefaultRandomness, tailsample.NeverThreshold)
			}
			require.Less(t, it.Conditions, uint64(1)<<len(cfg.Policies))
			return tailsample.Decision{Threshold: 7, Randomness: max(it.DefaultRandomness%tailsample.NeverThreshold, 7)}
		}
		if ld, err := (&plog.ProtoUnmarshaler{}).UnmarshalLogs(data); err == nil {
			p.reader.readLogs(b, ld)
			require.Len(t, b.items, ld.LogRecordCount())
			require.Len(t, b.services, ld.ResourceLogs().Len())
			for i, lr := range benchLogRecords(ld) {
				w.log(lr, check(&b.items[i]))
				requireThreshold(t, lr.Attributes())
			}
			b.reset()
		}
		if td, err := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(data); err == nil {
			p.reader.readTraces(b, td)
			require.Len(t, b.items, td.SpanCount())
			i := 0
			for _, rs := range td.ResourceSpans().All() {
				for _, ss := range rs.ScopeSpans().All() {
					for _, span := range ss.Spans().All() {
						w.span(span, check(&b.items[i]))
						_, err := sampling.NewW3CTraceState(span.TraceState().AsRaw())
						require.NoError(t, err)
						i++
					}
				}
			}
		}
	})
}

func requireThreshold(t *testing.T, m pcommon.Map) {
	v, ok := m.Get("sampling.threshold")
	require.True(t, ok)
	_, err := sampling.TValueToThreshold(v.Str())
	require.NoError(t, err)
}

// benchSmall is one log record with a bit of everything.
func benchSmall() plog.Logs {
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr("service.name", "s")
	lr := rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	lr.SetTraceID(someTrace)
	lr.SetSeverityText("ERROR")
	lr.Body().SetEmptyMap().PutStr("m", "panic")
	lr.Attributes().PutStr("k", "7")
	lr.Attributes().PutStr("sampling.threshold", "8")
	lr.Attributes().PutStr("sampling.randomness", "0123456789abcd")
	return ld
}
