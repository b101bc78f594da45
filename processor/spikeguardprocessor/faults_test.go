// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package spikeguardprocessor

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/plog"
)

var errDown = errors.New("down")

// TestIdentity: whatever comes, and however often the next component refuses it, nothing is lost or counted twice: a sender that gets an
// error sends the very batch again, or the same records anew, and in the end received = passed + what else became of it.
func TestIdentity(t *testing.T) {
	for _, action := range actions {
		for seed := range uint64(6) {
			t.Run(fmt.Sprintf("%s/%d", action, seed), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { identity(t, action, seed) })
			})
		}
	}
}

func identity(t *testing.T, action string, seed uint64) {
	rnd := rand.New(rand.NewPCG(seed, 1))
	cfg := fixed(action, 50)
	cfg.Summarize.Interval = time.Second
	cfg.Budget.Global.RecordsPerSecond = float64(rnd.IntN(3) * 100)
	r := newRig(t, cfg)
	failing, sinkRnd := 0.0, rand.New(rand.NewPCG(seed, 2)) // guarded by the sink's lock
	r.sink.spoil, r.sink.readOnly = seed%2 == 0, seed%3 == 0
	r.sink.setFail(func(plog.Logs) error { // called with the sink's lock held, one at a time
		switch x := sinkRnd.Float64(); {
		case x >= failing:
			return nil
		case x < failing/4:
			return consumererror.NewLogs(errDown, plog.NewLogs())
		}
		return errDown
	})
	sent, number := int64(0), 0
	for range 300 {
		r.sink.mu.Lock()
		failing = float64(rnd.IntN(3)) * 0.4 // also for what the processor writes
		r.sink.mu.Unlock()
		from := number
		make := func() plog.Logs {
			ld := plog.NewLogs()
			number = from
			for s := range 1 + from%3 {
				rl := ld.ResourceLogs().AppendEmpty()
				rl.Resource().Attributes().PutStr("service.name", fmt.Sprintf("service-%d", s))
				for range 1 + from%2 {
					sl := rl.ScopeLogs().AppendEmpty()
					for range from % 40 {
						lr := addLine(sl, fmt.Sprintf("request %d was answered", number), plog.SeverityNumber(number%20))
						lr.Attributes().PutInt("number", int64(number))
						if number%7 == 0 {
							lr.Attributes().PutStr("service.name", "own")
						}
						number++
					}
				}
			}
			number++
			return ld
		}
		ld := make()
		n := ld.LogRecordCount()
		for {
			err := r.ConsumeLogs(t.Context(), ld)
			if err == nil {
				sent += int64(n)
				break
			}
			require.True(t, errors.Is(err, errDown) || errors.Is(err, errBudget) || err.Error() == errDown.Error(), err)
			require.Equal(t, n, ld.LogRecordCount(), "a sender that tries again with the very batch has all of it")
			time.Sleep(20 * time.Millisecond)
			if rnd.IntN(2) == 0 || ld.IsReadOnly() {
				ld = make()
			}
			if errors.Is(err, errBudget) {
				time.Sleep(time.Second)
			}
		}
		if rnd.IntN(4) == 0 {
			assert.Equal(t, sent, r.metric("received_items"))
		}
		time.Sleep(time.Duration(rnd.IntN(100)) * time.Millisecond)
	}
	r.sink.setFail(nil)
	r.stop()
	r.balanced()
	assert.Equal(t, sent, r.metric("received_items"))
	assert.Zero(t, r.metric("held_items"))
	assert.Zero(t, r.metric("lost_items"))
	assert.Positive(t, r.metric("refused_items"))
	if action != actionRefuse {
		assert.Positive(t, r.metric("over_items"))
	}
	times := map[int64]int{}
	for _, g := range r.sink.all(func(g *got) bool { return !g.emitted() }) {
		times[g.attrs["number"].(int64)]++
	}
	for number, n := range times {
		require.Equal(t, 1, n, "record %d", number)
	}
	if action == actionDivert {
		assert.Len(t, times, int(sent))
	}
}

