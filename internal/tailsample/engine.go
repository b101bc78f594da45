// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package tailsample

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

// Engine holds the requests of all pipelines that share it. Its outputs are safe for concurrent use.
type Engine struct {
	cfg   Config
	obs   Observer
	store Store
	epoch time.Time // the engine's clock counts nanoseconds from here

	batches sync.Pool // of *batch

	mu        sync.Mutex
	outs      []*Output
	open      map[Key]groupID
	groups    int64
	slabs     []*[slabGroups]group
	spare     groupID // the first of the groups that are not in use
	first     groupID // of those that can be decided early, the one that came first; the list goes on by next
	final     groupID
	streams   map[groupID][]stream // beyond those that have room in a group
	links     map[groupID][]Key    // likewise
	clock     clock
	arena     *arena
	sources   sources
	services  services
	decisions decisions
	limiters  []*limiter // of the policies that have limits; nil for others
	outcomes  []outcome  // of the policies
	overhead  int64      // of the groups
	queued    int64      // bytes in blocks that wait for an output
	records   [signals]int64
	tally     tally
	scratch   []byte
	taking    *group  // whose record is being taken; nil as soon as it is decided,
	taken     decided // so

	running bool
	closed  time.Time // the first of the outputs was
	stop    chan struct{}
	stopped chan struct{}
}

// outcome is what a policy does with every request it decides.
type outcome uint8

const (
	keepsSome outcome = iota
	keepsAll
	keepsNone
)

// longest is as good as never, and no sum of it with a time on the engine's clock overflows.
const longest = 100 * 365 * 24 * time.Hour

// New returns an engine. It takes no memory worth the name and starts nothing until an output is started.
func New(cfg Config, obs Observer) (*Engine, error) {
	if err := check(&cfg); err != nil {
		return nil, err
	}
	for _, d := range []*time.Duration{&cfg.Wait, &cfg.Idle, &cfg.Grace} {
		*d = min(*d, longest)
	}
	e := &Engine{
		cfg: cfg, obs: obs, epoch: time.Now(),
		open:      map[Key]groupID{},
		streams:   map[groupID][]stream{},
		links:     map[groupID][]Key{},
		clock:     newClock(cfg.Wait),
		arena:     newArena(cfg.MaxHeldBytes),
		sources:   sources{byKey: map[string]*source{}},
		services:  newServices(),
		decisions: newDecisions(cfg.DecisionBytes),
		tally:     tally{},
	}
	e.batches.New = func() any { return new(batch) }
	for i := range cfg.Policies {
		p := &cfg.Policies[i]
		l, o := (*limiter)(nil), keepsSome
		switch {
		case p.limited():
			l = newLimiter(p)
		case p.Threshold == 0:
			o = keepsAll
		case p.Threshold >= NeverThreshold:
			o = keepsNone
		}
		e.limiters, e.outcomes = append(e.limiters, l), append(e.outcomes, o)
	}
	return e, nil
}

// maxRequest leaves a request, with what is linked to it and with marks between its records, below 2 GiB: a message of protobuf
// cannot be larger.
const maxRequest = 256 << 20

func check(cfg *Config) error {
	switch n := len(cfg.Policies); {
	case n == 0 || n > MaxPolicies:
		return fmt.Errorf("there must be 1 to %d policies, got %d", MaxPolicies, n)
	case cfg.Policies[n-1].Conditions != 0:
		return errors.New("the last policy must have no conditions")
	case cfg.Wait <= 0 || cfg.MaxHeldBytes <= 0 || cfg.MaxRequestBytes <= 0 || cfg.DecisionBytes <= 0:
		return errors.New("the wait and the limits must be positive")
	case cfg.MaxHeldBytes > int64(1)<<40-regionBytes:
		return errors.New("no more than 1 TiB can be held")
	case cfg.MaxRequestBytes > maxRequest:
		return fmt.Errorf("no more than %d bytes can be held of a request, got %d", maxRequest, cfg.MaxRequestBytes)
	}
	return nil
}

// SetStore sets where what is held outlives a restart. It is called before the first Start.
func (e *Engine) SetStore(store Store) { e.store = store }

// Stats returns what is held now.
func (e *Engine) Stats() Stats {
	e.mu.Lock()
	defer e.mu.Unlock()
	return Stats{Requests: e.groups, Decisions: int64(e.decisions.len()), Records: e.records, Bytes: e.held()}
}

// now is the time on the engine's clock.
func (e *Engine) now() int64 { return int64(time.Since(e.epoch)) }

// held is what counts against MaxHeldBytes.
func (e *Engine) held() int64 { return int64(e.arena.used)*blockBytes + e.overhead + e.sources.bytes }

// Offer reads a batch: items in the order of the records in data, the batch as OTLP, with a service's name for each of its
// resources. It sets each item's Verdict and Decision; those Held were copied, nothing of data is kept. After ErrFull, or an
// error about data, nothing of the batch was taken.
func (o *Output) Offer(items []Item, data []byte, services []string) error {
	e := o.e
	b := e.batches.Get().(*batch)
	defer e.putBatch(b)
	if err := b.split(data, len(items), services); err != nil {
		return err
	}
	e.mu.Lock()
	defer e.unlock()
	if o.closed {
		return ErrClosed
	}
	if e.queued > e.cfg.MaxHeldBytes/2 {
		return ErrFull
	}
	now := e.now()
	e.name(b)
	for i := range items {
		e.take(o, b, &b.frames[i], &items[i], now)
	}
	e.sweep(b)
	return nil
}

// putBatch keeps a batch's slices for the next one, but not what they refer to.
func (e *Engine) putBatch(b *batch) {
	clear(b.origins)
	clear(b.frames)
	clear(b.sources)
	e.batches.Put(b)
}

