// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package loki

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/logboom/logboom/logql"
)

// stages are the pipelines of a file in testdata, those that are read.
func stages(t *testing.T, name string) []string {
	raw, err := os.ReadFile("testdata/" + name)
	require.NoError(t, err)
	var out []string
	for line := range strings.Lines(string(raw)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "# ") {
			continue
		}
		if _, err := logql.ParseLog(`{a="b"} ` + line); err == nil {
			out = append(out, line)
		}
	}
	return out
}

// generator makes queries of parts.
type generator struct {
	*rand.Rand
	parsers, filters, formats []string
}

func newGenerator(t *testing.T, rng *rand.Rand) *generator {
	return &generator{rng, stages(t, "parsers.txt"), stages(t, "filters.txt"), stages(t, "templates.txt")}
}

// pipeline chains stages.
func (g *generator) pipeline() string {
	var b strings.Builder
	for range 1 + g.IntN(3) {
		of := [][]string{g.parsers, g.filters, g.filters, g.formats}[g.IntN(4)]
		b.WriteString(" " + of[g.IntN(len(of))])
	}
	return b.String()
}

func (g *generator) selector() string {
	return pick(g.Rand, `{service_name=~".+"}`, `{service_name="api"}`, `{k8s_namespace_name="shop"}`, `{service_name!="db", k8s_namespace_name=~"s.*|data"}`,
		`{k8s_pod_name=~"api-.", service_name!~"w.*"}`, `{service_name=~"api|db", k8s_pod_name=""}`)
}

func (g *generator) grouping() string {
	if g.IntN(3) == 0 {
		return ""
	}
	names := []string{"service_name", "k8s_pod_name", "level", "code", "method", "user", "missing", "detected_level"}
	g.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	return fmt.Sprintf(" %s (%s) ", pick(g.Rand, "by", "by", "without"), strings.Join(names[:g.IntN(4)], ", "))
}

// rangeAggregation makes one whose lines have no errors.
func (g *generator) rangeAggregation() string {
	window := pick(g.Rand, "1m", "5m", "7m", "10m", "30m", "1h", "90s")
	if g.IntN(4) == 0 {
		window += "] offset " + pick(g.Rand, "1m", "5m", "-5m", "17m", "1h")
	} else {
		window += "]"
	}
	pipe := ""
	if g.IntN(3) > 0 {
		pipe = g.pipeline() + ` | drop __error__, __error_details__`
	}
	if g.IntN(2) == 0 {
		return fmt.Sprintf("%s(%s%s [%s)", pick(g.Rand, "count_over_time", "rate", "bytes_over_time", "bytes_rate", "absent_over_time"), g.selector(), pipe, window)
	}
	parser := pick(g.Rand, " | json", " | logfmt", ` | pattern "<_> <_> <_> <_> <_> <_> <_> <code> <_> <value>"`, "")
	unwrap := pick(g.Rand, "code", "value", "duration(took)", "duration_seconds(took)", "bytes(size)", "size", "user_id", "missing", "count")
	op := pick(g.Rand, "sum_over_time", "avg_over_time", "min_over_time", "max_over_time", "stddev_over_time", "stdvar_over_time",
		"first_over_time", "last_over_time", "quantile_over_time", "rate", "absent_over_time")
	grouping := ""
	if op != "sum_over_time" && op != "rate" && op != "absent_over_time" {
		grouping = g.grouping()
	}
	param := ""
	if op == "quantile_over_time" {
		param = pick(g.Rand, "0.5, ", "0.99, ", "0, ", "1, ", ".1, ")
	}
	return fmt.Sprintf(`%s(%s%s%s%s | drop __error__, __error_details__ | unwrap %s | __error__="" [%s)%s`, op, param, g.selector(), pipe, parser, unwrap, window, grouping)
}

func (g *generator) metric(depth int) string {
	if depth <= 0 {
		return g.rangeAggregation()
	}
	switch g.IntN(5) {
	case 0, 1:
		return fmt.Sprintf("%s%s(%s)", pick(g.Rand, "sum", "avg", "min", "max", "count", "stddev", "stdvar"), g.grouping(), g.metric(depth-1))
	case 2:
		return fmt.Sprintf("(%s %s%s %s)", g.metric(depth-1), pick(g.Rand, "+", "-", "*", "/", "%", "^", ">", "<", "==", "!=", ">=", "<="), pick(g.Rand, "", "", " bool"), pick(g.Rand, "2", "0", "-1.5", "1e3"))
	case 3:
		op := pick(g.Rand, "+", "-", "*", "/", ">", "<", "==", "!=", "and", "or", "unless")
		by := pick(g.Rand, "(service_name)", "(k8s_pod_name)", "()", "(service_name, level)")
		return fmt.Sprintf("sum by %s (%s) %s %ssum by %s (%s)", by, g.metric(depth-1), op, pick(g.Rand, "", "on (service_name) ", "ignoring (level) "), by, g.metric(depth-1))
	}
	return fmt.Sprintf(`label_replace(%s, "svc", "$1-x", "service_name", "(.)(.*)")`, g.metric(depth-1))
}

// query makes a metric query. topk is outermost, since it may choose among equal series.
func (g *generator) query() string {
	text := g.metric(g.IntN(3))
	if g.IntN(6) == 0 {
		text = fmt.Sprintf("%s(%s, %s)", pick(g.Rand, "topk", "bottomk"), pick(g.Rand, "1", "3", "100"), text)
	}
	return text
}

// TestGeneratedPipelines puts chains of stages to Loki and to the engine, over records made anew.
func TestGeneratedPipelines(t *testing.T) {
	l := startLoki(t)
	rng := seeded(t)
	list := records(rng, 300)
	l.push(t, list)
	g := newGenerator(t, rng)
	var queries []*query
	for range fromEnv(t, "LOGBOOM_COMPARE_QUERIES", 1500) {
		queries = append(queries, &query{text: g.selector() + g.pipeline(), start: base, end: base + int64(span)})
	}
	compare(t, l.ask, engine(list), queries)
}

// TestGeneratedMetrics does the same with metric queries, at one time and over ranges with steps of several lengths.
func TestGeneratedMetrics(t *testing.T) {
	l := startLoki(t)
	rng := seeded(t)
	list := records(rng, 300)
	l.push(t, list)
	compare(t, l.ask, engine(list), newGenerator(t, rng).metrics(int(fromEnv(t, "LOGBOOM_COMPARE_QUERIES", 1500)))) //nolint:gosec // a count
}

func (g *generator) metrics(n int) []*query {
	var queries []*query
	for range n {
		q := &query{text: g.query(), end: base + int64(span) - int64(g.IntN(600))*int64(time.Second)}
		if q.instant = g.IntN(2) == 0; !q.instant {
			q.start, q.step = base+int64(g.IntN(600))*int64(time.Second), pick(g.Rand, time.Minute, 5*time.Minute, 7*time.Minute, 90*time.Second, time.Hour)
		}
		queries = append(queries, q)
	}
	return queries
}
