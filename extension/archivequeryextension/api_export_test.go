// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivequeryextension

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/logboom/logboom/logql"
)

const exportPath = "/logboom/api/v1/export?"

func exported(t *testing.T, h http.Handler, kv ...string) (http.Header, string) {
	t.Helper()
	v := url.Values{"start": {nsOf(base)}, "end": {nsOf(base.Add(2 * time.Hour))}}
	for i := 0; i < len(kv); i += 2 {
		v.Set(kv[i], kv[i+1])
	}
	w := do(h, http.MethodGet, exportPath+v.Encode(), "")
	require.Equal(t, http.StatusOK, w.Code, w.Body)
	return w.Header(), w.Body.String()
}

// hostileLogs have what a file must not be broken by.
func hostileLogs() plog.Logs {
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr("service.name", "=cmd()")
	for i, line := range []string{"two\nlines", "=HYPERLINK(\"http://x\")", "-5", "a,b;\"c\"", "\x1b[31mred\xff", "+1 (555) 0100"} {
		r := rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
		r.SetTimestamp(pcommon.NewTimestampFromTime(base.Add(time.Duration(i) * time.Second)))
		r.Body().SetStr(line)
		r.Attributes().PutStr("n", fmt.Sprint(i))
	}
	return ld
}

func TestExportFormats(t *testing.T) {
	h := shopAPI(t, nil)
	header, body := exported(t, h, "query", `{service_name=~".+"}`)
	require.Equal(t, "application/x-ndjson", header.Get("Content-Type"))
	require.Equal(t, `attachment; filename="logboom-20260304T100500Z-20260304T120500Z.ndjson"`, header.Get("Content-Disposition"))
	lines := strings.Split(strings.TrimSuffix(body, "\n"), "\n")
	require.Len(t, lines, 60, "all of them, without a limit")
	var first struct {
		Time     string            `json:"time"`
		Line     string            `json:"line"`
		Stream   map[string]string `json:"stream"`
		Metadata map[string]string `json:"metadata"`
		Parsed   map[string]string `json:"parsed"`
	}
	require.NoError(t, json.Unmarshal([]byte(lines[0]), &first))
	require.Equal(t, nsOf(base), first.Time)
	require.JSONEq(t, `{"msg":"request 0","status":200,"latency_ms":0}`, first.Line)
	require.Equal(t, map[string]string{"service_name": "checkout", "k8s_namespace_name": "shop"}, first.Stream)
	require.Equal(t, "error", first.Metadata["detected_level"])
	require.Nil(t, first.Parsed)

	_, body = exported(t, h, "query", `{service_name=~".+"} | json | latency_ms > 10`, "limit", "3", "direction", "backward")
	lines = strings.Split(strings.TrimSuffix(body, "\n"), "\n")
	require.Len(t, lines, 3)
	require.NoError(t, json.Unmarshal([]byte(lines[0]), &first))
	require.Equal(t, map[string]string{"latency_ms": "58", "msg": "request 58", "status": "300"}, first.Parsed)

	_, body = exported(t, h, "query", `{service_name="cart"}`, "format", "text", "limit", "2")
	require.Equal(t, "2026-03-04T10:05:02.000000000Z info cart level=info msg=\"item 2\" took=2ms\n"+
		"2026-03-04T10:05:05.000000000Z info cart level=info msg=\"item 5\" took=5ms\n", body)

	_, body = exported(t, h, "query", `{service_name="nobody"}`)
	require.Empty(t, body)

	for _, bad := range []string{"", "query=1", `query={a="b"}&format=xml`, `query={a="b"}&limit=-1`, `query={a="b"}&limit=x`, `query={a="b"}&columns=a`, `query={a="b"}&format=csv&columns=a,,b`, `query={a="b"}&format=csv&columns=a,a`, `query={a="b"}&direction=up`, `query={a="b"}&start=x`} {
		w := do(h, http.MethodPost, strings.TrimSuffix(exportPath, "?"), strings.ReplaceAll(bad, `"`, "%22"))
		require.Equal(t, http.StatusBadRequest, w.Code, bad)
		require.NotEmpty(t, envelope(t, w).Message)
	}
}

