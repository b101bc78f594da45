// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package patterns

import (
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestSides(t *testing.T) {
	set := NewSet(Options{Start: 1000, Step: 10, Steps: 4, Example: func(part any) (any, int) { return part, 10 }})
	now, also, before := set.NewPart(Current), set.NewPart(Current), set.NewPart(Baseline)
	for i := range 20 {
		line := Line{Service: "cart", Level: "info", Time: int64(1000 + i), Text: fmt.Sprintf("took %d ms", i)}
		now.Add(&line, i)
		before.Add(&Line{Service: "cart", Level: "info", Time: int64(900 + i), Text: line.Text}, i)
	}
	also.Add(&Line{Service: "cart", Level: "error", Time: 1035, Text: "disk full"}, "one")
	also.Add(&Line{Service: "web", Level: "warn", Time: 1034, Text: "disk full"}, "two")
	before.Add(&Line{Service: "web", Level: "warn", Time: 934, Text: "bye"}, "three")
	res := set.Result()
	if res.Records != [2]int64{22, 21} || res.Looked != res.Records || res.Rest != 0 {
		t.Errorf("%+v", res)
	}
	want := []Template{
		{
			Text: "took <*>", Looked: 20, Records: 20, LookedBaseline: 20, Baseline: 20, Services: []Share{{"cart", 20}}, Levels: []Share{{"info", 20}},
			First: 1000, Last: 1019, Samples: []float64{10, 10, 0, 0}, Examples: []any{0, 15},
			Lines: []string{"took 0 ms", "took 1 ms", "took 7 ms", "took 0 ms", "took 1 ms", "took 7 ms"},
		},
		{
			Text: "disk full", Looked: 2, Records: 2, Services: []Share{{"cart", 1}, {"web", 1}}, Levels: []Share{{"error", 1}, {"warn", 1}},
			First: 1034, Last: 1035, Samples: []float64{0, 0, 0, 2}, Examples: []any{"two", "one"}, Lines: []string{"disk full", "disk full"},
		},
		{Text: "bye", LookedBaseline: 1, Baseline: 1, Services: []Share{}, Levels: []Share{}, First: 1<<63 - 1, Last: -1 << 63, Lines: []string{"bye"}},
	}
	if !reflect.DeepEqual(res.Templates, want) {
		t.Errorf("got  %+v\nwant %+v", res.Templates, want)
	}
}

// TestPartsAtATime is for the race detector.
func TestPartsAtATime(t *testing.T) {
	set := NewSet(Options{Step: 1, Steps: 10})
	sampler := set.NewSampler(Current, &Plan{Every: map[Stratum]int{{"a", "info"}: 7}})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			p, wants := set.NewPart(Current), sampler.Test()
			for i := range 7000 {
				for _, s := range []string{"a", "b"} {
					if wants(s, "info") {
						p.Add(&Line{Service: s, Level: "info", Time: int64(i), Text: s + " is " + fmt.Sprint(i)}, nil)
					}
				}
			}
		})
	}
	wg.Wait()
	res := set.Result()
	if len(res.Templates) != 2 || res.Records[Current] != 56000 || res.Looked[Current] < 31990 || res.Looked[Current] > 32010 {
		t.Errorf("%+v", res)
	}
}

// TestBounds adds what nobody should write: lines that are never seen twice, of services without end.
func TestBounds(t *testing.T) {
	const most = 1 << 20
	set := NewSet(Options{Step: 1, Steps: 100, MaxBytes: most, Example: func(any) (any, int) { return "x", 1000 }})
	added := int64(0)
	var parts []*Part
	for range 2 {
		p := set.NewPart(Current)
		parts = append(parts, p)
		for i := range 30_000 {
			words := strings.Repeat("word"+letters(i)+" ", 1+i%60)
			p.Add(&Line{Service: "s" + letters(i%5000), Level: letters(i % 70), Time: int64(i), Text: words}, nil)
			added++
		}
		p.Add(&Line{Service: strings.Repeat("x", 1<<20), Level: strings.Repeat("y", 1<<20), Text: strings.Repeat("z ", 1<<20)}, nil)
		added++
	}
	tallies, miners, services := 0, 0, 0
	for _, p := range parts {
		for _, s := range p.services {
			if s.miner.Bytes() > minerBytes {
				t.Errorf("a miner of %d bytes", s.miner.Bytes())
			}
			p.weigh(s)
			miners += s.bytes
			for _, tl := range s.tallies {
				tallies += tl.bytes
			}
		}
		services += len(p.services)
		if len(p.strata) > maxStrata+1 {
			t.Errorf("%d strata", len(p.strata))
		}
	}
	if have := set.bytes.Load(); have != int64(tallies+miners) || tallies > most+64<<10 || services > maxServices+2 || !set.full() {
		t.Errorf("%d bytes of tallies and %d of the miners of %d services, accounted %d", tallies, miners, services, have)
	}
	res := set.Result()
	if res.Records[Current] != added || res.Looked[Current] != added || res.Rest == 0 {
		t.Errorf("%d records of %d, looked at %d, rest %d", res.Records[Current], added, res.Looked[Current], res.Rest)
	}
}

