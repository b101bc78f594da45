// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"context"
	"errors"
	"slices"
	"sync"
)

// ResourceCountRequest says what [Snapshot.CountResources] counts.
type ResourceCountRequest struct {
	// Object and Service are as in a [ScanRequest].
	Object  func(*ObjectMeta) bool
	Service func(string) bool
	// Edges are the bounds of the buckets, ascending: bucket i is Edges[i] <= Timestamp < Edges[i+1].
	Edges []int64
	// MaxRows is how many rows may be read. Where more would have to be, none is, and the result is an estimate: the rows of a
	// cell (a minute, mostly) that is not all in one bucket are shared out by time, and a record that came twice counts twice.
	MaxRows int64
	// MaxBytes is as in a ScanRequest.
	MaxBytes int64
	// BySeverity counts by severity, too.
	BySeverity bool
	// NoBytes leaves the bytes out.
	NoBytes bool
}

// ResourceCount counts records of one resource in one bucket.
type ResourceCount struct {
	Resource *Resource // valid during the call
	Bucket   int
	// SeverityNumber, and SeverityText where that is not 1 to 24, are those of the records, if the request asked for them; of an
	// estimate, the text may be missing.
	SeverityNumber int32
	SeverityText   string
	// Rows are the records, Bytes those of their bodies' text; Weight and WeightedBytes are as in a [CountRow].
	Rows, Bytes, Weight, WeightedBytes float64
}

// CountResources counts the records of each resource in buckets of time, as the blocks of resources tell; of cells that an
// edge of a bucket cuts, and of times in which a record may be there twice, it reads the rows, if they are not too many.
// add is called by one goroutine at a time, several times for the same resource. exact is false for an estimate. Errors are as
// those of [Snapshot.EachResources].
func (s *Snapshot) CountResources(ctx context.Context, req ResourceCountRequest, add func(*ResourceCount)) (exact bool, stats ScanStats, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if !slices.IsSorted(req.Edges) || len(req.Edges) < 2 {
		return true, ScanStats{}, errors.New("count resources: edges are not ascending")
	}
	scan := ScanRequest{
		Start: req.Edges[0], End: req.Edges[len(req.Edges)-1], Object: req.Object, Service: req.Service, MaxBytes: req.MaxBytes,
		Columns: ColumnResourceAttributes | ColumnWeight | ColumnBody,
	}
	if req.NoBytes {
		scan.Columns &^= ColumnBody
	}
	q, err := newQuery(ctx, s.reader, &scan)
	if err != nil || scan.after(scan.Start) {
		return true, ScanStats{}, err
	}
	defer q.budget.close()
	c := &resourceCounting{unordered: unordered{sweep: sweep{q: q}}, req: &CountRequest{Edges: req.Edges, BySeverity: req.BySeverity}, add: add, bytes: !req.NoBytes}
	objects, _ := s.wanted(q, &c.stats)
	asked := spans{{scan.Start, scan.last()}}
	twice := doubtful(objects, s.fresh, asked[0], scan.Service)
	c.once, c.exact = asked.without(twice), true
	if err = c.measure(objects, twice); err == nil {
		if c.rows > req.MaxRows {
			c.once, c.exact = asked, false
		}
		err = c.run(objects, s.fresh, asked)
	}
	q.result(&c.stats)
	if err == nil {
		err = ctx.Err()
	}
	return c.exact, c.stats, q.ended(err)
}

// resourceCounting is a count by resource under way.
type resourceCounting struct {
	unordered

	req   *CountRequest // of the edges and the severity
	bytes bool
	once  spans // times whose cells may be added up
	exact bool
	rows  int64 // that would have to be read

	adding sync.Mutex
	add    func(*ResourceCount)
}

// whole reports whether all of the times can be taken at once.
func (c *resourceCounting) whole(from, to int64) bool {
	return c.once.holds(from, to) && c.req.oneBucket(from, to)
}

// texts reports whether the severities of an object that matter are in texts, which its cells do not have.
func (c *resourceCounting) texts(o *ObjectMeta, counts *ResourceCounts) bool {
	return c.req.BySeverity && (o.Counts == nil || !o.Counts.numberedOrBare()) &&
		slices.ContainsFunc(counts.Cells, func(cell ResourceCell) bool { return !numbered(cell.SeverityNumber) })
}

// measure finds out how many rows would have to be read for an exact answer.
func (c *resourceCounting) measure(objects []*ObjectMeta, twice spans) error {
	var cut []*ObjectMeta
	for _, o := range objects {
		if !c.whole(o.MinTime, o.MaxTime) || c.req.BySeverity && (o.Counts == nil || !o.Counts.numberedOrBare()) {
			cut = append(cut, o)
		}
	}
	var ignored ScanStats // the second pass counts them
	return c.q.eachResources(cut, c.bytes, &ignored, func(o *ObjectMeta, counts *ResourceCounts) {
		texts := c.texts(o, counts)
		for i := range counts.Cells {
			cell := &counts.Cells[i]
			from, to := counts.Times(cell)
			if (texts || !c.whole(from, to)) && (c.once.overlap(from, to) || twice.overlap(from, to)) {
				c.rows += cell.Rows
			}
		}
	})
}

func (c *resourceCounting) run(objects []*ObjectMeta, fresh []*freshUnit, asked spans) error {
	var todo []objectTimes
	err := c.q.eachResources(objects, c.bytes, &c.stats, func(o *ObjectMeta, counts *ResourceCounts) {
		if rest := c.cells(o, counts); len(rest) > 0 {
			todo = append(todo, objectTimes{o, rest})
		}
	})
	if err != nil {
		return err
	}
	c.newYield = func() func(*Record) error { return c.record }
	if err := c.over(todo, func() visitor { return visitor{visit: c.group(c.yield())} }); err != nil {
		return err
	}
	for _, u := range fresh {
		if u.mayHold(c.q.req) && c.once.overlap(u.minTime, u.maxTime) {
			if err := c.freshUnit(u); err != nil {
				return err
			}
		}
	}
	if !c.exact {
		return c.q.ctx.Err()
	}
	return c.doubtful(objects, fresh, asked.without(c.once))
}

