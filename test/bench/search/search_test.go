// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package search

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime/pprof"
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
	flagCold        = flag.Int("cold", 1, "times that each query is asked of a process that has just started, with the files out of the system's cache")
	flagCandidates  = flag.String("candidates", "", "comma-separated parts of names; empty: all")
	flagQueries     = flag.String("queries", "", "comma-separated parts of names; empty: all")
	flagCache       = flag.String("cache", os.Getenv("LOGBOOM_BENCH_CACHE"), "directory of the encoded input; empty: the user's cache")
	flagOwnData     = flag.Bool("own-data", false, "use the benchmark's own generator even where loggen is there")
	flagKeep        = flag.String("keep", "", "directory that the loaded data is kept in, and taken from when it is there")
	flagExporter    = flag.String("exporter", "", "further settings of object_storage, as `, key: value`")
	flagQuery       = flag.String("query", "", "further settings of archive_query, as `, key: value`")
	flagCompactor   = flag.String("compactor", "", "further settings of archive_compactor, as `, key: value`")
	flagCompact     = flag.Bool("compact", true, "compact the archive before it is asked")
	flagProfile     = flag.String("profile", "", "directory for CPU profiles of the Go reader, two seconds of each query")
	flagStats       = flag.Bool("stats", false, "print what the Go reader says of its last scan of each query")
	flagVictoria    = flag.String("victorialogs", os.Getenv("LOGBOOM_VICTORIALOGS"), "program of VictoriaLogs; empty: without it")
)

// smallRecords is what is loaded without flags.
const smallRecords = 60_000

// TestSearch loads the candidates, asks them, compares the answers with the reference, and prints the tables.
func TestSearch(t *testing.T) {
	records, repetitions := *flagRecords, *flagRepetitions
	if records == 0 {
		records, repetitions, *flagCold, *flagOwnData = smallRecords, 1, 0, true
	}
	s := rig.LoadStream(t, records, *flagCache, *flagOwnData)
	n, err := choose(s)
	if err != nil {
		t.Fatal(err)
	}
	list := slices.DeleteFunc(queries(n), func(q *query) bool { return !wanted(*flagQueries, q.name) })
	want, err := reference(s, list)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Printf("%s\n%s: %d records; %d repetitions, warm; load average %s\n", rig.Machine(), s.Name, n.records, repetitions, rig.LoadAverage())
	top := *flagKeep
	if top == "" {
		top = harness.TempDir(t)
	}
	b := &bench{queries: list, want: want}
	defer b.stop()
	archiveDir, victoriaDir := filepath.Join(top, "archive"), filepath.Join(top, "victorialogs")
	loadArchive(t, s, n, archiveDir)
	server := rig.NewServed(t, "{url: 'file://"+archiveDir+"'}", *flagQuery)
	server.Archive = archiveDir
	b.add(served{server})
	b.add(&library{archive: archiveDir})
	if rig.Exists(filepath.Join(harness.Root(), "test", "duckdb", "node_modules")) {
		b.add(duckdb{rig.NewDuckDB(t, archiveDir)})
	} else {
		fmt.Println("DuckDB is not installed (`make test-deps`): without it")
	}
	if *flagVictoria != "" && rig.Exists(*flagVictoria) {
		server := &victoriaServer{t: t, path: *flagVictoria, data: victoriaDir}
		loadVictoria(t, s, n, server)
		b.add(&victoria{server, false})
		b.add(&victoria{server, true})
	} else {
		fmt.Println("VictoriaLogs is not built (`make bin/victoria-logs`): without it")
	}
	b.cold(t, *flagCold)
	b.warm(t, repetitions)
	fmt.Println()
	b.report(os.Stdout)
}

func wanted(flag, name string) bool {
	if flag == "" {
		return true
	}
	return slices.ContainsFunc(strings.Split(flag, ","), func(part string) bool { return strings.Contains(name, part) })
}

// loadArchive fills the archive's directory, compacts it, and says what that took.
func loadArchive(t *testing.T, s *rig.Stream, n *needles, dir string) {
	if !rig.Exists(dir) {
		if err := os.MkdirAll(dir, 0o750); err != nil {
			t.Fatal(err)
		}
		took := rig.Load(t, s, dir, *flagExporter)
		fmt.Printf("Logboom, loaded by object_storage: %.0f krecords a CPU-s, %.0f krecords/s\n", rig.PerSecond(n.records, took.CPU), rig.PerSecond(n.records, took.Wall))
		rig.PrintArchive(t, "as flushed", dir, n.records)
		if *flagCompact {
			rig.Compact(t, dir, n.records, *flagCompactor)
		}
	}
	rig.PrintArchive(t, "as it is asked", dir, n.records)
}

