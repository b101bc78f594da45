// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivequeryextension

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"

	"github.com/logboom/logboom/internal/archivesource"
	"github.com/logboom/logboom/internal/patterns"
	"github.com/logboom/logboom/logql"
)

// miningLimits bound how much of each side is looked at.
type miningLimits struct {
	mined int64 // about so many lines are grouped one by one: of more, a sample of each service and level is
	read  int64 // about so many records are read at all: of more, pieces that are spread over the time
}

var defaultMiningLimits = miningLimits{mined: 300_000, read: 4_000_000}

// mining is the templates of a query under way.
type mining struct {
	c   *call
	e   *logql.LogExpr
	set *patterns.Set
}

// read adds the records of a range. whole says that all were looked at.
func (m *mining) read(side patterns.Side, g *timeGrid) (whole bool, err error) {
	if g.start >= g.end {
		return true, nil
	}
	lines, total, exact, err := m.count(g)
	if err != nil {
		return false, err
	}
	limit := &m.c.a.mining
	plan := patterns.Spread(lines, limit.mined)
	pieces := []timeGrid{*g}
	share := float64(limit.read) / float64(max(total, 1))
	if some := m.pieces(g, share); len(some) > 0 {
		pieces = some
		for s, n := range lines {
			lines[s] = int64(float64(n)*share) + 1
		}
		plan = patterns.Spread(lines, limit.mined)
		plan.Scale = 1 / share
	}
	whole = plan.Whole() && plan.Scale == 0
	src := logql.Source(m.c.source)
	var sampler *patterns.Sampler
	if !whole {
		sampler = m.set.NewSampler(side, plan)
		src = &sampled{m.c.source, sampler}
	}
	err = m.each(pieces, func(ctx context.Context, piece *timeGrid) error {
		var mu sync.Mutex
		var parts []*patterns.Part
		_, err := logql.Walk(ctx, src, m.e, logql.Params{Start: piece.start, End: piece.end}, func() func(*logql.Line) error {
			part := m.set.NewPart(side)
			mu.Lock()
			defer mu.Unlock()
			parts = append(parts, part)
			return m.adder(part)
		})
		for _, part := range parts { // other pieces go on with them: there are no more than goroutines
			m.set.Release(part)
		}
		return err
	})
	if seen := sampler.Seen(); exact && seen > 0 && plan.Scale > 0 { // the pieces had that share of them
		plan.Scale = float64(total) / float64(seen)
	}
	return whole, err
}

// each runs f for pieces, some at a time.
func (m *mining) each(pieces []timeGrid, f func(context.Context, *timeGrid) error) error {
	if len(pieces) == 1 {
		return f(m.c.ctx, &pieces[0])
	}
	ctx, cancel := context.WithCancel(m.c.ctx)
	defer cancel()
	var mu sync.Mutex
	var failed error
	next := make(chan *timeGrid, len(pieces))
	for i := range pieces {
		next <- &pieces[i]
	}
	close(next)
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(pieces)) {
		wg.Go(func() {
			for piece := range next {
				if err := f(ctx, piece); err != nil {
					mu.Lock()
					if failed == nil {
						failed = err
					}
					mu.Unlock()
					cancel()
					return
				}
			}
		})
	}
	wg.Wait()
	return failed
}

// adder adds lines to a part.
func (m *mining) adder(part *patterns.Part) func(*logql.Line) error {
	var line patterns.Line
	return func(l *logql.Line) error {
		e := l.Entry
		line = patterns.Line{Service: e.Stream.Get(labelService), Level: levelOf(e), Time: e.Timestamp, Text: l.Text}
		part.Add(&line, l)
		return nil
	}
}

// levelOf is the level of an entry, which is the first of its metadata.
func levelOf(e *logql.Entry) string {
	if len(e.Metadata) > 0 && e.Metadata[0].Name == archivesource.LabelLevel {
		return e.Metadata[0].Value
	}
	if v := e.Metadata.Get(archivesource.LabelLevel); v != "" {
		return v
	}
	return levelUnknown
}

// exampleOf makes an example of a line that is being added.
func exampleOf(part any) (any, int) {
	l := part.(*logql.Line)
	e := *l.Entry
	e.Line = l.Text
	r := newRecord(&e)
	return &r, int(r.size())
}

// count counts what may have to be looked at, by service and level: of a query with parsers more than its records are. exact says that it is what
// the source hands out.
func (m *mining) count(g *timeGrid) (lines map[patterns.Stratum]int64, total int64, exact bool, err error) {
	s := logql.Selection(m.e)
	by := []string{archivesource.LabelLevel, labelService}
	lines = map[patterns.Stratum]int64{}
	req := &logql.CountRequest{Matchers: m.e.Matchers, Lines: s.Lines, Keep: s.Keep, By: by, Edges: []int64{g.start, g.end}}
	for _, f := range s.Filters {
		if names, plain := logql.FilterNames(f); plain && !slices.ContainsFunc(names, func(n string) bool { return !slices.Contains(by, n) }) {
			req.Filters = append(req.Filters, f)
		}
	}
	// What the archive cannot count with all conditions it can with fewer, which are more records.
	all := *req
	all.Lines, all.Keep = nil, nil
	services := all
	services.Filters = nil
	services.Matchers = slices.DeleteFunc(slices.Clone(req.Matchers), func(m *logql.Matcher) bool { return m.Name != labelService })
	for i, req := range []*logql.CountRequest{req, &all, &services} {
		counted, err := m.c.source.Count(m.c.ctx, req, func(n *logql.Count) error {
			level := n.Labels.Get(archivesource.LabelLevel)
			if level == "" {
				level = levelUnknown
			}
			lines[patterns.Stratum{Service: n.Labels.Get(labelService), Level: level}] += n.Entries
			total += n.Entries
			return nil
		})
		if counted || err != nil {
			return lines, total, i == 0 && len(req.Filters) == len(s.Filters), err
		}
	}
	return lines, total, false, nil
}

// sampled is a source that hands out only what a sampler wants, which is asked before more of a record is looked at.
type sampled struct {
	logql.Unordered
	sampler *patterns.Sampler
}

// SelectUnordered implements [logql.Unordered].
func (s *sampled) SelectUnordered(ctx context.Context, req *logql.SelectRequest, newYield func() func(*logql.Entry) error) error {
	r := *req
	r.EarlyLabels = append(slices.Clip(req.EarlyLabels), archivesource.LabelLevel)
	r.Early = func() func(*logql.Entry) bool {
		wants := s.sampler.Test()
		var test func(*logql.Entry) bool
		if req.Early != nil {
			test = req.Early()
		}
		return func(e *logql.Entry) bool {
			return wants(e.Stream.Get(labelService), levelOf(e)) && (test == nil || test(e))
		}
	}
	return s.Unordered.SelectUnordered(ctx, &r, newYield)
}

// Select implements [logql.Source]; nobody asks for it.
func (*sampled) Select(context.Context, *logql.SelectRequest, func(*logql.Entry) error) error {
	return errors.New("select: a sample has no order")
}
