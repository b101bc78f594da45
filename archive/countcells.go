// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// span64 is a range of times, both ends included.
type span64 struct{ from, to int64 }

// spans are ranges of times, apart and in order.
type spans []span64

// newSpans puts ranges in order and joins what overlaps or touches.
func newSpans(list []span64) spans {
	slices.SortFunc(list, func(a, b span64) int { return cmp.Compare(a.from, b.from) })
	var s spans
	for _, r := range list {
		if n := len(s); n > 0 && (s[n-1].to == math.MaxInt64 || r.from <= s[n-1].to+1) {
			s[n-1].to = max(s[n-1].to, r.to)
			continue
		}
		s = append(s, r)
	}
	return s
}

// has reports whether a time is in one of them.
func (s spans) has(t int64) bool { return s.overlap(t, t) }

// overlap reports whether a part of a range is in one of them.
func (s spans) overlap(from, to int64) bool {
	i, _ := slices.BinarySearchFunc(s, from, func(r span64, t int64) int { return cmp.Compare(r.to, t) })
	return i < len(s) && s[i].from <= to
}

// holds reports whether all of a range is in one of them.
func (s spans) holds(from, to int64) bool {
	i, _ := slices.BinarySearchFunc(s, from, func(r span64, t int64) int { return cmp.Compare(r.to, t) })
	return i < len(s) && s[i].from <= from && s[i].to >= to
}

// without returns what of s is not in o.
func (s spans) without(o spans) (rest spans) {
	for _, r := range s {
		from, over := r.from, false
		for _, cut := range o {
			if cut.to < from || cut.from > r.to {
				continue
			}
			if cut.from > from {
				rest = append(rest, span64{from, cut.from - 1})
			}
			if cut.to >= r.to {
				over = true
				break
			}
			from = cut.to + 1
		}
		if !over {
			rest = append(rest, span64{from, r.to})
		}
	}
	return rest
}

// within returns what of s is in a range.
func (s spans) within(from, to int64) (rest spans) {
	for _, r := range s {
		if r.to >= from && r.from <= to {
			rest = append(rest, span64{max(r.from, from), min(r.to, to)})
		}
	}
	return rest
}

// onlyRows reports whether there are no conditions but time, service and severity.
func (r *CountRequest) onlyRows() bool {
	return len(r.Lines) == 0 && len(r.Values) == 0 && r.Keep == nil && r.Early == nil
}

// bounds are the times of a bucket, both included.
func (r *CountRequest) bounds(bucket int) (from, to int64) {
	n := len(r.Edges)
	if n == 0 {
		return math.MinInt64, math.MaxInt64
	}
	from, to = r.Edges[bucket], r.Edges[bucket+1]
	if to != math.MaxInt64 || bucket < n-2 {
		to--
	}
	return from, to
}

// fromCounts adds up the cells of an object that lie within one bucket and the given times, and returns the times at
// which its rows must be read.
func (c *counting) fromCounts(o *ObjectMeta, times spans) spans {
	own := times.within(o.MinTime, o.MaxTime)
	if len(own) == 0 || o.Counts == nil || !c.req.onlyRows() {
		return own
	}
	usable := func(cell *CountCell, from, to int64) bool {
		return times.holds(from, to) && c.req.oneBucket(from, to) && c.settled(o.Counts, cell)
	}
	// Cells of a minute are taken together: those of it that cannot be used make its rows be read.
	unusable := map[int64]bool{}
	var read []span64
	for i := range o.Counts.Cells {
		cell := &o.Counts.Cells[i]
		from, to := o.cellTimes(cell)
		if unusable[cell.Minute] || !times.overlap(from, to) || usable(cell, from, to) {
			continue
		}
		unusable[cell.Minute] = true
		read = append(read, own.within(from, to)...)
	}
	var keep struct {
		service int32
		ok      bool
	}
	keep.service = -1
	for i := range o.Counts.Cells {
		cell := &o.Counts.Cells[i]
		if unusable[cell.Minute] {
			continue
		}
		from, to := o.cellTimes(cell)
		if !times.overlap(from, to) {
			continue
		}
		name := o.Counts.Services[cell.Service]
		if cell.Service != keep.service {
			keep.service, keep.ok = cell.Service, c.q.req.Service == nil || c.q.req.Service(name)
		}
		if !keep.ok || c.q.req.Severity != nil && !c.q.severity(cell.SeverityNumber, "") {
			continue
		}
		key := countKey{service: name, bucket: c.req.bucket(from)}
		if c.req.BySeverity {
			key.severity = cell.SeverityNumber
		}
		row := c.total.row(key)
		row.Rows += cell.Rows
		row.Weight += cell.Weight
		if c.req.Bytes {
			row.Bytes += cell.Bytes
			row.WeightedBytes += float64(cell.Bytes)
		}
		c.stats.RowsYielded += cell.Rows
	}
	return newSpans(read)
}

