// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivequeryextension

import (
	"math"
	"slices"
	"strings"
	"time"

	"github.com/logboom/logboom/internal/archivesource"
	"github.com/logboom/logboom/internal/querycache"
	"github.com/logboom/logboom/logql"
)

const (
	// maxLevels bounds the levels that are told apart: a query can make them of anything. The rest is levelOther.
	maxLevels    = 16
	levelUnknown = "unknown"
	levelOther   = "other"
)

// levelOrder is how levels are listed, the gravest first; those that are not here come behind.
var levelOrder = []string{"fatal", "critical", "error", "warn", "info", "debug", "trace", levelUnknown}

// histogramJSON is how many records of a query there are by level and by bucket. Bucket i holds start_ms+i*step_ms <= t < start_ms+(i+1)*step_ms;
// of the first and of the last only what lies between start and end of the request is counted.
type histogramJSON struct {
	StartMS         int64                `json:"start_ms"`
	EndMS           int64                `json:"end_ms"`
	StepMS          int64                `json:"step_ms"`
	Levels          []string             `json:"levels"`     // that are present, the gravest first
	Records         map[string][]int64   `json:"records"`    // as they are stored
	Represents      map[string][]float64 `json:"represents"` // what they stand for
	Sampled         bool                 `json:"sampled"`    // these two differ
	Total           int64                `json:"total"`
	TotalRepresents float64              `json:"total_represents"`
	Spikes          []spikeJSON          `json:"spikes"`
	Notices         []noticeJSON         `json:"notices"`
}

// histogram counts the records of a log query by level and time.
func (c *call) histogram() (answer, error) {
	e, err := c.logQuery()
	if err != nil {
		return answer{}, err
	}
	start, end, err := c.bounds(time.Hour)
	if err != nil {
		return answer{}, err
	}
	g, err := c.gridOf(start.UnixNano(), end.UnixNano())
	if err != nil {
		return answer{}, err
	}
	if err := c.acquire(); err != nil {
		return answer{}, err
	}
	counted := byLevel(e)
	represents, sampled, err := c.countBuckets(counted, &g, false)
	if err != nil {
		return answer{}, err
	}
	stored := represents
	if sampled {
		if stored, _, err = c.countBuckets(counted, &g, true); err != nil {
			return answer{}, err
		}
	}
	out := histogramJSON{
		StartMS: g.first / int64(time.Millisecond), EndMS: (g.first + int64(g.n)*g.step) / int64(time.Millisecond), StepMS: g.step / int64(time.Millisecond),
		Levels: []string{}, Records: map[string][]int64{}, Represents: represents, Sampled: sampled,
	}
	sum := make([]float64, g.n)
	for level, counts := range represents {
		out.Levels = append(out.Levels, level)
		for i, n := range counts {
			counts[i] = thousandths(n)
			sum[i] += n
			out.TotalRepresents += n
		}
	}
	out.TotalRepresents = thousandths(out.TotalRepresents)
	for level, counts := range stored {
		list := make([]int64, g.n)
		for i, n := range counts {
			list[i] = int64(math.Round(n))
			out.Total += list[i]
		}
		out.Records[level] = list
	}
	sortLevels(out.Levels)
	out.Spikes = spikesOf(&g, sum)
	if out.Notices, err = c.notices(e.Matchers, g.start, g.end); err != nil {
		return answer{}, err
	}
	return c.success(out), nil
}

// logQuery reads the parameter query.
func (c *call) logQuery() (*logql.LogExpr, error) {
	query := c.p.get("query")
	if strings.TrimSpace(query) == "" {
		return nil, badRequestf("query must be a log query")
	}
	return logql.ParseLog(query)
}

// thousandths rounds what sums of weights are: 3.0000000000000004.
func thousandths(n float64) float64 { return math.Round(n*1000) / 1000 }

