// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package objectstorageexporter

import (
	"context"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/logboom/logboom/exporter/objectstorageexporter/internal/metadata"
)

// wideLogs has one record in each of n hours, from now back.
func wideLogs(first, n int) plog.Logs { return wideLogsFrom(time.Now(), first, n) }

func wideLogsFrom(at time.Time, first, n int) plog.Logs {
	ld := newLogs(first, n)
	records := ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords()
	for i := range n {
		records.At(i).SetTimestamp(pcommon.NewTimestampFromTime(at.Add(-time.Duration(i) * time.Hour)))
	}
	return ld
}

// TestUploadsOvertakeCommitsDoNot: objects of several segments are uploaded at the same time and end in any order;
// commits are in the order of the entries.
func TestUploadsOvertakeCommitsDoNot(t *testing.T) {
	cfg := testConfig(t)
	cfg.Flush.Interval = time.Millisecond
	cfg.Flush.ParallelUploads = 3
	r := startRig(t, cfg)
	var mu sync.Mutex
	var now, most int
	three := make(chan struct{}) // uploads are under way at the same time
	reached := sync.OnceFunc(func() { close(three) })
	var commits []string
	r.bucket.set(func(key string, do func() error) error {
		if strings.HasPrefix(key, "_log/") {
			mu.Lock()
			commits = append(commits, key)
			mu.Unlock()
			return do()
		}
		mu.Lock()
		now++
		if most = max(most, now); now == 3 {
			reached()
		}
		mu.Unlock()
		select {
		case <-three:
		case <-time.After(time.Minute):
		}
		time.Sleep(time.Duration(rand.IntN(10)) * time.Millisecond)
		mu.Lock()
		now--
		mu.Unlock()
		if rand.IntN(4) == 0 {
			return errFault
		}
		return do()
	})
	const batches, each = 30, 4
	for i := range batches {
		r.send(wideLogs(i*each, each))
		time.Sleep(2 * time.Millisecond)
	}
	r.stop()
	mu.Lock()
	defer mu.Unlock()
	assert.Equal(t, 3, most, "flush::parallel_uploads")
	assert.Greater(t, len(commits), 1)
	assert.True(t, slices.IsSorted(commits))
	requireOnce(t, cfg, batches*each)
}

// TestCommitWaitsForTheOlder: a segment whose upload hangs holds back the commits behind it, not their uploads.
func TestCommitWaitsForTheOlder(t *testing.T) {
	cfg := testConfig(t)
	cfg.Flush.Interval = time.Millisecond
	r := startRig(t, cfg)
	hang := make(chan struct{})
	uploads := make(chan struct{}, 4)
	var once sync.Once
	r.bucket.set(func(key string, do func() error) error {
		first := false
		if strings.HasPrefix(key, "logs/") {
			once.Do(func() { first = true })
			uploads <- struct{}{}
		}
		if first {
			<-hang
		}
		return do()
	})
	for i := range 4 {
		r.send(newLogs(i, 1))
		<-uploads // so that each makes an object of its own
	}
	r.eventually("puts", "created", 3) // of four objects
	assert.Zero(t, r.metric("committed_records", ""))
	assert.Empty(t, archived(t, cfg))
	close(hang)
	r.eventually("committed_records", "", 4)
	r.stop()
	requireOnce(t, cfg, 4)
}

// TestShutdownDrainsOrLeaves: what can be flushed within the time-out is, the rest waits for the next start.
func TestShutdownDrainsOrLeaves(t *testing.T) {
	cfg := testConfig(t)
	cfg.Flush.Interval = time.Hour
	r := startRig(t, cfg)
	r.send(newLogs(0, 3))
	r.bucket.set(func(string, func() error) error { return errFault })
	cfg.Flush.ShutdownTimeout = 50 * time.Millisecond
	start := time.Now()
	r.stop()
	assert.Less(t, time.Since(start), time.Minute) // it tries for ever
	assert.Empty(t, archived(t, cfg))

	r = startRig(t, cfg)
	assert.EqualValues(t, 3, r.metric("recovered_records", ""))
	r.eventually("committed_records", "", 3)
	r.requireBalance()
	r.stop()
	requireOnce(t, cfg, 3)
}

