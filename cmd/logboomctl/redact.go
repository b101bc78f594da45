// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"go.opentelemetry.io/collector/confmap"

	"github.com/logboom/logboom/internal/redact"
	"github.com/logboom/logboom/processor/redactprocessor"
)

func newRedactCommand() *cobra.Command {
	var (
		config     string
		asJSON, in bool
		list       bool
	)
	cmd := &cobra.Command{
		Use:   "redact [--config FILE] [--json] [--jsonl] < text | --list",
		Short: "Mask secrets and personal data in a text, line by line",
		Long: `Redact reads lines from standard input and prints them masked, as the redact processor would.

With --json it prints one object a line: {"text":…,"findings":[{"detector":…,"start":…,"end":…}]};
start and end are offsets in bytes in the input line, end is exclusive.
With --jsonl each input line is a JSON string, which may hold line breaks; without --json the
output lines then are JSON strings too, and offsets are in the decoded text.

A private key over several lines is recognised from its BEGIN line to its END line, at most
1,000 lines; each of its lines is masked, and there is one line of output for each line of input.

--config FILE is a Collector configuration with processors: redact:, or that block alone, with or
without the key.`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return &usageError{fmt.Errorf("redact takes no arguments, got %q; it reads standard input", args[0])}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			if list {
				return printDetectors(cmd.OutOrStdout())
			}
			cfg, err := loadRedactConfig(config)
			if err != nil {
				return &usageError{err}
			}
			engine, err := cfg.NewEngine()
			if err != nil {
				return &usageError{err}
			}
			r := &redactRun{
				sc: engine.NewScanner(), out: bufio.NewWriterSize(cmd.OutOrStdout(), 64<<10),
				json: asJSON, jsonl: in, dryRun: cfg.DryRun,
			}
			if err := errors.Join(r.run(cmd.InOrStdin()), r.out.Flush()); err != nil {
				return fmt.Errorf("redact: %w", err)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&config, "config", "", "YAML file with the redact: block")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the masked text and the findings as one JSON object a line")
	cmd.Flags().BoolVar(&in, "jsonl", false, "each input line is a JSON string")
	cmd.Flags().BoolVar(&list, "list", false, "print the detectors and what they find, and exit")
	return cmd
}

func printDetectors(w io.Writer) error {
	for _, d := range redact.Detectors() {
		if _, err := fmt.Fprintf(w, "%-24s %-14s %s\n", d.Name, d.Group, d.Doc); err != nil {
			return err
		}
	}
	return nil
}

// loadRedactConfig reads the block over the processor's defaults. An empty path gives the defaults.
func loadRedactConfig(path string) (*redactprocessor.Config, error) {
	cfg := redactprocessor.NewFactory().CreateDefaultConfig().(*redactprocessor.Config)
	if path == "" {
		return cfg, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	retrieved, err := confmap.NewRetrievedFromYAML(text)
	if err != nil {
		return nil, fmt.Errorf("read configuration %q: %w", path, err)
	}
	conf, err := retrieved.AsConf()
	if err != nil {
		return nil, fmt.Errorf("read configuration %q: %w", path, err)
	}
	for _, key := range []string{"processors", "redact"} {
		if conf.IsSet(key) {
			if conf, err = conf.Sub(key); err != nil {
				return nil, fmt.Errorf("read configuration %q: %w", path, err)
			}
		}
	}
	if err := conf.Unmarshal(cfg); err != nil {
		return nil, fmt.Errorf("read configuration %q: %w", path, err)
	}
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("check configuration %q: %w", path, err)
	}
	return cfg, nil
}

// maxKeyLines and maxKeyBytes are what a private key may have before its end is no longer waited for.
const (
	maxKeyLines = 1000
	maxKeyBytes = 1 << 20
)

type redactRun struct {
	sc                  *redact.Scanner
	out                 *bufio.Writer
	json, jsonl, dryRun bool
}

// run reads lines; the last one need not end with a line break.
func (r *redactRun) run(in io.Reader) error {
	br := bufio.NewReaderSize(in, 256<<10)
	var block []string // the lines of a private key whose end has not come yet
	for number := 1; ; number++ {
		line, err := readLine(br)
		if errors.Is(err, io.EOF) {
			return r.lines(block)
		}
		if err != nil {
			return fmt.Errorf("read line %d: %w", number, err)
		}
		if err := r.line(string(line), number, &block); err != nil {
			return err
		}
		if br.Buffered() == 0 && len(block) == 0 {
			if err := r.out.Flush(); err != nil { // somebody watches a pipe
				return err
			}
		}
	}
}

func (r *redactRun) line(line string, number int, block *[]string) error {
	if r.jsonl {
		var text string
		if err := json.Unmarshal([]byte(line), &text); err != nil {
			// The decoder's message may quote the line.
			return fmt.Errorf("line %d is not a JSON string", number)
		}
		return r.text(text)
	}
	if len(*block) > 0 || opensKey(line) {
		*block = append(*block, line)
		if !strings.Contains(line, "-----END ") && len(*block) < maxKeyLines && blockBytes(*block) < maxKeyBytes {
			return nil
		}
		err := r.lines(*block)
		*block = nil
		return err
	}
	return r.text(line)
}

func blockBytes(block []string) (n int) {
	for _, line := range block {
		n += len(line)
	}
	return n
}

// opensKey tells whether a private key begins in the line and does not end in it.
func opensKey(line string) bool {
	i := strings.LastIndex(line, "-----BEGIN ")
	return i >= 0 && strings.Contains(line[i:], "PRIVATE KEY") && !strings.Contains(line[i:], "-----END ")
}

// lines masks several lines as one text, and prints each of them on its own: a finding that goes over line
// breaks becomes one in every line that it touches.
func (r *redactRun) lines(block []string) error {
	if len(block) == 0 {
		return nil
	}
	r.sc.Reset()
	text := strings.Join(block, "\n")
	findings := r.sc.Find(text)
	from := 0
	for _, line := range block {
		to := from + len(line)
		var own []redact.Finding
		var masked strings.Builder
		at := 0
		for _, f := range findings {
			a, b := max(f.Start, from)-from, min(f.End, to)-from
			if a >= b || a < at {
				continue
			}
			own = append(own, redact.Finding{Detector: f.Detector, Start: a, End: b})
			masked.WriteString(line[at:a])
			// That of the whole finding: the action partial would show the end of every line of a key.
			masked.WriteString(r.sc.Replacement(f.Detector, text[f.Start:f.End]))
			at = b
		}
		masked.WriteString(line[at:])
		if err := r.print(line, masked.String(), own); err != nil {
			return err
		}
		from = to + 1
	}
	return nil
}

func (r *redactRun) text(text string) error {
	r.sc.Reset()
	if !r.json {
		masked, _ := r.sc.Text(text)
		return r.print(text, masked, nil)
	}
	masked, findings := r.sc.FindAndMask(text)
	return r.print(text, masked, findings)
}

func (r *redactRun) print(raw, masked string, findings []redact.Finding) error {
	if r.dryRun {
		masked = raw
	}
	if !r.json && !r.jsonl {
		_, err := r.out.WriteString(masked + "\n")
		return err
	}
	var v any = masked
	if r.json {
		if findings == nil {
			findings = []redact.Finding{}
		}
		v = struct {
			Text     string           `json:"text"`
			Findings []redact.Finding `json:"findings"`
		}{masked, findings}
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("write result: %w", err)
	}
	_, err := r.out.Write(buf.Bytes())
	return err
}
