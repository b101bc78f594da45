// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package spikeguardprocessor

import (
	"context"
	"errors"

	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/logboom/logboom/internal/spike"
	"github.com/logboom/logboom/internal/weight"
)

// errBudget goes back to the component before. It is not permanent: senders try again.
var errBudget = errors.New("the source of these log records is over its budget")

// ConsumeLogs implements consumer.Logs.
func (g *guard) ConsumeLogs(ctx context.Context, ld plog.Logs) error {
	if !g.cfg.DryRun && ld.IsReadOnly() { // a component before that tries again may have got it back so
		mutable := plog.NewLogs()
		ld.CopyTo(mutable)
		ld = mutable
	}
	b := g.batches.Get().(*batch)
	defer g.recycle(b)
	g.reader.read(b, ld)
	if len(b.items) == 0 {
		return g.next.ConsumeLogs(ctx, ld)
	}
	if g.cfg.Action == actionRefuse && len(b.names) == 1 {
		if !g.engine.Admit(b.names[0], b.items) {
			if !g.cfg.DryRun {
				g.telemetry.refusedBudget(int64(len(b.items)))
				return errBudget
			}
			for i := range b.items {
				b.items[i].Verdict = spike.Over
			}
		}
	} else {
		g.engine.Offer(b.names, b.items)
	}
	over, weighed := b.tally()
	switch {
	case g.cfg.DryRun || over == 0 && (!weighed || !g.weighs):
		return g.settle(b, 0, g.next.ConsumeLogs(ctx, ld))
	case g.cfg.Action == actionDivert:
		g.mark(b, ld)
		err := g.offer(ctx, ld)
		if err != nil {
			g.unmark(b, ld)
		}
		return g.settle(b, 0, err)
	}
	return g.passOn(ctx, b, ld, over)
}

// tally counts what is over, and tells whether anything that passes stands for something else.
func (b *batch) tally() (over int64, weighed bool) {
	for i := range b.items {
		it := &b.items[i]
		if it.Verdict == spike.Over {
			c := &b.over[it.Source]
			c.items++
			c.bytes += int64(it.Bytes)
			over++
		} else if it.Threshold > 0 {
			weighed = true
		}
	}
	return over, weighed
}

// settle counts a batch that was passed on with all but so many of its records, or takes back what it did to the budgets.
func (g *guard) settle(b *batch, removed int64, err error) error {
	n := int64(len(b.items))
	if err != nil {
		g.engine.Settle(b.names, b.items, false)
		g.telemetry.refusedNext(n)
		return err
	}
	if removed > 0 && g.cfg.Action == actionSummarize {
		g.telemetry.held(removed)
		g.engine.Settle(b.names, b.items, true)
	}
	g.telemetry.taken(n, n-removed, b)
	for _, l := range b.lasts {
		g.lasts.put(l)
	}
	return nil
}

// offer passes a batch on, and gets it back after an error.
func (g *guard) offer(ctx context.Context, ld plog.Logs) error {
	out := plog.NewLogs()
	ld.MoveTo(out) // the next component may mark it as read-only
	err := g.next.ConsumeLogs(ctx, out)
	if err != nil {
		if out.IsReadOnly() {
			out.CopyTo(ld)
		} else {
			out.MoveTo(ld)
		}
	}
	return err
}

// mark marks what is over.
func (g *guard) mark(b *batch, ld plog.Logs) {
	i := 0
	for _, rl := range ld.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, lr := range sl.LogRecords().All() {
				if b.items[i].Verdict == spike.Over {
					if _, has := lr.Attributes().Get(g.cfg.Divert.Attribute); !has {
						b.marked = append(b.marked, i)
					}
					lr.Attributes().PutBool(g.cfg.Divert.Attribute, true)
				}
				i++
			}
		}
	}
}

// unmark takes back the marks of a batch that was refused: who sends it again may send this very one.
func (g *guard) unmark(b *batch, ld plog.Logs) {
	if ld.LogRecordCount() != len(b.items) {
		return // whoever refused it has taken it apart
	}
	i, marked := 0, b.marked
	for _, rl := range ld.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, lr := range sl.LogRecords().All() {
				if len(marked) > 0 && marked[0] == i {
					lr.Attributes().Remove(g.cfg.Divert.Attribute)
					marked = marked[1:]
				}
				i++
			}
		}
	}
}