func TestFencedStops(t *testing.T) {
	cfg := testConfig(t)
	r := startRig(t, cfg)
	other := testConfig(t)
	other.Bucket = cfg.Bucket
	second := startExporter(t, other)
	r.send(newLogs(0, 2))
	require.Eventually(t, func() bool { return r.host.last() == componentstatus.StatusPermanentError }, time.Minute, time.Millisecond)
	require.ErrorIs(t, r.consume(context.Background(), newLogs(2, 1)), errStopped)
	assert.EqualValues(t, 1, r.metric("refused_records", "stopped"))
	assert.EqualValues(t, 2, r.metric("held_records", ""))
	r.requireBalance()
	r.stop()
	require.NoError(t, second.shutdown(context.Background()))
	assert.Equal(t, componentstatus.StatusPermanentError, r.host.last())
}

// TestCommitsAreBounded: a flush of more objects than a commit record holds makes several commits, in any of which the
// process may end; a batch that is too much alone is set aside.
func TestCommitsAreBounded(t *testing.T) {
	for done := 1; done <= 3; done++ {
		testCommitsAreBounded(t, done)
	}
}

// testCommitsAreBounded ends the process behind the commit of that number.
func testCommitsAreBounded(t *testing.T, done int) {
	cfg := testConfig(t)
	cfg.Flush.Interval = time.Hour
	start := func() *rig {
		r := newRig(t, cfg)
		r.maxCommitBytes = 8000
		require.NoError(t, r.start(context.Background(), r.host))
		return r
	}
	r := start()
	const batches, each = 24, 3
	for i := range batches {
		r.send(wideLogsFrom(time.Now().Add(-time.Duration(i*each)*time.Hour), i*each, each))
		if i == 4 {
			r.send(wideLogs(-50, 50))
		}
	}
	dead := make(chan struct{})
	var mu sync.Mutex
	commits := 0
	r.bucket.set(func(key string, do func() error) error {
		mu.Lock()
		defer mu.Unlock()
		if strings.HasPrefix(key, "_log/") {
			if commits++; commits > done {
				if commits == done+1 {
					close(dead)
				}
				return errFault
			}
		}
		return do()
	})
	r.wal.Rotate(0)
	select {
	case <-dead:
	case <-time.After(time.Minute):
		t.Fatal("too few commits: ", r.metric("dropped_records", ""), " dropped")
	}
	r.crash()
	require.NotEmpty(t, archived(t, cfg))
	require.Less(t, len(archived(t, cfg)), batches*each)
	r = start()
	r.eventually("held_records", "", 0)
	r.requireBalance()
	r.stop()
	assert.Len(t, asideFiles(t, cfg), 1)
	requireOnce(t, cfg, batches*each)
	for info, err := range r.rigBucket().List(context.Background(), "_log/", "") {
		require.NoError(t, err)
		assert.Less(t, info.Size, int64(9000), info.Key)
	}
}

// TestMemoryIsBounded: with the bucket away, records go to the disk and memory stays within its bound; the
// archive gets all of them.
func TestMemoryIsBounded(t *testing.T) {
	cfg := testConfig(t)
	cfg.Flush.MaxMemoryMiB, cfg.Flush.MaxRawMiB = 1, 1
	cfg.Flush.Interval = time.Hour
	r := startRig(t, cfg)
	r.bucket.set(func(string, func() error) error { return errFault })
	n := 0
	for range 100 {
		r.send(newLogs(n, 400))
		n += 400
		require.LessOrEqual(t, r.wal.Stats().Attached, int64(1<<20))
	}
	require.Greater(t, r.metric("held_bytes", ""), float64(100<<10))
	r.bucket.set(nil)
	r.stop()
	requireOnce(t, cfg, n)
	require.Greater(t, len(r.objects()), 1)
}

