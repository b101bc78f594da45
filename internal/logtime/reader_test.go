// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package logtime

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func newReader(t testing.TB, location string, layouts ...string) *Reader {
	t.Helper()
	place, err := time.LoadLocation(location)
	require.NoError(t, err)
	r, err := New(layouts, place)
	require.NoError(t, err)
	return r
}

// show prints what a Reader answers.
func show(ns int64, ok bool) string {
	if !ok {
		return ""
	}
	return time.Unix(0, ns).UTC().Format(time.RFC3339Nano)
}

func TestRead(t *testing.T) {
	near := time.Date(2024, 3, 1, 12, 0, 0, 0, time.UTC).UnixNano()
	r := newReader(t, "")
	for text, want := range map[string]string{
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
		"12":                                  "",
		"soon":                                "",
		"":                                    "",
		"01/02/03 04:05:06":                   "",
		"9999999999999999999999":              "",
		"0001-01-01T00:00:00Z":                "",
		"2099-01-01T00:00:00Z":                "2099-01-01T00:00:00Z",
	} {
		assert.Equal(t, want, show(r.Read(text, near)), text)
		assert.Equal(t, want, show(r.Read("\t "+text+"\n", near)), text)
	}
	berlin := newReader(t, "Europe/Berlin")
	assert.Equal(t, "2026-01-14T23:00:01Z", show(berlin.Read("2026-01-15 00:00:01", near)))
	assert.Equal(t, "2024-02-29T23:00:00Z", show(berlin.Read("Mar  1 00:00:00", near)))
	assert.Equal(t, "2017-06-09T20:10:40Z", show(newReader(t, "", "060102 150405", "06/01/02 15:04:05").Read("17/06/09 20:10:40", near)))
	assert.Empty(t, show(newReader(t, "", "06/01/02 15:04:05").Read("2026-01-15T00:00:01Z", near)))
	assert.Equal(t, "1970-01-01T00:00:12.5Z", show(newReader(t, "", "unix_s").Read("12.5", near)))
	assert.Equal(t, "2017-12-23T22:05:09.606Z", show(newReader(t, "", "20060102-15:4:5").Read("20171223-22:5:9:606", near)))
	assert.Equal(t, "2017-12-23T22:05:09Z", show(newReader(t, "", "15:04:05:02 Jan 2006").Read("22:05:09:23 Dec 2017", near)))
}

// TestNear: without a time at which the text was seen, that is now.
func TestNear(t *testing.T) {
	r := newReader(t, "")
	for _, near := range []int64{0, -1, math.MinInt64} {
		now := time.Now().UTC()
		ns, ok := r.Read(now.Format(time.Stamp), near)
		require.True(t, ok)
		assert.InDelta(t, now.Unix(), time.Unix(0, ns).Unix(), 1)
	}
	_, ok := r.Read("Mar  1 00:00:00", math.MaxInt64)
	assert.False(t, ok)
}

func TestNumbers(t *testing.T) {
	r := newReader(t, "")
	assert.Equal(t, "2026-01-14T23:59:59.193Z", show(r.Int(1768435199193)))
	assert.Equal(t, "2026-01-14T23:59:59.193018Z", show(r.Float(1768435199.193018)))
	assert.Empty(t, show(r.Int(12)))
	assert.Empty(t, show(r.Int(math.MinInt64)))
	assert.Empty(t, show(r.Int(math.MaxInt64)))
	for _, v := range []float64{math.Inf(1), math.Inf(-1), math.NaN(), -1, math.MaxFloat64} {
		assert.Empty(t, show(r.Float(v)), "%v", v)
	}
	seconds := newReader(t, "", time.DateTime, "unix_s", "unix_ms")
	assert.Equal(t, "1970-01-01T00:00:12Z", show(seconds.Int(12)))
	assert.Equal(t, "1970-01-01T00:00:12.5Z", show(seconds.Float(12.5)))
	assert.Equal(t, "1970-01-01T00:00:12Z", show(newReader(t, "", "unix_ms").Int(12000)))

	assert.Equal(t, "2026-01-14T23:59:59.193018761Z", show(Unix(1768435199, 193018761)))
	for _, parts := range [][2]int64{{12, 0}, {-1, 0}, {1768435199, -1}, {1768435199, 1e9}, {year2262, 0}, {math.MaxInt64, 0}, {1768435199, math.MaxInt64}} {
		assert.Empty(t, show(Unix(parts[0], parts[1])), "%v", parts)
	}
}

