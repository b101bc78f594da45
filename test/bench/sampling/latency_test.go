// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package sampling

import (
	"context"
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/processor/processortest"

	"github.com/logboom/logboom/processor/requestsamplingprocessor"
	"github.com/logboom/logboom/test/harness"
)

// TestLatency measures when the destination gets requests that nothing but the wait ends, from their first record on, at an even pace.
func TestLatency(t *testing.T) {
	requests, _, _ := plan(t)
	wait := 500 * time.Millisecond
	if *flagRequests > 0 {
		wait = 5 * time.Second
	}
	var mu sync.Mutex
	came, left := map[pcommon.TraceID]time.Time{}, map[pcommon.TraceID]time.Time{}
	f := requestsamplingprocessor.NewFactory()
	next, err := consumer.NewLogs(func(_ context.Context, ld plog.Logs) error {
		mu.Lock()
		defer mu.Unlock()
		now := time.Now()
		for _, rl := range ld.ResourceLogs().All() {
			for _, sl := range rl.ScopeLogs().All() {
				for _, lr := range sl.LogRecords().All() {
					left[lr.TraceID()] = now
				}
			}
		}
		return nil
	})
	require.NoError(t, err)
	p, err := f.CreateLogs(t.Context(), processortest.NewNopSettings(f.Type()), configure(t, f, map[string]any{
		"wait": wait.String(), "policies": []any{map[string]any{"name": "half", "rate": 0.5}},
	}), next)
	require.NoError(t, err)
	require.NoError(t, p.Start(t.Context(), componenttest.NewNopHost()))

	// A group of requests at a time is in flight for less than the wait, so that none of their records comes late.
	const group = 500
	began, groups := time.Now(), max(1, min(requests, 50_000)/group)
	for g, s := 0, newStream(group, group, false); g < groups; g, s = g+1, s.more() {
		for {
			ld, ok := s.nextLogs()
			if !ok {
				break
			}
			now := time.Now()
			for _, rl := range ld.ResourceLogs().All() {
				for _, lr := range rl.ScopeLogs().At(0).LogRecords().All() {
					mu.Lock()
					if _, known := came[lr.TraceID()]; !known {
						came[lr.TraceID()] = now
					}
					mu.Unlock()
				}
			}
			require.NoError(t, p.ConsumeLogs(t.Context(), ld))
		}
		time.Sleep(time.Until(began.Add(time.Duration(g+1) * 50 * time.Millisecond)))
	}
	time.Sleep(wait + 500*time.Millisecond)
	if *flagRequests == 0 { // a small run may share its processor
		harness.Eventually(t, time.Minute, func() error {
			mu.Lock()
			defer mu.Unlock()
			if n := len(left); float64(n) < 0.4*float64(groups*group) {
				return fmt.Errorf("%d of %d requests have come", n, groups*group)
			}
			return nil
		})
	}
	mu.Lock()
	var took []time.Duration
	for id, at := range left {
		took = append(took, at.Sub(came[id]))
	}
	mu.Unlock()
	require.NoError(t, p.Shutdown(context.WithoutCancel(t.Context())))
	require.InDelta(t, 0.5, float64(len(took))/float64(groups*group), 0.1, "share kept")
	slices.Sort(took)
	p50, p99, most := took[len(took)/2], took[len(took)*99/100], took[len(took)-1]
	share := func(d time.Duration) float64 { return float64(d) / float64(wait) }
	fmt.Fprintf(os.Stdout, "\n| from the first record to the destination, wait %s | p50 | p99 | longest |\n| --- | ---: | ---: | ---: |\n| %d requests | %s | %s | %s |\n| of the wait | %.3f | %.3f | %.3f |\n",
		wait, len(came), p50.Round(time.Millisecond), p99.Round(time.Millisecond), most.Round(time.Millisecond), share(p50), share(p99), share(most))
	require.GreaterOrEqual(t, took[0], wait-50*time.Millisecond, "the earliest decision")
	if *flagRequests > 0 { // a small run may share its processor
		require.LessOrEqual(t, share(p99), 1.1, "p99 of the decision's delay, of the wait")
	}
}
