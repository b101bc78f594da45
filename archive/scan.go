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
	"sync/atomic"
)

// lookahead is how many of the heap's first items are looked at for something to prepare.
const lookahead = 64

// Scan yields the records of the request in time order; equal (ServiceName, Timestamp, RecordUID) with a
// uid are yielded once. It merges lazily: an object is opened, and a row group decoded, only when nothing
// before it is left, so that a callback that stops early saves the rest. Besides what the callback keeps it
// holds the row groups whose times overlap, and as many more as it prepares in parallel.
//
// What cannot be read is reported in the statistics, and the rest is still scanned. The error is the
// callback's, unless that is [ErrStop], or the context's.
func (s *Snapshot) Scan(ctx context.Context, req ScanRequest, yield func(*Record) error) (ScanStats, error) {
	lines, err := compileLines(req.Lines)
	if err != nil {
		return ScanStats{}, err
	}
	values, err := compileValues(req.Values)
	if err != nil {
		return ScanStats{}, err
	}
	if keep := req.Keep; len(lines) > 0 || len(values) > 0 || req.Severity != nil {
		req.Keep = func(r *Record) bool {
			if req.Severity != nil && !req.Severity(r.SeverityNumber, r.SeverityText) {
				return false
			}
			for i := range values {
				if !values[i].matches(r) {
					return false
				}
			}
			for i := range lines {
				if !lines[i].matches(r.Body) {
					return false
				}
			}
			return keep == nil || keep(r)
		}
	}
	if req.Limit > 0 {
		left, next := req.Limit, yield
		yield = func(r *Record) error {
			if err := next(r); err != nil {
				return err
			}
			if left--; left == 0 {
				return ErrStop
			}
			return nil
		}
	}
	ctx, cancel := context.WithCancel(ctx)
	sc := &scan{ctx: ctx, reader: s.reader, req: &req}
	sc.heap.descending = req.Descending
	defer sc.wg.Wait() // nothing of the request is used after Scan returned
	defer cancel()
	objects, errs := s.Objects(ctx, req.Start, req.End)
	sc.stats.ObjectsTotal, sc.stats.ObjectsPruned = s.Len(), s.Len()-len(objects)
	sc.stats.Errors = append(sc.stats.Errors, errs...)
	for _, o := range objects {
		if !o.HasService(req.Service) || (req.Object != nil && !req.Object(o)) {
			sc.stats.ObjectsPruned++
			continue
		}
		it := &item{meta: o, group: -1}
		it.bound = o.MinTime
		if req.Descending {
			it.bound = o.MaxTime
		}
		sc.heap.items = append(sc.heap.items, it)
	}
	for _, u := range s.fresh {
		if u.mayHold(&req) {
			it := &item{meta: &ObjectMeta{Key: u.name}, group: -1, fresh: u, bound: u.minTime}
			if req.Descending {
				it.bound = u.maxTime
			}
			sc.heap.items = append(sc.heap.items, it)
		}
	}
	heap.Init(&sc.heap)
	err = sc.run(yield)
	if errors.Is(err, ErrStop) {
		err = nil
	}
	cancel()
	sc.wg.Wait()
	sc.stats.BytesRead = sc.bytesRead.Load()
	return sc.stats, err
}

type scan struct {
	ctx       context.Context
	reader    *Reader
	req       *ScanRequest
	heap      itemHeap
	stats     ScanStats
	wg        sync.WaitGroup
	bytesRead atomic.Int64
	pending   int // prepared items not taken yet

	// The uids yielded at the time seenAt, by tenant and service.
	seen   map[[3]string]struct{}
	seenAt int64
}

// item is an object to be opened, a row group to be decoded, or the rest of a decoded row group.
type item struct {
	bound int64 // no record of the item comes before this time (after it, when descending)
	meta  *ObjectMeta
	group int // of the object; -1: the object itself
	file  *objectFile
	fresh *freshUnit           // in place of an object
	parts map[string][]*Record // of a fresh unit, by tenant

	ready chan struct{} // closed when prepared; nil: not started
	err   error
	rows  []*Record
	total int // rows decoded

	open bool // rows are to be yielded
	next int  // of rows
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
	c := strings.Compare(a.meta.Key, b.meta.Key)
	if c == 0 {
		c = cmp.Compare(a.group, b.group)
	}
	return (c < 0) != h.descending
}

