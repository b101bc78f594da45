// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivequeryextension

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/logboom/logboom/logql"
)

// trailAnswer is the answer of the endpoint.
type trailAnswer struct {
	Data struct {
		IDs     []trailID `json:"ids"`
		Records []struct {
			Time     string            `json:"time"`
			Line     string            `json:"line"`
			Stream   map[string]string `json:"stream"`
			Metadata map[string]string `json:"metadata"`
			Service  string            `json:"service"`
			Level    string            `json:"level"`
			Offset   int64             `json:"offset_ns"`
			Lane     int               `json:"lane"`
		} `json:"records"`
		Lanes      []laneJSON `json:"lanes"`
		Gaps       []gapJSON  `json:"gaps"`
		FirstError *int       `json:"first_error"`
		ErrorText  string     `json:"error_text"`
		Truncated  bool       `json:"truncated"`
		Clock      *clockJSON `json:"clock"`
	} `json:"data"`
}

func (a *trailAnswer) lines() (out []string) {
	for _, r := range a.Data.Records {
		out = append(out, r.Service+": "+r.Line)
	}
	return out
}

func askTrail(t *testing.T, h http.Handler, kv ...string) *trailAnswer {
	t.Helper()
	w := do(h, http.MethodGet, "/logboom/api/v1/trail?"+urlValues(kv...).Encode(), "")
	require.Equal(t, http.StatusOK, w.Code, w.Body)
	var a trailAnswer
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &a), w.Body)
	require.NotNil(t, a.Data.Records)
	require.NotNil(t, a.Data.Lanes)
	require.NotNil(t, a.Data.Gaps)
	return &a
}

// step is a record of a request.
type step struct {
	service    string
	at         time.Duration
	skew       time.Duration // of the service's clock
	line       string
	attributes map[string]string
	trace      bool
	severity   plog.SeverityNumber
}

var trailTrace = [16]byte{0xab, 0xcd, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14}

const trailTraceID = "abcd0102030405060708090a0b0c0d0e"

func stepLogs(steps ...step) plog.Logs {
	ld := plog.NewLogs()
	for _, s := range steps {
		rl := ld.ResourceLogs().AppendEmpty()
		rl.Resource().Attributes().PutStr("service.name", s.service)
		rl.Resource().Attributes().PutStr("k8s.pod.name", s.service+"-1")
		r := rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
		r.SetTimestamp(pcommon.NewTimestampFromTime(base.Add(s.at + s.skew)))
		r.SetObservedTimestamp(pcommon.NewTimestampFromTime(base.Add(s.at + 5*time.Millisecond)))
		r.Body().SetStr(s.line)
		for k, v := range s.attributes {
			r.Attributes().PutStr(k, v)
		}
		if s.trace {
			r.SetTraceID(trailTrace)
		}
		r.SetSeverityNumber(s.severity)
	}
	return ld
}

// requestSteps are a request that payment fails, through services that know it by different ids and whose clocks differ, among others.
func requestSteps() []step {
	ms := time.Millisecond
	return []step{
		{service: "gateway", at: 11 * ms, skew: 900 * ms, line: `{"msg":"POST /checkout","request_id":"req-7788-aa"}`, trace: true, severity: plog.SeverityNumberInfo},
		{service: "checkout", at: 25 * ms, skew: -700 * ms, line: "started", trace: true, attributes: map[string]string{"x-request-id": "req-7788-aa"}, severity: plog.SeverityNumberInfo},
		{service: "payment", at: 41 * ms, line: "charging card", trace: true, severity: plog.SeverityNumberInfo},
		{service: "payment", at: 3041 * ms, line: "acquirer: i/o timeout\n\tat pay.Acquirer", trace: true, severity: plog.SeverityNumberError},
		{service: "checkout", at: 3050 * ms, skew: -700 * ms, line: "payment answered 503", trace: true, severity: plog.SeverityNumberError},
		{service: "gateway", at: 3061 * ms, skew: 900 * ms, line: `{"msg":"upstream checkout failed","level":"ERROR","request_id":"req-7788-aa"}`, trace: true},
		{service: "edge", at: 3070 * ms, line: `10.0.0.1 - - [x] "POST /checkout HTTP/1.1" 503 12 "-" rid="req-7788-aa"`},
		{service: "gateway", at: 20 * ms, line: `{"msg":"GET /","request_id":"req-7788-aa2"}`, severity: plog.SeverityNumberInfo},
		{service: "payment", at: 50 * ms, line: "ERROR of another request req-9999", severity: plog.SeverityNumberError},
	}
}

