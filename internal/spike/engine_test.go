// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package spike

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func testConfig() Config {
	return Config{
		Key:              Limit{Fixed: Rate{Bytes: 100_000}},
		Burst:            2 * time.Second,
		Calm:             5 * time.Second,
		NewShare:         0.1,
		MaxKeys:          1000,
		MaxTemplateBytes: 16 << 20,
	}
}

// source sends lines of a key, so many a second.
type source struct {
	name     string
	line     func(i int) (string, uint8)
	perTick  func(at time.Duration) int
	offered  Total
	passed   Total
	weight   float64
	kinds    map[string]int // passed, by the beginning of the line
	firstCut time.Duration  // when something was over for the first time
}

// simulate runs for some time, with batches of all sources.
func simulate(t *testing.T, cfg Config, length time.Duration, sources ...*source) (notices []Notice, summaries []Summary) {
	synctest.Test(t, func(t *testing.T) {
		e, err := New(cfg)
		require.NoError(t, err)
		began := time.Now()
		var names []string
		for _, s := range sources {
			names = append(names, s.name)
			s.kinds, s.firstCut = map[string]int{}, -1
		}
		n := 0
		for time.Since(began) < length {
			at := time.Since(began)
			var items []Item
			for i, s := range sources {
				for range s.perTick(at) {
					text, severity := s.line(n)
					n++
					items = append(items, Item{Source: i, Bytes: len(text), Text: text, Severity: severity, Time: time.Now().UnixNano()})
				}
			}
			rand.Shuffle(len(items), func(i, j int) { items[i], items[j] = items[j], items[i] })
			e.Offer(names, items)
			e.Settle(names, items, true)
			for i := range items {
				it := &items[i]
				s := sources[it.Source]
				s.offered.add(it.Bytes)
				if it.Verdict == Over {
					if s.firstCut < 0 {
						s.firstCut = at
					}
					continue
				}
				require.GreaterOrEqual(t, it.Randomness, it.Threshold)
				s.passed.add(it.Bytes)
				s.weight += float64(all) / float64(all-it.Threshold)
				s.kinds[it.Text[:4]]++
			}
			time.Sleep(Tick / 2)
			if n := int(time.Since(began) / (Tick / 2)); n%2 == 0 {
				a, b := e.Tick()
				notices, summaries = append(notices, a...), append(summaries, b...)
			}
		}
		summaries = append(summaries, e.Flush()...)
	})
	return notices, summaries
}

func steady(n int) func(time.Duration) int { return func(time.Duration) int { return n } }

// spiking sends n a half-tick, from begin to end factor times as much.
func spiking(n, factor int, begin, end time.Duration) func(time.Duration) int {
	return func(at time.Duration) int {
		if at >= begin && at < end {
			return n * factor
		}
		return n
	}
}

func loop(i int) (string, uint8) {
	return fmt.Sprintf("loop iteration %d of the reconciler failed to reach a fixed point, trying again", i), 9
}

// A source a hundred times too loud gets its budget and no more; the others do not notice; the weights add up.
func TestSpike(t *testing.T) {
	loud := &source{name: "loud", line: loop, perTick: spiking(20, 100, 10*time.Second, 40*time.Second)} // 32 kB a second, then 3.2 MB
	quiet := &source{name: "quiet", line: loop, perTick: steady(10)}
	notices, _ := simulate(t, testConfig(), time.Minute, loud, quiet)
	assert.Equal(t, quiet.offered, quiet.passed)
	t.Logf("offered %+v passed %+v weight %.0f first cut %s", loud.offered, loud.passed, loud.weight, loud.firstCut)
	// The spike's 30 seconds at 100 kB, the burst's two, and 30 quiet ones at 32 kB.
	assert.InEpsilon(t, 30*100_000+2*100_000+30*32_000, loud.passed.Bytes, 0.15)
	assert.InEpsilon(t, loud.offered.Records, loud.weight, 0.02)
	assert.Less(t, loud.firstCut, 12*time.Second)
	require.Len(t, notices, 2)
	assert.False(t, notices[0].Ended)
	assert.Equal(t, "loud", notices[0].Key)
	assert.Contains(t, notices[0].Template, "loop iteration <*> of the reconciler")
	assert.Less(t, notices[0].At.Sub(notices[0].Began), 2*time.Second)
	assert.True(t, notices[1].Ended)
	assert.InDelta(t, 30, notices[1].At.Sub(notices[1].Began).Seconds(), 7)
}

