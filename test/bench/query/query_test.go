// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package query

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/logboom/logboom/test/bench/internal/rig"
	"github.com/logboom/logboom/test/harness"
)

var (
	flagRecords     = flag.Int("records", 0, "records to load; 0: a small run that only checks that all candidates agree")
	flagRepetitions = flag.Int("repetitions", 7, "times that each candidate is asked each query, in turns, after a first time to warm up")
	flagCold        = flag.Bool("cold", true, "ask each query also of a process that has just started, with the files out of the system's cache")
	flagCandidates  = flag.String("candidates", "", "comma-separated parts of names; empty: all")
	flagQueries     = flag.String("queries", "", "comma-separated parts of names; empty: all")
	flagCache       = flag.String("cache", os.Getenv("LOGBOOM_BENCH_CACHE"), "directory of the encoded input; empty: the user's cache")
	flagKeep        = flag.String("keep", "", "directory that the loaded archive is kept in, and taken from when it is there")
	flagQuery       = flag.String("query", "", "further settings of archive_query's block `query`, as `, key: value`")
	flagLoad        = flag.Duration("load", 20*time.Second, "how long ingest runs alone, and beside the queries")
	flagClients     = flag.Int("clients", 32, "how many ask at a time")
)

const smallRecords = 60_000

// prepare loads the archive and gathers what is known of the data.
func prepare(t *testing.T) (d *facts, archive string, small bool) {
	t.Helper()
	records := *flagRecords
	if small = records == 0; small {
		records = smallRecords
	}
	s := loadStream(t, records, small)
	d, err := gather(s)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Printf("%s\n%s: %d records, %d of them of %s; load average %s\n", rig.Machine(), s.Name, d.records, d.ofGateway, jsonService, rig.LoadAverage())
	top := *flagKeep
	if top == "" || small {
		top = harness.TempDir(t)
	}
	archive = filepath.Join(top, "archive")
	if !rig.Exists(archive) {
		if err := os.MkdirAll(archive, 0o750); err != nil {
			t.Fatal(err)
		}
		rig.Load(t, s, archive, "")
		rig.Compact(t, archive, d.records, "")
	}
	rig.PrintArchive(t, "as it is asked", archive, d.records)
	return d, archive, small
}

// candidate is who is asked.
type candidate interface {
	name() string
	Start() error
	Stop()
	Memory() int64
	PID() int
	// ask reports false for what cannot be asked.
	ask(q *query) (a answer, took time.Duration, ok bool, err error)
}

// row is what was measured of a query and a candidate.
type row struct{ first, wall, cpu []time.Duration }

// TestQuery asks, compares the answers with the reference, and prints the table.
func TestQuery(t *testing.T) {
	d, archive, small := prepare(t)
	repetitions := *flagRepetitions
	if small {
		repetitions = 1
	}
	list := slices.DeleteFunc(queries(d), func(q *query) bool { return !wanted(*flagQueries, q.name) })
	// Without the cache of results, which would answer all but the first of each metric query over a range; and with it.
	server := func(cache string) *rig.Served {
		return rig.NewServed(t, "{url: 'file://"+archive+"'}", ", query: {"+cache+*flagQuery+"}")
	}
	candidates := []candidate{&served{server("result_cache_mib: 0")}, &cached{served{server("result_cache_mib: 64")}}}
	if rig.Exists(filepath.Join(harness.Root(), "test", "duckdb", "node_modules")) {
		candidates = append(candidates, &duckdb{rig.NewDuckDB(t, archive)})
	} else {
		fmt.Println("DuckDB is not installed (`make test-deps`): without it")
	}
	candidates = slices.DeleteFunc(candidates, func(c candidate) bool { return !wanted(*flagCandidates, c.name()) })
	table := map[[2]string]*row{}
	for _, c := range candidates {
		for _, q := range list {
			table[[2]string{c.name(), q.name}] = &row{}
		}
	}
	ask := func(c candidate, q *query) (time.Duration, bool) {
		got, took, ok, err := c.ask(q)
		if err != nil {
			t.Errorf("%s: %s: %v", c.name(), q.name, err)
			return 0, false
		}
		if ok && q.checked() && !got.equal(q.want) {
			t.Errorf("%s: %s: the answer is %s, want %s", c.name(), q.name, got, q.want)
		}
		return took, ok
	}
	if *flagCold && !small { // the first of a process with the files out of the system's cache
		for _, c := range candidates {
			for _, q := range list {
				if err := rig.DropPages(archive); err != nil {
					t.Fatal(err)
				}
				if err := c.Start(); err != nil {
					t.Fatal(err)
				}
				if took, ok := ask(c, q); ok {
					table[[2]string{c.name(), q.name}].first = []time.Duration{took}
				}
				c.Stop()
			}
		}
	}
	for _, c := range candidates {
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		defer c.Stop()
	}
	for _, q := range list {
		for n := range repetitions + 1 {
			for _, c := range candidates {
				before := rig.ProcessorTime(c.PID())
				if took, ok := ask(c, q); ok && n > 0 {
					r := table[[2]string{c.name(), q.name}]
					r.wall, r.cpu = append(r.wall, took), append(r.cpu, rig.ProcessorTime(c.PID())-before)
				}
			}
		}
	}
	report(d, list, candidates, table)
}

func wanted(flag, name string) bool {
	return flag == "" || slices.ContainsFunc(strings.Split(flag, ","), func(part string) bool { return strings.Contains(name, part) })
}

// report prints a line a query: the median (the least) / that of a new process; the processor time; for some, the rate.
func report(d *facts, list []*query, candidates []candidate, table map[[2]string]*row) {
	fmt.Println("\nMilliseconds: median (least) / first of a new process with the files out of the system's cache; processor time, median.")
	head := "| query | bar |"
	for _, c := range candidates {
		head += " " + c.name() + " | processor |"
	}
	fmt.Println(head + " records/s and core |")
	fmt.Println(strings.Repeat("| --- ", strings.Count(head, "|")) + "|")
	for _, q := range list {
		bar := "-"
		if q.bar > 0 {
			bar = rig.Milliseconds(q.bar)
		}
		line := fmt.Sprintf("| %s | %s |", q.name, bar)
		rates := ""
		for _, c := range candidates {
			r := table[[2]string{c.name(), q.name}]
			if len(r.wall) == 0 {
				line += " - | - |"
				continue
			}
			line += fmt.Sprintf(" %s (%s)", rig.Milliseconds(rig.Median(r.wall)), rig.Milliseconds(slices.Min(r.wall)))
			if len(r.first) > 0 {
				line += " / " + rig.Milliseconds(r.first[0])
			}
			line += " | " + rig.Milliseconds(rig.Median(r.cpu)) + " |"
			if q.rate {
				rates += fmt.Sprintf("%s %.2f M ", c.name(), float64(d.ofGateway)/rig.Median(r.cpu).Seconds()/1e6)
			}
		}
		fmt.Println(line + " " + rates + "|")
	}
	for _, c := range candidates {
		fmt.Printf("%s: peak resident memory of all these queries %d MiB\n", c.name(), c.Memory()>>20)
	}
}
