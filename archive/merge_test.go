// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"context"
	"fmt"
	"maps"
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

// partitionsOf returns the objects of an archive by partition, in the order of MinTime.
func partitionsOf(t testing.TB, b BucketReader) map[string][]*ObjectMeta {
	t.Helper()
	r, err := Open(context.Background(), b, ReaderOptions{})
	require.NoError(t, err)
	parts := map[string][]*ObjectMeta{}
	for _, o := range liveObjects(t, r.Snapshot()) {
		key := fmt.Sprint(o.Directory(), o.Displaced)
		parts[key] = append(parts[key], o)
	}
	return parts
}

// mergeAll merges every partition of b and returns an archive of the outputs alone.
func mergeAll(t testing.TB, b BucketReader, opts MergerOptions, change func(*MergeRequest)) (mapBucket, MergeStats) {
	t.Helper()
	m := NewMerger(b, opts)
	merged := mapBucket{}
	var objects []ObjectMeta
	var sum MergeStats
	parts := partitionsOf(t, b)
	for _, key := range slices.Sorted(maps.Keys(parts)) { // what was compressed before makes a difference
		inputs := parts[key]
		n, err := m.Fit(context.Background(), inputs)
		require.NoError(t, err)
		require.Equal(t, len(inputs), n)
		req := MergeRequest{Inputs: inputs, Checkpoint: 7}
		if change != nil {
			change(&req)
		}
		stats, err := m.Merge(context.Background(), req, func(o Object) error {
			assert.Equal(t, inputs[0].Directory()+"compacted-7-"+o.Meta.SHA256[:16]+".parquet", o.Meta.Key)
			objects = append(objects, o.Meta)
			return merged.Create(context.Background(), o.Meta.Key, o.Body)
		})
		require.NoError(t, err)
		sum.RowsRead += stats.RowsRead
		sum.RowsWritten += stats.RowsWritten
		sum.RowsDuplicate += stats.RowsDuplicate
		sum.RowsDropped += stats.RowsDropped
		sum.Objects += stats.Objects
	}
	w, err := NewLogWriter(merged, "merged", "wal", 0)
	require.NoError(t, err)
	require.NoError(t, w.Claim(context.Background()))
	require.NoError(t, w.Commit(context.Background(), 1, 1, objects))
	for i := range objects {
		require.NoError(t, VerifyObject(context.Background(), merged, &objects[i]))
	}
	return merged, sum
}

func restored(t testing.TB, b BucketReader) []string {
	t.Helper()
	ld := plog.NewLogs()
	for _, record := range scanAll(t, b, All()) {
		require.NoError(t, record.AppendTo(ld))
	}
	return canonical(t, ld)
}

// dataKeys are the keys of data objects, which hold the hashes of their content.
func dataKeys(b mapBucket) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(b)), func(key string) bool { return !strings.HasPrefix(key, dataPrefix) })
}

func TestMergedRecordsAreTheSame(t *testing.T) {
	arrival := time.Date(2026, 11, 23, 1, 30, 0, 0, time.UTC)
	for seed := range uint64(unlessRace(6, 2)) {
		r := rand.New(rand.NewPCG(seed, 8))
		b := mapBucket{}
		commit(t, b, "w", arrival, randomLogs(r, 200, arrival), randomLogs(r, 150, arrival.Add(time.Minute)), similarLogs(r, 100, arrival))
		commit(t, b, "v", arrival, randomLogs(r, 100, arrival), repeatKeys(t, similarLogs(r, 100, arrival)))
		before := partitionsOf(t, b)
		merged, stats := mergeAll(t, b, MergerOptions{Compression: CompressionBetter}, nil)
		requireSame(t, restored(t, b), restored(t, merged))
		after := partitionsOf(t, merged)
		assert.Len(t, after, len(before))
		for key, list := range after {
			require.Len(t, list, 1)
			o := list[0]
			rows := int64(0)
			for _, in := range before[key] {
				rows += in.Rows
				assert.Equal(t, in.Displaced, o.Displaced)
			}
			assert.Equal(t, rows, o.Rows, "no two of them are one record")
		}
		again, _ := mergeAll(t, b, MergerOptions{Compression: CompressionBetter}, nil)
		assert.Equal(t, dataKeys(merged), dataKeys(again), "equal requests give equal objects")
		twice, _ := mergeAll(t, merged, MergerOptions{}, nil)
		requireSame(t, restored(t, b), restored(t, twice))
		assert.Positive(t, stats.RowsWritten)
	}
}

