// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"fmt"
	"time"
)

// ScanStats says what a scan or a count did.
type ScanStats struct {
	ObjectsTotal   int   // in the snapshot, as far as it had to be looked at
	BytesTotal     int64 // of these objects
	ObjectsPruned  int   // skipped without reading, by what the commit log says
	BytesPruned    int64 // of these objects
	ObjectsCounted int   // counted without reading, by the counts of the commit log
	ObjectsRead    int   // opened

	RowGroupsTotal  int             // of the objects that were opened
	RowGroupsPruned RowGroupsPruned // of these, skipped
	RowGroupsRead   int             // some of their columns were decoded

	BytesRead      int64 // compressed bytes fetched from the bucket
	BytesUsed      int64 // BytesRead, and what the cache saved of it
	RowsScanned    int64 // rows of the row groups read
	BodiesScanned  int64 // rows whose bodies were looked at
	RowsYielded    int64 // or counted
	RowsDuplicates int64 // dropped because their uid had been yielded

	Requests  int64 // to the bucket
	CacheHits int64 // requests saved, or pages not decoded, thanks to the cache

	// Time per stage, added up over the goroutines that work at the same time: Plan is choosing objects and row groups,
	// Index looking things up in the index, Fetch waiting for the bucket, Decode making values of bytes, Filter applying
	// the conditions.
	Plan, Index, Fetch, Decode, Filter time.Duration
	// MemoryBytes is the most that was reserved of the memory budget at a time.
	MemoryBytes int64

	// Errors are what could not be read: each names bucket, key and offset. The result is partial when there are any.
	Errors []error
}

// RowGroupsPruned counts row groups that were skipped, by the first reason found.
type RowGroupsPruned struct {
	Time, Service, Severity, Values int
	Index                           int // by tokens or shapes
}

// Total is the sum.
func (p RowGroupsPruned) Total() int { return p.Time + p.Service + p.Severity + p.Values + p.Index }

func (p *RowGroupsPruned) add(o RowGroupsPruned) {
	p.Time += o.Time
	p.Service += o.Service
	p.Severity += o.Severity
	p.Values += o.Values
	p.Index += o.Index
}

// Partial reports whether something that may belong to the result could not be read.
func (s *ScanStats) Partial() bool { return len(s.Errors) > 0 }

// maxScanErrors bounds the errors that a scan collects.
const maxScanErrors = 100

// Add adds what another scan did.
func (s *ScanStats) Add(o *ScanStats) {
	s.ObjectsTotal = max(s.ObjectsTotal, o.ObjectsTotal)
	s.BytesTotal = max(s.BytesTotal, o.BytesTotal)
	s.ObjectsPruned += o.ObjectsPruned
	s.BytesPruned += o.BytesPruned
	s.ObjectsCounted += o.ObjectsCounted
	s.ObjectsRead += o.ObjectsRead
	s.RowGroupsTotal += o.RowGroupsTotal
	s.RowGroupsPruned.add(o.RowGroupsPruned)
	s.RowGroupsRead += o.RowGroupsRead
	s.BytesRead += o.BytesRead
	s.BytesUsed += o.BytesUsed
	s.RowsScanned += o.RowsScanned
	s.BodiesScanned += o.BodiesScanned
	s.RowsYielded += o.RowsYielded
	s.RowsDuplicates += o.RowsDuplicates
	s.Requests += o.Requests
	s.CacheHits += o.CacheHits
	s.Plan += o.Plan
	s.Index += o.Index
	s.Fetch += o.Fetch
	s.Decode += o.Decode
	s.Filter += o.Filter
	s.MemoryBytes = max(s.MemoryBytes, o.MemoryBytes)
	for _, err := range o.Errors {
		s.fail(err)
	}
}

func (s *ScanStats) fail(err error) {
	if len(s.Errors) < maxScanErrors {
		s.Errors = append(s.Errors, err)
	}
}

// String says what the scan did, for people.
func (s ScanStats) String() string {
	return fmt.Sprintf("objects %d (pruned %d, counted %d, read %d), row groups %d (pruned %d, read %d), bytes %d in %d requests, "+
		"cache hits %d, rows scanned %d, bodies %d, yielded %d, duplicates %d, plan %v, index %v, fetch %v, decode %v, filter %v, memory %d, errors %d",
		s.ObjectsTotal, s.ObjectsPruned, s.ObjectsCounted, s.ObjectsRead, s.RowGroupsTotal, s.RowGroupsPruned.Total(), s.RowGroupsRead,
		s.BytesRead, s.Requests, s.CacheHits, s.RowsScanned, s.BodiesScanned, s.RowsYielded, s.RowsDuplicates,
		s.Plan, s.Index, s.Fetch, s.Decode, s.Filter, s.MemoryBytes, len(s.Errors))
}
