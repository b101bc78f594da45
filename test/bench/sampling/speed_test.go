// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package sampling

import (
	"context"
	"flag"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"sync"
	"testing"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/processor/tailsamplingprocessor"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/xconfmap"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/processortest"

	"github.com/logboom/logboom/processor/requestsamplingprocessor"
	"github.com/logboom/logboom/test/harness"
)

var (
	flagRequests    = flag.Int("requests", 0, "requests in flight; 0: a small run that only checks what is kept")
	flagRepetitions = flag.Int("repetitions", 5, "rounds of each candidate, in turns")
	flagWait        = flag.Duration("wait", 5*time.Second, "how long a request is held; the records of all of them must come within, with contrib's processor within twice the time")
)

// plan says how many requests to take, how often, and how long to hold them.
func plan(t *testing.T) (requests, repetitions int, wait time.Duration) {
	t.Helper()
	n := runtime.GOMAXPROCS(1) // as the figures say
	t.Cleanup(func() { runtime.GOMAXPROCS(n) })
	if *flagRequests == 0 {
		return 1000, 1, time.Second
	}
	return *flagRequests, *flagRepetitions, *flagWait
}

// destination counts what it gets of each request.
type destination struct {
	mu      sync.Mutex
	records map[pcommon.TraceID]int
	total   int
	last    time.Time
}

func newDestination() *destination { return &destination{records: map[pcommon.TraceID]int{}} }

func (d *destination) logs(_ context.Context, ld plog.Logs) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.last = time.Now()
	for _, rl := range ld.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, lr := range sl.LogRecords().All() {
				d.records[lr.TraceID()]++
				d.total++
			}
		}
	}
	return nil
}

func (d *destination) traces(_ context.Context, td ptrace.Traces) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.last = time.Now()
	for _, rs := range td.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			for _, sp := range ss.Spans().All() {
				d.records[sp.TraceID()]++
				d.total++
			}
		}
	}
	return nil
}

// settle waits until nothing more comes for a while, from a moment on.
func (d *destination) settle(from time.Time, quiet time.Duration) {
	time.Sleep(time.Until(from))
	for {
		d.mu.Lock()
		last := d.last
		d.mu.Unlock()
		rest := quiet - time.Since(last)
		if time.Since(from) < quiet {
			rest = max(rest, quiet-time.Since(from))
		}
		if rest <= 0 {
			return
		}
		time.Sleep(rest)
	}
}

// missing is an error as long as a failed request has not come whole.
func (d *destination) missing(first, requests int) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i := first; i < first+requests; i++ {
		if got := d.records[traceID(i)]; failed(i) && got != perRequest {
			return fmt.Errorf("%d records of failed request %d", got, i)
		}
	}
	return nil
}

// check asks that every failed request came whole, and of the others a tenth, whole too.
func (d *destination) check(t *testing.T, name string, first, requests int) {
	t.Helper()
	kept := 0
	for i := first; i < first+requests; i++ {
		got := d.records[traceID(i)]
		if got != 0 {
			require.Equal(t, perRequest, got, "%s: records of request %d", name, i)
			if !failed(i) {
				kept++
			}
		}
		if failed(i) {
			require.Equal(t, perRequest, got, "%s: records of failed request %d", name, i)
		}
	}
	others := requests - requests/failing
	require.InDelta(t, 0.1, float64(kept)/float64(others), 0.04, "%s: share of the others that were kept", name)
}

func configure(t *testing.T, f processor.Factory, config map[string]any) component.Config {
	t.Helper()
	cfg := f.CreateDefaultConfig()
	require.NoError(t, confmap.NewFromStringMap(config).Unmarshal(cfg))
	require.NoError(t, xconfmap.Validate(cfg))
	return cfg
}

// feeding is a processor that was started, and how to give it batches.
type feeding struct {
	stream *stream
	// next makes a batch and returns how to feed it; nil when there are no more.
	next     func(*stream) func() error
	shutdown func(context.Context) error
	bytes    float64       // of a record
	quiet    time.Duration // how long nothing comes before the last has come
}

// run takes a processor from the first record of all requests to the last decision, twice: the first time it gets the memory that it
// keeps, the second time is measured. What making the batches costs is not counted, nor what is collected meanwhile.
func run(t *testing.T, name string, requests int, wait time.Duration, d *destination, p feeding) round {
	t.Helper()
	runtime.GC()
	debug.FreeOSMemory()
	before, _ := harness.Resident(t, os.Getpid())
	if *flagRequests > 0 {
		d.pass(t, name, wait, p)
		d.check(t, name, p.stream.first, requests)
		p.stream = p.stream.more()
		runtime.GC()
	}
	m, after := d.pass(t, name, wait, p)
	if *flagRequests == 0 { // a small run shares its processor, and quiet for a while does not mean that all is over
		harness.Eventually(t, time.Minute, func() error { return d.missing(p.stream.first, requests) })
	}
	d.check(t, name, p.stream.first, requests)
	require.NoError(t, p.shutdown(context.WithoutCancel(t.Context())))
	records := requests * perRequest
	return round{bytes: p.bytes, ns: float64(m.cpu.Nanoseconds()) / float64(records), allocs: float64(m.mallocs) / float64(records), resident: after - before}
}

