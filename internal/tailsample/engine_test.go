// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package tailsample

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func names(s *sink) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(maps.Keys(s.got))
}

// An error keeps what came before and after it, in both signals.
func TestErrorKeepsAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, testConfig(), nil)
		(&input{}).add("before", Item{Key: key(1), DefaultRandomness: low}).add("other", Item{Key: key(2), DefaultRandomness: low}).send(t, r.logs, r.sinks[Logs])
		(&input{signal: Traces}).add("span", Item{Key: key(1), DefaultRandomness: low}).send(t, r.traces, r.sinks[Traces])
		time.Sleep(time.Second)
		assert.Empty(t, names(r.sinks[Logs]))
		assert.Equal(t, [signals]int64{2, 1}, r.Stats().Records)
		items, _ := (&input{}).add("error", Item{Key: key(1), DefaultRandomness: low, Conditions: isError}).send(t, r.logs, r.sinks[Logs])
		assert.Equal(t, Kept, items[0].Verdict)
		synctest.Wait()
		assert.Equal(t, []string{"before", "error"}, names(r.sinks[Logs]))
		assert.Equal(t, []string{"span"}, names(r.sinks[Traces]))
		(&input{}).add("after", Item{Key: key(1)}).send(t, r.logs, r.sinks[Logs])
		assert.Contains(t, names(r.sinks[Logs]), "after")
		time.Sleep(30 * time.Second)
		assert.Equal(t, [signals]int64{}, r.Stats().Records)
		assert.Equal(t, map[Reason]int64{ReasonPolicy: 1}, r.obs.drops())
		assert.Equal(t, map[string]int64{"service-2": 1}, r.obs.services)
		assert.Equal(t, Decision{Threshold: 0, Randomness: low}, r.sinks[Logs].got["before"])
		assert.Equal(t, [2]int64{0, 1}, r.obs.late)
		r.close(t)
	})
}

// The rest is kept by its randomness; deadlines are the wait, the grace after the end and the idle time.
func TestDeadlines(t *testing.T) {
	for _, c := range []struct {
		name  string
		ends  bool
		idle  time.Duration
		after time.Duration
		why   Trigger
	}{
		{"wait", false, 0, 30 * time.Second, TriggerWait},
		{"end", true, 0, 2 * time.Second, TriggerEnd},
		{"idle", false, 5 * time.Second, 5 * time.Second, TriggerIdle},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cfg := testConfig()
				cfg.Idle = c.idle
				r := newRig(t, cfg, nil)
				time.Sleep(77 * time.Second)
				(&input{}).add("kept", Item{Key: key(1), DefaultRandomness: high, Ends: c.ends}).
					add("dropped", Item{Key: key(2), DefaultRandomness: low, Ends: c.ends}).send(t, r.logs, r.sinks[Logs])
				time.Sleep(c.after - time.Millisecond)
				assert.EqualValues(t, 2, r.Stats().Requests)
				time.Sleep(time.Duration(r.clock.tick) + time.Millisecond)
				synctest.Wait()
				assert.Zero(t, r.Stats().Requests)
				assert.Equal(t, []string{"kept"}, names(r.sinks[Logs]))
				assert.Equal(t, Decision{Policy: 2, Threshold: half, Randomness: high}, r.sinks[Logs].got["kept"])
				assert.Equal(t, map[string]int{fmt.Sprintf("2 true %d", c.why): 1, fmt.Sprintf("2 false %d", c.why): 1}, r.obs.decided)
				r.close(t)
			})
		})
	}
}

// A policy that drops everything settles at once only when no earlier one may still keep the request.
func TestSettles(t *testing.T) {
	e := func(thresholds ...uint64) *Engine {
		cfg := testConfig()
		cfg.Policies = nil
		for i, th := range thresholds {
			cfg.Policies = append(cfg.Policies, Policy{Conditions: 1 << i, Threshold: th})
		}
		cfg.Policies[len(thresholds)-1].Conditions = 0
		e, err := New(cfg, newRecorder())
		require.NoError(t, err)
		return e
	}
	const never = NeverThreshold
	for _, c := range []struct {
		e          *Engine
		conditions uint64
		want       bool
	}{
		{e(0, half), 0b01, true},
		{e(0, half), 0b00, false},
		{e(0, 0, half), 0b10, true},
		{e(half, 0, half), 0b10, false},
		{e(half, 0, half), 0b01, false},
		{e(never, 0, half), 0b01, true},
		{e(never, 0, half), 0b10, false},
		{e(0, never, half), 0b10, false},
		{e(0), 0, true},
		{e(never), 0, true},
		{e(0, 0), 0, true},
	} {
		assert.Equal(t, c.want, c.e.settles(c.conditions), "%v %b", c.e.outcomes, c.conditions)
	}
}

