// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Package archivesource makes a snapshot of the archive a source for LogQL: it maps OpenTelemetry records to
// streams, structured metadata and lines as Loki documents it for OTLP, and hands what the archive can prune by
// (time, service, lines) down to the scan.
package archivesource // import "github.com/logboom/logboom/internal/archivesource"

import (
	"context"
	"errors"
	"math"
	"slices"
	"strconv"
	"sync"

	"github.com/logboom/logboom/archive"
	"github.com/logboom/logboom/logql"
)

// DefaultStreamLabels are the resource attributes that Loki documents as index labels of OTLP logs.
func DefaultStreamLabels() []string {
	return []string{
		"cloud.availability_zone",
		"cloud.region",
		"container.name",
		"deployment.environment",
		"deployment.environment.name",
		"k8s.cluster.name",
		"k8s.container.name",
		"k8s.cronjob.name",
		"k8s.daemonset.name",
		"k8s.deployment.name",
		"k8s.job.name",
		"k8s.namespace.name",
		"k8s.pod.name",
		"k8s.replicaset.name",
		"k8s.statefulset.name",
		"service.instance.id",
		"service.name",
		"service.namespace",
	}
}

// Source runs LogQL selections over one snapshot. It may be used for one query, which may select several
// times; its statistics add up.
type Source struct {
	snapshot *archive.Snapshot
	mapper   *Mapper

	mu    sync.Mutex
	stats archive.ScanStats
}

// New returns a source for one query.
func New(s *archive.Snapshot, m *Mapper) *Source { return &Source{snapshot: s, mapper: m} }

// Stats says what the selections so far did.
func (s *Source) Stats() archive.ScanStats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stats
}

// Snapshot is what the source reads.
func (s *Source) Snapshot() *archive.Snapshot { return s.snapshot }

// ServiceFilter returns a filter for service names, as the archive has them, that no stream of other services
// passes the matchers; nil if the matchers say nothing about services.
func ServiceFilter(ms []*logql.Matcher) func(string) bool {
	var own []*logql.Matcher
	for _, m := range ms {
		if m.Name == labelServiceName {
			own = append(own, m)
		}
	}
	if len(own) == 0 {
		return nil
	}
	return func(service string) bool {
		if service == "" {
			service = unknownService
		}
		for _, m := range own {
			if !m.Matches(service) {
				return false
			}
		}
		return true
	}
}

// Select implements [logql.Source].
func (s *Source) Select(ctx context.Context, req *logql.SelectRequest, yield func(*logql.Entry) error) error {
	scan, exact := s.mapper.ScanRequest(req)
	if exact {
		scan.Limit = req.Limit
	}
	conv := s.mapper.converter(req)
	var entry logql.Entry
	n := 0
	stats, err := s.snapshot.Scan(ctx, scan, func(r *archive.Record) error {
		if n++; n%4096 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if !conv.convert(r, &entry) {
			return nil
		}
		err := yield(&entry)
		if errors.Is(err, logql.ErrStop) {
			return archive.ErrStop
		}
		return err
	})
	s.add(stats)
	return err
}

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
		conv = s.mapper.converter(&logql.SelectRequest{Matchers: ms, Labels: []string{}})
		last *stream
		over error
	)
	scanCtx, cancel := context.WithCancel(ctx)
	defer cancel()
	// The records are never yielded: a stream needs to be seen only once, whatever the order and the duplicates.
	scan, _ := s.mapper.ScanRequest(&logql.SelectRequest{Start: start, End: end, Matchers: ms, Labels: []string{}, NoLine: true})
	scan.Columns = archive.ColumnResourceAttributes
	scan.Keep = func(r *archive.Record) bool {
		mu.Lock()
		defer mu.Unlock()
		st := conv.streamOf(r)
		if st == last || over != nil {
			return false
		}
		last = st
		if !conv.lastOK {
			return false
		}
		isNew, err := set.isNew(st, len(conv.lastKey) <= maxCachedStreamBytes)
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

func (s *Source) add(st archive.ScanStats) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stats.Add(&st)
}

// Estimate says from the commit log alone how much a selection would read.
type Estimate struct {
	Objects, Entries, Bytes int64
	Services                int64
}

// EstimateOf counts whole objects by service; of objects that the range cuts it takes the share of their time.
func EstimateOf(ctx context.Context, s *archive.Snapshot, start, end int64, ms []*logql.Matcher) Estimate {
	var e Estimate
	keep := ServiceFilter(ms)
	services := map[string]struct{}{}
	objects, _ := s.Objects(ctx, start, end) // an estimate of what is known
	for _, o := range objects {
		if !o.HasService(keep) {
			continue
		}
		rows := o.Rows
		if o.Counts != nil {
			rows = o.Counts.RowsOf(keep)
			for _, name := range o.Services() {
				if keep == nil || keep(name) {
					services[name] = struct{}{}
				}
			}
		}
		share := 1.0
		if o.MinTime < start || o.MaxTime >= end {
			share = (float64(min(o.MaxTime, end)) - float64(max(o.MinTime, start))) / max(1, float64(o.MaxTime)-float64(o.MinTime))
		}
		e.Objects++
		e.Entries += int64(math.Ceil(float64(rows) * share))
		e.Bytes += int64(float64(o.RawBytes) * float64(rows) / float64(max(o.Rows, 1)) * share)
	}
	e.Services = int64(len(services))
	return e
}

// Services returns the values of service_name in the objects that overlap a range, in order, as far as the
// matchers for it keep them. ok is false when the commit log does not know them all.
func Services(ctx context.Context, s *archive.Snapshot, start, end int64, ms []*logql.Matcher) (services []string, ok bool) {
	keep := ServiceFilter(ms)
	seen := map[string]struct{}{}
	services = []string{}
	objects, errs := s.Objects(ctx, start, end)
	if len(errs) > len(s.Errors()) {
		return nil, false // a part of the commit log could not be fetched
	}
	for _, o := range objects {
		if o.Counts == nil {
			return nil, false
		}
		for _, name := range o.Services() {
			if keep != nil && !keep(name) {
				continue
			}
			if name == "" {
				name = unknownService
			}
			if _, dup := seen[name]; !dup {
				seen[name] = struct{}{}
				services = append(services, name)
			}
		}
	}
	slices.Sort(services)
	return services, true
}
