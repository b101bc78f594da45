// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package patterns

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/logboom/logboom/internal/templates"
)

// defaultMaxBytes is that of Options.MaxBytes.
const defaultMaxBytes = 128 << 20

// Set collects the parts of both sides.
type Set struct {
	opts  Options
	bytes atomic.Int64 // that the parts hold

	mu       sync.Mutex
	parts    []*Part
	free     [sides][]*Part
	samplers [sides]*Sampler
}

// NewSet returns a Set without lines.
func NewSet(o Options) *Set {
	if o.MaxBytes <= 0 {
		o.MaxBytes = defaultMaxBytes
	}
	o.Step = max(o.Step, 1)
	return &Set{opts: o}
}

// full reports whether the parts hold all that they may.
func (s *Set) full() bool { return s.bytes.Load() >= s.opts.MaxBytes }

// NewPart returns a part for a goroutine: one that was released, or a new one. Safe for concurrent use.
func (s *Set) NewPart(side Side) *Part {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := len(s.free[side]); n > 0 {
		p := s.free[side][n-1]
		s.free[side] = s.free[side][:n-1]
		return p
	}
	p := &Part{set: s, side: side, services: map[string]*service{}, strata: map[Stratum]*Stratum{}, rest: map[*Stratum]int64{}}
	s.parts = append(s.parts, p)
	return p
}

// Release gives a part back to which its goroutine adds no more, for another to go on with. Safe for concurrent use.
func (s *Set) Release(p *Part) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.free[p.side] = append(s.free[p.side], p)
}

// NewSampler chooses the lines of a side by a plan: those that it wants are then to be added. Without one all lines are.
func (s *Set) NewSampler(side Side, plan *Plan) *Sampler {
	p := &Sampler{plan: plan, strata: map[Stratum]*stratum{}}
	s.samplers[side] = p
	return p
}

// Share is how many of a template's lines have a value.
type Share struct {
	Value   string
	Records int64
}

// Template is what is known of one. Numbers of records are scaled up where lines were sampled.
type Template struct {
	Text             string
	Looked           int64 // lines of the current side that were looked at
	Records          int64
	LookedBaseline   int64
	Baseline         int64   // records of the baseline
	Services, Levels []Share // of the current side, the largest first
	First, Last      int64   // of the current side: ns
	Samples          []float64
	Examples         []any
	// Lines are some of its lines, whole, of both sides: a filter must select them.
	Lines []string
}

// Result is what a Set has found.
type Result struct {
	Templates []Template
	// Looked and Records are of all lines, by side: those looked at, and how many there are.
	Looked, Records [sides]int64
	// Rest are the records of the current side whose template found no room.
	Rest int64
}

// scale is how many records there are for each that was looked at.
func (s *Set) scale(side Side, of *Stratum, n int64) float64 {
	if p := s.samplers[side]; p != nil {
		st := p.strata[*of]
		if st == nil {
			st = p.strata[Stratum{}] // those of too many are one for all parts together, earlier than for one of them
		}
		if st != nil {
			return float64(n) * st.scale(p.plan)
		}
	}
	return float64(n)
}

// merged is a template of one service, or of all that have the same.
type merged struct {
	text     string
	tally    [sides]tally
	records  [sides]float64
	services map[string]float64
	levels   map[string]float64
}

