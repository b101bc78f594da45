// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivequeryextension

import (
	"runtime"
	"runtime/debug"
	"strconv"

	"github.com/logboom/logboom/logql"
)

func (c *call) formatQuery() (answer, error) {
	e, err := logql.Parse(c.p.get("query"))
	if err != nil {
		return answer{}, &invalidQuery{err}
	}
	return answer{json: response{Status: "success", Data: e.String()}}, nil
}

// drilldownLimits says what Logs Drilldown may ask: the limits of the call's tenants, under Loki's names. A limit of 0 is none.
func (c *call) drilldownLimits() (answer, error) {
	q, l := &c.a.cfg.Query, &c.limit
	return answer{json: map[string]any{
		"limits": map[string]any{
			"discover_log_levels":         true,
			"discover_service_name":       []string{},
			"log_level_fields":            []string{"severity_number", "severity_text"},
			"max_entries_limit_per_query": l.entries,
			"max_line_size_truncate":      false,
			"max_query_bytes_read":        strconv.FormatInt(l.readBytes, 10) + "B",
			"max_query_length":            l.span.String(),
			"max_query_lookback":          "0s",
			"max_query_range":             l.span.String(),
			"max_query_series":            l.series,
			"metric_aggregation_enabled":  false,
			"otlp_config": map[string]any{"resource_attributes": map[string]any{"attributes_config": []any{
				map[string]any{"action": "index_label", "attributes": c.a.cfg.StreamLabels},
			}}},
			"pattern_persistence_enabled": false,
			"query_timeout":               q.Timeout.String(),
			"retention_period":            "0s",
			"volume_enabled":              true,
			"volume_max_series":           l.series,
		},
		"pattern_ingester_enabled": true,
		"version":                  "unknown", // of Loki, whose versions ours are not
	}}, nil
}

func (c *call) version() string {
	if v := c.a.set.BuildInfo.Version; v != "" {
		return v
	}
	return "unknown"
}

func (c *call) buildInfo() (answer, error) {
	revision := ""
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				revision = s.Value
			}
		}
	}
	return answer{json: map[string]string{
		"version": c.version(), "revision": revision, "branch": "", "buildUser": "", "buildDate": "",
		"goVersion": runtime.Version(),
	}}, nil
}

// noRules answers as a server without rules: there is no ruler here.
func (c *call) noRules() (answer, error) {
	return answer{text: "{}\n", contentType: "application/yaml"}, nil
}

func (c *call) noPrometheusRules() (answer, error) {
	return answer{json: response{Status: "success", Data: map[string]any{"groups": []any{}}}}, nil
}

func (c *call) noPrometheusAlerts() (answer, error) {
	return answer{json: response{Status: "success", Data: map[string]any{"alerts": []any{}}}}, nil
}

// ready says whether queries can be answered.
func (c *call) ready() (answer, error) {
	if c.a.reader.Load() == nil {
		return answer{}, errUnavailable
	}
	return answer{text: "ready\n"}, nil
}
