// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivequeryextension

import (
	"math"
	"slices"
	"strings"
	"time"

	"github.com/logboom/logboom/internal/archivesource"
	"github.com/logboom/logboom/logql"
)

const (
	// defaultVolumeLimit is how many series a volume request returns that does not say.
	defaultVolumeLimit = 100
	// maxVolumeSteps bounds the points of a series of volumes, and maxVolumePoints those of all.
	maxVolumeSteps  = 11_000
	maxVolumePoints = 8 << 20
)

func (c *call) volume() (answer, error)      { return c.volumes(true) }
func (c *call) volumeRange() (answer, error) { return c.volumes(false) }

// volumes answers with the bytes of lines by labels: of the whole range, or of steps.
func (c *call) volumes(instant bool) (answer, error) {
	req, err := c.volumeRequest()
	if err != nil {
		return answer{}, err
	}
	start, end, err := c.bounds(time.Hour)
	if err != nil {
		return answer{}, err
	}
	limit, err := c.volumeLimit()
	if err != nil {
		return answer{}, err
	}
	stamps := []int64{end.UnixNano()}
	req.Edges = []int64{start.UnixNano(), inclusive(end)}
	if !instant {
		step, err := c.p.step(start, end)
		if err != nil {
			return answer{}, err
		}
		if req.Edges, stamps, err = volumeEdges(start.UnixNano(), end.UnixNano(), int64(step)); err != nil {
			return answer{}, err
		}
	}
	req.MaxSeries = min(maxStreams, maxVolumePoints/len(stamps))
	if err := c.acquire(); err != nil {
		return answer{}, err
	}
	list, _, err := c.source.Volume(c.ctx, req)
	if err != nil {
		return answer{}, err
	}
	var res logql.Result
	res.Stats.Weighted = c.a.cfg.Query.Weighted
	kind := logql.TypeMatrix
	if instant {
		kind = logql.TypeVector
	}
	for _, v := range list {
		if v.Rows == 0 || len(res.Series) == limit {
			continue
		}
		s := logql.Series{Labels: v.Labels}
		for i, n := range v.Bytes {
			if n > 0 || instant {
				s.Points = append(s.Points, logql.Point{T: stamps[i], V: n})
			}
		}
		if len(s.Points) > 0 {
			res.Series = append(res.Series, s)
		}
	}
	out := resultJSON{kind: string(kind), series: res.Series, warnings: c.warnings(), stats: c.statistics(&res)}
	return out.answer()
}

// volumeRequest reads what is asked for, but for the times.
func (c *call) volumeRequest() (*archivesource.VolumeRequest, error) {
	selector := c.p.get("query")
	if strings.TrimSpace(selector) == "" {
		return nil, badRequestf("query must be a stream selector")
	}
	ms, err := matchers(selector)
	if err != nil {
		return nil, err
	}
	req := &archivesource.VolumeRequest{Matchers: ms}
	for name := range strings.SplitSeq(c.p.get("targetLabels"), ",") {
		if name = strings.TrimSpace(name); name != "" {
			req.Labels = append(req.Labels, name)
		}
	}
	slices.Sort(req.Labels)
	req.Labels = slices.Compact(req.Labels)
	switch v := c.p.get("aggregateBy"); v {
	case "", "series":
	case "labels":
		req.Each = true
	default:
		return nil, badRequestf("invalid aggregateBy %q: expecting series or labels", v)
	}
	return req, nil
}

// volumeLimit reads how many series there may be, the largest; 0 is the default, too, and more than a query may have is that.
func (c *call) volumeLimit() (int, error) {
	if c.p.get("limit") == "0" {
		return min(defaultVolumeLimit, c.limit.series), nil
	}
	n, err := c.p.number("limit", defaultVolumeLimit, math.MaxInt)
	return min(n, c.limit.series), err
}

// volumeEdges cuts a range, whose end belongs to it, at the multiples of the step, which belong to the bucket before, as in windows of
// LogQL. The stamp of a bucket is a millisecond before its end, as Loki has it, and the end of the range for the last one.
func volumeEdges(start, end, step int64) (edges, stamps []int64, err error) {
	if end-start < 0 || end/step-start/step > maxVolumeSteps { // the first: longer than a number of nanoseconds can be
		return nil, nil, badRequestf("exceeded maximum resolution of %d points per series: use a longer step", maxVolumeSteps)
	}
	edges = append(edges, start)
	at := start - start%step
	if start%step < 0 {
		at -= step // where that is below all times it wraps, and comes back
	}
	for uint64(end)-uint64(at) > uint64(step) { // the next multiple is in the range
		at += step
		edges = append(edges, at+1)
		stamps = append(stamps, at-min(at-start, int64(time.Millisecond)))
	}
	return append(edges, inclusive(time.Unix(0, end))), append(stamps, end), nil
}
