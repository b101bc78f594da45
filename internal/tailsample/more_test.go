// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package tailsample

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Two parts of a request that become one are judged by all that is known of either.
func TestJoin(t *testing.T) {
	slow := func(kind MeasureKind, least int64) Config {
		cfg := testConfig()
		cfg.Policies[0].Conditions = isSlow
		cfg.Measures = []Measure{{Bit: 2, Kind: kind, Min: least}}
		return cfg
	}
	for name, c := range map[string]struct {
		cfg         Config
		first, then Item
		kept        bool
		after       time.Duration // when it is decided; 0: at once
		randomness  uint64
	}{
		"records":    {slow(Records, 3), Item{}, Item{}, true, 0, low},
		"bytes":      {slow(Bytes, 24), Item{}, Item{}, true, 0, low},
		"time":       {slow(RecordTime, 10), Item{Start: 5, End: 5}, Item{Start: 15, End: 15}, true, 0, low},
		"conditions": {testConfig(), Item{Conditions: isHealth}, Item{Randomness: high}, false, 30 * time.Second, low},
		"randomness": {testConfig(), Item{Randomness: high}, Item{}, true, 30 * time.Second, high},
		"its own":    {testConfig(), Item{Randomness: low}, Item{Randomness: high}, true, 30 * time.Second, high},
		"end":        {testConfig(), Item{Ends: true}, Item{}, false, 2 * time.Second, low},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, c.cfg, nil)
				c.first.Key, c.then.Key = key(100), key(1)
				c.first.DefaultRandomness, c.then.DefaultRandomness = high, low
				(&input{}).add("a", c.first).add("b", c.then).send(t, r.logs, r.sinks[Logs])
				require.EqualValues(t, 2, r.Stats().Requests)
				(&input{}).add("c", Item{Key: key(1), Link: key(100)}).send(t, r.logs, r.sinks[Logs])
				if c.after > 0 {
					require.EqualValues(t, 1, r.Stats().Requests)
					time.Sleep(c.after + time.Duration(r.clock.tick))
				}
				synctest.Wait()
				assert.Zero(t, r.Stats().Requests)
				if c.kept {
					assert.Len(t, names(r.sinks[Logs]), 3)
					assert.Equal(t, c.randomness, r.sinks[Logs].got["a"].Randomness)
				} else {
					assert.Empty(t, names(r.sinks[Logs]))
				}
				r.close(t)
			})
		})
	}
}

// A decision is remembered as long as there is room for as many others, and longer while it is asked for.
func TestDecisionsAreRemembered(t *testing.T) {
	m := newDecisions(100 * 2 * decisionBytes)
	m.put(key(0), decided{policy: 7})
	m.put(key(1), decided{})
	for n := 2; n < 1000; n++ {
		m.put(key(n), decided{})
		d, ok := m.get(key(0))
		require.True(t, ok)
		require.EqualValues(t, 7, d.policy)
		back := key(max(2, n-98)) // not by get, which makes it young again
		_, young := m.young[back]
		_, old := m.old[back]
		require.True(t, young || old, n)
		require.LessOrEqual(t, m.len(), 200)
	}
	_, ok := m.get(key(1))
	assert.False(t, ok)
}

// What a request waited for before a restart is not waited for again.
func TestRestartGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory()
		cfg := testConfig()
		cfg.Grace = 10 * time.Second
		r := newRig(t, cfg, store)
		(&input{}).add("ended", Item{Key: key(1), Ends: true}).add("other", Item{Key: key(2)}).send(t, r.logs, r.sinks[Logs])
		time.Sleep(6 * time.Second)
		r.close(t)
		time.Sleep(time.Hour)
		r = newRig(t, cfg, store)
		tick := time.Duration(r.clock.tick)
		time.Sleep(4*time.Second - tick)
		assert.EqualValues(t, 2, r.Stats().Requests)
		time.Sleep(3 * tick)
		assert.EqualValues(t, 1, r.Stats().Requests)
		r.close(t)
		cfg.Wait = 10 * time.Second // it has waited for as long, or nearly
		r = newRig(t, cfg, store)
		time.Sleep(3 * tick)
		assert.Zero(t, r.Stats().Requests)
		r.close(t)
	})
}

// A request waits for a limit that is overdrawn as long as it may, and is decided then by a threshold that goes up.
func TestOverdrawnForLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := testConfig()
		cfg.Policies[2] = Policy{Name: "rest", RecordsPerSecond: 0.001}
		r := newRig(t, cfg, nil)
		send := func(n int, ends bool) {
			in := &input{}
			for i := range 3 {
				in.add(fmt.Sprint(n, "-", i), Item{Key: key(n), Ends: ends, DefaultRandomness: uint64(n%16) * (NeverThreshold / 16)})
			}
			in.send(t, r.logs, r.sinks[Logs])
		}
		send(15, true)
		time.Sleep(3 * time.Second)
		require.Len(t, names(r.sinks[Logs]), 3)
		for n := range 10 {
			send(160+n, true)
			send(320+n, false)
			time.Sleep(20 * time.Second)
		}
		synctest.Wait()
		assert.Positive(t, r.Stats().Requests)
		r.mu.Lock()
		assert.Greater(t, r.limiters[2].threshold, half)
		r.mu.Unlock()
		time.Sleep(2 * time.Minute)
		assert.Zero(t, r.Stats().Requests)
		synctest.Wait()
		longest := slices.Max(r.obs.after)
		assert.LessOrEqual(t, longest, 2*cfg.Wait+2*time.Duration(r.clock.tick))
		assert.GreaterOrEqual(t, longest, cfg.Wait)
		r.close(t)
	})
}
