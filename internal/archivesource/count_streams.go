// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivesource

import (
	"context"
	"errors"
	"math"
	"slices"

	"github.com/logboom/logboom/archive"
	"github.com/logboom/logboom/logql"
)

// maxCountRows is how many rows a count by streams reads beside the counts: where these do not say it all, columns are the faster way.
const maxCountRows = 4 << 10

// errNotCounted says that the counts of the objects do not answer a request.
var errNotCounted = errors.New("counts do not say it")

// countStreams answers counts by stream labels and level from the blocks of resources, if all objects of the time have one, and the
// edges are those of their cells, mostly: minutes.
func (s *Source) countStreams(ctx context.Context, req *logql.CountRequest, yield func(*logql.Count) error) (bool, error) {
	if len(req.Lines) > 0 || !s.mapper.levelIsOurs() || len(req.Edges) < 2 {
		return false, nil
	}
	names := slices.Clone(req.By)
	for _, f := range req.Filters {
		own, plain := logql.FilterNames(f)
		if !plain {
			return false, nil
		}
		names = append(names, own...)
	}
	for _, n := range names {
		if n != labelServiceName && n != LabelLevel && len(s.mapper.streamKeys[n]) == 0 {
			return false, nil
		}
	}
	c := s.mapper.conditions(req.Matchers, nil)
	if c.none {
		return true, nil
	}
	start, end := req.Edges[0], req.Edges[len(req.Edges)-1]
	objects, _ := s.snapshot.Objects(ctx, start, end) // what is missing is said by the count
	for _, o := range objects {
		if o.Resources == nil && o.HasService(c.service) {
			return false, nil
		}
	}
	n := &streamCount{req: req, of: s.streamsOf(req.Matchers), names: names, groups: map[string]*countGroup{}}
	count := archive.ResourceCountRequest{
		Service: c.service, Edges: req.Edges, MaxRows: maxCountRows, BySeverity: slices.Contains(names, LabelLevel), NoBytes: !req.Bytes,
	}
	var scan archive.ScanRequest
	s.bound(&scan)
	count.MaxBytes = scan.MaxBytes
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	exact, stats, err := s.snapshot.CountResources(ctx, count, func(r *archive.ResourceCount) {
		if n.err == nil {
			if n.err = n.add(r); n.err != nil {
				cancel()
			}
		}
	})
	if n.err != nil || err == nil && !exact {
		return false, nil // other ways begin anew
	}
	s.add(stats)
	if err != nil {
		return true, s.failure(err)
	}
	return true, n.yield(s.opts.Unweighted, yield)
}

// streamCount is a count under way.
type streamCount struct {
	req    *logql.CountRequest
	of     *streamsOf
	names  []string // labels that a stream must have, or its entries may have them elsewhere
	groups map[string]*countGroup
	err    error

	last     *stream
	severity int32
	text     string
	group    *countGroup // of the last; nil: a filter does not keep it
}

// countGroup are the counts of equal labels, by bucket.
type countGroup struct {
	labels  logql.Labels
	buckets map[int]*archive.ResourceCount
}

func (n *streamCount) add(r *archive.ResourceCount) error {
	st, kept := n.of.of(r.Resource)
	if !kept {
		return nil
	}
	if st != n.last || r.SeverityNumber != n.severity || r.SeverityText != n.text {
		n.last, n.severity, n.text = st, r.SeverityNumber, r.SeverityText
		if err := n.find(st); err != nil {
			n.last = nil
			return err
		}
	}
	if n.group == nil {
		return nil
	}
	sum := n.group.buckets[r.Bucket]
	if sum == nil {
		sum = &archive.ResourceCount{}
		n.group.buckets[r.Bucket] = sum
	}
	sum.Rows += r.Rows
	sum.Bytes += r.Bytes
	sum.Weight += r.Weight
	sum.WeightedBytes += r.WeightedBytes
	return nil
}

// find makes the group that of a stream and the severity.
func (n *streamCount) find(st *stream) error {
	n.group = nil
	all := append(slices.Clone(st.labels), logql.Label{Name: LabelLevel, Value: levelOf(n.severity, n.text)})
	all.Sort()
	for _, name := range n.names {
		if all.Get(name) == "" {
			return errNotCounted
		}
	}
	for _, f := range n.req.Filters {
		if !logql.FilterMatches(f, all) {
			return nil
		}
	}
	labels := only(all, n.req.By)
	key := labels.String()
	if n.group = n.groups[key]; n.group == nil {
		n.group = &countGroup{labels: labels, buckets: map[int]*archive.ResourceCount{}}
		n.groups[key] = n.group
	}
	return nil
}

func (n *streamCount) yield(unweighted bool, yield func(*logql.Count) error) error {
	for _, g := range n.groups {
		for bucket, sum := range g.buckets {
			c := logql.Count{
				Labels: g.labels, Bucket: bucket, Entries: int64(math.Round(sum.Rows)), Weight: sum.Weight,
				Bytes: int64(math.Round(sum.Bytes)), WeightedBytes: sum.WeightedBytes,
			}
			if unweighted {
				c.Weight, c.WeightedBytes = sum.Rows, sum.Bytes
			}
			if err := yield(&c); err != nil {
				return err
			}
		}
	}
	return nil
}