// pass feeds all records of the stream and waits for the decisions. It returns what that took, and the memory in use before the decisions.
func (d *destination) pass(t *testing.T, name string, wait time.Duration, p feeding) (m meter, resident int64) {
	t.Helper()
	const chunk = 64 // batches made at a time
	began := time.Now()
	for more := true; more; {
		var list []func() error
		for range chunk {
			feed := p.next(p.stream)
			if more = feed != nil; !more {
				break
			}
			list = append(list, feed)
		}
		m.start()
		for _, feed := range list {
			if err := feed(); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(10 * time.Millisecond) // what is in a channel is taken out
		m.stop()
	}
	if arrived := time.Since(began); *flagRequests > 0 && arrived > wait {
		t.Logf("%s: the records took %s to come, longer than the wait: the first requests were decided before the last came", name, arrived.Round(time.Millisecond))
	}
	resident, _ = harness.Resident(t, os.Getpid())
	m.start()
	d.settle(time.Now().Add(wait), p.quiet)
	m.stop()
	return m, resident
}

// logsCandidate samples log records.
func logsCandidate(t *testing.T, name string, s *stream, wait time.Duration, config map[string]any) *candidate {
	t.Helper()
	f := requestsamplingprocessor.NewFactory()
	return &candidate{name: name, round: func() round {
		d := newDestination()
		next, err := consumer.NewLogs(d.logs)
		require.NoError(t, err)
		p, err := f.CreateLogs(t.Context(), processortest.NewNopSettings(f.Type()), configure(t, f, config), next)
		require.NoError(t, err)
		require.NoError(t, p.Start(t.Context(), componenttest.NewNopHost()))
		var sizer plog.ProtoMarshaler
		ld, _ := s.more().nextLogs()
		bytes := float64(sizer.LogsSize(ld)) / float64(ld.LogRecordCount())
		return run(t, name, s.requests, wait, d, feeding{stream: s.more(), shutdown: p.Shutdown, bytes: bytes, quiet: 500 * time.Millisecond, next: func(s *stream) func() error {
			ld, ok := s.nextLogs()
			if !ok {
				return nil
			}
			return func() error { return p.ConsumeLogs(t.Context(), ld) }
		}})
	}}
}

// tracesCandidate samples spans.
func tracesCandidate(t *testing.T, name string, s *stream, wait, quiet time.Duration, f processor.Factory, config map[string]any) *candidate {
	t.Helper()
	return &candidate{name: name, round: func() round {
		d := newDestination()
		next, err := consumer.NewTraces(d.traces)
		require.NoError(t, err)
		p, err := f.CreateTraces(t.Context(), processortest.NewNopSettings(f.Type()), configure(t, f, config), next)
		require.NoError(t, err)
		require.NoError(t, p.Start(t.Context(), componenttest.NewNopHost()))
		var sizer ptrace.ProtoMarshaler
		td, _ := s.more().nextTraces()
		bytes := float64(sizer.TracesSize(td)) / float64(td.SpanCount())
		return run(t, name, s.requests, wait, d, feeding{stream: s.more(), shutdown: p.Shutdown, bytes: bytes, quiet: quiet, next: func(s *stream) func() error {
			td, ok := s.nextTraces()
			if !ok {
				return nil
			}
			return func() error { return p.ConsumeTraces(t.Context(), td) }
		}})
	}}
}

// own is the configuration of request_sampling: what satisfies the first policy is kept, and a tenth of the others. Nothing but the wait
// ends a request.
func own(wait time.Duration, errors map[string]any) map[string]any {
	errors["name"] = "errors"
	return map[string]any{
		"wait": wait.String(), "end": map[string]any{"root_span": false}, "max_held_mib": 2048,
		"policies": []any{errors, map[string]any{"name": "rest", "rate": 0.1}},
	}
}

// few is how many requests of a busy service get their records at a time: with 100,000 of them held for half a minute, those of one second.
func few(requests int) int { return max(requests/30, 1) }

// TestLogs measures log records.
func TestLogs(t *testing.T) {
	requests, repetitions, wait := plan(t)
	config := own(wait, map[string]any{"severity": "error"})
	list := []*candidate{
		logsCandidate(t, "ten attributes, records of a request come close together", newStream(requests, few(requests), false), wait, config),
		logsCandidate(t, "ten attributes, records of all requests come mixed", newStream(requests, requests, false), wait, config),
		logsCandidate(t, "three attributes, records of a request come close together", newStream(requests, few(requests), true), wait, config),
	}
	measureAll(list, repetitions)
	fmt.Fprintln(os.Stdout)
	table(t, "Log records, request_sampling", requests, list)
}

// TestSpans measures spans of ten attributes beside contrib's processor with the same two policies.
func TestSpans(t *testing.T) {
	requests, repetitions, wait := plan(t)
	f, policy := requestsamplingprocessor.NewFactory(), map[string]any{"span_status": "error"}
	list := []*candidate{
		tracesCandidate(t, "request_sampling", newStream(requests, few(requests), false), wait, 500*time.Millisecond, f, own(wait, policy)),
		// It looks once a second for what is due.
		tracesCandidate(t, "contrib tail_sampling", newStream(requests, few(requests), false), 2*wait+time.Second, 1200*time.Millisecond, tailsamplingprocessor.NewFactory(), map[string]any{
			"decision_wait": (2 * wait).String(), "num_traces": 2 * requests,
			"policies": []any{
				map[string]any{"name": "errors", "type": "status_code", "status_code": map[string]any{"status_codes": []any{"ERROR"}}},
				map[string]any{"name": "rest", "type": "probabilistic", "probabilistic": map[string]any{"sampling_percentage": 10}},
			},
		}),
	}
	measureAll(list, repetitions)
	fmt.Fprintln(os.Stdout)
	table(t, "Spans, close together", requests, list)
}
