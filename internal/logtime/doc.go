// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Package logtime reads the time from the texts and numbers in which log lines have it.
//
// A [Reader] without layouts knows the ways in which loggers print the time: RFC 3339 and its kin, the logs of web servers,
// syslog, asctime, Java's, Go's, Redis', numbers only, and Unix time as a number of seconds, milliseconds, microseconds or nanoseconds.
// A Reader with layouts reads these only. Either way:
//
//   - A time zone is an offset, an abbreviation that means one thing, or a name of the IANA database. A text without one is in
//     the Reader's location. An abbreviation that means several (CST) is read only if that location calls its own time so:
//     no time is better than one that is hours off.
//   - A text without a year gets the latest that does not put it more than a day after it was seen.
//   - A date of numbers that can be read in several ways (03/04/2026) is read if just one of them lies in the two weeks before
//     it was seen.
//
// Times are nanoseconds since the Unix epoch, from 1970 to the end of 2261. Reading a text takes time linear in its length, which
// is bounded, and allocates nothing, except by layouts that only package time can read and where a zone of the IANA database is
// named for the first time. The sources are Go's package time for layouts, RFC 3164, 5424, 2822 and 3339, and what the loggers print.
//
// The package knows no Collector types.
package logtime // import "github.com/logboom/logboom/internal/logtime"
