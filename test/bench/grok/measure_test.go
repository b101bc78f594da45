// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grok

import (
	"fmt"
	"io"
	"math"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"
)

// candidate is one engine on one kind of line.
type candidate struct {
	name  string
	run   func(line string, sum *outcome)
	lines []string

	perLine []float64 // nanoseconds, one a repetition
	allocs  float64   // a line
	outcome outcome   // of one pass over the lines
	bytes   int       // a pass
}

// pass runs over all lines once.
func (c *candidate) pass() outcome {
	var sum outcome
	for _, line := range c.lines {
		c.run(line, &sum)
	}
	return sum
}

// warm runs over the lines, so that what is built as it goes is built, and notes what came of them.
func (c *candidate) warm() {
	for _, l := range c.lines {
		c.bytes += len(l)
	}
	c.outcome = c.pass()
}

// cpuTime is what the process has spent so far: unlike the clock it does not count what others do on the machine.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// measure goes over the lines for about d, in whole passes, or in as much of one as fits.
func (c *candidate) measure(d time.Duration) {
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	var sum outcome
	lines, start, begin := 0, cpuTime(), time.Now()
	for time.Since(begin) < d {
		for range 50 {
			c.run(c.lines[lines%len(c.lines)], &sum)
			lines++
		}
	}
	ns := float64((cpuTime() - start).Nanoseconds()) / float64(lines)
	runtime.ReadMemStats(&after)
	c.perLine = append(c.perLine, ns)
	c.allocs = float64(after.Mallocs-before.Mallocs) / float64(lines)
}

// ns is the median over the repetitions.
func (c *candidate) ns() float64 {
	v := slices.Sorted(slices.Values(c.perLine))
	if n := len(v); n%2 == 0 {
		return (v[n/2-1] + v[n/2]) / 2
	}
	return v[len(v)/2]
}

func (c *candidate) rate() float64 { return 1e9 / c.ns() }

// group is what is compared with each other: the first with the rest.
type group struct {
	name       string
	candidates []*candidate
}

// measureAll measures the candidates in turns.
func measureAll(groups []*group, repetitions int, d time.Duration) {
	for _, g := range groups {
		for _, c := range g.candidates {
			c.warm()
		}
	}
	for range repetitions {
		for _, g := range groups {
			for _, c := range g.candidates {
				c.measure(d)
			}
		}
	}
}

// human writes lines a second.
func human(rate float64) string {
	switch {
	case rate >= 1e6:
		return fmt.Sprintf("%.2f M", rate/1e6)
	case rate >= 1e4:
		return fmt.Sprintf("%.0f k", rate/1e3)
	}
	return fmt.Sprintf("%.1f k", rate/1e3)
}

// table prints one row a group, with the columns of the engines in order, and how much faster the first is.
func table(w io.Writer, groups []*group, unit string, engines ...string) {
	t := tabwriter.NewWriter(w, 0, 0, 1, ' ', 0)
	head := []string{"| lines", "bytes", "matched"}
	for i, e := range engines {
		head = append(head, e+" "+unit+"/s")
		if i == 0 {
			head = append(head, "MB/s", "ns", "allocs")
		} else {
			head = append(head, "ratio")
		}
	}
	fmt.Fprintln(t, strings.Join(head, "\t| ")+"\t|")
	fmt.Fprintln(t, "|"+strings.Repeat(" ---\t|", len(head)))
	for _, g := range groups {
		row := []string{"| " + g.name}
		own := g.candidates[0]
		row = append(row, fmt.Sprint(own.bytes/len(own.lines)), fmt.Sprintf("%.0f %%", 100*float64(own.outcome.matched)/float64(len(own.lines))))
		for _, e := range engines {
			i := slices.IndexFunc(g.candidates, func(c *candidate) bool { return c.name == e })
			if i < 0 {
				row = append(row, "", "")
				continue
			}
			c := g.candidates[i]
			row = append(row, human(c.rate()))
			if c == own {
				row = append(row, fmt.Sprintf("%.0f", float64(c.bytes)/float64(len(c.lines))/c.ns()*1e3), fmt.Sprintf("%.0f", c.ns()), fmt.Sprintf("%.2f", c.allocs))
			} else {
				row = append(row, fmt.Sprintf("%.1f", c.ns()/own.ns()))
			}
		}
		fmt.Fprintln(t, strings.Join(row, "\t| ")+"\t|")
	}
	t.Flush()
}

// mean returns the geometric mean of how much faster the first candidate is than the engine, over the groups that have both.
func mean(groups []*group, engine string) (ratio float64, n int) {
	sum := 0.0
	for _, g := range groups {
		for _, c := range g.candidates[1:] {
			if c.name == engine {
				sum += math.Log(c.ns() / g.candidates[0].ns())
				n++
			}
		}
	}
	return math.Exp(sum / float64(max(n, 1))), n
}
