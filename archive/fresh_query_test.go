// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
)

// TestQueriesOfFreshData: generated requests find the same in an archive of which a part is not committed, in memory or on
// disk, as the reference, whatever part that is; also while the writer holds what is committed already.
func TestQueriesOfFreshData(t *testing.T) {
	start := time.Date(2026, 11, 23, 1, 30, 0, 0, time.UTC)
	arrival := start.Add(time.Hour)
	requests := 40
	if testing.Short() {
		requests = 10
	}
	for seed := range uint64(unlessRace(6, 2)) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 77))
			var batches []plog.Logs
			for i := range 2 + r.IntN(4) {
				ld := wildLogs(r, 1+r.IntN(600), start.Add(time.Duration(i)*10*time.Minute), 20*time.Minute, seed%2 == 0)
				batches = append(batches, ld)
				if r.IntN(3) == 0 {
					batches = append(batches, ld) // came twice
				}
			}
			bucket := mapBucket{}
			committed := r.IntN(len(batches) + 1)
			w := commit(t, bucket, "w", arrival, batches[:committed]...)
			ref := &reference{}
			held := make([]*Batch, len(batches))
			for i, ld := range batches {
				ref.add(ld, arrival)
				held[i] = NewBatch(ld, arrival, BatchOptions{})
			}
			first := r.IntN(committed + 1) // what is held begins here
			var readers []*Reader
			for i, o := range []ReaderOptions{{}, {QueryMemoryBytes: 1, CacheBytes: 1, Parallelism: 1}, {Parallelism: 3}} {
				reader, err := Open(t.Context(), bucket, o)
				require.NoError(t, err)
				s, _ := reader.SnapshotWithFresh(t.Context(), &freshOf{
					first: uint64(first + 1), sequence: w.LastSequence(), batches: held[first:], onDisk: i%2 == 1,
				})
				require.Empty(t, s.Errors())
				reader.snapshot.Store(s)
				readers = append(readers, reader)
			}
			for range requests {
				req := wildRequest(r, ref)
				checkScan(t, r, readers[:1], ref, req) // the order of equal times depends on where the records are
				checkScan(t, r, readers[1:2], ref, req)
				checkScan(t, r, readers[2:], ref, req)
				checkCount(t, r, readers, ref, req)
			}
		})
	}
}
