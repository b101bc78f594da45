// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Package replay proves on the shipped binary that an archive, replayed into another one, is there again.
package replay

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/logboom/logboom/test/harness"
)

const (
	batches   = 12
	perBatch  = 250
	total     = batches * perBatch
	batchSize = 50 // of the replay
)

// begin is the event time of the first record.
var begin = time.Now().Add(-time.Hour).Truncate(time.Second)

// batch makes records of every kind, many of them of one time, some of them equal but for their number.
func batch(n int, uids bool) plog.Logs {
	ld := plog.NewLogs()
	for s := range 3 {
		rl := ld.ResourceLogs().AppendEmpty()
		rl.SetSchemaUrl("https://opentelemetry.io/schemas/1.38.0")
		rl.Resource().Attributes().PutStr("service.name", fmt.Sprint("service-", s))
		rl.Resource().Attributes().PutStr("team", []string{"red", "blue"}[n%2])
		sl := rl.ScopeLogs().AppendEmpty()
		sl.Scope().SetName("test")
		sl.Scope().Attributes().PutBool("scoped", true)
		for i := s; i < perBatch; i += 3 {
			number := n*perBatch + i
			lr := sl.LogRecords().AppendEmpty()
			lr.SetTimestamp(pcommon.NewTimestampFromTime(begin.Add(time.Duration(number/140) * time.Second)))
			lr.SetObservedTimestamp(pcommon.NewTimestampFromTime(begin.Add(time.Minute)))
			lr.SetSeverityNumber(plog.SeverityNumber(1 + number%24))
			lr.SetSeverityText("sev")
			lr.SetTraceID(pcommon.TraceID{1, byte(number), byte(number >> 8)})
			lr.SetFlags(1)
			lr.Attributes().PutInt("number", int64(number))
			lr.Attributes().PutDouble("ratio", 0.1)
			lr.Attributes().PutEmptySlice("list").AppendEmpty().SetStr("x")
			switch number % 4 {
			case 0:
				lr.Body().SetStr("a line")
			case 1:
				lr.Body().SetEmptyMap().PutInt("n", int64(number))
			case 2:
				lr.Body().SetEmptyBytes().FromRaw([]byte{0, 255})
			case 3:
				lr.SetEventName("event")
			}
			if uids {
				lr.Attributes().PutStr("log.record.uid", fmt.Sprint("uid-", number))
			}
		}
	}
	return ld
}

// inDirectory is the bucket of the configurations below.
const inDirectory = `{url: 'file://{{dir "archive"}}'}`

// writer has an archive written.
const writer = `
receivers: {otlp: {protocols: {grpc: {endpoint: '{{addr "otlp"}}'}}}}
exporters:
  object_storage:
    bucket: {url: 'file://{{dir "archive"}}'}
    tenant: {resource_attribute: team}
    wal: {directory: '{{dir "wal"}}'}
    flush: {interval: 300ms}
service: {telemetry: {metrics: {level: none}}, pipelines: {logs: {receivers: [otlp], exporters: [object_storage]}}}
`

// replayer returns what copies it.
func replayer(pace, onEnd string) string { return fmt.Sprintf(replayerYAML, pace, onEnd) }

const replayerYAML = `
receivers:
  object_storage/copy:
    bucket: {url: 'file://{{dir "archive"}}'}
    start: 2020-01-01T00:00:00Z
    storage: file_storage
    pace: {records_per_second: %s}
    batch: {max_records: 50}
    progress_interval: 1s
    on_end: %s
exporters:
  object_storage:
    bucket: {url: 'file://{{dir "copy"}}'}
    tenant: {resource_attribute: team}
    wal: {directory: '{{dir "copywal"}}'}
    flush: {interval: 200ms}
extensions: {file_storage: {directory: '{{dir "checkpoints"}}', fsync: true}}
service:
  extensions: [file_storage]
  telemetry: {metrics: {readers: [{pull: {exporter: {prometheus: {host: 127.0.0.1, port: {{port "metrics"}}, without_scope_info: true, without_type_suffix: true, without_units: true}}}}]}}
  pipelines: {logs: {receivers: [object_storage/copy], exporters: [object_storage]}}
`

