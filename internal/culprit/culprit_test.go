// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package culprit

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"sync"
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
		"2026-01-15 00:00:05,438 ERROR [http-nio-8080-exec-3] rid=abc12": "number 1: 2026-01-15; number 2: 00:00:05; number 3: 438; number 4: http-nio-8080-exec-3; rid=abc12",
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

// TestSameAnswerOfTies has records that differ in little: their stream, or whether a value is a label or in the line.
func TestSameAnswerOfTies(t *testing.T) {
	w := newWorld(12)
	w.each(400, func(at time.Duration) {
		at = at.Truncate(time.Second)
		customer := fmt.Sprintf("c%d", w.rnd.IntN(9))
		line := fmt.Sprintf(`{"msg":"order placed","customer":%q}`, customer)
		if w.bad(at) && customer == "c7" {
			line = `{"msg":"ledger refused an order","customer":"c7"}`
		}
		w.log(at, "orders", "info", line, "customer", customer)
		last := &w.records[len(w.records)-1]
		last.stream = append(last.stream, logql.Label{Name: "pod", Value: w.pick("a", "b", "c")})
	})
	shuffled(t, w, func() *Report { return w.ask(t, nil) })
}

// TestSameAnswerOfSome: what is left out where there is no room is the same, too.
func TestSameAnswerOfSome(t *testing.T) {
	w := newWorld(13)
	w.each(2000, func(at time.Duration) {
		id := w.id()
		w.log(at, "door", "info", "somebody rings", "request_id", id)
		if w.bad(at) && w.rnd.IntN(3) == 0 {
			w.log(at, "hall", "error", "no light in the hall", "request_id", id)
			w.log(at, "door", "error", "hall does not open", "request_id", id)
		}
	})
	shuffled(t, w, func() *Report {
		s := NewSample(900_000)
		r := w.analyse(t, s, nil)
		if kept, seen := s.Kept(Baseline), s.Seen(Baseline); kept < seen/16 || kept > seen/2 {
			t.Fatalf("kept %d of %d", kept, seen)
		}
		first(t, r, KindTemplate, "hall", "", "", "no light")
		return r
	})
}

// shuffled compares the answers to the same records in other orders.
func shuffled(t *testing.T, w *world, ask func() *Report) {
	t.Helper()
	var want []byte
	for seed := range uint64(16) {
		got, err := json.Marshal(ask())
		if err != nil {
			t.Fatal(err)
		}
		if want == nil {
			want = got
		}
		if !bytes.Equal(got, want) {
			t.Fatalf("order %d: another answer:\n%s\n%s", seed, got, want)
		}
		r := rand.New(rand.NewPCG(seed, 2)) //nolint:gosec // reproducible
		r.Shuffle(len(w.records), func(i, j int) { w.records[i], w.records[j] = w.records[j], w.records[i] })
	}
	if len(want) < 100 {
		t.Errorf("nothing to compare: %s", want)
	}
}

// TestSampleBytes: a sample takes no more than it may, and says what it saw.
func TestSampleBytes(t *testing.T) {
	s := NewSample(1 << 20)
	parts := []*Part{s.NewPart(), s.NewPart()}
	line := strings.Repeat("long ", 10_000)
	for i := range 1000 {
		parts[i/2%2].Add(Side(i%2), int64(i), logql.Labels{{Name: serviceLabel, Value: "a"}}, logql.Labels{{Name: "big", Value: line}}, nil, line)
	}
	for _, side := range []Side{Bad, Baseline} {
		if kept := s.Kept(side); s.Seen(side) != 500 || kept < 16 || kept > 128 {
			t.Errorf("seen %d, kept %d", s.Seen(side), kept)
		}
	}
	if r := s.sorted()[0]; len(r.Line) != maxLineBytes || r.Bytes != len(line) || len(r.Metadata[0].Value) != maxValueBytes {
		t.Errorf("kept %d of a line, %d of a value", len(r.Line), len(r.Metadata[0].Value))
	}
	one := NewSample(1 << 20)
	p := one.NewPart()
	for i := range 1000 {
		p.Add(Bad, int64(i), nil, logql.Labels{{Name: "trace_id", Value: "always the same"}}, nil, line)
	}
	if kept := one.Kept(Bad); kept < 100 || kept > 128 {
		t.Errorf("kept %d of one request", kept)
	}
}

// TestSampleConcurrent: parts that are filled at a time keep what one alone would.
func TestSampleConcurrent(t *testing.T) {
	fill := func(parts int) string {
		s := NewSample(200_000)
		var wg sync.WaitGroup
		for n := range parts {
			p := s.NewPart()
			wg.Go(func() {
				for i := n; i < 4000; i += parts {
					p.Add(Side(i%2), int64(i), nil, nil, nil, fmt.Sprintf("line %d", i))
				}
			})
		}
		wg.Wait()
		var lines strings.Builder
		for _, r := range s.sorted() {
			fmt.Fprintln(&lines, r.Line)
		}
		return lines.String()
	}
	want := fill(1)
	if n := strings.Count(want, "\n"); n < 400 || n > 1200 {
		t.Errorf("%d lines", n)
	}
	if fill(7) != want {
		t.Error("other lines")
	}
}

