// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	archivecompactor "github.com/logboom/logboom/extension/archivecompactorextension"
	"github.com/logboom/logboom/internal/compactor"
)

// newArchiveRetainCommand returns `logboomctl archive retain`.
func newArchiveRetainCommand() *cobra.Command {
	var output outputFlag
	var dryRun, ignoreHolds bool
	var maxAge string
	var settings archivecompactor.Age
	cmd := &cobra.Command{
		Use:   "retain [URL]",
		Short: "Delete what is older than it may become, or say what would go",
		Long: "Apply the retention of the archive_compactor in --config once, or --max-age to all records. With --dry-run nothing is changed: each\n" +
			"object that would go, or lose records, is printed with the rule that says so, the records and the bytes. What a rule does\n" +
			"not name stays, and what a hold covers. Only --config knows the holds: without the archive_compactor in it nothing is deleted,\n" +
			"unless --ignore-holds says so. While the configuration has retention::dry_run, nothing is deleted without --dry-run=false.",
		Example: "  logboomctl archive retain --dry-run --config collector.yaml\n" +
			"  logboomctl archive retain --config collector.yaml\n" +
			"  logboomctl archive retain --dry-run --max-age 90d s3://logs/prod\n" +
			"  logboomctl archive retain --ignore-holds --max-age 90d s3://logs/prod",
	}
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "change nothing, print what would go (without this flag: as retention::dry_run of --config says)")
	cmd.Flags().BoolVar(&ignoreHolds, "ignore-holds", false, "needed without the archive_compactor in --config: nobody says which records are under a legal hold")
	cmd.Flags().StringVar(&maxAge, "max-age", "", "age of records that no rule of --config matches, such as 48h or 90d")
	output.add(cmd.Flags(), "text or json", "text", "json")
	check := func() error {
		if maxAge != "" {
			if err := settings.UnmarshalText([]byte(maxAge)); err != nil {
				return fmt.Errorf("--max-age: %w", err)
			}
			if settings < archivecompactor.Age(time.Minute) {
				return fmt.Errorf("--max-age must be at least 1m, got %s: does it have a unit, such as 90d?", maxAge)
			}
		}
		return output.check()
	}
	maintainArgs(cmd, check, func(ctx context.Context, c *maintainCall) error {
		if maxAge != "" {
			c.settings.Retention.MaxAge = settings
		}
		if r := &c.settings.Retention; r.MaxAge == 0 && len(r.Rules) == 0 && len(r.Sizes) == 0 {
			return &usageError{errors.New("nothing says what to delete: want --config with the retention of an archive_compactor, or --max-age")}
		}
		dry := dryRun
		if c.settings.Retention.DryRun && !cmd.Flags().Changed("dry-run") {
			dry = true
			c.warn("nothing is deleted: the configuration has retention::dry_run; --dry-run=false deletes all the same")
		}
		if ignoreHolds {
			c.settings.Retention.Holds = nil
		} else if !c.configured && !dry {
			return &usageError{errors.New("want --config with the archive_compactor of this archive, whose holds say what must not be deleted, or --ignore-holds")}
		}
		engine, err := c.engine()
		if err != nil {
			return err
		}
		report, err := engine.Retain(ctx, dry)
		printRetain(c, &report, output.value == "json", dry)
		return err
	})
	return cmd
}

func printRetain(c *maintainCall, report *compactor.RetainReport, asJSON, dryRun bool) {
	for _, err := range report.Errors {
		c.warn("%v", err)
	}
	if asJSON {
		enc := json.NewEncoder(c.out)
		enc.SetEscapeHTML(false)
		for i := range report.Due {
			_ = enc.Encode(&report.Due[i])
		}
		return
	}
	w := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	if len(report.Due) > 0 {
		fmt.Fprintln(w, "RECORDS\tSIZE\tFROM\tTO\tTENANT\tWHY\tOBJECT")
	}
	due := slices.Clone(report.Due)
	slices.SortStableFunc(due, func(a, b compactor.Due) int { return a.MinTime.Compare(b.MinTime) })
	for _, d := range due {
		what := d.Key
		if !d.Whole {
			what += " (a part)"
		}
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%s\t%s\n", d.Rows, formatBytes(d.Bytes), formatNanos(d.MinTime.UnixNano()), formatNanos(d.MaxTime.UnixNano()),
			cmp.Or(d.Tenant, "-"), d.Why, what)
	}
	_ = w.Flush()
	verb := "deleted"
	if dryRun {
		verb = "would be deleted"
	}
	fmt.Fprintf(c.out, "%d records of %d objects, %s, %s", report.Rows, len(due), formatBytes(report.Bytes), verb)
	if report.Held > 0 {
		fmt.Fprintf(c.out, "; %d objects stay because of a hold", report.Held)
	}
	fmt.Fprintln(c.out)
}