// TestUntouchedBatches: the exporter says that it does not change what it is given, and keeps nothing of it.
func TestUntouchedBatches(t *testing.T) {
	cfg := testConfig(t)
	cfg.Flush.Interval = time.Hour
	r := startRig(t, cfg)
	ld, same := newLogs(0, 5), plog.NewLogs()
	ld.CopyTo(same)
	r.send(ld)
	require.Equal(t, same, ld)
	for _, lr := range ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().All() {
		lr.Body().SetStr("changed by somebody else")
	}
	r.stop()
	requireOnce(t, cfg, 5)
}

// TestNothingIsUncounted checks the books among faults, crashes and poison.
func TestNothingIsUncounted(t *testing.T) {
	cfg := testConfig(t)
	cfg.Flush.Interval = 2 * time.Millisecond
	rng := rand.New(rand.NewPCG(3, 4))
	var mu sync.Mutex
	sent := 0
	for round := range 15 {
		r := newRig(t, cfg)
		r.beforeEncode = poisonous
		r.bucket.set(func(key string, do func() error) error {
			mu.Lock()
			dice := rng.IntN(8)
			mu.Unlock()
			switch {
			case key == "_probe/create-if-absent":
				return do()
			case dice == 0:
				return errFault
			case dice == 1:
				_ = do()
				return errFault
			}
			return do()
		})
		for r.start(context.Background(), r.host) != nil {
			continue
		}
		accepted := r.metric("recovered_records", "")
		n := 0
		for range 10 {
			if n != poisonRecords && rand.IntN(8) == 0 { // a flush of nothing else would wait for a better program
				n = poisonRecords
			} else {
				n = 1 + rand.IntN(5)
			}
			r.send(newLogs(sent, n))
			sent += n
			accepted += float64(n)
			time.Sleep(time.Duration(rand.IntN(2)) * time.Millisecond)
		}
		require.Equal(t, accepted, r.metric("accepted_records", "")+r.metric("recovered_records", ""))
		if round%3 == 0 { // let everything come to rest
			r.eventually("held_records", "", 0)
			r.requireBalance()
			require.Equal(t, float64(0), mod(r.metric("dropped_records", ""), poisonRecords))
			r.stop()
		} else {
			r.crash()
		}
	}
}

func mod(a float64, n int) float64 { return float64(int(a) % n) }

// TestLargeLogIsReadInParts: a recovery takes one segment at a time, not the log.
func TestLargeLogIsReadInParts(t *testing.T) {
	cfg := testConfig(t)
	cfg.Flush.MaxRawMiB = 1
	cfg.Flush.Interval = time.Hour
	r := startRig(t, cfg)
	r.bucket.set(func(string, func() error) error { return errFault })
	n := 0
	for range 120 {
		r.send(newLogs(n, 1000))
		n += 1000
	}
	r.crash()
	r = startRig(t, cfg)
	r.eventually("committed_records", "", float64(n))
	r.stop()
	objects := r.objects()
	assert.GreaterOrEqual(t, len(objects), 3)
	for key, o := range objects {
		assert.LessOrEqual(t, o.Rows, int64(35_000), key)
	}
	requireOnce(t, cfg, n)
}

func TestTwiceAndWithoutStart(t *testing.T) {
	cfg := testConfig(t)
	exp, err := NewFactory().CreateLogs(context.Background(), exportertest.NewNopSettings(metadata.Type), cfg)
	require.NoError(t, err)
	require.False(t, exp.Capabilities().MutatesData)
	require.NoError(t, exp.Shutdown(context.Background()))
	require.NoError(t, exp.Shutdown(context.Background()))
	require.Error(t, exp.ConsumeLogs(context.Background(), newLogs(0, 1)))
	e := startExporter(t, cfg)
	require.NoError(t, e.consume(context.Background(), plog.NewLogs()), "nothing is nothing")
	require.NoError(t, e.shutdown(context.Background()))
}
