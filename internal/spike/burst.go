// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package spike

import (
	"math"
	"math/rand/v2"
	"time"
)

const (
	// A template that is silent for gap begins a new burst when it comes back.
	gap = 10 * time.Second
	// The first of a burst pass, so many of each template, as far as the allowance goes.
	firsts = 3
	// reserve is the part of a budget that each lower severity has for sure, if it has something.
	reserve = 0.05
	// maxShares bounds the templates of a spike that have a share of their own; others have one together.
	maxShares = maxTemplates
	// candidateEvery is how often a record may be the last of a burst.
	candidateEvery = 1 // ticks
)

// class orders severities: what is worth more has a lower class.
type class uint8

const (
	failures class = iota // and fatal
	warnings
	infos // and what has no severity
	details
	classes
)

func classOf(severity uint8) class {
	switch {
	case severity >= 17:
		return failures
	case severity >= 13:
		return warnings
	case severity >= 9 || severity == 0:
		return infos
	}
	return details
}

// burst is a key's spike.
type burst struct {
	began, flushed time.Time
	calm           time.Time // since when it has been within its budget; zero if it is not
	told           bool      // a notice was given
	shares         map[uint64]*share
	others         share   // of templates that have none of their own
	allowance      float64 // for the first of a burst, in seconds' worth of budget
	threshold      uint64  // for templates that came since the last tick
	offered        Total   // since it began,
	passed         Total
	peak           Rate
}

// share is what a template gets of its key's budget.
type share struct {
	class     class
	threshold uint64
	cost      float64 // since the last tick, in seconds' worth of the key's budget
	rate      float64 // a second, over the last ticks
	seen      uint32  // records of this burst
	tick      uint32  // of its last record
	candidate uint32  // of its last candidate
	offered   int64   // records since the spike began
	summary   *Summary
	sequence  uint64
}

// even is the cost of a record up to which random is even.
const even = 0.02

// random returns 56 bits. They go by the golden ratio (Weyl's sequence), each as likely as any other and all together more even
// than independent ones are: what is kept of thousands stands for them almost exactly. Of what costs much few are kept, and the
// debt they leave moves the threshold with the sequence: there they are independent.
func (sh *share) random(cost float64) uint64 {
	if cost > even {
		return rand.Uint64() >> 8 //nolint:gosec // a sample, no secret
	}
	sh.sequence += 0x9E3779B97F4A7C15
	return sh.sequence >> 8
}

// begin puts a key into a spike. What it offers, and so how much of it may pass, is guessed from the ticks at hand.
func (e *Engine) begin(k *key) {
	b := &burst{began: e.ticked, flushed: e.ticked, shares: map[uint64]*share{}}
	k.burst = b
	k.over = true
	since := max(time.Since(e.ticked).Seconds(), Tick.Seconds()/2)
	offered := k.budget.cost(float64(k.bytes), float64(k.records)) / since
	b.threshold = thresholdOf(1 / max(offered, 1))
	b.allowance = e.cfg.NewShare
}

// thin decides about a record of a key that is in a spike.
func (e *Engine) thin(k *key, it *Item, cost float64) {
	b := k.burst
	b.offered.add(it.Bytes)
	id, count := e.mine(k, it.Text)
	sh := e.shareOf(b, id)
	c := classOf(it.Severity)
	if sh.offered == 0 {
		sh.class, sh.threshold = c, b.threshold
	}
	sh.class = min(sh.class, c)
	if e.ticks-sh.tick > uint32(gap/Tick) || count == 1 {
		sh.seen = 0
	}
	sh.tick = e.ticks
	sh.cost += cost
	sh.seen++
	sh.offered++
	it.Template = id
	it.Verdict = Kept
	if sh.seen <= firsts && cost <= b.allowance {
		b.allowance -= cost
	} else {
		it.Threshold, it.Randomness = sh.threshold, sh.random(cost)
		if it.Randomness < it.Threshold {
			it.Verdict, it.Threshold, it.Randomness = Over, 0, 0
			if sh != &b.others && sh.seen > firsts && e.ticks-sh.candidate >= candidateEvery {
				sh.candidate, it.Candidate = e.ticks, true
			}
			return
		}
	}
	k.tokens -= cost
	b.passed.add(it.Bytes)
}

func (e *Engine) shareOf(b *burst, id uint64) *share {
	sh := b.shares[id]
	if sh == nil {
		if id == 0 || len(b.shares) >= maxShares {
			return &b.others
		}
		sh = &share{tick: e.ticks, candidate: e.ticks - candidateEvery, sequence: rand.Uint64()} //nolint:gosec // a sample, no secret
		b.shares[id] = sh
	}
	return sh
}

// divide shares the budget of a key in a spike among its templates for the next tick.
func (e *Engine) divide(k *key, seconds float64) {
	b := k.burst
	const keep = 0.5 // of the rate before
	var total [classes]float64
	each := func(f func(*share)) {
		for _, sh := range b.shares {
			f(sh)
		}
		f(&b.others)
	}
	each(func(sh *share) {
		now := sh.cost / seconds
		if sh.rate == 0 {
			sh.rate = now
		} else {
			sh.rate = keep*sh.rate + (1-keep)*now
		}
		sh.cost = 0
		total[sh.class] += sh.rate
	})
	// A debt is paid back, and what is left is used, within a second.
	capacity := 1 + min(max(k.tokens, -0.4), e.cfg.Burst.Seconds())
	left := capacity
	for c := range classes {
		own := left
		for lower := c + 1; lower < classes; lower++ {
			own -= min(total[lower], reserve*capacity)
		}
		e.scratch = e.scratch[:0]
		each(func(sh *share) {
			if sh.class == c && sh.rate > 0 {
				e.scratch = append(e.scratch, sh.rate)
			}
		})
		height := fill(e.scratch, own)
		each(func(sh *share) {
			if sh.class != c {
				return
			}
			got := min(sh.rate, height)
			left -= got
			if sh.threshold = 0; got < sh.rate {
				sh.threshold = thresholdOf(got / sh.rate)
			}
		})
	}
	offered := total[failures] + total[warnings] + total[infos] + total[details]
	b.threshold = thresholdOf(min(capacity/max(offered, 1e-9), 1))
	b.allowance = min(b.allowance+e.cfg.NewShare*seconds, e.cfg.NewShare)
	for id, sh := range b.shares {
		if e.ticks-sh.tick > uint32(2*gap/Tick) && sh.summary == nil {
			delete(b.shares, id)
		}
	}
}

// thresholdOf is the threshold that keeps a share of all randomness, with 16 significant bits: short to write.
func thresholdOf(share float64) uint64 {
	if share >= 1 {
		return 0
	}
	rejected := uint64(math.Ceil((1 - max(share, 0)) * float64(all)))
	left := all - min(rejected, maxThreshold)
	unit := uint64(1)
	for left/unit > 1<<16 {
		unit <<= 4
	}
	return all - left/unit*unit
}
