// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"math"
	"strings"
)

// VerifyObject reads a live object whole and compares it with what the commit log says: size, hash, rows,
// times, counts, index. The error is an [ObjectError]. It needs memory for the object.
func VerifyObject(ctx context.Context, b BucketReader, meta *ObjectMeta) error {
	fail := func(offset int64, format string, args ...any) error {
		return &ObjectError{Bucket: b.Name(), Key: meta.Key, Offset: offset, Err: fmt.Errorf(format, args...)}
	}
	rc, err := b.Get(ctx, meta.Key)
	if err != nil {
		return fail(0, "%w", err)
	}
	defer rc.Close()
	body, err := io.ReadAll(io.LimitReader(rc, meta.Bytes+1))
	if err != nil {
		return fail(int64(len(body)), "%w", err)
	}
	if int64(len(body)) != meta.Bytes {
		return fail(0, "size is not %d bytes", meta.Bytes)
	}
	if sum := sha256.Sum256(body); hex.EncodeToString(sum[:]) != meta.SHA256 {
		return fail(0, "content hash is %x, want %s", sum, meta.SHA256)
	}
	tail := meta.Bytes - meta.TailBytes
	o, err := openObject(meta, body[tail:])
	if err != nil {
		return fail(tail, "%w", err)
	}
	all := All()
	check := newVerification(meta.Services())
	var index *indexVerification
	if meta.Index != nil {
		rows := make([]int, len(o.groups))
		for i := range o.groups {
			rows[i] = o.groups[i].n
		}
		if index, err = newIndexVerification(ctx, meta, body, rows); err != nil {
			return fail(meta.Index.Offset, "%w", err)
		}
	}
	for i := range o.groups {
		sum := o.groups[i].sum
		group, _, err := o.readGroup(i, body[sum.Offset:sum.Offset+sum.Bytes], &all)
		if err != nil {
			return fail(sum.Offset, "%w", err)
		}
		for _, r := range group {
			check.add(r)
		}
		if index != nil && len(group) > 0 {
			if err := index.group(ctx, i, group); err != nil {
				return fail(meta.Index.Offset, "%w", err)
			}
		}
	}
	if check.rows != meta.Rows {
		return fail(tail, "%d rows, want %d", check.rows, meta.Rows)
	}
	if check.lo != meta.MinTime || check.hi != meta.MaxTime {
		return fail(tail, "times from %d to %d, want %d to %d", check.lo, check.hi, meta.MinTime, meta.MaxTime)
	}
	counts := check.counter.counts(meta.Services())
	if meta.Counts != nil && meta.Counts.Minutes == 0 {
		counts = counts.total() // as a reader keeps them
	}
	if meta.Counts != nil && (check.stranger || counts == nil || !counts.same(meta.Counts)) {
		return fail(tail, "counts by service and severity differ from the commit log's")
	}
	if at := meta.Resources; at != nil {
		stored, err := decodeResources(body[at.Offset:at.Offset+at.Bytes], meta)
		if err != nil {
			return fail(at.Offset, "%w", err)
		}
		if own := check.resources.counts(); own == nil || !own.same(stored) {
			return fail(at.Offset, "rows by resource differ from the block of resources")
		}
	}
	return nil
}

// verification counts what an object holds.
type verification struct {
	services  map[string]int32
	counter   *counter
	resources *resourceCounter
	stranger  bool // a record of a service that the commit log does not know
	rows      int64
	lo, hi    int64
	seen      map[uidKey]struct{}
}

type uidKey struct {
	service, uid string
	time         int64
}

func newVerification(services []string) *verification {
	v := &verification{
		services: map[string]int32{}, counter: newCounter(), resources: newResourceCounter(writerResources),
		lo: math.MaxInt64, hi: math.MinInt64, seen: map[uidKey]struct{}{},
	}
	for i, s := range services {
		v.services[s] = int32(i)
	}
	return v
}

func (v *verification) add(r *Record) {
	v.rows++
	v.lo, v.hi = min(v.lo, r.Timestamp), max(v.hi, r.Timestamp)
	service, ok := v.services[r.ServiceName]
	v.stranger = v.stranger || !ok
	repeat := false
	if r.RecordUID != "" {
		key := uidKey{strings.Clone(r.ServiceName), strings.Clone(r.RecordUID), r.Timestamp}
		if _, repeat = v.seen[key]; !repeat {
			v.seen[key] = struct{}{}
		}
	}
	v.counter.add(service, r.SeverityNumber, r.Timestamp, int64(len(r.Body)), r.Weight(), r.RecordUID != "", repeat)
	v.resources.add(v.resources.resource(r.ServiceName, r.ResourceAttributes), r.SeverityNumber, r.Timestamp, int64(len(r.Body)), r.Weight())
	if r.SeverityText != "" {
		v.counter.addText(r.SeverityNumber)
	}
}
