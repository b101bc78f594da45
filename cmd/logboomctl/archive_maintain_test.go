// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logboom/logboom/archive"
)

// compactorConfig writes a Collector's configuration with these settings of archive_compactor, in YAML behind its bucket.
func (a *testArchive) compactorConfig(settings string) string {
	path := filepath.Join(a.t.TempDir(), "collector.yaml")
	require.NoError(a.t, os.WriteFile(path, fmt.Appendf(nil,
		"extensions:\n  archive_compactor:\n    bucket: {url: '%s'}\n%s\nexporters:\n  object_storage:\n    bucket: {url: 's3://elsewhere'}\n", a.url, settings), 0o600))
	return path
}

// execute runs logboomctl.
func execute(t *testing.T, in string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	code, stdout, stderr = runCtl(t, in, args...)
	return stdout, stderr, code
}

func parquetFiles(t *testing.T, dir string) (files []string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		if strings.HasSuffix(path, ".parquet") {
			files = append(files, path)
		}
		return err
	}))
	return files
}

func TestArchiveCompact(t *testing.T) {
	a := newTestArchive(t)
	for i := range 4 {
		a.commit(testLogs(time.Duration(i)*time.Second), archive.BatchOptions{})
	}
	out, errOut, code := execute(t, "", "archive", "compact", a.url)
	require.Zero(t, code, errOut)
	assert.Contains(t, out, "merged    4 objects into 1,")
	assert.Contains(t, out, "archive   1 objects, 8 records,")
	out, _, code = execute(t, "", "archive", "compact", "-o", "json", "-v", a.url)
	require.Zero(t, code)
	var report struct {
		Leader bool
		Merges int
		Live   struct{ Rows int }
	}
	require.NoError(t, json.Unmarshal([]byte(out), &report))
	assert.True(t, report.Leader)
	assert.Zero(t, report.Merges, "nothing is left to do")
	assert.Equal(t, 8, report.Live.Rows)
	out, _, code = execute(t, "", "archive", "verify", a.url)
	require.Zero(t, code, out)

	// The list names the one live object, while the merged ones are in the bucket still.
	assert.Len(t, parquetFiles(t, a.dir), 5)
	out, _, code = execute(t, "", "archive", "files", a.url)
	require.Zero(t, code)
	assert.Equal(t, 1, strings.Count(out, "\n"))
	_, err := os.Stat(strings.TrimSpace(out))
	require.NoError(t, err, "the address is a path")
	sql, _, code := execute(t, "", "archive", "files", "--duckdb", a.url)
	require.Zero(t, code)
	assert.Contains(t, sql, "CREATE OR REPLACE VIEW logs AS")
	assert.Contains(t, sql, strings.TrimSpace(out))
	_, _, code = execute(t, "", "archive", "files", "--write", a.url)
	require.Zero(t, code)
	written, err := os.ReadFile(filepath.Join(a.dir, "_current", "files.txt"))
	require.NoError(t, err)
	assert.Equal(t, out, string(written))
}

