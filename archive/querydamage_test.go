// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

// TestQueriesOfDamagedObjects flips bytes all over an object. A query gives the right result, or says that it is partial and
// gives a part of it.
func TestQueriesOfDamagedObjects(t *testing.T) {
	start := time.Date(2026, 11, 23, 1, 30, 0, 0, time.UTC)
	r := rand.New(rand.NewPCG(5, 5))
	bucket := mapBucket{}
	ref := wildArchive(t, bucket, true, []plog.Logs{wildLogs(r, 700, start, 10*time.Minute, false)}, start.Add(time.Hour))
	var key string
	for k := range bucket {
		if strings.HasSuffix(k, ".parquet") {
			key = k
		}
	}
	requests := []ScanRequest{
		All(),
		{Start: All().Start, End: All().End, Lines: []LineFilter{{Text: "timeout"}}},
		{Start: All().Start, End: All().End, Lines: []LineFilter{{Kind: LineRegexp, Text: "(?i)error.*1"}, {Text: "zzz", Not: true}}},
		{Start: All().Start, End: All().End, Values: []ValueFilter{{"LogAttributes.user", "u7"}}},
		{Start: start.UnixNano(), End: start.Add(3 * time.Minute).UnixNano(), Values: []ValueFilter{{"", ref.records[3].TraceID}}, Descending: true},
	}
	want := make([]map[string]int, len(requests))
	for i := range requests {
		want[i] = map[string]int{}
		for _, m := range ref.find(t, &requests[i]) {
			want[i][printed(m, 0)]++
		}
	}
	flips := unlessRace(400, 40)
	if testing.Short() {
		flips = 60
	}
	said := 0
	for n := range flips {
		damaged := maps.Clone(bucket)
		body := slices.Clone(damaged[key])
		at := n * len(body) / flips
		body[at+r.IntN(max(len(body)/flips, 1))] ^= 1 << r.IntN(8)
		damaged[key] = body
		reader, err := Open(t.Context(), damaged, ReaderOptions{Parallelism: 2})
		require.NoError(t, err)
		for i, req := range requests {
			got := map[string]int{}
			rows := int64(0)
			stats, err := reader.Snapshot().Scan(t.Context(), req, func(r *Record) error {
				r.Tenant = ""
				got[printed(r, 0)]++
				rows++
				return nil
			})
			require.NoError(t, err)
			for text, count := range got {
				require.LessOrEqual(t, count, want[i][text], "byte %d, request %d: a record that is not in the archive", at, i)
			}
			if stats.Partial() {
				said++
			} else {
				require.Equal(t, want[i], got, "byte %d, request %d", at, i)
			}
			counts, countStats, err := reader.Snapshot().Count(t.Context(), CountRequest{ScanRequest: req, Bytes: true, BySeverity: true})
			require.NoError(t, err)
			counted := int64(0)
			for _, c := range counts {
				counted += c.Rows
			}
			total := int64(0)
			for _, n := range want[i] {
				total += int64(n)
			}
			require.LessOrEqual(t, counted, total)
			if !countStats.Partial() {
				require.Equal(t, total, counted, "byte %d, request %d", at, i)
			}
		}
	}
	require.Greater(t, said, flips/2, "the damage was not met")
}

// TestQueryMemoryIsBounded scans objects whose row groups all overlap, many times the budget together. The least that a query
// needs is a row group.
func TestQueryMemoryIsBounded(t *testing.T) {
	if testing.Short() {
		t.Skip("makes an archive of a hundred megabytes")
	}
	start := time.Date(2026, 11, 23, 1, 0, 0, 0, time.UTC)
	bucket := mapBucket{}
	const objects, records = 12, 1500
	for i := range objects {
		r := rand.New(rand.NewPCG(uint64(i), 3))
		ld := plog.NewLogs()
		rl := ld.ResourceLogs().AppendEmpty()
		rl.Resource().Attributes().PutStr("service.name", fmt.Sprint("s", i))
		list := rl.ScopeLogs().AppendEmpty().LogRecords()
		noise := make([]byte, 2048)
		for j := range records {
			lr := list.AppendEmpty()
			lr.SetTimestamp(pcommon.Timestamp(start.UnixNano() + int64(j)*int64(time.Second)))
			for k := range noise {
				noise[k] = "0123456789abcdef"[r.IntN(16)]
			}
			lr.Body().SetStr(string(noise))
		}
		commit(t, bucket, fmt.Sprint("w", i), start.Add(time.Hour), ld)
	}
	const budget, cached = 12 << 20, 2 << 20
	reader, err := Open(t.Context(), bucket, ReaderOptions{QueryMemoryBytes: budget, CacheBytes: cached, Parallelism: 2})
	require.NoError(t, err)
	var before runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	var peak atomic.Uint64
	seen := 0
	last := int64(0)
	stats, err := reader.Snapshot().Scan(t.Context(), All(), func(r *Record) error {
		require.GreaterOrEqual(t, r.Timestamp, last)
		last = r.Timestamp
		if seen++; seen%1000 == 0 {
			var now runtime.MemStats
			runtime.GC() // what is left is held
			runtime.ReadMemStats(&now)
			peak.Store(max(peak.Load(), now.HeapAlloc))
		}
		return nil
	})
	require.NoError(t, err)
	require.Empty(t, stats.Errors)
	require.Equal(t, objects*records, seen)
	require.LessOrEqual(t, stats.MemoryBytes, int64(budget))
	held := int64(peak.Load()) - int64(before.HeapAlloc)
	t.Logf("held at most %d MiB beside the buckets's; budget %d MiB, cache %d MiB", held>>20, budget>>20, cached>>20)
	require.LessOrEqual(t, held, int64(budget+cached+8<<20), "the rest is for decoders of zstd, one for each processor")
}

