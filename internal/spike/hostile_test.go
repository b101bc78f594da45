// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package spike

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func engineOf(t testing.TB, cfg Config) *Engine {
	t.Helper()
	e, err := New(cfg)
	require.NoError(t, err)
	return e
}

// repeated is a batch of one source.
func repeated(n, bytes int, severity uint8, text string) []Item {
	items := make([]Item, n)
	for i := range items {
		items[i] = Item{Bytes: bytes, Severity: severity, Text: text, Time: int64(i)}
	}
	return items
}

func passedOf(items []Item) (n int) {
	for i := range items {
		if items[i].Verdict != Over {
			n++
		}
	}
	return n
}

// One error among a million records of a template does not put the other records before what is worth more.
func TestOneErrorOfATemplate(t *testing.T) {
	loud := &source{name: "loud", perTick: spiking(10, 100, 5*time.Second, 30*time.Second), line: func(i int) (string, uint8) {
		switch {
		case i%200 == 0:
			return fmt.Sprintf("WARN circuit breaker of bank %d is open", i), 13
		case i%20_000 == 7: // a few errors
			return fmt.Sprintf("LOOP request %d done", i), 17
		}
		return fmt.Sprintf("LOOP request %d done", i), 5
	}}
	cfg := testConfig()
	cfg.Key.Fixed = Rate{Records: 200} // of 20,000, with 100 warnings a second
	simulate(t, cfg, 30*time.Second, loud)
	warnings := int(loud.offered.Records) / 200
	assert.Greater(t, loud.kinds["WARN"], warnings*9/10)
}

// A record larger than a source may send at once passes, when the source is as quiet as it should be on average.
func TestLargeRecordOfAQuietSource(t *testing.T) {
	for _, size := range []int{150_000, 300_000, 900_000} {
		large := strings.Repeat("x", size)
		quiet := &source{name: "quiet", perTick: steady(2), line: func(i int) (string, uint8) {
			if i%600 == 300 { // every 15 seconds
				return large, 9
			}
			return fmt.Sprintf("request %d done", i), 9
		}}
		notices, _ := simulate(t, testConfig(), time.Minute, quiet)
		assert.Equal(t, quiet.offered, quiet.passed, "%d", size)
		assert.Empty(t, notices, "%d", size)
	}
}

// What comes between two ticks does not pass in proportion to how much it is.
func TestSurgeWithinATick(t *testing.T) {
	cfg := testConfig()
	cfg.Key.Fixed = Rate{Records: 200}
	for _, before := range []int{0, 60} { // twice as much as it may, and then much more
		synctest.Test(t, func(t *testing.T) {
			e := engineOf(t, cfg)
			for range before {
				time.Sleep(Tick)
				e.Offer([]string{"k"}, repeated(40, 100, 9, "loop"))
				e.Tick()
			}
			items := repeated(200_000, 100, 9, "loop")
			for i := 0; i < len(items); i += 1000 {
				e.Offer([]string{"k"}, items[i:i+1000])
			}
			n := passedOf(items)
			t.Logf("%d of %d", n, len(items))
			assert.Less(t, n, 10*200) // without it, 27 times what may pass in a second
			weight := 0.0
			for i := range items {
				if items[i].Verdict != Over {
					weight += float64(all) / float64(all-items[i].Threshold)
				}
			}
			t.Logf("they stand for %.0f", weight)
		})
	}
}

// A machine that is too busy to tick in time does not make the usual look like more than it is.
func TestLateTicks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := engineOf(t, byDefault())
		for range 400 {
			time.Sleep(3 * Tick)
			e.Offer([]string{"k"}, repeated(30, 100, 9, "loop"))
			e.Tick()
		}
		k := e.keys["k"]
		assert.InEpsilon(t, 100, k.baseline.records, 0.05)
		assert.InEpsilon(t, 10_000, k.baseline.bytes, 0.05)
		assert.InEpsilon(t, 120, k.baseline.seconds, 0.05)
	})
}

// Under a global budget that others use up, who sends little on average passes, also when it comes in batches.
func TestQuietInBatches(t *testing.T) {
	for name, limit := range map[string]Limit{"no other": {}, "learned": byDefault().Key} {
		t.Run(name, func(t *testing.T) {
			cfg := byDefault()
			cfg.Key, cfg.Global = limit, Rate{Records: 2000}
			if limit.Learned != nil {
				l := *limit.Learned
				l.Learn, l.Rise = 20*time.Second, 20*time.Second
				cfg.Key.Learned = &l
			}
			var list []*source
			for i := range 4 {
				list = append(list, &source{name: fmt.Sprintf("quiet%d", i), line: loop, perTick: func(at time.Duration) int {
					if int(at/(Tick/2))%200 == 50*i+7 {
						return 100 // every ten seconds
					}
					return 0
				}})
			}
			for i := range 50 {
				list = append(list, &source{name: fmt.Sprintf("loud%d", i), line: loop, perTick: func(at time.Duration) int {
					if at < 30*time.Second {
						return 0
					}
					return 40
				}})
			}
			simulate(t, cfg, time.Minute, list...)
			passed := Total{}
			for _, s := range list {
				passed.plus(s.passed)
			}
			for _, s := range list[:4] {
				assert.Equal(t, s.offered, s.passed, s.name)
			}
			assert.Less(t, float64(passed.Records)/30, 1.3*2000)
		})
	}
}

