// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// keysOf are the keys of live objects, sorted.
func keysOf(objects []*ObjectMeta) []string {
	keys := make([]string, 0, len(objects))
	for _, o := range objects {
		keys = append(keys, o.Key)
	}
	slices.Sort(keys)
	return keys
}

// checkpoint makes one of everything that a new reader sees.
func checkpoint(t testing.TB, b Bucket, edit CheckpointEdit) *Checkpoint {
	t.Helper()
	r, err := Open(t.Context(), b, ReaderOptions{CountsByMinute: true})
	require.NoError(t, err)
	if edit.Time.IsZero() {
		edit.Time = testArrival
	}
	c, err := CommitCheckpoint(t.Context(), b, r.Snapshot(), edit)
	require.NoError(t, err)
	return c
}

// TestCheckpointSumsUpTheLog: what is live, and what is known of the writers, is the same before and after, for readers
// that were there and for new ones, also when the log records are gone.
func TestCheckpointSumsUpTheLog(t *testing.T) {
	ctx := t.Context()
	b := mapBucket{}
	r, err := Open(ctx, b, ReaderOptions{})
	require.NoError(t, err)
	for i := range 6 {
		commit(t, b, []string{"a", "b"}[i%2], testArrival.Add(time.Duration(i)*13*time.Hour), testLogs(5+i))
	}
	require.NoError(t, r.Refresh(ctx))
	want := liveObjects(t, r.Snapshot())
	require.NotEmpty(t, want)
	records := len(scanAll(t, b, All()))

	c := checkpoint(t, b, CheckpointEdit{Epoch: 1})
	assert.EqualValues(t, 1, c.Number)
	require.NoError(t, r.Refresh(ctx))
	assert.EqualValues(t, 1, r.Snapshot().Checkpoint().Number)
	assert.Zero(t, r.Snapshot().Uncheckpointed())
	assert.Equal(t, want, liveObjects(t, r.Snapshot()))
	assert.Len(t, scanAll(t, b, All()), records)
	assert.EqualValues(t, 3, r.Snapshot().Committed("a", "wal"))

	garbage, err := CollectGarbage(ctx, b, GarbageOptions{Time: testArrival, Grace: 0})
	require.NoError(t, err)
	assert.Equal(t, 6, garbage.LogRecords, "the commits; claims are kept")
	assert.Len(t, scanAll(t, b, All()), records)

	// A day's manifest grows, others stay.
	before := c.Manifests
	commit(t, b, "a", testArrival, testLogs(7))
	require.NoError(t, r.Refresh(ctx))
	want = liveObjects(t, r.Snapshot())
	c = checkpoint(t, b, CheckpointEdit{Epoch: 2, Time: testArrival.Add(time.Second)})
	assert.EqualValues(t, 2, c.Number)
	same := 0
	for _, m := range c.Manifests {
		if slices.Contains(before, m) {
			same++
		}
	}
	assert.Len(t, c.Manifests, len(before))
	assert.Equal(t, len(before)-1, same)
	assert.Len(t, c.Removed, 1)
	require.NoError(t, r.Refresh(ctx))
	assert.Equal(t, want, liveObjects(t, r.Snapshot()))

	// Objects are replaced.
	gone := want[0]
	added := *gone
	added.Key = gone.Key[:len(gone.Key)-len(".parquet")] + "x.parquet"
	c = checkpoint(t, b, CheckpointEdit{Epoch: 2, Time: testArrival.Add(2 * time.Second), Remove: []string{gone.Key}, Add: []ObjectMeta{added}})
	require.NoError(t, r.Refresh(ctx))
	got := keysOf(liveObjects(t, r.Snapshot()))
	assert.Len(t, got, len(want))
	assert.Contains(t, got, added.Key)
	assert.NotContains(t, got, gone.Key)
	assert.True(t, slices.ContainsFunc(c.Removed, func(r Removal) bool { return r.Key == gone.Key }))
	garbage, err = CollectGarbage(ctx, b, GarbageOptions{Time: testArrival.Add(time.Minute)})
	require.NoError(t, err)
	assert.Equal(t, 1, garbage.Objects)
	assert.NotContains(t, b, gone.Key)
	c = checkpoint(t, b, CheckpointEdit{Epoch: 2, Time: testArrival.Add(time.Minute), Forget: garbage.Forgotten})
	assert.Empty(t, c.Removed)

	_, err = CommitCheckpoint(ctx, b, r.Snapshot(), CheckpointEdit{Epoch: 2, Time: testArrival})
	require.ErrorContains(t, err, "by minute")
	r, err = Open(ctx, b, ReaderOptions{CountsByMinute: true})
	require.NoError(t, err)
	_, err = CommitCheckpoint(ctx, b, r.Snapshot(), CheckpointEdit{Epoch: 2, Time: testArrival, Remove: []string{gone.Key}})
	require.ErrorIs(t, err, ErrNotLive)
	_, err = CommitCheckpoint(ctx, b, r.Snapshot(), CheckpointEdit{Epoch: 1, Time: testArrival})
	require.ErrorIs(t, err, ErrCheckpointConflict, "an earlier epoch")
	_, err = CommitCheckpoint(ctx, b, r.Snapshot(), CheckpointEdit{Epoch: 2, Time: testArrival})
	require.NoError(t, err)
	_, err = CommitCheckpoint(ctx, b, r.Snapshot(), CheckpointEdit{Epoch: 2, Time: testArrival})
	require.ErrorIs(t, err, ErrCheckpointConflict, "the number is taken")
}

