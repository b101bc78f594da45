// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivesource

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/logboom/logboom/archive"
	"github.com/logboom/logboom/internal/bucket"
	"github.com/logboom/logboom/internal/compactor"
	"github.com/logboom/logboom/logql"
)

// plain is a source that pushes nothing down and counts nothing: what it selects is everything in the time range.
type plain struct{ s *Source }

func (p plain) Select(ctx context.Context, req *logql.SelectRequest, yield func(*logql.Entry) error) error {
	all := logql.SelectRequest{Start: req.Start, End: req.End, Matchers: req.Matchers, Descending: req.Descending}
	conv := p.s.mapper.converter(&all)
	var entry logql.Entry
	_, err := p.s.snapshot.Scan(ctx, archive.ScanRequest{Start: req.Start, End: req.End, Descending: req.Descending}, func(r *archive.Record) error {
		if !conv.convert(r, &entry) {
			return nil
		}
		return yield(&entry)
	})
	return err
}

// hostile are values with what filters and indexes trip over.
var hostile = []string{
	"", " ", "a", "id", "7f3a9c", "7F3A9C", "deadbeefcafe", "0123456789abcdef0123456789abcdef", "550e8400-e29b-41d4-a716-446655440000",
	"card declined", "Card Declined", "timeout", "time out", "user=42", "ünïcode", "日本", "a.b*c", "[x]", "\\d+", "\n", "two\nlines", "\"quoted\"",
	"100%", "\u0000", "\uFFFD", "10.0.0.1", "\t", "error", "ERROR", "x_y", "9", "999999", "-1.5e3",
}

// wild makes records of random services, times, levels, weights, attributes and lines.
func wild(r *rand.Rand, n int) plog.Logs {
	ld := plog.NewLogs()
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	for range 6 {
		rl := ld.ResourceLogs().AppendEmpty()
		if s := pick("", "edge", "cart", "unknown_service", "日本"); s != "" {
			rl.Resource().Attributes().PutStr("service.name", s)
		}
		if r.IntN(2) == 0 {
			rl.Resource().Attributes().PutStr("k8s.namespace.name", pick("", "shop", "pay"))
		}
		if r.IntN(2) == 0 {
			rl.Resource().Attributes().PutStr("trace.id", pick(hostile...))
		}
		if r.IntN(4) == 0 {
			rl.Resource().Attributes().PutStr("detected_level", "error")
		}
		sl := rl.ScopeLogs().AppendEmpty()
		sl.Scope().SetName(pick("", "lib"))
		if r.IntN(3) == 0 {
			sl.Scope().Attributes().PutStr("id", pick(hostile...))
		}
		for range n / 6 {
			lr := sl.LogRecords().AppendEmpty()
			// Many times lie on the edges of windows.
			at := base.Add(time.Duration(r.IntN(20)) * 15 * time.Second).Add(time.Duration(r.IntN(3)-1) * time.Duration(r.IntN(2)))
			if r.IntN(3) == 0 {
				at = base.Add(time.Duration(r.Int64N(int64(5 * time.Minute))))
			}
			lr.SetTimestamp(pcommon.NewTimestampFromTime(at))
			lr.SetSeverityNumber(plog.SeverityNumber(r.IntN(30) - 2))
			if r.IntN(3) == 0 {
				lr.SetSeverityText(pick("", "info", "WARN", "critical", "blue", " ERR "))
			}
			words := make([]string, r.IntN(5))
			for i := range words {
				words[i] = pick(hostile...)
			}
			lr.Body().SetStr(strings.Join(words, pick(" ", "", ",")))
			if r.IntN(20) == 0 {
				lr.Body().SetEmptyMap().PutStr("k", pick(hostile...))
			}
			if r.IntN(2) == 0 {
				lr.Attributes().PutStr(pick("id", "trace_id", "trace.id", "k8s.namespace.name", "service.name", "detected_level"), pick(hostile...))
			}
			if r.IntN(3) == 0 {
				lr.Attributes().PutInt("status", int64(r.IntN(3)*100+200))
			}
			if r.IntN(3) == 0 {
				lr.SetTraceID(pcommon.TraceID{byte(r.IntN(3)), 1})
			}
			if r.IntN(4) == 0 {
				lr.SetEventName(pick(hostile...))
			}
			if r.IntN(3) == 0 {
				lr.Attributes().PutStr(archive.AttributeRecordUID, fmt.Sprint("uid-", r.Uint64()))
			}
			if r.IntN(6) == 0 {
				lr.Attributes().PutStr(archive.AttributeSamplingThreshold, pick("8", "c", "nonsense"))
			}
			if r.IntN(8) == 0 {
				lr.Attributes().PutInt(archive.AttributeRecordCount, int64(r.IntN(5)))
			}
		}
	}
	return ld
}

