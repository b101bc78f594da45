// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package querycache

import (
	"crypto/sha256"
	"math"
	"math/bits"
	"strings"
	"time"

	"github.com/logboom/logboom/archive"
	"github.com/logboom/logboom/logql"
)

const (
	// A query is cut into about so many blocks, of so many steps at least and at most; one of few steps into its steps.
	wantedBlocks, fewestSteps, mostSteps = 16, 4, 256
	// defaultMaxSteps is what [logql.Limits] have where they do not say: more steps are for the engine to refuse.
	defaultMaxSteps = 11_000
)

// reach is how far, seen from a step, the windows of a query go: from before to after the step, both mostly not positive.
// A step at t looks at t+from < time <= t+to.
type reach struct {
	from, to int64
	longest  int64 // window
	any      bool
	moving   bool // the answer depends on more than the records
}

// reachOf walks through a query.
func reachOf(e logql.Expr) reach {
	r := reach{from: math.MaxInt64, to: math.MinInt64}
	r.visit(e)
	return r
}

// LongestWindow is the longest window of a query's range aggregations.
func LongestWindow(e logql.Expr) time.Duration {
	r := reachOf(e)
	return time.Duration(r.longest)
}

func (r *reach) visit(e logql.Expr) {
	switch e := e.(type) {
	case *logql.RangeAggregation:
		offset, interval := int64(e.Range.Offset), int64(e.Range.Interval)
		r.any = true
		r.from, r.to = min(r.from, add(-offset, -interval)), max(r.to, -offset)
		r.longest = max(r.longest, interval)
		for _, s := range e.Range.Log.Stages {
			switch s.(type) {
			case *logql.LineFormat, *logql.LabelFormat:
				// A template may ask for the time of day.
				r.moving = r.moving || strings.Contains(s.String(), "now")
			}
		}
	case *logql.VectorAggregation:
		// It is refused for more than one step; a block may have only one.
		r.moving = r.moving || e.Op == "approx_topk"
		r.visit(e.Inner)
	case *logql.LabelReplace:
		r.visit(e.Inner)
	case *logql.BinaryExpr:
		r.visit(e.Left)
		r.visit(e.Right)
	}
}

// add adds up; what int64 cannot hold becomes its nearest number.
func add(a, b int64) int64 {
	switch {
	case b > 0 && a > math.MaxInt64-b:
		return math.MaxInt64
	case b < 0 && a < math.MinInt64-b:
		return math.MinInt64
	}
	return a + b
}

// run is consecutive steps of a query, from and to included, counted from its first: a block of them, or what the query
// asks for of one.
type run struct {
	from, to int
	block    int64 // its number
	first    int   // of its steps: where the run begins
}

// key is what the answer for the run is kept under.
func (r *run) key(query [sha256.Size]byte) key {
	return key{query, r.block, r.first, r.first + r.to - r.from}
}

// grid is the steps of a query.
type grid struct {
	start, step int64
	steps       int // how many
	size        int // of a block, in steps
}

// gridOf lays the grid of a range query; ok is false if it is not worth cutting, or makes no sense.
func gridOf(p *logql.Params) (g grid, ok bool) {
	step := int64(p.Step)
	if step <= 0 || p.End <= p.Start {
		return g, false
	}
	n := uint64(p.End-p.Start)/uint64(step) + 1 //nolint:gosec // End is behind Start, even where their distance is no int64
	if n < 2 || n > math.MaxInt32 {
		return g, false
	}
	size := 1
	if n >= 2*fewestSteps {
		size = 1 << (bits.Len64(max(n/wantedBlocks, 1)) - 1) // a power of two, so that it seldom differs between like queries
		size = min(max(size, fewestSteps), mostSteps)
	}
	return grid{start: p.Start, step: step, steps: int(n), size: size}, true
}

func (g *grid) at(i int) int64 { return g.start + int64(i)*g.step }

// phase is where the steps lie between the multiples of the step.
func (g *grid) phase() int64 {
	m := g.start % g.step
	if m < 0 {
		m += g.step
	}
	return m
}

// runs cuts the steps into blocks.
func (g *grid) runs() (list []run) {
	first := (g.start - g.phase()) / g.step // exact
	for i := 0; i < g.steps; {
		k := first + int64(i)
		number := k / int64(g.size)
		if k < 0 && k%int64(g.size) != 0 {
			number--
		}
		end := int((number+1)*int64(g.size) - first) // of the block, not included
		r := run{from: i, to: min(end, g.steps) - 1, block: number, first: g.size - (end - i)}
		list = append(list, r)
		i = r.to + 1
	}
	return list
}

// looksAt is the time of the records that steps depend on.
func (g *grid) looksAt(from, to int, r *reach) archive.TimeRange {
	return archive.TimeRange{Start: add(add(g.at(from), r.from), 1), End: add(add(g.at(to), r.to), 1)}
}

// params are those of the evaluation of some steps.
func (g *grid) params(p logql.Params, from, to int) logql.Params {
	p.Start, p.End, p.Step = g.at(from), g.at(to), time.Duration(g.step)
	return p
}
