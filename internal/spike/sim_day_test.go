// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package spike

import (
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// large writes lines of a size that varies by half.
func large(bytes int) func(time.Duration, *rand.Rand) line {
	return func(at time.Duration, rnd *rand.Rand) line {
		l := talk(at, rnd)
		l.bytes = bytes/2 + rnd.IntN(bytes)
		return l
	}
}

// daily is a rate that goes from its least to three times as much and back in a day, and is unsteady: by a fifth from second to second, and
// twice as high for two seconds every five minutes.
func daily(least float64, day time.Duration) func(time.Duration) float64 {
	return func(at time.Duration) float64 {
		second := uint64(at / time.Second)
		rnd := rand.New(rand.NewPCG(second, uint64(least)))
		rate := least * (2 - math.Cos(2*math.Pi*at.Seconds()/day.Seconds())) * math.Exp(0.2*rnd.NormFloat64())
		if second%300 < 2 {
			rate *= 2
		}
		return rate
	}
}

// TestDay runs a day of normal traffic: no false alarm, neither by the cycle nor by a deployment that makes a service write four times as
// much for half a minute, nor when one doubles for good; and a spike in the evening is found as soon as ever. Everything that the engine
// learns in hours is compressed as the day is, by LOGBOOM_SPIKE_DAY: 1 is a day of 24 hours.
func TestDay(t *testing.T) {
	leftOutUnderRace(t)
	t.Parallel()
	compress := 8.0
	if v := os.Getenv("LOGBOOM_SPIKE_DAY"); v != "" {
		var err error
		compress, err = strconv.ParseFloat(v, 64)
		require.NoError(t, err, "LOGBOOM_SPIKE_DAY")
	}
	scaled := func(hours float64) time.Duration {
		return time.Duration(hours * float64(time.Hour) / compress).Truncate(time.Second)
	}
	cfg := byDefault()
	l := cfg.Key.Learned
	l.Rise, l.Fall, l.Learn = scaled(l.Rise.Hours()), scaled(l.Fall.Hours()), scaled(l.Learn.Hours())
	day := scaled(24)
	var (
		noon    = scaled(12)
		doubles = scaled(15)
		burst   = scaled(21)
	)
	gateway, catalog, small := daily(20, day), daily(25, day), daily(30, day)
	list := []*service{
		// 100 to 300 kB a second, far over the floor; from the afternoon on twice as much.
		{name: "gateway", line: large(5000), rate: func(at time.Duration) float64 {
			if at >= doubles {
				return 2 * gateway(at)
			}
			return gateway(at)
		}},
		// The same, deployed at noon.
		{name: "catalog", line: large(4000), rate: func(at time.Duration) float64 {
			if at >= noon && at < noon+30*time.Second {
				return 4 * catalog(at)
			}
			return catalog(at)
		}},
		{name: "small", line: talk, rate: small},
		{name: "checkout", line: large(4000), rate: func(at time.Duration) float64 {
			if at >= burst && at < burst+30*time.Second {
				return 100 * catalog(at)
			}
			return catalog(at)
		}},
	}
	s := (&simulation{cfg: cfg, length: day, services: list, step: Tick}).run(t)
	for _, svc := range list[:3] {
		whole := svc.between(0, day)
		t.Logf("%s: %d of %d records passed", svc.name, whole.passed.Records, whole.offered.Records)
		assert.Equal(t, whole.offered, whole.passed, svc.name)
		for _, n := range s.find(svc.name) {
			t.Errorf("false alarm about %s after %.2f h of the day: %.0f bytes a second, budget %.0f", svc.name, n.at.Hours()*compress, n.Rate.Bytes, n.Budget.Bytes)
		}
	}
	loud := list[3]
	require.Contains(t, s.cut, loud.name)
	t.Logf("the spike was cut after %s", s.cut[loud.name]-burst)
	assert.GreaterOrEqual(t, s.cut[loud.name], burst, "false alarm about %s", loud.name)
	assert.LessOrEqual(t, s.cut[loud.name], burst+already)
	notices := s.find(loud.name)
	if assert.Len(t, notices, 2) {
		assert.Less(t, notices[0].at, burst+already)
	}
}

// TestAdapts shows how soon a budget follows what a service legitimately writes, and that a spike does not move it.
func TestAdapts(t *testing.T) {
	leftOutUnderRace(t)
	t.Parallel()
	svc := &service{name: "gateway", line: large(5000), rate: func(at time.Duration) float64 {
		switch {
		case at < 15*time.Minute:
			return 40
		case at < 35*time.Minute:
			return 80
		}
		return 8000 // to the end
	}}
	s := (&simulation{cfg: byDefault(), length: 35*time.Minute + 20*time.Second, services: []*service{svc}, step: Tick}).run(t)
	before := svc.between(0, 35*time.Minute)
	assert.Equal(t, before.offered, before.passed)
	notices := s.find(svc.name)
	require.NotEmpty(t, notices)
	// Two thirds of the doubling in Rise, 86 % in twice that.
	t.Logf("budget %.0f bytes a second for 200,000, then 400,000 for twenty minutes", notices[0].Budget.Bytes)
	assert.InEpsilon(t, headroom*200_000*1.86, notices[0].Budget.Bytes, 0.05)
	e, err := New(byDefault())
	require.NoError(t, err)
	require.NoError(t, e.Restore(s.after))
	restored := e.restored[svc.name]
	assert.InEpsilon(t, notices[0].Budget.Bytes, restored.budget(byDefault().Key.Learned).Bytes, 0.01, "a spike does not raise its own budget")
}

// TestStart lets a service begin in the middle of a second, or slowly: when it is learned, its budget is a multiple of what it usually writes.
func TestStart(t *testing.T) {
	t.Parallel()
	for name, from := range map[string]time.Duration{"at the end of a second": 900 * time.Millisecond, "slowly": 20 * time.Second} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			svc := &service{name: "gateway", line: large(2000), rate: func(at time.Duration) float64 {
				if at < from {
					return 1
				}
				return 500
			}}
			s := (&simulation{cfg: byDefault(), length: 11 * time.Minute, services: []*service{svc}, step: Tick}).run(t)
			whole := svc.between(0, s.length)
			assert.Equal(t, whole.offered, whole.passed)
			k := s.engine.keys[svc.name]
			assert.InEpsilon(t, headroom*500, k.own().Records, 0.1)
		})
	}
}

// TestRestart restores what was learned: a spike right after the start is one, and what is usual is not.
func TestRestart(t *testing.T) {
	t.Parallel()
	for name, snapshot := range map[string][]byte{"with what was learned": knowing(t), "without": nil} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			svc := &service{name: "catalog", rate: constant(12_000), line: mixed(runaway)}
			s := (&simulation{cfg: byDefault(), length: 10 * time.Second, services: append(others(svc.name), svc), snapshot: snapshot}).run(t)
			s.quiet(t, svc.name)
			cut, was := s.cut[svc.name]
			in := svc.between(2*time.Second, 10*time.Second)
			t.Logf("cut %t after %s; %d of %d records passed", was, cut, in.passed.Records, in.offered.Records)
			require.Equal(t, snapshot != nil, was, "a new source has no budget yet")
			if was {
				assert.Less(t, cut, already)
				assert.InEpsilon(t, headroom*120*8, in.passed.Records, 0.25)
			}
		})
	}
}
