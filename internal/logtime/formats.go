// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package logtime

import (
	"strings"
	"time"
)

// The well-known layouts by what a text begins with, so that few are tried on each. The notation is Go's; a fraction after the
// seconds is taken by all, ~ at the end is any time zone or none.
var (
	monthFirst = compileAll(
		"Jan _2 15:04:05~",          // syslog, RFC 3164
		"Jan _2 2006 15:04:05~",     // Cisco
		"Jan _2 15:04:05 2006~",     //
		"Jan _2, 2006 3:04:05 PM~",  // Java to 8, Tomcat to 7, WebLogic
		"Jan _2, 2006, 3:04:05 PM~", // Java from 9
		"Jan _2, 2006 15:04:05~",
		"Jan _2 15:04:05 MST 2006",
		"Jan-02-2006 15:04:05~",
		"Jan _2 15:04:05 -0700 2006",
	)
	weekdayFirst = compileAll(
		"Mon Jan _2 15:04:05 2006~",    // asctime, httpd's error log
		"Mon, _2 Jan 2006 15:04:05~",   // RFC 2822, RFC 1123
		"Mon Jan _2 15:04:05 MST 2006", // date, Java's Date
		"Mon Jan _2 15:04:05 -0700 2006",
		"Mon Jan _2 2006 15:04:05~", // JavaScript's Date
		"Mon, 02-Jan-2006 15:04:05~",
		"Mon, 02-Jan-06 15:04:05~", // RFC 850
		"Mon _2 Jan 2006 15:04:05~",
		"Mon Jan _2 15:04:05~",
		"Mon _2 Jan 15:04:05 2006~",
		"Mon _2 Jan 15:04:05 MST 2006",
		"Mon _2 Jan 2006 3:04:05 PM~",
		"Mon 2006-01-02 15:04:05~", // systemd
	)
	dayMonthSlash = compileAll( // 02/Jan
		"2/Jan/2006:15:04:05~", // httpd, nginx, HAProxy
		"2/Jan/2006 15:04:05~",
	)
	dayMonthDash = compileAll( // 02-Jan
		"2-Jan-2006 15:04:05~", // BIND, Tomcat from 8
		"2-Jan-06 15:04:05~",
		"2-Jan 15:04:05~",
		"2-Jan-2006 15:04~", // Bacula
		"2-Jan 15:04~",
		"2-Jan-06 3.04.05 PM~", // Oracle
		"2-Jan-2006 3:04:05 PM~",
	)
	dayMonthBlank = compileAll( // 02 Jan
		"2 Jan 2006 15:04:05~", // Redis from 3
		"2 Jan 15:04:05~",      // Redis 2
		"2 Jan 06 15:04:05~",
		"2 Jan 2006, 15:04:05~",
		"2 Jan 2006 15:04~",
		"2 Jan 06 15:04~", // RFC 822
	)
	yearFirst = compileAll(
		"2006/01/02 15:04:05~", // Go's log, nginx's error log
		"2006/01/02T15:04:05~",
		"2006/01/02-15:04:05~",
		"2006/01/02:15:04:05~",
		"2006/01/02 - 15:04:05~", // Gin
		"2006/1/2 15:04:05~",
		"2006/01/02 15:04~",
		"2006.01.02 15:04:05~",
		"2006.01.02-15:04:05~",
		"2006.01.02.15:04:05~",
		"2006-01-02-15.04.05~", // DB2, Blue Gene
		"2006-01-02:15:04:05~",
		"2006-01-02-15:04:05~",
		"2006-01-02 15.04.05~",
		"2006-01-02 3:04:05 PM~",
		"2006-01-02, 15:04:05~",
		"2006-01-02T15:04~",
		"2006-01-02 15:04~",
		"2006-1-2 15:04:05~",
		"2006-1-2T15:04:05~",
		"2006 Jan _2 15:04:05~",
		"2006-Jan-02 15:04:05~",
		"2006 01 02 15:04:05~", // date and time captured in pieces
		"2006-01-02T150405~",
	)
	compactDate = compileAll( // 20060102 and more
		"20060102T150405~",
		"20060102 15:04:05~",
		"20060102-15:04:05~",
		"20060102 150405~",
		"20060102-150405~",
		"20060102_150405~",
		"20060102T15:04:05~",
	)
	shortDate = compileAll( // 060102, the year first as in all that print it so
		"060102 150405~",   // HDFS
		"060102 15:04:05~", // MySQL to 5.6
		"060102-15:04:05~",
	)
	compactAll   = compileAll("20060102150405~")
	klogDate     = compileAll("0102 15:04:05~")
	clockOnly    = compileAll("15:04:05~", "3:04:05 PM~", "15:04~", "3:04 PM~", "15.04.05~", "15:04:05 PM~")
	numericParts = "/-."
)

