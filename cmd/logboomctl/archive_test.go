// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
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
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/logboom/logboom/archive"
	"github.com/logboom/logboom/internal/bucket"
)

// testTime is the event time of the first record of test archives.
var testTime = time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)

// testArchive is an archive in a directory, and a process that writes to it.
type testArchive struct {
	t      *testing.T
	dir    string
	url    string
	bucket archive.Bucket
	writer string
	log    *archive.LogWriter
	next   uint64
	keys   []string // of the live objects, in the order of their commits
}

func newTestArchive(t *testing.T) *testArchive {
	t.Helper()
	a := &testArchive{t: t, dir: t.TempDir()}
	a.url = "file://" + filepath.ToSlash(a.dir)
	b, err := bucket.Open(context.Background(), bucket.Config{URL: a.url})
	require.NoError(t, err)
	t.Cleanup(func() { b.Close() })
	a.bucket = b
	a.start("w")
	return a
}

// start claims an epoch as a new process of a writer would.
func (a *testArchive) start(writer string) {
	a.t.Helper()
	w, err := archive.NewLogWriter(a.bucket, writer, "wal-"+writer, 0)
	require.NoError(a.t, err)
	require.NoError(a.t, w.Claim(context.Background()))
	a.writer, a.log = writer, w
	a.next = w.Committed() + 1
}

// upload creates the objects of a batch, as entry n of the write-ahead log.
func (a *testArchive) upload(n uint64, ld plog.Logs, opts archive.BatchOptions) (objects []archive.ObjectMeta) {
	a.t.Helper()
	enc := archive.NewEncoder(archive.EncoderOptions{})
	enc.AppendBatch(archive.NewBatch(ld, testTime.Add(12*time.Hour), opts))
	require.NoError(a.t, enc.Encode(archive.ObjectName{Writer: a.writer, Epoch: a.log.Epoch(), From: n, To: n}, func(o archive.Object) error {
		objects = append(objects, o.Meta)
		return a.bucket.Create(context.Background(), o.Meta.Key, o.Body)
	}))
	return objects
}

// commit uploads and commits a batch.
func (a *testArchive) commit(ld plog.Logs, opts archive.BatchOptions) {
	a.t.Helper()
	objects := a.upload(a.next, ld, opts)
	require.NoError(a.t, a.log.Commit(context.Background(), a.next, a.next, objects))
	a.next++
	for i := range objects {
		a.keys = append(a.keys, objects[i].Key)
	}
}

func (a *testArchive) path(key string) string { return filepath.Join(a.dir, filepath.FromSlash(key)) }

// testLogs are records of two services, a minute apart, from testTime plus after.
func testLogs(after time.Duration) plog.Logs {
	ld := plog.NewLogs()
	for i, service := range []string{"cart", "web"} {
		rl := ld.ResourceLogs().AppendEmpty()
		rl.Resource().Attributes().PutStr("service.name", service)
		lr := rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
		lr.SetTimestamp(pcommon.NewTimestampFromTime(testTime.Add(after + time.Duration(i)*time.Minute)))
		lr.SetSeverityNumber(plog.SeverityNumberInfo + plog.SeverityNumber(8*i))
		lr.Body().SetEmptyMap().PutInt("n", int64(i))
		lr.Attributes().PutDouble("ratio", 0.5)
		lr.Attributes().PutStr("log.record.uid", fmt.Sprint(service, after))
	}
	return ld
}

// writeTestArchive makes an archive of one commit in a directory and returns its URL and its object's path.
func writeTestArchive(t *testing.T) (url, object string) {
	t.Helper()
	a := newTestArchive(t)
	a.commit(testLogs(0), archive.BatchOptions{})
	require.Len(t, a.keys, 1)
	return a.url, a.path(a.keys[0])
}

func runArchive(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	return runCtl(t, "", append([]string{"archive"}, args...)...)
}

// mustArchive runs a command that must succeed and returns its lines.
func mustArchive(t *testing.T, args ...string) []string {
	t.Helper()
	code, out, stderr := runArchive(t, args...)
	require.Zero(t, code, "%v: %s", args, stderr)
	return lines(out)
}

func lines(s string) []string {
	if s = strings.TrimSuffix(s, "\n"); s == "" {
		return nil
	}
	return strings.Split(s, "\n")
}

