// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package requestsamplingprocessor

import (
	"context"
	"encoding/binary"
	"slices"
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
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/sampling"

	"github.com/logboom/logboom/internal/tailsample"
	"github.com/logboom/logboom/processor/requestsamplingprocessor/internal/metadatatest"
)

// policies is a configuration with these policies and a last one that drops the rest.
func policies(list ...PolicyConfig) *Config {
	cfg := createDefaultConfig().(*Config)
	cfg.Policies = slices.Concat(list, []PolicyConfig{{Name: "rest", Rate: ptr(0.0)}})
	return cfg
}

// keepsLate is a configuration that keeps all requests, but only once they are over: until then they could be health checks.
func keepsLate() *Config {
	cfg := policies(PolicyConfig{Name: "health", Attribute: &AttributeConfig{Key: "health", Bool: ptr(true)}, Rate: ptr(0.0)})
	cfg.Policies[1].Rate = nil
	return cfg
}

func mustPlan(t testing.TB, cfg *Config) *plan {
	t.Helper()
	require.NoError(t, cfg.Validate())
	p, err := newPlan(cfg, componenttest.NewNopTelemetrySettings(), nil)
	require.NoError(t, err)
	return p
}

// readLog reads one log record.
func readLog(p *plan, fill func(plog.ResourceLogs, plog.LogRecord)) tailsample.Item {
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	fill(rl, rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty())
	b := newBatch(len(p.reader.keys.names))
	p.reader.readLogs(b, ld)
	return b.items[0]
}

// readSpan reads one span.
func readSpan(p *plan, fill func(ptrace.ResourceSpans, ptrace.Span)) tailsample.Item {
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	fill(rs, rs.ScopeSpans().AppendEmpty().Spans().AppendEmpty())
	b := newBatch(len(p.reader.keys.names))
	p.reader.readTraces(b, td)
	return b.items[0]
}

// sink takes what is passed on, unless fail says otherwise.
type sink struct {
	mu     sync.Mutex
	logs   []string // bodies
	spans  []string // names
	last   plog.Logs
	lastTD ptrace.Traces
	fail   func() error
}

func (s *sink) Capabilities() consumer.Capabilities { return consumer.Capabilities{MutatesData: true} }

func (s *sink) failing() error {
	if s.fail == nil {
		return nil
	}
	return s.fail()
}

func (s *sink) ConsumeLogs(_ context.Context, ld plog.Logs) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.failing(); err != nil {
		for _, lr := range benchLogRecords(ld) {
			lr.Body().SetStr("changed by a consumer that failed then")
		}
		return err
	}
	for _, lr := range benchLogRecords(ld) {
		s.logs = append(s.logs, lr.Body().Str())
	}
	s.last = ld
	return nil
}

func (s *sink) ConsumeTraces(_ context.Context, td ptrace.Traces) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.failing(); err != nil {
		return err
	}
	for _, rs := range td.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			for _, span := range ss.Spans().All() {
				s.spans = append(s.spans, span.Name())
			}
		}
	}
	s.lastTD = td
	return nil
}

// got returns what the sink has, sorted.
func (s *sink) got() (logs, spans []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(slices.Values(s.logs)), slices.Sorted(slices.Values(s.spans))
}

func (s *sink) setFail(fail func() error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = fail
}

// rig is a factory whose processors tell their metrics.
type rig struct {
	testing.TB
	factory   processor.Factory
	telemetry *componenttest.Telemetry
	cfg       *Config
}

func newRig(t testing.TB, cfg *Config) *rig {
	require.NoError(t, cfg.Validate())
	return &rig{t, NewFactory(), componenttest.NewTelemetry(), cfg}
}

func (r *rig) logs(next consumer.Logs) processor.Logs {
	p, err := r.factory.CreateLogs(r.Context(), metadatatest.NewSettings(r.telemetry), r.cfg, next)
	require.NoError(r, err)
	return p
}

