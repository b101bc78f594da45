// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package spike

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const batchSize = 8192

// batchesOf returns batches of some sources, in which each line is one of a service's statements with other numbers.
func batchesOf(sources int, line func(*rand.Rand) (string, uint8)) (names []string, batches [][]Item) {
	rnd := rand.New(rand.NewPCG(5, 6))
	for i := range sources {
		names = append(names, fmt.Sprintf("service-%05d", i))
	}
	for range 16 {
		items := make([]Item, batchSize)
		for i := range items {
			text, severity := line(rnd)
			items[i] = Item{Source: i * sources / batchSize, Bytes: len(text) + 60, Text: text, Severity: severity, Time: int64(i)}
		}
		batches = append(batches, items)
	}
	return names, batches
}

func statement(rnd *rand.Rand) (string, uint8) {
	k := min(rnd.IntN(len(statements)), rnd.IntN(len(statements)))
	return fmt.Sprintf(statements[k], rnd.IntN(1e6), rnd.IntN(100)) + " for request 4bf92f3577b34da6a3ce929d0e0e4736 of tenant 17", []uint8{5, 9, 9, 9, 13, 17}[rnd.IntN(6)]
}

func unique(rnd *rand.Rand) (string, uint8) {
	b := make([]byte, 100)
	for i := range b {
		if b[i] = byte('a' + rnd.IntN(26)); i%8 == 7 {
			b[i] = ' '
		}
	}
	return string(b), 9
}

func benchmarkOffer(b *testing.B, cfg Config, sources int, line func(*rand.Rand) (string, uint8)) {
	e := engineOf(b, cfg)
	names, batches := batchesOf(sources, line)
	last := time.Now()
	over := 0
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		items := batches[n%len(batches)]
		e.Offer(names, items)
		e.Settle(names, items, true)
		if n < 2*len(batches) {
			over = len(items) - passedOf(items)
		}
		if now := time.Now(); now.Sub(last) >= Tick {
			e.Tick()
			last = now
		}
	}
	b.ReportMetric(float64(batchSize)*float64(b.N)/b.Elapsed().Seconds(), "records/s")
	b.ReportMetric(float64(over)/batchSize, "over")
}

func BenchmarkOffer(b *testing.B) {
	within, beyond := byDefault(), byDefault()
	within.Key = Limit{Fixed: Rate{Records: 1e9, Bytes: 1e12}}
	beyond.Key = Limit{Fixed: Rate{Records: 1000, Bytes: 1e6}}
	summarize := beyond
	summarize.Summarize, summarize.SummaryInterval = true, 10*time.Second
	b.Run("within", func(b *testing.B) { benchmarkOffer(b, within, 10, statement) })
	b.Run("within/sources=8192", func(b *testing.B) { benchmarkOffer(b, within, 8192, statement) })
	b.Run("over", func(b *testing.B) { benchmarkOffer(b, beyond, 10, statement) })
	b.Run("over/summarize", func(b *testing.B) { benchmarkOffer(b, summarize, 10, statement) })
	b.Run("over/unique", func(b *testing.B) { benchmarkOffer(b, beyond, 10, unique) })
	b.Run("new sources", func(b *testing.B) {
		e := engineOf(b, byDefault())
		items := repeated(1, 100, 9, "x")
		b.ReportAllocs()
		for n := 0; b.Loop(); n++ {
			e.Offer([]string{fmt.Sprint("pod-", n)}, items)
			if n%100_000 == 0 {
				e.Tick()
			}
		}
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
	})
	one := beyond
	one.Key.Fixed = Rate{Records: 1}
	b.Run("over/sources=8192", func(b *testing.B) { benchmarkOffer(b, one, 8192, statement) })
}

// BenchmarkTick is what a tick costs, which stops all else, with so many sources in a spike.
func BenchmarkTick(b *testing.B) {
	for _, set := range []struct {
		name string
		keys int
		line func(*rand.Rand) (string, uint8)
	}{{"spikes=250/templates=512", 250, unique}, {"spikes=10000", 10_000, statement}} {
		b.Run(set.name, func(b *testing.B) {
			cfg := byDefault()
			cfg.Key = Limit{Fixed: Rate{Records: 1}}
			cfg.Global = Rate{Records: 10_000}
			cfg.MaxKeys = 20_000
			cfg.Summarize, cfg.SummaryInterval = true, time.Hour
			e := engineOf(b, cfg)
			rnd := rand.New(rand.NewPCG(5, 6))
			fill := func(n int) {
				for k := range set.keys {
					items := make([]Item, n)
					for i := range items {
						items[i].Text, items[i].Severity = set.line(rnd)
						items[i].Bytes = len(items[i].Text)
					}
					e.Offer([]string{fmt.Sprint("key", k)}, items)
				}
			}
			fill(min(600, 200_000/set.keys))
			for b.Loop() {
				e.Tick()
				if e.Stats().Spikes == 0 {
					b.Fatal("no spike is left")
				}
				for _, k := range e.awake {
					k.records = 10
					for _, sh := range k.burst.list {
						sh.tick, sh.cost = e.ticks, 1
					}
				}
			}
		})
	}
}

// TestBytesOfKey measures what a key takes that was never in a spike.
func TestBytesOfKey(t *testing.T) {
	for _, n := range []int{10_000, 115_000, 200_000} {
		bytesOfKey(t, n)
	}
}

func bytesOfKey(t *testing.T, n int) {
	t.Helper()
	cfg := byDefault()
	cfg.MaxKeys = n
	e := engineOf(t, cfg)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	items := []Item{{Bytes: 100, Text: "x"}}
	for i := range n {
		e.Offer([]string{fmt.Sprintf("service-%05d", i)}, items)
	}
	e.awake = nil // as they are after ten seconds
	runtime.GC()
	runtime.ReadMemStats(&after)
	bytes := float64(after.HeapAlloc-before.HeapAlloc) / float64(n)
	t.Logf("%.0f bytes a key of %d", bytes, n)
	require.LessOrEqual(t, bytes, 200.0)
	runtime.KeepAlive(e)
}
