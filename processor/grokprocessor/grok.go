// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grokprocessor

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/processor"

	"github.com/logboom/logboom/internal/grok"
	"github.com/logboom/logboom/internal/logformat"
	"github.com/logboom/logboom/processor/grokprocessor/internal/metadata"
)

const (
	// errorAttribute says on a record why it was not parsed.
	errorAttribute = "logboom.parse.error"
	// formatAttribute names the format that auto recognised.
	formatAttribute = "logboom.parse.format"
)

// outcome is what became of a record.
type outcome uint8

const (
	outcomeParsed outcome = iota
	outcomeNoMatch
	outcomeTooLarge
	outcomeStepLimit
	outcomeTooDeep
	outcomeTooManyFields
	outcomeNotSelected
	outcomeCount
)

var outcomeNames = [outcomeCount]string{"parsed", "no_match", "too_large", "step_limit", "too_deep", "too_many_fields", "not_selected"}

type grokProcessor struct {
	rules     []*rule
	formats   []logformat.Format // that auto knows; none if no rule has such a parser
	auto      bool
	depth     int // of the deepest nesting
	maxBytes  int
	maxFields int
	telemetry *metadata.TelemetryBuilder
	reporter  *reporter
	workers   sync.Pool
}

func newGrokProcessor(set processor.Settings, cfg *Config) (*grokProcessor, error) {
	patterns, err := definitions(cfg)
	if err != nil {
		return nil, err
	}
	c := &compiler{cfg: cfg, patterns: patterns}
	p := &grokProcessor{maxBytes: cfg.MaxRecordBytes, maxFields: cfg.MaxFields}
	var errs []error
	for i := range cfg.Rules {
		r, err := c.rule(set.TelemetrySettings, i)
		if err != nil {
			errs = append(errs, within(fmt.Sprintf("rule %q", cfg.Rules[i].Name), err))
			continue
		}
		p.rules = append(p.rules, r)
	}
	if err = errors.Join(errs...); err != nil {
		return nil, err
	}
	p.depth, p.formats, p.auto = c.depth, c.formats, c.recogniser != nil
	if p.telemetry, err = metadata.NewTelemetryBuilder(set.TelemetrySettings); err != nil {
		return nil, err
	}
	p.reporter = newReporter(p.telemetry, p.rules, p.formats)
	p.workers.New = func() any { return newWorker(p) }
	return p, nil
}

// definitions returns the library with what files and configuration add to it. After a mistake the set has all the rest.
func definitions(cfg *Config) (*grok.Set, error) {
	patterns, err := grok.NewSet(cfg.Library)
	if err != nil {
		return nil, err
	}
	var errs []error
	if err = patterns.ReadFiles(cfg.PatternFiles...); err != nil {
		errs = append(errs, within("pattern_files", err))
	}
	for _, name := range slices.Sorted(maps.Keys(cfg.Definitions)) {
		if err = patterns.Define(name, cfg.Definitions[name]); err != nil {
			errs = append(errs, fmt.Errorf("definitions: %w", err))
		}
	}
	errs = append(errs, patterns.Check()) // also what no rule uses: a mistake in it waits for the one who will
	return patterns, errors.Join(errs...)
}

func (p *grokProcessor) shutdown(context.Context) error {
	p.telemetry.Shutdown()
	return nil
}

// processLogs parses every record in place. It never drops one and never fails.
func (p *grokProcessor) processLogs(ctx context.Context, ld plog.Logs) (plog.Logs, error) {
	w := p.workers.Get().(*worker)
	w.batch(ctx, ld)
	p.reporter.report(ctx, &w.tally)
	p.workers.Put(w)
	return ld, nil
}
