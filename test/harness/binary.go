// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// Root returns the top directory of the repository: the one above the test's own that holds builder-config.yaml.
func Root() string {
	dir, err := os.Getwd()
	for err == nil {
		if _, missing := os.Stat(filepath.Join(dir, "builder-config.yaml")); missing == nil || dir == filepath.Dir(dir) {
			break
		}
		dir = filepath.Dir(dir)
	}
	return dir
}

// Binary returns the path of the shipped binary: $LOGBOOM_BIN, or bin/logboom. A test without it fails: a test of the
// shipped binary that skips itself proves nothing.
func Binary(t testing.TB) string {
	t.Helper()
	return binary(t, "LOGBOOM_BIN", "logboom")
}

// CtlBinary returns the path of logboomctl: $LOGBOOM_CTL, or bin/logboomctl.
func CtlBinary(t testing.TB) string {
	t.Helper()
	return binary(t, "LOGBOOM_CTL", "logboomctl")
}

func binary(t testing.TB, env, name string) string {
	t.Helper()
	path := os.Getenv(env)
	if path == "" {
		path = filepath.Join(Root(), "bin", name)
	}
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("no %s at %s: build it with `make -C %s build`, or name it in %s", name, path, Root(), env)
	}
	return path
}

// Corpora returns a directory of the test material that is not part of the project, and skips the test without it.
func Corpora(t testing.TB, folder string) string {
	t.Helper()
	top := os.Getenv("LOGBOOM_CORPORA")
	if top == "" {
		t.Skip("LOGBOOM_CORPORA is not set: this test needs the corpora")
	}
	path := filepath.Join(top, folder)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("LOGBOOM_CORPORA has no %s", folder)
	}
	return path
}

// Result is what a command that ended has left.
type Result struct {
	Stdout, Stderr string
	Code           int // exit code; -1 when it was killed
}

// Run runs a command to its end, at most a minute.
func Run(t testing.TB, name string, args ...string) Result {
	t.Helper()
	return RunCmd(t, exec.Command(name, args...)) //nolint:noctx // RunCmd bounds it
}

// RunCmd runs a prepared command to its end, at most a minute.
func RunCmd(t testing.TB, cmd *exec.Cmd) Result {
	t.Helper()
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	if err := cmd.Start(); err != nil {
		t.Fatalf("start %s: %v", cmd.Path, err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { _ = cmd.Process.Kill() })
	_ = cmd.Wait()
	if !stop() {
		t.Fatalf("%s did not end within a minute\n%s", cmd.Path, errOut.String())
	}
	return Result{Stdout: out.String(), Stderr: errOut.String(), Code: cmd.ProcessState.ExitCode()}
}
