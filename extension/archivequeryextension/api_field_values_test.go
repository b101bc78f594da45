// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivequeryextension

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/logboom/logboom/logql"
)

// fieldsAnswer is the answer of the endpoint.
type fieldsAnswer struct {
	Status string `json:"status"`
	Data   struct {
		LookedAt int64       `json:"looked_at"`
		Total    int64       `json:"total"`
		Complete bool        `json:"complete"`
		Fields   []fieldJSON `json:"fields"`
	} `json:"data"`
}

func (a *fieldsAnswer) field(t *testing.T, name, from string) *fieldJSON {
	t.Helper()
	for i := range a.Data.Fields {
		if f := &a.Data.Fields[i]; f.Name == name && f.From == from {
			return f
		}
	}
	require.Fail(t, "no field", "%s from %s", name, from)
	return nil
}

func askFields(t *testing.T, h http.Handler, v url.Values) *fieldsAnswer {
	t.Helper()
	w := do(h, http.MethodGet, "/logboom/api/v1/fields?"+v.Encode(), "")
	require.Equal(t, http.StatusOK, w.Code, w.Body)
	var a fieldsAnswer
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &a))
	return &a
}

// manyLogs are n records in an hour, three of four of "cart" and the rest of "edge", all with a pod, a JSON body with took_ms = i%100 and
// a text at every full minute.
func manyLogs(n int) plog.Logs {
	ld := plog.NewLogs()
	scopes := map[string]plog.ScopeLogs{}
	for i := range n {
		service := "cart"
		if i%4 == 3 {
			service = "edge"
		}
		s, ok := scopes[service]
		if !ok {
			rl := ld.ResourceLogs().AppendEmpty()
			rl.Resource().Attributes().PutStr("service.name", service)
			s = rl.ScopeLogs().AppendEmpty()
			scopes[service] = s
		}
		r := s.LogRecords().AppendEmpty()
		at := base.Add(time.Duration(i) * time.Hour / time.Duration(n))
		r.SetTimestamp(pcommon.NewTimestampFromTime(at))
		r.SetSeverityNumber(plog.SeverityNumberInfo)
		if i%10 == 0 {
			r.SetSeverityNumber(plog.SeverityNumberError)
		}
		r.Attributes().PutStr("k8s.pod.name", fmt.Sprintf("%s-%d", service, i%3))
		r.Attributes().PutStr("request_id", fmt.Sprintf("req-%d", i))
		r.Body().SetStr(fmt.Sprintf(`{"took_ms":%d,"request_id":"req-%d","nested":{"ok":true}}`, i%100, i))
	}
	return ld
}

// logsAPI is an extension over an archive of these records.
func logsAPI(t testing.TB, ld plog.Logs) http.Handler {
	url := memory("logs")
	writeArchive(t, url, 1, ld, base.Add(3*time.Hour))
	return newAPI(t, url, nil)
}

// nsOf is a time as a parameter.
func nsOf(t time.Time) string { return strconv.FormatInt(t.UnixNano(), 10) }

