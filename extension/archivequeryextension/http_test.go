// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivequeryextension

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// endpoints are all paths of the API that answer GET and POST, with a query that each understands.
var endpoints = map[string]url.Values{
	"/loki/api/v1/query":                          {"query": {"vector(1)+vector(1)"}},
	"/loki/api/v1/query_range":                    {"query": {`{service_name="cart"}`}},
	"/loki/api/v1/labels":                         nil,
	"/loki/api/v1/label":                          nil,
	"/loki/api/v1/label/service_name/values":      nil,
	"/loki/api/v1/series":                         {"match[]": {`{service_name="cart"}`}},
	"/loki/api/v1/index/stats":                    {"query": {`{service_name="cart"}`}},
	"/loki/api/v1/index/volume":                   {"query": {`{service_name="cart"}`}},
	"/loki/api/v1/index/volume_range":             {"query": {`{service_name="cart"}`}},
	"/loki/api/v1/detected_labels":                nil,
	"/loki/api/v1/detected_fields":                {"query": {`{service_name="cart"}`}},
	"/loki/api/v1/detected_field/trace_id/values": {"query": {`{service_name="cart"}`}},
	"/loki/api/v1/patterns":                       {"query": {`{service_name="cart"}`}},
	"/loki/api/v1/format_query":                   {"query": {`{service_name="cart"}`}},
	"/loki/api/v1/drilldown-limits":               nil,
	"/loki/api/v1/status/buildinfo":               nil,
	"/loki/api/v1/rules":                          nil,
	"/prometheus/api/v1/rules":                    nil,
	"/prometheus/api/v1/alerts":                   nil,
	"/ready":                                      nil,
	"/logboom/api/v1/histogram":                   {"query": {`{service_name="cart"}`}},
	"/logboom/api/v1/patterns":                    {"query": {`{service_name="cart"}`}},
	"/logboom/api/v1/culprit":                     {"query": {`{service_name=~".+"}`}},
	"/logboom/api/v1/trail":                       {"id": {"01020300000000000000000000000000"}},
	"/logboom/api/v1/fields":                      {"query": {`{service_name="cart"}`}},
	"/logboom/api/v1/export":                      {"query": {`{service_name="cart"}`}},
	"/logboom/api/v1/overview":                    nil,
}

func do(h http.Handler, method, target, form string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(form))
	if form != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// TestMethods: GET and POST answer alike, HEAD without a body; what is allowed is said.
func TestMethods(t *testing.T) {
	h := shopAPI(t, nil)
	for path, v := range endpoints {
		v = maps.Clone(v)
		if v == nil {
			v = url.Values{}
		}
		v["start"], v["end"], v["time"] = []string{start}, []string{end}, []string{end}
		get := do(h, http.MethodGet, path+"?"+v.Encode(), "")
		require.Equal(t, http.StatusOK, get.Code, "%s: %s", path, get.Body)
		post := do(h, http.MethodPost, path, v.Encode())
		require.Equal(t, http.StatusOK, post.Code, path)
		assert.Equal(t, get.Header().Get("Content-Type"), post.Header().Get("Content-Type"), path)
		if strings.HasPrefix(get.Header().Get("Content-Type"), "application/json") {
			assert.Equal(t, withoutStats(t, get.Body.String()), withoutStats(t, post.Body.String()), path)
		}
		options := do(h, http.MethodOptions, path, "")
		assert.Equal(t, http.StatusNoContent, options.Code, path)
		assert.Equal(t, allowedMethods, options.Header().Get("Allow"), path)
		for _, method := range []string{http.MethodDelete, http.MethodPut, http.MethodPatch} {
			w := do(h, method, path, "")
			assert.Equal(t, http.StatusMethodNotAllowed, w.Code, path)
			assert.Equal(t, allowedMethods, w.Header().Get("Allow"), path)
			assert.Equal(t, "bad_data", envelope(t, w).ErrorType)
		}
	}
}

func envelope(t *testing.T, w *httptest.ResponseRecorder) errorEnvelope {
	t.Helper()
	require.Equal(t, "application/json; charset=utf-8", w.Header().Get("Content-Type"))
	var e errorEnvelope
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &e), w.Body.String())
	assert.Equal(t, "error", e.Status)
	assert.Equal(t, w.Code, e.Code)
	assert.NotEmpty(t, e.Message)
	assert.Equal(t, e.Message, e.Error)
	return e
}

// TestHead goes through a server, which is what leaves out the body.
func TestHead(t *testing.T) {
	a := startServer(t, nil)
	defer func() { require.NoError(t, a.Shutdown(context.Background())) }()
	require.Eventually(t, func() bool { return a.reader.Load() != nil }, time.Minute, time.Millisecond)
	for _, path := range []string{"/loki/api/v1/labels", "/ready", "/metrics", "/"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodHead, "http://"+a.cfg.NetAddr.Endpoint+path, http.NoBody)
		require.NoError(t, err)
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		assert.Equal(t, http.StatusOK, resp.StatusCode, path)
		require.NoError(t, resp.Body.Close())
	}
	http.DefaultClient.CloseIdleConnections()
}

