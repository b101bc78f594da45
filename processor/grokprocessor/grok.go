// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grokprocessor

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/contexts/ottllog"

	"github.com/logboom/logboom/internal/grok"
	"github.com/logboom/logboom/processor/grokprocessor/internal/metadata"
)

// errorAttribute says on a record why it was not parsed.
const errorAttribute = "logboom.parse.error"

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
	maxBytes  int
	telemetry *metadata.TelemetryBuilder
}

func newGrokProcessor(set processor.Settings, cfg *Config) (*grokProcessor, error) {
	patterns, err := grok.NewSet(cfg.Library)
	if err != nil {
		return nil, err
	}
	if err = patterns.ReadFiles(cfg.PatternFiles...); err != nil {
		return nil, fmt.Errorf("pattern_files: %w", err)
	}
	for _, name := range slices.Sorted(maps.Keys(cfg.Definitions)) {
		if err = patterns.Define(name, cfg.Definitions[name]); err != nil {
			return nil, fmt.Errorf("definitions: %w", err)
		}
	}
	p := &grokProcessor{maxBytes: cfg.MaxRecordBytes}
	var errs []error
	for i := range cfg.Rules {
		r, err := newRule(set.TelemetrySettings, cfg, &cfg.Rules[i], patterns)
		if err != nil {
			errs = append(errs, fmt.Errorf("rule %q: %w", cfg.Rules[i].Name, err))
			continue
		}
		p.rules = append(p.rules, r)
	}
	if err = errors.Join(errs...); err != nil {
		return nil, err
	}
	if p.telemetry, err = metadata.NewTelemetryBuilder(set.TelemetrySettings); err != nil {
		return nil, err
	}
	return p, nil
}

func (p *grokProcessor) shutdown(context.Context) error {
	p.telemetry.Shutdown()
	return nil
}

// processLogs parses every record in place. It never drops one and never fails.
func (p *grokProcessor) processLogs(ctx context.Context, ld plog.Logs) (plog.Logs, error) {
	w := newWorker(p)
	for _, rl := range ld.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, lr := range sl.LogRecords().All() {
				w.record(ctx, rl, sl, lr)
			}
		}
	}
	w.report(ctx)
	return ld, nil
}

// worker holds what is reused from record to record within one batch, and what is counted.
type worker struct {
	p        *grokProcessor
	scratch  *scratch
	records  []int64 // by rule and outcome; the last rule is "none"
	misses   []int64 // by rule
	failures []int64 // by rule and failure
	errors   []int64 // by rule
}

func newWorker(p *grokProcessor) *worker {
	n := len(p.rules) + 1
	return &worker{
		p:        p,
		scratch:  &scratch{fields: pcommon.NewMap()},
		records:  make([]int64, n*int(outcomeCount)),
		misses:   make([]int64, n),
		failures: make([]int64, n*int(failureCount)),
		errors:   make([]int64, n),
	}
}

func (w *worker) record(ctx context.Context, rl plog.ResourceLogs, sl plog.ScopeLogs, lr plog.LogRecord) {
	var tCtx *ottllog.TransformContext
	last, decided := outcomeNotSelected, len(w.p.rules)
	for i, r := range w.p.rules {
		if len(r.conditions) > 0 {
			if tCtx == nil {
				tCtx = ottllog.NewTransformContextPtr(rl, sl, lr)
				defer tCtx.Close()
			}
			selected, err := r.selects(ctx, tCtx)
			if err != nil {
				w.errors[i]++
			}
			if !selected {
				continue
			}
		}
		text, ok := r.text(lr)
		if !ok {
			continue
		}
		o := outcomeTooLarge
		if len(text) <= w.p.maxBytes {
			o = r.parse(text, w.scratch)
		}
		if o == outcomeParsed {
			fails := w.failures[i*int(failureCount) : (i+1)*int(failureCount)]
			r.apply(w.scratch, lr, fails)
			w.records[i*int(outcomeCount)+int(outcomeParsed)]++
			return
		}
		w.misses[i]++
		last, decided = o, i
	}
	w.records[decided*int(outcomeCount)+int(last)]++
	if last != outcomeNotSelected {
		lr.Attributes().PutStr(errorAttribute, outcomeNames[last])
	}
}

func (w *worker) report(ctx context.Context) {
	for i := range len(w.p.rules) + 1 {
		name := ""
		if i < len(w.p.rules) {
			name = w.p.rules[i].name
		}
		rule := attribute.String("rule", name)
		for o := range outcomeCount {
			if n := w.records[i*int(outcomeCount)+int(o)]; n > 0 {
				w.p.telemetry.ProcessorGrokRecords.Add(ctx, n, metric.WithAttributeSet(attribute.NewSet(rule, attribute.String("outcome", outcomeNames[o]))))
			}
		}
		for f := range failureCount {
			if n := w.failures[i*int(failureCount)+int(f)]; n > 0 {
				w.p.telemetry.ProcessorGrokConversionFailures.Add(ctx, n, metric.WithAttributeSet(attribute.NewSet(rule, attribute.String("field", failureNames[f]))))
			}
		}
		if n := w.misses[i]; n > 0 {
			w.p.telemetry.ProcessorGrokRuleMisses.Add(ctx, n, metric.WithAttributeSet(attribute.NewSet(rule)))
		}
		if n := w.errors[i]; n > 0 {
			w.p.telemetry.ProcessorGrokConditionErrors.Add(ctx, n, metric.WithAttributeSet(attribute.NewSet(rule)))
		}
	}
}
