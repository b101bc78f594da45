// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Package owndistribution builds the distribution of examples/own-distribution with the Collector's builder, runs it on
// the example's input, and compares what comes out with the example's expected result.
package owndistribution

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
)

const example = "../../../examples/own-distribution"

var update = flag.Bool("update", false, "write expected.jsonl anew")

func TestOwnDistribution(t *testing.T) {
	dir, err := filepath.Abs(example)
	require.NoError(t, err)
	build(t, dir)

	data := t.TempDir()
	output := filepath.Join(data, "out.jsonl")
	want, err := os.ReadFile(filepath.Join(dir, "expected.jsonl"))
	require.NoError(t, err)
	input, err := os.ReadFile(filepath.Join(dir, "input.log"))
	require.NoError(t, err)
	lines := bytes.Count(input, []byte("\n"))

	run(t, dir, data, func() bool {
		records, err := read(output)
		return err == nil && len(records) >= lines
	})

	got, err := read(output)
	require.NoError(t, err)
	require.Len(t, got, lines, "records")
	text := strings.Join(got, "\n") + "\n"
	if *update {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "expected.jsonl"), []byte(text), 0o644))
		return
	}
	require.Equal(t, string(want), text)
}

// build compiles the distribution as the README says; what is up to date already takes seconds.
func build(t *testing.T, dir string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 9*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "go", "tool", "-modfile=../../internal/tools/go.mod", "builder", "--config", "builder-config.yaml")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "builder:\n%s", out)
}

// run starts the built collector, waits until ready says so, and ends it.
func run(t *testing.T, dir, data string, ready func() bool) {
	t.Helper()
	cmd := exec.Command(filepath.Join(dir, "build", "acme-collector"), "--config", "config.yaml")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "ACME_DATA="+data)
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	require.NoError(t, cmd.Start())
	deadline := time.Now().Add(2 * time.Minute)
	for !ready() && time.Now().Before(deadline) {
		time.Sleep(50 * time.Millisecond)
	}
	_ = cmd.Process.Signal(syscall.SIGTERM)
	stop := time.AfterFunc(2*time.Minute, func() { _ = cmd.Process.Kill() })
	defer stop.Stop()
	require.NoError(t, cmd.Wait(), "collector:\n%s", &log)
}

// read gives every record of the file exporter's output as one JSON object, in the order of the input: what the
// example is about, without the moments of reading.
func read(path string) ([]string, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var records []string
	for line := range bytes.Lines(raw) {
		ld, err := (&plog.JSONUnmarshaler{}).UnmarshalLogs(line)
		if err != nil {
			return nil, err
		}
		for _, rl := range ld.ResourceLogs().All() {
			for _, sl := range rl.ScopeLogs().All() {
				for _, lr := range sl.LogRecords().All() {
					text, err := record(lr)
					if err != nil {
						return nil, err
					}
					records = append(records, text)
				}
			}
		}
	}
	return records, nil
}

func record(lr plog.LogRecord) (string, error) {
	attributes := lr.Attributes().AsRaw()
	for key := range attributes {
		if slices.Contains([]string{"log.file.name", "log.file.path"}, key) {
			delete(attributes, key)
		}
	}
	fields := map[string]any{"body": lr.Body().AsString(), "attributes": attributes}
	if lr.Timestamp() != 0 {
		fields["timestamp"] = lr.Timestamp().AsTime().Format(time.RFC3339Nano)
	}
	if lr.SeverityNumber() != 0 {
		fields["severity"] = lr.SeverityNumber().String()
	}
	var buf bytes.Buffer
	encoder := json.NewEncoder(&buf)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(fields)
	return strings.TrimSuffix(buf.String(), "\n"), err
}
