// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grokprocessor

import (
	"math"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/logboom/logboom/internal/severity"
	"github.com/logboom/logboom/internal/stacktrace"
)

// apply puts the match of a stage on the record. What stands inside goes first: it says more about the record than what
// is around it, and what is written first stays.
func (w *worker) apply(s *stage, m *match) {
	if m.plan != nil {
		m.locate()
	}
	if len(s.nested) > 0 {
		n := len(m.captures) + m.object.Len() // one of them is empty
		w.pending += n
		for i := range s.nested {
			w.applyNested(&s.nested[i], i, m)
		}
		w.pending -= n
	}
	if m.plan != nil {
		w.fillFromCaptures(m)
		w.writeCaptures(m)
	} else {
		w.fillFromObject(m)
		w.writeObject(m)
	}
	if m.format >= 0 && w.format < 0 {
		w.format = m.format
	}
}

// applyNested parses a captured text further. Where that succeeds, what it captures takes the place of the text.
func (w *worker) applyNested(n *nestedStage, index int, m *match) {
	var from *ref
	var at member
	var text string
	var ok bool
	if m.plan != nil {
		if from, text, ok = m.find(m.plan.nested[index]); !ok {
			return
		}
	} else {
		if at, ok = lookup(m.object, n.from); !ok || at.value.Type() != pcommon.ValueTypeStr {
			return
		}
		text = at.value.Str()
	}
	if w.parse(n.stage, text) != outcomeParsed {
		w.tally.nestedMisses[w.rule.index]++
		return
	}
	w.apply(n.stage, &w.matches[n.stage.depth])
	if m.plan == nil {
		m.drop = append(m.drop, at)
		return
	}
	for _, slot := range from.slots {
		m.take(slot)
	}
}

func (w *worker) fail(f failure) { w.fails[f]++ }

// near is a time at which the record was seen, for times that lack the year; 0 if it is not known.
func (w *worker) near() int64 {
	t := w.lr.ObservedTimestamp()
	if t == 0 {
		t = w.lr.Timestamp()
	}
	return int64(min(t, math.MaxInt64)) //nolint:gosec // it fits
}

// fillFromCaptures fills the fields of the record that nothing further inside has filled.
func (w *worker) fillFromCaptures(m *match) {
	p := m.plan
	for role := range roleCount {
		if len(p.roles[role]) == 0 || w.filled[role] && role != roleTimestamp {
			continue
		}
		if role == roleTimestamp {
			if w.wantsTime() {
				w.timeFromCaptures(m)
			}
			continue
		}
		from, text, ok := m.find(p.roles[role])
		if !ok {
			continue
		}
		switch role {
		case roleSeverity:
			ok = w.setSeverity(w.rule.severity.Read(text, from.numbers))
		case roleTraceID:
			var id pcommon.TraceID
			if id, ok = readTraceID(text, from.decimal); ok {
				w.lr.SetTraceID(id)
			}
		case roleSpanID:
			var id pcommon.SpanID
			if id, ok = readSpanID(text, from.decimal); ok {
				w.lr.SetSpanID(id)
			}
		case roleService:
			w.setService(text)
			continue
		case roleStacktrace:
			w.setException(text)
			continue
		case roleBody:
			w.lr.Body().SetStr(text)
			for _, slot := range from.slots {
				m.take(slot)
			}
		}
		w.filled[role] = ok
		if !ok {
			w.fail(roleFailures[role])
		}
	}
}

// fillFromObject is fillFromCaptures for an object.
func (w *worker) fillFromObject(m *match) {
	if m.object.Len() == 0 {
		return
	}
	w.found = [roleCount]found{}
	w.rule.members.find(m.object, &w.found)
	for role := range roleCount {
		f := &w.found[role]
		if f.use == nil || w.filled[role] && role != roleTimestamp {
			continue
		}
		ok := true
		switch role {
		case roleTimestamp:
			if w.wantsTime() {
				w.timeFromMember(f)
			}
			continue
		case roleSeverity:
			ok = w.setSeverity(w.rule.severity.Read(valueText(f.value), f.use.numbers))
		case roleTraceID:
			var id pcommon.TraceID
			if id, ok = readTraceID(valueText(f.value), f.use.decimal); ok {
				w.lr.SetTraceID(id)
			}
		case roleSpanID:
			var id pcommon.SpanID
			if id, ok = readSpanID(valueText(f.value), f.use.decimal); ok {
				w.lr.SetSpanID(id)
			}
		case roleService:
			if w.lacksService && (f.key != "service" || !isSession(f.object)) {
				w.setService(valueText(f.value))
			}
			continue
		case roleStacktrace:
			w.setException(valueText(f.value))
			continue
		case roleBody:
			f.value.MoveTo(w.lr.Body())
			m.drop = append(m.drop, f.member)
		}
		w.filled[role] = ok
		if !ok {
			w.fail(roleFailures[role])
		}
	}
	for _, d := range m.drop {
		key := d.key
		d.object.RemoveIf(func(k string, _ pcommon.Value) bool { return k == key })
	}
}

func (w *worker) setSeverity(text string, number severity.Number, ok bool) bool {
	if ok {
		w.lr.SetSeverityNumber(plog.SeverityNumber(number))
		w.lr.SetSeverityText(text)
	}
	return ok
}

func (w *worker) setService(name string) {
	if !w.lacksService {
		w.filled[roleService] = true
		return
	}
	ok := true
	if !w.rule.anyService {
		if name != w.program.text { // most lines have the program of the one before
			w.program.text = name
			w.program.name, w.program.ok = programName(name)
		}
		name, ok = w.program.name, w.program.ok
	}
	if ok {
		w.filled[roleService] = true
		w.services.add(w.resource, w.scope, w.index, name)
	}
}

// stacktraceNames are the names under which loggers write a stack trace and nothing else.
var stacktraceNames = fieldNames{
	"exception.stacktrace", "error.stack_trace", "stack_trace", "stacktrace", "stackTrace", "StackTrace", "stack", "error.stack",
	"err.stack", "errorVerbose", "backtrace", "exc_info", "exc_text", "traceback", "exception", "Exception", "@x", "throwable", "thrown.extendedStackTrace",
}

func (w *worker) setException(text string) {
	if e, ok := stacktrace.Read(text); ok {
		w.thrown, w.filled[roleStacktrace] = e, true
	}
}

// writeException puts what a stack trace says on the record: one under a name of its own, or one that the text, or
// a message in it, goes on with.
func (w *worker) writeException(text string) {
	if !w.filled[roleStacktrace] {
		var ok bool
		if w.thrown, ok = stacktrace.Find(text); !ok {
			if w.thrown, ok = exceptionInMessage(text, w.attrs); !ok {
				return
			}
		}
	}
	if w.thrown.Type == "" && w.thrown.Message == "" {
		w.thrown.Message = messageOfError(w.attrs)
	}
	for _, kv := range [...]struct{ key, value string }{
		{keyExceptionType, w.thrown.Type}, {keyExceptionMessage, w.thrown.Message}, {keyExceptionStacktrace, w.thrown.Stacktrace},
	} {
		if kv.value == "" {
			continue
		}
		if dst, existed := w.attrs.GetOrPutEmpty(kv.key); !existed {
			dst.SetStr(kv.value)
		}
	}
}
