// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivequeryextension

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/logboom/logboom/archive"
	"github.com/logboom/logboom/internal/bucket"
)

// base is when the records of the tests begin: inside the hour, so that they lie in one partition.
var base = time.Date(2026, 3, 4, 10, 5, 0, 0, time.UTC)

// shopLogs are 60 records, one a second: two of three from checkout, the others from cart; every tenth is an
// error. Checkout writes JSON, cart logfmt.
func shopLogs() plog.Logs {
	ld := plog.NewLogs()
	records := map[string]plog.LogRecordSlice{}
	for _, service := range []string{"cart", "checkout"} {
		rl := ld.ResourceLogs().AppendEmpty()
		rl.Resource().Attributes().PutStr("service.name", service)
		rl.Resource().Attributes().PutStr("k8s.namespace.name", "shop")
		rl.Resource().Attributes().PutStr("host.name", "node-1")
		sl := rl.ScopeLogs().AppendEmpty()
		sl.Scope().SetName("shop.log")
		records[service] = sl.LogRecords()
	}
	for i := range 60 {
		service, line := "checkout", fmt.Sprintf(`{"msg":"request %d","status":%d,"latency_ms":%d}`, i, 200+i%3*100, i)
		if i%3 == 2 {
			service, line = "cart", fmt.Sprintf(`level=info msg="item %d" took=%dms`, i, i)
		}
		lr := records[service].AppendEmpty()
		lr.SetTimestamp(pcommon.NewTimestampFromTime(base.Add(time.Duration(i) * time.Second)))
		lr.Body().SetStr(line)
		lr.SetSeverityNumber(plog.SeverityNumberInfo)
		lr.SetSeverityText("INFO")
		if i%10 == 0 {
			lr.SetSeverityNumber(plog.SeverityNumberError)
			lr.SetSeverityText("ERROR")
			lr.SetTraceID([16]byte{1, 2, 3, byte(i)})
		}
		lr.Attributes().PutInt("http.response.status_code", int64(200+i%3*100))
	}
	return ld
}

// writeArchive commits records as one object per hour.
func writeArchive(t testing.TB, url string, sequence uint64, ld plog.Logs, arrival time.Time) {
	ctx := context.Background()
	b, err := bucket.Open(ctx, bucket.Config{URL: url})
	require.NoError(t, err)
	enc := archive.NewEncoder(archive.EncoderOptions{})
	enc.Append(ld, arrival)
	rec := archive.LogRecord{
		Format: archive.FormatVersion, Kind: archive.KindCommit, Writer: "test", Sequence: sequence, Epoch: 1,
		WAL: &archive.WALRange{ID: "w", From: sequence, To: sequence},
	}
	require.NoError(t, enc.Encode(archive.ObjectName{Writer: "test", Epoch: 1, From: sequence, To: sequence}, func(o archive.Object) error {
		rec.Objects = append(rec.Objects, o.Meta)
		return b.Create(ctx, o.Meta.Key, o.Body)
	}))
	body, err := rec.Marshal()
	require.NoError(t, err)
	require.NoError(t, b.Create(ctx, archive.LogKey("test", sequence), body))
}

// newAPI returns the handler of an extension over the archive, without a listener.
func newAPI(t testing.TB, url string, change func(*Config)) http.Handler {
	cfg := createDefaultConfig().(*Config)
	cfg.Bucket.URL = url
	cfg.PipelineMetrics = nil // whatever listens there on this machine
	if change != nil {
		change(cfg)
	}
	a, err := newExtension(extensiontest.NewNopSettings(NewFactory().Type()), cfg)
	require.NoError(t, err)
	a.bucket, err = bucket.Open(context.Background(), cfg.Bucket)
	require.NoError(t, err)
	require.NoError(t, a.refresh(context.Background()))
	return a.handler()
}

// buckets makes names that no other test has, nor another run of it.
var buckets atomic.Int64

func memory(name string) string { return fmt.Sprintf("mem://%s-%d", name, buckets.Add(1)) }

func shopAPI(t testing.TB, change func(*Config)) http.Handler {
	url := memory("shop")
	writeArchive(t, url, 1, shopLogs(), base.Add(2*time.Minute))
	return newAPI(t, url, change)
}

