// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grokprocessor

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

func newScratch() *scratch { return &scratch{fields: pcommon.NewMap()} }

func TestJSON(t *testing.T) {
	check := func(text string, want map[string]any) {
		t.Helper()
		s := newScratch()
		o := (&jsonParser{maxDepth: 8, maxFields: 20}).parse(text, s)
		if want == nil {
			assert.NotEqual(t, outcomeParsed, o, text)
			return
		}
		assert.Equal(t, outcomeParsed, o, text)
		assert.Equal(t, want, s.fields.AsRaw(), text)
	}
	check(`{}`, map[string]any{})
	check(` { "a" : [ 1 , -2.5e3 , true , null , "x" ] } `+"\r\n", map[string]any{"a": []any{int64(1), -2500.0, true, nil, "x"}})
	check(`{"a":{"b":{"c":1}}}`, map[string]any{"a": map[string]any{"b": map[string]any{"c": int64(1)}}})
	check(`{"a":1,"a":2}`, map[string]any{"a": int64(2)})
	check(`{"i":9223372036854775807,"u":18446744073709551615,"n":-9223372036854775809,"f":1e999,"z":-0.0}`,
		map[string]any{"i": int64(math.MaxInt64), "u": "18446744073709551615", "n": "-9223372036854775809", "f": "1e999", "z": math.Copysign(0, -1)})
	check(`{"s":"\"\\\/\b\f\n\r\té\ud83d\ude00\ud83d x\udead"}`, map[string]any{"s": "\"\\/\b\f\n\r\té😀\uFFFD x\uFFFD"})
	check("{\"s\":\"caf\xe9\",\"k\xff\":1}", map[string]any{"s": "caf\uFFFD", "k\uFFFD": int64(1)})
	check("{\"s\":\"tab\there\"}", map[string]any{"s": "tab\there"})
	for _, bad := range []string{
		"", "null", "1", `"x"`, "[]", "{", "{]", `{"a"}`, `{"a":}`, `{"a":1,}`, `{"a":1}{}`, `{"a":1} x`, `{a:1}`, `{"a":01}`, `{"a":1.}`, `{"a":-}`,
		`{"a":tru}`, `{"a":"x}`, `{"a":"\q"}`, `{"a":"\u12"}`, `{"a":1 "b":2}`, `{'a':1}`, `{"a":.5}`, `{"a":1e}`, `{"a":NaN}`,
	} {
		check(bad, nil)
	}
	assert.Equal(t, outcomeTooDeep, (&jsonParser{maxDepth: 3, maxFields: 99}).parse(`{"a":[[[1]]]}`, newScratch()))
	assert.Equal(t, outcomeTooManyFields, (&jsonParser{maxDepth: 3, maxFields: 2}).parse(`{"a":1,"b":2,"c":3}`, newScratch()))
	assert.Equal(t, outcomeTooDeep, (&jsonParser{maxDepth: 64, maxFields: math.MaxInt}).parse(strings.Repeat(`{"a":`, 100_000), newScratch()))
}

// FuzzJSON: what encoding/json takes for an object is one here too, with the same keys.
func FuzzJSON(f *testing.F) {
	for _, seed := range []string{`{}`, `{"a":[1,2,{"b":null}],"c":"\u00e9\ud83d\ude00"}`, `{"a":1e5,"b":-0.5}`, `{"a":"\`, "{\"\xff\":1}"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s := newScratch()
		o := (&jsonParser{maxDepth: 20, maxFields: 200}).parse(text, s)
		var want map[string]any
		err := json.Unmarshal([]byte(text), &want)
		if err == nil && want != nil && o != outcomeParsed && o != outcomeTooDeep && o != outcomeTooManyFields {
			t.Fatalf("%q is JSON, got %v", text, o)
		}
		if err == nil && o == outcomeParsed && len(want) != s.fields.Len() {
			t.Fatalf("%q: %d keys, want %d", text, s.fields.Len(), len(want))
		}
	})
}

func TestLogfmt(t *testing.T) {
	check := func(text string, want map[string]any) {
		t.Helper()
		s := newScratch()
		o := (&logfmtParser{maxFields: 5}).parse(text, s)
		if want == nil {
			assert.Equal(t, outcomeNoMatch, o, text)
			return
		}
		assert.Equal(t, outcomeParsed, o, text)
		assert.Equal(t, want, s.fields.AsRaw(), text)
	}
	check(`a=1 b="two words" c= d="q \" \n"`, map[string]any{"a": "1", "b": "two words", "c": "", "d": "q \" \n"})
	check("  level=info\turl=http://x/?a=b&c=d \r\n", map[string]any{"level": "info", "url": "http://x/?a=b&c=d"})
	check("a=1 a=2", map[string]any{"a": "2"})
	check("é=\xff", map[string]any{"é": "\uFFFD"})
	for _, bad := range []string{"", "   ", "word", "a=1 word", "hello a=1", `a="open`, `a="x"y`, "=1", `"a"=1`, `{"a":1}`} {
		check(bad, nil)
	}
	assert.Equal(t, outcomeTooManyFields, (&logfmtParser{maxFields: 2}).parse("a=1 b=2 c=3", newScratch()))
}