func TestExportCSV(t *testing.T) {
	h := logsAPI(t, hostileLogs())
	header, body := exported(t, h, "query", `{service_name=~".+"}`, "format", "csv")
	require.Contains(t, header.Get("Content-Type"), "text/csv")
	rows, err := csv.NewReader(strings.NewReader(body)).ReadAll()
	require.NoError(t, err)
	require.Equal(t, defaultColumns(), rows[0])
	require.Len(t, rows, 7)
	require.Equal(t, []string{"2026-03-04T10:05:00.000000000Z", "'=cmd()", "unknown", "two\nlines", `{"n":"0"}`}, rows[1])
	require.Equal(t, `'=HYPERLINK("http://x")`, rows[2][3], "no formula")
	require.Equal(t, "-5", rows[3][3], "a number stays one")
	require.Equal(t, `a,b;"c"`, rows[4][3])
	require.Equal(t, "'+1 (555) 0100", rows[6][3])

	_, body = exported(t, h, "query", `{service_name=~".+"}`, "format", "csv", "columns", "n, line,missing")
	rows, err = csv.NewReader(strings.NewReader(body)).ReadAll()
	require.NoError(t, err)
	require.Equal(t, []string{"n", "line", "missing"}, rows[0])
	require.Equal(t, []string{"3", `a,b;"c"`, ""}, rows[4])

	_, body = exported(t, h, "query", `{service_name=~".+"}`, "format", "csv", "columns", "=cmd(),line")
	require.True(t, strings.HasPrefix(body, "'=cmd(),line\n"), "names are of the request, which may be a link from anywhere")
	require.Equal(t, "'\n=1", csvCell("\n=1"))
}

// TestEndIsExcluded: a range has the same records for the endpoints that count, show and give out, and next to it another begins.
func TestEndIsExcluded(t *testing.T) {
	h := shopAPI(t, nil)
	kv := []string{"query", `{service_name=~".+"}`, "start", nsOf(base), "end", nsOf(base.Add(10 * time.Second))} // there is a record at the end
	require.EqualValues(t, 10, askHistogram(t, h, kv...).Total)
	require.EqualValues(t, 10, askFields(t, h, urlValues(kv...)).Data.Total)
	_, body := exported(t, h, kv...)
	require.Equal(t, 10, strings.Count(body, "\n"))
}

// exportServer serves many long records, changed by tests.
func exportServer(t *testing.T, change func(*archiveQuery)) (get func(ctx context.Context, kv ...string) (*http.Response, error), a *archiveQuery) {
	url := memory("export")
	ld := manyLogs(20_000)
	for i := range ld.ResourceLogs().Len() {
		records := ld.ResourceLogs().At(i).ScopeLogs().At(0).LogRecords()
		for j := range records.Len() {
			records.At(j).Body().SetStr(fmt.Sprintf("%d %s", j, strings.Repeat("x", 1000)))
		}
	}
	writeArchive(t, url, 1, ld, base.Add(3*time.Hour))
	a = startServer(t, func(a *archiveQuery) {
		a.cfg.Bucket.URL = url
		if change != nil {
			change(a)
		}
	})
	require.Eventually(t, func() bool { return a.reader.Load() != nil }, time.Minute, time.Millisecond)
	client := &http.Client{Transport: &http.Transport{DisableCompression: true}}
	t.Cleanup(func() {
		client.CloseIdleConnections()
		require.NoError(t, a.Shutdown(context.Background()))
	})
	return func(ctx context.Context, kv ...string) (*http.Response, error) {
		v := urlValues("start", nsOf(base), "end", nsOf(base.Add(2*time.Hour)), "query", `{service_name=~".+"}`)
		for i := 0; i < len(kv); i += 2 {
			v.Set(kv[i], kv[i+1])
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+a.cfg.NetAddr.Endpoint+exportPath+v.Encode(), http.NoBody)
		if err != nil {
			return nil, err
		}
		if v.Has("gzip") {
			req.Header.Set("Accept-Encoding", "gzip")
		}
		return client.Do(req)
	}, a
}