func TestFields(t *testing.T) {
	h := logsAPI(t, manyLogs(6000))
	rng := url.Values{"start": {nsOf(base)}, "end": {nsOf(base.Add(time.Hour))}}
	with := func(kv ...string) url.Values {
		v := url.Values{}
		for name, values := range rng {
			v[name] = values
		}
		for i := 0; i < len(kv); i += 2 {
			v.Set(kv[i], kv[i+1])
		}
		return v
	}

	// A sample, in the middle of exact counts.
	a := askFields(t, h, with("query", `{service_name=~".+"}`))
	require.EqualValues(t, 6000, a.Data.Total)
	require.EqualValues(t, defaultFieldSample, a.Data.LookedAt)
	require.False(t, a.Data.Complete)
	require.Equal(t, labelService, a.Data.Fields[0].Name)
	require.Equal(t, "detected_level", a.Data.Fields[1].Name)
	f := a.field(t, "service_name", "stream")
	require.True(t, f.Exact)
	require.True(t, f.MatcherOnly)
	require.Equal(t, []valueCount{{"cart", 4500}, {"edge", 1500}}, f.Values)
	f = a.field(t, "detected_level", "metadata")
	require.True(t, f.Exact)
	require.Equal(t, []valueCount{{"info", 5400}, {"error", 600}}, f.Values)
	f = a.field(t, "took_ms", "json")
	require.False(t, f.Exact)
	require.False(t, f.MatcherOnly)
	require.EqualValues(t, defaultFieldSample, f.Records)
	require.Equal(t, "int", f.Type)
	require.Equal(t, 100, f.Distinct)
	require.Len(t, f.Values, defaultTopValues)
	require.InDelta(t, 0, f.Number.Min, 0)
	require.InDelta(t, 99, f.Number.Max, 0)
	require.InDelta(t, 50, f.Number.P50, 5)
	require.InDelta(t, 95, f.Number.P95, 3)
	require.Equal(t, "boolean", a.field(t, "nested_ok", "json").Type)
	require.Equal(t, "metadata", a.field(t, "request_id", "metadata").From)
	for _, f := range a.Data.Fields {
		require.NotContains(t, f.Name, "_extracted", "the line says it once more")
	}
	// The sample is spread: it has records of each tenth of the range.
	tenths := map[int]bool{}
	all := askFields(t, h, with("query", `{service_name=~".+"}`, "field", "request_id", "values", "1000", "sample", "900"))
	for _, v := range all.field(t, "request_id", "metadata").Values {
		var i int
		_, err := fmt.Sscanf(v.Value, "req-%d", &i)
		require.NoError(t, err)
		tenths[i/600] = true
	}
	require.Len(t, tenths, 10)

	// All of few records.
	a = askFields(t, h, with("query", `{service_name="edge"} | json | took_ms<8`))
	require.True(t, a.Data.Complete)
	require.EqualValues(t, 120, a.Data.Total)
	f = a.field(t, "took_ms", "query")
	require.Equal(t, []valueCount{{"3", 60}, {"7", 60}}, f.Values)
	require.Equal(t, &numberJSON{Min: 3, Max: 7, P50: 3, P95: 7, P99: 7}, f.Number)

	// Lines that a parser of the query cannot read are records, too.
	a = askFields(t, h, with("query", `{service_name=~".+"} | logfmt | label_format x="y" | json | drop z`))
	require.EqualValues(t, 6000, a.Data.Total)
	require.EqualValues(t, 6000, a.field(t, "service_name", "stream").Records)

	// One field, by what its values begin with.
	a = askFields(t, h, with("query", `{service_name=~".+"}`, "field", "k8s_pod_name", "prefix", "edge-"))
	require.Len(t, a.Data.Fields, 1)
	require.Len(t, a.Data.Fields[0].Values, 3)
	a = askFields(t, h, with("query", `{service_name=~".+"}`, "field", "service_name", "prefix", "ca"))
	require.Equal(t, []valueCount{{"cart", 4500}}, a.Data.Fields[0].Values)
	require.True(t, a.Data.Fields[0].Exact)

	// What parsing has left is looked at whole where it is not much more.
	a = askFields(t, h, with("query", `{service_name=~".+"} | json | took_ms>=50`))
	require.EqualValues(t, 3000, a.Data.Total)
	require.EqualValues(t, 3000, a.Data.LookedAt)
	require.True(t, a.Data.Complete)

	// The whole range to the record, whatever its ends.
	a = askFields(t, h, url.Values{"query": {`{service_name=~".+"} | json | took_ms>=0`}, "start": {nsOf(base.Add(7*time.Second + 3))}, "end": {nsOf(base.Add(61*time.Minute + 12345))}})
	require.EqualValues(t, 6000-12, a.Data.Total)
	a = askFields(t, h, url.Values{"query": {`{service_name=~".+"}`}, "start": {nsOf(base)}, "end": {nsOf(base)}})
	require.Zero(t, a.Data.Total, "the end does not belong to it")
	require.True(t, a.Data.Complete)

	for _, bad := range []url.Values{
		with(),
		with("query", `sum(rate({a="b"}[1m]))`),
		with("query", `{a="b"}`, "sample", "99999999"),
		with("query", `{a="b"}`, "values", "0"),
		with("query", `{a="b"}`, "prefix", "x"),
	} {
		require.Equal(t, http.StatusBadRequest, do(h, http.MethodGet, "/logboom/api/v1/fields?"+bad.Encode(), "").Code, bad)
	}
}

