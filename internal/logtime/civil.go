// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package logtime

import "time"

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
// the latest that lies no more than yearlessAhead after near. Times before 1970 or after 2261, and the 30th of February, are refused.
func (c *civil) nanoseconds(location *time.Location, near int64) (int64, bool) {
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

// time is nanoseconds and what it rests on.
func (c *civil) time(location *time.Location, near int64) (Time, bool) {
	ns, ok := c.nanoseconds(location, near)
	return Time{Nanos: ns, Year: c.year != noYear, Zone: c.zoned || c.in != nil || c.abbreviation != ""}, ok
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

// seen is near in seconds, or now where it is not known.
func seen(near int64) int64 {
	if near <= 0 {
		return time.Now().Unix()
	}
	return near / 1e9
}

// lastYear gives the time the latest year that does not put it into the future of when it was seen.
func (c *civil) lastYear(location *time.Location, near int64) (int64, bool) {
	limit := seen(near) + int64(yearlessAhead/time.Second)
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