func TestArchiveCommands(t *testing.T) {
	url, object := writeTestArchive(t)

	out := mustArchive(t, "ls", "--live", url)
	require.Len(t, out, 1)
	assert.True(t, strings.HasSuffix(filepath.ToSlash(object), out[0]), out)

	out = mustArchive(t, "ls", url)
	assert.Contains(t, out[1], "2026-01-02T03:04:05.000Z")
	assert.Contains(t, out[2], "1 objects, 2 rows")

	out = mustArchive(t, "cat", url)
	require.Len(t, out, 2)
	var first map[string]any
	require.NoError(t, json.Unmarshal([]byte(out[0]), &first))
	assert.Equal(t, "cart", first["ServiceName"])
	assert.Equal(t, map[string]any{"n": 0.0}, first["Body"])
	assert.Equal(t, 0.5, first["LogAttributes"].(map[string]any)["ratio"])
	assert.Equal(t, "2026-01-02T03:04:05.000000006Z", first["Timestamp"])

	out = mustArchive(t, "cat", "--service", "web", "--start", "2026-01-02T00:00:00Z", "--end", "2099-01-01T00:00:00Z", url)
	assert.Len(t, out, 1)

	for _, quick := range []string{"--quick=false", "--quick"} {
		out = mustArchive(t, "verify", quick, url)
		assert.Equal(t, "1 objects good, 0 bad; 2 rows", strings.Join(out, "")[:29], quick)
	}
	b, err := os.ReadFile(object)
	require.NoError(t, err)
	b[len(b)/3] ^= 1
	require.NoError(t, os.WriteFile(object, b, 0o600))
	code, stdout, stderr := runArchive(t, "verify", url)
	assert.Equal(t, 1, code)
	assert.Contains(t, stdout, "BAD")
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
		{2, []string{"cat", "--start", "2026-01-03T00:00:00Z", "--end", "2026-01-02T00:00:00Z", url}, "--start must be before --end"},
		{2, []string{"cat", "--limit", "-1", url}, "--limit must not be negative"},
		{2, []string{"cat", "--output", "xml", url}, `--output must be json, otlp-json, text, got "xml"`},
		{2, []string{"ls", "--live", "--orphans", url}, "exclude each other"},
		{2, []string{"ls", "--orphans", "--service", "x", url}, "for live objects"},
		{2, []string{"stats", "--by", "color", url}, `got "color"`},
		{2, []string{"verify", "--parallel", "-1", url}, "--parallel must not be negative"},
		{2, []string{"ls", "--no-such-flag", url}, "no-such-flag"},
		{1, []string{"ls", url + "/not/there"}, "not/there"},
	} {
		code, _, stderr := runArchive(t, tc.args...)
		assert.Equal(t, tc.code, code, "%v: %s", tc.args, stderr)
		assert.Contains(t, stderr, tc.want)
	}
}

// TestArchiveEmpty tells a mistyped address from an answer.
func TestArchiveEmpty(t *testing.T) {
	url := "file://" + filepath.ToSlash(t.TempDir())
	for _, command := range []string{"ls", "cat", "stats"} {
		code, _, stderr := runArchive(t, command, url)
		assert.Zero(t, code)
		assert.Contains(t, stderr, "no commit log here")
	}
	code, _, stderr := runArchive(t, "verify", url)
	assert.Equal(t, 1, code)
	assert.Contains(t, stderr, "nothing to check")
}

