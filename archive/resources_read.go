// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// ResourceRequest says of what [Snapshot.EachResources] tells the resources.
type ResourceRequest struct {
	// Start and End bound the event time as in a [ScanRequest]. What has no rows in between is left out; of the rest all is told.
	Start, End int64
	// Object keeps an object, as in a ScanRequest; nil keeps all.
	Object func(*ObjectMeta) bool
	// Service leaves out objects that have none of the services that it keeps, as far as the commit log tells; nil: none.
	Service func(string) bool
	// Bytes asks for the cells' bytes; where an object has no block of resources that takes reading bodies.
	Bytes bool
	// MaxBytes bounds what may be read, as in a ScanRequest.
	MaxBytes int64
}

// ErrTooManyResources is returned (wrapped) for an object that has more distinct resources than a reader takes.
var ErrTooManyResources = errors.New("too many distinct resources")

// EachResources calls visit with the resources of each object of a time range, in no order, and of what is not committed yet; of
// the latter without a key, for each tenant. What an object's block says is read in one request; of an object without one the rows
// are. Both are kept in the reader's cache. visit is called by one goroutine at a time, and its error ends the work. What
// cannot be read is among the errors of the statistics.
func (s *Snapshot) EachResources(ctx context.Context, req ResourceRequest, visit func(*ObjectMeta, *ResourceCounts) error) (ScanStats, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	scan := ScanRequest{Start: req.Start, End: req.End, Object: req.Object, Service: req.Service, MaxBytes: req.MaxBytes}
	q, err := newQuery(ctx, s.reader, &scan)
	if err != nil || scan.after(scan.Start) {
		return ScanStats{}, err
	}
	stats := ScanStats{}
	wanted, _ := s.wanted(q, &stats)
	told := func(o *ObjectMeta, counts *ResourceCounts) {
		if ctx.Err() != nil {
			return
		}
		if err := visit(o, counts); err != nil {
			cancel(err)
		}
	}
	if err := q.eachResources(wanted, req.Bytes, &stats, told); err != nil {
		cancel(err)
	}
	for _, u := range s.fresh {
		if q.ctx.Err() != nil || !u.mayHold(&scan) {
			continue
		}
		list, scanned, err := u.resources(ctx, &scan)
		q.rowsScanned.Add(int64(scanned))
		if errors.Is(err, ErrTooManyResources) {
			cancel(err)
		} else if err != nil && ctx.Err() == nil {
			stats.fail(err)
		}
		for tenant, counts := range list {
			told(u.meta(tenant), counts)
		}
	}
	q.result(&stats)
	return stats, q.ended(context.Cause(ctx))
}

// eachResources calls visit with the resources of each of the objects, one at a time, until the query's context ends. The error is that of
// too many resources.
func (q *query) eachResources(objects []*ObjectMeta, bytes bool, stats *ScanStats, visit func(*ObjectMeta, *ResourceCounts)) error {
	var mu sync.Mutex
	var fatal error
	next := make(chan *ObjectMeta)
	var wg sync.WaitGroup
	for range min(resourceReaders, len(objects)) {
		wg.Go(func() {
			for o := range next {
				counts, read, err := q.resources(o, bytes)
				mu.Lock()
				switch {
				case fatal != nil || err != nil && q.ctx.Err() != nil:
				case errors.Is(err, ErrTooManyResources):
					fatal = err
				case err != nil:
					stats.fail(&ObjectError{Bucket: q.reader.bucket.Name(), Key: o.Key, Err: err})
				default:
					if read {
						stats.ObjectsRead++
					} else {
						stats.ObjectsCounted++
					}
					visit(o, counts)
				}
				mu.Unlock()
			}
		})
	}
	for _, o := range objects {
		mu.Lock()
		done := fatal != nil || q.ctx.Err() != nil
		mu.Unlock()
		if done {
			break
		}
		next <- o
	}
	close(next)
	wg.Wait()
	return fatal
}

// resourceReaders is how many blocks of resources are fetched at a time: they are small.
const resourceReaders = 16

// scanningResources bounds the objects, of all queries, whose rows are read for their resources.
var scanningResources = make(chan struct{}, 2)

// resources returns those of an object; read says that its rows were read for them.
func (q *query) resources(meta *ObjectMeta, bytes bool) (_ *ResourceCounts, read bool, err error) {
	defer guard(&err)
	key := cacheKey{object: meta.Key, kind: cacheResources}
	if c, ok := q.reader.cache.get(key).(*ResourceCounts); ok && (c.Bytes || !bytes) {
		q.cacheHits.Add(1)
		return c, false, nil
	}
	if at := meta.Resources; at != nil {
		if c, err := q.storedResources(meta); err == nil {
			q.reader.cache.put(key, c, c.memory())
			return c, false, nil
		} else if q.ctx.Err() != nil {
			return nil, false, q.ctx.Err()
		} else if !errors.Is(err, errResourcesVersion) {
			q.note(meta, at.Offset, err) // the rows have it all
		}
	}
	select {
	case scanningResources <- struct{}{}:
		defer func() { <-scanningResources }()
	case <-q.ctx.Done():
		return nil, true, q.ctx.Err()
	}
	if c, ok := q.reader.cache.get(key).(*ResourceCounts); ok && (c.Bytes || !bytes) { // another query was faster
		return c, false, nil
	}
	c, err := q.readResources(meta, bytes)
	if err != nil {
		return nil, true, err
	}
	q.reader.cache.replace(key, c, c.memory())
	return c, true, nil
}

