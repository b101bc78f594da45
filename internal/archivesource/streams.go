// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivesource

import (
	"context"
	"errors"
	"math"
	"strconv"

	"github.com/logboom/logboom/archive"
	"github.com/logboom/logboom/logql"
)

// maxStreamsBytes bounds the label sets that Streams remembers, and with it what its callers make of them.
const maxStreamsBytes = 64 << 20

// streamSet knows the streams that were seen. Resources that differ in what is no label are one stream.
type streamSet struct {
	limit, bytes int
	resources    map[*stream]struct{} // a short way for resources that the mapper knows
	labels       map[string]struct{}
}

func newStreamSet(limit int) *streamSet {
	return &streamSet{limit: limit, resources: map[*stream]struct{}{}, labels: map[string]struct{}{}}
}

// isNew reports whether the labels were not seen before; an error says that there are too many.
func (set *streamSet) isNew(st *stream, cached bool) (bool, error) {
	if _, ok := set.resources[st]; ok {
		return false, nil
	}
	if cached {
		if len(set.resources) >= maxCachedStreams {
			clear(set.resources)
		}
		set.resources[st] = struct{}{}
	}
	key := st.labels.String()
	if _, ok := set.labels[key]; ok {
		return false, nil
	}
	if len(set.labels) >= set.limit {
		return false, tooManyStreams(set.limit)
	}
	if set.bytes += len(key); set.bytes > maxStreamsBytes {
		return false, &logql.LimitError{Msg: "more than " + strconv.Itoa(maxStreamsBytes>>20) + " MiB of stream labels in this time range: narrow the range or the selector"}
	}
	set.labels[key] = struct{}{}
	return true, nil
}

func tooManyStreams(limit int) error {
	return &logql.LimitError{Msg: "more than " + strconv.Itoa(limit) + " streams in this time range: narrow the range or the selector"}
}

// streamsOf finds the streams of resources, one after the other; most have that of the one before.
type streamsOf struct {
	conv   *converter
	record archive.Record
}

func (s *Source) streamsOf(ms []*logql.Matcher) *streamsOf {
	return &streamsOf{conv: s.converter(&logql.SelectRequest{Matchers: ms})}
}

// of returns the stream of a resource, and whether the matchers keep it.
func (s *streamsOf) of(r *archive.Resource) (st *stream, kept bool) {
	s.record.ServiceName, s.record.ResourceAttributes = r.Service, r.Attributes
	st = s.conv.streamOf(&s.record)
	return st, s.conv.lastOK
}

// cached reports whether the mapper keeps the last stream.
func (s *streamsOf) cached() bool { return len(s.conv.lastKey) <= maxCachedStreamBytes }

// Streams calls visit with the distinct streams of a time range that pass the matchers, in no order. The range is taken as exactly
// as the archive counts resources: to the minute, mostly. More than limit streams are a [logql.LimitError].
func (s *Source) Streams(ctx context.Context, start, end int64, ms []*logql.Matcher, limit int, visit func(logql.Labels)) error {
	set := newStreamSet(limit)
	of := s.streamsOf(ms)
	return s.resources(ctx, start, end, ms, false, nil, func(_ *archive.ObjectMeta, counts *archive.ResourceCounts) error {
		return eachIn(counts, start, end, func(i int, _ []archive.ResourceCell) error {
			st, kept := of.of(&counts.Resources[i])
			if !kept {
				return nil
			}
			isNew, err := set.isNew(st, of.cached())
			if err == nil && isNew {
				visit(st.labels)
			}
			return err
		})
	})
}

// resources calls visit with the resources of all objects of a range that may have streams that pass the matchers.
func (s *Source) resources(ctx context.Context, start, end int64, ms []*logql.Matcher, bytes bool, object func(*archive.ObjectMeta) bool,
	visit func(*archive.ObjectMeta, *archive.ResourceCounts) error,
) error {
	c := s.mapper.conditions(ms, nil)
	if c.none {
		return nil
	}
	req := archive.ResourceRequest{Start: start, End: end, Service: c.service, Object: object, Bytes: bytes}
	var scan archive.ScanRequest
	s.bound(&scan)
	req.MaxBytes = scan.MaxBytes
	stats, err := s.snapshot.EachResources(ctx, req, visit)
	s.add(stats)
	if errors.Is(err, archive.ErrTooManyResources) {
		err = &logql.LimitError{Msg: "too many distinct resources in an object of this time range"}
	}
	return s.failure(err)
}

// eachIn calls visit with each resource that has rows in a time range, as far as its cells tell, and all its cells.
func eachIn(counts *archive.ResourceCounts, start, end int64, visit func(i int, cells []archive.ResourceCell) error) error {
	whole := counts.MinTime >= start && (counts.MaxTime < end || end == math.MaxInt64)
	cells := counts.Cells
	for len(cells) > 0 {
		n, in := 0, whole
		for n < len(cells) && cells[n].Resource == cells[0].Resource {
			if !in {
				from, to := counts.Times(&cells[n])
				in = to >= start && (from < end || end == math.MaxInt64)
			}
			n++
		}
		if in {
			if err := visit(int(cells[0].Resource), cells[:n]); err != nil {
				return err
			}
		}
		cells = cells[n:]
	}
	return nil
}
