// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grokprocessor

import (
	"fmt"
	"slices"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/logboom/logboom/internal/logtime"
)

// The names under which loggers print the time. Several names in one are captures that belong together.
var timestampNames = []string{
	"timestamp", "@timestamp", "date time", "year month day time", "day month year time", "month day time", "time", "ts", "datetime",
	"asctime", "timestamp8601", "syslog5424_ts", "syslog_timestamp", "eventTime", "event_time", "log_time", "t.$date", "Timestamp", "@t",
	"timeMillis", "time_iso8601", "time_local", "bts", "nagios_epoch", "exim_year exim_month exim_day exim_time",
	"_SOURCE_REALTIME_TIMESTAMP", "__REALTIME_TIMESTAMP", "haproxy.request_date", "accept_date", "instant", "timeGenerated", "TimeGenerated",
	"stageTimestamp", "requestReceivedTimestamp", "start_time", "date", "t",
}

func newTimestampReader(cfg *TimestampConfig) (*logtime.Reader, error) {
	location, err := time.LoadLocation(cfg.Location)
	if err != nil {
		return nil, fmt.Errorf("location: %w", err)
	}
	r, err := logtime.New(cfg.Layouts, location)
	if err != nil {
		return nil, fmt.Errorf("layouts: %w", err)
	}
	return r, nil
}

// zoneNames are captures of the time zone that one of timestampNames is in.
var zoneNames = []string{"event.timezone", "timezone", "tz", "time_zone"}

// withZones has each of the references to a time a second time in front, joined with each capture of a time zone.
func withZones(refs []slotRef, targets naming) []slotRef {
	var out []slotRef
	for _, r := range refs {
		for _, name := range zoneNames {
			for slot := range targets {
				if targets.is(slot, name) {
					out = append(out, slotRef{name: r.name, slots: append(slices.Clone(r.slots), slot), zoned: true})
				}
			}
		}
		out = append(out, r)
	}
	return out
}

// better reports whether the time a says more than b, which stands further inside: the year, or on about the same day the time zone.
func better(a, b logtime.Time) bool {
	if a.Year != b.Year {
		return a.Year
	}
	return a.Zone && !b.Zone && max(a.Nanos-b.Nanos, b.Nanos-a.Nanos) <= int64(24*time.Hour)
}

// wantsTime reports that no time is known yet, or one that another may say more than.
func (w *worker) wantsTime() bool {
	return !w.filled[roleTimestamp] || !w.at.Year || !w.at.Zone
}

// setTime takes the time at for the record unless the one that it has says more.
func (w *worker) setTime(at logtime.Time) {
	if w.filled[roleTimestamp] && !better(at, w.at) {
		return
	}
	w.at, w.filled[roleTimestamp] = at, true
	w.lr.SetTimestamp(pcommon.Timestamp(at.Nanos)) //nolint:gosec // times before 1970 are not read
}

// timeFromCaptures sets the record's time by the first capture that is one, or by one further on that has the year where the first
// has none.
func (w *worker) timeFromCaptures(m *match) {
	var best logtime.Time
	var seen, ok, zoned bool
	for refs := m.plan.roles[roleTimestamp]; len(refs) > 0 && !best.Year; {
		i, text := m.next(refs)
		if i < 0 {
			break
		}
		at, is := m.plan.time.Time(text, w.near())
		seen = true
		switch {
		case !is:
			zoned = zoned || refs[i].zoned // a zone that is not understood, or the time has one itself
		case zoned && !at.Zone && !refs[i].zoned: // better none than one that is hours off
		case !ok || at.Year:
			best, ok = at, true
		}
		refs = refs[i+1:]
	}
	switch {
	case ok:
		w.setTime(best)
	case seen && !w.filled[roleTimestamp]:
		w.fail(failureTimestamp)
	}
}

// timeFromMember is timeFromCaptures for an object; f is the member that the time is looked for in.
func (w *worker) timeFromMember(f *found) {
	at, ok := readTimestamp(w.rule.timestamp, f.value, w.near())
	if w.rule.usual && f.value.Type() == pcommon.ValueTypeStr && !(ok && at.Zone) {
		at, ok = w.timeOfMembers(f, at, ok)
	}
	switch {
	case ok:
		w.setTime(at)
	case !w.filled[roleTimestamp]:
		w.fail(failureTimestamp)
	}
}

// timeOfMembers reads a time that lacks something together with the members beside it: time with date, either with tz.
func (w *worker) timeOfMembers(f *found, at logtime.Time, ok bool) (logtime.Time, bool) {
	text := f.value.Str()
	if !ok {
		date, there := f.object.Get("date")
		if f.key != "time" || !there || date.Type() != pcommon.ValueTypeStr {
			return at, false
		}
		if at, ok = w.rule.timestamp.Time(date.Str()+" "+text, w.near()); !ok {
			return w.rule.timestamp.Time(date.Str(), w.near())
		}
		if text = date.Str() + " " + text; at.Zone {
			return at, true
		}
	}
	for _, name := range zoneNames {
		if zone, there := lookup(f.object, name); there && zone.value.Type() == pcommon.ValueTypeStr && zone.value.Str() != "" {
			return w.rule.timestamp.Time(text+" "+zone.value.Str(), w.near())
		}
	}
	return at, ok
}

// readTimestamp reads a value that is a time: a text, a Unix time, or one in parts. near is that of logtime.Reader.Read.
func readTimestamp(r *logtime.Reader, v pcommon.Value, near int64) (at logtime.Time, ok bool) {
	switch v.Type() {
	case pcommon.ValueTypeInt:
		ns, ok := r.Int(v.Int())
		return logtime.Time{Nanos: ns, Year: true, Zone: true}, ok
	case pcommon.ValueTypeDouble:
		ns, ok := r.Float(v.Double())
		return logtime.Time{Nanos: ns, Year: true, Zone: true}, ok
	case pcommon.ValueTypeSlice:
		if v.Slice().Len() == 0 {
			return at, false
		}
		return readTimestamp(r, v.Slice().At(0), near)
	case pcommon.ValueTypeMap:
		ns, ok := timestampParts(v.Map())
		return logtime.Time{Nanos: ns, Year: true, Zone: true}, ok
	case pcommon.ValueTypeStr:
		return r.Time(v.Str(), near)
	default:
		return at, false
	}
}

// timestampParts reads seconds and nanoseconds that stand apart: log4j's instant and a timestamp of Protocol Buffers.
func timestampParts(m pcommon.Map) (ns int64, ok bool) {
	for _, keys := range [][2]string{{"epochSecond", "nanoOfSecond"}, {"seconds", "nanos"}} {
		sec, ok := m.Get(keys[0])
		if !ok || sec.Type() != pcommon.ValueTypeInt {
			continue
		}
		nanos, ok := m.Get(keys[1])
		if !ok {
			return logtime.Unix(sec.Int(), 0)
		}
		return logtime.Unix(sec.Int(), nanos.Int())
	}
	return 0, false
}
