// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/logboom/logboom/archive/internal/textindex"
)

// groupScan makes the records of a row group in the order of a scan, some at a time. Between two times it holds the
// columns, if the query's memory allows, else it reads them again.
type groupScan struct {
	q      *query
	plan   *objectPlan
	number int // of the row group; -1: there is but the plan

	more  bool  // there may be further records
	bound int64 // of their times
	done  int   // rows, of those that pass the first conditions, that are behind

	reader *groupReader
	sel    selection
	rows   []uint32 // that pass the first conditions, in the order of the scan
	maker  *earlyLook
	chunks int   // that were made
	held   int64 // bytes of the budget, lasting

	decoded, read bool // for the statistics
}

const (
	// minChunkRows is how many records are made at a time at least, if they are that many.
	minChunkRows = 64
	// maxDoublings is how often that many are doubled where it is not known how many are needed.
	maxDoublings = 4
	// tickRows is how many rows are looked at before it is checked whether the query is over, or others have their turn.
	tickRows = 16
)

// next returns the next records, in memory of their own of about share bytes where the columns are not held.
func (s *groupScan) next(share int64) (records []Record, err error) {
	defer guard(&err)
	s.more = false
	if s.reader != nil {
		return s.chunk(s.q.budget.limit)
	}
	g := s.q.group(s.plan.file, s.number)
	g.scanned = s.decoded
	g.bodies = s.decoded
	sel := g.newSelection(s.plan)
	if sel.live.empty() {
		return nil, nil
	}
	s.decoded = true
	need := g.memory(s.columns()) + min(int64(g.info.n), s.limit(maxDoublings))*g.recordBytes()
	whole := s.atOnce(g)
	if whole {
		need += g.info.sum.Bytes
	}
	if err := s.q.acquire(need); err != nil {
		return nil, err
	}
	kept := false
	defer func() {
		if !kept {
			s.reader, s.maker, s.rows, s.sel = nil, nil, nil, selection{}
			s.q.budget.release(need, false)
		}
	}()
	if whole {
		if g.data, err = s.q.read(g.file.meta.Key, g.info.sum.Offset, g.info.sum.Bytes); err != nil {
			return nil, err
		}
	}
	if err := g.filter(&sel, true); err != nil {
		return nil, err
	}
	if sel.live.empty() {
		return nil, nil
	}
	s.reader, s.sel = g, sel
	if err := s.sort(); err != nil {
		return nil, err
	}
	if s.maker, err = g.newEarlyLook(false); err != nil {
		return nil, err
	}
	if kept = s.q.budget.keep(need); kept {
		s.held = need
		return s.chunk(s.q.budget.limit)
	}
	records, err = s.chunk(share)
	for i := range records {
		records[i] = *records[i].Clone()
	}
	return records, err
}

const (
	// fewGroups is how many row groups of an object an index leaves when it has found what was looked for, not only
	// what may be it.
	fewGroups = 2
	// wholeGroup is how large a row group may be, compressed, to be read at once: on object storage a request takes as
	// long as a megabyte or two.
	wholeGroup = 2 << 20
)

// atOnce reports whether to read the row group whole, because nearly all of it will be needed and nothing is in the cache.
func (s *groupScan) atOnce(g *groupReader) bool {
	if s.q.reader == nil || g.info.sum.Bytes > wholeGroup || len(s.q.leaves) < numColumns/2 {
		return false
	}
	s.q.lock(&s.plan.mu)
	few, left := s.plan.match != nil, 0
	for i, v := range s.plan.verdicts {
		if v != textindex.None && (s.plan.later == nil || !s.plan.later[i]) {
			left++
		}
	}
	s.plan.mu.Unlock()
	return few && left <= fewGroups && s.q.reader.cache.get(g.key(colTimestamp)) == nil
}

// close gives back what the scan of the row group holds.
func (s *groupScan) close() {
	if s.held > 0 {
		s.q.budget.release(s.held, true)
	}
	s.held, s.reader, s.maker, s.rows, s.sel = 0, nil, nil, nil, selection{}
}

// limit is how many records to make at a time at most, after so many times.
func (s *groupScan) limit(chunks int) int64 {
	if n := s.q.req.Limit; n > 0 {
		return int64(max(n, minChunkRows))
	}
	if n := s.q.req.Expect; n > 0 && n < math.MaxInt32>>maxDoublings { // more each time, as it seems to take more
		return int64(max(n, minChunkRows)) << min(chunks, maxDoublings)
	}
	return math.MaxInt32
}

// columns are those that the query may need of a row group.
func (s *groupScan) columns() []int {
	leaves := append(slices.Clone(s.q.leaves), s.q.early...)
	if len(s.q.lines) > 0 {
		leaves = append(leaves, colBody)
	}
	for i := range s.q.values {
		switch s.q.values[i].kind {
		case fieldTraceID:
			leaves = append(leaves, colTraceID)
		case fieldSpanID:
			leaves = append(leaves, colSpanID)
		case fieldResourceAttribute:
			leaves = append(leaves, colResourceAttributes, colResourceAttributes+1)
		case fieldScopeAttribute:
			leaves = append(leaves, colScopeAttributes, colScopeAttributes+1)
		case fieldLogAttribute:
			leaves = append(leaves, colLogAttributes, colLogAttributes+1)
		case fieldAny:
			leaves = append(leaves, colTraceID, colSpanID, colResourceAttributes, colResourceAttributes+1,
				colScopeAttributes, colScopeAttributes+1, colLogAttributes, colLogAttributes+1)
		}
	}
	slices.Sort(leaves)
	return slices.Compact(leaves)
}