func (r *rig) traces(next consumer.Traces) processor.Traces {
	p, err := r.factory.CreateTraces(r.Context(), metadatatest.NewSettings(r.telemetry), r.cfg, next)
	require.NoError(r, err)
	return p
}

func (r *rig) start(halves ...component.Component) {
	for _, h := range halves {
		require.NoError(r, h.Start(r.Context(), componenttest.NewNopHost()))
	}
}

func (r *rig) shutdown(halves ...component.Component) {
	for _, h := range halves {
		require.NoError(r, h.Shutdown(context.Background()))
	}
}

// metric is the sum over the points of a metric that have these attributes (name, value, name, value, …).
func (r *rig) metric(name string, attrs ...string) (sum int64) {
	r.Helper()
	m, err := r.telemetry.GetMetric("otelcol_processor_request_sampling_" + name)
	if err != nil {
		return 0
	}
	var points []metricdata.DataPoint[int64]
	switch data := m.Data.(type) {
	case metricdata.Sum[int64]:
		points = data.DataPoints
	case metricdata.Gauge[int64]:
		points = data.DataPoints
	default:
		r.Fatalf("%s is a %T", name, data)
	}
	for _, p := range points {
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

// balanced checks that nothing is lost silently, and returns the terms.
func (r *rig) balanced() (received, kept, dropped, held int64) {
	r.Helper()
	received, kept = r.metric("received_items"), r.metric("kept_items")
	dropped, held = r.metric("dropped_items"), r.metric("held_items")
	assert.Equal(r, received+r.metric("restored_items"), kept+dropped+held, "received + restored = %d kept + %d dropped + %d held", kept, dropped, held)
	return received, kept, dropped, held
}

// request is a trace id that is kept at any rate above 1/256.
func request(n int) (id pcommon.TraceID) {
	binary.BigEndian.PutUint64(id[:8], uint64(n)+1)
	binary.BigEndian.PutUint64(id[8:], (uint64(n)+1)*0x9e3779b97f4a7c15)
	id[9] = 0xff
	return id
}

// record is a log record of a batch.
type record struct {
	request  int // none if negative
	body     string
	severity plog.SeverityNumber
	attrs    map[string]any
}

func logsOf(t testing.TB, records ...record) plog.Logs {
	ld := plog.NewLogs()
	for i, r := range records {
		if i%3 == 0 {
			rl := ld.ResourceLogs().AppendEmpty()
			rl.Resource().Attributes().PutStr("service.name", "svc")
			rl.ScopeLogs().AppendEmpty()
		}
		lr := ld.ResourceLogs().At(ld.ResourceLogs().Len() - 1).ScopeLogs().At(0).LogRecords().AppendEmpty()
		require.NoError(t, lr.Attributes().FromRaw(r.attrs))
		if r.request >= 0 {
			lr.SetTraceID(request(r.request))
		}
		lr.Body().SetStr(r.body)
		lr.SetSeverityNumber(r.severity)
		lr.SetTimestamp(pcommon.NewTimestampFromTime(time.Now()))
	}
	return ld
}

func spanOf(n int, name string, took time.Duration) ptrace.Traces {
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr("service.name", "svc")
	s := rs.ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	s.SetTraceID(request(n))
	s.SetParentSpanID([8]byte{1})
	s.SetName(name)
	s.SetStartTimestamp(pcommon.NewTimestampFromTime(time.Now().Add(-took)))
	s.SetEndTimestamp(pcommon.NewTimestampFromTime(time.Now()))
	return td
}

// countingSink adds up the weights of log records.
type countingSink struct {
	sink
	records, certain int // certain are those that are kept at any rate
	weight           float64
}

func (s *countingSink) ConsumeLogs(_ context.Context, ld plog.Logs) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, lr := range benchLogRecords(ld) {
		v, _ := lr.Attributes().Get("sampling.threshold")
		th, err := sampling.TValueToThreshold(v.Str())
		if err != nil {
			return err
		}
		s.records++
		if th == sampling.AlwaysSampleThreshold {
			s.certain++
		}
		s.weight += th.AdjustedCount()
	}
	return nil
}
