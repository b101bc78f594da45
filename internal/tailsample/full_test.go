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
		assert.Greater(t, r.arena.used, r.arena.max/2)
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
		verify(t, r.Engine)
		assert.Positive(t, r.obs.decided[fmt.Sprintf("2 true %d", TriggerBudget)])
		assert.Contains(t, r.open, key(n-1), "the latest")
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
