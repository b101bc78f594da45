// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package sampling

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/processor/processortest"

	"github.com/logboom/logboom/processor/requestsamplingprocessor"
	"github.com/logboom/logboom/test/harness"
)

// The process of its own that TestMemory measures prints its usage behind this, as JSON.
const (
	childVariable = "LOGBOOM_BENCH_MEMORY_MIB"
	childMark     = "memory: "
)

// usage is what a process took, in bytes.
type usage struct {
	Budget, Offered, Idle, Peak, Heap int64
	Records, Kept, Refused            int
}

// TestMemory offers ten times the budget, in a process of its own so that nothing else counts.
func TestMemory(t *testing.T) {
	budgets := []int{16}
	if *flagRequests > 0 {
		budgets = []int{64, 256}
	}
	fmt.Fprint(os.Stdout, "\n| budget | offered | resident before | resident at the highest | of the budget | Go heap after |\n| ---: | ---: | ---: | ---: | ---: | ---: |\n")
	for _, budget := range budgets {
		child := exec.Command(os.Args[0], "-test.run", "^TestMemoryChild$", "-test.v") //nolint:noctx // it ends by itself
		child.Env = append(os.Environ(), fmt.Sprintf("%s=%d", childVariable, budget), "GOMAXPROCS=1")
		out, err := child.CombinedOutput()
		require.NoError(t, err, string(out))
		_, after, found := strings.Cut(string(out), childMark)
		require.True(t, found, string(out))
		var u usage
		require.NoError(t, json.NewDecoder(strings.NewReader(after)).Decode(&u))
		mib := func(n int64) string { return fmt.Sprintf("%.0f MiB", float64(n)/(1<<20)) }
		fmt.Fprintf(os.Stdout, "| %s | %s | %s | %s | %.2f | %s |\n", mib(u.Budget), mib(u.Offered), mib(u.Idle), mib(u.Peak), float64(u.Peak)/float64(u.Budget), mib(u.Heap))
		require.GreaterOrEqual(t, u.Offered, 10*u.Budget)
		require.InDelta(t, 0.12, float64(u.Kept)/float64(u.Records), 0.03, "share of the records that were kept")
		if budget >= 256 { // of less, most is what the program takes anyway
			require.LessOrEqual(t, u.Peak, 2*u.Budget, "resident with a budget of %d MiB", budget)
		}
	}
}

// TestMemoryChild is the process that TestMemory measures.
func TestMemoryChild(t *testing.T) {
	budget, err := strconv.Atoi(os.Getenv(childVariable))
	if err != nil {
		t.Skip("it is run by TestMemory")
	}
	u := usage{Budget: int64(budget) << 20}
	var kept atomic.Int64
	f := requestsamplingprocessor.NewFactory()
	next, err := consumer.NewLogs(func(_ context.Context, ld plog.Logs) error {
		kept.Add(int64(ld.LogRecordCount()))
		return nil
	})
	require.NoError(t, err)
	p, err := f.CreateLogs(t.Context(), processortest.NewNopSettings(f.Type()), configure(t, f, map[string]any{
		"wait": "1h", "max_held_mib": budget, "policies": []any{map[string]any{"name": "errors", "severity": "error"}, map[string]any{"name": "rest", "rate": 0.1}},
	}), next)
	require.NoError(t, err)
	require.NoError(t, p.Start(t.Context(), componenttest.NewNopHost()))

	// The requests of a stream in flight take an eighth of the budget.
	const recordSize = 500
	requests := budget << 20 / 8 / recordSize / perRequest
	var sizer plog.ProtoMarshaler
	s := newStream(requests, requests, false)
	s.nextLogs()
	runtime.GC()
	u.Idle, _ = harness.Resident(t, os.Getpid())
	for u.Offered < 10*u.Budget {
		s = s.more()
		for {
			ld, ok := s.nextLogs()
			if !ok {
				break
			}
			u.Offered += int64(sizer.LogsSize(ld))
			u.Records += ld.LogRecordCount()
			for err := p.ConsumeLogs(t.Context(), ld); err != nil; err = p.ConsumeLogs(t.Context(), ld) {
				require.False(t, consumererror.IsPermanent(err), err)
				u.Refused++
				require.Less(t, u.Refused, 100_000, errors.Unwrap(err))
				time.Sleep(time.Millisecond)
			}
		}
	}
	_, u.Peak = harness.Resident(t, os.Getpid())
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	u.Heap = int64(m.HeapInuse) //nolint:gosec // far less
	require.NoError(t, p.Shutdown(context.WithoutCancel(t.Context())))
	u.Kept = int(kept.Load())
	out, err := json.Marshal(u)
	require.NoError(t, err)
	fmt.Fprintf(os.Stdout, "\n%s%s\n", childMark, out)
}
