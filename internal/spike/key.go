// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package spike

import (
	"math/rand/v2"
	"time"

	"github.com/logboom/logboom/internal/templates"
)

// key is a source of logs: a service, a tenant, a pod. One that never was in a spike takes some 200 bytes, with its name and its
// entry in the map.
type key struct {
	name  string
	limit *Limit
	burst *burst // nil while it is within its budget
	miner *templates.Miner

	budget   Rate    // its own a second, or what the global one leaves it of that
	tokens   float64 // seconds' worth of budget that are left
	baseline baseline

	bytes, records float32 // since the last tick
	rate           rate32  // a second, over the last second or so
	sent           rate32  // since the last second that was learned from
	over           bool    // since then something was over
	awake          bool    // it is among those that a tick looks at
	aged           bool    // it was there before this second
	mined          uint8   // records since its last template was looked at
	tick           uint32  // when it was last seen
	held           int32   // bytes for its templates
}

type rate32 struct{ bytes, records float32 }

const (
	// pooledName is the key of all who have none of their own.
	pooledName = "other"
	// A key that was learned makes room for a new one only after a day of silence, a new one earlier: a flood of new keys
	// pushes out new keys.
	silentLearned = 24 * time.Hour
	silentNew     = 30 * time.Second
	roomProbes    = 8
)

// keyOf returns the key of a name that is seen now: a new one if there is room, or else the pooled one.
func (e *Engine) keyOf(name string) *key {
	k := e.find(name)
	k.tick = e.ticks
	if !k.awake {
		k.awake = true
		e.awake = append(e.awake, k)
	}
	return k
}

func (e *Engine) find(name string) *key {
	name = cutName(name)
	if k := e.keys[name]; k != nil {
		return k
	}
	if len(e.list) >= e.cfg.MaxKeys && !e.makeRoom() {
		return e.pooled
	}
	k := e.newKey(name)
	e.keys[k.name] = k
	e.list = append(e.list, k)
	return k
}

func (e *Engine) newKey(name string) *key {
	k := &key{name: string([]byte(name)), limit: &e.cfg.Key, tick: e.ticks, tokens: e.cfg.Burst.Seconds()}
	if l, ok := e.overrides[name]; ok {
		k.limit = l
	}
	if b, ok := e.restored[name]; ok {
		k.baseline = b
		delete(e.restored, name)
	}
	k.budget = k.own()
	if room := e.room; !room.none() && !e.learned(k) { // it may not send a burst before the next tick
		k.tokens = 0
		if room.Bytes > 0 && (k.budget.Bytes <= 0 || k.budget.Bytes > room.Bytes) {
			k.budget.Bytes = room.Bytes
		}
		if room.Records > 0 && (k.budget.Records <= 0 || k.budget.Records > room.Records) {
			k.budget.Records = room.Records
		}
	}
	return k
}

// own is what a key may send a second, but for what the global budget leaves it of that.
func (k *key) own() Rate {
	if l := k.limit.Learned; l != nil {
		return k.baseline.budget(l)
	}
	return k.limit.Fixed
}

// makeRoom forgets a key that has long been silent, one of a few that chance picks.
func (e *Engine) makeRoom() bool {
	for range roomProbes {
		i := rand.IntN(len(e.list)) //nolint:gosec // no secret
		k := e.list[i]
		silent := time.Duration(e.ticks-k.tick) * Tick
		if k.burst == nil && (silent >= silentLearned || silent >= silentNew && float64(k.baseline.seconds) < e.learnSeconds) {
			delete(e.keys, k.name)
			e.dropMiner(k)
			last := len(e.list) - 1
			e.list[i] = e.list[last]
			e.list[last] = nil
			e.list = e.list[:last]
			return true
		}
	}
	return false
}