// cells adds up the cells of an object, and returns the times whose rows must be read.
func (c *resourceCounting) cells(o *ObjectMeta, counts *ResourceCounts) spans {
	var rest []span64
	texts := c.exact && c.texts(o, counts)
	last, wanted := int32(-1), false
	for i := range counts.Cells {
		cell := &counts.Cells[i]
		if cell.Resource != last {
			last = cell.Resource
			wanted = c.q.req.Service == nil || c.q.req.Service(counts.Resources[last].Service)
		}
		from, to := counts.Times(cell)
		switch {
		case !wanted || !c.once.overlap(from, to):
		case !texts && c.whole(from, to):
			c.put(counts, cell, c.req.bucket(from), 1)
		case c.exact:
			rest = append(rest, c.once.within(from, to)...)
		default:
			c.share(counts, cell, from, to)
		}
	}
	return newSpans(rest)
}

func (c *resourceCounting) put(counts *ResourceCounts, cell *ResourceCell, bucket int, share float64) {
	n := ResourceCount{
		Resource: &counts.Resources[cell.Resource], Bucket: bucket, Rows: share * float64(cell.Rows), Bytes: share * float64(cell.Bytes),
		Weight: share * cell.Weight, WeightedBytes: share * cell.WeightedBytes,
	}
	if c.req.BySeverity {
		n.SeverityNumber = cell.SeverityNumber
	}
	c.add(&n)
}

// share gives each bucket its part of a cell by time.
func (c *resourceCounting) share(counts *ResourceCounts, cell *ResourceCell, from, to int64) {
	width := float64(to) - float64(from) + 1
	asked := c.once[0]
	for at := max(from, asked.from); at <= min(to, asked.to); {
		bucket := c.req.bucket(at)
		_, last := c.req.bounds(bucket)
		last = min(last, to, asked.to)
		c.put(counts, cell, bucket, (float64(last)-float64(at)+1)/width)
		if last == min(to, asked.to) || c.q.ctx.Err() != nil {
			return
		}
		at = last + 1
	}
}

// record adds a row that was read.
func (c *resourceCounting) record(r *Record) error {
	weight, bytes := r.Weight(), float64(len(r.Body))
	n := ResourceCount{
		Resource: &Resource{r.ServiceName, r.ResourceAttributes}, Bucket: c.req.bucket(r.Timestamp),
		Rows: 1, Bytes: bytes, Weight: weight, WeightedBytes: weight * bytes,
	}
	if c.req.BySeverity {
		n.SeverityNumber, n.SeverityText = severityOf(r.SeverityNumber, r.SeverityText)
	}
	c.adding.Lock()
	defer c.adding.Unlock()
	c.add(&n)
	return nil
}

// severityOf leaves out a text that says no more than the number.
func severityOf(number int32, text string) (int32, string) {
	if numbered(number) {
		return number, ""
	}
	return number, text
}

// freshUnit adds the rows of what is not committed, where no record is there twice.
func (c *resourceCounting) freshUnit(u *freshUnit) error {
	type key struct {
		shared   uint32
		bucket   int
		severity int32
		text     string
	}
	tenants := map[string]bool{}
	wants := func(s *sharedText) bool {
		if !u.tenants.has(s.tenant) || c.q.req.Service != nil && !c.q.req.Service(s.service) {
			return false
		}
		wanted, known := tenants[s.tenant]
		if !known {
			wanted = c.q.req.Object == nil || c.q.req.Object(u.meta(s.tenant))
			tenants[s.tenant] = wanted
		}
		return wanted
	}
	visit := func(number uint64, b *Batch) error {
		if number <= u.above {
			return nil
		}
		c.q.rowsScanned.Add(u.tenants.rows(b))
		wanted := make([]bool, len(b.shared))
		for i := range b.shared {
			wanted[i] = wants(&b.shared[i])
		}
		sums := map[key]*ResourceCount{}
		for i := range b.rows {
			row := &b.rows[i]
			if !wanted[row.shared] || !c.once.has(row.timestamp) {
				continue
			}
			k := key{shared: row.shared, bucket: c.req.bucket(row.timestamp)}
			if c.req.BySeverity {
				k.severity, k.text = severityOf(row.severityNumber, b.words[row.severityText])
			}
			sum := sums[k]
			if sum == nil {
				s := &b.shared[row.shared]
				sum = &ResourceCount{Resource: &Resource{s.service, s.resource}, Bucket: k.bucket, SeverityNumber: k.severity, SeverityText: k.text}
				sums[k] = sum
			}
			weight, bytes := weightOf(b.words[row.threshold], row.recordCount), float64(row.body.to-row.body.from)
			sum.Rows++
			sum.Bytes += bytes
			sum.Weight += weight
			sum.WeightedBytes += weight * bytes
		}
		for _, sum := range sums {
			c.stats.RowsYielded += int64(sum.Rows)
			c.add(sum)
		}
		return c.q.ctx.Err()
	}
	if err := c.q.budget.acquire(c.q.ctx, u.bytes); err != nil {
		return err
	}
	defer c.q.budget.release(u.bytes, false)
	var err error
	if u.part.Batch != nil {
		err = visit(u.part.Last, u.part.Batch)
	} else {
		err = u.part.Read(c.q.ctx, visit)
	}
	if err != nil && c.q.ctx.Err() == nil {
		c.stats.fail(err)
	}
	return c.q.ctx.Err()
}
