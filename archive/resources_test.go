// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cespare/xxhash/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
)

// toldResource is one row of what the tests compare: a resource, a severity, a time and its sums.
func toldResource(r *Resource, severity int32, minute int64) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%q", r.Service)
	for _, a := range r.Attributes {
		fmt.Fprintf(&b, " %q=%q", a.Key, a.Value)
	}
	fmt.Fprintf(&b, " %d @%d", severity, minute)
	return b.String()
}

type sums struct {
	rows, bytes      int64
	weight, weighted float64
}

// told sums up what EachResources tells.
func told(t testing.TB, s *Snapshot, req ResourceRequest) (map[string]sums, ScanStats) {
	t.Helper()
	all := map[string]sums{}
	stats, err := s.EachResources(t.Context(), req, func(_ *ObjectMeta, c *ResourceCounts) error {
		for i := range c.Cells {
			cell := &c.Cells[i]
			key := toldResource(&c.Resources[cell.Resource], cell.SeverityNumber, cell.Minute)
			n := all[key]
			n.rows += cell.Rows
			n.bytes += cell.Bytes
			n.weight += cell.Weight
			n.weighted += cell.WeightedBytes
			all[key] = n
		}
		return nil
	})
	require.NoError(t, err)
	return all, stats
}

func requireSums(t testing.TB, want, got map[string]sums) {
	t.Helper()
	require.Len(t, got, len(want))
	for key, w := range want {
		g := got[key]
		require.Equal(t, w.rows, g.rows, key)
		require.Equal(t, w.bytes, g.bytes, key)
		require.InEpsilon(t, 1+w.weight, 1+g.weight, 1e-9, key)
		require.InEpsilon(t, 1+w.weighted, 1+g.weighted, 1e-9, key)
	}
}

// summed sums up records.
func summed(all map[string]sums, r *Record) {
	key := toldResource(&Resource{r.ServiceName, r.ResourceAttributes}, r.SeverityNumber, floorMinute(r.Timestamp-1))
	n := all[key]
	n.rows++
	n.bytes += int64(len(r.Body))
	n.weight += r.Weight()
	n.weighted += r.Weight() * float64(len(r.Body))
	all[key] = n
}

// withoutResources returns the snapshot of objects whose blocks nobody knows.
func withoutResources(t testing.TB, s *Snapshot) *Snapshot {
	t.Helper()
	objects := slices.Clone(liveObjects(t, s))
	for i, o := range objects {
		own := *o
		own.Resources = nil
		objects[i] = &own
	}
	return s.Only(objects...)
}

func wildResources(t testing.TB, seed uint64) (mapBucket, map[string]sums) {
	t.Helper()
	start := time.Date(2026, 11, 23, 1, 30, 0, 0, time.UTC)
	r := rand.New(rand.NewPCG(seed, 1))
	b := mapBucket{}
	want := map[string]sums{}
	var batches []plog.Logs
	for i := range 4 {
		batches = append(batches, wildLogs(r, 300, start.Add(time.Duration(i)*20*time.Minute), time.Hour, false))
	}
	ref := wildArchive(t, b, true, batches, start)
	for _, record := range ref.records {
		summed(want, record)
	}
	return b, want
}

func TestResourcesAreThoseOfTheRows(t *testing.T) {
	b, want := wildResources(t, 1)
	r, err := Open(t.Context(), b, ReaderOptions{})
	require.NoError(t, err)
	all := ResourceRequest{Start: All().Start, End: All().End, Bytes: true}
	got, stats := told(t, r.Snapshot(), all)
	require.Empty(t, stats.Errors)
	requireSums(t, want, got)
	require.Zero(t, stats.ObjectsRead, "there is a block")
	require.EqualValues(t, stats.ObjectsCounted, stats.Requests)
	for _, o := range liveObjects(t, r.Snapshot()) {
		require.NotNil(t, o.Resources)
		require.NoError(t, VerifyObject(t.Context(), b, o))
	}
	got, stats = told(t, r.Snapshot(), all)
	requireSums(t, want, got)
	require.Zero(t, stats.Requests, "it is in the cache")

	// Without blocks the rows are read, and once.
	r, err = Open(t.Context(), b, ReaderOptions{})
	require.NoError(t, err)
	bare := withoutResources(t, r.Snapshot())
	less := all
	less.Bytes = false
	_, stats = told(t, bare, less)
	require.Positive(t, stats.ObjectsRead)
	got, stats = told(t, bare, all)
	requireSums(t, want, got)
	require.Positive(t, stats.ObjectsRead, "bytes were not known yet")
	got, stats = told(t, bare, less)
	require.Zero(t, stats.ObjectsRead)
	requireSums(t, want, got)

	// A merged object has a block, too.
	merged, _ := mergeAll(t, b, MergerOptions{}, nil)
	r, err = Open(t.Context(), merged, ReaderOptions{})
	require.NoError(t, err)
	got, stats = told(t, r.Snapshot(), all)
	requireSums(t, want, got)
	require.Zero(t, stats.ObjectsRead)

	// Objects outside of the range, or without the service, are not asked.
	got, _ = told(t, r.Snapshot(), ResourceRequest{Start: 0, End: 1000})
	require.Empty(t, got)
	got, _ = told(t, r.Snapshot(), ResourceRequest{Start: All().Start, End: All().End, Service: func(string) bool { return false }})
	require.Empty(t, got)
}

