// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
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

// open reads the footers of inputs, which must be of one partition.
func (m *Merger) open(ctx context.Context, metas []*ObjectMeta) ([]*mergeInput, error) {
	inputs := make([]*mergeInput, 0, len(metas))
	for _, meta := range metas {
		first := metas[0]
		if meta.Directory() != first.Directory() || meta.Tenant != first.Tenant || meta.Displaced != first.Displaced {
			return nil, fmt.Errorf("merge objects: %q and %q are not of one partition", first.Key, meta.Key)
		}
		file, err := m.openInput(ctx, meta)
		if err != nil {
			return nil, fmt.Errorf("merge objects: %w", err)
		}
		inputs = append(inputs, &mergeInput{meta, file})
	}
	return inputs, nil
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

// held is the most that row groups take at a time when they are merged: those whose times overlap, which are open
// together, twice, because a row group stays until the last row group with a row of it is written; and the one that is
// decoded ahead.
func held(groups []mergeGroup) int64 {
	most, largest := int64(0), int64(0)
	for i := range groups {
		sum := int64(0)
		for j := range i + 1 {
			if groups[j].max >= groups[i].min {
				sum += groups[j].memory
			}
		}
		most, largest = max(most, sum), max(largest, groups[i].memory)
	}
	return 2*most + largest
}

// fixedMemory is what a merge needs besides: the object under way, which ends with the row group that makes it half as large again as the
// target, and one row group taken apart.
func (m *Merger) fixedMemory() int64 { return m.opts.TargetBytes*3/2 + rowGroupBytes/2 }

// Fit returns how many of the inputs, from the first on, can be merged at a time within the memory of the options: what is
// fixed, a target and a half, and what [held] says of their row groups. Inputs in the order of MinTime overlap least.
// It is at least 1. More are merged in rounds: objects that come out of a merge overlap little.
func (m *Merger) Fit(ctx context.Context, metas []*ObjectMeta) (int, error) {
	var inputs []*mergeInput
	for i, meta := range metas {
		file, err := m.openInput(ctx, meta)
		if err != nil {
			return i, err
		}
		inputs = append(inputs, &mergeInput{meta, file})
		if i > 0 && held(groupsOf(inputs)) > m.opts.MemoryBytes-m.fixedMemory() {
			return i, nil
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
	inputs, err := m.open(ctx, req.Inputs)
	if err != nil {
		return MergeStats{}, err
	}
	groups := groupsOf(inputs)
	if len(inputs) > 1 && held(groups) > m.opts.MemoryBytes-m.fixedMemory() {
		return MergeStats{}, fmt.Errorf("merge objects: %w", ErrMergeMemory)
	}
	run := newMergeRun(m, &req, yield)
	defer m.writer.columns.forget()
	err = run.run(ctx, groups)
	if err != nil {
		err = fmt.Errorf("merge objects: %w", err)
	}
	return run.stats, err
}
