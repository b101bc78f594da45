// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivequeryextension

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/logboom/logboom/internal/bucket"
	"github.com/logboom/logboom/logql"
)

type gotPatterns struct {
	patternsJSON
	Templates []struct {
		templateJSON
		Examples []struct {
			Time, Line       string
			Stream, Metadata map[string]string
		} `json:"examples"`
	} `json:"templates"`
}

func askPatterns(t testing.TB, h http.Handler, kv ...string) (out gotPatterns) {
	code, body := ask(t, h, "/logboom/api/v1/patterns", kv...)
	require.Equal(t, http.StatusOK, code, body)
	var v struct {
		Status string
		Data   *gotPatterns
	}
	v.Data = &out
	require.NoError(t, json.Unmarshal([]byte(body), &v))
	require.Equal(t, "success", v.Status)
	return out
}

func TestPatterns(t *testing.T) {
	h := shopAPI(t, nil)
	out := askPatterns(t, h, "query", `{service_name=~".+"}`, "start", start, "end", end, "step", "10s")
	require.EqualValues(t, 60, out.Records)
	require.EqualValues(t, 60, out.LookedAt)
	require.True(t, out.Complete)
	require.EqualValues(t, 1, out.Fraction)
	require.Equal(t, 2, out.Total)
	require.Len(t, out.Templates, 2)
	require.Equal(t, &baselineJSON{StartMS: base.UnixMilli() - 60_000, EndMS: base.UnixMilli()}, out.Baseline)
	checkout := out.Templates[0]
	require.Equal(t, `{"msg":"request <*>","status":<*>,"latency_ms":<*>}`, checkout.Template)
	require.Equal(t, "request <*>", checkout.Message)
	require.Equal(t, "|> `{\"msg\":\"request <_>\",\"status\":<_>,\"latency_ms\":<_>}`", checkout.Filter)
	require.EqualValues(t, 40, checkout.Records)
	require.Equal(t, []valueCount{{Value: "checkout", Records: 40}}, checkout.Services)
	require.Equal(t, []valueCount{{Value: "info", Records: 36}, {Value: "error", Records: 4}}, checkout.Levels)
	require.Equal(t, start, checkout.First)
	require.Equal(t, at(58), checkout.Last)
	require.False(t, checkout.New, "there is nothing before")
	sum := 0.0
	for _, n := range checkout.Samples {
		sum += n
	}
	require.Len(t, checkout.Samples, 6)
	require.EqualValues(t, 40, sum)
	require.Len(t, checkout.Examples, 2)
	require.Equal(t, "checkout", checkout.Examples[0].Stream["service_name"])
	require.Equal(t, "200", checkout.Examples[0].Metadata["http_response_status_code"])

	// What is shown can be asked for: each filter keeps the template's records, and no others.
	for _, tm := range out.Templates {
		with := askHistogram(t, h, "query", `{service_name=~".+"} `+tm.Filter, "start", start, "end", end)
		require.Equal(t, tm.Records, with.Total, tm.Filter)
	}

	out = askPatterns(t, h, "query", `{service_name=~".+"} | json | status >= 300 | line_format "status {{.status}}"`, "start", start, "end", end, "limit", "1", "baseline_start", "none")
	require.Len(t, out.Templates, 1)
	require.Nil(t, out.Baseline)
	require.Equal(t, "status <*>", out.Templates[0].Template, "of the lines as the query leaves them")
	require.Equal(t, "status 300", out.Templates[0].Examples[0].Line)
	require.EqualValues(t, 20, out.Templates[0].Records)

	out = askPatterns(t, h, "query", `{service_name="nobody"}`, "start", start, "end", end)
	require.Empty(t, out.Templates)
	require.True(t, out.Complete)

	for _, kv := range [][]string{
		{},
		{"query", `rate({a="b"}[1m])`},
		{"query", `{a="b"}`, "step", "0"},
		{"query", `{a="b"}`, "limit", "0"},
		{"query", `{a="b"}`, "limit", "1001"},
		{"query", `{a="b"}`, "start", start, "end", end, "step", "100ms"},
		{"query", `{a="b"}`, "baseline_start", "yesterday"},
		{"query", `{a="b"}`, "baseline_start", end, "baseline_end", start},
		{"query", `{a="b"}`, "start", "-9223372036854775808", "end", "9223372036854775807"},
		{"query", `{a="b"}`, "start", start, "end", end, "baseline_start", "-9223372036854775808"},
	} {
		code, body := ask(t, h, "/logboom/api/v1/patterns", kv...)
		require.Equal(t, http.StatusBadRequest, code, "%v: %s", kv, body)
	}
}

