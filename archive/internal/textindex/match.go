// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package textindex

import (
	"context"
	"encoding/binary"
	"slices"
	"sync"
)

// Verdict is what the index says of a row group or row.
type Verdict uint8

const (
	// None matches.
	None Verdict = iota
	// Maybe some match: look at the texts.
	Maybe
	// All match.
	All
)

// Rows are the rows of a row group, in the order of the file, bit i%64 of word i/64 each. A row in neither does not
// match.
type Rows struct {
	// Known is false when the row group has no shapes: every row may match, and the bit sets are nil.
	Known bool
	// All are the rows whose bodies satisfy every line; Maybe those whose bodies must be looked at.
	All, Maybe []uint64
}

// Match is a query on one index. It is safe for concurrent use, and short-lived: it keeps what it learned of the
// query (a byte for each shape).
type Match struct {
	// Lock locks the mutex, which is held while something is fetched; nil: it waits for it.
	Lock func(*sync.Mutex)

	index *Index
	query *Query

	mu     sync.Mutex
	shapes *shapeVerdicts // nil: not read yet
}

// Match starts a query on the index.
func (ix *Index) Match(q *Query) *Match { return &Match{index: ix, query: q} }

// Groups returns a verdict for every row group, None for those that are not candidates (nil: all are). None speaks of
// lines and values; All says that every row satisfies the lines, and nothing of the values. With an error every
// candidate is Maybe.
func (m *Match) Groups(ctx context.Context, candidates []bool) ([]Verdict, error) {
	set := newGroupSet(len(m.index.groups))
	for g := range m.index.groups {
		if candidates == nil || candidates[g] {
			set.add(g)
		}
	}
	verdicts := make([]Verdict, len(m.index.groups))
	for g := range verdicts {
		if set.has(g) {
			verdicts[g] = Maybe
		}
	}
	if err := m.index.tokens(ctx, m.query, set); err != nil {
		return verdicts, err
	}
	unknown := slices.Clone(verdicts)
	for g := range verdicts {
		if !set.has(g) {
			verdicts[g] = None
		}
	}
	if len(m.query.lines) == 0 {
		for g := range verdicts {
			verdicts[g] *= 2 // All, trivially
		}
		return verdicts, nil
	}
	if err := m.shapeGroups(ctx, verdicts); err != nil {
		return unknown, err
	}
	return verdicts, nil
}

// shapeGroups settles what is Maybe by the shapes that the row groups have. With an error it changes nothing.
func (m *Match) shapeGroups(ctx context.Context, verdicts []Verdict) error {
	var extents []Extent
	var groups []int
	for g, v := range verdicts {
		if v == Maybe && m.index.groups[g].groupEntry.shapes.bytes > 0 {
			groups, extents = append(groups, g), append(extents, m.index.rowsExtent(g))
		}
	}
	if len(groups) == 0 {
		return nil
	}
	data, err := m.index.blocks(ctx, extents)
	if err != nil {
		return err
	}
	lists := make([][]byte, len(groups))
	for i := range groups {
		rows, err := rowsIn(data[i], &extents[i])
		if err != nil {
			return err
		}
		lists[i] = rows.list
	}
	shapes, err := m.verdicts(ctx, lists...)
	if err != nil {
		return err
	}
	settled := make([]Verdict, len(groups))
	for i, g := range groups {
		var seen [All + 1]bool
		seen[Maybe] = m.index.groups[g].flags&flagLoose != 0
		for _, v := range shapes[i] {
			seen[v] = true
		}
		switch {
		case seen[Maybe] || seen[All] && seen[None]:
			settled[i] = Maybe
		case seen[All]:
			settled[i] = All
		}
	}
	for i, g := range groups {
		verdicts[g] = settled[i]
	}
	return nil
}

// Rows returns which rows of a row group satisfy the lines; values are not considered. With an error nothing is known.
func (m *Match) Rows(ctx context.Context, group int) (Rows, error) {
	e := &m.index.groups[group]
	if e.groupEntry.shapes.bytes == 0 {
		return Rows{}, nil
	}
	extent := m.index.rowsExtent(group)
	data, err := m.index.blocks(ctx, []Extent{extent})
	if err != nil {
		return Rows{}, err
	}
	rows, err := rowsIn(data[0], &extent)
	if err != nil {
		return Rows{}, err
	}
	shapes, err := m.verdicts(ctx, rows.list)
	if err != nil {
		return Rows{}, err
	}
	verdicts := append([]Verdict{Maybe}, shapes[0]...) // by number
	words := (e.rows + 63) / 64
	result := Rows{Known: true, All: make([]uint64, words), Maybe: make([]uint64, words)}
	for i, low := range rows.low {
		n := int(low)
		if rows.high != nil {
			n |= int(rows.high[i]) << 8
		}
		if n >= len(verdicts) {
			return Rows{}, damaged("shape %d of %d in a row group", n, extent.n)
		}
		switch verdicts[n] {
		case All:
			result.All[i>>6] |= 1 << (i & 63)
		case Maybe:
			result.Maybe[i>>6] |= 1 << (i & 63)
		}
	}
	return result, nil
}

// verdicts returns those for the shapes of each list.
func (m *Match) verdicts(ctx context.Context, lists ...[]byte) ([][]Verdict, error) {
	if m.Lock != nil {
		m.Lock(&m.mu)
	} else {
		m.mu.Lock()
	}
	defer m.mu.Unlock()
	if m.shapes == nil {
		m.shapes = newShapeVerdicts(m.index, m.query)
	}
	if err := m.shapes.learn(ctx, lists); err != nil {
		return nil, err
	}
	result := make([][]Verdict, len(lists))
	for i, list := range lists {
		result[i] = make([]Verdict, len(list)/4)
		for j := range result[i] {
			result[i][j] = m.shapes.known[binary.LittleEndian.Uint32(list[4*j:])] - 1
		}
	}
	return result, nil
}

// groupRows is which shape each row of a row group has.
type groupRows struct {
	list      []byte // the distinct shapes, 4 bytes each
	low, high []byte // by row: index into list, plus one; 0: none. high is nil where all are bytes
}

// rowsIn takes a decoded block apart.
func rowsIn(decoded []byte, e *Extent) (r groupRows, err error) {
	d := decoder{rest: decoded}
	r.list, r.low = d.bytes(4*e.n), d.bytes(e.raw)
	if e.n > 255 {
		r.high = d.bytes(e.raw)
	}
	return r, d.err
}
