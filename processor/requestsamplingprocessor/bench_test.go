// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package requestsamplingprocessor

import (
	"encoding/binary"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor/processortest"

	"github.com/logboom/logboom/processor/requestsamplingprocessor/internal/metadata"
)

const (
	benchRecords  = 10   // of a request
	benchStarts   = 100  // requests that start with each batch
	benchLife     = 1000 // batches for which a request lives: 100 * 1000 = 100,000 requests in flight
	benchServices = 8    // resources of a batch
	benchErrors   = 1000 // one record in so many is an error
)

// benchArrivals are how many records of a request come together, evenly over its life.
var benchArrivals = []struct {
	name string
	come []int
}{
	{"bursts", []int{4, 3, 3}}, // a service after the other logs a few lines
	{"spread", []int{1, 1, 1, 1, 1, 1, 1, 1, 1, 1}},
}

// benchTraceID spreads the numbers of requests over trace ids.
func benchTraceID(request uint64) (id pcommon.TraceID) {
	request++
	binary.BigEndian.PutUint64(id[:8], request*0x9e3779b97f4a7c15)
	binary.BigEndian.PutUint64(id[8:], request*0xd6e8feb86659fd93+0xa0761d6478bd642f)
	return id
}

// benchEach calls f for the records of a batch: the first ones of some requests, the next ones of others, and so on.
func benchEach(batch int, come []int, f func(i int, request uint64, last bool)) {
	i := 0
	for k, n := range come {
		started := max(batch-k*benchLife/len(come), 0)
		for r := range benchStarts {
			for range n {
				f(i, uint64(started*benchStarts+r), k == len(come)-1)
				i++
			}
		}
	}
}

func benchLogs() plog.Logs {
	ld := plog.NewLogs()
	for s := range benchServices {
		rl := ld.ResourceLogs().AppendEmpty()
		rl.Resource().Attributes().PutStr("service.name", fmt.Sprintf("service-%d", s))
		rl.Resource().Attributes().PutStr("k8s.pod.name", fmt.Sprintf("service-%d-5d8f7c9b6d-x2v4q", s))
		rl.Resource().Attributes().PutStr("deployment.environment.name", "production")
		sl := rl.ScopeLogs().AppendEmpty()
		sl.Scope().SetName("com.example.shop")
		for i := range benchRecords * benchStarts / benchServices {
			lr := sl.LogRecords().AppendEmpty()
			lr.SetSeverityNumber(plog.SeverityNumberInfo)
			lr.SetSeverityText("INFO")
			lr.Body().SetStr(fmt.Sprintf("GET /api/v1/items/%d 200 OK in 12 ms for 10.0.%d.%d", i*7, s, i))
			lr.SetSpanID([8]byte{byte(i), 1, 2, 3, 4, 5, 6, 7})
			a := lr.Attributes()
			a.PutStr("http.request.method", "GET")
			a.PutStr("url.path", "/api/v1/items")
			a.PutInt("http.response.status_code", 200)
			a.PutStr("client.address", "10.0.0.1")
			a.PutInt("duration_ms", 12)
			a.PutStr("thread.name", "worker-7")
		}
	}
	return ld
}

func benchLogRecords(ld plog.Logs) (records []plog.LogRecord) {
	for _, rl := range ld.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, lr := range sl.LogRecords().All() {
				records = append(records, lr)
			}
		}
	}
	return records
}

func benchConfig() *Config {
	cfg := createDefaultConfig().(*Config)
	rate := 0.05
	cfg.Correlation = []string{"http.request.id"}
	cfg.Wait = time.Second
	cfg.End.Grace = time.Second
	cfg.Policies = []PolicyConfig{
		{Name: "errors", Severity: "error"},
		{Name: "failed", HTTPStatus: &HTTPStatusConfig{Min: 500}},
		{Name: "slow", Latency: &LatencyConfig{Min: 2 * time.Second}},
		{Name: "rest", Rate: &rate},
	}
	return cfg
}

// BenchmarkLogs has 100,000 requests in flight, and decides them when the time is over.
func BenchmarkLogs(b *testing.B) {
	for _, a := range benchArrivals {
		b.Run(a.name, func(b *testing.B) { benchmarkLogs(b, a.come) })
	}
}

