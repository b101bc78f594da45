// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// doubtfulBucket makes objects and says that it failed, a number of times.
type doubtfulBucket struct {
	mapBucket
	doubts int
}

func (b *doubtfulBucket) Create(ctx context.Context, key string, body []byte) error {
	err := b.mapBucket.Create(ctx, key, body)
	if err == nil && b.doubts > 0 {
		b.doubts--
		return errLost
	}
	return err
}

func TestLease(t *testing.T) {
	ctx := t.Context()
	b := &doubtfulBucket{mapBucket: mapBucket{}}
	now := testArrival
	seeker := func(name string) *LeaseSeeker {
		return NewLeaseSeeker(b, LeaseOptions{Holder: name, TTL: time.Minute, Now: func() time.Time { return now }})
	}
	one, two := seeker("one"), seeker("two")
	b.doubts = 1
	_, err := one.Try(ctx)
	require.ErrorIs(t, err, errLost)
	first, err := one.Try(ctx)
	require.NoError(t, err, "the attempt that seemed to fail")
	assert.EqualValues(t, 1, first.Epoch())

	// As long as it is renewed, nobody else gets it, however long that takes.
	for range 10 {
		_, err = two.Try(ctx)
		require.ErrorIs(t, err, ErrLeaseHeld)
		require.ErrorContains(t, err, "one")
		now = now.Add(50 * time.Second)
		require.NoError(t, first.Renew(ctx))
	}
	b.doubts = 1
	require.ErrorIs(t, first.Renew(ctx), errLost)
	require.NoError(t, first.Renew(ctx))
	_, err = two.Try(ctx)
	require.ErrorIs(t, err, ErrLeaseHeld)
	now = now.Add(59 * time.Second)
	_, err = two.Try(ctx)
	require.ErrorIs(t, err, ErrLeaseHeld)
	now = now.Add(time.Second)
	second, err := two.Try(ctx)
	require.NoError(t, err)
	assert.Greater(t, second.Epoch(), first.Epoch())
	require.ErrorIs(t, first.Renew(ctx), ErrLeaseLost)
	require.NoError(t, second.Renew(ctx))

	// Who slept so long that old terms are gone does not get one of these.
	for range 5 {
		require.NoError(t, second.Renew(ctx))
	}
	garbage, err := CollectGarbage(ctx, b, GarbageOptions{Time: now})
	require.NoError(t, err)
	assert.Positive(t, garbage.Leases)
	assert.Len(t, b.mapBucket, 2)
	require.ErrorIs(t, first.Renew(ctx), ErrLeaseLost)
	require.NoError(t, second.Renew(ctx))

	// What is given up is free at once.
	require.NoError(t, first.Release(ctx))
	require.NoError(t, second.Release(ctx))
	third, err := seeker("three").Try(ctx)
	require.NoError(t, err)
	assert.Greater(t, third.Epoch(), second.Epoch())
	_, err = AcquireLease(ctx, b, LeaseOptions{})
	require.ErrorIs(t, err, ErrLeaseHeld)
	b.mapBucket[leaseKey(third.term)] = []byte("{}")
	_, err = AcquireLease(ctx, b, LeaseOptions{})
	require.ErrorContains(t, err, "makes no sense")
}
