// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package culprit

import (
	"context"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync"
)

// By says how the sides were told apart.
type By string

// The ways.
const (
	ByInterval By = "interval" // an interval against other times: rates are compared
	ByFilter   By = "filter"   // what passes a filter against the rest of the same times: shares are compared
)

// Params are what an analysis needs to know of a sample.
type Params struct {
	By By
	// Total is how many records of each side there are, of which the sample is a part.
	Total [2]float64
	// Length is the time of each side, in ns. Intervals alone need it.
	Length [2]float64
	// Start, Step and Steps say in which steps of time to count the records of a cause, in ns.
	Start, Step int64
	Steps       int
	// Limit is how many causes to return at most.
	Limit int

	covered []bool // the steps of the baseline
	edge    []bool // those of them that are next to bad ones; nil: there are none
}

// step returns the step that a time is in, -1 for none.
func (p *Params) step(t int64) int {
	if t < p.Start || p.Step <= 0 {
		return -1
	}
	if at := (t - p.Start) / p.Step; at < int64(p.Steps) {
		return int(at)
	}
	return -1
}

// Cause is what may be the reason, or a part of what follows from it.
type Cause struct {
	Kind     Kind
	Service  string // "" is several
	Field    string
	Value    string
	Template string
	Matcher  string // of a stream selector; "" none
	Filter   string // of a pipeline; "" none

	Score, Lift             float64
	BadRecords, BaseRecords float64 // estimated from the sample
	BadShare, BaselineShare float64
	New                     bool
	First                   int64 // time of the first bad record
	Summary                 string
	Samples                 []float64 // by step, over both sides, estimated
	Examples                []*Record
	Also                    []*Cause
}

// Report is what was found.
type Report struct {
	// Causes are the causes, the likeliest first.
	Causes []*Cause
	// Traffic is how many times as many records there are as usual, of most services alike; 0: it is not known.
	Traffic float64
}

// Note is what to know of all causes alike, for humans; "" is nothing.
func (r *Report) Note() string {
	if t := r.Traffic; t == 0 || t > 0.67 && t < 1.5 {
		return ""
	}
	return "the interval has " + number0(r.Traffic) + " times as many records as is usual, of most services alike: causes are what stands out from that"
}

// Analyse compares the sides of a sample. Its error is the context's.
func Analyse(ctx context.Context, s *Sample, p Params) (*Report, error) {
	a := &analysis{p: p, records: s.sorted(), byName: map[string]*service{}, traffic: 1}
	for i, r := range a.records {
		a.n[r.Side]++
		svc := a.byName[r.service]
		if svc == nil {
			svc = &service{name: r.service}
			a.byName[r.service] = svc
			a.services = append(a.services, svc)
		}
		svc.n[r.Side]++
		svc.recs = append(svc.recs, r)
		svc.at = append(svc.at, int32(i))
	}
	if a.n[Bad] == 0 || a.n[Baseline] == 0 { // nothing can be called unusual
		return &Report{}, ctx.Err()
	}
	a.cover()
	a.setRatio()
	var large []*service // of the others, of which there may be very many, nothing can be told
	for _, svc := range a.services {
		if len(svc.recs) >= minRecords || a.ratio*float64(svc.n[Baseline]) >= 2*minRecords {
			large = append(large, svc)
		}
	}
	parallel(large, func(svc *service) { svc.digest(ctx, &a.p) })
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	a.requests()
	a.message = make([]string, len(a.records))
	for _, svc := range large {
		for i, at := range svc.at {
			a.message[at] = svc.message[i]
		}
	}
	a.setTraffic()
	for _, svc := range large {
		from := len(a.list)
		a.candidates(svc)
		a.fill(svc, a.list[from:])
		svc.determine(a.list[from:])
		a.list = append(a.list, a.explanations(svc, a.list[from:])...)
	}
	a.across()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	floor := math.Log(float64(max(a.tests, 1)) / chance)
	a.list = slices.DeleteFunc(a.list, func(c *candidate) bool { return c.llr < floor })
	for _, c := range a.list {
		c.rank(a)
	}
	a.fold()
	out := &Report{}
	if a.p.By == ByInterval {
		out.Traffic = a.traffic
	}
	for _, c := range a.list[:min(len(a.list), p.Limit)] {
		out.Causes = append(out.Causes, a.describe(c))
	}
	return out, ctx.Err()
}

