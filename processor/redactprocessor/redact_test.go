// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redactprocessor

import (
	"context"
	"encoding/base64"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor/processortest"

	"github.com/logboom/logboom/processor/redactprocessor/internal/metadata"
)

func TestConcurrentBatches(t *testing.T) {
	sink := new(consumertest.LogsSink)
	p, err := NewFactory().CreateLogs(context.Background(), processortest.NewNopSettings(metadata.Type), defaults(), sink)
	require.NoError(t, err)
	done := make(chan error)
	for range 8 {
		go func() {
			var err error
			for range 50 {
				err = errors.Join(err, p.ConsumeLogs(context.Background(), everywhere(email)))
			}
			done <- err
		}()
	}
	for range 8 {
		require.NoError(t, <-done)
	}
	for _, ld := range sink.AllLogs() {
		wire, err := new(plog.ProtoMarshaler).MarshalLogs(ld)
		require.NoError(t, err)
		require.NotContains(t, string(wire), email)
	}
	require.NoError(t, p.Shutdown(context.Background()))
	require.NoError(t, p.Shutdown(context.Background()), "twice is safe")
}

// TestCleanRecordsCostNoAllocation walks over records with everything in them but something to find.
func TestCleanRecordsCostNoAllocation(t *testing.T) {
	p, err := newRedactProcessor(processortest.NewNopSettings(metadata.Type), defaults())
	require.NoError(t, err)
	w := p.walkers.Get().(*walker)
	ld, td := everywhere("clean"), plainTraces()
	w.logs(ld)
	require.Zero(t, testing.AllocsPerRun(100, func() { w.logs(ld) }))
	w.traces(td)
	require.Zero(t, testing.AllocsPerRun(100, func() { w.traces(td) }))
	require.NoError(t, p.shutdown(context.Background()))
}

func plainTraces() ptrace.Traces {
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr("service.name", "cart")
	span := rs.ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	span.SetName("GET /cart")
	span.TraceState().FromRaw("vendor=1")
	span.Attributes().PutInt("http.response.status_code", 200)
	span.Attributes().PutDouble("seconds", 0.25)
	span.Events().AppendEmpty().SetName("retry")
	span.Links().AppendEmpty().Attributes().PutEmptyBytes("raw").FromRaw([]byte{0, 1, 2, 250, 9, 8, 7})
	return td
}

const accessLine = `203.0.113.9 - - [15/Jan/2026:00:00:08 +0000] "GET /products/SKU-34294?ref=home HTTP/1.1" 200 5124 "-" "Mozilla/5.0 (X11; Linux x86_64)" rt=0.042 rid=`

// BenchmarkConsumeLogs masks a thousand records a call, of which none, ten, or all hold a token and a mail address.
func BenchmarkConsumeLogs(b *testing.B) {
	for _, bc := range []struct {
		name  string
		every int
	}{{"clean", 0}, {"dirty=1%", 100}, {"dirty=100%", 1}} {
		b.Run(bc.name, func(b *testing.B) {
			var next consumer.Logs = consumertest.NewNop()
			p, err := NewFactory().CreateLogs(context.Background(), processortest.NewNopSettings(metadata.Type), defaults(), next)
			require.NoError(b, err)
			line := accessLine + base64.RawURLEncoding.EncodeToString([]byte("request"))
			ld := plog.NewLogs()
			records := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
			for range 1000 {
				lr := records.AppendEmpty()
				lr.Body().SetStr(line)
				lr.Attributes().PutStr("log.file.name", "access.log")
				lr.Attributes().PutStr("service.name", "edge")
			}
			dirty := line + " user=" + email + " " + github
			b.SetBytes(int64(1000 * len(line)))
			b.ReportAllocs()
			for b.Loop() {
				for i := 0; bc.every > 0 && i < records.Len(); i += bc.every { // the call before has masked them
					records.At(i).Body().SetStr(dirty)
				}
				if err := p.ConsumeLogs(context.Background(), ld); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N*1000)/b.Elapsed().Seconds(), "records/s")
			require.NoError(b, p.Shutdown(context.Background()))
		})
	}
}
