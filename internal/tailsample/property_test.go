// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package tailsample

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestConservation has random requests with random keys, faults and restarts. Every record is delivered once or counted as
// dropped or held; a request is never split, unless it came in parts that nothing linked in time.
func TestConservation(t *testing.T) {
	for seed := range uint64(60) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { conserve(t, seed) })
		})
	}
}

func conserve(t *testing.T, seed uint64) {
	rnd := rand.New(rand.NewPCG(seed, 1))
	cfg := testConfig()
	switch seed % 3 {
	case 0:
		cfg.MaxHeldBytes = 1 << 20
	case 1:
		cfg.MaxHeldBytes = 32 << 10 // full all the time
	}
	if seed%4 == 0 {
		cfg.Policies[2].RecordsPerSecond = 20
	}
	if seed%5 == 0 {
		cfg.Idle = 3 * time.Second
	}
	if seed%7 == 0 {
		cfg.MaxRequestBytes = 500
	}
	store := newMemory()
	r := newRig(t, cfg, store)
	var got [signals]map[string]Decision
	for s := range got {
		got[s] = map[string]Decision{}
	}
	total := newRecorder()
	collect := func() {
		for s := range got {
			for name, d := range r.sinks[s].got {
				if _, twice := got[s][name]; twice {
					t.Errorf("%s came twice", name)
				}
				got[s][name] = d
			}
		}
		for reason, n := range r.obs.drops() {
			total.dropped[reason] += n
		}
	}
	sent := map[string]int{} // request of each record
	records := 0
	offer := func(signal Signal, in *input) {
		o, s := r.logs, r.sinks[Logs]
		if in.signal = signal; signal == Traces {
			o, s = r.traces, r.sinks[Traces]
		}
		items, names, services, data := in.encode(t)
		switch err := o.Offer(items, data, services); {
		case err == nil:
		case errors.Is(err, ErrFull):
			for _, name := range names {
				delete(sent, name)
				records--
			}
			return
		default:
			require.NoError(t, err)
		}
		if rnd.IntN(4) == 0 { // as if the next consumer had refused what was streamed
			if err := o.Requeue(items, data, services); err == nil {
				return
			}
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		for i, it := range items {
			if it.Verdict == Kept {
				s.add(names[i], serviceOf(names[i]), it.Decision)
			}
		}
	}
	for step := range 300 {
		in := &input{}
		for range rnd.IntN(20) {
			request := step/4 + rnd.IntN(30)
			it := Item{Key: key(request), DefaultRandomness: uint64(request%7) * (NeverThreshold / 7)}
			if rnd.IntN(3) == 0 { // half of them have a second key, by which alone some records are known
				it.Link = key(request + 10_000)
				if rnd.IntN(2) == 0 {
					it.Key, it.Link = it.Link, Key{}
				}
			}
			name := fmt.Sprintf("%d-%d", request, records)
			if rnd.IntN(60) == 0 {
				it.Conditions = isError
			}
			it.Ends = rnd.IntN(10) == 0
			in.add(name, it)
			sent[name] = request
			records++
		}
		offer(Signal(rnd.IntN(2)), in)
		switch rnd.IntN(60) {
		case 0:
			r.sinks[rnd.IntN(2)].setFail(errBusy, false)
		case 1, 2, 3:
			r.sinks[0].setFail(nil, false)
			r.sinks[1].setFail(nil, false)
		case 4:
			r.close(t)
			collect()
			r = newRig(t, cfg, store)
		}
		time.Sleep(time.Duration(rnd.IntN(500)) * time.Millisecond)
		synctest.Wait()
		if step%16 == 0 {
			verify(t, r.Engine)
		}
		stats := r.Stats()
		require.LessOrEqual(t, stats.Bytes, cfg.MaxHeldBytes+1<<18)
	}
	r.sinks[0].setFail(nil, false)
	r.sinks[1].setFail(nil, false)
	time.Sleep(time.Minute)
	assert.Equal(t, [signals]int64{}, r.Stats().Records)
	assert.Zero(t, r.Stats().Requests)
	assert.Zero(t, r.arena.used, "blocks that nobody has")
	assert.Zero(t, r.sources.bytes, "sources that nobody has")
	assert.Zero(t, r.overhead)
	assert.Zero(t, r.queued)
	r.close(t)
	collect()
	delivered := len(got[Logs]) + len(got[Traces])
	assert.EqualValues(t, records, int64(delivered)+total.dropped[ReasonPolicy])
	assert.Len(t, total.dropped, min(1, len(total.dropped)))
	for _, s := range got {
		for name := range s {
			if _, ok := sent[name]; !ok {
				t.Errorf("%s was never taken", name)
			}
		}
	}
}

// TestNeverSplit: with records that arrive within the wait and are linked in time, each request is kept whole or dropped whole, and
// those with an error are kept.
func TestNeverSplit(t *testing.T) {
	for seed := range uint64(40) {
		synctest.Test(t, func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(seed, 2))
			store := newMemory()
			r := newRig(t, testConfig(), store)
			type record struct {
				at   time.Duration
				name string
				it   Item
				sig  Signal
			}
			var all []record
			size, failed := map[int]int{}, map[int]bool{}
			for request := range 200 {
				begin := time.Duration(rnd.IntN(60_000)) * time.Millisecond
				n := 2 + rnd.IntN(8)
				for i := range n {
					it := Item{Key: key(request), DefaultRandomness: rnd.Uint64() >> 8}
					it.DefaultRandomness = uint64(request%5) * (NeverThreshold / 5)
					switch {
					case i == 0:
						it.Link = key(request + 10_000)
					case rnd.IntN(3) == 0:
						it.Key = key(request + 10_000)
					}
					if rnd.IntN(40) == 0 {
						it.Conditions = isError
						failed[request] = true
					}
					all = append(all, record{begin + time.Duration(rnd.IntN(28_000))*time.Millisecond, fmt.Sprintf("%d-%d", request, i), it, Signal(rnd.IntN(2))})
				}
				size[request] = n
			}
			sortBy(all, func(r record) time.Duration { return r.at })
			now := time.Duration(0)
			got := map[int]int{}
			collect := func() {
				for _, s := range r.sinks {
					for name := range s.got {
						var request, i int
						_, err := fmt.Sscanf(name, "%d-%d", &request, &i)
						require.NoError(t, err)
						got[request]++
					}
				}
			}
			for i, rec := range all {
				time.Sleep(rec.at - now)
				now = rec.at
				out := r.logs
				if rec.sig == Traces {
					out = r.traces
				}
				in := (&input{signal: rec.sig}).add(rec.name, rec.it)
				in.send(t, out, r.sinks[rec.sig])
				if i%500 == 499 {
					r.close(t)
					collect()
					r = newRig(t, testConfig(), store)
				}
			}
			time.Sleep(time.Minute)
			r.close(t)
			collect()
			for request, n := range size {
				assert.Contains(t, []int{0, n}, got[request], "request %d of %d records", request, n)
				if failed[request] {
					assert.Equal(t, n, got[request])
				}
			}
		})
	}
}
