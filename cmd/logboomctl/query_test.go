// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/logboom/logboom/archive"
	"github.com/logboom/logboom/internal/bucket"
)

// query runs `logboomctl query` and returns its exit code, output and error output.
func query(t *testing.T, stdin string, args ...string) (int, string, string) {
	t.Helper()
	cmd := newRootCommand()
	var out, errOut bytes.Buffer
	cmd.SetIn(strings.NewReader(stdin))
	cmd.SetOut(&out)
	cmd.SetErr(&errOut)
	cmd.SetArgs(queryLast(cmd, append([]string{"query"}, args...)))
	code := run(context.Background(), cmd)
	return code, out.String(), errOut.String()
}

func TestQueryStdin(t *testing.T) {
	const lines = "level=info msg=started took=3ms\nlevel=error msg=failed took=2s\nlevel=error msg=again took=1s\n"
	for _, tt := range []struct {
		name string
		args []string
		want string
	}{
		{"line filter", []string{"-o", "raw", `{} |= "failed"`}, "level=error msg=failed took=2s\n"},
		{"no selector", []string{"-o", "raw", `|= "failed"`}, "level=error msg=failed took=2s\n"},
		{"fields", []string{"-o", "text", `{} | logfmt | took > 1s | line_format "{{.msg}}"`}, `{level="error", msg="failed", took="2s"} failed` + "\n"},
		{"labels", []string{"-o", "raw", "--labels", `{app="x"}`, `{app="x"} | logfmt | level="info"`}, "level=info msg=started took=3ms\n"},
		{"another stream", []string{"-o", "raw", "--labels", `{app="x"}`, `{app="y"}`}, ""},
		{"limit", []string{"-o", "raw", "--limit", "1", `{} |= "error"`}, "level=error msg=failed took=2s\n"},
		{"metric", []string{"-o", "raw", "--labels", `{app="x"}`, `sum(count_over_time({app="x"} |= "error" [1m]))`}, "2\n"},
		{"metric of fields", []string{"-o", "raw", "--labels", `{app="x"}`, `max_over_time({app="x"} | logfmt | unwrap duration(took) [1m]) by (level)`}, "2\n0.003\n"},
		{"two selections", []string{"-o", "raw", "--labels", `{app="x"}`, `sum(count_over_time({app="x"}[1m])) - sum(count_over_time({app="x"} |= "error" [1m]))`}, "1\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			code, out, errOut := query(t, lines, append([]string{"--stdin"}, tt.args...)...)
			require.Zero(t, code, errOut)
			require.Equal(t, tt.want, out)
		})
	}
}

func TestQueryMistakes(t *testing.T) {
	for _, tt := range []struct {
		name string
		args []string
		want string
	}{
		{"syntax", []string{"--stdin", `{a="b"} | json | = 1`}, "line 1, col 18: syntax error: unexpected \"=\", expecting a pipeline stage or a label filter\n  {a=\"b\"} | json | = 1\n                   ^\n"},
		{"no source", []string{`{a="b"}`}, "expecting either --archive or --stdin or --records"},
		{"two sources", []string{"--stdin", "--archive", "mem://x", `{a="b"}`}, "expecting either --archive or --stdin"},
		{"lines and records", []string{"--stdin", "--records", "-", `{a="b"}`}, "expecting either --archive or --stdin or --records"},
		{"at of lines", []string{"--stdin", "--at", "1", `{a="b"}`}, "--at goes with --records"},
		{"at and range", []string{"--records", "-", "--at", "1", "--start", "0", `{a="b"}`}, "expecting either --at or --start, --end and --step"},
		{"step alone", []string{"--records", "-", "--step", "1m", `{a="b"}`}, "--step of a query over records needs --start and --end"},
		{"steps", []string{"--records", "-", "--step", "often", `{a="b"}`}, `--step must be a duration such as 1m, got "often"`},
		{"at", []string{"--records", "-", "--at", "noon", `{a="b"}`}, "--at must be a time in ns since the Unix epoch, or RFC 3339"},
		{"order of records", []string{"--records", "-", "--start", "20", "--end", "10", `{a="b"}`}, "--end must not be before --start"},
		{"jsonl alone", []string{"--jsonl", `{a="b"}`}, "--jsonl goes with --check"},
		{"query and queries", []string{"--check", "--jsonl", `{a="b"}`}, "expecting the queries on standard input"},
		{"no file", []string{"--records", filepath.Join(t.TempDir(), "none"), `{a="b"}`}, "open records: "},
		{"no query", []string{"--stdin"}, "expecting one query, got 0"},
		{"output", []string{"--stdin", "-o", "xml", `{a="b"}`}, `--output must be text, json, jsonl or raw, got "xml"`},
		{"bucket", []string{"--archive", "ftp://x", `{a="b"}`}, "--archive: url must be"},
		{"time", []string{"--stdin", "--start", "noon", `{a="b"}`}, "--start must be RFC 3339"},
		{"time too far", []string{"--stdin", "--end", "9999999999", `{a="b"}`}, "--end must be RFC 3339"},
		{"year too far", []string{"--stdin", "--end", "9999-01-01T00:00:00Z", `{a="b"}`}, "from 1678 to 2262"},
		{"order", []string{"--stdin", "--start", "20", "--end", "10", `{a="b"}`}, "--end must not be before --start"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			code, out, errOut := query(t, "", tt.args...)
			require.NotZero(t, code)
			require.Equal(t, tt.name != "no file", code == 2)
			require.Empty(t, out)
			require.Contains(t, errOut, tt.want)
		})
	}
}

