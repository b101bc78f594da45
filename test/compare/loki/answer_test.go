// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package loki

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/logboom/logboom/logql"
)

// answer is what a query gives, in a form that can be compared.
type answer struct {
	status int    // of an error, else 0
	err    string // of an error
	kind   string
	rows   []row
}

// row is an entry (with its line) or a series (with its points).
type row struct {
	labels string // sorted, as text
	set    map[string]string
	ts     int64 // of an entry
	line   string
	points []point
}

type point struct {
	ts int64 // ms
	v  float64
}

func labelText(m map[string]string) string {
	var b strings.Builder
	for _, k := range slices.Sorted(maps.Keys(m)) {
		v := m[k]
		if k == "__error_details__" {
			v = "…" // its words are each program's own
		}
		if k == "" {
			continue // no name for a label; Loki's answers cannot be read with it
		}
		fmt.Fprintf(&b, "%s=%q ", k, v)
	}
	return b.String()
}

func decodeAnswer(body []byte) (*answer, error) {
	var raw struct {
		Status string
		Data   struct {
			ResultType string
			Result     json.RawMessage
		}
	}
	if err := json.Unmarshal(body, &raw); err != nil {
		return nil, fmt.Errorf("decode answer %.200q: %w", body, err)
	}
	a := &answer{kind: raw.Data.ResultType}
	switch a.kind {
	case "streams":
		var list []struct {
			Stream map[string]string
			Values [][]json.RawMessage
		}
		if err := json.Unmarshal(raw.Data.Result, &list); err != nil {
			return nil, fmt.Errorf("decode streams: %w", err)
		}
		for _, s := range list {
			for _, v := range s.Values {
				var ts, line string
				if err := json.Unmarshal(v[0], &ts); err != nil {
					return nil, err
				}
				if err := json.Unmarshal(v[1], &line); err != nil {
					return nil, err
				}
				n, err := strconv.ParseInt(ts, 10, 64)
				if err != nil {
					return nil, err
				}
				a.rows = append(a.rows, row{labels: labelText(s.Stream), ts: n, line: line})
			}
		}
	case "scalar":
		p, err := decodePoint(raw.Data.Result)
		if err != nil {
			return nil, err
		}
		p.ts = 0 // Loki's is none
		a.rows = []row{{points: []point{p}}}
	default:
		var list []struct {
			Metric map[string]string
			Value  json.RawMessage
			Values []json.RawMessage
		}
		if err := json.Unmarshal(raw.Data.Result, &list); err != nil {
			return nil, fmt.Errorf("decode series: %w", err)
		}
		for _, s := range list {
			if s.Value != nil {
				s.Values = append(s.Values, s.Value)
			}
			r := row{labels: labelText(s.Metric)}
			for _, v := range s.Values {
				p, err := decodePoint(v)
				if err != nil {
					return nil, err
				}
				r.points = append(r.points, p)
			}
			a.rows = append(a.rows, r)
		}
	}
	return a, nil
}

func decodePoint(raw json.RawMessage) (point, error) {
	var pair [2]json.RawMessage
	if err := json.Unmarshal(raw, &pair); err != nil {
		return point{}, fmt.Errorf("decode point %s: %w", raw, err)
	}
	seconds, err := strconv.ParseFloat(string(pair[0]), 64)
	if err != nil {
		return point{}, fmt.Errorf("decode time %s: %w", raw, err)
	}
	v, err := strconv.ParseFloat(strings.Trim(string(pair[1]), `"`), 64)
	if err != nil {
		return point{}, fmt.Errorf("decode value %s: %w", raw, err)
	}
	return point{int64(math.Round(seconds * 1000)), v}, nil
}

