// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivesource

import (
	"context"
	"strconv"
	"sync"

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
		return false, &logql.LimitError{Msg: "more than " + strconv.Itoa(set.limit) + " streams in this time range: narrow the range or the selector"}
	}
	if set.bytes += len(key); set.bytes > maxStreamsBytes {
		return false, &logql.LimitError{Msg: "more than " + strconv.Itoa(maxStreamsBytes>>20) + " MiB of stream labels in this time range: narrow the range or the selector"}
	}
	set.labels[key] = struct{}{}
	return true, nil
}

// Streams calls visit with the distinct streams of a time range that pass the matchers, in no order. More than limit
// of them are a [logql.LimitError].
func (s *Source) Streams(ctx context.Context, start, end int64, ms []*logql.Matcher, limit int, visit func(logql.Labels)) error {
	var (
		mu   sync.Mutex
		set  = streamSet{limit: limit, resources: map[*stream]struct{}{}, labels: map[string]struct{}{}}
		over error
	)
	scanCtx, cancel := context.WithCancel(ctx)
	defer cancel()
	req := &logql.SelectRequest{Start: start, End: end, Matchers: ms, Labels: []string{}, NoLine: true}
	scan, _ := s.mapper.ScanRequest(req)
	scan.Columns = archive.ColumnResourceAttributes
	// Each goroutine of the scan has a converter, which knows the stream that it saw last.
	type seen struct {
		conv *converter
		last *stream
	}
	pool := sync.Pool{New: func() any { return &seen{conv: s.mapper.converter(req)} }}
	// The records are never yielded: a stream needs to be seen only once, whatever the order and the duplicates.
	scan.Keep = func(r *archive.Record) bool {
		last := pool.Get().(*seen)
		defer pool.Put(last)
		st := last.conv.streamOf(r)
		if st == last.last {
			return false
		}
		last.last = st
		if !last.conv.lastOK {
			return false
		}
		mu.Lock()
		defer mu.Unlock()
		if over != nil {
			return false
		}
		isNew, err := set.isNew(st, len(last.conv.lastKey) <= maxCachedStreamBytes)
		if err != nil {
			over = err
			cancel()
		} else if isNew {
			visit(st.labels)
		}
		return false
	}
	stats, err := s.snapshot.Scan(scanCtx, scan, func(*archive.Record) error { return nil })
	s.add(stats)
	switch {
	case over != nil:
		return over
	case ctx.Err() != nil:
		return ctx.Err()
	}
	return err
}
