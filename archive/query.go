// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/logboom/logboom/archive/internal/textindex"
)

// query is what the goroutines of a scan or a count have in common.
type query struct {
	ctx    context.Context
	reader *Reader // nil: the bytes are in memory
	req    *ScanRequest
	lines  []lineFilter
	values []valueFilter
	index  *textindex.Query // nil: there is nothing to ask an index for
	leaves []int            // columns of the records
	early  []int            // columns of the records that Early looks at
	budget *budget
	limit  *readLimit
	turns  *turns // nil: the bytes are in memory
	usage  *usage

	requests, bytesRead, cacheHits       atomic.Int64
	plan, indexed, fetch, decode, filter atomic.Int64 // nanoseconds
	rowsScanned, bodiesScanned           atomic.Int64

	mu     sync.Mutex
	errs   []error // that take nothing from the result
	broken map[string]struct{}
}

// queryKey is the key of the query in the context that an index gives its fetches.
type queryKey struct{}

// newQuery compiles a request.
func newQuery(ctx context.Context, r *Reader, req *ScanRequest) (*query, error) {
	lines, err := compileLines(req.Lines)
	if err != nil {
		return nil, err
	}
	values, err := compileValues(req.Values)
	if err != nil {
		return nil, err
	}
	q := &query{reader: r, req: req, lines: lines, values: values, leaves: leavesOf(cmp.Or(req.Columns, ColumnsAll))}
	if req.Early != nil {
		q.early = leavesOf(req.EarlyColumns)
	}
	q.limit = &readLimit{max: req.MaxBytes}
	ctx, q.limit.end = context.WithCancelCause(ctx)
	q.ctx = context.WithValue(ctx, queryKey{}, q)
	if r != nil {
		q.budget = newBudget(r.opts.QueryMemoryBytes / 4 * 3) // the rest is for records in memory of their own
		q.budget.parent = r.memory
		q.turns = r.turns
		q.usage = q.turns.newUsage()
	} else {
		q.budget = newBudget(1 << 40)
	}
	var whole []textindex.Value
	for i := range values {
		if values[i].value != "" {
			whole = append(whole, textindex.Value{Text: values[i].value, Whole: true})
		}
	}
	if len(lines) > 0 || len(whole) > 0 {
		if q.index, err = textindex.Compile(indexLines(lines), whole); err != nil {
			return nil, err
		}
	}
	return q, nil
}

// timed adds the time since start to a stage.
func timed(stage *atomic.Int64, start time.Time) { stage.Add(int64(time.Since(start))) }

