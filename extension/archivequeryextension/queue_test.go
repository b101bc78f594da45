// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivequeryextension

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// asks lets a tenant wait for a turn, and writes its name into order when that comes; done ends the turn.
func asks(t *testing.T, q *queue, order *[]string, mu *sync.Mutex, done <-chan struct{}, l limits, tenants ...string) {
	go func() {
		leave, _, err := q.enter(t.Context(), tenants, l)
		if err != nil {
			return
		}
		mu.Lock()
		*order = append(*order, fmt.Sprint(tenants))
		mu.Unlock()
		<-done
		leave()
	}()
	synctest.Wait()
}

// TestTurnsAreFair: one tenant asks for much at once; another's queries do not wait for all of it.
func TestTurnsAreFair(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(2)
		var order []string
		var mu sync.Mutex
		done := make(chan struct{})
		defer func() { // also when a condition fails
			for len(order) > 0 && q.taken() > 0 {
				done <- struct{}{}
				synctest.Wait()
			}
		}()
		for range 6 {
			asks(t, q, &order, &mu, done, limits{}, "a")
		}
		asks(t, q, &order, &mu, done, limits{}, "b")
		asks(t, q, &order, &mu, done, limits{}, "c")
		asks(t, q, &order, &mu, done, limits{}, "b")
		require.Equal(t, []string{"[a]", "[a]"}, order)
		for range 7 {
			done <- struct{}{}
			synctest.Wait()
		}
		require.Len(t, order, 9)
		position := func(name string, nth int) int {
			for i, o := range order {
				if o == name {
					if nth--; nth == 0 {
						return i
					}
				}
			}
			return -1
		}
		require.Equal(t, 2, position("[b]", 1), "b has none while a has one: %v", order)
		require.Less(t, position("[c]", 1), position("[a]", 4), "the order was %v", order)
		require.Less(t, position("[b]", 2), position("[a]", 5), "the order was %v", order)
		require.Equal(t, 2, q.taken())
		done <- struct{}{}
		done <- struct{}{}
		synctest.Wait()
		require.Zero(t, q.taken())
		require.Empty(t, q.waiting)
		require.Empty(t, q.order)
		require.Empty(t, q.running)
	})
}

// TestTurnsOfSeveralTenants: a query of two counts for both.
func TestTurnsOfSeveralTenants(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(8)
		var order []string
		var mu sync.Mutex
		done := make(chan struct{})
		one := limits{concurrent: 1}
		asks(t, q, &order, &mu, done, one, "a", "b")
		asks(t, q, &order, &mu, done, one, "a")
		asks(t, q, &order, &mu, done, one, "b")
		asks(t, q, &order, &mu, done, one, "c")
		require.Equal(t, []string{"[a b]", "[c]"}, order)
		close(done)
		synctest.Wait()
		require.ElementsMatch(t, []string{"[a b]", "[a]", "[b]", "[c]"}, order)
		require.Zero(t, q.taken())
	})
}

func TestQueueIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(1)
		var order []string
		var mu sync.Mutex
		done := make(chan struct{})
		few := limits{queued: 2}
		for range 3 { // one runs, two wait
			asks(t, q, &order, &mu, done, few, "a")
		}
		_, _, err := q.enter(t.Context(), []string{"a"}, few)
		require.ErrorIs(t, err, errBusy)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, waited, err := q.enter(ctx, []string{"b"}, few) // there is room for others
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, time.Second, waited)
		require.NotContains(t, q.waiting, "b")
		close(done)
		synctest.Wait()
		require.Len(t, order, 3)
		require.Zero(t, q.taken())
	})
}

// TestQueueUnderLoad lets many come, wait and give up at once: no turn is lost, none is given twice.
func TestQueueUnderLoad(t *testing.T) {
	const turns = 3
	q := newQueue(turns)
	var running, most atomic.Int64
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(i), 1))
			for range 200 {
				ctx, cancel := context.WithCancel(context.Background())
				if r.IntN(3) == 0 {
					go cancel()
				}
				tenants := []string{string(rune('a' + r.IntN(4)))}
				if r.IntN(4) == 0 {
					tenants = append(tenants, "x")
				}
				leave, _, err := q.enter(ctx, tenants, limits{concurrent: 1 + r.IntN(2), queued: 8})
				if err == nil {
					n := running.Add(1)
					for {
						m := most.Load()
						if n <= m || most.CompareAndSwap(m, n) {
							break
						}
					}
					running.Add(-1)
					leave()
					leave() // once is enough
				}
				cancel()
			}
		})
	}
	wg.Wait()
	require.LessOrEqual(t, most.Load(), int64(turns))
	require.Positive(t, most.Load())
	require.Zero(t, q.taken())
	require.Empty(t, q.waiting)
	require.Empty(t, q.order)
	require.Empty(t, q.running)
}
