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
	parsers      []parserFlag
	library      string
	patternFiles []string
	define       []string
	allCaptures  bool
	jsonl        bool
	explain      bool
	check        bool

	config, processorName string
	resource, attributes  []string
}

func newGrokCommand() *cobra.Command {
	var f grokFlags
	cmd := &cobra.Command{
		Use:   "grok --pattern PATTERN < lines",
		Short: "Try grok patterns and other parsers on lines of text",
		Long: "Match each line of the standard input with a grok pattern and print one JSON object a line:\n" +
			`{"matched":true,"captures":{"source":{"address":"192.0.2.7"}}}` + "\n\n" +
			"A name that is captured twice is a list. --pattern, --regex, --dissect and --auto may be given several times and\n" +
			"together: the first that matches a line wins, and \"pattern\" says which one it was. --auto finds out which of the\n" +
			"well-known formats a line has, and \"format\" says which.\n\n" +
			"--explain adds an object \"explain\": \"pieces\" (what matched which bytes), and for a line that does not match \"stop\"\n" +
			"(how far the best attempt got, and what was expected there). The same goes to the standard error as text with a\n" +
			"caret under the place, so that the standard output stays one JSON object a line.\n\n" +
			"A line that a pattern spends its steps on, or that is no JSON string with --jsonl, has \"error\" in its object and\n" +
			"makes the exit code 1 at the end. Exit code 2 says that a pattern is wrong, and where.\n\n" +
			"With --config each line is the body of a log record, which goes through the configured grok processor; what comes out\n" +
			"is printed: body, attributes, severity, timestamp, trace_id, span_id, resource. --resource and --attribute give the\n" +
			"record what the rules select by.",
		Example: `  logboomctl grok --pattern '%{HTTPD_COMBINEDLOG}' < access.log
  logboomctl grok --explain --pattern '^%{IP:client} took %{NUMBER:ms:float} ms$' < app.log
  logboomctl grok --library none --define 'ID=[a-z]+-\d+' --pattern '%{ID:ticket} %{ID:parent}' < tickets.txt
  logboomctl grok --pattern '^%{KLOG}' --regex '^(?P<level>\w+): (?P<text>.*)' --auto < mixed.log
  logboomctl grok --config collector.yaml --resource service.name=shop < app.log
  logboomctl grok --check --pattern-files '/etc/patterns/*'`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return &usageError{fmt.Errorf("unexpected argument %q: lines come from the standard input", args[0])}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.config != "" {
				return runGrokConfig(cmd.Context(), &f, cmd.InOrStdin(), cmd.OutOrStdout())
			}
			if f.processorName != "" || len(f.resource)+len(f.attributes) > 0 {
				return &usageError{errors.New("--processor, --resource and --attribute need --config")}
			}
			return runGrok(cmd.Context(), &f, cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	flags := cmd.Flags()
	flags.Var(&parserValue{kind: kindGrok, to: &f.parsers}, "pattern", "a grok `expression`; may be repeated, as the next three")
	flags.Var(&parserValue{kind: kindRegex, to: &f.parsers}, "regex", "a regular `expression` in Go's syntax, named groups are captured")
	flags.Var(&parserValue{kind: kindDissect, to: &f.parsers}, "dissect", "a dissect `expression`: %{key} and the text between keys")
	flags.Var(&parserValue{kind: kindAuto, to: &f.parsers}, "auto", "find out which of the well-known formats a line has")
	flags.Lookup("auto").NoOptDefVal = "true"
	flags.StringVar(&f.library, "library", grok.LibraryECS, "named patterns to start from: "+strings.Join(grok.Libraries(), ", "))
	flags.StringArrayVar(&f.patternFiles, "pattern-files", nil, "`glob` of files with definitions, NAME REGEX on each line; may be repeated")
	flags.StringArrayVar(&f.define, "define", nil, "definition `NAME=REGEX`; may be repeated")
	flags.BoolVar(&f.allCaptures, "all-captures", false, "also capture references without a field, under the name of their pattern")
	flags.BoolVar(&f.jsonl, "jsonl", false, "each input line is a JSON string, so that it can hold line breaks")
	flags.BoolVar(&f.explain, "explain", false, "say what each piece matched, or where the best attempt stopped")
	flags.BoolVar(&f.check, "check", false, "look at every definition of --pattern-files and --define, used or not, as the processor does at start")
	flags.StringVar(&f.config, "config", "", "configuration `file` of a Collector with a grok processor, or the grok: block alone")
	flags.StringVar(&f.processorName, "processor", "", "which grok processor of --config, by `name`")
	flags.StringArrayVar(&f.resource, "resource", nil, "resource attribute `KEY=VALUE` of the records of --config; may be repeated")
	flags.StringArrayVar(&f.attributes, "attribute", nil, "attribute `KEY=VALUE` of the records of --config; may be repeated")
	return cmd
}

// compile makes the parsers, in the order of the flags. definitions is how many --pattern-files and --define made.
func (f *grokFlags) compile() (parsers []lineParser, definitions int, err error) {
	if len(f.parsers) == 0 && !f.check {
		return nil, 0, errors.New("--pattern must not be empty (or give --regex, --dissect or --auto)")
	}
	set, err := grok.NewSet(f.library)
	if err != nil {
		return nil, 0, fmt.Errorf("--library: %w", err)
	}
	var errs []error
	if err = set.ReadFiles(f.patternFiles...); err != nil {
		errs = append(errs, fmt.Errorf("--pattern-files: %w", err))
	}
	for _, d := range f.define {
		name, expr, ok := strings.Cut(d, "=")
		if !ok {
			errs = append(errs, fmt.Errorf("--define must be NAME=REGEX, got %q", d))
			continue
		}
		if err = set.Define(name, expr); err != nil {
			errs = append(errs, fmt.Errorf("--define: %w", err))
		}
	}
	if f.check {
		errs = append(errs, set.Check())
	}
	if err = errors.Join(errs...); err != nil {
		return nil, 0, err
	}
	var opts []grok.Option
	if f.allCaptures {
		opts = append(opts, grok.WithAllCaptures())
	}
	parsers = make([]lineParser, len(f.parsers))
	for i, p := range f.parsers {
		if parsers[i], err = p.compile(set, f.library, opts); err != nil {
			if len(f.parsers) > 1 {
				err = fmt.Errorf("%s (parser %d): %w", p.kind.flag(), i+1, err)
			}
			errs = append(errs, err)
		}
	}
	return parsers, len(set.Added()), errors.Join(errs...)
}

func runGrok(ctx context.Context, f *grokFlags, in io.Reader, out, errs io.Writer) error {
	parsers, definitions, err := f.compile()
	if err != nil {
		return &usageError{err}
	}
	if len(parsers) == 0 { // only --check
		noun := "definitions"
		if definitions == 1 {
			noun = "definition"
		}
		if _, err = fmt.Fprintf(out, "%d %s, no mistake\n", definitions, noun); err != nil {
			return fmt.Errorf("write output: %w", err)
		}
		return nil
	}
	r := bufio.NewReaderSize(in, 1<<16)
	w := bufio.NewWriterSize(out, 1<<16)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	troubled := 0
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
		result, human, trouble := f.try(parsers, bytes.TrimSuffix(line, []byte("\r")))
		if err := enc.Encode(result); err != nil {
			return fmt.Errorf("write output: %w", err)
		}
		if trouble != nil {
			troubled++
			human = trouble.Error() + "\n" + human
		}
		if human != "" { // after the line that it is about
			if err := w.Flush(); err != nil {
				return fmt.Errorf("write output: %w", err)
			}
			if _, err := fmt.Fprintf(errs, "line %d: %s", n, human); err != nil {
				return fmt.Errorf("write explanation: %w", err)
			}
		}
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("write output: %w", err)
	}
	if troubled > 0 {
		return fmt.Errorf("lines with an error: %d", troubled)
	}
	return nil
}

// try tries the parsers on a line. human is what --explain says for people; trouble is why it is not known whether the line
// matches, which the result says too.
func (f *grokFlags) try(parsers []lineParser, line []byte) (result grokResult, human string, trouble error) {
	text := string(line)
	if f.jsonl {
		if err := json.Unmarshal(line, &text); err != nil {
			trouble = fmt.Errorf("must be a JSON string: %w", err)
			return grokResult{Captures: map[string]any{}, Error: trouble.Error()}, "", trouble
		}
	}
	result, trouble = matchLine(parsers, text)
	if f.explain {
		result.Explain, human = explainLine(parsers, text)
	}
	return result, human, trouble
}