// note remembers an error that makes the query slower and takes nothing from its result, once for each object.
func (q *query) note(meta *ObjectMeta, offset int64, err error) {
	if q.ctx.Err() != nil || q.reader == nil {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if _, ok := q.broken[meta.Key]; ok || len(q.errs) >= maxScanErrors {
		return
	}
	if q.broken == nil {
		q.broken = map[string]struct{}{}
	}
	q.broken[meta.Key] = struct{}{}
	q.errs = append(q.errs, &ObjectError{Bucket: q.reader.bucket.Name(), Key: meta.Key, Offset: offset, Err: err})
}

// result adds what the goroutines counted to the statistics.
func (q *query) result(s *ScanStats) {
	s.Requests += q.requests.Load()
	s.BytesRead += q.bytesRead.Load()
	s.BytesUsed += q.limit.used.Load()
	s.CacheHits += q.cacheHits.Load()
	s.RowsScanned += q.rowsScanned.Load()
	s.BodiesScanned += q.bodiesScanned.Load()
	s.Plan += time.Duration(q.plan.Load())
	s.Index += time.Duration(q.indexed.Load())
	s.Fetch += time.Duration(q.fetch.Load())
	s.Decode += time.Duration(q.decode.Load())
	s.Filter += time.Duration(q.filter.Load())
	s.MemoryBytes = max(s.MemoryBytes, q.budget.most())
	for _, err := range q.errs {
		s.fail(err)
	}
}

// enter waits for a turn to compute; leave ends it.
func (q *query) enter() {
	if q.turns != nil {
		q.turns.enter(q.ctx, q.usage)
	}
}

func (q *query) leave() {
	if q.turns != nil {
		q.turns.leave(q.usage)
	}
}

// tick is called every few rows by one who computes. The error is the context's.
func (q *query) tick(p *pace) error {
	if q.turns == nil {
		return nil
	}
	return q.turns.tick(q.ctx, q.usage, p)
}

// ticking is a condition that is asked for every record by one who has a turn. That the query is over is seen elsewhere.
func (q *query) ticking(keep func(*Record) bool) func(*Record) bool {
	var p pace
	n := 0
	return func(r *Record) bool {
		if n++; n%tickRows == 0 {
			_ = q.tick(&p)
		}
		return keep(r)
	}
}

// acquire acquires memory for one who has a turn. Nobody waits for memory with a turn, else those that have memory would
// wait for a turn for ever.
func (q *query) acquire(n int64) error {
	if q.budget.try(n) == nil {
		return nil
	}
	q.leave()
	defer q.enter()
	return q.budget.acquire(q.ctx, n)
}

// lock locks a mutex that others hold while they read, for one who has a turn. Nobody waits for it with a turn, else who
// holds it would wait for a turn for ever.
func (q *query) lock(mu *sync.Mutex) {
	if mu.TryLock() {
		return
	}
	q.leave()
	mu.Lock()
	q.enter()
}

// read reads a part of an object, for one who has a turn.
func (q *query) read(key string, offset, n int64) ([]byte, error) {
	if err := q.limit.use(n); err != nil {
		return nil, err
	}
	q.leave()
	defer q.enter()
	defer timed(&q.fetch, time.Now())
	b, err := readFull(q.ctx, q.reader.bucket, key, offset, n)
	q.requests.Add(1)
	q.bytesRead.Add(int64(len(b)))
	return b, err
}

// open returns the footer of an object, and its index. An index that is damaged is left out and noted.
func (q *query) open(meta *ObjectMeta) (_ *objectFile, offset int64, err error) {
	key := cacheKey{object: meta.Key, kind: cacheFooter}
	if o, ok := q.reader.cache.get(key).(*objectFile); ok {
		q.cacheHits.Add(1)
		return o, 0, q.limit.use(meta.TailBytes)
	}
	n := meta.TailBytes
	whole := false // all of the index is read, too
	if at := meta.Index; at != nil {
		n += at.DirectoryBytes
		if whole = q.index != nil && at.Bytes <= wholeIndex; whole {
			n += at.Bytes - at.DirectoryBytes
		}
	}
	offset = meta.Bytes - n
	if err := q.acquire(n); err != nil {
		return nil, offset, err
	}
	defer q.budget.release(n, false)
	tail, err := q.read(meta.Key, offset, n)
	if err != nil {
		return nil, offset, err
	}
	start := time.Now()
	own := *meta // not to keep all of a manifest in memory
	own.Counts = nil
	o, err := openObject(&own, tail[int64(len(tail))-meta.TailBytes:])
	if err != nil {
		return nil, meta.Bytes - meta.TailBytes, err
	}
	if at := meta.Index; at != nil {
		end := int64(len(tail)) - meta.TailBytes
		if whole {
			q.reader.cache.put(cacheKey{object: meta.Key, kind: cacheIndex}, tail[:end:end], end)
		}
		if err := o.openIndex(tail[end-at.DirectoryBytes : end]); err != nil {
			q.note(meta, offset, err)
		}
	}
	timed(&q.decode, start)
	q.reader.cache.put(key, o, o.memory())
	return o, 0, nil
}

// openIndex decodes the directory of the index.
func (o *objectFile) openIndex(directory []byte) (err error) {
	defer guard(&err)
	at := o.meta.Index
	if sum := fmt.Sprintf("%016x", xxhash.Sum64(directory)); sum != at.DirectorySum {
		return fmt.Errorf("checksum of the index is %s, want %s", sum, at.DirectorySum)
	}
	rows := make([]int, len(o.groups))
	for i := range o.groups {
		rows[i] = o.groups[i].n
	}
	meta := o.meta
	o.index, err = textindex.Open(directory, at.Bytes, rows, func(ctx context.Context, extents []textindex.Extent) ([][]byte, error) {
		q, ok := ctx.Value(queryKey{}).(*query)
		if !ok {
			return nil, errors.New("fetch index: not in a query")
		}
		return q.blocks(meta, extents)
	})
	if err != nil {
		o.index = nil
	}
	return err
}

// wholeIndex is how large an index may be for it to be read at once, rather than its parts one after the other.
const wholeIndex = 8 << 20

// blocks returns parts of an index.
func (q *query) blocks(meta *ObjectMeta, extents []textindex.Extent) ([][]byte, error) {
	list := make([][]byte, len(extents))
	var missing []extent
	for i, e := range extents {
		if b, ok := q.reader.cache.get(cacheKey{object: meta.Key, kind: cacheBlock, at: e.Offset}).([]byte); ok {
			q.cacheHits.Add(1)
			if err := q.limit.use(e.Bytes); err != nil {
				return nil, err
			}
			list[i] = b
			continue
		}
		missing = append(missing, extent{e.Offset, e.Bytes, i})
	}
	if len(missing) == 0 {
		return list, nil
	}
	var damage error
	use := func(i int, b []byte) {
		b, err := extents[i].Decode(b)
		if err != nil {
			damage = err
			return
		}
		list[i] = b
		q.reader.cache.put(cacheKey{object: meta.Key, kind: cacheBlock, at: extents[i].Offset}, b, int64(len(b)))
	}
	whole, err := q.wholeIndex(meta)
	switch {
	case err != nil:
		return list, err
	case whole != nil:
		for _, e := range missing {
			if e.offset < 0 || e.bytes < 0 || e.offset > int64(len(whole))-e.bytes {
				return list, errors.New("a part of the index lies outside of it")
			}
			use(e.index, whole[e.offset:e.offset+e.bytes])
		}
	default:
		for i := range missing {
			missing[i].offset += meta.Index.Offset
		}
		err = q.readExtents(meta.Key, missing, use)
	}
	return list, errors.Join(err, damage)
}

// wholeIndex returns the bytes of a small index; nil: it is not small.
func (q *query) wholeIndex(meta *ObjectMeta) ([]byte, error) {
	if meta.Index.Bytes > wholeIndex {
		return nil, nil
	}
	key := cacheKey{object: meta.Key, kind: cacheIndex}
	if b, ok := q.reader.cache.get(key).([]byte); ok && int64(len(b)) == meta.Index.Bytes {
		q.cacheHits.Add(1)
		return b, q.limit.use(meta.Index.Bytes)
	}
	if err := q.acquire(meta.Index.Bytes); err != nil {
		return nil, err
	}
	defer q.budget.release(meta.Index.Bytes, false)
	b, err := q.read(meta.Key, meta.Index.Offset, meta.Index.Bytes)
	if err != nil {
		return nil, err
	}
	q.reader.cache.put(key, b, int64(len(b)))
	return b, nil
}

// extent is a part of an object that something wants.
type extent struct {
	offset, bytes int64
	index         int // of what wants it
}

// mergeGap is how much is read for nothing rather than with a request of its own.
const mergeGap = 512 << 10

// readExtents reads parts of an object, which are in order, and hands each to use.
func (q *query) readExtents(object string, list []extent, use func(index int, b []byte)) error {
	for len(list) > 0 {
		n, end := 1, list[0].offset+list[0].bytes
		for n < len(list) && list[n].offset-end <= mergeGap {
			end = max(end, list[n].offset+list[n].bytes)
			n++
		}
		from := list[0].offset
		b, err := q.read(object, from, end-from)
		if err != nil {
			return err
		}
		for _, e := range list[:n] {
			use(e.index, b[e.offset-from:e.offset-from+e.bytes])
		}
		list = list[n:]
	}
	return nil
}

// leavesOf are the columns that fields of a record take.
func leavesOf(c Columns) []int {
	leaves := []int{colTimestamp, colSeverityText, colSeverityNumber, colServiceName, colRecordUID}
	add := func(field Columns, cols ...int) {
		if c&field != 0 {
			leaves = append(leaves, cols...)
		}
	}
	add(ColumnBody, colBody, colBodyType)
	add(ColumnObservedTimestamp, colObservedTimestamp)
	add(ColumnTraceID, colTraceID)
	add(ColumnSpanID, colSpanID)
	add(ColumnTraceFlags, colTraceFlags)
	add(ColumnEventName, colEventName)
	add(ColumnResourceAttributes, colResourceSchemaURL, colResourceAttributes, colResourceAttributes+1, colResourceAttributes+2)
	add(ColumnScope, colScopeSchemaURL, colScopeName, colScopeVersion, colScopeAttributes, colScopeAttributes+1, colScopeAttributes+2)
	add(ColumnLogAttributes, colLogAttributes, colLogAttributes+1, colLogAttributes+2)
	if c&(ColumnLogAttributes|ColumnWeight) != 0 {
		leaves = append(leaves, colSamplingThreshold)
	}
	add(ColumnWeight, colRecordCount)
	add(ColumnExact, colTimestampSource, colExact)
	return leaves
}

// contextOfMemory is for what is read from memory alone.
var contextOfMemory = context.Background()
