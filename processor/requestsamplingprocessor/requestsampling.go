// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package requestsamplingprocessor

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/processor"

	"github.com/logboom/logboom/internal/tailsample"
)

// registry finds the sampler of a configuration: the Collector makes a processor for each pipeline, and they share it.
type registry struct {
	mu       sync.Mutex
	samplers map[*Config]*sampler
}

// sampler is what the processors of one configuration share.
type sampler struct {
	registry  *registry
	cfg       *Config
	plan      *plan
	engine    *tailsample.Engine
	telemetry *telemetry
	batches   sync.Pool // of *batch
	writers   sync.Pool // of *writer

	users     int                   // processors that are not shut down; guarded by registry.mu
	pipelines [len(signalNames)]int // guarded by registry.mu

	mu      sync.Mutex // guards what follows
	opened  bool
	openErr error
	client  storage.Client // nil without storage
}

// half is one processor: a pipeline's part of a sampler.
type half struct {
	*sampler
	id     component.ID
	signal tailsample.Signal
	out    *tailsample.Output

	once        sync.Once
	shutdownErr error
}

func (r *registry) createLogs(_ context.Context, set processor.Settings, cfg component.Config, next consumer.Logs) (processor.Logs, error) {
	p := &logsProcessor{next: next}
	if err := r.join(&p.half, set, cfg.(*Config), tailsample.Logs, p.deliver); err != nil {
		return nil, err
	}
	return p, nil
}

func (r *registry) createTraces(_ context.Context, set processor.Settings, cfg component.Config, next consumer.Traces) (processor.Traces, error) {
	p := &tracesProcessor{next: next}
	if err := r.join(&p.half, set, cfg.(*Config), tailsample.Traces, p.deliver); err != nil {
		return nil, err
	}
	return p, nil
}

// join makes a processor a user of the sampler of its configuration, which the first makes.
func (r *registry) join(h *half, set processor.Settings, cfg *Config, signal tailsample.Signal, deliver tailsample.Deliver) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.samplers[cfg]
	if s == nil {
		var err error
		if s, err = newSampler(set.TelemetrySettings, cfg); err != nil {
			return err
		}
		s.registry = r
		if r.samplers == nil {
			r.samplers = map[*Config]*sampler{}
		}
		r.samplers[cfg] = s
	}
	s.users++
	s.pipelines[signal]++
	s.telemetry.loggers[signal] = set.Logger
	h.sampler, h.id, h.signal = s, set.ID, signal
	h.out = s.engine.NewOutput(signal, deliver)
	return nil
}

func newSampler(set component.TelemetrySettings, cfg *Config) (*sampler, error) {
	t, err := newTelemetry(set, cfg)
	if err != nil {
		return nil, fmt.Errorf("create telemetry: %w", err)
	}
	s := &sampler{cfg: cfg, telemetry: t}
	if s.plan, err = newPlan(cfg, set, t.conditionErrors); err != nil {
		return nil, fmt.Errorf("compile policies: %w", err)
	}
	if s.engine, err = tailsample.New(s.plan.engine, t); err != nil {
		return nil, fmt.Errorf("create engine: %w", err)
	}
	if err = t.observe(s.engine.Stats); err != nil {
		t.builder.Shutdown()
		return nil, fmt.Errorf("register gauges: %w", err)
	}
	s.batches.New = func() any { return newBatch(len(s.plan.reader.keys.names)) }
	s.writers.New = func() any { return &writer{policies: t.policies, policyAttribute: cfg.PolicyAttribute} }
	return s, nil
}

// Start implements component.Component.
func (h *half) Start(ctx context.Context, host component.Host) error {
	if err := h.open(ctx, host, h.id); err != nil {
		return err
	}
	return h.out.Start(ctx)
}

