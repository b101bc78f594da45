// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
)

type bucketSums map[string]*ResourceCount

func (all bucketSums) add(n *ResourceCount) {
	key := fmt.Sprintf("%s in %d %q", toldResource(n.Resource, n.SeverityNumber, 0), n.Bucket, n.SeverityText)
	sum := all[key]
	if sum == nil {
		sum = &ResourceCount{}
		all[key] = sum
	}
	sum.Rows += n.Rows
	sum.Bytes += n.Bytes
	sum.Weight += n.Weight
	sum.WeightedBytes += n.WeightedBytes
}

func (all bucketSums) total() (rows float64) {
	for _, n := range all {
		rows += n.Rows
	}
	return rows
}

// scannedSums counts what Scan yields.
func scannedSums(t testing.TB, s *Snapshot, req ResourceCountRequest) bucketSums {
	t.Helper()
	want := bucketSums{}
	of := CountRequest{Edges: req.Edges}
	scan := ScanRequest{Start: req.Edges[0], End: req.Edges[len(req.Edges)-1], Service: req.Service, Object: req.Object}
	_, err := s.Scan(t.Context(), scan, func(r *Record) error {
		w, n := r.Weight(), float64(len(r.Body))
		one := ResourceCount{Resource: &Resource{r.ServiceName, r.ResourceAttributes}, Bucket: of.bucket(r.Timestamp), Rows: 1, Bytes: n, Weight: w, WeightedBytes: w * n}
		if req.BySeverity {
			one.SeverityNumber, one.SeverityText = severityOf(r.SeverityNumber, r.SeverityText)
		}
		want.add(&one)
		return nil
	})
	require.NoError(t, err)
	return want
}

func requireBuckets(t testing.TB, want, got bucketSums) {
	t.Helper()
	require.Len(t, got, len(want))
	for key, w := range want {
		g := got[key]
		require.NotNil(t, g, key)
		for _, pair := range [][2]float64{{w.Rows, g.Rows}, {w.Bytes, g.Bytes}, {w.Weight, g.Weight}, {w.WeightedBytes, g.WeightedBytes}} {
			require.InEpsilon(t, 1+pair[0], 1+pair[1], 1e-9, key)
		}
	}
}

// TestCountResources compares counts with a scan: with records that came twice and without, committed and not, with edges on
// minutes and beside.
func TestCountResources(t *testing.T) {
	start := time.Date(2026, 11, 23, 1, 30, 0, 0, time.UTC)
	for seed := range uint64(6) {
		rnd := rand.New(rand.NewPCG(seed, 77))
		b := mapBucket{}
		var batches []plog.Logs
		for i := range 4 {
			batches = append(batches, wildLogs(rnd, 200, start.Add(time.Duration(i)*25*time.Minute), 40*time.Minute, seed%2 == 1))
		}
		wildArchive(t, b, true, batches, start)
		r, err := Open(t.Context(), b, ReaderOptions{CountsByMinute: seed%3 == 1})
		require.NoError(t, err)
		held := NewBatch(wildLogs(rnd, 100, start.Add(100*time.Minute), 30*time.Minute, seed%2 == 1), start, BatchOptions{})
		part := FreshPart{First: 2, Last: 2, Batch: held}
		if seed%3 == 0 {
			part = FreshPart{First: 2, Last: 2, Read: func(_ context.Context, visit func(uint64, *Batch) error) error { return visit(2, held) }}
		}
		s := r.Snapshot().WithFresh(&Fresh{Writer: "other", WAL: "wal", Parts: []FreshPart{part}})
		for n := range 12 {
			req := ResourceCountRequest{MaxRows: math.MaxInt64}
			switch n {
			case 0:
				req.Edges = []int64{math.MinInt64, math.MaxInt64}
			case 1: // minutes
				for m := range int64(200) {
					req.Edges = append(req.Edges, start.UnixNano()+m*int64(time.Minute))
				}
			default:
				for range 2 + rnd.IntN(6) {
					req.Edges = append(req.Edges, start.UnixNano()+rnd.Int64N(int64(3*time.Hour)))
				}
				slices.Sort(req.Edges)
			}
			req.BySeverity = n%2 == 0
			if n%3 == 2 {
				req.Service = func(s string) bool { return s != "service-1" }
			}
			got := bucketSums{}
			exact, stats, err := s.CountResources(t.Context(), req, got.add)
			require.NoError(t, err)
			require.Empty(t, stats.Errors)
			require.True(t, exact)
			requireBuckets(t, scannedSums(t, s, req), got)
		}
	}
}

func TestCountResourcesEstimates(t *testing.T) {
	start := time.Date(2026, 11, 23, 1, 30, 0, 0, time.UTC)
	b := mapBucket{}
	rnd := rand.New(rand.NewPCG(4, 4))
	wildArchive(t, b, true, []plog.Logs{wildLogs(rnd, 2000, start, 20*time.Minute, false)}, start)
	r, err := Open(t.Context(), b, ReaderOptions{})
	require.NoError(t, err)
	s := r.Snapshot()
	edges := []int64{start.Add(-time.Hour).UnixNano(), start.Add(10*time.Minute + 30*time.Second).UnixNano(), start.Add(time.Hour).UnixNano()}
	want, got := scannedSums(t, s, ResourceCountRequest{Edges: edges}), bucketSums{}
	exact, stats, err := s.CountResources(t.Context(), ResourceCountRequest{Edges: edges}, got.add)
	require.NoError(t, err)
	require.False(t, exact, "a minute is cut")
	require.Zero(t, stats.ObjectsRead)
	require.InDelta(t, want.total(), got.total(), 1e-6, "no row is lost")

	// Cells on one side of the cut are exact all the same.
	edges = []int64{start.Add(-time.Hour).UnixNano(), start.Add(10*time.Minute).UnixNano() + 1, start.Add(21 * time.Minute).UnixNano()}
	got = bucketSums{}
	exact, _, err = s.CountResources(t.Context(), ResourceCountRequest{Edges: edges}, got.add)
	require.NoError(t, err)
	require.True(t, exact)
	requireBuckets(t, scannedSums(t, s, ResourceCountRequest{Edges: edges}), got)

	_, _, err = s.CountResources(t.Context(), ResourceCountRequest{Edges: []int64{2, 1}}, got.add)
	require.ErrorContains(t, err, "not ascending")
	limit := (*ReadLimitError)(nil)
	r, openErr := Open(t.Context(), b, ReaderOptions{})
	require.NoError(t, openErr)
	_, _, err = r.Snapshot().CountResources(t.Context(), ResourceCountRequest{Edges: edges, MaxBytes: 1}, got.add)
	require.ErrorAs(t, err, &limit)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, _, err = r.Snapshot().CountResources(ctx, ResourceCountRequest{Edges: edges}, got.add)
	require.ErrorIs(t, err, context.Canceled)
}
