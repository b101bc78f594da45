// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package tailsample

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The conditions of the tests' policies.
const (
	isError uint64 = 1 << iota
	isHealth
	isSlow
)

// half is a threshold that keeps every second request.
const half = NeverThreshold / 2

// testConfig keeps errors, drops health checks that have none, and keeps half of the rest.
func testConfig() Config {
	return Config{
		Policies: []Policy{
			{Name: "errors", Conditions: isError},
			{Name: "health", Conditions: isHealth, Threshold: NeverThreshold},
			{Name: "rest", Threshold: half},
		},
		Wait: 30 * time.Second, Grace: 2 * time.Second,
		MaxHeldBytes: 64 << 20, MaxRequestBytes: 1 << 20, DecisionBytes: 1 << 20,
	}
}

// recorder is an Observer that adds everything up.
type recorder struct {
	mu       sync.Mutex
	decided  map[string]int
	after    []time.Duration
	kept     [signals]int64
	restored [signals]int64
	dropped  map[Reason]int64
	services map[string]int64
	bytes    int64 // dropped
	late     [2]int64
	unlinked int64
	forgot   int64
	failed   int
}

func newRecorder() *recorder {
	return &recorder{decided: map[string]int{}, dropped: map[Reason]int64{}, services: map[string]int64{}}
}

func (r *recorder) Decided(policy int, kept bool, trigger Trigger, after time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.decided[fmt.Sprintf("%d %t %d", policy, kept, trigger)]++
	r.after = append(r.after, after)
}

func (r *recorder) Kept(signal Signal, _ int, records, _ int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.kept[signal] += records
}

func (r *recorder) Dropped(_ Signal, reason Reason, _ int, service string, records, bytes int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.dropped[reason] += records
	r.services[service] += records
	r.bytes += bytes
}

func (r *recorder) Late(_ Signal, kept bool, n int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if kept {
		r.late[1] += n
	} else {
		r.late[0] += n
	}
}

func (r *recorder) Unlinked(n int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.unlinked += n
}

func (r *recorder) Restored(signal Signal, n int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.restored[signal] += n
}

func (r *recorder) Forgot(n int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.forgot += n
}

func (r *recorder) Failed(Signal, error, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failed++
}

// drops are the dropped records by reason.
func (r *recorder) drops() map[Reason]int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.dropped)
}

func (r *recorder) allDropped() (n int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, d := range r.dropped {
		n += d
	}
	return n
}

// sink takes deliveries of an output, and what is streamed.
type sink struct {
	t      testing.TB
	signal Signal
	mu     sync.Mutex
	fail   error
	always bool // fail for good
	got    map[string]Decision
	double int
	order  []string
}

var errBusy = errors.New("busy")

func newSink(t testing.TB, signal Signal) *sink {
	return &sink{t: t, signal: signal, got: map[string]Decision{}}
}

func (s *sink) setFail(err error, always bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail, s.always = err, always
}

func (s *sink) deliver(_ context.Context, data []byte, runs []Run) (permanent bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail != nil {
		return s.always, s.fail
	}
	names, resources := namesOf(s.t, s.signal, data)
	for i, r := range runs {
		for range r.Records {
			if len(names) == 0 {
				s.t.Errorf("run %d has more records than there are", i)
				return true, errBusy
			}
			s.add(names[0], resources[0], r.Decision)
			names, resources = names[1:], resources[1:]
		}
	}
	if len(names) != 0 {
		s.t.Errorf("%d records without a run", len(names))
	}
	return false, nil
}

func (s *sink) add(name, resource string, d Decision) {
	if _, twice := s.got[name]; twice {
		s.double++
		s.t.Errorf("%s came twice", name)
	}
	if d.Randomness < d.Threshold {
		s.t.Errorf("%s was kept below its threshold", name)
	}
	if want := serviceOf(name); resource != want {
		s.t.Errorf("%s came from resource %q, not %q", name, resource, want)
	}
	s.got[name] = d
	s.order = append(s.order, name)
}

// serviceOf is the resource that the tests give a record.
func serviceOf(name string) string { return fmt.Sprintf("service-%d", len(name)%3) }