// FuzzLogfmt: no text makes it panic or bring more fields than allowed.
func FuzzLogfmt(f *testing.F) {
	f.Add(`a=1 b="two \" words" c=`)
	f.Add("a=\"\\u12\xff")
	f.Fuzz(func(t *testing.T, text string) {
		s := newScratch()
		(&logfmtParser{maxFields: 10}).parse(text, s)
		require.LessOrEqual(t, s.fields.Len(), 10)
	})
}

func TestTimestamp(t *testing.T) {
	seen := time.Date(2024, 3, 1, 12, 0, 0, 0, time.UTC)
	read := func(cfg TimestampConfig, v any) string {
		t.Helper()
		r, err := newTimestampReader(&cfg)
		require.NoError(t, err)
		val := pcommon.NewValueEmpty()
		require.NoError(t, val.FromRaw(v))
		ns, ok := r.read(val, pcommon.NewTimestampFromTime(seen))
		if !ok {
			return ""
		}
		return time.Unix(0, ns).UTC().Format(time.RFC3339Nano)
	}
	for text, want := range map[any]string{
		"2026-01-15T00:00:01Z":                "2026-01-15T00:00:01Z",
		"2026-01-15T00:00:01.224Z":            "2026-01-15T00:00:01.224Z",
		"2026-01-15 00:00:01,224":             "2026-01-15T00:00:01.224Z",
		"2026-01-15 00:00:01.123456789 +0200": "2026-01-14T22:00:01.123456789Z",
		"2026-01-15t00:00:01-03:30":           "2026-01-15T03:30:01Z",
		"2026-01-15 00:00:01 UTC":             "2026-01-15T00:00:01Z",
		"2016-12-31T23:59:60Z":                "2017-01-01T00:00:00Z",
		"2026-02-30T00:00:00Z":                "",
		"2026-01-15T24:00:00Z":                "",
		"2026-01-15T00:00:01.Z":               "",
		"10/Oct/2023:13:55:36 -0700":          "2023-10-10T20:55:36Z",
		"Feb 29 01:02:03":                     "2024-02-29T01:02:03Z",
		"Dec 31 23:59:59":                     "2023-12-31T23:59:59Z",   // two months ago, not in ten
		"Mar  2 00:00:00.5":                   "2024-03-02T00:00:00.5Z", // a clock or a zone ahead
		"Sun Dec 04 04:47:44 2005":            "2005-12-04T04:47:44Z",
		"Sun Dec  4 04:47:44.123456 2005":     "2005-12-04T04:47:44.123456Z",
		"Sun, 04 Dec 2005 04:47:44 GMT":       "2005-12-04T04:47:44Z",
		"Sun, 04 Dec 2005 04:47:44 PDT":       "", // hours off if it were taken for UTC
		"Sun, 4 Dec 2005 04:47:44 -0800":      "2005-12-04T12:47:44Z",
		"2005/12/04 04:47:44.25":              "2005-12-04T04:47:44.25Z",
		"Mar 12 00:00:00":                     "2023-03-12T00:00:00Z", // a year ago, not in eleven days
		"0301 04:47:44.123456":                "2024-03-01T04:47:44.123456Z",
		"31-Jul-2020 16:40:38.578":            "2020-07-31T16:40:38.578Z",
		"Jan 9, 2014 7:13:13 PM":              "2014-01-09T19:13:13Z",
		"1768435199":                          "2026-01-14T23:59:59Z",
		"1768435199.193018":                   "2026-01-14T23:59:59.193018Z",
		"1768435199193":                       "2026-01-14T23:59:59.193Z",
		"1768435199193018":                    "2026-01-14T23:59:59.193018Z",
		"1768435199193018761":                 "2026-01-14T23:59:59.193018761Z",
		int64(1768435199193):                  "2026-01-14T23:59:59.193Z",
		1768435199.193018:                     "2026-01-14T23:59:59.193018Z",
		int64(12):                             "",
		"12":                                  "",
		"soon":                                "",
		"":                                    "",
		"01/02/03 04:05:06":                   "",
		true:                                  "",
		math.Inf(1):                           "",
		int64(math.MinInt64):                  "",
		"9999999999999999999999":              "",
		"0001-01-01T00:00:00Z":                "",
		"2099-01-01T00:00:00Z":                "2099-01-01T00:00:00Z",
	} {
		assert.Equal(t, want, read(TimestampConfig{}, text), "%v", text)
	}
	assert.Equal(t, "2026-01-14T23:00:01Z", read(TimestampConfig{Location: "Europe/Berlin"}, "2026-01-15 00:00:01"))
	assert.Equal(t, "2024-02-29T23:00:00Z", read(TimestampConfig{Location: "Europe/Berlin"}, "Mar  1 00:00:00"))
	assert.Equal(t, "2017-06-09T20:10:40Z", read(TimestampConfig{Layouts: []string{"060102 150405", "06/01/02 15:04:05"}}, "17/06/09 20:10:40"))
	assert.Empty(t, read(TimestampConfig{Layouts: []string{"06/01/02 15:04:05"}}, "2026-01-15T00:00:01Z"))
	assert.Equal(t, "1970-01-01T00:00:12.5Z", read(TimestampConfig{Layouts: []string{"unix_s"}}, "12.5"))
	assert.Equal(t, "1970-01-01T00:00:12Z", read(TimestampConfig{Layouts: []string{"unix_ms"}}, int64(12000)))
}

