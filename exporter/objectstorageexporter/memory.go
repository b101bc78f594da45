// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package objectstorageexporter

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/collector/consumer/consumererror"

	"github.com/logboom/logboom/internal/wal"
)

var (
	errNoRoom         = errors.New("no room in memory until something is committed")
	errLargerThanRoom = errors.New("batch is larger than flush::max_memory_mib")
)

// memoryKeeper holds batches in memory; their senders wait for the commit.
type memoryKeeper struct {
	id                  string
	maxBytes, maxWeight int64
	ready               chan struct{}

	mu     sync.Mutex
	closed bool
	next   uint64
	bytes  int64         // of the batches that are not released
	room   chan struct{} // closed when bytes has become less
	full   []*memoryUnit // ended, oldest first
	taken  int
	active *memoryUnit
}

// memoryUnit is what a unit is made of.
type memoryUnit struct {
	batches       []batch // nil when released
	waiters       map[uint64]chan<- error
	last          uint64
	bytes, weight int64
	records       int64
	since         time.Time
}

func newMemoryKeeper(maxBytes, maxWeight int64) *memoryKeeper {
	id := make([]byte, 16)
	_, _ = rand.Read(id) // does not fail
	return &memoryKeeper{
		id: hex.EncodeToString(id), maxBytes: maxBytes, maxWeight: maxWeight, next: 1,
		ready: make(chan struct{}, 1), room: make(chan struct{}),
	}
}

func (k *memoryKeeper) ID() string             { return k.id }
func (k *memoryKeeper) Sequence() uint64       { return 0 }
func (k *memoryKeeper) Ready() <-chan struct{} { return k.ready }
func (k *memoryKeeper) AsideBytes() int64      { return 0 }
func (k *memoryKeeper) Close() error           { k.Abandon(); return nil }

// Append takes a batch, of that many bytes in memory, as soon as there is room. The channel receives nil when
// it is committed, or the reason why it never will be.
func (k *memoryKeeper) Append(ctx context.Context, b batch, bytes int64) (<-chan error, error) {
	if bytes > k.maxBytes {
		return nil, errLargerThanRoom
	}
	k.mu.Lock()
	for k.bytes+bytes > k.maxBytes && !k.closed {
		k.endActive() // let the flusher make room now, not at the end of its interval
		room := k.room
		k.mu.Unlock()
		select {
		case <-room:
		case <-ctx.Done():
			return nil, fmt.Errorf("%w: %w", errNoRoom, ctx.Err())
		}
		k.mu.Lock()
	}
	defer k.mu.Unlock()
	if k.closed {
		return nil, errStopped
	}
	if k.active == nil {
		k.active = &memoryUnit{since: time.Now(), waiters: map[uint64]chan<- error{}}
	}
	u := k.active
	b.number = k.next
	k.next++
	waiter := make(chan error, 1)
	u.batches = append(u.batches, b)
	u.waiters[b.number] = waiter
	u.last = b.number
	u.bytes += bytes
	u.weight += b.raw
	u.records += b.records
	k.bytes += bytes
	if u.weight >= k.maxWeight {
		k.endActive()
	}
	return waiter, nil
}

// endActive ends the newest unit. k.mu is held.
func (k *memoryKeeper) endActive() {
	if k.active == nil {
		return
	}
	k.full = append(k.full, k.active)
	k.active = nil
	select {
	case k.ready <- struct{}{}:
	default:
	}
}

func (k *memoryKeeper) Rotate(age time.Duration) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.active != nil && time.Since(k.active.since) >= age {
		k.endActive()
	}
}

func (k *memoryKeeper) Stats() wal.Stats {
	k.mu.Lock()
	defer k.mu.Unlock()
	s := wal.Stats{Attached: k.bytes}
	for _, u := range append(slices.Clip(k.full), k.active) {
		if u == nil {
			continue
		}
		s.Records += u.records
		if s.Since.IsZero() {
			s.Since = u.since
		}
	}
	return s
}

func (k *memoryKeeper) Next() (*unit, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.taken == len(k.full) {
		return nil, nil
	}
	m := k.full[k.taken]
	k.taken++
	return &unit{first: m.batches[0].number, last: m.last, records: m.records, memory: m}, nil
}

func (k *memoryKeeper) Load(u *unit, _ uint64) (*loaded, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return &loaded{batches: u.memory.batches}, nil
}

func (k *memoryKeeper) Release(u *unit) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.release(u.memory)
}

// release frees the batches of a unit. k.mu is held.
func (k *memoryKeeper) release(m *memoryUnit) {
	if m.batches == nil {
		return
	}
	k.bytes -= m.bytes
	m.batches, m.bytes = nil, 0
	close(k.room)
	k.room = make(chan struct{})
}

// SetAside has nothing to keep: the sender still has the batch, and learns that it cannot be written.
func (k *memoryKeeper) SetAside(_ *unit, bad []*poison) error {
	for _, p := range bad {
		p.reason = droppedUndecodable
	}
	return nil
}

func (k *memoryKeeper) Remove(u *unit, bad []*poison, _ uint64) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	i := slices.Index(k.full, u.memory)
	if i < 0 {
		return nil // abandoned
	}
	for _, p := range bad {
		u.memory.waiters[p.number] <- consumererror.NewPermanent(fmt.Errorf("encode batch: %w", p.cause))
		delete(u.memory.waiters, p.number)
	}
	for _, w := range u.memory.waiters {
		w <- nil
	}
	k.full = slices.Delete(k.full, i, i+1)
	if i < k.taken {
		k.taken--
	}
	k.release(u.memory)
	return nil
}

func (k *memoryKeeper) Abandon() (records int64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.endActive()
	for _, m := range k.full {
		records += m.records
		for _, w := range m.waiters {
			w <- errStopped
		}
		k.release(m)
	}
	if !k.closed {
		k.closed = true
		close(k.room) // and stays so
	}
	k.full, k.taken = nil, 0
	return records
}
