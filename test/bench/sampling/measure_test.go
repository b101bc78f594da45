// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package sampling

import (
	"cmp"
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

// cpuTime is what the process has spent so far: unlike the clock it does not count what others do on the machine.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func mallocs() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.Mallocs
}

// meter counts what is spent while it runs.
type meter struct {
	cpu     time.Duration
	mallocs uint64
	from    time.Duration
	fromM   uint64
}

func (m *meter) start() { m.fromM, m.from = mallocs(), cpuTime() }

func (m *meter) stop() {
	m.cpu += cpuTime() - m.from
	m.mallocs += mallocs() - m.fromM
}

// candidate is one way to sample, and what its rounds took.
type candidate struct {
	name  string
	round func() round

	rounds []round
}

// round is one time all records from the first to the last decision.
type round struct {
	bytes    float64 // a record, as OTLP
	ns       float64 // a record
	allocs   float64 // a record
	resident int64   // what all requests in flight have added to the memory of the process, in bytes
}

// median is the round in the middle.
func (c *candidate) median() round {
	sorted := slices.SortedFunc(slices.Values(c.rounds), func(a, b round) int { return cmp.Compare(a.ns, b.ns) })
	return sorted[len(sorted)/2]
}

// measureAll measures the candidates in turns.
func measureAll(list []*candidate, repetitions int) {
	for range repetitions {
		for _, c := range list {
			c.rounds = append(c.rounds, c.round())
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

// table prints a row a candidate; the last column is how much longer than the first it takes.
func table(t *testing.T, what string, requests int, list []*candidate) {
	t.Helper()
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 1, ' ', 0)
	head := []string{fmt.Sprintf("| %s, %d requests in flight", what, requests), "bytes each", "per second", "ns each", "slowest and fastest round", "allocations each", "memory of all in flight", "times as long"}
	fmt.Fprintln(w, strings.Join(head, "\t| ")+"\t|")
	fmt.Fprintln(w, "| ---"+strings.Repeat("\t| ---:", len(head)-1)+"\t|")
	for _, c := range list {
		m := c.median()
		slowest, fastest := m.ns, m.ns
		for _, r := range c.rounds {
			slowest, fastest = max(slowest, r.ns), min(fastest, r.ns)
		}
		fmt.Fprintf(w, "| %s\t| %.0f\t| %s\t| %.0f\t| %.0f, %.0f\t| %.2f\t| %.0f MiB\t| %.1f\t|\n",
			c.name, m.bytes, human(1e9/m.ns), m.ns, slowest, fastest, m.allocs, float64(m.resident)/(1<<20), m.ns/list[0].median().ns)
	}
	w.Flush()
}
