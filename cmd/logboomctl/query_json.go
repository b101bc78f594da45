// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"strconv"

	"github.com/logboom/logboom/logql"
)

// The answer of the Loki HTTP API, without statistics.
type (
	lokiAnswer struct {
		Status string   `json:"status"`
		Data   lokiData `json:"data"`
	}
	lokiData struct {
		Type   logql.ResultType `json:"resultType"`
		Result any              `json:"result"`
	}
	lokiStream struct {
		Stream map[string]string `json:"stream"`
		Values [][2]string       `json:"values"` // time in ns, line
	}
	lokiSeries struct {
		Metric map[string]string `json:"metric"`
		Value  *lokiPoint        `json:"value,omitempty"`
		Values []lokiPoint       `json:"values,omitempty"`
	}
	// lokiPoint is the time in seconds, to the millisecond, and the value as a string, because NaN and Inf are values.
	lokiPoint [2]any
)

// printJSON prints the answer as a whole. Streams have all labels after the pipeline.
func (o *queryOptions) printJSON(ctx context.Context, src logql.Source, e logql.Expr, w *bufio.Writer) (logql.Stats, error) {
	p := o.logParams()
	if _, isLog := e.(*logql.LogExpr); !isLog {
		var err error
		if p, err = o.metricParams(src); err != nil {
			return logql.Stats{}, err
		}
	}
	res, err := logql.Eval(ctx, src, e, p)
	if err != nil {
		return logql.Stats{}, err
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return res.Stats, enc.Encode(lokiAnswer{"success", lokiResult(res, p.Step > 0)})
}

// lokiResult gives a range of one step the shape of a range.
func lokiResult(res *logql.Result, isRange bool) lokiData {
	switch res.Type {
	case logql.TypeStreams:
		out := make([]lokiStream, len(res.Streams))
		for i, s := range res.Streams {
			out[i] = lokiStream{s.Labels.Map(), make([][2]string, len(s.Entries))}
			for j := range s.Entries {
				out[i].Values[j] = [2]string{strconv.FormatInt(s.Entries[j].Timestamp, 10), s.Entries[j].Line}
			}
		}
		return lokiData{res.Type, out}
	case logql.TypeScalar:
		if !isRange {
			return lokiData{res.Type, lokiPointOf(res.Scalar)}
		}
		res.Series = []logql.Series{{Points: []logql.Point{res.Scalar}}}
	}
	out := make([]lokiSeries, len(res.Series))
	for i, s := range res.Series {
		out[i].Metric = s.Labels.Map()
		if res.Type == logql.TypeVector && !isRange {
			p := lokiPointOf(s.Points[0])
			out[i].Value = &p
			continue
		}
		for _, p := range s.Points {
			out[i].Values = append(out[i].Values, lokiPointOf(p))
		}
	}
	if isRange {
		return lokiData{logql.TypeMatrix, out}
	}
	return lokiData{res.Type, out}
}

func lokiPointOf(p logql.Point) lokiPoint {
	return lokiPoint{float64(p.T/1e6) / 1e3, strconv.FormatFloat(p.V, 'f', -1, 64)}
}
