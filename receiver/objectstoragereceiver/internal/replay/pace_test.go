// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"context"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// times returns when each batch went, since the first.
func times(t *testing.T, p *Pacer, batches []Batch, work time.Duration) (went, late []time.Duration) {
	begin := time.Now()
	for i := range batches {
		l, err := p.Wait(t.Context(), &batches[i])
		require.NoError(t, err)
		went, late = append(went, time.Since(begin)), append(late, l)
		time.Sleep(work)
	}
	return went, late
}

func TestPace(t *testing.T) {
	const s, ms = time.Second, time.Millisecond
	hundred := []Batch{{Records: 100, Bytes: 50}, {Records: 100, Bytes: 50}, {Records: 50, Bytes: 500}, {Records: 1, Bytes: 1}, {}}
	events := []Batch{{Last: 1000e9}, {Last: 1010e9}, {Last: 1010e9}, {Last: 1040e9}}
	for _, tt := range []struct {
		name       string
		pace       Pace
		batches    []Batch
		work       time.Duration
		want, late []time.Duration
	}{
		{"none", Pace{}, hundred, s, []time.Duration{0, s, 2 * s, 3 * s, 4 * s}, []time.Duration{0, 0, 0, 0, 0}},
		{"records", Pace{RecordsPerSecond: 50}, hundred, 0, []time.Duration{0, 2 * s, 4 * s, 5 * s, 5*s + 20*ms}, nil},
		{"bytes", Pace{BytesPerSecond: 100}, hundred, 0, []time.Duration{0, 500 * ms, s, 6 * s, 6*s + 10*ms}, nil},
		{"the slower", Pace{RecordsPerSecond: 50, BytesPerSecond: 100}, hundred, 0, []time.Duration{0, 2 * s, 4 * s, 9 * s, 9*s + 20*ms}, nil},
		{"no burst after a pause", Pace{RecordsPerSecond: 50}, hundred[:3], 3 * s, []time.Duration{0, 3 * s, 6 * s}, nil},
		{"speed", Pace{Speed: 10}, events, 0, []time.Duration{0, s, s, 4 * s}, nil},
		{"slow motion", Pace{Speed: 0.5}, events, 0, []time.Duration{0, 20 * s, 20 * s, 80 * s}, nil},
		{"catches up", Pace{Speed: 10}, events, 1500 * ms, []time.Duration{0, 1500 * ms, 3 * s, 4500 * ms}, []time.Duration{0, 500 * ms, 2 * s, 500 * ms}},
		{"speed and records", Pace{Speed: 10, RecordsPerSecond: 1}, []Batch{{Last: 0, Records: 3}, {Last: 10e9, Records: 1}, {Last: 90e9, Records: 1}}, 0, []time.Duration{0, 3 * s, 9 * s}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				went, late := times(t, &Pacer{Pace: tt.pace}, tt.batches, tt.work)
				require.Equal(t, tt.want, went)
				if tt.late != nil {
					require.Equal(t, tt.late, late)
				}
			})
		})
	}
}

func TestPaceEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &Pacer{Pace: Pace{RecordsPerSecond: 1e-300, Speed: 1e-300}}
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		_, err := p.Wait(ctx, &Batch{Records: math.MaxInt, Last: math.MinInt64})
		require.NoError(t, err)
		_, err = p.Wait(ctx, &Batch{Records: 1, Last: math.MaxInt64})
		require.ErrorIs(t, err, context.DeadlineExceeded)
	})
}

func TestPaceLimitsBatches(t *testing.T) {
	limit := func(p Pace) Plan {
		plan := Plan{MaxRecords: 8192, MaxBytes: 1 << 20}
		p.Limit(&plan)
		return plan
	}
	require.Equal(t, Plan{MaxRecords: 8192, MaxBytes: 1 << 20}, limit(Pace{}))
	require.Equal(t, 100, limit(Pace{RecordsPerSecond: 1000}).MaxRecords)
	require.Equal(t, 1, limit(Pace{RecordsPerSecond: 0.1}).MaxRecords)
	require.Equal(t, 8192, limit(Pace{RecordsPerSecond: 1e9}).MaxRecords)
	require.EqualValues(t, 10_000, limit(Pace{BytesPerSecond: 1e5}).MaxBytes)
	require.Equal(t, time.Second, limit(Pace{Speed: 10}).MaxSpan)
	require.Equal(t, time.Duration(1), limit(Pace{Speed: 1e-30}).MaxSpan)
	require.Positive(t, limit(Pace{Speed: 1e30}).MaxSpan)
}
