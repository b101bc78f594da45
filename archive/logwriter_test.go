// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"context"
	"fmt"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// unreadableBucket fails to read one key, a number of times.
type unreadableBucket struct {
	mapBucket
	key  string
	left int
}

func (b *unreadableBucket) Get(ctx context.Context, key string) (io.ReadCloser, error) {
	if key == b.key && b.left > 0 {
		b.left--
		return nil, errLost
	}
	return b.mapBucket.Get(ctx, key)
}

// A log that could not be read to its end at once: what it says in the middle counts.
func TestLogWriterReadsAgain(t *testing.T) {
	ctx := context.Background()
	for hint := range uint64(3) {
		for i := range uint64(10) {
			failing, times := 1+i/2, int(1+i%2)
			t.Run(fmt.Sprintf("hint %d, record %d, %d times", hint, failing, times), func(t *testing.T) {
				b := &unreadableBucket{mapBucket: mapBucket{}}
				o := testObject(t, 1)
				w, err := NewLogWriter(b, "w", "wal", 0)
				require.NoError(t, err)
				require.NoError(t, w.Claim(ctx))                              // 1
				require.NoError(t, w.Commit(ctx, 1, 5, []ObjectMeta{o.Meta})) // 2
				require.NoError(t, w.Commit(ctx, 6, 9, []ObjectMeta{o.Meta})) // 3
				for range 2 {                                                 // 4, 5: claims of the short-lived
					dead, err := NewLogWriter(b, "w", "wal", 0)
					require.NoError(t, err)
					require.NoError(t, dead.Claim(ctx))
				}
				b.key, b.left = LogKey("w", failing), times
				next, err := NewLogWriter(b, "w", "wal", hint)
				require.NoError(t, err)
				for next.Claim(ctx) != nil {
					require.False(t, next.Claimed())
				}
				assert.EqualValues(t, 9, next.Committed())
				assert.EqualValues(t, 4, next.Epoch())
				assert.EqualValues(t, 3, next.LastSequence(), "a claim is no hint: it does not say what is committed")
			})
		}
	}
}

// A log that is long, in a bucket where every few calls one fails, is read to its end all the same.
func TestLogWriterReadsOn(t *testing.T) {
	ctx := context.Background()
	b := &failingBucket{mapBucket: mapBucket{}}
	other, err := NewLogWriter(b, "w", "another wal", 0)
	require.NoError(t, err)
	require.NoError(t, other.Claim(ctx))
	o := testObject(t, 1)
	for i := range uint64(50) {
		require.NoError(t, other.Commit(ctx, i+1, i+1, []ObjectMeta{o.Meta}))
	}
	b.every = 4
	w, err := NewLogWriter(b, "w", "wal", 1)
	require.NoError(t, err)
	attempts := 0
	for w.Claim(ctx) != nil {
		attempts++
		require.Less(t, attempts, 40)
	}
	assert.EqualValues(t, 2, w.Epoch())
	assert.Len(t, b.mapBucket, 52)
}

// failingBucket fails every few reads.
type failingBucket struct {
	mapBucket
	every, calls int
}

func (b *failingBucket) Get(ctx context.Context, key string) (io.ReadCloser, error) {
	if b.calls++; b.every > 0 && b.calls%b.every == 0 {
		return nil, errLost
	}
	return b.mapBucket.Get(ctx, key)
}
