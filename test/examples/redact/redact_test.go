// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Package redact runs examples/redact, at a shell and in a Collector.
package redact

import (
	"bytes"
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
)

const example = "../../../examples/redact"

func expected(t *testing.T) string {
	t.Helper()
	want, err := os.ReadFile(filepath.Join(example, "expected.log"))
	require.NoError(t, err)
	return string(want)
}

func ctl(t *testing.T, in string, args ...string) harness.Result {
	t.Helper()
	cmd := exec.Command(harness.CtlBinary(t), append([]string{"redact"}, args...)...) //nolint:noctx // RunCmd bounds it
	cmd.Dir = example
	cmd.Stdin = strings.NewReader(in)
	return harness.RunCmd(t, cmd)
}

func TestShell(t *testing.T) {
	r := ctl(t, "", "--config", "config.yaml", "--summary", "input.log")
	require.Zero(t, r.Code, r.Stderr)
	require.Equal(t, expected(t), r.Stdout)
	require.Contains(t, r.Stderr, "lines 14, with findings 12, dropped 3\n")

	again := ctl(t, r.Stdout, "--config", "config.yaml")
	require.Equal(t, r.Stdout, again.Stdout, "a second pass changes nothing")

	check := ctl(t, r.Stdout, "--check")
	require.Equal(t, 1, check.Code)
	require.Equal(t, "-:2: email\n", check.Stdout, "as the README says")
}

func TestCollector(t *testing.T) {
	data := t.TempDir()
	output := filepath.Join(data, "out.jsonl")
	cmd := exec.Command(harness.Binary(t), "--config", "config.yaml") //nolint:noctx // ended below
	cmd.Dir = example
	cmd.Env = append(os.Environ(), "REDACT_DATA="+data)
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	require.NoError(t, cmd.Start())
	want := strings.Split(strings.TrimSuffix(expected(t), "\n"), "\n")
	want = append(want[:9], want[10]) // the key's record begins with the line before the key
	for deadline := time.Now().Add(2 * time.Minute); len(bodies(t, output)) < len(want) && time.Now().Before(deadline); {
		time.Sleep(50 * time.Millisecond)
	}
	_ = cmd.Process.Signal(syscall.SIGTERM)
	stop := time.AfterFunc(2*time.Minute, func() { _ = cmd.Process.Kill() })
	defer stop.Stop()
	require.NoError(t, cmd.Wait(), "collector:\n%s", &log)
	require.Equal(t, want, bodies(t, output))
}

// bodies reads what the file exporter has written so far.
func bodies(t *testing.T, path string) (out []string) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return nil
	}
	require.NoError(t, err)
	for line := range bytes.Lines(raw) {
		ld, err := (&plog.JSONUnmarshaler{}).UnmarshalLogs(line)
		if err != nil {
			return nil // half a line: more is coming
		}
		for _, rl := range ld.ResourceLogs().All() {
			for _, sl := range rl.ScopeLogs().All() {
				for _, lr := range sl.LogRecords().All() {
					out = append(out, lr.Body().AsString())
				}
			}
		}
	}
	return out
}
