// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package loki

import (
	"bufio"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/logboom/logboom/logql"
	"github.com/logboom/logboom/test/harness"
)

// The cases of logql/testdata/cases are answers of the engine to which Loki agreed when they were written. TestWriteCases
// writes them anew; logql's own tests run them without Loki. Their times begin at 2026-05-01T12:00:00Z.

type syntaxCase struct {
	Query     string `json:"query"`
	Kind      string `json:"kind,omitempty"` // of a valid one
	Canonical string `json:"canonical,omitempty"`
	Line      int    `json:"line,omitempty"` // of a mistake
	Col       int    `json:"col,omitempty"`
}

type recordCase struct {
	TS       int64             `json:"ts"`
	Labels   map[string]string `json:"labels"`
	Metadata map[string]string `json:"metadata,omitempty"`
	Line     string            `json:"line"`
}

type pipelineCase struct {
	Query  string            `json:"query"`
	Record recordCase        `json:"record"`
	Line   *string           `json:"line,omitempty"` // none: the record is not kept
	Labels map[string]string `json:"labels,omitempty"`
}

type seriesCase struct {
	Labels map[string]string `json:"labels"`
	Points []any             `json:"points"` // time in ms and value as text, in turn
}

type metricCase struct {
	Query  string       `json:"query"`
	Start  int64        `json:"start"`
	End    int64        `json:"end"`
	Step   int64        `json:"step,omitempty"` // 0: at End
	Fails  bool         `json:"fails,omitempty"`
	Type   string       `json:"type,omitempty"`
	Series []seriesCase `json:"series,omitempty"`
}

// casesFrom is the time in the cases that base stands for.
var casesFrom = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC).UnixNano()

func writeCases[T any](t *testing.T, name string, cases []T) {
	f, err := os.Create(filepath.Join(harness.Root(), "logql/testdata/cases", name))
	require.NoError(t, err)
	w := bufio.NewWriter(f)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for _, c := range cases {
		require.NoError(t, enc.Encode(c))
	}
	require.NoError(t, w.Flush())
	require.NoError(t, f.Close())
	t.Logf("%s: %d cases", name, len(cases))
}

// TestWriteCases asks Loki and keeps what both agree on. It runs with LOGBOOM_COMPARE_WRITE set.
func TestWriteCases(t *testing.T) {
	if os.Getenv("LOGBOOM_COMPARE_WRITE") == "" {
		t.Skip("LOGBOOM_COMPARE_WRITE is not set: the cases stay as they are")
	}
	require.NoError(t, os.MkdirAll(filepath.Join(harness.Root(), "logql/testdata/cases"), 0o750))
	l := startLoki(t)
	rng := seeded(t)
	list := records(rng, 60)
	l.push(t, list)
	g := newGenerator(t, rng)
	t.Run("syntax", func(t *testing.T) { writeCases(t, "syntax.jsonl", g.syntaxCases(t, l)) })
	t.Run("pipeline", func(t *testing.T) { writeCases(t, "pipeline.jsonl", g.pipelineCases(t, l, list)) })
	t.Run("metric", func(t *testing.T) {
		var data []recordCase
		for _, r := range list {
			data = append(data, r.asCase())
		}
		writeCases(t, "metric_data.jsonl", data)
		writeCases(t, "metric.jsonl", g.metricCases(t, l, list))
	})
}

func (r *record) asCase() recordCase {
	return recordCase{TS: r.ts - base + casesFrom, Labels: r.stream, Metadata: r.metadata, Line: r.line}
}

