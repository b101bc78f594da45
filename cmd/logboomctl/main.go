// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Command logboomctl is Logboom for people at a shell: it tries a grok pattern, shows what would be
// redacted, looks into an archive and a write-ahead log, and asks an archive a question, all without a running Collector.
//
// Exit codes: 0 done, 1 the work failed (or redact --check found something), 2 the call itself is wrong (a flag, a pattern, a query).
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
)

// version is set by the linker.
var version = "dev"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	root := newRootCommand()
	root.SetArgs(queryLast(root, os.Args[1:]))
	code := run(ctx, root)
	stop()
	os.Exit(code)
}

// run executes cmd, prints its error on the command's error stream, and returns the exit code.
func run(ctx context.Context, cmd *cobra.Command) int {
	err := cmd.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	fmt.Fprintln(cmd.ErrOrStderr(), "logboomctl:", err)
	var usage *usageError
	if errors.As(err, &usage) {
		return 2
	}
	return 1
}

// newRootCommand returns the whole command tree; each subcommand lives in the file of its name.
func newRootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:           "logboomctl",
		Short:         "Try patterns and redactions, inspect and query a log archive",
		Version:       version,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          noSuchCommand,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &usageError{err} })
	root.AddCommand(newArchiveCommand(), newWALCommand(), newGrokCommand(), newRedactCommand(), newQueryCommand())
	return root
}

// noSuchCommand is for commands that only hold others: whatever they are given is a mistake.
func noSuchCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	hint := ""
	cmd.SuggestionsMinimumDistance = 2
	if names := cmd.SuggestionsFor(args[0]); len(names) > 0 {
		hint = ", did you mean " + strings.Join(names, " or ") + "?"
	}
	return &usageError{fmt.Errorf("unknown command %q for %q%s", args[0], cmd.CommandPath(), hint)}
}

// usageError marks a mistake in the call: run exits with 2 instead of 1.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }
