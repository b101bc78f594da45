// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package logtime

import (
	"testing"
	"time"
)

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

func BenchmarkRead(b *testing.B) {
	r, berlin := newReader(b, ""), newReader(b, "Europe/Berlin")
	near := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC).UnixNano()
	for _, bt := range benchmarkTimes {
		b.Run(bt.name+"/here", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, ok := r.Read(bt.text, near); !ok {
					b.Fatal("not read")
				}
			}
		})
		if bt.layout == "" {
			continue
		}
		b.Run(bt.name+"/Berlin", func(b *testing.B) {
			for b.Loop() {
				if _, ok := berlin.Read(bt.text, near); !ok {
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
