// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivequeryextension

import (
	"cmp"
	"errors"
	"slices"
	"sync"

	"github.com/cespare/xxhash/v2"

	"github.com/logboom/logboom/internal/culprit"
	"github.com/logboom/logboom/logql"
)

const (
	// wantedSample is about how many records of each side are looked at. More would take more than a second.
	wantedSample = 60_000
	// wholeScan is how many records are rather read all than in parts: each part costs what it lies in.
	wholeScan = 200_000
	// maxSampleScan is how many records may be read to find so many.
	maxSampleScan = 1_200_000
	// maxSampleBytes is the memory of a sample.
	maxSampleBytes = 192 << 20
	// minSlices is the least number of parts of its time that a side is sampled in.
	minSlices = 12
	// sampleScans is how many parts are read at a time: each has little to do for several processors.
	sampleScans = 2
)

// sampleSides looks at records of both sides: of all where they are few, else in equal parts of equal steps of time.
func (c *call) sampleSides(sample *culprit.Sample, q *comparison) error {
	for _, side := range []culprit.Side{culprit.Bad, culprit.Baseline} {
		s := &q.bad
		if side == culprit.Baseline {
			s = &q.base
		}
		if err := c.sampleSide(sample, side, s, q.grid); err != nil {
			return err
		}
	}
	if q.by == culprit.ByFilter && q.base.exact {
		if q.bad.exact {
			q.base.total -= q.bad.total // the bad ones were counted with it
		} else {
			q.base.total = max(q.base.total-q.bad.total, float64(q.base.looked))
		}
	}
	return nil
}

func (c *call) sampleSide(sample *culprit.Sample, side culprit.Side, s *culpritSide, grid timeGrid) error {
	n, exact, err := c.countSpans(s.expr, s.spans)
	if err != nil {
		return err
	}
	selected := n
	if !exact { // a bound: what the selector selects
		all := *s.expr
		all.Stages = nil
		if selected, _, err = c.countSpans(&all, s.spans); err != nil {
			return err
		}
	}
	parts := &sampleParts{sample: sample, side: side, s: s}
	pieces := slicesOf(s.spans, grid)
	from, to := 0.0, 1.0
	if selected > wantedSample {
		to = wantedSample / selected
	}
	for {
		windows, scans := windowsOf(pieces, from, to), s.spans
		switch {
		case to >= 1 && from == 0:
			parts.windows = nil // all of it
		case selected <= wholeScan:
			parts.windows = windows
		default:
			parts.windows, scans = nil, windows
		}
		if err := c.scanWindows(parts, scans); err != nil {
			return err
		}
		seen := float64(sample.Seen(side))
		if exact || to >= 1 || seen >= wantedSample/2 || to*selected >= maxSampleScan {
			s.total, s.exact = n, exact
			if !exact {
				s.total = seen / to
			}
			if s.except != nil && !exact {
				s.total = seen / to
			}
			break
		}
		from, to = to, min(1, to*wantedSample/max(seen, 1), maxSampleScan/selected)
	}
	s.looked = sample.Kept(side)
	if s.except == nil && s.exact {
		s.total = max(s.total, float64(s.looked))
	}
	return nil
}

// countSpans counts the records of a query, if the archive can without looking at them.
func (c *call) countSpans(e *logql.LogExpr, spans [][2]int64) (n float64, exact bool, err error) {
	exact = true
	for _, sp := range spans {
		req := countRequest(e, sp[:], nil)
		if req == nil {
			return 0, false, nil
		}
		if len(req.Lines) > 0 { // counting reads the lines too
			return 0, false, nil
		}
		ok, err := c.source.Count(c.ctx, req, func(count *logql.Count) error {
			n += float64(count.Entries)
			return nil
		})
		if err != nil {
			return 0, false, err
		}
		if !ok {
			exact = false
			est, err := c.source.Estimate(c.ctx, sp[0], sp[1], e.Matchers, maxFields)
			if err != nil {
				return 0, false, err
			}
			n += float64(est.Entries)
		}
	}
	return n, exact, nil
}

