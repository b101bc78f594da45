// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/logboom/logboom/archive"
	"github.com/logboom/logboom/internal/archivefiles"
	"github.com/logboom/logboom/internal/compactor"
)

// newArchiveRepairCommand returns `logboomctl archive repair`.
func newArchiveRepairCommand() *cobra.Command {
	var output outputFlag
	var req compactor.RepairRequest
	cmd := &cobra.Command{
		Use:   "repair [URL]",
		Short: "Compare the archive with its commit log and mend what can be",
		Long: "List the bucket and compare it with the commit log. Objects that nobody names and nobody will are deleted, and objects\n" +
			"without an index are written anew with one. Live objects that are missing, or have another size, are printed, and\n" +
			"the exit code is 1: their records are lost unless you can put the objects back. --remove-missing takes the missing ones out\n" +
			"of the live set, so that queries stop saying that they are partial. `logboomctl archive verify` reads the content, too.",
		Example: "  logboomctl archive repair --dry-run s3://logs/prod",
	}
	cmd.Flags().BoolVar(&req.DryRun, "dry-run", false, "change nothing, only report")
	cmd.Flags().BoolVar(&req.RemoveMissing, "remove-missing", false, "take live objects that are not in the bucket out of the live set, for good")
	output.add(cmd.Flags(), "text or json", "text", "json")
	maintainArgs(cmd, output.check, func(ctx context.Context, c *maintainCall) error {
		engine, err := c.engine()
		if err != nil {
			return err
		}
		report, err := engine.Repair(ctx, req)
		for _, e := range report.Errors {
			c.warn("%v", e)
		}
		if output.value == "json" {
			err = errors.Join(jsonLine(c.out).Encode(struct {
				compactor.RepairReport
				Errors []string
			}{report, errorTexts(report.Errors)}), err)
		} else {
			printRepair(c, &report, &req)
		}
		if bad := len(report.Damaged) + len(report.Missing); err == nil && bad > 0 && !report.Removed {
			err = fmt.Errorf("repair %s: %d live objects are missing or damaged", c.bucket.Name(), bad)
		}
		return err
	})
	return cmd
}

func printRepair(c *maintainCall, report *compactor.RepairReport, req *compactor.RepairRequest) {
	for _, p := range report.Missing {
		fmt.Fprintf(c.out, "missing   %s: %d records, %s\n", p.Key, p.Rows, formatBytes(p.Bytes))
	}
	for _, p := range report.Damaged {
		fmt.Fprintf(c.out, "damaged   %s: %d records: %s\n", p.Key, p.Rows, p.Err)
	}
	done := ""
	if req.DryRun {
		done = "would be "
	}
	if report.Removed {
		fmt.Fprintf(c.out, "removed   %d missing objects from the live set\n", len(report.Missing))
	}
	fmt.Fprintf(c.out, "indexed   %d objects %swritten anew with an index\n", report.Unindexed, done)
	fmt.Fprintf(c.out, "orphans   %d objects, %s, %sdeleted\n", report.Orphans, formatBytes(report.OrphanBytes), done)
	fmt.Fprintf(c.out, "archive   %d live objects, %d missing, %d damaged\n", report.Objects, len(report.Missing), len(report.Damaged))
}

// newArchiveFilesCommand returns `logboomctl archive files`.
func newArchiveFilesCommand() *cobra.Command {
	var duckdb, write bool
	cmd := &cobra.Command{
		Use:   "files [URL]",
		Short: "Print the live objects, for other programs",
		Long: "Print the addresses of the live objects, one a line, or with --duckdb a statement that makes the view logs of them. A glob\n" +
			"over the bucket would see objects that are merged already. The archive_compactor keeps both in the bucket, as\n" +
			archivefiles.ListKey + " and " + archivefiles.ViewKey + "; --write puts them there.",
		Example: "  logboomctl archive files --duckdb s3://logs/prod > logs.sql && duckdb -init logs.sql",
	}
	cmd.Flags().BoolVar(&duckdb, "duckdb", false, "print SQL for DuckDB")
	cmd.Flags().BoolVar(&write, "write", false, "put list and view into the bucket instead of printing")
	archiveArgs(cmd, nil, func(ctx context.Context, c *archiveCall) error {
		r, err := archive.Open(ctx, c.bucket, archive.ReaderOptions{})
		if err != nil {
			return err
		}
		if isEmpty(r) {
			c.warn("%s: %v", c.bucket.Name(), errEmpty)
		}
		if write {
			return archivefiles.NewWriter(c.bucket).Write(ctx, r.Snapshot())
		}
		files, err := archivefiles.Of(ctx, r.Snapshot(), c.bucket.Name())
		if err != nil {
			return err
		}
		if duckdb {
			return files.View(c.out)
		}
		return files.List(c.out)
	})
	return cmd
}
