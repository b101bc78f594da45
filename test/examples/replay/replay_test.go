// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Package replay runs examples/replay.
package replay

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/logboom/logboom/test/harness"
	"github.com/logboom/logboom/test/internal/sinks"
)

const example = "../../../examples/replay"

// job runs the binary in the folder of the example until it ends or, where end is given, until that is true.
func job(t *testing.T, data string, end func() bool, env []string, configs ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	var args []string
	for _, c := range configs {
		args = append(args, "--config", c)
	}
	cmd := exec.CommandContext(ctx, harness.Binary(t), args...)
	cmd.Dir = example
	cmd.Env = append(append(os.Environ(), "REPLAY_DATA="+data, "REPLAY_START=2026-03-04", "REPLAY_END=2026-03-05"), env...)
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	require.NoError(t, cmd.Start())
	if end != nil {
		for !end() && ctx.Err() == nil {
			time.Sleep(50 * time.Millisecond)
		}
		_ = cmd.Process.Signal(syscall.SIGTERM)
	}
	require.NoError(t, cmd.Wait(), "collector:\n%s", &log)
	return log.String()
}

// archive fills the archive.
func archive(t *testing.T, data string) {
	t.Helper()
	input, err := os.ReadFile(filepath.Join(example, "input.log"))
	require.NoError(t, err)
	job(t, data, func() bool {
		out := harness.Run(t, harness.CtlBinary(t), "archive", "cat", "file://"+data+"/archive", "-o", "text")
		return strings.Count(out.Stdout, "\n") == bytes.Count(input, []byte("\n"))
	}, nil, "archive.yaml")
}

func TestReplay(t *testing.T) {
	data := harness.TempDir(t)
	archive(t, data)
	log := job(t, data, nil, nil, "config.yaml")
	require.Contains(t, log, "the replay is complete")
	require.NotContains(t, log, "\terror\t")
	want, err := os.ReadFile(filepath.Join(example, "expected.log"))
	require.NoError(t, err)
	out := filepath.Join(data, "out.jsonl")
	require.Equal(t, string(want), bodies(t, out))

	log = job(t, data, nil, nil, "config.yaml")
	require.Contains(t, log, "this replay was completed before")
	require.Equal(t, string(want), bodies(t, out), "again adds nothing")
}

func TestElasticsearch(t *testing.T) {
	data := harness.TempDir(t)
	archive(t, data)
	store := sinks.Elasticsearch(t)
	job(t, data, nil, []string{"ELASTICSEARCH_URL=" + store.Endpoint}, "elasticsearch.yaml")
	want, err := os.ReadFile(filepath.Join(example, "expected.log"))
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(string(want)), "\n")
	require.Equal(t, len(lines), store.Len())
	for _, d := range store.Documents() {
		found := false
		for _, line := range lines {
			_, body, _ := strings.Cut(line, ": ")
			found = found || strings.Contains(d.Text(), body)
		}
		require.True(t, found, d.Text())
	}
}

// bodies are the lines that the file exporter wrote.
func bodies(t *testing.T, path string) string {
	t.Helper()
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	var text strings.Builder
	for line := range bytes.Lines(raw) {
		ld, err := (&plog.JSONUnmarshaler{}).UnmarshalLogs(line)
		require.NoError(t, err)
		for _, rl := range ld.ResourceLogs().All() {
			for _, sl := range rl.ScopeLogs().All() {
				for _, lr := range sl.LogRecords().All() {
					service, _ := rl.Resource().Attributes().Get("service.name")
					fmt.Fprintf(&text, "%s: %s\n", service.Str(), lr.Body().AsString())
				}
			}
		}
	}
	return text.String()
}