// open opens the storage at the first Start.
func (s *sampler) open(ctx context.Context, host component.Host, id component.ID) error {
	if s.cfg.Storage == nil {
		return nil
	}
	s.registry.mu.Lock()
	pipelines := s.pipelines
	s.registry.mu.Unlock()
	for signal, n := range pipelines {
		if n > 1 {
			return fmt.Errorf("storage: %q must be in at most one pipeline of %s, because what is restored must find its way, got %d; "+
				"give each pipeline a component of its own", id, signalNames[signal], n)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.opened {
		s.opened = true
		if s.client, s.openErr = openStorage(ctx, host, *s.cfg.Storage, id); s.openErr == nil {
			s.engine.SetStore(s.client)
		}
	}
	return s.openErr
}

// Shutdown implements component.Component. It drains this pipeline; the last one ends what all share.
func (h *half) Shutdown(ctx context.Context) error {
	h.once.Do(func() { h.shutdownErr = errors.Join(h.out.Close(ctx), h.leave(ctx)) })
	return h.shutdownErr
}

func (s *sampler) leave(ctx context.Context) error {
	s.registry.mu.Lock()
	s.users--
	last := s.users == 0
	if last {
		delete(s.registry.samplers, s.cfg)
	}
	s.registry.mu.Unlock()
	if !last {
		return nil
	}
	s.telemetry.shutdown(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.client == nil {
		return nil
	}
	if err := s.client.Close(ctx); err != nil {
		return fmt.Errorf("close storage: %w", err)
	}
	return nil
}

// Capabilities implements consumer.Logs and consumer.Traces.
func (h *half) Capabilities() consumer.Capabilities { return consumer.Capabilities{MutatesData: true} }

// keepAllKeyless tells that a batch in which nothing has a key needs no engine.
func (s *sampler) keepAllKeyless() bool { return s.plan.engine.Keyless.Threshold == 0 }

// keepAll is the decision about all records of a batch in which nothing has a key.
func (s *sampler) keepAll(items []tailsample.Item) {
	for i := range items {
		items[i].Verdict = tailsample.Kept
		items[i].Decision = tailsample.Decision{
			Policy:     uint8(len(s.plan.engine.Policies)), //nolint:gosec // at most MaxPolicies
			Randomness: tailsample.NeverThreshold - 1,
		}
	}
}

// offer hands a batch to the engine, which gives every item a verdict. After an error none was taken.
func (h *half) offer(b *batch, data []byte) error {
	err := h.out.Offer(b.items, data, b.services)
	if err == nil {
		return nil
	}
	h.telemetry.refused[h.signal].add(int64(len(b.items)))
	if errors.Is(err, tailsample.ErrFull) || errors.Is(err, tailsample.ErrClosed) {
		return err
	}
	return consumererror.NewPermanent(fmt.Errorf("read records: %w", err))
}

// verdicts counts items by verdict.
func (b *batch) verdicts() (n [3]int64) {
	for i := range b.items {
		n[b.items[i].Verdict]++
	}
	return n
}

// accepted counts a batch of which the next component accepted what was kept.
func (h *half) accepted(b *batch) {
	h.telemetry.received[h.signal].add(int64(len(b.items)))
	kept := h.telemetry.kept[h.signal]
	for i := 0; i < len(b.items); {
		it := &b.items[i]
		n := 1
		for i+n < len(b.items) && b.items[i+n].Verdict == it.Verdict && b.items[i+n].Decision.Policy == it.Decision.Policy {
			n++
		}
		if it.Verdict == tailsample.Kept {
			kept[it.Decision.Policy].add(int64(n))
		}
		i += n
	}
}

// refused settles a batch of which the next component refused what was kept. The component before sends all of it again after an
// error that is not permanent; by then a part may be held or counted as dropped. So the error goes back only if that is true of
// none, as if this component were not there. Else what was kept is queued with what was held and then kept. data is the batch as
// OTLP, nil if the engine knows nothing of it; drop counts what was kept as dropped.
func (h *half) refused(b *batch, data []byte, err error, drop func()) error {
	n := b.verdicts()
	all, kept := int64(len(b.items)), n[tailsample.Kept]
	t := h.telemetry
	if permanent := consumererror.IsPermanent(err); !permanent || data == nil {
		if kept < all && h.out.Requeue(b.items, data, b.services) == nil {
			t.Failed(h.signal, err, false)
			t.received[h.signal].add(all)
			return nil
		}
		if n[tailsample.Held] == 0 {
			t.received[h.signal].add(all - kept)
			t.refused[h.signal].add(kept)
			return err
		}
		err = consumererror.NewPermanent(fmt.Errorf("pass on records, of which the rest is held already: %w", err))
	}
	t.received[h.signal].add(all)
	drop()
	return err
}

// putWriter puts a writer back and returns how many thresholds it ignored.
func (s *sampler) putWriter(w *writer) (inconsistent int64) {
	inconsistent = w.inconsistent + w.weights.Inconsistent
	w.inconsistent, w.weights.Inconsistent = 0, 0
	s.writers.Put(w)
	return inconsistent
}

// recycle puts back what a batch was read into, unless it is so large that it would be kept for nothing.
func (s *sampler) recycle(b *batch) {
	const maxItems = 1 << 16
	if cap(b.items) <= maxItems {
		b.reset()
		s.batches.Put(b)
	}
}
