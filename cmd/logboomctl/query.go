// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/logboom/logboom/archive"
	"github.com/logboom/logboom/internal/archivesource"
	"github.com/logboom/logboom/internal/bucket"
	"github.com/logboom/logboom/logql"
)

// queryOptions are the flags of `logboomctl query`.
type queryOptions struct {
	check, jsonl   bool
	archive        string
	bucketFlags    bucketFlags
	bucket         bucket.Config // what the flags say
	stdin          bool
	labels         string
	records        string
	since          string
	start, end, at string
	step           string
	limit          int
	limitSet       bool
	forward        bool
	output         string
	maxMemoryMiB   int
	stats          bool
	now            time.Time
	startNS, endNS int64
	metricNS       int64         // of records: when a metric query without --step is evaluated
	stepNS         time.Duration // 0: one value
}

func newQueryCommand() *cobra.Command {
	o := &queryOptions{}
	cmd := &cobra.Command{
		Use:   "query (--archive URL | --config FILE | --stdin | --records FILE | --check) LOGQL",
		Short: "Ask an archive, lines on standard input, or records in a file, with LogQL",
		Long: `Query runs a LogQL query over an archive in a bucket, without a server in between, over the lines of standard
input, or over the records of a file. Of an archive, log queries print lines and metric queries print samples; of
lines and records, the answer is printed as the Loki HTTP API gives it.

A file of records has one JSON object a line, {"ts_ns":…,"labels":{…},"metadata":{…},"line":…}: the time in
nanoseconds since the Unix epoch, the labels of the stream, and structured metadata. Integers given to --at, --start
and --end are nanoseconds then. A metric query without a time is evaluated at that of the newest record.

With --check, the query is only parsed: its canonical form is printed, or where the mistake is. With --check --jsonl,
the queries come from standard input, each a line with a JSON string, and each is answered with a line,
{"valid":…,"kind":"log" or "metric","error":…,"line":…,"col":…,"canonical":…}, as soon as it was read.`,
		Example: `  logboomctl query --archive file:///var/lib/logboom/archive '{service_name="checkout"} |= "timeout"' --since 30m
  logboomctl query --archive s3://logs/prod 'sum by (service_name, detected_level) (count_over_time({service_name=~".+"}[1h]))'
  kubectl logs deploy/checkout | logboomctl query --stdin -o raw '{} | json | status >= 500'
  logboomctl query --records cases.jsonl --start 0 --end 60000000000 --step 10s 'sum by (app) (rate({app=~".+"}[1m]))'
  logboomctl query --check 'sum(rate({app="x"} |= "a" [1m]))by(app)'`,
		Args: func(_ *cobra.Command, args []string) error {
			if o.check && o.jsonl {
				if len(args) > 0 {
					return &usageError{fmt.Errorf("expecting the queries on standard input with --check --jsonl, got %d arguments", len(args))}
				}
				return nil
			}
			if len(args) != 1 {
				return &usageError{fmt.Errorf("expecting one query, got %d arguments: put the query in quotes", len(args))}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.jsonl && !o.check {
				return &usageError{errors.New("--jsonl goes with --check; of an answer, the form is that of --output")}
			}
			if o.check {
				if o.jsonl {
					return checkQueries(cmd.Context(), cmd.InOrStdin(), cmd.OutOrStdout())
				}
				e, err := parseQuery(args[0], false)
				if err == nil {
					_, err = fmt.Fprintln(cmd.OutOrStdout(), e)
				}
				return err
			}
			o.now, o.limitSet = time.Now(), cmd.Flags().Changed("limit")
			if (o.stdin || o.records != "") && !cmd.Flags().Changed("forward") {
				o.forward = true
			}
			return o.run(cmd.Context(), args[0], cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	f := cmd.Flags()
	f.BoolVar(&o.check, "check", false, "only parse the query, and print its canonical form")
	f.BoolVar(&o.jsonl, "jsonl", false, "with --check: queries from standard input, a JSON string a line")
	f.StringVar(&o.archive, "archive", "", "URL of the archive's bucket: file:///directory, s3://bucket/prefix, gs://…, azblob://…")
	o.bucketFlags.add(f)
	f.BoolVar(&o.stdin, "stdin", false, "query the lines of standard input")
	f.StringVar(&o.labels, "labels", "{}", "labels of the lines of standard input, as {name=\"value\", …}")
	f.StringVar(&o.records, "records", "", "query the records of a file of JSON lines; - for standard input")
	f.StringVar(&o.since, "since", "1h", "how far back to look")
	f.StringVar(&o.start, "start", "", "start of the time range (RFC 3339, or Unix time in s or ns), instead of --since")
	f.StringVar(&o.end, "end", "", "end of the time range (default now)")
	f.StringVar(&o.at, "at", "", "with --records: time of a metric query that is evaluated once")
	f.StringVar(&o.step, "step", "", "distance of the points of a metric query; without it, one value at the end of the range")
	f.IntVar(&o.limit, "limit", 100, "lines to print at most, 0 for all (default of --stdin and --records)")
	f.BoolVar(&o.forward, "forward", false, "oldest lines first (default of --stdin and --records)")
	f.StringVarP(&o.output, "output", "o", "default", "text (time, labels, line), json (the answer of the Loki HTTP API), jsonl (one JSON object a line) or raw "+
		"(lines alone); the default is text of an archive, else json")
	f.IntVar(&o.maxMemoryMiB, "max-memory-mib", 1024, "memory that the query may hold: half for its result, half for what it is reading")
	f.BoolVar(&o.stats, "stats", false, "say on standard error what the query did: objects, bytes, rows, time per stage")
	return cmd
}

// queryLast lets a query begin with a minus sign, as -10 / 2 does: it goes behind the end of the flags.
func queryLast(root *cobra.Command, args []string) []string {
	cmd, _, err := root.Find(args)
	if err != nil || cmd.Name() != "query" {
		return args
	}
	for i, arg := range args[1:] {
		if arg == "--" {
			return args
		}
		if len(arg) < 2 || arg[0] != '-' || !strings.ContainsRune("0123456789.( ", rune(arg[1])) {
			continue
		}
		if name, isFlag := strings.CutPrefix(args[i], "--"); isFlag {
			if f := cmd.Flags().Lookup(name); f != nil && f.NoOptDefVal == "" {
				continue // a flag's value
			}
		}
		return append(append(slices.Clone(args[:i+1]), args[i+2:]...), "--", arg)
	}
	return args
}

func (o *queryOptions) run(ctx context.Context, query string, in io.Reader, out, errOut io.Writer) error {
	e, err := parseQuery(query, o.stdin || o.records != "")
	if err != nil {
		return err
	}
	if err := o.validate(ctx); err != nil {
		return &usageError{err}
	}
	w := bufio.NewWriterSize(out, 64<<10)
	src, finish, err := o.source(ctx, in, errOut)
	if err != nil {
		return err
	}
	var stats logql.Stats
	l, isLog := e.(*logql.LogExpr)
	switch {
	case o.output == outputJSON:
		stats, err = o.printJSON(ctx, src, e, w)
	case isLog:
		stats, err = o.printLog(ctx, src, l, w)
	default:
		stats, err = o.printMetric(ctx, src, e, w)
	}
	err = errors.Join(err, w.Flush())
	if o.stats && err == nil {
		o.printStats(errOut, src, stats, time.Since(o.now))
	}
	err = errors.Join(err, finish())
	if logql.IsUserError(err) {
		return &usageError{err}
	}
	return err
}

// parseQuery shows where in the query a mistake is. Without an archive, lines may be queried without a
// selector, or with an empty one.
func parseQuery(query string, bare bool) (logql.Expr, error) {
	e, err := logql.Parse(query)
	if err == nil {
		return e, nil
	}
	if bare {
		if l, lineErr := logql.ParsePipeline(query); lineErr == nil {
			return l, nil
		}
	}
	var p *logql.ParseError
	if errors.As(err, &p) {
		return nil, &usageError{fmt.Errorf("%w\n%s", err, caret(query, p.Pos))}
	}
	return nil, &usageError{err}
}

// caret prints the line of the mistake with a mark below its column.
func caret(query string, pos logql.Pos) string {
	lines := strings.Split(query, "\n")
	if pos.Line < 1 || pos.Line > len(lines) {
		return ""
	}
	line := lines[pos.Line-1]
	var pad strings.Builder
	n := 1
	for _, r := range line {
		if n >= pos.Col {
			break
		}
		n++
		if r == '\t' {
			pad.WriteByte('\t')
		} else {
			pad.WriteByte(' ')
		}
	}
	return "  " + line + "\n  " + pad.String() + "^"
}

// The forms of an answer.
const (
	outputText  = "text"
	outputJSON  = "json"
	outputJSONL = "jsonl"
	outputRaw   = "raw"
)

// validate looks at the flags together, and makes times of them.
func (o *queryOptions) validate(ctx context.Context) error {
	sources := 0
	for _, given := range []bool{o.stdin, o.records != "", o.archive != "" || len(o.bucketFlags.files) > 0} {
		if given {
			sources++
		}
	}
	switch {
	case sources != 1:
		return errors.New("expecting either --archive or --stdin or --records (or --config, with the Collector's configuration)")
	case o.limit < 0:
		return fmt.Errorf("--limit must not be negative, got %d", o.limit)
	case o.at != "" && o.records == "":
		return errors.New("--at goes with --records; of an archive, --end is the time of a metric query without --step")
	case o.at != "" && (o.start != "" || o.end != "" || o.step != ""):
		return errors.New("expecting either --at or --start, --end and --step")
	case o.maxMemoryMiB <= 0:
		return fmt.Errorf("--max-memory-mib must be positive, got %d", o.maxMemoryMiB)
	}
	switch o.output {
	case outputText, outputJSON, outputJSONL, outputRaw:
	case "default":
		if o.output = outputJSON; o.stdin || o.records != "" {
			break
		}
		o.output = outputText
	default:
		return fmt.Errorf("--output must be text, json, jsonl or raw, got %q", o.output)
	}
	if o.step != "" {
		var err error
		if o.stepNS, err = parseStep(o.step); err != nil {
			return err
		}
	}
	if o.records != "" {
		return o.recordTimes()
	}
	if !o.stdin {
		var err error
		if o.bucket, err = o.bucketFlags.config(ctx, o.archive); err != nil {
			return fmt.Errorf("--archive: %w", err)
		}
	}
	end, err := parseMoment("--end", o.end, o.now)
	if err != nil {
		return err
	}
	since, ok := logql.ParseDuration(o.since)
	if !ok || since < 0 {
		return fmt.Errorf("--since must be a duration such as 30m, got %q", o.since)
	}
	start, err := parseMoment("--start", o.start, end.Add(-since))
	if err != nil {
		return err
	}
	if end.Before(start) {
		return errors.New("--end must not be before --start")
	}
	o.startNS, o.endNS = start.UnixNano(), end.UnixNano()
	return nil
}

// parseStep reads a duration, or seconds as the HTTP API takes them. A number that would be decades is nanoseconds.
func parseStep(s string) (time.Duration, error) {
	d, ok := logql.ParseDuration(s)
	if n, err := strconv.ParseFloat(s, 64); err == nil {
		if n < 1e9 {
			n *= 1e9
		}
		d, ok = time.Duration(n), n < math.MaxInt64
	}
	if !ok || d <= 0 {
		return 0, fmt.Errorf("--step must be a duration such as 1m, got %q", s)
	}
	return d, nil
}

// memoryBytes is one half of what the query may hold: that of the result, or that of the reader.
func (o *queryOptions) memoryBytes() int64 { return int64(o.maxMemoryMiB) << 19 }

func parseMoment(flag, s string, def time.Time) (time.Time, error) {
	if s == "" {
		return def, nil
	}
	return parseTimeFlag(flag, s)
}

// source opens what the query runs over. finish reports what could not be read.
func (o *queryOptions) source(ctx context.Context, in io.Reader, errOut io.Writer) (logql.Source, func() error, error) {
	nothing := func() error { return nil }
	if (o.stdin || o.records != "") && !o.limitSet {
		o.limit = 0
	}
	if o.records != "" {
		src, err := o.openRecords(in)
		return src, nothing, err
	}
	if o.stdin {
		labels, err := parseLabels(o.labels)
		if err != nil {
			return nil, nil, &usageError{fmt.Errorf("--labels: %w", err)}
		}
		o.startNS, o.endNS = math.MinInt64, math.MaxInt64
		return &lineSource{in: in, labels: labels, now: o.now.UnixNano()}, nothing, nil
	}
	if err := bucket.MustExist(o.bucket); err != nil {
		return nil, nil, err
	}
	b, err := bucket.Open(ctx, o.bucket)
	if err != nil {
		return nil, nil, fmt.Errorf("open archive: %w", err)
	}
	r, err := archive.Open(ctx, b, archive.ReaderOptions{QueryMemoryBytes: o.memoryBytes()})
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("open archive: %w", err), b.Close())
	}
	if isEmpty(r) {
		fmt.Fprintf(errOut, "logboomctl: %s: %v\n", b.Name(), errEmpty)
	}
	src := archivesource.New(r.Snapshot(), archivesource.NewMapper(archivesource.DefaultStreamLabels()), archivesource.Options{})
	return src, func() error {
		stats := src.Stats()
		for _, err := range stats.Errors {
			fmt.Fprintln(errOut, "partial result:", err)
		}
		err := b.Close()
		if n := len(stats.Errors); n > 0 {
			err = errors.Join(fmt.Errorf("the result is partial: reads of the archive that failed: %d", n), err)
		}
		return err
	}, nil
}

// parseLabels reads {a="b"}.
func parseLabels(s string) (logql.Labels, error) {
	ms, err := logql.ParseMatchers(s)
	if err != nil {
		return nil, err
	}
	labels := logql.Labels{}
	for _, m := range ms {
		if m.Op != logql.MatchEqual {
			return nil, fmt.Errorf("%s must be given with =", m.Name)
		}
		labels = append(labels, logql.Label{Name: m.Name, Value: m.Value})
	}
	labels.Sort()
	return labels, nil
}
