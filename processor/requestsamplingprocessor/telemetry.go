// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package requestsamplingprocessor

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"

	"go.opentelemetry.io/collector/component"

	"github.com/logboom/logboom/internal/tailsample"
	"github.com/logboom/logboom/processor/requestsamplingprocessor/internal/metadata"
)

const (
	// unknownService stands for records of which the resource has no service.name.
	unknownService = "unknown"
	// otherService stands for all services beyond a number of them that the engine bounds. What is refused while it streams does
	// not come from the engine, and OpenTelemetry's SDK folds what has more than 2,000 series into one without attributes: so
	// series are bounded here too.
	otherService     = "other"
	maxServiceBytes  = 256
	maxDroppedSeries = 1900
	// logEvery is the least time between two errors in the log.
	logEvery = 10 * time.Second
)

var (
	signalNames  = [...]string{tailsample.Logs: "logs", tailsample.Traces: "traces"}
	keptNames    = [...]string{"dropped", "kept"}
	reasonNames  = [...]string{tailsample.ReasonPolicy: "policy", tailsample.ReasonRefused: "refused", tailsample.ReasonShutdown: "shutdown", tailsample.ReasonNoPipeline: "no_pipeline"}
	triggerNames = [...]string{
		tailsample.TriggerRecord: "record", tailsample.TriggerEnd: "end", tailsample.TriggerIdle: "idle", tailsample.TriggerWait: "wait",
		tailsample.TriggerSize: "size", tailsample.TriggerBudget: "budget", tailsample.TriggerShutdown: "shutdown",
	}
)

// cell is a counter with its attributes. Counting is one atomic addition: the engine counts with its lock held. What was counted
// goes to the instrument when metrics are collected, and at the end.
type cell struct {
	n    atomic.Int64
	to   metric.Int64Counter
	opts []metric.AddOption
}

func (c *cell) add(n int64) { c.n.Add(n) }

func (c *cell) flush(ctx context.Context) {
	if n := c.n.Swap(0); n != 0 {
		c.to.Add(ctx, n, c.opts...)
	}
}

// droppedKey is what dropped records are counted by.
type droppedKey struct {
	signal  tailsample.Signal
	reason  tailsample.Reason
	policy  uint8
	service string
}

type droppedCells struct{ items, bytes *cell }

// telemetry counts what a shared engine does.
type telemetry struct {
	builder  *metadata.TelemetryBuilder
	loggers  [2]*zap.Logger // of a pipeline of each signal
	logged   atomic.Int64   // when an error was logged last, in Unix nanoseconds
	policies []string       // by index; the last is that of records without a key

	received, restored, refused, failures, inconsistent [2]*cell
	kept                                                [2][]*cell
	late                                                [2][2]*cell
	decisions                                           [][2][len(triggerNames)]*cell
	unlinked                                            *cell

	mu      sync.RWMutex
	cells   []*cell
	dropped map[droppedKey]droppedCells
}

var _ tailsample.Observer = (*telemetry)(nil)

func newTelemetry(set component.TelemetrySettings, cfg *Config) (*telemetry, error) {
	builder, err := metadata.NewTelemetryBuilder(set)
	if err != nil {
		return nil, err
	}
	t := &telemetry{builder: builder, loggers: [2]*zap.Logger{set.Logger, set.Logger}, dropped: map[droppedKey]droppedCells{}}
	for i := range cfg.Policies {
		t.policies = append(t.policies, cfg.Policies[i].Name)
	}
	t.policies = append(t.policies, keylessPolicy)
	for signal, name := range signalNames {
		of := attribute.String("otel.signal", name)
		t.received[signal] = t.cell(builder.ProcessorRequestSamplingReceivedItems, of)
		t.restored[signal] = t.cell(builder.ProcessorRequestSamplingRestoredItems, of)
		t.refused[signal] = t.cell(builder.ProcessorRequestSamplingRefusedItems, of)
		t.failures[signal] = t.cell(builder.ProcessorRequestSamplingDeliveryFailures, of)
		t.inconsistent[signal] = t.cell(builder.ProcessorRequestSamplingInconsistentThresholds, of)
		for kept, outcome := range keptNames {
			t.late[signal][kept] = t.cell(builder.ProcessorRequestSamplingLateItems, of, attribute.String("outcome", outcome))
		}
		for _, policy := range t.policies {
			t.kept[signal] = append(t.kept[signal], t.cell(builder.ProcessorRequestSamplingKeptItems, of, attribute.String("policy", policy)))
		}
	}
	t.decisions = make([][2][len(triggerNames)]*cell, len(t.policies))
	for i, policy := range t.policies {
		for kept, outcome := range keptNames {
			for trigger, name := range triggerNames {
				t.decisions[i][kept][trigger] = t.cell(builder.ProcessorRequestSamplingDecisions,
					attribute.String("policy", policy), attribute.String("outcome", outcome), attribute.String("trigger", name))
			}
		}
	}
	t.unlinked = t.cell(builder.ProcessorRequestSamplingUnlinked)
	return t, nil
}

// cell makes a cell that is flushed with the others.
func (t *telemetry) cell(to metric.Int64Counter, attrs ...attribute.KeyValue) *cell {
	c := &cell{to: to, opts: []metric.AddOption{metric.WithAttributeSet(attribute.NewSet(attrs...))}}
	t.mu.Lock()
	t.cells = append(t.cells, c)
	t.mu.Unlock()
	return c
}