// TestWeightsAfterRefusals: a batch that comes again, the very same, has the weights of its last sampling alone, and what it came with.
func TestWeightsAfterRefusals(t *testing.T) {
	for _, readOnly := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, fixed(actionThin, 200))
			r.sink.spoil, r.sink.readOnly = true, readOnly
			n := 0
			r.sink.setFail(func(plog.Logs) error {
				if n++; n%3 != 0 {
					return errDown
				}
				return nil
			})
			weight := func(i int) string { return []string{"", "8"}[i%2] }
			for range 600 {
				ld := lines(100, "loud")
				i := 0
				eachRecord(ld, func(_ plog.ResourceLogs, lr plog.LogRecord) {
					if w := weight(i); w != "" {
						lr.Attributes().PutStr("sampling.threshold", w)
						lr.Attributes().PutStr("sampling.randomness", "d0000000000000")
					}
					i++
				})
				for r.ConsumeLogs(t.Context(), ld) != nil {
					with := 0
					require.Equal(t, 100, ld.LogRecordCount())
					eachRecord(ld, func(_ plog.ResourceLogs, lr plog.LogRecord) {
						switch th, ok := lr.Attributes().Get("sampling.threshold"); {
						case ok:
							require.Equal(t, "8", th.Str())
							with++
						default:
							_, ok = lr.Attributes().Get("sampling.randomness")
							require.False(t, ok)
						}
					})
					require.Equal(t, 50, with)
				}
				time.Sleep(100 * time.Millisecond)
			}
			r.stop()
			r.balanced()
			assert.Less(t, len(r.sink.came("loud")), 20_000)
			assert.InEpsilon(t, 600*150, weights(r.sink.came("loud")), 0.05)
		})
	}
}

// TestRefusedBatchCostsNothing: while the next component refuses, what comes again and again takes nothing of the budget.
func TestRefusedBatchCostsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fixed(actionDrop, 100))
		r.sink.setFail(func(plog.Logs) error { return errDown })
		for range 100 {
			require.ErrorIs(t, r.ConsumeLogs(t.Context(), lines(50, "loud")), errDown)
			time.Sleep(10 * time.Millisecond)
		}
		r.sink.setFail(nil)
		r.send(lines(50, "loud"))
		assert.Len(t, r.sink.came("loud"), 50)
		assert.Zero(t, r.metric("over_items"))
		assert.Equal(t, int64(5000), r.metric("refused_items", "reason", "next"))
		r.stop()
		assert.Empty(t, r.sink.event(eventBegin))
	})
}

// TestEmittedAgain: summaries that the next component refuses for a while become one and are exact in the end.
func TestEmittedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := fixed(actionSummarize, 100)
		cfg.Summarize.Interval = time.Second
		r := newRig(t, cfg)
		failing := false
		r.sink.setFail(func(ld plog.Logs) error { // batches pass, and what the processor writes between them does not
			if failing && ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).EventName() != "" {
				return errDown
			}
			return nil
		})
		for i := range 300 {
			r.sink.mu.Lock()
			failing = i > 50 && i < 250
			r.sink.mu.Unlock()
			r.send(lines(100, "loud"))
			time.Sleep(100 * time.Millisecond)
		}
		r.stop()
		r.balanced()
		sum := int64(0)
		for _, s := range r.sink.event(eventSummary) {
			sum += s.count
		}
		assert.Equal(t, int64(30_000), sum+int64(len(r.sink.came("loud"))))
		assert.Less(t, len(r.sink.event(eventSummary)), 16, "those that waited became one")
		assert.Positive(t, r.metric("emit_failures"))
		assert.Zero(t, r.metric("lost_items"))
	})
}

// TestPermanent: what is refused for good is counted.
func TestPermanent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fixed(actionSummarize, 100))
		r.send(lines(10_000, "loud"))
		r.sink.setFail(func(plog.Logs) error { return consumererror.NewPermanent(errDown) })
		time.Sleep(time.Minute)
		r.stop()
		r.balanced()
		assert.Empty(t, r.sink.event(eventSummary))
		assert.Equal(t, int64(10_000-len(r.sink.came("loud"))), r.metric("lost_items", "kind", "summary", "reason", "refused"))
		assert.Zero(t, r.metric("held_items"))
	})
}

// TestShutdownIsBounded: what the next component does not take in time is counted, and told.
func TestShutdownIsBounded(t *testing.T) {
	for _, action := range []string{actionSummarize, actionDrop} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, fixed(action, 100))
			r.send(lines(10_000, "loud"))
			r.sink.setFail(func(plog.Logs) error { return errDown })
			began := time.Now()
			err := r.Shutdown(context.Background())
			require.ErrorContains(t, err, "records were lost")
			assert.Equal(t, drainTime, time.Since(began))
			require.Equal(t, err, r.Shutdown(context.Background()), "twice")
			r.balanced()
			if action == actionSummarize {
				assert.Equal(t, int64(10_000-len(r.sink.came("loud"))), r.metric("lost_items", "kind", "summary", "reason", "shutdown"))
			} else {
				assert.Equal(t, int64(1), r.metric("lost_items", "kind", "last", "reason", "shutdown"))
			}
		})
		synctest.Test(t, func(t *testing.T) { // its caller is in a hurry
			r := newRig(t, fixed(action, 100))
			r.send(lines(10_000, "loud"))
			r.sink.setFail(func(plog.Logs) error { return errDown })
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			began := time.Now()
			require.Error(t, r.Shutdown(ctx))
			assert.Equal(t, time.Second, time.Since(began))
			r.balanced()
		})
	}
}