func TestNewPatterns(t *testing.T) {
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr("service.name", "cart")
	add := func(second int, text string) {
		lr := rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
		lr.SetTimestamp(pcommon.NewTimestampFromTime(base.Add(time.Duration(second) * time.Second)))
		lr.Body().SetStr(text)
	}
	for i := range 120 {
		add(i, fmt.Sprintf("took %d ms", i))
	}
	add(3, "disk 7 is slow")
	add(90, "disk 8 is slow")
	add(100, "connection to 10.0.0.1 lost")
	where := memory("new")
	writeArchive(t, where, 1, ld, base.Add(2*time.Minute))
	h := newAPI(t, where, nil)
	texts := func(kv ...string) (out []string) {
		for _, tm := range askPatterns(t, h, append(kv, "query", `{service_name="cart"}`)...).Templates {
			mark := ""
			if tm.New {
				mark = " (new)"
			}
			out = append(out, fmt.Sprintf("%s: %d, before %d%s", tm.Template, tm.Records, tm.BaselineRecords, mark))
		}
		return out
	}
	require.Equal(t, []string{"connection to <*> lost: 1, before 0 (new)", "took <*>: 60, before 60", "disk <*> is slow: 1, before 1"}, texts("start", at(60), "end", at(120)))
	require.Equal(t, []string{"connection to <*> lost: 1, before 0 (new)", "disk <*> is slow: 1, before 0 (new)", "took <*>: 60, before 50"},
		texts("start", at(60), "end", at(120), "baseline_start", at(10)))
	require.Equal(t, []string{"took <*>: 60, before 0", "connection to <*> lost: 1, before 0", "disk <*> is slow: 1, before 0"},
		texts("start", at(60), "end", at(120), "baseline_end", "none"))
	require.Equal(t, []string{"took <*>: 60, before 0", "connection to <*> lost: 1, before 0", "disk <*> is slow: 1, before 0"},
		texts("start", at(60), "end", at(120), "baseline_start", at(-600), "baseline_end", at(-60)))
}

// TestSampledPatterns has far more lines than are grouped one by one, by making that few.
func TestSampledPatterns(t *testing.T) {
	where := memory("many")
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr("service.name", "cart")
	records := rl.ScopeLogs().AppendEmpty().LogRecords()
	add := func(i int, level plog.SeverityNumber, text string) {
		lr := records.AppendEmpty()
		lr.SetTimestamp(pcommon.NewTimestampFromTime(base.Add(time.Duration(i) * time.Millisecond)))
		lr.SetSeverityNumber(level)
		lr.Body().SetStr(text)
	}
	for i := range 40_000 {
		add(i, plog.SeverityNumberInfo, fmt.Sprintf([]string{"took %d ms", "user %d came"}[i%2], i))
		if i%1000 == 0 {
			add(i, plog.SeverityNumberError, fmt.Sprintf("disk %d is full", i))
		}
		if i == 10 { // it is not in a sample of the first half, and is not new in the other
			add(i, plog.SeverityNumberInfo, "a seldom one")
		}
		if i == 30_000 {
			for range 500 {
				add(i, plog.SeverityNumberInfo, "a seldom one")
				add(i, plog.SeverityNumberInfo, "another one")
			}
		}
	}
	writeArchive(t, where, 1, ld, base.Add(2*time.Minute))
	cfg := createDefaultConfig().(*Config)
	cfg.Bucket.URL = where
	a, err := newExtension(extensiontest.NewNopSettings(NewFactory().Type()), cfg)
	require.NoError(t, err)
	a.bucket, err = bucket.Open(t.Context(), cfg.Bucket)
	require.NoError(t, err)
	require.NoError(t, a.refresh(t.Context()))
	for _, limits := range [][2]int64{{1_000_000, 1_000_000}, {4000, 1_000_000}, {4000, 10_000}} {
		a.mining = miningLimits{limits[0], limits[1]}
		h := a.handler()
		out := askPatterns(t, h, "query", `{service_name="cart"}`, "start", at(20), "end", at(40), "step", "1s")
		require.Equal(t, limits[0] > 4000, out.Complete)
		require.InDelta(t, 21_020, out.Records, 1100, limits) // a thousand lie at one moment, which pieces of the time may miss
		byText := map[string]int{}
		for i, tm := range out.Templates {
			byText[tm.Template] = i
		}
		if !out.Complete {
			require.Less(t, out.LookedAt, int64(5000))
		}
		if limits[1] > 10_000 {
			errors := out.Templates[byText["disk <*> is full"]]
			require.EqualValues(t, 20, errors.Records, "what is seldom is looked at whole")
			require.False(t, errors.New)
			another := out.Templates[byText["another one"]]
			require.True(t, another.New, "%v", byText)
			require.Zero(t, byText["another one"], "the new ones come first")
			require.InDelta(t, 500, another.Records, 200)
			require.False(t, out.Templates[byText["a seldom one"]].New)
		}
		took := out.Templates[byText["took <*>"]]
		require.InDelta(t, 10_000, took.Records, 1500)
		for i, n := range took.Samples {
			require.InDelta(t, 500, n, 400, i)
		}
	}
}

