// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package logql

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// Limits bound what one query may use; zero fields mean the defaults.
type Limits struct {
	MaxSeries      int   // of a metric query. Default 5,000.
	MaxMemoryBytes int64 // held by a query, estimated. Default 256 MiB.
	MaxSteps       int   // points of a series. Default 11,000.
}

func (l Limits) withDefaults() Limits {
	if l.MaxSeries <= 0 {
		l.MaxSeries = 5000
	}
	if l.MaxMemoryBytes <= 0 {
		l.MaxMemoryBytes = 256 << 20
	}
	if l.MaxSteps <= 0 {
		l.MaxSteps = 11000
	}
	return l
}

// Params are the parameters of an evaluation. Times are ns since the Unix epoch.
type Params struct {
	// Start and End bound a log query, Start <= t < End. A metric query is evaluated at Start, Start+Step, … up
	// to and including End; Start == End makes it an instant query.
	Start, End int64
	Step       time.Duration
	Limit      int // entries of a log query; 0 means no limit but memory
	// Interval leaves out the entries of a log query that are nearer than that to the entry before, of whatever stream.
	Interval   time.Duration
	Descending bool // newest entries first
	// Categorize keeps structured metadata and parsed labels with each entry; streams then carry only stream labels.
	Categorize bool
	// Unweighted lets every entry count as one record, whatever its weight.
	Unweighted bool
	Limits     Limits
}

// ResultType is the shape of a result, as the Loki HTTP API names it.
type ResultType string

// The shapes of results.
const (
	TypeStreams ResultType = "streams"
	TypeMatrix  ResultType = "matrix"
	TypeVector  ResultType = "vector"
	TypeScalar  ResultType = "scalar"
)

// Result is the answer to a query.
type Result struct {
	Type    ResultType
	Streams []Stream
	Series  []Series // matrix; vector with one point each
	Scalar  Point
	Stats   Stats
}

// Stream is the entries of one label set, in the order of the query.
type Stream struct {
	Labels  Labels
	Entries []StreamEntry
}

// StreamEntry is one line of a log query's answer.
type StreamEntry struct {
	Timestamp        int64
	Line             string
	Metadata, Parsed Labels // with Params.Categorize only
}

// Series is one line of a chart.
type Series struct {
	Labels Labels
	Points []Point
}

// Point is a value at a time (ns since the Unix epoch).
type Point struct {
	T int64
	V float64
}

// Stats says what an evaluation saw.
type Stats struct {
	Entries    int64 // of the selected streams
	Bytes      int64 // of their lines
	Returned   int64 // entries that passed the pipeline
	Weighted   bool  // some entries stood for more than one record, and were counted so
	Unweighted bool  // weights were not looked at
}

// Eval runs a query over a source. Mistakes of the query are reported by [IsUserError].
func Eval(ctx context.Context, src Source, e Expr, p Params) (*Result, error) {
	p.Limits = p.Limits.withDefaults()
	ev := &evaluator{ctx: ctx, src: src, p: p}
	ev.stats.Unweighted = p.Unweighted
	if l, ok := e.(*LogExpr); ok {
		return ev.log(l)
	}
	s, ok := e.(SampleExpr)
	if !ok {
		return nil, fmt.Errorf("evaluate query: unknown expression %T", e)
	}
	return ev.metric(s)
}

type evaluator struct {
	ctx   context.Context
	src   Source
	p     Params
	used  atomic.Int64
	stats Stats
	steps int
}

// charge accounts for memory that the query holds from now on. Safe for concurrent use.
func (ev *evaluator) charge(n int64) error {
	if ev.used.Add(n) > ev.p.Limits.MaxMemoryBytes {
		return &LimitError{fmt.Sprintf("the query needs more than %d MiB of memory: narrow its selector, its time range or its step",
			ev.p.Limits.MaxMemoryBytes>>20)}
	}
	return nil
}

// uncharge accounts for memory that the query held.
func (ev *evaluator) uncharge(n int64) { ev.used.Add(-n) }

func labelsSize(ls Labels) int64 {
	n := int64(len(ls)) * 32
	for _, l := range ls {
		n += int64(len(l.Name) + len(l.Value))
	}
	return n
}

// Each runs a log query and passes every entry that it keeps to yield, in the order of the source; nothing is
// held, so it is for outputs of any length. Labels are all labels after the pipeline. They and the line are
// valid during the call only. Categorize of the parameters is not looked at.
func Each(ctx context.Context, src Source, e *LogExpr, p Params, yield func(ts int64, labels Labels, line string) error) (Stats, error) {
	ev := &evaluator{ctx: ctx, src: src, p: p}
	var scratch Labels
	err := ev.each(e, func(st *lineState, ls *labelSet) error {
		scratch = ls.appendSorted(scratch[:0])
		if err := yield(st.ts, scratch, st.line); err != nil {
			return err
		}
		return ev.enough()
	})
	return ev.stats, err
}

