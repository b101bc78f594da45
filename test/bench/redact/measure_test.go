// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redact

import (
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

// candidate is one way of looking through one set of lines.
type candidate struct {
	lines, name string
	// pass looks through all lines once and returns in how many of them it saw something.
	pass func() int
	// prepare makes what a pass takes; it is not counted.
	prepare func()
	records int
	bytes   int

	ns     []float64 // a record, one a repetition
	allocs float64   // a record
	seen   int       // records, of one pass
}

// cpuTime is what the process has spent so far: unlike the clock it does not count what others do on the machine.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// collect clears the memory, so that nobody pays for what others left; where nothing is measured that is time lost.
func collect() {
	if *flagTime > 0 {
		runtime.GC()
	}
}

// measure makes whole passes until they have taken d.
func (c *candidate) measure(d time.Duration) {
	var busy time.Duration
	var mallocs uint64
	passes := 0
	for busy < d || passes == 0 {
		if c.prepare != nil {
			c.prepare()
		}
		if passes == 0 || c.prepare != nil {
			collect()
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		start := cpuTime()
		c.seen = c.pass()
		busy += cpuTime() - start
		runtime.ReadMemStats(&after)
		mallocs += after.Mallocs - before.Mallocs
		passes++
	}
	c.ns = append(c.ns, float64(busy.Nanoseconds())/float64(passes*c.records))
	c.allocs = float64(mallocs) / float64(passes*c.records)
}

// median is the time a record takes, in nanoseconds.
func (c *candidate) median() float64 {
	v := slices.Sorted(slices.Values(c.ns))
	if n := len(v); n%2 == 0 {
		return (v[n/2-1] + v[n/2]) / 2
	}
	return v[len(v)/2]
}

// megabytes is how many million bytes are looked through in a second.
func (c *candidate) megabytes() float64 {
	return float64(c.bytes) / float64(c.records) / c.median() * 1e3
}

// measureAll measures the candidates in turns, once to warm up.
func measureAll(list []*candidate, repetitions int, d time.Duration) {
	for _, c := range list {
		c.measure(0)
		c.ns = nil
	}
	for range repetitions {
		for _, c := range list {
			c.measure(d)
		}
	}
}

// human writes records a second.
func human(rate float64) string {
	switch {
	case rate >= 1e6:
		return fmt.Sprintf("%.2f M", rate/1e6)
	case rate >= 1e4:
		return fmt.Sprintf("%.0f k", rate/1e3)
	}
	return fmt.Sprintf("%.1f k", rate/1e3)
}

// rate writes megabytes a second.
func rate(v float64) string {
	if v < 10 {
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.0f", v)
}

// table prints a row a candidate; the last column is how much slower than the first of the same lines it is.
func table(t *testing.T, list []*candidate) {
	t.Helper()
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 1, ' ', 0)
	head := []string{"| lines", "", "MB/s", "records/s", "ns a record", "allocations a record", "records with a finding", "times as long"}
	fmt.Fprintln(w, strings.Join(head, "\t| ")+"\t|")
	fmt.Fprintln(w, "| ---\t| ---"+strings.Repeat("\t| ---:", len(head)-2)+"\t|")
	var first *candidate
	for _, c := range list {
		if first == nil || first.lines != c.lines {
			first = c
		}
		fmt.Fprintf(w, "| %s\t| %s\t| %s\t| %s\t| %.0f\t| %.2f\t| %d of %d\t| %.1f\t|\n", c.lines, c.name, rate(c.megabytes()), human(1e9/c.median()), c.median(),
			c.allocs, c.seen, c.records, c.median()/first.median())
	}
	w.Flush()
}
