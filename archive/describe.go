// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/cespare/xxhash/v2"
	"github.com/parquet-go/parquet-go"
)

// DescribeObject makes the metadata of a data object from its content: what a commit record or a manifest says of it, where
// these are lost, but for the places of its index and of its block of resources, and for the tenant, which the caller must know. It reads every row, and needs memory for
// the object. The error is an [ObjectError].
func DescribeObject(ctx context.Context, b BucketReader, key, tenant string) (ObjectMeta, error) {
	meta, err := describeObject(ctx, b, key, tenant)
	if err != nil {
		return ObjectMeta{}, &ObjectError{Bucket: b.Name(), Key: key, Err: err}
	}
	return meta, nil
}

func describeObject(ctx context.Context, b BucketReader, key, tenant string) (meta ObjectMeta, err error) {
	defer guard(&err)
	rc, err := b.Get(ctx, key)
	if err != nil {
		return meta, err
	}
	defer rc.Close()
	body, err := io.ReadAll(io.LimitReader(rc, maxTailBytes<<4+1))
	if err != nil {
		return meta, err
	}
	const end = 8 // length of the footer, magic
	if len(body) < 2*end || len(body) > maxTailBytes<<4 {
		return meta, fmt.Errorf("%d bytes", len(body))
	}
	sum := sha256.Sum256(body)
	meta = ObjectMeta{
		Key: key, Tenant: tenant, SHA256: hex.EncodeToString(sum[:]), Bytes: int64(len(body)),
		TailBytes: int64(binary.LittleEndian.Uint32(body[len(body)-end:])) + end, MinTime: math.MinInt64, MaxTime: math.MaxInt64,
	}
	if meta.TailBytes > min(meta.Bytes, maxTailBytes) {
		return meta, errors.New("its footer is longer than itself")
	}
	if !strings.HasSuffix(key, "-"+meta.SHA256[:16]+".parquet") {
		return meta, errors.New("its content is not what its name says")
	}
	tail := body[meta.Bytes-meta.TailBytes:]
	meta.TailSum = fmt.Sprintf("%016x", xxhash.Sum64(tail))
	file, err := parquet.OpenFile(newWindow(meta.Bytes-meta.TailBytes, tail), meta.Bytes,
		parquet.SkipMagicBytes(true), parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return meta, err
	}
	meta.Rows = file.NumRows()
	if text, ok := file.Lookup(metaDisplaced); ok && text == "true" {
		meta.Displaced = true
	}
	o, err := openTail(&meta, tail)
	if err != nil {
		return meta, err
	}
	if err := meta.describeRows(o, body); err != nil {
		return meta, err
	}
	return meta, meta.check()
}

// describeRows fills in what the rows say.
func (m *ObjectMeta) describeRows(o *objectFile, body []byte) error {
	var decoder batchDecoder
	batches := func(visit func(*Batch)) error {
		for i := range o.groups {
			sum := o.groups[i].sum
			data := body[sum.Offset : sum.Offset+sum.Bytes]
			if err := verifyGroup(o, i, data); err != nil {
				return err
			}
			b, err := decoder.decode(o, i, data)
			if err != nil {
				return err
			}
			visit(b)
			decoder.recycle(b)
		}
		return nil
	}
	services := map[string]struct{}{}
	if err := batches(func(b *Batch) {
		for i := range b.shared {
			if len(services) <= maxCounts {
				services[b.shared[i].service] = struct{}{}
			}
		}
	}); err != nil {
		return err
	}
	sorted := slices.Sorted(maps.Keys(services))
	check := newVerification(sorted)
	if err := batches(func(b *Batch) {
		var r Record
		for i := range b.rows {
			b.record(i, &r)
			check.add(&r)
			m.RawBytes += int64(b.rows[i].textSize) + b.shared[b.rows[i].shared].textSize
		}
	}); err != nil {
		return err
	}
	m.MinTime, m.MaxTime = check.lo, check.hi
	if !check.stranger {
		m.Counts = check.counter.counts(sorted)
	}
	return nil
}
