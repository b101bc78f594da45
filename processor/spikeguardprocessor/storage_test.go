// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package spikeguardprocessor

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/processortest"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/logboom/logboom/processor/spikeguardprocessor/internal/metadata"
)

// memory is a storage extension that outlives the processors of a test.
type memory struct {
	component.StartFunc
	component.ShutdownFunc
	mu             sync.Mutex
	values         map[string][]byte
	opened, shut   int
	openErr        error
	getErr, setErr error
}

func (m *memory) GetClient(_ context.Context, kind component.Kind, _ component.ID, name string) (storage.Client, error) {
	if kind != component.KindProcessor || name != "" || m.openErr != nil {
		return nil, errors.Join(m.openErr, errors.New("no client"))
	}
	m.opened++
	return memoryClient{m}, nil
}

type memoryClient struct{ *memory }

func (c memoryClient) Get(_ context.Context, key string) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.values[key], c.getErr
}

func (c memoryClient) Set(_ context.Context, key string, value []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.setErr == nil {
		c.values[key] = slices.Clone(value)
	}
	return c.setErr
}

func (c memoryClient) Delete(context.Context, string) error { return errors.ErrUnsupported }

func (c memoryClient) Batch(context.Context, ...*storage.Operation) error {
	return errors.ErrUnsupported
}

func (c memoryClient) Close(context.Context) error {
	c.shut++
	return nil
}

// host has extensions.
type host map[component.ID]component.Component

func (h host) GetExtensions() map[component.ID]component.Component { return h }

var storageID = component.MustNewID("file_storage")

// learning learns quickly, and stores it.
func learning() *Config {
	cfg := createDefaultConfig().(*Config)
	cfg.Action = actionDrop
	cfg.Budget.Learned.Floor = RateConfig{}
	cfg.Budget.Learned.Learn = 30 * time.Second
	cfg.Storage = &storageID
	return cfg
}

// TestRestart: what was learned before a restart is the budget after it; without a storage a source is new again.
func TestRestart(t *testing.T) {
	for _, stored := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			m := &memory{values: map[string][]byte{}}
			h := host{storageID: m}
			cfg := learning()
			if !stored {
				cfg.Storage = nil
			}
			r := newRigWith(t, cfg, h)
			for range 400 {
				r.send(lines(10, "svc")) // 100 a second
				time.Sleep(100 * time.Millisecond)
			}
			r.stop()
			assert.Zero(t, r.metric("over_items"))
			r = newRigWith(t, cfg, h)
			for range 100 {
				r.send(lines(100, "svc"))
				time.Sleep(100 * time.Millisecond)
			}
			r.stop()
			r.balanced()
			if stored {
				assert.InEpsilon(t, 12*500, len(r.sink.came("svc")), 0.2, "five times what is usual, and the burst")
				assert.Equal(t, 2, m.opened)
				assert.Equal(t, 2, m.shut)
			} else {
				assert.Len(t, r.sink.came("svc"), 100*100)
			}
		})
	}
}

// TestSavedOften: a crash costs at most what was learned in the last minute.
func TestSavedOften(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &memory{values: map[string][]byte{}}
		r := newRigWith(t, learning(), host{storageID: m})
		r.send(lines(10, "svc"))
		time.Sleep(saveEvery + time.Second)
		m.mu.Lock()
		assert.Contains(t, string(m.values[storageKey]), "svc")
		m.setErr = errDown
		m.mu.Unlock()
		time.Sleep(2 * saveEvery)
		require.ErrorContains(t, r.Shutdown(t.Context()), `write baselines to storage "file_storage": down`)
		assert.Equal(t, 1, m.shut)
	})
}

// TestStorageErrors come at the start; what cannot be read is learned anew.
func TestStorageErrors(t *testing.T) {
	create := func(f processor.Factory, logger *zap.Logger, cfg *Config) processor.Logs {
		set := processortest.NewNopSettings(metadata.Type)
		set.Logger = logger
		p, err := f.CreateLogs(t.Context(), set, cfg, consumertest.NewNop())
		require.NoError(t, err)
		return p
	}
	start := func(logger *zap.Logger, h component.Host) error {
		p := create(NewFactory(), logger, learning())
		err := p.Start(t.Context(), h)
		require.NoError(t, p.Shutdown(t.Context()))
		return err
	}
	require.ErrorContains(t, start(zap.NewNop(), componenttest.NewNopHost()), `storage must be an extension that the service starts, got "file_storage"`)
	require.ErrorContains(t, start(zap.NewNop(), host{storageID: struct{ component.Component }{}}), "storage must be a storage extension such as file_storage")
	m := &memory{values: map[string][]byte{}, openErr: errDown}
	require.ErrorContains(t, start(zap.NewNop(), host{storageID: m}), `open storage "file_storage": down`)
	m = &memory{values: map[string][]byte{}, getErr: errDown}
	require.ErrorContains(t, start(zap.NewNop(), host{storageID: m}), `read baselines from storage "file_storage": down`)
	assert.Equal(t, 1, m.shut)
	core, logs := observer.New(zap.WarnLevel)
	m = &memory{values: map[string][]byte{storageKey: []byte("nonsense")}}
	require.NoError(t, start(zap.New(core), host{storageID: m}))
	assert.Equal(t, 1, logs.FilterMessageSnippet("could not be read").Len())

	// Two pipelines: the Collector creates all and then starts all.
	f, cfg := NewFactory(), learning()
	one, two := create(f, zap.NewNop(), cfg), create(f, zap.NewNop(), cfg)
	for _, p := range []processor.Logs{one, two} {
		require.ErrorContains(t, p.Start(t.Context(), host{storageID: m}), `storage: "spike_guard" must be in one pipeline, because each learns for itself, got 2`)
	}
	require.NoError(t, one.Shutdown(t.Context()))
	require.NoError(t, two.Shutdown(t.Context()))
}
