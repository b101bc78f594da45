// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivesource

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/logboom/logboom/archive"
	"github.com/logboom/logboom/logql"
)

// TestFilter compares the records that a filter keeps with the entries of the same query.
func TestFilter(t *testing.T) {
	s := snapshot(t, "filter")
	mapper := NewMapper([]string{"host.name"})
	for query, keep := range map[string]bool{ // whether records must be looked at one by one
		`{service_name="edge"}`:                                              false,
		`{service_name="edge"} |= "line 3"`:                                  false,
		`{service_name=~"edge|sampled"} |~ "[1-4]" != "2"`:                   false,
		`{service_name="sampled", host_name="n1"}`:                           false,
		`{service_name=~".+", host_name="n2"}`:                               false,
		`{service_name=~".+"} | detected_level="unknown"`:                    false,
		`{service_name=~".+"} | http_request_method="GET"`:                   true,
		`{service_name=~".+"} | http_request_method!="GET"`:                  true,
		`{service_name=~".+"} | pattern "<_> <n>" | n > 6`:                   true,
		`{service_name=~".+"} | log_record_uid=~"uid-[12]" |= "1"`:           true,
		`{service_name="nobody"} | logfmt | x="y" or http_request_method=""`: true,
	} {
		e, err := logql.Parse(query)
		require.NoError(t, err, query)
		req, err := mapper.Filter(e.(*logql.LogExpr))
		require.NoError(t, err, query)
		require.Equal(t, keep, req.Keep != nil, query)
		req.Start, req.End = math.MinInt64, math.MaxInt64
		var got []string
		stats, err := s.Scan(context.Background(), req, func(r *archive.Record) error {
			got = append(got, r.ServiceName+" "+r.Body)
			require.NotEmpty(t, r.ResourceAttributes, "the record is whole")
			return nil
		})
		require.NoError(t, err, query)
		require.Empty(t, stats.Errors)
		var want []string
		_, err = logql.Each(context.Background(), New(s, mapper, Options{}), e.(*logql.LogExpr), logql.Params{Start: math.MinInt64, End: math.MaxInt64},
			func(_ int64, labels logql.Labels, line string) error {
				want = append(want, labels.Get("service_name")+" "+line)
				return nil
			})
		require.NoError(t, err, query)
		require.ElementsMatch(t, want, got, query)
	}
	for _, query := range []string{`{a="b"} | line_format "x"`, `{a="b"} | label_format x=y`, `{a="b"} | drop x`, `{a="b"} | keep x`, `{a="b"} | decolorize`, `{a="b"} | unpack`} {
		e, err := logql.Parse(query)
		require.NoError(t, err, query)
		_, err = mapper.Filter(e.(*logql.LogExpr))
		require.ErrorContains(t, err, "does not filter", query)
	}
}
