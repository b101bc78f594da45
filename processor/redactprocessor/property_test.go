// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redactprocessor

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/processortest"

	"github.com/logboom/logboom/processor/redactprocessor/internal/metadata"
)

// seeds is how many records the property is tried on.
const seeds = 400

// TestPlantedAnywhere builds random nested records and spans with the examples of every detector at random places, in
// random ways of writing, and searches the bytes that would go over the wire. LOGBOOM_SEED is the first seed, by default 0.
func TestPlantedAnywhere(t *testing.T) {
	first, list := uint64(0), examples()
	if text := os.Getenv("LOGBOOM_SEED"); text != "" {
		n, err := strconv.ParseUint(text, 10, 64)
		require.NoError(t, err)
		first = n
	}
	require.NotEmpty(t, list)
	r := newRoundTrip(t)
	cases := map[string]int64{}
	for seed := first; seed < first+seeds; seed++ {
		for _, spans := range []bool{false, true} {
			p := newPlanter(seed, list)
			r.check(t, p, spans, fmt.Sprintf("seed %d, spans %t", seed, spans))
			for name, n := range p.cases {
				cases[name] += n
			}
		}
	}
	missing := 0
	for _, e := range list {
		if cases[e.detector] == 0 {
			missing++
		}
	}
	t.Logf("%d examples; detectors that had no turn: %d; secrets under a name: %d", len(list), missing, cases["sensitive_key"])
}

// roundTrip has a processor for each signal, with every group on.
type roundTrip struct {
	logs      processor.Logs
	traces    processor.Traces
	logSink   *consumertest.LogsSink
	traceSink *consumertest.TracesSink
}

func newRoundTrip(t *testing.T) *roundTrip {
	cfg := defaults()
	cfg.Groups.Network = true
	r := &roundTrip{logSink: new(consumertest.LogsSink), traceSink: new(consumertest.TracesSink)}
	set := processortest.NewNopSettings(metadata.Type)
	var err error
	r.logs, err = NewFactory().CreateLogs(context.Background(), set, cfg, r.logSink)
	require.NoError(t, err)
	r.traces, err = NewFactory().CreateTraces(context.Background(), set, cfg, r.traceSink)
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, r.logs.Shutdown(context.Background()))
		require.NoError(t, r.traces.Shutdown(context.Background()))
	})
	return r
}

// pass returns the wire form of what the processor makes of data in wire form.
func (r *roundTrip) pass(t *testing.T, wire []byte, spans bool) []byte {
	t.Helper()
	if spans {
		td, err := new(ptrace.ProtoUnmarshaler).UnmarshalTraces(wire)
		require.NoError(t, err)
		require.NoError(t, r.traces.ConsumeTraces(context.Background(), td))
		out, err := new(ptrace.ProtoMarshaler).MarshalTraces(r.traceSink.AllTraces()[0])
		require.NoError(t, err)
		r.traceSink.Reset()
		return out
	}
	ld, err := new(plog.ProtoUnmarshaler).UnmarshalLogs(wire)
	require.NoError(t, err)
	require.NoError(t, r.logs.ConsumeLogs(context.Background(), ld))
	out, err := new(plog.ProtoMarshaler).MarshalLogs(r.logSink.AllLogs()[0])
	require.NoError(t, err)
	r.logSink.Reset()
	return out
}

