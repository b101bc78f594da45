// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package logql

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestEachEntry: what is passed on is what Eval holds.
func TestEachEntry(t *testing.T) {
	src := NewMemory([]Entry{
		{Timestamp: 1, Line: `a=1 b=x`, Stream: Labels{{"s", "1"}}, Metadata: Labels{{"m", "1"}}},
		{Timestamp: 2, Line: `a=2 b=y`, Stream: Labels{{"s", "2"}}, Metadata: Labels{{"m", "2"}, {"n", "3"}}},
		{Timestamp: 3, Line: `a=1 c=z`, Stream: Labels{{"s", "1"}}},
	})
	e, err := ParseLog(`{s=~".+"} | logfmt`)
	require.NoError(t, err)
	p := Params{Start: 0, End: 10, Categorize: true}
	res, err := Eval(context.Background(), src, e, p)
	require.NoError(t, err)
	want := map[int64]string{}
	for _, s := range res.Streams {
		for _, x := range s.Entries {
			want[x.Timestamp] = strings.Join([]string{s.Labels.String(), x.Line, x.Metadata.String(), x.Parsed.String()}, " ")
		}
	}
	got := map[int64]string{}
	stats, err := EachEntry(context.Background(), src, e, p, func(stream Labels, x *StreamEntry) error {
		got[x.Timestamp] = strings.Join([]string{stream.String(), x.Line, x.Metadata.String(), x.Parsed.String()}, " ")
		return nil
	})
	require.NoError(t, err)
	require.Equal(t, want, got)
	require.EqualValues(t, 3, stats.Returned)

	p.Limit, p.Descending = 1, true
	n := 0
	_, err = EachEntry(context.Background(), src, e, p, func(Labels, *StreamEntry) error { n++; return nil })
	require.NoError(t, err)
	require.Equal(t, 1, n)
}
