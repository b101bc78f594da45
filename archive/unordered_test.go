// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// scanUnordered collects what a scan without order yields, as text, and fails when a goroutine's callback is called by two at a time.
func scanUnordered(ctx context.Context, t *testing.T, s *Snapshot, req ScanRequest) ([]string, ScanStats, error) {
	t.Helper()
	var mu sync.Mutex
	var all []*[]string
	stats, err := s.ScanUnordered(ctx, req, func() func(*Record) error {
		list := &[]string{}
		mu.Lock()
		all = append(all, list)
		mu.Unlock()
		var busy atomic.Bool
		return func(r *Record) error {
			if !busy.CompareAndSwap(false, true) {
				return errors.New("called by two goroutines at a time")
			}
			defer busy.Store(false)
			copied := *r
			copied.Tenant = ""
			*list = append(*list, printed(&copied, req.Columns))
			return nil
		}
	})
	var got []string
	for _, list := range all {
		got = append(got, *list...)
	}
	slices.Sort(got)
	return got, stats, err
}

// checkUnordered compares a scan without order with what is wanted, in order.
func checkUnordered(t *testing.T, r *rand.Rand, reader *Reader, req ScanRequest, want []string) {
	t.Helper()
	got, stats, err := scanUnordered(t.Context(), t, reader.Snapshot(), req)
	require.NoError(t, err)
	require.Empty(t, stats.Errors)
	require.Equal(t, int64(len(got)), stats.RowsYielded)
	require.Equal(t, want, got, describe(&req))
	req.Limit = 1 + r.IntN(20)
	got, _, err = scanUnordered(t.Context(), t, reader.Snapshot(), req)
	require.NoError(t, err)
	require.Len(t, got, min(req.Limit, len(want)), describe(&req))
	for _, g := range got {
		require.Contains(t, want, g, describe(&req))
	}
}

func unorderedArchive(t *testing.T, uids bool) (mapBucket, *Reader) {
	t.Helper()
	start := time.Date(2026, 11, 23, 1, 30, 0, 0, time.UTC)
	bucket := mapBucket{}
	r := rand.New(rand.NewPCG(5, 5))
	ld := wildLogs(r, 3000, start, time.Hour, uids)
	commit(t, bucket, "w", start.Add(2*time.Hour), ld, wildLogs(r, 3000, start, time.Hour, uids), ld)
	reader, err := Open(t.Context(), bucket, ReaderOptions{Parallelism: 3})
	require.NoError(t, err)
	return bucket, reader
}

// TestUnorderedEnds: the callback ends the scan, with an error, without one, or with a panic; nothing is yielded afterwards.
func TestUnorderedEnds(t *testing.T) {
	own := errors.New("own")
	for _, uids := range []bool{false, true} {
		_, reader := unorderedArchive(t, uids)
		for _, c := range []struct {
			name string
			end  func() error
			want string
		}{
			{"error", func() error { return own }, "own"},
			{"stop", func() error { return ErrStop }, ""},
			{"panic", func() error { panic("secret") }, "scan: the callback panicked"},
		} {
			var calls atomic.Int64
			_, err := reader.Snapshot().ScanUnordered(t.Context(), All(), func() func(*Record) error {
				return func(*Record) error {
					if calls.Add(1) >= 100 {
						return c.end()
					}
					return nil
				}
			})
			if c.want == "" {
				require.NoError(t, err, c.name)
			} else {
				require.EqualError(t, err, c.want, c.name)
			}
			require.GreaterOrEqual(t, calls.Load(), int64(100))
			require.Less(t, calls.Load(), int64(100+10), "the others end soon: %s", c.name)
		}
		ctx, cancel := context.WithCancel(t.Context())
		_, err := reader.Snapshot().ScanUnordered(ctx, All(), func() func(*Record) error {
			return func(*Record) error { cancel(); return nil }
		})
		require.ErrorIs(t, err, context.Canceled)
	}
}

// TestUnorderedDamage: what cannot be read is told of, the rest is yielded; OnError may end the scan.
func TestUnorderedDamage(t *testing.T) {
	bucket, reader := unorderedArchive(t, false)
	objects, _ := reader.Snapshot().Objects(t.Context(), math.MinInt64, math.MaxInt64)
	require.Greater(t, len(objects), 1)
	want := int64(0)
	for _, o := range objects[1:] {
		want += o.Rows
	}
	delete(bucket, objects[0].Key)
	told := 0
	req := All()
	req.OnError = func(error) error { told++; return nil }
	got, stats, err := scanUnordered(t.Context(), t, reader.Snapshot(), req)
	require.NoError(t, err)
	require.Len(t, stats.Errors, 1)
	require.ErrorContains(t, stats.Errors[0], objects[0].Key)
	require.Equal(t, 1, told)
	require.Len(t, got, int(want))

	req.OnError = func(err error) error { return err }
	_, _, err = scanUnordered(t.Context(), t, reader.Snapshot(), req)
	require.ErrorContains(t, err, objects[0].Key)
}

