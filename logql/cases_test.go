// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package logql

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The cases in testdata/cases are the project's own: queries, records and what comes of them, on which a real Loki agreed
// when they were written (test/compare/loki, TestWriteCases).

func ownCases[T any](t *testing.T, name string, atLeast int) []T {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", "cases", name))
	require.NoError(t, err)
	defer f.Close()
	var out []T
	sc := bufio.NewScanner(f)
	sc.Buffer(nil, 1<<20)
	for sc.Scan() {
		var v T
		require.NoError(t, json.Unmarshal(sc.Bytes(), &v))
		out = append(out, v)
	}
	require.NoError(t, sc.Err())
	require.GreaterOrEqual(t, len(out), atLeast, "cases of %s", name)
	return out
}

type caseRecord struct {
	TS               int64
	Labels, Metadata map[string]string
	Line             string
}

func (r caseRecord) entry() Entry {
	return Entry{Timestamp: r.TS, Line: r.Line, Stream: LabelsOf(r.Labels), Metadata: LabelsOf(r.Metadata)}
}

func TestOwnSyntax(t *testing.T) {
	for _, c := range ownCases[struct {
		Query, Kind, Canonical string
		Line, Col              int
	}](t, "syntax.jsonl", 2500) {
		e, err := Parse(c.Query)
		if c.Kind == "" {
			var p *ParseError
			if !errors.As(err, &p) {
				t.Errorf("%q: must not parse, got %v", c.Query, e)
			} else if p.Pos.Line != c.Line || p.Pos.Col != c.Col {
				t.Errorf("%q: mistake at %d:%d, want %d:%d", c.Query, p.Pos.Line, p.Pos.Col, c.Line, c.Col)
			}
			continue
		}
		if err != nil {
			t.Errorf("%q: %v", c.Query, err)
			continue
		}
		if _, isLog := e.(*LogExpr); e.String() != c.Canonical || isLog != (c.Kind == "log") {
			t.Errorf("%q: %s, want %s %s", c.Query, e, c.Kind, c.Canonical)
		}
		if again, err := Parse(e.String()); err != nil || again.String() != c.Canonical {
			t.Errorf("%q: its canonical text %s: %v %v", c.Query, c.Canonical, again, err)
		}
	}
}

func TestOwnPipelines(t *testing.T) {
	for _, c := range ownCases[struct {
		Query  string
		Record caseRecord
		Line   *string
		Labels map[string]string
	}](t, "pipeline.jsonl", 1500) {
		e, err := ParsePipeline(c.Query)
		if err != nil {
			t.Errorf("%s: %v", c.Query, err)
			continue
		}
		res, err := Eval(context.Background(), NewMemory([]Entry{c.Record.entry()}), e, Params{Start: math.MinInt64, End: math.MaxInt64})
		if err != nil {
			t.Errorf("%s: %v", c.Query, err)
			continue
		}
		got, want := "dropped", "dropped"
		if len(res.Streams) > 0 {
			got = fmt.Sprintf("%q %v", res.Streams[0].Entries[0].Line, withoutDetails(res.Streams[0].Labels.Map()))
		}
		if c.Line != nil {
			want = fmt.Sprintf("%q %v", *c.Line, withoutDetails(c.Labels))
		}
		if got != want {
			t.Errorf("%s on %q: %s, want %s", c.Query, c.Record.Line, got, want)
		}
	}
}

// withoutDetails leaves only that there are details of an error: their words may change.
func withoutDetails(m map[string]string) map[string]string {
	if m[labelErrorDetails] != "" {
		m[labelErrorDetails] = "…"
	}
	return m
}

func TestOwnMetrics(t *testing.T) {
	var entries []Entry
	for _, r := range ownCases[caseRecord](t, "metric_data.jsonl", 100) {
		entries = append(entries, r.entry())
	}
	src := NewMemory(entries)
	for _, c := range ownCases[struct {
		Query            string
		Start, End, Step int64
		Fails            bool
		Type             ResultType
		Series           []struct {
			Labels map[string]string
			Points []any
		}
	}](t, "metric.jsonl", 1000) {
		e, err := Parse(c.Query)
		var res *Result
		if err == nil {
			p := Params{Start: c.Start, End: c.End, Step: time.Duration(c.Step)}
			if c.Step == 0 {
				p.Start = p.End
			}
			res, err = Eval(context.Background(), src, e, p)
		}
		if c.Fails || err != nil {
			if !c.Fails || err == nil {
				t.Errorf("%s: fails %v: %v", c.Query, c.Fails, err)
			}
			continue
		}
		if res.Type == TypeScalar {
			res.Series = []Series{{Labels: Labels{}, Points: []Point{{0, res.Scalar.V}}}}
		}
		if res.Type != c.Type || len(res.Series) != len(c.Series) {
			t.Errorf("%s: %s of %d series, want %s of %d", c.Query, res.Type, len(res.Series), c.Type, len(c.Series))
			continue
		}
		want := map[string][]any{}
		for _, s := range c.Series {
			want[LabelsOf(s.Labels).String()] = s.Points
		}
		for _, s := range res.Series {
			points := want[s.Labels.String()]
			same := len(points) == 2*len(s.Points)
			for i := 0; same && i < len(s.Points); i++ {
				ms, _ := points[2*i].(float64)
				text, _ := points[2*i+1].(string)
				v, err := strconv.ParseFloat(text, 64)
				same = err == nil && int64(ms) == s.Points[i].T/1e6 && nearly(s.Points[i].V, v)
			}
			if !same {
				t.Errorf("%s: %v %v, want %v", c.Query, s.Labels, s.Points, points)
			}
		}
	}
}

func nearly(a, b float64) bool {
	return sameNumber(a, b) || math.Abs(a-b) <= 1e-9*math.Max(1, math.Abs(b))
}