// TestArchiveStates lists what crashes leave behind, in each of the states that FORMAT.md tells apart.
func TestArchiveStates(t *testing.T) {
	a := newTestArchive(t)
	ctx := context.Background()
	uncommitted := a.upload(1, testLogs(time.Hour), archive.BatchOptions{}) // of epoch 1
	a.start("w")
	a.commit(testLogs(0), archive.BatchOptions{}) // entry 1 in epoch 2
	again := a.upload(1, testLogs(2*time.Hour), archive.BatchOptions{})
	underWay := a.upload(2, testLogs(3*time.Hour), archive.BatchOptions{})
	unknown := strings.Replace(underWay[0].Key, "/w-2-", "/some-other-writer-1-", 1)
	require.NoError(t, a.bucket.Create(ctx, unknown, []byte("x")))
	require.NoError(t, a.bucket.Create(ctx, "logs/readme.txt", []byte("x")))

	want := map[string]string{
		a.keys[0]: "live", uncommitted[0].Key: "orphan", again[0].Key: "orphan",
		underWay[0].Key: "pending", unknown: "pending", "logs/readme.txt": "foreign",
	}
	got := map[string]string{}
	for _, line := range mustArchive(t, "ls", "--all", "-o", "json", a.url) {
		var o struct{ Key, State string }
		require.NoError(t, json.Unmarshal([]byte(line), &o))
		got[o.Key] = o.State
	}
	assert.Equal(t, want, got)
	assert.Equal(t, a.keys, mustArchive(t, "ls", "--live", a.url))
	orphans := mustArchive(t, "ls", "--orphans", "-o", "keys", a.url)
	assert.Len(t, orphans, 5)
	assert.NotContains(t, orphans, a.keys[0])

	out := mustArchive(t, "ls", "--all", a.url)
	assert.Contains(t, out[0], "STATE")
	assert.Contains(t, strings.Join(out, "\n"), "pending  -")
	out = mustArchive(t, "ls", "--orphans", a.url)
	assert.Contains(t, out[0], "CREATED")
	assert.Contains(t, out[len(out)-1], "5 objects")

	out = mustArchive(t, "verify", a.url)
	assert.Contains(t, strings.Join(out, "\n"), "NOTE object logs/readme.txt")
	assert.Contains(t, strings.Join(out, "\n"), "2 orphans")
	assert.Contains(t, strings.Join(out, "\n"), "2 pending")
}

func TestArchiveListFilters(t *testing.T) {
	a := newTestArchive(t)
	for i, tenant := range []string{"acme", "blue"} {
		a.commit(testLogs(time.Duration(i)*time.Hour), archive.BatchOptions{Tenant: tenant})
	}
	for _, tc := range []struct {
		args []string
		want []string
	}{
		{nil, a.keys},
		{[]string{"--tenant", "acme"}, a.keys[:1]},
		{[]string{"--tenant", "acme,blue"}, a.keys},
		{[]string{"--tenant", "nobody"}, nil},
		{[]string{"--service", "web"}, a.keys},
		{[]string{"--service", "absent"}, nil},
		{[]string{"--start", "2026-01-02T04:00:00Z"}, a.keys[1:]},
		{[]string{"--end", "2026-01-02T04:00:00Z"}, a.keys[:1]},
		{[]string{"--end", "2026-01-02T03:04:05.000000006Z"}, nil}, // not included
		{[]string{"--end", "2026-01-02T03:04:05.000000007Z"}, a.keys[:1]},
	} {
		assert.Equal(t, tc.want, mustArchive(t, append([]string{"ls", "--live", a.url}, tc.args...)...), "%v", tc.args)
	}
	out := mustArchive(t, "ls", a.url)
	assert.Contains(t, out[0], "TENANT")
	urls := mustArchive(t, "ls", "-o", "urls", a.url)
	for i, u := range urls {
		assert.Equal(t, filepath.ToSlash(a.path(a.keys[i])), u)
		_, err := os.Stat(u)
		require.NoError(t, err)
	}
	assert.Len(t, mustArchive(t, "cat", "--tenant", "blue", a.url), 2)
}

// TestArchiveCatForms prints the same records in every form; what otlp-json prints is the records.
func TestArchiveCatForms(t *testing.T) {
	a := newTestArchive(t)
	ld := testLogs(0)
	ld.ResourceLogs().At(0).SetSchemaUrl("schema")
	ld.ResourceLogs().At(0).Resource().SetDroppedAttributesCount(2)
	lr := ld.ResourceLogs().At(1).ScopeLogs().At(0).LogRecords().At(0)
	lr.Attributes().PutEmptyBytes("raw").FromRaw([]byte{0, 1, 0xff})
	lr.SetTraceID(pcommon.TraceID{1})
	lr.Body().SetStr("two\nlines\x1b[31m")
	a.commit(ld, archive.BatchOptions{})

	got := plog.NewLogs()
	for _, line := range mustArchive(t, "cat", "-o", "otlp-json", a.url) {
		one, err := (&plog.JSONUnmarshaler{}).UnmarshalLogs([]byte(line))
		require.NoError(t, err)
		require.Equal(t, 1, one.LogRecordCount())
		one.ResourceLogs().MoveAndAppendTo(got.ResourceLogs())
	}
	sortAttributes(ld)
	sortAttributes(got)
	want, err := (&plog.JSONMarshaler{}).MarshalLogs(ld)
	require.NoError(t, err)
	have, err := (&plog.JSONMarshaler{}).MarshalLogs(got)
	require.NoError(t, err)
	assert.JSONEq(t, string(want), string(have))

	assert.Equal(t, []string{
		`2026-01-02T03:04:05.000000006Z INFO  cart {"n":0}`,
		"2026-01-02T03:05:05.000000006Z ERROR web two lines\uFFFD[31m",
	}, mustArchive(t, "cat", "-o", "text", a.url))
	assert.Equal(t, []string{"2026-01-02T03:05:05.000000006Z ERROR web two lines\uFFFD[31m"},
		mustArchive(t, "cat", "-o", "text", "--reverse", "--limit", "1", a.url))
}