// settled reports whether a cell says all that the request wants to know of its rows.
func (c *counting) settled(counts *Counts, cell *CountCell) bool {
	if !numbered(cell.SeverityNumber) && (c.req.BySeverity || c.q.req.Severity != nil) && !counts.numberedOrBare() {
		return false // the text is not known
	}
	return !c.req.Bytes || cell.Weight == float64(cell.Rows)
}

// cellTimes are the times that rows of a cell may have, both included.
func (m *ObjectMeta) cellTimes(cell *CountCell) (from, to int64) {
	if m.Counts.Minutes == 0 {
		return m.MinTime, m.MaxTime
	}
	width := m.Counts.Minutes * int64(time.Minute)
	if cell.Minute > math.MaxInt64/int64(time.Minute)-m.Counts.Minutes || cell.Minute < math.MinInt64/int64(time.Minute) {
		return m.MinTime, m.MaxTime
	}
	return max(cell.Start(), m.MinTime), min(cell.Start()+width-1, m.MaxTime)
}

// doubtful returns the times in which a record of the services that keep accepts may be there twice: in one object,
// or in several, or in what is not committed.
func doubtful(objects []*ObjectMeta, fresh []*freshUnit, asked span64, keep func(string) bool) spans {
	type owner struct{ tenant, service string }
	owned := map[owner][]span64{}
	var twice []span64
	for _, o := range objects {
		if o.Counts == nil {
			twice = append(twice, span64{o.MinTime, o.MaxTime}) // it may hold anything
			continue
		}
		last := owner{}
		var at span64
		put := func() {
			if at.from <= at.to {
				owned[last] = append(owned[last], at)
			}
			at = span64{math.MaxInt64, math.MinInt64}
		}
		at = span64{math.MaxInt64, math.MinInt64}
		for i := range o.Counts.Cells {
			cell := &o.Counts.Cells[i]
			if cell.UIDs == 0 {
				continue
			}
			if now := (owner{o.Tenant, o.Counts.Services[cell.Service]}); now != last {
				put()
				last = now
			}
			from, to := o.cellTimes(cell)
			at = span64{min(at.from, from), max(at.to, to)}
			if cell.Repeats > 0 {
				twice = append(twice, span64{from, to})
			}
		}
		put()
	}
	for name, list := range owned {
		if keep == nil || keep(name.service) {
			twice = append(twice, overlaps(list)...)
		}
	}
	for _, u := range fresh {
		if t, ok := u.uidTimes(); ok {
			twice = append(twice, t)
		}
	}
	for i := range twice {
		twice[i] = span64{max(twice[i].from, asked.from), min(twice[i].to, asked.to)}
	}
	twice = slices.DeleteFunc(twice, func(s span64) bool { return s.from > s.to })
	return joinClose(newSpans(twice))
}

// overlaps returns where at least two ranges overlap.
func overlaps(list []span64) (twice []span64) {
	slices.SortFunc(list, func(a, b span64) int { return cmp.Compare(a.from, b.from) })
	end := int64(math.MinInt64)
	for i, s := range list {
		if i > 0 && s.from <= end {
			twice = append(twice, span64{s.from, min(s.to, end)})
		}
		end = max(end, s.to)
	}
	return twice
}

// maxSpans bounds the ranges that are scanned one by one.
const maxSpans = 32

// joinClose joins ranges until there are few: what is between two neighbours becomes a part of them.
func joinClose(s spans) spans {
	for len(s) > maxSpans {
		gaps := make([]uint64, 0, len(s))
		for i := 1; i < len(s); i++ {
			gaps = append(gaps, uint64(s[i].from)-uint64(s[i-1].to))
		}
		slices.Sort(gaps)
		limit := gaps[len(gaps)-maxSpans]
		joined := s[:1]
		for _, r := range s[1:] {
			if n := len(joined) - 1; uint64(r.from)-uint64(joined[n].to) <= limit {
				joined[n].to = r.to
			} else {
				joined = append(joined, r)
			}
		}
		s = joined
	}
	return s
}

// uidTimes are the times of those of the unit's rows that have a uid; false: there are none.
func (u *freshUnit) uidTimes() (s span64, ok bool) {
	b := u.part.Batch
	if b == nil { // not read yet
		return span64{u.minTime, u.maxTime}, true
	}
	s = span64{math.MaxInt64, math.MinInt64}
	for i := range b.rows {
		if r := &b.rows[i]; r.uid.from != r.uid.to {
			s = span64{min(s.from, r.timestamp), max(s.to, r.timestamp)}
		}
	}
	return s, s.from <= s.to
}

// numberedOrBare reports whether every row has a severity number of 1 to 24, or no text of its severity.
func (c *Counts) numberedOrBare() bool { return c.Unnumbered == 0 }
