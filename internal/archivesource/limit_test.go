// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivesource

import (
	"context"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/logboom/logboom/logql"
)

// TestMaxBytes: what a query reads is bounded over all of its selections, whether it comes from the bucket or the cache,
// and a query that needs no more is answered.
func TestMaxBytes(t *testing.T) {
	s, mapper := snapshot(t, "bytes"), NewMapper(DefaultStreamLabels())
	at := base.Add(59 * time.Second).UnixNano()
	for _, q := range []string{
		`{service_name="edge"} | http_request_method="GET"`,
		`{service_name="edge"} | logfmt | x=""`,
		`sum by (http_request_method) (count_over_time({service_name=~".+"}[1m]))`,
		`sum by (service_name) (count_over_time({service_name=~".+"} |~ "(?i)l.ne [0-9]" [1m]))`,
		`sum(count_over_time({service_name="edge"} |~ "l.ne" [1m])) / sum(count_over_time({service_name=~".+"} |~ "l.ne" [1m]))`,
	} {
		e, err := logql.Parse(q)
		require.NoError(t, err)
		p := logql.Params{Start: at, End: at}
		if _, ok := e.(*logql.LogExpr); ok {
			p = logql.Params{Start: math.MinInt64, End: math.MaxInt64}
		}
		src := New(s, mapper, Options{})
		want, err := logql.Eval(context.Background(), src, e, p)
		require.NoError(t, err, q)
		used := src.Stats().BytesUsed
		require.Positive(t, used, q)

		src = New(s, mapper, Options{MaxBytes: used})
		got, err := logql.Eval(context.Background(), src, e, p)
		require.NoError(t, err, q)
		require.Equal(t, want.Series, got.Series, q)
		require.Zero(t, src.Stats().BytesRead, q)
		require.LessOrEqual(t, src.Stats().BytesUsed, used, "what lies between two parts is not read: %s", q)
		used = src.Stats().BytesUsed
		require.Positive(t, used, "what the cache saves counts, too: %s", q)

		for _, limit := range []int64{1, used / 2, used - 1} {
			_, err = logql.Eval(context.Background(), New(s, mapper, Options{MaxBytes: limit}), e, p)
			var tooMuch *logql.LimitError
			require.ErrorAs(t, err, &tooMuch, q)
			require.ErrorContains(t, err, "needs to read more than")
		}
	}
}
