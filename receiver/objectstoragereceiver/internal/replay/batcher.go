// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"cmp"
	"errors"
	"slices"

	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/logboom/logboom/archive"
)

// errAgain ends a scan that must begin anew at the position that was reached.
var errAgain = errors.New("begin the scan anew")

// Batch is what is delivered at once.
type Batch struct {
	Logs    plog.Logs
	Records int
	Bytes   int64    // of bodies and attributes
	Last    int64    // event time of the last record
	After   Position // behind the batch
}

// limits of the batcher.
type limits struct {
	records int   // of a batch
	bytes   int64 // of a batch; a larger record is a batch of its own
	held    int64 // bytes of records of one time that are held, to be ordered
	span    int64 // event time that a batch may cover, nanoseconds; 0: any
}

// entry is a record that waits for its batch.
type entry struct {
	key   uint64
	time  int64
	bytes int64
	scope *archive.RestoredScope
	log   plog.LogRecord
}

// batcher cuts records, which come in the order of time, into batches. A batch ends behind the last record of a time where
// that is possible. Where more records have one time than fit into a batch, they are collected, ordered by key and cut. Where
// these are more than may be held, only those with the lowest keys are, and the scan begins anew behind them.
type batcher struct {
	limits
	from Position
	emit func(*Batch) error

	keyer    keyer
	restorer archive.Restorer
	free     []plog.LogRecord // empty, to be used again

	entries []entry
	sum     int64 // bytes of entries
	group   int   // first entry of the time that is being read
	now     int64 // that time
	started bool
	skipped int    // records of now with the key of from that were left out
	full    bool   // of now, only records with keys below ceiling are taken
	ceiling uint64 // see full
}

func newBatcher(l limits, seed uint64, from Position, emit func(*Batch) error) *batcher {
	return &batcher{limits: l, from: from, emit: emit, keyer: keyer{seed: seed}}
}

// recordOverhead is about what a record that is held needs beside its texts.
const recordOverhead = 256

// textOf is the length of a record's texts.
func textOf(r *archive.Record) int64 {
	n := len(r.Body) + len(r.TraceID) + len(r.SpanID) + len(r.EventName) + len(r.SeverityText)
	for i := range r.LogAttributes {
		n += len(r.LogAttributes[i].Key) + len(r.LogAttributes[i].Value)
	}
	return int64(n)
}

// add takes the next record. A [RecordError] leaves the record out and the batcher as it was.
func (b *batcher) add(tenant string, r *archive.Record) error {
	if !b.started || r.Timestamp != b.now {
		if err := b.next(r.Timestamp); err != nil {
			return err
		}
	}
	key := b.keyer.key(tenant, r)
	if b.now == b.from.Time && b.from.inside() {
		if key < b.from.Key {
			return nil
		}
		if key == b.from.Key && b.skipped < b.from.Count {
			b.skipped++
			return nil
		}
	}
	if b.full && key >= b.ceiling {
		return nil
	}
	var lr plog.LogRecord
	if n := len(b.free); n > 0 {
		lr, b.free = b.free[n-1], b.free[:n-1]
	} else {
		lr = plog.NewLogRecord()
	}
	scope, err := b.restorer.Restore(r, lr)
	if err != nil {
		return &RecordError{Time: r.Timestamp, Key: key, Err: err}
	}
	e := entry{key: key, time: b.now, bytes: textOf(r), scope: scope, log: lr}
	b.entries = append(b.entries, e)
	b.sum += e.bytes
	switch {
	case len(b.entries) <= b.records && b.sum <= b.bytes:
		return nil
	case b.group > 0:
		return b.cut(b.group, behind(b.entries[b.group-1].time))
	case b.sum+int64(len(b.entries))*recordOverhead > b.held:
		b.shrink()
	}
	return nil
}

