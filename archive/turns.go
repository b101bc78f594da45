// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"cmp"
	"container/heap"
	"context"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/logboom/logboom/internal/intake"
)

// turns share the processors among all queries of the process, however many goroutines these have. Who has a turn computes;
// who waits, for the bucket or for memory, has none. There are as many turns as processors, one less, but at least one,
// for a while after somebody else was seen to wait for a processor. If records are being taken in at that moment, who
// has a turn rests for a part of it: the processors are the writers' first, because what is refused may be lost and an
// answer is only late. A turn lasts turnTime when another query waits for it, and is then given to that of them which has
// had least. Now and then it is given to who has
// waited longest, so that many short queries do not keep out a long one.
type turns struct {
	procs  func() int
	now    func() int64 // ns
	intake func() bool  // records are being taken in
	sleep  func(context.Context, time.Duration)

	busy atomic.Int64 // until then somebody else needs a processor

	mu      sync.Mutex
	running int
	waiting waiters
	queued  atomic.Int64 // len(waiting)
	floor   int64        // the most that a query had had when its turn began
	eldest  int64        // when who had waited longest got a turn for that
}

const (
	// turnTime is how long a query computes while others wait.
	turnTime = 10 * time.Millisecond
	// lookTime is how often a query lets others of the process run.
	lookTime = 500 * time.Microsecond
	// noticed is how long that may take if nobody else needs the processor: it takes less than a microsecond.
	noticed = 100 * time.Microsecond
	// credit is how much less than others a new query is taken to have had, so that short ones are over soon; most, how much
	// less one may have had that waited for the bucket.
	credit, most = 2 * turnTime, 5 * turnTime
	// patience is how often the turn goes to who has waited longest.
	patience = 10 * turnTime
	// resting is how many times as long as it computed somebody rests when records are taken in that need the processor.
	resting = 4
	// longestRest bounds a rest, after something that could not be interrupted.
	longestRest = 50 * time.Millisecond
	// spared is how long a processor is left to others once they were noticed.
	spared = 20 * time.Millisecond
)

// allTurns are those of the process.
var allTurns = newTurns()

func newTurns() *turns {
	start := time.Now()
	return &turns{
		procs: func() int { return runtime.GOMAXPROCS(0) }, now: func() int64 { return int64(time.Since(start)) },
		intake: intake.Active, sleep: sleep,
	}
}

// usage is what a query has had of the processors; the mutex of the turns is held.
type usage struct {
	used, last int64 // ns of processors, up to the time last
	running    int
}

func (s *usage) update(now int64) {
	s.used += int64(s.running) * max(now-s.last, 0)
	s.last = now
}

// newUsage makes the usage of a query that begins.
func (t *turns) newUsage() *usage {
	t.mu.Lock()
	defer t.mu.Unlock()
	return &usage{used: t.floor - int64(credit), last: t.now()}
}

// waiter is a goroutine that waits for a turn.
type waiter struct {
	usage *usage
	order int64 // in which they came
	at    int   // in the heap; -1: it has its turn
	ready chan struct{}
}

// waiters are a heap.
type waiters struct {
	list  []*waiter
	order int64
}

func (w *waiters) Len() int { return len(w.list) }
func (w *waiters) Less(i, j int) bool {
	a, b := w.list[i], w.list[j]
	if a.usage.used != b.usage.used {
		return a.usage.used < b.usage.used
	}
	return a.order < b.order
}

func (w *waiters) Swap(i, j int) {
	w.list[i], w.list[j] = w.list[j], w.list[i]
	w.list[i].at, w.list[j].at = i, j
}

func (w *waiters) Push(x any) {
	one := x.(*waiter)
	one.at = len(w.list)
	w.list = append(w.list, one)
}

func (w *waiters) Pop() any {
	last := w.list[len(w.list)-1]
	w.list[len(w.list)-1] = nil
	w.list = w.list[:len(w.list)-1]
	last.at = -1
	return last
}

// limit is how many may compute now.
func (t *turns) limit(now int64) int {
	n := t.procs()
	if now < t.busy.Load() {
		n--
	}
	return max(n, 1)
}

// enter waits for a turn. A query that is cancelled does not wait, as it has nothing left to do.
func (t *turns) enter(ctx context.Context, s *usage) {
	t.mu.Lock()
	now := t.now()
	if t.running < t.limit(now) && len(t.waiting.list) == 0 {
		t.start(s, now)
		t.mu.Unlock()
		return
	}
	s.update(now)
	s.used = max(s.used, t.floor-int64(most))
	t.waiting.order++
	w := &waiter{usage: s, order: t.waiting.order, ready: make(chan struct{})}
	heap.Push(&t.waiting, w)
	t.queued.Store(int64(len(t.waiting.list)))
	t.grant(now)
	t.mu.Unlock()
	select {
	case <-w.ready:
		return
	case <-ctx.Done():
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if w.at >= 0 {
		heap.Remove(&t.waiting, w.at)
		t.queued.Store(int64(len(t.waiting.list)))
		t.start(s, t.now())
	}
}

// tryEnter takes a turn if there is one that nobody waits for.
func (t *turns) tryEnter(s *usage) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	if t.running >= t.limit(now) || len(t.waiting.list) > 0 {
		return false
	}
	t.start(s, now)
	return true
}

func (t *turns) start(s *usage, now int64) {
	s.update(now)
	s.running++
	t.running++
	t.floor = max(t.floor, s.used)
}

// leave ends a turn.
func (t *turns) leave(s *usage) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	s.update(now)
	s.running--
	t.running--
	t.grant(now)
}

// grant gives turns to those that wait for them. What a query has had changes while it runs, so that the heap, which is short,
// is put in order.
func (t *turns) grant(now int64) {
	if len(t.waiting.list) == 0 || t.running >= t.limit(now) {
		return
	}
	for _, w := range t.waiting.list {
		w.usage.update(now)
	}
	heap.Init(&t.waiting)
	for len(t.waiting.list) > 0 && t.running < t.limit(now) {
		w := t.waiting.list[0]
		if now-t.eldest >= int64(patience) {
			t.eldest = now
			w = slices.MinFunc(t.waiting.list, func(a, b *waiter) int { return cmp.Compare(a.order, b.order) })
		}
		heap.Remove(&t.waiting, w.at)
		t.start(w.usage, now)
		close(w.ready)
	}
	t.queued.Store(int64(len(t.waiting.list)))
}

// pace is what a goroutine that has a turn knows of it: when it began to compute, when it looks for others, when its turn ends.
type pace struct{ since, look, end int64 }

// sleep sleeps so long, but not beyond the end of the context.
func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// tick is called every few microseconds by one who computes. It lets others run now and then.
func (t *turns) tick(ctx context.Context, s *usage, p *pace) error {
	now := t.now()
	if now < p.look {
		return nil
	}
	if p.look == 0 {
		p.since, p.end = now, now+int64(turnTime)
	}
	runtime.Gosched()
	after := t.now()
	if after-now > int64(noticed) {
		t.busy.Store(after + int64(spared))
		if t.intake() {
			t.sleep(ctx, min(time.Duration(now-p.since)*resting, longestRest))
			after = t.now()
		}
	}
	if t.queued.Load() > 0 {
		t.mu.Lock()
		over := t.running > t.limit(after)
		t.grant(after)
		t.mu.Unlock()
		if over || after >= p.end {
			t.leave(s)
			t.enter(ctx, s)
			after = t.now()
			p.end = after + int64(turnTime)
		}
	}
	p.since, p.look = after, after+int64(lookTime)
	return ctx.Err()
}
