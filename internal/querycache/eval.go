// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package querycache

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/logboom/logboom/archive"
	"github.com/logboom/logboom/logql"
)

// Query is what is evaluated.
type Query struct {
	Expr   logql.Expr
	Params logql.Params
	Source logql.Source
	// Scope is what else the answer depends on, and what is fixed while the query is evaluated: the tenants, say.
	Scope []string
	// Versions tells what the source answers from, by time; as [archive.Snapshot.Versions] does.
	Versions func(context.Context, []archive.TimeRange) ([]archive.Version, error)
	// Complete reports whether all that was asked of the source so far could be read.
	Complete func() bool
}

// Stats say what the cache did for a query.
type Stats struct {
	Requested, Found, Stored int   // blocks
	BytesFound, BytesStored  int64 // memory of blocks
}

// Eval is [logql.Eval] that uses what is known. The result must not be changed. Its statistics are of what was evaluated
// now, but for Weighted, which is of everything.
func (c *Cache) Eval(ctx context.Context, q Query) (*logql.Result, Stats, error) {
	var stats Stats
	g, ok := gridOf(&q.Params)
	r := reachOf(q.Expr)
	most := q.Params.Limits.MaxSteps
	if most <= 0 {
		most = defaultMaxSteps
	}
	if c == nil || c.limit <= 0 || !ok || !r.any || r.moving || g.steps > most {
		res, err := logql.Eval(ctx, q.Source, q.Expr, q.Params)
		return res, stats, err
	}
	runs := g.runs()
	ranges := make([]archive.TimeRange, len(runs))
	for i, run := range runs {
		ranges[i] = g.looksAt(run.from, run.to, &r)
	}
	versions, err := q.Versions(ctx, ranges)
	if err != nil {
		return nil, stats, err
	}
	id := q.id(&g)
	found := make([]*block, len(runs))
	for i, run := range runs {
		if !versions[i].Whole {
			continue
		}
		stats.Requested++
		if found[i] = c.get(run.key(id), versions[i]); found[i] != nil {
			stats.Found++
			stats.BytesFound += found[i].bytes
		}
	}
	out := newAssembly(&q.Params)
	for i := 0; i < len(runs); {
		if found[i] != nil {
			if err := out.add(found[i].series, found[i].weighted); err != nil {
				return nil, stats, err
			}
			i++
			continue
		}
		end := missing(found, runs, i, int(r.longest/g.step))
		res, err := logql.Eval(ctx, q.Source, q.Expr, out.within(g.params(q.Params, runs[i].from, runs[end-1].to)))
		if err != nil {
			return nil, stats, err
		}
		if err := out.evaluated(res); err != nil {
			return nil, stats, err
		}
		if q.Complete() {
			for j := i; j < end; j++ {
				if !versions[j].Whole || found[j] != nil {
					continue
				}
				b := &block{key: runs[j].key(id), version: versions[j].Live, weighted: res.Stats.Weighted}
				b.series = cut(res.Series, g.at(runs[j].from), g.at(runs[j].to))
				if c.put(b) {
					stats.Stored++
					stats.BytesStored += b.bytes
				}
			}
		}
		i = end
	}
	return out.result(), stats, nil
}

// missing returns the end of the runs from i on that are evaluated together. What is known between two that are missing is
// evaluated again where it is shorter than the window, in steps: both sides look at the same records.
func missing(found []*block, runs []run, i, window int) int {
	end := i + 1
	for j, known := end, 0; j < len(runs); j++ {
		if found[j] == nil {
			end, known = j+1, 0
			continue
		}
		if known += runs[j].to - runs[j].from + 1; known >= window {
			break
		}
	}
	return end
}

// id is a hash of what is asked, but for the times.
func (q *Query) id(g *grid) [sha256.Size]byte {
	h := sha256.New()
	part := func(s string) { fmt.Fprintf(h, "%d:%s", len(s), s) }
	for _, s := range q.Scope {
		part(s)
	}
	part("")
	part(q.Expr.String())
	part(strconv.FormatBool(q.Params.Unweighted))
	for _, n := range []int64{g.step, g.phase(), int64(g.size)} {
		part(strconv.FormatInt(n, 10))
	}
	return [sha256.Size]byte(h.Sum(nil))
}

