// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"cmp"
	"context"
	"errors"
	"math"
	"slices"
	"strings"
)

// Count counts the records of the request by service, bucket and, if asked for, severity. The rows are in the order of
// service, severity and bucket; none is empty. What the commit log has counted is added up unread; of the rest the row
// groups are read that the index leaves, and of these the columns that matter. Records that may have come twice are
// taken in the order of time, as by [Snapshot.Scan]. Errors are as those of Scan.
func (s *Snapshot) Count(ctx context.Context, req CountRequest) ([]CountRow, ScanStats, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if !slices.IsSorted(req.Edges) {
		return nil, ScanStats{}, errors.New("count: edges are not ascending")
	}
	scan := req.ScanRequest
	scan.Limit, scan.Descending = 0, false
	if n := len(req.Edges); n > 0 {
		scan.Start = max(scan.Start, req.Edges[0])
		scan.End = min(scan.End, req.Edges[n-1])
	}
	if scan.Keep == nil {
		scan.Columns = ColumnWeight
	} else {
		scan.Columns = cmp.Or(scan.Columns, ColumnsAll) | ColumnWeight
	}
	if req.Bytes {
		scan.Columns |= ColumnBody
	}
	q, err := newQuery(ctx, s.reader, &scan)
	if err != nil || len(req.Edges) == 1 || scan.after(scan.Start) {
		return nil, ScanStats{}, err
	}
	defer q.budget.close()
	c := &counting{sweep: sweep{q: q}, req: &req, total: tally{rows: map[countKey]*CountRow{}}}
	wanted, _ := s.wanted(q, &c.stats)
	c.twice = doubtful(wanted, s.fresh, span64{scan.Start, scan.last()}, scan.Service)
	err = c.run(wanted, s.fresh)
	q.result(&c.stats)
	if err == nil {
		err = ctx.Err()
	}
	return c.total.list(), c.stats, q.ended(err)
}

// counting is a count under way.
type counting struct {
	sweep

	req   *CountRequest
	twice spans // times in which records may be there twice
	total tally // under the mutex
}

func (c *counting) run(objects []*ObjectMeta, fresh []*freshUnit) error {
	asked := spans{{c.q.req.Start, c.q.req.last()}}
	once := asked.without(c.twice)
	if err := c.readOnce(objects, once); err != nil {
		return err
	}
	if err := c.readFresh(fresh, once); err != nil {
		return err
	}
	for _, t := range asked.without(once) {
		if err := c.readTwice(objects, fresh, t); err != nil {
			return err
		}
	}
	return nil
}

// readOnce counts where no record is there twice.
func (c *counting) readOnce(objects []*ObjectMeta, times spans) error {
	if len(times) == 0 {
		return nil
	}
	var todo []objectTimes
	for _, o := range objects {
		rest := c.fromCounts(o, times)
		switch {
		case len(rest) > 0:
			todo = append(todo, objectTimes{o, rest})
		case o.MaxTime >= times[0].from && o.MinTime <= times[len(times)-1].to:
			c.stats.ObjectsCounted++
		}
	}
	return c.over(todo, func() visitor {
		t := tally{rows: map[countKey]*CountRow{}}
		return visitor{
			visit: func(g *groupTimes) (bool, int64, error) { return c.countGroup(g, &t) },
			done: func() {
				c.mu.Lock()
				defer c.mu.Unlock()
				c.total.merge(&t)
			},
		}
	})
}