func compileAll(layouts ...string) [][]step {
	out := make([][]step, len(layouts))
	for i, l := range layouts {
		l, zone := strings.CutSuffix(l, "~")
		ops, ok := compileLayout(l)
		if !ok {
			panic("unsupported layout " + l) // a mistake in the tables above, which every test would find
		}
		if zone {
			ops = append(ops, step{kind: opMaybeZone})
		}
		out[i] = ops
	}
	return out
}

// try reads s by the first of the layouts that fits.
func try(s string, layouts [][]step, location *time.Location, near int64) (Time, bool) {
	for _, ops := range layouts {
		t := scanner{s: s}
		if !t.run(ops) {
			continue
		}
		if at, ok := t.time(location, near); ok {
			return at, true
		}
	}
	return Time{}, false
}

// wellKnown reads a time in whatever of the well-known ways it is written.
func (r *Reader) wellKnown(s string, near int64) (Time, bool) {
	if len(s) < 9 {
		return Time{}, false
	}
	if t := (scanner{s: s}); t.iso() {
		return t.time(r.location, near)
	}
	if isDigit(s[0]) {
		return r.digitFirst(s, near)
	}
	switch {
	case monthOf(s[0], s[1], s[2]) != 0:
		if t := (scanner{s: s}); t.syslog() {
			return t.time(r.location, near)
		}
		return try(s, monthFirst, r.location, near)
	case weekdayOf(s[0], s[1], s[2]) >= 0:
		if t := (scanner{s: s}); t.asctime() {
			return t.time(r.location, near)
		}
		return try(s, weekdayFirst, r.location, near)
	case s[0] == '[' && s[len(s)-1] == ']' || s[0] == '"' && s[len(s)-1] == '"':
		return r.wellKnown(s[1:len(s)-1], near)
	case s[0] == '*' || s[0] == '.': // Cisco's marks of a clock that is not set or not in step
		return r.wellKnown(s[1:], near)
	}
	return Time{}, false
}

func (r *Reader) digitFirst(s string, near int64) (Time, bool) {
	n := 1
	for n < len(s) && isDigit(s[n]) {
		n++
	}
	if n == len(s) {
		switch n {
		case 14: // no number of seconds or their parts in our days
			return try(s, compactAll, r.location, near)
		case 17: // with milliseconds
			t := scanner{s: s[:14]}
			if t.run(compactAll[0]) && two(s, 14) >= 0 && isDigit(s[16]) {
				t.nanos = (two(s, 14)*10 + int(s[16]-'0')) * 1e6
				return t.time(r.location, near)
			}
			return Time{}, false
		}
		return epochTime(s, 0)
	}
	if n+2 >= len(s) {
		return epochTime(s, 0)
	}
	sep, letter := s[n], isLetter(s[n+1])
	switch {
	case n == 4 && sep == ' ' && isDigit(s[n+1]) && n+3 < len(s) && s[n+3] == ':':
		return try(s, klogDate, r.location, near)
	case n == 4 && sep != 'Z' && sep != '+':
		return try(s, yearFirst, r.location, near)
	case n == 8 && sep != '.':
		return try(s, compactDate, r.location, near)
	case n == 6 && sep != '.':
		return try(s, shortDate, r.location, near)
	case n == 14:
		return try(s, compactAll, r.location, near)
	case n > 2:
		return epochTime(s, 0)
	case sep == '/' && letter:
		if t := (scanner{s: s}); t.httpd() {
			return t.time(r.location, near)
		}
		return try(s, dayMonthSlash, r.location, near)
	case sep == '-' && letter:
		return try(s, dayMonthDash, r.location, near)
	case sep == ' ' && letter:
		return try(s, dayMonthBlank, r.location, near)
	case strings.IndexByte(numericParts, sep) >= 0:
		return numericDate(s, r.location, near)
	}
	return Time{}, false
}

