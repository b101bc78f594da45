// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"cmp"
	"container/heap"
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"
)

// MergerOptions configure a [Merger]. The zero value means the defaults.
type MergerOptions struct {
	// Compression of the objects that it makes. Default: [CompressionDefault].
	Compression Compression
	// TargetBytes is about how large they become. Default: 256 MiB.
	TargetBytes int64
	// MemoryBytes bounds what a merge may hold, see [Merger.Fit]. Default: 1 GiB; at least twice TargetBytes.
	MemoryBytes int64
}

// MergeRequest says what to merge.
type MergeRequest struct {
	// Inputs are live objects of one partition: one directory, one tenant, all displaced or none.
	Inputs []*ObjectMeta
	// Checkpoint is the number of the checkpoint that is to name the outputs.
	Checkpoint uint64
	// Keep says which records stay; nil: all. The record is valid during the call only.
	Keep func(*Record) bool
	// KeepBasics says that Keep looks at Timestamp, ServiceName, SeverityNumber and SeverityText alone, which is faster.
	KeepBasics bool
}

// MergeStats say what a merge did.
type MergeStats struct {
	RowsRead, RowsWritten, RowsDuplicate, RowsDropped int64
	// BytesRead and BytesWritten are of data objects.
	BytesRead, BytesWritten int64
	Objects                 int
	// HeldBytes is the most that decoded row groups took at a time.
	HeldBytes int64
}

// ErrMergeMemory is returned (wrapped) when the inputs of a merge need more memory than it may hold.
var ErrMergeMemory = errors.New("inputs need more memory than a merge may hold")

// Merger writes data objects of a partition anew: together, in the order of time, each record that came twice once, and with
// the index, the counts and the promoted columns that belong to them. Nothing else about a record changes. It is for
// one goroutine, and keeps its memory from merge to merge.
type Merger struct {
	bucket  BucketReader
	opts    MergerOptions
	writer  objectWriter
	decoder batchDecoder
	opened  map[string]*objectFile // by Fit, for Merge
}

// NewMerger returns a merger of objects in that bucket.
func NewMerger(b BucketReader, opts MergerOptions) *Merger {
	opts.TargetBytes = cmp.Or(opts.TargetBytes, 256<<20)
	opts.MemoryBytes = max(cmp.Or(opts.MemoryBytes, 1<<30), 2*opts.TargetBytes)
	return &Merger{bucket: b, opts: opts}
}

// mergeInput is an object to be merged.
type mergeInput struct {
	meta *ObjectMeta
	file *objectFile
}

// mergeGroup is a row group of an input.
type mergeGroup struct {
	input    *mergeInput
	group    int
	min, max int64
	memory   int64
}

// Directory is the part of the key that says to which partition the object belongs, with its last slash.
func (m *ObjectMeta) Directory() string {
	dir, _ := path.Split(m.Key)
	return dir
}

// Hour is the hour of the object's partition, as its directory says; ok is false for a key that is not of the format.
func (m *ObjectMeta) Hour() (hour time.Time, ok bool) {
	dir := strings.TrimSuffix(m.Directory(), "/")
	at := strings.LastIndex(dir, "date=")
	if at < 0 {
		return time.Time{}, false
	}
	hour, err := time.Parse("date=2006-01-02/hour=15", dir[at:])
	return hour, err == nil
}

// openers is how many footers are read at a time.
const openers = 8

// open reads the footers of inputs, which must be of one partition; n is how many could be read, from the first on.
func (m *Merger) open(ctx context.Context, metas []*ObjectMeta) (inputs []*mergeInput, n int, err error) {
	inputs = make([]*mergeInput, len(metas))
	errs := make([]error, len(metas))
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(openers, len(metas)) {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(metas); i = int(next.Add(1)) - 1 {
				meta := metas[i]
				file := m.opened[meta.Key]
				if file == nil {
					file, errs[i] = m.openInput(ctx, meta)
				}
				inputs[i] = &mergeInput{meta, file}
			}
		})
	}
	wg.Wait()
	for i, err := range errs {
		if err != nil {
			return inputs[:i], i, err
		}
	}
	return inputs, len(metas), nil
}

func samePartition(metas []*ObjectMeta) error {
	for _, meta := range metas {
		first := metas[0]
		if meta.Directory() != first.Directory() || meta.Tenant != first.Tenant || meta.Displaced != first.Displaced {
			return fmt.Errorf("%q and %q are not of one partition", first.Key, meta.Key)
		}
	}
	return nil
}

func (m *Merger) openInput(ctx context.Context, meta *ObjectMeta) (*objectFile, error) {
	offset := meta.Bytes - meta.TailBytes
	tail, err := readFull(ctx, m.bucket, meta.Key, offset, meta.TailBytes)
	if err == nil {
		var file *objectFile
		if file, err = openObject(meta, tail); err == nil {
			return file, nil
		}
	}
	return nil, &ObjectError{Bucket: m.bucket.Name(), Key: meta.Key, Offset: offset, Err: err}
}

