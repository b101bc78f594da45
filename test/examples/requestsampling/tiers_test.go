// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package requestsampling

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/logboom/logboom/test/harness"
)

// store is the destination of the sample: how many records and spans of each trace came, and with what threshold.
type store struct {
	mu         sync.Mutex
	logs       map[pcommon.TraceID]map[string]int // by text
	spans      map[pcommon.TraceID]int
	thresholds map[pcommon.TraceID]map[string]bool
}

func (s *store) takeLogs(ld plog.Logs) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, rl := range ld.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, lr := range sl.LogRecords().All() {
				id := lr.TraceID()
				if s.logs[id] == nil {
					s.logs[id], s.thresholds[id] = map[string]int{}, map[string]bool{}
				}
				s.logs[id][lr.Body().AsString()]++
				threshold, _ := lr.Attributes().Get("sampling.threshold")
				s.thresholds[id][threshold.AsString()] = true
			}
		}
	}
	return nil
}

func (s *store) takeTraces(td ptrace.Traces) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, rs := range td.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			for _, span := range ss.Spans().All() {
				s.spans[span.TraceID()]++
			}
		}
	}
	return nil
}

const (
	requests = 300
	failures = 10 // one in so many fails
	perTrace = 4  // log records
)

func traceID(n int) (id pcommon.TraceID) {
	rnd := rand.New(rand.NewPCG(7, uint64(n))) //nolint:gosec // a number of a request
	binary.BigEndian.PutUint64(id[:], rnd.Uint64())
	binary.BigEndian.PutUint64(id[8:], rnd.Uint64())
	return id
}

// accessLine is what the access log says of a request: it knows the trace, and of one in three failures that it failed.
func accessLine(n int) string {
	status := 200
	if n%failures == 0 && n%3 == 0 {
		status = 503
	}
	id := traceID(n)
	return fmt.Sprintf(`203.0.113.9 - - [12/Mar/2026:09:00:00 +0000] "GET /item/%d HTTP/1.1" %d 312 "-" "curl/8.5" trace_id=%s`, n, status, hex.EncodeToString(id[:]))
}

// appLogs are the other records of a request, as a program sends them; of two in three failures one is an error.
func appLogs(n int) plog.Logs {
	ld := harness.Logs("shop", fmt.Sprintf("request %d: a", n), fmt.Sprintf("request %d: b", n), fmt.Sprintf("request %d: c", n))
	for i, lr := range ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().All() {
		lr.SetTraceID(traceID(n))
		lr.SetSeverityNumber(plog.SeverityNumberDebug)
		if n%failures == 0 && n%3 != 0 && i == 1 {
			lr.SetSeverityNumber(plog.SeverityNumberError)
		}
	}
	return ld
}

func appSpans(n int) ptrace.Traces {
	td := ptrace.NewTraces()
	spans := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
	for i := range 2 {
		span := spans.AppendEmpty()
		span.SetTraceID(traceID(n))
		span.SetSpanID(pcommon.SpanID{byte(i) + 1})
		if i > 0 {
			span.SetParentSpanID(pcommon.SpanID{1})
		}
		span.SetName("GET /item")
		now := time.Now()
		span.SetStartTimestamp(pcommon.NewTimestampFromTime(now.Add(-time.Millisecond)))
		span.SetEndTimestamp(pcommon.NewTimestampFromTime(now))
	}
	return td
}

