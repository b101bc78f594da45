// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/logboom/logboom/internal/grok"
)

type grokFlags struct {
	pattern      string
	library      string
	patternFiles []string
	define       []string
	allCaptures  bool
	jsonl        bool
}

func newGrokCommand() *cobra.Command {
	var f grokFlags
	cmd := &cobra.Command{
		Use:   "grok --pattern PATTERN < lines",
		Short: "Try a grok pattern on lines of text",
		Long: "Match each line of the standard input with a grok pattern and print one JSON object a line:\n" +
			`{"matched":true,"captures":{"source":{"address":"192.0.2.7"}}}` + "\n\n" +
			"A name that is captured twice is a list. Exit code 2 says that the pattern is wrong, and where.",
		Example: `  logboomctl grok --pattern '%{HTTPD_COMBINEDLOG}' < access.log
  logboomctl grok --library none --define 'ID=[a-z]+-\d+' --pattern '%{ID:ticket} %{ID:parent}' < tickets.txt`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return &usageError{fmt.Errorf("unexpected argument %q: lines come from the standard input", args[0])}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runGrok(cmd.Context(), &f, cmd.InOrStdin(), cmd.OutOrStdout())
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.pattern, "pattern", "", "the grok `expression` (required)")
	flags.StringVar(&f.library, "library", grok.LibraryECS, "named patterns to start from: "+strings.Join(grok.Libraries(), ", "))
	flags.StringArrayVar(&f.patternFiles, "pattern-files", nil, "`glob` of files with definitions, NAME REGEX on each line; may be repeated")
	flags.StringArrayVar(&f.define, "define", nil, "definition `NAME=REGEX`; may be repeated")
	flags.BoolVar(&f.allCaptures, "all-captures", false, "also capture references without a field, under the name of their pattern")
	flags.BoolVar(&f.jsonl, "jsonl", false, "each input line is a JSON string, so that it can hold line breaks")
	return cmd
}

func (f *grokFlags) compile() (*grok.Pattern, error) {
	if f.pattern == "" {
		return nil, errors.New("--pattern must not be empty")
	}
	set, err := grok.NewSet(f.library)
	if err != nil {
		return nil, fmt.Errorf("--library: %w", err)
	}
	if err = set.ReadFiles(f.patternFiles...); err != nil {
		return nil, fmt.Errorf("--pattern-files: %w", err)
	}
	for _, d := range f.define {
		name, expr, ok := strings.Cut(d, "=")
		if !ok {
			return nil, fmt.Errorf("--define must be NAME=REGEX, got %q", d)
		}
		if err = set.Define(name, expr); err != nil {
			return nil, fmt.Errorf("--define: %w", err)
		}
	}
	var opts []grok.Option
	if f.allCaptures {
		opts = append(opts, grok.WithAllCaptures())
	}
	return set.Compile(f.pattern, opts...)
}

func runGrok(ctx context.Context, f *grokFlags, in io.Reader, out io.Writer) error {
	p, err := f.compile()
	if err != nil {
		return &usageError{err}
	}
	r := bufio.NewReaderSize(in, 1<<16)
	w := bufio.NewWriterSize(out, 1<<16)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	var captures []grok.Capture
	for n := 1; ; n++ {
		if err := ctx.Err(); err != nil {
			return errors.Join(err, w.Flush())
		}
		if r.Buffered() == 0 { // about to wait: show what there is
			if err := w.Flush(); err != nil {
				return fmt.Errorf("write output: %w", err)
			}
		}
		line, err := readLine(r)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return errors.Join(fmt.Errorf("read line %d: %w", n, err), w.Flush())
		}
		line = bytes.TrimSuffix(line, []byte("\r"))
		text := string(line)
		if f.jsonl {
			if err := json.Unmarshal(line, &text); err != nil {
				return errors.Join(fmt.Errorf("read line %d: must be a JSON string: %w", n, err), w.Flush())
			}
		}
		var matched bool
		captures, matched, err = p.Match(text, captures[:0])
		if err != nil {
			return errors.Join(fmt.Errorf("line %d: %w", n, err), w.Flush())
		}
		if err := enc.Encode(grokResult{Matched: matched, Captures: grok.Nested(captures)}); err != nil {
			return fmt.Errorf("write output: %w", err)
		}
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("write output: %w", err)
	}
	return nil
}

type grokResult struct {
	Matched  bool           `json:"matched"`
	Captures map[string]any `json:"captures"`
}
