// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package objectstorageexporter

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/logboom/logboom/archive"
	"github.com/logboom/logboom/exporter/objectstorageexporter/internal/metadata"
	"github.com/logboom/logboom/internal/bucket"
)

// testConfig flushes fast, into an archive of its own.
func testConfig(t testing.TB) *Config {
	cfg := createDefaultConfig().(*Config)
	cfg.Bucket.URL = fmt.Sprintf("mem://test-%d", rand.Uint64())
	cfg.Writer = "w"
	cfg.WAL.Directory = t.TempDir()
	cfg.Flush.Interval = 20 * time.Millisecond
	cfg.Flush.ShutdownTimeout = 5 * time.Second
	cfg.BackOffConfig.InitialInterval = time.Millisecond
	cfg.BackOffConfig.MaxInterval = 5 * time.Millisecond
	require.NoError(t, cfg.Validate())
	return cfg
}

func newLogs(first, n int) plog.Logs {
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr("service.name", fmt.Sprintf("service-%d", first%3))
	records := rl.ScopeLogs().AppendEmpty().LogRecords()
	for i := range n {
		lr := records.AppendEmpty()
		lr.SetTimestamp(pcommon.NewTimestampFromTime(time.Now()))
		lr.SetSeverityNumber(plog.SeverityNumberInfo)
		lr.Body().SetStr(fmt.Sprintf("record %d", first+i))
	}
	return ld
}

func startExporter(t testing.TB, cfg *Config) *objectStorageExporter {
	t.Helper()
	e, err := newExporter(exportertest.NewNopSettings(metadata.Type), cfg)
	require.NoError(t, err)
	require.NoError(t, e.start(context.Background(), componenttest.NewNopHost()))
	return e
}

// archived returns how often each body is in the archive.
func archived(t testing.TB, cfg *Config) map[string]int {
	t.Helper()
	ctx := context.Background()
	b, err := bucket.Open(ctx, cfg.Bucket)
	require.NoError(t, err)
	defer b.Close()
	r, err := archive.Open(ctx, b, archive.ReaderOptions{})
	require.NoError(t, err)
	bodies := map[string]int{}
	stats, err := r.Snapshot().Scan(ctx, archive.All(), func(r *archive.Record) error {
		bodies[strings.Clone(r.Body)]++
		return nil
	})
	require.NoError(t, err)
	require.Empty(t, stats.Errors)
	return bodies
}

// requireOnce checks that records 0 to n-1 are in the archive, each once.
func requireOnce(t testing.TB, cfg *Config, n int) {
	t.Helper()
	got := archived(t, cfg)
	require.Len(t, got, n)
	for i := range n {
		require.Equal(t, 1, got[fmt.Sprintf("record %d", i)], "record %d", i)
	}
}

func TestFlushByIntervalAndOnShutdown(t *testing.T) {
	cfg := testConfig(t)
	e := startExporter(t, cfg)
	require.NoError(t, e.consume(context.Background(), newLogs(0, 10)))
	require.EventuallyWithT(t, func(c *assert.CollectT) { assert.Len(c, archived(t, cfg), 10) }, time.Minute, 10*time.Millisecond)
	require.NoError(t, e.shutdown(context.Background()))
	cfg.Flush.Interval = time.Hour
	require.ErrorIs(t, e.consume(context.Background(), newLogs(0, 1)), errStopped)

	e = startExporter(t, cfg)
	require.NoError(t, e.consume(context.Background(), newLogs(10, 5)))
	require.NoError(t, e.shutdown(context.Background()))
	require.NoError(t, e.shutdown(context.Background()), "twice")
	requireOnce(t, cfg, 15)
}

func TestReloadsUnderLoadLoseNothing(t *testing.T) {
	cfg := testConfig(t)
	cfg.Bucket.URL = "file://" + filepath.ToSlash(t.TempDir())
	const senders, each = 4, 60
	var mu sync.RWMutex
	e := startExporter(t, cfg)
	var wg sync.WaitGroup
	for s := range senders {
		wg.Go(func() {
			for i := range each {
				for {
					mu.RLock()
					current := e
					mu.RUnlock()
					if current.consume(context.Background(), newLogs((s*each+i)*3, 3)) == nil {
						break
					}
					time.Sleep(time.Millisecond)
				}
			}
		})
	}
	for range 5 {
		time.Sleep(10 * time.Millisecond)
		require.NoError(t, e.shutdown(context.Background()))
		next := startExporter(t, cfg)
		mu.Lock()
		e = next
		mu.Unlock()
	}
	wg.Wait()
	require.NoError(t, e.shutdown(context.Background()))
	requireOnce(t, cfg, senders*each*3)
}

