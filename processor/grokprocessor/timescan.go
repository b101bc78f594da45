// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grokprocessor

import (
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// civil is a date and a time as a text has them. The zero value is midnight of no day.
type civil struct {
	year, month, day     int // noYear, 0 and 0: not in the text
	hour, minute, second int
	nanos                int
	offset               int            // seconds east of UTC, if zoned
	abbreviation         string         // the name of a time zone, which the location may know better than we do
	in                   *time.Location // where the text says that it is
	zoned                bool           // offset is known
	pm, am               bool
	clock                bool // has an hour
}

const noYear = -1

// timeScanner reads a text from left to right. It lives on the stack: reading a time allocates nothing.
type timeScanner struct {
	s string
	i int
	civil
}

func (t *timeScanner) rest() string { return t.s[t.i:] }
func (t *timeScanner) done() bool   { return t.i == len(t.s) }

// two reads two digits at offset i, -1 if they are none.
func two(s string, i int) int {
	a, b := s[i]-'0', s[i+1]-'0'
	if a > 9 || b > 9 {
		return -1
	}
	return int(a)*10 + int(b)
}

// pair reads two digits, -1 if they are not here.
func (t *timeScanner) pair() int {
	if t.i+2 > len(t.s) {
		return -1
	}
	v := two(t.s, t.i)
	t.i += 2
	return v
}

// number reads from least to most digits, at most 9.
func (t *timeScanner) number(least, most int) (int, bool) {
	v, n := 0, 0
	for n < most && t.i+n < len(t.s) {
		c := t.s[t.i+n] - '0'
		if c > 9 {
			break
		}
		v = v*10 + int(c)
		n++
	}
	t.i += n
	return v, n >= least
}

// blanks skips white space; there must be some unless the text ends here.
func (t *timeScanner) blanks() bool {
	from := t.i
	for t.i < len(t.s) && t.s[t.i] == ' ' {
		t.i++
	}
	return t.i > from || t.done()
}

// fraction reads a point or comma and digits, if they are here, or a colon and one to three digits of milliseconds. Digits
// beyond nanoseconds are cut off.
func (t *timeScanner) fraction() {
	if t.i+1 >= len(t.s) || !isDigit(t.s[t.i+1]) {
		return
	}
	switch t.s[t.i] {
	case '.', ',':
		t.i++
		t.nanos = t.digits()
	case ':':
		from := t.i
		t.i++
		ms, _ := t.number(1, 3)
		if !t.done() && isDigit(t.s[t.i]) { // a year or something else
			t.i = from
			return
		}
		t.nanos = ms * 1e6
	}
}

// digits reads all digits here as a fraction of a second, in nanoseconds.
func (t *timeScanner) digits() int {
	v, n := 0, 0
	for ; t.i < len(t.s); t.i++ {
		c := t.s[t.i] - '0'
		if c > 9 {
			break
		}
		if n < 9 {
			v = v*10 + int(c)
			n++
		}
	}
	return v * nanosPer[n]
}

var nanosPer = [10]int{1e9, 1e8, 1e7, 1e6, 1e5, 1e4, 1e3, 1e2, 10, 1}

// monthName reads the first three letters of a month, in any case, and the rest of its full name if that is here.
func (t *timeScanner) monthName() bool {
	if t.i+3 > len(t.s) {
		return false
	}
	m := monthOf(t.s[t.i], t.s[t.i+1], t.s[t.i+2])
	if m == 0 {
		return false
	}
	t.month = m
	t.i += 3
	t.tail(time.Month(m).String()[3:])
	return true
}

// tail skips the rest of a long name if it is here.
func (t *timeScanner) tail(rest string) {
	if rest == "" || len(t.s)-t.i < len(rest) {
		return
	}
	for j := range len(rest) {
		if t.s[t.i+j]|0x20 != rest[j] {
			return
		}
	}
	t.i += len(rest)
}

func monthOf(a, b, c byte) int {
	switch uint32(a|0x20)<<16 | uint32(b|0x20)<<8 | uint32(c|0x20) {
	case 'j'<<16 | 'a'<<8 | 'n':
		return 1
	case 'f'<<16 | 'e'<<8 | 'b':
		return 2
	case 'm'<<16 | 'a'<<8 | 'r':
		return 3
	case 'a'<<16 | 'p'<<8 | 'r':
		return 4
	case 'm'<<16 | 'a'<<8 | 'y':
		return 5
	case 'j'<<16 | 'u'<<8 | 'n':
		return 6
	case 'j'<<16 | 'u'<<8 | 'l':
		return 7
	case 'a'<<16 | 'u'<<8 | 'g':
		return 8
	case 's'<<16 | 'e'<<8 | 'p':
		return 9
	case 'o'<<16 | 'c'<<8 | 't':
		return 10
	case 'n'<<16 | 'o'<<8 | 'v':
		return 11
	case 'd'<<16 | 'e'<<8 | 'c':
		return 12
	}
	return 0
}

// weekday skips the name of a day, short or long, in any case. That it is the right one is not checked.
func (t *timeScanner) weekday() bool {
	if t.i+3 > len(t.s) {
		return false
	}
	d := weekdayOf(t.s[t.i], t.s[t.i+1], t.s[t.i+2])
	if d < 0 {
		return false
	}
	t.i += 3
	t.tail(time.Weekday(d).String()[3:])
	return true
}

func weekdayOf(a, b, c byte) int {
	switch uint32(a|0x20)<<16 | uint32(b|0x20)<<8 | uint32(c|0x20) {
	case 's'<<16 | 'u'<<8 | 'n':
		return 0
	case 'm'<<16 | 'o'<<8 | 'n':
		return 1
	case 't'<<16 | 'u'<<8 | 'e':
		return 2
	case 'w'<<16 | 'e'<<8 | 'd':
		return 3
	case 't'<<16 | 'h'<<8 | 'u':
		return 4
	case 'f'<<16 | 'r'<<8 | 'i':
		return 5
	case 's'<<16 | 'a'<<8 | 't':
		return 6
	}
	return -1
}

// twoDigitYear is the year that two digits mean, as POSIX and Go have it: 69 to 99 are of the last century.
func twoDigitYear(y int) int {
	if y >= 69 {
		return 1900 + y
	}
	return 2000 + y
}

// twelve takes 1 to 12 with AM or PM to 0 to 23.
func (c *civil) twelve() {
	switch {
	case c.pm && c.hour < 12:
		c.hour += 12
	case c.am && c.hour == 12:
		c.hour = 0
	}
}

// nanoseconds is the time since the Unix epoch. Where the text has no zone it is in location; where it has no year it is
// the latest that lies no more than yearlessAhead after near. Times that pdata cannot hold, and the 30th of February, are refused.
func (c *civil) nanoseconds(location *time.Location, near pcommon.Timestamp) (int64, bool) {
	c.twelve()
	if !c.clock || c.month < 1 || c.month > 12 || c.day < 1 || c.day > 31 || uint(c.hour) > 23 || uint(c.minute) > 59 || uint(c.second) > 60 {
		return 0, false
	}
	if c.year == noYear {
		return c.lastYear(location, near)
	}
	if c.day > 28 && c.day > daysIn(c.year, c.month) {
		return 0, false
	}
	sec, ok := c.unix(c.year, location)
	return pack(sec, c.nanos, ok)
}

func pack(sec int64, nanos int, ok bool) (int64, bool) {
	if !ok || sec < 0 || sec >= year2262 {
		return 0, false
	}
	return sec*1e9 + int64(nanos), true
}

const year2262 = 9_214_646_400 // seconds

// unix is the second since the epoch of the same day and time in year.
func (c *civil) unix(year int, location *time.Location) (int64, bool) {
	sec := unixDays(year, c.month, c.day)*86400 + int64(c.hour*3600+c.minute*60+c.second)
	if c.in != nil {
		location = c.in
	}
	if location != time.UTC && (!c.zoned || c.abbreviation != "") {
		t := time.Date(year, time.Month(c.month), c.day, c.hour, c.minute, c.second, 0, location)
		if c.abbreviation == "" {
			return t.Unix(), true
		}
		if name, _ := t.Zone(); name == c.abbreviation {
			return t.Unix(), true
		}
	}
	if c.abbreviation != "" && !c.zoned {
		return 0, false // better no time than one that is hours off
	}
	return sec - int64(c.offset), true
}

// yearlessAhead is how far ahead of when it was seen a time without a year may lie: clocks and time zones differ, but a
// line from next spring is one from last spring.
const yearlessAhead = 24 * time.Hour

// lastYear gives the time the latest year that does not put it into the future of when it was seen.
func (c *civil) lastYear(location *time.Location, near pcommon.Timestamp) (int64, bool) {
	limit := int64(near / 1e9) //nolint:gosec // a timestamp in seconds
	if near == 0 {
		limit = time.Now().Unix()
	}
	limit += int64(yearlessAhead / time.Second)
	last := yearOf(limit)
	for year := last; year >= last-8; year-- { // 8: the 29th of February around a year like 2100
		if c.day > 28 && c.day > daysIn(year, c.month) {
			continue
		}
		if sec, ok := c.unix(year, location); !ok || sec <= limit {
			return pack(sec, c.nanos, ok)
		}
	}
	return 0, false
}

func daysIn(year, month int) int {
	switch month {
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}

// unixDays is the number of days from the Unix epoch to a day of the Gregorian calendar from the year 0 on. A year begins in
// March here, so that the leap day is its last.
func unixDays(year, month, day int) int64 {
	if month <= 2 {
		year--
		month += 12
	}
	of := (153*(month-3)+2)/5 + day - 1
	return int64(year*365 + floorDiv(year, 4) - floorDiv(year, 100) + floorDiv(year, 400) + of - 719468)
}

func floorDiv(a, b int) int {
	if a < 0 {
		return (a - b + 1) / b
	}
	return a / b
}

// yearOf is the year in UTC of a second since the epoch, from 1970 on.
func yearOf(sec int64) int {
	days := int(sec / 86400)
	year := 1970 + days/366 // too small by less than one in 1461 days
	for unixDays(year+1, 1, 1) <= int64(days) {
		year++
	}
	return year
}
