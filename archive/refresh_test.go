// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"context"
	"errors"
	"io"
	"iter"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// liveObjects are all of a snapshot.
func liveObjects(t testing.TB, s *Snapshot) []*ObjectMeta {
	t.Helper()
	objects, errs := s.Objects(t.Context(), math.MinInt64, math.MaxInt64)
	require.Equal(t, s.Errors(), errs)
	return objects
}

// oddBucket hides keys from listings and fails to get them.
type oddBucket struct {
	mapBucket
	hidden, broken map[string]bool
}

func (b *oddBucket) List(ctx context.Context, prefix, startAfter string) iter.Seq2[ObjectInfo, error] {
	return func(yield func(ObjectInfo, error) bool) {
		for info, err := range b.mapBucket.List(ctx, prefix, startAfter) {
			if !b.hidden[info.Key] && !yield(info, err) {
				return
			}
		}
	}
}

var errBroken = errors.New("broken")

func (b *oddBucket) Get(ctx context.Context, key string) (io.ReadCloser, error) {
	if b.broken[key] {
		return nil, errBroken
	}
	return b.mapBucket.Get(ctx, key)
}

// TestRefreshFindsWhatAListingMissed: a directory that is listed while it changes may show a file and not one that
// was there before it.
func TestRefreshFindsWhatAListingMissed(t *testing.T) {
	b := &oddBucket{mapBucket: mapBucket{}, hidden: map[string]bool{}}
	commit(t, b, "w", testArrival, testLogs(1))
	r, err := Open(t.Context(), b, ReaderOptions{ListInterval: -1})
	require.NoError(t, err)
	require.Len(t, liveObjects(t, r.Snapshot()), 1)

	commit(t, b, "w", testArrival, testLogs(2)) // a claim and a commit
	commit(t, b, "w", testArrival, testLogs(3))
	b.hidden[LogKey("w", 3)], b.hidden[LogKey("w", 4)] = true, true
	require.NoError(t, r.Refresh(t.Context()))
	assert.Len(t, liveObjects(t, r.Snapshot()), 3)
	assert.Empty(t, r.Snapshot().Errors())
}

// TestRefreshGoesOnWithoutARecord: one log record that cannot be read must not hide the others, nor be forgotten.
func TestRefreshGoesOnWithoutARecord(t *testing.T) {
	b := &oddBucket{mapBucket: mapBucket{}, broken: map[string]bool{LogKey("a", 2): true}}
	commit(t, b, "a", testArrival, testLogs(1))
	commit(t, b, "b", testArrival, testLogs(2))
	r, err := Open(t.Context(), b, ReaderOptions{ListInterval: -1})
	require.NoError(t, err)
	assert.Len(t, liveObjects(t, r.Snapshot()), 1)
	require.Len(t, r.Snapshot().Errors(), 1)
	require.ErrorIs(t, r.Snapshot().Errors()[0], errBroken)
	stats, err := r.Snapshot().Scan(t.Context(), All(), func(*Record) error { return nil })
	require.NoError(t, err)
	assert.True(t, stats.Partial())

	commit(t, b, "b", testArrival, testLogs(3))
	require.NoError(t, r.Refresh(t.Context()))
	assert.Len(t, liveObjects(t, r.Snapshot()), 2)
	assert.Len(t, r.Snapshot().Errors(), 1)

	b.broken = nil
	require.NoError(t, r.Refresh(t.Context()))
	assert.Len(t, liveObjects(t, r.Snapshot()), 3)
	assert.Empty(t, r.Snapshot().Errors())

	// But when nothing can be read, the bucket is away, and the snapshot stays what it was.
	commit(t, b, "b", testArrival, testLogs(4))
	b.broken = map[string]bool{LogKey("b", 5): true, LogKey("b", 6): true}
	require.ErrorIs(t, r.Refresh(t.Context()), errBroken)
	assert.Len(t, liveObjects(t, r.Snapshot()), 3)
	b.broken = nil
	require.NoError(t, r.Refresh(t.Context()))
	assert.Len(t, liveObjects(t, r.Snapshot()), 4)
}