// Result puts the parts together. The Set must not be added to any more.
func (s *Set) Result() *Result {
	out := &Result{}
	byText := map[string]*merged{}
	var order []*merged
	rest, records, looked := [sides]float64{}, [sides]float64{}, [sides]int64{}
	for _, name := range s.services() {
		all := newMiner()
		moved := make([]map[uint64]uint64, len(s.parts))
		for i, p := range s.parts {
			if of := p.services[name]; of != nil {
				to := map[uint64]uint64{}
				all.Merge(of.miner, func(from, into uint64) { to[from] = into })
				moved[i] = to
			}
		}
		texts := map[uint64]string{}
		all.Each(func(t templates.Template) bool {
			texts[t.ID] = t.Text
			return true
		})
		for i, p := range s.parts {
			of := p.services[name]
			if of == nil {
				continue
			}
			for id, t := range of.tallies {
				into, ok := moved[i][of.miner.Resolve(id)]
				text, known := texts[all.Resolve(into)]
				if !ok || !known {
					for _, c := range t.byStratum {
						rest[p.side] += s.scale(p.side, c.of, c.n)
					}
					looked[p.side] += t.looked
					continue
				}
				m := byText[text]
				if m == nil {
					m = &merged{text: text, services: map[string]float64{}, levels: map[string]float64{}}
					for i := range m.tally {
						m.tally[i].first, m.tally[i].last = math.MaxInt64, math.MinInt64
					}
					byText[text] = m
					order = append(order, m)
				}
				m.add(t, p.side, s)
			}
		}
	}
	for _, m := range order {
		out.Templates = append(out.Templates, m.template())
		for side := range sides {
			records[side] += m.records[side]
			looked[side] += m.tally[side].looked
		}
	}
	for _, p := range s.parts {
		for of, n := range p.rest {
			rest[p.side] += s.scale(p.side, of, n)
			looked[p.side] += n
		}
	}
	for side := range sides {
		out.Records[side] = int64(math.Round(records[side] + rest[side]))
	}
	out.Looked, out.Rest = looked, int64(math.Round(rest[Current]))
	slices.SortFunc(out.Templates, func(a, b Template) int {
		return cmp.Or(cmp.Compare(b.Records, a.Records), cmp.Compare(b.Baseline, a.Baseline), strings.Compare(a.Text, b.Text))
	})
	return out
}

// services are the names of all parts, in order.
func (s *Set) services() []string {
	seen := map[string]bool{}
	var names []string
	for _, p := range s.parts {
		for name := range p.services {
			if !seen[name] {
				seen[name] = true
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	return names
}

// add adds a tally of a part.
func (m *merged) add(t *tally, side Side, s *Set) {
	have := &m.tally[side]
	for _, c := range t.byStratum {
		n := s.scale(side, c.of, c.n)
		m.records[side] += n
		if side == Current {
			m.services[c.of.Service] += n
			m.levels[c.of.Level] += n
		}
	}
	from := t.byStratum
	t.byStratum = nil // those of other parts are others
	have.add(t)
	t.byStratum = from
}

func (m *merged) template() Template {
	now, before := &m.tally[Current], &m.tally[Baseline]
	t := Template{
		Text: m.text, Looked: now.looked, Records: int64(math.Round(m.records[Current])),
		LookedBaseline: before.looked, Baseline: int64(math.Round(m.records[Baseline])),
		Services: shares(m.services), Levels: shares(m.levels), First: now.first, Last: now.last,
		Lines: append(slices.Clip(now.kept), before.kept...),
	}
	if now.looked > 0 {
		scale := m.records[Current] / float64(now.looked)
		t.Samples = make([]float64, len(now.samples))
		for i, n := range now.samples {
			t.Samples[i] = float64(n) * scale
		}
	}
	t.Examples = now.examples
	if len(now.times) > 1 { // the first, and the one furthest from it
		first, far := 0, 0
		for i, at := range now.times {
			if at < now.times[first] {
				first = i
			}
			if at > now.times[far] {
				far = i
			}
		}
		t.Examples = []any{now.examples[first]}
		if far != first {
			t.Examples = append(t.Examples, now.examples[far])
		}
	}
	return t
}

func shares(of map[string]float64) []Share {
	out := make([]Share, 0, len(of))
	for value, n := range of {
		out = append(out, Share{value, int64(math.Round(n))})
	}
	slices.SortFunc(out, func(a, b Share) int {
		return cmp.Or(cmp.Compare(b.Records, a.Records), strings.Compare(a.Value, b.Value))
	})
	return out
}
