// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivesource

import (
	"context"
	"slices"

	"github.com/logboom/logboom/archive"
	"github.com/logboom/logboom/logql"
)

// Count implements [logql.Counter] for counts by stream labels and level, which the archive makes of its blocks of resources, its
// commit log, its index or a few columns.
func (s *Source) Count(ctx context.Context, req *logql.CountRequest, yield func(*logql.Count) error) (bool, error) {
	if ok, err := s.countStreams(ctx, req, yield); ok || err != nil {
		return ok, err
	}
	c := s.mapper.conditions(req.Matchers, req.Filters)
	if !c.matchers || !s.mapper.countsBy(&c, req.By) {
		return false, nil
	}
	for _, f := range req.Filters {
		if names, plain := logql.FilterNames(f); !plain || !s.mapper.countsBy(&c, names) {
			return false, nil
		}
	}
	if c.none {
		return true, nil
	}
	lines, allLines := Lines(req.Lines)
	byLevel := slices.Contains(req.By, LabelLevel)
	count := archive.CountRequest{
		ScanRequest: archive.ScanRequest{
			Start: req.Edges[0], End: req.Edges[len(req.Edges)-1],
			Service: c.service, Severity: c.severity, Values: c.values, Lines: lines,
		},
		Edges: req.Edges, Bytes: req.Bytes,
		BySeverity: byLevel || !c.exact, // then a filter asks for service and level at once
	}
	if !allLines {
		count.Keep = func(r *archive.Record) bool { return req.Keep(r.Body) }
		count.Columns = archive.ColumnBody
	}
	s.bound(&count.ScanRequest)
	rows, stats, err := s.snapshot.Count(ctx, count)
	s.add(stats)
	if err != nil {
		return true, s.failure(err)
	}
	return true, counts(req, rows, &c, s.opts.Unweighted, yield)
}

// countsBy reports whether all of the labels are those that the archive counts by, or are the same in all entries.
func (m *Mapper) countsBy(c *conditions, names []string) bool {
	for _, n := range names {
		if n != labelServiceName && (n != LabelLevel || !m.levelIsOurs()) && c.constants.Get(n) == "" {
			return false
		}
	}
	return true
}

// counts hands out what the archive counted.
func counts(req *logql.CountRequest, rows []archive.CountRow, c *conditions, unweighted bool, yield func(*logql.Count) error) error {
	type key struct{ service, level string }
	type group struct {
		labels logql.Labels
		kept   bool
	}
	groups := map[key]group{}
	var n logql.Count
	for i := range rows {
		r := &rows[i]
		k := key{r.Service, levelOf(r.SeverityNumber, r.SeverityText)}
		if k.service == "" {
			k.service = unknownService
		}
		g, ok := groups[k]
		if !ok {
			all := append(logql.Labels{{Name: labelServiceName, Value: k.service}}, c.constants...)
			if all.Get(LabelLevel) == "" {
				all = append(all, logql.Label{Name: LabelLevel, Value: k.level})
			}
			all.Sort()
			g.kept = c.exact || !slices.ContainsFunc(req.Filters, func(f logql.LabelFilter) bool { return !logql.FilterMatches(f, all) })
			for _, l := range all {
				if slices.Contains(req.By, l.Name) {
					g.labels = append(g.labels, l)
				}
			}
			groups[k] = g
		}
		if !g.kept {
			continue
		}
		n = logql.Count{Labels: g.labels, Bucket: r.Bucket, Entries: r.Rows, Weight: r.Weight, Bytes: r.Bytes, WeightedBytes: r.WeightedBytes}
		if unweighted {
			n.Weight, n.WeightedBytes = float64(n.Entries), float64(n.Bytes)
		}
		if err := yield(&n); err != nil {
			return err
		}
	}
	return nil
}