func TestDamagedResourcesAreMadeOfTheRows(t *testing.T) {
	b, want := wildResources(t, 2)
	r, err := Open(t.Context(), b, ReaderOptions{})
	require.NoError(t, err)
	objects := liveObjects(t, r.Snapshot())
	for _, o := range objects {
		body := slices.Clone(b[o.Key])
		body[o.Resources.Offset+o.Resources.Bytes/2] ^= 1
		b[o.Key] = body
		require.ErrorContains(t, VerifyObject(t.Context(), b, o), "content hash")
	}
	got, stats := told(t, r.Snapshot(), ResourceRequest{Start: All().Start, End: All().End, Bytes: true})
	requireSums(t, want, got)
	require.Len(t, stats.Errors, len(objects), "said, though nothing is missing")
	for i, err := range stats.Errors {
		var at *ObjectError
		require.ErrorAs(t, err, &at)
		require.ErrorContains(t, at, "checksum of the block of resources")
		require.Positive(t, at.Offset, i)
	}
}

// TestResourcesOfALaterVersion are taken as absent: nothing is wrong with the object.
func TestResourcesOfALaterVersion(t *testing.T) {
	b, want := wildResources(t, 5)
	r, err := Open(t.Context(), b, ReaderOptions{})
	require.NoError(t, err)
	var later []*ObjectMeta
	for _, o := range liveObjects(t, r.Snapshot()) {
		block := deflate([]byte("LBRS\x02 something else"))
		own := *o
		own.Resources = &ResourcesMeta{Offset: o.Resources.Offset, Bytes: int64(len(block)), RawBytes: 20, Sum: fmt.Sprintf("%016x", xxhash.Sum64(block))}
		body := slices.Clone(b[o.Key])
		require.Less(t, own.Resources.Bytes, o.Resources.Bytes)
		copy(body[own.Resources.Offset:], block)
		b[o.Key] = body
		later = append(later, &own)
	}
	got, stats := told(t, r.Snapshot().Only(later...), ResourceRequest{Start: All().Start, End: All().End, Bytes: true})
	requireSums(t, want, got)
	require.Empty(t, stats.Errors)
	require.Len(t, later, stats.ObjectsRead)
}

func TestResourcesOfFreshRecords(t *testing.T) {
	start := time.Date(2026, 11, 23, 1, 5, 0, 0, time.UTC)
	bucket := mapBucket{}
	commitTenants(t, bucket, 1, start, tenantLogs(start, "a", "b", ""))
	r, err := Open(t.Context(), bucket, ReaderOptions{})
	require.NoError(t, err)
	batch := NewBatch(tenantLogs(start.Add(15*time.Minute), "a", "c"), start, BatchOptions{TenantAttribute: "tenant"})
	for name, part := range map[string]FreshPart{
		"in memory": {First: 2, Last: 2, Batch: batch},
		"on disk": {First: 2, Last: 2, Read: func(_ context.Context, visit func(uint64, *Batch) error) error {
			return visit(2, batch)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			s := r.Snapshot().WithFresh(&Fresh{Writer: "w", WAL: "wal", Sequence: 1, Parts: []FreshPart{part}})
			for _, tenants := range [][]string{nil, {"a"}, {"c", ""}, {"nobody"}} {
				view := s
				if tenants != nil {
					view = s.ForTenants(tenants...)
				}
				want := map[string]sums{}
				_, err := view.Scan(t.Context(), All(), func(r *Record) error {
					summed(want, r)
					return nil
				})
				require.NoError(t, err)
				got, stats := told(t, view, ResourceRequest{Start: All().Start, End: All().End, Bytes: true})
				require.Empty(t, stats.Errors)
				requireSums(t, want, got)
			}
		})
	}
}

func TestResourcesWidenAndEnd(t *testing.T) {
	c := newResourceCounter(resourceLimits{resources: 3, cells: 4, bytes: 1000})
	minute := int64(time.Minute)
	for i := range int64(4) {
		c.add(c.resource("a", nil), 9, i*minute, 10, 1)
	}
	require.EqualValues(t, 1, c.counts().Minutes)
	c.add(c.resource("a", nil), 9, 4*minute, 10, 2)
	require.EqualValues(t, 60, c.counts().Minutes)
	for i := range int64(4) {
		c.add(c.resource("b", []Attribute{{Key: "k", Value: "v"}}), 9, 60*i*minute, 1, 1)
	}
	got := c.counts()
	require.Zero(t, got.Minutes)
	require.Equal(t, []Resource{{Service: "a"}, {"b", []Attribute{{Key: "k", Value: "v"}}}}, got.Resources)
	require.Equal(t, []ResourceCell{
		{Resource: 0, SeverityNumber: 9, Rows: 5, Bytes: 50, Weight: 6, WeightedBytes: 60},
		{Resource: 1, SeverityNumber: 9, Rows: 4, Bytes: 4, Weight: 4, WeightedBytes: 4},
	}, got.Cells)
	for i := range int32(3) {
		c.add(c.resource("a", nil), i, 0, 0, 1)
	}
	require.Nil(t, c.counts(), "five cells of no time")
	c.add(c.resource("a", nil), 1, 0, 0, 1)

	c = newResourceCounter(resourceLimits{resources: 3, cells: 4, bytes: 1000})
	for i := range 4 {
		c.add(c.resource(fmt.Sprint(i), nil), 1, 0, 0, 1)
	}
	require.Nil(t, c.counts(), "four resources")
	c = newResourceCounter(resourceLimits{resources: 3, cells: 4, bytes: 1000})
	c.add(c.resource(strings.Repeat("x", 1001), nil), 1, 0, 0, 1)
	require.Nil(t, c.counts(), "long names")
}

