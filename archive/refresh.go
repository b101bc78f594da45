// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"cmp"
	"context"
	"errors"
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
	opts.CacheBytes = cmp.Or(opts.CacheBytes, 256<<20)
	opts.QueryMemoryBytes = cmp.Or(opts.QueryMemoryBytes, 512<<20)
	r := &Reader{bucket: b, opts: opts, footers: newFooterCache(opts.CacheBytes), position: map[string]uint64{}}
	r.snapshot.Store(&Snapshot{reader: r})
	if err := r.Refresh(ctx); err != nil {
		return nil, err
	}
	return r, nil
}

// Snapshot returns the live set as of the last Refresh.
func (r *Reader) Snapshot() *Snapshot { return r.snapshot.Load() }

// Refresh picks up what was committed since the last call. It costs one listing per writer, and a read per
// new commit record. After an error the snapshot is the one of before, and the next call tries again. A log record
// that cannot be read, while others can, is an error of the snapshot until it can.
func (r *Reader) Refresh(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	keys, position, err := r.newLogKeys(ctx)
	if err != nil {
		return fmt.Errorf("list commit log of %s: %w", r.bucket.Name(), err)
	}
	return r.apply(ctx, append(slices.Clone(r.pending), keys...), position)
}

// apply reads log records and makes a snapshot with them; position is that of every writer afterwards. r.mu is held.
func (r *Reader) apply(ctx context.Context, keys []string, position map[string]uint64) error {
	if len(keys) == 0 {
		return nil
	}
	fetched := r.fetchLog(ctx, keys)
	var pending []string
	var away []error
	old := r.snapshot.Load()
	next := &Snapshot{reader: r, lasting: old.lasting, objects: slices.Clone(old.objects), committed: maps.Clone(old.committed)}
	for i, f := range fetched {
		switch {
		case f.away != nil:
			pending, away = append(pending, keys[i]), append(away, f.away)
		case f.err != nil:
			if len(next.lasting) < maxSnapshotErrors {
				next.lasting = append(slices.Clip(next.lasting), fmt.Errorf("read commit log of %s: %w", r.bucket.Name(), f.err))
			}
		default:
			next.add(f.record, r.opts.CountsByMinute)
		}
	}
	if len(away) == len(keys) || len(away) > maxSnapshotErrors || ctx.Err() != nil && len(away) > 0 {
		return fmt.Errorf("read commit log of %s: %w", r.bucket.Name(), away[0])
	}
	next.errs = next.lasting
	for _, err := range away {
		next.errs = append(slices.Clip(next.errs), fmt.Errorf("read commit log of %s: %w", r.bucket.Name(), err))
	}
	slices.SortFunc(next.objects, func(a, b *ObjectMeta) int {
		if c := cmp.Compare(a.MinTime, b.MinTime); c != 0 {
			return c
		}
		return strings.Compare(a.Key, b.Key)
	})
	r.position, r.pending = position, pending
	r.snapshot.Store(next)
	return nil
}

// add makes the objects of a commit live.
func (s *Snapshot) add(record *LogRecord, countsByMinute bool) {
	s.noteCommit(record)
	for i := range record.Objects {
		if !countsByMinute {
			record.Objects[i].Counts = record.Objects[i].Counts.total()
		}
		s.objects = append(s.objects, &record.Objects[i])
	}
}

// maxLogGap bounds how many log records of a writer are looked for that a listing did not show.
const maxLogGap = 1000

// newLogKeys lists the log records that are new since the last time, and the position of every writer after
// them. The log of a writer is listed from its last known record on; the first key of another writer's ends
// the listing, and the next starts where that writer's is known. A listing that runs while records are created may
// show one and not one before it; since there are no gaps, those are among the keys, too.
func (r *Reader) newLogKeys(ctx context.Context) (keys []string, position map[string]uint64, err error) {
	position = maps.Clone(r.position)
	cursor := ""
	for {
		jump := ""
		for info, err := range r.bucket.List(ctx, logPrefix, cursor) {
			if err != nil {
				return nil, nil, err
			}
			writer, sequence, ok := parseLogKey(info.Key)
			if !ok {
				continue // nothing of ours, or of a later version
			}
			known, seen := position[writer]
			if seen && sequence <= known {
				jump = LogKey(writer, known)
				break
			}
			if seen {
				for missing := max(known+1, sequence-min(sequence, maxLogGap)); missing < sequence; missing++ {
					keys = append(keys, LogKey(writer, missing))
				}
			}
			position[writer] = sequence
			keys = append(keys, info.Key)
		}
		if jump == "" {
			return keys, position, nil
		}
		cursor = jump
	}
}

// fetchedLog is what became of a log record: it was read, or it makes no sense (err), or it cannot be read now (away).
type fetchedLog struct {
	record    *LogRecord
	err, away error
}

// fetchLog reads log records.
func (r *Reader) fetchLog(ctx context.Context, keys []string) []fetchedLog {
	fetched := make([]fetchedLog, len(keys))
	next := make(chan int)
	var wg sync.WaitGroup
	for range min(logFetchers, len(keys)) {
		wg.Go(func() {
			for i := range next {
				f := &fetched[i]
				body, err := ReadLogObject(ctx, r.bucket, keys[i])
				switch {
				case err == nil:
					f.record, f.err = ParseLogRecord(keys[i], body)
				case errors.Is(err, ErrNotFound) || errors.Is(err, errLogRecordSize):
					f.err = err
				default:
					f.away = err
				}
			}
		})
	}
	for i := range keys {
		next <- i
	}
	close(next)
	wg.Wait()
	return fetched
}

var errLogRecordSize = fmt.Errorf("larger than %d bytes", maxLogRecordBytes)

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
		return nil, fmt.Errorf("read %s of %s: %w", key, b.Name(), errLogRecordSize)
	}
	return body, nil
}