func TestMergeKeepsTenantsAndCounts(t *testing.T) {
	arrival := time.Date(2026, 11, 23, 1, 30, 0, 0, time.UTC)
	b := mapBucket{}
	w, err := NewLogWriter(b, "w", "wal", 0)
	require.NoError(t, err)
	require.NoError(t, w.Claim(t.Context()))
	r := rand.New(rand.NewPCG(1, 9))
	for i := range uint64(3) {
		enc := NewEncoder(EncoderOptions{})
		for _, tenant := range []string{"", "acme", "b/c"} {
			enc.AppendBatch(NewBatch(shopLogs(r, 500, arrival.Add(time.Duration(i)*time.Second)), arrival, BatchOptions{Tenant: tenant}))
		}
		var objects []ObjectMeta
		require.NoError(t, enc.Encode(ObjectName{Writer: "w", Epoch: 1, From: i + 1, To: i + 1}, func(o Object) error {
			objects = append(objects, o.Meta)
			return b.Create(t.Context(), o.Meta.Key, o.Body)
		}))
		require.NoError(t, w.Commit(t.Context(), i+1, i+1, objects))
	}
	merged, _ := mergeAll(t, b, MergerOptions{}, nil)
	requireSame(t, restored(t, b), restored(t, merged))
	before, after := partitionsOf(t, b), partitionsOf(t, merged)
	require.Len(t, after, len(before))
	for key, list := range after {
		require.Len(t, list, 1)
		raw := int64(0)
		for _, in := range before[key] {
			assert.Equal(t, in.Tenant, list[0].Tenant)
			raw += in.RawBytes
		}
		assert.Equal(t, raw, list[0].RawBytes)
		assert.NotNil(t, list[0].Counts)
	}
}

// stream makes records a millisecond apart with a uid each.
func stream(from, n int, start time.Time, service string) plog.Logs {
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr("service.name", service)
	list := rl.ScopeLogs().AppendEmpty().LogRecords()
	for i := from; i < from+n; i++ {
		lr := list.AppendEmpty()
		lr.SetTimestamp(pcommon.NewTimestampFromTime(start.Add(time.Duration(i) * time.Millisecond)))
		lr.Body().SetStr(fmt.Sprintf("record %d of %s", i, service))
		lr.SetSeverityNumber(plog.SeverityNumber(1 + i%24))
		lr.Attributes().PutStr(AttributeRecordUID, fmt.Sprintf("uid-%d", i))
	}
	return ld
}

func TestMergeTakesOutWhatCameTwice(t *testing.T) {
	start := time.Date(2026, 11, 23, 1, 0, 0, 0, time.UTC)
	b := mapBucket{}
	commit(t, b, "w", start, stream(0, 3000, start, "a"), stream(1000, 1500, start, "a"), stream(500, 100, start, "b"))
	same := plog.NewLogs() // many of one moment
	for range 2 {
		for i := range 100 {
			ld := stream(0, 1, start, "c")
			ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Attributes().PutStr(AttributeRecordUID, fmt.Sprint("m-", i))
			ld.ResourceLogs().MoveAndAppendTo(same.ResourceLogs())
		}
	}
	commit(t, b, "v", start, same)
	merged, stats := mergeAll(t, b, MergerOptions{}, nil)
	assert.EqualValues(t, 1500+100, stats.RowsDuplicate)
	assert.EqualValues(t, 3000+100+100, stats.RowsWritten)
	requireSame(t, restored(t, b), restored(t, merged))
	for _, list := range partitionsOf(t, merged) {
		for _, cell := range list[0].Counts.Cells {
			assert.Zero(t, cell.Repeats)
		}
	}
}

func TestMergeSplitsAtTheTarget(t *testing.T) {
	start := time.Date(2026, 11, 23, 1, 0, 0, 0, time.UTC)
	b := mapBucket{}
	for i := range 3 {
		commit(t, b, fmt.Sprint("w", i), start, stream(i, rowGroupRows+5000, start, fmt.Sprint("s", i)))
	}
	var bytes int64
	for _, list := range partitionsOf(t, b) {
		require.Len(t, list, 3)
		for _, o := range list {
			bytes += o.Bytes
		}
	}
	merged, stats := mergeAll(t, b, MergerOptions{TargetBytes: bytes / 3}, nil)
	requireSame(t, restored(t, b), restored(t, merged))
	assert.Equal(t, 3, stats.Objects)
	for _, list := range partitionsOf(t, merged) {
		for i := 1; i < len(list); i++ {
			assert.LessOrEqual(t, list[i-1].MaxTime, list[i].MinTime, "objects follow each other in time")
		}
	}
}

