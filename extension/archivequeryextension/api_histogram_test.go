// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivequeryextension

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

func askHistogram(t testing.TB, h http.Handler, kv ...string) (out histogramJSON) {
	code, body := ask(t, h, "/logboom/api/v1/histogram", kv...)
	require.Equal(t, http.StatusOK, code, body)
	var v struct {
		Status   string
		Warnings []string
		Data     histogramJSON
	}
	require.NoError(t, json.Unmarshal([]byte(body), &v))
	require.Equal(t, "success", v.Status)
	require.Empty(t, v.Warnings)
	return v.Data
}

func at(seconds float64) string {
	return fmt.Sprint(base.Add(time.Duration(seconds * float64(time.Second))).UnixNano())
}

func TestHistogram(t *testing.T) {
	h := shopAPI(t, nil)
	everything := `{service_name=~".+"}`
	for i, kv := range [][]string{
		{"start", at(0), "end", at(60), "step", "10s"},
		{"start", at(-3.5), "end", at(62), "step", "10s"}, // neither end at a bucket's
		{"start", at(3), "end", at(17), "step", "7s"},
		{"start", at(3), "end", at(5), "step", "1m"},   // in one bucket
		{"start", at(3), "end", at(63), "step", "1m"},  // in two, none whole
		{"start", at(0), "end", at(60), "step", "500"}, // longer than the range
		{"start", at(20), "end", at(20), "step", "1s"}, // no time at all
		{"start", at(0), "end", at(60)},
		{"start", at(-3000), "end", at(600)},
	} {
		out := askHistogram(t, h, append(kv, "query", everything)...)
		from, _ := parseTime(kv[1])
		to, _ := parseTime(kv[3])
		want := map[string]map[int64]int64{}
		total := int64(0)
		for i := range 60 {
			ts := base.Add(time.Duration(i) * time.Second)
			if ts.Before(from) || !ts.Before(to) {
				continue
			}
			level := "info"
			if i%10 == 0 {
				level = "error"
			}
			if want[level] == nil {
				want[level] = map[int64]int64{}
			}
			want[level][floorTo(ts.UnixMilli(), out.StepMS)]++
			total++
		}
		got := map[string]map[int64]int64{}
		for level, counts := range out.Records {
			require.Len(t, counts, int((out.EndMS-out.StartMS)/out.StepMS), kv)
			for i, n := range counts {
				if n > 0 {
					if got[level] == nil {
						got[level] = map[int64]int64{}
					}
					got[level][out.StartMS+int64(i)*out.StepMS] = n
				}
				require.EqualValues(t, n, out.Represents[level][i], kv)
			}
		}
		require.Equal(t, want, got, "%d: %v", i, kv)
		require.Equal(t, total, out.Total, kv)
		require.EqualValues(t, total, out.TotalRepresents, kv)
		require.LessOrEqual(t, out.StartMS, from.UnixMilli())
		require.GreaterOrEqual(t, out.EndMS, to.UnixMilli())
		require.False(t, out.Sampled)
		if total > 20 {
			require.Equal(t, []string{"error", "info"}, out.Levels)
		}
	}
}

// TestHistogramQueries counts what a log query returns, whatever its stages.
func TestHistogramQueries(t *testing.T) {
	h := shopAPI(t, nil)
	for query, want := range map[string]int64{
		`{service_name="cart"}`:                                              20,
		`{service_name="nobody"}`:                                            0,
		`{service_name="cart"} |= "item 5"`:                                  5,
		`{service_name=~".+"} | json`:                                        60,
		`{service_name=~".+"} | json | status >= 300`:                        20,
		`{service_name=~".+"} | json | __error__ != ""`:                      20,
		`{service_name=~".+"} | logfmt --strict | __error__ = ""`:            20,
		`{service_name=~".+"} | detected_level="error"`:                      6,
		`{service_name=~".+"} | json | line_format "{{.msg}}" |= "request"`:  40,
		`{service_name=~".+"} | json | line_format "{{.msg}}" | drop status`: 60,
	} {
		out := askHistogram(t, h, "query", query, "start", start, "end", end)
		require.Equal(t, want, out.Total, query)
		code, body := ask(t, h, "/loki/api/v1/query_range", "query", query, "start", start, "end", end, "limit", "1000")
		require.Equal(t, http.StatusOK, code, body)
		require.EqualValues(t, want, strings.Count(body, `["17`), query)
	}
	out := askHistogram(t, h, "query", `{service_name=~".+"} | logfmt | label_format detected_level="{{.msg}}"`, "start", start, "end", end)
	require.EqualValues(t, 60, out.Total)
	require.LessOrEqual(t, len(out.Levels), maxLevels+len(levelOrder)+1)
	require.Contains(t, out.Levels, levelOther)

	for _, kv := range [][]string{
		{},
		{"query", `rate({a="b"}[1m])`},
		{"query", `{a="b"`},
		{"query", `{a="b"}`, "step", "0"},
		{"query", `{a="b"}`, "step", "1us"},
		{"query", `{a="b"}`, "step", "1ms", "since", "1h"},
		{"query", `{a="b"}`, "start", "-9223372036854775808", "end", "9223372036854775807"},
		{"query", `{a="b"}`, "start", end, "end", start},
	} {
		code, body := ask(t, h, "/logboom/api/v1/histogram", kv...)
		require.Equal(t, http.StatusBadRequest, code, "%v: %s", kv, body)
	}
}

