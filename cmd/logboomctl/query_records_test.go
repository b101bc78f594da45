// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// threeRecords are a second apart, the first at the epoch; not in order.
const threeRecords = `{"ts_ns":1000000000,"labels":{"app":"web"},"metadata":{"pod":"w-1"},"line":"status=500 took=2s"}
{"ts_ns":0,"labels":{"app":"web"},"metadata":{"pod":"w-1"},"line":"status=200 took=1s"}

{"ts_ns":"2000000000","labels":{"app":"db"},"line":"say \"hi\" <é> \u2028","id":"a field more"}
`

func recordsFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "records.jsonl")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func TestQueryRecords(t *testing.T) {
	file := recordsFile(t, threeRecords)
	answer := func(kind, result string) string {
		return `{"status":"success","data":{"resultType":"` + kind + `","result":` + result + "}}\n"
	}
	for _, tt := range []struct {
		name string
		args []string
		want string
	}{
		{"all, in order", []string{`{app="web"}`}, answer("streams", `[{"stream":{"app":"web","pod":"w-1"},"values":[["0","status=200 took=1s"],["1000000000","status=500 took=2s"]]}]`)},
		{
			"the labels after the pipeline",
			[]string{`{app="web"} | logfmt | status >= 500`},
			answer("streams", `[{"stream":{"app":"web","pod":"w-1","status":"500","took":"2s"},"values":[["1000000000","status=500 took=2s"]]}]`),
		},
		{"a line as it is", []string{`{app="db"}`}, answer("streams", `[{"stream":{"app":"db"},"values":[["2000000000","say \"hi\" <é> \u2028"]]}]`)},
		{"nothing", []string{`{app="none"}`}, answer("streams", `[]`)},
		{"range of lines", []string{"--start", "1", "--end", "2000000000", `{app=~".+"} | keep app`}, answer("streams", `[{"stream":{"app":"web"},"values":[["1000000000","status=500 took=2s"]]}]`)},
		{"limit", []string{"--limit", "1", `{app=~".+"} | keep app`}, answer("streams", `[{"stream":{"app":"web"},"values":[["0","status=200 took=1s"]]}]`)},
		{"backward", []string{"--limit", "1", "--forward=false", `{app=~".+"} | keep app`}, answer("streams", `[{"stream":{"app":"db"},"values":[["2000000000","say \"hi\" <é> \u2028"]]}]`)},
		{"at the newest record", []string{`sum by (app) (count_over_time({app=~".+"}[2s]))`}, answer("vector", `[{"metric":{"app":"db"},"value":[2,"1"]},{"metric":{"app":"web"},"value":[2,"1"]}]`)},
		{"at", []string{"--at", "1500000000", `sum(count_over_time({app=~".+"}[1m]))`}, answer("vector", `[{"metric":{},"value":[1.5,"2"]}]`)},
		{"at a time of the calendar", []string{"--at", "1970-01-01T00:00:00Z", `sum(count_over_time({app=~".+"}[1m]))`}, answer("vector", `[{"metric":{},"value":[0,"1"]}]`)},
		{"end without steps", []string{"--start", "0", "--end", "1000000000", `sum(count_over_time({app=~".+"}[1m]))`}, answer("vector", `[{"metric":{},"value":[1,"2"]}]`)},
		{
			"steps",
			[]string{"--start", "0", "--end", "2000000000", "--step", "1s", `sum by (pod) (sum_over_time({app="web"} | logfmt | unwrap duration(took) [1s]))`},
			answer("matrix", `[{"metric":{"pod":"w-1"},"values":[[0,"1"],[1,"2"]]}]`),
		},
		{"steps in seconds", []string{"--start", "0", "--end", "2000000000", "--step", "0.5", `sum(count_over_time({app="web"}[1s])) > 1`}, answer("matrix", `[]`)},
		{"steps in ns", []string{"--start", "0", "--end", "2000000000", "--step", "2000000000", `vector(1)`}, answer("matrix", `[{"metric":{},"values":[[0,"1"],[2,"1"]]}]`)},
		{"a range of one step", []string{"--start", "1000000000", "--end", "1000000000", "--step", "1s", `sum(count_over_time({app="web"}[1m]))`}, answer("matrix", `[{"metric":{},"values":[[1,"2"]]}]`)},
		{"a number over one step", []string{"--start", "1000000000", "--end", "1000000000", "--step", "1s", `1 + 1`}, answer("matrix", `[{"metric":{},"values":[[1,"2"]]}]`)},
		{"a number", []string{"--at", "0", `10 ^ 999`}, answer("scalar", `[0,"+Inf"]`)},
		{"a number below nought", []string{"--at", "0", `-10 / 4`}, answer("scalar", `[0,"-2.5"]`)},
		{"text", []string{"-o", "text", `{app="db"}`}, "1970-01-01T00:00:02Z {app=\"db\"} say \"hi\" <é> \u2028\n"},
		{"raw", []string{"-o", "raw", `sum(count_over_time({app=~".+"}[1m]))`}, "3\n"},
		{"no selector", []string{"-o", "raw", `|= "500"`}, "status=500 took=2s\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			code, out, errOut := query(t, "", append([]string{"--records", file}, tt.args...)...)
			require.Zero(t, code, errOut)
			require.Equal(t, tt.want, out)
		})
	}

	t.Run("standard input", func(t *testing.T) {
		code, out, errOut := query(t, threeRecords, "--records", "-", "-o", "raw", `{app="web"} |= "200"`)
		require.Zero(t, code, errOut)
		require.Equal(t, "status=200 took=1s\n", out)
	})
}