func TestQueryStdinLongLine(t *testing.T) {
	code, _, errOut := query(t, strings.Repeat("x", maxLine+1), "--stdin", "{}")
	require.Equal(t, 1, code)
	require.Equal(t, "logboomctl: read line 1: longer than 64 MiB\n", errOut)
}

func TestQueryOfAnArchiveThatIsNotThere(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "mistyped")
	code, out, errOut := query(t, "", "--archive", "file://"+filepath.ToSlash(dir), `{service_name="edge"}`)
	require.Equal(t, 1, code)
	require.Empty(t, out)
	require.Contains(t, errOut, "mistyped")
	require.NoDirExists(t, dir, "a question makes no directory")

	code, out, errOut = query(t, "", "--archive", "file://"+filepath.ToSlash(t.TempDir()), `{service_name="edge"}`)
	require.Zero(t, code, errOut)
	require.Empty(t, out)
	require.Contains(t, errOut, "no commit log here")
}

func TestQueryArchive(t *testing.T) {
	url := "file://" + filepath.ToSlash(t.TempDir())
	base := time.Date(2026, 3, 4, 10, 5, 0, 0, time.UTC)
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr("service.name", "edge")
	records := rl.ScopeLogs().AppendEmpty().LogRecords()
	for i, line := range []string{"first", "second", "third"} {
		lr := records.AppendEmpty()
		lr.SetTimestamp(pcommon.NewTimestampFromTime(base.Add(time.Duration(i) * time.Second)))
		lr.SetSeverityNumber(plog.SeverityNumberWarn)
		lr.Body().SetStr(line)
	}
	ctx := context.Background()
	b, err := bucket.Open(ctx, bucket.Config{URL: url})
	require.NoError(t, err)
	defer b.Close()
	enc := archive.NewEncoder(archive.EncoderOptions{})
	enc.Append(ld, base)
	rec := archive.LogRecord{Format: archive.FormatVersion, Kind: archive.KindCommit, Writer: "w", Sequence: 1, Epoch: 1, WAL: &archive.WALRange{ID: "a", From: 1, To: 1}}
	require.NoError(t, enc.Encode(archive.ObjectName{Writer: "w", Epoch: 1, From: 1, To: 1}, func(o archive.Object) error {
		rec.Objects = append(rec.Objects, o.Meta)
		return b.Create(ctx, o.Meta.Key, o.Body)
	}))
	body, err := rec.Marshal()
	require.NoError(t, err)
	require.NoError(t, b.Create(ctx, archive.LogKey("w", 1), body))

	in := []string{"--archive", url, "--start", "2026-03-04T10:05:00Z", "--end", "2026-03-04T10:06:00Z"}
	for _, tt := range []struct {
		name string
		args []string
		want string
	}{
		{"newest first", []string{"-o", "raw", `{service_name="edge"}`}, "third\nsecond\nfirst\n"},
		{"forward and limit", []string{"-o", "raw", "--forward", "--limit", "2", `{service_name="edge"}`}, "first\nsecond\n"},
		{
			"default",
			[]string{"--limit", "1", `{service_name="edge"}`},
			`2026-03-04T10:05:02Z {detected_level="warn", service_name="edge", severity_number="13"} third` + "\n",
		},
		{
			"jsonl",
			[]string{"-o", "jsonl", "--limit", "1", `{service_name="edge"} | keep service_name`},
			`{"timestamp":"2026-03-04T10:05:02Z","labels":{"service_name":"edge"},"line":"third"}` + "\n",
		},
		{"count", []string{`sum by (detected_level) (count_over_time({service_name="edge"}[1h]))`}, `2026-03-04T10:06:00Z {detected_level="warn"} 3` + "\n"},
		{
			"steps",
			[]string{"--step", "30s", `sum(count_over_time({service_name="edge"}[30s]))`},
			"2026-03-04T10:05:00Z {} 1\n2026-03-04T10:05:30Z {} 2\n",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			code, out, errOut := query(t, "", append(in, tt.args...)...)
			require.Zero(t, code, errOut)
			require.Equal(t, tt.want, out)
		})
	}

	t.Run("stats", func(t *testing.T) {
		code, out, errOut := query(t, "", append(in, "--stats", "-o", "raw", `{service_name="edge"} |= "second"`)...)
		require.Zero(t, code, errOut)
		require.Equal(t, "second\n", out)
		require.Regexp(t, `(?m)^entries     1 seen, 1 passed$`, errOut)
		require.Regexp(t, `(?m)^objects     1: 0 pruned, 0 counted from the commit log, 1 read$`, errOut)
		require.Regexp(t, `(?m)^bucket      [1-9]\d* bytes of [1-9]\d* fetched in [1-9]\d* requests`, errOut)
	})

	t.Run("partial", func(t *testing.T) {
		for _, o := range rec.Objects {
			require.NoError(t, b.Delete(ctx, o.Key))
		}
		code, _, errOut := query(t, "", append(in, `{service_name="edge"}`)...)
		require.Equal(t, 1, code)
		require.Contains(t, errOut, "partial result: ")
		require.Contains(t, errOut, "logboomctl: the result is partial: reads of the archive that failed: 1")
	})
}