func TestMergeOfWhatIsKept(t *testing.T) {
	start := time.Date(2026, 11, 23, 1, 0, 0, 0, time.UTC)
	b := mapBucket{}
	commit(t, b, "w", start, stream(0, 500, start, "a"), stream(0, 500, start, "b"))
	keep := func(r *Record) bool { return r.ServiceName == "b" && r.SeverityNumber > 4 }
	basics, stats := mergeAll(t, b, MergerOptions{}, func(req *MergeRequest) { req.Keep, req.KeepBasics = keep, true })
	whole, _ := mergeAll(t, b, MergerOptions{}, func(req *MergeRequest) {
		req.Keep = func(r *Record) bool {
			assert.True(t, strings.HasPrefix(r.Body, "record "))
			assert.Len(t, r.LogAttributes, 1)
			return keep(r)
		}
	})
	assert.Equal(t, dataKeys(basics), dataKeys(whole))
	req := All()
	req.Keep = keep
	left := scanAll(t, b, req)
	assert.Len(t, scanAll(t, basics, All()), len(left))
	assert.EqualValues(t, 1000-len(left), stats.RowsDropped)
	none, stats := mergeAll(t, b, MergerOptions{}, func(req *MergeRequest) { req.Keep = func(*Record) bool { return false } })
	assert.Zero(t, stats.Objects)
	assert.Empty(t, partitionsOf(t, none))
}

func TestMergeWithinItsMemory(t *testing.T) {
	start := time.Date(2026, 11, 23, 1, 0, 0, 0, time.UTC)
	b := mapBucket{}
	for i := range 12 {
		commit(t, b, fmt.Sprint("w", i), start, stream(0, 20000, start, fmt.Sprint("s", i)))
	}
	for _, inputs := range partitionsOf(t, b) {
		m := NewMerger(b, MergerOptions{TargetBytes: 1 << 20, MemoryBytes: 1})
		m.opts.MemoryBytes = m.fixedMemory() + 80<<20
		n, err := m.Fit(t.Context(), inputs)
		require.NoError(t, err)
		assert.Greater(t, n, 1)
		assert.Less(t, n, len(inputs))
		_, err = m.Merge(t.Context(), MergeRequest{Inputs: inputs[:n+1]}, nil)
		require.ErrorIs(t, err, ErrMergeMemory)
		_, err = m.Fit(t.Context(), inputs)
		require.NoError(t, err)
		stats, err := m.Merge(t.Context(), MergeRequest{Inputs: inputs[:n]}, func(Object) error { return nil })
		require.NoError(t, err)
		opened, _, err := m.open(t.Context(), inputs[:n])
		require.NoError(t, err)
		t.Logf("%d of %d inputs: held %d bytes, foreseen %d", n, len(inputs), stats.HeldBytes, held(opened))
		assert.LessOrEqual(t, stats.HeldBytes, held(opened))
	}
}

// TestMergeInRounds merges objects that overlap fully in rounds, and looks whether what comes out needs less.
func TestMergeInRounds(t *testing.T) {
	start := time.Date(2026, 11, 23, 1, 0, 0, 0, time.UTC)
	b := mapBucket{}
	for i := range 9 {
		commit(t, b, fmt.Sprint("w", i), start, stream(i, rowGroupRows, start, fmt.Sprint("s", i)))
	}
	for _, inputs := range partitionsOf(t, b) {
		m := NewMerger(b, MergerOptions{})
		all, _, err := m.open(t.Context(), inputs)
		require.NoError(t, err)
		var merged []*ObjectMeta
		for i := 0; i < len(inputs); i += 3 {
			_, err := m.Merge(t.Context(), MergeRequest{Inputs: inputs[i : i+3], Checkpoint: 1}, func(o Object) error {
				merged = append(merged, &o.Meta)
				return b.Create(t.Context(), o.Meta.Key, o.Body)
			})
			require.NoError(t, err)
		}
		second, _, err := m.open(t.Context(), merged)
		require.NoError(t, err)
		assert.Less(t, held(second), held(all)*2/3)
		stats, err := m.Merge(t.Context(), MergeRequest{Inputs: merged}, func(o Object) error { return nil })
		require.NoError(t, err)
		assert.EqualValues(t, 9*rowGroupRows, stats.RowsWritten)
		assert.LessOrEqual(t, stats.HeldBytes, held(second))
	}
}

