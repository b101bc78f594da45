// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/logboom/logboom/test/harness"
)

// specTime is when a spec that hangs is ended.
const specTime = 10 * time.Minute

// spec runs spec/<name>.test.mjs on the page at an address; env is for it, as NAME=value.
func spec(t *testing.T, name, address string, env ...string) {
	t.Helper()
	shots := os.Getenv("LOGBOOM_SCREENSHOTS")
	if shots == "" {
		shots = t.TempDir()
	}
	shots, err := filepath.Abs(shots)
	require.NoError(t, err)
	require.NoError(t, os.MkdirAll(shots, 0o750))
	ctx, cancel := context.WithTimeout(t.Context(), specTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, "node", "--test", "--test-concurrency=1", "--test-reporter=spec", filepath.Join("spec", name+".test.mjs")) //nolint:gosec // our own files
	cmd.Env = append(os.Environ(), "LOGBOOM_PAGE="+address, "LOGBOOM_CHROMIUM="+harness.Chromium(t), "LOGBOOM_SCREENSHOTS="+shots, "NO_COLOR=1")
	cmd.Env = append(cmd.Env, env...)
	cmd.WaitDelay = 10 * time.Second
	said, err := cmd.CombinedOutput()
	t.Logf("%s\nscreenshots: %s", said, shots)
	require.NoError(t, err, fmt.Sprintf("spec %s", name))
}
