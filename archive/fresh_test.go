// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

// TestBatchRecord: a record of a batch is the one that the archive gives back.
func TestBatchRecord(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	arrival := time.Unix(1_700_000_000, 5)
	for range unlessRace(50, 5) {
		b := mapBucket{}
		ld := randomLogs(r, 200, arrival)
		commit(t, b, "w", arrival, ld)
		want := scanAll(t, b, All())
		batch := NewBatch(ld, arrival, BatchOptions{})
		got := make([]*Record, 0, batch.Rows())
		seen := map[[2]string]map[int64]bool{} // equal uids are yielded once
		for i := range batch.rows {
			one := &Record{}
			batch.record(i, one)
			if one.RecordUID != "" {
				key := [2]string{one.ServiceName, one.RecordUID}
				if seen[key] == nil {
					seen[key] = map[int64]bool{}
				}
				if seen[key][one.Timestamp] {
					continue
				}
				seen[key][one.Timestamp] = true
			}
			got = append(got, one)
		}
		assert.ElementsMatch(t, texts(want), texts(got))
	}
}

// texts are records as text, in which empty and missing are the same.
func texts(list []*Record) []string {
	out := make([]string, len(list))
	for i, r := range list {
		out[i] = fmt.Sprintf("%+v", *r)
	}
	return out
}

// freshOf is a source that holds these batches, the first of which is entry number first.
type freshOf struct {
	first    uint64
	sequence uint64
	batches  []*Batch
	onDisk   bool
	err      error // of Read
	released int
}

func (f *freshOf) Fresh(context.Context) (*Fresh, error) {
	held := &Fresh{Writer: "w", WAL: "wal", Sequence: f.sequence, Release: func() { f.released++ }}
	if !f.onDisk {
		for i, b := range f.batches {
			n := f.first + uint64(i)
			held.Parts = append(held.Parts, FreshPart{First: n, Last: n, Batch: b})
		}
		return held, nil
	}
	held.Parts = []FreshPart{{
		First: f.first, Last: f.first + uint64(len(f.batches)) - 1,
		Read: func(ctx context.Context, visit func(uint64, *Batch) error) error {
			for i, b := range f.batches {
				if err := visit(f.first+uint64(i), b); err != nil {
					return err
				}
			}
			return f.err
		},
	}}
	return held, nil
}

func lines(n int, service, text string, at time.Time) plog.Logs {
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr("service.name", service)
	records := rl.ScopeLogs().AppendEmpty().LogRecords()
	for i := range n {
		lr := records.AppendEmpty()
		lr.SetTimestamp(pcommon.NewTimestampFromTime(at.Add(time.Duration(i) * time.Second)))
		lr.Body().SetStr(fmt.Sprintf("%s %d", text, i))
	}
	return ld
}

// bodies are those of a scan, in its order.
func bodies(t testing.TB, s *Snapshot, req ScanRequest) (list []string, stats ScanStats) {
	t.Helper()
	stats, err := s.Scan(context.Background(), req, func(r *Record) error {
		list = append(list, strings.Clone(r.Body))
		return nil
	})
	require.NoError(t, err)
	return list, stats
}

