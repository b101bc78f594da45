// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package tailsample

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What Offer accepted and the next consumer refused finds room, even if all memory holds requests.
func TestRequeueMakesRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := testConfig()
		cfg.MaxHeldBytes = 1 << 20
		r := newRig(t, cfg, nil)
		n := 0
		for ; n < 500; n++ {
			(&input{}).add(fmt.Sprint(n, strings.Repeat(" ", 8000)), Item{Key: key(n), DefaultRandomness: low}).send(t, r.logs, r.sinks[Logs])
		}
		require.Positive(t, r.obs.allDropped())
		in := &input{}
		for i := range 100 {
			in.add(fmt.Sprint("error ", i, strings.Repeat(" ", 2000)), Item{Key: key(n + i), Conditions: isError})
		}
		items, _, services, data := in.encode(t)
		require.NoError(t, r.logs.Offer(items, data, services))
		require.NoError(t, r.logs.Requeue(items, data, services))
		verify(t, r.Engine)
		assert.LessOrEqual(t, r.Stats().Bytes, cfg.MaxHeldBytes)
		synctest.Wait()
		assert.Len(t, names(r.sinks[Logs]), 100)
		r.close(t)
		assert.EqualValues(t, n, r.obs.allDropped())
	})
}

// The oldest request makes room, but not for itself.
func TestOldestButItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := testConfig()
		cfg.MaxHeldBytes = 1 << 20
		r := newRig(t, cfg, nil)
		n := 0
		for ; r.obs.allDropped() == 0; n++ {
			(&input{}).add(fmt.Sprint(n, strings.Repeat(" ", 8000)), Item{Key: key(n), DefaultRandomness: low}).send(t, r.logs, r.sinks[Logs])
		}
		for i := range 5 { // key(0) made room for the last; now key(1) is the oldest
			(&input{}).add(fmt.Sprint("more ", i, strings.Repeat(" ", 8000)), Item{Key: key(1), DefaultRandomness: low}).send(t, r.logs, r.sinks[Logs])
		}
		assert.Contains(t, r.open, key(1))
		assert.NotContains(t, r.open, key(2))
		assert.Contains(t, r.open, key(n-1))
		r.close(t)
	})
}

// While there is no room, requests that a limit decides are decided some at a time, with what comes for those that wait.
func TestFullWithALimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := testConfig()
		cfg.MaxHeldBytes = 4 << 20
		cfg.Policies[2] = Policy{Name: "rest", RecordsPerSecond: 1}
		r := newRig(t, cfg, nil)
		n, sent := 0, 0
		for range 60 {
			in := &input{}
			for range 100 {
				in.add(fmt.Sprint("line ", n, strings.Repeat(" ", 200)), Item{Key: key(n), DefaultRandomness: uint64(n%1000) * (NeverThreshold / 1000)})
				for _, back := range []int{1, 200, 3000, 4000, 4200} { // of some that wait, when there is no room
					if n > back {
						in.add(fmt.Sprint("again ", back, " ", n, strings.Repeat(" ", 300)), Item{Key: key(n - back), DefaultRandomness: 7})
						sent++
					}
				}
				n++
				sent++
			}
			in.send(t, r.logs, r.sinks[Logs])
			synctest.Wait()
			r.mu.Lock()
			assert.LessOrEqual(t, len(r.limiters[2].waiting), maxWaiting)
			r.mu.Unlock()
			if verify(t, r.Engine); len(r.obs.after) > 0 {
				assert.Greater(t, r.Stats().Requests, int64(1000))
			}
		}
		require.Greater(t, len(r.obs.after), 1000)
		r.close(t)
		assert.EqualValues(t, sent, len(r.sinks[Logs].got)+int(r.obs.allDropped()))
	})
}

// A record that comes for a request that waits for a limit may decide it, when there is no room. It is not held then.
func TestRecordOfWhatMadeRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := testConfig()
		cfg.MaxHeldBytes = 64 << 10
		cfg.Policies[2] = Policy{Name: "rest", RecordsPerSecond: 0.001}
		r := newRig(t, cfg, nil)
		send := func(n, bytes int) {
			(&input{}).add(fmt.Sprint(n, len(r.obs.after), strings.Repeat(" ", bytes)), Item{Key: key(n), Ends: true, DefaultRandomness: uint64(n)}).send(t, r.logs, r.sinks[Logs])
		}
		send(0, 10)
		time.Sleep(3 * time.Second) // that overdraws the budget
		synctest.Wait()
		for n := 1; n < 4; n++ {
			send(n, 8000)
		}
		time.Sleep(3 * time.Second) // all wait
		synctest.Wait()
		r.mu.Lock()
		r.limiters[2].threshold = half // by which they are dropped
		r.mu.Unlock()
		send(1, 40_000)
		verify(t, r.Engine)
		assert.Zero(t, r.Stats().Requests)
		r.close(t)
		assert.EqualValues(t, 5, len(r.sinks[Logs].got)+int(r.obs.allDropped()))
	})
}

