// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package spikeguardprocessor

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"

	"github.com/logboom/logboom/internal/spike"
	"github.com/logboom/logboom/processor/spikeguardprocessor/internal/metadata"
)

const (
	// maxTelemetryKeys bounds the sources that metrics name.
	maxTelemetryKeys = 100
	otherKey         = "other"
	// logEvery is the least time between two errors in the log.
	logEvery = 10 * time.Second
)

var outcomes = map[string]string{
	actionThin: "thinned", actionRefuse: "thinned", actionSummarize: "summarized", actionDivert: "diverted", actionDrop: "dropped",
}

// The kinds of what the processor writes itself.
const (
	kindNotice = iota
	kindSummary
	kindLast
	kinds
)

var kindNames = [kinds]string{"notice", "summary", "last"}

// telemetry counts.
type telemetry struct {
	builder *metadata.TelemetryBuilder
	logger  *zap.Logger
	logged  atomic.Int64 // when an error was logged last, in Unix nanoseconds
	outcome string

	reasonBudget, reasonNext metric.AddOption
	kinds                    [kinds]metric.AddOption

	mu    sync.Mutex
	keys  map[string]metric.AddOption
	other metric.AddOption
	last  spike.Stats
}

func with(attrs ...string) metric.AddOption {
	var set []attribute.KeyValue
	for i := 0; i < len(attrs); i += 2 {
		set = append(set, attribute.String(attrs[i], attrs[i+1]))
	}
	return metric.WithAttributeSet(attribute.NewSet(set...))
}

func newTelemetry(set component.TelemetrySettings, cfg *Config) (*telemetry, error) {
	builder, err := metadata.NewTelemetryBuilder(set)
	if err != nil {
		return nil, err
	}
	t := &telemetry{
		builder: builder, logger: set.Logger, outcome: outcomes[cfg.Action], keys: map[string]metric.AddOption{},
		reasonBudget: with("reason", "budget"), reasonNext: with("reason", "next"),
	}
	if cfg.DryRun {
		t.outcome = "dry_run"
	}
	t.other = with("outcome", t.outcome, "key", otherKey)
	for kind, name := range kindNames {
		t.kinds[kind] = with("kind", name)
	}
	return t, nil
}

func (t *telemetry) refusedBudget(n int64) {
	t.builder.ProcessorSpikeGuardRefusedItems.Add(context.Background(), n, t.reasonBudget)
}

func (t *telemetry) refusedNext(n int64) {
	t.builder.ProcessorSpikeGuardRefusedItems.Add(context.Background(), n, t.reasonNext)
}

// taken counts a batch that was taken over.
func (t *telemetry) taken(received, passed int64, b *batch) {
	ctx := context.Background()
	t.builder.ProcessorSpikeGuardReceivedItems.Add(ctx, received)
	if passed > 0 {
		t.builder.ProcessorSpikeGuardPassedItems.Add(ctx, passed)
	}
	for i, c := range b.over {
		if c.items > 0 {
			of := t.key(b.names[i])
			t.builder.ProcessorSpikeGuardOverItems.Add(ctx, c.items, of)
			t.builder.ProcessorSpikeGuardOverBytes.Add(ctx, c.bytes, of)
		}
	}
	if b.truncated > 0 {
		t.builder.ProcessorSpikeGuardTruncatedItems.Add(ctx, b.truncated)
	}
	if n := b.writer.Inconsistent; n > 0 {
		t.builder.ProcessorSpikeGuardInconsistentThresholds.Add(ctx, n)
	}
}

// key is the attributes of a source that is over its budget.
func (t *telemetry) key(name string) metric.AddOption {
	t.mu.Lock()
	defer t.mu.Unlock()
	if of, ok := t.keys[name]; ok {
		return of
	}
	if len(t.keys) >= maxTelemetryKeys {
		return t.other
	}
	of := with("outcome", t.outcome, "key", strings.ToValidUTF8(name, "\uFFFD"))
	t.keys[strings.Clone(name)] = of
	return of
}

// held counts what waits in summaries: more, or less.
func (t *telemetry) held(n int64) {
	t.builder.ProcessorSpikeGuardHeldItems.Add(context.Background(), n)
}

func (t *telemetry) emitted(kind int, n int64) {
	t.builder.ProcessorSpikeGuardEmittedItems.Add(context.Background(), n, t.kinds[kind])
}

func (t *telemetry) lost(kind int, reason string, n int64) {
	t.builder.ProcessorSpikeGuardLostItems.Add(context.Background(), n, with("kind", kindNames[kind], "reason", reason))
}

// stats brings up to date what the engine holds. Guards of several pipelines add up.
func (t *telemetry) stats(s spike.Stats) {
	ctx := context.Background()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.builder.ProcessorSpikeGuardKeys.Add(ctx, s.Keys-t.last.Keys)
	t.builder.ProcessorSpikeGuardSpikes.Add(ctx, s.Spikes-t.last.Spikes)
	t.builder.ProcessorSpikeGuardTemplateBytes.Add(ctx, s.TemplateBytes-t.last.TemplateBytes)
	t.last = s
}

func (t *telemetry) shutdown() {
	t.stats(spike.Stats{})
	t.builder.Shutdown()
}

// failed counts that the next component refused what the processor wrote. Nobody else gets the error, so that it is logged, though not
// every time.
func (t *telemetry) failed(err error, permanent bool) {
	t.builder.ProcessorSpikeGuardEmitFailures.Add(context.Background(), 1)
	t.warn("The next component refused notices, summaries or last records.", zap.Bool("permanent", permanent), zap.Error(err))
}

func (t *telemetry) unsaved(err error) {
	t.warn("What was learned could not be saved; it is tried again in a minute.", zap.Error(err))
}

func (t *telemetry) unreadable(err error) {
	t.logger.Warn("What was learned before could not be read; it is learned anew.", zap.Error(err))
}

func (t *telemetry) warn(message string, fields ...zap.Field) {
	now := time.Now().UnixNano()
	last := t.logged.Load()
	if now-last < int64(logEvery) || !t.logged.CompareAndSwap(last, now) {
		return
	}
	t.logger.Warn(message, fields...)
}
