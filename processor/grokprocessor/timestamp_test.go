// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grokprocessor

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
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
	r, berlin := newTestReader(b, TimestampConfig{}), newTestReader(b, TimestampConfig{Location: "Europe/Berlin"})
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
		b.Run(bt.name+"/Berlin", func(b *testing.B) {
			for b.Loop() {
				if _, ok := berlin.readText(bt.text, near); !ok {
					b.Fatal("not read")
				}
			}
		})
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
	for want, members := range map[string]map[string]any{
		"2026-01-14T23:59:59.193018761Z": {"epochSecond": int64(1768435199), "nanoOfSecond": int64(193018761)},
		"2026-01-14T23:59:59Z":           {"seconds": int64(1768435199)},
		"":                               {"epochSecond": int64(1768435199), "nanoOfSecond": int64(1e9)},
	} {
		assert.Equal(t, want, read(TimestampConfig{}, members))
	}
	assert.Empty(t, read(TimestampConfig{}, map[string]any{"epochSecond": "x"}))
	assert.Empty(t, read(TimestampConfig{}, map[string]any{"seconds": int64(12), "nanos": "x"}))
	assert.Equal(t, "2026-01-14T23:00:01Z", read(TimestampConfig{Location: "Europe/Berlin"}, "2026-01-15 00:00:01"))
	assert.Equal(t, "2024-02-29T23:00:00Z", read(TimestampConfig{Location: "Europe/Berlin"}, "Mar  1 00:00:00"))
	assert.Equal(t, "2017-06-09T20:10:40Z", read(TimestampConfig{Layouts: []string{"060102 150405", "06/01/02 15:04:05"}}, "17/06/09 20:10:40"))
	assert.Empty(t, read(TimestampConfig{Layouts: []string{"06/01/02 15:04:05"}}, "2026-01-15T00:00:01Z"))
	assert.Equal(t, "1970-01-01T00:00:12.5Z", read(TimestampConfig{Layouts: []string{"unix_s"}}, "12.5"))
	assert.Equal(t, "1970-01-01T00:00:12Z", read(TimestampConfig{Layouts: []string{"unix_ms"}}, int64(12000)))
}

