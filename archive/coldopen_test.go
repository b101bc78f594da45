// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"context"
	"fmt"
	"io"
	"iter"
	"math"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// countingBucket counts requests. A listing is one for every thousand keys.
type countingBucket struct {
	mapBucket
	lists, reads atomic.Int64
}

func (b *countingBucket) requests() int64 { return b.lists.Swap(0) + b.reads.Swap(0) }

func (b *countingBucket) List(ctx context.Context, prefix, startAfter string) iter.Seq2[ObjectInfo, error] {
	return func(yield func(ObjectInfo, error) bool) {
		b.lists.Add(1)
		n := 0
		for info, err := range b.mapBucket.List(ctx, prefix, startAfter) {
			if n++; n%1000 == 0 {
				b.lists.Add(1)
			}
			if !yield(info, err) {
				return
			}
		}
	}
}

func (b *countingBucket) Get(ctx context.Context, key string) (io.ReadCloser, error) {
	b.reads.Add(1)
	return b.mapBucket.Get(ctx, key)
}

func (b *countingBucket) ReadRange(ctx context.Context, key string, p []byte, off int64) (int, error) {
	b.reads.Add(1)
	return b.mapBucket.ReadRange(ctx, key, p, off)
}

// TestRequestsOfAColdReader: the first result of a process that has just started costs few requests, however much is
// in the archive; and following it costs less.
func TestRequestsOfAColdReader(t *testing.T) {
	ctx := t.Context()
	b := &countingBucket{mapBucket: mapBucket{}}

	for day := range 40 {
		for i := range 3 {
			commit(t, b, fmt.Sprint("w", i), testArrival, lines(10, "s", "text", testArrival.Add(time.Duration(day*24+i-1000)*time.Hour)))
		}
	}
	checkpoint(t, b, CheckpointEdit{Epoch: 1, Time: testArrival, Grace: time.Hour})
	w := commit(t, b, "w1", testArrival, lines(10, "s", "text", testArrival)) // a claim and a commit behind it
	assert.EqualValues(t, 82, w.LastSequence())
	b.requests()

	r, err := Open(ctx, b, ReaderOptions{})
	require.NoError(t, err)
	// Two listings, the checkpoint, and what is behind it.
	opened := b.requests()
	assert.LessOrEqual(t, opened, int64(2+1+2))
	// The newest line: the footer of an object, and its rows.
	got := 0
	_, err = r.Snapshot().Scan(ctx, ScanRequest{Start: testArrival.Add(-time.Hour).UnixNano(), End: math.MaxInt64, Descending: true, Limit: 1}, func(*Record) error {
		got++
		return nil
	})
	require.NoError(t, err)
	assert.Equal(t, 1, got)
	assert.LessOrEqual(t, opened+b.requests(), int64(10))
	_, errs := r.Snapshot().Objects(ctx, testArrival.Add(-100*time.Hour).UnixNano(), testArrival.Add(-99*time.Hour).UnixNano())
	assert.Empty(t, errs)
	assert.LessOrEqual(t, b.requests(), int64(2), "the manifests of a day or two")

	require.NoError(t, r.Refresh(ctx))
	assert.EqualValues(t, 2, b.requests(), "the next checkpoint, and the next record of the writer that is active")
	s := r.Snapshot()
	require.NoError(t, r.Refresh(ctx))
	assert.Same(t, s, r.Snapshot())
	commit(t, b, "w1", testArrival, lines(10, "s", "text", testArrival))
	b.requests()
	require.NoError(t, r.Refresh(ctx))
	assert.LessOrEqual(t, b.requests(), int64(4))
	assert.Equal(t, s.Len()+1, r.Snapshot().Len())
	b.requests()
	_, errs = r.Snapshot().Objects(ctx, testArrival.Add(-100*time.Hour).UnixNano(), testArrival.Add(-99*time.Hour).UnixNano())
	assert.Empty(t, errs)
	assert.Zero(t, b.requests(), "manifests are in memory")
}

// TestMetadataAreBounded: what a reader keeps of 200,000 objects has a bound, and what it says of them is right.
func TestMetadataAreBounded(t *testing.T) {
	ctx := t.Context()
	const days, perDay = 100, 2000
	b := mapBucket{}
	c := &Checkpoint{Format: 1, Number: 1, Nonce: "n", Time: testArrival.UnixNano(), Grace: int64(time.Hour)}
	first := testArrival.Truncate(24 * time.Hour)
	for day := range days {
		at := first.Add(time.Duration(day) * 24 * time.Hour)
		objects := make([]*ObjectMeta, perDay)
		for i := range objects {
			objects[i] = &ObjectMeta{
				Key: fmt.Sprintf("logs/date=%s/hour=%02d/compacted-1-%016x.parquet", at.Format(time.DateOnly), i%24, i), SHA256: fmt.Sprintf("%064x", i),
				Bytes: 1000, Rows: 10, TailBytes: 100, TailSum: "0123456789abcdef", MinTime: at.UnixNano() + int64(i), MaxTime: at.UnixNano() + int64(time.Hour),
			}
		}
		ref, body, err := newManifest(1, manifestGroup{day: at.Format(time.DateOnly)}, objects)
		require.NoError(t, err)
		b[ref.Key] = body
		c.Manifests = append(c.Manifests, ref)
	}
	body, err := c.Marshal()
	require.NoError(t, err)
	b[CheckpointKey(1)] = body

	const limit = 8 << 20
	before := heapBytes()
	r, err := Open(ctx, b, ReaderOptions{ManifestCacheBytes: limit})
	require.NoError(t, err)
	assert.Equal(t, days*perDay, r.Snapshot().Len())
	for day := range days {
		at := first.Add(time.Duration(day) * 24 * time.Hour).UnixNano()
		objects, errs := r.Snapshot().Objects(ctx, at, at+int64(time.Hour))
		require.Empty(t, errs)
		require.Len(t, objects, perDay)
		r.manifests.mu.Lock()
		require.LessOrEqual(t, r.manifests.size, int64(limit))
		r.manifests.mu.Unlock()
	}
	used := heapBytes() - before
	assert.Less(t, used, int64(2*limit), "resident: %d bytes", used)
	t.Logf("%d bytes resident for %d objects", used, r.Snapshot().Len())
	runtime.KeepAlive(r)
}

func heapBytes() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
