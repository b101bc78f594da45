// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"slices"
	"time"
	"unsafe"

	"github.com/logboom/logboom/archive/internal/textindex"
)

// selection is which rows of a row group pass a query, as far as that was looked at.
type selection struct {
	live bitset // may pass
	sure bitset // pass; of live, those that are not are to be asked of open
	open []*lineFilter
}

// newSelection begins with what the index says. No column is read.
func (g *groupReader) newSelection(p *objectPlan) selection {
	n := g.info.n
	s := selection{live: newBitset(n, true)}
	verdict := textindex.Maybe
	var match *textindex.Match
	if p != nil {
		verdict, match = g.q.verdict(p, g.group)
	}
	s.sure = newBitset(n, len(g.q.lines) == 0 || verdict == textindex.All)
	if verdict == textindex.None {
		clear(s.live)
	}
	if match == nil || len(g.q.lines) == 0 || verdict != textindex.Maybe {
		return s
	}
	rows, err := g.q.indexRows(match, g.group)
	if err != nil {
		g.q.note(g.file.meta, g.file.meta.Index.Offset, err)
		return s
	}
	if rows.Known && len(rows.All) >= len(s.live) && len(rows.Maybe) >= len(s.live) {
		for i := range s.live {
			s.sure[i] = s.live[i] & rows.All[i]
			s.live[i] &= rows.All[i] | rows.Maybe[i]
		}
	}
	return s
}

// filter reads the columns that the conditions need, the cheap ones first, and stops when no row is left. Without lazy
// it leaves nothing open.
func (g *groupReader) filter(s *selection, lazy bool) error {
	q := g.q
	if s.live.empty() {
		return nil
	}
	var first []int
	cut := !q.req.within(g.info)
	if cut {
		first = append(first, colTimestamp)
	}
	if q.req.Service != nil {
		first = append(first, colServiceName)
	}
	if q.req.Severity != nil {
		first = append(first, colSeverityNumber, colSeverityText)
	}
	if err := g.load(first...); err != nil {
		return err
	}
	start := time.Now()
	if cut {
		g.filterTime(s.live)
	}
	if q.req.Service != nil {
		g.filterService(s.live)
	}
	if q.req.Severity != nil {
		g.filterSeverity(s.live)
	}
	timed(&q.filter, start)
	for i := range q.values {
		if s.live.empty() {
			return nil
		}
		found, err := g.valueRows(&q.values[i])
		if err != nil {
			return err
		}
		s.live.and(found)
	}
	s.sure.and(s.live)
	return g.filterLines(s, lazy)
}

func (g *groupReader) filterTime(live bitset) {
	times := g.cols[colTimestamp]
	live.each(func(row int) {
		if t := times.number(row); t < g.q.req.Start || g.q.req.after(t) {
			live.clear(row)
		}
	})
}

// filterService asks once for every service.
func (g *groupReader) filterService(live bitset) {
	c := g.cols[colServiceName]
	keep := make([]bool, c.entries()+1)
	for id := range keep {
		keep[id] = g.q.req.Service(c.entry(uint32(id)))
	}
	live.each(func(row int) {
		if !keep[c.id(row)] {
			live.clear(row)
		}
	})
}

// filterSeverity asks once for every severity that occurs.
func (g *groupReader) filterSeverity(live bitset) {
	numbers, texts := g.cols[colSeverityNumber], g.cols[colSeverityText]
	const unknown, keep, drop = 0, 1, 2
	width := texts.entries() + 1
	var table []uint8
	if n := (numbers.entries() + 1) * width; n <= 1<<16 {
		table = make([]uint8, n)
	}
	live.each(func(row int) {
		a, b := numbers.id(row), texts.id(row)
		i := int(a)*width + int(b)
		if table != nil && table[i] != unknown {
			if table[i] == drop {
				live.clear(row)
			}
			return
		}
		ok := g.q.severity(int32(numbers.number(row)), texts.entry(b))
		if !ok {
			live.clear(row)
		}
		if table != nil {
			table[i] = drop
			if ok {
				table[i] = keep
			}
		}
	})
}

// filterLines looks at bodies, where the index left something to look at.
func (g *groupReader) filterLines(s *selection, lazy bool) error {
	if s.live.within(s.sure) {
		return nil
	}
	if err := g.loadRaw(colBody); err != nil {
		return err
	}
	defer timed(&g.q.filter, time.Now())
	body := g.cols[colBody]
	pending := slices.Clone(s.live)
	pending.without(s.sure)
	if ok, err := g.none(body); ok || err != nil {
		g.bodies = true
		g.q.bodiesScanned.Add(int64(pending.count()))
		s.live = slices.Clone(s.sure)
		return err
	}
	if !g.bodies {
		g.bodies = true
		g.q.bodiesScanned.Add(int64(pending.count()))
	}
	for i := range g.q.lines {
		f := &g.q.lines[i]
		if f.needles == nil && !f.exact {
			s.open = append(s.open, f)
			continue
		}
		found := f.needles.rows(body, pending)
		switch {
		case f.exact && f.Not:
			pending.without(found)
		case f.exact:
			pending.and(found)
		case f.Not:
			s.open = append(s.open, f)
		default:
			pending.and(found)
			s.open = append(s.open, f)
		}
		if pending.empty() {
			break
		}
	}
	if len(s.open) > 0 && !lazy {
		n := 0
		for row := range pending.rows {
			if n++; n%tickRows == 0 {
				if err := g.tick(); err != nil {
					return err
				}
			}
			if !s.passes(body, row) {
				pending.clear(row)
			}
		}
		s.open = nil
	}
	if len(s.open) == 0 {
		s.sure.or(pending)
		s.live = slices.Clone(s.sure)
		return nil
	}
	s.live = pending
	s.live.or(s.sure)
	return nil
}

// none looks for a needle that must be there in all bodies at once, before it is known where each begins; else it finds
// that out.
func (g *groupReader) none(body *column) (bool, error) {
	if !body.isRaw() {
		return false, nil
	}
	for i := range g.q.lines {
		if f := &g.q.lines[i]; !f.Not && f.needles.absent(body.data) {
			return true, nil
		}
	}
	return false, body.parse()
}

// passes asks the filters that are open for a row that is not sure.
func (s *selection) passes(body *column, row int) bool {
	b := body.entryBytes(body.id(row))
	for _, f := range s.open {
		if f.re.MatchString(unsafe.String(unsafe.SliceData(b), len(b))) == f.Not {
			return false
		}
	}
	return true
}

// rows returns which of the rows fulfil the condition. It searches all texts at once where many rows ask.
func (n *needles) rows(c *column, ask bitset) bitset {
	if n == nil {
		return slices.Clone(ask)
	}
	if c.plain() && ask.count()*8 >= c.values {
		return n.search(c, ask)
	}
	if !c.plain() && c.entries() <= c.values {
		found := n.search(c, nil)
		all := newBitset(c.values, false) // a dictionary is asked whole
		none := n.contains(nil)
		for i := range c.values {
			if id := c.id(i); int(id) < c.entries() && found.has(int(id)) || int(id) == c.entries() && none {
				all.set(i)
			}
		}
		return all
	}
	found := newBitset(c.values, false)
	ask.each(func(row int) {
		if n.contains(c.entryBytes(c.id(row))) {
			found.set(row)
		}
	})
	return found
}