func FuzzTimestamp(f *testing.F) {
	f.Add("2026-01-15T00:00:01.224+01:00")
	f.Add("Jan _2 15:04:05")
	r, err := newTimestampReader(&TimestampConfig{})
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, text string) {
		if ns, ok := r.text(text, 0); ok && ns < 0 {
			t.Fatalf("%q is %d", text, ns)
		}
	})
}

func TestSeverity(t *testing.T) {
	read := func(name string, v any, mapping map[string]string) (string, plog.SeverityNumber) {
		t.Helper()
		r, err := newSeverityReader(&SeverityConfig{Mapping: mapping})
		require.NoError(t, err)
		val := pcommon.NewValueEmpty()
		require.NoError(t, val.FromRaw(v))
		text, n, ok := r.read(name, val)
		if !ok {
			return "", -1
		}
		return text, n
	}
	check := func(name string, v any, wantText string, want plog.SeverityNumber) {
		t.Helper()
		text, n := read(name, v, map[string]string{"Hot": "error2", "5": "debug"})
		assert.Equal(t, want, n, "%s %v", name, v)
		assert.Equal(t, wantText, text, "%s %v", name, v)
	}
	check("level", "INFO", "INFO", plog.SeverityNumberInfo)
	check("level", "warning", "warning", plog.SeverityNumberWarn)
	check("level", " Error ", "Error", plog.SeverityNumberError)
	check("level", "FATAL", "FATAL", plog.SeverityNumberFatal)
	check("level", "notice", "notice", plog.SeverityNumberInfo2)
	check("level", "W", "W", plog.SeverityNumberWarn)
	check("level", int64(30), "INFO", plog.SeverityNumberInfo)
	check("level", "50", "ERROR", plog.SeverityNumberError)
	check("level", int64(3), "err", plog.SeverityNumberError)
	check("level", int64(5), "5", plog.SeverityNumberDebug)
	check("level", "hot", "hot", plog.SeverityNumberError2)
	check("syslog.priority", int64(134), "info", plog.SeverityNumberInfo)
	check("syslog5424_pri", "165", "notice", plog.SeverityNumberInfo2)
	check("PRIORITY", "3", "err", plog.SeverityNumberError)
	check("priority", int64(192), "", -1)
	check("level", "loud", "", -1)
	check("level", int64(99), "", -1)
	check("level", "", "", -1)
	check("level", strings.Repeat("x", 100), "", -1)
}

func TestTrace(t *testing.T) {
	for _, tc := range []struct {
		fields      map[string]any
		trace, span string
		failures    int64
	}{
		{map[string]any{"trace_id": "4d60b181d5a64bec76027b3dedb61e0a", "span_id": "9d58e0c8a660ad15"}, "4d60b181d5a64bec76027b3dedb61e0a", "9d58e0c8a660ad15", 0},
		{map[string]any{"traceparent": "00-4d60b181d5a64bec76027b3dedb61e0a-9d58e0c8a660ad15-01"}, "4d60b181d5a64bec76027b3dedb61e0a", "9d58e0c8a660ad15", 0},
		{map[string]any{"trace": map[string]any{"id": "4D60B181-D5A6-4BEC-7602-7B3DEDB61E0A"}}, "4d60b181d5a64bec76027b3dedb61e0a", "", 0},
		{map[string]any{"traceId": "9d58e0c8a660ad15"}, "00000000000000009d58e0c8a660ad15", "", 0},
		{map[string]any{"trace_id": "00000000000000000000000000000000", "span_id": "xyz"}, "", "", 2},
		{map[string]any{"trace_id": "not a trace", "span_id": int64(12)}, "", "", 2},
		{map[string]any{"traceparent": "00"}, "", "", 2},
		{map[string]any{"other": "x"}, "", "", 0},
	} {
		r := rule{traceID: newFieldNames("", traceIDNames), spanID: newFieldNames("", spanIDNames)}
		m := pcommon.NewMap()
		require.NoError(t, m.FromRaw(tc.fields))
		lr, fails := plog.NewLogRecord(), make([]int64, failureCount)
		r.applyTrace(m, lr, fails)
		assert.Equal(t, tc.trace, lr.TraceID().String())
		assert.Equal(t, tc.span, lr.SpanID().String())
		assert.Equal(t, tc.failures, fails[failureTraceID]+fails[failureSpanID], "%v", tc.fields)
	}
}