// name looks up the services of a batch.
func (e *Engine) name(b *batch) {
	for i := range b.origins {
		b.origins[i].number = e.services.number(b.origins[i].service)
	}
}

// sweep forgets the sources of which nothing was held.
func (e *Engine) sweep(b *batch) {
	for _, s := range b.sources {
		if s != nil {
			e.sources.forget(s)
		}
	}
}

// unlock also tells the observer what was dropped.
func (e *Engine) unlock() {
	e.tally.flush(e.obs, e.services.names)
	e.mu.Unlock()
}

// take gives an item its verdict.
func (e *Engine) take(o *Output, b *batch, f *frame, it *Item, now int64) {
	size := int64(len(f.bytes))
	service := b.origins[f.origin].number
	it.Verdict = Kept
	if it.Key == (Key{}) {
		e.takeKeyless(o, it, service, size)
		return
	}
	g, past, late := e.find(it, now)
	if g != nil {
		e.taking = g
		g.last = now
		g.read(it, o.signal, size, e.cfg.Measures)
		if it.Ends && g.ends == 0 && !g.waits {
			g.ends = now + int64(e.cfg.Grace)
			e.reschedule(g)
		}
		e.review(g, now)
		if e.taking == g && e.keep(o, b, f, g, now) {
			it.Verdict = Held
			return
		}
		if e.taking == g { // there is no room
			e.decide(g, TriggerBudget, now)
		}
		past = e.taken
	}
	if late {
		e.tally.late(o.signal, past.keep)
	}
	it.Decision = past.decision()
	if !past.keep {
		it.Verdict = Dropped
		e.tally.dropped(o.signal, ReasonPolicy, past.policy, service, 1, size)
		return
	}
	if l := e.limiterOf(past.policy); l != nil && late {
		l.spend(1, size)
	}
}

func (e *Engine) limiterOf(policy uint8) *limiter {
	if int(policy) < len(e.limiters) {
		return e.limiters[policy]
	}
	return nil
}

func (e *Engine) takeKeyless(o *Output, it *Item, service service, size int64) {
	p := &e.cfg.Keyless
	it.Decision = Decision{Policy: uint8(len(e.cfg.Policies)), Threshold: p.Threshold, Randomness: it.Randomness, Explicit: p.Threshold > 0}
	if it.Randomness >= NeverThreshold {
		it.Decision.Randomness = rand.Uint64() >> 8 //nolint:gosec // a sample, no secret
	}
	if it.Decision.Randomness < p.Threshold {
		it.Verdict = Dropped
		e.tally.dropped(o.signal, ReasonPolicy, it.Decision.Policy, service, 1, size)
	}
}

// review decides a group whose outcome no later record can change, or that is too large. One that waits for the tick of a
// limited policy may have come under another one.
func (e *Engine) review(g *group, now int64) {
	switch {
	case e.settles(g.conditions):
		e.decide(g, TriggerRecord, now)
	case g.bytes+g.brought > e.cfg.MaxRequestBytes:
		e.decide(g, TriggerSize, now)
	case g.waits && e.policy(g.conditions) != int(g.policy):
		e.end(g, g.why, now)
	}
}

// settles tells whether the first policy that matches has the same outcome as all those before it, which may match later.
func (e *Engine) settles(conditions uint64) bool {
	for i, o := range e.outcomes {
		if o == keepsSome || o != e.outcomes[0] {
			return false
		}
		if want := e.cfg.Policies[i].Conditions; conditions&want == want {
			return true
		}
	}
	return false
}

// keep holds a record, if need be in the place of older requests.
func (e *Engine) keep(o *Output, b *batch, f *frame, g *group, now int64) bool {
	s := e.source(o, b, f)
	fresh := s.refs == 0
	s.refs++ // it stays, even if what makes room was the last that had it
	defer func() { s.refs-- }()
	st := e.streamOf(g, o)
	n := len(f.bytes)
	if st.chain.first == 0 || st.source != s.id {
		n += sourceBytes
	}
	blocks := st.chain.need(n)
	for e.arena.used+blocks > e.arena.max || e.held()+int64(blocks)*blockBytes > e.cfg.MaxHeldBytes {
		if e.queued > e.cfg.MaxHeldBytes/2 || !e.makeRoom(g, now) || e.taking != g {
			return false
		}
	}
	if e.hold(st, s, f.bytes) != nil {
		return false // the system gives no memory: the record is passed on or dropped now
	}
	if fresh {
		g.brought += s.bytes()
	}
	return true
}

// makeRoom decides the oldest request but g. It returns false when there is none.
func (e *Engine) makeRoom(g *group, now int64) bool {
	old := e.group(e.first)
	if old != nil && old == g {
		old = e.group(g.next)
	}
	if old != nil {
		if e.end(old, TriggerBudget, now); !old.waits || len(e.limiters[old.policy].waiting) < maxWaiting {
			return true
		}
		e.tickLimiter(int(old.policy), now, true)
		return true
	}
	some := false
	for i, l := range e.limiters {
		if l != nil && len(l.waiting) > 0 {
			e.tickLimiter(i, now, true)
			some = true
		}
	}
	return some
}

// maxWaiting is how many requests wait for a limited policy's tick while there is no room: a threshold needs a number of them.
const maxWaiting = 256

// source returns the source of a record.
func (e *Engine) source(o *Output, b *batch, f *frame) *source {
	s := b.sources[f.origin]
	if s == nil || e.sources.byID[s.id] != s { // or nothing was left that refers to it
		s, b.key = e.sources.find(o, &b.origins[f.origin], b.key)
		b.sources[f.origin] = s
	}
	return s
}