// iso reads RFC 3339 and what loggers make of it: a blank, an underscore or a tab for T, comma or colon before the fraction, no
// zone, zone without colon or by name.
func (t *scanner) iso() bool {
	s := t.s
	if len(s) < 19 || s[4] != '-' || s[7] != '-' || s[13] != ':' || s[16] != ':' {
		return false
	}
	switch s[10] {
	case 'T', ' ', 't', '_', '\t':
	default:
		return false
	}
	century, year := two(s, 0), two(s, 2)
	t.month, t.day = two(s, 5), two(s, 8)
	t.hour, t.minute, t.second = two(s, 11), two(s, 14), two(s, 17)
	if century|year|t.month|t.day|t.hour|t.minute|t.second < 0 {
		return false
	}
	t.year, t.clock = century*100+year, true
	if len(s) == 19 {
		t.i = 19
		return true
	}
	t.i = 19
	switch s[19] {
	case '.', ',', ':':
		if len(s) == 20 || !isDigit(s[20]) {
			return false
		}
		t.i = 20
		t.nanos = t.digits()
		if t.i == len(s) {
			return true
		}
	}
	if s[t.i] == 'Z' && t.i+1 == len(s) {
		t.i++
		t.zoned = true
		return true
	}
	return t.optionalZone()
}

// syslog reads Jan _2 15:04:05, with a fraction or not.
func (t *scanner) syslog() bool {
	s := t.s
	if len(s) < 15 || s[3] != ' ' || s[6] != ' ' || s[9] != ':' || s[12] != ':' {
		return false
	}
	if t.month = monthOf(s[0], s[1], s[2]); t.month == 0 {
		return false
	}
	if s[4] == ' ' {
		t.day = int(s[5]) - '0'
	} else {
		t.day = two(s, 4)
	}
	t.hour, t.minute, t.second = two(s, 7), two(s, 10), two(s, 13)
	if t.day|t.hour|t.minute|t.second < 0 {
		return false
	}
	t.year, t.clock = noYear, true
	t.i = 15
	if len(s) > 15 {
		t.fraction(true)
	}
	return t.i == len(s)
}

// asctime reads Mon Jan _2 15:04:05 2006, with a fraction after the seconds or not.
func (t *scanner) asctime() bool {
	s := t.s
	if len(s) < 24 || s[3] != ' ' || s[len(s)-5] != ' ' {
		return false
	}
	century, year := two(s, len(s)-4), two(s, len(s)-2)
	t.s = s[4 : len(s)-5]
	if !t.syslog() || century|year < 0 {
		return false
	}
	t.year = century*100 + year
	return true
}

// httpd reads 02/Jan/2006:15:04:05 -0700.
func (t *scanner) httpd() bool {
	s := t.s
	if len(s) != 26 || s[2] != '/' || s[6] != '/' || s[11] != ':' || s[14] != ':' || s[17] != ':' || s[20] != ' ' {
		return false
	}
	century, year := two(s, 7), two(s, 9)
	t.day, t.month = two(s, 0), monthOf(s[3], s[4], s[5])
	t.hour, t.minute, t.second = two(s, 12), two(s, 15), two(s, 18)
	if century|year|t.day|t.hour|t.minute|t.second < 0 {
		return false
	}
	t.year, t.clock = century*100+year, true
	t.i = 21
	return t.zoneOffset(0) && t.done()
}