func TestTrail(t *testing.T) {
	h := logsAPI(t, stepLogs(requestSteps()...))
	want := []string{
		`gateway: {"msg":"POST /checkout","request_id":"req-7788-aa"}`,
		"checkout: started", "payment: charging card", "payment: acquirer: i/o timeout\n\tat pay.Acquirer", "checkout: payment answered 503",
		`gateway: {"msg":"upstream checkout failed","level":"ERROR","request_id":"req-7788-aa"}`,
		`edge: 10.0.0.1 - - [x] "POST /checkout HTTP/1.1" 503 12 "-" rid="req-7788-aa"`,
	}
	// By whatever id, however it is written, the trail is the same, in the order in which it happened.
	for id, name := range map[string]string{
		"req-7788-aa": "x_request_id", trailTraceID: "trace_id", strings.ToUpper(trailTraceID): "trace_id", ` "` + trailTraceID + `" `: "trace_id",
		"00-" + trailTraceID + "-00f067aa0ba902b7-01": "trace_id", "abcd0102-0304-0506-0708-090a0b0c0d0e": "trace_id",
	} {
		a := askTrail(t, h, "id", id)
		require.Equal(t, want, a.lines(), id)
		require.Len(t, a.Data.IDs, 2, id)
		if name == "trace_id" {
			require.Equal(t, trailID{"trace_id", trailTraceID}, a.Data.IDs[0])
		} else {
			require.Equal(t, "req-7788-aa", a.Data.IDs[0].Value)
		}
		require.False(t, a.Data.Truncated)
		require.Equal(t, 3, *a.Data.FirstError)
		require.Equal(t, "acquirer: i/o timeout", a.Data.ErrorText)
		require.True(t, a.Data.Clock.Corrected)
		require.InDelta(t, 900*time.Millisecond, a.Data.Clock.Offsets["gateway"], float64(time.Millisecond))
		require.InDelta(t, -700*time.Millisecond, a.Data.Clock.Offsets["checkout"], float64(time.Millisecond))
		require.Equal(t, []gapJSON{{2, int64(3 * time.Second)}}, a.Data.Gaps)
		require.Len(t, a.Data.Lanes, 4)
		require.Equal(t, laneJSON{
			Service: "payment", Pod: "payment-1", First: nsOf(base.Add(41 * time.Millisecond)), Last: nsOf(base.Add(3041 * time.Millisecond)),
			Duration: int64(3 * time.Second), Records: 2, Errors: 1,
		}, a.Data.Lanes[2])
		r := a.Data.Records[5]
		require.Equal(t, "error", r.Level, "its line says so")
		require.Equal(t, 0, r.Lane)
		require.Equal(t, int64(3050*time.Millisecond), r.Offset)
		require.Equal(t, nsOf(base.Add(3961*time.Millisecond)), r.Time, "its own")
		require.Equal(t, trailTraceID, r.Metadata["trace_id"])
	}
	a := askTrail(t, h, "id", "req-9999")
	require.Equal(t, []string{"payment: ERROR of another request req-9999"}, a.lines())
	require.Equal(t, []trailID{{"text", "req-9999"}}, a.Data.IDs)
	require.Equal(t, 0, *a.Data.FirstError)
	require.Nil(t, a.Data.Clock)

	a = askTrail(t, h, "id", "no-such-id")
	require.Empty(t, a.Data.Records)
	require.Equal(t, []trailID{{"", "no-such-id"}}, a.Data.IDs)
	require.Nil(t, a.Data.FirstError)

	a = askTrail(t, h, "id", trailTraceID, "limit", "3")
	require.Len(t, a.Data.Records, 3)
	require.True(t, a.Data.Truncated)
	a = askTrail(t, h, "id", trailTraceID, "start", nsOf(base.Add(-time.Second)), "end", nsOf(base.Add(time.Second)))
	require.Len(t, a.Data.Records, 3, "by the records' own times")
	a = askTrail(t, h, "id", trailTraceID, "end", nsOf(base.Add(time.Second)))
	require.Len(t, a.Data.Records, 3)

	for _, bad := range []url.Values{
		urlValues(), urlValues("id", "abc"), urlValues("id", strings.Repeat("x", 300)), urlValues("id", "abcdef", "limit", "0"),
		urlValues("id", "abcdef", "limit", "100000"), urlValues("id", "abcdef", "start", "x"), urlValues("id", "abcdef", "start", "5", "end", "4"),
	} {
		require.Equal(t, http.StatusBadRequest, do(h, http.MethodGet, "/logboom/api/v1/trail?"+bad.Encode(), "").Code, bad)
	}
}

