// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Loki is a client of the Loki HTTP API, as small as a test wants it.
type Loki struct {
	URL string // http://host:port
}

// AllTime is a range for queries that covers every log there can be, when it is evaluated at [Future]: 1969 to 2109.
const AllTime = "140y"

// Future is when to evaluate a query over [AllTime].
var Future = time.Date(2109, 1, 1, 0, 0, 0, 0, time.UTC)

// Sample is one series of an instant query.
type Sample struct {
	Labels map[string]string
	Value  float64
}

// Entry is one line of a log query.
type Entry struct {
	Labels map[string]string // of its stream
	Time   time.Time
	Line   string
}

type lokiAnswer struct {
	Status string `json:"status"`
	Data   struct {
		ResultType string          `json:"resultType"`
		Result     json.RawMessage `json:"result"`
	} `json:"data"`
}

// Get asks for a path with parameters and returns the body of a 200.
func (l *Loki) Get(path string, params url.Values) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, l.URL+path+"?"+params.Encode(), http.NoBody)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, fmt.Errorf("get %s: %w", path, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, fmt.Errorf("read answer of %s: %w", path, err)
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("get %s: %s: %s", path, resp.Status, strings.TrimSpace(string(body)))
	}
	return body, nil
}

// Instant evaluates a metric query at a moment.
func (l *Loki) Instant(query string, at time.Time) ([]Sample, error) {
	body, err := l.Get("/loki/api/v1/query", url.Values{"query": {query}, "time": {strconv.FormatInt(at.UnixNano(), 10)}})
	if err != nil {
		return nil, err
	}
	var a lokiAnswer
	if err := json.Unmarshal(body, &a); err != nil {
		return nil, fmt.Errorf("decode answer: %w", err)
	}
	if a.Status != "success" || a.Data.ResultType != "vector" {
		return nil, fmt.Errorf("answer is %s %s, want success vector", a.Status, a.Data.ResultType)
	}
	var rows []struct {
		Metric map[string]string `json:"metric"`
		Value  [2]any            `json:"value"`
	}
	if err := json.Unmarshal(a.Data.Result, &rows); err != nil {
		return nil, fmt.Errorf("decode vector: %w", err)
	}
	out := make([]Sample, len(rows))
	for i, r := range rows {
		text, _ := r.Value[1].(string)
		v, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return nil, fmt.Errorf("value %v is not a number in a string", r.Value[1])
		}
		out[i] = Sample{Labels: r.Metric, Value: v}
	}
	return out, nil
}

// Count returns how many records a log query matches, over all time.
func (l *Loki) Count(query string) (int, error) {
	samples, err := l.Instant("sum(count_over_time("+query+"["+AllTime+"]))", Future)
	if err != nil || len(samples) == 0 {
		return 0, err
	}
	return int(samples[0].Value), nil
}

// WaitCount waits until a log query matches exactly n records, at most two minutes. More than n fails at once.
func (l *Loki) WaitCount(t testing.TB, n int, query string) {
	t.Helper()
	Eventually(t, 2*time.Minute, func() error {
		got, err := l.Count(query)
		if err != nil {
			return err
		}
		if got > n {
			t.Fatalf("%s counts %d records, want %d", query, got, n)
		}
		if got != n {
			return fmt.Errorf("%s counts %d records, want %d", query, got, n)
		}
		return nil
	})
}

// Range runs a log query over [start, end), newest first.
func (l *Loki) Range(query string, start, end time.Time, limit int) ([]Entry, error) {
	body, err := l.Get("/loki/api/v1/query_range", url.Values{
		"query": {query}, "limit": {strconv.Itoa(limit)}, "direction": {"backward"},
		"start": {strconv.FormatInt(start.UnixNano(), 10)}, "end": {strconv.FormatInt(end.UnixNano(), 10)},
	})
	if err != nil {
		return nil, err
	}
	var a lokiAnswer
	if err := json.Unmarshal(body, &a); err != nil {
		return nil, fmt.Errorf("decode answer: %w", err)
	}
	if a.Status != "success" || a.Data.ResultType != "streams" {
		return nil, fmt.Errorf("answer is %s %s, want success streams", a.Status, a.Data.ResultType)
	}
	var streams []struct {
		Stream map[string]string `json:"stream"`
		Values [][]any           `json:"values"`
	}
	if err := json.Unmarshal(a.Data.Result, &streams); err != nil {
		return nil, fmt.Errorf("decode streams: %w", err)
	}
	var out []Entry
	for _, s := range streams {
		for _, v := range s.Values {
			if len(v) < 2 {
				return nil, fmt.Errorf("entry has %d parts, want at least 2", len(v))
			}
			ns, err := strconv.ParseInt(fmt.Sprint(v[0]), 10, 64)
			if err != nil {
				return nil, fmt.Errorf("time %v is not nanoseconds", v[0])
			}
			out = append(out, Entry{Labels: s.Stream, Time: time.Unix(0, ns).UTC(), Line: fmt.Sprint(v[1])})
		}
	}
	return out, nil
}