// TestTimestampFormats: one line for each way a logger is known to print the time.
func TestTimestampFormats(t *testing.T) {
	seen := pcommon.NewTimestampFromTime(time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC))
	r := newTestReader(t, TimestampConfig{})
	check := func(text, want string) {
		t.Helper()
		got := ""
		if ns, ok := r.readText(text, seen); ok {
			got = time.Unix(0, ns).UTC().Format(time.RFC3339Nano)
		}
		assert.Equal(t, want, got, text)
	}
	const at, ms = "2026-11-22T13:04:05Z", "2026-11-22T13:04:05.678Z"
	// RFC 3339 and its kin
	check("2026-11-22T13:04:05Z", at)
	check("2026-11-22T13:04:05.678Z", ms)
	check("2026-11-22T13:04:05.678+00:00", ms)
	check("2026-11-22T13:04:05.678000+0000", ms)
	check("2026-11-22T13:04:05.678-00", ms)
	check("2026-11-22 13:04:05,678", ms)
	check("2026-11-22 13:04:05:678", ms)
	check("2026-11-22\t13:04:05", at)
	check("2026-11-22_13:04:05", at)
	check("2026-11-22 13:04:05.678 UTC", ms)
	check("2026-11-22 14:04:05.678 CET", ms)
	check("2026-11-22 05:04:05.678 PST", ms)
	check("2026-11-22 15:04:05.678 +0200 EET", ms)
	check("2026-11-22 14:04:05.678 Europe/Berlin", ms)
	check("22-Nov-2026 08:04:05 America/New_York", at)
	check("Nov 22 14:04:05 Europe/Berlin", at)
	check("2026-11-22 14:04:05.678 Europe/Nowhere", "")
	check("2026-11-22 14:04:05.678 ../etc/passwd", "")
	check("2026-11-22 15:04:05.678 +0200 +02", "")
	check("2026-11-22 13:04:05.6789123456789", "2026-11-22T13:04:05.678912345Z")
	check("2026-11-22T13:04Z", "2026-11-22T13:04:00Z")
	check("2026-11-22 13:04", "2026-11-22T13:04:00Z")
	check("2026-11-22T13:04:05-01:00", "2026-11-22T14:04:05Z")
	check("2026-11-22 1:04:05 PM", at)
	check("2026-11-22-13.04.05.678000", ms)
	check("2026-11-22 13:04:05 and more", "")
	check("2026-11-22T13:04:05.", "")
	check("2026-11-22T13:04:05 ", at)
	check("2026-11-22", "")
	check("2026-13-22T13:04:05Z", "")
	check("2026-02-29T13:04:05Z", "")
	check("2024-02-29T13:04:05Z", "2024-02-29T13:04:05Z")
	check("2026-11-22T13:04:60Z", "2026-11-22T13:05:00Z")
	check("2026-11-22T13:04:61Z", "")
	check("1969-12-31T23:59:59Z", "")
	check("2261-12-31T23:59:59Z", "2261-12-31T23:59:59Z")
	check("2262-01-01T00:00:00Z", "")
	// access logs
	check("22/Nov/2026:13:04:05 +0000", at)
	check("22/Nov/2026:14:04:05 +0100", at)
	check("22/Nov/2026:13:04:05.678", ms)
	check("22/Nov/2026:13:04:05", at)
	check("[22/Nov/2026:13:04:05 +0000]", at)
	check("22/nov/2026:13:04:05 +0000", at)
	check("22/Foo/2026:13:04:05 +0000", "")
	check("32/Nov/2026:13:04:05 +0000", "")
	// the name of the month first
	check("Nov 22 13:04:05", at)
	check("Nov 22 13:04:05.678", ms)
	check("Nov  2 13:04:05", "2026-11-02T13:04:05Z")
	check("Nov 2 13:04:05", "2026-11-02T13:04:05Z")
	check("Nov 25 13:04:05", "2025-11-25T13:04:05Z")
	check("Feb 29 13:04:05", "2024-02-29T13:04:05Z")
	check("Feb 30 13:04:05", "")
	check("Nov 22 2026 13:04:05", at)
	check("Nov 22 2026 13:04:05.678 UTC", ms)
	check("Nov 22 13:04:05 2026", at)
	check("Nov 22 13:04:05 UTC", at)
	check("*Nov 22 13:04:05.678", ms)
	check("*Nov 22 13:04:05.678 CET", "2026-11-22T12:04:05.678Z")
	check("Nov 22, 2026 1:04:05 PM", at)
	check("Nov 22, 2026, 1:04:05 PM", at)
	check("Nov 22, 2026 13:04:05", at)
	check("November 22, 2026 13:04:05", at)
	check("Nov 22, 2026 12:04:05 AM", "2026-11-22T00:04:05Z")
	check("Nov 22, 2026 13:04:05 PM", "")
	// the day of the week first
	check("Sun Nov 22 13:04:05 2026", at)
	check("Sun Nov 22 13:04:05.678 2026", ms)
	check("Sun Nov 22 13:04:05 UTC 2026", at)
	check("Sun Nov 22 14:04:05 +0100 2026", at)
	check("Sun Nov 22 2026 14:04:05 GMT+0100 (Central European Standard Time)", at)
	check("Sun, 22 Nov 2026 13:04:05 GMT", at)
	check("Sun, 22 Nov 2026 08:04:05 -0500", at)
	check("Sunday, 22-Nov-26 13:04:05 GMT", at)
	check("Sun 2026-11-22 13:04:05 UTC", at)
	// the day first
	check("22-Nov-2026 13:04:05.678", ms)
	check("22-Nov-2026 13:04", "2026-11-22T13:04:00Z")
	check("22-Nov 13:04", "2026-11-22T13:04:00Z")
	check("22-NOV-26 01.04.05.678000 PM", ms)
	check("22 Nov 2026 13:04:05.678", ms)
	check("22 Nov 13:04:05.678", ms)
	check("22.11.2026 13:04:05", at)
	check("22.11.2026, 13:04:05", at)
	check("2.11.26 13:04:05", "2026-11-02T13:04:05Z")
	// the year first
	check("2026/11/22 13:04:05", at)
	check("2026/11/22 13:04:05.678000", ms)
	check("2026/11/22 13:04:05 +0000", at)
	check("2026.11.22 13:04:05", at)
	check("2026 Nov 22 13:04:05", at)
	check("20261122T130405Z", at)
	check("20261122T130405.678Z", ms)
	check("20261122 13:04:05.678", ms)
	check("20261122-13:04:05.678", ms)
	check("20261122130405", at)
	check("20261122130405678", ms)
	check("20261122130405.678", ms)
	check("261122 130405", at)
	check("261122 13:04:05", at)
	check("261122  3:04:05", "2026-11-22T03:04:05Z")
	check("1122 13:04:05.678000", ms)
	// numbers that say the same in one way only, or at the time they were seen
	check("22/11/2026 13:04:05", at)
	check("11/22/2026 13:04:05", at)
	check("11/22/2026, 1:04:05 PM", at)
	check("11/12/2026 13:04:05", "2026-11-12T13:04:05Z") // in December it would lie ahead
	check("12/11/2026 13:04:05", "2026-11-12T13:04:05Z")
	check("03/04/2026 13:04:05", "") // the 3rd of April or the 4th of March
	check("04/04/2025 13:04:05", "2025-04-04T13:04:05Z")
	check("22/11/26 13:04:05", at)
	check("26/11/22 13:04:05", at) // Spark
	check("17/06/09 13:04:05", "") // 2017 or 2009
	check("11-22 13:04:05.678", ms)
	check("11.22 13:04:05", at)
	check("22.11 13:04:05", at)
	// Unix time
	check("1795352645", at)
	check("1795352645.678", ms)
	check("1795352645678", ms)
	check("1795352645678000000", ms)
	check("[12345.678901]", "") // the kernel's time since it started
	check("13:04:05", "")
	check("13:04:05.678", "")
	check("1:04 PM", "")
	check("yesterday", "")
	check("-", "")
	check("2026", "")
	check("Nov", "")
	check("Monday the 3rd of May", "")

	r = newTestReader(t, TimestampConfig{Location: "Asia/Shanghai"})
	check("Sun Nov 22 21:04:05 CST 2026", at)
	check("Sun Nov 22 14:04:05 CET 2026", at)
	check("2026-11-22 21:04:05", at)
	check("Nov 22 21:04:05", at)
	check("Sun Nov 22 21:04:05 BST 2026", "")
}

