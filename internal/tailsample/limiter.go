// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package tailsample

import (
	"cmp"
	"math"
	"math/bits"
	"slices"
)

// limiter keeps what a policy keeps below a rate, by a threshold that fits what came. Requests that the policy is to decide
// wait for the next tick; then those with the most randomness are kept, as many as the rate allows, and each has a threshold
// that follows from the others. So a kept request stands for as many as it must: this is bottom-k sampling with its
// rank-conditioned estimator (Cohen and Kaplan, "Summarizing data using bottom-k sketches", PODC 2007), with the bytes or
// records of a tick in the place of k.
type limiter struct {
	records, bytes budget
	waiting        []*group // nil where one went
	threshold      uint64   // of the last tick
}

// budget is a token bucket that holds a second's worth. It may be overdrawn by one request, and is then paid back.
type budget struct {
	perSecond, tokens float64
	last              int64
	sums              []int64 // of the latest tick
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

// sum notes what the groups use together, up to each of them. Budgets without a limit need no sums.
func (b *budget) sum(groups []*group, of func(*group) int64) {
	b.sums = b.sums[:0]
	if b.perSecond <= 0 {
		return
	}
	total := int64(0)
	for _, g := range groups {
		total += of(g)
		b.sums = append(b.sums, total)
	}
}

// lasts returns how many of the groups it takes to use the budget up and more by so much; one more than there are, or than
// any number, if they do not.
func (b *budget) lasts(more int64) int {
	if b.perSecond <= 0 {
		return math.MaxInt
	}
	n, _ := slices.BinarySearchFunc(b.sums, b.tokens+float64(more), func(sum int64, want float64) int { return cmp.Compare(float64(sum), want) })
	return n + 1
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
	g.waits, g.policy, g.place = true, int32(policy), int32(len(l.waiting)) //nolint:gosec // bounded by the groups
	l.waiting = append(l.waiting, g)
}

// leave takes a group out that was decided otherwise.
func (l *limiter) leave(g *group) {
	l.waiting[g.place] = nil
	g.waits = false
}

// tick returns the groups that waited, each with its threshold, which those to be kept reach. As long as the budget is
// overdrawn all go on waiting. If forced they are decided even then: by the threshold of the time before, which knows nothing
// of them and so is as fair, and is raised for the next time.
// The slice is the limiter's own and good until the next call of wait.
func (l *limiter) tick(now int64, least uint64, forced bool) []*group {
	l.records.refill(now)
	l.bytes.refill(now)
	groups := slices.DeleteFunc(l.waiting, func(g *group) bool { return g == nil })
	l.waiting = groups
	for i, g := range groups {
		g.place = int32(i) //nolint:gosec // bounded by the groups
	}
	if len(groups) == 0 || l.empty() && !forced {
		return nil
	}
	if l.empty() {
		threshold := max(least, l.threshold)
		for _, g := range groups {
			g.threshold = threshold
		}
		l.threshold = roundUp(threshold + (NeverThreshold-threshold)/2)
	} else {
		l.rank(groups, least)
	}
	l.waiting = l.waiting[:0]
	for _, g := range groups {
		g.waits = false
		if g.randomness >= g.threshold {
			l.spend(g.records, g.bytes)
		}
	}
	return groups
}

// rank gives each group its threshold. One is kept when those with more randomness leave something of the budget: thus it
// is kept by the randomness above that of the last one with which, but without itself, the others use the budget up. That
// depends on the others alone, which makes the weights add up right whatever the sizes (with one threshold for all, the
// large would count too much: one of them uses up the budget, whatever its rank).
func (l *limiter) rank(groups []*group, least uint64) {
	slices.SortFunc(groups, func(a, b *group) int { return cmp.Compare(b.randomness, a.randomness) })
	l.records.sum(groups, func(g *group) int64 { return g.records })
	l.bytes.sum(groups, func(g *group) int64 { return g.bytes })
	threshold := func(others int) uint64 {
		if others > len(groups) || groups[others-1].randomness < least {
			return least
		}
		return roundUp(groups[others-1].randomness + 1)
	}
	kept := min(l.records.lasts(0), l.bytes.lasts(0), len(groups))
	for _, g := range groups[:kept] {
		g.threshold = threshold(min(l.records.lasts(g.records), l.bytes.lasts(g.bytes)))
	}
	for _, g := range groups[kept:] {
		g.threshold = NeverThreshold
	}
	l.threshold = threshold(kept + 1)
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
