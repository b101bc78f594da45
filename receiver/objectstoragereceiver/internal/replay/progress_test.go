// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/logboom/logboom/archive"
)

func TestMap(t *testing.T) {
	const hour = int64(3600e9)
	req := archive.ScanRequest{Start: 0, End: 10 * hour}
	m := NewMap([]*archive.ObjectMeta{
		{MinTime: 0, MaxTime: hour - 1, Rows: 100},
		{MinTime: 2 * hour, MaxTime: 4*hour - 1, Rows: 600},
		{MinTime: 9 * hour, MaxTime: 11*hour - 1, Rows: 600}, // half of it lies in the range
	}, &req)
	require.InDelta(t, 1000, m.Rows(), 2)
	for at, want := range map[int64]float64{
		math.MinInt64: 0, 0: 0, hour / 2: 0.05, hour: 0.1, 2 * hour: 0.1, 3 * hour: 0.4, 4 * hour: 0.7, 9 * hour: 0.7, 9*hour + hour/2: 0.85,
		10*hour + 1e9: 1, math.MaxInt64: 1,
	} {
		require.InDelta(t, want, m.Done(at), 0.005, "%d h", at/hour)
	}
	last := 0.0
	for at := -hour; at < 12*hour; at += hour / 97 {
		require.GreaterOrEqual(t, m.Done(at), last)
		last = m.Done(at)
	}
}

func TestMapOfNothing(t *testing.T) {
	for _, objects := range [][]*archive.ObjectMeta{nil, {{MinTime: 5, MaxTime: 5, Rows: 1}}} {
		none := archive.ScanRequest{Start: math.MinInt64, End: math.MaxInt64, Object: func(*archive.ObjectMeta) bool { return false }}
		m := NewMap(objects, &none)
		require.Zero(t, m.Rows())
		require.Zero(t, m.Done(7))
	}
	all := archive.All()
	m := NewMap([]*archive.ObjectMeta{{MinTime: 5, MaxTime: 5, Rows: 1}}, &all)
	require.Zero(t, m.Done(5))
	require.InDelta(t, 1, m.Done(5_000_000), 0)
	wide := NewMap([]*archive.ObjectMeta{{MinTime: math.MinInt64, MaxTime: math.MaxInt64, Rows: 1000}}, &all)
	require.InDelta(t, 0.5, wide.Done(0), 0.001)
}
