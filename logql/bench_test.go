// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package logql

import (
	"context"
	"fmt"
	"testing"
	"time"
)

const benchEntries = 20_000

// gateway is half an hour of a service that logs in JSON, with the duration of a request as structured metadata too.
func gateway() []Entry {
	entries := make([]Entry, 0, benchEntries)
	stream := Labels{{"deployment_environment", "prod"}, {"service_name", "api-gateway"}}
	for i := range benchEntries {
		ts := time.Unix(1_768_435_200, int64(i)*90e6).UTC()
		e := Entry{Timestamp: ts.UnixNano(), Stream: stream}
		id := fmt.Sprintf("%08x-e355-47ae-8017-%012x", i*2654435761, i*40503)
		head := fmt.Sprintf(`{"timestamp":%q,"level":"INFO","service":"api-gateway","host":"api-gateway-5d9f8-x%03d","logger":"router",`,
			ts.Format("2006-01-02T15:04:05.000Z"), i%40)
		ids := fmt.Sprintf(`"request_id":%q,"trace_id":"%032x","span_id":"%016x"`, id, i*7919, i*104729)
		if i%3 == 0 {
			took := float64(i%977) * 0.731
			e.Line = head + fmt.Sprintf(`"message":"request finished GET /products/SKU-%05d status=200 duration=%.0fms",`, i%30_000, took) + ids +
				fmt.Sprintf(`,"http":{"method":"GET","status_code":%d,"duration_ms":%.3f}}`, 200+i%50/49*300, took)
			e.Metadata = Labels{{"detected_level", "info"}, {"duration_ms", fmt.Sprintf("%.3f", took)}}
		} else {
			e.Line = head + fmt.Sprintf(`"message":"request received GET /products/SKU-%05d",`, i%30_000) + ids + "}"
			e.Metadata = Labels{{"detected_level", "info"}}
		}
		entries = append(entries, e)
	}
	return entries
}

// auth is the same for a service that logs in logfmt.
func auth() []Entry {
	entries := make([]Entry, 0, benchEntries)
	for i := range benchEntries {
		ts := time.Unix(1_768_435_200, int64(i)*90e6).UTC()
		entries = append(entries, Entry{
			Timestamp: ts.UnixNano(), Stream: Labels{{"service_name", "auth"}},
			Line: fmt.Sprintf("ts=%s level=info svc=auth caller=middleware.go:77 msg=\"auth finished user=u%d\" status=%d took=%dms request_id=%08x trace_id=%032x",
				ts.Format(time.RFC3339Nano), i%5000, 200+i%50/49*300, i%97, i*2654435761, i*7919),
		})
	}
	return entries
}

func eachOf(entries []Entry) sourceFunc {
	return func(yield func(*Entry) error) error {
		var e Entry
		for i := range entries {
			e = entries[i]
			if err := yield(&e); err != nil {
				return err
			}
		}
		return nil
	}
}

// BenchmarkEval is what the engine alone does, on one core, with entries that lie in memory.
func BenchmarkEval(b *testing.B) {
	for _, bb := range []struct {
		name, query string
		entries     []Entry
	}{
		{"json-quantile", `quantile_over_time(0.99, {service_name="api-gateway"} | json | unwrap http_duration_ms [5m]) by (service_name)`, gateway()},
		{"json-count", `sum by (http_status_code) (count_over_time({service_name="api-gateway"} | json [1m]))`, gateway()},
		{"json-filter", `sum by (service_name) (count_over_time({service_name="api-gateway"} | json | http_status_code >= 500 [1m]))`, gateway()},
		{"json-expression", `avg_over_time({service_name="api-gateway"} | json d="http.duration_ms" | d != "" | unwrap d [5m]) by (service_name)`, gateway()},
		{"json-all-labels", `count_over_time({service_name="api-gateway"} | json | drop timestamp, message, request_id, trace_id, span_id, http_duration_ms, duration_ms [1m])`, gateway()},
		{"metadata-quantile", `quantile_over_time(0.99, {service_name="api-gateway"} | unwrap duration_ms [5m]) by (service_name)`, gateway()},
		{"logfmt-quantile", `quantile_over_time(0.99, {service_name="auth"} | logfmt | unwrap duration(took) [5m]) by (service_name)`, auth()},
		{"logfmt-expression", `sum by (s) (count_over_time({service_name="auth"} | logfmt s="status", c="caller" [1m]))`, auth()},
		{"logfmt-count", `sum by (status) (count_over_time({service_name="auth"} | logfmt [1m]))`, auth()},
		{"pattern-count", `sum by (level) (count_over_time({service_name="auth"} | pattern "ts=<_> level=<level> <_>" [1m]))`, auth()},
		{"template-count", `sum by (s) (count_over_time({service_name="auth"} | logfmt | label_format s="{{.svc}}-{{.status}}" [1m]))`, auth()},
		{"lines", `sum by (service_name) (count_over_time({service_name="auth"} |~ "user=u1.*trace" [1m]))`, auth()},
		{"log-json-filter", `{service_name="api-gateway"} | json | http_status_code >= 500`, gateway()},
	} {
		b.Run(bb.name, func(b *testing.B) {
			e, err := Parse(bb.query)
			if err != nil {
				b.Fatal(err)
			}
			size := int64(0)
			for i := range bb.entries {
				size += int64(len(bb.entries[i].Line))
			}
			first, last := bb.entries[0].Timestamp, bb.entries[len(bb.entries)-1].Timestamp
			b.ReportAllocs()
			b.SetBytes(size)
			began := cpuTime()
			for b.Loop() {
				res, err := Eval(context.Background(), eachOf(bb.entries), e, Params{Start: first, End: last + 1, Step: time.Minute})
				if err != nil {
					b.Fatal(err)
				}
				if len(res.Series)+len(res.Streams) == 0 {
					b.Fatal("no result")
				}
			}
			b.ReportMetric(float64(cpuTime()-began)/float64(b.N)/benchEntries, "cpu-ns/line")
		})
	}
}
