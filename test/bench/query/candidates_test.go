// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package query

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/logboom/logboom/test/bench/internal/rig"
)

// served is the shipped binary.
type served struct{ *rig.Served }

func (*served) name() string { return "Logboom" }

func (s *served) ask(q *query) (a answer, took time.Duration, ok bool, err error) {
	body, took, err := s.Get(q.path, q.params)
	if err == nil {
		a, err = q.read(body)
	}
	return a, took, true, err
}

// cached is the shipped binary that keeps the results of metric queries over a range; it is asked only those.
type cached struct{ served }

func (*cached) name() string { return "again" }

func (c *cached) ask(q *query) (a answer, took time.Duration, ok bool, err error) {
	if q.shape != samples || q.path != rangePath {
		return a, 0, false, nil
	}
	return c.served.ask(q)
}

// checked reports whether the data says what the answer must be.
func (q *query) checked() bool { return q.shape != counted || q.want.count > 0 }

// value is a number or a string with one.
func value(b json.RawMessage) float64 {
	f, err := strconv.ParseFloat(strings.Trim(string(b), `"`), 64)
	if err != nil {
		return -1
	}
	return f
}

// read reads the answer of the API.
func (q *query) read(body []byte) (a answer, err error) {
	var parsed struct {
		Warnings []string
		Data     json.RawMessage
		Fields   []json.RawMessage
	}
	if err := json.Unmarshal(body, &parsed); err != nil {
		return a, fmt.Errorf("decode answer: %w", err)
	}
	if len(parsed.Warnings) > 0 {
		return a, fmt.Errorf("partial answer: %s", strings.Join(parsed.Warnings, "; "))
	}
	if q.shape == names || (q.shape == counted && bytes.HasPrefix(parsed.Data, []byte("["))) {
		var items []json.RawMessage
		err := json.Unmarshal(parsed.Data, &items)
		return answer{count: len(items)}, err
	}
	if q.shape == counted && parsed.Data == nil {
		return answer{count: len(parsed.Fields)}, nil
	}
	var data struct {
		Result []struct {
			Metric map[string]string
			Value  []json.RawMessage
			Values [][]json.RawMessage
		}
	}
	if err := json.Unmarshal(parsed.Data, &data); err != nil {
		return a, fmt.Errorf("decode answer: %w", err)
	}
	if q.shape == counted {
		return answer{count: len(data.Result)}, nil
	}
	if q.shape == samples {
		a.cells = map[string]float64{}
	}
	for _, r := range data.Result {
		if q.shape == streams {
			for _, v := range r.Values {
				t, err := strconv.ParseInt(strings.Trim(string(v[0]), `"`), 10, 64)
				if err != nil {
					return a, fmt.Errorf("decode time: %w", err)
				}
				if a.count++; a.oldest == 0 || t < a.oldest {
					a.oldest = t
				}
			}
			continue
		}
		var labels []string
		for _, name := range q.labels {
			labels = append(labels, r.Metric[name])
		}
		if r.Value != nil {
			a.cells[cell(0, labels...)] += value(r.Value[1])
		}
		for _, v := range r.Values {
			a.cells[cell(int64(value(v[0])), labels...)] += value(v[1])
		}
	}
	return a, nil
}

// duckdb is DuckDB on the same objects.
type duckdb struct{ *rig.DuckDB }

func (*duckdb) name() string { return "DuckDB" }

func (d *duckdb) ask(q *query) (a answer, took time.Duration, ok bool, err error) {
	if q.sql == "" {
		return a, 0, false, nil
	}
	rows, took, err := d.Run(q.sql)
	if err != nil {
		return a, took, false, err
	}
	switch q.shape {
	case streams:
		for _, row := range rows {
			t, err := strconv.ParseInt(fmt.Sprint(row["t"]), 10, 64)
			if err != nil {
				return a, took, true, fmt.Errorf("decode time: %w", err)
			}
			if a.count++; a.oldest == 0 || t < a.oldest {
				a.oldest = t
			}
		}
	case samples:
		a.cells = map[string]float64{}
		for _, row := range rows {
			var labels []string
			for _, name := range q.labels {
				label := fmt.Sprint(row[name])
				if name == "detected_level" {
					n, _ := strconv.Atoi(label)
					label = level(n)
				}
				labels = append(labels, label)
			}
			t, _ := strconv.ParseInt(fmt.Sprint(row["t"]), 10, 64)
			v, err := strconv.ParseFloat(fmt.Sprint(row["v"]), 64)
			if err != nil {
				return a, took, true, fmt.Errorf("decode value: %w", err)
			}
			a.cells[cell(t, labels...)] += v
		}
	case names, counted:
		a.count = len(rows)
	}
	return a, took, true, nil
}
