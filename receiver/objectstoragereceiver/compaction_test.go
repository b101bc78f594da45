// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package objectstoragereceiver

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/logboom/logboom/internal/compactor"
	"github.com/logboom/logboom/receiver/objectstoragereceiver/internal/archivetest"
)

// compaction merges what it can, at once, and deletes what it replaced, at once: the hardest case for who reads.
type compaction struct {
	*compactor.Compactor
	merged int
}

func newCompaction(t *testing.T, a *archivetest.Archive) *compaction {
	cfg := compactor.DefaultConfig()
	cfg.Holder, cfg.MinAge, cfg.Grace = "test", 0, 1
	now := archivetest.Base.Add(240 * time.Hour)
	cfg.Now = func() time.Time {
		now = now.Add(time.Second)
		return now
	}
	c, err := compactor.New(a.Bucket, cfg)
	require.NoError(t, err)
	return &compaction{Compactor: c}
}

func (c *compaction) run(t *testing.T, a *archivetest.Archive) {
	before := a.Count(t)
	for range 2 { // the second deletes what the first has replaced
		report, err := c.Cycle(t.Context())
		require.NoError(t, err)
		require.True(t, report.Leader)
	}
	c.merged += max(0, before-a.Count(t))
}

// TestReplayDuringCompactions has the archive merged behind the back of a running replay, again and again, while later
// records arrive.
func TestReplayDuringCompactions(t *testing.T) {
	for _, perSecond := range []int{3, 50} {
		t.Run(fmt.Sprint(perSecond), func(t *testing.T) {
			const first, each, times = 400, 100, 8
			a := numbered(t, first, perSecond)
			c := newCompaction(t, a)
			n := first
			to := &sink{}
			to.decide = func(call int, _ plog.Logs) error {
				if call%6 == 2 && n < first+each*times {
					a.Put(t, "", logs(n, n+each, perSecond)) // later than all that is delivered
					n += each
					c.run(t, a)
				}
				return nil
			}
			r := newRig(t, config(a), &memory{}, to)
			r.finish(t)
			require.Equal(t, componentstatus.StatusOK, r.host.last(), "%+v", r.logs.All())
			require.Positive(t, c.merged)
			// What arrives during the replay may come or not; what was there at its beginning is there, once.
			got := to.sorted()
			require.Equal(t, upTo(len(got)), got)
			require.GreaterOrEqual(t, len(got), first)
		})
	}
}

// TestRestartsBetweenCompactions is [TestRestartAtEveryBatch] with real compactions in between.
func TestRestartsBetweenCompactions(t *testing.T) {
	for _, perSecond := range []int{4, 1000} {
		t.Run(fmt.Sprint(perSecond), func(t *testing.T) {
			const n = 240
			a := archivetest.New(t)
			for i := 0; i < n/2; i += 10 { // each object has a share of all times
				ld := logs(i, i+10, perSecond)
				logs(n/2+i, n/2+i+10, perSecond).ResourceLogs().MoveAndAppendTo(ld.ResourceLogs())
				a.Put(t, "", ld)
			}
			c := newCompaction(t, a)
			store, to := &memory{}, &sink{}
			for done := false; !done; {
				took := make(chan struct{}, 1000)
				to.decide = func(int, plog.Logs) error {
					took <- struct{}{}
					return nil
				}
				r := newRig(t, config(a), store, to)
				require.NoError(t, r.Start(t.Context(), r.host))
				select {
				case <-took:
				case <-r.done:
				}
				require.NoError(t, r.Shutdown(t.Context()))
				done = r.point.Done
				c.run(t, a)
			}
			require.Positive(t, c.merged)
			require.Equal(t, upTo(n), to.sorted())
		})
	}
}
