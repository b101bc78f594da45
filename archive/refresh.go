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
	"sync"
	"time"
)

const (
	// maxSnapshotErrors bounds what a reader says of commit records that it cannot understand.
	maxSnapshotErrors = 100
	// logFetchers is how many commit records are fetched at a time.
	logFetchers = 16
	// refreshAttempts is how often a refresh begins again because what it was reading has been summed up meanwhile.
	refreshAttempts = 8
	// maxProbed bounds the writers that are asked for their next record; where there are more, all are listed.
	maxProbed = 256
	// writerActive is how long after its last record a writer is asked for the next one. Others are found by listings.
	writerActive = 10 * time.Minute
)

// Open reads the commit log of the archive in b and returns a reader whose snapshot is up to date. An empty
// bucket is an empty archive. The bucket stays the caller's and must outlive the reader.
func Open(ctx context.Context, b BucketReader, opts ReaderOptions) (*Reader, error) {
	opts.Parallelism = cmp.Or(opts.Parallelism, runtime.GOMAXPROCS(0))
	opts.CacheBytes = cmp.Or(opts.CacheBytes, 256<<20)
	opts.QueryMemoryBytes = cmp.Or(opts.QueryMemoryBytes, 512<<20)
	opts.MemoryBytes = cmp.Or(opts.MemoryBytes, 2*opts.QueryMemoryBytes)
	opts.ManifestCacheBytes = cmp.Or(opts.ManifestCacheBytes, 64<<20)
	opts.ListInterval = cmp.Or(opts.ListInterval, 30*time.Second)
	r := &Reader{bucket: b, opts: opts, cache: newCache(opts.CacheBytes), manifests: newManifestCache(opts.ManifestCacheBytes), now: time.Now, active: map[string]time.Time{}, turns: allTurns}
	r.memory = newBudget(opts.MemoryBytes)
	r.snapshot.Store(&Snapshot{reader: r})
	if err := r.Refresh(ctx); err != nil {
		return nil, err
	}
	return r, nil
}

// Snapshot returns the live set as of the last Refresh.
func (r *Reader) Snapshot() *Snapshot { return r.snapshot.Load() }

// Refresh picks up what was committed since the last call. It costs a read for the next checkpoint and one for the next
// record of each writer that has committed lately, and every [ReaderOptions.ListInterval] a listing, which finds other
// writers. After an error the snapshot is the one of before, and the next call tries again. A log record that cannot be
// read, while others can, is an error of the snapshot until it can.
func (r *Reader) Refresh(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.refresh(ctx, false)
}

// refresh is Refresh; r.mu is held. list makes it list in any case.
func (r *Reader) refresh(ctx context.Context, list bool) error {
	for range refreshAttempts {
		again, err := r.refreshOnce(ctx, list)
		if err != nil {
			return fmt.Errorf("read commit log of %s: %w", r.bucket.Name(), err)
		}
		if !again {
			return nil
		}
		list = true
	}
	return fmt.Errorf("read commit log of %s: it is summed up faster than it can be read", r.bucket.Name())
}

// refreshOnce makes a snapshot of a checkpoint and the log records behind it. again is true when a later checkpoint was
// made, so that some of these may be gone.
func (r *Reader) refreshOnce(ctx context.Context, list bool) (again bool, err error) {
	started := r.now()
	old := r.snapshot.Load()
	list = list || r.listed.IsZero() || started.Sub(r.listed) >= r.opts.ListInterval
	base, err := newestCheckpoint(ctx, r.bucket, old.base, list || started.Sub(r.confirmed) > r.patience(old.base))
	if err != nil {
		return false, err
	}
	logs := cloneLogs(old.writers)
	if base != old.base {
		for writer, p := range base.Positions {
			if l := logs[writer]; l != nil {
				logs[writer] = l.rebase(p)
			} else {
				logs[writer] = &writerLog{position: *p, last: p.Sequence}
			}
		}
	}
	u := &logUpdate{reader: r, logs: logs, own: map[string]bool{}, started: started}
	probed := u.active()
	list = list || len(probed) > maxProbed || len(logs) == 0
	if list {
		err = u.list(ctx)
	} else {
		err = u.probe(ctx, probed)
	}
	if err == nil {
		err = u.failure(ctx)
	}
	if err != nil {
		return false, err
	}
	if u.missing || r.now().Sub(started) > r.patience(base) {
		newest, err := newestCheckpoint(ctx, r.bucket, base, true)
		if err != nil || newest != base {
			return newest != base, err
		}
	}
	r.confirmed = started
	if list {
		r.listed = started
	}
	if base != old.base || u.news {
		r.snapshot.Store(r.newSnapshot(base, logs))
	}
	return false, nil
}

// patience is how long it is certain that nothing is deleted which the checkpoint does not have: a fraction of the time that
// it is kept behind a later one.
func (r *Reader) patience(base *Checkpoint) time.Duration {
	if r.strict {
		return -1
	}
	if base == nil {
		return 15 * time.Second
	}
	return min(time.Duration(base.Grace)/4, time.Minute)
}

// newestCheckpoint returns the newest one; known, which may be nil, where that still is. Without list the next number
// is asked for, which only tells when known was the newest a short time ago.
func newestCheckpoint(ctx context.Context, b BucketReader, known *Checkpoint, list bool) (*Checkpoint, error) {
	for range refreshAttempts {
		number := uint64(0)
		if known != nil {
			number = known.Number
		}
		next := number + 1
		if list {
			after := ""
			if number > 0 {
				after = CheckpointKey(number)
			}
			next = 0
			for info, err := range b.List(ctx, checkpointPrefix, after) {
				if err != nil {
					return nil, err
				}
				if n, ok := parseCheckpointKey(info.Key); ok {
					next = max(next, n)
				}
			}
			if next <= number {
				return known, nil
			}
		}
		c, err := readCheckpoint(ctx, b, next)
		switch {
		case err == nil && list:
			return c, nil
		case err == nil:
			known = c
		case !errors.Is(err, ErrNotFound):
			return nil, err
		case !list:
			return known, nil
		} // else it was deleted: there is a later one
	}
	if !list { // many were made since the last look: a listing finds the newest of them
		return newestCheckpoint(ctx, b, known, true)
	}
	return nil, errors.New("checkpoints are made faster than they can be read")
}

func readCheckpoint(ctx context.Context, b BucketReader, number uint64) (*Checkpoint, error) {
	key := CheckpointKey(number)
	body, err := ReadLogObject(ctx, b, key)
	if err != nil {
		return nil, err
	}
	return ParseCheckpoint(key, body)
}

// newSnapshot puts a snapshot together.
func (r *Reader) newSnapshot(base *Checkpoint, logs map[string]*writerLog) *Snapshot {
	s := &Snapshot{reader: r, base: base, writers: logs}
	for _, writer := range slices.Sorted(maps.Keys(logs)) {
		l := logs[writer]
		for _, part := range l.records {
			s.tail = append(s.tail, part.objects...)
		}
		for _, n := range slices.Sorted(maps.Keys(l.unread)) {
			if len(s.errs) < maxSnapshotErrors {
				s.errs = append(s.errs, fmt.Errorf("read commit log of %s: %w", r.bucket.Name(), l.unread[n].err))
			}
		}
	}
	sortObjects(s.tail)
	return s
}

// fetchedLog is what became of a log record: it was read, or it makes no sense (err), or it is not there (missing), or it cannot be read now (away).
type fetchedLog struct {
	record    *LogRecord
	err, away error
	missing   bool
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
				case errors.Is(err, ErrNotFound):
					f.err, f.missing = err, true
				case errors.Is(err, errLogRecordSize):
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
