// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package logql

import (
	"sync"
	"sync/atomic"
)

// early is the part of a pipeline that decides whether an entry is kept. Running it first, with no more labels than it
// looks at, is worth while where it refuses most entries.
type early struct {
	stages   []Stage
	requires []requirement
	labels   []string
	wanted   *wanted
	asked    atomic.Bool // the source applies it

	mu      sync.Mutex
	refused []*Stats // by test of the source
}

// earlyOf returns the early part of a pipeline, nil if there is none that is cheaper than the whole: without a parser
// everything is cheap, and without a filter behind it nothing is refused.
func earlyOf(stages []Stage) *early {
	parsed, end := false, 0
	for i, s := range stages {
		switch s.(type) {
		case *JSONParser, *LogfmtParser, *RegexpParser, *PatternParser, *UnpackParser:
			parsed = true
		case LabelFilter, *LineFilter:
			if parsed {
				end = i + 1
			}
		}
	}
	if end == 0 {
		return nil
	}
	n := needs{names: []string{}}
	n.stages(stages[:end])
	labels := n.sorted()
	if labels == nil {
		return nil
	}
	return &early{stages: stages[:end], requires: requirements(stages[:end], nil), labels: labels, wanted: wantedOf(labels)}
}

// source makes a test for the source. What it refuses is counted: the engine does not see it.
func (e *early) source() func(*Entry) bool {
	e.asked.Store(true)
	keep, refused := e.test(), &Stats{}
	e.mu.Lock()
	e.refused = append(e.refused, refused)
	e.mu.Unlock()
	return func(entry *Entry) bool {
		if keep(entry) {
			return true
		}
		refused.Entries++
		refused.Bytes += int64(len(entry.Line))
		return false
	}
}

// stats adds what was refused for the source, once it is done.
func (e *early) stats(to *Stats) {
	if e == nil {
		return
	}
	for _, r := range e.refused {
		to.add(r)
	}
	e.refused = nil
}

const (
	// earlyTrial is how many entries are tried before it is asked whether refusing was worth it.
	earlyTrial = 512
	// earlyRest is after how many entries it is tried again.
	earlyRest = 16 * earlyTrial
)

// test makes a test for one goroutine.
func (e *early) test() func(*Entry) bool {
	var ls labelSet
	var st lineState
	ls.wanted = e.wanted
	seen, kept := 0, 0
	return func(entry *Entry) bool {
		switch seen++; {
		case seen > earlyTrial && kept > earlyTrial/2 && seen < earlyRest:
			return true
		case seen > earlyTrial:
			seen, kept = 1, 0
		}
		if misses(e.requires, entry) {
			return false
		}
		ls.reset(entry)
		st = lineState{line: entry.Line, ts: entry.Timestamp}
		if !runStages(e.stages, &st, &ls) {
			return false
		}
		kept++
		return true
	}
}
