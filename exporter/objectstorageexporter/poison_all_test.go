// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package objectstorageexporter

import (
	"context"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componentstatus"
)

// TestNothingEncodes: when not one of several batches can be encoded, the program is at fault, and they wait for a
// better one; a single batch is set aside.
func TestNothingEncodes(t *testing.T) {
	cfg := testConfig(t)
	cfg.Flush.Interval = time.Hour
	var broken atomic.Bool
	broken.Store(true)
	start := func() *rig {
		r := newRig(t, cfg)
		r.beforeEncode = func(*batch) {
			if broken.Load() {
				panic("bug")
			}
		}
		require.NoError(t, r.start(context.Background(), r.host))
		return r
	}
	r := start()
	for i := range 3 {
		r.send(newLogs(2*i, 2))
	}
	r.wal.Rotate(0)
	require.Eventually(t, func() bool { return r.host.last() == componentstatus.StatusRecoverableError }, time.Minute, time.Millisecond)
	time.Sleep(20 * time.Millisecond) // some retries
	assert.EqualValues(t, 6, r.metric("held_records", ""))
	assert.Zero(t, r.metric("dropped_records", ""))
	r.requireBalance()
	r.crash()
	require.Empty(t, asideFiles(t, cfg))

	r = start() // the same, from the disk
	r.wal.Rotate(0)
	require.Eventually(t, func() bool { return r.host.last() == componentstatus.StatusRecoverableError }, time.Minute, time.Millisecond)
	r.crash()
	require.Empty(t, asideFiles(t, cfg))

	// Mended between two runs and not between two batches: what alone cannot be encoded would rightly be set aside.
	broken.Store(false)
	r = start()
	r.wal.Rotate(0)
	r.eventually("committed_records", "", 6)
	require.Eventually(t, func() bool { return r.host.last() == componentstatus.StatusOK }, time.Minute, time.Millisecond)
	requireOnce(t, cfg, 6)

	broken.Store(true)
	r.send(newLogs(100, 1))
	r.wal.Rotate(0)
	r.eventually("dropped_records", "undecodable", 1)
	assert.Len(t, asideFiles(t, cfg), 1)
	r.requireBalance()
	r.stop()
}

// TestMemoryOfAHugeRecordIsGivenBack: the encoder keeps memory for flushes as they should be, not for one that was far
// larger.
func TestMemoryOfAHugeRecordIsGivenBack(t *testing.T) {
	cfg := testConfig(t)
	cfg.Flush.Interval = time.Hour
	cfg.Flush.MaxRawMiB = 1
	heap := func() int64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.GC() // what lies in a sync.Pool lives for one
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	r := startRig(t, cfg)
	before := heap()
	r.send(largeRecord(28 << 20))
	r.eventually("committed_records", "", 1)
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		assert.Less(c, (heap()-before)>>20, int64(20), "MiB")
	}, time.Minute, 50*time.Millisecond)
	r.stop()
}
