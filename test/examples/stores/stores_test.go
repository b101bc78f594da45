// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Package stores runs the configurations of examples/stores on the shipped binary, each against a small server that
// speaks the store's protocol and counts.
package stores

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/logboom/logboom/test/harness"
	"github.com/logboom/logboom/test/internal/sinks"
)

// store is one example with its sink.
type store struct {
	config string
	sink   func(t testing.TB) *sinks.Sink
	env    func(s *sinks.Sink) []string
	// text and status find the line and the parsed status code in a document of this store.
	text   func(d sinks.Document) any
	status func(d sinks.Document) any
	// refuse is the status while the store is away, 503 unless set.
	refuse int
}

var stores = map[string]store{
	"elasticsearch": {
		config: "elasticsearch.yaml",
		sink:   sinks.Elasticsearch,
		env:    func(s *sinks.Sink) []string { return []string{"ELASTICSEARCH_URL=" + s.Endpoint} },
		text:   func(d sinks.Document) any { return d["message"] },
		status: func(d sinks.Document) any { return dig(d, "http", "response", "status_code") },
		// Not among the statuses that the exporter itself tries again: what is kept is kept by the hop before it.
		refuse: 500,
	},
	"splunk": {
		config: "splunk.yaml",
		sink:   sinks.Splunk,
		env: func(s *sinks.Sink) []string {
			return []string{"SPLUNK_HEC_URL=" + s.Endpoint, "SPLUNK_HEC_TOKEN=" + sinks.SplunkToken}
		},
		text:   func(d sinks.Document) any { return d["event"] },
		status: func(d sinks.Document) any { return dig(d, "fields", "http.response.status_code") },
	},
	"loki": {
		config: "loki.yaml",
		sink:   sinks.Loki,
		env:    func(s *sinks.Sink) []string { return []string{"LOKI_OTLP_URL=" + s.Endpoint} },
		text:   func(d sinks.Document) any { return d["body"] },
		status: func(d sinks.Document) any { return dig(d, "attributes", "http.response.status_code") },
	},
	"kafka": {
		config: "kafka.yaml",
		sink:   func(t testing.TB) *sinks.Sink { return sinks.Kafka(t, "otlp_logs") },
		env:    func(s *sinks.Sink) []string { return []string{"KAFKA_BROKER=" + s.Endpoint} },
		text:   func(d sinks.Document) any { return d["body"] },
		status: func(d sinks.Document) any { return dig(d, "attributes", "http.response.status_code") },
	},
	"clickhouse": {
		config: "clickhouse.yaml",
		sink:   sinks.ClickHouse,
		env:    func(s *sinks.Sink) []string { return []string{"CLICKHOUSE_URL=" + s.Endpoint} },
		text:   func(d sinks.Document) any { return d["Body"] },
		status: func(d sinks.Document) any { return dig(d, "LogAttributes", "http.response.status_code") },
	},
}

// The same file over ClickHouse's native protocol.
func init() {
	s := stores["clickhouse"]
	s.sink = sinks.ClickHouseNative
	stores["clickhouse-native"] = s
}

// TestEveryExampleIsRun fails when somebody adds a configuration and no test for it.
func TestEveryExampleIsRun(t *testing.T) {
	files, err := filepath.Glob("../../../examples/stores/*.yaml")
	require.NoError(t, err)
	run := map[string]bool{}
	for _, s := range stores {
		run[s.config] = true
	}
	for _, f := range files {
		require.True(t, run[filepath.Base(f)], "no test runs %s", f)
	}
	require.Len(t, files, len(run))
}

// TestStores: everything that was accepted is in the store and in the archive exactly once, parsed, without the secret.
func TestStores(t *testing.T) {
	for name, s := range stores {
		t.Run(name, func(t *testing.T) {
			sink := s.sink(t)
			lb := s.start(t, sink)
			feed(t, lb.Addr("otlp"))
			sink.Wait(total, 2*time.Minute)
			lb.Terminate()
			s.check(t, sink)
			checkArchive(t, lb)
		})
	}
}

// TestStoreAway: while the store refuses, the gateway goes on accepting; afterwards nothing is missing, and nothing is
// there twice.
func TestStoreAway(t *testing.T) {
	for name, s := range stores {
		t.Run(name, func(t *testing.T) {
			sink := s.sink(t)
			sink.RefuseWith = s.refuse
			lb := s.start(t, sink)
			sink.SetDown(true)
			feed(t, lb.Addr("otlp"))
			require.GreaterOrEqual(t, sink.WaitRefused(2, 2*time.Minute), 2, "the exporter did not try")
			require.Zero(t, sink.Len())
			sink.SetDown(false)
			sink.Wait(total, 2*time.Minute)
			lb.Terminate()
			s.check(t, sink)
			checkArchive(t, lb)
		})
	}
}

