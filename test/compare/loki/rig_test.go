// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package loki

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/logboom/logboom/test/harness"
)

// lokiConfig is a Loki of one process that takes records of any age and adds nothing to them, and that
// evaluates every query in one piece: no splitting, no caches.
const lokiConfig = `
auth_enabled: false
server: {http_listen_address: 127.0.0.1, http_listen_port: %[1]d, grpc_listen_address: 127.0.0.1, grpc_listen_port: %[2]d, log_level: error}
common:
  instance_addr: 127.0.0.1
  path_prefix: %[3]s
  replication_factor: 1
  ring: {kvstore: {store: inmemory}}
  storage: {filesystem: {chunks_directory: %[3]s/chunks, rules_directory: %[3]s/rules}}
schema_config: {configs: [{from: 2020-01-01, store: tsdb, object_store: filesystem, schema: v13, index: {prefix: index_, period: 24h}}]}
analytics: {reporting_enabled: false}
pattern_ingester: {enabled: false}
ingester: {wal: {enabled: false}, chunk_idle_period: 10h, max_chunk_age: 1000h}
querier: {query_ingesters_within: 0s, max_concurrent: 4}
query_range: {parallelise_shardable_queries: false, align_queries_with_step: false, cache_results: false, cache_index_stats_results: false, cache_volume_results: false, cache_instant_metric_results: false, cache_series_results: false, cache_label_results: false}
frontend: {encoding: json}
limits_config:
  allow_structured_metadata: true
  discover_service_name: []
  discover_log_levels: false
  reject_old_samples: false
  split_queries_by_interval: 0s
  split_instant_metric_queries_by_interval: 0s
  max_query_series: 100000
  max_query_length: 0s
  max_line_size: 4MB
  max_entries_limit_per_query: 100000
  max_label_value_length: 65536
  ingestion_rate_mb: 1000
  ingestion_burst_size_mb: 1000
  per_stream_rate_limit: 1GB
  per_stream_rate_limit_burst: 1GB
  unordered_writes: true
  query_timeout: 1m
`

// lokiProcess is a running Loki.
type lokiProcess struct{ url string }

// startLoki starts the program that LOGBOOM_LOKI names and waits until it is ready.
func startLoki(t *testing.T) *lokiProcess {
	t.Helper()
	program := os.Getenv("LOGBOOM_LOKI")
	if program == "" {
		t.Skip("LOGBOOM_LOKI is not set: no Loki to compare with (scripts/build-loki.sh builds one)")
	}
	if _, err := os.Stat(program); err != nil {
		t.Skipf("no Loki to compare with (scripts/build-loki.sh builds one): %v", err)
	}
	dir := harness.TempDir(t)
	port, grpc := harness.FreePort(t), harness.FreePort(t)
	config := filepath.Join(dir, "loki.yaml")
	require.NoError(t, os.WriteFile(config, fmt.Appendf(nil, lokiConfig, port, grpc, dir), 0o600))
	var out bytes.Buffer
	cmd := exec.Command(program, "-config.file="+config) //nolint:noctx // ended below
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &out, &out
	require.NoError(t, cmd.Start())
	done := make(chan struct{})
	go func() { _ = cmd.Wait(); close(done) }()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-done
		if t.Failed() {
			t.Logf("Loki said: %.4000s", out.String())
		}
	})
	l := &lokiProcess{url: fmt.Sprintf("http://127.0.0.1:%d", port)}
	harness.Eventually(t, 3*time.Minute, func() error {
		select {
		case <-done:
			t.Fatalf("Loki ended: %s", out.String())
		default:
		}
		status, body, err := l.get("/ready", nil)
		if err == nil && status != http.StatusOK {
			err = fmt.Errorf("not ready: %s", body)
		}
		return err
	})
	return l
}

func (l *lokiProcess) get(path string, params url.Values) (status int, body []byte, err error) {
	resp, err := http.PostForm(l.url+path, params) //nolint:noctx // a program of the test's own, and go test has a timeout
	if path == "/ready" {
		if err == nil {
			_ = resp.Body.Close()
		}
		resp, err = http.Get(l.url + path) //nolint:noctx // as above
	}
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	body, err = io.ReadAll(resp.Body)
	return resp.StatusCode, body, err
}

// push sends records by Loki's push API, a stream at a time and in their order.
func (l *lokiProcess) push(t *testing.T, records []record) {
	t.Helper()
	type stream struct {
		Stream map[string]string `json:"stream"`
		Values [][]any           `json:"values"`
	}
	var streams []*stream
	index := map[string]*stream{}
	for _, r := range records {
		key := fmt.Sprint(r.stream)
		s := index[key]
		if s == nil {
			s = &stream{Stream: r.stream}
			index[key], streams = s, append(streams, s)
		}
		s.Values = append(s.Values, []any{strconv.FormatInt(r.ts, 10), r.line, r.metadata})
	}
	body, err := json.Marshal(map[string]any{"streams": streams})
	require.NoError(t, err)
	resp, err := http.Post(l.url+"/loki/api/v1/push", "application/json", bytes.NewReader(body)) //nolint:noctx // as above
	require.NoError(t, err)
	defer resp.Body.Close()
	said, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusNoContent, resp.StatusCode, "push: %s", said)
}

// ask puts a query to a Loki API.
func (l *lokiProcess) ask(q *query) (*answer, error) {
	params := url.Values{"query": {q.text}}
	path := "/loki/api/v1/query_range"
	switch {
	case q.instant:
		path = "/loki/api/v1/query"
		params.Set("time", strconv.FormatInt(q.end, 10))
	default:
		params.Set("start", strconv.FormatInt(q.start, 10))
		params.Set("end", strconv.FormatInt(q.end, 10))
		params.Set("direction", "forward")
		params.Set("limit", strconv.Itoa(maxEntries))
		if q.step > 0 {
			params.Set("step", strconv.FormatFloat(q.step.Seconds(), 'f', -1, 64))
		}
	}
	status, body, err := l.get(path, params)
	if err != nil {
		return nil, err
	}
	if status != http.StatusOK {
		return &answer{status: status, err: strings.TrimSpace(string(body))}, nil
	}
	return decodeAnswer(body)
}
