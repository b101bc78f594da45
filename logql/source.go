// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package logql

import (
	"context"
	"errors"
	"slices"
)

// Entry is one log record as the language sees it. An entry handed to a callback, and every string of it, is
// valid during the call only.
type Entry struct {
	Timestamp int64 // ns since the Unix epoch
	Line      string
	Stream    Labels // what stream selectors see
	Metadata  Labels // structured metadata
	// Weight is how many records this one stands for; 0 means 1.
	Weight float64
}

// ErrStop ends a selection early, without error.
var ErrStop = errors.New("stop the selection")

// SelectRequest says what of a source an expression needs. All but Matchers, Start and End are permissions to
// do less: a source may ignore them.
type SelectRequest struct {
	Start, End int64 // Start <= Timestamp < End, ns since the Unix epoch
	Matchers   []*Matcher
	Descending bool
	// Lines are the line filters that every line must pass.
	Lines []*LineFilter
	// Filters are label filters that every entry must pass, as it comes from the source.
	Filters []LabelFilter
	// Keep is all of Lines in one; nil keeps all. Safe for concurrent use.
	Keep func(line string) bool
	// Early makes a test for one goroutine, nil if there is none. An entry that the test refuses does not pass the pipeline.
	// It looks at the line, the stream and the metadata that EarlyLabels name, so that a source can ask before it has all
	// of an entry. Where a source does not call Early, the engine does.
	Early       func() func(*Entry) bool
	EarlyLabels []string
	// Limit is how many entries are enough, if all that the source yields pass Matchers, Lines and Filters; 0 means all.
	Limit int
	// Expect is how many entries are taken before the selection is ended, if filters keep them; 0: not known. A source may
	// read in small pieces then.
	Expect int
	// Labels are the only labels and metadata whose values matter, nil if all do. Streams must be complete
	// enough for the matchers.
	Labels []string
	// NoLine says that lines are not looked at: they may be left empty.
	NoLine bool
}

// Needs reports whether a label's value matters.
func (r *SelectRequest) Needs(name string) bool {
	return r.Labels == nil || slices.Contains(r.Labels, name)
}

// Source is what queries run over. Select yields the entries of the matching streams in time order. When yield
// returns an error, Select ends with that error, ErrStop included.
type Source interface {
	Select(ctx context.Context, req *SelectRequest, yield func(*Entry) error) error
}

// Unordered is a source that can hand out the entries that Select would, each once, in any order and from several
// goroutines. newYield is called once by each goroutine of the source before it yields (it is safe for concurrent
// use); what it returns is called by one goroutine at a time. An error of a yield ends the selection with that
// error, ErrStop included, and SelectUnordered returns after all its goroutines are done. Descending and Limit of the
// request are not looked at.
type Unordered interface {
	Source
	SelectUnordered(ctx context.Context, req *SelectRequest, newYield func() func(*Entry) error) error
}

// Memory is a Source over entries in memory, for small inputs and tests.
type Memory struct{ entries []Entry }

// NewMemory makes a source of entries; it keeps the slice and sorts it by time.
func NewMemory(entries []Entry) *Memory {
	slices.SortStableFunc(entries, func(a, b Entry) int {
		switch {
		case a.Timestamp < b.Timestamp:
			return -1
		case a.Timestamp > b.Timestamp:
			return 1
		}
		return 0
	})
	return &Memory{entries: entries}
}

// Select implements Source.
func (m *Memory) Select(ctx context.Context, req *SelectRequest, yield func(*Entry) error) error {
	n := len(m.entries)
	for i := range n {
		if i%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		e := &m.entries[i]
		if req.Descending {
			e = &m.entries[n-1-i]
		}
		if e.Timestamp < req.Start || e.Timestamp >= req.End || !MatchStream(e.Stream, req.Matchers) {
			continue
		}
		copied := *e
		if err := yield(&copied); err != nil {
			return err
		}
	}
	return nil
}

// MatchStream reports whether a stream passes all matchers.
func MatchStream(stream Labels, ms []*Matcher) bool {
	for _, m := range ms {
		if !m.Matches(stream.Get(m.Name)) {
			return false
		}
	}
	return true
}
