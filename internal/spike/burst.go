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
	// proportional is the part of a budget that templates share by how much they are, the rest is max-min fair. Without, few
	// records of the loudest would stand for all of them, and that of a flood of templates for so many that counts are wrong.
	proportional = 0.25
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
	shares         map[shareKey]*share
	list           []*share       // the same, after the others
	others         [classes]share // of templates that have none of their own
	allowance      float64        // for the first of a burst, in seconds' worth of budget
	threshold      uint64         // for templates that came since the last tick
	fresh          uint32         // templates that are new since the last tick
	spent, most    float64        // what passed since the last tick, and how much may, in seconds' worth of budget
	offered        Total          // since it began,
	passed         Total
	peak           Rate
}

// shareKey is a template and a class: of what one statement writes the errors are worth more than the rest.
type shareKey struct {
	template uint64
	class    class
}

// share is what a template gets of its key's budget, for its records of a class.
type share struct {
	shareKey
	threshold uint64
	keep      float64 // what of its records passes
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
// than independent ones are: what is kept of thousands stands for them almost exactly. That holds only while thresholds do not
// depend on it: so the budget is charged what of a record passes on average, whether it does or not. Of what costs much few are
// kept: the budget is charged what did pass, thresholds follow from that, and so randomness is independent there.
func (sh *share) random(cost float64) uint64 {
	if cost > even {
		return rand.Uint64() >> 8 //nolint:gosec // a sample, no secret
	}
	sh.sequence += 0x9E3779B97F4A7C15
	return sh.sequence >> 8
}

// begin puts a key into a spike. What it offers, and so how much of it may pass, is guessed from the ticks at hand, without the
// record at hand: of a size beyond all others, it would say nothing about them.
func (e *Engine) begin(k *key, without Total) {
	b := &burst{began: e.ticked, flushed: e.ticked, shares: map[shareKey]*share{}, list: make([]*share, 0, 2*classes)}
	k.burst = b
	k.over = true
	if k.miner != nil && !e.reserve(k) {
		e.dropMiner(k)
	}
	since := max(time.Since(e.ticked).Seconds(), Tick.Seconds()/2)
	offered := k.budget.cost(float64(k.bytes)-float64(without.Bytes), float64(k.records)-float64(without.Records)) / since
	b.threshold = thresholdOf(1 / max(offered, 1))
	b.allowance = e.cfg.NewShare
	b.most = maxSpent
	for c := range b.others {
		b.others[c] = share{shareKey: shareKey{class: class(c)}, tick: e.ticks, sequence: rand.Uint64()} //nolint:gosec // a sample, no secret
		b.others[c].set(b.threshold)
		b.list = append(b.list, &b.others[c])
	}
}

// thin decides about a record of a key that is in a spike. What is whole passes in any case.
func (e *Engine) thin(k *key, it *Item, cost float64, whole bool) {
	b := k.burst
	b.offered.add(it.Bytes)
	var id, count uint64
	if b.fresh < maxFresh || k.mined&3 == 3 {
		if id, count = e.mine(k, it.Text); count == 1 {
			b.fresh++
		}
	} else {
		k.mined++
	}
	sh := e.shareOf(b, id, it.Severity)
	if e.ticks-sh.tick > uint32(gap/Tick) || count == 1 {
		sh.seen = 0
	}
	sh.tick = e.ticks
	sh.cost += cost
	sh.seen++
	sh.offered++
	it.Template = id
	it.Verdict = Kept
	switch {
	case whole:
		sh.cut(1 + cost)
	case sh.seen <= firsts && cost <= b.allowance:
		b.allowance -= cost
	default:
		it.Threshold, it.Randomness = sh.threshold, sh.random(cost)
		over := it.Randomness < it.Threshold
		if cost <= even {
			cost *= sh.keep
		}
		if !over || cost <= even {
			k.tokens -= cost
			b.spend(sh, cost)
		}
		if !over {
			b.passed.add(it.Bytes)
			return
		}
		it.Verdict, it.Threshold, it.Randomness = Over, 0, 0
		if sh.template != 0 && sh.seen > firsts && e.ticks-sh.candidate >= candidateEvery {
			sh.candidate, it.Candidate = e.ticks, true
		}
		return
	}
	k.tokens -= cost
	b.passed.add(it.Bytes)
}

// maxFresh bounds the templates that a key may make between two ticks: to make one takes ten times as long as to know one. After that
// one record of four is looked at.
const maxFresh = 512

// maxSpent is how many seconds' worth of budget may pass between two ticks before less is kept.
const maxSpent = 1

// spend notes what passes. Thresholds are those of the last tick: when much more comes than did then, each so many seconds' worth of
// budget halve what is kept.
func (b *burst) spend(sh *share, cost float64) {
	if b.spent += cost; b.spent < b.most {
		return
	}
	b.most = b.spent + maxSpent
	if cost > even { // it alone may be why
		sh.cut(1 + max(cost, 1))
		return
	}
	for _, sh := range b.list {
		sh.cut(2)
	}
	b.threshold = thresholdOf(float64(all-b.threshold) / float64(all) / 2)
}

func (sh *share) set(threshold uint64) {
	sh.threshold, sh.keep = threshold, float64(all-threshold)/float64(all)
}

// cut divides what is kept of a template until the next tick.
func (sh *share) cut(by float64) { sh.set(thresholdOf(sh.keep / by)) }

// shareOf returns the share of a template, for records of a severity.
func (e *Engine) shareOf(b *burst, id uint64, severity uint8) *share {
	at := shareKey{id, classOf(severity)}
	if sh := b.shares[at]; sh != nil {
		return sh
	}
	if id == 0 || len(b.shares) >= maxShares {
		return &b.others[at.class]
	}
	sh := &share{shareKey: at, tick: e.ticks, candidate: e.ticks - candidateEvery, sequence: rand.Uint64()} //nolint:gosec // a sample, no secret
	sh.set(b.threshold)
	b.shares[at] = sh
	b.list = append(b.list, sh)
	return sh
}

// divide shares the budget of a key in a spike among its templates for the next tick.
func (e *Engine) divide(k *key, seconds float64) {
	b := k.burst
	const keep = 0.5 // of the rate before
	var total [classes]float64
	n := 0
	for _, sh := range b.list {
		if e.ticks-sh.tick > uint32(2*gap/Tick) && sh.summary == nil && sh.template != 0 {
			delete(b.shares, sh.shareKey)
			continue
		}
		now := sh.cost / seconds
		if sh.rate == 0 {
			sh.rate = now
		} else {
			sh.rate = keep*sh.rate + (1-keep)*now
		}
		sh.cost = 0
		total[sh.class] += sh.rate
		b.list[n] = sh
		n++
	}
	clear(b.list[n:])
	b.list = b.list[:n]
	// A debt is paid back, and what is left is used, within a second.
	capacity := 1 + min(max(k.tokens, -0.4), e.cfg.Burst.Seconds())
	left := capacity
	var heights, parts [classes]float64
	for c := range classes {
		own := left
		for lower := c + 1; lower < classes; lower++ {
			own -= min(total[lower], reserve*capacity)
		}
		if total[c] <= own {
			heights[c] = unlimited
			left -= total[c]
			continue
		}
		parts[c] = proportional * max(own, 0) / total[c]
		e.scratch = e.scratch[:0]
		for _, sh := range b.list {
			if sh.class == c && sh.rate > 0 {
				e.scratch = append(e.scratch, sh.rate*(1-parts[c]))
			}
		}
		heights[c] = fill(e.scratch, own*(1-proportional))
		left -= own
	}
	for _, sh := range b.list {
		threshold := uint64(0)
		if height, part := heights[sh.class], parts[sh.class]; sh.rate*(1-part) > height {
			threshold = thresholdOf(height/sh.rate + part)
		}
		sh.set(threshold)
	}
	offered := total[failures] + total[warnings] + total[infos] + total[details]
	b.threshold = thresholdOf(min(capacity/max(offered, 1e-9), 1))
	b.allowance = min(b.allowance+e.cfg.NewShare*seconds, e.cfg.NewShare)
	b.spent, b.most, b.fresh = 0, maxSpent, 0
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