// TestUnreadableManifest: one that is lost stops neither what is new, nor what is removed elsewhere; and it can be made anew.
func TestUnreadableManifest(t *testing.T) {
	ctx := t.Context()
	b := mapBucket{}
	commit(t, b, "w", testArrival, lines(5, "s", "a", testArrival))
	commit(t, b, "w", testArrival, lines(5, "s", "b", testArrival.Add(-48*time.Hour)))
	c := checkpoint(t, b, CheckpointEdit{Epoch: 1})
	require.Len(t, c.Manifests, 2)
	r, err := Open(ctx, b, ReaderOptions{CountsByMinute: true})
	require.NoError(t, err)
	all := liveObjects(t, r.Snapshot())
	lost, body := c.Manifests[1].Key, b[c.Manifests[1].Key]
	delete(b, lost)

	commit(t, b, "w", testArrival, lines(5, "s", "c", testArrival))
	c = checkpoint(t, b, CheckpointEdit{Epoch: 1})
	assert.Len(t, c.Manifests, 3)
	c = checkpoint(t, b, CheckpointEdit{Epoch: 1, Remove: []string{all[0].Key}})
	assert.Len(t, c.Manifests, 2)
	r, err = Open(ctx, b, ReaderOptions{CountsByMinute: true})
	require.NoError(t, err)
	objects, errs := r.Snapshot().Objects(ctx, math.MinInt64, math.MaxInt64)
	require.Len(t, errs, 1)
	require.ErrorIs(t, errs[0], ErrNotFound)
	assert.Len(t, objects, 1)
	_, err = CommitCheckpoint(ctx, b, r.Snapshot(), CheckpointEdit{Epoch: 1, Time: testArrival, Remove: []string{all[1].Key}})
	require.ErrorIs(t, err, ErrNotFound)
	require.NotErrorIs(t, err, ErrNotLive)

	c = checkpoint(t, b, CheckpointEdit{Epoch: 1, Rebuilt: map[string][]ObjectMeta{lost: {*all[1]}}})
	assert.Len(t, c.Manifests, 2)
	assert.Len(t, liveObjectsOf(t, b), 2)
	assert.True(t, slices.ContainsFunc(c.Removed, func(r Removal) bool { return r.Key == lost }))
	assert.NotEmpty(t, body)
}

func liveObjectsOf(t testing.TB, b BucketReader) []*ObjectMeta {
	t.Helper()
	r, err := Open(t.Context(), b, ReaderOptions{})
	require.NoError(t, err)
	return liveObjects(t, r.Snapshot())
}
