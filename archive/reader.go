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
	// FooterCacheBytes bounds the memory of cached Parquet footers, estimated. Default: 64 MiB.
	FooterCacheBytes int64
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

// ScanRequest says what of a snapshot to visit.
type ScanRequest struct {
	// Start and End bound the event time: Start <= Timestamp < End, in nanoseconds since the Unix epoch.
	// An End of math.MaxInt64 is no end.
	Start, End int64
	// Descending visits the newest records first.
	Descending bool
	// Object keeps an object; nil keeps all. It is for what the commit log says of objects alone, such as the tenant.
	Object func(*ObjectMeta) bool
	// Service keeps a service; nil keeps all. It is used to skip objects unread.
	Service func(string) bool
	// Keep keeps a record; nil keeps all. It may be called from several goroutines at a time, in any order,
	// and for more records than are yielded. The record is valid during the call only.
	Keep func(*Record) bool
}

// ScanStats says what a scan did.
type ScanStats struct {
	ObjectsTotal   int   // in the snapshot
	ObjectsPruned  int   // skipped without reading
	ObjectsRead    int   // opened
	RowGroupsRead  int   // decoded
	BytesRead      int64 // compressed bytes fetched from the bucket
	RowsScanned    int64 // rows whose columns were decoded
	RowsYielded    int64
	RowsDuplicates int64 // dropped because their uid had been yielded
	// Errors are what could not be read: each names bucket, key and offset. The result is partial when there are any.
	Errors []error
}

// Partial reports whether something that may belong to the result could not be read.
func (s *ScanStats) Partial() bool { return len(s.Errors) > 0 }