// held is a writer in the same process.
type held struct{ fresh *archive.Fresh }

func (h held) Fresh(context.Context) (*archive.Fresh, error) { return h.fresh, nil }

// wildSnapshot commits several batches, some of which repeat records of others. In the state fresh the last ones are held by
// a writer, one of them also committed; in the state compacted they are merged.
func wildSnapshot(t testing.TB, r *rand.Rand, state string, weighted bool) *archive.Snapshot {
	const flushes = 5
	ctx := context.Background()
	b, err := bucket.Open(ctx, bucket.Config{URL: fmt.Sprint("mem://wild-", buckets.Add(1))})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, b.Close()) })
	committed := uint64(flushes)
	fresh := &archive.Fresh{Writer: "w", WAL: "a"}
	if state == "fresh" {
		committed = 3
		fresh.Sequence = committed
	}
	again := wild(r, 60)
	for seq := uint64(1); seq <= flushes; seq++ {
		ld := wild(r, 60+r.IntN(600))
		if r.IntN(2) == 0 {
			again.ResourceLogs().At(0).CopyTo(ld.ResourceLogs().AppendEmpty())
		}
		if !weighted {
			for i := range ld.ResourceLogs().Len() {
				records := ld.ResourceLogs().At(i).ScopeLogs().At(0).LogRecords()
				for j := range records.Len() {
					records.At(j).Attributes().Remove(archive.AttributeSamplingThreshold)
					records.At(j).Attributes().Remove(archive.AttributeRecordCount)
				}
			}
		}
		if seq >= committed {
			fresh.Parts = append(fresh.Parts, archive.FreshPart{First: seq, Last: seq, Batch: archive.NewBatch(ld, base, archive.BatchOptions{})})
		}
		if seq > committed {
			continue
		}
		enc := archive.NewEncoder(archive.EncoderOptions{})
		enc.Append(ld, base)
		rec := archive.LogRecord{
			Format: archive.FormatVersion, Kind: archive.KindCommit, Writer: "w", Sequence: seq, Epoch: 1,
			WAL: &archive.WALRange{ID: "a", From: seq, To: seq},
		}
		require.NoError(t, enc.Encode(archive.ObjectName{Writer: "w", Epoch: 1, From: seq, To: seq}, func(o archive.Object) error {
			rec.Objects = append(rec.Objects, o.Meta)
			return b.Create(ctx, o.Meta.Key, o.Body)
		}))
		body, err := rec.Marshal()
		require.NoError(t, err)
		require.NoError(t, b.Create(ctx, archive.LogKey("w", seq), body))
	}
	if state == "compacted" {
		config := compactor.DefaultConfig()
		config.Holder, config.Compression, config.Now = "test", archive.CompressionDefault, func() time.Time { return base.Add(5 * time.Hour) }
		c, err := compactor.New(b, config)
		require.NoError(t, err)
		report, err := c.Compact(ctx)
		require.NoError(t, err)
		require.Positive(t, report.Merges)
	}
	rd, err := archive.Open(ctx, b, archive.ReaderOptions{})
	require.NoError(t, err)
	if state != "fresh" {
		return rd.Snapshot()
	}
	s, release := rd.SnapshotWithFresh(ctx, held{fresh})
	t.Cleanup(release)
	return s
}

