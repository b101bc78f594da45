// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package culprit

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/logboom/logboom/logql"
)

func TestFindings(t *testing.T) {
	for text, want := range map[string]string{
		"auth finished user=u1 status=503 took=12ms":           "user=u1 status=503 took=12ms",
		`"GET /cart HTTP/1.1" 503 612 rt=0.04 rid="3dda-1"`:    "number 1: HTTP/1.1; HTTP/1.1: 503; number 2: 612; rt=0.04 rid=3dda-1",
		"call to db-3.internal:6379 failed after 3s, shard 7.": "to: db-3.internal:6379; after: 3s; shard: 7",
		"took 12 ms (limit: 500ms)":                            "took: 12; limit: 500ms",
		"a= b=1 =c x==y":                                       "a=b=1 x==y",
		"":                                                     "",
		"=====":                                                "",
		"shipping done status=200 12ms":                        "status=200 number 1: 12ms",
		"an " + strings.Repeat("x", 50) + " 7":                 "number 1: 7",
		strings.Repeat("a ", maxTextBytes) + "never=1":         "",
		"ключ=значение статус 5":                               "ключ=значение статус: 5",
		"2026-01-15 00:00:05,438 ERROR [http-nio-8080-exec-3] rid=abc12": "number 1: 2026-01-15; number 2: 00:00:05; number 3: 438; ERROR: http-nio-8080-exec-3; rid=abc12",
	} {
		var got []string
		for _, f := range findings(nil, text) {
			sep := ": "
			if f.pair {
				sep = "="
			}
			got = append(got, f.key+sep+f.value)
		}
		norm := func(s string) string { return strings.NewReplacer(";", "", " ", "").Replace(s) }
		if norm(strings.Join(got, "")) != norm(want) {
			t.Errorf("%.60q: %q, want %q", text, got, want)
		}
	}
}

func TestNumber(t *testing.T) {
	for text, want := range map[string]float64{
		"12": 12, "-0.5": -0.5, "3s": 3000, "250us": 0.25, "250µs": 0.25, "1.5ms": 1.5, "2m": 120_000, "7%": 7, "12kB": 12, "9ns": 9e-6,
		"": math.NaN(), "-": math.NaN(), "1.": math.NaN(), "1.2.3": math.NaN(), "12x": math.NaN(), "SKU-1": math.NaN(), "1234567890123456789": math.NaN(),
		"0x1f": math.NaN(), "1e9": math.NaN(),
	} {
		v, _, ok := number(text)
		if ok == math.IsNaN(want) || ok && math.Abs(v-want) > 1e-9 {
			t.Errorf("%q: %v %v, want %v", text, v, ok, want)
		}
	}
}

func TestShift(t *testing.T) {
	for _, c := range []struct {
		a, b     []float64
		up, down float64
	}{
		{[]float64{1, 2, 3, 4}, []float64{1, 2, 3, 4}, 0, 0},
		{[]float64{1, 2}, []float64{3, 4}, 1, 0},
		{[]float64{3, 4}, []float64{1, 2}, 0, 1},
		{[]float64{1, 1, 1, 1}, []float64{1, 1, 9, 9}, 0.5, 0},
		{[]float64{2, 2}, []float64{1, 3}, 0.5, 0.5},
	} {
		if up, down := shift(c.a, c.b); up != c.up || down != c.down {
			t.Errorf("%v %v: %v %v", c.a, c.b, up, down)
		}
	}
}

func TestSpread(t *testing.T) {
	for n := range 300 {
		seen := make([]bool, n)
		for at := range spread(n) {
			if seen[at] {
				t.Fatalf("%d: %d twice", n, at)
			}
			seen[at] = true
		}
		if slices.Contains(seen, false) {
			t.Fatalf("%d: not all", n)
		}
	}
}

// TestSameAnswer gives the records in another order, to other parts: the report is the same.
func TestSameAnswer(t *testing.T) {
	w := newWorld(3)
	shop(w, 300, func(at time.Duration, region, _, _ string) bool { return w.bad(at) && region == "us" })
	want := w.ask(t, nil)
	for seed := range uint64(3) {
		r := rand.New(rand.NewPCG(seed, 2)) //nolint:gosec // reproducible
		r.Shuffle(len(w.records), func(i, j int) { w.records[i], w.records[j] = w.records[j], w.records[i] })
		if got := w.ask(t, nil); !reflect.DeepEqual(got, want) {
			t.Errorf("seed %d: another answer", seed)
		}
	}
}

