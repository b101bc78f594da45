// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivecompactorextension

import (
	"context"
	"errors"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/logboom/logboom/internal/compactor"
)

// state is what the metrics tell of the last cycle.
type state struct {
	mu      sync.Mutex
	success time.Time // the last, or the start
	leader  bool
	led     bool // there is a report of a cycle as the leader
	last    compactor.Report
	written int64 // bytes by merges and rewriting since the start
	fresh   int64 // bytes that were merged for the first time
}

func (s *state) start(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.success = now
}

var (
	directionIn       = metric.WithAttributes(attribute.String("direction", "in"))
	directionOut      = metric.WithAttributes(attribute.String("direction", "out"))
	outcomeOK         = metric.WithAttributes(attribute.String("outcome", "ok"))
	outcomeError      = metric.WithAttributes(attribute.String("outcome", "error"))
	outcomeNotLeading = metric.WithAttributes(attribute.String("outcome", "not_leader"))
)

// account counts a cycle.
func (a *archiveCompactor) account(ctx context.Context, r *compactor.Report, err error, took time.Duration) {
	outcome := outcomeOK
	switch {
	case err != nil:
		outcome = outcomeError
	case !r.Leader:
		outcome = outcomeNotLeading
	}
	t := a.telemetry
	t.ExtensionArchiveCompactorCycles.Add(ctx, 1, outcome)
	a.state.mu.Lock()
	if err == nil {
		a.state.success = a.now()
	}
	a.state.leader = r.Leader
	if r.Leader {
		a.state.written += r.BytesOut + r.Rewritten
		a.state.fresh += r.BytesFresh
		if err == nil {
			a.state.last, a.state.led = *r, true
		}
	}
	a.state.mu.Unlock()
	if !r.Leader {
		return
	}
	t.ExtensionArchiveCompactorCycleDuration.Record(ctx, took.Seconds())
	t.ExtensionArchiveCompactorMergedObjects.Add(ctx, int64(r.ObjectsIn), directionIn)
	t.ExtensionArchiveCompactorMergedObjects.Add(ctx, int64(r.ObjectsOut), directionOut)
	t.ExtensionArchiveCompactorMergedSize.Add(ctx, r.BytesIn, directionIn)
	t.ExtensionArchiveCompactorMergedSize.Add(ctx, r.BytesOut, directionOut)
	t.ExtensionArchiveCompactorDuplicateRecords.Add(ctx, r.Duplicates)
	t.ExtensionArchiveCompactorRewrittenSize.Add(ctx, r.Rewritten)
	for why, d := range r.Deleted {
		reason := metric.WithAttributes(attribute.String("reason", why))
		t.ExtensionArchiveCompactorDeletedObjects.Add(ctx, int64(d.Objects), reason)
		t.ExtensionArchiveCompactorDeletedRecords.Add(ctx, d.Rows, reason)
		t.ExtensionArchiveCompactorDeletedSize.Add(ctx, d.Bytes, reason)
	}
}

// observe registers what is asked for at every collection of the metrics.
func (a *archiveCompactor) observe() error {
	number := func(value func(*state) (int64, bool)) metric.Int64Callback {
		return func(_ context.Context, o metric.Int64Observer) error {
			a.state.mu.Lock()
			defer a.state.mu.Unlock()
			if n, ok := value(&a.state); ok {
				o.Observe(n)
			}
			return nil
		}
	}
	// What the last cycle found is told by the process that made it, and only as long as it leads.
	ofReport := func(value func(*compactor.Report) int64) metric.Int64Callback {
		return number(func(s *state) (int64, bool) { return value(&s.last), s.led && s.leader })
	}
	t := a.telemetry
	return errors.Join(
		t.RegisterExtensionArchiveCompactorBacklogObjectsCallback(ofReport(func(r *compactor.Report) int64 { return int64(r.Backlog.Objects) })),
		t.RegisterExtensionArchiveCompactorBacklogSizeCallback(ofReport(func(r *compactor.Report) int64 { return r.Backlog.Bytes })),
		t.RegisterExtensionArchiveCompactorLiveObjectsCallback(ofReport(func(r *compactor.Report) int64 { return int64(r.Live.Objects) })),
		t.RegisterExtensionArchiveCompactorLiveRecordsCallback(ofReport(func(r *compactor.Report) int64 { return r.Live.Rows })),
		t.RegisterExtensionArchiveCompactorLiveSizeCallback(ofReport(func(r *compactor.Report) int64 { return r.Live.Bytes })),
		t.RegisterExtensionArchiveCompactorLeaderCallback(number(func(s *state) (int64, bool) {
			if s.leader {
				return 1, true
			}
			return 0, true
		})),
		t.RegisterExtensionArchiveCompactorSinceSuccessCallback(func(_ context.Context, o metric.Float64Observer) error {
			a.state.mu.Lock()
			defer a.state.mu.Unlock()
			o.Observe(max(0, a.now().Sub(a.state.success).Seconds()))
			return nil
		}),
		t.RegisterExtensionArchiveCompactorWriteAmplificationCallback(func(_ context.Context, o metric.Float64Observer) error {
			a.state.mu.Lock()
			defer a.state.mu.Unlock()
			if a.state.fresh > 0 {
				o.Observe(float64(a.state.written) / float64(a.state.fresh))
			}
			return nil
		}),
	)
}
