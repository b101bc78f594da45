// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package tailsample

import (
	"cmp"
	"slices"
)

// slabGroups is how many groups are allocated at a time.
const slabGroups = 1024

// group returns the group at a place, nil for 0.
func (e *Engine) group(id groupID) *group {
	if id == 0 {
		return nil
	}
	return &e.slabs[id/slabGroups][id%slabGroups]
}

// lookup returns the undecided group of a key, or nil.
func (e *Engine) lookup(key Key) *group { return e.group(e.open[key]) }

// newGroup adds an undecided request.
func (e *Engine) newGroup(key Key, randomness uint64, now int64) *group {
	g := e.allocate()
	g.key, g.randomness = key, randomness&(NeverThreshold-1)
	g.first, g.last = now, now
	e.insert(g)
	return g
}

// allocate returns an empty group. Those that are not in use are chained by next.
func (e *Engine) allocate() *group {
	if e.spare == 0 {
		first := groupID(len(e.slabs) * slabGroups)
		e.slabs = append(e.slabs, new([slabGroups]group))
		for id := first + slabGroups - 1; id >= first && id > 0; id-- {
			e.reuse(&e.slabs[id/slabGroups][id%slabGroups], id)
		}
	}
	g := e.group(e.spare)
	e.spare = g.next
	*g = group{id: g.id}
	return g
}

// reuse keeps a group for a later request.
func (e *Engine) reuse(g *group, id groupID) {
	g.id, g.next = id, e.spare
	e.spare = id
}

// insert adds a group to the map, the list and the clock.
func (e *Engine) insert(g *group) {
	e.open[g.key] = g.id
	e.eachLink(g, func(link Key) { e.open[link] = g.id })
	g.listed = true
	if g.prev = e.final; g.prev == 0 {
		e.first = g.id
	} else {
		e.group(g.prev).next = g.id
	}
	g.next = 0
	e.final = g.id
	e.groups++
	e.overhead += g.overhead()
	at, _ := e.deadline(g)
	e.schedule(g, at)
}

// remove takes a group out of all. Its streams are somebody else's by now.
func (e *Engine) remove(g *group) {
	delete(e.open, g.key)
	e.eachLink(g, func(link Key) { delete(e.open, link) })
	e.takeOut(g)
	e.dropLinks(g)
	e.dropStreams(g)
	e.reuse(g, g.id)
}

// takeOut takes a group out of all but the map.
func (e *Engine) takeOut(g *group) {
	if g.waits {
		e.limiters[g.policy].leave(g)
	}
	e.unlist(g)
	e.unschedule(g)
	e.groups--
	e.overhead -= g.overhead()
}

// unlist takes a group out of the list of those that can be decided early.
func (e *Engine) unlist(g *group) {
	if !g.listed {
		return
	}
	g.listed = false
	if g.prev != 0 {
		e.group(g.prev).next = g.next
	} else {
		e.first = g.next
	}
	if g.next != 0 {
		e.group(g.next).prev = g.prev
	} else {
		e.final = g.prev
	}
	g.prev, g.next = 0, 0
}

// all returns the undecided groups, the oldest first.
func (e *Engine) all() []*group {
	groups := make([]*group, 0, e.groups)
	for key, id := range e.open {
		if g := e.group(id); g.key == key {
			groups = append(groups, g)
		}
	}
	slices.SortFunc(groups, func(a, b *group) int { return cmp.Compare(a.first, b.first) })
	return groups
}

// addLink gives a group that is not inserted yet, or whose overhead is counted by the caller, one more key.
func (e *Engine) addLink(g *group, key Key) {
	if g.links == 0 {
		g.link = key
	} else {
		e.links[g.id] = append(e.links[g.id], key)
	}
	g.links++
}

// eachLink calls f with the further keys of a group.
func (e *Engine) eachLink(g *group, f func(Key)) {
	if g.links == 0 {
		return
	}
	f(g.link)
	if g.links > 1 {
		for _, key := range e.links[g.id] {
			f(key)
		}
	}
}

func (e *Engine) dropLinks(g *group) {
	if g.links > 1 {
		delete(e.links, g.id)
	}
	g.links = 0
}
