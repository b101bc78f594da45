// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"context"
	"errors"
	"math"
	"sync"
	"sync/atomic"
)

// ErrStop is returned by the callback of [Snapshot.Scan] to end the scan early without an error.
var ErrStop = errors.New("stop the scan")

// ReaderOptions bound what a [Reader] may use. The zero value means the defaults.
type ReaderOptions struct {
	// Parallelism is how many objects or row groups are fetched and decoded at a time by one scan.
	// Default: GOMAXPROCS.
	Parallelism int
	// QueryMemoryBytes bounds what the scans and counts of the reader hold at a time of the row groups under way, fetched
	// and decoded. Default: 512 MiB.
	QueryMemoryBytes int64
	// CacheBytes bounds the memory of the cache of footers, blocks of the index and decoded columns. Default: 256 MiB.
	CacheBytes int64
	// CountsByMinute keeps the objects' counts as the commit log has them. By default they are kept by service and
	// severity only (Minutes is 0), which takes a fraction of the memory.
	CountsByMinute bool
}

// Reader follows the commit log of one archive. It is safe for concurrent use.
type Reader struct {
	bucket  BucketReader
	opts    ReaderOptions
	footers *footerCache

	mu       sync.Mutex // held during Refresh
	position map[string]uint64
	pending  []string // log records that are to be read again
	snapshot atomic.Pointer[Snapshot]
}

// Snapshot is an immutable view of the live objects at one moment. Objects are never changed, so a scan of a
// snapshot sees the same records however often it is repeated.
type Snapshot struct {
	reader  *Reader
	objects []*ObjectMeta
	errs    []error // lasting, and what could not be read at the last Refresh
	lasting []error
	fresh   []*freshUnit // not committed yet; see WithFresh

	committed map[walKey]uint64 // highest entry of each write-ahead log
}

// Objects returns the live objects that may hold records of start <= Timestamp < end (an end of math.MaxInt64 is no
// end), ordered by MinTime, then Key. Where metadata must be fetched, it is, so this can take time and fail in part: the
// errors, [Snapshot.Errors] among them, say what the list may lack. Neither the slice nor the objects may be changed.
func (s *Snapshot) Objects(_ context.Context, start, end int64) ([]*ObjectMeta, []error) {
	var live []*ObjectMeta
	for _, o := range s.objects {
		if o.MaxTime >= start && (o.MinTime < end || end == math.MaxInt64) {
			live = append(live, o)
		}
	}
	return live, s.errs
}

// Len returns the number of live objects.
func (s *Snapshot) Len() int { return len(s.objects) }

// Errors returns what of the commit log could not be understood; scans repeat it in their statistics.
func (s *Snapshot) Errors() []error { return s.errs }
