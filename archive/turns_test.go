// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// testTurns are turns of so many processors whose clock stands still but for the test.
func testTurns(procs int) (t *turns, clock *atomic.Int64) {
	clock = &atomic.Int64{}
	t = newTurns()
	t.procs = func() int { return procs }
	t.now = clock.Load
	return t, clock
}

// waitFor waits until so many goroutines wait for a turn.
func (t *turns) waitFor(tb testing.TB, n int64) {
	tb.Helper()
	require.Eventually(tb, func() bool { return t.queued.Load() == n }, time.Minute, time.Millisecond)
}

// TestTurnsAreBounded: no more compute at a time than there are processors, and everybody gets there.
func TestTurnsAreBounded(t *testing.T) {
	turns := newTurns()
	turns.procs = func() int { return 3 }
	var running, most atomic.Int64
	var wg sync.WaitGroup
	for range 20 {
		u := turns.newUsage()
		for range 3 {
			wg.Go(func() {
				var p pace
				for range 50 {
					turns.enter(t.Context(), u)
					n := running.Add(1)
					for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
					}
					running.Add(-1)
					_ = turns.tick(t.Context(), u, &p)
					turns.leave(u)
				}
			})
		}
	}
	wg.Wait()
	require.LessOrEqual(t, most.Load(), int64(3))
	require.Zero(t, turns.running)
	require.Zero(t, turns.queued.Load())
}

// TestTurnsGoToTheLeast: of those that wait, the one is next whose query has had least; a query with many goroutines gets no more
// than one with one.
func TestTurnsGoToTheLeast(t *testing.T) {
	turns, clock := testTurns(1)
	wide, narrow := turns.newUsage(), turns.newUsage()
	turns.enter(t.Context(), wide)
	order := make(chan string, 10)
	var wg sync.WaitGroup
	wait := func(name string, u *usage) {
		n := turns.queued.Load()
		wg.Go(func() {
			turns.enter(t.Context(), u)
			order <- name
			clock.Add(int64(turnTime))
			turns.leave(u)
		})
		turns.waitFor(t, n+1)
	}
	for range 4 {
		wait("wide", wide)
	}
	wait("narrow", narrow)
	wait("narrow", narrow)
	clock.Add(int64(turnTime))
	turns.leave(wide)
	wg.Wait()
	close(order)
	var got []string
	for name := range order {
		got = append(got, name)
	}
	require.Equal(t, []string{"narrow", "wide", "narrow", "wide", "wide", "wide"}, got)
}

// TestNewQueriesAreNotBehind: a query that begins after others computed for long is soon over, and does not keep them from going on.
func TestNewQueriesAreNotBehind(t *testing.T) {
	turns, clock := testTurns(1)
	old := turns.newUsage()
	turns.enter(t.Context(), old)
	clock.Add(int64(time.Hour))
	turns.leave(old)
	turns.enter(t.Context(), old) // which tells how long it has been
	fresh := turns.newUsage()
	require.Equal(t, old.used-int64(credit), fresh.used)
	idle := &usage{}
	done := make(chan struct{})
	go func() {
		defer close(done)
		turns.enter(t.Context(), idle)
	}()
	turns.waitFor(t, 1)
	turns.leave(old)
	<-done
	require.Equal(t, old.used-int64(most), idle.used, "an hour without a turn is not made up for")
	turns.leave(idle)
}

// TestProcessorIsSpared: when somebody else needs a processor, one turn less is given for a while, but always one.
func TestProcessorIsSpared(t *testing.T) {
	turns, clock := testTurns(2)
	a, b := turns.newUsage(), turns.newUsage()
	turns.enter(t.Context(), a)
	require.True(t, turns.tryEnter(b))
	turns.busy.Store(int64(spared))
	require.False(t, turns.tryEnter(b))
	handed := make(chan struct{})
	go func() {
		defer close(handed)
		var p pace
		if err := turns.tick(t.Context(), b, &p); err != nil { // nobody waits: it goes on
			panic(err)
		}
		turns.leave(b)
	}()
	<-handed
	require.False(t, turns.tryEnter(b), "the second is spared")
	clock.Store(int64(spared))
	require.True(t, turns.tryEnter(b))
	turns.leave(b)
	turns.procs = func() int { return 1 }
	turns.busy.Store(int64(2 * spared))
	turns.leave(a)
	require.True(t, turns.tryEnter(a), "one is always given")
	turns.leave(a)
}