// TestEndedWhileStoreIsAway: what waits in the queue survives kill -9, an orderly end and a reload, and goes out after it.
func TestEndedWhileStoreIsAway(t *testing.T) {
	for name, end := range map[string]func(*harness.Logboom){
		"kill":   func(lb *harness.Logboom) { lb.Kill(); lb.Restart() },
		"stop":   func(lb *harness.Logboom) { lb.Terminate(); lb.Restart() },
		"reload": func(lb *harness.Logboom) { lb.Reload() },
	} {
		t.Run(name, func(t *testing.T) {
			s := stores["splunk"]
			sink := s.sink(t)
			lb := s.start(t, sink)
			sink.SetDown(true)
			feed(t, lb.Addr("otlp"))
			require.GreaterOrEqual(t, sink.WaitRefused(1, 2*time.Minute), 1, "the exporter did not try")
			end(lb)
			require.Zero(t, sink.Len())
			sink.SetDown(false)
			sink.Wait(total, 2*time.Minute)
			lb.Terminate()
			s.check(t, sink)
			checkArchive(t, lb)
		})
	}
}

// TestLargeRecords: what a store does not take in one piece stays out of it, alone, and is in the archive.
func TestLargeRecords(t *testing.T) {
	sizes := []int{100, 250_000, 1_100_000, 100, 290_000, 290_000, 290_000, 290_000}
	for name, want := range map[string]int{"kafka": 7, "loki": 3} {
		t.Run(name, func(t *testing.T) {
			s := stores[name]
			sink := s.sink(t)
			lb := s.start(t, sink)
			var bodies []string
			for _, size := range sizes {
				bodies = append(bodies, strings.Repeat("no parser knows this. ", size/22))
			}
			harness.SendLogs(t, lb.Addr("otlp"), harness.Logs("shop", bodies...))
			sink.Wait(want, 2*time.Minute)
			lb.Terminate()
			require.Empty(t, sink.Problems())
			require.Equal(t, want, sink.Len(), "records in the store")
			rows, _ := readArchive(t, lb.Dir("data", "archive"), secret)
			require.Equal(t, len(sizes), rows, "rows in the archive")
		})
	}
}

// start runs the shipped binary with the example as it is.
func (s store) start(t *testing.T, sink *sinks.Sink) *harness.Logboom {
	t.Helper()
	return harness.Start(t, harness.Config{
		Name:  "gateway",
		Files: []string{"examples/stores/" + s.config},
		Env: append(s.env(sink), `LOGBOOM_DATA={{dir "data"}}`, `LOGBOOM_OTLP_GRPC={{addr "otlp"}}`, `LOGBOOM_OTLP_HTTP={{addr "otlp-http"}}`,
			`LOGBOOM_HOP={{addr "hop"}}`, `LOGBOOM_HEALTH={{addr "health"}}`, `LOGBOOM_METRICS_PORT={{port "metrics"}}`),
	})
}

// check compares what has arrived with what was sent.
func (s store) check(t *testing.T, sink *sinks.Sink) {
	t.Helper()
	require.Empty(t, sink.Problems())
	docs := sink.Documents()
	seen := map[int]int{}
	for _, d := range docs {
		text := d.Text()
		require.NotContains(t, text, secret)
		m := orderOf.FindStringSubmatch(fmt.Sprint(s.text(d)))
		require.NotNil(t, m, "no number in %s", text)
		order, err := strconv.Atoi(m[1])
		require.NoError(t, err)
		seen[order]++
		if order%2 == 0 {
			require.Equal(t, strconv.Itoa(statusOf(order)), fmt.Sprint(s.status(d)), "status code in %s", text)
		}
	}
	require.Len(t, seen, total, "different records in the store")
	require.Len(t, docs, total, "records in the store")
}

// checkArchive compares the archive with what was sent; the gateway must have been stopped.
func checkArchive(t *testing.T, lb *harness.Logboom) {
	t.Helper()
	rows, found := readArchive(t, lb.Dir("data", "archive"), secret)
	require.Equal(t, total, rows, "rows in the archive")
	require.False(t, found, "the secret is in the archive")
}

// dig follows keys into nested objects.
func dig(d sinks.Document, keys ...string) any {
	var v any = map[string]any(d)
	for _, k := range keys {
		switch m := v.(type) {
		case map[string]any:
			v = m[k]
		case map[string]string:
			v = m[k]
		default:
			return nil
		}
	}
	return v
}

// TestReadmeNamesVariables: the table of environment variables in the README is complete.
func TestReadmeNamesVariables(t *testing.T) {
	readme, err := os.ReadFile("../../../examples/stores/README.md")
	require.NoError(t, err)
	for name, s := range stores {
		config, err := os.ReadFile(filepath.Join("../../../examples/stores", s.config))
		require.NoError(t, err)
		for _, part := range strings.Split(string(config), "${env:")[1:] {
			variable, _, _ := strings.Cut(part, ":-")
			require.Contains(t, string(readme), "`"+variable+"`", "in %s", name)
		}
	}
}
