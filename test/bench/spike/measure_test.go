// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package spike

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"text/tabwriter"
	"time"
)

var (
	flagTime        = flag.Duration("time", 0, "processor time that a candidate takes at least in each repetition; 0: a small run that checks the results")
	flagRepetitions = flag.Int("repetitions", 5, "repetitions of each candidate, in turns")
)

// oneCore leaves the process one, as the figures say, and returns how long and how often to measure.
func oneCore(t *testing.T) (least time.Duration, repetitions int) {
	t.Helper()
	n := runtime.GOMAXPROCS(1)
	t.Cleanup(func() { runtime.GOMAXPROCS(n) })
	if *flagTime == 0 {
		return time.Millisecond, 1
	}
	return *flagTime, *flagRepetitions
}

// cpuTime is what the process has spent so far: unlike the clock it does not count what others do on the machine.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func memory() (m runtime.MemStats) {
	runtime.ReadMemStats(&m)
	return m
}

// candidate is one way to take records.
type candidate struct {
	name string
	bar  float64 // records a second that are asked for; 0 if nothing is
	// begin prepares a repetition; what it returns makes some batches and returns how to feed them, and how many records they have.
	begin func() (prepare func() (feed func(), records int), end func())

	rounds []round
}

// round is what a record took.
type round struct{ ns, allocs float64 }

func (c *candidate) measure(least time.Duration) {
	prepare, end := c.begin()
	defer end()
	const warm = 2 // batches are prepared and fed before anything counts
	var spent time.Duration
	records, count := 0, uint64(0)
	for i := 0; spent < least || i <= warm; i++ {
		feed, n := prepare()
		before, from := memory().Mallocs, cpuTime()
		feed()
		took := cpuTime() - from
		if i >= warm {
			spent, records, count = spent+took, records+n, count+memory().Mallocs-before
		}
	}
	c.rounds = append(c.rounds, round{float64(spent.Nanoseconds()) / float64(records), float64(count) / float64(records)})
}

// median is the round in the middle.
func (c *candidate) median() round {
	sorted := slices.SortedFunc(slices.Values(c.rounds), func(a, b round) int { return cmp.Compare(a.ns, b.ns) })
	return sorted[len(sorted)/2]
}

// measureAll measures the candidates in turns and prints a row for each.
func measureAll(t *testing.T, what string, list []*candidate) {
	t.Helper()
	least, repetitions := oneCore(t)
	for range repetitions {
		for _, c := range list {
			c.measure(least)
		}
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 1, ' ', 0)
	head := []string{"| " + what, "per second", "ns each", "slowest and fastest repetition", "allocations each", "asked for"}
	fmt.Fprintln(w, "\n"+strings.Join(head, "\t| ")+"\t|")
	fmt.Fprintln(w, "| ---"+strings.Repeat("\t| ---:", len(head)-1)+"\t|")
	for _, c := range list {
		m := c.median()
		slowest, fastest := m.ns, m.ns
		for _, r := range c.rounds {
			slowest, fastest = max(slowest, r.ns), min(fastest, r.ns)
		}
		bar := ""
		if c.bar > 0 {
			bar = human(c.bar)
		}
		fmt.Fprintf(w, "| %s\t| %s\t| %.0f\t| %.0f, %.0f\t| %.3f\t| %s\t|\n", c.name, human(1e9/m.ns), m.ns, slowest, fastest, m.allocs, bar)
	}
	w.Flush()
	if *flagTime == 0 { // a small run shares its processor
		return
	}
	for _, c := range list {
		if got := 1e9 / c.median().ns; got < c.bar {
			t.Errorf("%s: %s a second, asked for: %s", c.name, human(got), human(c.bar))
		}
	}
}

// human writes records a second.
func human(rate float64) string {
	if rate >= 1e6 {
		return fmt.Sprintf("%.2f M", rate/1e6)
	}
	return fmt.Sprintf("%.0f k", rate/1e3)
}
