// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package objectstorageexporter

import (
	"context"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/consumer/consumererror"

	"github.com/logboom/logboom/archive"
)

// bucketConfig acknowledges after the commit.
func bucketConfig(t testing.TB) *Config {
	cfg := testConfig(t)
	cfg.Acknowledge = AcknowledgeBucket
	cfg.WAL.Directory = ""
	require.NoError(t, cfg.Validate())
	return cfg
}

func TestAcknowledgedAfterTheCommit(t *testing.T) {
	r := startRig(t, bucketConfig(t))
	r.bucket.set(func(string, func() error) error { return errFault })
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	err := r.consume(ctx, newLogs(0, 2))
	require.ErrorIs(t, err, context.DeadlineExceeded)
	assert.False(t, consumererror.IsPermanent(err))
	assert.EqualValues(t, 2, r.metric("abandoned_records", ""))
	assert.EqualValues(t, 2, r.metric("held_records", ""))
	assert.Positive(t, r.metric("held_memory", ""))
	r.requireBalance()
	r.bucket.set(nil)
	require.NoError(t, r.consume(context.Background(), newLogs(2, 3)))
	assert.Len(t, archived(t, r.cfg), 5, "also what nobody waited for any more")
	r.requireBalance()
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() { assert.NoError(t, r.consume(context.Background(), newLogs(5+i, 1))) })
	}
	wg.Wait()
	assert.Zero(t, r.metric("held_records", ""))
	assert.Zero(t, r.metric("held_memory", ""))
	r.stop()
	requireOnce(t, r.cfg, 25)
	assert.Equal(t, componentstatus.StatusOK, r.host.last())
}

// TestMemoryFullHoldsBack: there is a bound, and whoever comes when it is reached waits, or learns that it was in vain.
func TestMemoryFullHoldsBack(t *testing.T) {
	cfg := bucketConfig(t)
	cfg.Flush.MaxMemoryMiB = 1
	cfg.Flush.Interval = 10 * time.Second
	r := startRig(t, cfg)
	r.bucket.set(func(string, func() error) error { return errFault })
	const senders, each = 24, 500
	errs := make(chan error, senders)
	for i := range senders {
		go func() { errs <- r.consume(context.Background(), newLogs(i*each, each)) }()
	}
	require.Eventually(t, func() bool {
		s := r.held.Stats()
		return s.Records > 0 && s.Records < senders*each && s.Attached > 0
	}, time.Minute, time.Millisecond)
	require.LessOrEqual(t, r.held.Stats().Attached, int64(1<<20))
	r.bucket.set(nil)
	for range senders {
		require.NoError(t, <-errs)
	}
	r.requireBalance()
	require.ErrorContains(t, r.consume(context.Background(), newLogs(-1e6, 20_000)), "larger than flush::max_memory_mib")
	assert.EqualValues(t, 20_000, r.metric("refused_records", "too_large"))
	r.stop()
	requireOnce(t, cfg, senders*each)
}

func TestNoRoomInTime(t *testing.T) {
	k := newMemoryKeeper(100, 1000)
	_, err := k.Append(context.Background(), batch{records: 1, raw: 1}, 80)
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	_, err = k.Append(ctx, batch{records: 1, raw: 1}, 80)
	require.ErrorIs(t, err, errNoRoom)
	u, err := k.Next()
	require.NoError(t, err)
	require.NotNil(t, u, "who waits for room makes the flusher start")
	k.Release(u)
	_, err = k.Append(context.Background(), batch{records: 1, raw: 1}, 80)
	require.NoError(t, err)
	require.EqualValues(t, 2, k.Abandon())
	_, err = k.Append(context.Background(), batch{}, 1)
	require.ErrorIs(t, err, errStopped)
	require.NoError(t, k.Close())
}

