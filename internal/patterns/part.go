// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package patterns

import (
	"math"
	"strings"

	"github.com/logboom/logboom/internal/templates"
)

// Side is the time that lines are of.
type Side uint8

// The sides: the time that is asked for, and what it is compared with.
const (
	Current Side = iota
	Baseline
	sides
)

const (
	// maxServices is how many services have a Miner of their own; the others share one. minerBytes bounds each Miner, and maxTemplates
	// its templates.
	maxServices  = 128
	minerBytes   = 384 << 10
	maxTemplates = 1024
	// maxStrataOf bounds the strata of a template that are told apart, and the others the names of levels and services.
	maxStrataOf     = 64
	maxLevelBytes   = 64
	maxServiceBytes = 512
	// maxStrata bounds the strata that are told apart, and with them the services.
	maxStrata = 4096
	// shared is the name of the Miner of services that have none of their own: no service has it, since names have no such bytes.
	shared = "\xff"
	// maxKept is how many lines of a template a part keeps, for making its filter, and maxKeptBytes what is kept of one: of longer ones
	// none is kept.
	maxKept      = 6
	maxKeptBytes = 4 << 10
	// maxExamples is how many examples a template has.
	maxExamples = 2
	// tallyBytes is about what a tally takes without its lines, samples and examples.
	tallyBytes = 320
	// serviceBytes is about what a service takes without its miner and tallies.
	serviceBytes = 512
)

// Line is a line of a log. It is valid during the call only.
type Line struct {
	Service, Level string
	Time           int64 // ns
	Text           string
}

// Options are those of a Set.
type Options struct {
	// Start, Step and Steps are the buckets of the samples of templates, in ns.
	Start, Step int64
	Steps       int
	// MaxBytes bounds what all parts hold together. Default 128 MiB. Where they hold as much, new templates find no room, and new services
	// get no Miner of their own; those that are there may still grow to the bound of each.
	MaxBytes int64
	// Example makes an example of the line that is being added, and says how much memory it takes. nil: there are none.
	Example func(part any) (example any, bytes int)
}

// Part is what one goroutine has seen of one side.
type Part struct {
	set      *Set
	side     Side
	services map[string]*service
	last     *service // of most lines that of the line before
	strata   map[Stratum]*Stratum
	key      *Stratum // of the line before
	rest     map[*Stratum]int64
}

// service is the templates of one, or of those that share a Miner.
type service struct {
	of      string // name of that which asked for it last
	miner   *templates.Miner
	tallies map[uint64]*tally
	bytes   int // of the miner, as far as the Set knows
}

// tally is what is known of a template's lines.
type tally struct {
	looked      int64
	byStratum   []count
	first, last int64
	samples     []uint32 // by step
	kept        []string
	examples    []any
	times       []int64 // of the examples
	bytes       int     // that it takes
}

// count is the lines of a stratum.
type count struct {
	of *Stratum
	n  int64
}

// stratum returns the one of a line, the same for equal ones.
func (p *Part) stratum(serviceName, level string) *Stratum {
	if k := p.key; k != nil && k.Service == serviceName && k.Level == level {
		return k
	}
	k := p.strata[Stratum{serviceName, level}]
	if k == nil {
		key := keyOf(serviceName, level, len(p.strata))
		if k = p.strata[key]; k == nil {
			k = &key
			p.strata[key] = k
		}
	}
	p.key = k
	return k
}

func (p *Part) service(name string) *service {
	s := p.services[name]
	full := len(p.services) >= maxServices || p.set.full()
	if s == nil && full {
		s = p.services[shared]
	}
	if s == nil {
		own := name
		if full {
			own = shared
		}
		s = &service{tallies: map[uint64]*tally{}, miner: newMiner()}
		p.services[own] = s
		p.weigh(s)
	}
	s.of = name
	return s
}

// weigh counts what the miner of a service has grown by.
func (p *Part) weigh(s *service) {
	now := s.miner.Bytes() + serviceBytes
	p.set.bytes.Add(int64(now - s.bytes))
	s.bytes = now
}

func newMiner() *templates.Miner {
	return templates.New(templates.Config{MaxTemplates: maxTemplates, MaxBytes: minerBytes, MaxExampleBytes: -1})
}