func urlValues(kv ...string) url.Values {
	v := url.Values{}
	for i := 0; i < len(kv); i += 2 {
		v.Set(kv[i], kv[i+1])
	}
	return v
}

// TestExportStreams: the file of a real server is whole, compressed or not, and has all records, more than any answer may have.
func TestExportStreams(t *testing.T) {
	get, a := exportServer(t, nil)
	resp, err := get(t.Context())
	require.NoError(t, err)
	plain, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, 20_000, bytes.Count(plain, []byte("\n")))
	require.Empty(t, resp.Header.Get("Content-Length"))

	resp, err = get(t.Context(), "gzip", "yes")
	require.NoError(t, err)
	require.Equal(t, "gzip", resp.Header.Get("Content-Encoding"))
	zr, err := gzip.NewReader(resp.Body)
	require.NoError(t, err)
	unzipped, err := io.ReadAll(zr)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, plain, unzipped)
	require.Empty(t, a.exports.open)

	req, err := http.NewRequestWithContext(t.Context(), http.MethodHead, "http://"+a.cfg.NetAddr.Endpoint+exportPath+urlValues("query", `{a="b"}`).Encode(), http.NoBody)
	require.NoError(t, err)
	head, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	require.NoError(t, head.Body.Close())
	require.Equal(t, http.StatusOK, head.StatusCode)
	require.Contains(t, head.Header.Get("Content-Disposition"), "attachment")
	http.DefaultClient.CloseIdleConnections()
}

// TestExportIsCutOff: what is not whole cannot be taken for it: the last line says so, and the connection is broken off.
func TestExportIsCutOff(t *testing.T) {
	get, a := exportServer(t, func(a *archiveQuery) {
		a.cfg.Export.MaxConcurrent = 1
		a.cfg.Query.MaxReadMiB = 0
	})
	resp, err := get(t.Context(), "format", "text")
	require.NoError(t, err)
	r := bufio.NewReader(resp.Body)
	_, err = r.ReadString('\n')
	require.NoError(t, err)

	// While it runs there is no room for another.
	second, err := get(t.Context())
	require.NoError(t, err)
	require.Equal(t, http.StatusTooManyRequests, second.StatusCode)
	text, err := io.ReadAll(second.Body)
	require.NoError(t, err)
	require.Contains(t, string(text), "1 exports run, export::max_concurrent is 1")
	require.NoError(t, second.Body.Close())

	a.cancel() // as a shutdown does: 20 MB do not fit into the buffers of a connection
	rest, err := io.ReadAll(r)
	require.Error(t, err, "no end")
	if strings.Contains(string(rest), "# incomplete: ") { // it may not have come through
		lines := strings.Split(strings.TrimSpace(string(rest)), "\n")
		require.Contains(t, lines[len(lines)-1], "# incomplete: ")
	}
	require.NoError(t, resp.Body.Close())
	require.Eventually(t, func() bool {
		a.exports.mu.Lock()
		defer a.exports.mu.Unlock()
		return a.exports.all == 0 && a.queue.taken() == 0
	}, time.Minute, time.Millisecond)
}

// TestExportSlowClient: a client that takes nothing does not keep its turn.
func TestExportSlowClient(t *testing.T) {
	r, err := http.NewRequest(http.MethodGet, "/", http.NoBody)
	require.NoError(t, err)
	x := &exportWriter{w: failingWriter{}, r: r, format: formatNDJSON}
	require.ErrorIs(t, x.write([]byte("x"), false), errExportClient)
}

type failingWriter struct{}

