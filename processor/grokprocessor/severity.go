// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grokprocessor

import (
	"fmt"
	"strconv"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

// The names under which loggers print the severity. Syslog's priority comes last: a level in the text says more.
var severityNames = []string{
	"level", "severity", "log.level", "loglevel", "log_level", "lvl", "levelname", "severity_text", "syslog.severity",
	"syslog.priority", "log.syslog.priority", "syslog_pri", "syslog5424_pri", "priority", "PRIORITY",
}

// severityTexts are the words for severities in common use, lower case. The numbers follow the mapping in OpenTelemetry's
// log data model, appendix B.
var severityTexts = map[string]plog.SeverityNumber{
	"trace": 1, "trc": 1, "finest": 1, "verbose": 1, "t": 1, "v": 1,
	"debug": 5, "dbg": 5, "finer": 5, "d": 5, "fine": 6, "config": 7,
	"info": 9, "information": 9, "informational": 9, "inf": 9, "i": 9, "log": 9, "audit": 9, "notice": 10, "n": 10,
	"warn": 13, "warning": 13, "wrn": 13, "w": 13,
	"error": 17, "err": 17, "severe": 17, "e": 17, "crit": 18, "critical": 18, "crt": 18, "c": 18, "alert": 19,
	"fatal": 21, "ftl": 21, "f": 21, "panic": 21, "dpanic": 21, "emerg": 21, "emergency": 21,
}

// syslogSeverities are the eight of RFC 5424, by their numeric code.
var syslogSeverities = [8]struct {
	text   string
	number plog.SeverityNumber
}{
	{"emerg", 21}, {"alert", 19}, {"crit", 18}, {"err", 17}, {"warning", 13}, {"notice", 10}, {"info", 9}, {"debug", 5},
}

// numericLevels are those of pino and bunyan.
var numericLevels = map[int64]plog.SeverityNumber{10: 1, 20: 5, 30: 9, 40: 13, 50: 17, 60: 21}

// severityByName reads trace, debug, info, warn, error, fatal, each also followed by 2, 3 or 4.
func severityByName(name string) (plog.SeverityNumber, bool) {
	base := strings.ToLower(name)
	extra := plog.SeverityNumber(0)
	if n := len(base); n > 0 && base[n-1] >= '2' && base[n-1] <= '4' {
		extra = plog.SeverityNumber(base[n-1] - '1')
		base = base[:n-1]
	}
	for i, n := range []string{"trace", "debug", "info", "warn", "error", "fatal"} {
		if base == n {
			return plog.SeverityNumber(4*i+1) + extra, true
		}
	}
	return 0, false
}

// severityReader fills severity number and text.
type severityReader struct {
	names   fieldNames
	mapping map[string]plog.SeverityNumber // lower case
}

func newSeverityReader(cfg *SeverityConfig) (severityReader, error) {
	r := severityReader{names: newFieldNames(cfg.Field, severityNames)}
	for text, name := range cfg.Mapping {
		n, ok := severityByName(name)
		if !ok {
			return r, fmt.Errorf("mapping: unknown severity %q", name)
		}
		if r.mapping == nil {
			r.mapping = map[string]plog.SeverityNumber{}
		}
		r.mapping[strings.ToLower(text)] = n
	}
	return r, nil
}

func (r *severityReader) apply(fields pcommon.Map, lr plog.LogRecord, fails []int64) {
	name, v, ok := r.names.find(fields)
	if !ok {
		return
	}
	text, number, ok := r.read(name, v)
	if !ok {
		fails[failureSeverity]++
		return
	}
	lr.SetSeverityNumber(number)
	lr.SetSeverityText(text)
}

// read returns the severity's own text and its number. A bare number gets the name it stands for as its text.
func (r *severityReader) read(name string, v pcommon.Value) (string, plog.SeverityNumber, bool) {
	if v.Type() == pcommon.ValueTypeSlice && v.Slice().Len() > 0 {
		v = v.Slice().At(0)
	}
	return r.readText(v.AsString(), isPriority(name))
}

// readText is read for a captured text. priority says that a number is syslog's facility * 8 + severity (isPriority of
// the capture's name).
func (r *severityReader) readText(text string, priority bool) (string, plog.SeverityNumber, bool) {
	text = strings.TrimSpace(text)
	if len(text) == 0 || len(text) > 32 {
		return "", 0, false
	}
	key := strings.ToLower(text)
	if n, ok := r.mapping[key]; ok {
		return text, n, true
	}
	if n, ok := severityTexts[key]; ok {
		return text, n, true
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return "", 0, false
	}
	if priority {
		if n < 0 || n > 191 {
			return "", 0, false
		}
		s := syslogSeverities[n&7]
		return s.text, s.number, true
	}
	if level, ok := numericLevels[n]; ok {
		return strings.ToUpper(level.String()), level, true
	}
	if n >= 0 && n <= 7 {
		s := syslogSeverities[n]
		return s.text, s.number, true
	}
	return "", 0, false
}

// isPriority reports names of fields that hold syslog's facility * 8 + severity.
func isPriority(name string) bool {
	return strings.HasSuffix(name, "pri") || strings.HasSuffix(strings.ToLower(name), "priority")
}
