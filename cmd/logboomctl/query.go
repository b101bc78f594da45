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
	"math"
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
	archive        string
	bucketFlags    bucketFlags
	bucket         bucket.Config // what the flags say
	stdin          bool
	labels         string
	since          string
	start, end     string
	step           string
	limit          int
	forward        bool
	output         string
	maxMemoryMiB   int
	stats          bool
	now            time.Time
	startNS, endNS int64
}

func newQueryCommand() *cobra.Command {
	o := &queryOptions{}
	cmd := &cobra.Command{
		Use:   "query (--archive URL | --config FILE | --stdin) LOGQL",
		Short: "Ask an archive, or lines on standard input, with LogQL",
		Long: `Query runs a LogQL query over an archive in a bucket, without a server in between, or over the lines of
standard input. Log queries print lines, metric queries print the samples.`,
		Example: `  logboomctl query --archive file:///var/lib/logboom/archive '{service_name="checkout"} |= "timeout"' --since 30m
  logboomctl query --archive s3://logs/prod 'sum by (service_name, detected_level) (count_over_time({service_name=~".+"}[1h]))'
  kubectl logs deploy/checkout | logboomctl query --stdin '{} | json | status >= 500'`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return &usageError{fmt.Errorf("expecting one query, got %d arguments: put the query in quotes", len(args))}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			o.now = time.Now()
			return o.run(cmd.Context(), args[0], cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.archive, "archive", "", "URL of the archive's bucket: file:///directory, s3://bucket/prefix, gs://…, azblob://…")
	o.bucketFlags.add(f)
	f.BoolVar(&o.stdin, "stdin", false, "query the lines of standard input")
	f.StringVar(&o.labels, "labels", "{}", "labels of the lines of standard input, as {name=\"value\", …}")
	f.StringVar(&o.since, "since", "1h", "how far back to look")
	f.StringVar(&o.start, "start", "", "start of the time range (RFC 3339, or Unix time in s or ns), instead of --since")
	f.StringVar(&o.end, "end", "", "end of the time range (default now)")
	f.StringVar(&o.step, "step", "", "distance of the points of a metric query; without it, one value at the end of the range")
	f.IntVar(&o.limit, "limit", 100, "lines to print at most, 0 for all (standard input: all)")
	f.BoolVar(&o.forward, "forward", false, "oldest lines first")
	f.StringVarP(&o.output, "output", "o", "default", "default (time, labels, line), jsonl (one JSON object a line) or raw (lines alone)")
	f.IntVar(&o.maxMemoryMiB, "max-memory-mib", 1024, "memory that the query may hold: half for its result, half for what it is reading")
	f.BoolVar(&o.stats, "stats", false, "say on standard error what the query did: objects, bytes, rows, time per stage")
	return cmd
}

func (o *queryOptions) run(ctx context.Context, query string, in io.Reader, out, errOut io.Writer) error {
	e, err := parseQuery(query, o.stdin)
	if err != nil {
		return err
	}
	if err := o.check(ctx); err != nil {
		return &usageError{err}
	}
	w := bufio.NewWriterSize(out, 64<<10)
	src, finish, err := o.source(ctx, in, errOut)
	if err != nil {
		return err
	}
	var stats logql.Stats
	if l, ok := e.(*logql.LogExpr); ok {
		stats, err = o.printLog(ctx, src, l, w)
	} else {
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

// parseQuery shows where in the query a mistake is. Lines of standard input may be queried without a
// selector, or with an empty one.
func parseQuery(query string, stdin bool) (logql.Expr, error) {
	e, err := logql.Parse(query)
	if err == nil {
		return e, nil
	}
	if stdin {
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

func (o *queryOptions) check(ctx context.Context) error {
	switch {
	case o.stdin == (o.archive != "" || len(o.bucketFlags.files) > 0):
		return errors.New("expecting either --archive or --stdin (or --config, with the Collector's configuration)")
	case o.limit < 0:
		return fmt.Errorf("--limit must not be negative, got %d", o.limit)
	case o.output != "default" && o.output != "jsonl" && o.output != "raw":
		return fmt.Errorf("--output must be default, jsonl or raw, got %q", o.output)
	case o.maxMemoryMiB <= 0:
		return fmt.Errorf("--max-memory-mib must be positive, got %d", o.maxMemoryMiB)
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
	if o.stdin {
		labels, err := parseLabels(o.labels)
		if err != nil {
			return nil, nil, &usageError{fmt.Errorf("--labels: %w", err)}
		}
		o.startNS, o.endNS, o.forward, o.limit = math.MinInt64, math.MaxInt64, true, 0
		return &lineSource{in: in, labels: labels, now: o.now.UnixNano()}, func() error { return nil }, nil
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

// lineSource are the lines of a reader, all at the time when the query began. It can be selected from once;
// a query that selects more often gets a copy in memory.
type lineSource struct {
	in     io.Reader
	labels logql.Labels
	now    int64
	memory *logql.Memory
}

// keep reads all lines into memory.
func (s *lineSource) keep(limit int64) error {
	var entries []logql.Entry
	err := s.lines(func(line string) error {
		if limit -= int64(len(line)) + 128; limit < 0 {
			return errors.New("the lines of standard input need more memory than --max-memory-mib")
		}
		entries = append(entries, logql.Entry{Timestamp: s.now, Line: line, Stream: s.labels})
		return nil
	})
	s.memory = logql.NewMemory(entries)
	return err
}

func (s *lineSource) lines(visit func(string) error) error {
	r := bufio.NewReaderSize(s.in, 64<<10)
	for number := 1; ; number++ {
		line, err := readLine(r)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read line %d: %w", number, err)
		}
		if err := visit(strings.TrimSuffix(string(line), "\r")); err != nil {
			return err
		}
	}
}

func (s *lineSource) Select(ctx context.Context, req *logql.SelectRequest, yield func(*logql.Entry) error) error {
	if s.memory != nil {
		return s.memory.Select(ctx, req, yield)
	}
	if !logql.MatchStream(s.labels, req.Matchers) {
		return nil
	}
	entry := logql.Entry{}
	return s.lines(func(line string) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		entry = logql.Entry{Timestamp: s.now, Line: line, Stream: s.labels}
		return yield(&entry)
	})
}

func (o *queryOptions) printLog(ctx context.Context, src logql.Source, e *logql.LogExpr, w *bufio.Writer) (logql.Stats, error) {
	p := logql.Params{Start: o.startNS, End: o.endNS, Descending: !o.forward, Limit: o.limit}
	return logql.Each(ctx, src, e, p, func(ts int64, labels logql.Labels, line string) error {
		return o.printLine(w, ts, labels, line)
	})
}

func (o *queryOptions) printLine(w *bufio.Writer, ts int64, labels logql.Labels, line string) error {
	var err error
	switch o.output {
	case "raw":
		_, err = w.WriteString(line + "\n")
	case "jsonl":
		var b []byte
		b, err = json.Marshal(struct {
			Timestamp string            `json:"timestamp"`
			Labels    map[string]string `json:"labels"`
			Line      string            `json:"line"`
		}{formatTime(ts), labels.Map(), line})
		if err == nil {
			_, err = w.Write(append(b, '\n'))
		}
	default:
		if o.stdin {
			_, err = fmt.Fprintf(w, "%s %s\n", labels, line)
		} else {
			_, err = fmt.Fprintf(w, "%s %s %s\n", formatTime(ts), labels, line)
		}
	}
	return err
}

func formatTime(ns int64) string { return time.Unix(0, ns).UTC().Format(time.RFC3339Nano) }

func (o *queryOptions) printMetric(ctx context.Context, src logql.Source, e logql.Expr, w *bufio.Writer) (logql.Stats, error) {
	p := logql.Params{Start: o.endNS, End: o.endNS, Limits: logql.Limits{MaxSeries: 100_000, MaxMemoryBytes: o.memoryBytes()}}
	if s, ok := src.(*lineSource); ok {
		if err := s.keep(o.memoryBytes()); err != nil {
			return logql.Stats{}, err
		}
		p.Start, p.End = s.now, s.now
	} else if o.step != "" {
		step, ok := logql.ParseDuration(o.step)
		if !ok || step <= 0 {
			return logql.Stats{}, &usageError{fmt.Errorf("--step must be a duration such as 1m, got %q", o.step)}
		}
		p.Start, p.Step = o.startNS, step
	}
	res, err := logql.Eval(ctx, src, e, p)
	if err != nil {
		return logql.Stats{}, err
	}
	if res.Type == logql.TypeScalar {
		res.Series = []logql.Series{{Labels: logql.Labels{}, Points: []logql.Point{res.Scalar}}}
	}
	for _, s := range res.Series {
		for _, pt := range s.Points {
			if err := o.printSample(w, s.Labels, pt); err != nil {
				return res.Stats, err
			}
		}
	}
	return res.Stats, nil
}

func (o *queryOptions) printSample(w *bufio.Writer, labels logql.Labels, p logql.Point) error {
	v := strconv.FormatFloat(p.V, 'g', -1, 64)
	var err error
	switch o.output {
	case "raw":
		_, err = w.WriteString(v + "\n")
	case "jsonl":
		var b []byte
		b, err = json.Marshal(struct {
			Timestamp string            `json:"timestamp"`
			Metric    map[string]string `json:"metric"`
			Value     string            `json:"value"` // a string: NaN and Inf are values
		}{formatTime(p.T), labels.Map(), v})
		if err == nil {
			_, err = w.Write(append(b, '\n'))
		}
	default:
		_, err = fmt.Fprintf(w, "%s %s %s\n", formatTime(p.T), labels, v)
	}
	return err
}
