// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivesource

import (
	"context"
	"fmt"
	"math"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/goleak"

	"github.com/logboom/logboom/archive"
	"github.com/logboom/logboom/internal/bucket"
	"github.com/logboom/logboom/logql"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestLevel(t *testing.T) {
	for _, tt := range []struct {
		number int32
		text   string
		want   string
	}{
		{1, "", "trace"},
		{4, "", "trace"},
		{5, "", "debug"},
		{9, "", "info"},
		{12, "", "info"},
		{13, "", "warn"},
		{17, "", "error"},
		{21, "", "fatal"},
		{24, "", "fatal"},
		{9, "ERROR", "info"}, // the number is what the record says of itself
		{0, "", "unknown"},
		{0, "Warning", "warn"},
		{0, " ERR ", "error"},
		{0, "CRITICAL", "critical"},
		{0, "blue", "unknown"},
		{99, "info", "info"},
		{-1, "", "unknown"},
	} {
		require.Equal(t, tt.want, Level(&archive.Record{SeverityNumber: tt.number, SeverityText: tt.text}), "%d %q", tt.number, tt.text)
	}
}

func TestWeight(t *testing.T) {
	for _, tt := range []struct {
		threshold string
		count     uint64
		want      float64
	}{
		{"", 0, 1},
		{"", 1, 1},
		{"", 12, 12},
		{"0", 1, 1},
		{"8", 1, 2},               // half were rejected
		{"c", 1, 4},               // three quarters were rejected
		{"c", 3, 12},              // … of summaries of three
		{"e66666666666668", 1, 1}, // too long to be a threshold
		{"nonsense", 1, 1},
		{"ffffffffffffff", 1, 1 << 56},
	} {
		require.InDelta(t, tt.want, (&archive.Record{SamplingThreshold: tt.threshold, RecordCount: tt.count}).Weight(), 1e-9, "%+v", tt)
	}
}

var base = time.Date(2026, 3, 4, 10, 5, 0, 0, time.UTC)

// snapshot is an archive of two services, ten records each, one a second; the second service's records were
// sampled one in four, and each is there twice under one uid.
func snapshot(t *testing.T, name string) *archive.Snapshot {
	return snapshotOf(t, name, twoServices())
}

func twoServices() plog.Logs {
	ld := plog.NewLogs()
	for _, service := range []string{"edge", "sampled"} {
		rl := ld.ResourceLogs().AppendEmpty()
		rl.Resource().Attributes().PutStr("service.name", service)
		rl.Resource().Attributes().PutStr("host.name", "n1")
		records := rl.ScopeLogs().AppendEmpty().LogRecords()
		for i := range 10 {
			for range map[string]int{"edge": 1, "sampled": 2}[service] {
				lr := records.AppendEmpty()
				lr.SetTimestamp(pcommon.NewTimestampFromTime(base.Add(time.Duration(i) * time.Second)))
				lr.Body().SetStr(fmt.Sprintf("line %d", i))
				lr.Attributes().PutStr("http.request.method", "GET")
				if service == "sampled" {
					lr.Attributes().PutStr(archive.AttributeSamplingThreshold, "c")
					lr.Attributes().PutStr(archive.AttributeRecordUID, fmt.Sprint("uid-", i))
				}
			}
		}
	}
	return ld
}

// buckets makes names that no other test has, nor another run of it.
var buckets atomic.Int64

func snapshotOf(t *testing.T, name string, ld plog.Logs) *archive.Snapshot {
	ctx := context.Background()
	b, err := bucket.Open(ctx, bucket.Config{URL: fmt.Sprint("mem://", name, "-", buckets.Add(1))})
	require.NoError(t, err)
	enc := archive.NewEncoder(archive.EncoderOptions{})
	enc.Append(ld, base)
	rec := archive.LogRecord{Format: archive.FormatVersion, Kind: archive.KindCommit, Writer: "w", Sequence: 1, Epoch: 1, WAL: &archive.WALRange{ID: "a", From: 1, To: 1}}
	require.NoError(t, enc.Encode(archive.ObjectName{Writer: "w", Epoch: 1, From: 1, To: 1}, func(o archive.Object) error {
		rec.Objects = append(rec.Objects, o.Meta)
		return b.Create(ctx, o.Meta.Key, o.Body)
	}))
	body, err := rec.Marshal()
	require.NoError(t, err)
	require.NoError(t, b.Create(ctx, archive.LogKey("w", 1), body))
	r, err := archive.Open(ctx, b, archive.ReaderOptions{})
	require.NoError(t, err)
	return r.Snapshot()
}

func TestHonestCounts(t *testing.T) {
	src := New(snapshot(t, "honest"), NewMapper(DefaultStreamLabels()), Options{})
	e, err := logql.Parse(`sum by (service_name) (count_over_time({service_name=~".+"}[1m]))`)
	require.NoError(t, err)
	at := base.Add(59 * time.Second).UnixNano()
	res, err := logql.Eval(context.Background(), src, e, logql.Params{Start: at, End: at})
	require.NoError(t, err)
	got := map[string]float64{}
	for _, s := range res.Series {
		got[s.Labels.Get("service_name")] = s.Points[0].V
	}
	require.Equal(t, map[string]float64{"edge": 10, "sampled": 40}, got)
	require.True(t, res.Stats.Weighted)
	require.EqualValues(t, 10, src.Stats().RowsDuplicates)
}

func TestMapping(t *testing.T) {
	src := New(snapshot(t, "mapping"), NewMapper([]string{"host.name"}), Options{})
	e, err := logql.Parse(`{service_name="edge", host_name="n1"} |= "line 3"`)
	require.NoError(t, err)
	res, err := logql.Eval(context.Background(), src, e, logql.Params{Start: math.MinInt64, End: math.MaxInt64, Categorize: true})
	require.NoError(t, err)
	require.Len(t, res.Streams, 1)
	require.Equal(t, `{host_name="n1", service_name="edge"}`, res.Streams[0].Labels.String())
	require.Len(t, res.Streams[0].Entries, 1)
	require.Equal(t, `{detected_level="unknown", http_request_method="GET"}`, res.Streams[0].Entries[0].Metadata.String())
}

func TestEstimate(t *testing.T) {
	src := New(snapshot(t, "estimate"), NewMapper(DefaultStreamLabels()), Options{})
	estimate := func(start, end int64, ms ...*logql.Matcher) Estimate {
		e, err := src.Estimate(t.Context(), start, end, ms, 100)
		require.NoError(t, err)
		return e
	}
	all := estimate(math.MinInt64, math.MaxInt64)
	require.Equal(t, Estimate{Objects: 1, Entries: 30, Bytes: 30 * 6, Streams: 2}, all)
	edge, err := logql.NewMatcher("service_name", logql.MatchEqual, "edge")
	require.NoError(t, err)
	require.Equal(t, Estimate{Objects: 1, Entries: 10, Bytes: 10 * 6, Streams: 1}, estimate(math.MinInt64, math.MaxInt64, edge))
	require.Zero(t, estimate(0, 1))
	half := estimate(base.UnixNano(), base.Add(4500*time.Millisecond).UnixNano())
	require.InDelta(t, 16.5, half.Entries, 1, "what is at the full minute, and half of the rest")
	nobody, err := logql.NewMatcher("host_name", logql.MatchEqual, "n1") // which is no stream label here
	require.NoError(t, err)
	require.Zero(t, estimate(math.MinInt64, math.MaxInt64, nobody))
}

func TestStreamsLimit(t *testing.T) {
	src := New(snapshot(t, "streams"), NewMapper(DefaultStreamLabels()), Options{})
	err := src.Streams(context.Background(), math.MinInt64, math.MaxInt64, nil, 1, func(logql.Labels) {})
	require.ErrorContains(t, err, "more than 1 streams")
}

// TestStreamsOfLongResources has resources that are longer than what the mapper keeps, and that differ in what is no
// label: the streams are those of the labels all the same.
func TestStreamsOfLongResources(t *testing.T) {
	ld := plog.NewLogs()
	for i := range 30 {
		rl := ld.ResourceLogs().AppendEmpty()
		rl.Resource().Attributes().PutStr("service.name", fmt.Sprint("svc-", i%2))
		rl.Resource().Attributes().PutStr("process.command_line", strings.Repeat("-cp lib.jar ", maxCachedStreamBytes/10))
		rl.Resource().Attributes().PutInt("process.pid", int64(i%6))
		lr := rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
		lr.SetTimestamp(pcommon.NewTimestampFromTime(base.Add(time.Duration(i) * time.Second)))
		lr.Body().SetStr("line")
	}
	src := New(snapshotOf(t, "long", ld), NewMapper(DefaultStreamLabels()), Options{})
	var got []string
	err := src.Streams(context.Background(), math.MinInt64, math.MaxInt64, nil, 2, func(ls logql.Labels) { got = append(got, ls.String()) })
	require.NoError(t, err)
	require.ElementsMatch(t, []string{`{service_name="svc-0"}`, `{service_name="svc-1"}`}, got)
}