// Records of one request that are known by different keys become one request.
func TestLinks(t *testing.T) {
	trace, other, id := key(1), key(2), key(100)
	run := func(name string, f func(t *testing.T, r *rig)) {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, testConfig(), nil)
				f(t, r)
				r.close(t)
				assert.EqualValues(t, len(r.sinks[Logs].got), 0+len(names(r.sinks[Logs])))
			})
		})
	}
	byID := Item{Key: id, DefaultRandomness: low}
	byTrace := Item{Key: trace, DefaultRandomness: low}
	both := Item{Key: trace, Link: id, DefaultRandomness: low}
	failing := Item{Key: trace, DefaultRandomness: low, Conditions: isError}
	send := func(t *testing.T, r *rig, name string, it Item) {
		(&input{}).add(name, it).send(t, r.logs, r.sinks[Logs])
	}
	run("renamed", func(t *testing.T, r *rig) {
		send(t, r, "access", byID)
		send(t, r, "both", both)
		assert.EqualValues(t, 1, r.Stats().Requests)
		send(t, r, "error", failing)
		synctest.Wait()
		assert.Equal(t, []string{"access", "both", "error"}, names(r.sinks[Logs]))
	})
	run("merged", func(t *testing.T, r *rig) {
		send(t, r, "access", byID)
		send(t, r, "line", byTrace)
		assert.EqualValues(t, 2, r.Stats().Requests)
		send(t, r, "both", both)
		assert.EqualValues(t, 1, r.Stats().Requests)
		send(t, r, "access error", Item{Key: id, Conditions: isError})
		synctest.Wait()
		assert.Equal(t, []string{"access", "access error", "both", "line"}, names(r.sinks[Logs]))
	})
	run("an alias leads to the trace", func(t *testing.T, r *rig) {
		send(t, r, "both", both)
		send(t, r, "access", byID)
		assert.EqualValues(t, 1, r.Stats().Requests)
	})
	run("late, by the alias", func(t *testing.T, r *rig) {
		send(t, r, "both", both)
		send(t, r, "error", failing)
		send(t, r, "access", byID)
		synctest.Wait()
		assert.Equal(t, []string{"access", "both", "error"}, names(r.sinks[Logs]))
	})
	run("the decision reaches what waits by the other key", func(t *testing.T, r *rig) {
		send(t, r, "access", byID)
		send(t, r, "error", failing)
		send(t, r, "both", both)
		synctest.Wait()
		assert.Equal(t, []string{"access", "both", "error"}, names(r.sinks[Logs]))
	})
	run("kept by the other key", func(t *testing.T, r *rig) {
		send(t, r, "access error", Item{Key: id, Conditions: isError})
		send(t, r, "line", byTrace)
		send(t, r, "both", both)
		synctest.Wait()
		assert.Equal(t, []string{"access error", "both", "line"}, names(r.sinks[Logs]))
	})
	run("a session has many traces", func(t *testing.T, r *rig) {
		send(t, r, "both", both)
		send(t, r, "second", Item{Key: other, Link: id, DefaultRandomness: low})
		assert.EqualValues(t, 2, r.Stats().Requests)
		send(t, r, "error", failing)
		synctest.Wait()
		assert.Equal(t, []string{"both", "error"}, names(r.sinks[Logs]))
		assert.EqualValues(t, 1, r.obs.unlinked)
		send(t, r, "second error", Item{Key: other, Link: id, Conditions: isError})
		synctest.Wait()
		assert.Equal(t, []string{"both", "error", "second", "second error"}, names(r.sinks[Logs]))
	})
	run("a session whose first trace was kept", func(t *testing.T, r *rig) {
		send(t, r, "both", both)
		send(t, r, "error", failing)
		send(t, r, "second", Item{Key: other, Link: id, DefaultRandomness: low})
		assert.EqualValues(t, 1, r.Stats().Requests)
		send(t, r, "by trace", Item{Key: key(3), DefaultRandomness: low, Conditions: isError})
		send(t, r, "leads", Item{Key: key(3), Link: key(101)}) // a link that only a late record tells
		send(t, r, "third", Item{Key: key(4), Link: key(101), DefaultRandomness: low})
		assert.EqualValues(t, 2, r.Stats().Requests)
		time.Sleep(time.Minute)
		assert.Equal(t, []string{"both", "by trace", "error", "leads"}, names(r.sinks[Logs]))
		assert.EqualValues(t, 2, r.obs.unlinked)
	})
	run("links have a bound", func(t *testing.T, r *rig) {
		for i := range 3 * maxLinks {
			send(t, r, fmt.Sprintf("line %d", i), Item{Key: trace, Link: key(1000 + i), DefaultRandomness: low})
		}
		assert.EqualValues(t, 2*maxLinks, r.obs.unlinked)
		assert.EqualValues(t, 1, r.Stats().Requests)
	})
}