// layoutTexts are layouts with every piece of Go's notation, also those that are left to package time.
var layoutTexts = []string{
	time.ANSIC, time.UnixDate, time.RubyDate, time.RFC822, time.RFC822Z, time.RFC850, time.RFC1123, time.RFC1123Z, time.RFC3339, time.RFC3339Nano,
	time.Kitchen, time.Stamp, time.StampMilli, time.StampMicro, time.StampNano, time.DateTime,
	"2006-01-02 15:04:05,000", "06/1/2 3:4:5pm", "January 2 2006 at 03:04PM", "Monday 02.01.06 15h04", "20060102150405.999", "2006-002 15:04:05", "__2 2006 15:04",
	"2006-01-02T15:04:05-07", "2006-01-02T15:04:05-07:00:00", "2006-01-02T15:04:05Z070000", "2006-01-02T15:04:05Z0700", "15:04:05.000000 _2/Jan/06", "Januarys 2006 Monx 2 15:04",
	"_2006 15:04:05 Jan 2", "2006-01-02 15:04:05.000 MST", "Jan  2 2006   15:04:05",
}

// readLayout reads text by one layout as the processor does; ok is false too where the time is out of range.
func readLayout(layout, text string) (int64, bool) {
	l := newLayout(layout)
	return l.read(text, time.UTC, pcommon.NewTimestampFromTime(time.Date(2024, 12, 31, 0, 0, 0, 0, time.UTC)))
}

// sameAsGo compares with package time.
func sameAsGo(t *testing.T, layout, text string) {
	t.Helper()
	want, err := time.ParseInLocation(layout, text, time.UTC)
	got, ok := readLayout(layout, text)
	if err != nil {
		if ok && !strings.Contains(text, "60") && !ownZone(layout) { // leap seconds are ours
			t.Fatalf("%q is no %q, got %v", text, layout, time.Unix(0, got))
		}
		return
	}
	if name, offset := want.Zone(); ownZone(layout) && offset == 0 && name != "UTC" && name != "GMT" {
		return // Go takes zones that it does not know for UTC
	}
	if want.Year() == 0 && strings.Contains(layout, "06") {
		return // the year 0 stands for none where package time reads it
	}
	if want.Year() == 0 { // the layout has none
		if !ok {
			t.Fatalf("%q is %q, not read", text, layout)
		}
		year := time.Unix(0, got).UTC().Year()
		want = time.Date(year, want.Month(), want.Day(), want.Hour(), want.Minute(), want.Second(), want.Nanosecond(), want.Location())
	}
	if sec := want.Unix(); sec < 0 || sec >= year2262 {
		if ok {
			t.Fatalf("%q is %v, out of range, got %v", text, want, time.Unix(0, got))
		}
		return
	}
	if !ok || got != want.UnixNano() {
		t.Fatalf("%q by %q is %v, got %v %v", text, layout, want, ok, time.Unix(0, got).UTC())
	}
}