// TestErrorEnvelopes: every failure is one, with the status that fits.
func TestErrorEnvelopes(t *testing.T) {
	h := shopAPI(t, nil)
	for _, tt := range []struct {
		target, errorType, message string
		status                     int
	}{
		{"/loki/api/v1/query_range?query=" + url.QueryEscape(`{a="b"`), "bad_data", "parse error at line 1, col 7", 400},
		{"/loki/api/v1/query_range?limit=0&query=" + url.QueryEscape(`{a="b"}`), "bad_data", "limit must be a positive value", 400},
		{"/loki/api/v1/query_range?interval=-1s&query=" + url.QueryEscape(`{a="b"}`), "bad_data", "interval must not be negative", 400},
		{"/loki/api/v1/query_range?interval=x&query=" + url.QueryEscape(`{a="b"}`), "bad_data", "interval: cannot parse", 400},
		{"/loki/api/v1/query_range?since=-1s&query=" + url.QueryEscape(`{a="b"}`), "bad_data", "since must not be negative", 400},
		{"/loki/api/v1/nothing", "not_found", "/loki/api/v1/nothing", 404},
		{"/prometheus/nothing", "not_found", "/prometheus/nothing", 404},
		{"/api/prom/query", "not_found", "/api/prom/query", 404},
		{"/loki/api/v1/labels?%zz", "bad_data", "parse request parameters", 400},
	} {
		w := do(h, http.MethodGet, tt.target, "")
		require.Equal(t, tt.status, w.Code, tt.target)
		e := envelope(t, w)
		assert.Equal(t, tt.errorType, e.ErrorType, tt.target)
		assert.Contains(t, e.Message, tt.message)
	}
	h = shopAPI(t, func(c *Config) { c.Query.Timeout = time.Nanosecond })
	w := do(h, http.MethodGet, "/loki/api/v1/query?query="+url.QueryEscape(`rate({service_name="cart"}[1m])`), "")
	require.Equal(t, http.StatusGatewayTimeout, w.Code)
	assert.Equal(t, "timeout", envelope(t, w).ErrorType)
	for status, want := range map[int]string{429: "unavailable", 503: "unavailable", 499: "canceled", 500: "internal", 401: "bad_data"} {
		assert.Equal(t, want, errorType(status))
	}
}

func TestFormatQueryMistake(t *testing.T) {
	w := do(shopAPI(t, nil), http.MethodGet, "/loki/api/v1/format_query?query="+url.QueryEscape(`{a="b"`), "")
	require.Equal(t, http.StatusBadRequest, w.Code)
	var e errorEnvelope
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &e))
	assert.Equal(t, "invalid-query", e.Status)
	assert.Contains(t, e.Error, "parse error at line 1, col 7")
}

// TestInterval leaves out the lines that are near to the one before.
func TestInterval(t *testing.T) {
	h := shopAPI(t, nil)
	lines := func(kv ...string) (times []int64) {
		code, body := ask(t, h, "/loki/api/v1/query_range", append([]string{"query", `{service_name="cart"}`, "start", start, "end", end}, kv...)...)
		require.Equal(t, http.StatusOK, code, body)
		var v struct {
			Data struct {
				Result []struct{ Values [][2]string }
			}
		}
		require.NoError(t, json.Unmarshal([]byte(body), &v))
		for _, s := range v.Data.Result {
			for _, e := range s.Values {
				var ns int64
				_, err := fmt.Sscan(e[0], &ns)
				require.NoError(t, err)
				times = append(times, (ns-base.UnixNano())/1e9)
			}
		}
		return times
	}
	assert.Len(t, lines(), 20)
	assert.ElementsMatch(t, []int64{2, 17, 32, 47}, lines("interval", "15s", "direction", "forward"))
	assert.ElementsMatch(t, []int64{59, 44, 29, 14}, lines("interval", "15"))
	assert.ElementsMatch(t, []int64{2, 17}, lines("interval", "15s", "direction", "forward", "limit", "2"))
}

// TestMetrics: the process, the runtime, and the extension's own metrics under the names that the Collector has for them.
func TestMetrics(t *testing.T) {
	h := shopAPI(t, nil)
	_, _ = ask(t, h, "/loki/api/v1/query_range", "query", `{service_name="cart"}`, "start", start, "end", end)
	_, _ = ask(t, h, "/loki/api/v1/query_range", "query", `{`)
	w := do(h, http.MethodGet, "/metrics", "")
	require.Equal(t, http.StatusOK, w.Code)
	require.True(t, strings.HasPrefix(w.Header().Get("Content-Type"), "text/plain"), w.Header().Get("Content-Type"))
	for _, want := range []string{
		"# TYPE go_goroutines gauge", "# HELP otelcol_extension_archive_query_requests Requests to the query API.",
		"# TYPE otelcol_extension_archive_query_requests counter",
		`otelcol_extension_archive_query_requests{endpoint="query_range",outcome="ok"} 1`,
		`otelcol_extension_archive_query_requests{endpoint="query_range",outcome="bad_request"} 1`,
		"# TYPE otelcol_extension_archive_query_duration histogram",
		`otelcol_extension_archive_query_duration_count{endpoint="query_range"} 2`,
		`otelcol_extension_archive_query_duration_bucket{endpoint="query_range",le="+Inf"} 2`,
		"otelcol_extension_archive_query_scanned_records ",
	} {
		assert.Contains(t, w.Body.String(), want)
	}
	assert.Equal(t, http.StatusMethodNotAllowed, do(h, http.MethodPost, "/metrics", "").Code)
}

// TestDrilldownLimits: they are those of who asks.
func TestDrilldownLimits(t *testing.T) {
	h := shopAPI(t, func(c *Config) {
		c.Query.MaxEntries, c.Query.MaxReadMiB, c.Query.MaxRange = 7, 3, time.Hour
		c.StreamLabels = []string{"service.name"}
	})
	code, body := ask(t, h, "/loki/api/v1/drilldown-limits")
	require.Equal(t, http.StatusOK, code)
	for _, want := range []string{
		`"max_entries_limit_per_query":7`, `"max_query_bytes_read":"3145728B"`, `"max_query_range":"1h0m0s"`,
		`"attributes":["service.name"]`, `"volume_enabled":true`, `"pattern_ingester_enabled":true`,
	} {
		assert.Contains(t, body, want)
	}
}
