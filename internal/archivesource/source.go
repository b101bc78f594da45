// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Package archivesource makes a snapshot of the archive a source for LogQL: it maps OpenTelemetry records to
// streams, structured metadata and lines as Loki documents it for OTLP, and hands what the archive can prune by
// (time, service, lines) down to the scan.
package archivesource // import "github.com/logboom/logboom/internal/archivesource"

import (
	"context"
	"errors"
	"fmt"
	"slices"
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
	opts     Options

	mu    sync.Mutex
	stats archive.ScanStats
}

// Options say what of a snapshot a query may see, and how much of it. The zero value is everything.
type Options struct {
	// Tenants are those whose records there are; nil: all of them. "" is who has no tenant.
	Tenants []string
	// MaxBytes is how much the query may read, from the bucket or from a cache, in bytes; 0: no limit. More is a
	// [logql.LimitError].
	MaxBytes int64
	// Unweighted counts each record as one, whatever it stands for.
	Unweighted bool
}

// New returns a source for one query.
func New(s *archive.Snapshot, m *Mapper, o Options) *Source {
	if o.Tenants != nil {
		s = s.ForTenants(o.Tenants...)
	}
	return &Source{snapshot: s, mapper: m, opts: o}
}

// Stats says what the selections so far did.
func (s *Source) Stats() archive.ScanStats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stats
}

// converter makes entries as the options say.
func (s *Source) converter(req *logql.SelectRequest) *converter {
	c := s.mapper.converter(req)
	c.unweighted = s.opts.Unweighted
	return c
}

// Snapshot is what the source reads: of its tenants alone.
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
	scan.Expect = req.Expect
	s.bound(&scan)
	s.early(&scan, req)
	stats, err := s.snapshot.Scan(ctx, scan, s.yield(req, yield))
	s.add(stats)
	return s.failure(err)
}

// SelectUnordered implements [logql.Unordered].
func (s *Source) SelectUnordered(ctx context.Context, req *logql.SelectRequest, newYield func() func(*logql.Entry) error) error {
	scan, _ := s.mapper.ScanRequest(req)
	s.bound(&scan)
	s.early(&scan, req)
	stats, err := s.snapshot.ScanUnordered(ctx, scan, func() func(*archive.Record) error { return s.yield(req, newYield()) })
	s.add(stats)
	return s.failure(err)
}

// early lets the scan ask the selection for a first look at its records, with no more columns than that needs.
func (s *Source) early(scan *archive.ScanRequest, req *logql.SelectRequest) {
	if req.Early == nil {
		return
	}
	first := *req
	first.Labels, first.NoLine = slices.Clip(append([]string{}, req.EarlyLabels...)), false
	c := s.mapper.conditions(req.Matchers, nil)
	scan.EarlyColumns = s.mapper.columns(&first, &c)
	scan.Early = func() func(*archive.Record) bool {
		conv, test := s.converter(&first), req.Early()
		var entry logql.Entry
		return func(r *archive.Record) bool { return conv.convert(r, &entry) && test(&entry) }
	}
}

// yield hands records on as entries of the streams that match. It is for one goroutine.
func (s *Source) yield(req *logql.SelectRequest, yield func(*logql.Entry) error) func(*archive.Record) error {
	conv := s.converter(req)
	var entry logql.Entry
	return func(r *archive.Record) error {
		if !conv.convert(r, &entry) {
			return nil
		}
		err := yield(&entry)
		if errors.Is(err, logql.ErrStop) {
			return archive.ErrStop
		}
		return err
	}
}

// bound lets a scan read what the selections before it left of the query's bytes.
func (s *Source) bound(scan *archive.ScanRequest) {
	if s.opts.MaxBytes <= 0 {
		return
	}
	scan.MaxBytes = max(s.opts.MaxBytes-s.Stats().BytesUsed, 1)
}

// failure is the error of a scan in the words of LogQL.
func (s *Source) failure(err error) error {
	if limit := (*archive.ReadLimitError)(nil); errors.As(err, &limit) {
		return &logql.LimitError{Msg: fmt.Sprintf("the query needs to read more than %d bytes: narrow its selector or its time range", s.opts.MaxBytes)}
	}
	return err
}

func (s *Source) add(st archive.ScanStats) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stats.Add(&st)
}