func TestQueryLinesAsJSON(t *testing.T) {
	code, out, errOut := query(t, "a=1\nb=2\r\n", "--stdin", "--labels", `{app="x"}`, `{app="x"} | logfmt | b="2"`)
	require.Zero(t, code, errOut)
	require.Regexp(t, `^\{"status":"success","data":\{"resultType":"streams","result":\[\{"stream":\{"app":"x","b":"2"\},"values":\[\["\d{19}","b=2"\]\]\}\]\}\}\n$`, out)
}

func TestQueryRecordsMistakes(t *testing.T) {
	for _, tt := range []struct {
		name, text, query, want string
		code                    int
	}{
		{"no JSON", "{}\nhello secret\n", `{a="b"}`, `read records: line 2: expecting {"ts_ns":…,"labels":{…},"metadata":{…},"line":…}: no JSON from byte 1 on`, 1},
		{"type", `{"line":4242}`, `{a="b"}`, "line is of another type", 1},
		{"time", `{"ts_ns":"secret"}`, `{a="b"}`, "ts_ns must be an integer", 1},
		{"fraction", `{"ts_ns":1.5}`, `{a="b"}`, "ts_ns must be an integer", 1},
		{"query", threeRecords, `sum(rate({app="web"} | logfmt | unwrap took [1m]))`, "SampleExtractionErr", 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			code, out, errOut := query(t, "", "--records", recordsFile(t, tt.text), tt.query)
			require.Equal(t, tt.code, code, errOut)
			require.Empty(t, out)
			require.Contains(t, errOut, tt.want)
			require.NotContains(t, errOut, "secret")
			require.NotContains(t, errOut, "4242")
		})
	}
	t.Run("memory", func(t *testing.T) {
		code, _, errOut := query(t, strings.Repeat("{}\n", 5000), "--records", "-", "--max-memory-mib", "1", `{a="b"}`)
		require.Equal(t, 1, code)
		require.Contains(t, errOut, "they need more memory than --max-memory-mib allows")
	})
}

func TestQueryLast(t *testing.T) {
	for _, tt := range []struct{ give, want []string }{
		{[]string{"query", "--check", "-1"}, []string{"query", "--check", "--", "-1"}},
		{[]string{"query", "--at", "-5", "-(1)"}, []string{"query", "--at", "-5", "--", "-(1)"}},
		{[]string{"query", "-1", "--records", "x"}, []string{"query", "--records", "x", "--", "-1"}},
		{[]string{"query", "--", "-1"}, []string{"query", "--", "-1"}},
		{[]string{"query", "-o", "raw", "{}"}, []string{"query", "-o", "raw", "{}"}},
		{[]string{"archive", "ls", "-1"}, []string{"archive", "ls", "-1"}},
		{[]string{"-1"}, []string{"-1"}},
		{nil, nil},
	} {
		require.Equal(t, tt.want, queryLast(newRootCommand(), tt.give))
	}
}

func FuzzReadRecords(f *testing.F) {
	f.Add([]byte(threeRecords))
	f.Add([]byte(`{"labels":null,"metadata":{"":""},"ts_ns":null}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		entries, err := readRecords(bytes.NewReader(text), 1<<20)
		if err == nil && len(entries) > 0 && 256*len(entries) > 1<<20 {
			t.Errorf("%d entries are more than the limit allows", len(entries))
		}
	})
}
