// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package search

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/logboom/logboom/archive"
	"github.com/logboom/logboom/internal/bucket"
	"github.com/logboom/logboom/test/bench/internal/rig"
)

// served is the shipped binary with archive_query.
type served struct{ *rig.Served }

func (s served) name() string  { return "Logboom" }
func (s served) dir() string   { return s.Archive }
func (s served) start() error  { return s.Start() }
func (s served) stop()         { s.Stop() }
func (s served) memory() int64 { return s.Memory() }
func (s served) process() int  { return s.PID() }

func (s served) ask(q *query) (a answer, took time.Duration, err error) {
	path, params := "/loki/api/v1/query", url.Values{"query": {q.logQL()}, "time": {strconv.FormatInt(q.end-1, 10)}}
	if q.kind == lines {
		path, params = "/loki/api/v1/query_range", url.Values{
			"query": {q.logQL()}, "limit": {strconv.Itoa(q.limit)}, "direction": {"backward"},
			"start": {strconv.FormatInt(q.start, 10)}, "end": {strconv.FormatInt(q.end, 10)},
		}
	}
	body, took, err := s.Get(path, params)
	if err != nil {
		return a, took, err
	}
	var parsed struct {
		Warnings []string `json:"warnings"`
		Data     struct {
			Result []struct {
				Metric map[string]string   `json:"metric"`
				Value  [2]json.RawMessage  `json:"value"`
				Values [][]json.RawMessage `json:"values"`
			} `json:"result"`
		} `json:"data"`
	}
	if err := json.Unmarshal(body, &parsed); err != nil {
		return a, took, fmt.Errorf("decode answer: %w", err)
	}
	if len(parsed.Warnings) > 0 {
		return a, took, fmt.Errorf("partial answer: %s", strings.Join(parsed.Warnings, "; "))
	}
	a.oldest = math.MaxInt64
	for _, r := range parsed.Data.Result {
		n := 0
		if r.Value[1] != nil {
			f, err := strconv.ParseFloat(strings.Trim(string(r.Value[1]), `"`), 64)
			if err != nil {
				return a, took, fmt.Errorf("decode value: %w", err)
			}
			n = int(f)
		}
		a.count += n + len(r.Values)
		for _, v := range r.Values {
			ts, err := strconv.ParseInt(strings.Trim(string(v[0]), `"`), 10, 64)
			if err != nil {
				return a, took, fmt.Errorf("decode time: %w", err)
			}
			a.oldest = min(a.oldest, ts/1000)
		}
		if q.kind == byServiceAndLevel {
			if a.cells == nil {
				a.cells = map[[2]string]int{}
			}
			a.cells[[2]string{r.Metric["service_name"], r.Metric["detected_level"]}] += n
		}
	}
	if a.oldest == math.MaxInt64 {
		a.oldest = 0
	}
	return a, took, nil
}

// library is the archive package in this process.
type library struct {
	archive string
	bucket  archive.Bucket
	reader  *archive.Reader
	stats   map[string]archive.ScanStats // by query, of the last time
}

func (l *library) name() string { return "Go reader" }
func (l *library) dir() string  { return l.archive }

func (l *library) start() (err error) {
	if l.stats == nil {
		l.stats = map[string]archive.ScanStats{}
	}
	if l.bucket, err = bucket.Open(context.Background(), bucket.Config{URL: "file://" + l.archive}); err != nil {
		return err
	}
	l.reader, err = archive.Open(context.Background(), l.bucket, archive.ReaderOptions{})
	return err
}

func (l *library) stop() {
	if l.bucket != nil {
		_ = l.bucket.Close()
	}
	l.bucket, l.reader = nil, nil
}

func (l *library) memory() int64 { return 0 }

func (l *library) process() int { return os.Getpid() }

func (l *library) ask(q *query) (a answer, took time.Duration, err error) {
	ctx := context.Background()
	began := time.Now()
	var stats archive.ScanStats
	switch q.kind {
	case lines:
		stats, err = l.reader.Snapshot().Scan(ctx, q.request(), func(r *archive.Record) error {
			a.count++
			a.oldest = r.Timestamp / 1000
			return nil
		})
	case count, byServiceAndLevel:
		var rows []archive.CountRow
		rows, stats, err = l.reader.Snapshot().Count(ctx, archive.CountRequest{ScanRequest: q.request(), BySeverity: q.kind == byServiceAndLevel})
		for _, r := range rows {
			a.count += int(r.Rows)
			if q.kind == byServiceAndLevel {
				if a.cells == nil {
					a.cells = map[[2]string]int{}
				}
				a.cells[[2]string{r.Service, level(int(r.SeverityNumber))}] += int(r.Rows)
			}
		}
	}
	took = time.Since(began)
	l.stats[q.name] = stats
	if err == nil && stats.Partial() {
		err = fmt.Errorf("partial answer: %w", stats.Errors[0])
	}
	return a, took, err
}