func loadVictoria(t *testing.T, s *rig.Stream, n *needles, server *victoriaServer) {
	dir := server.data
	if !rig.Exists(dir) {
		if err := os.MkdirAll(dir, 0o750); err != nil {
			t.Fatal(err)
		}
		took := server.load(t, s)
		fmt.Printf("VictoriaLogs, loaded: %.0f krecords a CPU-s, %.0f krecords/s (merges included)\n", rig.PerSecond(n.records, took.CPU), rig.PerSecond(n.records, took.Wall))
	}
	all, files, err := rig.TreeSize(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	blooms, _, err := rig.TreeSize(dir, func(name string) bool { return strings.Contains(name, "bloom") })
	if err != nil {
		t.Fatal(err)
	}
	fmt.Printf("VictoriaLogs: %.2f B a record, of these %.2f Bloom filters; %d files\n", rig.Per(all, n.records), rig.Per(blooms, n.records), files)
}

// bench is the candidates and what was measured of them.
type bench struct {
	queries    []*query
	want       []answer
	candidates []candidate
	took       map[string][]time.Duration // by candidate and query
	cpu        map[string][]time.Duration
	first      map[string][]time.Duration
	wrong      map[string]bool
	memory     map[string]int64
}

func (b *bench) add(c candidate) {
	if wanted(*flagCandidates, c.name()) {
		b.candidates = append(b.candidates, c)
	}
}

func (b *bench) stop() {
	for _, c := range b.candidates {
		c.stop()
	}
}

func key(c candidate, q *query) string { return c.name() + "\x00" + q.name }

// ask asks and checks the answer.
func (b *bench) ask(t *testing.T, c candidate, i int) (time.Duration, bool) {
	q := b.queries[i]
	got, took, err := c.ask(q)
	if err != nil {
		t.Errorf("%s: %s: %v", c.name(), q.name, err)
		return 0, false
	}
	if !got.equal(b.want[i]) {
		if v, ok := c.(*victoria); ok && v.words {
			b.wrong[key(c, q)] = true // a filter for words is not what was asked; the table says so
			return took, true
		}
		t.Errorf("%s: %s: the answer is %+v, want %+v", c.name(), q.name, got, b.want[i])
		b.wrong[key(c, q)] = true
	}
	return took, true
}

// cold asks each query of a candidate that has just started.
func (b *bench) cold(t *testing.T, times int) {
	b.cpu = map[string][]time.Duration{}
	b.took, b.first, b.wrong, b.memory = map[string][]time.Duration{}, map[string][]time.Duration{}, map[string]bool{}, map[string]int64{}
	for range times {
		for _, c := range b.candidates {
			for i, q := range b.queries {
				if err := rig.DropPages(c.dir()); err != nil {
					t.Fatal(err)
				}
				if err := c.start(); err != nil {
					t.Fatalf("start %s: %v", c.name(), err)
				}
				if took, ok := b.ask(t, c, i); ok {
					b.first[key(c, q)] = append(b.first[key(c, q)], took)
				}
				c.stop()
			}
		}
	}
}

// What takes longer than the first is asked once after warming up, than the second not again.
const (
	ratherSlow = 2 * time.Second
	verySlow   = 20 * time.Second
)

// warm asks all candidates each query, in turns.
func (b *bench) warm(t *testing.T, repetitions int) {
	for _, c := range b.candidates {
		if err := c.start(); err != nil {
			t.Fatalf("start %s: %v", c.name(), err)
		}
	}
	for i, q := range b.queries {
		slow := map[candidate]time.Duration{} // by the first answer
		for repetition := range repetitions + 1 {
			for _, c := range b.candidates {
				if (repetition > 0 && slow[c] > verySlow) || (repetition > 1 && slow[c] > ratherSlow) {
					continue
				}
				before := rig.ProcessorTime(c.process())
				took, ok := b.ask(t, c, i)
				if repetition == 0 {
					slow[c] = took
				}
				if ok && (repetition > 0 || took > verySlow) {
					b.took[key(c, q)] = append(b.took[key(c, q)], took)
					b.cpu[key(c, q)] = append(b.cpu[key(c, q)], rig.ProcessorTime(c.process())-before)
				}
			}
		}
		for _, c := range b.candidates {
			if l, ok := c.(*library); ok {
				b.inside(t, l, i)
			}
		}
	}
	for _, c := range b.candidates {
		b.memory[c.name()] = c.memory()
	}
}

// inside shows what the Go reader does.
func (b *bench) inside(t *testing.T, l *library, i int) {
	q := b.queries[i]
	if *flagStats {
		fmt.Printf("%-34s %s\n", q.name, l.stats[q.name])
	}
	if *flagProfile == "" {
		return
	}
	if err := os.MkdirAll(*flagProfile, 0o750); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(filepath.Join(*flagProfile, strings.ReplaceAll(q.name, " ", "-")+".pprof"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := pprof.StartCPUProfile(f); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(2 * time.Second); time.Now().Before(end); {
		if _, ok := b.ask(t, l, i); !ok {
			break
		}
	}
	pprof.StopCPUProfile()
}
