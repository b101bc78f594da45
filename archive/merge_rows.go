// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"cmp"
	"container/heap"
	"context"
	"fmt"
	"math"
	"slices"
	"sync"
)

// mergeRun is a merge under way. Row groups are decoded one ahead, in the order of their first rows; their rows wait in
// a heap; the least goes to the row group that is being filled, and full row groups to the object.
type mergeRun struct {
	merger *Merger
	req    *MergeRequest
	yield  func(Object) error
	stats  MergeStats

	heap    cursorHeap
	rows    []rowRef // of the row group being filled, in the order of time
	batches []*Batch // theirs
	owners  []*mergeCursor
	size    int64 // of their texts
	spent   int64 // memory of batches that have no more rows than those
	limit   int64 // of spent
	uids    uidSet

	open      bool  // an object is under way
	totalRows int64 // of all inputs
	outputs   int64 // how many objects they are to become
	record    Record
	holding   int64 // memory of the batches here
}

// mergeCursor is the rest of a decoded row group.
type mergeCursor struct {
	batch  *Batch
	order  []uint32 // rows by time
	next   int
	number int // of the row group, to order equal times
	slot   int // index in mergeRun.batches, -1: none of its rows is in the row group being filled
	done   bool
}

func (c *mergeCursor) time() int64 { return c.batch.rows[c.order[c.next]].timestamp }

type cursorHeap []*mergeCursor

func (h cursorHeap) Len() int      { return len(h) }
func (h cursorHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h cursorHeap) Less(i, j int) bool {
	a, b := h[i].time(), h[j].time()
	return a < b || a == b && h[i].number < h[j].number
}
func (h *cursorHeap) Push(x any) { *h = append(*h, x.(*mergeCursor)) }
func (h *cursorHeap) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}

func newMergeRun(m *Merger, req *MergeRequest, yield func(Object) error) *mergeRun {
	r := &mergeRun{merger: m, req: req, yield: yield}
	bytes := int64(0)
	for _, in := range req.Inputs {
		r.totalRows += in.Rows
		bytes += in.Bytes
	}
	r.outputs = max(1, (bytes+m.opts.TargetBytes/2)/m.opts.TargetBytes)
	return r
}

// decodedGroup is a row group on its way from the decoder.
type decodedGroup struct {
	cursor *mergeCursor
	err    error
}