// TestStoppedWhileWaiting: nobody waits for ever, neither for a shutdown that did not get through nor for a fence.
func TestStoppedWhileWaiting(t *testing.T) {
	for _, how := range []string{"shutdown", "fence"} {
		t.Run(how, func(t *testing.T) {
			cfg := bucketConfig(t)
			cfg.Flush.ShutdownTimeout = 50 * time.Millisecond
			r := startRig(t, cfg)
			switch how {
			case "shutdown":
				r.bucket.set(func(string, func() error) error { return errFault })
			case "fence":
				other := bucketConfig(t)
				other.Bucket = cfg.Bucket
				second := startExporter(t, other)
				defer func() { require.NoError(t, second.shutdown(context.Background())) }()
			}
			result := make(chan error, 1)
			go func() { result <- r.consume(context.Background(), newLogs(0, 4)) }()
			r.eventually("accepted_records", "", 4)
			if how == "shutdown" {
				done := make(chan struct{})
				go func() { _ = r.shutdown(context.Background()); close(done) }()
				defer func() { <-done }()
			} else {
				defer r.stop()
			}
			err := <-result
			require.ErrorIs(t, err, errStopped)
			assert.False(t, consumererror.IsPermanent(err), "somebody else may take it")
			r.eventually("dropped_records", "stopped", 4)
		})
	}
}

// TestCrashWithoutALog ends the exporter at any call to the bucket; senders send again what was not acknowledged,
// with uids: nothing is lost, and readers find each once.
func TestCrashWithoutALog(t *testing.T) {
	cfg := bucketConfig(t)
	cfg.Flush.Interval = 2 * time.Millisecond
	sent := 0
	for n := range 12 {
		r := newRig(t, cfg)
		dead := make(chan struct{})
		calls := 0
		cfg.Flush.ParallelUploads = 1
		var mu sync.Mutex
		r.bucket.set(func(_ string, do func() error) error {
			mu.Lock()
			defer mu.Unlock()
			select {
			case <-dead:
				return errFault
			default:
			}
			if calls++; calls <= n {
				return do()
			}
			close(dead)
			if rand.IntN(2) == 0 {
				_ = do() // without an answer
			}
			return errFault
		})
		started := r.start(context.Background(), r.host) == nil
		const senders = 3
		unacknowledged := make(chan int, senders)
		if started {
			ctx, cancel := context.WithCancel(context.Background())
			var wg sync.WaitGroup
			for s := range senders {
				wg.Go(func() {
					if r.consume(ctx, withUIDs(newLogs(sent+s, 1), sent+s)) != nil {
						unacknowledged <- sent + s
					}
				})
			}
			select {
			case <-dead:
			case <-time.After(50 * time.Millisecond):
			}
			cancel() // the connection breaks
			wg.Wait()
			r.crash()
		} else {
			require.NoError(t, r.shutdown(context.Background()))
			for s := range senders {
				unacknowledged <- sent + s
			}
		}
		sent += senders
		close(unacknowledged)
		again := startRig(t, cfg)
		for i := range unacknowledged {
			again.send(withUIDs(newLogs(i, 1), i))
		}
		again.stop()
	}
	requireOnce(t, cfg, sent)
}

// TestRestartsOfOneWriter: without a log, processes one after the other go on in one log of the archive, and
// find its end in few calls.
func TestRestartsOfOneWriter(t *testing.T) {
	cfg := bucketConfig(t)
	cfg.Writer = ""
	start := func() *rig {
		r := newRig(t, cfg)
		r.name = "eu/logs"
		require.NoError(t, r.start(context.Background(), r.host))
		return r
	}
	for i := range 5 {
		r := start()
		for j := range 7 {
			r.send(newLogs(i*7+j, 1))
		}
		r.stop()
	}
	requireOnce(t, cfg, 35)
	r := start()
	host, err := os.Hostname()
	require.NoError(t, err)
	assert.Equal(t, host+"-eu-logs", r.writer)
	n, err := new(tail).find(context.Background(), r.hasRecord)
	require.NoError(t, err)
	assert.EqualValues(t, 5+35+1, n)
	assert.EqualValues(t, 6, r.epoch)
	r.stop()
	writers := map[string]bool{}
	for info, err := range r.bucket.List(context.Background(), "_log/", "") {
		require.NoError(t, err)
		writers[strings.Split(info.Key, "/")[1]] = true
	}
	assert.Len(t, writers, 1)
	require.NoError(t, archive.ValidateWriter(r.writer))
}