func TestNumbersInTexts(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 0.25: "0.2", 9.5: "9.5", 17.2: "17", 999.6: "1,000", 12345: "12,345", 1234567.8: "1,234,568"} {
		if got := number0(v); got != want {
			t.Errorf("%v: %s, want %s", v, got, want)
		}
	}
	for v, want := range map[float64]string{0.021337: "0.02134 ms", 12: "12 ms", 999.96: "1,000 ms", -1500: "-1,500 ms", -999999: "-999,999 ms", 1e9: "1,000,000,000 ms"} {
		if got := amount(v, "ms"); got != want {
			t.Errorf("%v: %s, want %s", v, got, want)
		}
	}
	for v, want := range map[float64]string{0: "", 1: "", 1.5: "1.5 times", 0.5: "0.5 times", 1500: "1,500 times"} {
		if got := (&Report{Traffic: v}).Note(); !strings.Contains(got, want) || want == "" && got != "" {
			t.Errorf("%v: %q", v, got)
		}
	}
}

// TestTextIsNoLogfmt: lines of text with an = somewhere have no fields but the pairs in them.
func TestTextIsNoLogfmt(t *testing.T) {
	fields := func(line string) (out []string) {
		s := &service{recs: []*Record{{Line: line, Side: Bad}}}
		s.digest(t.Context(), &Params{Steps: 1})
		for _, f := range s.features {
			out = append(out, fmt.Sprintf("%s=%s %d", f.f.name, f.value, f.f.from))
		}
		slices.Sort(out)
		return out
	}
	for line, want := range map[string][]string{
		"2026-01-15 00:00:05,438 ERROR [http-nio-8080-exec-1] c.s.Cart - user=u1 failed": {fmt.Sprintf("user=u1 %d", fromPair)},
		"ERROR=[http-nio-8080-exec-1] it is said that the cart is broken and so on":      {fmt.Sprintf("ERROR=http-nio-8080-exec-1 %d", fromPair)},
		"level=error user=u1 msg=\"it failed\"":                                          {fmt.Sprintf("level=error %d", fromLogfmt), fmt.Sprintf("user=u1 %d", fromLogfmt)},
		"rate = 5 of GET /search?q=x2y":                                                  {fmt.Sprintf("GET=/search?q=x2y %d", fromWord), fmt.Sprintf("rate=5 %d", fromWord)},
	} {
		if got := fields(line); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", line, got, want)
		}
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
			p.Add(side, int64(i)+int64(seed/2)-60, logql.Labels{{Name: serviceLabel, Value: []string{"x", value}[rnd.IntN(2)]}}, md, nil, line)
		}
		r, err := Analyse(t.Context(), s, params)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := json.Marshal(r); err != nil { // of NaN and Inf there is none
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

// TestManyOfAll: services and numbers that are more than can be told of take no more memory than the records do.
func TestManyOfAll(t *testing.T) {
	var numbers strings.Builder
	for i := range 60 {
		fmt.Fprintf(&numbers, "n%d=%dms ", i, i)
	}
	s := &service{recs: []*Record{{Line: numbers.String(), Side: Bad}, {Line: numbers.String()}}}
	s.digest(t.Context(), &Params{Steps: 1})
	if len(s.readings) != 2*maxReadings {
		t.Errorf("%d readings", len(s.readings))
	}
	sample := NewSample(1 << 20)
	p := sample.NewPart()
	params := Params{By: ByInterval, Length: [2]float64{1, 1}, Limit: 10}
	for i := range 200 {
		stream := logql.Labels{{Name: serviceLabel, Value: fmt.Sprintf("s%d", i/4)}} // each has two of either side
		p.Add(Side(i%2), int64(i), stream, nil, nil, "one of few")
		params.Total[i%2]++
	}
	if r, err := Analyse(t.Context(), sample, params); err != nil || len(r.Causes) > 0 {
		t.Errorf("%v, %d causes", err, len(r.Causes))
	}
}

// FuzzText looks at any line: what is found in it is in it, and no number is none.
func FuzzText(f *testing.F) {
	f.Add("2026-01-15 00:00:05,438 ERROR [http-nio-8080-exec-1] rid=abc12 took=12ms")
	f.Add(`{"message":"took 5ms","a":{"b":[1,{"c":"1e999"}]},"msg":"\ud800"}`)
	f.Add("a=1 b=\"2 3\" c== =d \xff\x00= 99999999999999999999 -.5s +1µs ключ=значение5")
	f.Add("{" + strings.Repeat(`"a":{`, 100))
	f.Add("d== d==")
	f.Fuzz(func(t *testing.T, line string) {
		for _, found := range findings(nil, line) {
			if found.key == "" || found.value == "" || !strings.Contains(line, found.value) || found.pair && !isKey(found.key) {
				t.Fatalf("%q has no %+v", line, found)
			}
			if v, _, ok := number(found.value); ok && (math.IsNaN(v) || math.IsInf(v, 0)) {
				t.Fatalf("%q is no number", found.value)
			}
		}
		s := NewSample(1 << 20)
		p := s.NewPart()
		for i := range 3 {
			p.Add(Side(i%2), int64(i), nil, nil, nil, line)
		}
		svc := &service{recs: s.sorted(), at: []int32{0, 1, 2}}
		svc.digest(t.Context(), &Params{Step: 1, Steps: 3})
		for i := range svc.recs {
			if len(svc.message[i]) > maxLineBytes || strings.Contains(svc.message[i], "\n") && svc.message[i][0] != '\n' {
				t.Fatalf("message %q", svc.message[i])
			}
			for _, at := range svc.featuresOf(int32(i)) {
				if svc.features[at].n[Bad] != 1 || len(svc.features[at].value) > maxShownBytes {
					t.Fatalf("%q: %s=%s of %d", line, svc.features[at].f.name, svc.features[at].value, svc.features[at].n[Bad])
				}
			}
		}
	})
}
