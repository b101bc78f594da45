// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivequeryextension

import (
	"net/http"
	"os"
	"testing"
)

// BenchmarkMetadata asks for what Grafana asks beside queries, over an archive in a directory that LOGBOOM_BENCH_DIR names: cold is
// a reader that has read nothing but the commit log.
func BenchmarkMetadata(b *testing.B) {
	dir := os.Getenv("LOGBOOM_BENCH_DIR")
	if dir == "" {
		b.Skip("LOGBOOM_BENCH_DIR names no archive")
	}
	url := "file://" + dir
	warm := newAPI(b, url, func(c *Config) { c.Query.ResultCacheMiB = 0 })
	const all = `{service_name=~".+"}`
	for _, tt := range []struct {
		name, path string
		kv         []string
	}{
		{"labels", "labels", nil},
		{"values", "label/deployment_environment/values", nil},
		{"series", "series", []string{"match[]", all}},
		{"stats", "index/stats", []string{"query", all}},
		{"volume", "index/volume", []string{"query", all}},
		{"volume_other", "index/volume", []string{"query", all, "targetLabels", "deployment_environment"}},
		{"volume_cut", "index/volume", []string{"query", all, "start", "2026-01-15T00:10:10.5Z", "end", "2026-01-15T00:40:20.7Z"}},
		{"volume_range_minute", "index/volume_range", []string{"query", all, "step", "60"}},
		{"volume_range_level", "index/volume_range", []string{"query", all, "step", "60", "targetLabels", "detected_level"}},
		{"histogram", "query_range", []string{"query", `sum by (service_name, detected_level) (count_over_time({service_name=~".+"}[1m]))`, "step", "60"}},
		{"histogram_other", "query_range", []string{"query", `sum by (detected_level) (count_over_time({deployment_environment="prod"}[1m]))`, "step", "60"}},
		{"detected_labels", "detected_labels", []string{"query", all}},
		{"detected_fields", "detected_fields", []string{"query", `{service_name="api-gateway"}`}},
		{"detected_fields_all", "detected_fields", []string{"query", all}},
		{"detected_field_values", "detected_field/status/values", []string{"query", `{service_name="api-gateway"}`}},
	} {
		kv := tt.kv
		if len(kv) < 4 || kv[2] != "start" {
			kv = append(kv, "start", "2026-01-14T23:00:00Z", "end", "2026-01-15T02:00:00Z")
		}
		get := func(b *testing.B, h http.Handler) {
			if code, body := ask(b, h, "/loki/api/v1/"+tt.path, kv...); code != http.StatusOK {
				b.Fatal(body)
			}
		}
		b.Run(tt.name+"/warm", func(b *testing.B) {
			get(b, warm)
			for b.Loop() {
				get(b, warm)
			}
		})
		b.Run(tt.name+"/cold", func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				cold := newAPI(b, url, nil)
				b.StartTimer()
				get(b, cold)
			}
		})
	}
}
