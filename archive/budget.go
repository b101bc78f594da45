// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"context"
	"sync"
)

// budget divides the memory of a query among what it has under way. What is acquired is either given back soon, by one who
// waits for nothing meanwhile, or lasts: of that there is at most half. So whoever waits gets its turn.
type budget struct {
	limit  int64
	parent *budget // of all queries of a reader; nil: there is none

	mu      sync.Mutex
	used    int64 // in all
	lasting int64 // of used
	peak    int64
	freed   chan struct{} // closed, and replaced, when something was given back
}

func newBudget(limit int64) *budget {
	return &budget{limit: limit, freed: make(chan struct{})}
}

// acquire waits until there are n bytes, here and of the parent. More than there ever can be are granted when nothing else
// is under way.
func (b *budget) acquire(ctx context.Context, n int64) error {
	for {
		freed := b.try(n)
		if freed == nil {
			return nil
		}
		select {
		case <-freed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// try acquires n bytes if there are so many; else it returns what is closed when it may be so.
func (b *budget) try(n int64) <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.used+n > b.limit && b.used != b.lasting {
		return b.freed
	}
	if b.parent != nil {
		if freed := b.parent.try(n); freed != nil {
			return freed
		}
	}
	b.used += n
	b.peak = max(b.peak, b.used)
	return nil
}

// keep makes n of the acquired bytes last, if there are not too many of these.
func (b *budget) keep(n int64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.lasting+n > b.limit/2 || b.parent != nil && !b.parent.keep(n) {
		return false
	}
	b.lasting += n
	b.wake() // it may be that nothing else is under way now
	return true
}

// keepAnyway makes n of the acquired bytes last.
func (b *budget) keepAnyway(n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.parent != nil {
		b.parent.keepAnyway(n)
	}
	b.lasting += n
	b.wake()
}

// release gives back what was acquired, and kept.
func (b *budget) release(n int64, kept bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.parent != nil {
		b.parent.release(n, kept)
	}
	b.used -= n
	if kept {
		b.lasting -= n
	}
	b.wake()
}

// close gives the parent back what a query that is over still has: what it kept of row groups that it did not come to the end of.
func (b *budget) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.parent == nil {
		return
	}
	b.parent.release(b.lasting, true)
	b.parent.release(b.used-b.lasting, false)
	b.parent = nil
}

func (b *budget) wake() {
	close(b.freed)
	b.freed = make(chan struct{})
}

// most is the most that was in use at a time.
func (b *budget) most() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.peak
}
