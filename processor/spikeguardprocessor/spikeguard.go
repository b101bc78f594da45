// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package spikeguardprocessor

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/processor"

	"github.com/logboom/logboom/internal/severity"
	"github.com/logboom/logboom/internal/spike"
)

// registry counts the pipelines of each configuration.
type registry struct {
	mu        sync.Mutex
	pipelines map[*Config]int
}

// guard is a processor.
type guard struct {
	registry  *registry
	id        component.ID
	cfg       *Config
	next      consumer.Logs
	reader    reader
	engine    *spike.Engine
	telemetry *telemetry
	emitter   *emitter
	lasts     *lasts
	batches   sync.Pool // of *batch
	// weighs tells that what passes stands for what does not, keepsLasts that the last of a burst passes.
	weighs, keepsLasts bool

	client      storage.Client // nil without storage
	stop        chan struct{}
	background  sync.WaitGroup
	started     bool
	once        sync.Once
	shutdownErr error
}

func (r *registry) createLogs(_ context.Context, set processor.Settings, cfg component.Config, next consumer.Logs) (processor.Logs, error) {
	c := cfg.(*Config)
	levels, err := severity.New(nil)
	if err != nil {
		return nil, fmt.Errorf("create reader of severities: %w", err)
	}
	g := &guard{
		registry: r, id: set.ID, cfg: c, next: next, stop: make(chan struct{}), lasts: newLasts(),
		reader: reader{key: c.Key, severity: levels, maxBodyBytes: c.Truncate.MaxBodyBytes, dry: c.DryRun},
	}
	g.batches.New = func() any { return newBatch(len(c.Key)) }
	g.weighs = !c.DryRun && (c.Action == actionThin || c.Action == actionRefuse)
	g.keepsLasts = !c.DryRun && (g.weighs || c.Action == actionDrop)
	if g.engine, err = spike.New(c.engine()); err != nil {
		return nil, fmt.Errorf("create engine: %w", err)
	}
	if g.telemetry, err = newTelemetry(set.TelemetrySettings, c); err != nil {
		return nil, fmt.Errorf("create telemetry: %w", err)
	}
	g.emitter = newEmitter(c, next, g.telemetry)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pipelines[c]++
	return g, nil
}

// Capabilities implements consumer.Logs.
func (g *guard) Capabilities() consumer.Capabilities {
	return consumer.Capabilities{MutatesData: !g.cfg.DryRun}
}

// Start implements component.Component.
func (g *guard) Start(ctx context.Context, host component.Host) error {
	if g.cfg.Storage != nil {
		g.registry.mu.Lock()
		pipelines := g.registry.pipelines[g.cfg]
		g.registry.mu.Unlock()
		if pipelines > 1 {
			return fmt.Errorf("storage: %q must be in one pipeline, because each learns for itself, got %d; give each pipeline a component of its own", g.id, pipelines)
		}
		client, err := openStorage(ctx, host, *g.cfg.Storage, g.id)
		if err != nil {
			return err
		}
		if err = g.restore(ctx, client); err != nil {
			return errors.Join(err, client.Close(ctx))
		}
		g.client = client // from here on it is written to
	}
	g.started = true
	g.background.Go(g.tick)
	if g.client != nil {
		g.background.Go(g.saveOften)
	}
	g.emitter.start()
	return nil
}

// tick keeps the engine going, and passes on what it has to tell.
func (g *guard) tick() {
	ticker := time.NewTicker(spike.Tick)
	defer ticker.Stop()
	for n := 1; ; n++ {
		select {
		case <-g.stop:
			return
		case <-ticker.C:
		}
		notices, summaries := g.engine.Tick()
		if !g.cfg.Notices {
			notices = nil
		}
		var silent []*last
		if n%int(time.Second/spike.Tick) == 0 {
			silent = g.lasts.take(time.Now().Add(-lastAfter))
			for _, l := range silent {
				g.engine.Charge(l.key, l.bytes)
			}
			g.telemetry.stats(g.engine.Stats())
		}
		g.emitter.put(notices, summaries, silent)
	}
}

// saveEvery is how much learning a crash may cost.
const saveEvery = time.Minute

func (g *guard) saveOften() {
	ticker := time.NewTicker(saveEvery)
	defer ticker.Stop()
	for {
		select {
		case <-g.stop:
			return
		case <-ticker.C:
		}
		if err := g.save(context.Background()); err != nil {
			g.telemetry.unsaved(err)
		}
	}
}

// Shutdown implements component.Component. It passes on what is held.
func (g *guard) Shutdown(ctx context.Context) error {
	g.once.Do(func() {
		g.registry.mu.Lock()
		if g.registry.pipelines[g.cfg]--; g.registry.pipelines[g.cfg] <= 0 {
			delete(g.registry.pipelines, g.cfg)
		}
		g.registry.mu.Unlock()
		var errs []error
		if g.started {
			close(g.stop)
			g.background.Wait()
			g.emitter.put(nil, g.engine.Flush(), g.lasts.take(time.Now()))
			errs = append(errs, g.emitter.shutdown(ctx))
		}
		if g.client != nil {
			errs = append(errs, g.save(ctx), g.client.Close(ctx))
		}
		g.telemetry.shutdown()
		g.shutdownErr = errors.Join(errs...)
	})
	return g.shutdownErr
}
