// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grokprocessor

import (
	"context"
	"hash/maphash"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/contexts/ottllog"

	"github.com/logboom/logboom/internal/logtime"
	"github.com/logboom/logboom/internal/stacktrace"
)

// worker parses one batch at a time. What it holds is used again from record to record and batch to batch.
type worker struct {
	p        *grokProcessor
	tally    tally
	services serviceNotes
	program  struct { // programName(text), of the last text in the batch
		text, name string
		ok         bool
	}
	matches  []match // by depth of the stage
	selected []bool  // by rule: the resource is one of the rule's

	// the record
	rl                     plog.ResourceLogs
	sl                     plog.ScopeLogs
	lr                     plog.LogRecord
	attrs                  pcommon.Map
	resource, scope, index int
	lacksService           bool // the resource does
	resourceHash           uint64

	// the rule that parses the record
	rule       *rule
	fails      []int64
	filled     [roleCount]bool
	found      [roleCount]found
	fieldsLeft int
	thrown     stacktrace.Exception
	at         logtime.Time // the record's, if filled
	format     int
	written    []string // keys written, if the rule tracks them
	pending    int      // attributes that the matches around the one being written will bring
	before     int      // keys written by what is inside the match being written
}

func newWorker(p *grokProcessor) *worker {
	w := &worker{p: p, tally: newTally(len(p.rules), len(p.formats)), selected: make([]bool, len(p.rules))}
	for range p.depth + 1 {
		w.matches = append(w.matches, newMatch())
	}
	return w
}

// batch parses every record of ld.
func (w *worker) batch(ctx context.Context, ld plog.Logs) {
	for i, rl := range ld.ResourceLogs().All() {
		w.resource, w.rl = i, rl
		attrs := rl.Resource().Attributes()
		for i, r := range w.p.rules {
			w.selected[i] = selects(r.resource, attrs)
		}
		w.lacksService = lacksService(rl.Resource())
		w.resourceHash = 0
		if w.p.auto {
			w.resourceHash = w.hash(attrs)
		}
		for i, sl := range rl.ScopeLogs().All() {
			w.scope, w.sl = i, sl
			for i, lr := range sl.LogRecords().All() {
				w.index, w.lr, w.attrs = i, lr, lr.Attributes()
				w.record(ctx)
			}
		}
	}
	w.services.regroup(ld)
	for i := range w.matches {
		w.matches[i].forget()
	}
	w.program.text, w.program.name, w.program.ok = "", "", false
	w.found, w.thrown = [roleCount]found{}, stacktrace.Exception{}
	clear(w.written[:cap(w.written)])
	w.rl, w.sl, w.lr, w.attrs = plog.ResourceLogs{}, plog.ScopeLogs{}, plog.LogRecord{}, pcommon.Map{}
}

// record parses the record with the first rule that can and counts it once.
func (w *worker) record(ctx context.Context) {
	var tCtx *ottllog.TransformContext
	last, decided := outcomeNotSelected, len(w.p.rules)
	for i, r := range w.p.rules {
		if !w.selected[i] || len(r.attributes) > 0 && !selects(r.attributes, w.attrs) {
			continue
		}
		if len(r.conditions) > 0 {
			if tCtx == nil {
				tCtx = ottllog.NewTransformContextPtr(w.rl, w.sl, w.lr)
				defer tCtx.Close()
			}
			holds, err := anyHolds(ctx, r.conditions, tCtx)
			if err != nil {
				w.tally.errors[i]++
			}
			if !holds {
				continue
			}
		}
		text, o, ok := r.from.text(w.lr, w.p.maxBytes)
		if !ok {
			continue
		}
		if o == outcomeParsed {
			o = w.try(r, text)
		}
		if o == outcomeParsed {
			w.tally.records[i*int(outcomeCount)+int(outcomeParsed)]++
			return
		}
		w.tally.misses[i]++
		last, decided = o, i
	}
	w.tally.records[decided*int(outcomeCount)+int(last)]++
	if last != outcomeNotSelected {
		w.attrs.PutStr(errorAttribute, outcomeNames[last])
	}
}

// try parses the record's text with a rule and fills the record if that succeeds.
func (w *worker) try(r *rule, text string) outcome {
	w.rule = r
	w.fails = w.tally.failures[r.index*int(failureCount) : (r.index+1)*int(failureCount)]
	w.fieldsLeft = w.p.maxFields
	if o := w.parse(r.stage, text); o != outcomeParsed {
		return o
	}
	w.filled = [roleCount]bool{}
	w.format, w.before, w.pending = -1, 0, 0
	w.written = w.written[:0]
	if w.attrs.Len() > 0 {
		w.attrs.Remove(errorAttribute)
	}
	w.apply(r.stage, &w.matches[0])
	if w.format >= 0 {
		w.attrs.PutStr(formatAttribute, w.p.formats[w.format].Name)
		w.tally.formats[r.index*len(w.p.formats)+w.format]++
	}
	w.writeException(text)
	return outcomeParsed
}

// parse leaves the fields of text in the stage's match if a parser matches. If none does, the outcome is that of the first
// that something stood in the way of: no_match only if there was no such parser.
func (w *worker) parse(s *stage, text string) outcome {
	m := &w.matches[s.depth]
	out := outcomeNoMatch
	for _, p := range s.parsers {
		m.reset()
		left := w.fieldsLeft
		o := p.parse(w, text, m)
		if o == outcomeParsed {
			return o
		}
		w.fieldsLeft = left
		if out == outcomeNoMatch {
			out = o
		}
	}
	return out
}

var hashSeed = maphash.MakeSeed()

// sourceKeys are the attributes that tell the sources within a resource apart.
var sourceKeys = []string{"log.file.path", "log.file.name", "log.iostream", "service.name", "container.id", "k8s.container.name"}

// hash is the same for the same attributes in any order.
func (w *worker) hash(attrs pcommon.Map) (sum uint64) {
	for key, v := range attrs.All() {
		sum += hashPair(key, v)
	}
	return sum
}

func hashPair(key string, v pcommon.Value) uint64 {
	text := ""
	if v.Type() == pcommon.ValueTypeStr {
		text = v.Str()
	}
	return maphash.String(hashSeed, key) ^ 31*maphash.String(hashSeed, text)
}

// source stands for where the record's lines come from: its resource, and its file or container.
func (w *worker) source() uint64 {
	sum := w.resourceHash
	if w.attrs.Len() == 0 {
		return sum
	}
	for _, key := range sourceKeys {
		if v, ok := w.attrs.Get(key); ok {
			sum += hashPair(key, v)
		}
	}
	return sum
}
