// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package tailsample

import (
	"context"
	"errors"
	"maps"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// memory is a Store.
type memory struct {
	values map[string][]byte
	fail   string // a key that cannot be written
}

func newMemory() *memory { return &memory{values: map[string][]byte{}} }

func (m *memory) Get(_ context.Context, key string) ([]byte, error) { return m.values[key], nil }

func (m *memory) Set(_ context.Context, key string, value []byte) error {
	if key == m.fail {
		return errors.New("disk is full")
	}
	m.values[key] = value
	return nil
}

func (m *memory) Delete(_ context.Context, key string) error {
	delete(m.values, key)
	return nil
}

// A restart splits no request: what is held, what waits for a slow consumer and what was decided is there again.
func TestRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory()
		r := newRig(t, testConfig(), store)
		(&input{}).add("before", Item{Key: key(1), DefaultRandomness: low, Start: 5, End: 5}).
			add("gone", Item{Key: key(2), Conditions: isHealth}).
			add("access", Item{Key: key(3)}).add("both", Item{Key: key(4), Link: key(3), DefaultRandomness: low}).send(t, r.logs, r.sinks[Logs])
		(&input{signal: Traces}).add("span", Item{Key: key(1)}).send(t, r.traces, r.sinks[Traces])
		(&input{}).add("early", Item{Key: key(5)}).add("error", Item{Key: key(5), Conditions: isError}).send(t, r.logs, r.sinks[Logs])
		time.Sleep(12 * time.Second)
		r.sinks[Logs].setFail(errBusy, false)
		(&input{}).add("refused", Item{Key: key(6)}).send(t, r.logs, r.sinks[Logs])
		(&input{}).add("error 6", Item{Key: key(6), Conditions: isError}).send(t, r.logs, r.sinks[Logs])
		before := r.Stats()
		r.close(t)
		assert.Equal(t, []string{"early", "error", "error 6"}, names(r.sinks[Logs]))
		assert.NotEmpty(t, store.values)
		assert.Empty(t, r.obs.drops())

		time.Sleep(time.Hour)
		second := newRig(t, testConfig(), store)
		assert.Empty(t, store.values)
		assert.Equal(t, before.Records, second.Stats().Records)
		assert.Equal(t, before.Records, second.obs.restored)
		assert.Equal(t, before.Requests, second.Stats().Requests)
		synctest.Wait()
		assert.Equal(t, []string{"refused"}, names(second.sinks[Logs]))
		(&input{}).add("error 1", Item{Key: key(1), Conditions: isError}).add("late 5", Item{Key: key(5)}).
			add("error 3", Item{Key: key(3), Conditions: isError}).send(t, second.logs, second.sinks[Logs])
		synctest.Wait()
		assert.Equal(t, []string{"access", "before", "both", "error 1", "error 3", "late 5", "refused"}, names(second.sinks[Logs]))
		assert.Equal(t, []string{"span"}, names(second.sinks[Traces]))
		assert.EqualValues(t, 5, r.obs.decided["0 true 0"]+second.obs.decided["0 true 0"]+int(second.Stats().Requests))
		time.Sleep(18*time.Second + time.Second) // the wait goes on where it stopped
		assert.Zero(t, second.Stats().Requests)
		second.close(t)
	})
}

func TestRestartWithOtherPolicies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory()
		r := newRig(t, testConfig(), store)
		(&input{}).add("line", Item{Key: key(1), DefaultRandomness: high, Conditions: isSlow | isHealth}).send(t, r.logs, r.sinks[Logs])
		(&input{signal: Traces}).add("span", Item{Key: key(1), DefaultRandomness: high}).send(t, r.traces, r.sinks[Traces])
		r.close(t)
		cfg := testConfig()
		cfg.Policies = cfg.Policies[1:]
		cfg.Fingerprint = "other" // of two conditions that the request satisfied
		obs := newRecorder()
		e, err := New(cfg, obs)
		require.NoError(t, err)
		e.SetStore(store)
		s := newSink(t, Logs)
		o := e.NewOutput(Logs, s.deliver)
		require.NoError(t, o.Start(t.Context()))
		assert.Equal(t, map[Reason]int64{ReasonNoPipeline: 1}, obs.drops())
		assert.Equal(t, [signals]int64{1, 1}, obs.restored)
		assert.EqualValues(t, 1, obs.forgot)
		time.Sleep(31 * time.Second)
		assert.Equal(t, []string{"line"}, names(s))
		assert.Equal(t, Decision{Policy: 1, Threshold: half, Randomness: high}, s.got["line"])
		require.NoError(t, o.Close(t.Context()))
	})
}

func TestStoreErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory()
		store.fail = metaKey
		r := newRig(t, testConfig(), store)
		(&input{}).add("line", Item{Key: key(1), DefaultRandomness: low}).send(t, r.logs, r.sinks[Logs])
		(&input{}).add("lost", Item{Key: key(2), DefaultRandomness: high}).send(t, r.logs, r.sinks[Logs])
		require.NoError(t, r.logs.Close(t.Context()))
		require.ErrorContains(t, r.traces.Close(t.Context()), "disk is full")
		assert.Equal(t, map[Reason]int64{ReasonPolicy: 1, ReasonShutdown: 1}, r.obs.drops())

		store.fail = ""
		r = newRig(t, testConfig(), store)
		(&input{}).add("line", Item{Key: key(1), DefaultRandomness: low}).send(t, r.logs, r.sinks[Logs])
		r.close(t)
		for name, damage := range map[string]func(map[string][]byte){
			"version":                func(v map[string][]byte) { v[metaKey] = sealed(append([]byte{9}, unsealed(v[metaKey])[1:]...)) },
			"missing":                func(v map[string][]byte) { delete(v, chunkKey(0)) },
			"bit of the first value": func(v map[string][]byte) { v[metaKey] = append([]byte{v[metaKey][0] ^ 1}, v[metaKey][1:]...) },
			"bit": func(v map[string][]byte) {
				b := slices.Clone(v[chunkKey(0)])
				b[len(b)/2] ^= 4
				v[chunkKey(0)] = b
			},
			"cut": func(v map[string][]byte) { v[chunkKey(0)] = v[chunkKey(0)][:len(v[chunkKey(0)])-3] },
		} {
			bad := newMemory()
			maps.Copy(bad.values, store.values)
			damage(bad.values)
			keys := slices.Sorted(maps.Keys(bad.values))
			e, err := New(testConfig(), newRecorder())
			require.NoError(t, err)
			e.SetStore(bad)
			o := e.NewOutput(Logs, newSink(t, Logs).deliver)
			require.ErrorContains(t, o.Start(t.Context()), "held.", name)
			assert.Zero(t, e.obs.(*recorder).restored, name)
			require.NoError(t, o.Close(t.Context()))
			assert.Equal(t, keys, slices.Sorted(maps.Keys(bad.values)), name) // nothing was taken away
		}
		e, err := New(testConfig(), newRecorder())
		require.NoError(t, err)
		e.SetStore(newMemory())
		a, b := e.NewOutput(Logs, newSink(t, Logs).deliver), e.NewOutput(Logs, newSink(t, Logs).deliver)
		require.ErrorContains(t, a.Start(t.Context()), "one logs pipeline")
		require.NoError(t, errors.Join(a.Close(t.Context()), b.Close(t.Context())))
	})
}

// FuzzRestore: whatever a value holds, it is restored or refused, and an engine that restored it closes with nothing left.
func FuzzRestore(f *testing.F) {
	store := newMemory()
	r := newRig(f, testConfig(), store)
	(&input{}).add("a", Item{Key: key(1), Link: key(9), DefaultRandomness: low}).add("bb", Item{Key: key(2), Conditions: isHealth}).send(f, r.logs, r.sinks[Logs])
	(&input{signal: Traces}).add("span", Item{Key: key(1), Ends: true}).send(f, r.traces, r.sinks[Traces])
	r.close(f)
	meta := store.values[metaKey]
	f.Add(unsealed(store.values[chunkKey(0)]))
	f.Fuzz(func(t *testing.T, value []byte) {
		store := newMemory()
		store.values[metaKey], store.values[chunkKey(0)] = meta, sealed(slices.Clone(value))
		cfg := testConfig()
		cfg.MaxHeldBytes = 1 << 20
		e, err := New(cfg, newRecorder())
		require.NoError(t, err)
		e.SetStore(store)
		deliver := func(context.Context, []byte, []Run) (bool, error) { return false, nil }
		o := e.NewOutput(Logs, deliver)
		if err := o.Start(t.Context()); err == nil {
			assert.Empty(t, store.values)
		}
		require.NoError(t, o.Close(t.Context()))
		assert.Equal(t, [signals]int64{}, e.Stats().Records)
		assert.Zero(t, e.arena.used)
	})
}
