// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package logql

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// These tests run cases that are kept outside of the repository. They report the share that passes and hold
// a floor under it.

func loadCorpus[T any](t *testing.T, name string) []T {
	dir := os.Getenv("LOGBOOM_CORPORA")
	if dir == "" {
		t.Skip("LOGBOOM_CORPORA is not set: the outside LogQL cases are left out")
	}
	f, err := os.Open(filepath.Join(dir, "logql", name))
	require.NoError(t, err)
	defer f.Close()
	var out []T
	sc := bufio.NewScanner(f)
	sc.Buffer(nil, 16<<20)
	for sc.Scan() {
		var v T
		require.NoError(t, json.Unmarshal(sc.Bytes(), &v))
		out = append(out, v)
	}
	require.NoError(t, sc.Err())
	return out
}

// report prints what failed and holds the floor, in percent.
func report(t *testing.T, total int, failed []string, floor float64) {
	rate := 100 * float64(total-len(failed)) / float64(total)
	t.Logf("%d of %d cases pass (%.2f %%)", total-len(failed), total, rate)
	limit := 40
	if os.Getenv("LOGBOOM_CORPORA_ALL") != "" {
		limit = len(failed)
	}
	for i, f := range failed {
		if i == limit {
			t.Logf("… and %d more", len(failed)-i)
			break
		}
		t.Log(f)
	}
	require.GreaterOrEqual(t, rate, floor)
}

func TestCorpusSyntax(t *testing.T) {
	type c struct {
		ID, Query, Kind string
		Valid           bool
		Runnable        *bool
		ErrLine         int `json:"err_line"`
		ErrCol          int `json:"err_col"`
	}
	var failed []string
	cases := loadCorpus[c](t, "syntax.jsonl")
	for _, c := range cases {
		e, err := Parse(c.Query)
		switch {
		case c.Valid && err != nil:
			if c.Runnable == nil || *c.Runnable {
				failed = append(failed, fmt.Sprintf("%s %q: %v", c.ID, c.Query, err))
			}
		case !c.Valid && err == nil:
			failed = append(failed, fmt.Sprintf("%s %q: must not parse, got %s", c.ID, c.Query, e))
		case c.Valid:
			_, isLog := e.(*LogExpr)
			if isLog != (c.Kind == "log") {
				failed = append(failed, fmt.Sprintf("%s %q: kind", c.ID, c.Query))
			}
			again, err := Parse(e.String())
			if err != nil || again.String() != e.String() {
				failed = append(failed, fmt.Sprintf("%s %q: canonical %q: %v", c.ID, c.Query, e, err))
			}
		}
	}
	report(t, len(cases), failed, 100)
}

func TestCorpusPipeline(t *testing.T) {
	type c struct {
		ID, Query, Line    string
		Labels             map[string]string
		StructuredMetadata map[string]string `json:"structured_metadata"`
		TS                 int64             `json:"ts_ns"`
		Kept               bool
		ExpectLine         string            `json:"expect_line"`
		ExpectLabels       map[string]string `json:"expect_labels"`
	}
	var failed []string
	cases := loadCorpus[c](t, "pipeline.jsonl")
	for _, c := range cases {
		bad := func(format string, args ...any) {
			failed = append(failed, fmt.Sprintf("%s %s on %.120q %v: ", c.ID, c.Query, c.Line, c.Labels)+fmt.Sprintf(format, args...))
		}
		e, err := ParseLog(`{app="x"} ` + c.Query)
		if err != nil {
			bad("%v", err)
			continue
		}
		e.Matchers = nil
		res, err := Eval(context.Background(), NewMemory([]Entry{{
			Timestamp: c.TS, Line: c.Line, Stream: LabelsOf(c.Labels), Metadata: LabelsOf(c.StructuredMetadata),
		}}), e, Params{Start: math.MinInt64, End: math.MaxInt64})
		if err != nil {
			bad("%v", err)
			continue
		}
		if !c.Kept || len(res.Streams) == 0 {
			if c.Kept != (len(res.Streams) > 0) {
				bad("kept %t", !c.Kept)
			}
			continue
		}
		got := res.Streams[0].Labels.Map()
		_, has := got[labelErrorDetails]
		_, wants := c.ExpectLabels[labelErrorDetails]
		if has == wants {
			delete(got, labelErrorDetails)
			delete(c.ExpectLabels, labelErrorDetails)
		}
		if !maps.Equal(got, c.ExpectLabels) {
			bad("labels %v, want %v", got, c.ExpectLabels)
		} else if res.Streams[0].Entries[0].Line != c.ExpectLine {
			bad("line %q, want %q", res.Streams[0].Entries[0].Line, c.ExpectLine)
		}
	}
	report(t, len(cases), failed, 100)
}

// number reads a JSON number or one of the strings NaN, +Inf, -Inf; null is absent.
type number float64

func (n *number) UnmarshalJSON(b []byte) error {
	switch s := strings.Trim(string(b), `"`); s {
	case "null":
		*n = number(absent)
	case "NaN":
		*n = number(math.NaN())
	case "+Inf", "-Inf":
		*n = number(math.Inf(map[string]int{"+Inf": 1, "-Inf": -1}[s]))
	default:
		var f float64
		err := json.Unmarshal(b, &f)
		*n = number(f)
		return err
	}
	return nil
}

func sameNumber(a, b float64) bool {
	if math.IsNaN(a) || math.IsNaN(b) {
		return math.IsNaN(a) == math.IsNaN(b)
	}
	return a == b || math.Abs(a-b) <= 1e-9*math.Max(math.Abs(a), math.Abs(b))
}

