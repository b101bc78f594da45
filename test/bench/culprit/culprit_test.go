// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package culprit

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/logboom/logboom/test/bench/internal/rig"
	"github.com/logboom/logboom/test/harness"
)

var (
	flagSeeds = flag.Int("seeds", 0, "seeds of the generator, each with an incident of every kind; 0: a small run that only checks one")
	flagFrom  = flag.Int("from", 1, "the first seed")
	flagRate  = flag.Int("rate", 400, "records a second of each stream, which is some minutes")
	flagLarge = flag.Int("records", 0, "records of an archive to measure the time on; 0: not measured")
	flagTimes = flag.Int("times", 7, "how often each question is asked that is measured, after a first time to warm up")
)

// found is what the binary answers.
type found struct {
	Data struct {
		Bad, Baseline struct {
			Records  int64 `json:"records"`
			LookedAt int64 `json:"looked_at"`
		}
		Causes []struct {
			Kind, Service, Field, Value, Template, Summary string
		} `json:"causes"`
	} `json:"data"`
}

func ask(t *testing.T, server *rig.Served, params url.Values) (out found, took time.Duration) {
	t.Helper()
	body, took, err := server.Get("/logboom/api/v1/culprit", params)
	if err == nil {
		err = json.Unmarshal(body, &out)
	}
	if err != nil {
		t.Fatal(err)
	}
	return out, took
}

// load writes records into an archive, by the shipped binary.
func load(t *testing.T, dir string, lists ...[]Record) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o750); err != nil {
		t.Fatal(err)
	}
	lb := harness.Start(t, harness.Config{Name: "writer", YAML: `
receivers: {otlp: {protocols: {grpc: {endpoint: '{{addr "otlp"}}', max_recv_msg_size_mib: 64}}}}
exporters: {object_storage: {writer: bench, bucket: {url: 'file://` + dir + `'}, wal: {directory: '{{dir "wal"}}'}, event_time: {max_age: 87600h}}}
service: {pipelines: {logs: {receivers: [otlp], exporters: [object_storage]}}}`})
	client := harness.DialOTLP(t, lb.Addr("otlp"))
	for _, records := range lists {
		if err := Logs(records, 8192, func(ld plog.Logs) error {
			deadline := time.Now().Add(time.Minute)
			for {
				err := client.Send(context.Background(), ld)
				if err == nil || time.Now().After(deadline) {
					return err
				}
				time.Sleep(20 * time.Millisecond) // it takes a while until there is room
			}
		}); err != nil {
			t.Fatal(err)
		}
	}
	lb.Terminate() // flushes what is left
}

func generator(t *testing.T) func(time.Time, ...string) (*Stream, error) {
	t.Helper()
	generate, err := Generator(harness.Corpora(t, "generator"), harness.TempDir(t))
	if err != nil {
		t.Fatal(err)
	}
	return generate
}

func ns(at time.Time) string { return strconv.FormatInt(at.UnixNano(), 10) }

// tally is how often an answer was right.
type tally struct {
	asked, first, exact int
	took, cpu           []time.Duration
}

// TestPlanted plants incidents, loads them all into one archive, and asks what changed: the service that it is because of must
// be the first answer.
func TestPlanted(t *testing.T) {
	generate := generator(t)
	seeds, rate := *flagSeeds, *flagRate
	small := seeds == 0
	if small {
		seeds, rate = 1, 200
	}
	dir := filepath.Join(harness.TempDir(t), "archive")
	begin := time.Date(2026, 1, 15, 0, 0, 0, 0, time.UTC)
	var incidents []*Incident
	for seed := *flagFrom; seed < *flagFrom+seeds; seed++ {
		var lists [][]Record
		for _, kind := range Kinds {
			in, err := Plant(generate, kind, seed, begin, rate)
			if err != nil {
				t.Fatal(err)
			}
			lists = append(lists, in.Records)
			in.Records = nil
			incidents = append(incidents, in)
			begin = begin.Add(20 * time.Minute)
		}
		load(t, dir, lists...)
	}
	server := rig.NewServed(t, "{url: 'file://"+dir+"'}", "")
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	defer server.Stop()
	table := map[string]*tally{}
	for _, in := range incidents {
		for _, by := range []string{"interval", "filter"} {
			params := url.Values{"start": {ns(in.Start)}, "end": {ns(in.End)}}
			if by == "filter" {
				if in.Kind != "failing" && in.Kind != "pod" {
					continue
				}
				length := in.End.Sub(in.Start)
				params = url.Values{"start": {ns(in.Start.Add(-length))}, "end": {ns(in.End.Add(length / 2))}, "bad": {`| detected_level=~"error|fatal"`}}
			}
			before := rig.ProcessorTime(server.PID())
			got, took := ask(t, server, params)
			cpu := rig.ProcessorTime(server.PID()) - before
			n := table[in.Kind+" by "+by]
			if n == nil {
				n = &tally{}
				table[in.Kind+" by "+by] = n
			}
			n.asked++
			n.took, n.cpu = append(n.took, took), append(n.cpu, cpu)
			if len(got.Data.Causes) > 0 && got.Data.Causes[0].Service == in.Service {
				n.first++
				if exactly(in, got.Data.Causes[0].Kind, got.Data.Causes[0].Value) {
					n.exact++
				}
				continue
			}
			fmt.Printf("seed %d, %s by %s: %s, %s; the answers:\n", in.Seed, in.Kind, by, in.Service, in.Detail)
			for _, c := range got.Data.Causes[:min(3, len(got.Data.Causes))] {
				fmt.Printf("    %s\n", c.Summary)
			}
		}
	}
	fmt.Printf("%s; %d seeds from %d, %d records a second of each stream; load average %s\n", rig.Machine(), seeds, *flagFrom, rate, rig.LoadAverage())
	for _, name := range sortedNames(table) {
		n := table[name]
		slices.Sort(n.took)
		slices.Sort(n.cpu)
		fmt.Printf("%-20s the true service first: %d of %d; as exact as can be: %d; ms: median %s, longest %s; processor %s\n", name, n.first, n.asked, n.exact,
			rig.Milliseconds(n.took[len(n.took)/2]), rig.Milliseconds(n.took[len(n.took)-1]), rig.Milliseconds(n.cpu[len(n.cpu)/2]))
		if strings.HasSuffix(name, "interval") && n.first*10 < n.asked*9 {
			t.Errorf("%s: the true service is first in %d of %d, want 90 %%", name, n.first, n.asked)
		}
	}
}

