// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grokprocessor

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/logboom/logboom/internal/logformat"
	"github.com/logboom/logboom/processor/grokprocessor/internal/metadata"
)

// tally counts during one batch, by rule; where a rule is one of the indexes, the last one stands for none.
type tally struct {
	records      []int64 // by rule and outcome
	failures     []int64 // by rule and failure
	formats      []int64 // by rule and format that auto recognised
	misses       []int64
	nestedMisses []int64
	errors       []int64 // of conditions
}

func newTally(rules, formats int) tally {
	n := rules + 1
	return tally{
		records:      make([]int64, n*int(outcomeCount)),
		failures:     make([]int64, n*int(failureCount)),
		formats:      make([]int64, n*formats),
		misses:       make([]int64, n),
		nestedMisses: make([]int64, n),
		errors:       make([]int64, n),
	}
}

// reporter knows the attributes of every point, so that a batch makes none.
type reporter struct {
	telemetry                          *metadata.TelemetryBuilder
	records, failures, formats, byRule []metric.MeasurementOption
}

func newReporter(telemetry *metadata.TelemetryBuilder, rules []*rule, formats []logformat.Format) *reporter {
	r := &reporter{telemetry: telemetry}
	for i := range len(rules) + 1 {
		name := ""
		if i < len(rules) {
			name = rules[i].name
		}
		option := func(kv ...attribute.KeyValue) metric.MeasurementOption {
			return metric.WithAttributeSet(attribute.NewSet(append(kv, attribute.String("rule", name))...))
		}
		r.byRule = append(r.byRule, option())
		for _, o := range outcomeNames {
			r.records = append(r.records, option(attribute.String("outcome", o)))
		}
		for _, f := range failureNames {
			r.failures = append(r.failures, option(attribute.String("field", f)))
		}
		for i := range formats {
			r.formats = append(r.formats, option(attribute.String("format", formats[i].Name)))
		}
	}
	return r
}

// report adds what t counted to the metrics and begins t anew.
func (r *reporter) report(ctx context.Context, t *tally) {
	add := func(counter metric.Int64Counter, counts []int64, options []metric.MeasurementOption) {
		for i, n := range counts {
			if n > 0 {
				counter.Add(ctx, n, options[i])
				counts[i] = 0
			}
		}
	}
	add(r.telemetry.ProcessorGrokRecords, t.records, r.records)
	add(r.telemetry.ProcessorGrokConversionFailures, t.failures, r.failures)
	add(r.telemetry.ProcessorGrokAutoFormats, t.formats, r.formats)
	add(r.telemetry.ProcessorGrokRuleMisses, t.misses, r.byRule)
	add(r.telemetry.ProcessorGrokNestedMisses, t.nestedMisses, r.byRule)
	add(r.telemetry.ProcessorGrokConditionErrors, t.errors, r.byRule)
}