// TestHistogramOfSampledRecords counts both what there is and what it stands for.
func TestHistogramOfSampledRecords(t *testing.T) {
	ld := shopLogs()
	records := ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords()
	for _, lr := range records.All() {
		lr.Attributes().PutStr("sampling.threshold", "c") // a quarter passed
	}
	where := memory("sampled")
	writeArchive(t, where, 1, ld, base.Add(2*time.Minute))
	out := askHistogram(t, newAPI(t, where, nil), "query", `{service_name=~".+"}`, "start", start, "end", end)
	require.True(t, out.Sampled)
	require.EqualValues(t, 60, out.Total)
	require.EqualValues(t, 40+4*20, out.TotalRepresents)
	out = askHistogram(t, newAPI(t, where, func(c *Config) { c.Query.Weighted = false }), "query", `{service_name=~".+"}`, "start", start, "end", end)
	require.False(t, out.Sampled)
	require.EqualValues(t, 60, out.TotalRepresents)
}

func TestNotices(t *testing.T) {
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr("service.name", "cart")
	for i := range maxNotices + 20 {
		lr := rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
		lr.SetTimestamp(pcommon.NewTimestampFromTime(base.Add(time.Duration(i) * time.Millisecond)))
		lr.SetEventName("logboom.spike_guard.begin")
		if i%2 == 1 {
			lr.SetEventName("logboom.spike_guard.end")
			lr.Attributes().PutInt("logboom.spike_guard.offered.records", 1000)
		}
		lr.Body().SetStr("A spike")
	}
	where := memory("notices")
	writeArchive(t, where, 1, ld, base.Add(2*time.Minute))
	writeArchive(t, where, 2, shopLogs(), base.Add(2*time.Minute))
	h := newAPI(t, where, nil)
	out := askHistogram(t, h, "query", `{service_name="cart"} |= "item"`, "start", start, "end", end)
	require.Len(t, out.Notices, maxNotices)
	require.Equal(t, noticeJSON{Time: start, Service: "cart", Event: "logboom.spike_guard.begin", Line: "A spike"}, out.Notices[0])
	require.Equal(t, noticeJSON{Time: at(0.001), Service: "cart", Event: "logboom.spike_guard.end", Line: "A spike", Records: 1000}, out.Notices[1])
	out = askHistogram(t, h, "query", `{service_name="checkout"}`, "start", start, "end", end)
	require.Empty(t, out.Notices)
}

func TestSpikes(t *testing.T) {
	g := &timeGrid{first: 60e9, step: 1e9, n: 40}
	spikes := func(sum ...float64) []spikeJSON { return spikesOf(g, sum) }
	repeat := func(n float64, times int) (out []float64) {
		for range times {
			out = append(out, n)
		}
		return out
	}
	require.Empty(t, spikes())
	require.Empty(t, spikes(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))
	require.Empty(t, spikes(1, 1, 1, 9e9), "too few to know")
	require.Empty(t, spikes(90, 100, 110, 95, 105, 130, 99, 100, 80, 140, 150))
	require.Empty(t, spikes(append(repeat(0, 30), 900, 1000, 1100, 900, 1000, 1100, 1000, 1000, 900, 990)...), "the archive begins late")
	require.Equal(t, []spikeJSON{{StartMS: 64000, EndMS: 66000, Records: 2100, Usual: 200}},
		spikes(100, 90, 110, 100, 1000, 1100, 100, 95, 105, 100, 100))
	require.Equal(t, []spikeJSON{{StartMS: 72000, EndMS: 73000, Records: 50, Usual: 0}},
		spikes(append(append([]float64{1, 0, 1}, repeat(0, 9)...), 50, 1, 0, 1)...), "errors that are seldom")
	require.Len(t, spikes(append(append(repeat(10, 9), 100), append(repeat(10, 9), 100, 10)...)...), 2)
}

func TestRoundStep(t *testing.T) {
	for span, want := range map[time.Duration]time.Duration{
		0: time.Millisecond, time.Second: 10 * time.Millisecond, time.Minute: 500 * time.Millisecond, 5 * time.Minute: 5 * time.Second,
		15 * time.Minute: 10 * time.Second, time.Hour: 30 * time.Second, 3 * time.Hour: 2 * time.Minute, day: 15 * time.Minute,
		7 * day: 2 * time.Hour, 30 * day: 6 * time.Hour, 365 * day: 4 * day,
	} {
		require.Equal(t, want, roundStep(uint64(span)), span)
	}
	for _, s := range append(roundSteps, 2*day, 4*day) {
		require.LessOrEqual(t, uint64(wantedBuckets*s)/uint64(roundStep(uint64(wantedBuckets*s))), uint64(wantedBuckets))
	}
	require.Greater(t, roundStep(1<<64-1), time.Duration(0))
}
