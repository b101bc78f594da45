// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package patterns

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/logboom/logboom/logql"
)

// truth is a record of the generator, and the template that it was made of.
type truth struct {
	Line
	template string
}

// generated returns records of the generator, in the order of time.
func generated(t *testing.T, records string) (out []truth) {
	t.Helper()
	dir := os.Getenv("LOGBOOM_CORPORA")
	if dir == "" {
		t.Skip("LOGBOOM_CORPORA is not set: this test needs the log generator")
	}
	if testing.Short() {
		t.Skip("it builds the log generator")
	}
	tmp := t.TempDir()
	program := filepath.Join(tmp, "loggen")
	build := exec.Command("go", "build", "-C", filepath.Join(dir, "generator"), "-o", program, ".")
	build.Env = append(os.Environ(), "GOFLAGS=")
	if text, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the generator: %v\n%s", err, text)
	}
	if text, err := exec.Command(program, "-seed", "3", "-records", records, "-index", "-out", tmp).CombinedOutput(); err != nil {
		t.Fatalf("run the generator: %v\n%s", err, text)
	}
	index, err := os.ReadFile(filepath.Join(tmp, "truth", "records.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for scan := bufio.NewScanner(bytes.NewReader(index)); scan.Scan(); {
		var r struct {
			File, Service, Template, Severity string
			Offset, Length                    int
			Time                              int64 `json:"local_unix_nano"`
		}
		if err := json.Unmarshal(scan.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		if files[r.File] == nil {
			if files[r.File], err = os.ReadFile(filepath.Join(tmp, r.File)); err != nil {
				t.Fatal(err)
			}
		}
		text := strings.TrimRight(string(files[r.File][r.Offset:r.Offset+r.Length]), "\n")
		out = append(out, truth{Line{Service: r.Service, Level: strings.ToLower(r.Severity), Time: r.Time, Text: text}, r.Template})
	}
	return out
}

// TestTemplatesOfTheGenerator finds the templates that records were made of, in three parts, and filters that select their lines and no others.
func TestTemplatesOfTheGenerator(t *testing.T) {
	records := generated(t, "60000")
	set := NewSet(Options{Start: records[0].Time, Step: 1e9, Steps: 100})
	parts := []*Part{set.NewPart(Current), set.NewPart(Current), set.NewPart(Current)}
	for i := range records {
		parts[i*len(parts)/len(records)].Add(&records[i].Line, nil)
	}
	res := set.Result()
	if res.Records[Current] != int64(len(records)) || res.Looked[Current] != int64(len(records)) || res.Rest != 0 {
		t.Fatalf("%d records of %d, rest %d", res.Records[Current], len(records), res.Rest)
	}
	byService := map[string][]*truth{}
	for i := range records {
		byService[records[i].Service] = append(byService[records[i].Service], &records[i])
	}
	total, off, pure, unfiltered := 0, 0, 0, 0
	found := map[string]int{} // by template of the truth: records in groups that are mostly of it
	for _, tm := range res.Templates {
		filter := Filter(tm.Text, tm.Lines)
		if filter == "" {
			unfiltered += int(tm.Records)
			continue
		}
		e, err := logql.ParseLog(`{a="b"} ` + filter)
		if err != nil {
			t.Fatal(err)
		}
		keep := e.NewTest()
		selected, of := 0, map[string]int{}
		for _, s := range tm.Services {
			for _, r := range byService[s.Value] {
				if keep(&logql.Entry{Line: r.Text}) {
					selected++
					of[r.template]++
				}
			}
		}
		best := ""
		for name, n := range of {
			if n > of[best] {
				best = name
			}
		}
		total += int(tm.Records)
		pure += of[best]
		found[best] += of[best]
		if d := selected - int(tm.Records); d != 0 {
			off += max(d, -d)
			if max(d, -d) > 20 {
				t.Logf("%d lines, %s selects %d: %v", tm.Records, filter, selected, of)
			}
		}
	}
	t.Logf("%d templates; of %d records %d lie beside what the filters select, %d are of the template that most of their group are, %d have no filter",
		len(res.Templates), total, off, pure, unfiltered)
	// A pattern cannot say that a line ends: `GET <_>` keeps those lines as well that have more behind.
	if off*100 > 3*total || pure*100 < 98*total || unfiltered*100 > total {
		t.Errorf("the filters do not select what they should")
	}
	want := map[string]int{}
	for i := range records {
		want[records[i].template]++
	}
	for name, n := range want {
		if n >= 20 && found[name] < n*9/10 {
			t.Errorf("of %d records of %s %d were found", n, name, found[name])
		}
	}
}

// TestSampleOfTheGenerator looks at a fifth and knows how many there are.
func TestSampleOfTheGenerator(t *testing.T) {
	records := generated(t, "60000")
	count := func(most int64) *Result {
		lines := map[Stratum]int64{}
		for i := range records {
			lines[Stratum{records[i].Service, records[i].Level}]++
		}
		plan := Spread(lines, most)
		set := NewSet(Options{Start: records[0].Time, Step: 1e9, Steps: 100})
		sampler := set.NewSampler(Current, plan)
		for part := range 2 {
			p, wants := set.NewPart(Current), sampler.Test()
			for i := part; i < len(records); i += 2 {
				if l := &records[i].Line; wants(l.Service, l.Level) {
					p.Add(l, nil)
				}
			}
		}
		if whole := most >= int64(len(records)); whole != plan.Whole() {
			t.Fatalf("%d of %d records: whole %v", most, len(records), plan.Whole())
		}
		return set.Result()
	}
	all, some := count(60000+1000), count(12000)
	if n := some.Looked[Current]; n > 13000 || n < 10000 {
		t.Errorf("looked at %d", n)
	}
	if d := some.Records[Current] - all.Records[Current]; max(d, -d) > 100 {
		t.Errorf("%d records, want %d", some.Records[Current], all.Records[Current])
	}
	is := map[string]int64{}
	for _, tm := range some.Templates {
		is[tm.Text] = tm.Records
	}
	for _, tm := range all.Templates {
		sum := 0.0
		for _, n := range tm.Samples {
			sum += n
		}
		if d := int64(sum) - tm.Records; max(d, -d) > 1+tm.Records/100 {
			t.Errorf("%s: %f in samples, %d records", tm.Text, sum, tm.Records)
		}
		if tm.Records < 1000 {
			continue
		}
		if d := is[tm.Text] - tm.Records; max(d, -d) > tm.Records/4 {
			t.Errorf("%s: %d by the sample, are %d", tm.Text, is[tm.Text], tm.Records)
		}
	}
	few := map[Stratum]int{}
	for i := range records {
		few[Stratum{records[i].Service, records[i].Level}]++
	}
	for _, tm := range all.Templates { // of what is seldom nothing is missed
		if few[Stratum{tm.Services[0].Value, tm.Levels[0].Value}] < 300 && len(tm.Services) == 1 && is[tm.Text] != tm.Records {
			t.Errorf("%s: %d by the sample, are %d", tm.Text, is[tm.Text], tm.Records)
		}
	}
}