func benchmarkLogs(b *testing.B, come []int) {
	p, err := NewFactory().CreateLogs(b.Context(), processortest.NewNopSettings(metadata.Type), benchConfig(), consumertest.NewNop())
	require.NoError(b, err)
	require.NoError(b, p.Start(b.Context(), componenttest.NewNopHost()))
	template := benchLogs()
	size := (&plog.ProtoMarshaler{}).LogsSize(template)
	batch, errors := 0, 0
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		ld := plog.NewLogs()
		template.CopyTo(ld)
		records := benchLogRecords(ld)
		now := time.Now()
		benchEach(batch, come, func(i int, request uint64, _ bool) {
			records[i].SetTraceID(benchTraceID(request))
			records[i].SetTimestamp(pcommon.NewTimestampFromTime(now))
			if errors++; errors%benchErrors == 0 {
				records[i].SetSeverityNumber(plog.SeverityNumberError)
			}
		})
		batch++
		b.StartTimer()
		if err := p.ConsumeLogs(b.Context(), ld); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*benchRecords*benchStarts)/b.Elapsed().Seconds(), "records/s")
	b.ReportMetric(float64(p.(*logsProcessor).engine.Stats().Requests), "requests")
	require.NoError(b, p.Shutdown(b.Context()))
}

// BenchmarkTraces is BenchmarkLogs with spans, of which the root comes last.
func BenchmarkTraces(b *testing.B) {
	for _, a := range benchArrivals {
		b.Run(a.name, func(b *testing.B) { benchmarkTraces(b, a.come) })
	}
}

func benchmarkTraces(b *testing.B, come []int) {
	p, err := NewFactory().CreateTraces(b.Context(), processortest.NewNopSettings(metadata.Type), benchConfig(), consumertest.NewNop())
	require.NoError(b, err)
	require.NoError(b, p.Start(b.Context(), componenttest.NewNopHost()))
	template := ptrace.NewTraces()
	for s := range benchServices {
		rs := template.ResourceSpans().AppendEmpty()
		rs.Resource().Attributes().PutStr("service.name", fmt.Sprintf("service-%d", s))
		ss := rs.ScopeSpans().AppendEmpty()
		for i := range benchRecords * benchStarts / benchServices {
			span := ss.Spans().AppendEmpty()
			span.SetName("GET /api/v1/items")
			span.SetSpanID([8]byte{byte(i), 1, 2, 3, 4, 5, 6, 7})
			span.SetParentSpanID([8]byte{byte(i), 7})
			span.Attributes().PutStr("http.request.method", "GET")
			span.Attributes().PutStr("url.path", "/api/v1/items")
			span.Attributes().PutInt("http.response.status_code", 200)
		}
	}
	batch, errors := 0, 0
	b.SetBytes(int64((&ptrace.ProtoMarshaler{}).TracesSize(template)))
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		td := ptrace.NewTraces()
		template.CopyTo(td)
		var spans []ptrace.Span
		for _, rs := range td.ResourceSpans().All() {
			for _, ss := range rs.ScopeSpans().All() {
				for _, span := range ss.Spans().All() {
					spans = append(spans, span)
				}
			}
		}
		now := time.Now()
		benchEach(batch, come, func(i int, request uint64, last bool) {
			spans[i].SetTraceID(benchTraceID(request))
			spans[i].SetStartTimestamp(pcommon.NewTimestampFromTime(now))
			spans[i].SetEndTimestamp(pcommon.NewTimestampFromTime(now.Add(10 * time.Millisecond)))
			if last {
				spans[i].SetParentSpanID(pcommon.SpanID{})
			}
			if errors++; errors%benchErrors == 0 {
				spans[i].Attributes().PutInt("http.response.status_code", 500)
			}
		})
		batch++
		b.StartTimer()
		if err := p.ConsumeTraces(b.Context(), td); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*benchRecords*benchStarts)/b.Elapsed().Seconds(), "spans/s")
	b.ReportMetric(float64(p.(*tracesProcessor).engine.Stats().Requests), "requests")
	require.NoError(b, p.Shutdown(b.Context()))
}

// BenchmarkRead is the reading alone.
func BenchmarkRead(b *testing.B) {
	cfg := benchConfig()
	p, err := newPlan(cfg, componenttest.NewNopTelemetrySettings(), nil)
	require.NoError(b, err)
	ld := benchLogs()
	for i, lr := range benchLogRecords(ld) {
		lr.SetTraceID(benchTraceID(uint64(i)))
	}
	batch := newBatch(len(p.reader.keys.names))
	b.ReportAllocs()
	for b.Loop() {
		batch.reset()
		p.reader.readLogs(batch, ld)
	}
	b.ReportMetric(float64(b.N*benchRecords*benchStarts)/b.Elapsed().Seconds(), "records/s")
}