func TestArchiveRetain(t *testing.T) {
	a := newTestArchive(t)
	a.commit(testLogs(0), archive.BatchOptions{})
	config := a.compactorConfig("    retention: {rules: [{service: cart, max_age: 2d}]}")
	for range 2 {
		out, errOut, code := execute(t, "", "archive", "retain", "--dry-run", "--config", config)
		require.Zero(t, code, errOut)
		assert.Contains(t, out, "(a part)")
		assert.Contains(t, out, `rule service="cart" max_age=48h0m0s`)
		assert.Contains(t, out, "1 records of 1 objects")
		assert.Contains(t, out, "would be deleted")
	}
	out, errOut, code := execute(t, "", "archive", "retain", "--config", config, "-o", "json")
	require.Zero(t, code, errOut)
	assert.Equal(t, 1, strings.Count(out, "\n"))
	assert.Contains(t, out, `"Rows":1,`)
	out, _, code = execute(t, "", "archive", "cat", a.url)
	require.Zero(t, code)
	assert.NotContains(t, out, "cart")
	assert.Contains(t, out, "web")

	exporterOnly := filepath.Join(t.TempDir(), "exporter.yaml")
	require.NoError(t, os.WriteFile(exporterOnly, fmt.Appendf(nil, "exporters:\n  object_storage:\n    bucket: {url: '%s'}\n", a.url), 0o600))
	// Nothing is deleted while nobody says which records are under a hold.
	for _, where := range [][]string{{a.url}, {"--config", exporterOnly}} {
		_, errOut, code = execute(t, "", append([]string{"archive", "retain", "--max-age", "90d"}, where...)...)
		assert.Equal(t, 2, code)
		assert.Contains(t, errOut, "--ignore-holds")
	}
	out, errOut, code = execute(t, "", "archive", "retain", "--dry-run", "--max-age", "90d", a.url)
	require.Zero(t, code, errOut)
	assert.Contains(t, out, "would be deleted")
	held := a.compactorConfig("    retention: {holds: [{service: web, reason: case 7}]}")
	out, errOut, code = execute(t, "", "archive", "retain", "--max-age", "90d", "--config", held)
	require.Zero(t, code, errOut)
	assert.Contains(t, out, "0 records of 0 objects")

	// The configuration's dry_run holds for the command, unless a flag says otherwise.
	dry := a.compactorConfig("    retention: {dry_run: true, max_age: 90d}")
	for _, more := range [][]string{nil, {"--dry-run"}, {"--ignore-holds"}} {
		out, errOut, code = execute(t, "", append([]string{"archive", "retain", "--config", dry}, more...)...)
		require.Zero(t, code, errOut)
		assert.Contains(t, out, "1 records of 1 objects")
		assert.Contains(t, out, "would be deleted")
		assert.Equal(t, !slices.Contains(more, "--dry-run"), strings.Contains(errOut, "retention::dry_run"), errOut)
	}
	out, _, code = execute(t, "", "archive", "cat", a.url)
	require.Zero(t, code)
	assert.Contains(t, out, "web")
	out, errOut, code = execute(t, "", "archive", "retain", "--dry-run=false", "--config", dry)
	require.Zero(t, code, errOut)
	assert.Contains(t, out, "1 records of 1 objects")
	assert.NotContains(t, out, "would be")

	a.commit(testLogs(time.Hour), archive.BatchOptions{})
	out, errOut, code = execute(t, "", "archive", "retain", "--ignore-holds", "--max-age", "90d", "--config", held)
	require.Zero(t, code, errOut)
	assert.Contains(t, out, "2 records of 1 objects")
	a.commit(testLogs(2*time.Hour), archive.BatchOptions{})
	out, errOut, code = execute(t, "", "archive", "retain", "--ignore-holds", "--max-age", "90d", a.url)
	require.Zero(t, code, errOut)
	assert.Contains(t, out, "2 records of 1 objects")
	assert.NotContains(t, out, "would be")

	for _, args := range [][]string{
		{a.url}, // nothing says what
		{"--max-age", "30", a.url},
		{"--max-age", "soon", a.url},
		{"--config", a.compactorConfig("    retention: {rules: [{max_age: -1d}]}")},
		{"--config", a.compactorConfig("    retention: {hold: 1}")},
	} {
		_, errOut, code := execute(t, "", append([]string{"archive", "retain"}, args...)...)
		assert.Equal(t, 2, code, "%v: %s", args, errOut)
	}
}

