// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package loki

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/logboom/logboom/test/harness"
)

// listener counts the lines of a tail.
type listener struct {
	conn *websocket.Conn
	done chan struct{}

	mu      sync.Mutex
	lines   map[string]int
	dropped int
}

func listen(t *testing.T, loki *harness.Loki, query string) *listener {
	t.Helper()
	u := "ws" + strings.TrimPrefix(loki.URL, "http") + "/loki/api/v1/tail?" + url.Values{"query": {query}}.Encode()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	conn, resp, err := websocket.DefaultDialer.DialContext(ctx, u, nil)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	l := &listener{conn: conn, done: make(chan struct{}), lines: map[string]int{}}
	go func() {
		defer close(l.done)
		for {
			var m struct {
				Streams []struct {
					Values [][2]string `json:"values"`
				} `json:"streams"`
				Dropped []any `json:"dropped_entries"`
			}
			if conn.ReadJSON(&m) != nil {
				return
			}
			l.mu.Lock()
			l.dropped += len(m.Dropped)
			for _, s := range m.Streams {
				for _, v := range s.Values {
					l.lines[v[1]]++
				}
			}
			l.mu.Unlock()
		}
	}()
	t.Cleanup(func() {
		_ = conn.Close()
		<-l.done
	})
	return l
}

func (l *listener) wait(t *testing.T, n int) {
	t.Helper()
	harness.Eventually(t, 2*time.Minute, func() error {
		l.mu.Lock()
		defer l.mu.Unlock()
		if len(l.lines) < n {
			return fmt.Errorf("%d lines, want %d", len(l.lines), n)
		}
		return nil
	})
}

// TestTailIsExact: while lines come, are flushed every few hundred milliseconds and merged, a tail gets each of its lines once, in
// the process that takes them as in one that only reads the archive.
func TestTailIsExact(t *testing.T) {
	t.Parallel()
	writer := harness.Start(t, harness.Config{Name: "writer", YAML: strings.Replace(config, "interval: 5m", "interval: 300ms", 1)})
	archive := writer.Dir("archive")
	reader := harness.Start(t, harness.Config{Name: "reader", YAML: `
receivers: {otlp: {protocols: {grpc: {endpoint: '{{addr "otlp"}}'}}}}
exporters: {debug: {}}
extensions:
  archive_query: {endpoint: '{{addr "query"}}', bucket: {url: 'file://` + archive + `'}}
  archive_compactor: {bucket: {url: 'file://` + archive + `'}, interval: 300ms, max_objects: 3}
service: {extensions: [archive_query, archive_compactor], pipelines: {logs: {receivers: [otlp], exporters: [debug]}}}`})
	s := &shop{t: t, lb: writer, loki: writer.Loki("query"), otlp: harness.DialOTLP(t, writer.Addr("otlp"))}
	const query = `{service_name="cart"} |= "needle"`
	near, far := s.loki, reader.Loki("query")
	s.live("cart", "needle of before")
	for _, l := range []*harness.Loki{near, far} {
		l.WaitCount(t, 1, query)
	}
	listeners := []*listener{listen(t, near, query), listen(t, far, query)}
	for _, l := range listeners {
		l.wait(t, 1)
	}
	merged := func() bool {
		n, err := reader.Metric("otelcol_extension_archive_compactor_merged_objects_total")
		return err == nil && n > 0
	}
	sent := 0
	for until := time.Now().Add(2 * time.Minute); sent < 200 || !merged(); sent++ {
		require.True(t, time.Now().Before(until), "nothing was merged")
		ld := plog.NewLogs()
		at := time.Now().Add(-time.Duration(sent%7) * time.Minute) // some are late
		for j := range 20 {
			s.add(ld, "cart", at, fmt.Sprintf("line %d of %d", j, sent), false)
		}
		s.add(ld, "cart", at, fmt.Sprintf("needle %d", sent), false)
		s.send(ld)
		time.Sleep(10 * time.Millisecond) // several flushes long
	}
	for _, l := range listeners {
		l.wait(t, 1+sent)
	}
	near.WaitCount(t, 1+sent, query)
	far.WaitCount(t, 1+sent, query)
	for i, l := range listeners {
		l.mu.Lock()
		for line, n := range l.lines {
			assert.Equal(t, 1, n, "%s, listener %d", line, i)
		}
		assert.Len(t, l.lines, 1+sent)
		assert.Zero(t, l.dropped)
		l.mu.Unlock()
	}
}
