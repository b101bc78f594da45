// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivequeryextension

import (
	"strings"
	"time"

	"github.com/logboom/logboom/internal/querycache"
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
	return logql.Limits{MaxSeries: c.limit.series, MaxMemoryBytes: c.a.cfg.Query.memoryBytes()}
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
	if err := c.checkSpan(querycache.LongestWindow(e)); err != nil {
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
	start, end, err := c.bounds(time.Hour)
	if err != nil {
		return answer{}, err
	}
	if err := c.checkSpan(querycache.LongestWindow(e)); err != nil {
		return answer{}, err
	}
	p := logql.Params{Start: start.UnixNano(), End: end.UnixNano(), Limits: c.limits()}
	if p.Step, err = c.p.step(start, end); err != nil {
		return answer{}, err
	}
	if _, ok := e.(*logql.LogExpr); ok {
		if p.Limit, err = c.p.number("limit", defaultLimit, c.limit.entries); err != nil {
			return answer{}, err
		}
		if p.Descending, err = c.p.backward(); err != nil {
			return answer{}, err
		}
		if p.Interval, err = c.p.interval(); err != nil {
			return answer{}, err
		}
		p.Categorize = c.categorize() && !c.wantsParquet()
	}
	return c.eval(e, p)
}

func (c *call) eval(e logql.Expr, p logql.Params) (answer, error) {
	if err := c.acquire(); err != nil {
		return answer{}, err
	}
	p.Unweighted = !c.a.cfg.Query.Weighted
	results := c.a.results
	if strings.Contains(strings.ToLower(c.r.Header.Get("Cache-Control")), "no-cache") { // as logcli --nocache has it
		results = nil
	}
	res, cached, err := results.Eval(c.ctx, querycache.Query{
		Expr: e, Params: p, Source: c.source, Scope: c.tenants, Versions: c.source.Snapshot().Versions,
		Complete: func() bool {
			stats := c.source.Stats()
			return !stats.Partial()
		},
	})
	c.cached = cached
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
	out := resultJSON{kind: string(res.Type), categorize: p.Categorize, warnings: c.warnings(), stats: c.statistics(res)}
	switch res.Type {
	case logql.TypeStreams:
		out.streams = res.Streams
	case logql.TypeScalar:
		out.scalar = res.Scalar
		if isRange {
			out.kind = string(logql.TypeMatrix)
			out.series = []logql.Series{{Points: []logql.Point{res.Scalar}}}
		}
	default:
		out.series = res.Series
	}
	if c.wantsParquet() {
		return out.parquet()
	}
	return out.answer()
}

type response struct {
	Status   string   `json:"status"`
	Warnings []string `json:"warnings,omitempty"`
	Data     any      `json:"data"`
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