// parallel calls f for all services, the largest first, from several goroutines.
func parallel(list []*service, f func(*service)) {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b *service) int { return len(b.recs) - len(a.recs) })
	next := make(chan *service, len(list))
	for _, s := range list {
		next <- s
	}
	close(next)
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(list)) {
		wg.Go(func() {
			for s := range next {
				f(s)
			}
		})
	}
	wg.Wait()
}

// cover finds the steps that the sample has records of the baseline in, and which of them are next to the bad interval: as many as that has on
// either side, and a fifth of the baseline at most.
func (a *analysis) cover() {
	a.p.covered = make([]bool, a.p.Steps)
	bad := make([]bool, a.p.Steps)
	for _, r := range a.records {
		if at := a.p.step(r.Time); at >= 0 {
			if r.Side == Baseline {
				a.p.covered[at] = true
			} else {
				bad[at] = true
			}
		}
	}
	if a.p.By == ByFilter {
		return
	}
	n, long := 0, 0
	for at := range bad {
		if a.p.covered[at] {
			n++
		}
		if bad[at] {
			long++
		}
	}
	const leastSteps = 10
	if n < leastSteps {
		return
	}
	wide := min(n/5, long)
	a.p.edge = make([]bool, a.p.Steps)
	for at, is := range bad {
		for near := max(at-wide, 0); is && near <= min(at+wide, a.p.Steps-1); near++ {
			a.p.edge[near] = a.p.covered[near]
		}
	}
	left := 0
	for at, is := range a.p.covered {
		if is && !a.p.edge[at] {
			left++
		}
	}
	if left < n/2 { // several short intervals, say
		a.p.edge = nil
	}
}

// setRatio finds how many bad records of the sample one of the baseline makes expect.
func (a *analysis) setRatio() {
	if a.p.By == ByFilter {
		a.ratio = a.n[Bad] / a.n[Baseline]
	} else {
		a.ratio = a.p.Total[Baseline] / a.n[Baseline] * a.p.Length[Bad] / a.p.Length[Baseline] * a.n[Bad] / a.p.Total[Bad]
	}
}

// setTraffic finds how much more of everything there is: the median of the services, by their records.
func (a *analysis) setTraffic() {
	all := &service{}
	for _, s := range a.services {
		all.templates = append(all.templates, template{n: s.n})
	}
	a.traffic = a.scale(all)
}

// across adds the values that became more in several services at once.
func (a *analysis) across() {
	type key struct{ name, value string }
	groups := map[key][]*candidate{}
	var order []key
	for _, c := range a.list {
		if c.kind == KindValue && c.f != nil && !isLevel(c.f.name) && c.f.from <= fromPair && !c.determined {
			k := key{c.f.name, c.value}
			if groups[k] == nil {
				order = append(order, k)
			}
			groups[k] = append(groups[k], c)
		}
	}
	for _, k := range order {
		list := groups[k]
		if len(list) < 2 {
			continue
		}
		all := &candidate{kind: KindValue, tmpl: -1, f: list[0].f, value: k.value}
		most := 0.0
		for _, c := range list {
			all.n[0] += c.n[0]
			all.n[1] += c.n[1]
			all.expected += c.expected
			all.members = append(all.members, c.members...)
			most = max(most, c.n[Bad]-c.expected)
		}
		if most > 0.8*(all.n[Bad]-all.expected) || !a.weigh(all, max(a.traffic, 1), 2) {
			continue
		}
		slices.Sort(all.members)
		all.parts = list
		a.list = append(a.list, all) // behind its parts
	}
}

func quoted(name, value string) string {
	var b strings.Builder
	b.WriteString(name)
	b.WriteByte('=')
	b.WriteString(quote(value))
	return b.String()
}
