// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package spike

import "unicode/utf8"

// Settle tells what became of a batch that Offer or Admit decided about. If it was taken, what was over is summarized now and not
// before: a batch that the next component refuses comes again. If it was not, what it took of the budgets is given back.
//
// A batch that was taken and of which nothing is to be summarized need not be settled.
func (e *Engine) Settle(names []string, items []Item, took bool) {
	if took && !e.cfg.Summarize {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	var late map[lateKey]*Summary // of spikes that are over by now
	for i := range items {
		it := &items[i]
		if took && it.Verdict != Over {
			continue
		}
		k := e.keys[cutName(names[it.Source])]
		if k == nil {
			k = e.pooled
		}
		switch at := (lateKey{k, it.Template}); {
		case !took:
			e.giveBack(k, it)
		case k.burst != nil:
			sh := e.shareOf(k.burst, it.Template, it.Severity)
			sh.summary = e.summarize(sh.summary, it)
		default:
			if late == nil {
				late = map[lateKey]*Summary{}
			}
			late[at] = e.summarize(late[at], it)
		}
	}
	for at, s := range late {
		e.hand(at.key, at.template, s)
	}
}

type lateKey struct {
	key      *key
	template uint64
}

// giveBack undoes what a record did to the budget of its key and to the totals of its spike.
func (e *Engine) giveBack(k *key, it *Item) {
	take := func(now, before *float32, n float32) {
		part := min(*now, n)
		*now -= part
		*before = max(0, *before-(n-part)) // a tick came between
	}
	take(&k.bytes, &k.sent.bytes, float32(it.Bytes))
	take(&k.records, &k.sent.records, 1)
	cost := k.budget.cost(float64(it.Bytes), 1)
	b := k.burst
	if b == nil || it.Verdict == Passes {
		if it.Verdict != Over {
			k.tokens = min(k.tokens+cost, e.cfg.Burst.Seconds())
		}
		return
	}
	b.offered.sub(it.Bytes)
	if it.Verdict == Kept {
		b.passed.sub(it.Bytes)
	}
	sh := b.shares[shareKey{it.Template, classOf(it.Severity)}]
	if sh == nil {
		sh = &b.others[classOf(it.Severity)]
	}
	paid := cost
	switch {
	case it.Verdict == Over && cost <= even:
		paid *= sh.keep
	case it.Verdict == Over:
		paid = 0
	case it.Threshold > 0 && cost <= even:
		paid *= float64(all-it.Threshold) / float64(all)
	}
	k.tokens = min(k.tokens+paid, e.cfg.Burst.Seconds())
	sh.cost = max(0, sh.cost-cost)
	sh.offered = max(0, sh.offered-1)
	if sh.seen > 0 {
		sh.seen-- // the first of a burst are the first again
	}
}

// Admit takes a batch of one key as a whole, or nothing of it. What it takes beyond the budget is a debt: nothing more is taken until
// it is paid back. What is refused counts as offered.
func (e *Engine) Admit(name string, items []Item) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	k := e.keyOf(name)
	var sum Total
	for i := range items {
		it := &items[i]
		it.Verdict, it.Threshold, it.Randomness, it.Template, it.Candidate = Passes, 0, 0, 0, false
		if k.burst != nil {
			it.Verdict = Kept
		}
		sum.add(it.Bytes)
	}
	k.bytes += float32(sum.Bytes)
	k.records += float32(sum.Records)
	cost := k.budget.cost(float64(sum.Bytes), float64(sum.Records))
	admitted := k.tokens > 0 || cost == 0
	if admitted {
		k.tokens -= cost
	} else if k.burst == nil {
		e.begin(k, sum)
	}
	b := k.burst
	if b == nil {
		return admitted
	}
	b.offered.plus(sum)
	if admitted {
		b.passed.plus(sum)
	}
	if len(items) > 0 { // what a notice tells of
		id, _ := e.mine(k, items[0].Text)
		sh := e.shareOf(b, id, items[0].Severity)
		sh.offered += sum.Records
		sh.tick = e.ticks
	}
	return admitted
}

// Charge takes the size of a record from the budget of a key, if it is in a spike: one that was over and is passed on after all.
func (e *Engine) Charge(name string, bytes int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if k := e.keys[cutName(name)]; k != nil && k.burst != nil {
		k.tokens -= k.budget.cost(float64(bytes), 1)
	}
}

func cutName(name string) string {
	if len(name) <= MaxNameBytes {
		return name
	}
	for n := MaxNameBytes; n > MaxNameBytes-utf8.UTFMax; n-- {
		if utf8.RuneStart(name[n]) {
			return name[:n]
		}
	}
	return name[:MaxNameBytes]
}
