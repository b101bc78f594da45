// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package loki

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// answer is what a request got.
type answer struct {
	Status string          `json:"status"`
	Data   json.RawMessage `json:"data"`

	body string
}

type queryData struct {
	ResultType    string   `json:"resultType"`
	EncodingFlags []string `json:"encodingFlags"`
	Result        []struct {
		Stream map[string]string   `json:"stream"`
		Metric map[string]string   `json:"metric"`
		Value  [2]any              `json:"value"`
		Values [][]json.RawMessage `json:"values"`
	} `json:"result"`
	Stats struct {
		Summary map[string]float64 `json:"summary"`
	} `json:"stats"`
}

// ask sends a request as Grafana's back end does, compressed answers and header included.
func (s *shop) ask(path string, v url.Values) answer {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.loki.URL+path+"?"+v.Encode(), http.NoBody)
	require.NoError(s.t, err)
	req.Header.Set("X-Loki-Response-Encoding-Flags", "categorize-labels")
	req.Header.Set("X-Query-Tags", "Source=grafana")
	req.Header.Set("User-Agent", "Grafana/12.0")
	resp, err := http.DefaultClient.Do(req)
	require.NoError(s.t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(s.t, err)
	require.Equal(s.t, http.StatusOK, resp.StatusCode, "%s?%s: %s", path, v.Encode(), body)
	a := answer{body: string(body)}
	require.NoError(s.t, json.Unmarshal(body, &a), string(body))
	return a
}

// query asks for a query and checks what every answer has.
func (s *shop) query(path, wantType string, v url.Values) queryData {
	s.t.Helper()
	a := s.ask(path, v)
	require.Equal(s.t, "success", a.Status)
	var d queryData
	require.NoError(s.t, json.Unmarshal(a.Data, &d))
	require.Equal(s.t, wantType, d.ResultType)
	assert.Contains(s.t, d.Stats.Summary, "execTime")
	assert.Contains(s.t, d.Stats.Summary, "totalBytesProcessed")
	return d
}

func (s *shop) strings(path string, v url.Values) (list []string) {
	s.t.Helper()
	a := s.ask(path, v)
	require.Equal(s.t, "success", a.Status)
	require.NoError(s.t, json.Unmarshal(a.Data, &list))
	return list
}

const rangePath = "/loki/api/v1/query_range"

// TestGrafana: the requests of the data source and of Logs Drilldown are answered as they expect, while all records are in the
// write-ahead log, and once they are in the archive.
func TestGrafana(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	for _, committed := range []bool{false, true} {
		if committed {
			s.commit()
		}
		s.explore()
		s.context()
		s.drilldown()
	}
}

