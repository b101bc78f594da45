// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package objectstoragereceiver

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/receiver/receivertest"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/logboom/logboom/archive"
	"github.com/logboom/logboom/receiver/objectstoragereceiver/internal/archivetest"
	"github.com/logboom/logboom/receiver/objectstoragereceiver/internal/metadata"
)

// sink is the pipeline: it keeps the numbers of the records it takes.
type sink struct {
	mutates bool
	decide  func(call int, ld plog.Logs) error // nil: takes everything

	mu      sync.Mutex
	calls   int
	taken   []int
	batches int
}

func (s *sink) Capabilities() consumer.Capabilities {
	return consumer.Capabilities{MutatesData: s.mutates}
}

func (s *sink) ConsumeLogs(_ context.Context, ld plog.Logs) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	numbers := numbersOf(ld)
	if s.mutates {
		for _, lr := range records(ld) {
			lr.Attributes().PutBool("was here", true)
		}
	}
	if s.decide != nil {
		if err := s.decide(s.calls, ld); err != nil {
			return err
		}
	}
	s.taken = append(s.taken, numbers...)
	s.batches++
	return nil
}

// sorted are the numbers taken, in order.
func (s *sink) sorted() []int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(slices.Values(s.taken))
}

func records(ld plog.Logs) (list []plog.LogRecord) {
	for _, rl := range ld.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, lr := range sl.LogRecords().All() {
				list = append(list, lr)
			}
		}
	}
	return list
}

func numbersOf(ld plog.Logs) (numbers []int) {
	for _, lr := range records(ld) {
		n, ok := lr.Attributes().Get("n")
		if _, spoilt := lr.Attributes().Get("was here"); !ok || spoilt {
			panic("the record is not as it was written")
		}
		numbers = append(numbers, int(n.Int()))
	}
	return numbers
}

// numbered fills an archive with records 0 to n-1, perSecond of them a second, in commits of some seconds.
func numbered(t testing.TB, n, perSecond int) *archivetest.Archive {
	a := archivetest.New(t)
	for from := 0; from < n; from += 10 * perSecond {
		a.Put(t, "", logs(from, min(n, from+10*perSecond), perSecond))
	}
	return a
}

func logs(from, to, perSecond int) plog.Logs {
	ld := plog.NewLogs()
	for i := from; i < to; i++ {
		rl := ld.ResourceLogs().AppendEmpty()
		rl.Resource().Attributes().PutStr("service.name", []string{"cart", "edge", "payment"}[i%3])
		rl.Resource().Attributes().PutStr("k8s.namespace.name", "shop")
		lr := rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
		lr.SetTimestamp(pcommon.NewTimestampFromTime(archivetest.Base.Add(time.Duration(i/perSecond) * time.Second)))
		lr.SetSeverityNumber(plog.SeverityNumber(1 + i%24))
		lr.Body().SetStr(fmt.Sprintf(`{"line":%d,"even":%t}`, i, i%2 == 0))
		lr.Attributes().PutInt("n", int64(i))
		lr.Attributes().PutStr("user.id", fmt.Sprint("u", i%10))
	}
	return ld
}

func upTo(n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = i
	}
	return list
}

// memory is a storage extension that outlives the receivers of a test.
type memory struct {
	component.StartFunc
	component.ShutdownFunc
	mu     sync.Mutex
	values map[string][]byte
	sets   int
	getErr error
	setErr func(set int) error
}

func (m *memory) GetClient(_ context.Context, kind component.Kind, id component.ID, name string) (storage.Client, error) {
	if kind != component.KindReceiver || id.Type() != metadata.Type || name != "" {
		return nil, errors.New("no client")
	}
	return m, nil
}

func (m *memory) Get(_ context.Context, key string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.values[key], m.getErr
}

func (m *memory) Set(_ context.Context, key string, value []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sets++
	if m.setErr != nil {
		if err := m.setErr(m.sets); err != nil {
			return err
		}
	}
	if m.values == nil {
		m.values = map[string][]byte{}
	}
	m.values[key] = slices.Clone(value)
	return nil
}

func (m *memory) Delete(context.Context, string) error { return errors.ErrUnsupported }

func (m *memory) Batch(context.Context, ...*storage.Operation) error { return errors.ErrUnsupported }
func (m *memory) Close(context.Context) error                        { return nil }

// copied is the storage as a process finds it that starts after another was killed.
func (m *memory) copied() *memory {
	m.mu.Lock()
	defer m.mu.Unlock()
	return &memory{values: maps.Clone(m.values)}
}

// host has a storage and keeps what status it is told.
type host struct {
	extensions map[component.ID]component.Component
	mu         sync.Mutex
	events     []*componentstatus.Event
}

func (h *host) GetExtensions() map[component.ID]component.Component { return h.extensions }

func (h *host) Report(e *componentstatus.Event) {
	h.mu.Lock()
	h.events = append(h.events, e)
	h.mu.Unlock()
}

func (h *host) last() componentstatus.Status {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.events) == 0 {
		return componentstatus.StatusNone
	}
	return h.events[len(h.events)-1].Status()
}

var storageID = component.MustNewID("memory")

// rig is a receiver with all that is around it.
type rig struct {
	*replayReceiver
	host      *host
	logs      *observer.ObservedLogs
	telemetry *componenttest.Telemetry
}

// config reads all of a test's archive.
func config(a *archivetest.Archive, change ...func(*Config)) *Config {
	cfg := createDefaultConfig().(*Config)
	cfg.Bucket = a.Config
	cfg.Start, cfg.End = "2026-03-04", "2026-03-05"
	cfg.Batch.MaxRecords = 16
	cfg.BackOffConfig.InitialInterval, cfg.BackOffConfig.MaxInterval = time.Millisecond, time.Millisecond
	for _, f := range change {
		f(cfg)
	}
	return cfg
}

// newRig makes a receiver; storage may be nil.
func newRig(t testing.TB, cfg *Config, store *memory, next consumer.Logs) *rig {
	t.Helper()
	h := &host{}
	if store != nil {
		cfg.Storage = &storageID
		h.extensions = map[component.ID]component.Component{storageID: store}
	}
	require.NoError(t, cfg.Validate())
	core, observed := observer.New(zapcore.InfoLevel)
	tel := componenttest.NewTelemetry()
	t.Cleanup(func() { require.NoError(t, tel.Shutdown(context.Background())) })
	set := receivertest.NewNopSettings(metadata.Type)
	set.TelemetrySettings = tel.NewTelemetrySettings()
	set.Logger = zap.New(core)
	r, err := newReceiver(set, cfg, next)
	require.NoError(t, err)
	return &rig{replayReceiver: r, host: h, logs: observed, telemetry: tel}
}

// finish starts a receiver, waits for the end of its work, and shuts it down.
func (r *rig) finish(t testing.TB) {
	t.Helper()
	require.NoError(t, r.Start(t.Context(), r.host))
	<-r.done
	require.NoError(t, r.Shutdown(t.Context()))
}

// lines are the logged messages of a level.
func (r *rig) lines(level zapcore.Level) (lines []string) {
	for _, e := range r.logs.All() {
		if e.Level == level {
			lines = append(lines, e.Message)
		}
	}
	return lines
}

// faulty is a bucket whose calls fail as a test says.
type faulty struct {
	archive.Bucket
	fail func(key string) error
}

func (f faulty) ReadRange(ctx context.Context, key string, p []byte, off int64) (int, error) {
	if err := f.fail(key); err != nil {
		return 0, err
	}
	return f.Bucket.ReadRange(ctx, key, p, off)
}