// readFresh counts what is not committed, where no record is there twice.
func (c *counting) readFresh(fresh []*freshUnit, times spans) error {
	for _, u := range fresh {
		if !u.mayHold(c.q.req) || !times.overlap(u.minTime, u.maxTime) {
			continue
		}
		if err := c.q.budget.acquire(c.q.ctx, u.bytes); err != nil {
			return err
		}
		req := *c.q.req
		keep := c.q.ticking(c.q.keeper())
		req.Keep = func(r *Record) bool {
			if times.has(r.Timestamp) && keep(r) {
				c.mu.Lock()
				defer c.mu.Unlock()
				c.total.record(c.req, r)
				c.stats.RowsYielded++
			}
			return false
		}
		c.q.enter()
		_, scanned, err := u.rows(c.q.ctx, &req)
		c.q.leave()
		c.q.budget.release(u.bytes, false)
		c.q.rowsScanned.Add(int64(scanned))
		if err != nil && c.q.ctx.Err() == nil {
			c.stats.fail(err)
		}
	}
	return c.q.ctx.Err()
}

// readTwice counts, in the order of time, where records may be there twice.
func (c *counting) readTwice(objects []*ObjectMeta, fresh []*freshUnit, t span64) error {
	stats, err := c.q.ordered(c.q.ctx, objects, fresh, t, func(r *Record) error {
		c.total.record(c.req, r)
		return nil
	})
	c.stats.Add(&stats)
	return err
}

// last is the last time that is asked for.
func (r *ScanRequest) last() int64 {
	if r.End == math.MaxInt64 {
		return r.End
	}
	return r.End - 1
}

// countKey is what is counted apart.
type countKey struct {
	service, text string
	severity      int32
	bucket        int
}

// tally adds up counts.
type tally struct {
	rows map[countKey]*CountRow
}

// row returns the count of a key, whose texts are copied when they are new.
func (t *tally) row(key countKey) *CountRow {
	row := t.rows[key]
	if row == nil {
		key.service, key.text = strings.Clone(key.service), strings.Clone(key.text)
		row = &CountRow{Service: key.service, SeverityNumber: key.severity, SeverityText: key.text, Bucket: key.bucket}
		t.rows[key] = row
	}
	return row
}

// record counts a record that the request asks for.
func (t *tally) record(req *CountRequest, r *Record) {
	key := countKey{service: r.ServiceName, bucket: req.bucket(r.Timestamp)}
	if req.BySeverity {
		if key.severity = r.SeverityNumber; !numbered(key.severity) {
			key.text = r.SeverityText
		}
	}
	t.row(key).add(1, int64(len(r.Body)), r.Weight(), req.Bytes)
}

func (r *CountRow) add(rows, bytes int64, weight float64, withBytes bool) {
	r.Rows += rows
	r.Weight += weight * float64(rows)
	if withBytes {
		r.Bytes += bytes
		r.WeightedBytes += weight * float64(bytes)
	}
}

func (t *tally) merge(o *tally) {
	for key, row := range o.rows {
		sum := t.row(key)
		sum.Rows += row.Rows
		sum.Bytes += row.Bytes
		sum.Weight += row.Weight
		sum.WeightedBytes += row.WeightedBytes
	}
}

func (t *tally) list() []CountRow {
	list := make([]CountRow, 0, len(t.rows))
	for _, r := range t.rows {
		list = append(list, *r)
	}
	slices.SortFunc(list, func(a, b CountRow) int {
		return cmp.Or(strings.Compare(a.Service, b.Service), cmp.Compare(a.SeverityNumber, b.SeverityNumber),
			strings.Compare(a.SeverityText, b.SeverityText), cmp.Compare(a.Bucket, b.Bucket))
	})
	return list
}

// bucket returns the bucket of a time within the edges.
func (r *CountRequest) bucket(t int64) int {
	n := len(r.Edges)
	if n == 0 {
		return 0
	}
	i, found := slices.BinarySearch(r.Edges, t)
	if !found {
		return max(i-1, 0)
	}
	for i+1 < n && r.Edges[i+1] == t { // a bucket of no width
		i++
	}
	return min(i, n-2)
}

// oneBucket reports whether two times are in the same bucket.
func (r *CountRequest) oneBucket(from, to int64) bool {
	return len(r.Edges) == 0 || r.bucket(from) == r.bucket(to)
}
