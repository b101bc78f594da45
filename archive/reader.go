// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"context"
	"errors"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// ErrStop is returned by the callback of [Snapshot.Scan] to end the scan early without an error.
var ErrStop = errors.New("stop the scan")

// ReaderOptions bound what a [Reader] may use. The zero value means the defaults.
type ReaderOptions struct {
	// Parallelism is how many objects or row groups are fetched and decoded at a time by one scan. How many of these
	// compute at a time is bounded for all readers of the process, by GOMAXPROCS.
	// Default: GOMAXPROCS.
	Parallelism int
	// QueryMemoryBytes bounds what a scan or a count holds at a time of the row groups under way, fetched and decoded, and
	// of records. A row group that needs more alone is read alone. Default: 512 MiB.
	QueryMemoryBytes int64
	// MemoryBytes bounds what all scans and counts of the reader hold so at a time, together; who needs more waits for others to
	// end. Default: twice QueryMemoryBytes.
	MemoryBytes int64
	// CacheBytes bounds the memory of the cache of footers, blocks of the index and decoded columns. Default: 256 MiB.
	CacheBytes int64
	// ManifestCacheBytes bounds the memory of the metadata of objects that checkpoints list. Default: 64 MiB.
	ManifestCacheBytes int64
	// ListInterval is how often a Refresh lists the commit log, to find writers that are new or were silent for long. A
	// negative one means every Refresh. Default: 30 s.
	ListInterval time.Duration
	// CountsByMinute keeps the objects' counts as the commit log has them. By default they are kept by service and
	// severity only (Minutes is 0), which takes a fraction of the memory.
	CountsByMinute bool
}

// Reader follows the commit log of one archive. It is safe for concurrent use.
type Reader struct {
	bucket    BucketReader
	opts      ReaderOptions
	cache     *cache
	manifests *manifestCache
	memory    *budget // of all queries
	turns     *turns
	now       func() time.Time
	strict    bool // trust no clock; set by tests

	mu        sync.Mutex // held during Refresh
	confirmed time.Time  // the snapshot's checkpoint was the newest
	listed    time.Time
	active    map[string]time.Time // when a record of a writer was found last
	snapshot  atomic.Pointer[Snapshot]
}

// Snapshot is an immutable view of the live objects at one moment. Objects are never changed, so a scan of a
// snapshot sees the same records however often it is repeated.
type Snapshot struct {
	reader  *Reader
	base    *Checkpoint // nil: there is none yet
	writers map[string]*writerLog
	tail    []*ObjectMeta // of the records behind the checkpoint
	errs    []error
	fresh   []*freshUnit // not committed yet; see WithFresh
	tenants tenantSet
}

// Objects returns the live objects that may hold records of start <= Timestamp < end (an end of math.MaxInt64 is no
// end), ordered by MinTime, then Key. Where metadata must be fetched, it is, so this can take time and fail in part: the
// errors, [Snapshot.Errors] among them, say what the list may lack. Neither the slice nor the objects may be changed.
func (s *Snapshot) Objects(ctx context.Context, start, end int64) (live []*ObjectMeta, errs []error) {
	errs = slices.Clip(s.errs)
	keep := func(list []*ObjectMeta) {
		for _, o := range list {
			if o.MaxTime >= start && (o.MinTime < end || end == math.MaxInt64) && s.tenants.has(o.Tenant) {
				live = append(live, o)
			}
		}
	}
	if s.base != nil {
		var refs []*ManifestRef
		for i := range s.base.Manifests {
			if ref := &s.base.Manifests[i]; ref.overlaps(start, end) {
				refs = append(refs, ref)
			}
		}
		lists, failed := s.reader.loadManifests(ctx, refs)
		errs = append(errs, failed...)
		for _, list := range lists {
			keep(list)
		}
	}
	keep(s.tail)
	sortObjects(live)
	return live, errs
}

// Len returns the number of live objects.
func (s *Snapshot) Len() int {
	n := len(s.tail)
	if s.base != nil {
		for i := range s.base.Manifests {
			n += int(s.base.Manifests[i].Objects)
		}
	}
	return n
}

// Checkpoint is what the snapshot is based on; nil: there is none yet. It must not be changed.
func (s *Snapshot) Checkpoint() *Checkpoint { return s.base }

// NextCheckpoint is the number of the checkpoint that can follow.
func (s *Snapshot) NextCheckpoint() uint64 {
	if s.base == nil {
		return 1
	}
	return s.base.Number + 1
}

// Uncheckpointed is the number of log records that the next checkpoint would have.
func (s *Snapshot) Uncheckpointed() (n int) {
	for _, l := range s.writers {
		n += len(l.consumable())
	}
	return n
}

// WriterState is the highest epoch in the log of a writer, and the highest wal.to of the commits of that epoch. An object of
// a lower epoch, or of entries up to there, that no commit names, is an orphan for good.
func (s *Snapshot) WriterState(writer string) (epoch, to uint64) {
	l := s.writers[writer]
	if l == nil {
		return 0, 0
	}
	p := l.position
	for _, part := range l.consumable() {
		p.absorb(part.record, 0)
	}
	return p.Epoch, p.EpochTo
}

// Committed is the highest entry of a writer's write-ahead log that the snapshot's commits cover, and with it all before
// it; 0 when there is none.
func (s *Snapshot) Committed(writer, walID string) uint64 {
	if l := s.writers[writer]; l != nil {
		return l.committed(walID)
	}
	return 0
}

// Errors returns what of the commit log could not be understood; scans repeat it in their statistics.
func (s *Snapshot) Errors() []error { return s.errs }
