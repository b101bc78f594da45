// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/logboom/logboom/archive"
	"github.com/logboom/logboom/internal/bucket"
)

// writeTestArchive makes an archive of one commit in a directory and returns its URL and its object's path.
func writeTestArchive(t *testing.T) (url, object string) {
	t.Helper()
	ctx := context.Background()
	dir := t.TempDir()
	url = "file://" + filepath.ToSlash(dir)
	b, err := bucket.Open(ctx, bucket.Config{URL: url})
	require.NoError(t, err)
	defer b.Close()
	at := time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	ld := plog.NewLogs()
	for i, service := range []string{"cart", "web"} {
		rl := ld.ResourceLogs().AppendEmpty()
		rl.Resource().Attributes().PutStr("service.name", service)
		lr := rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
		lr.SetTimestamp(pcommon.NewTimestampFromTime(at.Add(time.Duration(i) * time.Minute)))
		lr.Body().SetEmptyMap().PutInt("n", int64(i))
		lr.Attributes().PutDouble("ratio", 0.5)
	}
	w, err := archive.NewLogWriter(b, "w", "wal", 0)
	require.NoError(t, err)
	require.NoError(t, w.Claim(ctx))
	enc := archive.NewEncoder(archive.EncoderOptions{})
	enc.Append(ld, at)
	var objects []archive.ObjectMeta
	require.NoError(t, enc.Encode(archive.ObjectName{Writer: "w", Epoch: 1, From: 1, To: 1}, func(o archive.Object) error {
		objects = append(objects, o.Meta)
		return b.Create(ctx, o.Meta.Key, o.Body)
	}))
	require.NoError(t, w.Commit(ctx, 1, 1, objects))
	require.Len(t, objects, 1)
	return url, filepath.Join(dir, filepath.FromSlash(objects[0].Key))
}

func runArchive(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errOut bytes.Buffer
	root := newRootCommand()
	root.SetOut(&out)
	root.SetErr(&errOut)
	root.SetArgs(append([]string{"archive"}, args...))
	code = run(context.Background(), root)
	return code, out.String(), errOut.String()
}

func TestArchiveCommands(t *testing.T) {
	url, object := writeTestArchive(t)

	code, out, _ := runArchive(t, "ls", "--live", url)
	require.Zero(t, code)
	assert.True(t, strings.HasSuffix(filepath.ToSlash(object), strings.TrimSpace(out)), out)

	code, out, _ = runArchive(t, "ls", url)
	require.Zero(t, code)
	assert.Contains(t, out, "2026-01-02T03:04:05.000Z")
	assert.Contains(t, out, "1 objects, 2 rows")

	code, out, _ = runArchive(t, "cat", url)
	require.Zero(t, code)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	require.Len(t, lines, 2)
	var first map[string]any
	require.NoError(t, json.Unmarshal([]byte(lines[0]), &first))
	assert.Equal(t, "cart", first["ServiceName"])
	assert.Equal(t, map[string]any{"n": 0.0}, first["Body"])
	assert.Equal(t, map[string]any{"ratio": 0.5}, first["LogAttributes"])
	assert.Equal(t, "2026-01-02T03:04:05.000000006Z", first["Timestamp"])

	code, out, _ = runArchive(t, "cat", "--service", "web", "--start", "2026-01-02T00:00:00Z", "--end", "2099-01-01T00:00:00Z", url)
	require.Zero(t, code)
	assert.Len(t, strings.Split(strings.TrimSpace(out), "\n"), 1)

	code, out, _ = runArchive(t, "verify", url)
	require.Zero(t, code)
	assert.Contains(t, out, "1 objects good, 0 bad; 2 rows")

	b, err := os.ReadFile(object)
	require.NoError(t, err)
	b[len(b)/3] ^= 1
	require.NoError(t, os.WriteFile(object, b, 0o600))
	code, out, stderr := runArchive(t, "verify", url)
	assert.Equal(t, 1, code)
	assert.Contains(t, out, "BAD")
	assert.Contains(t, stderr, "1 bad")
}

func TestArchiveUsageErrors(t *testing.T) {
	url, _ := writeTestArchive(t)
	for _, tc := range []struct {
		code int
		args []string
		want string
	}{
		{2, []string{"ls"}, "want one archive URL"},
		{2, []string{"ls", "nowhere"}, `got "nowhere"`},
		{2, []string{"ls", "--region", "x", url}, "region is for s3:// only"},
		{2, []string{"cat", "--start", "yesterday", url}, `got "yesterday"`},
		{2, []string{"ls", "--no-such-flag", url}, "no-such-flag"},
		{1, []string{"ls", url + "/not/there"}, "not/there"},
	} {
		code, _, stderr := runArchive(t, tc.args...)
		assert.Equal(t, tc.code, code, "%v: %s", tc.args, stderr)
		assert.Contains(t, stderr, tc.want)
	}
}
