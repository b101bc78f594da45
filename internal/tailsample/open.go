// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package tailsample

import (
	"cmp"
	"slices"
)

// newGroup adds an undecided request.
func (e *Engine) newGroup(key Key, randomness uint64, now int64) *group {
	g := e.spare
	if g != nil {
		e.spare = g.next
		e.spares--
		g.reset()
	} else {
		g = &group{}
		g.streams = g.inline[:0]
	}
	g.key, g.randomness = key, randomness&(NeverThreshold-1)
	g.first, g.last = now, now
	e.insert(g)
	return g
}

// insert adds a group to the map, the list and the clock.
func (e *Engine) insert(g *group) {
	e.open[g.key] = g
	for _, link := range g.links {
		e.open[link] = g
	}
	g.listed = true
	if g.prev = e.final; g.prev == nil {
		e.first = g
	} else {
		g.prev.next = g
	}
	e.final = g
	e.groups++
	e.overhead += g.overhead()
	at, _ := e.deadline(g)
	e.clock.put(g, at)
}

// maxSpares bounds the groups that are kept to be used again.
const maxSpares = 4096

// remove takes a group out of all. Its streams are somebody else's by now.
func (e *Engine) remove(g *group) {
	delete(e.open, g.key)
	for _, link := range g.links {
		delete(e.open, link)
	}
	e.takeOut(g)
	e.reuse(g)
}

// reuse keeps a group for a later request.
func (e *Engine) reuse(g *group) {
	if e.spares < maxSpares {
		g.streams = nil
		g.inline = [2]stream{}
		g.prev, g.next = nil, e.spare
		e.spare = g
		e.spares++
	}
}

// takeOut takes a group out of all but the map.
func (e *Engine) takeOut(g *group) {
	if g.waits {
		e.limiters[g.policy].leave(g)
	}
	e.unlist(g)
	e.clock.remove(g)
	e.groups--
	e.overhead -= g.overhead()
}

// unlist takes a group out of the list of those that can be decided early.
func (e *Engine) unlist(g *group) {
	if !g.listed {
		return
	}
	g.listed = false
	if g.prev != nil {
		g.prev.next = g.next
	} else {
		e.first = g.next
	}
	if g.next != nil {
		g.next.prev = g.prev
	} else {
		e.final = g.prev
	}
	g.prev, g.next = nil, nil
}

// all returns the undecided groups, the oldest first.
func (e *Engine) all() []*group {
	groups := make([]*group, 0, e.groups)
	for key, g := range e.open {
		if g.key == key {
			groups = append(groups, g)
		}
	}
	slices.SortFunc(groups, func(a, b *group) int { return cmp.Compare(a.first, b.first) })
	return groups
}

func (e *Engine) reschedule(g *group) {
	e.clock.remove(g)
	at, _ := e.deadline(g)
	e.clock.put(g, at)
}