// engineAnswer is the same of a result of the logql package.
func engineAnswer(r *logql.Result) *answer {
	a := &answer{kind: string(r.Type)}
	for _, s := range r.Streams {
		labels := labelText(s.Labels.Map())
		for _, e := range s.Entries {
			a.rows = append(a.rows, row{labels: labels, set: s.Labels.Map(), ts: e.Timestamp, line: strings.ToValidUTF8(e.Line, "\uFFFD")})
		}
	}
	for _, s := range r.Series {
		out := row{labels: labelText(s.Labels.Map()), set: s.Labels.Map()}
		for _, p := range s.Points {
			out.points = append(out.points, point{p.T / 1e6, p.V})
		}
		a.rows = append(a.rows, out)
	}
	if r.Type == logql.TypeScalar {
		a.rows = []row{{points: []point{{0, r.Scalar.V}}}}
	}
	return a
}

// differ says how two answers differ, in one line for each row that does; empty: not at all.
func differ(want, got *answer) []string {
	switch {
	case want.err != "" && got.err != "":
		return nil
	case want.err != "":
		return []string{fmt.Sprintf("Loki refuses (%d %.300s), ours has %d rows", want.status, want.err, len(got.rows))}
	case got.err != "":
		return []string{fmt.Sprintf("Loki has %d rows, ours refuses: %.300s", len(want.rows), got.err)}
	case want.kind != got.kind && len(want.rows)+len(got.rows) > 0:
		return []string{fmt.Sprintf("Loki says %s, ours %s", want.kind, got.kind)}
	}
	w, g := slices.Clone(want.rows), slices.Clone(got.rows)
	slices.SortFunc(w, compareRows)
	slices.SortFunc(g, compareRows)
	var out []string
	for len(w) > 0 || len(g) > 0 {
		var c int
		switch {
		case len(w) == 0:
			c = 1
		case len(g) == 0:
			c = -1
		default:
			c = compareKeys(w[0], g[0])
		}
		switch {
		case c < 0:
			out = append(out, "only Loki: "+w[0].text())
			w = w[1:]
		case c > 0:
			out = append(out, "only ours: "+g[0].text())
			g = g[1:]
		default:
			if !sameRow(w[0], g[0]) {
				out = append(out, "Loki: "+w[0].text()+"\n      ours: "+g[0].text())
			}
			w, g = w[1:], g[1:]
		}
	}
	return out
}

func compareKeys(a, b row) int {
	if a.ts != b.ts {
		if a.ts < b.ts {
			return -1
		}
		return 1
	}
	if a.ts != 0 { // an entry: its time tells it
		return 0
	}
	return strings.Compare(a.labels, b.labels)
}

func compareRows(a, b row) int {
	if c := compareKeys(a, b); c != 0 {
		return c
	}
	return strings.Compare(a.labels, b.labels)
}

func sameRow(a, b row) bool {
	return a.labels == b.labels && a.line == b.line && slices.EqualFunc(a.points, b.points, func(a, b point) bool {
		return a.ts == b.ts && sameNumber(a.v, b.v)
	})
}

func formatValue(v float64) string { return strconv.FormatFloat(v, 'g', 12, 64) }

func sameNumber(a, b float64) bool {
	if math.IsNaN(a) || math.IsNaN(b) {
		return math.IsNaN(a) && math.IsNaN(b)
	}
	return a == b || math.Abs(a-b) <= 1e-9*math.Max(1, math.Max(math.Abs(a), math.Abs(b)))
}

func (r row) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "{%s}", r.labels)
	if r.ts != 0 {
		fmt.Fprintf(&b, " %d %q", r.ts, r.line)
	}
	for _, p := range r.points {
		fmt.Fprintf(&b, " %d:%v", p.ts, p.v)
	}
	return b.String()
}

// valuesOnly forgets which series the values belong to: among equal ones topk may choose any.
func (a *answer) valuesOnly() *answer {
	out := &answer{status: a.status, err: a.err, kind: a.kind}
	byTime := map[int64][]float64{}
	for _, r := range a.rows {
		for _, p := range r.points {
			byTime[p.ts] = append(byTime[p.ts], p.v)
		}
	}
	for ts, values := range byTime {
		slices.Sort(values)
		for i, v := range values {
			out.rows = append(out.rows, row{labels: fmt.Sprintf("%d %d", ts, i), points: []point{{ts, v}}})
		}
	}
	return out
}
