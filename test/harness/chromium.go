// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Chromium is the browser on this machine, for Playwright in Node to drive. A test that wants it is skipped where one of the three
// is missing, and fails where LOGBOOM_REQUIRE_SERVERS is set.
func Chromium(t testing.TB) string {
	t.Helper()
	missing := ""
	if _, err := exec.LookPath("node"); err != nil {
		missing = "no node on this machine: with Node 20 the browser tests come to life"
	} else if _, err := os.Stat(filepath.Join(Root(), "test", "browser", "node_modules", "playwright-core")); err != nil {
		missing = "no Playwright: `scripts/test-deps.sh playwright` brings the browser tests to life"
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil && missing == "" {
			return found
		}
	}
	if missing == "" {
		missing = "no chromium on this machine: `apt-get install chromium` brings the browser tests to life"
	}
	if os.Getenv("LOGBOOM_REQUIRE_SERVERS") != "" {
		t.Fatal(missing + "; LOGBOOM_REQUIRE_SERVERS is set")
	}
	t.Skip(missing)
	return ""
}
