// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package logql

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// shuffled hands out its entries in another order each time, from four goroutines.
type shuffled struct {
	*Memory
	seed uint64
	used int
}

func (s *shuffled) SelectUnordered(ctx context.Context, req *SelectRequest, newYield func() func(*Entry) error) error {
	s.used++
	var entries []*Entry
	err := s.Memory.Select(ctx, req, func(e *Entry) error {
		entries = append(entries, e)
		return nil
	})
	if err != nil {
		return err
	}
	r := rand.New(rand.NewPCG(s.seed, 1))
	r.Shuffle(len(entries), func(i, j int) { entries[i], entries[j] = entries[j], entries[i] })
	const workers = 4
	errs := make([]error, workers)
	var wg sync.WaitGroup
	for i := range workers {
		wg.Go(func() {
			yield := newYield()
			for j := i; j < len(entries) && errs[i] == nil; j += workers {
				errs[i] = yield(entries[j])
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// measured is ten minutes of numbers, several of them at the same time, some of them none.
func measured(n int) *Memory {
	r := rand.New(rand.NewPCG(7, 7))
	values := []string{"0", "-0", "1", "1e6", "0.1", "NaN", "7", "7", "-3.5"}
	entries := make([]Entry, 0, n)
	for i := range n {
		v := values[r.IntN(len(values))]
		if r.IntN(3) > 0 {
			v = fmt.Sprint(r.NormFloat64() * 100)
		}
		e := Entry{
			Timestamp: r.Int64N(600) * 1e9, Stream: Labels{{"app", []string{"web", "job", "db"}[r.IntN(3)]}},
			Line: fmt.Sprintf(`{"v": %s, "n":{"path":"/%d", "code": %d}}`, v, i%9, 200+i%4*100),
		}
		if v == "NaN" {
			e.Line = `{"v":"NaN"}`
		}
		if r.IntN(5) == 0 {
			e.Metadata = Labels{{"v", fmt.Sprint(r.IntN(10))}}
			e.Weight = float64(r.IntN(4))
		}
		entries = append(entries, e)
	}
	return NewMemory(entries)
}

func sameSeries(t *testing.T, want, got *Result, query string) {
	require.Len(t, got.Series, len(want.Series), query)
	for i, w := range want.Series {
		g := got.Series[i]
		require.Equal(t, w.Labels, g.Labels, query)
		require.Len(t, g.Points, len(w.Points), query)
		for j, p := range w.Points {
			require.Equal(t, p.T, g.Points[j].T, query)
			a, b := p.V, g.Points[j].V
			if a != b && !(math.IsNaN(a) && math.IsNaN(b)) && !(math.Abs(a-b) <= 1e-9*math.Max(math.Abs(a), 1)) {
				require.Failf(t, "values differ", "%s %s at %d: %v, %v", query, w.Labels, p.T, a, b)
			}
		}
	}
}

var everyRangeOp = []string{
	"count_over_time", "rate", "bytes_over_time", "bytes_rate", "absent_over_time",
	"sum_over_time", "avg_over_time", "min_over_time", "max_over_time", "stddev_over_time", "stdvar_over_time",
	"first_over_time", "last_over_time", "rate_counter", "quantile_over_time",
}

// rangeQueries are all range aggregations in several shapes.
func rangeQueries() []string {
	var out []string
	for _, op := range everyRangeOp {
		arg, unwrap := "", ` | unwrap v | __error__=""`
		switch op {
		case "count_over_time", "bytes_over_time", "bytes_rate", "absent_over_time":
			unwrap = ""
		case "quantile_over_time":
			arg = "0.9, "
		}
		for _, window := range []string{"[1m]", "[30s] offset 10s", "[10m]"} {
			inner := op + "(" + arg + `{app=~".+"} | json` + unwrap + " " + window + ")"
			out = append(out, "sum by (app) ("+inner+")", "max("+inner+")", "min by (app) ("+inner+")")
			if unwrap != "" && op != "rate" && op != "sum_over_time" && op != "rate_counter" {
				out = append(out, inner+" by (n_code, app)")
			}
		}
	}
	return append(out, `sum by (app) (rate({app=~".+"}[1m]))`)
}

// TestAnyOrder compares what comes in disorder, from several goroutines, with what comes in order.
func TestAnyOrder(t *testing.T) {
	data := measured(1200)
	p := Params{Start: 0, End: 600e9, Step: 20 * time.Second}
	for i, q := range rangeQueries() {
		e, err := Parse(q)
		require.NoError(t, err, q)
		want, err := Eval(context.Background(), data, e, p)
		require.NoError(t, err, q)
		require.True(t, len(want.Series) > 0 || strings.Contains(q, "absent"), q)
		src := &shuffled{Memory: data, seed: uint64(i)}
		got, err := Eval(context.Background(), src, e, p)
		require.NoError(t, err, q)
		sameSeries(t, want, got, q)
		require.Equal(t, want.Stats, got.Stats, q)
	}
}

// TestUnitedSeries compares aggregations that are applied to each sample at once with the same over finished series.
func TestUnitedSeries(t *testing.T) {
	data := measured(1200)
	p := Params{Start: 0, End: 600e9, Step: 20 * time.Second}
	united := 0
	for _, q := range rangeQueries() {
		e, err := Parse(q)
		require.NoError(t, err, q)
		v, ok := e.(*VectorAggregation)
		if !ok {
			continue
		}
		require.False(t, unites(&VectorAggregation{Op: "max", Grouping: &Grouping{Names: []string{"v"}}}, v.Inner.(*RangeAggregation)), q)
		if unites(v, v.Inner.(*RangeAggregation)) {
			united++
		}
		got, err := Eval(context.Background(), data, e, p)
		require.NoError(t, err, q)
		v.Inner = &LabelReplace{Inner: v.Inner, Dst: "none", Src: "none", Regex: "x", re: regexp.MustCompile("^x$")}
		want, err := Eval(context.Background(), data, e, p)
		require.NoError(t, err, q)
		sameSeries(t, want, got, q)
	}
	require.Greater(t, united, 15)
}

// TestLimitsOfParts holds the bounds of a query whose parts stay below them one by one.
func TestLimitsOfParts(t *testing.T) {
	var entries []Entry
	for i := range 400 {
		entries = append(entries, Entry{Timestamp: 1, Line: "x", Stream: Labels{{"app", fmt.Sprint(i)}}})
	}
	e, err := Parse(`count_over_time({app=~".+"}[1m])`)
	require.NoError(t, err)
	for limits, want := range map[Limits]string{
		{MaxSeries: 200}:          "maximum number of series (200)",
		{MaxMemoryBytes: 100_000}: "of memory",
		{MaxSeries: 400}:          "",
	} {
		src := &shuffled{Memory: NewMemory(slices.Clone(entries))}
		_, err = Eval(context.Background(), src, e, Params{Start: 1, End: 1, Limits: limits})
		if want == "" {
			require.NoError(t, err)
			continue
		}
		require.ErrorContains(t, err, want)
		require.True(t, IsUserError(err))
	}
}

// TestManySamplesFold compares aggregations of more samples than their buckets with each sample kept.
func TestManySamplesFold(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	var entries []Entry
	for range 4000 {
		entries = append(entries, Entry{
			Timestamp: r.Int64N(60e9), Line: fmt.Sprintf("v=%g", 1000+r.NormFloat64()), Stream: Labels{{"app", "x"}},
		})
	}
	data := NewMemory(entries)
	for _, op := range []string{"sum_over_time", "rate", "avg_over_time", "min_over_time", "max_over_time", "stddev_over_time", "stdvar_over_time"} {
		for window, step := range map[string]time.Duration{
			"10s": 3 * time.Second, "1s": 3 * time.Second, "2500ms": 3 * time.Second, "1m": 3 * time.Second,
			"30s": 80 * time.Millisecond, // too few to fold, but each of them in hundreds of windows
		} {
			q := fmt.Sprintf(`%s({app="x"} | logfmt | unwrap v [%s])`, op, window)
			if op != "rate" && op != "sum_over_time" {
				q += " by (app)"
			} else {
				q = "sum by (app) (" + q + ")"
			}
			e, err := Parse(q)
			require.NoError(t, err, q)
			p := Params{Start: 0, End: 70e9, Step: step}
			got, err := Eval(context.Background(), &shuffled{Memory: data}, e, p)
			require.NoError(t, err, q)
			agg, ok := e.(*RangeAggregation)
			if !ok {
				agg = e.(*VectorAggregation).Inner.(*RangeAggregation)
			}
			want := naive(agg, entries, p)
			require.Len(t, got.Series, 1, q)
			points := map[int64]float64{}
			for _, pt := range got.Series[0].Points {
				points[pt.T] = pt.V
			}
			require.Len(t, points, len(want), q)
			for at, v := range want {
				require.InEpsilon(t, v, points[at], 1e-9, "%s at %d", q, at)
			}
		}
	}
}

// naive aggregates by the book: step by step, over all samples of the window.
func naive(e *RangeAggregation, entries []Entry, p Params) map[int64]float64 {
	r := &rangeEval{e: e, interval: int64(e.Range.Interval)}
	out := map[int64]float64{}
	for at := p.Start; at <= p.End; at += int64(p.Step) {
		var w []sample
		for _, en := range entries {
			if en.Timestamp > at-r.interval && en.Timestamp <= at {
				v, _ := strconv.ParseFloat(en.Line[2:], 64)
				w = append(w, sample{en.Timestamp, v})
			}
		}
		if len(w) > 0 {
			out[at] = r.aggregate(w, at)
		}
	}
	return out
}

// TestSlidingQuantiles compares windows that overlap much with each of them by itself.
func TestSlidingQuantiles(t *testing.T) {
	data := measured(600)
	for _, q := range []string{"0", "0.25", "0.5", "0.99", "1", "2"} {
		e, err := Parse(`quantile_over_time(` + q + `, {app=~".+"} | json | v!="NaN" | unwrap v | __error__="" [2m]) by (app)`)
		require.NoError(t, err)
		p := Params{Start: 0, End: 700e9, Step: time.Second}
		res, err := Eval(context.Background(), data, e, p)
		require.NoError(t, err)
		require.Len(t, res.Series, 3)
		for _, s := range res.Series {
			require.Greater(t, len(s.Points), 600)
			for i := 0; i < len(s.Points); i += 7 {
				at := s.Points[i].T
				one, err := Eval(context.Background(), data, e, Params{Start: at, End: at})
				require.NoError(t, err)
				k := slices.IndexFunc(one.Series, func(o Series) bool { return o.Labels.compare(s.Labels) == 0 })
				require.GreaterOrEqual(t, k, 0)
				require.Equal(t, one.Series[k].Points[0], s.Points[i], q)
			}
		}
	}
	tree := newRankTree([]float64{3, math.NaN(), 1, math.NaN(), 2})
	for i := range 5 {
		tree.add(i, 1)
	}
	require.True(t, math.IsNaN(tree.nth(1)))
	require.Equal(t, []float64{1, 2, 3}, []float64{tree.nth(2), tree.nth(3), tree.nth(4)})
	tree.add(2, -1)
	require.Equal(t, 2.0, tree.nth(2))
}

func TestSelectNth(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	shapes := map[string]func(i, n int) float64{
		"random": func(int, int) float64 { return r.Float64() },
		"equal":  func(int, int) float64 { return 1 },
		"up":     func(i, _ int) float64 { return float64(i) },
		"down":   func(i, _ int) float64 { return float64(-i) },
		"few":    func(int, int) float64 { return float64(r.IntN(3)) },
		"organ":  func(i, n int) float64 { return float64(min(i, n-i)) },
		"inf":    func(int, int) float64 { return []float64{math.Inf(1), math.Inf(-1), 0, -1}[r.IntN(4)] },
	}
	for name, shape := range shapes {
		for _, n := range []int{1, 2, 3, 24, 25, 100, 1001, 5000} {
			vs := make([]float64, n)
			for i := range vs {
				vs[i] = shape(i, n)
			}
			sorted := slices.Clone(vs)
			slices.Sort(sorted)
			for _, k := range []int{0, n / 3, n / 2, n - 1} {
				got := slices.Clone(vs)
				selectNth(got, k)
				require.Equal(t, sorted[k], got[k], "%s %d of %d", name, k, n)
				require.LessOrEqual(t, slices.Max(got[:k+1]), got[k])
				require.GreaterOrEqual(t, slices.Min(got[k:]), got[k])
			}
		}
	}
	nan := math.NaN()
	require.True(t, math.IsNaN(quantile(0.2, []float64{1, nan, nan, 2})))
	require.Equal(t, 2.0, quantile(1, []float64{1, nan, 2, nan}))
	require.True(t, math.IsNaN(quantile(0.5, []float64{nan, 1})))
	require.Equal(t, 1.5, quantile(0.5, []float64{2, 1}))
}

func TestInterval(t *testing.T) {
	for _, tt := range []struct {
		p    Params
		want []int64
	}{
		{Params{Interval: 25 * time.Second}, []int64{0, 25, 50}},
		{Params{Interval: 25 * time.Second, Descending: true}, []int64{59, 34, 9}},
		{Params{Interval: 25 * time.Second, Limit: 2}, []int64{0, 25}},
		{Params{Interval: time.Hour}, []int64{0}},
	} {
		e, err := ParseLog(`{app="web"}`)
		require.NoError(t, err)
		tt.p.End = 1e12
		var got []int64
		_, err = Each(context.Background(), shop(), e, tt.p, func(ts int64, _ Labels, _ string) error {
			got = append(got, ts/1e9)
			return nil
		})
		require.NoError(t, err)
		require.Equal(t, tt.want, got)
	}
}