// Within a spike errors come before what repeats, and each template passes.
func TestWorth(t *testing.T) {
	loud := &source{name: "loud", perTick: spiking(10, 100, 5*time.Second, 30*time.Second), line: func(i int) (string, uint8) {
		switch {
		case i%500 == 7:
			return fmt.Sprintf("ERRO payment %d was refused by the bank with a code that nobody knows", i), 17
		case i%500 == 8:
			return fmt.Sprintf("RARE shard %d moved to another node of the cluster", i), 9
		case i%10 == 0:
			return fmt.Sprintf("SOME request %d took its time", i), 9
		}
		return fmt.Sprintf("LOOP debug state of machine %d is unchanged since the last look at it", i), 5
	}}
	simulate(t, testConfig(), 40*time.Second, loud)
	t.Logf("%+v of %+v: %v", loud.passed, loud.offered, loud.kinds)
	errors := int(loud.offered.Records) / 500
	assert.Greater(t, loud.kinds["ERRO"], errors*9/10)
	assert.Greater(t, loud.kinds["RARE"], errors*9/10)
	assert.Positive(t, loud.kinds["LOOP"])
	assert.InEpsilon(t, loud.offered.Records, loud.weight, 0.03)
}

// The global budget is shared so that those who ask for little get all of it.
func TestGlobal(t *testing.T) {
	cfg := testConfig()
	cfg.Key, cfg.Global = Limit{}, Rate{Bytes: 300_000}
	one := &source{name: "one", line: loop, perTick: steady(1000)}
	two := &source{name: "two", line: loop, perTick: steady(500)}
	quiet := &source{name: "quiet", line: loop, perTick: steady(20)}
	simulate(t, cfg, time.Minute, one, two, quiet)
	assert.Equal(t, quiet.offered, quiet.passed)
	t.Logf("%+v %+v %+v", one.passed, two.passed, quiet.passed)
	assert.InEpsilon(t, one.passed.Bytes, two.passed.Bytes, 0.1)
	assert.InEpsilon(t, 60*300_000, one.passed.Bytes+two.passed.Bytes+quiet.passed.Bytes, 0.2)
}

func TestSummaries(t *testing.T) {
	cfg := testConfig()
	cfg.Summarize, cfg.SummaryInterval = true, 10*time.Second
	loud := &source{name: "loud", line: loop, perTick: spiking(20, 100, 10*time.Second, 40*time.Second)}
	_, summaries := simulate(t, cfg, time.Minute, loud)
	over := Total{}
	for _, s := range summaries {
		over.Bytes += s.Over.Bytes
		over.Records += s.Over.Records
		assert.Contains(t, s.Template, "loop iteration <*>")
		assert.NotEmpty(t, s.FirstText)
	}
	assert.Equal(t, loud.offered, Total{loud.passed.Bytes + over.Bytes, loud.passed.Records + over.Records})
	assert.Less(t, len(summaries), 7)
}

func TestFill(t *testing.T) {
	assert.Equal(t, unlimited, fill([]float64{1, 2}, 3))
	assert.InDelta(t, 1.5, fill([]float64{5, 1, 2}, 4), 1e-9)
	assert.InDelta(t, 0, fill([]float64{5}, -1), 1e-9)
	assert.Equal(t, unlimited, fill(nil, 0))
}

func TestThresholdOf(t *testing.T) {
	for _, share := range []float64{1, 0.9, 0.5, 0.1, 1e-3, 1e-6} {
		got := float64(all-thresholdOf(share)) / float64(all)
		assert.InEpsilon(t, share, got, 0.001)
	}
	assert.EqualValues(t, maxThreshold, thresholdOf(0))
}
