// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"container/list"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/cespare/xxhash/v2"
	"github.com/parquet-go/parquet-go"
)

// objectFile is the footer of a data object, decoded: everything but its rows.
type objectFile struct {
	meta   *ObjectMeta
	file   *parquet.File
	groups []rowGroupInfo
}

type rowGroupInfo struct {
	sum              rowGroupSum
	minTime, maxTime int64
	rows             int64
}

// ObjectError is an object, or a part of one, that could not be read.
type ObjectError struct {
	Bucket, Key string
	Offset      int64
	Err         error
}

func (e *ObjectError) Error() string {
	return fmt.Sprintf("read object %s of %s at offset %d: %v", e.Key, e.Bucket, e.Offset, e.Err)
}

func (e *ObjectError) Unwrap() error { return e.Err }

// guard turns a panic over damaged data, parquet-go's or ours, into an error.
func guard(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("data is damaged: %v", r)
	}
}

// openObject decodes the footer in tail, the last bytes of the object.
func openObject(meta *ObjectMeta, tail []byte) (*objectFile, error) {
	if int64(len(tail)) != meta.TailBytes {
		return nil, errors.New("object is too short")
	}
	if sum := fmt.Sprintf("%016x", xxhash.Sum64(tail)); sum != meta.TailSum {
		return nil, fmt.Errorf("checksum of the footer is %s, want %s", sum, meta.TailSum)
	}
	return openTail(meta, tail)
}

// openTail is openObject behind the checksum.
func openTail(meta *ObjectMeta, tail []byte) (_ *objectFile, err error) {
	defer guard(&err)
	file, err := parquet.OpenFile(newWindow(meta.Bytes-meta.TailBytes, tail), meta.Bytes,
		parquet.SkipMagicBytes(true), parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return nil, err
	}
	if !hasFields(file.Metadata().Schema) {
		return nil, errors.New("columns are not those of the format")
	}
	text, _ := file.Lookup(metaRowGroups)
	var sums []rowGroupSum
	if err := json.Unmarshal([]byte(text), &sums); err != nil {
		return nil, fmt.Errorf("parse %s of the footer: %w", metaRowGroups, err)
	}
	groups := file.RowGroups()
	if len(sums) != len(groups) {
		return nil, fmt.Errorf("%d row groups, but %d checksums", len(groups), len(sums))
	}
	o := &objectFile{meta: meta, file: file, groups: make([]rowGroupInfo, len(groups))}
	for i, g := range groups {
		info := rowGroupInfo{sum: sums[i], minTime: meta.MinTime, maxTime: meta.MaxTime, rows: g.NumRows()}
		if info.sum.Offset < 0 || info.sum.Bytes <= 0 || info.sum.Bytes > maxGroupBytes || info.sum.Offset > meta.Bytes-info.sum.Bytes {
			return nil, fmt.Errorf("row group %d lies outside of the object", i)
		}
		if c, ok := g.ColumnChunks()[colTimestamp].(*parquet.FileColumnChunk); ok {
			if lo, hi, ok := c.Bounds(); ok {
				info.minTime, info.maxTime = lo.Int64(), hi.Int64()
			}
		}
		o.groups[i] = info
	}
	return o, nil
}

// readGroup decodes the part of row group i that the request asks for, from its bytes.
func (o *objectFile) readGroup(i int, data []byte, req *ScanRequest) (records []*Record, scanned int, err error) {
	sum := o.groups[i].sum
	if got := fmt.Sprintf("%016x", xxhash.Sum64(data)); got != sum.Sum {
		return nil, 0, fmt.Errorf("checksum of row group %d is %s, want %s", i, got, sum.Sum)
	}
	return o.decodeGroup(i, data, req)
}

// decodeGroup is readGroup behind the checksum.
func (o *objectFile) decodeGroup(i int, data []byte, req *ScanRequest) (records []*Record, scanned int, err error) {
	defer guard(&err)
	return decodeRowGroup(o.file.RowGroups()[i], newWindow(o.groups[i].sum.Offset, data), req)
}

// readAttempts is how often a part of an object is asked for: a connection may be cut in the middle of it.
const readAttempts = 3

// readFull reads a part of an object whole.
func readFull(ctx context.Context, b BucketReader, key string, off, n int64) (p []byte, err error) {
	for attempt := range readAttempts {
		if p, err = readOnce(ctx, b, key, off, n); err == nil || ctx.Err() != nil || errors.Is(err, ErrNotFound) {
			break
		}
		if attempt+1 < readAttempts {
			select {
			case <-time.After(time.Duration(1+attempt) * 50 * time.Millisecond):
			case <-ctx.Done():
			}
		}
	}
	return p, err
}

func readOnce(ctx context.Context, b BucketReader, key string, off, n int64) ([]byte, error) {
	p := make([]byte, n)
	got, err := b.ReadRange(ctx, key, p, off)
	if err != nil && !(errors.Is(err, io.EOF) && int64(got) == n) {
		return nil, err
	}
	if int64(got) != n {
		return nil, io.ErrUnexpectedEOF
	}
	return p, nil
}

// footerCache keeps decoded footers, least recently used first out.
type footerCache struct {
	limit int64

	mu    sync.Mutex
	size  int64
	order list.List // of *footerEntry, newest first
	byKey map[string]*list.Element
}

type footerEntry struct {
	key    string
	object *objectFile
	size   int64
}

// footerExpansion is about how much larger a decoded footer is than its bytes.
const footerExpansion = 8

func newFooterCache(limit int64) *footerCache {
	return &footerCache{limit: limit, byKey: map[string]*list.Element{}}
}

func (c *footerCache) get(key string) *objectFile {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.byKey[key]
	if !ok {
		return nil
	}
	c.order.MoveToFront(e)
	return e.Value.(*footerEntry).object
}

func (c *footerCache) put(key string, o *objectFile) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.byKey[key]; ok {
		return
	}
	entry := &footerEntry{key, o, footerExpansion*o.meta.TailBytes + 1024}
	c.byKey[key] = c.order.PushFront(entry)
	c.size += entry.size
	for c.size > c.limit && c.order.Len() > 1 {
		last := c.order.Back()
		old := c.order.Remove(last).(*footerEntry)
		delete(c.byKey, old.key)
		c.size -= old.size
	}
}
