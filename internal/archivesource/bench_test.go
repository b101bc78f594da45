// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivesource

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/logboom/logboom/archive"
	"github.com/logboom/logboom/internal/bucket"
	"github.com/logboom/logboom/logql"
)

const benchRecords = 100_000

// benchSnapshot is an archive of JSON lines of eight services over half an hour.
func benchSnapshot(b *testing.B) *archive.Snapshot {
	ld := plog.NewLogs()
	var records []plog.LogRecordSlice
	for i := range 8 {
		rl := ld.ResourceLogs().AppendEmpty()
		rl.Resource().Attributes().PutStr("service.name", fmt.Sprint("service-", i))
		rl.Resource().Attributes().PutStr("k8s.namespace.name", "shop")
		rl.Resource().Attributes().PutStr("host.name", fmt.Sprint("node-", i%3))
		records = append(records, rl.ScopeLogs().AppendEmpty().LogRecords())
	}
	for i := range benchRecords {
		lr := records[i*7%8].AppendEmpty()
		lr.SetTimestamp(pcommon.NewTimestampFromTime(base.Add(time.Duration(i) * 30 * time.Minute / benchRecords)))
		lr.SetSeverityNumber(plog.SeverityNumber(1 + i*11%24))
		lr.SetTraceID(pcommon.TraceID{byte(i), byte(i >> 8), byte(i >> 16), 7})
		lr.Attributes().PutStr("http.request.method", "GET")
		lr.Attributes().PutInt("http.response.status_code", int64(200+i%5*100))
		lr.Body().SetStr(fmt.Sprintf(`{"msg":"request served","path":"/api/items/%d","status":%d,"latency_ms":%d}`, i, 200+i%5*100, i%900))
	}
	ctx := context.Background()
	bk, err := bucket.Open(ctx, bucket.Config{URL: "mem://" + b.Name()})
	require.NoError(b, err)
	enc := archive.NewEncoder(archive.EncoderOptions{})
	enc.Append(ld, base)
	rec := archive.LogRecord{Format: archive.FormatVersion, Kind: archive.KindCommit, Writer: "w", Sequence: 1, Epoch: 1, WAL: &archive.WALRange{ID: "a", From: 1, To: 1}}
	require.NoError(b, enc.Encode(archive.ObjectName{Writer: "w", Epoch: 1, From: 1, To: 1}, func(o archive.Object) error {
		rec.Objects = append(rec.Objects, o.Meta)
		return bk.Create(ctx, o.Meta.Key, o.Body)
	}))
	body, err := rec.Marshal()
	require.NoError(b, err)
	require.NoError(b, bk.Create(ctx, archive.LogKey("w", 1), body))
	r, err := archive.Open(ctx, bk, archive.ReaderOptions{})
	require.NoError(b, err)
	return r.Snapshot()
}

func BenchmarkQuery(b *testing.B) {
	for name, q := range map[string]string{
		"count":  `sum by (service_name, detected_level) (count_over_time({service_name=~".+"}[1m]))`,
		"absent": `sum(count_over_time({service_name=~".+"} |= "not there" [1m]))`,
		"json":   `sum by (status) (count_over_time({service_name=~".+"} | json [1m]))`,
	} {
		b.Run(name, func(b *testing.B) {
			snapshot := benchSnapshot(b)
			mapper := NewMapper(DefaultStreamLabels())
			e, err := logql.Parse(q)
			require.NoError(b, err)
			p := logql.Params{Start: base.UnixNano(), End: base.Add(time.Hour).UnixNano(), Step: time.Minute}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := logql.Eval(context.Background(), New(snapshot, mapper, Options{}), e, p); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)*benchRecords/b.Elapsed().Seconds(), "records/s")
		})
	}
}
