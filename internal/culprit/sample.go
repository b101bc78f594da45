// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package culprit

import (
	"cmp"
	"math/bits"
	"slices"
	"strings"
	"sync"
	"unsafe"

	"github.com/cespare/xxhash/v2"

	"github.com/logboom/logboom/logql"
)

// Side is what a record belongs to.
type Side uint8

// The sides.
const (
	Baseline Side = iota
	Bad
)

const (
	// maxLineBytes is what is kept of a line.
	maxLineBytes = 4 << 10
	// maxLabels is how many labels are kept of a record, and maxValueBytes what is kept of the value of each.
	maxLabels     = 64
	maxValueBytes = 1 << 10
	// recordBytes is about what a record takes beside its texts, labels and what is found in it.
	recordBytes = 200
	// usualName and usualStream are how long the name of a label and all the labels of a stream are at most, in bytes, to be taken for
	// shared with other records, which costs nothing.
	usualName, usualStream = 32, 512
	chunkBytes             = 256 << 10
)

// Record is a record of the sample. Its strings are the sample's.
type Record struct {
	Time     int64
	Stream   logql.Labels // shared by the records of a stream
	Metadata logql.Labels
	Line     string // at most 4 KiB of it
	Bytes    int    // of the line, whole
	Side     Side

	parsed  logql.Labels // by the query's own parser
	service string
	rank    uint8
}

// Sample holds records of both sides, for one analysis. Parts collect it, in several goroutines.
//
// Where there is no room for all records of a side, whole requests are left out: half of them, and half of the rest, until the others have room.
// Which those are does not depend on the order in which records come.
type Sample struct {
	maxBytes int64 // of each side
	mu       sync.Mutex
	rooms    [2]room
	parts    []*Part
}

// room is what one side takes.
type room struct {
	bytes [maxRank + 1]int64 // by rank
	used  int64              // of those that are kept
	least int                // rank that is kept
}

// NewSample makes an empty sample that takes at most about so many bytes, half of them for each side. The analysis takes less than that.
func NewSample(maxBytes int64) *Sample { return &Sample{maxBytes: maxBytes / 2} }

// admit makes room for a record; false: it is not to be kept. thin says that others are not to be kept any more.
func (s *Sample) admit(side Side, rank uint8, size int64) (ok, thin bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := &s.rooms[side]
	if int(rank) < r.least {
		return false, false
	}
	r.bytes[rank] += size
	r.used += size
	for r.used > s.maxBytes {
		rest := r.used - r.bytes[r.least]
		if rest == 0 { // all is one request: what comes first stays
			r.bytes[rank] -= size
			r.used -= size
			return false, thin
		}
		r.used, thin = rest, true
		r.least++
	}
	return int(rank) >= r.least, thin
}

// thin drops what is not to be kept any more.
func (s *Sample) thin(side Side) {
	s.mu.Lock()
	parts, least := slices.Clone(s.parts), s.rooms[side].least
	s.mu.Unlock()
	for _, p := range parts {
		p.thin(side, least)
	}
}

// maxRank is the highest rank: half of the requests have 0, half of the others 1, and so on.
const maxRank = 31

// rankOf tells which records are left out first. Those of a request are left out together: what they have to do with each other is what
// a cause is found by.
func rankOf(time int64, metadata logql.Labels, line string) uint8 {
	for i := range metadata {
		if l := &metadata[i]; (l.Name == "trace_id" || l.Name == "request_id") && l.Value != "" {
			return rankOfHash(xxhash.Sum64String(l.Value))
		}
	}
	h := xxhash.Sum64String(line) ^ uint64(time)*0x9e3779b97f4a7c15 //nolint:gosec // bits
	for i := range metadata {
		h = h*31 + xxhash.Sum64String(metadata[i].Value)
	}
	return rankOfHash(h)
}

func rankOfHash(h uint64) uint8 {
	h ^= h >> 32
	h *= 0xd6e8feb86659fd93
	return uint8(min(bits.LeadingZeros64(h), maxRank)) //nolint:gosec // at most 31
}

// Part is what one goroutine collects.
type Part struct {
	s       *Sample
	mu      sync.Mutex // of what follows: another goroutine may thin it
	records []Record
	seen    [2]int64
	chunk   []byte
	labels  []logql.Label
	names   map[string]string
	streams map[string]stream
	key     []byte
}

type stream struct {
	labels  logql.Labels
	service string
}

// NewPart makes a part for one goroutine. Safe for concurrent use.
func (s *Sample) NewPart() *Part {
	p := &Part{s: s, names: map[string]string{}, streams: map[string]stream{}}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.parts = append(s.parts, p)
	return p
}

// Seen returns how many records of a side were added, and Kept how many of them there was room for.
func (s *Sample) Seen(side Side) (n int64) {
	for _, p := range s.parts {
		n += p.seen[side]
	}
	return n
}

// Kept returns how many records of a side are in the sample.
func (s *Sample) Kept(side Side) (n int64) {
	for _, p := range s.parts {
		for i := range p.records {
			if p.records[i].Side == side {
				n++
			}
		}
	}
	return n
}

