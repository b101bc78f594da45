// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivequeryextension

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/logboom/logboom/logql"
)

// categorizeLabels is the value of X-Loki-Response-Encoding-Flags that asks for structured metadata and parsed
// labels apart from the stream's.
const categorizeLabels = "categorize-labels"

func (c *call) categorize() bool {
	for _, flag := range strings.Split(c.r.Header.Get("X-Loki-Response-Encoding-Flags"), ",") {
		if strings.TrimSpace(flag) == categorizeLabels {
			return true
		}
	}
	return false
}

func (c *call) limits() logql.Limits {
	q := c.a.cfg.Query
	return logql.Limits{MaxSeries: q.MaxSeries, MaxMemoryBytes: q.memoryBytes()}
}

// query answers an instant query.
func (c *call) query() (answer, error) {
	e, err := logql.Parse(c.p.get("query"))
	if err != nil {
		return answer{}, err
	}
	if _, ok := e.(*logql.LogExpr); ok {
		return answer{}, badRequestf("log queries are not supported as an instant query type, please change your query to a range query type")
	}
	at, err := c.p.time("time", c.p.now)
	if err != nil {
		return answer{}, err
	}
	return c.eval(e, logql.Params{Start: at.UnixNano(), End: at.UnixNano(), Limits: c.limits()})
}

// queryRange answers a log query, or a metric query over a range.
func (c *call) queryRange() (answer, error) {
	e, err := logql.Parse(c.p.get("query"))
	if err != nil {
		return answer{}, err
	}
	start, end, err := c.p.bounds(time.Hour)
	if err != nil {
		return answer{}, err
	}
	p := logql.Params{Start: start.UnixNano(), End: end.UnixNano(), Limits: c.limits()}
	if p.Step, err = c.p.step(start, end); err != nil {
		return answer{}, err
	}
	if _, ok := e.(*logql.LogExpr); ok {
		if p.Limit, err = c.p.number("limit", defaultLimit, c.a.cfg.Query.MaxEntries); err != nil {
			return answer{}, err
		}
		if p.Descending, err = c.p.backward(); err != nil {
			return answer{}, err
		}
		p.Categorize = c.categorize()
	}
	return c.eval(e, p)
}

func (c *call) eval(e logql.Expr, p logql.Params) (answer, error) {
	if err := c.acquire(); err != nil {
		return answer{}, err
	}
	res, err := logql.Eval(c.ctx, c.source, e, p)
	if err != nil {
		return answer{}, err
	}
	if p.Start == p.End && res.Type == logql.TypeMatrix {
		res.Type = logql.TypeVector
	}
	isRange := strings.HasSuffix(c.r.URL.Path, "query_range")
	if isRange && res.Type == logql.TypeVector {
		res.Type = logql.TypeMatrix // a range of one step is a range still
	}
	data := queryData{ResultType: string(res.Type), Stats: c.statistics(res)}
	if p.Categorize {
		data.EncodingFlags = []string{categorizeLabels}
	}
	switch res.Type {
	case logql.TypeStreams:
		data.Result = streamsJSON(res.Streams, p.Categorize)
	case logql.TypeScalar:
		data.Result = pointJSON(res.Scalar)
		if isRange {
			data.ResultType = string(logql.TypeMatrix)
			data.Result = seriesJSON([]logql.Series{{Points: []logql.Point{res.Scalar}}}, false)
		}
	default:
		data.Result = seriesJSON(res.Series, res.Type == logql.TypeVector)
	}
	return answer{json: response{Status: "success", Data: data, Warnings: c.warnings()}}, nil
}

type response struct {
	Status   string   `json:"status"`
	Warnings []string `json:"warnings,omitempty"`
	Data     any      `json:"data"`
}

type queryData struct {
	ResultType    string     `json:"resultType"`
	EncodingFlags []string   `json:"encodingFlags,omitempty"`
	Result        any        `json:"result"`
	Stats         statistics `json:"stats"`
}

type streamJSON struct {
	Stream map[string]string `json:"stream"`
	Values [][]any           `json:"values"`
}

func streamsJSON(in []logql.Stream, categorize bool) []streamJSON {
	out := make([]streamJSON, 0, len(in))
	for _, s := range in {
		js := streamJSON{Stream: s.Labels.Map(), Values: make([][]any, 0, len(s.Entries))}
		for _, e := range s.Entries {
			v := []any{strconv.FormatInt(e.Timestamp, 10), e.Line}
			if categorize {
				apart := map[string]map[string]string{}
				if len(e.Metadata) > 0 {
					apart["structuredMetadata"] = e.Metadata.Map()
				}
				if len(e.Parsed) > 0 {
					apart["parsed"] = e.Parsed.Map()
				}
				v = append(v, apart)
			}
			js.Values = append(js.Values, v)
		}
		out = append(out, js)
	}
	return out
}

type seriesOut struct {
	Metric map[string]string `json:"metric"`
	Value  *[2]any           `json:"value,omitempty"`
	Values [][2]any          `json:"values,omitempty"`
}

func seriesJSON(in []logql.Series, instant bool) []seriesOut {
	out := make([]seriesOut, 0, len(in))
	for _, s := range in {
		js := seriesOut{Metric: s.Labels.Map()}
		if instant {
			v := pointJSON(s.Points[0])
			js.Value = &v
		} else {
			js.Values = make([][2]any, len(s.Points))
			for i, p := range s.Points {
				js.Values[i] = pointJSON(p)
			}
		}
		out = append(out, js)
	}
	return out
}

// seconds prints as a JSON number with at most three decimals.
type seconds int64

func (s seconds) MarshalJSON() ([]byte, error) {
	ms := int64(s) / int64(time.Millisecond)
	b := strconv.AppendInt(nil, ms/1000, 10)
	if frac := ms % 1000; frac != 0 {
		b = strconv.AppendFloat(nil, float64(ms)/1000, 'f', -1, 64)
	}
	return b, nil
}

func pointJSON(p logql.Point) [2]any {
	return [2]any{seconds(p.T), formatValue(p.V)}
}

func formatValue(v float64) string {
	switch {
	case math.IsInf(v, 1):
		return "+Inf"
	case math.IsInf(v, -1):
		return "-Inf"
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
}

func entriesReturned(res *logql.Result) int64 {
	if res.Type == logql.TypeStreams {
		return res.Stats.Returned
	}
	n := int64(0)
	for _, s := range res.Series {
		n += int64(len(s.Points))
	}
	return n
}
