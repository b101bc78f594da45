// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package spike

import (
	"math/rand/v2"
	"sync"
	"time"

	"github.com/logboom/logboom/internal/templates"
)

// Tick is how often budgets are shared anew: the caller calls Engine.Tick as often.
const Tick = 100 * time.Millisecond

// Item is a log record.
type Item struct {
	// Source is an index of the names that Offer gets.
	Source int
	// Bytes is its size. Severity is OpenTelemetry's number, 0 if it has none. Text is looked at beyond the budget only.
	Bytes    int
	Severity uint8
	Text     string
	// Time, in nanoseconds since the Unix epoch, and TraceID are for summaries.
	Time    int64
	TraceID [16]byte

	// Verdict and what follows are set by Offer.
	Verdict Verdict
	// Threshold is how a record that passes was sampled, and Randomness what reached it: 56 bits, 0 and 0 if it was not.
	Threshold, Randomness uint64
	// Template numbers the template of the record within its key; 0 is not known.
	Template uint64
	// Candidate tells that the record may be the last of a burst: it replaces the one of the same key and template before.
	Candidate bool
}

// Verdict is what becomes of an Item.
type Verdict uint8

// The verdicts.
const (
	Passes Verdict = iota // nothing is wrong with it
	Kept                  // it passes, of a key that is in a spike
	Over                  // it is too much
)

// maxThreshold is the threshold of the smallest share that is kept: one in 2^24 records.
const (
	all          = uint64(1) << 56
	maxThreshold = all - all>>24
)

// Engine guards one stream of records. It is safe for concurrent use.
type Engine struct {
	cfg          Config
	overrides    map[string]*Limit
	learnSeconds float64

	mu         sync.Mutex
	keys       map[string]*key
	list       []*key // all keys, to pick from
	pooled     *key
	awake      []*key // those that a tick has something to do with
	active     []*key // seen in this second
	scratch    []float64
	batch      []*key
	restored   map[string]baseline
	minerBytes int64
	texts      int64   // bytes of texts in summaries
	noMiner    uint32  // the tick in which no memory for templates was found
	room       Rate    // what the global budget leaves a new key, if it is used up
	spare      float64 // of the global budget, for the batches of quiet keys, in seconds' worth of it
	since      float64 // seconds since baselines learned
	ticks      uint32
	ticked     time.Time
	notices    []Notice
	summaries  []Summary
}

// New returns an engine.
func New(cfg Config) (*Engine, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	e := &Engine{cfg: cfg, overrides: map[string]*Limit{}, keys: map[string]*key{}, restored: map[string]baseline{}, ticked: time.Now()}
	for name, l := range cfg.Overrides {
		e.overrides[name] = &l
	}
	if l := cfg.Key.Learned; l != nil {
		e.learnSeconds = l.Learn.Seconds()
	}
	e.pooled = e.newKey(pooledName)
	if l := e.pooled.limit; l.Learned != nil { // it is nobody in particular: there is nothing to wait for
		learned := *l.Learned
		learned.Learn = 0
		e.pooled.limit = &Limit{Learned: &learned}
		e.pooled.budget = e.pooled.own()
	}
	return e, nil
}

// Offer gives each item of a batch its verdict. names are those of the sources.
func (e *Engine) Offer(names []string, items []Item) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.batch = e.batch[:0]
	for _, name := range names {
		e.batch = append(e.batch, e.keyOf(name))
	}
	for i := range items {
		it := &items[i]
		e.take(e.batch[it.Source], it)
	}
	clear(e.batch)
}

