// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package querycache

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/logboom/logboom/archive"
	"github.com/logboom/logboom/logql"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var base = time.Date(2026, 3, 4, 10, 0, 0, 0, time.UTC).UnixNano()

const minute = int64(time.Minute)

// world is records whose versions are known: each minute has a count of how often it was changed.
type world struct {
	entries []logql.Entry
	changes map[int64]uint64 // by minute
	fresh   map[int64]bool   // minutes with records that are not committed
	err     error            // of Select
	selects []archive.TimeRange
}

func (w *world) Select(ctx context.Context, req *logql.SelectRequest, yield func(*logql.Entry) error) error {
	w.selects = append(w.selects, archive.TimeRange{Start: req.Start, End: req.End})
	if w.err != nil {
		return w.err
	}
	return logql.NewMemory(slices.Clone(w.entries)).Select(ctx, req, yield)
}

func (w *world) versions(_ context.Context, ranges []archive.TimeRange) ([]archive.Version, error) {
	out := make([]archive.Version, len(ranges))
	for i, r := range ranges {
		out[i].Whole = true
		h := fnv(14695981039346656037)
		for m := floor(r.Start, minute); m < r.End; m += minute {
			if n := w.changes[m]; n > 0 {
				h.add(uint64(m), n)
			}
			out[i].Whole = out[i].Whole && !w.fresh[m]
		}
		for j := range 8 {
			out[i].Live[j] = byte(h >> (8 * j))
		}
	}
	return out, nil
}

type fnv uint64

func (h *fnv) add(ns ...uint64) {
	for _, n := range ns {
		*h = (*h ^ fnv(n)) * 1099511628211
		*h ^= *h >> 29
	}
}

func floor(a, b int64) int64 {
	m := a % b
	if m < 0 {
		m += b
	}
	return a - m
}

// put adds a record at a time.
func (w *world) put(at int64, service, line string) {
	w.entries = append(w.entries, logql.Entry{
		Timestamp: at, Line: line, Stream: logql.Labels{{Name: "service_name", Value: service}},
		Metadata: logql.Labels{{Name: "level", Value: []string{"info", "error"}[len(line)%2]}}, Weight: float64(1 + at/minute%2),
	})
	w.changes[floor(at, minute)]++
}

func newWorld() *world { return &world{changes: map[int64]uint64{}, fresh: map[int64]bool{}} }

func (w *world) query(t testing.TB, text string, start, end int64, step time.Duration) Query {
	e, err := logql.Parse(text)
	require.NoError(t, err)
	return Query{
		Expr: e, Source: w, Versions: w.versions, Complete: func() bool { return true },
		Params: logql.Params{Start: start, End: end, Step: step, Limits: logql.Limits{MaxSeries: 5000, MaxMemoryBytes: 64 << 20, MaxSteps: 11000}},
	}
}

// requireEqual compares results but for what rounding may do.
func requireEqual(t testing.TB, want, got *logql.Result, text string) {
	require.Equal(t, want.Type, got.Type, text)
	require.Len(t, got.Series, len(want.Series), text)
	for i := range want.Series {
		require.Equal(t, want.Series[i].Labels.String(), got.Series[i].Labels.String(), text)
		require.Len(t, got.Series[i].Points, len(want.Series[i].Points), text)
		for j, p := range want.Series[i].Points {
			q := got.Series[i].Points[j]
			require.Equal(t, p.T, q.T, text)
			if math.IsNaN(p.V) || math.IsInf(p.V, 0) {
				require.Equal(t, fmt.Sprint(p.V), fmt.Sprint(q.V), text)
				continue
			}
			require.InDelta(t, p.V, q.V, 1e-9*(1+math.Abs(p.V)), "%s at %d", text, p.T)
		}
	}
}

var queries = []string{
	`sum by (service_name) (count_over_time({service_name=~".+"}[1m]))`,
	`count_over_time({service_name=~".+"}[7m30s])`,
	`sum(rate({service_name="a"} |= "x" [5m] offset 3m))`,
	`sum(rate({service_name="a"}[5m] offset -4m))`,
	`topk(1, sum by (service_name) (bytes_over_time({service_name=~".+"}[2m])))`,
	`sort_desc(sum by (service_name) (count_over_time({service_name=~".+"}[2m])))`,
	`absent_over_time({service_name="c"}[3m])`,
	`max_over_time({service_name=~"a|b"} | logfmt | unwrap n [4m]) by (service_name)`,
	`first_over_time({service_name="a"} | logfmt | unwrap n [4m]) by (level)`,
	`quantile_over_time(0.5, {service_name="b"} | logfmt | unwrap n [3m]) by (service_name)`,
	`sum(count_over_time({service_name="a"}[1m])) / sum(count_over_time({service_name=~".+"}[10m]))`,
	`sum by (service_name) (count_over_time({service_name=~".+"}[1m])) > 2 or vector(0)`,
	`label_replace(sum by (service_name) (count_over_time({service_name=~".+"}[1m])), "s", "$1", "service_name", "(.).*")`,
	`sum by (level) (count_over_time({service_name=~".+"}[1s]))`,
	`count(count_over_time({service_name=~".+"}[1m])) + 1`,
}

