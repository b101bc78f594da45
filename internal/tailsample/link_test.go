// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package tailsample

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
)

// A request is decided once, whatever keys its parts had, and what follows a decision is paid for.
func TestLinkedPartsFollow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := testConfig()
		cfg.Policies[2] = Policy{Name: "rest", RecordsPerSecond: 10}
		r := newRig(t, cfg, nil)
		send := func(name string, it Item) {
			it.DefaultRandomness = high
			(&input{}).add(name, it).send(t, r.logs, r.sinks[Logs])
		}
		send("line", Item{Key: key(1), Ends: true})
		time.Sleep(3*time.Second + time.Millisecond) // kept; between two ticks
		send("access 1", Item{Key: key(100)})
		send("access 2", Item{Key: key(100)})
		send("both", Item{Key: key(1), Link: key(100)}) // the trace leads
		synctest.Wait()
		r.mu.Lock()
		assert.InDelta(t, 10-3, r.limiters[2].records.tokens, 1e-6)
		r.mu.Unlock()
		send("access of 2", Item{Key: key(200), Ends: true})
		time.Sleep(3*time.Second + time.Millisecond) // kept; between two ticks
		send("line of 2", Item{Key: key(2)})
		send("both of 2", Item{Key: key(2), Link: key(200)}) // the other key leads
		synctest.Wait()
		r.mu.Lock()
		assert.InDelta(t, 10-2, r.limiters[2].records.tokens, 1e-6)
		r.mu.Unlock()
		synctest.Wait()
		assert.Len(t, names(r.sinks[Logs]), 7)
		assert.Equal(t, map[string]int{"2 true 1": 2}, r.obs.decided)
		r.close(t)
	})
}

// A trace that was dropped before the error of its access line was known does not take that line with it.
func TestErrorLinkedWithWhatWasDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := testConfig()
		cfg.Policies[0], cfg.Policies[1] = cfg.Policies[1], cfg.Policies[0] // so that an error does not settle at once
		r := newRig(t, cfg, nil)
		send := func(name string, it Item) {
			it.DefaultRandomness = low
			(&input{}).add(name, it).send(t, r.logs, r.sinks[Logs])
		}
		send("line", Item{Key: key(1), Ends: true})
		send("line of 2", Item{Key: key(2), Ends: true})
		time.Sleep(3 * time.Second) // dropped
		send("access error", Item{Key: key(100), Conditions: isError})
		send("access", Item{Key: key(200)})
		send("both", Item{Key: key(1), Link: key(100)})
		send("both of 2", Item{Key: key(2), Link: key(200)})
		assert.EqualValues(t, 1, r.Stats().Requests)
		time.Sleep(time.Minute)
		assert.Equal(t, []string{"access error"}, names(r.sinks[Logs]))
		assert.EqualValues(t, 1, r.obs.unlinked)
		r.close(t)
	})
}