// TestFreshIsMergedAndCoveredByCommits: what is held is found among what is committed, in order; what the snapshot has
// a commit of is not found twice, whether it is held in memory or on disk.
func TestFreshIsMergedAndCoveredByCommits(t *testing.T) {
	ctx := context.Background()
	at := time.Unix(1_700_000_000, 0)
	first, second, third := lines(3, "a", "first", at), lines(3, "b", "second", at.Add(500*time.Millisecond)), lines(2, "a", "third", at.Add(time.Hour))
	for _, onDisk := range []bool{false, true} {
		b := mapBucket{}
		r, err := Open(ctx, b, ReaderOptions{})
		require.NoError(t, err)
		w := commit(t, b, "w", at, first) // entry 1, log records 1 (claim) and 2
		source := &freshOf{first: 1, sequence: w.LastSequence(), onDisk: onDisk, batches: []*Batch{
			NewBatch(first, at, BatchOptions{}), NewBatch(second, at, BatchOptions{}), NewBatch(third, at, BatchOptions{}),
		}}
		s, release := r.SnapshotWithFresh(ctx, source)
		want := []string{"first 0", "second 0", "first 1", "second 1", "first 2", "second 2", "third 0", "third 1"}
		got, stats := bodies(t, s, All())
		assert.Equal(t, want, got)
		assert.Empty(t, stats.Errors)
		all := All()
		all.Descending = true
		got, _ = bodies(t, s, all)
		slices.Reverse(got)
		assert.Equal(t, want, got)

		only := All()
		only.Service = func(s string) bool { return s == "b" }
		got, _ = bodies(t, s, only)
		assert.Equal(t, []string{"second 0", "second 1", "second 2"}, got)
		only = ScanRequest{Start: at.Add(time.Second).UnixNano(), End: at.Add(2 * time.Second).UnixNano(), Lines: []LineFilter{{Text: "ir"}}}
		got, _ = bodies(t, s, only)
		assert.Equal(t, []string{"first 1"}, got)

		// The snapshot stays as it is when more is committed, and a new one has it from the archive.
		enc := NewEncoder(EncoderOptions{})
		enc.Append(second, at)
		var objects []ObjectMeta
		require.NoError(t, enc.Encode(ObjectName{Writer: "w", Epoch: w.Epoch(), From: 2, To: 2}, func(o Object) error {
			objects = append(objects, o.Meta)
			return b.Create(ctx, o.Meta.Key, o.Body)
		}))
		require.NoError(t, w.Commit(ctx, 2, 2, objects))
		got, _ = bodies(t, s, All())
		assert.Equal(t, want, got)
		release()
		release()
		assert.Equal(t, 1, source.released)
		source.sequence = w.LastSequence()
		s, _ = r.SnapshotWithFresh(ctx, source)
		got, stats = bodies(t, s, All())
		assert.Equal(t, want, got)
		if !onDisk {
			assert.EqualValues(t, 8, stats.RowsScanned)
		}
	}
}

// TestFreshByTenant: a request of one tenant gets its records alone, and equal uids of two tenants are two records.
func TestFreshByTenant(t *testing.T) {
	at := time.Unix(1_700_000_000, 0)
	ld := lines(2, "a", "of one", at)
	lines(2, "a", "of another", at).ResourceLogs().MoveAndAppendTo(ld.ResourceLogs())
	ld.ResourceLogs().At(0).Resource().Attributes().PutStr("tenant", "one")
	ld.ResourceLogs().At(1).Resource().Attributes().PutStr("tenant", "another")
	for _, rl := range ld.ResourceLogs().All() {
		rl.ScopeLogs().At(0).LogRecords().At(0).Attributes().PutStr(AttributeRecordUID, "1")
	}
	r, err := Open(context.Background(), mapBucket{}, ReaderOptions{})
	require.NoError(t, err)
	for _, onDisk := range []bool{false, true} {
		batch := NewBatch(ld, at, BatchOptions{TenantAttribute: "tenant"})
		s, _ := r.SnapshotWithFresh(context.Background(), &freshOf{first: 1, onDisk: onDisk, batches: []*Batch{batch, batch}})
		req := All()
		req.Object = func(o *ObjectMeta) bool { return o.Tenant == "one" }
		got, stats := bodies(t, s, req)
		assert.Equal(t, []string{"of one 0", "of one 1", "of one 1"}, got)
		assert.EqualValues(t, 1, stats.RowsDuplicates)
		got, _ = bodies(t, s, All())
		assert.Len(t, got, 6)
	}
}

// TestFreshErrorsAreSaid: what cannot be read makes the result partial, and the rest is there.
func TestFreshErrorsAreSaid(t *testing.T) {
	at := time.Unix(1_700_000_000, 0)
	b := mapBucket{}
	r, err := Open(context.Background(), b, ReaderOptions{})
	require.NoError(t, err)
	source := &freshOf{first: 1, onDisk: true, err: errors.New("disk"), batches: []*Batch{NewBatch(lines(2, "a", "x", at), at, BatchOptions{})}}
	s, _ := r.SnapshotWithFresh(context.Background(), source)
	got, stats := bodies(t, s, All())
	assert.Len(t, got, 2)
	require.Len(t, stats.Errors, 1)
	assert.ErrorContains(t, stats.Errors[0], "write-ahead log of w, entries 1 to 1: disk")

	source.sequence = 7 // which is not there
	s, _ = r.SnapshotWithFresh(context.Background(), source)
	_, stats = bodies(t, s, All())
	assert.NotEmpty(t, stats.Errors)
}
