// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
)

// VerifyObject reads a live object whole and compares it with what the commit log says: size, hash, rows,
// times, counts. The error is an [ObjectError]. It needs memory for the object.
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
	var records []*Record
	for i := range o.groups {
		sum := o.groups[i].sum
		group, _, err := o.readGroup(i, body[sum.Offset:sum.Offset+sum.Bytes], &all)
		if err != nil {
			return fail(sum.Offset, "%w", err)
		}
		for j := range group {
			records = append(records, &Record{Timestamp: group[j].Timestamp, ServiceName: group[j].ServiceName, SeverityNumber: group[j].SeverityNumber})
		}
	}
	if int64(len(records)) != meta.Rows {
		return fail(tail, "%d rows, want %d", len(records), meta.Rows)
	}
	if len(records) == 0 {
		return nil
	}
	lo, hi := records[0].Timestamp, records[0].Timestamp
	for i := range records {
		lo, hi = min(lo, records[i].Timestamp), max(hi, records[i].Timestamp)
	}
	if lo != meta.MinTime || hi != meta.MaxTime {
		return fail(tail, "times from %d to %d, want %d to %d", lo, hi, meta.MinTime, meta.MaxTime)
	}
	if counts, _ := count(records); meta.Counts != nil && !slices.Equal(counts, meta.Counts) {
		return fail(tail, "counts by service and severity differ from the commit log's")
	}
	return nil
}
