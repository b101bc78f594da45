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
	"os"
	"path/filepath"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/logboom/logboom/internal/wal"
	"github.com/logboom/logboom/internal/wal/payload"
)

// newWALCommand returns `logboomctl wal`.
func newWALCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "wal",
		Short: "Look into the write-ahead log of object_storage",
		Long: `Look into the write-ahead log of the object_storage exporter: what was acknowledged and is not in the archive yet. DIR is its
wal::directory. Nothing is locked or changed, so the exporter may be running; then what is there changes from call to call.`,
		Args: noSuchCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newWALListCommand(), newWALCatCommand(), newWALVerifyCommand())
	return cmd
}

// walArgs makes cmd take a directory.
func walArgs(cmd *cobra.Command, check func() error, run func(ctx context.Context, c *walCall) error) {
	cmd.Args = func(_ *cobra.Command, args []string) error {
		if len(args) != 1 {
			return &usageError{fmt.Errorf("want the directory of a write-ahead log, got %d arguments", len(args))}
		}
		return nil
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if check != nil {
			if err := check(); err != nil {
				return &usageError{err}
			}
		}
		if info, err := os.Stat(args[0]); err != nil {
			return fmt.Errorf("open write-ahead log: %w", err)
		} else if !info.IsDir() {
			return &usageError{fmt.Errorf("open write-ahead log: %s is not a directory", args[0])}
		}
		c := &walCall{dir: args[0], out: bufio.NewWriterSize(cmd.OutOrStdout(), 256<<10), errOut: cmd.ErrOrStderr()}
		err := run(cmd.Context(), c)
		return errors.Join(err, c.out.Flush())
	}
}

type walCall struct {
	dir    string
	out    *bufio.Writer
	errOut io.Writer
}

// describe reads what a payload says of its batch; what cannot be read counts as nothing.
func describe(b []byte) wal.Info {
	h, _, err := payload.ParseHead(b)
	if err != nil {
		return wal.Info{}
	}
	return wal.Info{Weight: h.RawBytes, Records: h.Records, Since: h.Arrival}
}

// walSegment is a segment in the listing.
type walSegment struct {
	File     string    `json:"file"`
	First    uint64    `json:"first"`
	Last     uint64    `json:"last"`
	Entries  int       `json:"entries"`
	Records  int64     `json:"records"`
	RawBytes int64     `json:"raw_bytes"`
	Bytes    int64     `json:"bytes"`
	Since    time.Time `json:"since,omitzero"`
	// DamagedBytes are no entries. At the end of the newest segment they are normally an entry being written.
	DamagedBytes int64 `json:"damaged_bytes,omitempty"`
	Tail         bool  `json:"tail,omitempty"` // all of the damage is the end of the newest segment
}

// walReport is the log, and the JSON of `wal ls`.
type walReport struct {
	Directory  string       `json:"directory"`
	ID         string       `json:"id"`
	Writer     string       `json:"writer,omitempty"`
	Entries    int          `json:"entries"`
	Records    int64        `json:"records"`
	RawBytes   int64        `json:"raw_bytes"`
	Bytes      int64        `json:"bytes"`
	Oldest     time.Time    `json:"oldest,omitzero"`
	Segments   []walSegment `json:"segments"`
	Aside      []walFile    `json:"aside"`
	AsideBytes int64        `json:"aside_bytes"`
	Damaged    int          `json:"damaged"` // places that are no entries, but for the tail
}

type walFile struct {
	Name  string `json:"name"`
	Bytes int64  `json:"bytes"`
}