func TestNewErrors(t *testing.T) {
	_, err := New([]string{"no layout", time.DateTime, "2006 Mon", "unix"}, nil)
	require.EqualError(t, err, `must be a Go layout of the time Mon Jan 2 15:04:05 MST 2006, or unix_s, unix_ms, unix_us, unix_ns, got "no layout"
must be a Go layout of the time Mon Jan 2 15:04:05 MST 2006, or unix_s, unix_ms, unix_us, unix_ns, got "unix"`)
	r, err := New(nil, nil)
	require.NoError(t, err)
	assert.Equal(t, "2026-01-15T00:00:01Z", show(r.Read("2026-01-15 00:00:01", 0)))
}

// TestReadAllocations: reading costs no garbage.
func TestReadAllocations(t *testing.T) {
	readers := []*Reader{newReader(t, ""), newReader(t, "Europe/Berlin")}
	near := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC).UnixNano()
	for _, bt := range benchmarkTimes {
		if bt.layout != "" {
			readers = append(readers[:2], newReader(t, "", bt.layout))
		}
		for _, r := range readers {
			assert.Zero(t, testing.AllocsPerRun(20, func() { r.Read(bt.text, near) }), bt.name)
		}
	}
}

// FuzzRead: what is read is from 1970 to 2261, and what is RFC 3339 is read as package time does.
func FuzzRead(f *testing.F) {
	for _, bt := range benchmarkTimes {
		f.Add(bt.text)
	}
	f.Add("Sun Nov 22 2026 14:04:05 GMT+0100 (CET)")
	f.Add("11/12/26, 1:04:05 PM")
	r := newReader(f, "")
	berlin := newReader(f, "Europe/Berlin")
	near := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC).UnixNano()
	f.Fuzz(func(t *testing.T, text string) {
		ns, ok := r.Read(text, near)
		if ok && (ns < 0 || ns/1e9 >= year2262) {
			t.Fatalf("%q is %d", text, ns)
		}
		if ns, ok := berlin.Read(text, near); ok && (ns < 0 || ns/1e9 >= year2262) {
			t.Fatalf("%q is %d", text, ns)
		}
		want, err := time.Parse(time.RFC3339Nano, text)
		if err == nil && len(text) <= maxText && want.Unix() >= 0 && want.Unix() < year2262 && (!ok || ns != want.UnixNano()) {
			t.Fatalf("%q is %v, got %v %v", text, want, ok, time.Unix(0, ns).UTC())
		}
	})
}

// TestTime: what a text itself says of the time is told apart from what was filled in.
func TestTime(t *testing.T) {
	near := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC).UnixNano()
	berlin, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	check := func(text string, year, zone bool, layouts ...string) {
		t.Helper()
		r, err := New(layouts, berlin)
		require.NoError(t, err)
		at, ok := r.Time(text, near)
		require.True(t, ok, text)
		assert.Equal(t, year, at.Year, text)
		assert.Equal(t, zone, at.Zone, text)
	}
	check("2026-11-23T07:05:59Z", true, true)
	check("2026-11-23 07:05:59 CET", true, true)
	check("2026-11-23 07:05:59 Asia/Tokyo", true, true)
	check("2026-11-23 07:05:59", true, false)
	check("23/Nov/2026:07:05:59 +0100", true, true)
	check("23/Nov/2026:07:05:59.123", true, false)
	check("Nov 23 07:05:59", false, false)
	check("Nov 23 07:05:59 UTC", false, true)
	check("1123 07:05:59.123456", false, false)
	check("11-23 07:05:59.123", false, false)
	check("11/23/2026, 7:05:59 AM", true, false)
	check("20261123070559123", true, false)
	check("1795417559.123", true, true)
	check("1795417559", true, true, "unix_s")
	check("23.11. 07:05", false, false, "2.1. 15:04")
	check("2026-11-23 07:05 +0300", true, true, "2006-01-02 15:04 -0700")
	check("Mon 327 07:05:59 2026", true, false, "Mon 002 15:04:05 2006") // left to package time
}
