// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package tailsample

import "time"

const (
	minTick = 10 * time.Millisecond
	maxTick = 250 * time.Millisecond
	// ticksPerWait keeps the delay of a decision near its deadline: one tick is 2 % of the wait.
	ticksPerWait = 50
	// maxBuckets is more than an hour of the longest ticks. Deadlines beyond it are looked at once an hour.
	maxBuckets = 1 << 14
	// keepBucket is how many groups an empty bucket keeps room for.
	keepBucket = 64
)

// clock is a ring of buckets, one a tick: each undecided group is in the bucket of its deadline, or of an earlier one, from
// which it is moved on. Nothing refers to a group that was taken out.
type clock struct {
	tick    int64 // nanoseconds
	buckets [][]groupID
	now     int64 // the number of the last tick that was handled
}

func newClock(longest time.Duration) clock {
	tick := min(max(longest/ticksPerWait, minTick), maxTick)
	return clock{tick: int64(tick), buckets: make([][]groupID, min(longest/tick, maxBuckets)+3)}
}

// schedule puts a group into the bucket of its deadline, a time on the engine's clock.
func (e *Engine) schedule(g *group, deadline int64) {
	c := &e.clock
	n := max(deadline/c.tick+1, c.now+1)        // the tick that follows
	n = min(n, c.now+int64(len(c.buckets))-1)   // the end of the ring, from which it is moved on
	g.bucket = int32(n % int64(len(c.buckets))) //nolint:gosec // maxBuckets
	g.slot = int32(len(c.buckets[g.bucket]))    //nolint:gosec // bounded by the groups
	c.buckets[g.bucket] = append(c.buckets[g.bucket], g.id)
}

func (e *Engine) unschedule(g *group) {
	c := &e.clock
	b := c.buckets[g.bucket]
	last := len(b) - 1
	b[g.slot] = b[last]
	e.group(b[g.slot]).slot = g.slot
	if c.buckets[g.bucket] = b[:last]; last == 0 && cap(b) > keepBucket {
		c.buckets[g.bucket] = nil // a peak does not stay
	}
}

func (e *Engine) reschedule(g *group) {
	e.unschedule(g)
	at, _ := e.deadline(g)
	e.schedule(g, at)
}

// due returns a group of a bucket that has come, or nil when there is none up to now.
func (e *Engine) due(now int64) *group {
	c := &e.clock
	for ; c.now < now/c.tick; c.now++ {
		if b := c.buckets[int((c.now+1)%int64(len(c.buckets)))]; len(b) > 0 {
			return e.group(b[len(b)-1])
		}
	}
	return nil
}

// deadline is when a group is to be decided, and why.
func (e *Engine) deadline(g *group) (at int64, why Trigger) {
	if g.waits {
		return g.ends, g.why
	}
	at, why = g.first+int64(e.cfg.Wait), TriggerWait
	if g.ends != 0 && g.ends < at {
		at, why = g.ends, TriggerEnd
	}
	if idle := int64(e.cfg.Idle); idle > 0 && g.last+idle < at {
		at, why = g.last+idle, TriggerIdle
	}
	return at, why
}
