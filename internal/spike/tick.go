// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package spike

import "time"

// Tick shares the budgets anew, and returns what there is to tell. It is called every Tick.
func (e *Engine) Tick() ([]Notice, []Summary) {
	e.mu.Lock()
	defer e.mu.Unlock()
	now := time.Now()
	seconds := now.Sub(e.ticked).Seconds()
	if seconds <= 0 {
		return nil, nil
	}
	e.ticked = now
	e.ticks++
	e.since += seconds
	e.active = e.active[:0]
	n := 0
	for _, k := range e.awake {
		if e.tickKey(k, now, seconds); k.awake {
			e.awake[n] = k
			n++
		}
	}
	clear(e.awake[n:])
	e.awake = e.awake[:n]
	if e.ticks%ticksPerSecond == 0 {
		e.since = 0
	}
	e.spare = min(e.spare+newcomers*seconds, newcomers*e.cfg.Burst.Seconds())
	e.shareGlobal()
	notices, summaries := e.notices, e.summaries
	e.notices, e.summaries = nil, nil
	return notices, summaries
}

const (
	ticksPerSecond = uint32(time.Second / Tick)
	// ageTicks is how often what templates are worth is halved.
	ageTicks = uint32(5 * time.Minute / Tick)
	// rateOver is the time over which rates are looked at.
	rateOver = 0.5 // seconds
)

func (e *Engine) tickKey(k *key, now time.Time, seconds float64) {
	if e.ticks-k.tick > 10*ticksPerSecond && k.burst == nil && k.rate == (rate32{}) && k.tokens >= e.cfg.Burst.Seconds() {
		k.awake = false // there is nothing to do until it is seen again
		return
	}
	keep := max(0, 1-seconds/rateOver)
	k.rate.bytes = float32(keep*float64(k.rate.bytes) + (1-keep)*float64(k.bytes)/seconds)
	k.rate.records = float32(keep*float64(k.rate.records) + (1-keep)*float64(k.records)/seconds)
	if k.rate.records < 0.01 {
		k.rate = rate32{}
	}
	k.sent.bytes += k.bytes
	k.sent.records += k.records
	k.bytes, k.records = 0, 0
	k.tokens = min(k.tokens+seconds, e.cfg.Burst.Seconds())
	if k.burst != nil {
		k.over = true
		e.divide(k, seconds)
		if e.cfg.Summarize && now.Sub(k.burst.flushed) >= e.cfg.SummaryInterval {
			e.flush(k, now)
		}
		e.watch(k, now)
	}
	if e.ticks%ticksPerSecond == 0 {
		if k.limit.Learned != nil && !k.over {
			k.baseline.learn(k.limit.Learned, Rate{float64(k.sent.bytes) / e.since, float64(k.sent.records) / e.since}, e.since)
			k.budget = k.own()
		}
		k.sent, k.over, k.aged = rate32{}, false, true
		if k.miner != nil && e.ticks%ageTicks == 0 {
			k.miner.Age()
		}
	}
	switch {
	case k.rate != (rate32{}):
		e.active = append(e.active, k)
	case k.burst == nil:
		k.budget = k.own() // nobody competes with it
	}
}

// shareGlobal leaves each key as much of its budget as the global one has room for. Each gets what it usually sends, if it was
// learned, and of the rest as much as all others, max-min fair: neither a loud key nor a flood of new ones takes from a key that
// is as it always was.
func (e *Engine) shareGlobal() {
	for _, k := range e.active {
		k.budget = k.own()
	}
	e.room = Rate{}
	e.shareOne(e.cfg.Global.Bytes, &e.room.Bytes, func(k *key) (usual, demand float64, budget *float64) {
		return float64(k.baseline.bytes), float64(k.rate.bytes), &k.budget.Bytes
	})
	e.shareOne(e.cfg.Global.Records, &e.room.Records, func(k *key) (usual, demand float64, budget *float64) {
		return float64(k.baseline.records), float64(k.rate.records), &k.budget.Records
	})
}

// newcomers is the part of the global budget that keys without a baseline have when those with one could use all of it.
const newcomers = 0.1

func (e *Engine) shareOne(capacity float64, room *float64, of func(*key) (usual, demand float64, budget *float64)) {
	if capacity <= 0 {
		return
	}
	demands := func(want func(k *key, usual, demand float64) float64) []float64 {
		e.scratch = e.scratch[:0]
		for _, k := range e.active {
			usual, demand, budget := of(k)
			if *budget > 0 {
				demand = min(demand, *budget)
			}
			if !e.learned(k) {
				usual = 0
			}
			e.scratch = append(e.scratch, want(k, usual, demand))
		}
		return e.scratch
	}
	unknown := 0.0
	usually := demands(func(k *key, usual, demand float64) float64 {
		if !e.learned(k) {
			unknown += demand
		}
		return min(usual, demand)
	})
	first := fill(usually, capacity-min(unknown, newcomers*capacity))
	rest := capacity
	for _, d := range usually {
		rest -= min(d, first)
	}
	second := fill(demands(func(_ *key, usual, demand float64) float64 { return max(0, demand-min(usual, first)) }), rest)
	if second == unlimited {
		return
	}
	*room = max(second, 1)
	for _, k := range e.active {
		usual, _, budget := of(k)
		if !e.learned(k) {
			usual = 0
		}
		if got := min(usual, first) + second; *budget <= 0 || *budget > got {
			*budget = max(got, 1)
		}
	}
}

// learned tells whether a key has a baseline to go by.
func (e *Engine) learned(k *key) bool {
	l := k.limit.Learned
	return l != nil && k.baseline.seconds > 0 && float64(k.baseline.seconds) >= l.Learn.Seconds()
}

// watch tells of a spike that lasts, and ends one that is over.
func (e *Engine) watch(k *key, now time.Time) {
	b := k.burst
	rate := Rate{float64(k.rate.bytes), float64(k.rate.records)}
	b.peak.Bytes, b.peak.Records = max(b.peak.Bytes, rate.Bytes), max(b.peak.Records, rate.Records)
	if k.budget.cost(rate.Bytes, rate.Records) > 1 {
		b.calm = time.Time{}
	} else if b.calm.IsZero() {
		b.calm = now
	}
	room := len(e.notices) < maxNotices // or else later
	if !b.told && room && now.Sub(b.began) >= noticeAfter && b.calm.IsZero() && b.passed.Records < b.offered.Records {
		b.told = true
		e.notices = append(e.notices, e.notice(k, now, false))
	}
	if b.calm.IsZero() || now.Sub(b.calm) < e.cfg.Calm {
		return
	}
	if b.told && room {
		e.notices = append(e.notices, e.notice(k, now, true))
		b.told, b.began, b.offered, b.passed, b.peak = false, now, Total{}, Total{}, Rate{} // what comes before the debt is paid is another one
	}
	if k.tokens >= 0 && !b.told {
		e.flush(k, now)
		k.burst = nil
		if k.miner != nil {
			e.account(k, k.miner.Bytes())
		}
	}
}

// maxNotices bounds the notices of a tick.
const maxNotices = 100

// noticeAfter is how long a spike must last to be told of.
const noticeAfter = 500 * time.Millisecond