// namesOf returns the names of the records in OTLP bytes, and those of their resources.
func namesOf(t testing.TB, signal Signal, data []byte) (names, resources []string) {
	service := func(r pcommon.Resource) string {
		v, _ := r.Attributes().Get("service.name")
		return v.Str()
	}
	if signal == Traces {
		td, err := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(data)
		require.NoError(t, err)
		for _, rs := range td.ResourceSpans().All() {
			for _, ss := range rs.ScopeSpans().All() {
				require.Equal(t, "scope", ss.Scope().Name())
				for _, span := range ss.Spans().All() {
					names, resources = append(names, span.Name()), append(resources, service(rs.Resource()))
				}
			}
		}
		return names, resources
	}
	ld, err := (&plog.ProtoUnmarshaler{}).UnmarshalLogs(data)
	require.NoError(t, err)
	for _, rl := range ld.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			require.Equal(t, "scope", sl.Scope().Name())
			require.Equal(t, "https://example.com/scope", sl.SchemaUrl())
			for _, lr := range sl.LogRecords().All() {
				names, resources = append(names, lr.Body().Str()), append(resources, service(rl.Resource()))
			}
		}
	}
	return names, resources
}

// input is a batch in the making.
type input struct {
	signal Signal
	names  []string
	items  []Item
}

func (in *input) add(name string, it Item) *input {
	if it.Randomness == 0 {
		it.Randomness = NoRandomness
	}
	in.names, in.items = append(in.names, name), append(in.items, it)
	return in
}

// encode groups the records by their resources, items with them.
func (in *input) encode(t testing.TB) (items []Item, names, services []string, data []byte) {
	ld, td := plog.NewLogs(), ptrace.NewTraces()
	for r := range 3 {
		service := fmt.Sprintf("service-%d", r)
		rl, rs := plog.NewResourceLogs(), ptrace.NewResourceSpans()
		rl.Resource().Attributes().PutStr("service.name", service)
		rl.Resource().CopyTo(rs.Resource())
		sl, ss := rl.ScopeLogs().AppendEmpty(), rs.ScopeSpans().AppendEmpty()
		sl.Scope().SetName("scope")
		sl.SetSchemaUrl("https://example.com/scope")
		ss.Scope().SetName("scope")
		n := 0
		for i, name := range in.names {
			if serviceOf(name) == service {
				sl.LogRecords().AppendEmpty().Body().SetStr(name)
				ss.Spans().AppendEmpty().SetName(name)
				items, names = append(items, in.items[i]), append(names, name)
				n++
			}
		}
		if n > 0 {
			services = append(services, service)
			rl.MoveTo(ld.ResourceLogs().AppendEmpty())
			rs.MoveTo(td.ResourceSpans().AppendEmpty())
		}
	}
	var err error
	if in.signal == Traces {
		data, err = (&ptrace.ProtoMarshaler{}).MarshalTraces(td)
	} else {
		data, err = (&plog.ProtoMarshaler{}).MarshalLogs(ld)
	}
	require.NoError(t, err)
	return items, names, services, data
}

// send offers a batch, and passes what is kept at once to the sink.
func (in *input) send(t testing.TB, o *Output, s *sink) (items []Item, names []string) {
	items, names, services, data := in.encode(t)
	require.NoError(t, o.Offer(items, data, services))
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, it := range items {
		if it.Verdict == Kept {
			s.add(names[i], serviceOf(names[i]), it.Decision)
		}
	}
	return items, names
}

// key is the n-th key; its randomness is even for even n and so on: r.
func key(n int) Key {
	var k Key
	binary.BigEndian.PutUint64(k[8:], uint64(n)+1)
	return k
}

// high and low are randomness above and below half.
const (
	high = half + 12345
	low  = half - 12345
)

// rig is an engine with an output for each signal.
type rig struct {
	*Engine
	obs          *recorder
	logs, traces *Output
	sinks        [signals]*sink
}

func newRig(t testing.TB, cfg Config, store Store) *rig {
	obs := newRecorder()
	e, err := New(cfg, obs)
	require.NoError(t, err)
	if store != nil {
		e.SetStore(store)
	}
	r := &rig{Engine: e, obs: obs}
	r.sinks = [signals]*sink{newSink(t, Logs), newSink(t, Traces)}
	r.logs, r.traces = e.NewOutput(Logs, r.sinks[Logs].deliver), e.NewOutput(Traces, r.sinks[Traces].deliver)
	require.NoError(t, r.logs.Start(context.Background()))
	require.NoError(t, r.traces.Start(context.Background()))
	return r
}

func (r *rig) close(t testing.TB) {
	require.NoError(t, r.logs.Close(context.Background()))
	require.NoError(t, r.traces.Close(context.Background()))
}

func sortBy[T any, K cmp.Ordered](s []T, k func(T) K) {
	slices.SortStableFunc(s, func(a, b T) int { return cmp.Compare(k(a), k(b)) })
}
