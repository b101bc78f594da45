// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package culprit

import (
	"math"
	"slices"
	"strings"
)

// Kind is what a cause is.
type Kind string

// The kinds of causes.
const (
	KindTemplate Kind = "template" // lines of one template came more often
	KindValue    Kind = "value"    // records with a value of a field came more often
	KindNumber   Kind = "number"   // a number in lines of one template grew or shrank
	KindSilence  Kind = "silence"  // a service, or lines of one template, came no more
)

const (
	// minRecords is how many bad records of the sample make a cause at least.
	minRecords = 5
	// minLift is how much more often than expected it must be with some certainty (z standard errors).
	minLift = 1.5
	z       = 2
	// silent is the part of what is expected below which there is silence.
	silent = 0.15
	// chance is how likely any cause at all may be found where there is none.
	chance = 0.05
)

// candidate is what may be a cause.
type candidate struct {
	kind    Kind
	s       *service // nil: of several services
	tmpl    int32    // of a template, silence or number; -1
	f       *field   // of a value; nil for a service as a whole
	feature int32
	value   string
	what    int32 // of a number
	// determined says that the template of a line tells the value; explaining that the value says why lines of a template came.
	determined, explaining bool
	within                 *candidate   // of a value: the template that it says the reason of, which alone its records are of
	parts                  []*candidate // of a value of several services: those of each

	n        [2]float64 // of the sample
	expected float64    // of n[Bad]
	lift     float64
	llr      float64 // how unlikely it is by chance, in the order of a log-likelihood ratio
	errors   float64 // share of errors in the members
	warns    float64
	from, to float64 // of a number: its high quantile before and in the bad records
	median   [2]float64
	fell     bool // it is smaller now

	members []int32 // indices in the sample of the bad records that are more than usual, in order
	groups  []int32 // requests that they belong to, in order
	relays  bool    // most of them name another service
	also    []*candidate
	score   float64
}

// analysis is a report in the making.
type analysis struct {
	p        Params
	records  []*Record
	services []*service
	byName   map[string]*service
	n        [2]float64
	ratio    float64  // bad records of the sample that one of the baseline makes expect
	traffic  float64  // how much more there is of everything, usually 1
	tests    int      // how many things were compared
	message  []string // of each record
	request  []int32  // of each record: the request that it is of, -1 unknown
	list     []*candidate
}

// weigh fills in what follows from the counts of something that became more; false: it did not.
func (a *analysis) weigh(c *candidate, scale, dispersion float64) bool {
	a.tests++
	b, base := c.n[Bad], c.n[Baseline]
	if b < minRecords {
		return false
	}
	c.expected = a.ratio * base * scale
	lift := (b + 0.5) / (a.ratio * scale * (base + 0.5))
	low := lift * math.Exp(-z*math.Sqrt(dispersion/(b+0.5)+dispersion/(base+0.5)))
	if low < minLift || b <= c.expected {
		return false
	}
	c.lift = lift
	c.llr = (b - c.expected) * math.Log(low)
	return true
}

// scale is how much more of everything a service writes: the ratio of its templates, the median by how many records they make expect.
func (a *analysis) scale(s *service) float64 {
	if a.p.By == ByFilter {
		return 1
	}
	type part struct{ ratio, weight float64 }
	var parts []part
	total := 0.0
	for i := range s.templates {
		t := &s.templates[i]
		if t.n[Baseline] >= 3 {
			w := float64(t.n[Baseline])
			parts = append(parts, part{float64(t.n[Bad]) / (a.ratio * w), w})
			total += w
		}
	}
	if total < 20 {
		return 1
	}
	slices.SortFunc(parts, func(x, y part) int {
		if x.ratio < y.ratio {
			return -1
		}
		return 1
	})
	below := 0.0
	for _, p := range parts {
		if below += p.weight; below > total/2 {
			return p.ratio
		}
	}
	return 1
}

// candidates lists what may be a cause in a service.
func (a *analysis) candidates(s *service) {
	scale := a.scale(s)
	up, down := max(scale, 1), min(scale, 1)
	var list []*candidate
	add := func(c *candidate) { list = append(list, c) }
	whole := &candidate{kind: KindValue, s: s, tmpl: -1, n: [2]float64{float64(s.n[0]), float64(s.n[1])}}
	if a.weighSteps(whole, max(a.traffic, 1), s.steps) {
		add(whole)
	}
	silence := &candidate{kind: KindSilence, s: s, tmpl: -1, n: whole.n}
	quiet := a.silence(silence, min(max(a.traffic, 0.5), 1), a.dispersion(s.steps, nil))
	if quiet {
		add(silence)
	}
	for i := range s.templates {
		t := &s.templates[i]
		c := &candidate{kind: KindTemplate, s: s, tmpl: int32(i), n: [2]float64{float64(t.n[0]), float64(t.n[1])}}
		if t.n[Bad] >= minRecords && a.weighSteps(c, up, t.steps) {
			add(c)
			continue
		}
		c = &candidate{kind: KindSilence, s: s, tmpl: int32(i), n: c.n}
		if !quiet && a.p.By == ByInterval && a.silence(c, down, a.dispersion(t.steps, nil)) {
			add(c)
		}
	}
	for i := range s.features {
		f := &s.features[i]
		c := &candidate{kind: KindValue, s: s, tmpl: -1, f: f.f, feature: int32(i), value: f.value, n: [2]float64{float64(f.n[0]), float64(f.n[1])}}
		if a.weigh(c, up, 2) {
			add(c)
		}
	}
	a.numbers(s, add)
	a.list = append(a.list, list...)
}

