// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grokprocessor

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
)

// TestTimestamp: every type of value that can be a time is read; internal/logtime tests the texts.
func TestTimestamp(t *testing.T) {
	near := time.Date(2024, 3, 1, 12, 0, 0, 0, time.UTC).UnixNano()
	check := func(want string, cfg TimestampConfig, v any) {
		t.Helper()
		r, err := newTimestampReader(&cfg)
		require.NoError(t, err)
		value := pcommon.NewValueEmpty()
		require.NoError(t, value.FromRaw(v))
		got := ""
		if at, ok := readTimestamp(r, value, near); ok {
			got = time.Unix(0, at.Nanos).UTC().Format(time.RFC3339Nano)
		}
		assert.Equal(t, want, got, "%v", v)
	}
	check("2026-01-15T00:00:01Z", TimestampConfig{}, " 2026-01-15T00:00:01Z")
	check("2023-12-31T23:59:59Z", TimestampConfig{}, "Dec 31 23:59:59")
	check("2026-01-14T23:00:01Z", TimestampConfig{Location: "Europe/Berlin"}, "2026-01-15 00:00:01")
	check("2017-06-09T20:10:40Z", TimestampConfig{Layouts: []string{"06/01/02 15:04:05"}}, "17/06/09 20:10:40")
	check("2026-01-14T23:59:59.193Z", TimestampConfig{}, int64(1768435199193))
	check("1970-01-01T00:00:12Z", TimestampConfig{Layouts: []string{"unix_ms"}}, int64(12000))
	check("2026-01-14T23:59:59.193018Z", TimestampConfig{}, 1768435199.193018)
	check("", TimestampConfig{}, true)
	check("", TimestampConfig{}, nil)
	check("2026-01-15T00:00:01Z", TimestampConfig{}, []any{"2026-01-15T00:00:01Z", "x"})
	check("", TimestampConfig{}, []any{})
	check("2026-01-14T23:59:59.193018761Z", TimestampConfig{}, map[string]any{"epochSecond": int64(1768435199), "nanoOfSecond": int64(193018761)})
	check("2026-01-14T23:59:59Z", TimestampConfig{}, map[string]any{"seconds": int64(1768435199)})
	check("", TimestampConfig{}, map[string]any{"epochSecond": int64(1768435199), "nanoOfSecond": int64(1e9)})
	check("", TimestampConfig{}, map[string]any{"epochSecond": "x"})
	check("", TimestampConfig{}, map[string]any{"seconds": int64(12), "nanos": "x"})
	check("", TimestampConfig{}, map[string]any{})
}

// timesOf are the times that the records of lines get, in UTC; empty for none.
func timesOf(t *testing.T, p *grokProcessor, lines ...string) (times []string) {
	t.Helper()
	for _, lr := range process(t, p, time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), lines...) {
		at := ""
		if lr.Timestamp() > 0 {
			at = lr.Timestamp().AsTime().Format(time.RFC3339Nano)
		}
		times = append(times, at)
	}
	return times
}

func testConfig(rule RuleConfig) *Config {
	rule.Name = "r"
	return &Config{
		Library: "ecs-v1", SemanticConventions: true, MaxRecordBytes: 10_000, MaxFields: 100, MaxJSONDepth: 10, MaxMatchSteps: 100_000, MaxSources: 10,
		Rules: []RuleConfig{rule},
	}
}

