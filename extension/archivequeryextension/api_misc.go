// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivequeryextension

import (
	"runtime"
	"runtime/debug"

	"github.com/logboom/logboom/logql"
)

// patterns is empty until the archive knows the shapes of its lines.
func (c *call) patterns() (answer, error) {
	return answer{json: response{Status: "success", Data: []any{}}}, nil
}

func (c *call) formatQuery() (answer, error) {
	e, err := logql.Parse(c.p.get("query"))
	if err != nil {
		return answer{}, &invalidQuery{err}
	}
	return answer{json: response{Status: "success", Data: e.String()}}, nil
}

func (c *call) drilldownLimits() (answer, error) {
	q := c.a.cfg.Query
	return answer{json: map[string]any{
		"limits": map[string]any{
			"max_entries_limit_per_query": q.MaxEntries,
			"max_query_series":            q.MaxSeries,
			"query_timeout":               q.Timeout.String(),
			"retention_period":            "0s",
			"volume_enabled":              true,
			"volume_max_series":           q.MaxSeries,
		},
		"pattern_ingester_enabled": false,
		"version":                  c.version(),
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
