// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/logboom/logboom/logql"
)

func (o *queryOptions) printLog(ctx context.Context, src logql.Source, e *logql.LogExpr, w *bufio.Writer) (logql.Stats, error) {
	return logql.Each(ctx, src, e, o.logParams(), func(ts int64, labels logql.Labels, line string) error {
		return o.printLine(w, ts, labels, line)
	})
}

func (o *queryOptions) printLine(w *bufio.Writer, ts int64, labels logql.Labels, line string) error {
	var err error
	switch o.output {
	case outputRaw:
		_, err = w.WriteString(line + "\n")
	case outputJSONL:
		var b []byte
		b, err = json.Marshal(struct {
			Timestamp string            `json:"timestamp"`
			Labels    map[string]string `json:"labels"`
			Line      string            `json:"line"`
		}{formatTime(ts), labels.Map(), line})
		if err == nil {
			_, err = w.Write(append(b, '\n'))
		}
	default:
		if o.stdin {
			_, err = fmt.Fprintf(w, "%s %s\n", labels, line)
		} else {
			_, err = fmt.Fprintf(w, "%s %s %s\n", formatTime(ts), labels, line)
		}
	}
	return err
}

func formatTime(ns int64) string { return time.Unix(0, ns).UTC().Format(time.RFC3339Nano) }

// metricParams are those of a metric query. Lines of standard input are read into memory for it.
func (o *queryOptions) metricParams(src logql.Source) (logql.Params, error) {
	p := logql.Params{Start: o.endNS, End: o.endNS, Limits: o.limits()}
	if s, ok := src.(*lineSource); ok {
		if err := s.keep(o.memoryBytes()); err != nil {
			return p, err
		}
		p.Start, p.End = s.now, s.now
		return p, nil
	}
	switch {
	case o.stepNS > 0:
		p.Start, p.Step = o.startNS, o.stepNS
	case o.records != "":
		p.Start, p.End = o.metricNS, o.metricNS
	}
	return p, nil
}

func (o *queryOptions) limits() logql.Limits {
	return logql.Limits{MaxSeries: 100_000, MaxMemoryBytes: o.memoryBytes()}
}

func (o *queryOptions) logParams() logql.Params {
	return logql.Params{Start: o.startNS, End: o.endNS, Descending: !o.forward, Limit: o.limit, Limits: o.limits()}
}

func (o *queryOptions) printMetric(ctx context.Context, src logql.Source, e logql.Expr, w *bufio.Writer) (logql.Stats, error) {
	p, err := o.metricParams(src)
	if err != nil {
		return logql.Stats{}, err
	}
	res, err := logql.Eval(ctx, src, e, p)
	if err != nil {
		return logql.Stats{}, err
	}
	if res.Type == logql.TypeScalar {
		res.Series = []logql.Series{{Labels: logql.Labels{}, Points: []logql.Point{res.Scalar}}}
	}
	for _, s := range res.Series {
		for _, pt := range s.Points {
			if err := o.printSample(w, s.Labels, pt); err != nil {
				return res.Stats, err
			}
		}
	}
	return res.Stats, nil
}

func (o *queryOptions) printSample(w *bufio.Writer, labels logql.Labels, p logql.Point) error {
	v := strconv.FormatFloat(p.V, 'g', -1, 64)
	var err error
	switch o.output {
	case outputRaw:
		_, err = w.WriteString(v + "\n")
	case outputJSONL:
		var b []byte
		b, err = json.Marshal(struct {
			Timestamp string            `json:"timestamp"`
			Metric    map[string]string `json:"metric"`
			Value     string            `json:"value"` // a string: NaN and Inf are values
		}{formatTime(p.T), labels.Map(), v})
		if err == nil {
			_, err = w.Write(append(b, '\n'))
		}
	default:
		_, err = fmt.Fprintf(w, "%s %s %s\n", formatTime(p.T), labels, v)
	}
	return err
}