func inspectWAL(dir string) (*walReport, error) {
	r, err := wal.Inspect(dir, describe)
	if err != nil {
		return nil, fmt.Errorf("inspect write-ahead log: %w", err)
	}
	out := &walReport{Directory: dir, ID: r.ID, Writer: r.Writer, Segments: []walSegment{}, Aside: []walFile{}}
	for i := range r.Segments {
		s := &r.Segments[i]
		one := walSegment{
			File: filepath.Base(s.File), First: s.First, Last: s.Last, Entries: s.Entries,
			Records: s.Records, RawBytes: s.Weight, Bytes: s.Bytes, Since: s.Since.UTC(),
		}
		if s.Since.IsZero() {
			one.Since = time.Time{}
		}
		for _, d := range s.Damage {
			one.DamagedBytes += d.Bytes
			if d.Tail && i == len(r.Segments)-1 {
				one.Tail = len(s.Damage) == 1
			} else {
				out.Damaged++
			}
		}
		if out.Oldest.IsZero() {
			out.Oldest = one.Since
		}
		out.Entries += s.Entries
		out.Records += s.Records
		out.RawBytes += s.Weight
		out.Bytes += s.Bytes
		out.Segments = append(out.Segments, one)
	}
	for _, f := range r.Aside {
		out.Aside = append(out.Aside, walFile{f.Name, f.Bytes})
		out.AsideBytes += f.Bytes
	}
	return out, nil
}

func newWALListCommand() *cobra.Command {
	var output outputFlag
	cmd := &cobra.Command{
		Use:   "ls DIR",
		Short: "List the segments: entries, records, sizes, ages, damage, and what was set aside",
	}
	output.add(cmd.Flags(), "text or json", "text", "json")
	walArgs(cmd, output.check, func(_ context.Context, c *walCall) error {
		r, err := inspectWAL(c.dir)
		if err != nil {
			return err
		}
		if output.value == "json" {
			return jsonLine(c.out).Encode(r)
		}
		return r.print(c.out)
	})
	return cmd
}

