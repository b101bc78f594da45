// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package logtime

import (
	"strings"
	"time"
)

// likely is how far from when it was seen a date may lie that can be read in several ways.
const (
	likelyBehind = 14 * 24 * 3600 // seconds
	likelyAhead  = 24 * 3600
)

// numericDate reads dates of numbers only whose year does not come first with four digits: 31/12/2026, 12/31/26, 26/12/31,
// 31.12.2026 (points are always day, month, year), 12-31 (month and day, Android), each with a time of day. What can be read
// in more than one way is, if one and only one of them lies in the two weeks before it was seen.
func numericDate(s string, location *time.Location, near int64) (Time, bool) {
	t := scanner{s: s}
	a, _ := t.number(1, 2)
	sep := s[t.i]
	t.i++
	b, ok := t.number(1, 2)
	if !ok || t.done() {
		return Time{}, false
	}
	c, digits := noYear, 0
	if s[t.i] == sep {
		t.i++
		from := t.i
		if c, ok = t.number(2, 4); !ok {
			return Time{}, false
		}
		if digits = t.i - from; digits == 3 {
			return Time{}, false
		}
	}
	if !t.clockAfterDate() {
		return Time{}, false
	}
	var ways [3][3]int // year, month, day
	n := 0
	add := func(year, month, day int) {
		if month < 1 || month > 12 || day < 1 || day > 31 {
			return
		}
		ways[n] = [3]int{year, month, day}
		n++
	}
	switch {
	case digits == 0 && sep == '-':
		add(noYear, a, b)
	case digits == 0:
		add(noYear, a, b)
		if a != b {
			add(noYear, b, a)
		}
	case sep == '.' && digits == 4:
		add(c, b, a)
	case sep == '.':
		add(twoDigitYear(c), b, a)
	default:
		year := c
		if digits == 2 {
			year = twoDigitYear(c)
		}
		add(year, b, a)
		if a != b {
			add(year, a, b)
		}
		if digits == 2 && a != c {
			add(twoDigitYear(a), b, c)
		}
	}
	return t.pick(ways[:n], location, near)
}

// pick decides between several ways to read the date.
func (t *scanner) pick(ways [][3]int, location *time.Location, near int64) (Time, bool) {
	now := seen(near)
	found, count := Time{}, 0
	for _, w := range ways {
		c := t.civil
		c.year, c.month, c.day = w[0], w[1], w[2]
		at, ok := c.time(location, near)
		if !ok {
			continue
		}
		if len(ways) > 1 && (at.Nanos/1e9 < now-likelyBehind || at.Nanos/1e9 > now+likelyAhead) {
			continue
		}
		if count == 0 || at.Nanos != found.Nanos {
			count++
		}
		found = at
	}
	return found, count == 1
}

// clockAfterDate reads a time of day after a blank, T, a comma or a colon, up to the end of the text.
func (t *scanner) clockAfterDate() bool {
	from := t.i
	for t.i < len(t.s) && strings.IndexByte(" T,:-_", t.s[t.i]) >= 0 {
		t.i++
	}
	if t.i == from || t.i == len(t.s) || !isDigit(t.s[t.i]) {
		return false
	}
	rest := t.rest()
	for _, ops := range clockOnly {
		c := scanner{s: rest}
		if c.run(ops) {
			t.civil = c.civil
			return true
		}
	}
	return false
}
