// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grokprocessor

import (
	"fmt"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/logboom/logboom/internal/logtime"
)

// The names under which loggers print the time. Several names in one are captures that belong together.
var timestampNames = []string{
	"timestamp event.timezone", "timestamp", "@timestamp", "date time", "year month day time", "day month year time", "month day time", "time", "ts", "datetime",
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

// readTimestamp reads a value that is a time: a text, a Unix time, or one in parts. near and ns are those of logtime.Reader.Read.
func readTimestamp(r *logtime.Reader, v pcommon.Value, near int64) (ns int64, ok bool) {
	switch v.Type() {
	case pcommon.ValueTypeInt:
		return r.Int(v.Int())
	case pcommon.ValueTypeDouble:
		return r.Float(v.Double())
	case pcommon.ValueTypeSlice:
		if v.Slice().Len() == 0 {
			return 0, false
		}
		return readTimestamp(r, v.Slice().At(0), near)
	case pcommon.ValueTypeMap:
		return timestampParts(v.Map())
	case pcommon.ValueTypeStr:
		return r.Read(v.Str(), near)
	default:
		return 0, false
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
