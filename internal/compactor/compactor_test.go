// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package compactor

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logboom/logboom/archive"
)

func TestCycleMergesAndDeletes(t *testing.T) {
	r := newRig(t)
	for i := range 6 {
		r.write("w", lines(20, fmt.Sprint("w", i), "cart", 9, start.Add(time.Duration(i)*time.Minute))...)
		r.write("v", lines(20, fmt.Sprint("v", i), "edge", 17, start.Add(time.Duration(i)*time.Minute))...)
	}
	twice := lines(5, "twice", "cart", 9, start.Add(time.Hour))
	for i := range twice {
		twice[i].uid = fmt.Sprint("uid-", i)
	}
	r.write("w", twice...)
	r.write("v", twice...)
	r.write("w", line{id: "open", service: "cart", severity: 9, at: r.now.Add(-time.Minute)})
	before := r.open().Snapshot()

	p := r.process()
	c := r.compactor(p, nil)
	report, err := c.Cycle(t.Context())
	require.NoError(t, err)
	assert.True(t, report.Leader)
	assert.Equal(t, 2, report.Merges)
	assert.Equal(t, 14, report.ObjectsIn)
	assert.Equal(t, 2, report.ObjectsOut)
	assert.EqualValues(t, 5, report.Duplicates)
	assert.Zero(t, report.Backlog)
	assert.Equal(t, 3, report.Live.Objects)
	r.check(nil)
	live := r.live()
	require.Len(t, live, 3)
	for _, o := range live[:2] {
		assert.Contains(t, o.Key, "/compacted-2-")
		assert.NotNil(t, o.Index)
	}
	assert.Equal(t, r.want(nil), bodies(t, before), "a snapshot of before is readable")
	data := len(r.store.keys("logs/"))
	assert.Equal(t, 15+2, data)

	again, err := c.Cycle(t.Context())
	require.NoError(t, err)
	assert.Zero(t, again.Merges)
	assert.Zero(t, again.Checkpoints, "nothing to say")

	r.now = r.now.Add(4 * time.Hour)
	report, err = c.Cycle(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 14, report.Deleted["superseded"].Objects)
	assert.Len(t, r.store.keys("logs/"), 3+1, "the last hour was written anew, too")
	r.check(nil)
	// The records of the log are summed up; the writers go on.
	r.write("w", lines(3, "later", "cart", 9, start)...)
	r.check(nil)
	r.now = r.now.Add(4 * time.Hour)
	_, err = c.Cycle(t.Context())
	require.NoError(t, err)
	r.check(nil)
}

func TestOneLeader(t *testing.T) {
	r := newRig(t)
	r.write("w", lines(5, "a", "cart", 9, start)...)
	other := archive.NewLeaseSeeker(r.process(), archive.LeaseOptions{Holder: "other", TTL: time.Minute, Now: func() time.Time { return r.now }})
	lease, err := other.Try(t.Context())
	require.NoError(t, err)
	c := r.compactor(r.process(), nil)
	report, err := c.Cycle(t.Context())
	require.NoError(t, err)
	assert.False(t, report.Leader)
	require.NoError(t, lease.Release(t.Context()))
	report, err = c.Cycle(t.Context())
	require.NoError(t, err)
	assert.True(t, report.Leader)
}

// TestLateRecordsAreNotWrittenTooOften adds small objects to a large one and counts what that costs.
func TestLateRecordsAreNotWrittenTooOften(t *testing.T) {
	r := newRig(t)
	c := r.compactor(r.process(), nil)
	var written, read int64
	flushed := int64(0)
	for i := range 64 {
		r.write("w", lines(50, fmt.Sprint("w", i), "cart", 9, start.Add(time.Duration(i)*time.Second))...)
		for _, o := range r.live() {
			if !compacted(o) {
				flushed += o.Bytes
			}
		}
		report, err := c.Cycle(t.Context())
		require.NoError(t, err)
		written += report.BytesOut
		read += report.BytesIn
		r.now = r.now.Add(time.Minute)
	}
	r.check(nil)
	t.Logf("flushed %d bytes, written %d, read %d, objects %d", flushed, written, read, len(r.live()))
	assert.Less(t, written, 6*flushed, "log2(64) times at most, less what compression saves")
	assert.Less(t, len(r.live()), 12)
}

func TestObjectsThatCannotBeReadStayAsTheyAre(t *testing.T) {
	r := newRig(t)
	for i := range 3 {
		r.write("w", lines(20, fmt.Sprint("w", i), "cart", 9, start.Add(time.Duration(i)*time.Minute))...)
		r.write("w", lines(20, fmt.Sprint("x", i), "cart", 9, start.Add(time.Hour+time.Duration(i)*time.Minute))...)
	}
	bad := r.live()[1]
	body := r.store.objects[bad.Key]
	delete(r.store.objects, bad.Key)
	c := r.compactor(r.process(), nil)
	report, err := c.Cycle(t.Context())
	require.ErrorContains(t, err, bad.Key)
	assert.Equal(t, 2, report.Merges, "the others of its hour, and the other hour")
	assert.Len(t, r.live(), 3)
	r.store.objects[bad.Key] = body
	r.check(nil)
	r.now = r.now.Add(badAgain)
	_, err = c.Cycle(t.Context())
	require.NoError(t, err)
	r.check(nil)
}

func TestOrphansAreDeleted(t *testing.T) {
	r := newRig(t)
	r.write("w", lines(5, "a", "cart", 9, start)...)
	r.write("w", lines(5, "b", "cart", 9, start)...)
	c := r.compactor(r.process(), nil)
	_, err := c.Cycle(t.Context())
	require.NoError(t, err)
	dir := "logs/date=2026-11-23/hour=08/"
	const hash = "0123456789abcdef"
	for key, orphan := range map[string]bool{
		dir + "compacted-1-" + hash + ".parquet":  true,
		dir + "compacted-99-" + hash + ".parquet": false, // may come
		dir + "w-1-1-2-" + hash + ".parquet":      true,
		dir + "w-0-9-9-" + hash + ".parquet":      true,
		dir + "w-1-3-3-" + hash + ".parquet":      false,
		dir + "u-1-1-1-" + hash + ".parquet":      false, // a writer that nobody knows yet
		dir + "notes.txt":                         false,
		dir + "by-hand.parquet":                   false,
	} {
		r.store.objects[key] = []byte("x")
		r.now = r.now.Add(sweepEvery)
		_, err := c.Cycle(t.Context())
		require.NoError(t, err)
		assert.Equal(t, !orphan, r.store.objects[key] != nil, key)
		delete(r.store.objects, key)
	}
	r.check(nil)
}

func TestParseName(t *testing.T) {
	for key, want := range map[string]objectName{
		"logs/date=2026-11-23/hour=08/a-b-7-1-2-0123456789abcdef.parquet":             {writer: "a-b", epoch: 7, to: 2},
		"logs/tenant=x/date=2026-11-23/hour=08/compacted-12-0123456789abcdef.parquet": {checkpoint: 12},
	} {
		got, ok := parseName(key)
		assert.True(t, ok, key)
		assert.Equal(t, want, got)
	}
	for _, key := range []string{
		"logs/x", "logs/a-1-2-0123456789abcdef.parquet", "logs/compacted-0-0123456789abcdef.parquet", "logs/compacted-x-0123456789abcdef.parquet",
		"logs/a-1-1-x-0123456789abcdef.parquet", "logs/" + strings.Repeat("-", 9) + ".parquet", "other/a-1-1-1-0123456789abcdef.parquet",
	} {
		_, ok := parseName(key)
		assert.False(t, ok, key)
	}
}
