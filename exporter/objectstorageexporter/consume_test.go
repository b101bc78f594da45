// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package objectstorageexporter

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/logboom/logboom/internal/wal/payload"
)

// largeRecord is one record with a body of so many bytes.
func largeRecord(n int) plog.Logs {
	ld := newLogs(0, 1)
	ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Body().SetStr(strings.Repeat("at main.go:1 ", n/13))
	return ld
}

// TestBatchesOfAllSizesShareAFlush: what a batch will take in memory is not guessed from the records of another one.
func TestBatchesOfAllSizesShareAFlush(t *testing.T) {
	cfg := testConfig(t)
	cfg.Flush.Interval = time.Hour
	cfg.Flush.MaxMemoryMiB = 8
	r := startRig(t, cfg)
	for n := 0; r.wal.Stats().Attached < 7<<20; n += 2000 {
		r.send(largeRecord(50_000))
		r.send(newLogs(n, 2000))
		r.send(newLogs(-1, 1))
	}
	assert.Zero(t, r.metric("committed_records", ""))
	r.stop()
	assert.EqualValues(t, 1, r.metric("flush_duration", ""), "commits")
	r.requireBalance()
}

func TestSizeInMemory(t *testing.T) {
	e := &objectStorageExporter{}
	assert.EqualValues(t, 1<<20, e.sizeInMemory(1<<20), "nothing is known")
	for _, c := range []struct{ raw, size, want int64 }{
		{1 << 20, 2 << 20, 2 << 20},
		{1 << 20, 9 << 20, 4 << 20},
		{1 << 20, 1 << 10, 1 << 20},
		{1 << 20, 3 << 20, 3 << 20},
		{100, 10_000, 3 << 20}, // small: nothing is learnt
	} {
		e.learnSize(c.raw, c.size)
		assert.Equal(t, c.want, e.sizeInMemory(1<<20), "%v", c)
	}
	assert.EqualValues(t, 4000, e.sizeInMemory(1000))
}

// TestFullLogCostsNothing: what cannot be kept is not made either.
func TestFullLogCostsNothing(t *testing.T) {
	cfg := testConfig(t)
	cfg.WAL.MaxSizeMiB = 1
	r := startRig(t, cfg)
	r.bucket.set(func(string, func() error) error { return errFault })
	n := 0
	for r.consume(context.Background(), newLogs(n, 5000)) == nil {
		n += 5000
	}
	more := newLogs(n, 6000)
	var before, after runtime.MemStats
	const times = 200
	runtime.ReadMemStats(&before)
	for range times {
		err := r.consume(context.Background(), more)
		require.ErrorContains(t, err, "write-ahead log is full")
		require.False(t, consumererror.IsPermanent(err))
	}
	runtime.ReadMemStats(&after)
	assert.Less(t, (after.TotalAlloc-before.TotalAlloc)/times, uint64(100_000), "bytes for each batch of 6,000 records")
	assert.EqualValues(t, 5000+times*6000, r.metric("refused_records", "wal_full"))
	r.bucket.set(nil)
	require.Eventually(t, func() bool { return r.consume(context.Background(), more) == nil }, time.Minute, time.Millisecond)
	r.stop()
	r.requireBalance()
	requireOnce(t, cfg, n+6000)
}

// TestRefusedForGood: the sender of a batch that can never be written learns it, and may not send it again.
func TestRefusedForGood(t *testing.T) {
	for _, c := range []struct {
		err    error
		reason any
	}{
		{payload.ErrTooLarge, refusedTooLarge},
		{errors.Join(errCannotWrite, errFault), refusedTooLarge},
		{errFault, refusedUndecodable},
	} {
		var r *refusal
		require.ErrorAs(t, refuseBatch(c.err), &r)
		assert.Equal(t, c.reason, r.reason)
		assert.True(t, consumererror.IsPermanent(r.err))
	}
}
