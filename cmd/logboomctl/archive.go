// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/logboom/logboom/archive"
	"github.com/logboom/logboom/internal/bucket"
)

// newArchiveCommand returns `logboomctl archive`.
func newArchiveCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "archive",
		Short: "List, print and verify an archive",
		Long: "List, print and verify an archive. URL is file:///directory, file://./directory, s3://bucket/prefix,\n" +
			"gs://bucket/prefix or azblob://container/prefix; credentials come from the environment, as the cloud's own tools take them.",
		Args: noSuchCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newArchiveListCommand(), newArchiveCatCommand(), newArchiveVerifyCommand())
	return cmd
}

// archiveArgs adds the flags of a bucket to cmd and runs it on an open archive.
func archiveArgs(cmd *cobra.Command, run func(ctx context.Context, out io.Writer, b archive.Bucket, r *archive.Reader) error) {
	var cfg bucket.Config
	cmd.Flags().StringVar(&cfg.Endpoint, "endpoint", "", "URL of an S3-compatible server")
	cmd.Flags().StringVar(&cfg.Region, "region", "", "S3 region")
	cmd.Flags().BoolVar(&cfg.PathStyle, "path-style", false, "bucket name in the path, as most S3-compatible servers want it")
	cmd.Args = func(_ *cobra.Command, args []string) error {
		if len(args) != 1 {
			return &usageError{fmt.Errorf("want one archive URL, got %d arguments", len(args))}
		}
		return nil
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		cfg.URL = args[0]
		if err := cfg.Validate(); err != nil {
			return &usageError{err}
		}
		if err := bucket.MustExist(cfg); err != nil {
			return err
		}
		ctx := cmd.Context()
		b, err := bucket.Open(ctx, cfg)
		if err != nil {
			return err
		}
		defer b.Close()
		r, err := archive.Open(ctx, b, archive.ReaderOptions{})
		if err != nil {
			return err
		}
		for _, err := range r.Snapshot().Errors() {
			fmt.Fprintln(cmd.ErrOrStderr(), "logboomctl:", err)
		}
		if isEmpty(r) {
			fmt.Fprintf(cmd.ErrOrStderr(), "logboomctl: %s: %v\n", b.Name(), errEmpty)
		}
		out := bufio.NewWriterSize(cmd.OutOrStdout(), 256<<10)
		err = run(ctx, out, b, r)
		return errors.Join(err, out.Flush())
	}
}

// errEmpty tells a mistyped address from an answer.
var errEmpty = errors.New("no commit log here: not an archive, or nothing was written to it yet")

func isEmpty(r *archive.Reader) bool {
	s := r.Snapshot()
	return len(s.Objects()) == 0 && len(s.Errors()) == 0
}

func newArchiveListCommand() *cobra.Command {
	var live bool
	cmd := &cobra.Command{
		Use:   "ls URL",
		Short: "List the live objects",
		Long: "List the live objects: those that the commit log names. Other objects below logs/ are left over from a crash\n" +
			"and hold nothing that is not in a live one.",
	}
	cmd.Flags().BoolVar(&live, "live", false, "only the keys, one a line, to be read by other programs")
	archiveArgs(cmd, func(_ context.Context, out io.Writer, _ archive.Bucket, r *archive.Reader) error {
		objects := r.Snapshot().Objects()
		if live {
			for i := range objects {
				fmt.Fprintln(out, objects[i].Key)
			}
			return nil
		}
		w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "FROM\tTO\tROWS\tBYTES\tSERVICES\tKEY")
		var rows, bytes int64
		for i := range objects {
			o := &objects[i]
			services := "?"
			if o.Counts != nil {
				services = strconv.Itoa(len(o.Services()))
			}
			fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%s\t%s\n", formatNanos(o.MinTime), formatNanos(o.MaxTime), o.Rows, o.Bytes, services, o.Key)
			rows += o.Rows
			bytes += o.Bytes
		}
		if err := w.Flush(); err != nil {
			return err
		}
		fmt.Fprintf(out, "%d objects, %d rows, %d bytes\n", len(objects), rows, bytes)
		return nil
	})
	return cmd
}

func formatNanos(ns int64) string { return time.Unix(0, ns).UTC().Format("2006-01-02T15:04:05.000Z") }

func newArchiveCatCommand() *cobra.Command {
	var start, end string
	var services []string
	cmd := &cobra.Command{
		Use:   "cat URL",
		Short: "Print records, one JSON object a line, in time order",
	}
	cmd.Flags().StringVar(&start, "start", "", "first event time: RFC 3339, or nanoseconds since the Unix epoch")
	cmd.Flags().StringVar(&end, "end", "", "event time to end before")
	cmd.Flags().StringSliceVar(&services, "service", nil, "only this service; may be repeated")
	archiveArgs(cmd, func(ctx context.Context, out io.Writer, _ archive.Bucket, r *archive.Reader) error {
		req := archive.All()
		for _, f := range []struct {
			flag, text string
			to         *int64
		}{{"start", start, &req.Start}, {"end", end, &req.End}} {
			if f.text == "" {
				continue
			}
			t, err := parseTimeFlag("--"+f.flag, f.text)
			if err != nil {
				return &usageError{err}
			}
			*f.to = t.UnixNano()
		}
		if len(services) > 0 {
			wanted := map[string]bool{}
			for _, s := range services {
				wanted[s] = true
			}
			req.Service = func(s string) bool { return wanted[s] }
		}
		enc := json.NewEncoder(out)
		enc.SetEscapeHTML(false)
		stats, err := r.Snapshot().Scan(ctx, req, func(r *archive.Record) error { return enc.Encode(jsonOfRecord(r)) })
		return errors.Join(append([]error{err}, stats.Errors...)...)
	})
	return cmd
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

func newArchiveVerifyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "verify URL",
		Short: "Check every live object: there, whole, and as the commit log says",
		Long: "Check every live object: it exists, and its size, content hash, rows and times are those of the commit log.\n" +
			"It reads everything. The exit code is 1 when something is wrong, and when there is nothing to check.",
	}
	archiveArgs(cmd, func(ctx context.Context, out io.Writer, b archive.Bucket, r *archive.Reader) error {
		snapshot := r.Snapshot()
		objects := snapshot.Objects()
		var rows, bytes int64
		bad := len(snapshot.Errors())
		for i := range objects {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := archive.VerifyObject(ctx, b, &objects[i]); err != nil {
				bad++
				fmt.Fprintln(out, "BAD", err)
				continue
			}
			rows += objects[i].Rows
			bytes += objects[i].Bytes
		}
		fmt.Fprintf(out, "%d objects good, %d bad; %d rows, %d bytes\n", len(objects)+len(snapshot.Errors())-bad, bad, rows, bytes)
		if bad > 0 {
			return fmt.Errorf("verify %s: %d bad", b.Name(), bad)
		}
		if isEmpty(r) {
			return fmt.Errorf("verify %s: nothing to check", b.Name())
		}
		return nil
	})
	return cmd
}