func TestMergeRefusesDamage(t *testing.T) {
	start := time.Date(2026, 11, 23, 1, 0, 0, 0, time.UTC)
	b := mapBucket{}
	commit(t, b, "w", start, stream(0, 500, start, "a"), stream(0, 500, start, "b"))
	for _, inputs := range partitionsOf(t, b) {
		body := slices.Clone(b[inputs[1].Key])
		for _, at := range []int{100, len(body) - 100} {
			b[inputs[1].Key] = slices.Clone(body)
			b[inputs[1].Key][at] ^= 1
			_, err := NewMerger(b, MergerOptions{}).Merge(t.Context(), MergeRequest{Inputs: inputs}, func(Object) error { return nil })
			var damaged *ObjectError
			require.ErrorAs(t, err, &damaged)
			assert.Equal(t, inputs[1].Key, damaged.Key)
		}
		other := *inputs[0]
		other.Key = "logs/date=2026-11-23/hour=07/x.parquet"
		_, err := NewMerger(b, MergerOptions{}).Merge(t.Context(), MergeRequest{Inputs: []*ObjectMeta{inputs[0], &other}}, nil)
		require.ErrorContains(t, err, "not of one partition")
	}
}

// FuzzDecodeBatch looks for input that makes the decoder of row groups panic or disagree with the reader of records.
func FuzzDecodeBatch(f *testing.F) {
	arrival := time.Date(2026, 11, 23, 1, 30, 0, 0, time.UTC)
	enc := NewEncoder(EncoderOptions{})
	enc.Append(randomLogs(rand.New(rand.NewPCG(1, 1)), 40, arrival), arrival)
	var object Object
	require.NoError(f, enc.Encode(ObjectName{Writer: "w"}, func(o Object) error { object = o; return nil }))
	f.Add(0, byte(0))
	f.Add(200, byte(1))
	f.Fuzz(func(t *testing.T, at int, flip byte) {
		body := slices.Clone(object.Body)
		meta := object.Meta
		tail := meta.Bytes - meta.TailBytes
		if at >= 0 && at < len(body) {
			body[at] ^= flip
		}
		o, err := openTail(&meta, body[tail:])
		if err != nil || len(o.groups) == 0 {
			return
		}
		sum := o.groups[0].sum
		_, _ = new(batchDecoder).decode(o, 0, body[sum.Offset:sum.Offset+sum.Bytes])
	})
}

func TestDescribeObject(t *testing.T) {
	arrival := time.Date(2026, 11, 23, 1, 30, 0, 0, time.UTC)
	r := rand.New(rand.NewPCG(3, 8))
	b := mapBucket{}
	commit(t, b, "w", arrival, shopLogs(r, 500, arrival), stream(0, 50, arrival, "a"), stream(0, 60, arrival, "a"))
	for _, list := range partitionsOf(t, b) {
		for _, want := range list {
			got, err := DescribeObject(t.Context(), b, want.Key, want.Tenant)
			require.NoError(t, err)
			bare := *want
			bare.Index, bare.Resources = nil, nil
			require.True(t, bare.Counts.same(got.Counts.total()), "as a reader keeps them")
			bare.Counts, got.Counts = nil, nil
			assert.Equal(t, bare, got)
			require.NoError(t, VerifyObject(t.Context(), b, &got))
			body := b[want.Key]
			for _, at := range []int{0, 100, len(body) / 2, len(body) - 6, len(body) - 1} {
				b[want.Key] = slices.Clone(body)
				b[want.Key][at] ^= 1
				_, err := DescribeObject(t.Context(), b, want.Key, want.Tenant)
				require.Error(t, err)
			}
			b[want.Key] = body[:5]
			_, err = DescribeObject(t.Context(), b, want.Key, want.Tenant)
			require.Error(t, err)
			b[want.Key] = body
		}
	}
}

// TestMergeOfFrozenObjects merges what the first version of the format's writer wrote.
func TestMergeOfFrozenObjects(t *testing.T) {
	b := readFrozen(t, "testdata/v1")
	merged, stats := mergeAll(t, b, MergerOptions{}, nil)
	assert.Positive(t, stats.RowsWritten)
	requireSame(t, restored(t, b), restored(t, merged))
	for _, list := range partitionsOf(t, merged) {
		assert.NotNil(t, list[0].Index)
	}
}
