// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivequeryextension

import (
	"math"
	"slices"

	"github.com/logboom/logboom/internal/archivesource"
)

const (
	// minedPieces is of how many pieces a sample is.
	minedPieces = 120
	// goldenShare is the distance of places that follow no rhythm.
	goldenShare = 0.6180339887498949
)

// stretch is a time with about so many records, from <= t < to.
type stretch struct {
	from, to int64
	rows     float64
}

// stretches are the times of the objects and of what is not committed, as far as they are in a range and may have records of the query.
func (m *mining) stretches(g *timeGrid) (list []stretch) {
	keep := archivesource.ServiceFilter(m.e.Matchers)
	add := func(first, last, rows int64) {
		from, to := max(first, g.start), min(last, g.end-1)+1
		if from < to && rows > 0 {
			list = append(list, stretch{from, to, float64(rows) * (float64(to) - float64(from)) / (float64(last) - float64(first) + 1)})
		}
	}
	for _, o := range m.c.source.Objects(m.c.ctx, g.start, g.end) {
		switch {
		case !o.HasService(keep):
		case o.Counts != nil:
			add(o.MinTime, o.MaxTime, o.Counts.RowsOf(keep))
		default:
			add(o.MinTime, o.MaxTime, o.Rows)
		}
	}
	for _, f := range m.c.source.Snapshot().Fresh() {
		add(f.MinTime, f.MaxTime, f.Rows)
	}
	return list
}

// pieces are parts of a range that have such a share of its records, about: they are spread as the records are, most of which may be of a small
// part of the time. Of all there are none.
func (m *mining) pieces(g *timeGrid, share float64) []timeGrid {
	if share >= 1 {
		return nil
	}
	all := leveled(m.stretches(g))
	total := 0.0
	for _, s := range all {
		total += s.rows
	}
	var out []timeGrid
	at, before := 0, 0.0 // the stretch, and how many records are before it
	timeOf := func(row float64) int64 {
		for at < len(all)-1 && row > before+all[at].rows {
			before += all[at].rows
			at++
		}
		s := &all[at]
		part := min(max((row-before)/s.rows, 0), 1)
		return s.from + int64(part*(float64(s.to)-float64(s.from)))
	}
	place, end := 0.5, int64(math.MinInt64)
	for i := range minedPieces {
		if len(all) == 0 {
			break
		}
		p := *g
		first := total / minedPieces * (float64(i) + place*(1-share))
		p.start = max(timeOf(first), end)
		p.end = min(max(timeOf(first+total/minedPieces*share), p.start+1), g.end)
		if end = p.end; p.start < p.end {
			out = append(out, p)
		}
		if place += goldenShare; place >= 1 {
			place--
		}
	}
	return out
}

// leveled makes stretches that lie beside each other of those that overlap.
func leveled(list []stretch) (out []stretch) {
	type edge struct {
		at      int64
		density float64 // that begins here, or ends
	}
	var edges []edge
	for _, s := range list {
		density := s.rows / (float64(s.to) - float64(s.from))
		edges = append(edges, edge{s.from, density}, edge{s.to, -density})
	}
	slices.SortFunc(edges, func(a, b edge) int {
		switch {
		case a.at < b.at:
			return -1
		case a.at > b.at:
			return 1
		}
		return 0
	})
	open, density := 0, 0.0
	for i, e := range edges {
		if i > 0 && open > 0 && edges[i-1].at < e.at {
			from := edges[i-1].at
			out = append(out, stretch{from, e.at, max(density, math.SmallestNonzeroFloat64) * (float64(e.at) - float64(from))})
		}
		density += e.density
		if e.density > 0 {
			open++
		} else {
			open--
		}
	}
	return out
}
