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
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/logboom/logboom/archive"
	"github.com/logboom/logboom/internal/bucket"
)

// newArchiveCommand returns `logboomctl archive`.
func newArchiveCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "archive",
		Short: "List, print, measure, verify and look after an archive",
		Long: "List, print, measure, verify and look after an archive. URL is file:///directory, file://./directory, s3://bucket/prefix,\n" +
			"gs://bucket/prefix or azblob://container/prefix; credentials come from the environment, as the cloud's own tools take\n" +
			"them. With --config collector.yaml instead of URL, everything is as the Collector has it.",
		Args: noSuchCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newArchiveListCommand(), newArchiveCatCommand(), newArchiveStatsCommand(), newArchiveVerifyCommand(),
		newArchiveFilesCommand(), newArchiveCompactCommand(), newArchiveRetainCommand(), newArchiveEraseCommand(), newArchiveRepairCommand())
	return cmd
}

// archiveCall is what a command on an archive works with.
type archiveCall struct {
	bucket archive.Bucket
	out    *bufio.Writer
	errOut io.Writer
}

// warn prints something that is no result.
func (c *archiveCall) warn(format string, args ...any) {
	fmt.Fprintf(c.errOut, "logboomctl: "+format+"\n", args...)
}

// archiveArgs adds the flags of a bucket to cmd and runs it on an open bucket. check, which may be nil, looks at the
// command's own flags first; its errors are usage errors.
func archiveArgs(cmd *cobra.Command, check func() error, run func(ctx context.Context, c *archiveCall) error) {
	var flags bucketFlags
	flags.add(cmd.Flags())
	cmd.Args = func(_ *cobra.Command, args []string) error {
		if len(args) > 1 || (len(args) == 0 && len(flags.files) == 0) {
			return &usageError{fmt.Errorf("want one archive URL, got %d arguments", len(args))}
		}
		return nil
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		ctx := cmd.Context()
		if check != nil {
			if err := check(); err != nil {
				return &usageError{err}
			}
		}
		cfg, err := flags.config(ctx, strings.Join(args, ""))
		if err != nil {
			return &usageError{err}
		}
		if err := bucket.MustExist(cfg); err != nil {
			return err
		}
		b, err := bucket.Open(ctx, cfg)
		if err != nil {
			return err
		}
		defer b.Close()
		c := &archiveCall{bucket: b, out: bufio.NewWriterSize(cmd.OutOrStdout(), 256<<10), errOut: cmd.ErrOrStderr()}
		err = run(ctx, c)
		return errors.Join(err, c.out.Flush())
	}
}

// errEmpty tells a mistyped address from an answer.
var errEmpty = errors.New("no commit log here: not an archive, or nothing was written to it yet")

func isEmpty(r *archive.Reader) bool {
	s := r.Snapshot()
	return s.Len() == 0 && len(s.Errors()) == 0
}

// objectFilter are the flags that choose objects, and records.
type objectFilter struct {
	start, end        string
	services, tenants []string

	from, to int64 // from <= time < to
}

func (f *objectFilter) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.start, "start", "", "first event time: RFC 3339, or seconds or nanoseconds since the Unix epoch")
	flags.StringVar(&f.end, "end", "", "event time to end before")
	flags.StringSliceVar(&f.services, "service", nil, "only this service; may be repeated")
	flags.StringSliceVar(&f.tenants, "tenant", nil, "only this tenant; may be repeated")
}

// check parses the times.
func (f *objectFilter) check() error {
	all := archive.All()
	f.from, f.to = all.Start, all.End
	for _, t := range []struct {
		flag, text string
		to         *int64
	}{{"--start", f.start, &f.from}, {"--end", f.end, &f.to}} {
		if t.text == "" {
			continue
		}
		at, err := parseTimeFlag(t.flag, t.text)
		if err != nil {
			return err
		}
		*t.to = at.UnixNano()
	}
	if f.from >= f.to {
		return fmt.Errorf("--start must be before --end, got %q and %q", f.start, f.end)
	}
	return nil
}

func (f *objectFilter) set() bool {
	return f.start != "" || f.end != "" || len(f.services) > 0 || len(f.tenants) > 0
}

func (f *objectFilter) keepTenant(m *archive.ObjectMeta) bool {
	return len(f.tenants) == 0 || slices.Contains(f.tenants, m.Tenant)
}

// keepService returns nil when every service is kept.
func (f *objectFilter) keepService() func(string) bool {
	if len(f.services) == 0 {
		return nil
	}
	wanted := map[string]bool{}
	for _, s := range f.services {
		wanted[s] = true
	}
	return func(s string) bool { return wanted[s] }
}

// keep reports whether an object may hold records that are wanted.
func (f *objectFilter) keep(m *archive.ObjectMeta) bool {
	all := archive.All()
	return m.MaxTime >= f.from && (m.MinTime < f.to || f.to == all.End) && f.keepTenant(m) && m.HasService(f.keepService())
}

// outputFlag is --output with its choices.
type outputFlag struct {
	value   string
	choices []string
}

func (o *outputFlag) add(flags *pflag.FlagSet, usage string, choices ...string) {
	o.choices = choices
	flags.StringVarP(&o.value, "output", "o", choices[0], usage)
}

func (o *outputFlag) check() error {
	if !slices.Contains(o.choices, o.value) {
		return fmt.Errorf("--output must be %s, got %q", strings.Join(o.choices, ", "), o.value)
	}
	return nil
}

// jsonLine returns an encoder of one line per value.
func jsonLine(out io.Writer) *json.Encoder {
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	return enc
}

func formatNanos(ns int64) string { return time.Unix(0, ns).UTC().Format("2006-01-02T15:04:05.000Z") }

// formatBytes writes a size with three digits and a binary unit.
func formatBytes(n int64) string {
	if n < 1<<10 {
		return fmt.Sprintf("%d B", n)
	}
	f, units := float64(n), []string{"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"}
	i := 0
	for f >= 999.5 && i+1 < len(units) {
		f /= 1 << 10
		i++
	}
	return fmt.Sprintf("%.3g %s", f, units[i])
}