// TestPatternsAreBounded: a sample is looked at of many records, also where the archive cannot count those of the query.
func TestPatternsAreBounded(t *testing.T) {
	where := memory("patterns")
	ld := plog.NewLogs()
	for _, space := range []string{"shop", "bank"} {
		rl := ld.ResourceLogs().AppendEmpty()
		rl.Resource().Attributes().PutStr("service.name", "cart")
		rl.Resource().Attributes().PutStr("k8s.namespace.name", space)
		records := rl.ScopeLogs().AppendEmpty().LogRecords()
		for i := range 10_000 {
			lr := records.AppendEmpty()
			lr.SetTimestamp(pcommon.NewTimestampFromTime(base.Add(time.Duration(i) * time.Millisecond)))
			lr.SetSeverityNumber(plog.SeverityNumberInfo)
			lr.Body().SetStr(fmt.Sprintf("took %d", i))
		}
	}
	a := extensionOf(t, where, ld)
	a.mining = miningLimits{mined: 1000, read: 100_000}
	for _, query := range []string{
		`{service_name="cart"}`, `{k8s_namespace_name="shop"}`, `{k8s_namespace_name="shop"} |= "took"`,
		`{k8s_namespace_name=~"sh.*"}`, `{k8s_namespace_name=~"sh.*"} |= "took"`,
	} {
		out := askPatterns(t, a.handler(), "query", query, "start", start, "end", end)
		require.Positive(t, out.LookedAt, query)
		require.Less(t, out.LookedAt, int64(2100), query)
		require.False(t, out.Complete, query)
	}
}

// extensionOf is an extension that looked at an archive of these records.
func extensionOf(t *testing.T, where string, ld plog.Logs) *archiveQuery {
	t.Helper()
	writeArchive(t, where, 1, ld, base.Add(2*time.Minute))
	cfg := createDefaultConfig().(*Config)
	cfg.Bucket.URL = where
	a, err := newExtension(extensiontest.NewNopSettings(NewFactory().Type()), cfg)
	require.NoError(t, err)
	a.bucket, err = bucket.Open(t.Context(), cfg.Bucket)
	require.NoError(t, err)
	require.NoError(t, a.refresh(t.Context()))
	return a
}

