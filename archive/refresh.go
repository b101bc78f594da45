// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
)

// maxSnapshotErrors bounds what a reader remembers of commit records that it cannot understand.
const maxSnapshotErrors = 100

// logFetchers is how many commit records are fetched at a time.
const logFetchers = 16

// Open reads the commit log of the archive in b and returns a reader whose snapshot is up to date. An empty
// bucket is an empty archive. The bucket stays the caller's and must outlive the reader.
func Open(ctx context.Context, b BucketReader, opts ReaderOptions) (*Reader, error) {
	opts.Parallelism = cmp.Or(opts.Parallelism, runtime.GOMAXPROCS(0))
	opts.FooterCacheBytes = cmp.Or(opts.FooterCacheBytes, 64<<20)
	r := &Reader{bucket: b, opts: opts, footers: newFooterCache(opts.FooterCacheBytes), position: map[string]string{}}
	r.snapshot.Store(&Snapshot{reader: r})
	if err := r.Refresh(ctx); err != nil {
		return nil, err
	}
	return r, nil
}

// Snapshot returns the live set as of the last Refresh.
func (r *Reader) Snapshot() *Snapshot { return r.snapshot.Load() }

// Refresh picks up what was committed since the last call. It costs one listing per writer, and a read per
// new commit record. After an error the snapshot is the one of before, and the next call tries again.
func (r *Reader) Refresh(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	keys, position, err := r.newLogKeys(ctx)
	if err != nil {
		return fmt.Errorf("list commit log of %s: %w", r.bucket.Name(), err)
	}
	if len(keys) == 0 {
		return nil
	}
	records, unreadable, err := r.fetchLog(ctx, keys)
	if err != nil {
		return fmt.Errorf("read commit log of %s: %w", r.bucket.Name(), err)
	}
	old := r.snapshot.Load()
	next := &Snapshot{reader: r, errs: old.errs}
	for _, err := range unreadable {
		if err != nil && len(next.errs) < maxSnapshotErrors {
			next.errs = append(slices.Clip(next.errs), fmt.Errorf("read commit log of %s: %w", r.bucket.Name(), err))
		}
	}
	next.objects = slices.Clone(old.objects)
	for _, record := range records {
		if record != nil {
			next.objects = append(next.objects, record.Objects...)
		}
	}
	slices.SortFunc(next.objects, func(a, b ObjectMeta) int {
		if c := cmp.Compare(a.MinTime, b.MinTime); c != 0 {
			return c
		}
		return strings.Compare(a.Key, b.Key)
	})
	r.position = position
	r.snapshot.Store(next)
	return nil
}

// newLogKeys lists the log records that are new since the last time, and the position of every writer after
// them. The log of a writer is listed from its last known record on; the first key of another writer's ends
// the listing, and the next starts where that writer's is known.
func (r *Reader) newLogKeys(ctx context.Context) (keys []string, position map[string]string, err error) {
	position = maps.Clone(r.position)
	cursor := ""
	for {
		jump := ""
		for info, err := range r.bucket.List(ctx, logPrefix, cursor) {
			if err != nil {
				return nil, nil, err
			}
			writer, _, ok := parseLogKey(info.Key)
			if !ok {
				continue // nothing of ours, or of a later version
			}
			if known := position[writer]; info.Key <= known {
				jump = known
				break
			}
			position[writer] = info.Key
			keys = append(keys, info.Key)
		}
		if jump == "" {
			return keys, position, nil
		}
		cursor = jump
	}
}

// fetchLog reads log records. Those that make no sense are nil and have an error in unreadable; when one
// cannot be fetched, err is set.
func (r *Reader) fetchLog(ctx context.Context, keys []string) (records []*LogRecord, unreadable []error, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	records, unreadable = make([]*LogRecord, len(keys)), make([]error, len(keys))
	next := make(chan int)
	var wg sync.WaitGroup
	for range min(logFetchers, len(keys)) {
		wg.Go(func() {
			for i := range next {
				body, err := ReadLogObject(ctx, r.bucket, keys[i])
				if err != nil {
					cancel(err)
					continue
				}
				records[i], unreadable[i] = ParseLogRecord(keys[i], body)
			}
		})
	}
	for i := range keys {
		next <- i
	}
	close(next)
	wg.Wait()
	if ctx.Err() != nil {
		return nil, nil, context.Cause(ctx)
	}
	return records, unreadable, nil
}

// ReadLogObject reads the bytes of a log record.
func ReadLogObject(ctx context.Context, b BucketReader, key string) ([]byte, error) {
	rc, err := b.Get(ctx, key)
	if err != nil {
		return nil, err
	}
	defer rc.Close()
	body, err := io.ReadAll(io.LimitReader(rc, maxLogRecordBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read %s of %s: %w", key, b.Name(), err)
	}
	if len(body) > maxLogRecordBytes {
		return nil, fmt.Errorf("read %s of %s: larger than %d bytes", key, b.Name(), maxLogRecordBytes)
	}
	return body, nil
}