// TestSampleBytes: a sample takes no more than it may, and says what it saw.
func TestSampleBytes(t *testing.T) {
	s := NewSample(1 << 20)
	p := s.NewPart()
	line := strings.Repeat("long ", 10_000)
	for i := range 1000 {
		p.Add(Side(i%2), int64(i), logql.Labels{{Name: serviceLabel, Value: "a"}}, logql.Labels{{Name: "big", Value: line}}, nil, line)
	}
	kept := s.Kept(Bad)
	if s.Seen(Bad) != 500 || kept < 50 || kept > 128 || s.Kept(Baseline) != kept {
		t.Errorf("seen %d, kept %d and %d", s.Seen(Bad), kept, s.Kept(Baseline))
	}
	if r := s.sorted()[0]; len(r.Line) != maxLineBytes || r.Bytes != len(line) || len(r.Metadata[0].Value) != maxValueBytes {
		t.Errorf("kept %d of a line, %d of a value", len(r.Line), len(r.Metadata[0].Value))
	}
}

func TestEmpty(t *testing.T) {
	r, err := Analyse(t.Context(), NewSample(1000), Params{Limit: 3})
	if err != nil || len(r.Causes) > 0 {
		t.Errorf("%v %v", r, err)
	}
	w := newWorld(1)
	shop(w, 100, nil)
	r = w.ask(t, func(*event) bool { return true })
	if len(r.Causes) > 0 {
		t.Error("causes without a baseline")
	}
}

func TestCanceled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s := NewSample(1 << 20)
	p := s.NewPart()
	for i := range 100 {
		p.Add(Side(i%2), int64(i), nil, nil, nil, "x")
	}
	if _, err := Analyse(ctx, s, Params{By: ByInterval, Total: [2]float64{50, 50}, Length: [2]float64{1, 1}, Limit: 1}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// FuzzAnalyse compares anything with anything. Whatever comes, causes are within what there is, and their filters are LogQL that their
// examples pass.
func FuzzAnalyse(f *testing.F) {
	f.Add("error 7 on shard 3", `{"msg":"took 5ms","a":{"b":1}}`, "k=v took=3ms", "trace_id", "abcdef12", uint8(0))
	f.Add("\x00\xff<*>…\u202e", `{"msg":"\ud800"`, "=", "", "\xfe", uint8(255))
	f.Add("|>`<_>`\"", `{"message":"`+"`"+`<_>"}`, "a=\"b c\" d=\\", "request_id", "x", uint8(7))
	f.Fuzz(func(t *testing.T, a, b, c, name, value string, seed uint8) {
		rnd := rand.New(rand.NewPCG(uint64(seed), 1)) //nolint:gosec // reproducible
		s := NewSample(8 << 20)
		p := s.NewPart()
		params := Params{By: ByInterval, Start: 0, Step: 10, Steps: 50, Limit: 50, Length: [2]float64{400, 100}}
		if seed%2 == 1 {
			params.By = ByFilter
		}
		for i := range 400 {
			side, line := Baseline, []string{a, b, c, fmt.Sprint(b, i)}[rnd.IntN(4)]
			if i >= 300 {
				side, line = Bad, []string{a, b, c, c, fmt.Sprint(a, i%7)}[rnd.IntN(5)]
			}
			md := logql.Labels{{Name: levelLabel, Value: []string{"info", "error"}[rnd.IntN(2)]}, {Name: name, Value: value + fmt.Sprint(rnd.IntN(9))}}
			params.Total[side]++
			p.Add(side, int64(i), logql.Labels{{Name: serviceLabel, Value: []string{"x", value}[rnd.IntN(2)]}}, md, nil, line)
		}
		r, err := Analyse(t.Context(), s, params)
		if err != nil {
			t.Fatal(err)
		}
		for _, cause := range r.Causes {
			if cause.BadRecords > 100 || cause.BaseRecords > 300 || cause.BadRecords < 0 || math.IsNaN(cause.Score) || math.IsInf(cause.Score, 0) || math.IsNaN(cause.Lift) ||
				cause.Summary == "" || len(cause.Samples) != params.Steps || len(cause.Examples) == 0 || len(cause.Also) > maxAlso {
				t.Fatalf("cause %+v", cause)
			}
			if cause.Filter != "" && !holds(cause.Filter, cause.Examples) {
				t.Fatalf("filter %s", cause.Filter)
			}
		}
	})
}
