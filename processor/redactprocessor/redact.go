// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redactprocessor

import (
	"context"
	"fmt"
	"sync"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/processorhelper"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/logboom/logboom/internal/redact"
	"github.com/logboom/logboom/processor/redactprocessor/internal/metadata"
)

// redactProcessor is shared by all batches; each batch takes a walker of its own from the pool.
type redactProcessor struct {
	telemetry *metadata.TelemetryBuilder
	walkers   sync.Pool
	dryRun    bool
}

func newRedactProcessor(set processor.Settings, cfg *Config) (*redactProcessor, error) {
	engine, err := cfg.NewEngine()
	if err != nil {
		return nil, fmt.Errorf("compile detectors: %w", err)
	}
	telemetry, err := metadata.NewTelemetryBuilder(set.TelemetrySettings)
	if err != nil {
		return nil, fmt.Errorf("create telemetry: %w", err)
	}
	p := &redactProcessor{telemetry: telemetry, dryRun: cfg.DryRun}
	p.walkers.New = func() any {
		return &walker{sc: engine.NewScanner(), dryRun: cfg.DryRun, tagAttribute: cfg.TagAttribute}
	}
	return p, nil
}

func (p *redactProcessor) shutdown(context.Context) error {
	p.telemetry.Shutdown()
	return nil
}

func (p *redactProcessor) processLogs(ctx context.Context, ld plog.Logs) (plog.Logs, error) {
	w := p.walkers.Get().(*walker)
	w.logs(ld)
	dropped := p.report(ctx, w, "logs")
	p.walkers.Put(w)
	if dropped && ld.LogRecordCount() == 0 {
		return ld, processorhelper.ErrSkipProcessingData
	}
	return ld, nil
}

func (p *redactProcessor) processTraces(ctx context.Context, td ptrace.Traces) (ptrace.Traces, error) {
	w := p.walkers.Get().(*walker)
	w.traces(td)
	dropped := p.report(ctx, w, "traces")
	p.walkers.Put(w)
	if dropped && td.SpanCount() == 0 {
		return td, processorhelper.ErrSkipProcessingData
	}
	return td, nil
}

// report turns what the walker counted into metrics, and tells whether anything was dropped. Names and numbers only:
// nothing of a record's content.
func (p *redactProcessor) report(ctx context.Context, w *walker, signal string) (dropped bool) {
	w.sc.Counts(
		func(detector string, action redact.Action, n int64) {
			if p.dryRun {
				action = "none"
			}
			p.telemetry.ProcessorRedactFindings.Add(ctx, n, metric.WithAttributes(
				attribute.String("detector", detector), attribute.String("action", string(action))))
		},
		func(limit redact.Limit, n int64) {
			p.telemetry.ProcessorRedactUnscanned.Add(ctx, n, metric.WithAttributes(attribute.String("reason", string(limit))))
		},
	)
	for i, n := range w.dropped {
		if n > 0 {
			p.telemetry.ProcessorRedactDroppedItems.Add(ctx, n, metric.WithAttributes(
				attribute.String("otel.signal", signal), attribute.String("reason", droppedReasons[i])))
			dropped = true
			w.dropped[i] = 0
		}
	}
	return dropped
}