// TestQueriesEndWithTheirContext cancels scans and counts at random moments of their reading.
func TestQueriesEndWithTheirContext(t *testing.T) {
	start := time.Date(2026, 11, 23, 1, 30, 0, 0, time.UTC)
	r := rand.New(rand.NewPCG(6, 6))
	bucket := mapBucket{}
	var batches []plog.Logs
	for range 4 {
		batches = append(batches, wildLogs(r, 500, start, 10*time.Minute, true))
	}
	wildArchive(t, bucket, true, batches, start.Add(time.Hour))
	for n := range 60 {
		ctx, cancel := context.WithCancel(t.Context())
		stopping := &cancelBucket{mapBucket: bucket, left: n / 2, cancel: cancel}
		reader, err := Open(t.Context(), stopping, ReaderOptions{Parallelism: 3, QueryMemoryBytes: 1 << 20})
		require.NoError(t, err)
		stopping.arm()
		req := All()
		req.Lines = []LineFilter{{Text: "e"}}
		if n%2 == 0 {
			_, err = reader.Snapshot().Scan(ctx, req, func(*Record) error { return nil })
		} else {
			_, _, err = reader.Snapshot().Count(ctx, CountRequest{ScanRequest: req})
		}
		if ctx.Err() != nil && err != nil {
			require.ErrorIs(t, err, context.Canceled)
		}
		cancel()
	}
}

// cancelBucket cancels after some reads.
type cancelBucket struct {
	mapBucket
	mu     sync.Mutex
	armed  bool
	left   int
	cancel context.CancelFunc
}

func (b *cancelBucket) arm() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.armed = true
}

func (b *cancelBucket) ReadRange(ctx context.Context, key string, p []byte, off int64) (int, error) {
	b.mu.Lock()
	if b.armed {
		if b.left--; b.left < 0 {
			b.cancel()
		}
	}
	b.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	return b.mapBucket.ReadRange(ctx, key, p, off)
}

// FuzzPage decodes what may be a column chunk.
func FuzzPage(f *testing.F) {
	start := time.Date(2026, 11, 23, 1, 30, 0, 0, time.UTC)
	bucket := mapBucket{}
	wildArchive(f, bucket, false, []plog.Logs{wildLogs(rand.New(rand.NewPCG(1, 1)), 200, start, time.Minute, true)}, start)
	reader, err := Open(f.Context(), bucket, ReaderOptions{})
	require.NoError(f, err)
	objects, _ := reader.Snapshot().Objects(f.Context(), All().Start, All().End)
	req := All()
	q, err := newQuery(f.Context(), reader, &req)
	require.NoError(f, err)
	o, _, err := q.open(objects[0])
	require.NoError(f, err)
	body := bucket[objects[0].Key]
	for leaf := range o.groups[0].columns {
		c := &o.groups[0].columns[leaf].MetaData
		f.Add(leaf, bytes.Clone(body[chunkOffset(c):chunkOffset(c)+c.TotalCompressedSize]))
	}
	f.Fuzz(func(t *testing.T, leaf int, b []byte) {
		leaf = int(uint(leaf) % uint(len(o.groups[0].columns)))
		meta, shape, rows := o.groups[0].columns[leaf].MetaData, o.shapes[leaf], o.groups[0].n
		c, err := decodeChunk(&meta, shape, rows, b)
		if err != nil || c.parse() != nil {
			return
		}
		for i := range c.values { // all that it says must be there
			if shape.kind == kindText {
				_ = c.text(i)
			} else {
				_ = c.number(i)
			}
		}
		if shape.repeated {
			require.Len(t, c.rowStarts, rows+1)
			require.LessOrEqual(t, int(c.rowStarts[rows]), c.values)
		} else {
			require.Equal(t, rows, c.values)
		}
		if c.raw != nil && c.values > 0 {
			p := pack(c).open()
			for i := range c.values {
				require.Equal(t, c.text(i), p.text(i))
			}
		}
	})
}
