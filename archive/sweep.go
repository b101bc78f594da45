// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"context"
	"sync"

	"github.com/logboom/logboom/archive/internal/textindex"
)

// sweep visits the row groups of objects in no order, as many at a time as the reader's options say.
type sweep struct {
	q *query

	mu    sync.Mutex // of
	stats ScanStats
	err   error              // that ended it
	stop  context.CancelFunc // ends it
}

// objectTimes is an object to be read, and the times whose rows are wanted.
type objectTimes struct {
	meta  *ObjectMeta
	times spans
}

// groupTimes is a row group to be read, and the times whose rows are wanted.
type groupTimes struct {
	plan  *objectPlan
	group int
	times spans
}

// visitor is what one goroutine does with row groups.
type visitor struct {
	// visit says whether a column of the row group was read, and how many rows were wanted.
	visit func(*groupTimes) (read bool, rows int64, err error)
	done  func() // after the last; nil: there is nothing to do
}

// over visits the row groups of the objects. The error is the context's, or that which ended the sweep.
func (s *sweep) over(todo []objectTimes, newVisitor func() visitor) error {
	if len(todo) == 0 {
		return s.q.ctx.Err()
	}
	parallel := s.q.reader.opts.Parallelism
	ctx, cancel := context.WithCancel(s.q.ctx)
	defer cancel()
	s.stop = cancel
	work := make(chan *groupTimes)
	next := make(chan objectTimes)
	var openers, readers sync.WaitGroup
	for range min(parallel, len(todo)) {
		openers.Go(func() {
			for o := range next {
				s.open(ctx, o, work)
			}
		})
	}
	for range parallel {
		readers.Go(func() {
			v := newVisitor()
			for g := range work {
				if ctx.Err() == nil {
					s.group(g, &v)
				}
			}
			if v.done != nil {
				v.done()
			}
		})
	}
	for _, o := range todo {
		if ctx.Err() != nil {
			break
		}
		next <- o
	}
	close(next)
	openers.Wait()
	close(work)
	readers.Wait()
	if s.err != nil {
		return s.err
	}
	return s.q.ctx.Err()
}

// wanted are the objects that may hold records of the request. What it finds out goes into the statistics.
func (s *Snapshot) wanted(q *query, stats *ScanStats) (list []*ObjectMeta, errs []error) {
	objects, errs := s.Objects(q.ctx, q.req.Start, q.req.End)
	for _, err := range errs {
		stats.fail(err)
	}
	stats.ObjectsTotal, stats.ObjectsPruned = s.listed(len(objects)), s.listed(len(objects))-len(objects)
	for _, o := range objects {
		stats.BytesTotal += o.Bytes
		if !q.wants(o) {
			stats.ObjectsPruned++
			stats.BytesPruned += o.Bytes
			continue
		}
		list = append(list, o)
	}
	return list, errs
}

// open plans an object and hands out its row groups.
func (s *sweep) open(ctx context.Context, o objectTimes, work chan<- *groupTimes) {
	p, offset, err := s.q.planned(o.meta)
	if err != nil {
		s.fail(o.meta, offset, err)
		return
	}
	s.mu.Lock()
	s.stats.ObjectsRead++
	s.stats.RowGroupsTotal += len(p.verdicts)
	s.stats.RowGroupsPruned.add(p.pruned)
	s.mu.Unlock()
	for i, v := range p.verdicts {
		if v == textindex.None {
			continue
		}
		g := &p.file.groups[i]
		if !o.times.overlap(g.minTime, g.maxTime) {
			s.mu.Lock()
			s.stats.RowGroupsPruned.Time++
			s.mu.Unlock()
			continue
		}
		select {
		case work <- &groupTimes{p, i, o.times}:
		case <-ctx.Done():
			return
		}
	}
}

// fail remembers what could not be read.
func (s *sweep) fail(meta *ObjectMeta, offset int64, err error) {
	if s.q.ctx.Err() != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failed(&ObjectError{Bucket: s.q.reader.bucket.Name(), Key: meta.Key, Offset: offset, Err: err})
}

// failed remembers an error; the mutex is held.
func (s *sweep) failed(err error) {
	s.stats.fail(err)
	if s.q.req.OnError == nil || s.err != nil {
		return
	}
	if err := s.q.req.OnError(err); err != nil {
		s.end(err)
	}
}

// end ends the sweep with an error; the mutex is held.
func (s *sweep) end(err error) {
	if s.err == nil {
		s.err = err
	}
	if s.stop != nil {
		s.stop()
	}
}

// group visits a row group.
func (s *sweep) group(g *groupTimes, v *visitor) {
	s.q.enter()
	read, rows, err := v.visit(g)
	s.q.leave()
	if err != nil {
		s.fail(g.plan.file.meta, g.plan.file.groups[g.group].sum.Offset, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stats.RowsYielded += rows
	if read {
		s.stats.RowGroupsRead++
	} else if err == nil {
		s.stats.RowGroupsPruned.Index++
	}
}
