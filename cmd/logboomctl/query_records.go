// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/logboom/logboom/logql"
)

// recordTimes are the times of a query over records: of a log query all, or those from --start until before --end; of a metric
// query --at, or --start, --end and --step. newest stands for the time of the newest record, which is not known yet.
func (o *queryOptions) recordTimes() error {
	o.startNS, o.endNS = math.MinInt64, newest
	for _, f := range []struct {
		flag, value string
		to          *int64
	}{{"--start", o.start, &o.startNS}, {"--end", o.end, &o.endNS}} {
		if f.value == "" {
			continue
		}
		var err error
		if *f.to, err = parseRecordTime(f.flag, f.value); err != nil {
			return err
		}
	}
	switch {
	case o.endNS < o.startNS:
		return errors.New("--end must not be before --start")
	case o.step != "" && (o.start == "" || o.end == ""):
		return errors.New("--step of a query over records needs --start and --end")
	case o.at != "":
		_, err := parseRecordTime("--at", o.at)
		return err
	}
	return nil
}

// newest is later than any record's time.
const newest = math.MaxInt64

// parseRecordTime reads nanoseconds since the Unix epoch, as the records have them, or RFC 3339.
func parseRecordTime(flag, s string) (int64, error) {
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return n, nil
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil || !t.Equal(time.Unix(0, t.UnixNano())) {
		return 0, fmt.Errorf("%s must be a time in ns since the Unix epoch, or RFC 3339 from 1678 to 2262, got %q", flag, s)
	}
	return t.UnixNano(), nil
}

// recordLine is one line of a file of records.
type recordLine struct {
	TS       nanoseconds       `json:"ts_ns"`
	Labels   map[string]string `json:"labels"`
	Metadata map[string]string `json:"metadata"`
	Line     string            `json:"line"`
}

// nanoseconds is an integer, as a number or, as the Loki API writes it, as a string.
type nanoseconds int64

func (n *nanoseconds) UnmarshalJSON(b []byte) error {
	v, err := strconv.ParseInt(strings.Trim(string(b), `"`), 10, 64)
	if string(b) == "null" {
		v, err = 0, nil
	}
	*n = nanoseconds(v)
	return err
}

// openRecords reads all records of the file into memory, and settles the time of a metric query.
func (o *queryOptions) openRecords(in io.Reader) (logql.Source, error) {
	if o.records != "-" {
		f, err := os.Open(o.records)
		if err != nil {
			return nil, fmt.Errorf("open records: %w", err)
		}
		defer f.Close()
		in = f
	}
	entries, err := readRecords(in, o.memoryBytes())
	if err != nil {
		return nil, fmt.Errorf("read records: %w", err)
	}
	if o.endNS == newest {
		o.metricNS = 0
		for i := range entries {
			if i == 0 || entries[i].Timestamp > o.metricNS {
				o.metricNS = entries[i].Timestamp
			}
		}
	} else {
		o.metricNS = o.endNS
	}
	if o.at != "" {
		if o.metricNS, err = parseRecordTime("--at", o.at); err != nil {
			return nil, err
		}
	}
	return logql.NewMemory(entries), nil
}

// errRecordsTooLarge is returned for a file that does not fit.
var errRecordsTooLarge = errors.New("they need more memory than --max-memory-mib allows")

// readRecords reads JSON lines. limit is in bytes of what is held.
func readRecords(in io.Reader, limit int64) ([]logql.Entry, error) {
	var entries []logql.Entry
	streams := map[string]logql.Labels{} // records of a stream share its labels
	r := bufio.NewReaderSize(in, 64<<10)
	for number := 1; ; number++ {
		line, err := readLine(r)
		if errors.Is(err, io.EOF) {
			return entries, nil
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		if limit -= int64(len(line)) + 256; limit < 0 {
			return nil, errRecordsTooLarge
		}
		var rec recordLine
		if err := json.Unmarshal(line, &rec); err != nil {
			return nil, fmt.Errorf(`line %d: expecting {"ts_ns":…,"labels":{…},"metadata":{…},"line":…}: %w`, number, plain(err))
		}
		labels := logql.LabelsOf(rec.Labels)
		key := labels.String()
		if known, ok := streams[key]; ok {
			labels = known
		} else {
			streams[key] = labels
		}
		entries = append(entries, logql.Entry{
			Timestamp: int64(rec.TS), Line: rec.Line, Stream: labels, Metadata: logql.LabelsOf(rec.Metadata),
		})
	}
}

// plain is an error of encoding/json without what stands in the record.
func plain(err error) error {
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Errorf("%s is of another type", e.Field)
	}
	if e, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fmt.Errorf("no JSON from byte %d on", e.Offset)
	}
	return errors.New("ts_ns must be an integer")
}