// TestBetterTime: of the times in a line the one with the year counts, and of two of about the same day the one with the zone; else the
// inner one.
func TestBetterTime(t *testing.T) {
	nested := testConfig(RuleConfig{
		Parsers: []ParserConfig{{JSON: &JSONConfig{}}, {Grok: `^%{TIMESTAMP_ISO8601:time} (?:out|err) F %{GREEDYDATA:log}`}},
		Nested:  []NestedConfig{{From: "log", Parsers: []ParserConfig{{JSON: &JSONConfig{}}, {Grok: `^%{DATA:timestamp} - %{GREEDYDATA:message}`}}}},
	})
	p := newTestProcessor(t, nested)
	assert.Equal(t, []string{
		"2023-10-10T13:55:36.7Z", "2023-10-10T13:55:36.7Z", "2023-10-10T13:55:35.5Z", "2023-10-10T11:55:36Z", "2021-01-01T00:00:00Z", "2023-10-10T13:55:36Z", "2026-10-10T13:55:36Z", "2023-10-10T13:55:36.7Z",
	}, timesOf(t, p,
		`2023-10-10T13:55:36.7Z err F 1010 13:55:36.123456 - yearless`,
		`{"time":"2023-10-10T13:55:36.7Z","log":"Oct 10 13:55:36 - yearless"}`,
		`2023-10-10T13:55:36.7Z out F 2023-10-10T15:55:35.5+02:00 - both have all`,
		`2023-10-10T13:55:36+02:00 out F 2023-10-10 13:55:36 - local`,
		`2023-10-10T13:55:36Z out F 2021-01-01 00:00:00 - of another day`,
		`2023-10-10T13:55:36Z out F {"time":"never","n":1}`,
		`{"time":"soon","log":"Oct 10 13:55:36 - outer is none"}`,
		`{"time":"2023-10-10T13:55:36.7Z","log":"{\"time\":\"Oct 10 13:55:36\"}"}`,
	))
	p = newTestProcessor(t, testConfig(RuleConfig{Parsers: []ParserConfig{{Grok: `^%{HAPROXYHTTP}`}, {Grok: `^%{DATA:timestamp} \| %{DATA:date}$`}}}))
	assert.Equal(t, []string{"2023-10-10T13:55:35.655Z", "2023-10-10T13:55:36Z", "2026-10-10T13:55:36Z", "2023-10-10T13:55:36Z"}, timesOf(t, p,
		`Oct 10 13:55:36 lb1 haproxy[14389]: 192.0.2.10:33317 [10/Oct/2023:13:55:35.655] fe be/srv1 10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 "GET /index.html HTTP/1.1"`,
		`Oct 10 13:55:36 | 2023-10-10 13:55:36`,
		`Oct 10 13:55:36 | Oct 10 13:55:37`,
		`whenever | 2023-10-10 13:55:36`,
	))
}

// TestZoneApart: a time zone captured apart counts, under whatever of its names; one that nobody knows makes no time, unless
// the time has one itself.
func TestZoneApart(t *testing.T) {
	p := newTestProcessor(t, testConfig(RuleConfig{Parsers: []ParserConfig{
		{JSON: &JSONConfig{}},
		{Logfmt: &LogfmtConfig{}},
		{Grok: `^%{DATA:date} %{TIME:time}(?: <%{DATA:tz}>)?$`},
		{Grok: `^%{DATA:timestamp} <%{DATA:[event][timezone]}>$`},
		{Grok: `^%{DATA:timestamp}; %{DATA:timezone}$`},
	}}))
	const at = "2023-10-10T11:55:36Z"
	assert.Equal(t, []string{at, at, at, at, at, at, at, at, "2023-10-10T13:55:36Z", "", "", at, "2023-10-10T13:55:36Z", "2023-10-10T13:55:36Z"}, timesOf(t, p,
		`2023-10-10 13:55:36 <+0200>`,
		`2023-10-10T13:55:36 <+02:00>`,
		`2023-10-10T13:55:36; CEST`,
		`2023-10-10T11:55:36Z; CEST`,
		`date=2023-10-10 time=13:55:36 devname="fw" tz="+0200" level="notice"`,
		`{"date":"2023-10-10","time":"13:55:36","timezone":"Europe/Berlin"}`,
		`{"timestamp":"2023-10-10 13:55:36","event":{"timezone":"+0200"}}`,
		`{"time":"2023-10-10T13:55:36+02:00","timezone":"Asia/Tokyo"}`,
		`{"date":"2023-10-10","time":"13:55:36"}`,
		`{"timestamp":"2023-10-10 13:55:36","tz":"Middle Earth"}`,
		`2023-10-10T13:55:36; XYZ`,
		`{"date":"2023-10-10T11:55:36Z","time":"0.25"}`,
		`2023-10-10 13:55:36`,
		`{"date":"2023-10-10","time":"13:55:36","tz":""}`,
	))
}
