// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/logboom/logboom/logql"
)

// These tests ask the cases that are kept outside of the repository at the shell, as anybody can.

func corpus[T any](t *testing.T, name string) (cases []T) {
	t.Helper()
	dir := os.Getenv("LOGBOOM_CORPORA")
	if dir == "" {
		t.Skip("LOGBOOM_CORPORA is not set: the outside LogQL cases are left out")
	}
	f, err := os.Open(filepath.Join(dir, "logql", name))
	require.NoError(t, err)
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var c T
		require.NoError(t, json.Unmarshal(lines.Bytes(), &c))
		cases = append(cases, c)
	}
	require.NoError(t, lines.Err())
	return cases
}

func TestCorpusCheck(t *testing.T) {
	cases := corpus[struct {
		Query, Kind string
		Valid       bool
		Runnable    *bool
	}](t, "syntax.jsonl")
	var in bytes.Buffer
	for _, c := range cases {
		require.NoError(t, json.NewEncoder(&in).Encode(c.Query))
	}
	code, out, errOut := query(t, in.String(), "--check", "--jsonl")
	require.Zero(t, code, errOut)
	answers := bytes.Split(bytes.TrimSpace([]byte(out)), []byte("\n"))
	require.Len(t, answers, len(cases))
	for i, c := range cases {
		var v verdict
		require.NoError(t, json.Unmarshal(answers[i], &v))
		if c.Valid && c.Runnable != nil && !*c.Runnable {
			continue // it may be refused now or later
		}
		if v.Valid != c.Valid || (v.Valid && *v.Kind != c.Kind) || (!v.Valid && (v.Line == nil || *v.Line < 1 || *v.Col < 1)) {
			t.Errorf("%s: %s, want %t %s", c.Query, answers[i], c.Valid, c.Kind)
		}
	}
}

// corpusRecord is a line for --records.
type corpusRecord struct {
	TS       int64             `json:"ts_ns"`
	Labels   map[string]string `json:"labels"`
	Metadata map[string]string `json:"metadata,omitempty"`
	Line     string            `json:"line"`
}

// lokiResponse is what is read of an answer.
type lokiResponse struct {
	Status string
	Data   struct {
		ResultType string
		Result     json.RawMessage
	}
}

// ask asks records; failed says that the query was refused.
func ask(t *testing.T, records []corpusRecord, args ...string) (answer lokiResponse, failed bool) {
	t.Helper()
	var in bytes.Buffer
	for _, r := range records {
		require.NoError(t, json.NewEncoder(&in).Encode(r))
	}
	code, out, errOut := query(t, in.String(), append([]string{"--records", "-"}, args...)...)
	if code != 0 {
		require.Equal(t, 2, code, errOut)
		return answer, true
	}
	require.NoError(t, json.Unmarshal([]byte(out), &answer))
	require.Equal(t, "success", answer.Status)
	return answer, false
}

func TestCorpusRecords(t *testing.T) {
	for _, c := range corpus[struct {
		ID, Query, Line    string
		Labels             map[string]string
		StructuredMetadata map[string]string `json:"structured_metadata"`
		TS                 int64             `json:"ts_ns"`
		Kept               bool
		ExpectLine         string            `json:"expect_line"`
		ExpectLabels       map[string]string `json:"expect_labels"`
	}](t, "pipeline.jsonl") {
		// A label to select by, which is taken out of the answer again.
		labels := map[string]string{"the_case": "1"}
		maps.Copy(labels, c.Labels)
		a, failed := ask(t, []corpusRecord{{c.TS, labels, c.StructuredMetadata, c.Line}}, `{the_case="1"} `+c.Query)
		var streams []lokiStream
		if !failed {
			require.NoError(t, json.Unmarshal(a.Data.Result, &streams))
		}
		switch {
		case failed || a.Data.ResultType != "streams" || len(streams) > 1 || c.Kept != (len(streams) == 1):
			t.Errorf("%s %s: %s, want kept %t", c.ID, c.Query, a.Data.Result, c.Kept)
		case c.Kept:
			got := streams[0].Stream
			delete(got, "the_case")
			for _, ls := range []map[string]string{got, c.ExpectLabels} {
				if ls["__error_details__"] != "" {
					ls["__error_details__"] = "in other words"
				}
			}
			if want := [2]string{strconv.FormatInt(c.TS, 10), c.ExpectLine}; !maps.Equal(got, c.ExpectLabels) || streams[0].Values[0] != want {
				t.Errorf("%s %s: %v %q, want %v %q", c.ID, c.Query, got, streams[0].Values, c.ExpectLabels, want)
			}
		}
	}
}

