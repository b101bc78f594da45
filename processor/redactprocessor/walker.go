// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redactprocessor

import (
	"strconv"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/logboom/logboom/internal/redact"
)

// maxDepth is how deep maps and slices may be nested; what lies deeper is masked unread.
const maxDepth = 64

// walker goes through every value of a batch. The resource and the scope count as records of their own, each record
// and each span has the whole budget.
type walker struct {
	sc     *redact.Scanner
	dryRun bool
}

func (w *walker) logs(ld plog.Logs) {
	for _, rl := range ld.ResourceLogs().All() {
		w.sc.Reset()
		w.attributes(rl.Resource().Attributes(), 0)
		w.text(rl.SchemaUrl(), rl.SetSchemaUrl)
		for _, sl := range rl.ScopeLogs().All() {
			w.sc.Reset()
			w.scope(sl.Scope())
			w.text(sl.SchemaUrl(), sl.SetSchemaUrl)
			for _, lr := range sl.LogRecords().All() {
				w.sc.Reset()
				w.value(lr.Body(), 0)
				w.attributes(lr.Attributes(), 0)
				w.text(lr.SeverityText(), lr.SetSeverityText)
				w.text(lr.EventName(), lr.SetEventName)
			}
		}
	}
}

func (w *walker) traces(td ptrace.Traces) {
	for _, rs := range td.ResourceSpans().All() {
		w.sc.Reset()
		w.attributes(rs.Resource().Attributes(), 0)
		w.text(rs.SchemaUrl(), rs.SetSchemaUrl)
		for _, ss := range rs.ScopeSpans().All() {
			w.sc.Reset()
			w.scope(ss.Scope())
			w.text(ss.SchemaUrl(), ss.SetSchemaUrl)
			for _, span := range ss.Spans().All() {
				w.span(span)
			}
		}
	}
}

func (w *walker) span(span ptrace.Span) {
	w.sc.Reset()
	w.text(span.Name(), span.SetName)
	w.text(span.TraceState().AsRaw(), span.TraceState().FromRaw)
	w.text(span.Status().Message(), span.Status().SetMessage)
	w.attributes(span.Attributes(), 0)
	for _, event := range span.Events().All() {
		w.text(event.Name(), event.SetName)
		w.attributes(event.Attributes(), 0)
	}
	for _, link := range span.Links().All() {
		w.text(link.TraceState().AsRaw(), link.TraceState().FromRaw)
		w.attributes(link.Attributes(), 0)
	}
}

func (w *walker) scope(scope pcommon.InstrumentationScope) {
	w.text(scope.Name(), scope.SetName)
	w.text(scope.Version(), scope.SetVersion)
	w.attributes(scope.Attributes(), 0)
}

// text masks one string in place.
func (w *walker) text(s string, set func(string)) {
	if out, changed := w.sc.Text(s); changed != 0 && !w.dryRun {
		set(out)
	}
}

// attributes masks the values of a map, by what they hold and by the names they stand under, and the names themselves.
func (w *walker) attributes(m pcommon.Map, depth int) {
	var renamed []string
	for key, v := range m.All() {
		if out, changed := w.sc.Text(key); changed != 0 && !w.dryRun {
			renamed = append(renamed, key, out)
		}
		switch {
		case w.sc.SensitiveKey(key):
			w.hide(v, depth)
		case v.Type() == pcommon.ValueTypeStr:
			if out, changed := w.sc.Under(key, v.Str()); changed != 0 && !w.dryRun {
				v.SetStr(out)
			}
		default:
			w.value(v, depth)
		}
	}
	rename(m, renamed)
}

// rename moves values under other names; names are pairs of the old and the new one. When a name is taken, a number is
// added, so that no value is lost. Thousands of keys may get the same mask: the numbers are not tried again for each.
func rename(m pcommon.Map, names []string) {
	if len(names) == 0 {
		return
	}
	used := map[string]int{} // new name -> number that was given last
	for i := 0; i < len(names); i += 2 {
		v, ok := m.Get(names[i])
		if !ok {
			continue
		}
		moved := pcommon.NewValueEmpty()
		v.MoveTo(moved)
		m.Remove(names[i])
		to := names[i+1]
		name, number := to, used[to]
		if number > 0 {
			number++
			name = to + "_" + strconv.Itoa(number)
		}
		for {
			if _, taken := m.Get(name); !taken {
				break
			}
			number = max(number, 1) + 1
			name = to + "_" + strconv.Itoa(number)
		}
		used[to] = max(number, 1)
		moved.MoveTo(m.PutEmpty(name))
	}
}

// value masks a value in place, at any depth.
func (w *walker) value(v pcommon.Value, depth int) {
	switch v.Type() {
	case pcommon.ValueTypeStr:
		if out, changed := w.sc.Text(v.Str()); changed != 0 && !w.dryRun {
			v.SetStr(out)
		}
	case pcommon.ValueTypeInt:
		w.number(v, v.Int())
	case pcommon.ValueTypeDouble:
		if f := v.Double(); f >= 1e12 && f < 1<<63 && f == float64(int64(f)) {
			w.number(v, int64(f))
		}
	case pcommon.ValueTypeBytes:
		if b := v.Bytes(); b.Len() > 0 {
			if out, changed := w.sc.Text(string(b.AsRaw())); changed != 0 && !w.dryRun {
				b.FromRaw([]byte(out))
			}
		}
	case pcommon.ValueTypeMap:
		if depth >= maxDepth {
			w.tooDeep(v)
			return
		}
		w.attributes(v.Map(), depth+1)
	case pcommon.ValueTypeSlice:
		if depth >= maxDepth {
			w.tooDeep(v)
			return
		}
		for _, e := range v.Slice().All() {
			w.value(e, depth+1)
		}
	}
}

// number looks at an integer as text.
func (w *walker) number(v pcommon.Value, n int64) {
	if out, changed := w.sc.Number(n); changed != 0 && !w.dryRun {
		v.SetStr(out)
	}
}

// hide masks every text and number under a name that says what it is.
func (w *walker) hide(v pcommon.Value, depth int) {
	var text string
	switch v.Type() {
	case pcommon.ValueTypeStr:
		text = v.Str()
	case pcommon.ValueTypeInt, pcommon.ValueTypeDouble:
		text = v.AsString()
	case pcommon.ValueTypeBytes:
		text = string(v.Bytes().AsRaw())
	case pcommon.ValueTypeMap, pcommon.ValueTypeSlice:
		if depth >= maxDepth {
			w.tooDeep(v)
			return
		}
		if v.Type() == pcommon.ValueTypeSlice {
			for _, e := range v.Slice().All() {
				w.hide(e, depth+1)
			}
			return
		}
		w.hideMap(v.Map(), depth+1)
		return
	default:
		return
	}
	if out, changed := w.sc.Hide(text); changed != 0 && !w.dryRun {
		if v.Type() == pcommon.ValueTypeBytes {
			v.Bytes().FromRaw([]byte(out))
		} else {
			v.SetStr(out)
		}
	}
}

func (w *walker) hideMap(m pcommon.Map, depth int) {
	var renamed []string
	for key, v := range m.All() {
		if out, changed := w.sc.Text(key); changed != 0 && !w.dryRun {
			renamed = append(renamed, key, out)
		}
		w.hide(v, depth)
	}
	rename(m, renamed)
}

func (w *walker) tooDeep(v pcommon.Value) {
	out := w.sc.TooDeep()
	if !w.dryRun {
		v.SetStr(out)
	}
}
