// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package tailsample

import (
	"cmp"
	"math/bits"
	"slices"
)

// limiter keeps what a policy keeps below a rate, by a threshold that fits what came. Requests that the policy is to decide
// wait for the next tick; then those with the most randomness are kept, as many as the rate allows, and the threshold is
// just above the randomness of the first that is not. So a kept request stands for as many as it must: this is
// bottom-k sampling with its rank-conditioned estimator (Cohen and Kaplan, "Summarizing data using bottom-k sketches",
// PODC 2007), with the bytes or records of a tick in the place of k.
type limiter struct {
	records, bytes budget
	waiting        []*group // nil where one went
	threshold      uint64   // of the last tick
}

// budget is a token bucket that holds a second's worth. It may be overdrawn by one request, and is then paid back.
type budget struct {
	perSecond, tokens float64
	last              int64
}

func (b *budget) refill(now int64) {
	if b.perSecond > 0 {
		b.tokens = min(b.perSecond, b.tokens+b.perSecond*float64(now-b.last)/1e9)
	}
	b.last = now
}

func (b *budget) empty() bool { return b.perSecond > 0 && b.tokens <= 0 }

func (b *budget) spend(n int64) {
	if b.perSecond > 0 {
		b.tokens -= float64(n)
	}
}

func newLimiter(p *Policy) *limiter {
	return &limiter{
		records: budget{perSecond: p.RecordsPerSecond, tokens: p.RecordsPerSecond},
		bytes:   budget{perSecond: p.BytesPerSecond, tokens: p.BytesPerSecond},
	}
}

func (l *limiter) empty() bool { return l.records.empty() || l.bytes.empty() }

func (l *limiter) spend(records, bytes int64) {
	l.records.spend(records)
	l.bytes.spend(bytes)
}

// wait lets a group wait for the tick.
func (l *limiter) wait(g *group, policy int) {
	g.waits, g.policy, g.place = true, policy, len(l.waiting)
	l.waiting = append(l.waiting, g)
}

// leave takes a group out that was decided otherwise.
func (l *limiter) leave(g *group) {
	l.waiting[g.place] = nil
	g.waits = false
}

// tick returns the groups that waited, those to be kept first, how many these are, and the threshold. As long as the
// budget is overdrawn all go on waiting. If forced they are decided even then: by the threshold of the time before, which
// knows nothing of them and so is as fair, and is raised for the next time.
// The slice is the limiter's own and good until the next call of wait.
func (l *limiter) tick(now int64, least uint64, forced bool) (groups []*group, kept int, threshold uint64) {
	l.records.refill(now)
	l.bytes.refill(now)
	groups = slices.DeleteFunc(l.waiting, func(g *group) bool { return g == nil })
	l.waiting = groups
	for i, g := range groups {
		g.place = i
	}
	if len(groups) == 0 || l.empty() && !forced {
		return nil, 0, 0
	}
	slices.SortFunc(groups, func(a, b *group) int { return cmp.Compare(b.randomness, a.randomness) })
	if l.empty() {
		threshold = max(least, l.threshold)
		l.threshold = roundUp(threshold + (NeverThreshold-threshold)/2)
	} else {
		for kept < len(groups) && groups[kept].randomness >= least && !l.empty() {
			l.spend(groups[kept].records, groups[kept].bytes)
			kept++
		}
		threshold = least
		if kept < len(groups) && groups[kept].randomness >= least {
			threshold = roundUp(groups[kept].randomness + 1)
		}
		for _, g := range groups[:kept] {
			l.spend(-g.records, -g.bytes)
		}
		l.threshold = threshold
	}
	for kept = 0; kept < len(groups) && groups[kept].randomness >= threshold; kept++ {
		l.spend(groups[kept].records, groups[kept].bytes)
	}
	l.waiting = l.waiting[:0]
	for _, g := range groups {
		g.waits = false
	}
	return groups, kept, threshold
}

// roundUp returns a threshold that is not less and has few hexadecimal digits: the share it keeps is at most 1/4096 smaller.
func roundUp(threshold uint64) uint64 {
	if threshold >= NeverThreshold {
		return NeverThreshold
	}
	shift := bits.Len64(NeverThreshold-threshold) - 13
	if shift = shift / 4 * 4; shift <= 0 {
		return threshold
	}
	unit := uint64(1) << shift
	return (threshold + unit - 1) &^ (unit - 1)
}