func TestSampleEdges(t *testing.T) {
	for _, span := range []int64{0, 1, 2, 31, 32, 33, 1000, int64(time.Second), int64(7 * time.Minute), int64(20*time.Minute) + 7, int64(time.Hour), int64(24*time.Hour) * 365 * 100} {
		for _, start := range []int64{0, 1, base.UnixNano(), base.UnixNano() + 12345, -5} {
			edges := sampleEdges(start, start+span)
			require.Equal(t, start, edges[0])
			require.Equal(t, start+span, edges[len(edges)-1])
			require.LessOrEqual(t, len(edges), 4*sampleWindows, "%d", span)
			for i := 1; i < len(edges); i++ {
				require.LessOrEqual(t, edges[i-1], edges[i])
				if span >= int64(20*time.Minute) && i < len(edges)-1 {
					require.Zero(t, edges[i]%int64(time.Minute))
				}
			}
		}
	}
	edges := sampleEdges(math.MinInt64, math.MaxInt64)
	require.Equal(t, int64(math.MinInt64), edges[0])
	require.Equal(t, int64(math.MaxInt64), edges[len(edges)-1])
	require.LessOrEqual(t, len(edges), 4*sampleWindows)
}

func TestShares(t *testing.T) {
	for _, counts := range [][]int64{{1, 1, 1000}, {0, 5, 0, 5}, {7, 7, 7}, {1000000, 1}, {3, 0, 0, 0, 100000}} {
		total := int64(0)
		for _, n := range counts {
			total += n
		}
		for _, most := range []int64{1, 2, 5, 10} {
			if most >= total {
				continue
			}
			sum := int64(0)
			out := shares(counts, total, most)
			for i, n := range out {
				require.LessOrEqual(t, n, counts[i])
				sum += n
			}
			require.Equal(t, most, sum, "%v %d: %v", counts, most, out)
		}
	}
	require.Equal(t, []int64{1, 1, 8}, shares([]int64{1, 1, 1000}, 1002, 10), "what is rare is looked at, too")
}

// FuzzTallies: whatever labels say, what is held of them is bounded, and the answer is JSON.
func FuzzTallies(f *testing.F) {
	f.Add("name", "value", `{"a":{"b":1.5},"name":"value"}`, "")
	f.Add("_x", "\xff", `a=1 b="x" /search?q=1`, "v")
	f.Add("detected_level", "1e999", `took=5ms size=10MB n=-7`, "")
	f.Fuzz(func(t *testing.T, name, value, line, prefix string) {
		set := &tallies{fields: map[tallyKey]*tally{}}
		labels := logql.Labels{{Name: name, Value: value}}
		for range 3 {
			set.add(labels, &logql.StreamEntry{Line: line, Metadata: labels})
		}
		set.replace(name, map[string]int64{value: 3, "": 1})
		b, err := json.Marshal(set.json(&fieldRequest{values: 5, prefix: prefix}))
		if err != nil || !json.Valid(b) {
			t.Fatal(err, string(b))
		}
		for _, field := range set.json(&fieldRequest{values: 5, prefix: prefix}) {
			if len(field.Values) > 5 || field.Records < int64(field.Distinct) && !field.Exact {
				t.Fatalf("%+v", field)
			}
			for _, v := range field.Values {
				if !strings.HasPrefix(v.Value, prefix) {
					t.Fatalf("%q does not begin with %q", v.Value, prefix)
				}
			}
		}
	})
}