// TestPatternsOfUnevenTimes: a sample is told as the whole, also where nearly all of the time has no records.
func TestPatternsOfUnevenTimes(t *testing.T) {
	where := memory("patterns")
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr("service.name", "cart")
	records := rl.ScopeLogs().AppendEmpty().LogRecords()
	for i := range 20_000 {
		lr := records.AppendEmpty()
		lr.SetTimestamp(pcommon.NewTimestampFromTime(base.Add(time.Duration(i) * time.Millisecond)))
		lr.SetSeverityNumber(plog.SeverityNumberInfo)
		lr.Body().SetStr(fmt.Sprintf("took %d", i))
	}
	a := extensionOf(t, where, ld)
	a.mining = miningLimits{mined: 1000, read: 5_000}
	for _, d := range []time.Duration{0, time.Minute, time.Hour, 24 * time.Hour, 30 * 24 * time.Hour} {
		out := askPatterns(t, a.handler(), "query", `{service_name="cart"}`, "start", nsOf(base.Add(-d)), "end", nsOf(base.Add(20*time.Second+d)))
		require.InDelta(t, 20_000, out.Records, 10, d)
		require.Len(t, out.Templates, 1)
		require.InDelta(t, 20_000, out.Templates[0].Records, 10, d)
		require.Less(t, out.LookedAt, int64(1100))
	}
}

func TestLokiPatterns(t *testing.T) {
	h := shopAPI(t, nil)
	code, body := ask(t, h, "/loki/api/v1/patterns", "query", `{service_name="cart"}`, "start", start, "end", end, "step", "30s")
	require.Equal(t, http.StatusOK, code)
	require.JSONEq(t, fmt.Sprintf(`{"status":"success","data":[{"pattern":"level=info msg=\"item <_>\" took=<_>","samples":[[%d,10],[%d,10]]}]}`,
		base.Unix(), base.Unix()+30), body)
	_, err := logql.ParseLog("{a=\"b\"} |> `level=info msg=\"item <_>\" took=<_>`")
	require.NoError(t, err)
	code, _ = ask(t, h, "/loki/api/v1/patterns", "query", `{service_name="cart"}`, "start", start, "end", end, "step", "1ms")
	require.Equal(t, http.StatusBadRequest, code)
	code, body = ask(t, h, "/loki/api/v1/patterns", "query", `{service_name="nobody"}`)
	require.Equal(t, http.StatusOK, code)
	require.JSONEq(t, `{"status":"success","data":[]}`, body)
}

func FuzzHistogramAndPatterns(f *testing.F) {
	h := shopAPI(f, func(c *Config) { c.Query.Timeout = 5 * time.Second })
	f.Add(uint8(0), "query=%7Ba%3D%22b%22%7D&start="+start+"&end="+end+"&step=1m")
	f.Add(uint8(1), "query=%7Bservice_name%3D~%22.%2B%22%7D&start="+start+"&end="+end+"&limit=3&baseline_start=none")
	f.Add(uint8(1), "query=%7Bservice_name%3D~%22.%2B%22%7D+%7C+json&since=5m&baseline_start=1&baseline_end=1e9&step=500")
	f.Add(uint8(2), "query=%7Bservice_name%3D~%22.%2B%22%7D&start=-1&end="+end)
	paths := []string{"/logboom/api/v1/histogram", "/logboom/api/v1/patterns", "/loki/api/v1/patterns"}
	f.Fuzz(func(t *testing.T, path uint8, raw string) {
		r := httptest.NewRequest(http.MethodGet, paths[int(path)%len(paths)], nil)
		r.URL.RawQuery = raw
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		switch w.Code {
		case http.StatusBadRequest, http.StatusGatewayTimeout:
		case http.StatusOK:
			var v struct {
				Data struct {
					Records    json.RawMessage
					Represents map[string][]float64
					Total      int64
				}
			}
			if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil && !strings.Contains(r.URL.Path, "loki") {
				t.Fatalf("%q: %v: %s", raw, err, w.Body)
			}
			sum := 0.0
			for _, counts := range v.Data.Represents {
				for _, n := range counts {
					sum += n
				}
			}
			if v.Data.Represents != nil && (int64(sum) != v.Data.Total || v.Data.Total > 60 || slices.ContainsFunc([]byte(v.Data.Records), func(c byte) bool { return c == '-' })) {
				t.Fatalf("%q: %s", raw, w.Body)
			}
		default:
			t.Fatalf("status %d for %q: %s", w.Code, raw, w.Body)
		}
	})
}