// TestSameAsWithout asks random queries, some of them alike, while records come, go and are committed: a cache changes no
// answer.
func TestSameAsWithout(t *testing.T) {
	found, requested := 0, 0
	for seed := range uint64(12) {
		r := rand.New(rand.NewPCG(seed, 9))
		w := newWorld()
		c := New([]int64{1 << 20, 20_000, 1 << 30}[seed%3])
		put := func(n int) {
			for range n {
				at := base + r.Int64N(3*60*minute)
				if r.IntN(3) == 0 {
					at = floor(at, minute) // on the edges of windows
				}
				w.put(at, string(rune('a'+r.IntN(3))), fmt.Sprintf("n=%d %s", r.IntN(50), strings.Repeat("x", r.IntN(3))))
			}
		}
		put(300)
		step := []time.Duration{time.Minute, 30 * time.Second, 7 * time.Second, 20 * time.Minute}[r.IntN(4)]
		start := base - int64(r.IntN(7))*17*int64(time.Second)
		for i := range 120 {
			switch r.IntN(12) {
			case 0:
				put(1 + r.IntN(3)) // late records
			case 1: // erased
				if n := len(w.entries); n > 0 {
					k := r.IntN(n)
					w.changes[floor(w.entries[k].Timestamp, minute)]++
					w.entries = slices.Delete(w.entries, k, k+1)
				}
			case 2: // accepted, not committed
				at := base + r.Int64N(180)*minute + r.Int64N(minute)
				w.put(at, "a", "n=1 fresh")
				w.changes[floor(at, minute)]--
				w.fresh[floor(at, minute)] = true
			case 3: // committed
				for m := range w.fresh {
					w.changes[m]++
				}
				clear(w.fresh)
			case 4:
				step = []time.Duration{time.Minute, 30 * time.Second, 7 * time.Second, 20 * time.Minute}[r.IntN(4)]
			}
			start += int64(r.IntN(3)) * int64(step) // the window moves on
			end := start + int64(r.IntN(200))*int64(step) + int64(r.IntN(2))*1000
			text := queries[(i/6+int(seed))%len(queries)]
			q := w.query(t, text, start, end, step)
			want, err := logql.Eval(t.Context(), w, q.Expr, q.Params)
			require.NoError(t, err, text)
			if start == end {
				continue
			}
			got, stats, err := c.Eval(t.Context(), q)
			require.NoError(t, err, text)
			requireEqual(t, want, got, fmt.Sprintf("seed %d, query %d: %s", seed, i, text))
			if stats.Found == 0 {
				require.Equal(t, want.Stats.Weighted, got.Stats.Weighted, text)
			}
			require.LessOrEqual(t, c.Bytes(), c.limit)
			found += stats.Found
			requested += stats.Requested
		}
	}
	require.Greater(t, found*4, requested, "hardly anything was found: %d of %d", found, requested)
}

// TestOnlyWhatIsMissing says which part of the archive is read again.
func TestOnlyWhatIsMissing(t *testing.T) {
	w := newWorld()
	for i := range int64(180) {
		w.put(base+i*minute, "a", "n=1")
	}
	c := New(1 << 20)
	ask := func(start, end int64) (*logql.Result, Stats, []archive.TimeRange) {
		w.selects = nil
		res, stats, err := c.Eval(t.Context(), w.query(t, `sum(count_over_time({service_name="a"}[1m]))`, start, end, time.Minute))
		require.NoError(t, err)
		return res, stats, w.selects
	}
	// 128 steps in blocks of 8; the first is a multiple of 8 minutes.
	from, to := base, base+127*minute
	_, stats, selects := ask(from, to)
	require.Equal(t, Stats{Requested: 16, Stored: 16, BytesStored: stats.BytesStored}, stats)
	require.Len(t, selects, 1, "neighbours are evaluated together")
	require.Equal(t, c.Bytes(), stats.BytesStored)

	res, stats, selects := ask(from, to)
	require.Equal(t, 16, stats.Found)
	require.Empty(t, selects)
	require.Len(t, res.Series[0].Points, 128)
	require.True(t, res.Stats.Weighted, "the records are, whoever counted them")

	w.put(base+50*minute-1, "a", "late") // the 50th step sees it, which is of the 7th block
	_, stats, selects = ask(from, to)
	require.Equal(t, 15, stats.Found)
	require.Equal(t, []archive.TimeRange{{Start: base + 47*minute + 1, End: base + 55*minute + 1}}, selects)

	_, stats, selects = ask(from+3*minute, to+3*minute) // the window moved on
	require.Equal(t, 17, stats.Requested)
	require.Equal(t, 15, stats.Found)
	require.Len(t, selects, 2, "the head and the tail")
	_, stats, selects = ask(from+3*minute, to+3*minute)
	require.Equal(t, 17, stats.Found)
	require.Empty(t, selects)

	w.fresh[floor(base+90*minute, minute)] = true
	_, stats, selects = ask(from, to)
	require.Equal(t, Stats{Requested: 15, Found: 15, BytesFound: stats.BytesFound}, stats, "what is not committed is not looked for")
	require.Len(t, selects, 1)
}

