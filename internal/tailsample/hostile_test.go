// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package tailsample

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
)

// ownResources returns a batch in which each record has a resource of its own, with so many bytes in it.
func ownResources(t testing.TB, from, n, bytes int) (data []byte, services []string) {
	ld := plog.NewLogs()
	for i := range n {
		rl := ld.ResourceLogs().AppendEmpty()
		rl.Resource().Attributes().PutStr("id", fmt.Sprint(from+i))
		rl.Resource().Attributes().PutStr("padding", strings.Repeat("x", bytes))
		rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty().Body().SetStr(fmt.Sprint(from + i))
		services = append(services, fmt.Sprint("service", from+i))
	}
	data, err := (&plog.ProtoMarshaler{}).MarshalLogs(ld)
	require.NoError(t, err)
	return data, services
}

// A source that only the oldest request has goes with it, while it makes room for a record of that same source.
func TestSourceOfWhatMadeRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := testConfig()
		cfg.MaxHeldBytes = 4096
		r := newRig(t, cfg, nil)
		n := 0
		for i := range 200 {
			for range i % 3 { // others in between, or none
				data, services := ownResources(t, i, 1, 10)
				require.NoError(t, r.logs.Offer([]Item{{Key: key(1000 + n), DefaultRandomness: low, Randomness: NoRandomness}}, data, services))
				n++
			}
			(&input{}).add(fmt.Sprintf("line %d", i), Item{Key: key(i), DefaultRandomness: low}).send(t, r.logs, r.sinks[Logs])
			verify(t, r.Engine)
			n++
			require.LessOrEqual(t, r.Stats().Bytes, cfg.MaxHeldBytes)
		}
		r.close(t)
		assert.EqualValues(t, n, r.obs.allDropped())
	})
}

// Each record has a resource of its own: sources count against the budget, and of a request against its bound.
func TestOwnResources(t *testing.T) {
	for name, perRequest := range map[string]int{"many requests": 1, "one request": 1 << 30} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cfg := testConfig()
				cfg.MaxHeldBytes, cfg.MaxRequestBytes = 2<<20, 256<<10
				r := newRig(t, cfg, nil)
				(&input{}).add("line", Item{Key: key(1 << 31), DefaultRandomness: low}).send(t, r.logs, r.sinks[Logs])
				for i := range 100 {
					data, services := ownResources(t, i*100, 100, 2000)
					items := make([]Item, 100)
					for j := range items {
						items[j] = Item{Key: key((i*100 + j) / perRequest), DefaultRandomness: low, Randomness: NoRandomness}
					}
					require.NoError(t, r.logs.Offer(items, data, services))
					if i%10 == 0 {
						verify(t, r.Engine)
					}
					require.LessOrEqual(t, r.Stats().Bytes, cfg.MaxHeldBytes)
				}
				if perRequest > 1 {
					assert.EqualValues(t, 1, r.Stats().Requests, "a giant request drove out another")
				}
				time.Sleep(time.Minute)
				assert.Zero(t, r.Stats().Bytes)
				assert.Len(t, r.services.names, maxServices+1)
				r.close(t)
			})
		})
	}
}

// Keys that are a trace id here and a link there: nobody keeps them apart but those who send them.
func TestKeysThatAreLinks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, testConfig(), nil)
		n := 0
		send := func(key, link Key) {
			(&input{}).add(fmt.Sprint(n), Item{Key: key, Link: link, DefaultRandomness: low}).send(t, r.logs, r.sinks[Logs])
			verify(t, r.Engine)
			n++
		}
		send(key(1), key(2)) // 1 has the link 2,
		send(key(3), Key{})
		send(key(3), key(1)) // and 3 takes 1 over
		send(key(2), Key{})
		assert.EqualValues(t, 1, r.Stats().Requests)
		for i := range 3 * maxLinks { // renamed again and again
			send(key(100+i+1), key(100+i))
		}
		for i := range 3 * maxLinks {
			send(key(200), key(200+i+1))
			if i < 5 {
				send(key(300), key(300+i+1))
			}
		}
		send(key(200), key(300)) // more links than there may be
		time.Sleep(time.Minute)
		synctest.Wait()
		assert.Empty(t, r.open, "keys of requests that are gone")
		assert.Zero(t, r.Stats().Bytes)
		r.close(t)
		assert.EqualValues(t, n, r.obs.allDropped())
	})
}