// What became one template is told as one, and everything is counted once.
func TestSummariesOfMergedTemplates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := testConfig()
		cfg.Key.Fixed, cfg.Summarize, cfg.SummaryInterval = Rate{Records: 10}, true, 10*time.Second
		e := engineOf(t, cfg)
		words := strings.Fields("alpha beta gamma delta epsilon zeta eta theta iota kappa lambda omicron")
		over, told := 0, 0
		summarized := map[string]int{}
		take := func(list []Summary) {
			for _, s := range list {
				told += int(s.Over.Records)
				summarized[s.Template]++
			}
		}
		for i := range 90 {
			items := make([]Item, 400)
			for j := range items {
				items[j] = Item{Bytes: 50, Severity: 9, Text: "reload of the table " + words[min(i/3, len(words)-1)] + " is done now again"}
			}
			e.Offer([]string{"k"}, items)
			e.Settle([]string{"k"}, items, true)
			over += len(items) - passedOf(items)
			time.Sleep(Tick)
			_, s := e.Tick()
			take(s)
		}
		assert.Empty(t, summarized)
		take(e.Flush())
		assert.Equal(t, over, told)
		for text, n := range summarized {
			assert.Equal(t, 1, n, text)
		}
		assert.Less(t, len(summarized), len(words))
	})
}

// A debt does not make a new spike of a source that is quiet again.
func TestSpikeEndsOnce(t *testing.T) {
	giant := strings.Repeat("x", 2_000_000)
	s := &source{name: "k", perTick: spiking(20, 50, 5*time.Second, 10*time.Second), line: func(i int) (string, uint8) {
		if i%1000 == 999 {
			return giant, 9
		}
		return fmt.Sprintf("loop iteration %d of the reconciler", i), 9
	}}
	s.perTick = func(at time.Duration) int {
		if at > 5*time.Second && at < 10*time.Second {
			return 1000
		}
		return 30 // at 24 kB of 100 kB
	}
	line := s.line
	s.line = func(i int) (string, uint8) {
		text, severity := line(i)
		if len(text) > 1000 && i > 100_000 {
			text = "small"
		}
		return text, severity
	}
	notices, _ := simulate(t, testConfig(), 4*time.Minute, s)
	assert.Len(t, notices, 2)
}

// What a new source sends first, as what was queued while the collector was down, is not what it usually sends.
func TestBacklogAtFirst(t *testing.T) {
	s := &source{name: "k", line: loop, perTick: func(at time.Duration) int {
		if at < 20*time.Second {
			return 5000
		}
		return 50
	}}
	cfg := byDefault()
	synctestBudget(t, cfg, 12*time.Minute, s, func(budget Rate) {
		assert.Less(t, budget.Records, 1.5*headroom*1000)
	})
}

func synctestBudget(t *testing.T, cfg Config, length time.Duration, s *source, check func(Rate)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		e := engineOf(t, cfg)
		for began := time.Now(); time.Since(began) < length; {
			text, severity := s.line(0)
			e.Offer([]string{s.name}, repeated(2*s.perTick(time.Since(began)), len(text), severity, text))
			time.Sleep(Tick)
			e.Tick()
		}
		check(e.keys[s.name].own())
	})
}

// Weights stay right whatever the mixture: sizes, severities, templates that come and go.
func TestWeightsOfMixtures(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	var offered, weight, sizes, weighed float64
	for run := range 8 {
		synctest.Test(t, func(t *testing.T) {
			cfg := testConfig()
			cfg.Key.Fixed = Rate{Bytes: 100_000, Records: 500}
			e := engineOf(t, cfg)
			for tick := range 600 {
				n := 50 + rnd.IntN(400)
				if tick%100 < 3 {
					n *= 20
				}
				items := make([]Item, n)
				for i := range items {
					kind := (tick/20+run)%40 + min(rnd.IntN(12), rnd.IntN(12))
					items[i] = Item{Bytes: 50 + rnd.IntN(400), Severity: []uint8{5, 9, 9, 9, 13, 17}[rnd.IntN(6)], Text: statements[kind%len(statements)]}
					if rnd.IntN(300) == 0 {
						items[i].Bytes = 20_000
					}
				}
				e.Offer([]string{"k"}, items)
				for i := range items {
					it := &items[i]
					offered++
					sizes += float64(it.Bytes)
					if it.Verdict != Over {
						w := float64(all) / float64(all-it.Threshold)
						weight += w
						weighed += w * float64(it.Bytes)
					}
				}
				time.Sleep(Tick)
				e.Tick()
			}
		})
	}
	t.Logf("records off by %.2f %%, bytes by %.2f %%", 100*(weight/offered-1), 100*(weighed/sizes-1))
	assert.InEpsilon(t, offered, weight, 0.06) // surges twenty times as large for a few ticks: records that stand for hundreds
	assert.InEpsilon(t, sizes, weighed, 0.2)
}

// A service whose first second is a part of one, or that starts slowly, has its budget when it is learned.
func TestBudgetWhenLearned(t *testing.T) {
	for _, learn := range []time.Duration{3 * time.Second, 10 * time.Minute} {
		cfg := byDefault()
		l := *cfg.Key.Learned
		l.Learn = learn
		cfg.Key.Learned = &l
		s := &source{name: "k", line: loop, perTick: func(at time.Duration) int {
			if at < learn/3 {
				return 1
			}
			return 50
		}}
		synctestBudget(t, cfg, learn+2*time.Second, s, func(budget Rate) {
			assert.InEpsilon(t, headroom*1000, budget.Records, 0.1)
		})
	}
}
