// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"math"

	"github.com/logboom/logboom/archive"
)

// maxSlices bounds the memory of a Map.
const maxSlices = 4096

// Map tells how the rows of a range lie in time, to say how far a position is. It is immutable. The zero value knows of no rows.
type Map struct {
	start, end float64
	before     []float64 // rows before the end of each slice of the range
}

// NewMap makes a map of the objects of a range, as far as the commit log tells: the rows of an object lie evenly between its
// first and its last.
func NewMap(objects []*archive.ObjectMeta, req *archive.ScanRequest) *Map {
	m := &Map{start: math.Inf(1), end: math.Inf(-1)}
	kept := make([]*archive.ObjectMeta, 0, len(objects))
	for _, o := range objects {
		if (req.Object != nil && !req.Object(o)) || !o.HasService(req.Service) {
			continue
		}
		kept = append(kept, o)
		m.start = min(m.start, float64(max(o.MinTime, req.Start)))
		m.end = max(m.end, float64(min(o.MaxTime, req.End)))
	}
	if len(kept) == 0 || m.end < m.start {
		return &Map{}
	}
	m.end += 1e3 // more than nothing
	m.before = make([]float64, maxSlices)
	width := (m.end - m.start) / maxSlices
	for _, o := range kept {
		rows := float64(o.Rows)
		if o.Counts != nil {
			rows = float64(o.Counts.RowsOf(req.Service))
		}
		lo, hi := float64(o.MinTime), float64(o.MaxTime)+1e3
		from, to := max(lo, m.start), min(hi, m.end)
		for i := m.slice(from); i < maxSlices; i++ {
			a, b := m.start+float64(i)*width, m.start+float64(i+1)*width
			if share := min(b, to) - max(a, from); share > 0 {
				m.before[i] += rows * share / (hi - lo)
			}
			if b >= to {
				break
			}
		}
	}
	sum := 0.0
	for i := range m.before {
		sum += m.before[i]
		m.before[i] = sum
	}
	return m
}

func (m *Map) slice(t float64) int {
	i := (t - m.start) / (m.end - m.start) * maxSlices
	return int(min(max(i, 0), maxSlices-1))
}

// Rows is about how many rows the range holds.
func (m *Map) Rows() float64 {
	if len(m.before) == 0 {
		return 0
	}
	return m.before[maxSlices-1]
}

// Done is the share of rows that lie before a time, 0 to 1.
func (m *Map) Done(t int64) float64 {
	total := m.Rows()
	if total <= 0 || float64(t) <= m.start {
		return 0
	}
	if float64(t) >= m.end {
		return 1
	}
	i := m.slice(float64(t))
	low := 0.0
	if i > 0 {
		low = m.before[i-1]
	}
	width := (m.end - m.start) / maxSlices
	part := (float64(t) - m.start - float64(i)*width) / width
	return (low + (m.before[i]-low)*min(max(part, 0), 1)) / total
}
