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

// TestLimit offers ten times what a policy may keep: the rate is met, and the kept requests stand for all.
func TestLimit(t *testing.T) {
	for _, c := range []struct {
		name           string
		records, bytes float64
	}{{"records", 100, 0}, {"bytes", 0, 4000}, {"both", 100, 10_000}} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cfg := testConfig()
				cfg.Policies[2] = Policy{Name: "rest", RecordsPerSecond: c.records, BytesPerSecond: c.bytes}
				r := newRig(t, cfg, nil)
				rnd := rand.New(rand.NewPCG(7, 7))
				const seconds, perSecond = 120, 1000
				n := 0
				for range seconds * 20 {
					in := &input{}
					for range perSecond / 20 / 2 {
						randomness := rnd.Uint64() >> 8
						for i := range 2 { // two records a request
							in.add(fmt.Sprintf("%08d-%d", n, i), Item{Key: key(n), DefaultRandomness: randomness, Ends: i == 1})
						}
						n++
					}
					in.send(t, r.logs, r.sinks[Logs])
					time.Sleep(50 * time.Millisecond)
				}
				r.close(t)
				kept, weight, least := len(r.sinks[Logs].got), 0.0, math.Inf(1)
				for _, d := range r.sinks[Logs].got {
					w := float64(NeverThreshold) / float64(NeverThreshold-d.Threshold)
					weight += w
					least = min(least, w)
				}
				rate, size := float64(kept)/seconds, float64(r.obs.bytes)/float64(r.obs.allDropped())
				t.Logf("%.1f records a second kept of %d, estimate %.0f of %d", rate, perSecond, weight, 2*n)
				if c.records > 0 {
					assert.LessOrEqual(t, rate, 1.05*c.records)
				}
				if c.bytes > 0 {
					assert.LessOrEqual(t, rate*size, 1.05*c.bytes)
				}
				assert.Greater(t, max(rate/c.records, rate*size/c.bytes), 0.8) // Inf where there is no limit
				assert.InEpsilon(t, 2*n, weight, 0.05)
				assert.Greater(t, least, 1.0)
			})
		})
	}
}

func TestRoundUp(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 1))
	for range 100_000 {
		th := NeverThreshold - rnd.Uint64()>>(8+rnd.IntN(56))
		got := roundUp(th)
		require.GreaterOrEqual(t, got, th)
		require.LessOrEqual(t, got-th, (NeverThreshold-th)/4096)
	}
	assert.EqualValues(t, NeverThreshold, roundUp(NeverThreshold+1))
	assert.EqualValues(t, 0, roundUp(0))
}

// A budget that is overdrawn is paid back before the next request is kept, and one request is kept in the end. What the
// bucket holds at the start, and what is decided at the end without waiting, makes it a few more than the rate says.
func TestLimitBelowOneRequest(t *testing.T) {
	const rounds, perRound = 40, 600
	rnd, kept := rand.New(rand.NewPCG(1, 2)), 0
	for range rounds {
		synctest.Test(t, func(t *testing.T) {
			cfg := testConfig()
			cfg.Policies[2] = Policy{Name: "rest", RecordsPerSecond: 0.5}
			r := newRig(t, cfg, nil)
			for i := range perRound {
				(&input{}).add(fmt.Sprint(i), Item{Key: key(i), DefaultRandomness: rnd.Uint64() >> 8, Ends: true}).send(t, r.logs, r.sinks[Logs])
				time.Sleep(100 * time.Millisecond)
			}
			r.close(t)
			got := len(r.sinks[Logs].got)
			assert.EqualValues(t, perRound, got+int(r.obs.allDropped()))
			assert.Greater(t, got, 25)
			kept += got
		})
	}
	assert.InDelta(t, 31.5, float64(kept)/rounds, 2)
}