func sortLevels(levels []string) {
	rank := func(level string) int {
		if i := slices.Index(levelOrder, level); i >= 0 {
			return i
		}
		return len(levelOrder)
	}
	slices.SortFunc(levels, func(a, b string) int {
		if d := rank(a) - rank(b); d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
}

// byLevel is the query whose entries are counted by level: without what neither drops a line nor says its level, and with no line
// refused because a parser could not read it.
func byLevel(e *logql.LogExpr) *logql.LogExpr {
	stages := e.Stages
	for len(stages) > 0 && onlyShows(stages[len(stages)-1]) {
		stages = stages[:len(stages)-1]
	}
	stages = slices.Clone(stages)
	if slices.ContainsFunc(stages, mayFail) {
		stages = append(stages, &logql.DropLabels{Picks: []logql.LabelPick{{Name: "__error__"}, {Name: "__error_details__"}}})
	}
	return &logql.LogExpr{Matchers: e.Matchers, Stages: stages}
}

// onlyShows reports whether a stage at the end of a query only changes what its lines look like.
func onlyShows(s logql.Stage) bool {
	switch s := s.(type) {
	case *logql.LabelFormat:
		return !slices.ContainsFunc(s.Assign, func(a logql.LabelAssign) bool { return a.Dst == archivesource.LabelLevel })
	case *logql.LineFilter, logql.LabelFilter:
		return false
	}
	return true
}

// mayFail reports whether a stage may give an entry an error.
func mayFail(s logql.Stage) bool {
	switch s := s.(type) {
	case *logql.LineFilter, *logql.Decolorize, *logql.DropLabels, *logql.KeepLabels:
		return false
	case logql.LabelFilter:
		_, plain := logql.FilterNames(s)
		return !plain
	}
	return true
}

// countBuckets counts the entries of a query by level and bucket. weighted says that some stood for more than one record, and
// counted as many.
func (c *call) countBuckets(e *logql.LogExpr, g *timeGrid, unweighted bool) (counts map[string][]float64, weighted bool, err error) {
	counts = map[string][]float64{}
	// A window of LogQL is open where it begins and closed where it ends: the one that ends 1 ns before a bucket does has its times.
	add := func(from, to, step int64) error {
		if from >= to {
			return nil
		}
		res, err := c.evalKept(&logql.VectorAggregation{
			Op: "sum", Grouping: &logql.Grouping{Names: []string{archivesource.LabelLevel}},
			Inner: &logql.RangeAggregation{Op: "count_over_time", Range: &logql.LogRange{Log: e, Interval: time.Duration(step)}},
		}, logql.Params{Start: from + step - 1, End: to - 1, Step: time.Duration(step), Unweighted: unweighted, Limits: c.limits()})
		if err != nil {
			return err
		}
		weighted = weighted || res.Stats.Weighted
		for _, s := range res.Series {
			level := s.Labels.Get(archivesource.LabelLevel)
			if level == "" {
				level = levelUnknown
			}
			if counts[level] == nil {
				if len(counts) >= maxLevels && !slices.Contains(levelOrder, level) {
					level = levelOther
				}
				if counts[level] == nil {
					counts[level] = make([]float64, g.n)
				}
			}
			for _, p := range s.Points {
				counts[level][g.index(p.T)] += p.V
			}
		}
		return nil
	}
	// The whole buckets, which are kept; before and behind them what the range has of others.
	from, to := g.first, floorTo(g.end, g.step)
	if from < g.start {
		from += g.step
	}
	if from > to { // within one bucket
		return counts, weighted, add(g.start, g.end, g.end-g.start)
	}
	if err = add(g.start, from, from-g.start); err == nil {
		err = add(from, to, g.step)
	}
	if err == nil {
		err = add(to, g.end, g.end-to)
	}
	return counts, weighted, err
}

// evalKept evaluates a metric query with the help of the results that are kept.
func (c *call) evalKept(e logql.Expr, p logql.Params) (*logql.Result, error) {
	p.Unweighted = p.Unweighted || !c.a.cfg.Query.Weighted
	res, cached, err := c.results().Eval(c.ctx, querycache.Query{
		Expr: e, Params: p, Source: c.source, Scope: c.tenants, Versions: c.source.Snapshot().Versions,
		Complete: func() bool {
			stats := c.source.Stats()
			return !stats.Partial()
		},
	})
	c.cached.Requested += cached.Requested
	c.cached.Found += cached.Found
	c.cached.Stored += cached.Stored
	c.cached.BytesFound += cached.BytesFound
	c.cached.BytesStored += cached.BytesStored
	return res, err
}

// results are those that are kept; nil for a client that wants none of them.
func (c *call) results() *querycache.Cache {
	if strings.Contains(strings.ToLower(c.r.Header.Get("Cache-Control")), "no-cache") { // as logcli --nocache has it
		return nil
	}
	return c.a.results
}
