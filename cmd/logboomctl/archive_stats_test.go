// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/logboom/logboom/archive"
)

func TestArchiveStats(t *testing.T) {
	a := newTestArchive(t)
	ld := testLogs(0)
	first := ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0)
	first.Attributes().PutStr("sampling.threshold", "8")
	first.Attributes().PutInt("logboom.record.count", 3)
	a.commit(ld, archive.BatchOptions{Tenant: "acme"})
	a.commit(testLogs(time.Hour), archive.BatchOptions{Tenant: "blue"})
	far := testLogs(0) // a time far from its arrival
	far.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).SetTimestamp(pcommon.Timestamp(1))
	a.start("v")
	a.commit(far, archive.BatchOptions{Tenant: "blue"})
	a.upload(9, testLogs(0), archive.BatchOptions{}) // an upload under way

	var s archiveStats
	out := mustArchive(t, "stats", "-o", "json", "--by", "service,severity,tenant,hour", "--columns", a.url)
	require.Len(t, out, 1)
	require.NoError(t, json.Unmarshal([]byte(out[0]), &s))
	assert.EqualValues(t, 4, s.Total.Objects)
	assert.EqualValues(t, 6, s.Total.Rows)
	assert.EqualValues(t, 11, s.Total.Weighted, "one of six stands for 2*3")
	assert.EqualValues(t, 6*len(`{"n":0}`), s.Total.BodyBytes)
	var stored int64
	for _, key := range a.keys {
		info, err := os.Stat(a.path(key))
		require.NoError(t, err)
		stored += info.Size()
	}
	assert.Equal(t, stored, s.Total.StoredBytes)
	assert.Positive(t, s.Total.RawBytes)
	assert.True(t, time.Unix(0, 1).Equal(*s.Oldest))
	assert.True(t, testTime.Add(time.Hour+time.Minute).Equal(*s.Newest))
	assert.EqualValues(t, 1, s.Displaced.Rows)
	assert.EqualValues(t, 1, s.Pending)
	assert.Zero(t, s.Orphans)

	rows := func(dimension string) map[string]int64 {
		m := map[string]int64{}
		for _, l := range s.By[dimension] {
			m[l.Name] = l.Rows
		}
		return m
	}
	assert.Equal(t, map[string]int64{"cart": 3, "web": 3}, rows("service"))
	assert.Equal(t, map[string]int64{"9 Info": 3, "17 Error": 3}, rows("severity"))
	assert.Equal(t, map[string]int64{"acme": 2, "blue": 4}, rows("tenant"))
	assert.Equal(t, map[string]int64{"2026-01-02T03Z": 3, "2026-01-02T04Z": 2, "displaced": 1}, rows("hour"))
	assert.Equal(t, "2026-01-02T04Z", s.By["hour"][0].Name, "the latest first")

	require.Len(t, s.Writers, 2)
	assert.Equal(t, "v", s.Writers[0].Writer)
	assert.EqualValues(t, 4, s.Writers[1].Rows)
	assert.EqualValues(t, 1, s.Writers[1].Epoch)
	assert.WithinDuration(t, time.Now(), s.Writers[1].LastCommit, time.Minute)

	var inClasses, inColumns int64
	for _, c := range s.Sizes {
		inClasses += c.Objects
	}
	assert.EqualValues(t, 4, inClasses)
	assert.EqualValues(t, 4, s.Footers)
	names := map[string]columnStats{}
	for _, c := range s.Columns {
		inColumns += c.StoredBytes
		names[c.Name] = c
	}
	assert.Less(t, inColumns, stored)
	assert.Greater(t, inColumns, stored/10)
	assert.EqualValues(t, 4, names["Body"].Objects)
	assert.False(t, names["LogAttributes.key_value.key"].Promoted)
	assert.True(t, names["LogAttributes.ratio"].Promoted)

	text := strings.Join(mustArchive(t, "stats", "--by", "service,tenant,hour", "--columns", "--top", "1", a.url), "\n")
	for _, want := range []string{"SERVICE", "TENANT", "HOUR", "WRITER", "OBJECT SIZE", "LogAttributes.ratio (promoted)", "(1 more)", "(2 more)", "displaced"} {
		assert.Contains(t, text, want)
	}
	s = archiveStats{}
	out = mustArchive(t, "stats", "-o", "json", "--tenant", "acme", a.url)
	require.NoError(t, json.Unmarshal([]byte(out[0]), &s))
	assert.EqualValues(t, 2, s.Total.Rows)
}