// groupsOf returns the row groups of inputs in the order in which they are needed.
func groupsOf(inputs []*mergeInput) []mergeGroup {
	var groups []mergeGroup
	for _, in := range inputs {
		for i := range in.file.groups {
			g := &in.file.groups[i]
			groups = append(groups, mergeGroup{in, i, g.minTime, g.maxTime, groupMemory(in.file, i)})
		}
	}
	slices.SortStableFunc(groups, func(a, b mergeGroup) int { return cmp.Compare(a.min, b.min) })
	return groups
}

// groupMemory is about what a decoded row group takes: its rows, their texts, and its compressed bytes while they are decoded.
func groupMemory(o *objectFile, i int) int64 {
	const row, attribute = int64(unsafe.Sizeof(batchRow{})) + 4, int64(unsafe.Sizeof(batchAttribute{}))
	attributes := max(o.file.RowGroups()[i].ColumnChunks()[colLogAttributes].NumValues(), 0)
	return min(o.groups[i].rows, maxRowGroupRows)*row + min(attributes, maxGroupBytes)*attribute + textHint(o, i) + o.groups[i].sum.Bytes
}

// held is the most that inputs take at a time when they are merged: their footers; the row groups whose times overlap, which
// are open together, twice, because one stays until the last row with it is written; the one that is decoded ahead; and
// those that are kept for their memory.
func held(inputs []*mergeInput) int64 {
	footers := int64(0)
	for _, in := range inputs {
		footers += footerExpansion*in.meta.TailBytes + 1024
	}
	groups := groupsOf(inputs)
	var open groupHeap
	sum, most, largest := int64(0), int64(0), int64(0)
	for i := range groups {
		for len(open) > 0 && open[0].max < groups[i].min {
			sum -= heap.Pop(&open).(*mergeGroup).memory
		}
		heap.Push(&open, &groups[i])
		sum += groups[i].memory
		most, largest = max(most, sum), max(largest, groups[i].memory)
	}
	return footers + 2*most + (2+maxFreeBatches)*largest
}

// groupHeap has the row group first that ends first.
type groupHeap []*mergeGroup

func (h groupHeap) Len() int           { return len(h) }
func (h groupHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h groupHeap) Less(i, j int) bool { return h[i].max < h[j].max }
func (h *groupHeap) Push(x any)        { *h = append(*h, x.(*mergeGroup)) }
func (h *groupHeap) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}

// fixedMemory is what a merge needs besides: the object under way, which ends with the row group that makes it half as large again as the
// target, and one row group taken apart.
func (m *Merger) fixedMemory() int64 { return m.opts.TargetBytes*3/2 + rowGroupBytes/2 }

// Fit returns how many of the inputs, from the first on, can be merged at a time within the memory of the options: what is
// fixed, a target and a half and 32 MiB, and what [held] says of the inputs. In the order of MinTime they overlap least.
// It is at least 1. More are merged in rounds: objects that come out of a merge overlap little. With an error, it is how many
// can be read before the first that cannot.
func (m *Merger) Fit(ctx context.Context, metas []*ObjectMeta) (int, error) {
	const step = 64
	m.opened = map[string]*objectFile{}
	var inputs []*mergeInput
	fits := func(n int) bool { return n <= 1 || held(inputs[:n]) <= m.opts.MemoryBytes-m.fixedMemory() }
	for len(inputs) < len(metas) {
		done := len(inputs)
		more, n, err := m.open(ctx, metas[done:min(done+step, len(metas))])
		inputs = append(inputs, more...)
		for _, in := range more {
			m.opened[in.meta.Key] = in.file
		}
		if !fits(len(inputs)) { // find the last that does
			return done + sort.Search(len(inputs)-done, func(i int) bool { return !fits(done + i + 1) }), nil
		}
		if err != nil {
			return done + n, fmt.Errorf("merge objects: %w", err)
		}
	}
	return len(metas), nil
}

// Merge writes the inputs anew and passes each object on when it is ready; they follow each other in time. It stops at the
// first error. Equal requests to new mergers give equal objects. When nothing is kept there are none.
func (m *Merger) Merge(ctx context.Context, req MergeRequest, yield func(Object) error) (MergeStats, error) {
	if len(req.Inputs) == 0 {
		return MergeStats{}, nil
	}
	err := samePartition(req.Inputs)
	if err != nil {
		return MergeStats{}, fmt.Errorf("merge objects: %w", err)
	}
	defer func() { m.opened = nil }()
	inputs, _, err := m.open(ctx, req.Inputs)
	if err != nil {
		return MergeStats{}, fmt.Errorf("merge objects: %w", err)
	}
	if len(inputs) > 1 && held(inputs) > m.opts.MemoryBytes-m.fixedMemory() {
		return MergeStats{}, fmt.Errorf("merge objects: %w", ErrMergeMemory)
	}
	groups := groupsOf(inputs)
	run := newMergeRun(m, &req, yield)
	defer m.writer.columns.forget()
	err = run.run(ctx, groups)
	if err != nil {
		err = fmt.Errorf("merge objects: %w", err)
	}
	return run.stats, err
}