func TestBucketAwayThenBack(t *testing.T) {
	r := startRig(t, testConfig(t))
	r.bucket.set(func(string, func() error) error { return errFault })
	for i := range 20 {
		r.send(newLogs(i, 1))
	}
	require.Eventually(t, func() bool { return r.host.last() == componentstatus.StatusRecoverableError }, time.Minute, time.Millisecond)
	assert.EqualValues(t, 20, r.metric("held_records", ""))
	assert.Positive(t, r.metric("held_bytes", ""))
	assert.Positive(t, r.metric("held_memory", ""))
	assert.Positive(t, r.metric("oldest_held_age", ""))
	r.requireBalance()
	r.bucket.set(nil)
	require.Eventually(t, func() bool { return r.host.last() == componentstatus.StatusOK }, time.Minute, time.Millisecond)
	r.eventually("held_records", "", 0)
	assert.Zero(t, r.metric("held_bytes", ""))
	assert.Zero(t, r.metric("oldest_held_age", ""))
	r.requireBalance()
	assert.Positive(t, r.metric("puts", "error"))
	assert.Equal(t, r.metric("flush_duration", "")+r.metric("objects", ""), r.metric("puts", "created"))
	assert.Positive(t, r.metric("raw_bytes", ""))
	assert.Positive(t, r.metric("stored_bytes", ""))
	r.stop()
	assert.Equal(t, []componentstatus.Status{componentstatus.StatusOK, componentstatus.StatusRecoverableError, componentstatus.StatusOK}, r.host.all())
	requireOnce(t, r.cfg, 20)
}

// TestBucketAwayAtStart: records are taken, and go to the archive when it comes.
func TestBucketAwayAtStart(t *testing.T) {
	cfg := testConfig(t)
	r := newRig(t, cfg)
	cfg.Bucket.URL = "s3://elsewhere" // not local: waited for
	away := true
	var mu sync.Mutex
	inner := testConfig(t).Bucket
	r.openBucket = func(ctx context.Context) (archive.Bucket, error) {
		b, err := bucket.Open(ctx, inner)
		r.bucket.Bucket = b
		return r.bucket, err
	}
	r.bucket.set(func(_ string, do func() error) error {
		mu.Lock()
		defer mu.Unlock()
		if away {
			return errFault
		}
		return do()
	})
	require.NoError(t, r.start(context.Background(), r.host))
	assert.Equal(t, componentstatus.StatusRecoverableError, r.host.last())
	r.send(newLogs(0, 5))
	mu.Lock()
	away = false
	mu.Unlock()
	r.eventually("committed_records", "", 5)
	assert.Equal(t, componentstatus.StatusOK, r.host.last())
	r.requireBalance()
	r.stop()
	cfg.Bucket = inner
	requireOnce(t, cfg, 5)
}

func TestFullLogPushesBack(t *testing.T) {
	cfg := testConfig(t)
	cfg.WAL.MaxSizeMiB = 1
	r := startRig(t, cfg)
	e, f, host := r.objectStorageExporter, r.bucket, r.host
	f.set(func(string, func() error) error { return errFault })
	n := 0
	var err error
	for {
		err = e.consume(context.Background(), newLogs(n, 1000))
		if err != nil {
			break
		}
		n += 1000
	}
	require.ErrorContains(t, err, "write-ahead log is full")
	assert.False(t, consumererror.IsPermanent(err))
	assert.Equal(t, componentstatus.StatusRecoverableError, host.last())
	f.set(nil)
	require.Eventually(t, func() bool { return e.consume(context.Background(), newLogs(n, 1000)) == nil }, time.Minute, time.Millisecond)
	n += 1000
	r.eventually("held_records", "", 0)
	assert.Positive(t, r.metric("refused_records", "wal_full"))
	r.requireBalance()
	require.NoError(t, e.shutdown(context.Background()))
	assert.Equal(t, componentstatus.StatusOK, host.last())
	requireOnce(t, cfg, n)

	// What never fits is refused for good.
	e = startExporter(t, cfg)
	big := newLogs(0, 1)
	noise := make([]byte, 3<<20)
	for i := range noise {
		noise[i] = byte(rand.Uint32())
	}
	big.ResourceLogs().At(0).Resource().Attributes().PutEmptyBytes("noise").FromRaw(noise)
	err = e.consume(context.Background(), big)
	require.Error(t, err)
	assert.True(t, consumererror.IsPermanent(err))
	require.NoError(t, e.shutdown(context.Background()))
}

