// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/logboom/logboom/test/harness"
)

// TestRequests counts what two writers and then a reader ask of S3, by the server's own log, and compares it with the
// formulas behind the tables in the exporter's README: per flush a data object and a commit; per start a probe (one PUT, two
// the first time), a look for the writer's log (a GET, a LIST of checkpoints and one of the log) and a claim, behind which checkpoints are listed again; per look of a
// reader a GET for each writer and one for the next checkpoint, every 30 s two LIST, and a GET for each record of the log, once.
func TestRequests(t *testing.T) {
	const writers, flushes = 2, 4
	accessLog := filepath.Join(t.TempDir(), "access.log")
	t.Setenv("VGW_ACCESS_LOG", accessLog)
	s3 := harness.StartS3(t)
	for attempt := range 2 { // an hour that ends meanwhile makes an object more
		prefix, hour := fmt.Sprintf("attempt-%d", attempt), time.Now().Truncate(time.Hour)
		var counts []requestCounts
		for w := range writers {
			counts = append(counts, writerRequests(t, s3, accessLog, prefix, fmt.Sprintf("w%d-%d", w, attempt), flushes))
		}
		if time.Now().Truncate(time.Hour) != hour {
			continue
		}
		for w, n := range counts {
			want := requestCounts{Put: 2 + 2*flushes, Get: 1, List: 3}
			if w == 0 {
				want.Put++
			}
			if n != want {
				t.Errorf("writer %d: %d flushes took %+v, want %+v", w, flushes, n, want)
			}
		}
		readerRequests(t, s3, accessLog, prefix, writers, writers*(1+flushes))
		return
	}
	t.Fatal("an hour ended in every attempt")
}

// writerRequests counts what a writer asks from its start to its end.
func writerRequests(t *testing.T, s3 *harness.S3, accessLog, prefix, writer string, flushes int) requestCounts {
	before := fileSize(accessLog)
	lb := harness.Start(t, harness.Config{Name: writer, YAML: fmt.Sprintf(`
receivers: {otlp: {protocols: {grpc: {endpoint: '{{addr "otlp"}}'}}}}
exporters: {object_storage: {writer: %s, bucket: %s, wal: {directory: '{{dir "wal"}}'}, flush: {interval: 300ms}}}
service: {pipelines: {logs: {receivers: [otlp], exporters: [object_storage]}}}`, writer, s3.BucketYAML(prefix))})
	for i := range flushes {
		harness.SendLogs(t, lb.Addr("otlp"), harness.Logs("checkout", "line"))
		harness.Eventually(t, time.Minute, func() error {
			if n, err := lb.Metric("otelcol_exporter_object_storage_committed_records_total"); err != nil || int(n) != i+1 {
				return fmt.Errorf("%v records committed (%w)", n, err)
			}
			return nil
		})
	}
	lb.Terminate()
	n, err := countRequests(accessLog, before)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// readerRequests counts what a reader asks of an archive that nobody writes to.
func readerRequests(t *testing.T, s3 *harness.S3, accessLog, prefix string, writers, logRecords int) {
	const refresh = 200 * time.Millisecond
	before := fileSize(accessLog)
	began := time.Now()
	lb := harness.Start(t, harness.Config{Name: "reader", YAML: fmt.Sprintf(`
receivers: {otlp: {protocols: {grpc: {endpoint: '{{addr "otlp"}}'}}}}
exporters: {nop: }
extensions: {archive_query: {endpoint: '{{addr "query"}}', bucket: %s, refresh_interval: %s}}
service: {extensions: [archive_query], pipelines: {logs: {receivers: [otlp], exporters: [nop]}}}`, s3.BucketYAML(prefix), refresh)})
	time.Sleep(15 * refresh)
	each := writers + 1
	harness.Eventually(t, time.Minute, func() error { // on a busy machine it may have looked less often by now
		n, err := countRequests(accessLog, before)
		if err == nil && n.Get < logRecords+10*each {
			err = fmt.Errorf("%d GET", n.Get)
		}
		return err
	})
	lb.Terminate()
	looks := int(time.Since(began) / refresh)
	n, err := countRequests(accessLog, before)
	if err != nil {
		t.Fatal(err)
	}
	if n.Put != 0 || n.Get < logRecords+10*each || n.Get > logRecords+(looks+1)*each {
		t.Errorf("reader: %d PUT and %d GET for %d log records, in at most %d looks of %d GET", n.Put, n.Get, logRecords, looks, each)
	}
	if most := 2 * (1 + int(time.Since(began)/(15*time.Second))); n.List < 2 || n.List > most {
		t.Errorf("reader: %d LIST, at most %d are due", n.List, most)
	}
	t.Logf("reader: %+v in %s at %s", n, time.Since(began).Round(time.Millisecond), refresh)
}