func (r *roundTrip) check(t *testing.T, p *planter, spans bool, where string) {
	t.Helper()
	var wire []byte
	var err error
	if spans {
		wire, err = new(ptrace.ProtoMarshaler).MarshalTraces(p.traces())
	} else {
		wire, err = new(plog.ProtoMarshaler).MarshalLogs(p.logs())
	}
	require.NoError(t, err)
	out := r.pass(t, wire, spans)
	for _, s := range p.planted {
		if i := bytes.Index(out, []byte(s.text)); i >= 0 {
			t.Errorf("%s: %s as %s: %q stands in %q", where, s.detector, s.form, s.text, out[max(0, i-80):min(len(out), i+len(s.text)+40)])
		}
	}
	again := r.pass(t, out, spans)
	found := &finder{t: t, p: p, where: where, clean: map[string]any{}}
	found.all(t, out, spans)
	if !bytes.Equal(out, again) {
		second := &finder{t: t, p: p, where: where, clean: map[string]any{}}
		second.all(t, again, spans)
		for i, s := range found.read {
			if i < len(second.read) && s != second.read[i] {
				t.Errorf("%s: a second pass changes %q to %q", where, s, second.read[i])
				break
			}
		}
		t.Errorf("%s: a second pass changes something", where)
	}
	require.Equal(t, p.clean, found.clean, where)
	require.Equal(t, len(p.json), found.documents, where)
}

// finder walks over what came out.
type finder struct {
	t         *testing.T
	p         *planter
	where     string
	clean     map[string]any
	documents int
	read      []string
}

func (f *finder) all(t *testing.T, wire []byte, spans bool) {
	t.Helper()
	if spans {
		td, err := new(ptrace.ProtoUnmarshaler).UnmarshalTraces(wire)
		require.NoError(t, err)
		for _, rs := range td.ResourceSpans().All() {
			f.visit(rs.Resource().Attributes())
			for _, ss := range rs.ScopeSpans().All() {
				f.visit(ss.Scope().Attributes())
				f.texts(ss.Scope().Name(), ss.Scope().Version(), ss.SchemaUrl(), rs.SchemaUrl())
				for _, span := range ss.Spans().All() {
					f.visit(span.Attributes())
					f.visit(span.Events().At(0).Attributes())
					f.visit(span.Links().At(0).Attributes())
					f.texts(span.Name(), span.Status().Message(), span.TraceState().AsRaw(), span.Events().At(0).Name())
				}
			}
		}
		return
	}
	ld, err := new(plog.ProtoUnmarshaler).UnmarshalLogs(wire)
	require.NoError(t, err)
	for _, rl := range ld.ResourceLogs().All() {
		f.visit(rl.Resource().Attributes())
		for _, sl := range rl.ScopeLogs().All() {
			f.visit(sl.Scope().Attributes())
			f.texts(sl.Scope().Name(), sl.Scope().Version(), sl.SchemaUrl(), rl.SchemaUrl())
			for _, lr := range sl.LogRecords().All() {
				f.visit(lr.Attributes())
				f.value("", lr.Body())
				f.texts(lr.SeverityText(), lr.EventName())
			}
		}
	}
}

func (f *finder) texts(list ...string) {
	f.read = append(f.read, list...)
	for _, s := range list {
		if !utf8.ValidString(s) {
			f.t.Errorf("%s: %q is no UTF-8", f.where, s)
		}
	}
}

func (f *finder) visit(m pcommon.Map) {
	for key, v := range m.All() {
		f.texts(key)
		f.value(key, v)
	}
}

func (f *finder) value(key string, v pcommon.Value) {
	if _, ok := f.p.clean[key]; ok {
		f.clean[key] = v.AsRaw()
	}
	switch v.Type() {
	case pcommon.ValueTypeStr:
		f.texts(v.Str())
		if f.p.json[key] {
			f.documents++
			if !json.Valid([]byte(v.Str())) {
				f.t.Errorf("%s: %q is JSON no more", f.where, v.Str())
			}
		}
	case pcommon.ValueTypeBytes:
		f.texts(string(v.Bytes().AsRaw()))
	case pcommon.ValueTypeInt:
		if f.p.numbers[v.Int()] {
			f.t.Errorf("%s: the number %d is left", f.where, v.Int())
		}
	case pcommon.ValueTypeDouble:
		if f.p.numbers[int64(v.Double())] {
			f.t.Errorf("%s: the number %f is left", f.where, v.Double())
		}
	case pcommon.ValueTypeMap:
		f.visit(v.Map())
	case pcommon.ValueTypeSlice:
		for _, e := range v.Slice().All() {
			f.value("", e)
		}
	}
}
