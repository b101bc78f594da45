// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package tailsample

import "time"

// find returns the undecided request of an item, a new one if need be, or the decision that was made about it.
func (e *Engine) find(it *Item, now int64) (g *group, past decided, late bool) {
	g = e.lookup(it.Key)
	if it.Link != (Key{}) && it.Link != it.Key {
		return e.findLinked(g, it, now)
	}
	if g == nil {
		if past, late = e.decisions.get(it.Key); !late {
			g = e.newGroup(it.Key, it.DefaultRandomness, now)
		}
	}
	return g, past, late
}

// findLinked is find for a record that has two keys, a trace id and another one. Requests known by the other key alone
// become one with the trace. A key that is linked with a trace stays with it: were a session's traces made one, the first
// decision would be that of all.
func (e *Engine) findLinked(g *group, it *Item, now int64) (_ *group, past decided, late bool) {
	other := e.lookup(it.Link)
	if g != nil && g == other {
		return g, past, false
	}
	if g == nil {
		if past, late = e.decisions.get(it.Key); late {
			e.lead(past, other, it.Link)
			return nil, past, true
		}
	}
	if other == nil {
		was, known := e.decisions.get(it.Link)
		if known && was.keep && was.threshold == 0 && !was.alias { // a part of the request is kept for certain
			if g != nil {
				e.follow(g, was)
			} else {
				e.decisions.put(it.Key, was)
			}
			return nil, was, true
		}
		if g == nil {
			g = e.newGroup(it.Key, it.DefaultRandomness, now)
		}
		switch {
		case known && was.alias: // of another trace
			e.tally.unlinked++
		case known && !g.explicit: // sampled: the same randomness decides alike, unless there was an error meanwhile
			g.randomness, g.given, g.explicit = was.randomness, was.given, true
			fallthrough
		default:
			e.link(g, it.Link)
		}
		return g, past, false
	}
	if other.key != it.Link { // of another trace
		e.tally.unlinked++
		if g == nil {
			g = e.newGroup(it.Key, it.DefaultRandomness, now)
		}
		return g, past, false
	}
	switch {
	case other.links == maxLinks || g != nil && g.links+other.links >= maxLinks:
		e.tally.unlinked++
		if g == nil {
			g = e.newGroup(it.Key, it.DefaultRandomness, now)
		}
	case g == nil:
		e.rename(other, it)
		return other, past, false
	default:
		e.merge(g, other)
	}
	return g, past, false
}

// lead applies the decision about a trace to what is known by a linked key.
func (e *Engine) lead(past decided, other *group, link Key) {
	switch {
	case other == nil:
		if was, known := e.decisions.get(link); !known {
			past.alias = true
			e.decisions.put(link, past)
		} else if was.keep != past.keep {
			e.tally.unlinked++
		}
	case other.key != link: // of another trace
		e.tally.unlinked++
	case !past.keep && e.policy(other.conditions) < int(past.policy): // the trace was dropped without knowing of this
		e.tally.unlinked++
	default:
		past.alias = true
		e.follow(other, past)
	}
}

// follow carries the decision about a linked request out.
func (e *Engine) follow(g *group, d decided) {
	if l := e.limiterOf(d.policy); l != nil && d.keep {
		l.spend(g.records, g.bytes)
	}
	e.settle(g, d)
}

// link gives a group one more key.
func (e *Engine) link(g *group, key Key) {
	if g.links == maxLinks {
		e.tally.unlinked++
		return
	}
	e.addLink(g, key)
	e.open[key] = g.id
	e.overhead += linkOverhead
}

// rename gives a group that was known by another key its trace id.
func (e *Engine) rename(g *group, it *Item) {
	old := g.key
	g.key = it.Key
	e.open[g.key] = g.id
	if !g.explicit {
		g.randomness = it.DefaultRandomness & (NeverThreshold - 1)
	}
	e.link(g, old)
}