// silence fills in what follows from the counts of something that became much less; false: it did not.
func (a *analysis) silence(c *candidate, scale, dispersion float64) bool {
	if a.p.By == ByFilter {
		return false
	}
	a.tests++
	c.expected = a.ratio * c.n[Baseline] * scale
	if c.expected < 2*minRecords || c.n[Bad] > silent*c.expected {
		return false
	}
	c.lift = (c.n[Bad] + 0.5) / (c.expected + 0.5)
	high := c.lift * math.Exp(z*math.Sqrt(dispersion/(c.n[Bad]+0.5)+dispersion/(c.n[Baseline]+0.5)))
	if high >= 1/minLift {
		return false
	}
	c.llr = (c.expected - c.n[Bad]) * -math.Log(high)
	return true
}

// dispersion is how much burstier records come in the baseline than by chance: variance by mean of their number per step.
func (a *analysis) dispersion(steps []int32, without []bool) float64 {
	if a.p.By == ByFilter {
		return 1
	}
	n, mean, sq := 0.0, 0.0, 0.0
	for at, c := range steps {
		if a.p.covered[at] && (without == nil || !without[at]) { // the others are not of the baseline
			n++
			mean += float64(c)
			sq += float64(c) * float64(c)
		}
	}
	if n < 4 || mean < 4 {
		return 1
	}
	mean /= n
	return min(max((sq/n-mean*mean)/mean, 1), 50)
}

// weighSteps is weigh for what is counted by step. Who marks a bad interval may begin too late or end too early: then its edges are in
// the baseline, and make what is wrong look usual and bursty. So it is compared without the edges, too.
func (a *analysis) weighSteps(c *candidate, scale float64, steps []int32) bool {
	ok := a.weigh(c, scale, a.dispersion(steps, nil))
	if a.p.edge == nil {
		return ok
	}
	inner, n, edges := *c, 0.0, 0.0
	for at, is := range a.p.edge {
		if is {
			inner.n[Baseline] -= float64(steps[at])
			edges++
		}
		if a.p.covered[at] {
			n++
		}
	}
	if !a.weigh(&inner, scale*n/(n-edges), a.dispersion(steps, a.p.edge)) || ok && inner.llr <= c.llr {
		return ok
	}
	c.expected, c.lift, c.llr = inner.expected, inner.lift, inner.llr
	return true
}

// isError reports whether a level is that of errors.
func isError(level string) bool {
	switch level {
	case "error", "fatal", "critical":
		return true
	}
	return false
}

// isLevel reports whether a field tells the severity.
func isLevel(name string) bool {
	switch strings.ToLower(name) {
	case levelLabel, "level", "severity", "severity_text", "lvl", "log_level", "loglevel", "levelname", "severity_number":
		return true
	}
	return false
}

// fill finds the members of the candidates of a service.
func (a *analysis) fill(s *service, list []*candidate) {
	byTemplate, byFeature := map[int32]*candidate{}, map[int32]*candidate{}
	var whole *candidate
	for _, c := range list {
		switch {
		case c.kind == KindTemplate:
			byTemplate[c.tmpl] = c
		case c.kind == KindValue && c.f == nil:
			whole = c
		case c.kind == KindValue:
			byFeature[c.feature] = c
		}
	}
	for i, r := range s.recs {
		if r.Side != Bad {
			continue
		}
		if c := byTemplate[s.tmpl[i]]; c != nil {
			c.members = append(c.members, s.at[i])
		}
		if whole != nil {
			whole.members = append(whole.members, s.at[i])
		}
		for _, f := range s.featuresOf(int32(i)) {
			if c := byFeature[f]; c != nil && (len(c.members) == 0 || c.members[len(c.members)-1] != s.at[i]) {
				c.members = append(c.members, s.at[i])
			}
		}
	}
}

// rank gives the candidate its score: how sure it is that it is no chance counts by its logarithm, so that much of something
// harmless does not hide some errors.
func (c *candidate) rank(a *analysis) {
	for _, at := range c.members {
		switch level := a.records[at].Metadata.Get(levelLabel); {
		case isError(level):
			c.errors++
		case level == "warn":
			c.warns++
		}
	}
	n := max(float64(len(c.members)), 1)
	c.errors /= n
	c.warns /= n
	weight := 1 + c.errors + c.warns/2
	switch {
	case a.p.By == ByFilter:
		weight = 1
	case c.kind == KindSilence:
		weight = 0.5
	case c.kind == KindNumber:
		weight = max(weight, 1.3)
	}
	if c.kind == KindValue && (c.f == nil || isLevel(c.f.name)) {
		weight *= 0.8
	}
	c.score = weight * math.Log10(1+c.llr)
	for _, part := range c.parts {
		c.score = max(c.score, part.score*1.01)
	}
}
