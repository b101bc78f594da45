// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/logboom/logboom/internal/redact"
	"github.com/logboom/logboom/processor/redactprocessor"
)

type redactFlags struct {
	config, processor   string
	groups, detectors   []string
	action, hashKeyFile string
	rules, allow        []string

	json, jsonl         bool
	onlyFindings, quiet bool
	check, summary      bool
	list                bool
}

// newEngine is a variable because compiling the detectors takes most of the time of the tests, which keep the engines.
var newEngine = (*redactprocessor.Config).NewEngine

func newRedactCommand() *cobra.Command {
	var f redactFlags
	cmd := &cobra.Command{
		Use:   "redact [flags] [FILE…]",
		Short: "Mask secrets and personal data in a text, line by line",
		Long: `Redact reads lines from files, or from the standard input (none, or -), and prints them masked, as the
redact processor would. A file whose name ends in .gz is decompressed. Line ends stay as they are.

With --json it prints one object a line: {"text":…,"findings":[{"detector":…,"start":…,"end":…}]};
start and end are offsets in bytes in the input line, end is exclusive.
With --jsonl each input line is a JSON string, which may hold line breaks; without --json the
output lines then are JSON strings too, and offsets are in the decoded text.

With --check it prints no text but FILE:LINE: DETECTOR for each finding, and exits with 1 if there is one, with 0
if there is none, with 2 if something could not be read.

A private key over several lines is recognised from its BEGIN line to its END line, at most 1,000 lines; each of
its lines is masked. Of a line longer than limits.max_record_bytes (16 MiB) the rest is masked unread, also in a
dry run. With --jsonl a line longer than 64 MiB ends the command.

The action drop_record leaves the line out (with --json its object stays, masked), drop_attribute masks,
tag leaves the text as it is.

--config FILE is a Collector configuration with a redact processor (--processor says which of several), or that block
alone, with or without the key; ${env:NAME} is expanded as the Collector does it. The other flags go on top of it.`,
		Example: `  tail -F app.log | logboomctl redact
  logboomctl redact --summary --quiet /var/log/*.log /var/log/*.gz
  logboomctl redact --check --groups secrets $(git ls-files)
  logboomctl redact --rules gitleaks.toml --detectors -phone,-email --allow noreply@example.com app.log
  logboomctl redact --action hash --hash-key-file key app.log
  logboomctl redact --list --groups all`,
		RunE: func(cmd *cobra.Command, files []string) error {
			return runRedact(cmd, &f, files)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.config, "config", "", "configuration `file` of a Collector, or the redact: block alone")
	flags.StringVar(&f.processor, "processor", "", "which redact processor of --config, by `name`")
	flags.StringSliceVar(&f.groups, "groups", nil, "look for these `groups` only: secrets, personal, payment_card, network; or all, none")
	flags.StringSliceVar(&f.detectors, "detectors", nil, "look for these detectors only (with --groups: also); -`name` switches one off")
	flags.StringVar(&f.action, "action", "", "what is `done` with a finding: mask, partial, hash, drop_attribute, drop_record, tag")
	flags.StringVar(&f.hashKeyFile, "hash-key-file", "", "`file` with the key of the action hash")
	flags.StringArrayVar(&f.rules, "rules", nil, "`file` of rules in gitleaks' format; may be repeated")
	flags.StringArrayVar(&f.allow, "allow", nil, "exact `text` that is no finding; may be repeated")
	flags.BoolVar(&f.json, "json", false, "print the masked text and the findings as one JSON object a line")
	flags.BoolVar(&f.jsonl, "jsonl", false, "each input line is a JSON string")
	flags.BoolVar(&f.onlyFindings, "only-findings", false, "print only lines with a finding")
	flags.BoolVarP(&f.quiet, "quiet", "q", false, "print no lines")
	flags.BoolVar(&f.check, "check", false, "print where what was found instead of the text, and exit with 1 if anything was")
	flags.BoolVar(&f.summary, "summary", false, "print a table of the findings to the standard error at the end")
	flags.BoolVar(&f.list, "list", false, "print all detectors and exit (with --json as objects)")
	return cmd
}

func runRedact(cmd *cobra.Command, f *redactFlags, files []string) error {
	cfg, err := f.configuration(cmd.Context())
	if err != nil {
		return &usageError{err}
	}
	engine, err := newEngine(cfg)
	if err != nil {
		return &usageError{err}
	}
	if f.list {
		if len(files) > 0 {
			return &usageError{fmt.Errorf("--list reads no files, got %q", files[0])}
		}
		return printDetectors(cmd.OutOrStdout(), engine, f.json)
	}
	r := &redactRun{
		sc: engine.NewScanner(), out: bufio.NewWriterSize(cmd.OutOrStdout(), 64<<10),
		actions: map[string]redact.Action{}, max: cfg.Limits.MaxRecordBytes, flags: f, dryRun: cfg.DryRun,
	}
	for _, a := range engine.Active() {
		r.actions[a.Name] = a.Action
	}
	if len(files) == 0 {
		files = []string{"-"}
	}
	var errs []error
	for _, name := range files {
		if err := cmd.Context().Err(); err != nil {
			errs = append(errs, err)
			break
		}
		errs = append(errs, r.open(cmd.Context(), name, cmd.InOrStdin()))
	}
	errs = append(errs, wrapWrite(r.out.Flush()))
	if f.summary {
		errs = append(errs, r.summary(cmd.ErrOrStderr()))
	}
	err = errors.Join(errs...)
	switch {
	case err != nil && f.check:
		return &usageError{fmt.Errorf("redact: %w", err)} // 1 says that something was found
	case err != nil:
		return fmt.Errorf("redact: %w", err)
	case f.check && r.total.Findings > 0:
		return fmt.Errorf("redact: findings: %d, in %d of %d lines", r.total.Findings, r.total.Found, r.total.Lines)
	}
	return nil
}

// open masks one file. What was masked before an error has been printed.
func (r *redactRun) open(ctx context.Context, name string, stdin io.Reader) error {
	if name == "-" {
		// A read of the standard input does not end with the context; as with other filters the interrupt ends the process.
		signal.Reset(os.Interrupt, syscall.SIGTERM)
		return r.run(name, stdin)
	}
	file, err := os.Open(name) //nolint:gosec // the file that the user names
	if err != nil {
		return fmt.Errorf("open input: %w", err)
	}
	defer func() { _ = file.Close() }()
	in := io.Reader(&contextReader{ctx, file})
	if strings.HasSuffix(name, ".gz") {
		if in, err = gzip.NewReader(in); err != nil {
			return fmt.Errorf("open input: %s: %w", name, err)
		}
	}
	return r.run(name, in)
}

// contextReader stops reading when the context ends.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c *contextReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}