// storedResources reads the block of an object.
func (q *query) storedResources(meta *ObjectMeta) (_ *ResourceCounts, err error) {
	defer guard(&err)
	at := meta.Resources
	need := at.Bytes + at.RawBytes
	q.enter()
	defer q.leave()
	if err := q.acquire(need); err != nil {
		return nil, err
	}
	defer q.budget.release(need, false)
	b, err := q.read(meta.Key, at.Offset, at.Bytes)
	if err != nil {
		return nil, err
	}
	defer timed(&q.decode, time.Now())
	return decodeResources(b, meta)
}

// readResources makes the resources of an object from its rows.
func (q *query) readResources(meta *ObjectMeta, bytes bool) (*ResourceCounts, error) {
	q.enter()
	defer q.leave()
	file, _, err := q.open(meta)
	if err != nil {
		return nil, err
	}
	c := newResourceCounter(ownResources)
	for i := range file.groups {
		if err := q.ctx.Err(); err != nil {
			return nil, err
		}
		if err := q.readGroupResources(file, i, bytes, c); err != nil {
			return nil, err
		}
		if c.over {
			return nil, ErrTooManyResources
		}
	}
	counts := c.counts()
	if counts == nil {
		return nil, errors.New("object has no rows")
	}
	counts.Bytes = bytes
	counts.MinTime, counts.MaxTime = meta.MinTime, meta.MaxTime
	return counts, nil
}

func (q *query) readGroupResources(file *objectFile, group int, bytes bool, c *resourceCounter) (err error) {
	defer guard(&err)
	g := q.group(file, group)
	cols := []int{
		colTimestamp, colServiceName, colSeverityNumber, colResourceAttributes, colResourceAttributes + 1, colResourceAttributes + 2,
		colSamplingThreshold, colRecordCount,
	}
	if bytes {
		cols = append(cols, colBody)
	}
	need := g.memory(cols)
	if err := q.acquire(need); err != nil {
		return err
	}
	defer q.budget.release(need, false)
	if err := g.load(cols...); err != nil {
		return err
	}
	var attributes attributeReader
	if err := attributes.start(g, colResourceAttributes); err != nil {
		return err
	}
	defer timed(&q.filter, time.Now())
	times, services, severities, body := g.cols[colTimestamp], g.cols[colServiceName], g.cols[colSeverityNumber], g.cols[colBody]
	weights := g.weights()
	var resource int32
	last := -1 // the row whose resource that is
	for row := range g.info.n {
		if last < 0 || services.id(row) != services.id(last) || !attributes.same(last, row) {
			attrs, err := attributes.of(row, nil)
			if err != nil {
				return err
			}
			resource = c.resource(services.text(row), attrs)
		}
		last = row
		n := int64(0)
		if bytes {
			n = int64(body.length(row))
		}
		c.add(resource, int32(severities.number(row)), times.number(row), n, weights.of(row))
	}
	return nil
}

// resources returns those of what is not committed, by tenant, and how many rows it looked at.
func (u *freshUnit) resources(ctx context.Context, req *ScanRequest) (list map[string]*ResourceCounts, scanned int, err error) {
	counters := map[string]*resourceCounter{} // nil: the request does not want the tenant
	visit := func(number uint64, b *Batch) error {
		if number <= u.above {
			return nil
		}
		scanned += int(u.tenants.rows(b))
		type known struct {
			counter  *resourceCounter
			resource int32
		}
		shared := make([]known, len(b.shared))
		for i := range b.shared {
			s := &b.shared[i]
			if !u.tenants.has(s.tenant) {
				continue
			}
			c, ok := counters[s.tenant]
			if !ok {
				if req.Object == nil || req.Object(u.meta(s.tenant)) {
					c = newResourceCounter(ownResources)
				}
				counters[s.tenant] = c
			}
			if c != nil {
				shared[i] = known{c, c.resource(s.service, s.resource)}
			}
		}
		for i := range b.rows {
			row := &b.rows[i]
			if k := &shared[row.shared]; k.counter != nil {
				k.counter.add(k.resource, row.severityNumber, row.timestamp, int64(row.body.to-row.body.from), weightOf(b.words[row.threshold], row.recordCount))
			}
		}
		return ctx.Err()
	}
	if u.part.Batch != nil {
		err = visit(u.part.Last, u.part.Batch)
	} else {
		err = u.part.Read(ctx, visit)
	}
	list = map[string]*ResourceCounts{}
	for tenant, c := range counters {
		if c == nil {
			continue
		}
		if c.over {
			return nil, scanned, fmt.Errorf("%s: %w", u.name, ErrTooManyResources)
		}
		if counts := c.counts(); counts != nil {
			list[tenant] = counts
		}
	}
	return list, scanned, err
}
