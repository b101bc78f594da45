// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"sync"
)

// ScanUnordered yields the records that [Snapshot.Scan] would, each once, in no order and from several goroutines at a
// time, which is faster. Each goroutine calls newYield once, before its first record, and then what that returned for
// each of its records; newYield must be safe for concurrent use. Both
// compute in the place of the scan, and must not wait for anything, such as another scan. A record is valid during the call only. An error that is
// returned for a record ends the scan with it, [ErrStop] without one; records may still be yielded by other goroutines
// meanwhile, though none after ScanUnordered returned.
//
// Of the request, Descending means nothing, and of more than Limit records any Limit are yielded. OnError is called by one
// goroutine at a time, whichever that is. Where records may have come twice, those of equal times are told apart as by
// Scan, in ranges of time at a time.
func (s *Snapshot) ScanUnordered(ctx context.Context, req ScanRequest, newYield func() func(*Record) error) (ScanStats, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	limit := int64(req.Limit)
	req.Limit, req.Descending = 0, false
	if tell := req.OnError; tell != nil {
		var mu sync.Mutex
		req.OnError = func(err error) error {
			mu.Lock()
			defer mu.Unlock()
			return tell(err)
		}
	}
	q, err := newQuery(ctx, s.reader, &req)
	if err != nil || req.after(req.Start) {
		return ScanStats{}, err
	}
	defer q.budget.close()
	u := &unordered{sweep: sweep{q: q}, limit: limit, newYield: newYield}
	objects, errs := s.wanted(q, &u.stats)
	for _, err := range errs {
		if req.OnError != nil {
			if err := req.OnError(err); err != nil {
				return u.stats, err
			}
		}
	}
	err = u.run(objects, s.fresh)
	q.result(&u.stats)
	if errors.Is(err, ErrStop) {
		return u.stats, nil
	}
	if err == nil {
		err = ctx.Err()
	}
	return u.stats, q.ended(err)
}

// unordered is a scan without order under way.
type unordered struct {
	sweep

	limit    int64 // 0: none
	yielded  int64 // under the mutex, if there is a limit
	newYield func() func(*Record) error
}

func (u *unordered) run(objects []*ObjectMeta, fresh []*freshUnit) error {
	asked := spans{{u.q.req.Start, u.q.req.last()}}
	twice := doubtful(objects, fresh, asked[0], u.q.req.Service)
	once := asked.without(twice)
	var todo []objectTimes
	for _, o := range objects {
		if times := once.within(o.MinTime, o.MaxTime); len(times) > 0 {
			todo = append(todo, objectTimes{o, times})
		}
	}
	if err := u.over(todo, func() visitor { return visitor{visit: u.group(u.yield())} }); err != nil {
		return err
	}
	if err := u.fresh(fresh, once); err != nil {
		return err
	}
	return u.doubtful(objects, fresh, asked.without(once))
}

// yield makes what a goroutine does with records. It asks the caller for its part at the first of them.
func (u *unordered) yield() func(*Record) error {
	var yield func(*Record) error
	return func(r *Record) (err error) {
		defer func() { // it is not on the caller's goroutine, and must not end the process
			if p := recover(); p != nil {
				err = errors.New("scan: the callback panicked")
				if p, ok := p.(runtime.Error); ok { // others may speak of what is in a record
					err = fmt.Errorf("scan: the callback panicked: %w", p)
				}
			}
		}()
		if yield == nil {
			yield = u.newYield()
		}
		if u.limit == 0 {
			return yield(r)
		}
		u.mu.Lock()
		u.yielded++
		n := u.yielded
		u.mu.Unlock()
		if n > u.limit {
			return ErrStop
		}
		if err := yield(r); err != nil {
			return err
		}
		if n == u.limit {
			return ErrStop
		}
		return nil
	}
}

// group makes what a goroutine does with row groups.
func (u *unordered) group(yield func(*Record) error) func(*groupTimes) (bool, int64, error) {
	return func(gt *groupTimes) (read bool, rows int64, err error) {
		var ended error // of the callback, which is not the row group's fault
		defer func() {
			if ended != nil {
				u.mu.Lock()
				defer u.mu.Unlock()
				u.end(ended)
			}
		}()
		defer guard(&err)
		g := u.q.group(gt.plan.file, gt.group)
		sel := g.newSelection(gt.plan)
		if sel.live.empty() {
			return false, 0, nil
		}
		whole := gt.times.holds(g.info.minTime, g.info.maxTime)
		s := groupScan{q: u.q, plan: gt.plan, number: gt.group}
		need := g.memory(s.columns())
		if err := u.q.acquire(need); err != nil {
			return true, 0, err
		}
		defer u.q.budget.release(need, false)
		if err := g.filter(&sel, false); err != nil || sel.live.empty() {
			return true, 0, err
		}
		m, err := g.newEarlyLook(true)
		if err != nil {
			return true, 0, err
		}
		if !whole {
			if err := g.load(colTimestamp); err != nil {
				return true, 0, err
			}
		}
		times := g.cols[colTimestamp]
		var r Record
		n := 0
		for row := range sel.live.rows {
			if !whole && !gt.times.has(times.number(row)) {
				continue
			}
			if n++; n%tickRows == 0 {
				if err := g.tick(); err != nil {
					return true, rows, err
				}
			}
			wanted, err := m.record(row, &r)
			if err != nil {
				return true, rows, err
			}
			if !wanted {
				continue
			}
			if ended = yield(&r); ended != nil {
				return true, rows, nil
			}
			rows++
		}
		return true, rows, nil
	}
}

