// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"flag"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
)

// freeze makes a frozen archive where it is missing: go test ./archive -run Frozen -freeze. None is ever made anew, because
// archives that were written once must be readable for ever.
var freeze = flag.Bool("freeze", false, "write what is missing of testdata")

// TestFrozenArchivesAreRead reads archives that earlier writers of the format's version made.
func TestFrozenArchivesAreRead(t *testing.T) {
	for _, frozen := range []struct {
		dir   string
		write func(t *testing.T, b mapBucket) plog.Logs
		check func(t *testing.T, s *Snapshot, objects []*ObjectMeta)
	}{
		{"v1", nil, func(t *testing.T, s *Snapshot, objects []*ObjectMeta) { // without an index, a checkpoint
			require.Nil(t, s.Checkpoint())
			require.Len(t, objects, 6)
			for _, o := range objects {
				require.Nil(t, o.Index)
				require.EqualValues(t, -1, o.Counts.Unnumbered)
			}
		}},
		{"v1-checkpoint", writeFrozen, checkFrozen},
		{"v1-resources", writeFrozenResources, checkFrozenResources},
	} {
		t.Run(frozen.dir, func(t *testing.T) {
			dir := filepath.Join("testdata", frozen.dir)
			golden := filepath.Join(dir, "records.binpb")
			if _, err := os.Stat(dir); *freeze && os.IsNotExist(err) {
				b := mapBucket{}
				written := frozen.write(t, b)
				for key, body := range b {
					path := filepath.Join(dir, filepath.FromSlash(key))
					require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
					require.NoError(t, os.WriteFile(path, body, 0o644))
				}
				text, err := (&plog.ProtoMarshaler{}).MarshalLogs(written)
				require.NoError(t, err)
				require.NoError(t, os.WriteFile(golden, text, 0o644))
			}
			b := readFrozen(t, dir)
			text, err := os.ReadFile(golden)
			require.NoError(t, err)
			want, err := (&plog.ProtoUnmarshaler{}).UnmarshalLogs(text)
			require.NoError(t, err)

			r, err := Open(t.Context(), b, ReaderOptions{CountsByMinute: true})
			require.NoError(t, err)
			objects := liveObjects(t, r.Snapshot())
			for _, o := range objects {
				require.NoError(t, VerifyObject(t.Context(), b, o))
			}
			frozen.check(t, r.Snapshot(), objects)
			back := plog.NewLogs()
			for _, record := range scanAll(t, b, All()) {
				require.NoError(t, record.AppendTo(back))
			}
			requireSame(t, canonical(t, want), canonical(t, back))
		})
	}
}

// readFrozen returns the archive in a directory.
func readFrozen(t *testing.T, dir string) mapBucket {
	t.Helper()
	b := mapBucket{}
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == "records.binpb" {
			return err
		}
		key, err := filepath.Rel(dir, path)
		require.NoError(t, err)
		b[filepath.ToSlash(key)], err = os.ReadFile(path)
		return err
	}))
	return b
}

// writeFrozen makes an archive of two writers and two tenants with a checkpoint, a merged object, tombstones, a lease, a log
// record behind the checkpoint, and an orphan. It returns the records.
func writeFrozen(t *testing.T, b mapBucket) plog.Logs {
	ctx := t.Context()
	arrival := time.Date(2026, 11, 23, 1, 30, 0, 0, time.UTC)
	written := randomLogs(rand.New(rand.NewPCG(1, 1)), 60, arrival)
	commit(t, b, "frozen", arrival, written)
	flush := func(writer string, n uint64, tenant string, ld plog.Logs) {
		w, err := NewLogWriter(b, writer, "wal", 0)
		require.NoError(t, err)
		require.NoError(t, w.Claim(ctx))
		enc := NewEncoder(EncoderOptions{Compression: CompressionBetter})
		enc.AppendBatch(NewBatch(ld, arrival, BatchOptions{Tenant: tenant}))
		var objects []ObjectMeta
		require.NoError(t, enc.Encode(ObjectName{Writer: writer, Epoch: w.Epoch(), From: n, To: n}, func(o Object) error {
			objects = append(objects, o.Meta)
			return b.Create(ctx, o.Meta.Key, o.Body)
		}))
		require.NoError(t, w.Commit(ctx, n, n, objects))
		ld.ResourceLogs().MoveAndAppendTo(written.ResourceLogs())
	}
	for i := range uint64(3) {
		flush("tenants", 1+i, "a/b", similarLogs(rand.New(rand.NewPCG(2, i)), 40, arrival))
	}
	lease, err := AcquireLease(ctx, b, LeaseOptions{Holder: "frozen"})
	require.NoError(t, err)
	r, err := Open(ctx, b, ReaderOptions{CountsByMinute: true})
	require.NoError(t, err)
	edit := CheckpointEdit{Epoch: lease.Epoch(), Time: arrival, Grace: time.Hour, Note: []string{"merged"}}
	var inputs []*ObjectMeta
	for _, o := range liveObjects(t, r.Snapshot()) {
		if o.Tenant == "a/b" && (len(inputs) == 0 || o.Directory() == inputs[0].Directory()) {
			inputs = append(inputs, o)
			edit.Remove = append(edit.Remove, o.Key)
		}
	}
	require.Greater(t, len(inputs), 1)
	_, err = NewMerger(b, MergerOptions{}).Merge(ctx, MergeRequest{Inputs: inputs, Checkpoint: 1}, func(o Object) error {
		edit.Add = append(edit.Add, o.Meta)
		return b.Create(ctx, o.Meta.Key, o.Body)
	})
	require.NoError(t, err)
	_, err = CommitCheckpoint(ctx, b, r.Snapshot(), edit)
	require.NoError(t, err)
	flush("frozen", 2, "", similarLogs(rand.New(rand.NewPCG(3, 3)), 20, arrival))
	delete(b, LogKey("tenants", 2)) // a commit that the checkpoint has
	orphan := edit.Add[0].Directory() + "tenants-1-9-9-0123456789abcdef.parquet"
	b[orphan] = b[edit.Add[0].Key]
	return written
}