func ownZone(layout string) bool { return strings.Contains(layout, "MST") }

// TestLayouts: what package time prints and reads by a layout is read here as the same time.
func TestLayouts(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	zones := []*time.Location{time.UTC, time.FixedZone("CET", 3600), time.FixedZone("", -(3*3600 + 1800))}
	for _, layout := range layoutTexts {
		require.NoError(t, checkLayout(layout))
		for range 300 {
			when := time.Unix(rnd.Int64N(4e9), rnd.Int64N(1e9)).In(zones[rnd.IntN(len(zones))])
			sameAsGo(t, layout, when.Format(layout))
		}
	}
	// Layouts of random pieces.
	pieces := []string{"2006", "01", "1", "Jan", "January", "02", "2", "_2", "Mon", "15", "04", "05.000", "05.999", " ", "  ", "-", "T", ":", "/", "x", "Z07:00", "PM", "03"}
	for range 3000 {
		layout := "2006-01-02T15:04:05"
		if rnd.IntN(4) > 0 {
			layout = ""
			for _, i := range rnd.Perm(len(pieces))[:3+rnd.IntN(7)] {
				layout += pieces[i]
			}
		}
		when := time.Unix(rnd.Int64N(4e9), rnd.Int64N(1e9)).UTC()
		text := when.Format(layout)
		if rnd.IntN(3) == 0 && text != "" {
			b := []byte(text)
			b[rnd.IntN(len(b))] = " 0123456789:.-TZa"[rnd.IntN(17)]
			text = string(b)
		}
		sameAsGo(t, layout, text)
	}
}

// FuzzLayouts: any text by any layout of the list is what package time says.
func FuzzLayouts(f *testing.F) {
	for i, layout := range layoutTexts {
		f.Add(uint8(i), time.Date(2026, 11, 22, 13, 4, 5, 678e6, time.UTC).Format(layout)) //nolint:gosec // a short list
	}
	f.Fuzz(func(t *testing.T, i uint8, text string) {
		sameAsGo(t, layoutTexts[int(i)%len(layoutTexts)], text)
	})
}

// FuzzTimestamp: what is read is a time that pdata can hold, and what is RFC 3339 is read as package time does.
func FuzzTimestamp(f *testing.F) {
	for _, bt := range benchmarkTimes {
		f.Add(bt.text)
	}
	f.Add("Sun Nov 22 2026 14:04:05 GMT+0100 (CET)")
	f.Add("11/12/26, 1:04:05 PM")
	r := newTestReader(f, TimestampConfig{})
	berlin := newTestReader(f, TimestampConfig{Location: "Europe/Berlin"})
	near := pcommon.NewTimestampFromTime(time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC))
	f.Fuzz(func(t *testing.T, text string) {
		ns, ok := r.readText(text, near)
		if ok && (ns < 0 || ns/1e9 >= year2262) {
			t.Fatalf("%q is %d", text, ns)
		}
		if ns, ok := berlin.readText(text, near); ok && (ns < 0 || ns/1e9 >= year2262) {
			t.Fatalf("%q is %d", text, ns)
		}
		want, err := time.Parse(time.RFC3339Nano, text)
		if err == nil && len(text) <= maxTimeText && want.Unix() >= 0 && want.Unix() < year2262 && (!ok || ns != want.UnixNano()) {
			t.Fatalf("%q is %v, got %v %v", text, want, ok, time.Unix(0, ns).UTC())
		}
	})
}

// TestPlacesBounded: however many zones that there are not texts name, few are kept.
func TestPlacesBounded(t *testing.T) {
	for i := range 3 * maxUnknownPlaces {
		require.Nil(t, places.find(fmt.Sprint("No/Where", i)))
	}
	assert.LessOrEqual(t, len(places.unknown), maxUnknownPlaces)
	assert.NotNil(t, places.find("Asia/Tokyo"))
	assert.Nil(t, places.find("/etc/passwd"))
	assert.Nil(t, places.find("../UTC"))
}
