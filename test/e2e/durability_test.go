// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Package e2e proves on the shipped binary what the documentation promises.
package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"

	"github.com/logboom/logboom/test/harness"
)

// TestGatewayKeepsWhatItAcknowledged stops a gateway under load and looks for every acknowledged record after a restart.
func TestGatewayKeepsWhatItAcknowledged(t *testing.T) {
	t.Parallel()
	// With the long interval, nothing but the write-ahead log has the records when the process ends.
	for _, flush := range []string{"100ms", "10m"} {
		overlay := fmt.Sprintf("exporters: {object_storage: {flush: {interval: %s}}}", flush)
		for name, stop := range map[string]func(*harness.Logboom){
			"SIGTERM": (*harness.Logboom).Terminate,
			"SIGKILL": (*harness.Logboom).Kill,
		} {
			t.Run(name+"/flush "+flush, func(t *testing.T) {
				t.Parallel()
				gw := harness.StartGateway(t, overlay)
				l := startLoad(t, gw.Addr("otlp"), 4, false)
				time.Sleep(500 * time.Millisecond)
				stop(gw)
				l.end()
				gw.Configure("exporters: {object_storage: {flush: {interval: 100ms}}}")
				gw.Restart()
				l.verify(t, gw.Loki("query"))
				gw.Terminate()
			})
		}
	}
}

// TestReloadUnderLoad reloads the configuration three times while clients send; what was not taken they repeat.
func TestReloadUnderLoad(t *testing.T) {
	t.Parallel()
	gw := harness.StartGateway(t, "exporters: {object_storage: {flush: {interval: 300ms}}}")
	l := startLoad(t, gw.Addr("otlp"), 4, true)
	for range 3 {
		time.Sleep(250 * time.Millisecond)
		gw.Reload()
	}
	time.Sleep(250 * time.Millisecond)
	l.end()
	l.verify(t, gw.Loki("query"))
	gw.Terminate()
}

// writer appends numbered lines to a file until it is told to stop.
type writer struct {
	path  string
	quit  chan struct{}
	done  chan struct{}
	lines int
}

func startWriter(t *testing.T, path string, pause time.Duration) *writer {
	t.Helper()
	w := &writer{path: path, quit: make(chan struct{}), done: make(chan struct{})}
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o750))
	f, err := os.Create(path)
	require.NoError(t, err)
	go func() {
		defer close(w.done)
		defer f.Close()
		for {
			select {
			case <-w.quit:
				return
			case <-time.After(pause):
			}
			var b strings.Builder
			for range 20 {
				fmt.Fprintf(&b, "line %06d\n", w.lines)
				w.lines++
			}
			if _, err := f.WriteString(b.String()); err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() {
		select {
		case <-w.done:
		default:
			close(w.quit)
			<-w.done
		}
	})
	return w
}

func (w *writer) stop() int {
	close(w.quit)
	<-w.done
	return w.lines
}

// TestAgentDeliversEveryLine ends an agent in every way while it tails, and the gateway is away for a part of the time.
func TestAgentDeliversEveryLine(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		once   bool // exactly once; else at least once
		during func(*testing.T, *harness.Logboom, *harness.Sink)
	}{
		{"SIGTERM", true, func(_ *testing.T, lb *harness.Logboom, _ *harness.Sink) {
			lb.Terminate()
			lb.Restart()
		}},
		{"SIGHUP", true, func(_ *testing.T, lb *harness.Logboom, _ *harness.Sink) { lb.Reload() }},
		{"SIGKILL", false, func(_ *testing.T, lb *harness.Logboom, _ *harness.Sink) {
			lb.Kill()
			lb.Restart()
		}},
		{"gateway away, SIGTERM meanwhile", true, func(_ *testing.T, lb *harness.Logboom, sink *harness.Sink) {
			sink.Refuse(codes.Unavailable)
			time.Sleep(500 * time.Millisecond)
			lb.Terminate()
			lb.Restart()
			time.Sleep(300 * time.Millisecond)
			sink.Refuse(codes.OK)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			sink := harness.StartSink(t)
			dir := harness.TempDir(t)
			w := startWriter(t, filepath.Join(dir, "logs", "lines", "app.log"), 2*time.Millisecond)
			agent := harness.StartAgent(t, sink.Addr, dir, "exporters: {otlp_grpc: {retry_on_failure: {initial_interval: 100ms, max_interval: 500ms}}}")
			sink.WaitCount(t, 500, time.Minute)
			c.during(t, agent, sink)
			time.Sleep(300 * time.Millisecond)
			n := w.stop()

			harness.Eventually(t, time.Minute, func() error {
				if got := len(sink.Bodies()); got != n {
					return fmt.Errorf("sink has %d of %d lines", got, n)
				}
				return nil
			})
			if c.once {
				require.Equal(t, n, sink.Distinct(), "record uids: each line once, however often it was sent")
			}
			agent.Terminate()
		})
	}
}

// TestOneProcess tails files straight into the archive, without a queue between, and ends the process in every way.
func TestOneProcess(t *testing.T) {
	t.Parallel()
	const config = `
extensions:
  file_storage: {directory: '{{dir "positions"}}', create_directory: true, fsync: true}
  archive_query: {endpoint: '{{addr "query"}}', bucket: {url: 'file://{{dir "archive"}}'}}
receivers:
  filelog:
    include: ['{{dir "logs"}}/*.log']
    start_at: beginning
    storage: file_storage
    retry_on_failure: {enabled: true, max_elapsed_time: 0s}
    resource: {service.name: app}
exporters:
  object_storage:
    bucket: {url: 'file://{{dir "archive"}}'}
    wal: {directory: '{{dir "wal"}}'}
    flush: {interval: 300ms}
service:
  extensions: [file_storage, archive_query]
  pipelines: {logs: {receivers: [filelog], exporters: [object_storage]}}
`
	for name, stop := range map[string]func(*harness.Logboom){
		"SIGTERM": func(lb *harness.Logboom) {
			lb.Terminate()
			lb.Restart()
		},
		"SIGHUP": (*harness.Logboom).Reload,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			lb := harness.Start(t, harness.Config{YAML: config, Args: []string{harness.SynchronousEmitter}})
			w := startWriter(t, filepath.Join(lb.Dir("logs"), "app.log"), 2*time.Millisecond)
			for range 3 {
				time.Sleep(400 * time.Millisecond)
				stop(lb)
			}
			n := w.stop()
			lb.Loki("query").WaitCount(t, n, `{service_name="app"} |= "line"`)
			lb.Terminate()
		})
	}
}
