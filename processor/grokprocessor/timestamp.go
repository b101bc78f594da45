// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grokprocessor

import (
	"fmt"
	"strings"
	"time"
	_ "time/tzdata" // location must work where the machine has no time zone database

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// The names under which loggers print the time. Several names in one are captures that belong together.
var timestampNames = []string{
	"timestamp event.timezone", "timestamp", "@timestamp", "date time", "year month day time", "day month year time", "month day time", "time", "ts", "datetime",
	"asctime", "timestamp8601", "syslog5424_ts", "syslog_timestamp", "eventTime", "event_time", "log_time", "t.$date", "Timestamp", "@t",
	"timeMillis", "time_iso8601", "time_local", "bts", "nagios_epoch", "exim_year exim_month exim_day exim_time",
	"_SOURCE_REALTIME_TIMESTAMP", "__REALTIME_TIMESTAMP", "haproxy.request_date", "accept_date", "instant", "timeGenerated", "TimeGenerated",
	"stageTimestamp", "requestReceivedTimestamp", "start_time", "date", "t",
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
	compiled []layout
	location *time.Location
}

func newTimestampReader(cfg *TimestampConfig) (timestampReader, error) {
	r := timestampReader{names: newFieldNames(cfg.Field, timestampNames), layouts: cfg.Layouts, location: time.UTC}
	for _, l := range cfg.Layouts {
		r.compiled = append(r.compiled, newLayout(l))
	}
	if cfg.Location != "" {
		var err error
		if r.location, err = time.LoadLocation(cfg.Location); err != nil {
			return r, fmt.Errorf("location: %w", err)
		}
	}
	return r, nil
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
	case pcommon.ValueTypeMap:
		return epochMap(v.Map())
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
	if len(s) > maxTimeText {
		return 0, false
	}
	if len(r.layouts) == 0 {
		return r.wellKnown(s, near)
	}
	for i := range r.compiled {
		if ns, ok := r.compiled[i].read(s, r.location, near); ok {
			return ns, true
		}
	}
	return 0, false
}

// maxTimeText is the longest text that is taken for a time; JavaScript's with the name of the zone has up to 80 bytes.
const maxTimeText = 96

// layout is one that the configuration names.
type layout struct {
	unit int64    // of a Unix time in nanoseconds, else 0
	ops  []timeOp // nil: left to package time
	text string
}

func newLayout(text string) layout {
	l := layout{text: text, unit: epochUnits[text]}
	if l.unit == 0 {
		l.ops, _ = compileLayout(text)
	}
	return l
}

func (l *layout) read(s string, location *time.Location, near pcommon.Timestamp) (int64, bool) {
	if l.unit > 0 {
		return epochText(s, l.unit)
	}
	c := civil{year: noYear}
	if l.ops != nil {
		t := timeScanner{s: s}
		if !t.run(l.ops) {
			return 0, false
		}
		c = t.civil
	} else {
		t, err := time.ParseInLocation(l.text, s, location)
		if err != nil {
			return 0, false
		}
		if t.Year() != 0 {
			return pack(t.Unix(), t.Nanosecond(), true)
		}
		_, c.offset = t.Zone()
		c.zoned = t.Location() != location
		c.month, c.day, c.clock = int(t.Month()), t.Day(), true
		c.hour, c.minute, c.second, c.nanos = t.Hour(), t.Minute(), t.Second(), t.Nanosecond()
	}
	return c.nanoseconds(location, near)
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