// The budget is never exceeded; the oldest requests are decided first, a giant one does not take it all.
func TestBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := testConfig()
		cfg.MaxHeldBytes, cfg.MaxRequestBytes = 2<<20, 64<<10
		r := newRig(t, cfg, nil)
		n := 0
		for i := range 300 {
			in := &input{}
			for j := range 50 {
				in.add(fmt.Sprintf("r%d-%d", i, j), Item{Key: key(i*20 + j%20), DefaultRandomness: uint64(i+j) % 3 * (half - 1)})
				n++
			}
			in.add(fmt.Sprintf("giant-%d", i), Item{Key: key(1 << 30), DefaultRandomness: low})
			n++
			in.send(t, r.logs, r.sinks[Logs])
			require.LessOrEqual(t, r.Stats().Bytes, cfg.MaxHeldBytes)
			time.Sleep(time.Millisecond)
		}
		synctest.Wait()
		assert.Positive(t, r.obs.decided[fmt.Sprintf("2 false %d", TriggerBudget)])
		total := len(names(r.sinks[Logs])) + int(r.obs.allDropped()) + int(r.Stats().Records[Logs])
		assert.Equal(t, n, total)
		r.close(t)
		assert.Equal(t, n, len(names(r.sinks[Logs]))+int(r.obs.allDropped()))
	})
}

func TestGiantRequestIsDecided(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := testConfig()
		cfg.MaxRequestBytes = 1000
		r := newRig(t, cfg, nil)
		for i := range 100 {
			(&input{}).add(fmt.Sprintf("giant-%d", i), Item{Key: key(1), DefaultRandomness: high}).send(t, r.logs, r.sinks[Logs])
		}
		synctest.Wait()
		assert.Len(t, names(r.sinks[Logs]), 100)
		assert.Equal(t, map[string]int{fmt.Sprintf("2 true %d", TriggerSize): 1}, r.obs.decided)
		r.close(t)
	})
}

// What the next consumer does not take is tried again, counts as held, and holds the senders back in the end.
func TestNextConsumerRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := testConfig()
		cfg.MaxHeldBytes = 1 << 20
		r := newRig(t, cfg, nil)
		r.sinks[Logs].setFail(errBusy, false)
		sent := 0
		for i := 0; ; i++ {
			in := &input{}
			for j := range 100 {
				in.add(fmt.Sprintf("line-%d-%d", i, j), Item{Key: key(i), DefaultRandomness: high})
			}
			items, _, services, data := in.encode(t)
			err := r.logs.Offer(items, data, services)
			if err != nil {
				require.ErrorIs(t, err, ErrFull)
				break
			}
			for _, it := range items { // room ran out within the batch
				if it.Verdict == Kept {
					require.NoError(t, r.logs.Requeue(items, data, services))
					break
				}
			}
			sent += len(items)
			in = (&input{}).add(fmt.Sprintf("error %d", i), Item{Key: key(i), Conditions: isError})
			in.send(t, r.logs, r.sinks[Logs])
			sent++
			require.Less(t, i, 1000)
		}
		require.LessOrEqual(t, r.Stats().Bytes, cfg.MaxHeldBytes)
		time.Sleep(time.Minute)
		r.sinks[Logs].setFail(nil, false)
		time.Sleep(10 * time.Second)
		assert.Len(t, names(r.sinks[Logs]), sent)
		assert.Positive(t, r.obs.failed)
		assert.Zero(t, r.Stats().Records[Logs])
		r.close(t)
	})
}

