// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package spike

import (
	"fmt"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/logboom/logboom/internal/spike"
)

const (
	bytesPerKey   = 200 // that a key may take
	templateBytes = 64 << 20
)

// TestKeys offers a million different keys, a few records each: to an engine that has room for all of them, which shows what one takes, and
// to one with the room it has by default, which shows that no more is taken. It looks at the memory when the keys have fallen silent.
func TestKeys(t *testing.T) {
	oneCore(t)
	count := 100_000
	if *flagTime > 0 {
		count = 1_000_000
	}
	fmt.Fprintf(os.Stdout, "\n| %d keys offered | kept | memory | bytes a key | reserved for templates | longest tick |\n| --- | ---: | ---: | ---: | ---: | ---: |\n", count)
	learned := &spike.Learned{Headroom: 3, Floor: spike.Rate{Bytes: 100_000, Records: 200}, Rise: 10 * time.Minute, Fall: 6 * time.Hour, Learn: 10 * time.Minute}
	for _, c := range []struct {
		name string
		room int
		each int // records of a key; of 70 the template of one is looked at
	}{
		{"room for all", count, 1},
		{"room for 10,000", 10_000, 1},
		{"room for 10,000, 70 records each", 10_000, 70},
	} {
		t.Run(c.name, func(t *testing.T) {
			e, err := spike.New(spike.Config{
				Key: spike.Limit{Learned: learned}, Burst: 2 * time.Second, Calm: 10 * time.Second, NewShare: 0.1, MaxKeys: c.room,
				MaxTemplateBytes: templateBytes,
			})
			require.NoError(t, err)
			runtime.GC()
			before := memory().HeapAlloc
			var longest time.Duration
			names, items := make([]string, 64), make([]spike.Item, 64*c.each)
			for i := range items {
				items[i] = spike.Item{Source: i / c.each, Bytes: 100, Text: "request answered with status 200", Severity: 9}
			}
			for n := 0; n < count; {
				for i := range names {
					names[i] = fmt.Sprintf("checkout-%07d", n) // 16 bytes
					n++
				}
				e.Offer(names, items)
				if n%(count/10) < len(names) {
					began := cpuTime()
					e.Tick()
					longest = max(longest, cpuTime()-began)
				}
			}
			clear(names)
			if *flagTime > 0 { // until they are quiet
				for range 120 {
					time.Sleep(30 * time.Millisecond)
					e.Tick()
				}
			}
			runtime.GC()
			held := int64(memory().HeapAlloc) - int64(before) //nolint:gosec // far less
			s := e.Stats()
			each := float64(held) / float64(s.Keys)
			fmt.Fprintf(os.Stdout, "| %s | %d | %.1f MiB | %.0f | %.1f MiB | %s |\n", c.name, s.Keys, float64(held)/(1<<20), each, float64(s.TemplateBytes)/(1<<20), longest.Round(10*time.Microsecond))
			require.LessOrEqual(t, s.Keys, int64(c.room))
			require.LessOrEqual(t, s.TemplateBytes, int64(templateBytes))
			require.LessOrEqual(t, held, int64(c.room)*300+templateBytes+1<<20, "memory in all")
			if c.each == 1 && c.room == 10_000 && *flagTime > 0 { // beyond, the tables' steps of growth count
				require.LessOrEqual(t, each, 1.05*bytesPerKey, "bytes a key, and what else the process has kept")
			}
			runtime.KeepAlive(e)
		})
	}
}
