// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package culprit

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"unsafe"

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
	chunkBytes  = 256 << 10
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
}

// Sample holds records of both sides, for one analysis. Parts collect it, in several goroutines.
type Sample struct {
	maxBytes int64 // of each side
	used     [2]atomic.Int64
	mu       sync.Mutex
	parts    []*Part
}

// NewSample makes an empty sample that takes at most so many bytes, half of them for each side. The analysis takes less than that.
func NewSample(maxBytes int64) *Sample { return &Sample{maxBytes: maxBytes / 2} }

// Part is what one goroutine collects.
type Part struct {
	s       *Sample
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
// false says that there is no more room.
func (p *Part) Add(side Side, time int64, stream, metadata, parsed logql.Labels, line string) bool {
	p.seen[side]++
	size := int64(recordBytes + min(len(line), maxLineBytes))
	for _, list := range [2]logql.Labels{metadata, parsed} {
		for i := range list[:min(len(list), maxLabels)] {
			size += 32 + int64(min(len(list[i].Value), maxValueBytes))
		}
	}
	if p.s.used[side].Add(size) > p.s.maxBytes {
		p.s.used[side].Add(-size)
		return false
	}
	st := p.stream(stream)
	p.records = append(p.records, Record{
		Time: time, Stream: st.labels, service: st.service, Metadata: p.keepLabels(metadata), parsed: p.keepLabels(parsed),
		Line: p.keep(line, maxLineBytes), Bytes: len(line), Side: side,
	})
	return true
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
		return cmp.Or(cmp.Compare(a.service, b.service), cmp.Compare(a.Line, b.Line), slices.CompareFunc(a.Metadata, b.Metadata, compareLabels))
	})
	return out
}

func compareLabels(a, b logql.Label) int {
	return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Value, b.Value))
}
