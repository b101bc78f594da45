// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivesource

import (
	"context"
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/logboom/logboom/archive"
	"github.com/logboom/logboom/logql"
)

// maxVolumeRows is how many rows a volume reads, where counts do not say it all, before it is an estimate.
const maxVolumeRows = 32 << 10

// VolumeRequest says of what to add up bytes of lines.
type VolumeRequest struct {
	// Edges are the bounds of the buckets, ascending: bucket i is Edges[i] <= time < Edges[i+1]. There are two at least.
	Edges    []int64
	Matchers []*logql.Matcher
	// Labels are those that a series has. Without them, these are the labels of the matchers that a stream has; or all of the
	// stream's where there are no matchers.
	Labels []string
	// Each makes a series of each label, whatever its value, rather than of sets of labels; without Labels, of each that a
	// stream has.
	Each bool
	// MaxSeries bounds the series: more are a [logql.LimitError]. 0: no limit.
	MaxSeries int
}

// VolumeSeries is the volume of a set of labels, or of one label, which then has no value.
type VolumeSeries struct {
	Labels logql.Labels
	Bytes  []float64 // by bucket
	Rows   float64
}

// Total is the sum of the buckets.
func (v *VolumeSeries) Total() (sum float64) {
	for _, b := range v.Bytes {
		sum += b
	}
	return sum
}

// Volume adds up the bytes of lines by labels. Streams that lack one of the request's Labels are left out. The series are in the order of
// their volume, the largest first. exact is false where rows would have to be read that are too many: then records are shared out by time
// within a minute, or what the archive counts them by, and such as came twice count twice.
func (s *Source) Volume(ctx context.Context, req *VolumeRequest) (series []VolumeSeries, exact bool, err error) {
	c := s.mapper.conditions(req.Matchers, nil)
	if c.none {
		return nil, true, nil
	}
	v := &volume{
		req: req, of: s.streamsOf(req.Matchers), byLevel: slices.Contains(req.Labels, LabelLevel) && s.mapper.levelIsOurs(),
		weighted: !s.opts.Unweighted, sums: map[string]*VolumeSeries{},
	}
	for _, m := range req.Matchers {
		v.matched = append(v.matched, m.Name)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	count := archive.ResourceCountRequest{Service: c.service, Edges: req.Edges, MaxRows: maxVolumeRows, BySeverity: v.byLevel}
	var scan archive.ScanRequest
	s.bound(&scan)
	count.MaxBytes = scan.MaxBytes
	exact, stats, err := s.snapshot.CountResources(ctx, count, func(n *archive.ResourceCount) {
		if v.err == nil {
			if v.err = v.add(n); v.err != nil {
				cancel()
			}
		}
	})
	s.add(stats)
	switch {
	case v.err != nil:
		return nil, exact, v.err
	case errors.Is(err, archive.ErrTooManyResources):
		return nil, exact, &logql.LimitError{Msg: "too many distinct resources in an object of this time range"}
	case err != nil:
		return nil, exact, s.failure(err)
	}
	return v.list(), exact, nil
}

// volume is a sum under way.
type volume struct {
	req      *VolumeRequest
	of       *streamsOf
	matched  []string // labels of the matchers
	byLevel  bool
	weighted bool

	sums map[string]*VolumeSeries // by label sets
	err  error

	last      *stream
	lastLevel string
	targets   []*VolumeSeries // of the last
}

// add adds a count to the series of its stream.
func (v *volume) add(n *archive.ResourceCount) error {
	st, kept := v.of.of(n.Resource)
	if !kept {
		return nil
	}
	level := ""
	if v.byLevel {
		level = levelOf(n.SeverityNumber, n.SeverityText)
	}
	if st != v.last || level != v.lastLevel {
		targets, err := v.seriesOf(st, level)
		if err != nil {
			return err
		}
		v.last, v.lastLevel, v.targets = st, level, targets
	}
	bytes, rows := n.Bytes, n.Rows
	if v.weighted {
		bytes, rows = n.WeightedBytes, n.Weight
	}
	for _, t := range v.targets {
		t.Bytes[n.Bucket] += bytes
		t.Rows += rows
	}
	return nil
}

// seriesOf finds the series that a stream belongs to.
func (v *volume) seriesOf(st *stream, level string) ([]*VolumeSeries, error) {
	labels := st.labels
	if v.byLevel {
		labels = append(slices.Clone(labels), logql.Label{Name: LabelLevel, Value: level})
		labels.Sort()
	}
	if len(v.req.Labels) > 0 {
		for _, name := range v.req.Labels {
			if labels.Get(name) == "" {
				return nil, nil
			}
		}
		labels = only(labels, v.req.Labels)
	} else if !v.req.Each && len(v.matched) > 0 {
		labels = only(labels, v.matched)
	}
	if !v.req.Each {
		t, err := v.series(labels)
		return []*VolumeSeries{t}, err
	}
	targets := make([]*VolumeSeries, 0, len(labels))
	for _, l := range labels {
		t, err := v.series(logql.Labels{{Name: l.Name}})
		if err != nil {
			return nil, err
		}
		targets = append(targets, t)
	}
	return targets, nil
}

func only(labels logql.Labels, names []string) (kept logql.Labels) {
	for _, l := range labels {
		if slices.Contains(names, l.Name) {
			kept = append(kept, l)
		}
	}
	return kept
}

func (v *volume) series(labels logql.Labels) (*VolumeSeries, error) {
	key := labels.String()
	if t := v.sums[key]; t != nil {
		return t, nil
	}
	if v.req.MaxSeries > 0 && len(v.sums) >= v.req.MaxSeries {
		return nil, &logql.LimitError{Msg: "maximum number of series (" + strconv.Itoa(v.req.MaxSeries) + ") reached for a single query"}
	}
	t := &VolumeSeries{Labels: labels, Bytes: make([]float64, len(v.req.Edges)-1)}
	v.sums[key] = t
	return t, nil
}

func (v *volume) list() []VolumeSeries {
	keys := make([]string, 0, len(v.sums))
	totals := make(map[string]float64, len(v.sums))
	for key, t := range v.sums {
		for i, b := range t.Bytes {
			t.Bytes[i] = math.Round(b)
		}
		keys = append(keys, key)
		totals[key] = t.Total()
	}
	slices.SortFunc(keys, func(a, b string) int {
		switch {
		case totals[a] > totals[b]:
			return -1
		case totals[a] < totals[b]:
			return 1
		}
		return strings.Compare(a, b)
	})
	list := make([]VolumeSeries, len(keys))
	for i, key := range keys {
		list[i] = *v.sums[key]
	}
	return list
}