// TestManyResourcesHaveNoBlock writes an id into the resource: there is no block, and readers go on without.
func TestManyResourcesHaveNoBlock(t *testing.T) {
	arrival := time.Date(2026, 11, 23, 1, 30, 0, 0, time.UTC)
	ld := plog.NewLogs()
	for i := range maxResources + 1 {
		rl := ld.ResourceLogs().AppendEmpty()
		rl.Resource().Attributes().PutInt("k8s.pod.uid", int64(i))
		rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty().Body().SetStr("x")
	}
	b := mapBucket{}
	commit(t, b, "w", arrival, ld)
	r, err := Open(t.Context(), b, ReaderOptions{})
	require.NoError(t, err)
	objects := liveObjects(t, r.Snapshot())
	require.Len(t, objects, 1)
	require.Nil(t, objects[0].Resources)
	require.NoError(t, VerifyObject(t.Context(), b, objects[0]))
	got, stats := told(t, r.Snapshot(), ResourceRequest{Start: All().Start, End: All().End})
	require.Len(t, got, maxResources+1)
	require.Equal(t, 1, stats.ObjectsRead)
}

func TestEachResourcesEnds(t *testing.T) {
	b, _ := wildResources(t, 3)
	r, err := Open(t.Context(), b, ReaderOptions{})
	require.NoError(t, err)
	var calls atomic.Int32
	_, err = r.Snapshot().EachResources(t.Context(), ResourceRequest{Start: All().Start, End: All().End}, func(*ObjectMeta, *ResourceCounts) error {
		calls.Add(1)
		return ErrStop
	})
	require.ErrorIs(t, err, ErrStop)
	require.EqualValues(t, 1, calls.Load())
}

// TestLargeResourcesAreNotTaken: a block that takes many times its bytes when it is decoded is taken for damaged.
func TestLargeResourcesAreNotTaken(t *testing.T) {
	parse := func(resources, attributes, cells int) error {
		c := &ResourceCounts{}
		for i := range resources {
			c.Resources = append(c.Resources, Resource{Service: fmt.Sprint(i), Attributes: make([]Attribute, attributes)})
		}
		for i := range cells {
			c.Cells = append(c.Cells, ResourceCell{Resource: int32(i * resources / cells), Rows: 1, Weight: 1})
		}
		_, err := parseResources(c.append(nil), &ObjectMeta{Rows: int64(cells)})
		return err
	}
	require.NoError(t, parse(maxOwnResources, 16, maxOwnResourceCells))
	require.ErrorIs(t, parse(maxOwnResources+1, 0, maxOwnResources+1), errResources)
	require.ErrorIs(t, parse(1, maxBlockAttributes+1, 1), errResources)
	require.ErrorIs(t, parse(1, 0, maxOwnResourceCells+1), errResources)
}

func FuzzParseResources(f *testing.F) {
	counts := func(weight float64) *ResourceCounts {
		c := newResourceCounter(writerResources)
		c.add(c.resource("a", nil), 9, 0, 10, weight)
		c.add(c.resource("a", nil), 17, int64(time.Minute), 0, 1)
		c.add(c.resource("", []Attribute{{Key: "host.name", Value: "é"}, {Key: "x"}}), 0, 3*int64(time.Minute), 7, 1)
		return c.counts()
	}
	meta := &ObjectMeta{Rows: 3, MinTime: 0, MaxTime: 3 * int64(time.Minute)}
	for _, weight := range []float64{1, 8} {
		block := counts(weight).append(nil)
		got, err := parseResources(slices.Clone(block), meta)
		require.NoError(f, err)
		require.True(f, counts(weight).same(got))
		f.Add(block)
		f.Add(block[:len(block)-1])
	}
	f.Add([]byte(resourcesMagic + "\xff\xff\xff\xff\xff\xff\xff\xff\x7f"))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := parseResources(slices.Clone(b), meta)
		if err != nil {
			return
		}
		rows := int64(0)
		for i := range got.Cells {
			rows += got.Cells[i].Rows
		}
		assert.EqualValues(t, 3, rows)
		again, err := parseResources(got.append(nil), meta)
		require.NoError(t, err)
		require.True(t, got.same(again), "what was read is written")
	})
}