func (r *mergeRun) run(ctx context.Context, groups []mergeGroup) (err error) {
	defer func() {
		if p := recover(); p != nil { // a bug of ours or of a library must not take the process down
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	for i := range groups {
		r.limit = max(r.limit, groups[i].memory)
	}
	ctx, cancel := context.WithCancel(ctx)
	decoded := make(chan decodedGroup)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	wg.Go(func() { r.decode(ctx, groups, decoded) })
	next := 0
	for {
		for next < len(groups) && (len(r.heap) == 0 || groups[next].min <= r.heap[0].time()) {
			d, ok := <-decoded
			if !ok {
				return ctx.Err()
			}
			if d.err != nil {
				return d.err
			}
			next++
			heap.Push(&r.heap, d.cursor)
			r.holding += d.cursor.batch.size
			r.stats.HeldBytes = max(r.stats.HeldBytes, r.holding)
		}
		if len(r.heap) == 0 {
			break
		}
		bound := int64(math.MaxInt64)
		if next < len(groups) {
			bound = groups[next].min
		}
		if err := r.take(bound); err != nil {
			return err
		}
	}
	if err := r.flush(); err != nil {
		return err
	}
	return r.finish()
}

// decode fetches and decodes row groups in order.
func (r *mergeRun) decode(ctx context.Context, groups []mergeGroup, to chan<- decodedGroup) {
	defer close(to)
	for i := range groups {
		g := &groups[i]
		sum := g.input.file.groups[g.group].sum
		d := decodedGroup{cursor: &mergeCursor{number: i, slot: -1}}
		data, err := readFull(ctx, r.merger.bucket, g.input.meta.Key, sum.Offset, sum.Bytes)
		if err == nil {
			err = verifyGroup(g.input.file, g.group, data)
		}
		if err == nil {
			r.stats.BytesRead += int64(len(data))
			d.cursor.batch, err = r.merger.decoder.decode(g.input.file, g.group, data)
		}
		if err != nil {
			d.err = &ObjectError{Bucket: r.merger.bucket.Name(), Key: g.input.meta.Key, Offset: sum.Offset, Err: err}
		} else if d.cursor.sort(); d.cursor.time() < g.min {
			d.err = &ObjectError{Bucket: r.merger.bucket.Name(), Key: g.input.meta.Key, Offset: sum.Offset, Err: errColumn}
		}
		select {
		case to <- d:
		case <-ctx.Done():
			return
		}
		if d.err != nil {
			return
		}
	}
}

// sort orders the rows by time.
func (c *mergeCursor) sort() {
	c.order = make([]uint32, len(c.batch.rows))
	for i := range c.order {
		c.order[i] = uint32(i)
	}
	rows := c.batch.rows
	slices.SortStableFunc(c.order, func(a, b uint32) int { return cmp.Compare(rows[a].timestamp, rows[b].timestamp) })
}

// take moves rows of the first cursor to the row group being filled, as long as it stays the first and their times are
// below the bound, or at math.MaxInt64.
func (r *mergeRun) take(bound int64) error {
	c := r.heap[0]
	var other *mergeCursor // the first but one
	for i := 1; i < min(3, len(r.heap)); i++ {
		if other == nil || r.heap.Less(i, 1) {
			other = r.heap[i]
		}
	}
	for c.next < len(c.order) {
		t := c.time()
		if t >= bound && bound != math.MaxInt64 || other != nil && (t > other.time() || t == other.time() && c.number > other.number) {
			heap.Fix(&r.heap, 0)
			return nil
		}
		row := c.order[c.next]
		c.next++
		r.stats.RowsRead++
		if !r.keep(c.batch, row, t) {
			continue
		}
		if c.slot < 0 {
			c.slot = len(r.batches)
			r.batches, r.owners = append(r.batches, c.batch), append(r.owners, c)
		}
		r.rows = append(r.rows, rowRef{t, uint32(c.slot), row})
		b := c.batch
		r.size += int64(b.rows[row].textSize) + b.shared[b.rows[row].shared].textSize
		if len(r.rows) == rowGroupRows || r.size >= rowGroupBytes {
			if err := r.flush(); err != nil {
				return err
			}
		}
	}
	heap.Pop(&r.heap)
	c.done = true
	if c.slot < 0 {
		r.recycle(c)
	} else if r.spent += c.batch.size; r.spent > r.limit { // small row groups cost less than much memory
		return r.flush()
	}
	return nil
}

// keep decides about a row.
func (r *mergeRun) keep(b *Batch, row uint32, t int64) bool {
	x := &b.rows[row]
	if r.req.Keep != nil {
		if r.req.KeepBasics {
			r.record = Record{Timestamp: t, ServiceName: b.shared[x.shared].service, SeverityNumber: x.severityNumber, SeverityText: b.words[x.severityText]}
		} else {
			b.record(int(row), &r.record)
			r.record.restorePromoted()
		}
		if !r.req.Keep(&r.record) {
			r.stats.RowsDropped++
			return false
		}
	}
	if x.uid.from != x.uid.to && r.uids.seen(t, b.shared[x.shared].service, b.bytes(x.uid)) {
		r.stats.RowsDuplicate++
		return false
	}
	return true
}

func (r *mergeRun) recycle(c *mergeCursor) {
	r.holding -= c.batch.size
	r.merger.decoder.recycle(c.batch)
	c.batch = nil
}

// flush writes the row group that is being filled.
func (r *mergeRun) flush() error {
	if len(r.rows) == 0 {
		return nil
	}
	w := &r.merger.writer
	n := newNames(r.batches)
	if !r.open {
		first := r.req.Inputs[0]
		p := partition{tenant: first.Tenant, displaced: first.Displaced}
		hint := int64(0)
		for _, in := range r.req.Inputs {
			hint += in.Bytes
		}
		if err := w.start(p, choosePromoted(r.batches, r.rows, n), r.merger.opts.Compression, int(min(hint/r.outputs, r.merger.opts.TargetBytes))); err != nil {
			return err
		}
		r.open = true
	}
	w.columns.use(r.batches, n, nil)
	if err := w.group(r.rows); err != nil {
		return err
	}
	r.stats.RowsWritten += int64(len(r.rows))
	for _, c := range r.owners {
		c.slot = -1
		if c.done {
			r.recycle(c)
		}
	}
	clear(r.batches)
	clear(r.owners)
	r.rows, r.batches, r.owners, r.size, r.spent = r.rows[:0], r.batches[:0], r.owners[:0], 0, 0
	done := r.stats.RowsRead * r.outputs / max(r.totalRows, 1) // of the outputs
	if size := w.file.Len(); size >= r.merger.opts.TargetBytes*3/2 || done > int64(r.stats.Objects) && done < r.outputs {
		return r.finish()
	}
	return nil
}

// finish ends the object under way.
func (r *mergeRun) finish() error {
	if !r.open {
		return nil
	}
	r.open = false
	if r.uids.over {
		r.merger.writer.columns.counter.over = true // its repeats are not known
	}
	o, err := r.merger.writer.finish()
	if err != nil {
		return err
	}
	o.Meta.Key = fmt.Sprintf("%scompacted-%d-%s.parquet", r.req.Inputs[0].Directory(), r.req.Checkpoint, o.Meta.SHA256[:16])
	r.stats.Objects++
	r.stats.BytesWritten += o.Meta.Bytes
	return r.yield(o)
}
