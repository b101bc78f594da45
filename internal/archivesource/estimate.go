// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivesource

import (
	"context"
	"math"
	"slices"

	"github.com/logboom/logboom/archive"
	"github.com/logboom/logboom/logql"
)

// Estimate says how much a selection would read, without reading: of the objects from the commit log alone.
type Estimate struct {
	Objects, Entries, Bytes int64
	Services                int64
}

// EstimateOf counts whole objects by service; of objects that the range cuts it takes the share of their time. What is not
// committed yet counts as an object for each part that its writer holds.
func EstimateOf(ctx context.Context, s *archive.Snapshot, start, end int64, ms []*logql.Matcher) Estimate {
	var e Estimate
	keep := ServiceFilter(ms)
	services := map[string]struct{}{}
	add := func(minTime, maxTime, rows, bytes int64) {
		share := 1.0
		if minTime < start || maxTime >= end {
			share = (float64(min(maxTime, end)) - float64(max(minTime, start))) / max(1, float64(maxTime)-float64(minTime))
		}
		e.Objects++
		e.Entries += int64(math.Ceil(float64(rows) * share))
		e.Bytes += int64(float64(bytes) * share)
	}
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
		add(o.MinTime, o.MaxTime, rows, int64(float64(o.RawBytes)*float64(rows)/float64(max(o.Rows, 1))))
	}
	for _, f := range s.Fresh() {
		if f.MaxTime < start || f.MinTime >= end {
			continue
		}
		kept := f.Services == nil
		for _, name := range f.Services {
			if keep == nil || keep(name) {
				services[name], kept = struct{}{}, true
			}
		}
		if kept {
			add(f.MinTime, f.MaxTime, f.Rows, f.Bytes)
		}
	}
	e.Services = int64(len(services))
	return e
}

// Services returns the values of service_name in the objects that overlap a range, and in what is not committed yet, in
// order, as far as the matchers for it keep them. ok is false when they are not all known without reading.
func Services(ctx context.Context, s *archive.Snapshot, start, end int64, ms []*logql.Matcher) (services []string, ok bool) {
	keep := ServiceFilter(ms)
	seen := map[string]struct{}{}
	services = []string{}
	add := func(names []string) {
		for _, name := range names {
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
	objects, errs := s.Objects(ctx, start, end)
	if len(errs) > len(s.Errors()) {
		return nil, false // a part of the commit log could not be fetched
	}
	for _, o := range objects {
		if o.Counts == nil {
			return nil, false
		}
		add(o.Services())
	}
	for _, f := range s.Fresh() {
		if f.MaxTime < start || f.MinTime >= end {
			continue
		}
		if f.Services == nil {
			return nil, false
		}
		add(f.Services)
	}
	slices.Sort(services)
	return services, true
}