// sort puts the rows that passed in the order of the scan.
func (s *groupScan) sort() error {
	if err := s.reader.load(colTimestamp); err != nil {
		return err
	}
	defer timed(&s.q.filter, time.Now())
	s.rows = sortByTime(s.reader.cols[colTimestamp], s.sel.live)
	if s.q.req.Descending {
		slices.Reverse(s.rows)
	}
	return nil
}

// sortByTime returns the rows in the order of time; those of equal time in their own order.
func sortByTime(times *column, live bitset) []uint32 {
	rows := make([]uint32, 0, live.count())
	lo, hi := int64(math.MaxInt64), int64(math.MinInt64)
	live.each(func(row int) {
		t := times.number(row)
		lo, hi = min(lo, t), max(hi, t)
		rows = append(rows, uint32(row))
	})
	const rowBits = 20 // maxRowGroupRows
	if uint64(hi-lo)>>(64-rowBits) != 0 {
		slices.SortFunc(rows, func(a, b uint32) int {
			return cmp.Or(cmp.Compare(times.number(int(a)), times.number(int(b))), cmp.Compare(a, b))
		})
		return rows
	}
	keys := make([]uint64, len(rows))
	for i, row := range rows {
		keys[i] = uint64(times.number(int(row))-lo)<<rowBits | uint64(row)
	}
	slices.Sort(keys)
	for i, k := range keys {
		rows[i] = uint32(k & (1<<rowBits - 1))
	}
	return rows
}

// chunk makes the next records, of about so many bytes.
func (s *groupScan) chunk(limit int64) (records []Record, err error) {
	defer timed(&s.q.decode, time.Now())
	rows := s.rows[min(s.done, len(s.rows)):]
	size := min(int64(len(rows)), s.limit(s.chunks))
	if limit < s.q.budget.limit {
		size = min(size, max(limit/s.reader.recordBytes(), 1))
	}
	records = make([]Record, 0, min(size, minChunkRows))
	if limit == s.q.budget.limit && s.q.req.Early == nil {
		records = slices.Grow(records, int(size))
	}
	taken := 0
	bytes := int64(0)
	for i, row := range rows {
		if i%tickRows == tickRows-1 {
			if err := s.reader.tick(); err != nil {
				return nil, err
			}
		}
		if int64(len(records)) == size || bytes >= limit && len(records) > 0 {
			break
		}
		taken++
		if len(s.sel.open) > 0 && !s.sel.sure.has(int(row)) && !s.sel.passes(s.reader.cols[colBody], int(row)) {
			continue
		}
		records = append(records, Record{})
		r := &records[len(records)-1]
		wanted, err := s.maker.record(int(row), r)
		if err != nil {
			return nil, err
		}
		if !wanted {
			records = records[:len(records)-1]
			continue
		}
		if limit < s.q.budget.limit {
			bytes += r.textBytes()
		}
	}
	s.done += taken
	s.chunks++
	if taken < len(rows) {
		s.more = true
		s.bound = s.reader.cols[colTimestamp].number(int(rows[taken]))
	}
	return records, nil
}

// keeper makes the whole condition on a whole record, but for time, service and tenant, for one goroutine.
func (q *query) keeper() func(*Record) bool {
	if q.req.Early == nil {
		return q.keeps
	}
	early := q.req.Early()
	return func(r *Record) bool { return q.keeps(r) && early(r) }
}

func (q *query) keeps(r *Record) bool {
	if q.req.Severity != nil && !q.severity(r.SeverityNumber, r.SeverityText) {
		return false
	}
	for i := range q.values {
		if !q.values[i].matches(r) {
			return false
		}
	}
	for i := range q.lines {
		if !q.lines[i].matches(r.Body) {
			return false
		}
	}
	return q.req.Keep == nil || q.req.Keep(r)
}

// decodeGroup is readGroup behind the checksum.
func (o *objectFile) decodeGroup(i int, data []byte, req *ScanRequest) (records []*Record, scanned int, err error) {
	defer guard(&err)
	q, err := newQuery(contextOfMemory, nil, req)
	if err != nil {
		return nil, 0, err
	}
	g := q.group(o, i)
	g.data = data
	s := groupScan{q: q, plan: &objectPlan{file: o}, number: i, reader: g}
	s.sel = g.newSelection(nil)
	if err := g.filter(&s.sel, false); err != nil || s.sel.live.empty() {
		return nil, g.info.n, err
	}
	if err := s.sort(); err != nil {
		return nil, g.info.n, err
	}
	if s.maker, err = g.newEarlyLook(false); err != nil {
		return nil, g.info.n, err
	}
	list, err := s.chunk(q.budget.limit)
	for i := range list {
		records = append(records, &list[i])
	}
	return records, g.info.n, err
}