// TestTurnIsHandedOver: one who computes for long lets another query go on.
func TestTurnIsHandedOver(t *testing.T) {
	turns, clock := testTurns(1)
	a, b := turns.newUsage(), turns.newUsage()
	turns.enter(t.Context(), a)
	var p pace
	require.NoError(t, turns.tick(t.Context(), a, &p))
	var has atomic.Bool
	done := make(chan struct{})
	go func() {
		defer close(done)
		turns.enter(t.Context(), b)
		has.Store(true)
		turns.leave(b)
	}()
	turns.waitFor(t, 1)
	clock.Add(int64(lookTime))
	require.NoError(t, turns.tick(t.Context(), a, &p))
	require.False(t, has.Load(), "its time is not over")
	clock.Add(int64(turnTime))
	require.NoError(t, turns.tick(t.Context(), a, &p))
	<-done
	turns.leave(a)
}

// TestCancelledDoesNotWait: who waits for a turn when its query is cancelled goes on at once.
func TestCancelledDoesNotWait(t *testing.T) {
	turns, _ := testTurns(1)
	a, b := turns.newUsage(), turns.newUsage()
	turns.enter(t.Context(), a)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		turns.enter(ctx, b)
		turns.leave(b)
	}()
	turns.waitFor(t, 1)
	cancel()
	<-done
	require.Equal(t, 1, turns.running)
	require.Zero(t, turns.queued.Load())
	turns.leave(a)
}

// TestBudgetOfAll: queries share the memory of the reader, in parts that last and others, and give back both.
func TestBudgetOfAll(t *testing.T) {
	all := newBudget(100)
	a, b := newBudget(80), newBudget(80)
	a.parent, b.parent = all, all
	require.Nil(t, a.try(70))
	require.NotNil(t, b.try(40), "all have 100")
	require.True(t, a.keep(30))
	require.False(t, a.keep(20), "half of the query's own may last")
	require.Nil(t, b.try(30))
	require.False(t, b.keep(25), "half of all may last")
	require.Equal(t, int64(0), b.lasting)
	require.True(t, b.keep(20))
	got := make(chan error)
	go func() { got <- b.acquire(t.Context(), 40) }()
	a.release(40, false)
	require.NoError(t, <-got)
	a.release(30, true)
	b.release(20, true)
	b.release(50, false)
	require.Zero(t, all.used)
	require.Zero(t, all.lasting)
	require.Nil(t, b.try(1000), "more than there ever is, when nothing else is under way")
	require.NotNil(t, a.try(1))
	b.release(1000, false)
	require.Zero(t, all.used)
}

// TestRestsForIntake: who computes rests while records are taken in that wait for the processor, and else does not.
func TestRestsForIntake(t *testing.T) {
	turns, clock := testTurns(2)
	var slept []time.Duration
	turns.sleep = func(_ context.Context, d time.Duration) { slept = append(slept, d) }
	var takesIn, waited bool
	turns.intake = func() bool { return takesIn }
	calls := 0
	turns.now = func() int64 {
		if calls++; calls == 2 && waited { // behind Gosched
			clock.Add(int64(noticed) + 1)
		}
		return clock.Load()
	}
	u := turns.newUsage()
	turns.enter(t.Context(), u)
	var p pace
	tick := func(w, in bool, computed time.Duration) {
		clock.Add(int64(computed))
		waited, takesIn, calls = w, in, 0
		require.NoError(t, turns.tick(t.Context(), u, &p))
	}
	tick(false, false, 0)
	tick(true, false, lookTime)
	tick(false, true, lookTime)
	require.Empty(t, slept)
	tick(true, true, time.Millisecond)
	tick(true, true, time.Second)
	require.Equal(t, []time.Duration{resting * time.Millisecond, longestRest}, slept)
	turns.leave(u)
}

// TestShortQueriesDoNotKeepOutLongOnes: one after the other begins, computes for less than the credit, and ends, with no pause; who
// computed for long before still gets its part.
func TestShortQueriesDoNotKeepOutLongOnes(t *testing.T) {
	turns, clock := testTurns(1)
	long := turns.newUsage()
	turns.enter(t.Context(), long)
	clock.Add(int64(time.Second))
	turns.leave(long)
	turns.enter(t.Context(), long) // which tells how long it has been
	got := make(chan struct{})
	short := turns.newUsage()
	started := make(chan struct{})
	wait := func(u *usage, turn chan struct{}) {
		n := turns.queued.Load()
		go func() {
			turns.enter(t.Context(), u)
			close(turn)
		}()
		turns.waitFor(t, n+1)
	}
	wait(short, started)
	turns.leave(long)
	<-started
	wait(long, got)
	for range 20 {
		next, nextStarted := turns.newUsage(), make(chan struct{})
		wait(next, nextStarted)
		clock.Add(int64(turnTime))
		turns.leave(short)
		select {
		case <-got:
			turns.leave(long)
			<-nextStarted
			turns.leave(next)
			return
		case <-nextStarted:
		}
		short = next
	}
	t.Fatal("the long one gets nothing")
}
