// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grokprocessor

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
)

func newTestReader(t testing.TB, cfg TimestampConfig) *timestampReader {
	t.Helper()
	r, err := newTimestampReader(&cfg)
	require.NoError(t, err)
	return &r
}

// benchmarkTimes are texts of the frequent layouts and how package time reads each.
var benchmarkTimes = []struct{ name, text, layout string }{
	{"RFC3339", "2026-11-23T07:05:59.123456Z", time.RFC3339Nano},
	{"log4j", "2026-11-23 07:05:59,123", "2006-01-02 15:04:05,000"},
	{"httpd", "23/Nov/2026:07:05:59 +0100", "02/Jan/2006:15:04:05 -0700"},
	{"syslog", "Nov 23 07:05:59", "Jan _2 15:04:05"},
	{"asctime", "Mon Nov 23 07:05:59 2026", time.ANSIC},
	{"error_log", "Mon Nov 23 07:05:59.123456 2026", "Mon Jan _2 15:04:05.000000 2006"},
	{"slashes", "2026/11/23 07:05:59", "2006/01/02 15:04:05"},
	{"klog", "1123 07:05:59.123456", "0102 15:04:05.000000"},
	{"redis", "23 Nov 2026 07:05:59.123", "02 Jan 2006 15:04:05.000"},
	{"tomcat", "23-Nov-2026 07:05:59.123", "02-Jan-2006 15:04:05.000"},
	{"RFC2822", "Mon, 23 Nov 2026 07:05:59 +0100", "Mon, 02 Jan 2006 15:04:05 -0700"},
	{"hdfs", "261123 070559", "060102 150405"},
	{"spark", "26/11/23 07:05:59", "06/01/02 15:04:05"},
	{"logcat", "11-23 07:05:59.123", "01-02 15:04:05.000"},
	{"epoch_ms", "1795417559123", ""},
	{"epoch_float", "1795417559.123456", ""},
}

func BenchmarkTimestamp(b *testing.B) {
	r := newTestReader(b, TimestampConfig{})
	near := pcommon.NewTimestampFromTime(time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC))
	for _, bt := range benchmarkTimes {
		b.Run(bt.name+"/here", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, ok := r.readText(bt.text, near); !ok {
					b.Fatal("not read")
				}
			}
		})
		if bt.layout == "" {
			continue
		}
		b.Run(bt.name+"/time.Parse", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := time.Parse(bt.layout, bt.text); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
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
		"Sun, 04 Dec 2005 04:47:44 PDT":       "2005-12-04T11:47:44Z",
		"Sun, 04 Dec 2005 04:47:44 CST":       "", // Chicago, Shanghai or Havana: hours off if it were taken for UTC
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