// ask sends a GET request with parameters given as name, value, name, value.
func ask(t testing.TB, h http.Handler, path string, kv ...string) (int, string) {
	v := url.Values{}
	for i := 0; i+1 < len(kv); i += 2 {
		v.Add(kv[i], kv[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path+"?"+v.Encode(), nil))
	body, err := io.ReadAll(w.Result().Body)
	require.NoError(t, err)
	return w.Code, string(body)
}

// withoutStats takes out of an answer what differs from run to run.
func withoutStats(t testing.TB, body string) string {
	var v map[string]any
	require.NoError(t, json.Unmarshal([]byte(body), &v), body)
	if data, ok := v["data"].(map[string]any); ok {
		delete(data, "stats")
	}
	out, err := json.Marshal(v)
	require.NoError(t, err)
	return string(out)
}

var (
	start = fmt.Sprint(base.UnixNano())
	end   = fmt.Sprint(base.Add(time.Minute).UnixNano())
)

func TestAPI(t *testing.T) {
	h := shopAPI(t, nil)
	at := fmt.Sprint(base.Add(59 * time.Second).Unix())
	for _, tt := range []struct {
		name, path string
		kv         []string
		want       string
	}{
		{
			"health", "/loki/api/v1/query",
			[]string{"query", "vector(1)+vector(1)", "time", "4000000000"},
			`{"data":{"result":[{"metric":{},"value":[4000000000,"2"]}],"resultType":"vector"},"status":"success"}`,
		},
		{
			"counts by service and level", "/loki/api/v1/query",
			[]string{"query", `sum by (service_name, detected_level) (count_over_time({service_name=~".+"}[1m]))`, "time", at},
			`{"data":{"result":[` +
				`{"metric":{"detected_level":"error","service_name":"cart"},"value":[` + at + `,"2"]},` +
				`{"metric":{"detected_level":"error","service_name":"checkout"},"value":[` + at + `,"4"]},` +
				`{"metric":{"detected_level":"info","service_name":"cart"},"value":[` + at + `,"18"]},` +
				`{"metric":{"detected_level":"info","service_name":"checkout"},"value":[` + at + `,"36"]}` +
				`],"resultType":"vector"},"status":"success"}`,
		},
		{
			"newest line with all labels", "/loki/api/v1/query_range",
			[]string{"query", `{service_name="cart"} |= "item"`, "start", start, "end", end, "limit", "1"},
			`{"data":{"result":[{"stream":{"detected_level":"info","host_name":"node-1","http_response_status_code":"400","k8s_namespace_name":"shop",` +
				`"scope_name":"shop.log","service_name":"cart","severity_number":"9","severity_text":"INFO"},` +
				`"values":[["1772618759000000000","level=info msg=\"item 59\" took=59ms"]]}],"resultType":"streams"},"status":"success"}`,
		},
		{
			"json and a comparison, oldest first", "/loki/api/v1/query_range",
			[]string{"query", `{service_name="checkout"} | json | status >= 300 | keep msg, status`, "start", start, "end", end, "limit", "1", "direction", "forward"},
			`{"data":{"result":[{"stream":{"msg":"request 1","status":"300"},"values":[["1772618701000000000","{\"msg\":\"request 1\",\"status\":300,\"latency_ms\":1}"]]}],` +
				`"resultType":"streams"},"status":"success"}`,
		},
		{
			"matrix", "/loki/api/v1/query_range",
			[]string{"query", `sum(rate({service_name="cart"}[30s]))`, "start", fmt.Sprint(base.Add(29 * time.Second).Unix()), "end", at, "step", "30s"},
			`{"data":{"result":[{"metric":{},"values":[[1772618729,"0.3333333333333333"],[` + at + `,"0.3333333333333333"]]}],"resultType":"matrix"},"status":"success"}`,
		},
		{"labels", "/loki/api/v1/labels", []string{"start", start, "end", end}, `{"data":["k8s_namespace_name","service_name"],"status":"success"}`},
		{"label values", "/loki/api/v1/label/service_name/values", []string{"start", start, "end", end}, `{"data":["cart","checkout"],"status":"success"}`},
		{
			"label values of a selector", "/loki/api/v1/label/service_name/values",
			[]string{"start", start, "end", end, "query", `{service_name=~"ca.*"}`},
			`{"data":["cart"],"status":"success"}`,
		},
		{"labels of an empty range", "/loki/api/v1/labels", []string{"start", "1000000000", "end", "1000003600"}, `{"data":[],"status":"success"}`},
		{
			"series", "/loki/api/v1/series",
			[]string{"match[]", `{service_name="cart"}`, "start", start, "end", end},
			`{"data":[{"k8s_namespace_name":"shop","service_name":"cart"}],"status":"success"}`,
		},
		{
			"volume", "/loki/api/v1/index/volume",
			[]string{"query", `{service_name=~".+"}`, "start", start, "end", end},
			`{"data":{"result":[{"metric":{"service_name":"checkout"},"value":[1772618760,"1946"]},{"metric":{"service_name":"cart"},"value":[1772618760,"674"]}],` +
				`"resultType":"vector"},"status":"success"}`,
		},
		{
			"detected labels", "/loki/api/v1/detected_labels",
			[]string{"start", start, "end", end},
			`{"detectedLabels":[{"cardinality":1,"label":"k8s_namespace_name"},{"cardinality":2,"label":"service_name"}]}`,
		},
		{
			"detected fields", "/loki/api/v1/detected_fields",
			[]string{"query", `{service_name="cart"}`, "start", start, "end", end},
			`{"fields":[{"cardinality":2,"label":"detected_level","parsers":null,"type":"string"},{"cardinality":1,"label":"host_name","parsers":null,"type":"string"},` +
				`{"cardinality":1,"label":"http_response_status_code","parsers":null,"type":"int"},{"cardinality":1,"label":"level","parsers":["logfmt"],"type":"string"},` +
				`{"cardinality":20,"label":"msg","parsers":["logfmt"],"type":"string"},{"cardinality":1,"label":"scope_name","parsers":null,"type":"string"},` +
				`{"cardinality":2,"label":"severity_number","parsers":null,"type":"int"},{"cardinality":2,"label":"severity_text","parsers":null,"type":"string"},` +
				`{"cardinality":20,"label":"took","parsers":["logfmt"],"type":"duration"},{"cardinality":2,"label":"trace_id","parsers":null,"type":"string"}],"limit":1000}`,
		},
		{
			"detected field values", "/loki/api/v1/detected_field/detected_level/values",
			[]string{"query", `{service_name="cart"}`, "start", start, "end", end},
			`{"limit":1000,"values":["error","info"]}`,
		},
		{
			"format", "/loki/api/v1/format_query",
			[]string{"query", `{a = "b"}|="x"|json`},
			`{"data":"{a=\"b\"} |= \"x\" | json","status":"success"}`,
		},
		{"patterns", "/loki/api/v1/patterns", []string{"query", `{a="b"}`}, `{"data":[],"status":"success"}`},
		{"rules", "/prometheus/api/v1/rules", nil, `{"data":{"groups":[]},"status":"success"}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			code, body := ask(t, h, tt.path, tt.kv...)
			require.Equal(t, http.StatusOK, code, body)
			require.Equal(t, tt.want, withoutStats(t, body))
		})
	}
}

func TestAPIMistakes(t *testing.T) {
	h := shopAPI(t, nil)
	for _, tt := range []struct {
		name, path string
		kv         []string
		code       int
		want       string
	}{
		{"syntax", "/loki/api/v1/query_range", []string{"query", `{a="b"`}, 400, "parse error at line 1, col 7"},
		{"no query", "/loki/api/v1/query_range", nil, 400, "parse error at line 1, col 1"},
		{"log query as instant query", "/loki/api/v1/query", []string{"query", `{a="b"}`}, 400, "not supported as an instant query"},
		{"limit too large", "/loki/api/v1/query_range", []string{"query", `{a="b"}`, "limit", "5001"}, 400, "5001 > 5000"},
		{"limit", "/loki/api/v1/query_range", []string{"query", `{a="b"}`, "limit", "-1"}, 400, "limit must be a positive value"},
		{"time", "/loki/api/v1/query_range", []string{"query", `{a="b"}`, "start", "yesterday"}, 400, "start: cannot parse"},
		{"order", "/loki/api/v1/query_range", []string{"query", `{a="b"}`, "start", "2000000000", "end", "1000000000"}, 400, "end timestamp must not be before"},
		{"step", "/loki/api/v1/query_range", []string{"query", `rate({a="b"}[1m])`, "step", "0"}, 400, "zero or negative"},
		{"direction", "/loki/api/v1/query_range", []string{"query", `{a="b"}`, "direction", "up"}, 400, "invalid direction"},
		{
			"resolution", "/loki/api/v1/query_range",
			[]string{"query", `rate({a="b"}[1m])`, "start", "1000000000", "end", "2000000000", "step", "1s"},
			400, "maximum resolution",
		},
		{"unknown endpoint", "/loki/api/v1/nothing", nil, 404, `"status":"error"`},
		{"selector", "/loki/api/v1/series", []string{"match[]", `{a=`}, 400, "parse error"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			code, body := ask(t, h, tt.path, tt.kv...)
			require.Equal(t, tt.code, code, body)
			require.Contains(t, body, tt.want)
		})
	}
}

func TestCategorizedLabels(t *testing.T) {
	h := shopAPI(t, nil)
	v := url.Values{"query": {`{service_name="cart"} | logfmt`}, "start": {start}, "end": {end}, "limit": {"1"}}
	r := httptest.NewRequest(http.MethodPost, "/loki/api/v1/query_range", strings.NewReader(v.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("X-Loki-Response-Encoding-Flags", "categorize-labels")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	require.Equal(t, http.StatusOK, w.Code)
	require.Equal(t, `{"data":{"encodingFlags":["categorize-labels"],"result":[{"stream":{"k8s_namespace_name":"shop","service_name":"cart"},`+
		`"values":[["1772618759000000000","level=info msg=\"item 59\" took=59ms",{`+
		`"parsed":{"level":"info","msg":"item 59","took":"59ms"},`+
		`"structuredMetadata":{"detected_level":"info","host_name":"node-1","http_response_status_code":"400","scope_name":"shop.log","severity_number":"9","severity_text":"INFO"}}]]}],`+
		`"resultType":"streams"},"status":"success"}`, withoutStats(t, w.Body.String()))
	require.Equal(t, "nosniff", w.Header().Get("X-Content-Type-Options"))
	require.Empty(t, w.Header().Get("Access-Control-Allow-Origin"))
}

func TestSeriesLimit(t *testing.T) {
	h := shopAPI(t, func(c *Config) { c.Query.MaxSeries = 3 })
	code, body := ask(t, h, "/loki/api/v1/query", "query", `count_over_time({service_name="checkout"} | json [1m])`, "time", fmt.Sprint(base.Add(time.Minute).Unix()))
	require.Equal(t, http.StatusBadRequest, code)
	require.Contains(t, body, "maximum number of series (3)")
}

// TestDetectedFieldsParser names the parser of the query's pipeline, whatever else the query mentions.
func TestDetectedFieldsParser(t *testing.T) {
	code, body := ask(t, shopAPI(t, nil), "/loki/api/v1/detected_fields", "query", `{service_name="cart"} != "json" | logfmt`, "start", start, "end", end)
	require.Equal(t, http.StatusOK, code)
	require.Contains(t, body, `"parsers":["logfmt"]`)
	require.NotContains(t, body, `"parsers":["json"]`)
}

// TestStatistics holds the shape that Loki's clients read, and what the archive adds.
func TestStatistics(t *testing.T) {
	h := shopAPI(t, nil)
	stats := func(kv ...string) (s struct {
		Summary map[string]float64
		Querier struct{ Store map[string]any }
		Logboom struct {
			Objects, Bytes, Rows map[string]int64
			RowGroups            struct {
				Listed, Read int
				Pruned       map[string]int
			}
			Seconds map[string]float64
		}
	},
	) {
		code, body := ask(t, h, "/loki/api/v1/query_range", append(kv, "start", start, "end", end)...)
		require.Equal(t, http.StatusOK, code, body)
		var v struct{ Data struct{ Stats any } }
		v.Data.Stats = &s
		require.NoError(t, json.Unmarshal([]byte(body), &v))
		return s
	}
	all := stats("query", `{service_name=~".+"}`)
	require.EqualValues(t, 60, all.Summary["totalEntriesReturned"])
	require.EqualValues(t, 60, all.Summary["totalPostFilterLines"])
	require.Positive(t, all.Summary["totalBytesProcessed"])
	require.Positive(t, all.Summary["execTime"])
	require.EqualValues(t, 1, all.Querier.Store["totalChunksDownloaded"])
	require.EqualValues(t, 1, all.Logboom.Objects["read"])
	require.EqualValues(t, 60, all.Logboom.Rows["passed"])
	require.Equal(t, 1, all.Logboom.RowGroups.Read)
	require.Contains(t, all.Logboom.Seconds, "decode")

	none := stats("query", `{service_name="nobody"}`)
	require.EqualValues(t, 1, none.Logboom.Objects["pruned"])
	require.Zero(t, none.Logboom.Objects["read"])

	counted := stats("query", `sum(count_over_time({service_name="cart"}[10m]))`, "step", "1m")
	require.Zero(t, counted.Logboom.Rows["bodies"])
	require.EqualValues(t, 1, counted.Summary["totalEntriesReturned"])
}
