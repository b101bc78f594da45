// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
)

// followed is an archive that one writer writes whose fresh records are seen ("w"), one whose are not ("v"), and a compactor.
type followed struct {
	t      *testing.T
	r      *rand.Rand
	bucket mapBucket
	writer *LogWriter
	source *freshOf
	at     time.Time
	lines  int
	all    []string // every line that there is
}

// batch makes some lines, each of its own text, at any time of an hour.
func (f *followed) batch() plog.Logs {
	ld := plog.NewLogs()
	for range 1 + f.r.IntN(3) {
		f.lines++
		text := fmt.Sprintf("line %d", f.lines)
		f.all = append(f.all, text+" 0")
		lines(1, "s", text, f.at.Add(time.Duration(f.r.IntN(3600))*time.Second)).ResourceLogs().MoveAndAppendTo(ld.ResourceLogs())
	}
	return ld
}

// flush commits the first n batches that are held.
func (f *followed) flush(n int) {
	held := f.source.batches
	enc := NewEncoder(EncoderOptions{})
	for _, b := range held[:n] {
		enc.AppendBatch(b)
	}
	from, to := f.source.first, f.source.first+uint64(n)-1
	var objects []ObjectMeta
	require.NoError(f.t, enc.Encode(ObjectName{Writer: "w", Epoch: f.writer.Epoch(), From: from, To: to}, func(o Object) error {
		objects = append(objects, o.Meta)
		return f.bucket.Create(f.t.Context(), o.Meta.Key, o.Body)
	}))
	require.NoError(f.t, f.writer.Commit(f.t.Context(), from, to, objects))
	f.source.sequence = f.writer.LastSequence()
	if f.r.IntN(2) == 0 { // the log is cut a moment later
		f.source.batches, f.source.first = held[n:], to+1
	}
}

// compact makes one object of all that is live.
func (f *followed) compact() {
	reader, err := Open(f.t.Context(), f.bucket, ReaderOptions{CountsByMinute: true})
	require.NoError(f.t, err)
	s := reader.Snapshot()
	edit := CheckpointEdit{Epoch: 1, Time: f.at.Add(2 * time.Hour), Grace: time.Hour}
	if live, _ := s.Objects(f.t.Context(), 0, 1<<62); len(live) > 0 && f.r.IntN(2) == 0 {
		merged := plog.NewLogs()
		_, err := s.Scan(f.t.Context(), All(), func(r *Record) error {
			lines(1, "s", r.Body[:len(r.Body)-2], time.Unix(0, r.Timestamp)).ResourceLogs().MoveAndAppendTo(merged.ResourceLogs())
			return nil
		})
		require.NoError(f.t, err)
		enc := NewEncoder(EncoderOptions{})
		enc.Append(merged, f.at)
		require.NoError(f.t, enc.Encode(ObjectName{Writer: "m", Epoch: 1, From: s.NextCheckpoint(), To: s.NextCheckpoint()}, func(o Object) error {
			edit.Add = append(edit.Add, o.Meta)
			return f.bucket.Create(f.t.Context(), o.Meta.Key, o.Body)
		}))
		for _, o := range live {
			edit.Remove = append(edit.Remove, o.Key)
		}
	}
	_, err = CommitCheckpoint(f.t.Context(), f.bucket, s, edit)
	require.NoError(f.t, err)
}

// TestFollower: however writers, the compactor and the looks interleave, each record is new once: in Sure, or in Mixed
// beside some that were in Sure before.
func TestFollower(t *testing.T) {
	for _, onDisk := range []bool{false, true} {
		for seed := range uint64(unlessRace(15, 4)) {
			t.Run(fmt.Sprint(onDisk, seed), func(t *testing.T) { follow(t, seed, onDisk) })
		}
	}
}

func follow(t *testing.T, seed uint64, onDisk bool) {
	ctx := t.Context()
	at := time.Unix(1_700_000_000, 0)
	f := &followed{t: t, r: rand.New(rand.NewPCG(seed, 3)), bucket: mapBucket{}, at: at}
	f.writer = commit(t, f.bucket, "w", at)
	f.source = &freshOf{first: 1, sequence: f.writer.LastSequence(), onDisk: onDisk}
	act := func() {
		switch f.r.IntN(8) {
		case 0, 1, 2:
			f.source.batches = append(slices.Clip(f.source.batches), NewBatch(f.batch(), at, BatchOptions{}))
		case 3, 4:
			if committed := int(f.writer.Committed()-f.source.first) + 1; committed > 0 {
				f.source.batches, f.source.first = f.source.batches[committed:], f.writer.Committed()+1
			}
			if n := len(f.source.batches); n > 0 {
				f.flush(1 + f.r.IntN(n))
			}
		case 5:
			commit(t, f.bucket, "v", at, f.batch())
		case 6, 7:
			f.compact()
		}
	}
	for range f.r.IntN(12) {
		act()
	}
	reader, err := Open(ctx, f.bucket, ReaderOptions{ListInterval: -1})
	require.NoError(t, err)
	snapshot := func() (*Snapshot, func()) {
		sources := []FreshSource{f.source}
		if len(f.source.batches) == 0 && onDisk {
			sources = nil // a segment without entries is none
		}
		s, release := reader.SnapshotWithFresh(ctx, sources...)
		require.Empty(t, s.Errors())
		return s, release
	}
	s, release := snapshot()
	seen := map[string]int{}
	first, _ := bodies(t, s, All())
	release()
	for _, line := range first {
		seen[line]++
	}
	follower := NewFollower(s)
	look := func() {
		s, release := snapshot()
		defer release()
		n := follower.Next(ctx, s)
		if n.Empty() {
			return
		}
		require.Empty(t, n.Sure.Errors())
		sure, _ := bodies(t, n.Sure, All())
		for _, line := range sure {
			assert.Zero(t, seen[line], line)
			seen[line]++
		}
		mixed, _ := bodies(t, n.Mixed, All())
		again := 0
		for _, line := range mixed {
			if seen[line] > 0 {
				again++
			} else {
				seen[line]++
			}
		}
		if len(mixed) > 0 {
			assert.Positive(t, again, "else it is sure")
		}
	}
	for range 30 {
		act()
		if f.r.IntN(3) == 0 {
			require.NoError(t, reader.Refresh(ctx))
		}
		if f.r.IntN(2) == 0 {
			look()
		}
	}
	require.NoError(t, reader.Refresh(ctx))
	look()
	assert.Len(t, seen, len(f.all))
	for _, line := range f.all {
		assert.Equal(t, 1, seen[line], line)
	}
	s, release = snapshot()
	defer release()
	n := follower.Next(ctx, s)
	assert.True(t, n.Empty())
}