// cut copies what lies in the steps of a block.
func cut(series []logql.Series, from, to int64) []logql.Series {
	out := []logql.Series{}
	for i := range series {
		lo, _ := slices.BinarySearchFunc(series[i].Points, from, comparePoint)
		hi, _ := slices.BinarySearchFunc(series[i].Points, add(to, 1), comparePoint)
		if lo < hi {
			points := make([]logql.Point, hi-lo)
			copy(points, series[i].Points[lo:hi])
			out = append(out, logql.Series{Labels: series[i].Labels, Points: points})
		}
	}
	return out
}

func comparePoint(p logql.Point, t int64) int {
	return cmp.Compare(p.T, t)
}

// assembly puts the parts of an answer together, which come in the order of time.
type assembly struct {
	limits logql.Limits
	series map[string]*logql.Series
	used   int64
	stats  logql.Stats
}

func newAssembly(p *logql.Params) *assembly {
	return &assembly{limits: p.Limits, series: map[string]*logql.Series{}}
}

// within leaves an evaluation the memory that the parts so far do not take.
func (a *assembly) within(p logql.Params) logql.Params {
	if m := &p.Limits.MaxMemoryBytes; *m > 0 {
		*m = max(*m-a.used, 1)
	}
	return p
}

func (a *assembly) evaluated(res *logql.Result) error {
	a.stats.Entries += res.Stats.Entries
	a.stats.Bytes += res.Stats.Bytes
	a.stats.Returned += res.Stats.Returned
	a.stats.Unweighted = a.stats.Unweighted || res.Stats.Unweighted
	return a.add(res.Series, res.Stats.Weighted)
}

func (a *assembly) add(series []logql.Series, weighted bool) error {
	a.stats.Weighted = a.stats.Weighted || weighted
	for i := range series {
		s := &series[i]
		k := identity(s.Labels)
		have := a.series[k]
		if have == nil {
			if a.limits.MaxSeries > 0 && len(a.series) >= a.limits.MaxSeries {
				return &logql.LimitError{Msg: "maximum number of series (" + strconv.Itoa(a.limits.MaxSeries) + ") reached for a single query: use a more specific " +
					"stream selector or aggregate, for example sum by (service_name) (…)"}
			}
			have = &logql.Series{Labels: s.Labels}
			a.series[k] = have
			a.used += seriesSize(have) + int64(len(k))
		}
		have.Points = append(have.Points, s.Points...)
		a.used += pointBytes * int64(len(s.Points))
	}
	if a.limits.MaxMemoryBytes > 0 && a.used > a.limits.MaxMemoryBytes {
		return &logql.LimitError{Msg: fmt.Sprintf("the query needs more than %d MiB of memory: narrow its selector, its time range or its step", a.limits.MaxMemoryBytes>>20)}
	}
	return nil
}

// identity is different for different labels.
func identity(ls logql.Labels) string {
	var b strings.Builder
	for _, l := range ls {
		b.WriteString(strconv.Itoa(len(l.Name)))
		b.WriteByte(':')
		b.WriteString(l.Name)
		b.WriteString(strconv.Itoa(len(l.Value)))
		b.WriteByte(':')
		b.WriteString(l.Value)
	}
	return b.String()
}

func (a *assembly) result() *logql.Result {
	res := &logql.Result{Type: logql.TypeMatrix, Stats: a.stats}
	for _, s := range a.series {
		res.Series = append(res.Series, *s)
	}
	slices.SortFunc(res.Series, func(x, y logql.Series) int { return slices.CompareFunc(x.Labels, y.Labels, compareLabel) })
	return res
}

func compareLabel(a, b logql.Label) int {
	return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Value, b.Value))
}
