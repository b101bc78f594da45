// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

// shopLogs makes records as a web shop's services write them: a request passes several services, whose lines
// share its trace and request id.
func shopLogs(r *rand.Rand, records int, start time.Time) plog.Logs {
	services := []string{"edge", "cart", "checkout", "payment", "catalog", "search", "users", "mail"}
	words := []string{"started", "accepted", "reserved", "charged", "rendered", "cached", "expired", "retried", "timeout", "refused"}
	ld := plog.NewLogs()
	lists := make([]plog.LogRecordSlice, 0, len(services)*3)
	for _, s := range services {
		for pod := range 3 {
			rl := ld.ResourceLogs().AppendEmpty()
			a := rl.Resource().Attributes()
			a.PutStr("service.name", s)
			a.PutStr("service.version", "1.14.2")
			a.PutStr("k8s.pod.name", fmt.Sprintf("%s-7d9c5b-%d", s, pod))
			a.PutStr("deployment.environment.name", "production")
			lists = append(lists, rl.ScopeLogs().AppendEmpty().LogRecords())
		}
	}
	at := start.UnixNano()
	for n := 0; n < records; {
		var trace pcommon.TraceID
		for i := range trace {
			trace[i] = byte(r.Uint32())
		}
		request := fmt.Sprintf("%016x", r.Uint64())
		for range 4 + r.IntN(8) {
			at += int64(r.IntN(500_000))
			lr := lists[r.IntN(len(lists))].AppendEmpty()
			lr.SetTimestamp(pcommon.Timestamp(at))
			lr.SetObservedTimestamp(pcommon.Timestamp(at + int64(r.IntN(3_000_000))))
			lr.SetTraceID(trace)
			var span pcommon.SpanID
			for i := range span {
				span[i] = byte(r.Uint32())
			}
			lr.SetSpanID(span)
			lr.SetFlags(1)
			lr.SetSeverityNumber(plog.SeverityNumberInfo)
			lr.SetSeverityText("INFO")
			user := r.IntN(50_000)
			lr.Body().SetStr(fmt.Sprintf("order %s for user-%d request_id=%s trace_id=%s duration=%dms status=%d path=/api/v1/%s/%d",
				words[r.IntN(len(words))], user, request, trace, r.IntN(900), 200+r.IntN(4), words[r.IntN(len(words))], r.IntN(10_000)))
			lr.Attributes().PutStr("request_id", request)
			lr.Attributes().PutStr("log.file.name", "app.log")
			lr.Attributes().PutInt("http.response.status_code", 200)
			n++
		}
	}
	return ld
}

func BenchmarkEncode(b *testing.B) {
	for _, noIndex := range []bool{false, true} {
		b.Run(map[bool]string{false: "index", true: "no index"}[noIndex], func(b *testing.B) { benchmarkEncode(b, EncoderOptions{NoIndex: noIndex}) })
	}
}

func benchmarkEncode(b *testing.B, opts EncoderOptions) {
	start := time.Date(2026, 11, 23, 1, 0, 0, 0, time.UTC)
	ld := shopLogs(rand.New(rand.NewPCG(1, 1)), 100_000, start)
	records := ld.LogRecordCount()
	size := (&plog.ProtoMarshaler{}).LogsSize(ld)
	b.SetBytes(int64(size))
	b.ReportAllocs()
	var stored int64
	for b.Loop() {
		stored = 0
		enc := NewEncoder(opts)
		enc.Append(ld, start)
		require.NoError(b, enc.Encode(ObjectName{Writer: "w"}, func(o Object) error {
			stored += o.Meta.Bytes
			return nil
		}))
	}
	b.ReportMetric(float64(records)*float64(b.N)/b.Elapsed().Seconds(), "records/s")
	b.ReportMetric(float64(stored)/float64(records), "stored-B/record")
	b.ReportMetric(float64(size)/float64(records), "raw-B/record")
}

func BenchmarkScan(b *testing.B) {
	start := time.Date(2026, 11, 23, 1, 0, 0, 0, time.UTC)
	bucket := mapBucket{}
	commit(b, bucket, "w", start, shopLogs(rand.New(rand.NewPCG(1, 1)), 100_000, start))
	r, err := Open(context.Background(), bucket, ReaderOptions{})
	require.NoError(b, err)
	b.ReportAllocs()
	var rows int64
	for b.Loop() {
		stats, err := r.Snapshot().Scan(context.Background(), All(), func(*Record) error { return nil })
		require.NoError(b, err)
		rows += stats.RowsScanned
	}
	b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "records/s")
}