// merge moves all of a group that was known by another key to that of its trace, which has room for its keys.
func (e *Engine) merge(g, other *group) {
	e.takeOut(other)
	g.join(other, e.cfg.Measures)
	e.link(g, other.key)
	e.eachLink(other, func(key Key) { e.link(g, key) })
	e.dropLinks(other)
	e.eachStream(other, func(st *stream) { e.addStream(g, *st) })
	e.dropStreams(other)
	if !g.waits {
		e.reschedule(g)
	}
	e.reuse(other, other.id)
}

// decide decides a group now, with what is known.
func (e *Engine) decide(g *group, trigger Trigger, now int64) {
	policy := e.policy(g.conditions)
	p := &e.cfg.Policies[policy]
	if !p.limited() || g.randomness < p.Threshold {
		d := decided{policy: uint8(policy), threshold: p.Threshold, randomness: g.randomness, given: g.given, explicit: g.explicit}
		d.keep = d.randomness >= d.threshold
		e.told(g, d, trigger, now)
		return
	}
	e.wait(g, policy, trigger)
	e.tickLimiter(policy, now, true)
}

// wait lets a group wait for the tick of a limited policy.
func (e *Engine) wait(g *group, policy int, why Trigger) {
	if g.waits && int(g.policy) != policy {
		e.limiters[g.policy].leave(g)
	}
	g.why = why
	if !g.waits {
		e.limiters[policy].wait(g, policy)
		e.unlist(g)
	}
}

// end decides a group whose time is over; one of a limited policy at the next tick that has something left, or when it has
// waited for that as long as it may.
func (e *Engine) end(g *group, trigger Trigger, now int64) {
	policy := e.policy(g.conditions)
	if p := &e.cfg.Policies[policy]; !p.limited() || g.randomness < p.Threshold || g.waits && int(g.policy) == policy {
		e.decide(g, trigger, now)
		return
	}
	if !g.waits {
		g.ends = now + int64(e.cfg.Wait)
	}
	e.wait(g, policy, trigger)
	e.reschedule(g)
}

// policy returns the first policy that matches. The last one matches everything.
func (e *Engine) policy(conditions uint64) int {
	for i := range e.cfg.Policies {
		if want := e.cfg.Policies[i].Conditions; conditions&want == want {
			return i
		}
	}
	return len(e.cfg.Policies) - 1
}

func (e *Engine) tickLimiter(policy int, now int64, forced bool) {
	least := e.cfg.Policies[policy].Threshold
	groups := e.limiters[policy].tick(now, least, forced)
	for _, g := range groups {
		e.told(g, decided{
			policy: uint8(policy), keep: g.randomness >= g.threshold, threshold: g.threshold, randomness: g.randomness, given: g.given, explicit: g.explicit,
		}, g.why, now)
	}
	clear(groups)
}

// told is settle for a decision of its own.
func (e *Engine) told(g *group, d decided, trigger Trigger, now int64) {
	e.obs.Decided(int(d.policy), d.keep, trigger, time.Duration(now-g.first))
	e.settle(g, d)
}

// settle carries a decision out: what was held is queued or dropped, and the decision remembered.
func (e *Engine) settle(g *group, d decided) {
	if g == e.taking {
		e.taking, e.taken = nil, d
	}
	e.decisions.put(g.key, d)
	d.alias = true
	e.eachLink(g, func(link Key) { e.decisions.put(link, d) })
	e.eachStream(g, func(st *stream) {
		switch {
		case st.chain.first == 0:
		case d.keep:
			e.outs[st.out].enqueue(queued{stream: *st, decision: d.decision()})
		default:
			e.discard(st, ReasonPolicy, d.policy)
		}
	})
	e.remove(g)
}

// tick decides what is due.
func (e *Engine) tick() {
	now := e.now()
	e.mu.Lock()
	defer e.unlock()
	n := 0
	for g := e.due(now); g != nil; g = e.due(now) {
		if at, why := e.deadline(g); at > now {
			e.reschedule(g)
		} else {
			e.end(g, why, now)
		}
		if n++; n%groupsPerLock == 0 {
			e.unlock() // others want to go on
			e.mu.Lock()
		}
	}
	for i, l := range e.limiters {
		if l != nil {
			e.tickLimiter(i, now, false)
		}
	}
}

const groupsPerLock = 512