// A span whose start is not known took no 50 years.
func TestUnknownStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := testConfig()
		cfg.Policies[0].Conditions = isSlow
		cfg.Measures = []Measure{{Bit: 2, Kind: SpanTime, Min: int64(time.Second)}, {Bit: 2, Kind: RecordTime, Min: int64(time.Second)}}
		r := newRig(t, cfg, nil)
		items, _ := (&input{signal: Traces}).add("span", Item{Key: key(1), DefaultRandomness: low, End: time.Now().UnixNano()}).send(t, r.traces, r.sinks[Traces])
		assert.Equal(t, Held, items[0].Verdict)
		r.close(t)
	})
}

// Waits far beyond the clock's ring cost no memory, and end when they should.
func TestLongWait(t *testing.T) {
	for _, wait := range []time.Duration{time.Millisecond, 10 * time.Millisecond, 48 * time.Hour, 1<<63 - 1} {
		t.Run(wait.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cfg := testConfig()
				cfg.Wait, cfg.Grace = wait, wait
				r := newRig(t, cfg, nil)
				time.Sleep(time.Second)
				(&input{}).add("line", Item{Key: key(1), DefaultRandomness: low, Ends: true}).send(t, r.logs, r.sinks[Logs])
				time.Sleep(min(wait, 50*time.Hour) - time.Millisecond)
				assert.EqualValues(t, 1, r.Stats().Requests)
				if wait < 50*time.Hour {
					time.Sleep(time.Duration(r.clock.tick) + time.Millisecond)
					synctest.Wait()
					assert.Zero(t, r.Stats().Requests)
				}
				assert.LessOrEqual(t, len(r.clock.buckets), 1<<15)
				r.close(t)
			})
		})
	}
}

// A late tick, as of a process that was stopped for a while, decides nothing before its time.
func TestLateTick(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, err := New(testConfig(), newRecorder())
		require.NoError(t, err)
		o := e.NewOutput(Logs, newSink(t, Logs).deliver) // not started: ticks are called by hand
		offer := func(n int) {
			items, _, services, data := (&input{}).add(fmt.Sprint(n), Item{Key: key(n), DefaultRandomness: low}).encode(t)
			require.NoError(t, o.Offer(items, data, services))
		}
		offer(1)
		time.Sleep(time.Hour)
		offer(2)
		e.tick()
		assert.EqualValues(t, 1, e.Stats().Requests)
		time.Sleep(29 * time.Second)
		e.tick()
		assert.EqualValues(t, 1, e.Stats().Requests)
		time.Sleep(2 * time.Second)
		e.tick()
		assert.Zero(t, e.Stats().Requests)
		require.NoError(t, o.Close(t.Context()))
	})
}

// Randomness has 56 bits: what has more is none.
func TestTooMuchRandomness(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := testConfig()
		cfg.Policies[2].Threshold, cfg.Keyless.Threshold = NeverThreshold, NeverThreshold
		store := newMemory()
		r := newRig(t, cfg, store)
		items, _ := (&input{}).add("keyless", Item{Randomness: 1 << 60}).
			add("line", Item{Key: key(1), Randomness: 1 << 60, DefaultRandomness: 1 << 61}).send(t, r.logs, r.sinks[Logs])
		assert.Equal(t, Dropped, items[0].Verdict)
		r.close(t)
		r = newRig(t, cfg, store)
		time.Sleep(time.Minute)
		assert.Zero(t, r.Stats().Requests)
		r.close(t)
		assert.Empty(t, r.sinks[Logs].got)
	})
}