// TestScope keeps apart what is asked by others or otherwise.
func TestScope(t *testing.T) {
	w := newWorld()
	for i := range int64(100) {
		w.put(base+i*minute, "a", "n=1")
	}
	c := New(1 << 20)
	for _, change := range []func(*Query){
		func(*Query) {},
		func(q *Query) { q.Scope = []string{"a"} },
		func(q *Query) { q.Scope = []string{"b"} },
		func(q *Query) { q.Scope = []string{"a", "b"} },
		func(q *Query) { q.Scope = []string{"ab"} },
		func(q *Query) { q.Params.Unweighted = true },
		func(q *Query) { q.Params.Step *= 2; q.Params.End += 63 * minute },
		func(q *Query) { q.Params.Start++; q.Params.End++ },
		func(q *Query) {
			*q = w.query(t, `sum(rate({service_name="a"}[1m]))`, base, base+63*minute, time.Minute)
		},
	} {
		for want := range 2 {
			q := w.query(t, `sum(count_over_time({service_name="a"}[1m]))`, base, base+63*minute, time.Minute)
			change(&q)
			_, stats, err := c.Eval(t.Context(), q)
			require.NoError(t, err)
			require.Positive(t, stats.Requested)
			require.Equal(t, want*stats.Requested, stats.Found)
		}
	}
}

// TestNotKept has what must be evaluated each time.
func TestNotKept(t *testing.T) {
	w := newWorld()
	for i := range int64(100) {
		w.put(base+i*minute, "a", "n=1")
	}
	end := base + 63*minute
	for _, tt := range []struct {
		name string
		q    Query
		c    *Cache
	}{
		{"no cache", w.query(t, queries[0], base, end, time.Minute), nil},
		{"a cache of nothing", w.query(t, queries[0], base, end, time.Minute), New(0)},
		{"a cache that is too small", w.query(t, queries[0], base, end, time.Minute), New(1000)},
		{"an instant", w.query(t, queries[0], base, base, 0), New(1 << 20)},
		{"no records", w.query(t, `vector(1)`, base, end, time.Minute), New(1 << 20)},
		{"the time of day", w.query(t, `count_over_time({service_name="a"} | label_format t="{{ now }}" | keep service_name [1m])`, base, end, time.Minute), New(1 << 20)},
	} {
		want, err := logql.Eval(t.Context(), w, tt.q.Expr, tt.q.Params)
		require.NoError(t, err, tt.name)
		for range 2 {
			got, stats, err := tt.c.Eval(t.Context(), tt.q)
			require.NoError(t, err, tt.name)
			require.Zero(t, stats.Found, tt.name)
			require.Zero(t, stats.Stored, tt.name)
			requireEqual(t, want, got, tt.name)
		}
	}
	c := New(1 << 20)
	partial := w.query(t, queries[0], base, end, time.Minute)
	partial.Complete = func() bool { return false }
	_, stats, err := c.Eval(t.Context(), partial)
	require.NoError(t, err)
	require.Zero(t, stats.Stored, "a part could not be read")
}

func TestErrorsAndLimits(t *testing.T) {
	w := newWorld()
	for i := range int64(100) {
		w.put(base+i*minute, fmt.Sprint("s", i), "n=1")
	}
	end := base + 99*minute
	c := New(1 << 20)
	q := w.query(t, `sum by (service_name) (count_over_time({service_name=~".+"}[1m]))`, base, end, time.Minute)
	_, stats, err := c.Eval(t.Context(), q)
	require.NoError(t, err)
	require.Positive(t, stats.Stored)

	var limit *logql.LimitError
	few := q
	few.Params.Limits.MaxSeries = 50 // each block has fewer
	_, _, err = c.Eval(t.Context(), few)
	require.ErrorAs(t, err, &limit)
	little := q
	little.Params.Limits.MaxMemoryBytes = 9000
	_, _, err = c.Eval(t.Context(), little)
	require.ErrorAs(t, err, &limit)
	steps := q
	steps.Params.Limits.MaxSteps = 99
	_, _, err = c.Eval(t.Context(), steps)
	require.ErrorAs(t, err, &limit)
	topk := w.query(t, `approx_topk(1, sum by (service_name) (count_over_time({service_name=~".+"}[1m])))`, base, end, time.Minute)
	_, _, err = c.Eval(t.Context(), topk)
	require.True(t, logql.IsUserError(err), "%v", err)

	failed := errors.New("the bucket is away")
	w.err = failed
	other := w.query(t, `sum(count_over_time({service_name=~".+"}[1m]))`, base, end, time.Minute)
	_, _, err = c.Eval(t.Context(), other)
	require.ErrorIs(t, err, failed)
	other.Versions = func(context.Context, []archive.TimeRange) ([]archive.Version, error) { return nil, failed }
	_, _, err = c.Eval(t.Context(), other)
	require.ErrorIs(t, err, failed)
}