// What a record decides is paid for once.
func TestLimitIsSpentOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := testConfig()
		cfg.MaxRequestBytes = 20
		cfg.Policies[2] = Policy{Name: "rest", RecordsPerSecond: 10}
		r := newRig(t, cfg, nil)
		items, _ := (&input{}).add(strings.Repeat("x", 30), Item{Key: key(1), DefaultRandomness: high}).send(t, r.logs, r.sinks[Logs])
		assert.Equal(t, Kept, items[0].Verdict)
		r.mu.Lock()
		assert.InDelta(t, 9, r.limiters[2].records.tokens, 1e-9)
		r.mu.Unlock()
		(&input{}).add("late", Item{Key: key(1)}).send(t, r.logs, r.sinks[Logs])
		r.mu.Lock()
		assert.InDelta(t, 8, r.limiters[2].records.tokens, 1e-9)
		r.mu.Unlock()
		r.close(t)
	})
}

// Requeue takes a batch of any decisions, and none of it or all.
func TestRequeueWithoutRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := testConfig()
		cfg.MaxHeldBytes = 1 << 20
		r := newRig(t, cfg, nil)
		r.sinks[Logs].setFail(errBusy, false)
		taken := 0
		for i := 0; ; i++ {
			in := &input{}
			for j := range 200 { // a small record, with a decision and in part with a resource of its own
				in.add(fmt.Sprint(i, "-", j, strings.Repeat("x", j%5)), Item{Key: key(1000*i + j), Conditions: isError, DefaultRandomness: uint64(j)})
			}
			items, _, services, data := in.encode(t)
			for j := range items {
				items[j].Verdict, items[j].Decision = Kept, Decision{Randomness: uint64(j)}
			}
			err := r.logs.Requeue(items, data, services)
			verify(t, r.Engine)
			if err != nil {
				require.ErrorIs(t, err, ErrFull)
				break
			}
			taken += len(items)
			require.Less(t, i, 1000)
		}
		r.mu.Lock()
		assert.Greater(t, r.arena.used, r.arena.max/2)
		r.mu.Unlock()
		require.Error(t, errors.Join(r.logs.Close(t.Context()), r.traces.Close(t.Context())))
		assert.Equal(t, map[Reason]int64{ReasonShutdown: int64(taken)}, r.obs.drops())
	})
}

// A restart with a smaller budget decides the oldest requests: it does not keep the program from starting.
func TestRestartWithASmallerBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory()
		r := newRig(t, testConfig(), store)
		const n = 400
		for i := range n {
			(&input{}).add(fmt.Sprint(i, strings.Repeat(" ", 8000)), Item{Key: key(i), DefaultRandomness: low + uint64(i%2)*30_000}).send(t, r.logs, r.sinks[Logs])
			time.Sleep(time.Millisecond)
		}
		r.close(t)
		cfg := testConfig()
		cfg.MaxHeldBytes = 2 << 20
		r = newRig(t, cfg, store)
		synctest.Wait()
		verify(t, r.Engine)
		assert.Positive(t, r.obs.decided[fmt.Sprintf("2 true %d", TriggerBudget)])
		r.mu.Lock()
		assert.Contains(t, r.open, key(n-1), "the latest")
		r.mu.Unlock()
		time.Sleep(time.Minute)
		assert.Len(t, names(r.sinks[Logs]), n/2)
		r.close(t)
		assert.EqualValues(t, n/2, r.obs.allDropped())
	})
}

// Without memory from the system a record is decided at once; nothing is cut off or lost.
func TestNoMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := testConfig()
		cfg.MaxHeldBytes = 8 << 20
		r := newRig(t, cfg, nil)
		r.arena.mapRegion = func(n int) ([]byte, error) {
			if r.arena.mapped == 1 {
				return nil, errors.New("no memory")
			}
			return mapRegion(n)
		}
		const n = 400
		for i := range n {
			items, _ := (&input{}).add(fmt.Sprint(i, strings.Repeat(" ", 8000)), Item{Key: key(i), DefaultRandomness: high}).send(t, r.logs, r.sinks[Logs])
			assert.NotEqual(t, Dropped, items[0].Verdict)
			verify(t, r.Engine)
		}
		require.NoError(t, r.logs.Close(context.Background()))
		assert.Len(t, names(r.sinks[Logs]), n)
		require.NoError(t, r.traces.Close(context.Background()))
	})
}
