// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"cmp"
	"container/heap"
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"

	"github.com/logboom/logboom/archive/internal/textindex"
)

// lookahead is how many of the heap's first items are looked at for something to prepare.
const lookahead = 64

// minShare is how many bytes of records a row group makes at a time at least, however little memory a query has.
const minShare = 64 << 10

// Scan yields the records of the request in time order; equal (ServiceName, Timestamp, RecordUID) with a
// uid are yielded once. It merges lazily: an object is opened, and a row group decoded, only when nothing
// before it is left, so that a callback that stops early saves the rest. Besides what the callback keeps it
// holds the row groups whose times overlap, and as many more as it prepares in parallel, within the query's memory.
//
// What cannot be read is reported in the statistics, and the rest is still scanned. The error is the
// callback's, unless that is [ErrStop], the context's, or that of a condition that makes no sense.
func (s *Snapshot) Scan(ctx context.Context, req ScanRequest, yield func(*Record) error) (ScanStats, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	q, err := newQuery(ctx, s.reader, &req)
	if err != nil {
		return ScanStats{}, err
	}
	defer q.budget.close()
	sc := newScan(q)
	defer sc.wg.Wait() // nothing of the request is used after Scan returned
	defer cancel()
	objects, errs := s.wanted(q, &sc.stats)
	for _, err := range errs {
		if req.OnError != nil {
			if err := req.OnError(err); err != nil {
				return sc.stats, err
			}
		}
	}
	for _, o := range objects {
		sc.addObject(o)
	}
	sc.addFresh(s.fresh)
	err = sc.run(yield)
	cancel()
	sc.wg.Wait()
	q.result(&sc.stats)
	if errors.Is(err, ErrStop) {
		return sc.stats, nil
	}
	return sc.stats, q.ended(err)
}

// scan merges items in the order of time.
type scan struct {
	q       *query
	heap    itemHeap
	stats   ScanStats
	wg      sync.WaitGroup
	pending int // prepared items not taken yet
	ahead   int // how many items to prepare at a time
	opened  int // row groups with records to be yielded
	// computes says that the callback only computes: it is called within a turn.
	computes bool
	pace     pace

	// The uids yielded at the time seenAt, by tenant and service.
	seen   map[[3]string]struct{}
	seenAt int64
}

func newScan(q *query) *scan {
	s := &scan{q: q, ahead: q.reader.opts.Parallelism}
	if q.req.Limit > 0 {
		s.ahead = 1 // the first row group may be enough
	}
	s.heap.descending = q.req.Descending
	return s
}

// item is an object to be opened, a part of what is not committed, or a row group, some of whose records are at hand.
type item struct {
	bound  int64 // no record of the item comes before this time (after it, when descending)
	key    string
	tenant string
	meta   *ObjectMeta
	fresh  *freshUnit           // in place of an object
	parts  map[string][]*Record // of a fresh unit, by tenant
	group  *groupScan           // nil: the object itself

	ready chan struct{} // closed when prepared; nil: not started
	err   error
	errAt int64

	held    *freshBytes // of a part of a fresh unit
	open    bool        // records are to be yielded
	records []Record    // in the order of the scan
	list    []*Record   // in place of records: in the order of time
	next    int         // of them
}

func (it *item) len() int { return max(len(it.records), len(it.list)) }

func (it *item) record(descending bool) *Record {
	switch {
	case it.list == nil:
		return &it.records[it.next]
	case descending:
		return it.list[len(it.list)-1-it.next]
	}
	return it.list[it.next]
}

func (it *item) groupNumber() int {
	if it.group == nil {
		return -1
	}
	return it.group.number
}

// itemHeap orders items by bound; what is unopened comes first, so that of equal times all are known before
// one is yielded; then by key and row group, so that the order of equal times is always the same.
type itemHeap struct {
	items      []*item
	descending bool
}

func (h *itemHeap) Len() int      { return len(h.items) }
func (h *itemHeap) Swap(i, j int) { h.items[i], h.items[j] = h.items[j], h.items[i] }
func (h *itemHeap) Push(x any)    { h.items = append(h.items, x.(*item)) }
func (h *itemHeap) Pop() any {
	last := h.items[len(h.items)-1]
	h.items[len(h.items)-1] = nil
	h.items = h.items[:len(h.items)-1]
	return last
}

func (h *itemHeap) Less(i, j int) bool {
	a, b := h.items[i], h.items[j]
	if a.bound != b.bound {
		return (a.bound < b.bound) != h.descending
	}
	if a.open != b.open {
		return b.open
	}
	c := strings.Compare(a.key, b.key)
	if c == 0 {
		c = cmp.Compare(a.groupNumber(), b.groupNumber())
	}
	return (c < 0) != h.descending
}