// passOn passes on what is not over.
//
// A component before that tries a refused batch again may do so with the very batch that we got. So it is then made what it was: what was
// taken out, and would be counted nowhere, is put back, and weights, which would count what comes back once more, are taken away.
func (g *guard) passOn(ctx context.Context, b *batch, ld plog.Logs, over int64) error {
	taken := plog.NewLogs()
	g.takeOut(b, ld, taken)
	var err error
	if int64(len(b.items)) > over {
		err = g.offer(ctx, ld)
	}
	if err != nil {
		b.unweigh(ld, len(b.items)-int(over))
		taken.ResourceLogs().MoveAndAppendTo(ld.ResourceLogs())
		var partly consumererror.Logs
		if errors.As(err, &partly) {
			err = errors.New(err.Error()) // with its part alone, what was taken out would be missing
		}
	}
	return g.settle(b, over, err)
}

// takeOut moves what is over from one batch to another, and writes the weights of what stays.
func (g *guard) takeOut(b *batch, from, to plog.Logs) {
	items := b.items // of the records that are left
	from.ResourceLogs().RemoveIf(func(rl plog.ResourceLogs) bool {
		had := rl.ScopeLogs().Len() > 0
		var toResource plog.ResourceLogs
		rl.ScopeLogs().RemoveIf(func(sl plog.ScopeLogs) bool {
			n := sl.LogRecords().Len()
			over := g.weigh(b, items[:n], rl, sl)
			if over > 0 {
				if toResource == (plog.ResourceLogs{}) {
					toResource = to.ResourceLogs().AppendEmpty()
					rl.Resource().CopyTo(toResource.Resource())
					toResource.SetSchemaUrl(rl.SchemaUrl())
				}
				toScope := toResource.ScopeLogs().AppendEmpty()
				sl.Scope().CopyTo(toScope.Scope())
				toScope.SetSchemaUrl(sl.SchemaUrl())
				part(items[:n], over, sl.LogRecords(), toScope.LogRecords())
			}
			items = items[n:]
			return n > 0 && over == n
		})
		return had && rl.ScopeLogs().Len() == 0
	})
}

// weigh writes the weights of those records of a scope that stay, keeps what may be the last of a burst, and counts what is over.
func (g *guard) weigh(b *batch, items []spike.Item, rl plog.ResourceLogs, sl plog.ScopeLogs) (over int) {
	lrs := sl.LogRecords()
	for i := range items {
		it := &items[i]
		switch {
		case it.Verdict != spike.Over:
			if g.weighs && it.Threshold > 0 {
				b.formers = append(b.formers, formerOf(lrs.At(i).Attributes()))
				b.writer.Log(lrs.At(i), weight.Decision{Threshold: it.Threshold, Randomness: it.Randomness})
			}
			continue
		case it.Candidate && g.keepsLasts && it.Bytes < maxLastBytesOfKey:
			b.lasts = append(b.lasts, newLast(b.names[it.Source], it, rl, sl, lrs.At(i)))
		}
		over++
	}
	return over
}

// part moves the records that are over to a slice that is empty. Moving one by one allocates: the fewer are moved so.
func part(items []spike.Item, over int, from, to plog.LogRecordSlice) {
	moves := true
	if 2*over > len(items) {
		from.MoveAndAppendTo(to)
		from, to, moves = to, from, false
		over = len(items) - over
	}
	if over == 0 {
		return
	}
	to.EnsureCapacity(over)
	i := 0
	from.RemoveIf(func(lr plog.LogRecord) bool {
		move := (items[i].Verdict == spike.Over) == moves
		i++
		if move {
			lr.MoveTo(to.AppendEmpty())
		}
		return move
	})
}

// recycle puts back what a batch was read into, unless it is so large that it would be kept for nothing.
func (g *guard) recycle(b *batch) {
	const maxItems = 1 << 16
	if cap(b.items) <= maxItems && cap(b.names) <= maxItems {
		b.reset()
		g.batches.Put(b)
	}
}