// TestRelease hands the part of one goroutine to another, as the pieces of a sample do, one after the other.
func TestRelease(t *testing.T) {
	set := NewSet(Options{Step: 1, Steps: 10})
	for i := range 1000 {
		p := set.NewPart(Side(i % 2))
		p.Add(&Line{Service: "a", Level: "info", Time: int64(i % 10), Text: "one and the same"}, nil)
		set.Release(p)
	}
	if len(set.parts) != 2 {
		t.Errorf("%d parts, want one for each side", len(set.parts))
	}
	res := set.Result()
	if len(res.Templates) != 1 || res.Templates[0].Records != 500 || res.Templates[0].Baseline != 500 || res.Looked != [sides]int64{500, 500} {
		t.Errorf("%+v", res)
	}
}

// TestManyStrata has more strata than the sampler tells apart, and parts with fewer: all records count as what they stand for.
func TestManyStrata(t *testing.T) {
	set := NewSet(Options{Step: 1, Steps: 10})
	sampler := set.NewSampler(Current, &Plan{Scale: 3})
	const n = maxStrata + 500
	for half := range 2 {
		part, wants := set.NewPart(Current), sampler.Test()
		for i := half * n / 2; i < (half+1)*n/2; i++ {
			level := letters(i)
			if !wants("s", level) {
				t.Fatal("a stratum without a plan is looked at whole")
			}
			part.Add(&Line{Service: "s", Level: level, Text: "one and the same"}, nil)
		}
	}
	if res := set.Result(); res.Records[Current] != 3*n || res.Looked[Current] != n {
		t.Errorf("%d records of %d, looked at %d of %d", res.Records[Current], 3*n, res.Looked[Current], n)
	}
}

// letters is a word for a number, without digits.
func letters(n int) string {
	out := []byte{}
	for n++; n > 0; n /= 20 {
		out = append(out, "bcdfghjklmnpqrstvwxz"[n%20])
	}
	return string(out)
}

func TestSpread(t *testing.T) {
	a, b, c := Stratum{"a", "info"}, Stratum{"b", "info"}, Stratum{"b", "error"}
	for _, tc := range []struct {
		most    int64
		a, b, c int
	}{
		{2000, 1, 1, 1},
		{1110, 1, 1, 1},
		{210, 10, 1, 1}, // what b leaves is for a
		{30, 100, 10, 1},
		{3, 1000, 100, 10},
		{0, 1000, 100, 10},
	} {
		p := Spread(map[Stratum]int64{a: 1000, b: 100, c: 10}, tc.most)
		if p.Every[a] != tc.a || p.Every[b] != tc.b || p.Every[c] != tc.c {
			t.Errorf("%d: %v", tc.most, p.Every)
		}
	}
	if p := Spread(nil, 10); !p.Whole() {
		t.Error("nothing is a sample")
	}
}

func TestMessage(t *testing.T) {
	for template, want := range map[string]string{
		`{"level":"info","msg":"order <*> accepted","n":<*>}`: "order <*> accepted",
		`{"message":"say \"hi\" now","x":"<*>"}`:              `say "hi" now`,
		`level=info msg="user <*> came" dur=<*>`:              "user <*> came",
		`level=info submsg="user <*> came"`:                   "",
		`{"msg":"cut in the mid…`:                             "cut in the mid…",
		`plain text with msg and "quotes"`:                    "",
		`msg="first"`:                                         "first",
		`{"msg":"charge declined","reason":"card expired"}`:   "charge declined: card expired",
		`level=warn msg="refused" err="<*>" reason="no <*>"`:  "refused: no <*>",
		``: "",
	} {
		if got := Message(template); got != want {
			t.Errorf("%s: got %q, want %q", template, got, want)
		}
	}
}