func TestArchiveErase(t *testing.T) {
	a := newTestArchive(t)
	a.commit(testLogs(0), archive.BatchOptions{})
	a.commit(testLogs(time.Hour), archive.BatchOptions{})
	match := `log.record.uid="cart1h0m0s"`
	out, errOut, code := execute(t, "", "archive", "erase", "--dry-run", "--match", match, a.url)
	require.Zero(t, code, errOut)
	assert.Equal(t, "1 records in 1 objects match; nothing was changed\n", out)
	_, errOut, code = execute(t, "", "archive", "erase", "--match", match, a.url)
	assert.Equal(t, 2, code)
	assert.Contains(t, errOut, "--ignore-holds")

	held := a.compactorConfig("    retention: {holds: [{service: 'c*', from: 2026-01-01, to: 2026-02-01, reason: case 7}]}")
	_, errOut, code = execute(t, "", "archive", "erase", "--match", match, "--config", held)
	assert.Equal(t, 1, code)
	assert.Contains(t, errOut, "case 7")
	out, _, _ = execute(t, "", "archive", "cat", a.url)
	assert.Contains(t, out, "cart1h0m0s")

	out, errOut, code = execute(t, "", "archive", "erase", "--now", "--match", match, "--config", a.compactorConfig(""))
	require.Zero(t, code, errOut)
	assert.Contains(t, out, "erased    1 records of 1 objects")
	assert.Contains(t, out, "verified ")
	assert.NotContains(t, out, "pending")
	out, _, _ = execute(t, "", "archive", "cat", a.url)
	assert.NotContains(t, out, "cart1h0m0s")
	assert.Contains(t, out, "web1h0m0s")
	for _, file := range parquetFiles(t, a.dir) {
		b, err := os.ReadFile(file)
		require.NoError(t, err)
		assert.NotContains(t, string(b), "cart1h0m0s")
	}
	out, _, code = execute(t, "", "archive", "erase", "--ignore-holds", "--match", `service_name="web"`, "-o", "json", a.url)
	require.Zero(t, code)
	assert.Contains(t, out, `"Rows":2,`)
	assert.Contains(t, out, `"Left":0,`)

	for _, bad := range []string{"", "user", `user=`, `user=""`, `user="a" or b="c"`} {
		_, errOut, code := execute(t, "", "archive", "erase", "--match", bad, a.url)
		assert.Equal(t, 2, code, "%q: %s", bad, errOut)
	}
}

func TestArchiveRepair(t *testing.T) {
	a := newTestArchive(t)
	a.commit(testLogs(0), archive.BatchOptions{})
	a.commit(testLogs(time.Hour), archive.BatchOptions{})
	out, errOut, code := execute(t, "", "archive", "repair", a.url)
	require.Zero(t, code, errOut)
	assert.Contains(t, out, "0 missing, 0 damaged")
	files := parquetFiles(t, a.dir)
	require.NoError(t, os.Remove(files[0]))
	for range 2 {
		out, errOut, code = execute(t, "", "archive", "repair", "--dry-run", a.url)
		assert.Equal(t, 1, code)
		assert.Contains(t, out, "missing   logs/")
		assert.Contains(t, errOut, "1 live objects are missing or damaged")
	}
	out, errOut, code = execute(t, "", "archive", "repair", "--remove-missing", a.url)
	require.Zero(t, code, errOut)
	assert.Contains(t, out, "removed   1 missing objects")
	out, _, code = execute(t, "", "archive", "cat", a.url)
	require.Zero(t, code)
	assert.Equal(t, 2, strings.Count(out, "\n"))
}

// TestCompactorSettings: the configuration of a Collector gives the settings, and the bucket unless another is named.
func TestCompactorSettings(t *testing.T) {
	a := newTestArchive(t)
	a.commit(testLogs(0), archive.BatchOptions{})
	two := filepath.Join(t.TempDir(), "two.yaml")
	require.NoError(t, os.WriteFile(two, fmt.Appendf(nil,
		"extensions:\n  archive_compactor/one: {bucket: {url: '%s'}}\n  archive_compactor/two: {bucket: {url: 's3://elsewhere'}}\n", a.url), 0o600))
	_, errOut, code := execute(t, "", "archive", "compact", "--config", two)
	assert.Equal(t, 2, code)
	assert.Contains(t, errOut, "archive_compactor/one, archive_compactor/two")
	_, errOut, code = execute(t, "", "archive", "compact", "--config", two, "--component", "archive_compactor/one")
	assert.Zero(t, code, errOut)
	_, errOut, code = execute(t, "", "archive", "compact", "--config", a.compactorConfig("    interval: 0s"))
	assert.Equal(t, 2, code)
	assert.Contains(t, errOut, "interval must be positive")
	_, errOut, code = execute(t, "", "archive", "compact", filepath.ToSlash("file://"+a.dir+"/nothing"))
	assert.Equal(t, 1, code, errOut)
}