// enough ends a log query that has all its entries.
func (ev *evaluator) enough() error {
	if ev.p.Limit > 0 && ev.stats.Returned >= int64(ev.p.Limit) {
		return ErrStop
	}
	return nil
}

// each passes the entries that the pipeline keeps.
func (ev *evaluator) each(e *LogExpr, yield func(*lineState, *labelSet) error) error {
	req := Selection(e)
	req.Start, req.End, req.Descending = ev.p.Start, ev.p.End, ev.p.Descending
	if onlyFilters(e.Stages) && ev.p.Interval <= 0 {
		req.Limit = ev.p.Limit
	}
	req.Expect = ev.p.Limit
	early := earlyOf(e.Stages)
	if early != nil {
		req.Early, req.EarlyLabels = early.source, early.labels
	}
	var ls labelSet
	var st lineState
	var keep func(*Entry) bool
	var last int64 // the time of the entry before
	err := ev.src.Select(ev.ctx, &req, func(entry *Entry) error {
		if err := ev.stats.see(ev, entry); err != nil {
			return err
		}
		if early != nil && !early.asked.Load() {
			if keep == nil {
				keep = early.test()
			}
			if !keep(entry) {
				return nil
			}
		}
		ls.reset(entry)
		st = lineState{line: entry.Line, ts: entry.Timestamp}
		if !runStages(e.Stages, &st, &ls) {
			return nil
		}
		if ev.p.Interval > 0 {
			if ev.stats.Returned > 0 && distance(last, st.ts) < uint64(ev.p.Interval) {
				return nil
			}
			last = st.ts
		}
		ev.stats.Returned++
		return yield(&st, &ls)
	})
	early.stats(&ev.stats)
	if errors.Is(err, ErrStop) {
		return nil
	}
	return err
}

// distance is unsigned, because that of two int64 may be too large for a third.
func distance(a, b int64) uint64 {
	return uint64(max(a, b)) - uint64(min(a, b)) //nolint:gosec // modulo 2^64
}

func (ev *evaluator) log(e *LogExpr) (*Result, error) {
	var (
		scratch Labels
		key     []byte
		streams []Stream
		index   = map[string]int{}
	)
	err := ev.each(e, func(st *lineState, ls *labelSet) error {
		if ev.p.Categorize {
			scratch = ls.appendCategory(scratch[:0], catStream)
		} else {
			scratch = ls.appendSorted(scratch[:0])
		}
		key = scratch.appendKey(key[:0])
		i, ok := index[string(key)]
		if !ok {
			i = len(streams)
			index[string(key)] = i
			streams = append(streams, Stream{Labels: scratch.Clone()})
			if err := ev.charge(labelsSize(scratch) + int64(len(key)) + 128); err != nil {
				return err
			}
		}
		out := StreamEntry{Timestamp: st.ts, Line: strings.Clone(st.line)}
		if ev.p.Categorize {
			out.Metadata = ls.appendCategory(nil, catMetadata).Clone()
			out.Parsed = ls.appendCategory(nil, catParsed).Clone()
		}
		if err := ev.charge(int64(len(out.Line)) + 96 + labelsSize(out.Metadata) + labelsSize(out.Parsed)); err != nil {
			return err
		}
		streams[i].Entries = append(streams[i].Entries, out)
		return ev.enough()
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(streams, func(a, b Stream) int { return a.Labels.compare(b.Labels) })
	return &Result{Type: TypeStreams, Streams: streams, Stats: ev.stats}, nil
}

// seeEvery is after how many entries the context is looked at: a pipeline may take milliseconds for each of them.
const seeEvery = 16

// see counts an entry. The error is the context's.
func (s *Stats) see(ev *evaluator, e *Entry) error {
	if s.Entries%seeEvery == 0 {
		if err := ev.ctx.Err(); err != nil {
			return err
		}
	}
	s.Entries++
	s.Bytes += int64(len(e.Line))
	if e.Weight > 1 && !ev.p.Unweighted {
		s.Weighted = true
	}
	return nil
}

// add adds what another goroutine saw.
func (s *Stats) add(o *Stats) {
	s.Entries += o.Entries
	s.Bytes += o.Bytes
	s.Returned += o.Returned
	s.Weighted = s.Weighted || o.Weighted
}