// slicesOf cuts spans at the steps of a grid, and into some parts at least.
func slicesOf(spans [][2]int64, grid timeGrid) (out [][2]int64) {
	for _, sp := range spans {
		for at := sp[0]; at < sp[1]; {
			next := min(sp[1], grid.first+(int64(grid.index(at))+1)*grid.step)
			out = append(out, [2]int64{at, next})
			at = next
		}
	}
	for len(out) < minSlices && len(out) > 0 {
		cut := make([][2]int64, 0, 2*len(out))
		for _, s := range out {
			if middle := s[0] + (s[1]-s[0])/2; middle > s[0] {
				cut = append(cut, [2]int64{s[0], middle}, [2]int64{middle, s[1]})
			} else {
				cut = append(cut, s)
			}
		}
		if len(cut) == len(out) {
			break
		}
		out = cut
	}
	return out
}

// window is the part from..to (of 1) of a slice, which begins anywhere in it and goes on at its beginning: for each slice elsewhere, so
// that what comes at regular times is met.
func window(slice [2]int64, from, to float64) (out [][2]int64) {
	length := float64(slice[1] - slice[0])
	var b [8]byte
	for i := range b {
		b[i] = byte(uint64(slice[0]) >> (8 * i)) //nolint:gosec // bytes
	}
	shift := float64(xxhash.Sum64(b[:])>>11) / (1 << 53)
	a, z := slice[0]+int64((shift+from)*length), slice[0]+int64((shift+to)*length)
	turn := slice[1] - slice[0]
	switch {
	case to-from >= 1:
		return [][2]int64{slice}
	case a >= slice[1]:
		return [][2]int64{{a - turn, z - turn}}
	case z > slice[1]:
		return [][2]int64{{slice[0], z - turn}, {a, slice[1]}}
	}
	return [][2]int64{{a, z}}
}

// windowsOf returns the windows of all slices, in the order of time.
func windowsOf(list [][2]int64, from, to float64) (out [][2]int64) {
	for _, s := range list {
		for _, w := range window(s, from, to) {
			if w[0] < w[1] {
				out = append(out, w)
			}
		}
	}
	slices.SortFunc(out, func(a, b [2]int64) int { return cmp.Compare(a[0], b[0]) })
	return out
}

// scanWindows adds the records of some times to the sample.
func (c *call) scanWindows(parts *sampleParts, windows [][2]int64) error {
	next := make(chan [2]int64, len(windows))
	for _, w := range windows {
		next <- w
	}
	close(next)
	errs := make([]error, sampleScans)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() {
			for w := range next {
				if errs[i] = c.scanWindow(parts, w); errs[i] != nil {
					return
				}
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

func (c *call) scanWindow(parts *sampleParts, w [2]int64) error {
	var mu sync.Mutex
	var used []*culprit.Part
	defer func() { parts.giveBack(used) }()
	_, err := logql.Walk(c.ctx, c.source, parts.s.expr, logql.Params{Start: w[0], End: w[1]}, func() func(*logql.Line) error {
		part := parts.take()
		mu.Lock()
		used = append(used, part)
		mu.Unlock()
		var except func(*logql.Entry) bool
		if parts.s.except != nil {
			except = parts.s.except()
		}
		return func(l *logql.Line) error {
			if parts.wants(l.Entry.Timestamp) && (except == nil || !except(l.Entry)) {
				part.Add(parts.side, l.Entry.Timestamp, l.Stream(), l.Metadata(), l.Parsed(), l.Text)
			}
			return nil
		}
	})
	return err
}

// sampleParts hands out parts of a sample, each to one goroutine at a time.
type sampleParts struct {
	sample *culprit.Sample
	side   culprit.Side
	s      *culpritSide

	// windows are the only times that are wanted, in order; nil: all.
	windows [][2]int64

	mu   sync.Mutex
	free []*culprit.Part
}

func (p *sampleParts) wants(t int64) bool {
	if p.windows == nil {
		return true
	}
	at, found := slices.BinarySearchFunc(p.windows, t, func(w [2]int64, t int64) int { return cmp.Compare(w[0], t) })
	return found || at > 0 && t < p.windows[at-1][1]
}

func (p *sampleParts) take() *culprit.Part {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := len(p.free); n > 0 {
		part := p.free[n-1]
		p.free = p.free[:n-1]
		return part
	}
	return p.sample.NewPart()
}

func (p *sampleParts) giveBack(parts []*culprit.Part) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.free = append(p.free, parts...)
}
