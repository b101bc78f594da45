// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"context"
	"iter"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// listHookBucket calls a function after the keys of a listing are fixed, and before they are read.
type listHookBucket struct {
	mapBucket
	prefix string
	hook   func()
}

func (b *listHookBucket) List(ctx context.Context, prefix, startAfter string) iter.Seq2[ObjectInfo, error] {
	infos := []ObjectInfo{}
	for info := range b.mapBucket.List(ctx, prefix, startAfter) {
		infos = append(infos, info)
	}
	if prefix == b.prefix && b.hook != nil {
		hook := b.hook
		b.hook = nil
		hook()
	}
	return func(yield func(ObjectInfo, error) bool) {
		for _, info := range infos {
			if !yield(info, nil) {
				return
			}
		}
	}
}

// sumUpNow makes a checkpoint and deletes what it has.
func sumUpNow(t testing.TB, b Bucket, at time.Time) {
	t.Helper()
	checkpoint(t, b, CheckpointEdit{Epoch: 1, Time: at})
	_, err := CollectGarbage(t.Context(), b, GarbageOptions{Time: at})
	require.NoError(t, err)
}

// TestLogIsSummedUpWhileItIsRead: what a writer, or a reader, has listed and not read yet is deleted meanwhile.
func TestLogIsSummedUpWhileItIsRead(t *testing.T) {
	ctx := t.Context()
	for _, more := range []bool{false, true} {
		b := &listHookBucket{mapBucket: mapBucket{}, prefix: "_log/w/"}
		o := testObject(t, 3)
		w, err := NewLogWriter(b, "w", "wal", 0)
		require.NoError(t, err)
		require.NoError(t, w.Claim(ctx))
		for i := range uint64(5) {
			o.Meta.Key = "logs/date=2026-11-23/hour=01/" + string(rune('a'+i)) + ".parquet"
			require.NoError(t, w.Commit(ctx, 10*i+1, 10*i+10, []ObjectMeta{o.Meta}))
		}
		summed := func() {
			sumUpNow(t, b.mapBucket, testArrival)
			if more { // and the log goes on
				o.Meta.Key = "logs/date=2026-11-23/hour=01/z.parquet"
				require.NoError(t, w.Commit(ctx, 51, 60, []ObjectMeta{o.Meta}))
			}
		}
		b.hook = summed
		next, err := NewLogWriter(b, "w", "wal", 0)
		require.NoError(t, err)
		require.NoError(t, next.Claim(ctx))
		want := uint64(50)
		if more {
			want = 60
		}
		assert.Equal(t, want, next.Committed())
		assert.EqualValues(t, 2, next.Epoch())
		assert.Equal(t, []CommitRange{{w.nonce, 1, want}}, next.Commits())
		require.ErrorIs(t, w.Commit(ctx, 61, 62, nil), ErrFenced)

		// A reader.
		require.NoError(t, next.Commit(ctx, want+1, want+2, []ObjectMeta{testObject(t, 1).Meta}))
		all := keysOf(liveObjectsOf(t, b))
		rb := &listHookBucket{mapBucket: b.mapBucket, prefix: logPrefix}
		rb.hook = func() { sumUpNow(t, b.mapBucket, testArrival.Add(time.Second)) }
		assert.Equal(t, all, keysOf(liveObjectsOf(t, rb)))
	}
}

// TestFalseCheckpointSaysNothing: one that a process which slept has made under a number that was free again is not what
// the log is deleted by.
func TestFalseCheckpointSaysNothing(t *testing.T) {
	ctx := t.Context()
	b := mapBucket{}
	commit(t, b, "w", testArrival, testLogs(3)) // records 1 and 2
	checkpoint(t, b, CheckpointEdit{Epoch: 1, Grace: time.Hour})
	checkpoint(t, b, CheckpointEdit{Epoch: 1, Grace: time.Hour, Time: testArrival.Add(2 * time.Hour)})
	commit(t, b, "w", testArrival, testLogs(4)) // 3 and 4
	one, err := ParseCheckpoint(CheckpointKey(1), b[CheckpointKey(1)])
	require.NoError(t, err)
	one.Nonce, one.Positions["w"].Sequence = "another", 4
	b[CheckpointKey(1)], err = one.Marshal()
	require.NoError(t, err)
	want := keysOf(liveObjectsOf(t, b))

	_, err = CollectGarbage(ctx, b, GarbageOptions{Time: testArrival.Add(2 * time.Hour), Grace: time.Hour})
	require.NoError(t, err)
	assert.Contains(t, b, LogKey("w", 4))
	assert.Equal(t, want, keysOf(liveObjectsOf(t, b)))

	// Nor is it what readers see.
	b[CheckpointKey(1)] = []byte("nonsense")
	assert.Equal(t, want, keysOf(liveObjectsOf(t, b)))
	assert.True(t, slices.IsSorted(want))
}

// TestLeaderThatSlept: a checkpoint under a number that is free again is no success.
func TestLeaderThatSlept(t *testing.T) {
	ctx := t.Context()
	b := mapBucket{}
	commit(t, b, "w", testArrival, testLogs(3))
	checkpoint(t, b, CheckpointEdit{Epoch: 1})
	r, err := Open(ctx, b, ReaderOptions{CountsByMinute: true})
	require.NoError(t, err)
	for i := range 3 {
		sumUpNow(t, b, testArrival.Add(time.Duration(i)*time.Second))
	}
	require.NotContains(t, b, CheckpointKey(2))
	gone := r.Snapshot().base.Number
	_, err = CommitCheckpoint(ctx, b, r.Snapshot(), CheckpointEdit{Epoch: 1, Time: testArrival, Remove: keysOf(liveObjects(t, r.Snapshot()))[:1]})
	require.ErrorIs(t, err, ErrCheckpointConflict)
	require.Contains(t, b, CheckpointKey(gone+1))
	n := len(liveObjectsOf(t, b))
	_, err = CollectGarbage(ctx, b, GarbageOptions{Time: testArrival.Add(time.Hour)})
	require.NoError(t, err)
	assert.NotContains(t, b, CheckpointKey(gone+1))
	assert.Len(t, liveObjectsOf(t, b), n)
	assert.Len(t, scanAll(t, b, All()), 3)
}