// explore is: save and test, the query builder, a log query with its histogram, a metric query.
func (s *shop) explore() {
	t := s.t
	health := s.query("/loki/api/v1/query", "vector", url.Values{"direction": {"backward"}, "query": {"vector(1)+vector(1)"}, "time": {"4000000000"}})
	require.Len(t, health.Result, 1)
	assert.Equal(t, "2", health.Result[0].Value[1])

	assert.Equal(t, []string{"k8s_namespace_name", "service_name"}, s.strings("/loki/api/v1/labels", s.times(url.Values{})))
	assert.Equal(t, []string{"cart", "checkout"}, s.strings("/loki/api/v1/label/service_name/values", s.times(url.Values{})))
	assert.Equal(t, []string{"cart"}, s.strings("/loki/api/v1/label/service_name/values", s.times(url.Values{"query": {`{k8s_namespace_name="shop", service_name=~"ca.*"}`}})))
	var series []map[string]string
	require.NoError(t, json.Unmarshal(s.ask("/loki/api/v1/series", s.times(url.Values{"match[]": {`{service_name="cart"}`}})).Data, &series))
	assert.Equal(t, []map[string]string{{"service_name": "cart", "k8s_namespace_name": "shop"}}, series)
	var stats map[string]int64
	require.NoError(t, json.Unmarshal([]byte(s.ask("/loki/api/v1/index/stats", s.times(url.Values{"query": {`{service_name="cart"}`}})).body), &stats))
	assert.EqualValues(t, 20, stats["entries"])
	assert.Positive(t, stats["bytes"])
	assert.Contains(t, stats, "streams")
	assert.Contains(t, stats, "chunks")

	lines := s.query(rangePath, "streams", s.times(url.Values{
		"direction": {"backward"}, "limit": {"1000"}, "query": {`{service_name="checkout"} |= "request" | json`}, "step": {"100ms"},
	}))
	assert.Equal(t, []string{"categorize-labels"}, lines.EncodingFlags)
	require.Len(t, lines.Result, 1)
	assert.Equal(t, map[string]string{"service_name": "checkout", "k8s_namespace_name": "shop"}, lines.Result[0].Stream)
	require.Len(t, lines.Result[0].Values, 40)
	newest := lines.Result[0].Values[0]
	assert.JSONEq(t, strconv.Quote(strconv.FormatInt(s.base.Add(58*time.Second).UnixNano(), 10)), string(newest[0]))
	assert.JSONEq(t, `{"parsed":{"msg":"request 58","status":"300","latency_ms":"58"},"structuredMetadata":{"detected_level":"info","host_name":"node-1","severity_number":"9"}}`, string(newest[2]))

	histogram := s.query(rangePath, "matrix", s.times(url.Values{
		"direction": {"backward"}, "query": {`sum by (level, detected_level) (count_over_time({service_name="checkout"} |= "request" | json | drop __error__[1s]))`}, "step": {"1000ms"},
	}))
	count := map[string]float64{}
	for _, r := range histogram.Result {
		for _, v := range r.Values {
			var n string
			require.NoError(t, json.Unmarshal(v[1], &n))
			f, err := strconv.ParseFloat(n, 64)
			require.NoError(t, err)
			count[r.Metric["detected_level"]] += f
		}
	}
	assert.Equal(t, map[string]float64{"info": 36, "error": 4}, count)

	rate := s.query(rangePath, "matrix", s.times(url.Values{"direction": {"backward"}, "query": {`sum(rate({service_name="cart"} [1m]))`}, "step": {"15s"}}))
	require.Len(t, rate.Result, 1)
	assert.NotEmpty(t, rate.Result[0].Values)
	instant := s.query("/loki/api/v1/query", "vector", url.Values{
		"query": {`topk(1, sum by (service_name) (count_over_time({k8s_namespace_name="shop"}[1m])))`}, "time": {strconv.FormatInt(s.base.Add(59*time.Second).UnixNano(), 10)},
	})
	require.Len(t, instant.Result, 1)
	assert.Equal(t, "checkout", instant.Result[0].Metric["service_name"])
	assert.Equal(t, "40", instant.Result[0].Value[1])

	formatted := s.ask("/loki/api/v1/format_query", url.Values{"query": {`{service_name="cart"}|="x"|json`}})
	assert.JSONEq(t, `"{service_name=\"cart\"} |= \"x\" | json"`, string(formatted.Data))
}

// context is the lines before and after one, of its stream.
func (s *shop) context() {
	t := s.t
	at := s.base.Add(30 * time.Second)
	ns := func(at time.Time) []string { return []string{strconv.FormatInt(at.UnixNano(), 10)} }
	lines := func(v url.Values) (out []string) {
		for _, r := range s.query(rangePath, "streams", v).Result {
			for _, v := range r.Values {
				var line string
				require.NoError(t, json.Unmarshal(v[1], &line))
				out = append(out, line)
			}
		}
		return out
	}
	v := url.Values{"query": {`{service_name="checkout", k8s_namespace_name="shop"}`}, "limit": {"3"}}
	v["direction"], v["start"], v["end"] = []string{"backward"}, ns(at.Add(-2*time.Hour)), ns(at)
	assert.Equal(t, []string{`{"msg":"request 28","status":300,"latency_ms":28}`, `{"msg":"request 27","status":200,"latency_ms":27}`, `{"msg":"request 25","status":300,"latency_ms":25}`}, lines(v))
	v["direction"], v["start"], v["end"] = []string{"forward"}, ns(at), ns(at.Add(2*time.Hour))
	assert.Equal(t, []string{`{"msg":"request 30","status":200,"latency_ms":30}`, `{"msg":"request 31","status":300,"latency_ms":31}`, `{"msg":"request 33","status":200,"latency_ms":33}`}, lines(v))
}

