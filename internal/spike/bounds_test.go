// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package spike

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A debt is paid back while a source is silent, however long it is.
func TestDebtOfASilentSource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := testConfig()
		cfg.Key.Fixed = Rate{Records: 10}
		e := engineOf(t, cfg)
		require.True(t, e.Admit("k", repeated(600, 100, 9, "loop"))) // a minute's
		for range 900 {
			time.Sleep(Tick)
			e.Tick()
		}
		assert.True(t, e.Admit("k", repeated(1, 100, 9, "loop")))
	})
}

// Thousands of sources that begin a spike at once do not make one flood of notices.
func TestNoticesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := testConfig()
		cfg.Key.Fixed, cfg.MaxKeys = Rate{Records: 10}, 5000
		e := engineOf(t, cfg)
		began, ended, most := 0, 0, 0
		for i := range 500 {
			time.Sleep(Tick)
			if i < 100 {
				for k := range 2000 {
					e.Offer([]string{fmt.Sprint("key", k)}, repeated(5, 100, 9, "loop"))
				}
			}
			notices, _ := e.Tick()
			most = max(most, len(notices))
			for _, n := range notices {
				if n.Ended {
					ended++
				} else {
					began++
				}
			}
		}
		assert.LessOrEqual(t, most, 100)
		assert.Equal(t, 2000, began)
		assert.Equal(t, 2000, ended)
	})
}

// A name is cut between two characters.
func TestLongNames(t *testing.T) {
	e := engineOf(t, testConfig())
	name := strings.Repeat("é", 1000)
	e.Offer([]string{"x" + name}, repeated(1, 1, 0, ""))
	for name := range e.keys {
		assert.True(t, utf8.ValidString(name))
		assert.LessOrEqual(t, len(name), MaxNameBytes)
	}
	assert.False(t, utf8.ValidString(cutName(strings.Repeat("\xff", 1000))), "what is no text at all is cut anywhere")
}

// Templates take what they take, of quiet sources, and never more than they may.
func TestMemoryOfTemplates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := testConfig()
		cfg.Key.Fixed, cfg.MaxTemplateBytes, cfg.Calm = Rate{Records: 1000}, 4<<20, 2*time.Second
		e := engineOf(t, cfg)
		rnd := rand.New(rand.NewPCG(1, 2))
		held := func() (sum int64) {
			for _, k := range e.list {
				if k.miner != nil {
					if sum += int64(k.miner.Bytes()); k.burst != nil {
						require.EqualValues(t, minerBytes, k.held)
					}
				}
			}
			return sum
		}
		mined := 0
		for i := range 120 {
			for key := range 200 {
				n := 70
				if i >= 40 && i < 60 && key%10 == 3 {
					n = 1000 // twenty spikes; there is memory for sixteen
				}
				items := repeated(n, 100, 9, "")
				for j := range items {
					items[j].Text, items[j].Severity = statement(rnd)
				}
				e.Offer([]string{fmt.Sprint("key", key)}, items)
			}
			time.Sleep(Tick)
			e.Tick()
			require.LessOrEqual(t, e.Stats().TemplateBytes, cfg.MaxTemplateBytes)
			require.LessOrEqual(t, held(), e.Stats().TemplateBytes)
			if i == 39 {
				for _, k := range e.list {
					if k.miner != nil {
						mined++
					}
				}
			}
		}
		assert.Equal(t, 200, mined, "quiet sources whose templates are known")
		assert.Zero(t, e.Stats().Spikes)
	})
}

func FuzzRestore(f *testing.F) {
	cfg := byDefault()
	cfg.MaxKeys = 100
	e := engineOf(f, cfg)
	e.restored = map[string]baseline{"a": {1, 2, 3}, "": {0, 0, 1e6}, strings.Repeat("x", MaxNameBytes): {1e30, 1e-30, 1}}
	good := e.AppendSnapshot(nil)
	f.Add(good)
	f.Add(good[:len(good)-1])
	f.Add([]byte{snapshotVersion, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01})
	f.Fuzz(func(t *testing.T, data []byte) {
		e := engineOf(t, cfg)
		if err := e.Restore(data); err != nil {
			assert.Empty(t, e.restored)
			return
		}
		require.LessOrEqual(t, len(e.restored), cfg.MaxKeys)
		again := engineOf(t, cfg)
		require.NoError(t, again.Restore(e.AppendSnapshot(nil)))
		assert.Equal(t, e.restored, again.restored)
		for name := range e.restored {
			again.Offer([]string{name}, repeated(10, 100, 9, "x"))
		}
		again.Tick()
	})
}