// next ends the time that was read, and begins another.
func (b *batcher) next(t int64) error {
	if err := b.endGroup(); err != nil {
		return err
	}
	if n := len(b.entries); n > 0 && b.span > 0 && uint64(t)-uint64(b.entries[0].time) > uint64(b.span) {
		if err := b.cut(n, behind(b.now)); err != nil {
			return err
		}
	}
	b.started, b.now, b.group = true, t, len(b.entries)
	return nil
}

// endGroup emits the records of a time that are more than a batch. errAgain says that there are further ones.
func (b *batcher) endGroup() error {
	if b.group > 0 || (!b.full && len(b.entries) <= b.records && b.sum <= b.bytes) {
		return nil
	}
	b.sortGroup()
	count, last := 0, uint64(0)
	for len(b.entries) > 0 {
		n, sum := 0, int64(0)
		for n < len(b.entries) && n < b.records && (n == 0 || sum+b.entries[n].bytes <= b.bytes) {
			if key := b.entries[n].key; key != last || count == 0 {
				last, count = key, 0
				if b.now == b.from.Time && key == b.from.Key {
					count = b.from.Count
				}
			}
			count++
			sum += b.entries[n].bytes
			n++
		}
		after := Position{Time: b.now, Key: last, Count: count}
		if n == len(b.entries) && !b.full {
			after = behind(b.now)
		}
		if err := b.cut(n, after); err != nil {
			return err
		}
	}
	if b.full {
		return errAgain
	}
	return nil
}

func (b *batcher) sortGroup() {
	slices.SortFunc(b.entries[b.group:], func(x, y entry) int { return cmp.Compare(x.key, y.key) })
}

// shrink lets go of the records with the highest keys, all entries being of one time. Records of the last key that is kept are
// alike, so it does not matter which of them are.
func (b *batcher) shrink() {
	b.sortGroup()
	n, sum := 0, int64(0)
	for n < len(b.entries) && (n == 0 || sum+b.entries[n].bytes+int64(n)*recordOverhead <= b.held/2) {
		sum += b.entries[n].bytes
		n++
	}
	if n == len(b.entries) {
		return // a single record
	}
	b.full, b.ceiling = true, b.entries[n-1].key
	clear(b.entries[n:])
	b.entries, b.sum = b.entries[:n], sum
}

// cut emits the first n entries as a batch.
func (b *batcher) cut(n int, after Position) error {
	out := &Batch{Logs: plog.NewLogs(), Records: n, Last: b.entries[n-1].time, After: after}
	resources := map[*archive.RestoredResource]plog.ResourceLogs{}
	scopes := map[*archive.RestoredScope]plog.LogRecordSlice{}
	for i := range b.entries[:n] {
		e := &b.entries[i]
		out.Bytes += e.bytes
		records, ok := scopes[e.scope]
		if !ok {
			rl, ok := resources[e.scope.Resource]
			if !ok {
				rl = out.Logs.ResourceLogs().AppendEmpty()
				e.scope.Resource.CopyTo(rl)
				resources[e.scope.Resource] = rl
			}
			sl := rl.ScopeLogs().AppendEmpty()
			e.scope.CopyTo(sl)
			records = sl.LogRecords()
			scopes[e.scope] = records
		}
		e.log.MoveTo(records.AppendEmpty())
		b.free = append(b.free, e.log)
	}
	rest := copy(b.entries, b.entries[n:])
	clear(b.entries[rest:])
	b.entries = b.entries[:rest]
	b.sum -= out.Bytes
	b.group = max(0, b.group-n)
	if len(b.free) > b.records { // a time with very many records leaves many behind
		clear(b.free[b.records:])
		b.free = b.free[:b.records]
	}
	return b.emit(out)
}

// finish emits what is left, after the last record.
func (b *batcher) finish() error {
	if err := b.endGroup(); err != nil || len(b.entries) == 0 {
		return err
	}
	return b.cut(len(b.entries), behind(b.now))
}

// flush emits the times that are complete, when the scan ends early.
func (b *batcher) flush() error {
	if b.group == 0 {
		return nil
	}
	return b.cut(b.group, behind(b.entries[b.group-1].time))
}
