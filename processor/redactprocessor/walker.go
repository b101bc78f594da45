// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redactprocessor

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/logboom/logboom/internal/redact"
)

// walker goes through every string of a batch. The resource and the scope count as records of their own, each record
// and each span has the whole budget. It is not safe for concurrent use.
type walker struct {
	sc           *redact.Scanner
	dryRun       bool
	tagAttribute string

	effect  redact.Effect // of what was read since begin
	dropped [3]int64      // items, by the index of droppedReasons
	buf     []byte        // a copy of bytes that are read
	line    []byte        // the arguments of a command before the one that is read
}

// Why items were dropped: where the finding stood.
const (
	droppedRecord = iota
	droppedScope
	droppedResource
)

var droppedReasons = [...]string{"record", "scope", "resource"}

// logs masks a batch in place. What is dropped is removed, and with it the scopes and resources that nothing is left of.
func (w *walker) logs(ld plog.Logs) {
	ld.ResourceLogs().RemoveIf(func(rl plog.ResourceLogs) bool {
		w.begin()
		w.attributes(rl.Resource().Attributes(), 0)
		w.text(rl.SchemaUrl(), rl.SetSchemaUrl)
		if w.end(rl.Resource().Attributes()) {
			for _, sl := range rl.ScopeLogs().All() {
				w.dropped[droppedResource] += int64(sl.LogRecords().Len())
			}
			return true
		}
		before := rl.ScopeLogs().Len()
		rl.ScopeLogs().RemoveIf(w.scopeLogs)
		return before > 0 && rl.ScopeLogs().Len() == 0
	})
}

func (w *walker) scopeLogs(sl plog.ScopeLogs) (drop bool) {
	w.begin()
	w.scope(sl.Scope())
	w.text(sl.SchemaUrl(), sl.SetSchemaUrl)
	before := sl.LogRecords().Len()
	if w.end(sl.Scope().Attributes()) {
		w.dropped[droppedScope] += int64(before)
		return true
	}
	sl.LogRecords().RemoveIf(w.record)
	gone := before - sl.LogRecords().Len()
	w.dropped[droppedRecord] += int64(gone)
	return gone > 0 && gone == before
}

func (w *walker) record(lr plog.LogRecord) (drop bool) {
	w.begin()
	w.value(lr.Body(), 0)
	w.attributes(lr.Attributes(), 0)
	w.text(lr.SeverityText(), lr.SetSeverityText)
	w.text(lr.EventName(), lr.SetEventName)
	return w.end(lr.Attributes())
}

// traces is logs for spans.
func (w *walker) traces(td ptrace.Traces) {
	td.ResourceSpans().RemoveIf(func(rs ptrace.ResourceSpans) bool {
		w.begin()
		w.attributes(rs.Resource().Attributes(), 0)
		w.text(rs.SchemaUrl(), rs.SetSchemaUrl)
		if w.end(rs.Resource().Attributes()) {
			for _, ss := range rs.ScopeSpans().All() {
				w.dropped[droppedResource] += int64(ss.Spans().Len())
			}
			return true
		}
		before := rs.ScopeSpans().Len()
		rs.ScopeSpans().RemoveIf(w.scopeSpans)
		return before > 0 && rs.ScopeSpans().Len() == 0
	})
}

func (w *walker) scopeSpans(ss ptrace.ScopeSpans) (drop bool) {
	w.begin()
	w.scope(ss.Scope())
	w.text(ss.SchemaUrl(), ss.SetSchemaUrl)
	before := ss.Spans().Len()
	if w.end(ss.Scope().Attributes()) {
		w.dropped[droppedScope] += int64(before)
		return true
	}
	ss.Spans().RemoveIf(w.span)
	gone := before - ss.Spans().Len()
	w.dropped[droppedRecord] += int64(gone)
	return gone > 0 && gone == before
}

func (w *walker) span(span ptrace.Span) (drop bool) {
	w.begin()
	w.text(span.Name(), span.SetName)
	w.traceState(span.TraceState())
	w.text(span.Status().Message(), span.Status().SetMessage)
	w.attributes(span.Attributes(), 0)
	for _, event := range span.Events().All() {
		w.text(event.Name(), event.SetName)
		w.attributes(event.Attributes(), 0)
	}
	for _, link := range span.Links().All() {
		w.traceState(link.TraceState())
		w.attributes(link.Attributes(), 0)
	}
	return w.end(span.Attributes())
}

func (w *walker) scope(scope pcommon.InstrumentationScope) {
	w.text(scope.Name(), scope.SetName)
	w.text(scope.Version(), scope.SetVersion)
	w.attributes(scope.Attributes(), 0)
}

// text masks one string that is no attribute.
func (w *walker) text(s string, set func(string)) {
	out, effect := w.sc.Text(s)
	if w.note(effect); effect&redact.Changed != 0 && !w.dryRun {
		set(out)
	}
}

func (w *walker) traceState(ts pcommon.TraceState) { w.text(ts.AsRaw(), ts.FromRaw) }

// begin starts a record, a span, a resource or a scope.
func (w *walker) begin() {
	w.sc.Reset()
	w.effect = 0
}

func (w *walker) note(effect redact.Effect) { w.effect |= effect }

// end tags what was read since begin, or tells that it is to be dropped.
func (w *walker) end(attributes pcommon.Map) (drop bool) {
	switch {
	case w.effect == 0 || w.dryRun:
		return false
	case w.effect&redact.DropsRecord != 0:
		return true
	case w.effect&redact.Tagged != 0:
		tag(attributes, w.tagAttribute, w.sc.Tags())
	}
	return false
}
