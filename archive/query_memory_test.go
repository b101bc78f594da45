// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"context"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// heldBucket holds up the first read of a test.
type heldBucket struct {
	mapBucket
	hold func(context.Context)
}

func (b *heldBucket) ReadRange(ctx context.Context, key string, p []byte, off int64) (int, error) {
	if hold := b.hold; hold != nil {
		b.hold = nil
		hold(ctx)
	}
	return b.mapBucket.ReadRange(ctx, key, p, off)
}

// TestNoLockIsAwaitedWithATurn: while one asks the index of an object, another that has the only turn wants to ask it, too. The
// first needs that turn when it has read what it asked for.
func TestNoLockIsAwaitedWithATurn(t *testing.T) {
	bucket, o := indexedObject(t, EncoderOptions{})
	held := &heldBucket{mapBucket: bucket}
	reader, err := Open(t.Context(), held, ReaderOptions{CacheBytes: 1})
	require.NoError(t, err)
	reader.turns, _ = testTurns(1)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for name, lines := range map[string][]LineFilter{"first": {{Text: "order"}}, "last": {{Text: "the"}}} {
		req := ScanRequest{Start: math.MinInt64, End: math.MaxInt64, Limit: 10, Lines: lines}
		q, err := newQuery(ctx, reader, &req)
		require.NoError(t, err)
		p, _, err := q.planned(&o.Meta)
		require.NoError(t, err)
		require.Equal(t, []bool{true, true}, p.later, "both row groups are still to be asked for")
		reading, entered, done := make(chan struct{}), make(chan struct{}), make(chan struct{})
		held.hold = func(ctx context.Context) {
			close(reading)
			select {
			case <-entered:
			case <-ctx.Done():
			}
		}
		go func() {
			defer close(done)
			q.enter()
			defer q.leave()
			q.verdict(p, 0)
		}()
		<-reading
		q.enter()
		close(entered)
		q.verdict(p, 1)
		q.leave()
		<-done
		require.NoError(t, ctx.Err(), name)
		assert.Zero(t, reader.turns.running)
		assert.Empty(t, q.errs)
	}
}

// TestMemoryOfExpectedRecords: what a row group acquires is enough for all the records that it ever makes at a time.
func TestMemoryOfExpectedRecords(t *testing.T) {
	for _, expect := range []int{1, 100, 1 << 20} {
		s := groupScan{q: &query{req: &ScanRequest{Expect: expect}}}
		for chunks := range 100 {
			require.LessOrEqual(t, s.limit(chunks), s.limit(maxDoublings))
		}
		require.GreaterOrEqual(t, s.limit(0), int64(expect))
	}
}