func TestNextConsumerRefusesForGood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, testConfig(), nil)
		r.sinks[Logs].setFail(errBusy, true)
		(&input{}).add("a", Item{Key: key(1), DefaultRandomness: high}).send(t, r.logs, r.sinks[Logs])
		time.Sleep(40 * time.Second)
		assert.Equal(t, map[Reason]int64{ReasonRefused: 1}, r.obs.drops())
		assert.Zero(t, r.Stats().Records[Logs])
		r.close(t)
	})
}

// Close decides what is held and delivers it, each signal for itself; what is not taken is an error and counted.
func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, testConfig(), nil)
		(&input{}).add("log", Item{Key: key(1), DefaultRandomness: high}).send(t, r.logs, r.sinks[Logs])
		(&input{signal: Traces}).add("span", Item{Key: key(1), DefaultRandomness: high}).add("span2", Item{Key: key(2), DefaultRandomness: high}).send(t, r.traces, r.sinks[Traces])
		require.NoError(t, r.logs.Close(context.Background()))
		assert.Equal(t, []string{"log"}, names(r.sinks[Logs]))
		synctest.Wait()
		assert.Equal(t, []string{"span"}, names(r.sinks[Traces]))
		items, _, services, data := (&input{}).add("late", Item{Key: key(7)}).encode(t)
		require.ErrorIs(t, r.logs.Offer(items, data, services), ErrClosed)
		r.sinks[Traces].setFail(errBusy, false)
		require.Error(t, r.traces.Close(context.Background()))
		assert.Equal(t, map[Reason]int64{ReasonShutdown: 1}, r.obs.drops())
		require.NoError(t, r.traces.Close(context.Background()))
		assert.Equal(t, Stats{Decisions: 2}, Stats{Decisions: r.Stats().Decisions, Records: r.Stats().Records})
	})
}

func TestCloseWithoutStart(t *testing.T) {
	e, err := New(testConfig(), newRecorder())
	require.NoError(t, err)
	o := e.NewOutput(Logs, newSink(t, Logs).deliver)
	require.NoError(t, o.Close(context.Background()))
	require.NoError(t, o.Close(context.Background()))
}

func TestKeyless(t *testing.T) {
	cfg := testConfig()
	cfg.Keyless = Policy{Threshold: half}
	r := newRig(t, cfg, nil)
	defer r.close(t)
	in := &input{}
	for i := range 1000 {
		in.add(fmt.Sprintf("line %d", i), Item{})
	}
	items, _ := in.send(t, r.logs, r.sinks[Logs])
	kept := 0
	for _, it := range items {
		if it.Verdict == Kept {
			assert.True(t, it.Decision.Explicit)
			assert.GreaterOrEqual(t, it.Decision.Randomness, half)
			assert.EqualValues(t, len(cfg.Policies), it.Decision.Policy)
			kept++
		}
	}
	assert.InDelta(t, 500, kept, 80)
	assert.EqualValues(t, 1000-kept, r.obs.allDropped())
}

func TestBadInput(t *testing.T) {
	r := newRig(t, testConfig(), nil)
	defer r.close(t)
	items, _, services, data := (&input{}).add("a", Item{Key: key(1)}).encode(t)
	require.Error(t, r.logs.Offer(items, data[:len(data)-1], services))
	require.Error(t, r.logs.Offer(append(items, items...), data, services))
	require.Error(t, r.logs.Offer(items, []byte("\x0a\x04\x12\x02\x10\x05"), services), "a number for a record")
	require.Error(t, r.logs.Offer(items, []byte("\x0a\x05\x12\x03\x92\x00\x00"), services), "a tag of two bytes")
	require.NoError(t, r.logs.Offer(items, []byte("\x0a\x04\x12\x02\x12\x00"), services))
	require.NoError(t, r.logs.Offer(items, data, nil))
	assert.EqualValues(t, 1, r.Stats().Requests)
}