// wildSelector makes a selector and a pipeline.
func wildSelector(r *rand.Rand, anyStage bool) string {
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	value := func() string { return fmt.Sprintf("%q", pick(hostile...)) }
	var b strings.Builder
	b.WriteString(pick(`{service_name=~".+"`, `{service_name="edge"`, `{service_name!="cart"`, `{service_name=~"cart|unknown_service"`))
	switch r.IntN(8) {
	case 3:
		b.WriteString(`, detected_level` + pick(`="error"`, `=""`, `="info"`))
	case 0:
		b.WriteString(`, k8s_namespace_name="shop"`)
	case 1:
		b.WriteString(`, k8s_namespace_name` + pick(`!="shop"`, `=~"s.*"`, `=""`))
	case 2:
		b.WriteString(`, no_such_label` + pick(`=""`, `!="x"`, `=~".*"`, `="x"`))
	}
	b.WriteString("}")
	for range r.IntN(4) {
		op := pick("|=", "!=", "|~", "!~")
		if r.IntN(6) == 0 {
			op = pick("|>", "!>")
		}
		operand := func() string {
			text := pick(hostile...)
			switch op {
			case "|=", "!=":
				if r.IntN(10) == 0 {
					return ` ip("10.0.0.0/8")`
				}
				if n := len(text); n > 3 && r.IntN(2) == 0 && text[0] < 0x80 && text[n-1] < 0x80 {
					text = text[1 : n-1]
				}
			case "|~", "!~":
				text = pick(`(?i)card`, `tim.*t`, `^a`, `\d+$`, `[a-f]{4}`, `card|time`, `(?i:ERROR)`, `x`, `\Qa.b*c`, `user=\d\d`, ``, `.`, `(?s)two.lines`, `^$`)
			default:
				text = pick(`<_>card<_>`, `a<_>`, `<_>`, `timeout`, `<_> <_>`)
			}
			return fmt.Sprintf(" %q", text)
		}
		b.WriteString(" " + op + operand())
		for r.IntN(4) == 0 {
			b.WriteString(" or" + operand())
		}
	}
	stages := []func() string{
		func() string {
			return `detected_level` + pick(`="error"`, `!="info"`, `=~"warn|error"`, `!~"unknown"`, `="critical"`)
		},
		func() string { return `service_name` + pick(`="edge"`, `!="edge"`) },
		func() string { return `detected_level="error" or service_name="edge"` },
		func() string { return `detected_level="info", service_name=~"e.*"` },
		func() string {
			return pick("id", "trace_id", "event_name", "k8s_namespace_name", "service_name_extracted", "detected_level_extracted", "scope_name") + "=" + value()
		},
		func() string { return pick("id", "trace_id") + pick("!=", "=~") + `"deadbeefcafe"` },
		func() string {
			return `trace_id=` + pick(`"00010000000000000000000000000000"`, `"01010000000000000000000000000000"`)
		},
		func() string { return `severity_text="WARN"` },
		func() string { return `status >= 300` },
		func() string { return `status="200"` },
	}
	if anyStage {
		stages = append(stages,
			func() string { return `json` },
			func() string { return `logfmt` },
			func() string { return `drop id` },
			func() string { return `keep service_name, id` },
			func() string { return `label_format id=event_name` },
			func() string { return `line_format "{{.id}}"` },
			func() string { return `decolorize` },
			func() string { return `regexp "(?P<w>[a-z]+)"` },
		)
	}
	for range r.IntN(3) {
		b.WriteString(" | " + stages[r.IntN(len(stages))]())
		if anyStage && r.IntN(4) == 0 {
			b.WriteString(" |= " + value())
		}
	}
	if anyStage && r.IntN(2) == 0 {
		b.WriteString(` | __error__=""`)
	}
	return b.String()
}