func (s *scan) run(yield func(*Record) error) error {
	for s.heap.Len() > 0 {
		if err := s.ctx.Err(); err != nil {
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
		select {
		case <-it.ready:
		case <-s.ctx.Done():
			return s.ctx.Err()
		}
		s.pending--
		if err := s.take(it); err != nil {
			return err
		}
	}
	return nil
}

// yield hands out records of the first item as long as it stays the first.
func (s *scan) yield(it *item, yield func(*Record) error) error {
	for {
		if err := s.yieldOne(it.meta.Tenant, it.row(s.req.Descending), yield); err != nil {
			return err
		}
		it.next++
		if it.next == len(it.rows) {
			heap.Pop(&s.heap)
			it.rows = nil
			return nil
		}
		if bound := it.row(s.req.Descending).Timestamp; bound != it.bound {
			it.bound = bound
			heap.Fix(&s.heap, 0)
			return nil
		}
	}
}

func (it *item) row(descending bool) *Record {
	if descending {
		return it.rows[len(it.rows)-1-it.next]
	}
	return it.rows[it.next]
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
	r.Tenant = tenant
	return yield(r)
}

// take puts what a prepared item has become back into the heap.
func (s *scan) take(it *item) error {
	if it.fresh != nil {
		s.takeFresh(it)
		return nil
	}
	if it.err != nil {
		if s.ctx.Err() != nil {
			return nil // run ends with the context's error
		}
		if len(s.stats.Errors) < maxScanErrors {
			s.stats.Errors = append(s.stats.Errors, it.err)
		}
		if s.req.OnError != nil {
			return s.req.OnError(it.err)
		}
		return nil
	}
	if it.group < 0 {
		s.stats.ObjectsRead++
		for i, g := range it.file.groups {
			if g.maxTime < s.req.Start || s.req.after(g.minTime) {
				continue
			}
			bound := g.minTime
			if s.req.Descending {
				bound = g.maxTime
			}
			heap.Push(&s.heap, &item{bound: bound, meta: it.meta, group: i, file: it.file})
		}
		return nil
	}
	s.stats.RowGroupsRead++
	s.stats.RowsScanned += int64(it.total)
	if len(it.rows) > 0 {
		it.open = true
		it.bound = it.row(s.req.Descending).Timestamp
		heap.Push(&s.heap, it)
	}
	return nil
}

// takeFresh puts the rows of a fresh unit into the heap, apart by tenant.
func (s *scan) takeFresh(it *item) {
	if it.err != nil && s.ctx.Err() == nil {
		s.stats.fail(it.err)
	}
	s.stats.RowsScanned += int64(it.total)
	for tenant, rows := range it.parts {
		part := &item{meta: &ObjectMeta{Key: it.meta.Key + "/" + tenant, Tenant: tenant}, rows: rows, open: true}
		part.bound = part.row(s.req.Descending).Timestamp
		heap.Push(&s.heap, part)
	}
	it.parts = nil
}

// prepareAhead starts work on the items that are likely to be needed next.
func (s *scan) prepareAhead() {
	for s.pending < s.reader.opts.Parallelism {
		best := -1
		for i := range min(lookahead, s.heap.Len()) {
			if it := s.heap.items[i]; it.ready == nil && !it.open && (best < 0 || s.heap.Less(i, best)) {
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
	s.wg.Go(func() {
		defer close(it.ready)
		if it.fresh != nil {
			var err error
			if it.parts, it.total, err = it.fresh.rows(s.ctx, s.req); err != nil {
				it.err = fmt.Errorf("read %s: %w", it.fresh.name, err)
			}
			return
		}
		var offset int64
		var err error
		if it.group < 0 {
			offset = it.meta.Bytes - it.meta.TailBytes
			it.file, err = s.openObject(it.meta)
		} else {
			offset = it.file.groups[it.group].sum.Offset
			err = s.readGroup(it)
		}
		if err != nil {
			it.err = &ObjectError{Bucket: s.reader.bucket.Name(), Key: it.meta.Key, Offset: offset, Err: err}
		}
	})
}

func (s *scan) openObject(meta *ObjectMeta) (*objectFile, error) {
	if o := s.reader.footers.get(meta.Key); o != nil {
		return o, nil
	}
	tail, err := readFull(s.ctx, s.reader.bucket, meta.Key, meta.Bytes-meta.TailBytes, meta.TailBytes)
	if err != nil {
		return nil, err
	}
	s.bytesRead.Add(int64(len(tail)))
	own := *meta // not to keep the whole snapshot in memory
	o, err := openObject(&own, tail)
	if err != nil {
		return nil, err
	}
	s.reader.footers.put(meta.Key, o)
	return o, nil
}

func (s *scan) readGroup(it *item) error {
	sum := it.file.groups[it.group].sum
	data, err := readFull(s.ctx, s.reader.bucket, it.meta.Key, sum.Offset, sum.Bytes)
	if err != nil {
		return err
	}
	s.bytesRead.Add(int64(len(data)))
	it.rows, it.total, err = it.file.readGroup(it.group, data, s.req)
	return err
}

// after reports whether a time lies behind the end.
func (r *ScanRequest) after(t int64) bool { return t >= r.End && r.End != math.MaxInt64 }

// All is a request for every record.
func All() ScanRequest { return ScanRequest{Start: math.MinInt64, End: math.MaxInt64} }