// TestShutdownDelivers: summaries and last records do not wait for their time at the end.
func TestShutdownDelivers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fixed(actionSummarize, 100))
		r.send(lines(10_000, "loud"))
		assert.Equal(t, int64(10_000-len(r.sink.came("loud"))), r.metric("held_items"))
		r.balanced()
		r.stop()
		r.balanced()
		summaries := r.sink.event(eventSummary)
		require.Len(t, summaries, 1)
		assert.Equal(t, int64(10_000-len(r.sink.came("loud"))), summaries[0].count)
	})
}

// TestSlowNext: a next component that takes its time with what the processor writes delays no tick.
func TestSlowNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fixed(actionThin, 100))
		slow := make(chan struct{})
		n := 0
		for range 100 {
			r.sink.setFail(nil)
			r.send(lines(10, "quiet"))
			n += 10
			time.Sleep(100 * time.Millisecond)
		}
		blocking := &blockingSink{sink: r.sink, until: slow}
		r.Logs.(*guard).emitter.next = blocking
		for range 300 {
			r.send(both(200))
			time.Sleep(100 * time.Millisecond)
		}
		close(slow)
		r.stop()
		r.balanced()
		assert.InEpsilon(t, 30*100+200, len(r.sink.came("loud")), 0.2)
		assert.Len(t, r.sink.came("quiet"), n+300*5)
		assert.Len(t, r.sink.event(eventBegin), 1)
	})
}

type blockingSink struct {
	*sink
	until chan struct{}
}

func (s *blockingSink) ConsumeLogs(ctx context.Context, ld plog.Logs) error {
	select {
	case <-s.until:
	case <-ctx.Done():
		return ctx.Err()
	}
	return s.sink.ConsumeLogs(ctx, ld)
}

// TestConcurrent: many senders at once, and a next component that refuses now and then.
func TestConcurrent(t *testing.T) {
	for _, action := range actions {
		cfg := fixed(action, 1000)
		cfg.Summarize.Interval = 100 * time.Millisecond
		r := newRig(t, cfg)
		n := 0
		r.sink.setFail(func(plog.Logs) error { // called with the sink's lock held
			if n++; n%5 == 0 {
				return errDown
			}
			return nil
		})
		var senders sync.WaitGroup
		var taken atomic.Int64
		for i := range 8 {
			senders.Go(func() {
				for end := time.Now().Add(300 * time.Millisecond); time.Now().Before(end); {
					ld := lines(20, "loud", fmt.Sprint("own-", i))
					if action == actionRefuse {
						ld = lines(20, "loud")
					}
					n := int64(ld.LogRecordCount())
					if r.ConsumeLogs(context.Background(), ld) == nil {
						taken.Add(n)
					}
				}
			})
		}
		senders.Wait()
		r.sink.setFail(nil)
		r.stop()
		r.balanced()
		assert.Equal(t, taken.Load(), r.metric("received_items"))
		assert.Zero(t, r.metric("held_items"))
	}
}

// TestMarksAfterRefusals: a batch that comes again, the very same, has no marks but those it came with.
func TestMarksAfterRefusals(t *testing.T) {
	for _, readOnly := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			cfg := fixed(actionDivert, 100)
			r := newRig(t, cfg)
			r.sink.readOnly = readOnly
			over := 0
			r.sink.setFail(func(plog.Logs) error { return errDown })
			for range 20 {
				ld := lines(100, "loud")
				i := 0
				eachRecord(ld, func(_ plog.ResourceLogs, lr plog.LogRecord) {
					if i++; i == 1 {
						lr.Attributes().PutBool(cfg.Divert.Attribute, true)
					}
				})
				require.ErrorIs(t, r.ConsumeLogs(t.Context(), ld), errDown)
				marked := 0
				eachRecord(ld, func(_ plog.ResourceLogs, lr plog.LogRecord) {
					if _, ok := lr.Attributes().Get(cfg.Divert.Attribute); ok {
						marked++
					}
				})
				require.Equal(t, 1, marked)
				r.sink.setFail(nil)
				require.NoError(t, r.ConsumeLogs(t.Context(), ld))
				r.sink.setFail(func(plog.Logs) error { return errDown })
				time.Sleep(100 * time.Millisecond)
			}
			for _, g := range r.sink.came("loud") {
				if g.attrs[cfg.Divert.Attribute] == true {
					over++
				}
			}
			assert.Greater(t, over, 1000)
			r.sink.setFail(nil)
			r.stop()
			r.balanced()
		})
	}
}