func checkFrozen(t *testing.T, s *Snapshot, objects []*ObjectMeta) {
	c := s.Checkpoint()
	require.NotNil(t, c)
	require.EqualValues(t, 1, c.Number)
	require.Equal(t, []string{"merged"}, c.Note)
	require.NotEmpty(t, c.Removed)
	require.EqualValues(t, 3, s.Committed("tenants", "wal"))
	require.EqualValues(t, 2, s.Committed("frozen", "wal"))
	epoch, to := s.WriterState("tenants")
	require.EqualValues(t, 3, epoch)
	require.EqualValues(t, 3, to)
	require.Equal(t, 2, s.Uncheckpointed())
	merged := 0
	for _, o := range objects {
		require.NotNil(t, o.Index)
		require.GreaterOrEqual(t, o.Counts.Unnumbered, int64(0))
		if strings.Contains(o.Key, "/compacted-1-") {
			merged++
		}
	}
	require.Equal(t, 1, merged)
}

// writeFrozenResources makes an archive whose objects have blocks of resources, with weights and without, merged and not.
func writeFrozenResources(t *testing.T, b mapBucket) plog.Logs {
	ctx := t.Context()
	arrival := time.Date(2026, 11, 23, 1, 30, 0, 0, time.UTC)
	written := plog.NewLogs()
	w, err := NewLogWriter(b, "frozen", "wal", 0)
	require.NoError(t, err)
	require.NoError(t, w.Claim(ctx))
	flush := func(n uint64, ld plog.Logs) {
		enc := NewEncoder(EncoderOptions{})
		enc.Append(ld, arrival)
		var objects []ObjectMeta
		require.NoError(t, enc.Encode(ObjectName{Writer: "frozen", Epoch: w.Epoch(), From: n, To: n}, func(o Object) error {
			objects = append(objects, o.Meta)
			return b.Create(ctx, o.Meta.Key, o.Body)
		}))
		require.NoError(t, w.Commit(ctx, n, n, objects))
		ld.ResourceLogs().MoveAndAppendTo(written.ResourceLogs())
	}
	for i := range uint64(3) {
		flush(1+i, wildLogs(rand.New(rand.NewPCG(5, i)), 40, arrival.Add(-time.Minute), 2*time.Minute, false))
	}
	r, err := Open(ctx, b, ReaderOptions{CountsByMinute: true})
	require.NoError(t, err)
	edit := CheckpointEdit{Time: arrival, Grace: time.Hour}
	inputs := liveObjects(t, r.Snapshot())[:2]
	for _, o := range inputs {
		edit.Remove = append(edit.Remove, o.Key)
	}
	_, err = NewMerger(b, MergerOptions{}).Merge(ctx, MergeRequest{Inputs: inputs, Checkpoint: 1}, func(o Object) error {
		edit.Add = append(edit.Add, o.Meta)
		return b.Create(ctx, o.Meta.Key, o.Body)
	})
	require.NoError(t, err)
	_, err = CommitCheckpoint(ctx, b, r.Snapshot(), edit)
	require.NoError(t, err)
	return written
}

func checkFrozenResources(t *testing.T, s *Snapshot, objects []*ObjectMeta) {
	require.Len(t, objects, 2)
	want := map[string]sums{}
	_, err := s.Scan(t.Context(), All(), func(r *Record) error {
		summed(want, r)
		return nil
	})
	require.NoError(t, err)
	got, stats := told(t, s, ResourceRequest{Start: All().Start, End: All().End, Bytes: true})
	require.Zero(t, stats.ObjectsRead, "they have blocks")
	requireSums(t, want, got)
	weighted := false
	for _, n := range want {
		weighted = weighted || n.weight != float64(n.rows)
	}
	require.True(t, weighted)
}