func wildMetric(r *rand.Rand) string {
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	op := pick("count_over_time", "rate", "bytes_over_time", "bytes_rate", "count_over_time", "absent_over_time")
	inner := op + "(" + wildSelector(r, r.IntN(4) == 0) + pick("[1m]", "[15s]", "[7s]", "[30s]", "[5m]", "[1ns]", "[90s]") + pick("", "", " offset 15s", " offset 1m", " offset -30s") + ")"
	if op == "absent_over_time" {
		return inner
	}
	by := pick("", " by (service_name)", " by (detected_level)", " by (service_name, detected_level)", " by (id)", " by (trace_id, service_name)", " without (id)",
		" by (k8s_namespace_name)", " by (detected_level, k8s_namespace_name)", " by (service_name_extracted)")
	q := "sum" + by + " (" + inner + ")"
	switch r.IntN(8) {
	case 0:
		return "topk(2, " + q + ")"
	case 1:
		return "sort_desc(" + q + ")"
	case 2:
		return q + " / " + q
	case 3:
		return q + " > 3"
	case 4:
		return "max(" + q + ")"
	}
	return q
}

// sameResult compares all but the statistics; sums of weights may differ by rounding.
func sameResult(t *testing.T, query string, want, got *logql.Result) {
	require.Equal(t, want.Type, got.Type, query)
	require.Equal(t, want.Streams, got.Streams, query)
	require.Len(t, got.Series, len(want.Series), query)
	for i, w := range want.Series {
		g := got.Series[i]
		require.Equal(t, w.Labels, g.Labels, query)
		require.Len(t, g.Points, len(w.Points), "%s %s", query, w.Labels)
		for j, p := range w.Points {
			require.Equal(t, p.T, g.Points[j].T, query)
			if !sameValue(p.V, g.Points[j].V) {
				require.Failf(t, "values differ", "%s %s at %d: want %v, got %v", query, w.Labels, p.T, p.V, g.Points[j].V)
			}
		}
	}
}

func sameValue(a, b float64) bool {
	return a == b || math.IsNaN(a) && math.IsNaN(b) || math.Abs(a-b) <= 1e-9*math.Abs(a)
}

// TestPushedIsUnpushed compares thousands of random queries with an evaluation that reads every record and pushes nothing
// down. Data, labels that collide, windows and offsets are random, but the same in every run.
func TestPushedIsUnpushed(t *testing.T) {
	queries := 1200
	if testing.Short() || raceEnabled {
		queries = 150
	}
	ctx := context.Background()
	for seed, state := range []string{"committed", "compacted", "fresh", "committed"} {
		r := rand.New(rand.NewPCG(uint64(seed), 8)) //nolint:gosec // an index
		snapshot := wildSnapshot(t, r, state, seed != 0)
		labels := DefaultStreamLabels()
		if seed == 3 {
			labels = []string{"k8s.namespace.name", "k8s_namespace_name", "detected_level", "trace.id"}
		}
		mapper := NewMapper(labels)
		pushed, found := 0, 0
		for range queries {
			isLog := r.IntN(2) == 0
			q := wildMetric(r)
			if isLog {
				q = wildSelector(r, r.IntN(3) == 0)
			}
			e, err := logql.Parse(q)
			if err != nil {
				continue // a pipeline that has no place in its query
			}
			from := base.Add(time.Duration(r.IntN(4)-1) * 30 * time.Second)
			p := logql.Params{Start: from.UnixNano(), End: from.Add(time.Duration(r.IntN(10)) * 30 * time.Second).UnixNano(), Descending: r.IntN(2) == 0}
			p.Step = []time.Duration{15 * time.Second, time.Minute, 7 * time.Second, time.Second, 90 * time.Second}[r.IntN(5)]
			if isLog {
				p.End++
				p.Categorize = r.IntN(2) == 0
				p.Limit = []int{0, 1, 7, 100}[r.IntN(4)]
			}
			want, wantErr := logql.Eval(ctx, plain{New(snapshot, mapper, Options{})}, e, p)
			src := New(snapshot, mapper, Options{})
			got, err := logql.Eval(ctx, src, e, p)
			if wantErr != nil {
				require.Error(t, err, "%s", q)
				continue
			}
			require.NoError(t, err, "%s", q)
			require.Empty(t, src.Stats().Errors, "%s", q)
			sameResult(t, q, want, got)
			if got.Stats.Entries < want.Stats.Entries {
				pushed++
			}
			if len(got.Streams)+len(got.Series) > 0 {
				found++
			}
		}
		require.Greater(t, pushed, queries/4, "queries that saw fewer entries")
		require.Greater(t, found, queries/4, "queries that found something")
	}
}