// TestGrid checks the cutting: every step once and in order, blocks at the same times for all queries of a phase.
func TestGrid(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 3000 {
		step := 1 + r.Int64N(1<<r.IntN(45))
		start := r.Int64N(1<<62) - 1<<61
		p := logql.Params{Start: start, Step: time.Duration(step)}
		n := r.IntN(12_000)
		p.End = add(start, int64(n)*step+r.Int64N(step))
		g, ok := gridOf(&p)
		if n == 0 {
			require.False(t, ok)
			continue
		}
		require.True(t, ok)
		if n+1 < 2*fewestSteps {
			require.Equal(t, 1, g.size)
		}
		require.Equal(t, n+1, g.steps)
		next := 0
		for i, run := range g.runs() {
			require.Equal(t, next, run.from)
			require.LessOrEqual(t, run.from, run.to)
			next = run.to + 1
			if run.first == 0 && run.to-run.from+1 == g.size {
				require.Equal(t, run.block*int64(g.size)*g.step+g.phase(), g.at(run.from))
				require.Equal(t, g.size, run.to-run.from+1)
			} else {
				require.True(t, i == 0 || run.to == g.steps-1)
				require.Equal(t, (run.block*int64(g.size)+int64(run.first))*g.step+g.phase(), g.at(run.from))
				require.Less(t, run.first+run.to-run.from, g.size)
			}
		}
		require.Equal(t, g.steps, next)
	}
	for _, p := range []logql.Params{
		{Start: 5, End: 4, Step: 1},
		{Start: 5, End: 500, Step: 0},
		{Start: 5, End: 500, Step: -1},
		{Start: math.MinInt64, End: math.MaxInt64, Step: 1},
	} {
		_, ok := gridOf(&p)
		require.False(t, ok)
	}
	g, ok := gridOf(&logql.Params{Start: math.MinInt64, End: math.MaxInt64, Step: time.Duration(math.MaxInt64 / 8)})
	require.True(t, ok)
	for _, run := range g.runs() {
		v := g.looksAt(run.from, run.to, &reach{from: math.MinInt64, to: math.MaxInt64})
		require.LessOrEqual(t, v.Start, v.End)
	}
}

// TestConcurrent lets queries share a small cache; the race detector and the answers tell.
func TestConcurrent(t *testing.T) {
	w := newWorld()
	for i := range int64(100) {
		w.put(base+i*minute, fmt.Sprint("s", i%3), "n=1")
	}
	c := New(30_000)
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			mine := &world{entries: w.entries, changes: w.changes, fresh: w.fresh}
			for j := range 20 {
				q := mine.query(t, queries[(i+j)%3], base, base+90*minute, time.Minute)
				want, err := logql.Eval(context.Background(), mine, q.Expr, q.Params)
				got, _, err2 := c.Eval(context.Background(), q)
				if err != nil || err2 != nil || len(want.Series) != len(got.Series) {
					t.Errorf("query %d: %v, %v", j, err, err2)
				}
			}
		})
	}
	wg.Wait()
	require.LessOrEqual(t, c.Bytes(), int64(30_000))
}

// TestTooManySteps: no more steps than the engine allows, even where all of them are known; neither are they counted out.
func TestTooManySteps(t *testing.T) {
	w := newWorld()
	w.put(base, "a", "x")
	c := New(8 << 20)
	ask := func(steps int64) error {
		q := w.query(t, `sum(count_over_time({service_name="a"}[1m]))`, base, base+(steps-1)*minute, time.Minute)
		q.Params.Limits.MaxSteps = 0
		_, _, err := c.Eval(t.Context(), q)
		return err
	}
	require.NoError(t, ask(11_000))
	// With what is known the rest is few enough.
	var limit *logql.LimitError
	require.ErrorAs(t, ask(12_000), &limit)
	w.selects = nil
	require.ErrorAs(t, ask(1<<26), &limit)
	require.Empty(t, w.selects)
}
