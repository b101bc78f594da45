// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/logboom/logboom/internal/compactor"
)

// newArchiveEraseCommand returns `logboomctl archive erase`.
func newArchiveEraseCommand() *cobra.Command {
	var output outputFlag
	var req compactor.EraseRequest
	var text string
	var ignoreHolds bool
	cmd := &cobra.Command{
		Use:   "erase --match 'KEY=\"VALUE\"' [URL]",
		Short: "Take the records of a person, or of anything, out of the archive",
		Long: "Write every object that holds a matching record anew without it, and read all live objects afterwards to see that none is left.\n" +
			"KEY is an attribute's of the record, its scope or its resource (a dot and an underscore are the same), or service_name,\n" +
			"trace_id, span_id, body; body contains \"…\" matches a part. Several conditions, with \"and\" between them, must all hold.\n\n" +
			"The old objects stay in the bucket until the grace of the archive_compactor is over, or go at once with --now, which makes\n" +
			"queries under way partial. What this command cannot reach: records that are not in the archive yet (flush the writers\n" +
			"first), versions that the bucket keeps of deleted objects, the write-ahead log of a writer that is stopped, and copies. See\n" +
			"docs/security.md.",
		Example: "  logboomctl archive erase --dry-run --match 'user_id=\"u-1234\"' s3://logs/prod\n" +
			"  logboomctl archive erase --match 'user_id=\"u-1234\"' --config collector.yaml\n" +
			"  logboomctl archive erase --match 'service_name=\"cart\" and body contains \"jane@example.com\"' --now --config collector.yaml",
	}
	cmd.Flags().StringVar(&text, "match", "", "which records, such as 'user_id=\"u-1234\"'")
	cmd.Flags().BoolVar(&req.DryRun, "dry-run", false, "change nothing, only count")
	cmd.Flags().BoolVar(&req.Now, "now", false, "delete the old objects at once, instead of after the grace")
	cmd.Flags().BoolVar(&ignoreHolds, "ignore-holds", false, "needed without the archive_compactor in --config: nobody says which records are under a legal hold")
	output.add(cmd.Flags(), "text or json", "text", "json")
	check := func() (err error) {
		if text == "" {
			return errors.New("want --match: which records")
		}
		if req.Match, err = compactor.ParseMatch(text); err != nil {
			return fmt.Errorf("--match: %w", err)
		}
		return output.check()
	}
	maintainArgs(cmd, check, func(ctx context.Context, c *maintainCall) error {
		if ignoreHolds {
			c.settings.Retention.Holds = nil
		} else if !c.configured && !req.DryRun {
			return &usageError{errors.New("want --config with the archive_compactor of this archive, whose holds say what must not be erased, or --ignore-holds")}
		}
		engine, err := c.engine()
		if err != nil {
			return err
		}
		report, err := engine.Erase(ctx, req)
		for _, e := range report.Errors {
			c.warn("%v", e)
		}
		if output.value == "json" {
			return errors.Join(jsonLine(c.out).Encode(struct {
				compactor.EraseReport
				Errors []string
			}{report, errorTexts(report.Errors)}), err)
		}
		printErase(c, &report, &req)
		return err
	})
	return cmd
}

func errorTexts(list []error) []string {
	texts := make([]string, len(list))
	for i, err := range list {
		texts[i] = err.Error()
	}
	return texts
}

func printErase(c *maintainCall, report *compactor.EraseReport, req *compactor.EraseRequest) {
	if req.DryRun {
		fmt.Fprintf(c.out, "%d records in %d objects match; nothing was changed\n", report.Rows, report.Objects)
		return
	}
	fmt.Fprintf(c.out, "erased    %d records of %d objects\n", report.Rows, report.Objects)
	if report.Scanned > 0 {
		fmt.Fprintf(c.out, "verified  %d live objects were read: %d records match\n", report.Scanned, report.Left)
	}
	if report.Mentions > 0 {
		fmt.Fprintf(c.out, "mentions  %d other records have one of the values in their text or attributes, in:\n", report.Mentions)
		for _, key := range report.MentionedIn {
			fmt.Fprintf(c.out, "          %s\n", key)
		}
	}
	if report.Pending > 0 {
		fmt.Fprintf(c.out, "pending   %d objects that are not live any more are in the bucket until the grace (%s) is over\n", report.Pending, c.settings.Grace)
	}
}
