// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package search

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/logboom/logboom/archive"
	"github.com/logboom/logboom/internal/bucket"
	"github.com/logboom/logboom/test/harness"
)

// ingested says what loading the archive took.
type ingested struct {
	wall time.Duration
	cpu  time.Duration
}

// load sends the stream to the shipped binary's object_storage exporter, which writes the archive into dir.
func load(t testing.TB, s *stream, dir string) ingested {
	t.Helper()
	// The generator's records are of January 2026: max_age lets them lie in the hour of their own time.
	lb := harness.Start(t, harness.Config{Name: "writer", YAML: `
receivers: {otlp: {protocols: {grpc: {endpoint: '{{addr "otlp"}}', max_recv_msg_size_mib: 64}}}}
exporters: {object_storage: {writer: bench, bucket: {url: 'file://` + dir + `'}, wal: {directory: '{{dir "wal"}}'}, event_time: {max_age: 87600h}` + *flagExporter + `}}
service: {pipelines: {logs: {receivers: [otlp], exporters: [object_storage]}}}`})
	began := time.Now()
	requests := make(chan []byte, 4)
	var wg sync.WaitGroup
	for range 4 {
		client := harness.DialOTLP(t, lb.Addr("otlp"))
		wg.Go(func() {
			for request := range requests {
				for attempt := 0; ; attempt++ {
					err := client.SendEncoded(context.Background(), request)
					if err == nil {
						break
					}
					if attempt > 1000 {
						t.Errorf("send: %v", err)
						break
					}
					time.Sleep(20 * time.Millisecond)
				}
			}
		})
	}
	if err := s.requests(func(request []byte) error {
		requests <- request
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	close(requests)
	wg.Wait()
	lb.Terminate() // flushes what is left
	return ingested{time.Since(began), lb.CPU()}
}

// requests calls f with requests of 8,192 records.
func (s *stream) requests(f func([]byte) error) error {
	var request []byte
	n := 0
	err := s.frames(func(fr frame) error {
		request = append(request, fr.otlp...)
		if n++; n%16 != 0 {
			return nil
		}
		full := request
		request = make([]byte, 0, len(full)+len(full)/8)
		return f(full)
	})
	if err == nil && len(request) > 0 {
		err = f(request)
	}
	return err
}

// served is the shipped binary with archive_query.
type served struct {
	t       testing.TB
	archive string
	lb      *harness.Logboom
	client  *http.Client
}

// newServed takes the bucket's block of the configuration, and further settings.
func newServed(t testing.TB, bucket, more string) *served {
	return &served{t: t, client: &http.Client{Timeout: 5 * time.Minute}, lb: harness.Prepare(t, harness.Config{Name: "query", YAML: `
extensions: {archive_query: {endpoint: '{{addr "query"}}', bucket: ` + bucket + more + `}}
receivers: {otlp: {protocols: {grpc: {endpoint: '{{addr "otlp"}}'}}}}
exporters: {nop: }
service: {extensions: [archive_query], pipelines: {logs: {receivers: [otlp], exporters: [nop]}}}`})}
}

func (s *served) name() string { return "Logboom" }
func (s *served) dir() string  { return s.archive }

func (s *served) start() error {
	s.lb.Restart()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		_, _, err := get(s.client, "http://"+s.lb.Addr("query")+"/ready")
		if err == nil || time.Now().After(deadline) {
			return err
		}
	}
}

func (s *served) stop() {
	s.client.CloseIdleConnections()
	if s.lb.Running() {
		s.lb.Kill() // it only reads
	}
}

func (s *served) memory() int64 {
	_, peak := harness.Resident(s.t, s.lb.PID())
	return peak
}

func (s *served) process() int { return s.lb.PID() }

func (s *served) ask(q *query) (a answer, took time.Duration, err error) {
	path, params := "/loki/api/v1/query", url.Values{"query": {q.logQL()}, "time": {strconv.FormatInt(q.end-1, 10)}}
	if q.kind == lines {
		path, params = "/loki/api/v1/query_range", url.Values{
			"query": {q.logQL()}, "limit": {strconv.Itoa(q.limit)}, "direction": {"backward"},
			"start": {strconv.FormatInt(q.start, 10)}, "end": {strconv.FormatInt(q.end, 10)},
		}
	}
	body, took, err := get(s.client, "http://"+s.lb.Addr("query")+path+"?"+params.Encode())
	if err != nil {
		return a, took, err
	}
	var parsed struct {
		Warnings []string `json:"warnings"`
		Data     struct {
			Result []struct {
				Metric map[string]string   `json:"metric"`
				Value  [2]json.RawMessage  `json:"value"`
				Values [][]json.RawMessage `json:"values"`
			} `json:"result"`
		} `json:"data"`
	}
	if err := json.Unmarshal(body, &parsed); err != nil {
		return a, took, fmt.Errorf("decode answer: %w", err)
	}
	if len(parsed.Warnings) > 0 {
		return a, took, fmt.Errorf("partial answer: %s", strings.Join(parsed.Warnings, "; "))
	}
	a.oldest = math.MaxInt64
	for _, r := range parsed.Data.Result {
		n := 0
		if r.Value[1] != nil {
			f, err := strconv.ParseFloat(strings.Trim(string(r.Value[1]), `"`), 64)
			if err != nil {
				return a, took, fmt.Errorf("decode value: %w", err)
			}
			n = int(f)
		}
		a.count += n + len(r.Values)
		for _, v := range r.Values {
			ts, err := strconv.ParseInt(strings.Trim(string(v[0]), `"`), 10, 64)
			if err != nil {
				return a, took, fmt.Errorf("decode time: %w", err)
			}
			a.oldest = min(a.oldest, ts/1000)
		}
		if q.kind == byServiceAndLevel {
			if a.cells == nil {
				a.cells = map[[2]string]int{}
			}
			a.cells[[2]string{r.Metric["service_name"], r.Metric["detected_level"]}] += n
		}
	}
	if a.oldest == math.MaxInt64 {
		a.oldest = 0
	}
	return a, took, nil
}

// get reads an answer whole.
func get(client *http.Client, u string) (body []byte, took time.Duration, err error) {
	began := time.Now()
	resp, err := client.Get(u) //nolint:noctx // the client has a time-out
	if err != nil {
		return nil, 0, err
	}
	defer resp.Body.Close()
	body, err = io.ReadAll(resp.Body)
	took = time.Since(began)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %.300s", resp.Status, body)
	}
	return body, took, err
}

