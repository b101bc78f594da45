// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package objectstorageexporter

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/exporter/exportertest"

	"github.com/logboom/logboom/archive"
	"github.com/logboom/logboom/exporter/objectstorageexporter/internal/metadata"
	"github.com/logboom/logboom/internal/bucket"
)

var errFault = errors.New("injected fault")

// faultyBucket passes every Create through a function of the test's.
type faultyBucket struct {
	archive.Bucket
	mu     sync.Mutex
	create func(key string, do func() error) error
}

func (b *faultyBucket) open(cfg *Config) func(context.Context) (archive.Bucket, error) {
	return func(ctx context.Context) (archive.Bucket, error) {
		inner, err := bucket.Open(ctx, cfg.Bucket)
		b.Bucket = inner
		return b, err
	}
}

func (b *faultyBucket) set(create func(string, func() error) error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.create = create
}

func (b *faultyBucket) Create(ctx context.Context, key string, body []byte) error {
	b.mu.Lock()
	create := b.create
	b.mu.Unlock()
	// A call that was sent cannot be called back: it is carried out whatever becomes of ctx.
	do := func() error { return b.Bucket.Create(context.WithoutCancel(ctx), key, body) }
	if create == nil {
		return do()
	}
	return create(key, do)
}

// crash ends the exporter as kill -9 would: nothing is flushed or committed any more.
func (e *objectStorageExporter) crash() {
	e.stopped.Store(true)
	e.cancel()
	e.stopOnce.Do(func() { close(e.stop) })
	e.wg.Wait()
	_ = e.close()
}

// TestCrashAtEveryCall ends the exporter at its n-th call to the bucket, for every n, in every way a call can
// end: not carried out, carried out without an answer, carried out after the next process has started.
func TestCrashAtEveryCall(t *testing.T) {
	const batches = 4
	for _, kind := range []string{"lost", "unanswered", "late"} {
		for n := range 2 + 3*batches {
			cfg := testConfig(t)
			cfg.Flush.Interval = time.Millisecond
			f := &faultyBucket{}
			var calls int
			var late func() error
			dead := make(chan struct{})
			var mu sync.Mutex
			f.set(func(_ string, do func() error) error {
				mu.Lock()
				defer mu.Unlock()
				select {
				case <-dead:
					return errFault
				default:
				}
				if calls++; calls <= n {
					return do()
				}
				close(dead)
				switch kind {
				case "unanswered":
					_ = do()
				case "late":
					late = do
				}
				return errFault
			})
			e, err := newExporter(exportertest.NewNopSettings(metadata.Type), cfg)
			require.NoError(t, err)
			e.openBucket = f.open(cfg)
			accepted := 0
			if e.start(context.Background(), componenttest.NewNopHost()) == nil {
				for range batches {
					require.NoError(t, e.consume(context.Background(), newLogs(accepted, 2)))
					accepted += 2
					time.Sleep(time.Duration(rand.IntN(4)) * time.Millisecond)
				}
				select {
				case <-dead:
				case <-time.After(30 * time.Millisecond):
				}
				e.crash()
			} else {
				require.NoError(t, e.shutdown(context.Background()))
			}
			// The next process starts, and the call of the dead one may land before or after its claim.
			f.set(nil)
			if late != nil && n%2 == 0 {
				_ = late()
				late = nil
			}
			e, err = newExporter(exportertest.NewNopSettings(metadata.Type), cfg)
			require.NoError(t, err)
			e.openBucket = f.open(cfg)
			if late != nil {
				once := sync.Once{}
				f.set(func(_ string, do func() error) error {
					once.Do(func() { _ = late() })
					return do()
				})
			}
			require.NoError(t, e.start(context.Background(), componenttest.NewNopHost()))
			require.NoError(t, e.consume(context.Background(), newLogs(accepted, 1)))
			require.NoError(t, e.shutdown(context.Background()))
			requireOnce(t, cfg, accepted+1)
		}
	}
}

// TestRandomFaults crashes again and again among random errors.
func TestRandomFaults(t *testing.T) {
	cfg := testConfig(t)
	cfg.Flush.Interval = time.Millisecond
	rng := rand.New(rand.NewPCG(1, 2))
	f := &faultyBucket{}
	var mu sync.Mutex
	f.set(func(key string, do func() error) error {
		mu.Lock()
		dice := rng.IntN(10)
		mu.Unlock()
		switch {
		case key == "_probe/create-if-absent":
			return do()
		case dice == 0:
			return errFault
		case dice == 1:
			_ = do()
			return errFault
		}
		return do()
	})
	accepted := 0
	for round := range 40 {
		e, err := newExporter(exportertest.NewNopSettings(metadata.Type), cfg)
		require.NoError(t, err)
		e.openBucket = f.open(cfg)
		for e.start(context.Background(), componenttest.NewNopHost()) != nil {
			e, err = newExporter(exportertest.NewNopSettings(metadata.Type), cfg)
			require.NoError(t, err)
			e.openBucket = f.open(cfg)
		}
		for range 6 {
			require.NoError(t, e.consume(context.Background(), newLogs(accepted, 2)))
			accepted += 2
			time.Sleep(time.Duration(rand.IntN(1500)) * time.Microsecond)
		}
		if round < 39 {
			e.crash()
		} else {
			require.NoError(t, e.shutdown(context.Background()))
		}
	}
	requireOnce(t, cfg, accepted)
}