// TestArchiveCatNotUTF8 prints what JSON has no letters for: replaced where people look, as it is where records go on.
func TestArchiveCatNotUTF8(t *testing.T) {
	a := newTestArchive(t)
	ld := testLogs(0)
	ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Body().SetStr("caf\xe9")
	a.commit(ld, archive.BatchOptions{})
	for _, form := range []string{"json", "text"} {
		assert.Contains(t, mustArchive(t, "cat", "-o", form, a.url)[0], "caf\uFFFD", form)
	}
	one, err := (&plog.JSONUnmarshaler{}).UnmarshalLogs([]byte(mustArchive(t, "cat", "-o", "otlp-json", a.url)[0]))
	require.NoError(t, err)
	assert.Equal(t, "caf\xe9", one.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Body().Str())
}

// TestArchivePartial lists what there is, and says that something is missing.
func TestArchivePartial(t *testing.T) {
	a := newTestArchive(t)
	a.commit(testLogs(0), archive.BatchOptions{})
	a.commit(testLogs(time.Hour), archive.BatchOptions{})
	require.NoError(t, os.WriteFile(a.path(archive.LogKey("w", 3)), []byte("{"), 0o600))
	require.NoError(t, os.WriteFile(a.path("_log/notes.txt"), []byte("not ours"), 0o600))
	code, out, stderr := runArchive(t, "ls", "--live", a.url)
	assert.Equal(t, 1, code)
	assert.Equal(t, a.keys[:1], lines(out))
	assert.Contains(t, stderr, "1 records cannot be understood")
	code, _, stderr = runArchive(t, "ls", "--orphans", a.url)
	assert.Equal(t, 1, code)
	assert.Contains(t, stderr, "nothing can be said")
	code, out, _ = runArchive(t, "stats", a.url)
	assert.Equal(t, 1, code)
	assert.Contains(t, out, "damaged")
	code, out, _ = runArchive(t, "cat", a.url)
	assert.Equal(t, 1, code)
	assert.Len(t, lines(out), 2)
}

func FuzzParseObjectKey(f *testing.F) {
	for _, key := range []string{
		"logs/date=2026-01-02/hour=03/w-1-2-3-83f4a50b0dfe9fae.parquet",
		"logs/tenant=a~2Fb/date=2026-01-02/hour=03/gate-way-1-2-3-83f4a50b0dfe9fae.parquet",
		"logs/readme.txt", "logs//w-1-2-3-x.parquet", "logs/date=/hour=/-----.parquet",
	} {
		f.Add(key)
	}
	f.Fuzz(func(t *testing.T, key string) {
		n, ok := parseObjectKey(key)
		if !ok {
			return
		}
		tenant := ""
		if strings.Contains(key, "/tenant=") {
			tenant = "tenant=" + n.tenant + "/"
		}
		again, ok := parseObjectKey(fmt.Sprintf("logs/%sdate=%s/hour=%s/%s-%d-%d-%d-%s.parquet", tenant, n.date, n.hour, n.writer, n.epoch, n.from, n.to, n.hash))
		if !ok || again != n {
			t.Fatalf("%q gives %+v, which gives %+v", key, n, again)
		}
		_ = (&logState{writers: map[string]*writerState{n.writer: {Epoch: 2}}}).stateOf(key)
	})
}

// sortAttributes orders the attributes of records, whose order an archive does not keep.
func sortAttributes(ld plog.Logs) {
	for _, rl := range ld.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, lr := range sl.LogRecords().All() {
				raw := lr.Attributes().AsRaw()
				keys := make([]string, 0, len(raw))
				for k := range raw {
					keys = append(keys, k)
				}
				slices.Sort(keys)
				m := pcommon.NewMap()
				for _, k := range keys {
					v, _ := lr.Attributes().Get(k)
					v.CopyTo(m.PutEmpty(k))
				}
				m.CopyTo(lr.Attributes())
			}
		}
	}
}
