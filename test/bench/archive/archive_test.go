// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/logboom/logboom/test/harness"
)

var (
	flagRecords     = flag.Int("records", 0, "records to send; 0: a small run that only checks that all is stored")
	flagRepetitions = flag.Int("repetitions", 3, "runs of each candidate, in turns")
	flagBatches     = flag.String("batches", "8192", "records a request, comma-separated, multiples of 512")
	flagCandidates  = flag.String("candidates", "", "comma-separated parts of names; empty: all")
	flagCache       = flag.String("cache", os.Getenv("LOGBOOM_BENCH_CACHE"), "directory of the encoded input; empty: the user's cache")
	flagOwnData     = flag.Bool("own-data", false, "use the benchmark's own generator even where loggen is there")
	flagConnections = flag.Int("connections", 4, "connections of the client")
	flagInFlight    = flag.Int("in-flight", 1, "requests under way on each connection")
	flagArgs        = flag.String("args", "", "further arguments of the Collector, e.g. --feature-gates=…")
	flagResults     = flag.String("results", "", "file to add results to; the table is then made of all that is in it, so that runs can be added up")
	flagProfile     = flag.String("profile", "", "directory for a CPU profile of each run (which costs a little)")
)

// TestArchive runs the candidates and prints the table.
func TestArchive(t *testing.T) {
	records, repetitions := *flagRecords, *flagRepetitions
	if records == 0 {
		records, repetitions, *flagOwnData = 8_192, 1, true
	}
	in := loadInput(t, records)
	accessLog := filepath.Join(t.TempDir(), "access.log")
	t.Setenv("VGW_ACCESS_LOG", accessLog)
	s3 := harness.StartS3(t)

	sent, bytes := in.size()
	fmt.Printf("%s\n%s\n%d records, %.1f MB of OTLP; %d connections with %d request(s) under way each; %d repetitions; load average %s\n",
		machine(), in.name, sent, float64(bytes)/1e6, *flagConnections, *flagInFlight, repetitions, loadAverage())

	var results []result
	if *flagResults != "" {
		if err := readResults(*flagResults, &results); err != nil {
			t.Fatal(err)
		}
	}
	for repetition := range repetitions {
		for _, batch := range batches(t) {
			for i := range candidates {
				c := &candidates[i]
				if !wanted(c.name) {
					continue
				}
				name := fmt.Sprintf("%s, %d a request", c.name, batch)
				// A subtest, so that directories are removed as soon as they are not needed.
				t.Run(name, func(t *testing.T) {
					r := once(t, c, s3, accessLog, in, batch, repetition)
					r.Name = name
					results = append(results, r)
					if *flagResults != "" {
						if err := appendResult(*flagResults, r); err != nil {
							t.Fatal(err)
						}
					}
				})
			}
		}
	}
	fmt.Println()
	report(os.Stdout, results)
	fmt.Println()
	for _, c := range candidates {
		if wanted(c.name) {
			fmt.Printf("%-28s %s\n", c.name, c.what)
		}
	}
}

// once runs a candidate and checks, the first time, that everything was stored.
func once(t *testing.T, c *candidate, s3 *harness.S3, accessLog string, in *input, batch, repetition int) result {
	prefix := fmt.Sprintf("%s-%d-%d", c.name, batch, repetition)
	profile := ""
	if *flagProfile != "" {
		profile = filepath.Join(*flagProfile, prefix+".pprof")
	}
	r := measure(t, c, s3, accessLog, in, batch, prefix, profile)
	fmt.Printf("%-40s %6.2f CPU-s (start %.2f)  acknowledged after %.2f s, stored after %.2f s  RSS %d MiB  %d objects, %.2f B a record  %d retried\n",
		prefix, r.CPU.Seconds(), r.StartCPU.Seconds(), r.Acked.Seconds(), r.Wall.Seconds(), r.Peak/mib, r.Objects,
		float64(r.DataBytes)/float64(r.Records), r.Retried)
	if repetition == 0 && c.count != nil {
		have, err := c.countRecords(r.files)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if have < r.Records || (c.exact && have != r.Records) {
			t.Errorf("%s: %d records are stored, %d were acknowledged", c.name, have, r.Records)
		}
		if c.exact && *flagRecords > 0 {
			if err := reportColumns(os.Stdout, r.files); err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
		}
	}
	if c.s3 { // the next run needs the room
		if err := os.RemoveAll(filepath.Join(s3.Data, prefix)); err != nil {
			t.Fatal(err)
		}
	}
	r.files = nil
	time.Sleep(200 * time.Millisecond)
	return r
}

func wanted(name string) bool {
	if *flagCandidates == "" {
		return true
	}
	return slices.ContainsFunc(strings.Split(*flagCandidates, ","), func(part string) bool { return strings.Contains(name, part) })
}

func batches(t *testing.T) []int {
	var list []int
	for _, s := range strings.Split(*flagBatches, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(s))
		if err != nil || n < lineRecords || n%lineRecords != 0 {
			t.Fatalf("-batches must be multiples of %d, got %q", lineRecords, s)
		}
		list = append(list, n)
	}
	return list
}
