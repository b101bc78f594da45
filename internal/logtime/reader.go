// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package logtime

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// epochUnits are the layouts that are not Go's, with their units in nanoseconds.
var epochUnits = map[string]int64{"unix_s": 1e9, "unix_ms": 1e6, "unix_us": 1e3, "unix_ns": 1}

// CheckLayout reports a layout that does not even read what it prints itself.
func CheckLayout(layout string) error {
	if _, ok := epochUnits[layout]; ok {
		return nil
	}
	probe := time.Date(2021, time.November, 22, 13, 44, 55, 0, time.UTC)
	out := probe.Format(layout)
	other := time.Date(2023, time.November, 27, 16, 44, 55, 0, time.UTC)
	if out == layout || out == other.Format(layout) { // the other is for a name with a digit in it, such as ISO8601
		return fmt.Errorf("must be a Go layout of the time Mon Jan 2 15:04:05 MST 2006, or unix_s, unix_ms, unix_us, unix_ns, got %q", layout)
	}
	if _, err := time.Parse(layout, out); err != nil {
		return fmt.Errorf("must be a Go layout that can be read back, got %q", layout)
	}
	return nil
}

// Reader reads times. It does not change: any number of goroutines may use one.
type Reader struct {
	layouts  []layout // none: the well-known ones
	unit     int64    // of the first layout that is a Unix time, in nanoseconds; 0: none is
	location *time.Location
}

// New makes a Reader that tries the layouts in their order, or the well-known ones if there are none. A layout is one of Go's or
// unix_s, unix_ms, unix_us, unix_ns. location is where texts without a time zone are; nil is UTC. The error joins those
// of CheckLayout.
func New(layouts []string, location *time.Location) (*Reader, error) {
	if location == nil {
		location = time.UTC
	}
	r := &Reader{location: location}
	var errs []error
	for _, text := range layouts {
		if err := CheckLayout(text); err != nil {
			errs = append(errs, err)
			continue
		}
		l := newLayout(text)
		if r.unit == 0 {
			r.unit = l.unit
		}
		r.layouts = append(r.layouts, l)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return r, nil
}

// maxText is the longest text that is taken for a time, in bytes; JavaScript's with the name of the zone has up to 80.
const maxText = 96

// Time is a time as a text has it.
type Time struct {
	Nanos int64 // since the Unix epoch
	Year  bool  // the text has the year; else Nanos is in the latest that fits
	Zone  bool  // the text has the time zone, or is a Unix time; else Nanos is in the Reader's location
}

// Read reads a text that is a time and nothing else but white space around it. near is a time at which it was seen, in nanoseconds
// since the Unix epoch, for texts that lack the year or are ambiguous; 0 is now. ns is in nanoseconds since the Unix epoch. ok is
// false for what is no time, or none from 1970 to 2261.
func (r *Reader) Read(text string, near int64) (ns int64, ok bool) {
	t, ok := r.Time(text, near)
	return t.Nanos, ok
}

// Time is Read for those who want to know how much of the time the text itself says.
func (r *Reader) Time(text string, near int64) (t Time, ok bool) {
	text = strings.TrimSpace(text)
	if len(text) > maxText {
		return t, false
	}
	if len(r.layouts) == 0 {
		return r.wellKnown(text, near)
	}
	for i := range r.layouts {
		if t, ok = r.layouts[i].read(text, r.location, near); ok {
			return t, true
		}
	}
	return Time{}, false
}

// layout is one that New was given.
type layout struct {
	unit  int64  // of a Unix time in nanoseconds, else 0
	steps []step // nil: left to package time
	text  string
}

func newLayout(text string) layout {
	l := layout{text: text, unit: epochUnits[text]}
	if l.unit == 0 {
		l.steps, _ = compileLayout(text)
	}
	return l
}

func (l *layout) read(s string, location *time.Location, near int64) (Time, bool) {
	if l.unit > 0 {
		return epochTime(s, l.unit)
	}
	c := civil{year: noYear}
	if l.steps != nil {
		t := scanner{s: s}
		if !t.run(l.steps) {
			return Time{}, false
		}
		c = t.civil
	} else {
		t, err := time.ParseInLocation(l.text, s, location)
		if err != nil {
			return Time{}, false
		}
		if t.Year() != 0 {
			ns, ok := pack(t.Unix(), t.Nanosecond(), true)
			return Time{Nanos: ns, Year: true, Zone: t.Location() != location}, ok
		}
		_, c.offset = t.Zone()
		c.zoned = t.Location() != location
		c.month, c.day, c.clock = int(t.Month()), t.Day(), true
		c.hour, c.minute, c.second, c.nanos = t.Hour(), t.Minute(), t.Second(), t.Nanosecond()
	}
	return c.time(location, near)
}
