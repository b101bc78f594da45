// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/logboom/logboom/internal/wal"
	"github.com/logboom/logboom/internal/wal/payload"
)

// openTestWAL opens a log with a segment for every two batches.
func openTestWAL(t *testing.T, dir string) *wal.Log {
	t.Helper()
	l, err := wal.Open(wal.Options{
		Directory: dir, MaxBytes: 1 << 20, MaxAsideBytes: 1 << 20, SegmentWeight: 2, MaxAttachedBytes: 1 << 20,
		Describe: func(b []byte) wal.Info {
			info := describe(b)
			info.Weight = 1
			return info
		},
	})
	require.NoError(t, err)
	return l
}

func appendTestWAL(t *testing.T, l *wal.Log, b []byte, records int) {
	t.Helper()
	require.NoError(t, l.Append(append(make([]byte, wal.EntryHead), b...), wal.Info{Weight: 1, Records: records, Since: testTime}, nil, 0))
}

// filesOf are all files below a directory with their contents.
func filesOf(t *testing.T, dir string) map[string]string {
	t.Helper()
	m := map[string]string{}
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			var b []byte
			b, err = os.ReadFile(path)
			m[path] = string(b)
		}
		return err
	}))
	return m
}

func TestWAL(t *testing.T) {
	dir := t.TempDir()
	l := openTestWAL(t, dir)
	defer func() { require.NoError(t, l.Close()) }()
	require.NoError(t, l.SetWriter("gateway-1"))
	for i := range 5 {
		b, _, err := payload.Append(nil, payload.Head{Arrival: testTime, Tenant: "acme"}, testLogs(time.Duration(i)*time.Hour))
		require.NoError(t, err)
		appendTestWAL(t, l, b, 2)
	}
	before := filesOf(t, dir) // the log is open, and its last segment unfinished

	code, out, stderr := runCtl(t, "", "wal", "ls", dir)
	require.Zero(t, code, stderr)
	assert.Contains(t, out, "of writer gateway-1")
	assert.Contains(t, out, "2 (1 to 2)")
	assert.Contains(t, out, "3 segments, 5 entries, 10 records")

	code, out, stderr = runCtl(t, "", "wal", "ls", "-o", "json", dir)
	require.Zero(t, code, stderr)
	var r walReport
	require.NoError(t, json.Unmarshal([]byte(out), &r))
	assert.Equal(t, l.ID(), r.ID)
	assert.EqualValues(t, 10, r.Records)
	assert.Len(t, r.Segments, 3)
	assert.True(t, testTime.Equal(r.Oldest))
	assert.Zero(t, r.Damaged)

	code, out, stderr = runCtl(t, "", "wal", "cat", dir)
	require.Zero(t, code, stderr)
	require.Len(t, lines(out), 5)
	for i, line := range lines(out) {
		want, err := (&plog.JSONMarshaler{}).MarshalLogs(testLogs(time.Duration(i) * time.Hour))
		require.NoError(t, err)
		assert.JSONEq(t, string(want), line)
	}
	_, all, _ := runCtl(t, "", "wal", "cat", dir)
	_, out, _ = runCtl(t, "", "wal", "cat", "--from", "2", "--to", "4", "--limit", "2", dir)
	assert.Equal(t, lines(all)[1:3], lines(out))

	code, out, stderr = runCtl(t, "", "wal", "verify", dir)
	require.Zero(t, code, stderr)
	assert.Contains(t, out, "5 entries good, 0 bad; 10 records")
	assert.Equal(t, before, filesOf(t, dir), "nothing was changed")
}

func TestWALDamage(t *testing.T) {
	dir := t.TempDir()
	l := openTestWAL(t, dir)
	for range 4 {
		b, _, err := payload.Append(nil, payload.Head{Arrival: testTime}, testLogs(0))
		require.NoError(t, err)
		appendTestWAL(t, l, b, 2)
	}
	appendTestWAL(t, l, []byte("no payload"), 1)
	_, err := l.SetAside("5.otlp", []byte("x"))
	require.NoError(t, err)
	require.NoError(t, l.Close())
	segments, err := filepath.Glob(filepath.Join(dir, "*.wal"))
	require.NoError(t, err)
	require.Len(t, segments, 3)
	flip(t, segments[0], -5) // in the second entry
	f, err := os.OpenFile(segments[2], os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = f.WriteString("half an ent")
	require.NoError(t, err)
	require.NoError(t, f.Close())

	code, out, stderr := runCtl(t, "", "wal", "verify", dir)
	assert.Equal(t, 1, code)
	assert.Contains(t, out, "bytes at")
	assert.Contains(t, out, "BAD entry 5")
	assert.Contains(t, out, "BAD "+filepath.Join("aside", "5.otlp"))
	assert.Equal(t, 3, strings.Count(out, "BAD"), out)
	assert.Contains(t, stderr, "3 bad")

	code, out, stderr = runCtl(t, "", "wal", "ls", dir)
	require.Zero(t, code, stderr)
	assert.Contains(t, out, "11 B at the end: being written, or never acknowledged")
	assert.Contains(t, out, "SET ASIDE")

	code, out, stderr = runCtl(t, "", "wal", "cat", dir)
	assert.Equal(t, 1, code)
	assert.Len(t, lines(out), 3)
	assert.Contains(t, stderr, "entry 5")
}

func TestWALUsage(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	for _, tc := range []struct {
		code int
		args []string
		want string
	}{
		{2, []string{"ls"}, "want the directory of a write-ahead log"},
		{2, []string{"ls", file}, "is not a directory"},
		{2, []string{"cat", "--limit", "-1", t.TempDir()}, "--limit must not be negative"},
		{2, []string{"verify", "-o", "xml", t.TempDir()}, `got "xml"`},
		{1, []string{"ls", filepath.Join(t.TempDir(), "absent")}, "absent"},
		{1, []string{"ls", t.TempDir()}, "holds no write-ahead log"},
		{1, []string{"verify", t.TempDir()}, "holds no write-ahead log"},
	} {
		code, _, stderr := runCtl(t, "", append([]string{"wal"}, tc.args...)...)
		assert.Equal(t, tc.code, code, "%v: %s", tc.args, stderr)
		assert.Contains(t, stderr, tc.want)
	}
}
