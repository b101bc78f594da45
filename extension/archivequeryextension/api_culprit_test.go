// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivequeryextension

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/logboom/logboom/internal/culprit"
	"github.com/logboom/logboom/logql"
)

// troubled is ten minutes of two services; in minutes 6 and 7, orders of one customer fail.
func troubled() plog.Logs {
	ld := plog.NewLogs()
	lists := map[string]plog.LogRecordSlice{}
	for _, service := range []string{"orders", "mailer"} {
		rl := ld.ResourceLogs().AppendEmpty()
		rl.Resource().Attributes().PutStr("service.name", service)
		lists[service] = rl.ScopeLogs().AppendEmpty().LogRecords()
	}
	add := func(service string, at time.Duration, severity plog.SeverityNumber, line string) {
		r := lists[service].AppendEmpty()
		r.SetTimestamp(pcommon.NewTimestampFromTime(base.Add(at)))
		r.SetSeverityNumber(severity)
		r.Body().SetStr(line)
	}
	for i := range 6000 {
		at := time.Duration(i) * 100 * time.Millisecond
		customer := fmt.Sprintf("c%d", i*7%20)
		add("orders", at, plog.SeverityNumberInfo, fmt.Sprintf(`{"msg":"order placed","customer":%q,"took_ms":%d}`, customer, 5+i%9))
		if i%5 == 0 {
			add("mailer", at, plog.SeverityNumberInfo, fmt.Sprintf("mail %d sent", i))
		}
		if minute := i / 600; customer == "c7" && (minute == 6 || minute == 7) {
			add("orders", at+time.Millisecond, plog.SeverityNumberError, fmt.Sprintf(`{"msg":"ledger refused order %d","customer":%q}`, i, customer))
		}
	}
	return ld
}

type gotCulprit struct {
	Bad, Baseline culpritSideJSON
	By            string
	Complete      bool
	StartMs       int64 `json:"start_ms"`
	StepMs        int64 `json:"step_ms"`
	Causes        []struct {
		causeJSON
		Examples []struct {
			Time, Line       string
			Stream, Metadata map[string]string
		} `json:"examples"`
	}
	warnings []string
}

func askCulprit(t *testing.T, h http.Handler, kv ...string) (out gotCulprit) {
	t.Helper()
	code, body := ask(t, h, "/logboom/api/v1/culprit", kv...)
	require.Equal(t, http.StatusOK, code, body)
	var v struct {
		Status   string
		Data     *gotCulprit
		Warnings []string
	}
	v.Data = &out
	require.NoError(t, json.Unmarshal([]byte(body), &v), body)
	require.Equal(t, "success", v.Status)
	out.warnings = v.Warnings
	return out
}

func minute(n int) string {
	return strconv.FormatInt(base.Add(time.Duration(n)*time.Minute).UnixNano(), 10)
}

func TestCulprit(t *testing.T) {
	url := memory("culprit")
	writeArchive(t, url, 1, troubled(), base.Add(20*time.Minute))
	h := newAPI(t, url, nil)
	out := askCulprit(t, h, "query", `{service_name=~".+"}`, "start", minute(6), "end", minute(8))
	require.Equal(t, "interval", out.By)
	require.True(t, out.Complete)
	require.Equal(t, base.UnixMilli(), out.Baseline.StartMs, "no earlier than there are records")
	require.Equal(t, base.Add(6*time.Minute).UnixMilli(), out.Baseline.EndMs)
	require.EqualValues(t, 6*60*12, out.Baseline.Records)
	require.Equal(t, out.Bad.Records, out.Bad.LookedAt)
	require.Empty(t, out.warnings)
	require.NotEmpty(t, out.Causes)
	c := out.Causes[0]
	require.Equal(t, causeKeyJSON{Kind: culprit.KindValue, Service: "orders", Field: "customer", Value: "c7"}, c.causeKeyJSON)
	require.Equal(t, `service_name="orders"`, c.Matcher)
	require.Equal(t, `| json | customer="c7"`, c.Filter)
	require.EqualValues(t, 60, c.BadRecords)
	require.EqualValues(t, 0, c.BaselineRecords)
	require.True(t, c.New)
	require.Equal(t, []causeKeyJSON{{Kind: culprit.KindTemplate, Service: "orders", Template: "ledger refused order <*>"}}, c.Also)
	require.Len(t, c.Examples, 2)
	require.Equal(t, "orders", c.Examples[0].Stream["service_name"])
	require.Equal(t, c.First, c.Examples[0].Time)
	sum := int64(0)
	for i, n := range c.Samples {
		if sum += n; n > 0 {
			require.GreaterOrEqual(t, out.StartMs+int64(i)*out.StepMs, base.Add(5*time.Minute).UnixMilli(), "where they are")
		}
	}
	require.EqualValues(t, 60, sum)

	errors := askCulprit(t, h, "query", `{service_name=~".+"}`, "start", minute(0), "end", minute(10), "bad", `| detected_level="error"`)
	require.Equal(t, "filter", errors.By)
	require.EqualValues(t, 60, errors.Bad.Records)
	require.EqualValues(t, 7200, errors.Baseline.Records)
	require.Equal(t, "c7", errors.Causes[0].Value)

	require.Equal(t, out, askCulprit(t, h, "start", minute(6), "end", minute(8)), "all is the default, and the answer the same each time")
	long := askCulprit(t, h, "start", "1900-01-01T00:00:00Z", "end", minute(8), "baseline_end", minute(10))
	require.EqualValues(t, 2*60*12, long.Baseline.Records, "as far back as times go")
	own := askCulprit(t, h, "start", minute(6), "end", minute(8), "baseline_start", minute(5), "baseline_end", minute(10))
	require.EqualValues(t, 3*60*12, own.Baseline.Records, "without the bad interval, which lies in it")
	require.Equal(t, "c7", own.Causes[0].Value)
	after := askCulprit(t, h, "start", minute(0), "end", minute(1))
	require.Contains(t, after.warnings[0], "what comes after it")
	require.Empty(t, askCulprit(t, h, "query", `{service_name="mailer"}`, "start", minute(6), "end", minute(8)).Causes)
	require.Len(t, askCulprit(t, h, "start", minute(6), "end", minute(8), "limit", "1").Causes, 1)

	only := askCulprit(t, h, "query", `{service_name="orders"} | detected_level="error"`, "start", minute(0), "end", minute(10), "bad", `| detected_level="error"`)
	require.Contains(t, only.warnings[0], "bad records alone")
	require.Empty(t, only.Causes)
	parsed := askCulprit(t, h, "query", `{service_name="orders"} | json`, "start", minute(0), "end", minute(10), "bad", `| msg=~"ledger.*"`)
	require.EqualValues(t, 60, parsed.Bad.Records)
	require.Equal(t, "c7", parsed.Causes[0].Value)
}

