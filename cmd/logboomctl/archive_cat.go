// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"

	"github.com/spf13/cobra"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/logboom/logboom/archive"
)

// catOptions are the flags of `logboomctl archive cat`.
type catOptions struct {
	filter  objectFilter
	limit   int
	reverse bool
	output  outputFlag
}

func newArchiveCatCommand() *cobra.Command {
	o := &catOptions{}
	cmd := &cobra.Command{
		Use:   "cat (URL | --config FILE)",
		Short: "Print records, one a line, in time order",
		Long: `Print records, one a line, in time order; a record that came twice is printed once.

--output json prints the columns of the archive by their names, otlp-json each record as an OTLP request of its own, with all
that it had when it was exported (the otlpjsonfile receiver reads it), text the time, severity, service and body.`,
		Example: `  logboomctl archive cat file:///var/lib/logboom/archive --start 2026-11-23T01:00:00Z --end 2026-11-23T01:10:00Z --service checkout
  logboomctl archive cat s3://logs/prod --reverse --limit 20 --output text`,
	}
	f := cmd.Flags()
	o.filter.add(f)
	f.IntVar(&o.limit, "limit", 0, "records to print at most, 0 for all")
	f.BoolVar(&o.reverse, "reverse", false, "newest first")
	o.output.add(f, "json, otlp-json or text", "json", "otlp-json", "text")
	archiveArgs(cmd, func() error {
		err := errors.Join(o.filter.check(), o.output.check())
		if o.limit < 0 {
			err = errors.Join(err, fmt.Errorf("--limit must not be negative, got %d", o.limit))
		}
		return err
	}, o.run)
	return cmd
}

func (o *catOptions) run(ctx context.Context, c *archiveCall) error {
	r, err := archive.Open(ctx, c.bucket, archive.ReaderOptions{})
	if err != nil {
		return err
	}
	snapshot := r.Snapshot()
	if isEmpty(r) {
		c.warn("%s: %v", c.bucket.Name(), errEmpty)
	}
	printRecord := o.printer(c.out)
	printed := 0
	stats, err := snapshot.Scan(ctx, archive.ScanRequest{
		Start: o.filter.from, End: o.filter.to, Descending: o.reverse, Service: o.filter.keepService(), Object: o.filter.keepTenant,
	}, func(r *archive.Record) error {
		if err := printRecord(r); err != nil {
			return err
		}
		if printed++; printed == o.limit {
			return archive.ErrStop
		}
		return nil
	})
	return errors.Join(append([]error{err}, stats.Errors...)...)
}

func (o *catOptions) printer(out io.Writer) func(*archive.Record) error {
	switch o.output.value {
	case "otlp-json":
		return func(r *archive.Record) error {
			ld := plog.NewLogs()
			if err := r.AppendTo(ld); err != nil {
				return err
			}
			return printOTLP(out, ld)
		}
	case "text":
		return func(r *archive.Record) error {
			_, err := fmt.Fprintf(out, "%s %-5s %s %s\n", time.Unix(0, r.Timestamp).UTC().Format("2006-01-02T15:04:05.000000000Z"),
				severityName(r), oneLine(r.ServiceName), oneLine(r.Body))
			return err
		}
	}
	enc := jsonLine(out)
	return func(r *archive.Record) error { return enc.Encode(jsonOfRecord(r)) }
}

// printOTLP prints a request as OTLP/JSON and a line feed.
func printOTLP(out io.Writer, ld plog.Logs) error {
	b, err := (&plog.JSONMarshaler{}).MarshalLogs(ld)
	if err != nil {
		return fmt.Errorf("encode record: %w", err)
	}
	_, err = out.Write(append(b, '\n'))
	return err
}

func severityName(r *archive.Record) string {
	if r.SeverityText != "" {
		return oneLine(r.SeverityText)
	}
	if r.SeverityNumber == 0 {
		return "-"
	}
	return strings.ToUpper(plog.SeverityNumber(r.SeverityNumber).String())
}

// oneLine keeps a terminal safe from what a log may hold.
func oneLine(s string) string {
	if !strings.ContainsFunc(s, unicode.IsControl) {
		return s
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t' || r == '\n' || r == '\r':
			return ' '
		case unicode.IsControl(r):
			return '\uFFFD'
		}
		return r
	}, s)
}

// jsonRecord is a record as `cat` prints it: the columns of the archive by their names.
type jsonRecord struct {
	Timestamp          string
	ObservedTimestamp  string `json:",omitempty"`
	TraceID            string `json:"TraceId,omitempty"`
	SpanID             string `json:"SpanId,omitempty"`
	TraceFlags         uint32 `json:",omitempty"`
	SeverityText       string `json:",omitempty"`
	SeverityNumber     int32  `json:",omitempty"`
	ServiceName        string
	Body               any
	EventName          string         `json:",omitempty"`
	ResourceAttributes map[string]any `json:",omitempty"`
	ScopeName          string         `json:",omitempty"`
	ScopeVersion       string         `json:",omitempty"`
	ScopeAttributes    map[string]any `json:",omitempty"`
	LogAttributes      map[string]any `json:",omitempty"`
	RecordCount        uint64         `json:",omitempty"`
}

func jsonOfRecord(r *archive.Record) jsonRecord {
	j := jsonRecord{
		Timestamp: time.Unix(0, r.Timestamp).UTC().Format(time.RFC3339Nano),
		TraceID:   r.TraceID, SpanID: r.SpanID, TraceFlags: r.TraceFlags,
		SeverityText: r.SeverityText, SeverityNumber: r.SeverityNumber,
		ServiceName: r.ServiceName, EventName: r.EventName,
		Body:               jsonOfValue(r.Body, r.BodyType),
		ResourceAttributes: jsonOfAttributes(r.ResourceAttributes),
		ScopeName:          r.ScopeName, ScopeVersion: r.ScopeVersion,
		ScopeAttributes: jsonOfAttributes(r.ScopeAttributes),
		LogAttributes:   jsonOfAttributes(r.LogAttributes),
	}
	if r.ObservedTimestamp != 0 {
		j.ObservedTimestamp = time.Unix(0, r.ObservedTimestamp).UTC().Format(time.RFC3339Nano)
	}
	if r.RecordCount > 1 {
		j.RecordCount = r.RecordCount
	}
	return j
}

// jsonOfValue turns a text form into the JSON that says the same; what JSON has no number for is a string.
func jsonOfValue(text string, t archive.ValueType) any {
	switch t {
	case archive.TypeInt, archive.TypeDouble, archive.TypeBool, archive.TypeMap, archive.TypeSlice:
		if json.Valid([]byte(text)) {
			return json.RawMessage(text)
		}
	case archive.TypeEmpty:
		return nil
	}
	return text
}

func jsonOfAttributes(attrs []archive.Attribute) map[string]any {
	m := make(map[string]any, len(attrs))
	for i := range attrs {
		m[attrs[i].Key] = jsonOfValue(attrs[i].Value, attrs[i].Type)
	}
	return m
}