// TestVerifyFinds damages an archive in every way that verify knows of.
func TestVerifyFinds(t *testing.T) {
	ctx := context.Background()
	for _, tc := range []struct {
		name   string
		args   []string
		damage func(t *testing.T, a *testArchive)
		want   string
	}{
		{"a byte of the data", nil, func(t *testing.T, a *testArchive) { flip(t, a.path(a.keys[0]), 10) }, "content hash"},
		{"a byte of the footer, quick", []string{"--quick"}, func(t *testing.T, a *testArchive) { flip(t, a.path(a.keys[0]), -20) }, "checksum of the footer"},
		{"an object is gone", nil, func(t *testing.T, a *testArchive) { require.NoError(t, os.Remove(a.path(a.keys[1]))) }, "not found"},
		{"an object is gone, quick", []string{"--quick"}, func(t *testing.T, a *testArchive) { require.NoError(t, os.Remove(a.path(a.keys[1]))) }, "not found"},
		{"an object is longer, quick", []string{"--quick"}, func(t *testing.T, a *testArchive) {
			f, err := os.OpenFile(a.path(a.keys[0]), os.O_APPEND|os.O_WRONLY, 0)
			require.NoError(t, err)
			_, err = f.WriteString("x")
			require.NoError(t, err)
			require.NoError(t, f.Close())
		}, "size is"},
		{"a record of the log is gone", nil, func(t *testing.T, a *testArchive) {
			require.NoError(t, os.Remove(a.path(archive.LogKey("w", 2))))
		}, "the records from 2 to 2 before it are missing"},
		{"a record of the log is damaged", nil, func(t *testing.T, a *testArchive) {
			require.NoError(t, os.WriteFile(a.path(archive.LogKey("w", 2)), []byte("{"), 0o600))
		}, "parse log record"},
		{"an object twice", nil, func(t *testing.T, a *testArchive) {
			objects := a.upload(a.next, testLogs(2*time.Hour), archive.BatchOptions{})
			require.NoError(t, a.log.Commit(ctx, a.next, a.next, append(objects, objects...)))
		}, "was committed before"},
		{"an entry twice", nil, func(t *testing.T, a *testArchive) {
			objects := a.upload(1, testLogs(2*time.Hour), archive.BatchOptions{})
			a.append(t, 4, archive.LogRecord{Kind: archive.KindCommit, Epoch: 1, WAL: &archive.WALRange{ID: "wal-w", From: 1, To: 1}, Objects: objects})
		}, "entries 1 to 1 of write-ahead log wal-w are in record"},
		{"a commit of nobody", nil, func(t *testing.T, a *testArchive) {
			a.append(t, 4, archive.LogRecord{Kind: archive.KindCommit, Epoch: 7, WAL: &archive.WALRange{ID: "x", From: 1, To: 1}})
		}, "by a process that does not hold it"},
		{"an epoch twice", nil, func(t *testing.T, a *testArchive) {
			a.append(t, 4, archive.LogRecord{Kind: archive.KindClaim, Epoch: 1})
		}, "it claims epoch 1"},
		{"a name of another hour", nil, func(t *testing.T, a *testArchive) {
			objects := a.upload(a.next, testLogs(2*time.Hour), archive.BatchOptions{})
			moved := objects[0]
			moved.Key = strings.Replace(moved.Key, "hour=05", "hour=06", 1)
			require.NoError(t, os.MkdirAll(a.path("logs/date=2026-01-02/hour=06"), 0o700))
			require.NoError(t, os.Rename(a.path(objects[0].Key), a.path(moved.Key)))
			require.NoError(t, a.log.Commit(ctx, a.next, a.next, []archive.ObjectMeta{moved}))
		}, "are not those of its path"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a := newTestArchive(t)
			a.commit(testLogs(0), archive.BatchOptions{})
			a.commit(testLogs(time.Hour), archive.BatchOptions{})
			code, _, stderr := runArchive(t, append([]string{"verify", a.url}, tc.args...)...)
			require.Zero(t, code, stderr)
			tc.damage(t, a)
			code, out, _ := runArchive(t, append([]string{"verify", a.url}, tc.args...)...)
			assert.Equal(t, 1, code)
			assert.Contains(t, out, "BAD ")
			assert.Contains(t, out, tc.want)
			code, out, _ = runArchive(t, append([]string{"verify", "-o", "json", a.url}, tc.args...)...)
			assert.Equal(t, 1, code)
			for _, line := range lines(out) {
				require.True(t, json.Valid([]byte(line)), line)
			}
		})
	}
}