// library is the archive package in this process.
type library struct {
	archive string
	bucket  archive.Bucket
	reader  *archive.Reader
	stats   map[string]archive.ScanStats // by query, of the last time
}

func (l *library) name() string { return "Go reader" }
func (l *library) dir() string  { return l.archive }

func (l *library) start() (err error) {
	if l.stats == nil {
		l.stats = map[string]archive.ScanStats{}
	}
	if l.bucket, err = bucket.Open(context.Background(), bucket.Config{URL: "file://" + l.archive}); err != nil {
		return err
	}
	l.reader, err = archive.Open(context.Background(), l.bucket, archive.ReaderOptions{})
	return err
}

func (l *library) stop() {
	if l.bucket != nil {
		_ = l.bucket.Close()
	}
	l.bucket, l.reader = nil, nil
}

func (l *library) memory() int64 { return 0 }

func (l *library) process() int { return os.Getpid() }

func (l *library) ask(q *query) (a answer, took time.Duration, err error) {
	ctx := context.Background()
	began := time.Now()
	var stats archive.ScanStats
	switch q.kind {
	case lines:
		stats, err = l.reader.Snapshot().Scan(ctx, q.request(), func(r *archive.Record) error {
			a.count++
			a.oldest = r.Timestamp / 1000
			return nil
		})
	case count, byServiceAndLevel:
		var rows []archive.CountRow
		rows, stats, err = l.reader.Snapshot().Count(ctx, archive.CountRequest{ScanRequest: q.request(), BySeverity: q.kind == byServiceAndLevel})
		for _, r := range rows {
			a.count += int(r.Rows)
			if q.kind == byServiceAndLevel {
				if a.cells == nil {
					a.cells = map[[2]string]int{}
				}
				a.cells[[2]string{r.Service, level(int(r.SeverityNumber))}] += int(r.Rows)
			}
		}
	}
	took = time.Since(began)
	l.stats[q.name] = stats
	if err == nil && stats.Partial() {
		err = fmt.Errorf("partial answer: %w", stats.Errors[0])
	}
	return a, took, err
}