// TestTrailOfMany: what many requests have in common is no reason to show all of them.
func TestTrailOfMany(t *testing.T) {
	var steps []step
	for i := range 20 {
		for _, service := range []string{"gateway", "cart"} {
			s := step{service: service, at: time.Duration(i) * time.Second, line: "work", attributes: map[string]string{"request_id": fmt.Sprintf("request-%04d", i)}}
			if service == "cart" {
				s.attributes["user"] = "user-42"
			}
			steps = append(steps, s)
		}
	}
	h := logsAPI(t, stepLogs(steps...))
	a := askTrail(t, h, "id", "user-42")
	require.Len(t, a.Data.Records, 20)
	require.Equal(t, []trailID{{"user", "user-42"}}, a.Data.IDs)
	a = askTrail(t, h, "id", "request-0007")
	require.Len(t, a.Data.Records, 2)
}

// TestTrailLimit: what a query may return holds for trails.
func TestTrailLimit(t *testing.T) {
	where := memory("trail")
	writeArchive(t, where, 1, shopLogs(), base.Add(2*time.Minute))
	h := newAPI(t, where, func(c *Config) { c.Query.MaxEntries = 3 })
	a := askTrail(t, h, "id", "checkout")
	require.Len(t, a.Data.Records, 3)
	require.True(t, a.Data.Truncated)
	w := do(h, http.MethodGet, "/logboom/api/v1/trail?id=checkout&limit=4", "")
	require.Equal(t, http.StatusBadRequest, w.Code)
}

// TestTrailOfLongLines: a trail is bounded in bytes.
func TestTrailOfLongLines(t *testing.T) {
	var steps []step
	for i := range 40 {
		steps = append(steps, step{service: "cart", at: time.Duration(i) * time.Second, line: "id-1234 " + strings.Repeat("x", maxTrailLine+100)})
	}
	h := logsAPI(t, stepLogs(steps...))
	a := askTrail(t, h, "id", "id-1234")
	require.True(t, a.Data.Truncated)
	require.Less(t, len(a.Data.Records), 40)
	require.Len(t, a.Data.Records[0].Line, maxTrailLine)
}

func TestTrailTenants(t *testing.T) {
	url := memory("trail")
	writeArchive(t, url, 1, stepLogs(requestSteps()...), base.Add(time.Hour))
	h := newAPI(t, url, func(c *Config) { c.Query.MaxRange = time.Hour })
	a := askTrail(t, h, "id", trailTraceID)
	require.Empty(t, a.Data.Records, "no further back than queries may")
	a = askTrail(t, h, "id", trailTraceID, "start", nsOf(base.Add(-time.Second)), "end", nsOf(base.Add(59*time.Minute)))
	require.Len(t, a.Data.Records, 7)
	h = newAPI(t, url, func(c *Config) { c.Tenants.Enabled = true })
	require.Equal(t, http.StatusUnauthorized, do(h, http.MethodGet, "/logboom/api/v1/trail?id="+trailTraceID, "").Code)
}

func TestLinkNames(t *testing.T) {
	for name, want := range map[string]string{
		"trace_id": "trace", "TraceId": "trace", "traceid": "trace", "dd.trace_id": "trace", "X-B3-TraceId": "trace", "request_id": "request", "requestId": "request",
		"http_request_id": "request", "x_request_id": "request", "X-Correlation-ID": "request", "rid": "request", "reqId": "request", "x_amzn_trace_id": "trace",
		"trace_id_extracted": "trace", "http_request_header_x_request_id": "request",
		"grid": "", "parent_request_id": "", "span_id": "", "user_id": "", "id": "", "pod_id": "", "": "", "order_id": "", "session_id": "",
	} {
		require.Equal(t, want, linkOf(name), name)
	}
	for v, want := range map[string]bool{"12345678": true, "short": false, "00000000-0000-0000": false, "two words here": false, "------------": false} {
		require.Equal(t, want, isLinkValue(v), v)
	}
}

