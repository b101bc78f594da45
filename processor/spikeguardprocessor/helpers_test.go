// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package spikeguardprocessor

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/sampling"

	"github.com/logboom/logboom/archive"
	"github.com/logboom/logboom/internal/weight"
	"github.com/logboom/logboom/processor/spikeguardprocessor/internal/metadatatest"
)

// fixed is a configuration with a budget of so many records a second for each source.
func fixed(action string, records float64) *Config {
	cfg := createDefaultConfig().(*Config)
	cfg.Action = action
	cfg.Budget.PerKey.RecordsPerSecond = records
	return cfg
}

// got is a record as the next component got it.
type got struct {
	service, body, event string
	attrs                map[string]any
	severity             plog.SeverityNumber
	weight               float64
	count                int64 // what a summary stands for
}

// emitted tells what the processor wrote itself.
func (g *got) emitted() bool { return g.event != "" || g.attrs[attributeLast] == true }

// sink takes what is passed on, unless fail says otherwise.
type sink struct {
	mu       sync.Mutex
	fail     func(plog.Logs) error
	spoil    bool // change what is refused, as any component may
	readOnly bool // mark it, as a fan-out does
	records  []got
	batches  int
}

func (s *sink) Capabilities() consumer.Capabilities { return consumer.Capabilities{MutatesData: true} }

func (s *sink) setFail(fail func(plog.Logs) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = fail
}

func (s *sink) ConsumeLogs(_ context.Context, ld plog.Logs) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail != nil {
		if err := s.fail(ld); err != nil {
			if s.spoil {
				eachRecord(ld, func(_ plog.ResourceLogs, lr plog.LogRecord) { lr.Attributes().PutBool("spoiled", true) })
			}
			if s.readOnly {
				ld.MarkReadOnly()
			}
			return err
		}
	}
	s.batches++
	eachRecord(ld, func(rl plog.ResourceLogs, lr plog.LogRecord) {
		g := got{body: lr.Body().AsString(), event: lr.EventName(), attrs: lr.Attributes().AsRaw(), severity: lr.SeverityNumber(), weight: 1}
		if v, ok := rl.Resource().Attributes().Get("service.name"); ok {
			g.service = v.AsString()
		}
		if v, ok := g.attrs[weight.ThresholdAttribute]; ok {
			th, err := sampling.TValueToThreshold(v.(string))
			if err != nil {
				panic(err)
			}
			g.weight = th.AdjustedCount()
		}
		if v, ok := g.attrs[archive.AttributeRecordCount]; ok {
			g.count = v.(int64)
		}
		s.records = append(s.records, g)
	})
	return nil
}

// all returns what the sink has of those for which f is true.
func (s *sink) all(f func(*got) bool) (records []got) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.records {
		if f(&s.records[i]) {
			records = append(records, s.records[i])
		}
	}
	return records
}

// came returns what came and is passed on, of a service.
func (s *sink) came(service string) []got {
	return s.all(func(g *got) bool { return g.service == service && !g.emitted() })
}

func (s *sink) event(name string) []got {
	return s.all(func(g *got) bool { return g.event == name })
}

func eachRecord(ld plog.Logs, f func(plog.ResourceLogs, plog.LogRecord)) {
	for _, rl := range ld.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, lr := range sl.LogRecords().All() {
				f(rl, lr)
			}
		}
	}
}

// rig is a processor, the component after it and its metrics.
type rig struct {
	testing.TB
	telemetry *componenttest.Telemetry
	cfg       *Config
	sink      *sink
	processor.Logs
}

func newRig(t testing.TB, cfg *Config) *rig {
	return newRigWith(t, cfg, componenttest.NewNopHost())
}

func newRigWith(t testing.TB, cfg *Config, host component.Host) *rig {
	require.NoError(t, cfg.Validate())
	r := &rig{TB: t, telemetry: componenttest.NewTelemetry(), cfg: cfg, sink: &sink{}}
	var err error
	r.Logs, err = NewFactory().CreateLogs(t.Context(), metadatatest.NewSettings(r.telemetry), cfg, r.sink)
	require.NoError(t, err)
	if host != nil {
		require.NoError(t, r.Start(t.Context(), host))
	}
	return r
}

func (r *rig) send(ld plog.Logs) {
	r.Helper()
	require.NoError(r, r.ConsumeLogs(r.Context(), ld))
}

func (r *rig) stop() {
	r.Helper()
	require.NoError(r, r.Shutdown(context.Background()))
}

// metric is the sum over the points of a metric that have these attributes (name, value, name, value, …).
func (r *rig) metric(name string, attrs ...string) (sum int64) {
	r.Helper()
	m, err := r.telemetry.GetMetric("otelcol_processor_spike_guard_" + name)
	if err != nil {
		return 0
	}
	for _, p := range m.Data.(metricdata.Sum[int64]).DataPoints {
		matches := true
		for i := 0; i < len(attrs); i += 2 {
			v, ok := p.Attributes.Value(attribute.Key(attrs[i]))
			matches = matches && ok && v.AsString() == attrs[i+1]
		}
		if matches {
			sum += p.Value
		}
	}
	return sum
}

// balanced checks that nothing is lost silently: received = passed + thinned + summarized + dropped, and what is summarized is delivered,
// lost, or held.
func (r *rig) balanced() {
	r.Helper()
	over := int64(0)
	for _, outcome := range []string{"thinned", "summarized", "dropped"} {
		over += r.metric("over_items", "outcome", outcome)
	}
	received, passed := r.metric("received_items"), r.metric("passed_items")
	assert.Equal(r, received, passed+over, "received = %d passed + %d over", passed, over)
	came := r.sink.all(func(g *got) bool { return !g.emitted() })
	assert.Equal(r, passed, int64(len(came)), "what passed is what the next component has")
	counted := int64(0)
	for _, s := range r.sink.event(eventSummary) {
		counted += s.count
	}
	summarized := r.metric("over_items", "outcome", "summarized")
	assert.Equal(r, summarized, counted+r.metric("held_items")+r.metric("lost_items", "kind", "summary"), "summarized = %d in summaries + held + lost", counted)
	assert.Equal(r, r.metric("emitted_items"), int64(len(r.sink.records)-len(came)))
}

// lines makes a batch: n lines of each service, in one resource each.
func lines(n int, services ...string) plog.Logs {
	ld := plog.NewLogs()
	for _, service := range services {
		rl := ld.ResourceLogs().AppendEmpty()
		rl.Resource().Attributes().PutStr("service.name", service)
		sl := rl.ScopeLogs().AppendEmpty()
		sl.Scope().SetName("scope")
		for i := range n {
			addLine(sl, fmt.Sprintf("loop iteration %d of the reconciler reached no fixed point", i), plog.SeverityNumberInfo)
		}
	}
	return ld
}

func addLine(sl plog.ScopeLogs, body string, severity plog.SeverityNumber) plog.LogRecord {
	lr := sl.LogRecords().AppendEmpty()
	lr.SetTimestamp(pcommon.NewTimestampFromTime(time.Now()))
	lr.SetSeverityNumber(severity)
	lr.Body().SetStr(body)
	lr.SetTraceID([16]byte{1: 7, 15: 3})
	return lr
}