// TestTiers runs two agents and three gateways. The records of each request come over both agents, from a file and from a program;
// all gateways restart while they hold them. Requests that failed arrive whole, once, and of the others whole ones, about a quarter.
func TestTiers(t *testing.T) {
	t.Parallel()
	s := &store{logs: map[pcommon.TraceID]map[string]int{}, spans: map[pcommon.TraceID]int{}, thresholds: map[pcommon.TraceID]map[string]bool{}}
	addr := harness.ServeOTLP(t, harness.Taker{Logs: s.takeLogs, Traces: s.takeTraces})
	archive := harness.TempDir(t)
	var gateways []*harness.Logboom
	var addrs []string
	for i := range 3 {
		gw := harness.Start(t, harness.Config{
			Name:  fmt.Sprintf("gateway-%d", i),
			Files: []string{example + "/gateway.yaml"},
			YAML:  "processors: {request_sampling: {wait: 12s, end: {grace: 12s}}}\nexporters: {object_storage: {flush: {interval: 2s}}}",
			Env: []string{
				`LOGBOOM_LISTEN={{addr "otlp"}}`, "LOGBOOM_STORE=" + addr, "LOGBOOM_ARCHIVE=file://" + archive, `LOGBOOM_GATEWAY={{dir "state"}}`,
			},
		})
		gateways, addrs = append(gateways, gw), append(addrs, gw.Addr("otlp"))
	}
	var agents []*harness.Logboom
	for i := range 2 {
		agents = append(agents, harness.Start(t, harness.Config{
			Name:  fmt.Sprintf("agent-%d", i),
			Files: []string{example + "/agent.yaml"},
			Env: []string{
				`LOGBOOM_INPUT={{dir "logs"}}`, `LOGBOOM_OTLP={{addr "otlp"}}`, `LOGBOOM_AGENT={{dir "state"}}`,
				"LOGBOOM_GATEWAYS=[" + strings.Join(addrs, ", ") + "]",
			},
			Args: []string{harness.SynchronousEmitter},
		}))
	}
	for n := range requests {
		harness.Append(t, filepath.Join(agents[n%2].Dir("logs"), "edge.log"), accessLine(n))
		client := harness.DialOTLP(t, agents[(n+1)%2].Addr("otlp"))
		require.NoError(t, client.Send(context.Background(), appLogs(n)))
		require.NoError(t, client.SendSpans(context.Background(), appSpans(n)))
	}
	sum := func(name string, labels ...string) (total float64) {
		for _, gw := range gateways {
			scrape, err := gw.Scrape()
			require.NoError(t, err)
			n := scrape.Sum("otelcol_processor_request_sampling_"+name, labels...)
			require.NotZero(t, n, "%s of %s", name, gw.Name())
			total += n
		}
		return total
	}
	harness.Eventually(t, time.Minute, func() error {
		if n := sum("received_items_total"); n < requests*(perTrace+2) {
			return fmt.Errorf("gateways have got %v of %d items", n, requests*(perTrace+2))
		}
		return nil
	})
	require.Positive(t, sum("held_items"))
	for _, gw := range gateways {
		gw.Terminate()
		gw.Restart()
	}
	harness.Eventually(t, 2*time.Minute, func() error {
		for _, gw := range gateways {
			scrape, err := gw.Scrape()
			require.NoError(t, err)
			if n := scrape.Sum("otelcol_processor_request_sampling_held_items"); n > 0 {
				return fmt.Errorf("%s holds %v items", gw.Name(), n)
			}
		}
		return nil
	})
	for _, lb := range append(agents, gateways...) {
		lb.Terminate()
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	kept := 0
	for n := range requests {
		id := traceID(n)
		failed := n%failures == 0
		if !failed && s.logs[id] == nil {
			require.Zero(t, s.spans[id], "spans of a request whose logs were dropped")
			continue
		}
		want := map[string]int{accessLine(n): 1}
		for _, c := range "abc" {
			want[fmt.Sprintf("request %d: %c", n, c)] = 1
		}
		require.Equal(t, want, s.logs[id], "request %d", n)
		require.Equal(t, 2, s.spans[id], "request %d", n)
		threshold := "c"
		if failed {
			threshold = "0"
		} else {
			kept++
		}
		require.Equal(t, map[string]bool{threshold: true}, s.thresholds[id], "request %d", n)
	}
	ordinary := 0
	for n := range requests {
		id := traceID(n)
		if n%failures != 0 && id[9] >= 0xc0 { // the rate is 1/4, by the last 56 bits of the trace id
			ordinary++
		}
	}
	require.Equal(t, ordinary, kept, "kept of %d others", requests-requests/failures)

	r := harness.Run(t, harness.CtlBinary(t), "query", "--archive", "file://"+archive, "--start", "2026-03-01T00:00:00Z",
		"--end", time.Now().Add(time.Hour).Format(time.RFC3339), `sum(count_over_time({service_name=~".+"}[9999d]))`)
	require.Zero(t, r.Code, r.Stderr)
	require.Contains(t, r.Stdout, fmt.Sprintf(" %d\n", requests*perTrace), "the archive has everything")
}