func TestHasID(t *testing.T) {
	for text, want := range map[string]bool{
		"id-7": true, `"id-7"`: true, "xid-7": false, "id-77": false, "id-77 id-7": true, "": false, "a=id-7;": true, "id-7-8": true,
	} {
		require.Equal(t, want, hasID(text, "id-7"), text)
	}
}

func TestLevelOfRecord(t *testing.T) {
	for line, want := range map[string]string{
		"<11>Jan 15 00:00:01 host shipping: carrier API error 503": "error", "<190>1 2026-01-15T00:00:01Z host app": "info", "<8>x": "fatal",
		"<999>x ERROR": "error", "<a>": "unknown", "<": "unknown", "": "unknown",
		"2026-01-15 00:00:01,234 ERROR [main] c.shop.X - no": "error", "all errors are gone": "unknown", "[WARN] x": "warn",
		`{"severity":"critical"}`: "critical", "level=warn msg=x": "warn",
	} {
		var parser logql.FieldParser
		fields, _ := parser.Parse(nil, nil, line)
		require.Equal(t, want, levelOfRecord(&trailRecord{recordJSON: recordJSON{Line: line}}, fields), line)
	}
	require.Equal(t, "debug", levelOfRecord(&trailRecord{recordJSON: recordJSON{Line: "ERROR", Metadata: logql.Labels{{Name: "detected_level", Value: "debug"}}}}, nil))
}

func TestAccessStatus(t *testing.T) {
	for line, want := range map[string]int{
		`1.2.3.4 - - [x] "GET / HTTP/1.1" 503 12`: 503, `1.2.3.4 - - [x] "GET / HTTP/2" 200 12`: 200, `GET / HTTP/1.1`: 0, `" HTTP/1.1" 999 1`: 0,
		`"GET / HTTP/1.1" 50`: 0, "": 0, `text HTTP/1.1" -10 `: 0,
	} {
		require.Equal(t, want, accessStatus(line), line)
	}
}

// FuzzTrail: whatever the id and the lines, each record that has it is found, once, and all places fit.
func FuzzTrail(f *testing.F) {
	f.Add("req-7788-aa", `{"request_id":"req-7788-aa","level":"error"}`, "trace_id", "0000")
	f.Add("\xff\x00\n'\"", "a=b", "", "")
	f.Add("00-00000000000000000000000000000000-0000000000000000-00", "", "rid", "00-00000000000000000000000000000000-0000000000000000-00")
	f.Fuzz(func(t *testing.T, id, line, name, value string) {
		for _, s := range spellings(id) {
			if s == id {
				t.Fatalf("%q is no other spelling", s)
			}
		}
		_ = hasID(line, id+"x")
		_ = linkOf(name)
		find := &trailFinder{ids: []trailID{{Value: id}}, limit: 10}
		for i := range 3 {
			r := makeRecord(&logql.Entry{Timestamp: int64(i), Line: line, Metadata: logql.Labels{{Name: name, Value: value}}}, maxTrailLine, maxRecordValue)
			find.records = append(find.records, trailRecord{recordJSON: r, observed: int64(len(line))})
		}
		for _, l := range find.linked() {
			if l.Value == id || len(l.Value) > maxTrailID {
				t.Fatalf("%q is not to be followed", l.Value)
			}
		}
		find.name(&find.ids[0])
		tr := find.trail()
		b, err := json.Marshal(tr)
		if err != nil || !json.Valid(b) || len(tr.Records) != 3 {
			t.Fatal(err, string(b))
		}
		if tr.FirstError != nil && (*tr.FirstError < 0 || *tr.FirstError > 2) || slices.ContainsFunc(tr.Records, func(r trailRecordJSON) bool { return r.lane >= len(tr.Lanes) }) {
			t.Fatal(string(b))
		}
	})
}