func (s *scan) first(minTime, maxTime int64) int64 {
	if s.q.req.Descending {
		return maxTime
	}
	return minTime
}

func (s *scan) addObject(o *ObjectMeta) {
	s.heap.items = append(s.heap.items, &item{key: o.Key, tenant: o.Tenant, meta: o, bound: s.first(o.MinTime, o.MaxTime)})
}

func (s *scan) addFresh(units []*freshUnit) {
	for _, u := range units {
		if u.mayHold(s.q.req) {
			s.heap.items = append(s.heap.items, &item{key: u.name, fresh: u, bound: s.first(u.minTime, u.maxTime)})
		}
	}
}

func (s *scan) run(yield func(*Record) error) error {
	heap.Init(&s.heap)
	if s.computes {
		s.q.enter()
		defer s.q.leave()
	}
	for s.heap.Len() > 0 {
		if err := s.q.ctx.Err(); err != nil {
			return err
		}
		it := s.heap.items[0]
		if it.open {
			if err := s.yield(it, yield); err != nil {
				return err
			}
			continue
		}
		heap.Pop(&s.heap)
		s.prepare(it)
		s.prepareAhead()
		if err := s.wait(it); err != nil {
			return err
		}
		s.pending--
		if err := s.take(it); err != nil {
			return err
		}
	}
	return nil
}

// wait waits until an item is prepared.
func (s *scan) wait(it *item) error {
	if s.computes {
		select {
		case <-it.ready:
			return nil
		default:
		}
		s.q.leave()
		defer s.q.enter()
	}
	select {
	case <-it.ready:
		return nil
	case <-s.q.ctx.Done():
		return s.q.ctx.Err()
	}
}

// yield hands out records of the first item as long as it stays the first.
func (s *scan) yield(it *item, yield func(*Record) error) error {
	for {
		if err := s.yieldOne(it.tenant, it.record(s.q.req.Descending), yield); err != nil {
			return err
		}
		it.next++
		if it.next == it.len() {
			return s.finish(it)
		}
		if bound := it.record(s.q.req.Descending).Timestamp; bound != it.bound {
			it.bound = bound
			heap.Fix(&s.heap, 0)
			return nil
		}
	}
}

// finish ends the first item, or makes it one that must be prepared for what is left of it.
func (s *scan) finish(it *item) error {
	it.records, it.list, it.next, it.open, it.ready = nil, nil, 0, false, nil
	s.opened--
	if it.group != nil && it.group.more {
		it.bound = it.group.bound
		heap.Fix(&s.heap, 0)
		return nil
	}
	s.close(it)
	heap.Pop(&s.heap)
	s.ahead = min(2*s.ahead, s.q.reader.opts.Parallelism)
	return nil
}

func (s *scan) yieldOne(tenant string, r *Record, yield func(*Record) error) error {
	if r.RecordUID != "" {
		if r.Timestamp != s.seenAt || s.seen == nil {
			s.seen, s.seenAt = map[[3]string]struct{}{}, r.Timestamp
		}
		key := [3]string{tenant, r.ServiceName, r.RecordUID}
		if _, ok := s.seen[key]; ok {
			s.stats.RowsDuplicates++
			return nil
		}
		s.seen[key] = struct{}{}
	}
	s.stats.RowsYielded++
	if s.computes && s.stats.RowsYielded%tickRows == 0 {
		if err := s.q.tick(&s.pace); err != nil {
			return err
		}
	}
	r.Tenant = tenant
	if err := yield(r); err != nil {
		return err
	}
	if s.q.req.Limit > 0 && s.stats.RowsYielded >= int64(s.q.req.Limit) {
		return ErrStop
	}
	return nil
}

// take puts what a prepared item has become back into the heap.
func (s *scan) take(it *item) error {
	if it.fresh != nil {
		s.takeFresh(it)
		return nil
	}
	if it.err != nil {
		if s.q.ctx.Err() != nil {
			return s.q.ctx.Err()
		}
		err := &ObjectError{Bucket: s.q.reader.bucket.Name(), Key: it.meta.Key, Offset: it.errAt, Err: it.err}
		s.stats.fail(err)
		s.close(it)
		if s.q.req.OnError != nil {
			return s.q.req.OnError(err)
		}
		return nil
	}
	if it.group == nil {
		return nil
	}
	if it.group.number < 0 {
		s.takeObject(it)
		return nil
	}
	if !it.group.read {
		it.group.read = true
		if it.group.decoded {
			s.stats.RowGroupsRead++
		} else {
			s.stats.RowGroupsPruned.Index++
		}
	}
	switch {
	case len(it.records) > 0:
		it.open, it.next = true, 0
		it.bound = it.records[0].Timestamp
		s.opened++
		heap.Push(&s.heap, it)
	case it.group.more: // nothing of this part was kept
		it.ready, it.bound = nil, it.group.bound
		heap.Push(&s.heap, it)
	default:
		it.group.close()
		s.ahead = min(2*s.ahead, s.q.reader.opts.Parallelism)
	}
	return nil
}

