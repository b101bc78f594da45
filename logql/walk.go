// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package logql

import (
	"context"
	"errors"
	"sync"
)

// Line is an entry behind a pipeline. It, and every string of it, is valid during the call only.
type Line struct {
	// Entry is the entry as the source has it.
	Entry *Entry
	// Text is the line as the pipeline leaves it.
	Text string

	ls      *labelSet
	scratch [3]Labels
}

// Stream returns the labels of the stream that the pipeline leaves, in the order of their names.
func (l *Line) Stream() Labels { return l.labels(catStream) }

// Metadata returns the structured metadata that the pipeline leaves, in the order of their names.
func (l *Line) Metadata() Labels { return l.labels(catMetadata) }

// Parsed returns the labels that the pipeline has made, in the order of their names.
func (l *Line) Parsed() Labels { return l.labels(catParsed) }

func (l *Line) labels(cat category) Labels {
	l.scratch[cat] = l.ls.appendCategory(l.scratch[cat][:0], cat)
	return l.scratch[cat]
}

// NewTest returns a test whether an entry passes the pipeline of e; the selector is not looked at. The test is for one
// goroutine.
func (e *LogExpr) NewTest() func(*Entry) bool {
	var ls labelSet
	var st lineState
	return func(entry *Entry) bool {
		ls.reset(entry)
		st = lineState{line: entry.Line, ts: entry.Timestamp}
		return runStages(e.Stages, &st, &ls)
	}
}

// Walk runs a log query over [p.Start, p.End) and passes every entry that it keeps on, in no order, and from several goroutines
// where the source is [Unordered]. newYield is called once by each goroutine before its first line; it must be safe for
// concurrent use. An error of a yield ends the walk with that error, [ErrStop] without one. Of the parameters only the times are
// looked at; nothing is held, so it is for outputs of any length.
func Walk(ctx context.Context, src Source, e *LogExpr, p Params, newYield func() func(*Line) error) (Stats, error) {
	req := Selection(e)
	req.Start, req.End = p.Start, p.End
	early := earlyOf(e.Stages)
	if early != nil {
		req.Early, req.EarlyLabels = early.source, early.labels
	}
	ev := &evaluator{ctx: ctx, src: src, p: p}
	var mu sync.Mutex
	var parts []*walker
	newPart := func() func(*Entry) error {
		w := &walker{ev: ev, e: e, early: early, yield: newYield()}
		w.line.ls = &w.ls
		mu.Lock()
		parts = append(parts, w)
		mu.Unlock()
		return w.add
	}
	var err error
	if u, ok := src.(Unordered); ok {
		err = u.SelectUnordered(ctx, &req, newPart)
	} else {
		err = src.Select(ctx, &req, newPart())
	}
	for _, w := range parts {
		ev.stats.add(&w.stats)
	}
	early.stats(&ev.stats)
	if errors.Is(err, ErrStop) {
		err = nil
	}
	return ev.stats, err
}

// walker is what one goroutine of a source does in a walk.
type walker struct {
	ev    *evaluator
	e     *LogExpr
	early *early
	yield func(*Line) error
	keep  func(*Entry) bool // the early test, once it is needed
	stats Stats
	ls    labelSet
	st    lineState
	line  Line
}

func (w *walker) add(entry *Entry) error {
	if err := w.stats.see(w.ev, entry); err != nil {
		return err
	}
	if w.early != nil && !w.early.asked.Load() {
		if w.keep == nil {
			w.keep = w.early.test()
		}
		if !w.keep(entry) {
			return nil
		}
	}
	w.ls.reset(entry)
	w.st = lineState{line: entry.Line, ts: entry.Timestamp}
	if !runStages(w.e.Stages, &w.st, &w.ls) {
		return nil
	}
	w.stats.Returned++
	w.line.Entry, w.line.Text = entry, w.st.line
	return w.yield(&w.line)
}
