// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package query

import (
	"fmt"
	"net/url"
	"strconv"
	"time"

	"github.com/logboom/logboom/test/bench/internal/rig"
)

// jsonService is the service whose bodies are JSON, some with http.status_code and http.duration_ms.
const jsonService = "api-gateway"

// query is one row of the table.
type query struct {
	name   string
	bar    time.Duration // what the project has set itself, of two million records; 0: nothing
	path   string        // of the API
	params url.Values
	shape  shape
	// labels of a series, and the columns of a row, that tell the cells of an answer apart.
	labels []string
	sql    string // empty: SQL does not say the same
	// rate says that the query is also given in records of the JSON service a second and core.
	rate bool
	want answer
}

// shape says how an answer of the API is read.
type shape int

const (
	streams shape = iota // log lines
	samples              // vector or matrix
	names                // a list of strings
	counted              // anything: how long its list is
)

// Endpoints of queries.
const rangePath, oncePath = "/loki/api/v1/query_range", "/loki/api/v1/query"

// Widths of the metric queries.
const (
	minute = int64(time.Minute)
	five   = 5 * minute
)

// queries asks for all of the data. Metric queries over a range begin and end at full steps.
func queries(d *facts) []*query {
	ms := time.Millisecond
	ns := func(t int64) string { return strconv.FormatInt(t, 10) }
	gateway := `{service_name="` + jsonService + `"}`
	all := `{service_name=~".+"}`
	lines := func(q string) url.Values {
		return url.Values{"query": {q}, "start": {ns(d.start)}, "end": {ns(d.end)}, "limit": {"100"}, "direction": {"backward"}}
	}
	stepped := func(q string, step int64) url.Values {
		return url.Values{"query": {q}, "start": {ns(up(d.start, step))}, "end": {ns(up(d.end, step))}, "step": {fmt.Sprintf("%ds", step/1e9)}}
	}
	once := func(q string) url.Values {
		return url.Values{"query": {fmt.Sprintf(q, fmt.Sprintf("[%ds]", (d.end-d.start)/1e9+2))}, "time": {ns(d.end)}}
	}
	between := func(more ...string) url.Values {
		v := url.Values{"start": {ns(d.start)}, "end": {ns(d.end)}}
		for i := 0; i < len(more); i += 2 {
			v.Set(more[i], more[i+1])
		}
		return v
	}
	newest := "SELECT epoch_ns(Timestamp) AS t, ServiceName, SeverityText, Body FROM logs WHERE %s ORDER BY Timestamp DESC LIMIT 100"
	stepOf := func(step int64) string {
		return fmt.Sprintf("((epoch_ns(Timestamp) + %d) // %d * %d) AS t", step-1, step, step/1e9)
	}
	number := "CAST(json_extract_string(Body, '$.http.duration_ms') AS DOUBLE)"
	ofGateway := "ServiceName = " + rig.SQLString(jsonService)
	return []*query{
		{
			name: "one request id", bar: 10 * ms, path: rangePath, params: lines(all + ` |= "` + d.request + `"`), shape: streams, want: d.lines(d.ofRequest),
			sql: fmt.Sprintf(newest, "Body LIKE '%"+d.request+"%'"),
		},
		{
			name: "counts by service, level and minute", bar: 150 * ms, path: rangePath, shape: samples, labels: []string{"service_name", "detected_level"},
			params: stepped(`sum by (service_name, detected_level) (count_over_time(`+all+`[1m]))`, minute), want: answer{cells: d.byMinute},
			sql: "SELECT ServiceName AS service_name, SeverityNumber AS detected_level, " + stepOf(minute) + ", count(*) AS v FROM logs GROUP BY ALL",
		},
		{
			name: "newest 100 with a status from 500 on, of JSON", bar: 30 * ms, path: rangePath, shape: streams,
			params: lines(gateway + ` | json | http_status_code >= 500`), want: d.lines(d.failed),
			sql: fmt.Sprintf(newest, ofGateway+" AND CAST(json_extract(Body, '$.http.status_code') AS INTEGER) >= 500"),
		},
		{
			name: "the same of a field that no line has", path: rangePath, shape: streams, rate: true,
			params: lines(gateway + ` | json | status >= 500`), want: d.lines(nil),
			sql: fmt.Sprintf(newest, ofGateway+" AND CAST(json_extract(Body, '$.status') AS INTEGER) >= 500"),
		},
		{
			name: "99th percentile of a JSON number, by five minutes", bar: d.rateBar(800e3), path: rangePath, shape: samples, labels: []string{"service_name"}, rate: true,
			params: stepped(`quantile_over_time(0.99, `+gateway+` | json | unwrap http_duration_ms [5m]) by (service_name)`, five), want: answer{cells: d.quantiles(five)},
			sql: "SELECT ServiceName AS service_name, " + stepOf(five) + ", quantile_cont(" + number + ", 0.99) AS v FROM logs WHERE " + ofGateway + " GROUP BY ALL HAVING v IS NOT NULL",
		},
		{
			name: "the same over all, with an expression", path: oncePath, shape: samples, labels: []string{"service_name"}, rate: true,
			params: once(`quantile_over_time(0.99, ` + gateway + ` | json ms="http.duration_ms" | ms != "" | unwrap ms %s) by (service_name)`), want: answer{cells: d.quantiles(0)},
			sql: "SELECT ServiceName AS service_name, 0 AS t, quantile_cont(" + number + ", 0.99) AS v FROM logs WHERE " + ofGateway + " GROUP BY ALL",
		},
		{
			name: "records by a JSON field", path: oncePath, shape: samples, labels: []string{"level"}, rate: true,
			params: once(`sum by (level) (count_over_time(` + gateway + ` | json %s))`), want: answer{cells: d.byLevel},
			sql: "SELECT json_extract_string(Body, '$.level') AS level, 0 AS t, count(*) AS v FROM logs WHERE " + ofGateway + " GROUP BY ALL",
		},
		{name: "labels", bar: 20 * ms, path: "/loki/api/v1/labels", params: between(), shape: names, want: answer{count: d.labels}},
		{
			name: "values of service_name", bar: 20 * ms, path: "/loki/api/v1/label/service_name/values", params: between(), shape: names, want: answer{count: len(d.services)},
			sql: "SELECT DISTINCT ServiceName FROM logs",
		},
		{name: "values of another label", bar: 20 * ms, path: "/loki/api/v1/label/deployment_environment/values", params: between(), shape: names, want: answer{count: 1}},
		{name: "series", bar: 20 * ms, path: "/loki/api/v1/series", params: between("match[]", all), shape: counted, want: answer{count: len(d.services)}},
		{name: "index/stats", bar: 20 * ms, path: "/loki/api/v1/index/stats", params: between("query", all), shape: counted},
		{
			name: "volume by service", bar: 20 * ms, path: "/loki/api/v1/index/volume", params: between("query", all, "targetLabels", "service_name"), shape: samples, labels: []string{"service_name"},
			want: answer{cells: d.bytes},
			sql:  "SELECT ServiceName AS service_name, 0 AS t, sum(octet_length(encode(Body))) AS v FROM logs GROUP BY ALL",
		},
		{
			name: "volume by another label", bar: 20 * ms, path: "/loki/api/v1/index/volume", params: between("query", all, "targetLabels", "deployment_environment"), shape: samples,
			labels: []string{"deployment_environment"}, want: answer{cells: map[string]float64{cell(0, "prod"): d.allBytes()}},
		},
		{name: "volume by service and minute", bar: 20 * ms, path: "/loki/api/v1/index/volume_range", params: between("query", all, "step", "60s"), shape: counted, want: answer{count: len(d.services)}},
		{name: "detected_labels", bar: 20 * ms, path: "/loki/api/v1/detected_labels", params: between("query", all), shape: counted},
		{name: "detected_fields", bar: 20 * ms, path: "/loki/api/v1/detected_fields", params: between("query", gateway), shape: counted},
	}
}

// up is the next multiple of step, or t itself.
func up(t, step int64) int64 { return (t + step - 1) / step * step }