// write fills the archive of a test through the exporter.
func write(t *testing.T, dir, config string, uids bool) {
	lb := harness.Start(t, harness.Config{Name: "writer", Dir: dir, YAML: config})
	client := harness.DialOTLP(t, lb.Addr("otlp"))
	for n := range batches {
		require.NoError(t, client.Send(t.Context(), batch(n, uids)))
	}
	lb.Terminate() // flushes
}

// contents are the records of an archive, one a line, in no order, by tenant.
func contents(t *testing.T, dir string) []string {
	t.Helper()
	var all []string
	for _, tenant := range []string{"red", "blue"} {
		out := harness.Run(t, harness.CtlBinary(t), "archive", "cat", "file://"+dir, "--tenant", tenant, "-o", "otlp-json")
		require.Zero(t, out.Code, out.Stderr)
		for line := range strings.Lines(out.Stdout) {
			all = append(all, tenant+" "+line)
		}
	}
	slices.Sort(all)
	return all
}

func TestCopy(t *testing.T) {
	t.Parallel()
	t.Run("directory", func(t *testing.T) {
		t.Parallel()
		testCopy(t, func(lb *harness.Logboom) string { return lb.Dir("archive") }, inDirectory)
	})
	t.Run("S3", func(t *testing.T) {
		t.Parallel()
		s3 := harness.StartS3(t)
		testCopy(t, func(*harness.Logboom) string { return filepath.Join(s3.Data, "team", "archive") }, s3.BucketYAML("team/archive"))
	})
}

// testCopy copies an archive; data is where its objects lie as files.
func testCopy(t *testing.T, data func(*harness.Logboom) string, bucket string) {
	at := func(config string) string { return strings.ReplaceAll(config, inDirectory, bucket) }
	dir := harness.TempDir(t)
	write(t, dir, at(writer), false)
	lb := harness.Prepare(t, harness.Config{Dir: dir, YAML: at(replayer("0", "stop"))})
	lb.Launch()
	require.NoError(t, lb.Wait(), "on_end: stop is a clean end")
	require.Contains(t, lb.Log(), "the replay is complete")
	require.NotContains(t, lb.Log(), "\terror\t")
	want := contents(t, data(lb))
	require.Len(t, want, total)
	require.Equal(t, want, contents(t, lb.Dir("copy")))

	lb.Launch()
	require.NoError(t, lb.Wait())
	require.Contains(t, lb.Log(), "this replay was completed before")
	require.Len(t, contents(t, lb.Dir("copy")), total)
}

// TestKilled kills the replay on its way, with kill -9 and in order, again and again; the slow pace is for the test to
// meet it there, and changes between the starts.
func TestKilled(t *testing.T) {
	t.Parallel()
	for _, uids := range []bool{false, true} {
		t.Run(fmt.Sprint("uids ", uids), func(t *testing.T) {
			t.Parallel()
			dir := harness.TempDir(t)
			write(t, dir, writer, uids)
			slow := replayer("500", "wait")
			lb := harness.Start(t, harness.Config{Dir: dir, YAML: slow})
			kills := 0
			for round := range 4 {
				harness.Eventually(t, time.Minute, func() error {
					if strings.Contains(lb.Log(), "complete") {
						return nil // a machine so busy that the replay came to its end
					}
					n, err := lb.Metric("otelcol_receiver_object_storage_records", `outcome="delivered"`)
					if err == nil && n < 2*batchSize {
						err = fmt.Errorf("%v records", n)
					}
					return err
				})
				if round%2 == 0 {
					kills++
					lb.Kill()
				} else {
					lb.Terminate()
				}
				lb.Launch()
			}
			lb.Kill()
			lb.Configure(replayer("0", "stop"))
			lb.Launch()
			require.NoError(t, lb.Wait())
			kills++
			want, got := contents(t, lb.Dir("archive")), contents(t, lb.Dir("copy"))
			require.Len(t, want, total)
			if uids {
				require.Equal(t, want, got, "what came twice is shown once")
				return
			}
			require.LessOrEqual(t, len(got)-total, kills*batchSize, "a kill repeats one batch at most")
			require.Equal(t, want, slices.Compact(got), "nothing is missing, nothing is changed")
		})
	}
}