// A batch that was taken long after its spike makes one summary of each template.
func TestLateSettle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := testConfig()
		cfg.Key.Fixed, cfg.Summarize, cfg.SummaryInterval = Rate{Records: 10}, true, time.Second
		e := engineOf(t, cfg)
		items := repeated(10_000, 100, 9, "loop")
		e.Offer([]string{"k"}, items)
		for range 200 {
			time.Sleep(Tick)
			e.Tick()
		}
		require.Zero(t, e.Stats().Spikes)
		e.Settle([]string{"k"}, items, true)
		_, s := e.Tick()
		s = append(s, e.Flush()...)
		require.Len(t, s, 1)
		assert.EqualValues(t, len(items)-passedOf(items), s[0].Over.Records)
		assert.Zero(t, e.texts)
	})
}

// The texts of summaries are bounded however many there are; none is missing in the counts.
func TestTextsOfSummaries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := testConfig()
		cfg.Key.Fixed, cfg.Summarize, cfg.SummaryInterval, cfg.MaxTemplateBytes = Rate{Records: 1}, true, 5*time.Second, 2<<20
		e := engineOf(t, cfg)
		rnd := rand.New(rand.NewPCG(1, 2))
		over, told, most := 0, 0, int64(0)
		for range 70 {
			for k := range 20 {
				items := make([]Item, 80)
				for i := range items {
					text, _ := unique(rnd)
					items[i] = Item{Bytes: 1000, Text: strings.Repeat(text, 10), Time: 1}
				}
				names := []string{fmt.Sprint("key", k)}
				e.Offer(names, items)
				e.Settle(names, items, true)
				over += len(items) - passedOf(items)
				most = max(most, e.texts)
			}
			time.Sleep(Tick)
			_, s := e.Tick()
			for i := range s {
				told += int(s[i].Over.Records)
			}
		}
		for _, s := range e.Flush() {
			told += int(s.Over.Records)
		}
		assert.Equal(t, over, told)
		assert.Positive(t, most)
		assert.LessOrEqual(t, most, cfg.MaxTemplateBytes/4)
		assert.Zero(t, e.texts)
	})
}

func TestConcurrent(t *testing.T) {
	cfg := byDefault()
	cfg.Key = Limit{Fixed: Rate{Records: 1000}}
	cfg.Global, cfg.MaxKeys, cfg.Summarize, cfg.SummaryInterval = Rate{Records: 5000}, 50, true, 10*time.Millisecond
	e := engineOf(t, cfg)
	var mu sync.Mutex
	var offered, accounted int64
	var wait sync.WaitGroup
	count := func(list []Summary) {
		mu.Lock()
		defer mu.Unlock()
		for i := range list {
			accounted += list[i].Over.Records
		}
	}
	stop := make(chan struct{})
	var ticking sync.WaitGroup
	ticking.Go(func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(time.Millisecond):
				_, s := e.Tick()
				count(s)
				e.Stats()
				e.AppendSnapshot(nil)
			}
		}
	})
	for g := range 4 {
		wait.Go(func() {
			rnd := rand.New(rand.NewPCG(1, uint64(g)))
			for i := range 200 {
				names := []string{fmt.Sprint("key", rnd.IntN(5)), fmt.Sprint("key", rnd.IntN(200))}
				items := make([]Item, 100)
				for j := range items {
					items[j].Source, items[j].Bytes = rnd.IntN(2), 100
					items[j].Text, items[j].Severity = statement(rnd)
				}
				if i%20 == 0 {
					e.Admit(names[0], items)
					continue
				}
				e.Offer(names, items)
				took := i%7 != 0
				e.Settle(names, items, took)
				e.Charge(names[0], 100)
				if took {
					mu.Lock()
					offered += int64(len(items))
					accounted += int64(passedOf(items))
					mu.Unlock()
				}
			}
		})
	}
	wait.Wait()
	close(stop)
	ticking.Wait()
	count(e.Flush())
	assert.Equal(t, offered, accounted)
}