func TestCorpusMetric(t *testing.T) {
	type data struct {
		Scenario string
		Entries  []struct {
			Labels, Metadata map[string]string
			Line             string
			TS               float64 `json:"t_s"`
		}
	}
	type c struct {
		ID, Scenario, Query string
		Eval                struct {
			Type                     string
			At, Start, End, Step     float64
			AtS, StartS, EndS, StepS float64
		}
		RawEval map[string]any `json:"-"`
		Expect  struct {
			Kind    string
			Ordered bool
			Value   *number
			Series  []struct {
				Labels map[string]string
				Value  *number
				Points []*number
			}
		}
	}
	type evalTimes struct {
		ID   string
		Eval struct {
			Type  string
			At    float64 `json:"at_s"`
			Start float64 `json:"start_s"`
			End   float64 `json:"end_s"`
			Step  float64 `json:"step_s"`
		}
	}
	sets := map[string]data{}
	for _, d := range loadCorpus[data](t, "metric_data.jsonl") {
		sets[d.Scenario] = d
	}
	cases := loadCorpus[c](t, "metric.jsonl")
	times := loadCorpus[evalTimes](t, "metric.jsonl")
	ns := func(s float64) int64 { return int64(math.Round(s * 1e9)) }
	var failed []string
	for i, c := range cases {
		bad := func(format string, args ...any) {
			failed = append(failed, fmt.Sprintf("%s %s: ", c.ID, c.Query)+fmt.Sprintf(format, args...))
		}
		var entries []Entry
		for _, e := range sets[c.Scenario].Entries {
			entries = append(entries, Entry{Timestamp: ns(e.TS), Line: e.Line, Stream: LabelsOf(e.Labels), Metadata: LabelsOf(e.Metadata)})
		}
		p := Params{Start: ns(times[i].Eval.Start), End: ns(times[i].Eval.End), Step: time.Duration(ns(times[i].Eval.Step))}
		if times[i].Eval.Type == "instant" {
			p.Start = ns(times[i].Eval.At)
			p.End = p.Start
		}
		e, err := Parse(c.Query)
		var res *Result
		if err == nil {
			res, err = Eval(context.Background(), NewMemory(entries), e, p)
		}
		if c.Expect.Kind == "fail" {
			if err == nil {
				bad("must fail, got %v %v", res.Type, res.Series)
			}
			continue
		}
		if err != nil {
			bad("%v", err)
			continue
		}
		if c.Expect.Kind == "scalar" {
			v := res.Scalar.V
			if res.Type != TypeScalar || !sameNumber(v, float64(*c.Expect.Value)) {
				bad("%v %v, want %v", res.Type, v, *c.Expect.Value)
			}
			continue
		}
		var got, want []string
		steps := int((p.End-p.Start)/max(int64(p.Step), 1)) + 1
		for _, s := range res.Series {
			line := s.Labels.String()
			k := 0
			for i := range steps {
				v := "_"
				if k < len(s.Points) && s.Points[k].T == p.Start+int64(i)*int64(p.Step) {
					v = fmt.Sprintf("%.9g", s.Points[k].V)
					k++
				}
				line += " " + v
			}
			got = append(got, line)
		}
		for _, s := range c.Expect.Series {
			line := LabelsOf(s.Labels).String()
			points := s.Points
			if s.Value != nil {
				points = []*number{s.Value}
			}
			for _, v := range points {
				if v == nil || isAbsent(float64(*v)) {
					line += " _"
				} else {
					line += fmt.Sprintf(" %.9g", float64(*v))
				}
			}
			want = append(want, line)
		}
		if !c.Expect.Ordered {
			slices.Sort(got)
			slices.Sort(want)
		}
		if !slices.Equal(got, want) {
			bad("got %v, want %v", got, want)
		}
	}
	report(t, len(cases), failed, 100)
}

func TestCorpusSample(t *testing.T) {
	type c struct {
		ID, Query, Line string
		Labels          map[string]string
		Kept            bool
		Value           float64
		Series          map[string]string
	}
	var failed []string
	cases := loadCorpus[c](t, "sample.jsonl")
	for _, c := range cases {
		bad := func(format string, args ...any) {
			failed = append(failed, fmt.Sprintf("%s %s: ", c.ID, c.Query)+fmt.Sprintf(format, args...))
		}
		e, err := Parse(c.Query)
		if err != nil {
			bad("%v", err)
			continue
		}
		inner := e
		for {
			v, ok := inner.(*VectorAggregation)
			if !ok {
				break
			}
			inner = v.Inner
		}
		scale := 1.0
		r, ok := inner.(*RangeAggregation)
		switch {
		case ok && r.Op == "rate":
			scale = r.Range.Interval.Seconds()
		case ok && r.Op == "absent_over_time":
			continue // its samples do not show in its answer
		}
		res, err := Eval(context.Background(), NewMemory([]Entry{{Timestamp: 1, Line: c.Line, Stream: LabelsOf(c.Labels)}}), e, Params{Start: 1, End: 1})
		if err != nil {
			bad("%v", err)
			continue
		}
		switch {
		case c.Kept != (len(res.Series) == 1):
			bad("kept %v", !c.Kept)
		case c.Kept && !sameNumber(res.Series[0].Points[0].V*scale, c.Value):
			bad("value %v, want %v", res.Series[0].Points[0].V*scale, c.Value)
		case c.Kept && !maps.Equal(res.Series[0].Labels.Map(), c.Series):
			bad("series %v, want %v", res.Series[0].Labels, c.Series)
		}
	}
	report(t, len(cases), failed, 100)
}