// drilldown is what Logs Drilldown shows: services by volume, labels, fields, patterns, charts of each.
func (s *shop) drilldown() {
	t := s.t
	var limits struct {
		Limits map[string]any `json:"limits"`
	}
	require.NoError(t, json.Unmarshal([]byte(s.ask("/loki/api/v1/drilldown-limits", nil).body), &limits))
	assert.Equal(t, true, limits.Limits["volume_enabled"])

	volume := s.query("/loki/api/v1/index/volume", "vector", s.times(url.Values{"query": {`{service_name=~".+"}`}, "targetLabels": {"service_name"}, "limit": {"5000"}}))
	require.Len(t, volume.Result, 2)
	assert.Equal(t, map[string]string{"service_name": "checkout"}, volume.Result[0].Metric, "the largest first")
	byRange := s.query("/loki/api/v1/index/volume_range", "matrix", s.times(url.Values{"query": {`{service_name=~".+"}`}, "step": {"10s"}, "aggregateBy": {"labels"}}))
	require.Len(t, byRange.Result, 2)
	assert.Equal(t, map[string]string{"k8s_namespace_name": ""}, byRange.Result[0].Metric)
	assert.Equal(t, map[string]string{"service_name": ""}, byRange.Result[1].Metric)

	level := s.query(rangePath, "matrix", s.times(url.Values{"query": {`sum(count_over_time({service_name="checkout"} | detected_level != "" [10s])) by (detected_level)`}, "step": {"10s"}}))
	assert.Len(t, level.Result, 2)

	var labels struct {
		DetectedLabels []struct {
			Label       string `json:"label"`
			Cardinality int    `json:"cardinality"`
		} `json:"detectedLabels"`
	}
	require.NoError(t, json.Unmarshal([]byte(s.ask("/loki/api/v1/detected_labels", s.times(url.Values{"query": {`{service_name="checkout"}`}})).body), &labels))
	assert.Len(t, labels.DetectedLabels, 2)

	var fields struct {
		Fields []struct {
			Label       string   `json:"label"`
			Type        string   `json:"type"`
			Cardinality int      `json:"cardinality"`
			Parsers     []string `json:"parsers"`
		} `json:"fields"`
		Limit int `json:"limit"`
	}
	require.NoError(t, json.Unmarshal([]byte(s.ask("/loki/api/v1/detected_fields", s.times(url.Values{"query": {`{service_name="checkout"}`}, "line_limit": {"1000"}})).body), &fields))
	kinds := map[string]string{}
	for _, f := range fields.Fields {
		kinds[f.Label] = f.Type + "/" + strings.Join(f.Parsers, ",")
	}
	assert.Equal(t, "int/json", kinds["latency_ms"])
	assert.Equal(t, "string/json", kinds["msg"])
	assert.Equal(t, "string/", kinds["detected_level"])
	var values struct {
		Values []string `json:"values"`
	}
	require.NoError(t, json.Unmarshal([]byte(s.ask("/loki/api/v1/detected_field/status/values", s.times(url.Values{"query": {`{service_name="checkout"}`}})).body), &values))
	assert.ElementsMatch(t, []string{"200", "300"}, values.Values)

	for _, query := range []string{
		`sum by (status) (count_over_time({service_name="checkout"} | json | logfmt | drop __error__, __error_details__ | status!="" [10s]))`,
		`avg_over_time({service_name="checkout"} | json | drop __error__, __error_details__ | latency_ms!="" | unwrap latency_ms [10s]) by ()`,
		`sum by (trace_id) (count_over_time({service_name="checkout"} | trace_id!="" [10s]))`,
	} {
		assert.NotEmpty(t, s.query(rangePath, "matrix", s.times(url.Values{"query": {query}, "step": {"10s"}})).Result, query)
	}
	a := s.ask("/loki/api/v1/patterns", s.times(url.Values{"query": {`{service_name="checkout"}`}, "step": {"10s"}}))
	assert.Equal(t, "success", a.Status)
	none := s.query(rangePath, "streams", s.times(url.Values{"query": {`{__aggregated_metric__="checkout"} | logfmt`}, "limit": {"10"}}))
	assert.Empty(t, none.Result)
}

// TestGrafanaLive: the live view of Explore, which opens a WebSocket and shows what comes.
func TestGrafanaLive(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	u := "ws" + strings.TrimPrefix(s.loki.URL, "http") + "/loki/api/v1/tail?" + url.Values{"query": {`{service_name="cart"} |= "item"`}, "limit": {"5"}}.Encode()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	conn, resp, err := websocket.DefaultDialer.DialContext(ctx, u, nil)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	defer conn.Close()
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(2*time.Minute)))
	var lines []string
	read := func(n int) {
		t.Helper()
		for len(lines) < n {
			var m struct {
				Streams []struct {
					Stream map[string]string `json:"stream"`
					Values [][2]string       `json:"values"`
				} `json:"streams"`
			}
			require.NoError(t, conn.ReadJSON(&m))
			for _, stream := range m.Streams {
				assert.Equal(t, "cart", stream.Stream["service_name"])
				for _, v := range stream.Values {
					lines = append(lines, v[1])
				}
			}
		}
	}
	read(5)
	assert.Equal(t, `msg="item 59" took=59ms`, lines[4])
	s.live("cart", "item of now")
	s.live("checkout", "item of another service")
	s.live("cart", "not what is looked for")
	s.live("cart", "item of later")
	read(7)
	assert.Equal(t, []string{"item of now", "item of later"}, lines[5:])
	s.lb.Signal(15)
	_, _, err = conn.ReadMessage()
	assert.True(t, websocket.IsCloseError(err, websocket.CloseGoingAway), "%v", err)
	require.NoError(t, s.lb.Wait())
}
