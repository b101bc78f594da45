// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivequeryextension

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"
)

// queue gives queries their turns. When one is free it goes to the tenant that has the fewest, tenants with as many take it in
// rotation, and within a tenant it goes to who came first. So nobody waits for all that another asks. A request for
// several tenants is a tenant of its own here, and counts as a query of each of them.
//
//	free 2   running {a: 3, b: 1}   order [a c b]   waiting a: q7 q8, c: q9, b: q10   →  q9 (c has none)
type queue struct {
	mu      sync.Mutex
	turns   int // how many there are
	free    int
	running map[string]int       // by tenant
	waiting map[string][]*waiter // by the names of the tenants; none is empty
	order   []string             // keys of waiting; who gets a turn goes to the end
}

// waiter is a query that waits, or runs.
type waiter struct {
	tenants []string
	limit   int // of queries of each of its tenants; 0: none
	ready   chan struct{}
}

func newQueue(turns int) *queue {
	return &queue{turns: turns, free: turns, running: map[string]int{}, waiting: map[string][]*waiter{}}
}

// enter waits for a turn, which lasts until leave is called. The error is the context's, or errBusy when too many of the tenants
// wait already.
func (q *queue) enter(ctx context.Context, tenants []string, l limits) (leave func(), waited time.Duration, err error) {
	start := time.Now()
	if len(tenants) == 0 {
		tenants = []string{""}
	}
	key := strings.Join(tenants, "|")
	w := &waiter{tenants: tenants, limit: l.concurrent, ready: make(chan struct{})}
	q.mu.Lock()
	if l.queued > 0 && len(q.waiting[key]) >= l.queued {
		q.mu.Unlock()
		return nil, 0, errBusy
	}
	if len(q.waiting[key]) == 0 {
		q.order = append(q.order, key)
	}
	q.waiting[key] = append(q.waiting[key], w)
	q.dispatch()
	q.mu.Unlock()
	select {
	case <-w.ready:
	case <-ctx.Done():
		if !q.abandon(key, w) {
			q.leave(w) // its turn came just now
		}
		return nil, time.Since(start), ctx.Err()
	}
	return sync.OnceFunc(func() { q.leave(w) }), time.Since(start), nil
}

// dispatch gives turns as long as there are free ones and somebody who may have one.
func (q *queue) dispatch() {
	for q.free > 0 {
		best, fewest := -1, 0
		for i, key := range q.order {
			if n, ok := q.load(q.waiting[key][0]); ok && (best < 0 || n < fewest) {
				best, fewest = i, n
			}
		}
		if best < 0 {
			return
		}
		key := q.order[best]
		w := q.waiting[key][0]
		q.order = slices.Delete(q.order, best, best+1)
		if q.take(key, w) {
			q.order = append(q.order, key)
		}
		q.free--
		for _, t := range w.tenants {
			q.running[t]++
		}
		close(w.ready)
	}
}

// load is how many queries the busiest of a query's tenants has; ok says that one more is allowed.
func (q *queue) load(w *waiter) (n int, ok bool) {
	for _, t := range w.tenants {
		n = max(n, q.running[t])
	}
	return n, w.limit <= 0 || n < w.limit
}

// take takes a query out of those that wait, and reports whether others with its key are left.
func (q *queue) take(key string, w *waiter) bool {
	rest := slices.DeleteFunc(q.waiting[key], func(o *waiter) bool { return o == w })
	if len(rest) == 0 {
		delete(q.waiting, key)
		return false
	}
	q.waiting[key] = rest
	return true
}

// abandon ends the waiting of a query; false: it does not wait any more.
func (q *queue) abandon(key string, w *waiter) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	select {
	case <-w.ready:
		return false
	default:
	}
	if !q.take(key, w) {
		q.order = slices.DeleteFunc(q.order, func(k string) bool { return k == key })
	}
	return true
}

func (q *queue) leave(w *waiter) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.free++
	for _, t := range w.tenants {
		if q.running[t]--; q.running[t] == 0 {
			delete(q.running, t)
		}
	}
	q.dispatch()
}

// taken is how many queries run.
func (q *queue) taken() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.turns - q.free
}
