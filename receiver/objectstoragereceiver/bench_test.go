// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package objectstoragereceiver

import (
	"context"
	"fmt"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/receiver/receivertest"

	"github.com/logboom/logboom/receiver/objectstoragereceiver/internal/archivetest"
	"github.com/logboom/logboom/receiver/objectstoragereceiver/internal/metadata"
)

// BenchmarkReplay replays a whole archive into a consumer that counts: the one at LOGBOOM_BENCH_ARCHIVE (the URL of a bucket) or,
// without it, a small one in memory of made-up access lines.
func BenchmarkReplay(b *testing.B) {
	cfg := createDefaultConfig().(*Config)
	cfg.Start, cfg.End = "1970-01-01", "2100-01-01"
	if cfg.Bucket.URL = os.Getenv("LOGBOOM_BENCH_ARCHIVE"); cfg.Bucket.URL == "" {
		cfg.Bucket = benchArchive(b, 200_000).Config
	}
	records := 0
	next, err := consumer.NewLogs(func(_ context.Context, ld plog.Logs) error {
		records += ld.LogRecordCount()
		return nil
	})
	require.NoError(b, err)
	before := cpuTime()
	for b.Loop() {
		r, err := newReceiver(receivertest.NewNopSettings(metadata.Type), cfg, next)
		require.NoError(b, err)
		require.NoError(b, r.Start(b.Context(), &host{}))
		<-r.done
		require.NoError(b, r.Shutdown(b.Context()))
		b.SetBytes(r.point.Bytes)
	}
	b.ReportMetric(float64(records)/(cpuTime()-before).Seconds(), "records/cpu-s")
	b.ReportMetric(float64(records)/b.Elapsed().Seconds(), "records/s")
}

// cpuTime is the user and system time of this process.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func benchArchive(b *testing.B, n int) *archivetest.Archive {
	a := archivetest.New(b)
	const perObject = 50_000
	for from := 0; from < n; from += perObject {
		ld := plog.NewLogs()
		var lists []plog.LogRecordSlice
		for s := range 8 {
			rl := ld.ResourceLogs().AppendEmpty()
			rl.Resource().Attributes().PutStr("service.name", fmt.Sprint("service-", s))
			rl.Resource().Attributes().PutStr("host.name", fmt.Sprint("node-", s%3))
			lists = append(lists, rl.ScopeLogs().AppendEmpty().LogRecords())
		}
		for i := from; i < from+perObject; i++ {
			lr := lists[i*7%8].AppendEmpty()
			lr.SetTimestamp(pcommon.NewTimestampFromTime(archivetest.Base) + pcommon.Timestamp(i)*1e6)
			lr.SetSeverityNumber(plog.SeverityNumber(1 + i*11%24))
			lr.SetTraceID(pcommon.TraceID{byte(i), byte(i >> 8), byte(i >> 16), 7})
			lr.Attributes().PutStr("http.request.method", "GET")
			lr.Attributes().PutStr("client.address", fmt.Sprintf("203.0.113.%d", i%250))
			lr.Attributes().PutInt("http.response.status_code", int64(200+i%5*100))
			lr.Body().SetStr(fmt.Sprintf(`203.0.113.%d - - [14/Mar/2026:09:26:53 +0000] "GET /api/items/%d HTTP/1.1" %d %d "-" "curl/8.5"`, i%250, i, 200+i%5*100, i%90_000))
		}
		a.Put(b, "", ld)
	}
	return a
}
