// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivesource

import (
	"context"
	"slices"

	"github.com/logboom/logboom/archive"
	"github.com/logboom/logboom/logql"
)

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