func (r *walReport) print(out io.Writer) error {
	fmt.Fprintf(out, "write-ahead log %s of writer %s\n\n", r.ID, orDash(r.Writer))
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "SEGMENT\tENTRIES\tRECORDS\tRAW\tBYTES\tSINCE\tDAMAGE")
	for i := range r.Segments {
		s := &r.Segments[i]
		entries, damage := "-", "-"
		if s.Entries > 0 {
			entries = fmt.Sprintf("%d (%d to %d)", s.Entries, s.First, s.Last)
		}
		if s.DamagedBytes > 0 {
			damage = fmt.Sprintf("%d B", s.DamagedBytes)
			if s.Tail {
				damage += " at the end: being written, or never acknowledged"
			}
		}
		fmt.Fprintf(w, "%s\t%s\t%d\t%s\t%s\t%s\t%s\n", s.File, entries, s.Records, formatBytes(s.RawBytes), formatBytes(s.Bytes), formatMoment(s.Since), damage)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if len(r.Aside) > 0 {
		fmt.Fprintln(w, "\nSET ASIDE\tBYTES")
		for _, f := range r.Aside {
			fmt.Fprintf(w, "%s\t%d\n", f.Name, f.Bytes)
		}
		if err := w.Flush(); err != nil {
			return err
		}
	}
	age := ""
	if !r.Oldest.IsZero() {
		age = fmt.Sprintf(", the oldest %s old", time.Since(r.Oldest).Round(time.Second))
	}
	fmt.Fprintf(out, "\n%d segments, %d entries, %d records, %s%s\n", len(r.Segments), r.Entries, r.Records, formatBytes(r.Bytes), age)
	return nil
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func newWALCatCommand() *cobra.Command {
	var limit int
	var from, to uint64
	cmd := &cobra.Command{
		Use:   "cat DIR",
		Short: "Print the records as OTLP/JSON, a batch a line, in the order in which they came",
		Long: `Print the records as OTLP/JSON, a batch a line, in the order in which they came. The otlpjsonfile receiver reads it.
Entries may be in the archive already, until their segment is deleted.`,
	}
	f := cmd.Flags()
	f.IntVar(&limit, "limit", 0, "batches to print at most, 0 for all")
	f.Uint64Var(&from, "from", 0, "number of the first entry")
	f.Uint64Var(&to, "to", math.MaxUint64, "number of the last entry")
	walArgs(cmd, func() error {
		if limit < 0 {
			return fmt.Errorf("--limit must not be negative, got %d", limit)
		}
		return nil
	}, func(ctx context.Context, c *walCall) error {
		printed := 0
		var bad []error
		err := wal.Walk(c.dir, func(e wal.Entry) error {
			if err := ctx.Err(); err != nil {
				return err
			}
			if e.Number < from || e.Number > to {
				return nil
			}
			_, ld, err := payload.Decode(e.Payload)
			if err != nil {
				bad = append(bad, fmt.Errorf("entry %d: %w", e.Number, err))
				return nil
			}
			if err := printOTLP(c.out, ld); err != nil {
				return err
			}
			if printed++; printed == limit {
				return errEnough
			}
			return nil
		}, func(d wal.Damage) {
			fmt.Fprintf(c.errOut, "logboomctl: %s: %d bytes at %d are no entry\n", d.File, d.Bytes, d.Offset)
		})
		if errors.Is(err, errEnough) {
			err = nil
		}
		return errors.Join(append(bad, err)...)
	})
	return cmd
}

// errEnough ends a walk.
var errEnough = errors.New("enough")

func newWALVerifyCommand() *cobra.Command {
	var output outputFlag
	cmd := &cobra.Command{
		Use:   "verify DIR",
		Short: "Check every entry: whole, and a batch of logs",
		Long: `Check every entry: its checksum, its number, and that its batch can be decoded. What the newest segment ends in is no defect: an
entry that is being written, or was not acknowledged. The exit code is 0 when all is good, 1 when something is damaged or was
set aside, 2 for a mistake in the call.`,
	}
	output.add(cmd.Flags(), "text, or json (one finding a line, the summary last)", "text", "json")
	walArgs(cmd, output.check, func(ctx context.Context, c *walCall) error {
		bad := 0
		finding := func(format string, args ...any) {
			bad++
			if output.value == "json" {
				_ = jsonLine(c.out).Encode(map[string]string{"bad": fmt.Sprintf(format, args...)})
			} else {
				fmt.Fprintln(c.out, "BAD", fmt.Sprintf(format, args...))
			}
		}
		var entries, records int64
		var damage []wal.Damage // few: what lies between two entries
		err := wal.Walk(c.dir, func(e wal.Entry) error {
			entries++
			_, ld, err := payload.Decode(e.Payload)
			if err != nil {
				finding("entry %d: %v", e.Number, err)
				return ctx.Err()
			}
			records += int64(ld.LogRecordCount())
			return ctx.Err()
		}, func(d wal.Damage) { damage = append(damage, d) })
		if err != nil {
			return fmt.Errorf("verify write-ahead log: %w", err)
		}
		r, err := inspectWAL(c.dir)
		if err != nil {
			return err
		}
		newest := ""
		if n := len(r.Segments); n > 0 {
			newest = r.Segments[n-1].File
		}
		for _, d := range damage {
			if !d.Tail || filepath.Base(d.File) != newest {
				finding("%s: %d bytes at %d are no entry", filepath.Base(d.File), d.Bytes, d.Offset)
			}
		}
		for _, f := range r.Aside {
			finding("%s of %d bytes was set aside: it could not be written to the archive", filepath.Join("aside", f.Name), f.Bytes)
		}
		if output.value == "json" {
			_ = jsonLine(c.out).Encode(map[string]int64{"entries": entries, "records": records, "bad": int64(bad)})
		} else {
			fmt.Fprintf(c.out, "%d entries good, %d bad; %d records\n", entries, bad, records)
		}
		if bad > 0 {
			return fmt.Errorf("verify %s: %d bad", c.dir, bad)
		}
		return nil
	})
	return cmd
}