func TestCulpritMistakes(t *testing.T) {
	h := shopAPI(t, nil)
	for text, kv := range map[string][]string{
		"parse error":                              {"query", `{`},
		"must be a pipeline":                       {"bad", `{service_name="a"} | level="x"`},
		"must have a filter":                       {"bad", `{}`},
		"go with an interval":                      {"bad", `| level="x"`, "baseline_start", start},
		"baseline_end must not be before baseline": {"start", start, "end", end, "baseline_start", end, "baseline_end", start},
		"baseline_start: cannot parse":             {"baseline_start", "yesterday"},
		"limit must be a positive value":           {"limit", "0"},
		"start and end must be within 200 years":   {"start", "9223372000000000000", "end", "9223372036854775807"},
		"baseline_end must be within 200 years":    {"start", start, "end", end, "baseline_start", start, "baseline_end", "2200-01-01T00:00:00Z"},
		"end timestamp must not be before start":   {"start", end, "end", start},
	} {
		code, body := ask(t, h, "/logboom/api/v1/culprit", kv...)
		require.Equal(t, http.StatusBadRequest, code, body)
		require.Contains(t, body, text)
	}
}

// TestSlices: the parts of a slice that are read one after the other do not overlap, lie in it and are as long as they should.
func TestSlices(t *testing.T) {
	grid := timeGrid{first: -70, step: 100, n: 40}
	pieces := slicesOf([][2]int64{{-5, 20}, {130, 1930}}, grid)
	require.GreaterOrEqual(t, len(pieces), minSlices)
	total := int64(0)
	for _, s := range pieces {
		require.Less(t, s[0], s[1])
		total += s[1] - s[0]
	}
	require.EqualValues(t, 25+1800, total)
	require.GreaterOrEqual(t, len(slicesOf([][2]int64{{0, 64}}, grid)), minSlices)
	require.Len(t, slicesOf([][2]int64{{0, 2}}, grid), 2, "no parts of a nanosecond")
}

// TestWindows: what is wanted of a scan of everything is what lies in the windows.
func TestWindows(t *testing.T) {
	windows := windowsOf(slicesOf([][2]int64{{-500, 500}}, timeGrid{first: -500, step: 100, n: 10}), 0.2, 0.5)
	p := sampleParts{windows: windows}
	n := 0
	for at := int64(-600); at < 600; at++ {
		in := slices.ContainsFunc(windows, func(w [2]int64) bool { return at >= w[0] && at < w[1] })
		require.Equal(t, in, p.wants(at), at)
		if in {
			n++
		}
	}
	require.InDelta(t, 300, n, 40)
	require.True(t, (&sampleParts{}).wants(7))
}

func FuzzWindow(f *testing.F) {
	f.Add(int64(0), int64(100), 0.1, 0.5)
	f.Add(int64(-7), int64(3), 0.0, 1.0)
	f.Fuzz(func(t *testing.T, from, length int64, a, b float64) {
		if length <= 0 || length > 1<<53 || from < -1<<60 || from > 1<<60 || !(a >= 0 && a < b && b <= 1) { //nolint:staticcheck // also of what is no number
			return
		}
		slice := [2]int64{from, from + length}
		sum, covered := 0.0, [][2]int64{}
		for _, part := range [][2]float64{{0, a}, {a, b}} {
			for _, w := range window(slice, part[0], part[1]) {
				if w[0] < slice[0] || w[1] > slice[1] {
					t.Fatalf("%v is not in %v", w, slice)
				}
				if w[0] >= w[1] {
					continue
				}
				for _, o := range covered {
					if w[0] < o[1] && o[0] < w[1] {
						t.Fatalf("%v overlaps %v", w, o)
					}
				}
				covered = append(covered, w)
				sum += float64(w[1] - w[0])
			}
		}
		if want := b * float64(length); math.Abs(sum-want) > 4 {
			t.Fatalf("%v of %v is %v long, want %v", b, slice, sum, want)
		}
	})
}

// TestLogqlCause: what an answer offers to select a cause by is LogQL.
func TestLogqlCause(t *testing.T) {
	url := memory("culprit-filters")
	writeArchive(t, url, 1, troubled(), base.Add(20*time.Minute))
	h := newAPI(t, url, nil)
	for _, c := range askCulprit(t, h, "start", minute(6), "end", minute(8)).Causes {
		e, err := logql.ParseLog("{" + c.Matcher + "} " + c.Filter)
		require.NoError(t, err)
		require.NotEmpty(t, e.Matchers)
	}
}