// fresh yields what is not committed, where no record is there twice: several parts of it at a time.
func (u *unordered) fresh(units []*freshUnit, times spans) error {
	next := make(chan *freshUnit, len(units))
	for _, unit := range units {
		if unit.mayHold(u.q.req) && times.overlap(unit.minTime, unit.maxTime) {
			next <- unit
		}
	}
	close(next)
	var wg sync.WaitGroup
	for range min(len(next), u.q.reader.opts.Parallelism) {
		wg.Go(func() {
			yield := u.yield()
			for unit := range next {
				if err := u.freshUnit(unit, times, yield); err != nil {
					u.mu.Lock()
					u.end(err)
					u.mu.Unlock()
				}
				u.mu.Lock()
				over := u.err != nil
				u.mu.Unlock()
				if over {
					return
				}
			}
		})
	}
	wg.Wait()
	if u.err != nil {
		return u.err
	}
	return u.q.ctx.Err()
}

// freshUnit yields a part of what is not committed. The error is the callback's or the context's.
func (u *unordered) freshUnit(unit *freshUnit, times spans, yield func(*Record) error) error {
	ctx, cancel := context.WithCancel(u.q.ctx)
	defer cancel()
	if err := u.q.budget.acquire(ctx, unit.bytes); err != nil {
		return err
	}
	defer u.q.budget.release(unit.bytes, false)
	var ended error
	rows := int64(0)
	req := *u.q.req
	keep := u.q.ticking(u.q.keeper())
	req.Keep = func(r *Record) bool {
		if ended == nil && times.has(r.Timestamp) && keep(r) {
			if ended = yield(r); ended != nil {
				cancel()
			} else {
				rows++
			}
		}
		return false
	}
	u.q.enter()
	_, scanned, err := unit.rows(ctx, &req)
	u.q.leave()
	u.q.rowsScanned.Add(int64(scanned))
	u.mu.Lock()
	defer u.mu.Unlock()
	u.stats.RowsYielded += rows
	if ended != nil {
		return ended
	}
	if err := u.q.ctx.Err(); err != nil {
		return err
	}
	if err != nil {
		u.failed(err)
	}
	return nil
}

// doubtful yields the records of times in which some may be there twice: cut into ranges, and several of these at a time
// in their own order.
func (u *unordered) doubtful(objects []*ObjectMeta, fresh []*freshUnit, times spans) error {
	parallel := u.q.reader.opts.Parallelism
	pieces := cut(times, parallel)
	if len(pieces) == 0 {
		return nil
	}
	next := make(chan span64, len(pieces))
	for _, p := range pieces {
		next <- p
	}
	close(next)
	ctx, cancel := context.WithCancel(u.q.ctx)
	defer cancel()
	u.stop = cancel
	var wg sync.WaitGroup
	for range min(parallel, len(pieces)) {
		wg.Go(func() {
			yield := u.yield()
			for p := range next {
				if ctx.Err() != nil {
					return
				}
				stats, err := u.q.ordered(ctx, objects, fresh, p, yield)
				u.mu.Lock()
				u.stats.Add(&stats)
				if err != nil && (ctx.Err() == nil || errors.Is(err, ErrStop)) {
					u.end(err)
				}
				u.mu.Unlock()
			}
		})
	}
	wg.Wait()
	if u.err != nil {
		return u.err
	}
	return u.q.ctx.Err()
}

// piecesAtATime is how many ranges there are for each goroutine, so that none waits long for the last.
const piecesAtATime = 2

// cut cuts ranges into pieces of about the same length.
func cut(times spans, parallel int) (pieces spans) {
	if parallel == 1 {
		return times
	}
	total := uint64(0)
	for _, t := range times {
		total += min(uint64(t.to)-uint64(t.from), math.MaxInt64/uint64(len(times)))
	}
	width := int64(total/uint64(piecesAtATime*parallel)) + 1
	for _, t := range times {
		for uint64(t.to)-uint64(t.from) > uint64(width)*3/2 && len(pieces) < 1<<10 {
			pieces = append(pieces, span64{t.from, t.from + width - 1})
			t.from += width
		}
		pieces = append(pieces, t)
	}
	return pieces
}

// ordered scans a range of time in its order, as a part of the query. The error may be ErrStop.
func (q *query) ordered(ctx context.Context, objects []*ObjectMeta, fresh []*freshUnit, t span64, yield func(*Record) error) (ScanStats, error) {
	req := *q.req
	req.Start, req.End = t.from, t.to
	if req.End != math.MaxInt64 {
		req.End++
	}
	part, err := newQuery(ctx, q.reader, &req)
	if err != nil {
		return ScanStats{}, err
	}
	ctx, cancel := context.WithCancel(part.ctx)
	part.ctx, part.budget, part.limit = ctx, q.budget, q.limit
	part.turns, part.usage = q.turns, q.usage
	sc := newScan(part)
	sc.computes = true
	defer sc.wg.Wait()
	defer cancel()
	for _, o := range objects {
		if part.wants(o) {
			sc.addObject(o)
		}
	}
	sc.addFresh(fresh)
	err = sc.run(yield)
	cancel()
	sc.wg.Wait()
	sc.closeAll()
	part.result(&sc.stats)
	sc.stats.BytesUsed = 0 // the query's own
	return sc.stats, err
}
