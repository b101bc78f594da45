// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grokprocessor

import (
	"fmt"
	"strings"
	"time"
	_ "time/tzdata" // location must work where the machine has no time zone database

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

// The names under which loggers print the time.
var timestampNames = []string{
	"timestamp", "@timestamp", "time", "ts", "datetime", "asctime", "timestamp8601", "syslog5424_ts", "syslog_timestamp",
	"eventTime", "t.$date",
}

// wellKnownLayouts are tried in this order on texts that are not in the form of RFC 3339. A fraction after the seconds is
// taken by all of them. What can be read in two ways (01/02/03) is not here: it needs a layout of its own.
var wellKnownLayouts = []string{
	"02/Jan/2006:15:04:05 -0700",      // httpd, nginx
	"Jan _2 15:04:05",                 // syslog, RFC 3164
	"Mon Jan _2 15:04:05 2006",        // httpd's error log, asctime
	"Mon Jan _2 15:04:05 MST 2006",    // date
	"Mon, 02 Jan 2006 15:04:05 MST",   // RFC 1123
	"Mon, _2 Jan 2006 15:04:05 -0700", // RFC 2822
	"2006/01/02 15:04:05",             // Go's log, nginx's error log
	"20060102T150405Z0700",
	"Jan _2 2006 15:04:05",
	"Jan _2, 2006 3:04:05 PM", // Tomcat to 7
	"02-Jan-2006 15:04:05",    // Tomcat from 8, BIND
	"02 Jan 15:04:05",         // Redis 2
	"02 Jan 2006 15:04:05",    // Redis
	"0102 15:04:05",           // klog
}

// The layouts that are not Go's.
var epochUnits = map[string]int64{"unix_s": 1e9, "unix_ms": 1e6, "unix_us": 1e3, "unix_ns": 1}

// checkLayout reports a layout that does not even read what it prints itself.
func checkLayout(layout string) error {
	if _, ok := epochUnits[layout]; ok {
		return nil
	}
	probe := time.Date(2021, time.November, 22, 13, 44, 55, 0, time.UTC)
	out := probe.Format(layout)
	if out == layout {
		return fmt.Errorf("must be a Go layout of the time Mon Jan 2 15:04:05 MST 2006, or unix_s, unix_ms, unix_us, unix_ns, got %q", layout)
	}
	if _, err := time.Parse(layout, out); err != nil {
		return fmt.Errorf("must be a Go layout that can be read back, got %q", layout)
	}
	return nil
}

// timestampReader fills the record's time.
type timestampReader struct {
	names    fieldNames
	layouts  []string // none: the well-known ones
	location *time.Location
}

func newTimestampReader(cfg *TimestampConfig) (timestampReader, error) {
	r := timestampReader{names: newFieldNames(cfg.Field, timestampNames), layouts: cfg.Layouts, location: time.UTC}
	if cfg.Location != "" {
		var err error
		if r.location, err = time.LoadLocation(cfg.Location); err != nil {
			return r, fmt.Errorf("location: %w", err)
		}
	}
	return r, nil
}

func (r *timestampReader) apply(fields pcommon.Map, lr plog.LogRecord, fails []int64) {
	_, v, ok := r.names.find(fields)
	if !ok {
		return
	}
	near := lr.ObservedTimestamp()
	if near == 0 {
		near = lr.Timestamp()
	}
	ns, ok := r.read(v, near)
	if !ok {
		fails[failureTimestamp]++
		return
	}
	lr.SetTimestamp(pcommon.Timestamp(ns)) //nolint:gosec // read returns times from 1970 on
}

// read returns nanoseconds since the Unix epoch. near is a time the record was seen at, for texts that lack the year.
func (r *timestampReader) read(v pcommon.Value, near pcommon.Timestamp) (int64, bool) {
	switch v.Type() {
	case pcommon.ValueTypeInt:
		return r.epochInt(v.Int())
	case pcommon.ValueTypeDouble:
		return r.epochFloat(v.Double())
	case pcommon.ValueTypeSlice:
		if v.Slice().Len() == 0 {
			return 0, false
		}
		return r.read(v.Slice().At(0), near)
	case pcommon.ValueTypeStr:
		return r.text(strings.TrimSpace(v.Str()), near)
	default:
		return 0, false
	}
}

// readText returns nanoseconds since the Unix epoch.
func (r *timestampReader) readText(s string, near pcommon.Timestamp) (ns int64, ok bool) {
	return r.text(strings.TrimSpace(s), near)
}

func (r *timestampReader) text(s string, near pcommon.Timestamp) (int64, bool) {
	if len(s) > 64 {
		return 0, false
	}
	if len(r.layouts) > 0 {
		for _, layout := range r.layouts {
			if unit, ok := epochUnits[layout]; ok {
				if ns, ok := epochText(s, unit); ok {
					return ns, true
				}
				continue
			}
			if ns, ok := r.layout(layout, s, near); ok {
				return ns, true
			}
		}
		return 0, false
	}
	if ns, ok := r.rfc3339(s); ok {
		return ns, true
	}
	if ns, ok := epochText(s, 0); ok {
		return ns, true
	}
	for _, layout := range wellKnownLayouts {
		if s == "" || isDigit(layout[0]) != isDigit(s[0]) { // spares the cost of a parse error
			continue
		}
		if ns, ok := r.layout(layout, s, near); ok {
			return ns, true
		}
	}
	return 0, false
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// rfc3339 reads RFC 3339 and what loggers make of it: blank for T, comma before the fraction, no zone, zone without colon.
func (r *timestampReader) rfc3339(s string) (int64, bool) {
	const date, clock = "2006-01-02", "15:04:05"
	if len(s) < len(date)+1+len(clock) || s[4] != '-' || s[7] != '-' || s[13] != ':' || s[16] != ':' {
		return 0, false
	}
	if c := s[10]; c != 'T' && c != 't' && c != ' ' && c != '_' {
		return 0, false
	}
	num := func(from, to int) int {
		n := 0
		for _, c := range []byte(s[from:to]) {
			if c < '0' || c > '9' {
				return -1
			}
			n = 10*n + int(c-'0')
		}
		return n
	}
	year, month, day := num(0, 4), num(5, 7), num(8, 10)
	hour, minute, second := num(11, 13), num(14, 16), num(17, 19)
	if year < 0 || month < 1 || month > 12 || day < 1 || day > 31 || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60 {
		return 0, false
	}
	rest, nanos := s[19:], 0
	if rest != "" && (rest[0] == '.' || rest[0] == ',') {
		i, scale := 1, 100_000_000
		for ; i < len(rest) && rest[i] >= '0' && rest[i] <= '9'; i++ {
			nanos += int(rest[i]-'0') * scale
			scale /= 10
		}
		if i == 1 {
			return 0, false
		}
		rest = rest[i:]
	}
	loc, ok := r.zone(strings.TrimLeft(rest, " "))
	if !ok {
		return 0, false
	}
	t := time.Date(year, time.Month(month), day, hour, minute, second, nanos, loc)
	if t.Day() != day && second < 60 { // the 30th of February
		return 0, false
	}
	return nanoseconds(t)
}

// zone reads Z, UTC, GMT, ±hh, ±hhmm, ±hh:mm; nothing is the configured location.
func (r *timestampReader) zone(s string) (*time.Location, bool) {
	switch s {
	case "":
		return r.location, true
	case "Z", "z", "UTC", "GMT":
		return time.UTC, true
	}
	if s[0] != '+' && s[0] != '-' {
		return nil, false
	}
	digits := strings.Replace(s[1:], ":", "", 1)
	if len(digits) != 2 && len(digits) != 4 {
		return nil, false
	}
	offset := 0
	for i, c := range []byte(digits) {
		if c < '0' || c > '9' {
			return nil, false
		}
		offset += int(c-'0') * [4]int{36000, 3600, 600, 60}[i]
	}
	if s[0] == '-' {
		offset = -offset
	}
	if offset == 0 {
		return time.UTC, true
	}
	return time.FixedZone("", offset), true
}

func (r *timestampReader) layout(layout, s string, near pcommon.Timestamp) (int64, bool) {
	t, err := time.ParseInLocation(layout, s, r.location)
	if err != nil {
		return 0, false
	}
	// Go takes an unknown abbreviation of a time zone for UTC. Better no time than one that is hours off.
	if name, offset := t.Zone(); offset == 0 && strings.Contains(layout, "MST") && name != "UTC" && name != "GMT" && t.Location() != r.location {
		return 0, false
	}
	if t.Year() != 0 {
		return nanoseconds(t)
	}
	return nanoseconds(lastYear(t, near))
}

// yearlessAhead is how far ahead of when it was seen a time without a year may lie: clocks and time zones differ, but a
// line from next spring is one from last spring.
const yearlessAhead = 24 * time.Hour

// lastYear gives t the latest year that does not put it into the future of when it was seen.
func lastYear(t time.Time, near pcommon.Timestamp) time.Time {
	seen := near.AsTime()
	if near == 0 {
		seen = time.Now()
	}
	latest := seen.Add(yearlessAhead)
	for year := latest.Year(); year >= latest.Year()-8; year-- { // 8: the 29th of February around a year like 2100
		c := time.Date(year, t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), t.Location())
		if c.Day() == t.Day() && !c.After(latest) {
			return c
		}
	}
	return t
}

// nanoseconds refuses times that pdata cannot hold.
func nanoseconds(t time.Time) (int64, bool) {
	if t.Year() < 1970 || t.Year() > 2261 {
		return 0, false
	}
	ns := t.UnixNano()
	return ns, ns >= 0
}