// Add takes a record, which shares no memory with the sample afterwards. parsed are the labels that a pipeline made of the line.
// false says that there is no room for it. A record that there is room for may be left out later.
func (p *Part) Add(side Side, time int64, stream, metadata, parsed logql.Labels, line string) bool {
	size := int64(recordBytes + min(len(line), maxLineBytes))
	for _, list := range [2]logql.Labels{metadata, parsed} {
		for i := range list[:min(len(list), maxLabels)] {
			size += int64(32 + min(len(list[i].Value), maxValueBytes) + max(len(list[i].Name)-usualName, 0))
		}
	}
	size += max(streamBytes(stream)-usualStream, 0)
	rank := rankOf(time, metadata, line)
	ok, thin := p.add(size, Record{
		Time: time, Stream: stream, Metadata: metadata, parsed: parsed, Line: line, Bytes: len(line), Side: side, rank: rank,
	})
	if thin {
		p.s.thin(side)
	}
	return ok
}

func streamBytes(list logql.Labels) (n int64) {
	for i := range list {
		n += int64(32 + len(list[i].Name) + len(list[i].Value))
	}
	return n
}

// add takes a record if there is room for it, and makes its texts the part's own.
func (p *Part) add(size int64, r Record) (ok, thin bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seen[r.Side]++
	if ok, thin = p.s.admit(r.Side, r.rank, size); ok {
		st := p.stream(r.Stream)
		r.Stream, r.service = st.labels, st.service
		p.take(&r)
	}
	return ok, thin
}

// take appends a record with texts of its own.
func (p *Part) take(r *Record) {
	r.Line, r.Metadata, r.parsed = p.keep(r.Line, maxLineBytes), p.keepLabels(r.Metadata), p.keepLabels(r.parsed)
	p.records = append(p.records, *r)
}

// thin drops the records of a side whose rank is too low. The others move to memory of their own.
func (p *Part) thin(side Side, least int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	old := p.records
	p.records, p.chunk, p.labels = nil, nil, nil
	for i := range old {
		if r := &old[i]; r.Side != side || int(r.rank) >= least {
			p.take(r)
		}
		old[i] = Record{}
	}
}

// keep copies a text.
func (p *Part) keep(s string, limit int) string {
	if s == "" {
		return ""
	}
	if len(s) > limit {
		s = strings.ToValidUTF8(s[:limit], "")
		if s == "" {
			return ""
		}
	}
	if len(p.chunk)+len(s) > cap(p.chunk) {
		p.chunk = make([]byte, 0, chunkBytes)
	}
	at := len(p.chunk)
	p.chunk = append(p.chunk, s...)
	return unsafe.String(&p.chunk[at], len(s)) // is not written to again
}

func (p *Part) name(s string) string {
	if n, ok := p.names[s]; ok {
		return n
	}
	n := strings.Clone(s)
	if len(p.names) < 10_000 {
		p.names[n] = n
	}
	return n
}

func (p *Part) keepLabels(list logql.Labels) logql.Labels {
	if len(list) == 0 {
		return nil
	}
	list = list[:min(len(list), maxLabels)]
	if len(p.labels)+len(list) > cap(p.labels) {
		p.labels = make([]logql.Label, 0, max(4096, len(list)))
	}
	at := len(p.labels)
	for _, l := range list {
		p.labels = append(p.labels, logql.Label{Name: p.name(l.Name), Value: p.keep(l.Value, maxValueBytes)})
	}
	return p.labels[at:len(p.labels):len(p.labels)]
}

// serviceLabel is the stream label of the service.
const serviceLabel = "service_name"

func (p *Part) stream(list logql.Labels) stream {
	p.key = p.key[:0]
	for _, l := range list {
		p.key = append(append(append(append(p.key, l.Name...), 0xff), l.Value...), 0xfe)
	}
	if st, ok := p.streams[string(p.key)]; ok {
		return st
	}
	st := stream{labels: list.Clone()}
	st.service = st.labels.Get(serviceLabel)
	if len(p.streams) < 20_000 {
		p.streams[string(p.key)] = st
	}
	return st
}

// sorted returns the records of all parts in the order of time; those of equal times in an order that does not depend on which
// part they came by.
func (s *Sample) sorted() []*Record {
	n := 0
	for _, p := range s.parts {
		n += len(p.records)
	}
	out := make([]*Record, 0, n)
	for _, p := range s.parts {
		for i := range p.records {
			out = append(out, &p.records[i])
		}
	}
	slices.SortFunc(out, func(a, b *Record) int {
		if c := cmp.Compare(a.Time, b.Time); c != 0 {
			return c
		}
		return cmp.Or(
			cmp.Compare(a.service, b.service), cmp.Compare(a.Line, b.Line), slices.CompareFunc(a.Metadata, b.Metadata, compareLabels),
			slices.CompareFunc(a.Stream, b.Stream, compareLabels), slices.CompareFunc(a.parsed, b.parsed, compareLabels),
			cmp.Compare(a.Side, b.Side), cmp.Compare(a.Bytes, b.Bytes),
		)
	})
	return out
}

func compareLabels(a, b logql.Label) int {
	return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Value, b.Value))
}