func (g *generator) syntaxCases(t *testing.T, l *lokiProcess) []syntaxCase {
	files, err := filepath.Glob("testdata/*.txt")
	require.NoError(t, err)
	var texts []string
	for _, name := range files {
		for _, q := range queriesOf(t, name) {
			texts = append(texts, q.text)
		}
	}
	for range 2000 {
		texts = append(texts, mutate(g, texts[g.IntN(len(texts))], texts[g.IntN(len(texts))]))
	}
	slices.Sort(texts)
	var out []syntaxCase
	for _, text := range slices.Compact(texts) {
		wrong, misplaced, err := checkSyntax(l, text)
		require.NoError(t, err)
		if wrong != "" || misplaced || len(text) > 300 {
			continue
		}
		c := syntaxCase{Query: text}
		e, err := logql.Parse(text)
		var p *logql.ParseError
		switch {
		case errors.As(err, &p):
			c.Line, c.Col = p.Pos.Line, p.Pos.Col
		default:
			c.Kind, c.Canonical = "metric", e.String()
			if _, ok := e.(*logql.LogExpr); ok {
				c.Kind = "log"
			}
		}
		out = append(out, c)
	}
	return out
}

func (g *generator) pipelineCases(t *testing.T, l *lokiProcess, list []record) []pipelineCase {
	ours := engine(list)
	var out []pipelineCase
	texts := slices.Concat(g.parsers, g.filters, g.formats)
	for range 400 {
		texts = append(texts, strings.TrimSpace(g.pipeline()))
	}
	for _, pipe := range texts {
		if strings.Contains(pipe, "timestamp") || strings.Contains(pipe, "now") || strings.Contains(pipe, "error_details") {
			continue
		}
		q := &query{text: `{service_name=~".+"} ` + pipe, start: base, end: base + int64(span)}
		want, err := l.ask(q)
		require.NoError(t, err)
		got, err := ours(q)
		require.NoError(t, err)
		if want.err != "" || len(differ(want, got)) > 0 {
			continue
		}
		kept := map[int64]row{}
		for _, r := range got.rows {
			kept[r.ts] = r
		}
		for range 3 {
			r := list[g.IntN(len(list))]
			c := pipelineCase{Query: pipe, Record: r.asCase()}
			if k, ok := kept[r.ts]; ok {
				c.Line, c.Labels = &k.line, k.set
			}
			if len(r.line) < 400 {
				out = append(out, c)
			}
		}
	}
	return out
}

func (g *generator) metricCases(t *testing.T, l *lokiProcess, list []record) []metricCase {
	ours := engine(list)
	var out []metricCase
	queries := append(queriesOf(t, "testdata/metric.txt"), g.metrics(1300)...)
	answers := make([]*answer, len(queries))
	var wg sync.WaitGroup
	for part := range 8 {
		wg.Go(func() {
			for i := part; i < len(queries); i += 8 {
				a, err := l.ask(queries[i])
				if err != nil {
					t.Error(err)
					return
				}
				answers[i] = a
			}
		})
	}
	wg.Wait()
	for i, q := range queries {
		want := answers[i]
		if want == nil {
			continue
		}
		if strings.Contains(q.text, "topk(") || strings.Contains(q.text, "bottomk(") || strings.Contains(q.text, "timestamp") || strings.Contains(q.text, "now") {
			continue
		}
		got, err := ours(q)
		require.NoError(t, err)
		if len(differ(want, got)) > 0 || len(got.rows) > 6 {
			continue
		}
		c := metricCase{Query: q.text, End: q.end - base + casesFrom, Fails: got.err != "", Type: got.kind}
		if !q.instant {
			c.Start, c.Step = q.start-base+casesFrom, int64(q.step)
		}
		points := 0
		for _, r := range got.rows {
			s := seriesCase{Labels: r.set}
			for _, p := range r.points {
				s.Points = append(s.Points, p.ts, formatValue(p.v))
			}
			points += len(r.points)
			if got.kind != "scalar" {
				for i := 0; i < len(s.Points); i += 2 {
					s.Points[i] = r.points[i/2].ts - (base-casesFrom)/1e6
				}
			}
			c.Series = append(c.Series, s)
		}
		if points <= 40 {
			out = append(out, c)
		}
	}
	return out
}