func TestClearErrorsAtStart(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	start := func(cfg *Config) error {
		e, err := newExporter(exportertest.NewNopSettings(metadata.Type), cfg)
		require.NoError(t, err)
		defer func() { require.NoError(t, e.shutdown(context.Background())) }()
		return e.start(context.Background(), componenttest.NewNopHost())
	}
	cfg := testConfig(t)
	cfg.Bucket.URL = "file://" + filepath.ToSlash(file) + "/archive"
	err := start(cfg)
	require.ErrorContains(t, err, "bucket::url")
	require.ErrorContains(t, err, file)

	cfg = testConfig(t)
	cfg.WAL.Directory = filepath.Join(file, "wal")
	err = start(cfg)
	require.ErrorContains(t, err, "wal::directory")
	require.ErrorContains(t, err, cfg.WAL.Directory)

	cfg = testConfig(t)
	e := startExporter(t, cfg)
	err = start(cfg)
	require.ErrorContains(t, err, "in use by another exporter")
	require.NoError(t, e.shutdown(context.Background()))

	cfg = testConfig(t)
	f := &faultyBucket{}
	e, err = newExporter(exportertest.NewNopSettings(metadata.Type), cfg)
	require.NoError(t, err)
	e.openBucket = f.open(cfg)
	f.set(func(_ string, do func() error) error { _ = do(); return nil }) // overwrites, or says so
	require.ErrorIs(t, e.start(context.Background(), componenttest.NewNopHost()), bucket.ErrNotConditional)
	require.NoError(t, e.shutdown(context.Background()))
}

func TestSecondProcessFencesTheFirst(t *testing.T) {
	first := testConfig(t)
	e1 := startExporter(t, first)
	require.NoError(t, e1.consume(context.Background(), newLogs(0, 1)))
	require.Eventually(t, func() bool { return len(archived(t, first)) == 1 }, time.Minute, time.Millisecond)

	second := testConfig(t)
	second.Bucket = first.Bucket
	e2 := startExporter(t, second)
	require.NoError(t, e1.consume(context.Background(), newLogs(1, 1)))
	require.Eventually(t, func() bool { return e1.consume(context.Background(), newLogs(-9, 1)) != nil }, time.Minute, time.Millisecond)
	require.NoError(t, e1.shutdown(context.Background()))
	require.NoError(t, e2.consume(context.Background(), newLogs(2, 1)))
	require.NoError(t, e2.shutdown(context.Background()))
	got := archived(t, first)
	assert.Equal(t, 1, got["record 0"])
	assert.Equal(t, 1, got["record 2"])
	assert.Zero(t, got["record 1"], "it waits in the first one's write-ahead log")
	e1 = startExporter(t, first)
	require.NoError(t, e1.shutdown(context.Background()))
	assert.Equal(t, 1, archived(t, first)["record 1"])
}

func TestExtremeTimesAreFound(t *testing.T) {
	cfg := testConfig(t)
	e := startExporter(t, cfg)
	ld := newLogs(0, 3)
	records := ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords()
	records.At(0).SetTimestamp(pcommon.NewTimestampFromTime(time.Date(1970, 1, 1, 0, 0, 1, 0, time.UTC)))
	records.At(1).SetTimestamp(pcommon.NewTimestampFromTime(time.Date(2099, 1, 1, 0, 0, 1, 0, time.UTC)))
	require.NoError(t, e.consume(context.Background(), ld))
	require.NoError(t, e.shutdown(context.Background()))
	requireOnce(t, cfg, 3)

	b, err := bucket.Open(context.Background(), cfg.Bucket)
	require.NoError(t, err)
	r, err := archive.Open(context.Background(), b, archive.ReaderOptions{})
	require.NoError(t, err)
	displaced := 0
	objects, errs := r.Snapshot().Objects(t.Context(), math.MinInt64, math.MaxInt64)
	require.Empty(t, errs)
	for _, o := range objects {
		assert.Contains(t, o.Key, "date="+time.Now().UTC().Format("2006-01-02"))
		if o.Displaced {
			displaced++
		}
	}
	assert.Equal(t, 1, displaced)
	for i, year := range []int{1970, 2099} {
		var got []string
		req := archive.ScanRequest{
			Start: time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC).UnixNano(),
			End:   time.Date(year, 1, 2, 0, 0, 0, 0, time.UTC).UnixNano(),
		}
		_, err := r.Snapshot().Scan(context.Background(), req, func(r *archive.Record) error {
			got = append(got, r.Body)
			return nil
		})
		require.NoError(t, err)
		assert.Equal(t, []string{fmt.Sprintf("record %d", i)}, got)
	}
}