// exactly reports whether an answer is the very thing that was planted.
func exactly(in *Incident, kind, value string) bool {
	switch in.Kind {
	case "pod":
		return value == in.Pod
	case "latency":
		return kind == "number"
	}
	return kind == "template"
}

func sortedNames(table map[string]*tally) (names []string) {
	for name := range table {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// TestLarge measures the time of an answer on a large archive.
func TestLarge(t *testing.T) {
	if *flagLarge == 0 {
		t.Skip("-records says how many records to measure on")
	}
	generate := generator(t)
	s, err := generate(time.Date(2026, 1, 15, 0, 0, 0, 0, time.UTC), "-seed", "42", "-records", strconv.Itoa(*flagLarge))
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(harness.TempDir(t), "archive")
	first, last := s.records[0].Observed, s.records[len(s.records)-1].Observed
	load(t, dir, s.records)
	s.records = nil
	server := rig.NewServed(t, "{url: 'file://"+dir+"'}", "")
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	defer server.Stop()
	fmt.Printf("%s; %d records; load average %s\n", rig.Machine(), *flagLarge, rig.LoadAverage())
	whole := url.Values{"start": {strconv.FormatInt(first, 10)}, "end": {strconv.FormatInt(last, 10)}}
	with := func(p url.Values, more ...string) url.Values {
		out := url.Values{}
		for k, v := range p {
			out[k] = v
		}
		for i := 0; i < len(more); i += 2 {
			out.Set(more[i], more[i+1])
		}
		return out
	}
	third := strconv.FormatInt(first+(last-first)/3, 10)
	for _, q := range []struct {
		name   string
		params url.Values
	}{
		{"the spike against what was before", url.Values{"start": {strconv.FormatInt(s.spike.Start, 10)}, "end": {strconv.FormatInt(s.spike.End, 10)}}},
		{"two thirds against the first", with(whole, "start", third, "baseline_start", whole.Get("start"), "baseline_end", third)},
		{"errors against the rest of all", with(whole, "bad", `| detected_level=~"error|fatal"`)},
		{"a filter that reads lines", with(whole, "bad", `|= "failed"`)},
		{"a parser in the query", with(whole, "query", `{service_name="api-gateway"} | json`, "bad", `| http_status_code >= 500`)},
	} {
		var wall, cpu []time.Duration
		var got found
		for range *flagTimes + 1 {
			before := rig.ProcessorTime(server.PID())
			var took time.Duration
			got, took = ask(t, server, q.params)
			wall, cpu = append(wall, took), append(cpu, rig.ProcessorTime(server.PID())-before)
		}
		slices.Sort(wall[1:])
		slices.Sort(cpu[1:])
		middle := 1 + *flagTimes/2
		fmt.Printf("%-36s looked at %6d of %7d bad, %6d of %7d others; ms: first %s, median %s, longest %s; processor %s\n", q.name,
			got.Data.Bad.LookedAt, got.Data.Bad.Records, got.Data.Baseline.LookedAt, got.Data.Baseline.Records, rig.Milliseconds(wall[0]),
			rig.Milliseconds(wall[middle]), rig.Milliseconds(wall[len(wall)-1]), rig.Milliseconds(cpu[middle]))
	}
	_, peak := harness.Resident(t, server.PID())
	fmt.Printf("peak resident memory %d MiB\n", peak>>20)
}