// conditionErrors is the counter of OTTL conditions of a policy that end in an error.
func (t *telemetry) conditionErrors(signal tailsample.Signal, policy string) *cell {
	return t.cell(t.builder.ProcessorRequestSamplingConditionErrors,
		attribute.String("otel.signal", signalNames[signal]), attribute.String("policy", policy))
}

// observe registers the gauges.
func (t *telemetry) observe(stats func() tailsample.Stats) error {
	logs := metric.WithAttributeSet(attribute.NewSet(attribute.String("otel.signal", signalNames[tailsample.Logs])))
	traces := metric.WithAttributeSet(attribute.NewSet(attribute.String("otel.signal", signalNames[tailsample.Traces])))
	// Any of these makes the counters be up to date in the same collection: callbacks come before sums.
	return errors.Join(
		t.builder.RegisterProcessorRequestSamplingHeldItemsCallback(func(ctx context.Context, o metric.Int64Observer) error {
			s := stats()
			o.Observe(s.Records[tailsample.Logs], logs)
			o.Observe(s.Records[tailsample.Traces], traces)
			t.flush(ctx)
			return nil
		}),
		t.builder.RegisterProcessorRequestSamplingHeldBytesCallback(func(ctx context.Context, o metric.Int64Observer) error {
			o.Observe(stats().Bytes)
			t.flush(ctx)
			return nil
		}),
		t.builder.RegisterProcessorRequestSamplingHeldRequestsCallback(func(ctx context.Context, o metric.Int64Observer) error {
			o.Observe(stats().Requests)
			t.flush(ctx)
			return nil
		}),
		t.builder.RegisterProcessorRequestSamplingRememberedDecisionsCallback(func(ctx context.Context, o metric.Int64Observer) error {
			o.Observe(stats().Decisions)
			t.flush(ctx)
			return nil
		}),
	)
}

// flush brings the instruments up to date.
func (t *telemetry) flush(ctx context.Context) {
	t.mu.RLock()
	cells := t.cells
	t.mu.RUnlock()
	for _, c := range cells {
		c.flush(ctx)
	}
}

func (t *telemetry) shutdown(ctx context.Context) {
	t.flush(ctx)
	t.builder.Shutdown()
}

// Decided implements tailsample.Observer.
func (t *telemetry) Decided(policy int, kept bool, trigger tailsample.Trigger, after time.Duration) {
	t.decisions[policy][number01(kept)][trigger].add(1)
	t.builder.ProcessorRequestSamplingDecisionDelay.Record(context.Background(), after.Seconds())
}

// Kept implements tailsample.Observer.
func (t *telemetry) Kept(signal tailsample.Signal, policy int, records, _ int64) {
	t.kept[signal][policy].add(records)
}

// Dropped implements tailsample.Observer.
func (t *telemetry) Dropped(signal tailsample.Signal, reason tailsample.Reason, policy int, service string, records, bytes int64) {
	key := droppedKey{signal, reason, uint8(policy), service} //nolint:gosec // at most MaxPolicies
	t.mu.RLock()
	cells, ok := t.dropped[key]
	t.mu.RUnlock()
	if !ok {
		cells = t.newDropped(key)
	}
	cells.items.add(records)
	cells.bytes.add(bytes)
}

// newDropped makes the counters of what is dropped for the first time.
func (t *telemetry) newDropped(key droppedKey) droppedCells {
	t.mu.RLock()
	full := len(t.dropped) >= maxDroppedSeries
	t.mu.RUnlock()
	if full || len(key.service) > maxServiceBytes {
		key.service = otherService
	}
	key.service = strings.Clone(key.service)
	name := strings.ToValidUTF8(key.service, "\uFFFD")
	if name == "" {
		name = unknownService
	}
	attrs := []attribute.KeyValue{
		attribute.String("otel.signal", signalNames[key.signal]), attribute.String("reason", reasonNames[key.reason]),
		attribute.String("policy", t.policies[key.policy]), attribute.String("service.name", name),
	}
	made := droppedCells{
		items: t.cell(t.builder.ProcessorRequestSamplingDroppedItems, attrs...),
		bytes: t.cell(t.builder.ProcessorRequestSamplingDroppedBytes, attrs...),
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if cells, ok := t.dropped[key]; ok {
		return cells // made meanwhile; ours stay empty
	}
	t.dropped[key] = made
	return made
}

// Restored implements tailsample.Observer.
func (t *telemetry) Restored(signal tailsample.Signal, records int64) {
	t.restored[signal].add(records)
}

// Late implements tailsample.Observer.
func (t *telemetry) Late(signal tailsample.Signal, kept bool, records int64) {
	t.late[signal][number01(kept)].add(records)
}

// Unlinked implements tailsample.Observer.
func (t *telemetry) Unlinked(n int64) { t.unlinked.add(n) }

// Forgot implements tailsample.Observer.
func (t *telemetry) Forgot(requests int64) {
	t.loggers[0].Warn("Requests that were held over the restart lost the conditions that they satisfied before, because policies, correlation or end changed.",
		zap.Int64("requests", requests))
}

// Failed implements tailsample.Observer. Nobody else gets the error, so that it is logged, though not every time.
func (t *telemetry) Failed(signal tailsample.Signal, err error, permanent bool) {
	t.failures[signal].add(1)
	now := time.Now().UnixNano()
	last := t.logged.Load()
	if now-last < int64(logEvery) || !t.logged.CompareAndSwap(last, now) {
		return
	}
	t.loggers[signal].Warn("The next component refused what was held and then kept.",
		zap.String("otel.signal", signalNames[signal]), zap.Bool("permanent", permanent), zap.Error(err))
}

func number01(b bool) int {
	if b {
		return 1
	}
	return 0
}
