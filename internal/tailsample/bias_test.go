// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package tailsample

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestLimitIsUnbiased repeats a policy's ticks with random requests of very different sizes: whatever limits, and however often
// a tick is forced, the kept requests' weights add up to the number of requests of each size. Estimates are compared with their own
// standard error.
func TestLimitIsUnbiased(t *testing.T) {
	sizes := []int64{1, 10, 400}
	for _, c := range []struct {
		name           string
		records, bytes float64
		least          uint64
		forced         int // one tick of so many
		perTick        int
	}{
		{"records", 40, 0, 0, 0, 40},
		{"bytes", 0, 2000, 0, 0, 40},
		{"both", 16, 2000, 0, 0, 40},
		{"below a threshold", 40, 0, half, 0, 40},
		{"forced", 4, 0, 0, 3, 40},
		{"forced bytes", 0, 1000, half / 2, 2, 40},
		{"one at a time", 0, 1000, 0, 1, 1},
		{"nothing to do", 1e9, 1e9, half, 0, 40},
	} {
		t.Run(c.name, func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(1, 42))
			var sent, estimate, squares [3]float64
			kept, seconds, spent := 0.0, 0.0, [2]float64{}
			const repeat, ticks = 400, 40
			for range repeat {
				l := newLimiter(&Policy{RecordsPerSecond: c.records, BytesPerSecond: c.bytes})
				class := map[*group]int{}
				var of [3]float64
				take := func(now int64, forced bool) {
					for _, g := range l.tick(now, c.least, forced) {
						w := 0.0
						if g.randomness >= g.threshold {
							require.GreaterOrEqual(t, g.threshold, c.least)
							w = float64(NeverThreshold) / float64(NeverThreshold-g.threshold)
							kept++
							spent[0] += float64(g.records)
							spent[1] += float64(g.bytes)
						}
						of[class[g]] += w
						delete(class, g)
					}
				}
				for tick := range ticks {
					for range c.perTick {
						k := min(rnd.IntN(40)/10, 2) // a quarter of them are small, a quarter in between, a half large
						g := &group{records: 1 + int64(k), bytes: sizes[k] * (1 + int64(rnd.IntN(2))), randomness: rnd.Uint64() >> 8}
						sent[k]++
						if g.randomness < c.least {
							continue // decided at once
						}
						class[g] = k
						l.wait(g, 0)
					}
					take(int64(tick+1)*int64(250*time.Millisecond), c.forced > 0 && tick%c.forced == 0)
				}
				for i := 0; len(class) > 0; i++ { // the last are waited for
					take(int64(ticks+i)*int64(250*time.Millisecond), false)
				}
				seconds += ticks / 4
				for k := range of {
					estimate[k] += of[k]
					squares[k] += of[k] * of[k]
				}
			}
			for k := range sizes {
				mean := estimate[k] / repeat
				deviation := math.Sqrt(max(0, squares[k]/repeat-mean*mean) / repeat)
				t.Logf("size %d: %.0f sent, estimate %.4f of it, %.1f standard errors", sizes[k], sent[k], estimate[k]/sent[k], (mean-sent[k]/repeat)/deviation)
				// the number that was sent is random, too, but known to be so
				assert.InDelta(t, sent[k]/repeat, mean, 4*deviation+sent[k]/repeat/4000, "size %d", sizes[k])
			}
			t.Logf("%.0f kept, %.1f records/s of %.1f, %.1f bytes/s of %.1f", kept, spent[0]/seconds, c.records, spent[1]/seconds, c.bytes)
		})
	}
}

// What comes while a request waits for a limit's tick counts: an error is kept, whatever the limit.
func TestErrorWhileWaitingForALimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := testConfig()
		cfg.Policies = []Policy{cfg.Policies[1], cfg.Policies[0], {Name: "slow", Conditions: isSlow, RecordsPerSecond: 10}, {Name: "rest", RecordsPerSecond: 10}}
		r := newRig(t, cfg, nil)
		in := &input{} // the budget is overdrawn for a long time
		for i := range 1000 {
			in.add(fmt.Sprint("big ", i), Item{Key: key(1), DefaultRandomness: high, Ends: true})
		}
		in.send(t, r.logs, r.sinks[Logs])
		time.Sleep(3 * time.Second)
		require.Len(t, names(r.sinks[Logs]), 1000)
		send := func(name string, it Item) {
			(&input{}).add(name, it).send(t, r.logs, r.sinks[Logs])
		}
		for n := 2; n < 40; n++ {
			send(fmt.Sprint("end ", n), Item{Key: key(n), DefaultRandomness: 1, Ends: true})
		}
		time.Sleep(5 * time.Second)
		for n := 2; n < 40; n++ {
			send(fmt.Sprint("error ", n), Item{Key: key(n), Conditions: isError})
		}
		send("end of a slow one", Item{Key: key(50), DefaultRandomness: 1, Ends: true})
		send("access", Item{Key: key(51), Conditions: isError})
		time.Sleep(5 * time.Second)
		send("slow", Item{Key: key(50), Conditions: isSlow})
		send("link", Item{Key: key(50), Link: key(51)}) // brings the error of another
		time.Sleep(time.Second)
		synctest.Wait()
		got := names(r.sinks[Logs])
		assert.Len(t, got, 1000+2*38+4)
		assert.Contains(t, got, "end of a slow one")
		r.close(t)
		assert.Zero(t, r.obs.allDropped())
	})
}