func (e *Engine) take(k *key, it *Item) {
	k.bytes += float32(it.Bytes)
	k.records++
	it.Verdict, it.Threshold, it.Randomness, it.Template, it.Candidate = Passes, 0, 0, 0, false
	cost := k.budget.cost(float64(it.Bytes), 1)
	whole := false
	if k.burst == nil {
		if cost <= k.tokens || cost == 0 || e.spared(k, it) {
			k.tokens -= min(cost, max(k.tokens, 0))
			if k.mined++; k.mined >= minedEvery {
				e.mine(k, it.Text)
			}
			return
		}
		// What is larger than all that may be sent at once passes when little was sent before, and leaves a debt.
		half := e.cfg.Burst.Seconds() / 2
		whole = cost > half && k.tokens >= half
		e.begin(k, Total{int64(it.Bytes), 1})
	}
	e.thin(k, it, cost, whole)
}

// spared tells whether a record beyond the budget of a key passes because the key is quiet: it is the others that left it so little of
// the global budget. There is a part of the global budget for that.
func (e *Engine) spared(k *key, it *Item) bool {
	if e.spare <= 0 || !k.aged || k.budget == k.own() || k.own().cost(float64(k.bytes), float64(k.records)) > e.cfg.Burst.Seconds() {
		return false
	}
	global := e.cfg.Global
	if global.cost(float64(k.bytes), float64(k.records)) > e.spare/2 || k.budget.cost(float64(k.rate.bytes), float64(k.rate.records)) > 1 {
		return false
	}
	e.spare -= global.cost(float64(it.Bytes), 1)
	return true
}

// minedEvery is how many records of a key within its budget there are to one whose template is looked at: what a key usually
// writes is not new when a spike begins.
const minedEvery = 64

// mine notes the template of a text, if there is memory for it.
func (e *Engine) mine(k *key, text string) (id, count uint64) {
	k.mined = 0
	if k.miner == nil {
		if k.burst == nil && e.full() || k.burst != nil && !e.reserve(k) {
			return 0, 0
		}
		k.miner = templates.New(templates.Config{MaxTemplates: maxTemplates, MaxBytes: minerBytes})
	}
	if k.burst != nil {
		return k.miner.Add(text)
	}
	if !e.full() {
		id, count = k.miner.Add(text)
		e.account(k, k.miner.Bytes())
	}
	return id, count
}

const (
	minerBytes   = 256 << 10
	maxTemplates = 512
)

// account notes what the templates of a key take. In a spike that is all they may take.
func (e *Engine) account(k *key, bytes int) {
	e.minerBytes += int64(bytes) - int64(k.held)
	k.held = int32(bytes) //nolint:gosec // minerBytes at most
}

// full tells that no key may take more memory for its templates unless one in a spike needs it.
func (e *Engine) full() bool { return e.minerBytes+minerBytes > e.cfg.MaxTemplateBytes }

// reserve takes the memory for the templates of a key in a spike, from others if need be.
func (e *Engine) reserve(k *key) bool {
	for e.minerBytes-int64(k.held)+minerBytes > e.cfg.MaxTemplateBytes {
		if !e.freeMiner() {
			return false
		}
	}
	e.account(k, minerBytes)
	return true
}

// freeMiner takes the templates of a key away that is in no spike: of a few that chance picks, the one seen least recently.
func (e *Engine) freeMiner() bool {
	if e.noMiner == e.ticks {
		return false // looked for already
	}
	var least *key
	for range min(len(e.list), 8*roomProbes) {
		k := e.list[rand.IntN(len(e.list))] //nolint:gosec // no secret
		if k.miner != nil && k.burst == nil && (least == nil || k.tick < least.tick) {
			least = k
		}
	}
	if least == nil {
		e.noMiner = e.ticks
		return false
	}
	e.dropMiner(least)
	return true
}

func (e *Engine) dropMiner(k *key) {
	k.miner = nil
	e.account(k, 0)
}

// Stats is what an engine holds at a moment.
type Stats struct {
	Keys, Spikes  int64
	TemplateBytes int64
}

// Stats returns what is held now.
func (e *Engine) Stats() Stats {
	e.mu.Lock()
	defer e.mu.Unlock()
	s := Stats{Keys: int64(len(e.list)), TemplateBytes: e.minerBytes}
	for _, k := range e.awake {
		if k.burst != nil {
			s.Spikes++
		}
	}
	return s
}