func TestCut(t *testing.T) {
	for _, c := range []spans{
		nil,
		{{5, 5}},
		{{0, 99}},
		{{0, 1}, {10, 1000}},
		{{math.MinInt64, math.MaxInt64}},
		{{math.MinInt64, -5}, {0, math.MaxInt64}},
		{{math.MaxInt64 - 1, math.MaxInt64}},
	} {
		for parallel := 1; parallel < 5; parallel++ {
			pieces := cut(c, parallel)
			require.Equal(t, c, newSpans(slices.Clone(pieces)), "joined again")
			for i, p := range pieces {
				require.LessOrEqual(t, p.from, p.to)
				require.True(t, i == 0 || pieces[i-1].to < p.from)
			}
			require.LessOrEqual(t, len(pieces), len(c)+2*piecesAtATime*parallel+1)
		}
	}
	require.Greater(t, len(cut(spans{{0, 1 << 40}}, 2)), 2)
}

// TestMemoryIsGivenBack: whichever way a query ends, the reader's memory is there for the next.
func TestMemoryIsGivenBack(t *testing.T) {
	own := errors.New("own")
	for _, uids := range []bool{false, true} {
		_, reader := unorderedArchive(t, uids)
		start := time.Date(2026, 11, 23, 1, 30, 0, 0, time.UTC)
		batch := NewBatch(wildLogs(rand.New(rand.NewPCG(6, 6)), 100, start, time.Hour, uids), start, BatchOptions{})
		s := reader.Snapshot().WithFresh(&Fresh{Writer: "other", WAL: "wal", Parts: []FreshPart{{
			First: 1, Last: 1, Bytes: 1 << 20, Read: func(_ context.Context, visit func(uint64, *Batch) error) error { return visit(1, batch) },
		}}})
		given := func() {
			t.Helper()
			require.Zero(t, reader.memory.used)
			require.Zero(t, reader.memory.lasting)
		}
		for _, end := range []error{nil, own, ErrStop} {
			ends := func(after int64) func(*Record) error {
				var calls atomic.Int64
				return func(*Record) error {
					if calls.Add(1) >= after {
						return end
					}
					return nil
				}
			}
			for _, after := range []int64{1, 100, 1 << 40} {
				_, _ = s.Scan(t.Context(), All(), ends(after))
				given()
				yield := ends(after)
				_, _ = s.ScanUnordered(t.Context(), All(), func() func(*Record) error { return yield })
				given()
			}
		}
		limited := All()
		limited.Limit = 10
		_, err := s.Scan(t.Context(), limited, func(*Record) error { return nil })
		require.NoError(t, err)
		given()
		for _, after := range []int64{1, 1000} {
			ctx, cancel := context.WithCancel(t.Context())
			calls := int64(0)
			_, err = s.Scan(ctx, All(), func(*Record) error {
				if calls++; calls == after {
					cancel()
				}
				return nil
			})
			require.ErrorIs(t, err, context.Canceled)
			given()
			cancel()
		}
		_, _, err = s.Count(t.Context(), CountRequest{ScanRequest: All(), Bytes: true})
		require.NoError(t, err)
		given()
	}
}

// TestUnorderedDamageOfWhatCameTwice: OnError is called by one goroutine at a time also where records may be there twice.
func TestUnorderedDamageOfWhatCameTwice(t *testing.T) {
	bucket, reader := unorderedArchive(t, true)
	objects, _ := reader.Snapshot().Objects(t.Context(), math.MinInt64, math.MaxInt64)
	for _, o := range objects {
		delete(bucket, o.Key)
	}
	var inside, both atomic.Int64
	told := map[string]bool{}
	req := All()
	req.OnError = func(err error) error {
		both.Add(inside.Add(1) - 1)
		defer inside.Add(-1)
		var at *ObjectError
		if errors.As(err, &at) {
			told[at.Key] = true
		}
		runtime.Gosched()
		return nil
	}
	_, _, err := scanUnordered(t.Context(), t, reader.Snapshot(), req)
	require.NoError(t, err)
	require.Zero(t, both.Load())
	require.Len(t, told, len(objects))
}

// TestUnorderedTellsTenants of records that are not committed, too.
func TestUnorderedTellsTenants(t *testing.T) {
	start := time.Date(2026, 11, 23, 1, 5, 0, 0, time.UTC)
	bucket := mapBucket{}
	commitTenants(t, bucket, 1, start, tenantLogs(start, "a", "b", ""))
	reader, err := Open(t.Context(), bucket, ReaderOptions{})
	require.NoError(t, err)
	batch := NewBatch(wildLogs(rand.New(rand.NewPCG(7, 7)), 10, start, time.Hour, false), start, BatchOptions{Tenant: "c"})
	s := reader.Snapshot().WithFresh(&Fresh{Writer: "w", WAL: "wal", Sequence: 1, Parts: []FreshPart{{First: 2, Last: 2, Batch: batch}}})
	want, got := map[string]int{}, map[string]int{}
	_, err = s.Scan(t.Context(), All(), func(r *Record) error { want[r.Tenant]++; return nil })
	require.NoError(t, err)
	require.Positive(t, want["c"])
	var mu sync.Mutex
	_, err = s.ScanUnordered(t.Context(), All(), func() func(*Record) error {
		return func(r *Record) error {
			mu.Lock()
			defer mu.Unlock()
			got[r.Tenant]++
			return nil
		}
	})
	require.NoError(t, err)
	require.Equal(t, want, got)
}