// takeObject puts the row groups of an object into the heap that may hold something.
func (s *scan) takeObject(it *item) {
	p := it.group.plan
	s.stats.ObjectsRead++
	s.stats.RowGroupsTotal += len(p.verdicts)
	s.stats.RowGroupsPruned.add(p.pruned)
	for i, v := range p.verdicts {
		if v == textindex.None {
			continue
		}
		g := &p.file.groups[i]
		heap.Push(&s.heap, &item{
			key: it.key, tenant: it.tenant, meta: it.meta, bound: s.first(g.minTime, g.maxTime),
			group: &groupScan{q: s.q, plan: p, number: i},
		})
	}
}

// takeFresh puts the rows of a fresh unit into the heap, apart by tenant.
func (s *scan) takeFresh(it *item) {
	if it.err != nil && s.q.ctx.Err() == nil {
		s.stats.fail(it.err)
	}
	for tenant, rows := range it.parts {
		part := &item{key: it.key + "/" + tenant, tenant: tenant, list: rows, open: true, held: it.held}
		it.held.parts++
		part.bound = part.record(s.q.req.Descending).Timestamp
		s.opened++
		heap.Push(&s.heap, part)
	}
	it.parts = nil
	s.close(it)
}

// freshBytes is the memory of a fresh unit.
type freshBytes struct {
	bytes int64
	parts int // that hold it
}

// close gives back what an item holds.
func (s *scan) close(it *item) {
	if it.group != nil {
		it.group.close()
	}
	if it.held != nil {
		if it.held.parts--; it.held.parts == 0 {
			s.q.budget.release(it.held.bytes, true)
		}
		it.held = nil
	}
}

// closeAll gives back what all items hold.
func (s *scan) closeAll() {
	for _, it := range s.heap.items {
		s.close(it)
	}
}

// prepareAhead starts work on the items that are likely to be needed next: objects in any case, row groups as far as
// that seems to be worth it.
func (s *scan) prepareAhead() {
	most := max(s.ahead, s.q.reader.opts.Parallelism)
	for s.pending < most {
		best := -1
		for i := range min(lookahead, s.heap.Len()) {
			it := s.heap.items[i]
			if it.ready != nil || it.open || it.group != nil && s.pending >= s.ahead {
				continue
			}
			if best < 0 || s.heap.Less(i, best) {
				best = i
			}
		}
		if best < 0 {
			return
		}
		s.prepare(s.heap.items[best])
	}
}

// prepare starts fetching and decoding an item, unless that was done before.
func (s *scan) prepare(it *item) {
	if it.ready != nil {
		return
	}
	it.ready = make(chan struct{})
	s.pending++
	// Records of their own memory get what the budget leaves, a quarter, in equal parts for as many as there may be.
	share := max(s.q.budget.limit/3/int64(min(s.heap.Len()+s.pending, 4*(s.opened+s.ahead+1))), minShare)
	s.wg.Go(func() {
		defer close(it.ready)
		s.q.enter()
		defer s.q.leave()
		switch {
		case it.fresh != nil:
			it.err = s.readFresh(it)
		case it.group == nil:
			var file *objectFile
			if file, it.errAt, it.err = s.q.open(it.meta); it.err == nil {
				it.group = &groupScan{q: s.q, plan: s.q.choose(it.meta, file), number: -1}
			}
		default:
			it.errAt = it.group.plan.file.groups[it.group.number].sum.Offset
			it.records, it.err = it.group.next(share)
		}
	})
}

func (s *scan) readFresh(it *item) (err error) {
	if err := s.q.acquire(it.fresh.bytes); err != nil {
		return err
	}
	s.q.budget.keepAnyway(it.fresh.bytes)
	it.held = &freshBytes{bytes: it.fresh.bytes, parts: 1}
	req := *s.q.req
	req.Keep = s.q.ticking(s.q.keeper())
	var scanned int
	it.parts, scanned, err = it.fresh.rows(s.q.ctx, &req)
	s.q.rowsScanned.Add(int64(scanned))
	if err != nil {
		return fmt.Errorf("read %s: %w", it.fresh.name, err)
	}
	return nil
}

// after reports whether a time lies behind the end.
func (r *ScanRequest) after(t int64) bool { return t >= r.End && r.End != math.MaxInt64 }

// All is a request for every record.
func All() ScanRequest { return ScanRequest{Start: math.MinInt64, End: math.MaxInt64} }