// append puts a record of our own at the end of the log.
func (a *testArchive) append(t *testing.T, sequence uint64, r archive.LogRecord) {
	t.Helper()
	r.Format, r.Writer, r.Sequence, r.Nonce = archive.FormatVersion, "w", sequence, "other"
	b, err := r.Marshal()
	require.NoError(t, err)
	require.NoError(t, a.bucket.Create(context.Background(), archive.LogKey("w", sequence), b))
}

func flip(t *testing.T, path string, at int) {
	t.Helper()
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	if at < 0 {
		at += len(b)
	}
	b[at] ^= 0x55
	require.NoError(t, os.WriteFile(path, b, 0o600))
}

func TestVerifyNotes(t *testing.T) {
	a := newTestArchive(t)
	a.commit(testLogs(0), archive.BatchOptions{})
	a.next += 5 // entries that were never acknowledged
	a.commit(testLogs(0), archive.BatchOptions{})
	out := strings.Join(mustArchive(t, "verify", "--duplicates", a.url), "\n")
	assert.Contains(t, out, "NOTE log record _log/w/00000000000000000003: entries 2 to 6 of write-ahead log wal-w are in no commit")
	assert.Contains(t, out, "2 rows are records that came before")
	assert.Contains(t, out, "2 objects good, 0 bad; 4 rows")
	out = strings.Join(mustArchive(t, "verify", "--max-memory-mib", "1", "--parallel", "3", "--service", "web", a.url), "\n")
	assert.Contains(t, out, "2 objects good")
	code, _, stderr := runArchive(t, "verify", "--end", "2026-01-01T00:00:00Z", a.url)
	assert.Equal(t, 1, code)
	assert.Contains(t, stderr, "no object is chosen")
}

// TestVerifyParts accepts a commit of several flushes, whose objects are named after a part of its range each.
func TestVerifyParts(t *testing.T) {
	a := newTestArchive(t)
	objects := append(a.upload(1, testLogs(0), archive.BatchOptions{}), a.upload(2, testLogs(time.Hour), archive.BatchOptions{})...)
	require.NoError(t, a.log.Commit(context.Background(), 1, 2, objects))
	assert.Contains(t, mustArchive(t, "verify", a.url)[0], "2 objects good, 0 bad")
	wrong := a.upload(7, testLogs(2*time.Hour), archive.BatchOptions{})
	require.NoError(t, a.log.Commit(context.Background(), 3, 6, wrong))
	code, out, _ := runArchive(t, "verify", a.url)
	assert.Equal(t, 1, code)
	assert.Contains(t, out, "its name says entries 7 to 7, the commit 3 to 6")
}