// TestCountsAreCounted holds which queries are answered without entries.
func TestCountsAreCounted(t *testing.T) {
	src := New(snapshot(t, "counted"), NewMapper(DefaultStreamLabels()), Options{})
	for q, want := range map[string]bool{
		`sum(count_over_time({service_name=~".+"}[1m]))`:                                                                                true,
		`sum by (service_name, detected_level) (rate({service_name=~".+"} |= "line" != "9" [1m]))`:                                      true,
		`topk(3, sum by (service_name) (count_over_time({service_name="edge"} |~ "(?i)LINE" or "x" [1m])))`:                             true,
		`sum(count_over_time({service_name=~".+"} | detected_level="unknown" [1m]))`:                                                    true,
		`sum(count_over_time({service_name=~".+", k8s_namespace_name="shop"}[1m]))`:                                                     true,
		`sum by (k8s_namespace_name) (count_over_time({service_name=~".+", k8s_namespace_name="shop"} | k8s_namespace_name!="x" [1m]))`: true,
		`sum(count_over_time({service_name=~".+"} | json [1m]))`:                                                                        true,
		`sum(count_over_time({service_name=~".+"} |> "<_>line<_>" [1m]))`:                                                               true,
		`sum by (bytes) (count_over_time({service_name=~".+"}[1m]))`:                                                                    false,
		`count_over_time({service_name=~".+"}[1m])`:                                                                                     false,
		`sum by (service_name) (count_over_time({service_name=~".+"} | json | __error__="" [1m]))`:                                      false,
		`sum(count_over_time({service_name=~".+"} | http_request_method="GET" [1m]))`:                                                   false,
		`sum(count_over_time({service_name=~".+", k8s_namespace_name!="shop"}[1m]))`:                                                    true,
		`sum by (k8s_namespace_name) (count_over_time({service_name=~".+"}[1m]))`:                                                       false, // it may be metadata
		`absent_over_time({service_name=~".+"}[1m])`:                                                                                    false,
	} {
		e, err := logql.Parse(q)
		require.NoError(t, err, q)
		w := &watcher{Source: src}
		at := base.Add(59 * time.Second).UnixNano()
		_, err = logql.Eval(context.Background(), w, e, logql.Params{Start: at, End: at})
		require.NoError(t, err, q)
		require.Equal(t, want, !w.selected, q)
	}
}

// watcher tells whether entries were selected.
type watcher struct {
	*Source
	selected bool
}

func (w *watcher) Select(ctx context.Context, req *logql.SelectRequest, yield func(*logql.Entry) error) error {
	w.selected = true
	return w.Source.Select(ctx, req, yield)
}

func (w *watcher) SelectUnordered(ctx context.Context, req *logql.SelectRequest, newYield func() func(*logql.Entry) error) error {
	w.selected = true
	return w.Source.SelectUnordered(ctx, req, newYield)
}