// Add adds a line. example is handed to [Options.Example].
func (p *Part) Add(l *Line, example any) {
	key := p.stratum(l.Service, l.Level)
	s := p.last
	if s == nil || s.of != key.Service {
		s = p.service(key.Service)
		p.last = s
	}
	id, _ := s.miner.Add(l.Text)
	t := s.tallies[id]
	if t == nil {
		if t = p.newTally(s, id); t == nil {
			p.rest[key]++
			return
		}
	}
	t.looked++
	t.count(key, 1)
	if t.first > l.Time {
		t.first = l.Time
	}
	if t.last < l.Time {
		t.last = l.Time
	}
	o := &p.set.opts
	if i := (l.Time - o.Start) / o.Step; p.side == Current && i >= 0 && i < int64(o.Steps) {
		if t.samples == nil {
			t.samples = make([]uint32, o.Steps)
		}
		t.samples[i]++
	}
	// The first lines, and ones further and further apart: where they differ shows what varies.
	if n := t.looked; len(t.kept) < maxKept && len(l.Text) <= maxKeptBytes && (n <= 2 || n == 8 || n == 64 || n == 512 || n == 4096) &&
		!p.set.full() {
		t.kept = append(t.kept, strings.Clone(l.Text))
		p.takes(t, len(l.Text)+16)
	}
	if p.side == Current && o.Example != nil && (t.looked == 1 || t.looked == 16) && !p.set.full() {
		e, n := o.Example(example)
		t.examples, t.times = append(t.examples, e), append(t.times, l.Time)
		p.takes(t, n+24)
	}
}

func (p *Part) takes(t *tally, bytes int) {
	t.bytes += bytes
	p.set.bytes.Add(int64(bytes))
}

// count counts n lines of a stratum; those of too many strata count as of the last that is told apart.
func (t *tally) count(of *Stratum, n int64) {
	for i := range t.byStratum {
		if t.byStratum[i].of == of {
			t.byStratum[i].n += n
			return
		}
	}
	if len(t.byStratum) >= maxStrataOf {
		t.byStratum[maxStrataOf-1].n += n
		return
	}
	t.byStratum = append(t.byStratum, count{of, n})
}

// newTally makes one, nil where there is no room. That of a template which the miner has forgotten gives way.
func (p *Part) newTally(s *service, id uint64) *tally {
	if len(s.tallies) >= 2*maxTemplates {
		p.sweep(s)
	}
	size := tallyBytes
	if p.side == Current {
		size += 4 * p.set.opts.Steps
	}
	p.weigh(s)
	if p.set.full() {
		return nil
	}
	t := &tally{first: math.MaxInt64, last: math.MinInt64}
	p.takes(t, size)
	s.tallies[id] = t
	return t
}

// sweep drops the tallies of templates that are forgotten, and adds those up that became one.
func (p *Part) sweep(s *service) {
	live := map[uint64]bool{}
	s.miner.Each(func(t templates.Template) bool {
		live[t.ID] = true
		return true
	})
	for id, t := range s.tallies {
		now := s.miner.Resolve(id)
		if now == id && live[id] {
			continue
		}
		delete(s.tallies, id)
		switch have := s.tallies[now]; {
		case !live[now]:
			for _, c := range t.byStratum {
				p.rest[c.of] += c.n
			}
			p.set.bytes.Add(int64(-t.bytes))
		case have != nil:
			have.add(t)
			have.bytes += t.bytes
		default:
			s.tallies[now] = t
		}
	}
}

// add adds another's lines.
func (t *tally) add(o *tally) {
	t.looked += o.looked
	t.first, t.last = min(t.first, o.first), max(t.last, o.last)
	for _, c := range o.byStratum {
		t.count(c.of, c.n)
	}
	if t.samples == nil {
		t.samples = o.samples
	} else {
		for i, n := range o.samples {
			t.samples[i] += n
		}
	}
	for _, l := range o.kept {
		if len(t.kept) < 2*maxKept {
			t.kept = append(t.kept, l)
		}
	}
	t.examples, t.times = append(t.examples, o.examples...), append(t.times, o.times...)
	if len(t.examples) > 2*maxExamples {
		t.examples, t.times = t.examples[:2*maxExamples], t.times[:2*maxExamples]
	}
}