func (failingWriter) Header() http.Header       { return http.Header{} }
func (failingWriter) WriteHeader(int)           {}
func (failingWriter) Write([]byte) (int, error) { return 0, errors.New("i/o timeout") }

// TestExportTimeout: an export that takes too long before its first byte is an error as any other.
func TestExportTimeout(t *testing.T) {
	url := memory("export")
	writeArchive(t, url, 1, shopLogs(), base.Add(2*time.Minute))
	h := newAPI(t, url, func(c *Config) { c.Export.Timeout = time.Nanosecond })
	w := do(h, http.MethodGet, exportPath+urlValues("query", `{service_name=~".+"}`, "start", start, "end", end).Encode(), "")
	require.Equal(t, http.StatusGatewayTimeout, w.Code)
	require.Contains(t, envelope(t, w).Message, "export timed out after 1ns")
}

func TestExports(t *testing.T) {
	var s exports
	endA, err := s.begin([]string{"a", "b"}, 1, 2)
	require.NoError(t, err)
	_, err = s.begin([]string{"b"}, 1, 2)
	require.ErrorIs(t, err, errBusy)
	endC, err := s.begin([]string{"c"}, 1, 2)
	require.NoError(t, err)
	_, err = s.begin([]string{"d"}, 1, 2)
	require.ErrorIs(t, err, errBusy)
	require.ErrorContains(t, err, "too many exports run")
	endA()
	endB, err := s.begin([]string{"b"}, 1, 2)
	require.NoError(t, err)
	endB()
	endC()
	require.Empty(t, s.open)
	require.Zero(t, s.all)
}

func TestExportConfig(t *testing.T) {
	require.NoError(t, createDefaultConfig().(*Config).Export.Validate())
	err := (&ExportConfig{MaxConcurrent: -1, Timeout: -1}).Validate()
	require.EqualError(t, err, "max_concurrent must be positive, got -1\ntimeout must be positive, got -1ns")
}

// TestExportIncomplete: the end of a file that lacks something, in each format.
func TestExportIncomplete(t *testing.T) {
	for format, want := range map[string]string{
		formatNDJSON: `{"incomplete":["a \"b\"","c"],"records":7}` + "\n",
		formatText:   "# incomplete: a \"b\"; c\n",
		formatCSV:    "x,y\n\"# incomplete: a \"\"b\"\"; c\",\n",
	} {
		e := newExportEncoder(format, []string{"x", "y"})
		e.incomplete(7, []string{`a "b"`, "c"})
		require.Equal(t, want, string(e.take()), format)
	}
}

// FuzzExport: whatever the records, each is a line of JSON, and a row of the CSV with as many cells as it has columns.
func FuzzExport(f *testing.F) {
	f.Add("line", "name", "value", int64(1))
	f.Add("=1+1\n\"\r\n,", "\xff", "@x", int64(-1))
	f.Fuzz(func(t *testing.T, line, name, value string, at int64) {
		labels := logql.Labels{{Name: name, Value: value}}
		x := &logql.StreamEntry{Timestamp: at, Line: line, Metadata: labels, Parsed: labels}
		e := newExportEncoder(formatNDJSON, nil)
		e.record(labels, x)
		e.record(labels, x)
		for _, text := range bytes.SplitAfter(bytes.TrimSuffix(e.take(), []byte("\n")), []byte("\n")) {
			if !json.Valid(text) {
				t.Fatalf("not JSON: %q", text)
			}
		}
		e = newExportEncoder(formatCSV, []string{columnTime, columnLine, "x", columnLabels})
		e.record(labels, x)
		e.record(labels, x)
		rows, err := csv.NewReader(bytes.NewReader(e.take())).ReadAll()
		if err != nil || len(rows) != 3 {
			t.Fatalf("%d rows: %v", len(rows), err)
		}
		for _, cell := range rows[1] {
			if cell != "" && strings.ContainsRune("=@\t", rune(cell[0])) {
				t.Fatalf("a formula: %q", cell)
			}
		}
	})
}
