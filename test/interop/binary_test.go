// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/logboom/logboom/test/harness"
)

// TestShippedBinary sends the corpora to the shipped binary by OTLP and reads what it has written.
func TestShippedBinary(t *testing.T) {
	t.Parallel()
	lb := harness.Start(t, harness.Config{YAML: `
receivers: {otlp: {protocols: {grpc: {endpoint: '{{addr "otlp"}}', max_recv_msg_size_mib: 64}}}}
exporters:
  object_storage:
    bucket: {url: 'file://{{dir "archive"}}'}
    wal: {directory: '{{dir "wal"}}'}
    tenant: {resource_attribute: ` + tenantAttribute + `}
    flush: {interval: 200ms}
service: {pipelines: {logs: {receivers: [otlp], exporters: [object_storage]}}}
`})
	client := harness.DialOTLP(t, lb.Addr("otlp"))
	var want, wantDuck rowset
	for _, ld := range []plog.Logs{oddCorpus(), denseCorpus(3000, time.Hour)} {
		wantRows(ld, func(_ string, r *row) {
			r = anyArrival(r)
			want.add(r)
			wantDuck.add(duckTimes(r))
		})
		require.NoError(t, client.Send(context.Background(), ld))
	}
	lb.Terminate()
	a := &testArchive{dir: lb.Dir("archive"), url: "file://" + lb.Dir("archive")}
	files := a.files(t)

	var arrow, goRows, duckRows rowset
	for _, f := range files {
		readArrow(t, f, func(r *row) {
			require.NoError(t, r.checkPromoted())
			arrow.add(anyArrival(r))
		})
		readParquetGo(t, f, func(r *row) { goRows.add(anyArrival(r)) })
		checkFile(t, f)
	}
	want.requireEqual(t, &arrow)
	want.requireEqual(t, &goRows)
	readDuck(t, []string{readParquet(files, ", union_by_name = true")}, func(r *row) {
		if r = anyArrival(r); r.Timestamp == arrival.UnixNano() {
			r.Timestamp /= 1000
		}
		duckRows.add(r)
	})
	wantDuck.requireEqual(t, &duckRows)
}

// anyArrival is a row as if it had arrived when the corpora do; when it really came only the writer knows.
func anyArrival(r *row) *row {
	if r.TimestampSource == nil || *r.TimestampSource != "arrival" {
		return r
	}
	c := *r
	c.Timestamp = arrival.UnixNano()
	return &c
}
