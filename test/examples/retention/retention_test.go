// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Package retention runs examples/retention.
package retention

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logboom/logboom/test/harness"
)

const example = "../../../examples/retention"

// run runs the binary in the folder of the example until done is true.
func run(t *testing.T, env []string, done func() bool) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, harness.Binary(t), "--config", "config.yaml")
	cmd.Dir = example
	cmd.Env = append(os.Environ(), env...)
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	require.NoError(t, cmd.Start())
	for !done() && ctx.Err() == nil {
		time.Sleep(50 * time.Millisecond)
	}
	_ = cmd.Process.Signal(syscall.SIGTERM)
	require.NoError(t, cmd.Wait(), "collector:\n%s", &log)
	return log.String()
}

func TestRetention(t *testing.T) {
	data := harness.TempDir(t)
	env := []string{"RETENTION_DATA=" + data}
	ctl := func(args ...string) string {
		cmd := exec.Command(harness.CtlBinary(t), args...)
		cmd.Dir, cmd.Env = example, append(os.Environ(), env...)
		return harness.RunCmd(t, cmd).Stdout
	}
	lines := func() []string {
		out := strings.TrimSpace(ctl("archive", "cat", "file://"+data+"/archive", "-o", "text"))
		if out == "" {
			return nil
		}
		return strings.Split(out, "\n")
	}
	run(t, env, func() bool { return len(lines()) == 8 })

	for range 2 {
		plan := ctl("archive", "retain", "--dry-run", "--config", "config.yaml")
		for _, want := range []string{
			"would be deleted", `rule service="checkout" max_severity=8 max_age=48h0m0s`, "max_age=720h0m0s",
		} {
			assert.Contains(t, plan, want)
		}
		require.Len(t, lines(), 8, "a dry run changes nothing")
	}

	log := run(t, append(env, "RETENTION_DRY_RUN=false"), func() bool { return len(lines()) == 4 })
	assert.Contains(t, log, "retention deletes what its rules name")
	want, err := os.ReadFile(filepath.Join(example, "expected.log"))
	require.NoError(t, err)
	var bodies []string
	for _, line := range lines() {
		i := slices.IndexFunc(strings.Split(strings.TrimSpace(string(want)), "\n"), func(body string) bool { return strings.Contains(line, body) })
		require.GreaterOrEqual(t, i, 0, line)
		bodies = append(bodies, strings.Split(string(want), "\n")[i])
	}
	assert.Equal(t, strings.TrimSpace(string(want)), strings.Join(bodies, "\n"))
	audit, err := filepath.Glob(filepath.Join(data, "archive", "_audit", "*.jsonl"))
	require.NoError(t, err)
	assert.NotEmpty(t, audit)
}
