// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package logtime

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// TestFormats: one line for each way a logger is known to print the time.
func TestFormats(t *testing.T) {
	seen := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC).UnixNano()
	r := newReader(t, "")
	check := func(text, want string) {
		t.Helper()
		got := ""
		if ns, ok := r.Read(text, seen); ok {
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

	r = newReader(t, "Asia/Shanghai")
	check("Sun Nov 22 21:04:05 CST 2026", at)
	check("Sun Nov 22 14:04:05 CET 2026", at)
	check("2026-11-22 21:04:05", at)
	check("Nov 22 21:04:05", at)
	check("Sun Nov 22 21:04:05 BST 2026", "")
}
