// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package requestsamplingprocessor

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/extension/xextension/storage"
)

// memory is a storage extension that outlives the processors of a test.
type memory struct {
	component.StartFunc
	component.ShutdownFunc
	values       map[string][]byte
	opened, shut int
	ids          []component.ID
	err          error
}

func (m *memory) GetClient(_ context.Context, kind component.Kind, id component.ID, name string) (storage.Client, error) {
	if kind != component.KindProcessor || name != "" || m.err != nil {
		return nil, errors.Join(m.err, errors.New("no client"))
	}
	m.opened++
	m.ids = append(m.ids, id)
	return memoryClient{m}, nil
}

type memoryClient struct{ *memory }

func (c memoryClient) Get(_ context.Context, key string) ([]byte, error) { return c.values[key], nil }

func (c memoryClient) Set(_ context.Context, key string, value []byte) error {
	c.values[key] = slices.Clone(value)
	return nil
}

func (c memoryClient) Delete(_ context.Context, key string) error {
	delete(c.values, key)
	return nil
}

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

// stored has a storage.
func stored() *Config {
	cfg := outcomes()
	cfg.Correlation = []string{"request_id"}
	cfg.Storage = &storageID
	return cfg
}

// TestRestart: what is held in both signals comes back after a restart and is decided by what comes then.
func TestRestart(t *testing.T) {
	m := &memory{values: map[string][]byte{}}
	h := host{storageID: m}
	r := newRig(t, stored())
	var before sink
	logs, traces := r.logs(&before), r.traces(&before)
	require.NoError(t, logs.Start(t.Context(), h))
	require.NoError(t, traces.Start(t.Context(), h))
	require.NoError(t, logs.ConsumeLogs(t.Context(), logsOf(t,
		record{1, "one", info, nil}, record{2, "two", info, nil}, record{-1, "access", info, map[string]any{"request_id": "a"}})))
	require.NoError(t, traces.ConsumeTraces(t.Context(), spanOf(1, "span", time.Millisecond)))
	r.shutdown(logs, traces)
	gotLogs, gotSpans := before.got()
	assert.Empty(t, gotLogs)
	assert.Empty(t, gotSpans)
	assert.Equal(t, 1, m.opened)
	assert.Equal(t, 1, m.shut)
	assert.NotEmpty(t, m.values)

	r = newRig(t, stored())
	var after sink
	logs, traces = r.logs(&after), r.traces(&after)
	require.NoError(t, traces.Start(t.Context(), h))
	require.NoError(t, logs.Start(t.Context(), h))
	assert.Equal(t, int64(3), r.metric("held_items", "otel.signal", "logs"))
	assert.Equal(t, int64(1), r.metric("held_items", "otel.signal", "traces"))
	assert.Equal(t, int64(3), r.metric("restored_items", "otel.signal", "logs"))
	r.balanced()
	require.NoError(t, logs.ConsumeLogs(t.Context(), logsOf(t,
		record{1, "error", failed, nil}, record{-1, "failure", failed, map[string]any{"request_id": "a"}})))
	require.Eventually(t, func() bool {
		gotLogs, gotSpans = after.got()
		return len(gotLogs) == 4 && len(gotSpans) == 1
	}, time.Minute, 10*time.Millisecond)
	assert.Equal(t, []string{"access", "error", "failure", "one"}, gotLogs)
	assert.Equal(t, []string{"span"}, gotSpans)
	_, _, _, held := r.balanced()
	assert.Equal(t, int64(1), held)
	r.shutdown(logs, traces)
	assert.Equal(t, 2, m.opened)
	assert.Equal(t, 2, m.shut)
}

// TestRestartWithoutASignal: spans that nobody takes any more are counted.
func TestRestartWithoutASignal(t *testing.T) {
	m := &memory{values: map[string][]byte{}}
	h := host{storageID: m}
	r := newRig(t, stored())
	traces := r.traces(&sink{})
	require.NoError(t, traces.Start(t.Context(), h))
	require.NoError(t, traces.ConsumeTraces(t.Context(), spanOf(1, "span", time.Millisecond)))
	r.shutdown(traces)
	r = newRig(t, stored())
	logs := r.logs(&sink{})
	require.NoError(t, logs.Start(t.Context(), h))
	assert.Equal(t, int64(1), r.metric("dropped_items", "otel.signal", "traces", "reason", "no_pipeline"))
	r.balanced()
	r.shutdown(logs)
}

func TestStorageErrors(t *testing.T) {
	f := newRig(t, stored())
	p := f.logs(&sink{})
	require.ErrorContains(t, p.Start(t.Context(), componenttest.NewNopHost()), `storage must be an extension that the service starts, got "file_storage"`)
	q := f.logs(&sink{})
	err := q.Start(t.Context(), host{storageID: &memory{}})
	require.ErrorContains(t, err, "must be in at most one pipeline of logs, because what is restored must find its way, got 2")
	f.shutdown(p, q)

	f = newRig(t, stored())
	p = f.logs(&sink{})
	require.ErrorContains(t, p.Start(t.Context(), host{storageID: p}), `storage must be a storage extension such as file_storage, got "file_storage"`)
	f.shutdown(p)

	f = newRig(t, stored())
	p, full := f.logs(&sink{}), errors.New("disk full")
	m := &memory{err: full}
	require.ErrorIs(t, p.Start(t.Context(), host{storageID: m}), full)
	require.ErrorIs(t, p.Start(t.Context(), host{storageID: m}), full, "the same answer")
	f.shutdown(p)
}
