// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivesource

import (
	"context"
	"math"

	"github.com/logboom/logboom/archive"
	"github.com/logboom/logboom/logql"
)

// Estimate says how much a selection would read.
type Estimate struct {
	Objects, Entries, Bytes int64
	Streams                 int64
}

// Estimate tells it from the resources of objects, of those that a range cuts by their share of the time. Of objects that have no
// block of resources it goes by the services of the commit log, for it reads no rows. What is not committed yet
// counts as an object for each tenant and part that its writer holds. More than limit streams count as that many.
func (s *Source) Estimate(ctx context.Context, start, end int64, ms []*logql.Matcher, limit int) (Estimate, error) {
	var e Estimate
	set := newStreamSet(limit)
	of := s.streamsOf(ms)
	object := func(o *archive.ObjectMeta) bool { return o.Resources != nil || o.Key == "" }
	entries, bytes := 0.0, 0.0
	err := s.resources(ctx, start, end, ms, true, object, func(_ *archive.ObjectMeta, counts *archive.ResourceCounts) error {
		found := false
		err := eachIn(counts, start, end, func(i int, cells []archive.ResourceCell) error {
			st, kept := of.of(&counts.Resources[i])
			if !kept {
				return nil
			}
			found = true
			_, _ = set.isNew(st, of.cached()) // too many are many
			for j := range cells {
				from, to := counts.Times(&cells[j])
				part := share(from, to, start, end)
				entries += part * float64(cells[j].Rows)
				bytes += part * float64(cells[j].Bytes)
			}
			return nil
		})
		if found {
			e.Objects++
		}
		return err
	})
	if err != nil {
		return e, err
	}
	keep := ServiceFilter(ms)
	services := map[string]struct{}{}
	objects, _ := s.snapshot.Objects(ctx, start, end) // an estimate of what is known
	for _, o := range objects {
		if o.Resources != nil || !o.HasService(keep) {
			continue
		}
		rows := float64(o.Rows)
		if o.Counts != nil {
			rows = float64(o.Counts.RowsOf(keep))
			for _, name := range o.Services() {
				if keep == nil || keep(name) {
					services[name] = struct{}{}
				}
			}
		}
		rows *= share(o.MinTime, o.MaxTime, start, end)
		e.Objects++
		entries += rows
		bytes += float64(o.RawBytes) * rows / float64(max(o.Rows, 1))
	}
	e.Streams = max(int64(len(set.labels)), int64(len(services)))
	e.Entries, e.Bytes = int64(math.Ceil(entries-1e-6)), int64(bytes+0.5)
	return e, nil
}

// share is how much of the times from..to, both included, is in start <= t < end.
func share(from, to, start, end int64) float64 {
	if from >= start && (to < end || end == math.MaxInt64) {
		return 1
	}
	lo, hi := float64(max(from, start)), float64(to)+1
	if end != math.MaxInt64 {
		hi = min(hi, float64(end))
	}
	return max(0, (hi-lo)/(float64(to)-float64(from)+1))
}