// corpusValue is a number, one of the strings NaN, +Inf and -Inf, or null for no value; in nine digits.
type corpusValue string

func (v *corpusValue) UnmarshalJSON(b []byte) error {
	*v = "-"
	if string(b) == "null" {
		return nil
	}
	f, err := strconv.ParseFloat(string(bytes.Trim(b, `"`)), 64)
	*v = corpusValue(fmt.Sprintf("%.9g", f))
	return err
}

// corpusTimes says when to evaluate, in seconds.
type corpusTimes struct {
	Type  string
	At    float64 `json:"at_s"`
	Start float64 `json:"start_s"`
	End   float64 `json:"end_s"`
	Step  float64 `json:"step_s"`
}

func (c corpusTimes) flags() []string {
	ns := func(s float64) string { return strconv.FormatInt(int64(math.Round(s*1e9)), 10) }
	if c.Type == "instant" {
		return []string{"--at", ns(c.At)}
	}
	return []string{"--start", ns(c.Start), "--end", ns(c.End), "--step", strconv.FormatFloat(c.Step, 'f', -1, 64) + "s"}
}

func TestCorpusMetrics(t *testing.T) {
	records := map[string][]corpusRecord{}
	for _, d := range corpus[struct {
		Scenario string
		Entries  []struct {
			corpusRecord
			TS float64 `json:"t_s"`
		}
	}](t, "metric_data.jsonl") {
		for _, e := range d.Entries {
			e.corpusRecord.TS = int64(math.Round(e.TS * 1e9))
			records[d.Scenario] = append(records[d.Scenario], e.corpusRecord)
		}
	}
	for _, c := range corpus[struct {
		ID, Scenario, Query string
		Eval                corpusTimes
		Expect              struct {
			Kind    string
			Ordered bool
			Value   corpusValue
			Series  []struct {
				Labels map[string]string
				Value  *corpusValue
				Points []corpusValue
			}
		}
	}](t, "metric.jsonl") {
		a, failed := ask(t, records[c.Scenario], append(c.Eval.flags(), c.Query)...)
		if failed || c.Expect.Kind == "fail" {
			if failed != (c.Expect.Kind == "fail") {
				t.Errorf("%s %s: refused %t", c.ID, c.Query, failed)
			}
			continue
		}
		var want, got []string
		for _, s := range c.Expect.Series {
			if s.Value != nil {
				s.Points = []corpusValue{*s.Value}
			}
			want = append(want, fmt.Sprint(logql.LabelsOf(s.Labels), s.Points))
		}
		if c.Expect.Kind == "scalar" {
			want = []string{fmt.Sprint([]corpusValue{c.Expect.Value})}
		}
		got = a.points(t, c.Eval)
		if !c.Expect.Ordered {
			slices.Sort(want)
			slices.Sort(got)
		}
		if !slices.Equal(got, want) || (c.Expect.Kind != "empty" && a.Data.ResultType != c.Expect.Kind) {
			t.Errorf("%s %s: %s %v, want %s %v", c.ID, c.Query, a.Data.ResultType, got, c.Expect.Kind, want)
		}
	}
}

// points prints the series of an answer, each with a value or a dash for every step.
func (a *lokiResponse) points(t *testing.T, times corpusTimes) (out []string) {
	t.Helper()
	if a.Data.ResultType == "scalar" {
		var p [2]corpusValue
		require.NoError(t, json.Unmarshal(a.Data.Result, &p))
		return []string{fmt.Sprint(p[1:])}
	}
	var series []struct {
		Metric map[string]string
		Value  *[2]corpusValue
		Values [][2]corpusValue
	}
	require.NoError(t, json.Unmarshal(a.Data.Result, &series))
	for _, s := range series {
		steps, first, step := 1, times.At, 1.0
		if s.Value != nil {
			s.Values = append(s.Values, *s.Value)
		} else {
			steps, first, step = int((times.End-times.Start)/times.Step)+1, times.Start, times.Step
		}
		at := map[string]corpusValue{}
		for _, v := range s.Values {
			at[string(v[0])] = v[1]
		}
		points := make([]corpusValue, steps)
		for i := range points {
			points[i] = "-"
			if v, ok := at[fmt.Sprintf("%.9g", first+float64(i)*step)]; ok {
				points[i] = v
			}
		}
		out = append(out, fmt.Sprint(logql.LabelsOf(s.Metric), points))
	}
	return out
}
