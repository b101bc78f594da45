// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logboom/logboom/test/harness"
)

// TestRun does what a newcomer does after the build: run.sh, the page, a word, Ctrl-C. The ports are those
// of the quickstart; the test is skipped where somebody else has them.
func TestRun(t *testing.T) {
	for _, port := range []int{3100, 4317, 4318, 5140, 24224, 8888} {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			t.Skipf("port %d of the quickstart is taken on this machine", port)
		}
		require.NoError(t, l.Close())
	}
	harness.Chromium(t)
	dir := repository(t)

	cmd := exec.Command(filepath.Join(dir, "examples", "quickstart", "run.sh"))
	said, err := os.Create(filepath.Join(dir, "said"))
	require.NoError(t, err)
	defer func() { _ = said.Close() }()
	cmd.Stdout, cmd.Stderr = said, said
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	require.NoError(t, cmd.Start())
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-ended:
		case <-time.After(30 * time.Second):
			_ = cmd.Process.Kill()
		}
	})
	words := func() string {
		text, err := os.ReadFile(said.Name())
		require.NoError(t, err)
		return string(text)
	}
	harness.Eventually(t, time.Minute, func() error {
		if text := words(); !strings.Contains(text, "ready: open http://localhost:3100") {
			return fmt.Errorf("run.sh said:\n%s", text)
		}
		return nil
	})
	for _, want := range []string{"http://localhost:3100", filepath.Join(dir, "data", "archive"), "checkout", "/var/log", "4317", "5140", "24224"} {
		assert.Contains(t, words(), want, "the first lines say where things are")
	}

	again := harness.Run(t, cmd.Path)
	assert.Equal(t, 1, again.Code)
	assert.Contains(t, again.Stderr, "somebody listens already on port 3100 (the page and the Loki API), 4317 (OTLP/gRPC)")

	spec(t, "newcomer", "http://localhost:3100/")

	interrupt := syscall.SIGINT
	if signal.Ignored(interrupt) { // by whoever started the tests in the background; a script cannot undo that
		interrupt = syscall.SIGTERM
	}
	require.NoError(t, cmd.Process.Signal(interrupt))
	select {
	case err := <-ended:
		ended <- err
		assert.NoError(t, err, "Ctrl-C is not an error")
	case <-time.After(2 * time.Minute):
		t.Fatalf("run.sh did not stop; it said:\n%s", words())
	}
	assert.Contains(t, words(), "stopped; everything accepted is kept in")
	_, err = net.DialTimeout("tcp", "127.0.0.1:3100", time.Second)
	assert.Error(t, err, "nothing is left running")
}

// repository is as much of a clone after `make build` as run.sh needs.
func repository(t *testing.T) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(harness.TempDir(t))
	require.NoError(t, err)
	for _, sub := range []string{"bin", "examples/quickstart"} {
		require.NoError(t, os.MkdirAll(filepath.Join(dir, sub), 0o750))
	}
	for _, name := range []string{"config.yaml", "journald.yaml", "run.sh"} {
		name = filepath.Join("examples", "quickstart", name)
		content, err := os.ReadFile(filepath.Join(harness.Root(), name))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), content, 0o700)) // run.sh has to run
	}
	binary, err := filepath.Abs(harness.Binary(t))
	require.NoError(t, err)
	require.NoError(t, os.Symlink(binary, filepath.Join(dir, "bin", "logboom")))
	build := exec.Command("go", "build", "-o", filepath.Join(dir, "bin", "logboom-demo"), "./examples/quickstart/producer")
	build.Dir = harness.Root()
	built := harness.RunCmd(t, build)
	require.Zero(t, built.Code, built.Stderr)
	return dir
}
