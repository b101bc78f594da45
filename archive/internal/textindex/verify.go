// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package textindex

import "context"

// Verify reads every block, and checks that it can be decoded whole. It needs memory for the index.
func (ix *Index) Verify(ctx context.Context) error {
	for i := range ix.groups {
		g := &ix.groups[i]
		if g.filter.bytes > 0 {
			if _, err := ix.blocks(ctx, []Extent{{g.filterAt, int64(g.filter.bytes)}}, []uint64{g.filter.sum}); err != nil {
				return err
			}
		}
		if g.groupEntry.shapes.bytes == 0 {
			continue
		}
		data, err := ix.blocks(ctx, []Extent{{g.shapesAt, int64(g.groupEntry.shapes.bytes)}}, []uint64{g.groupEntry.shapes.sum})
		if err != nil {
			return err
		}
		rows, err := parseShapeRows(data[0], g.groupEntry.shapes.raw, ix.count)
		if err == nil {
			err = rows.parseNumbers(g.rows)
		}
		if err != nil {
			return err
		}
	}
	blocks := make([]int, len(ix.words))
	for i := range blocks {
		blocks[i] = i
	}
	s := tokenSearch{ix: ix}
	set := newGroupSet(len(ix.groups))
	err := s.eachBlock(ctx, blocks, func(_ int, l *wordList) error {
		all := make([]bool, l.n)
		for i := range all {
			all[i] = true
		}
		return l.groups(all, set, len(ix.groups))
	})
	if err != nil {
		return err
	}
	q, err := Compile([]Line{{}}, nil)
	if err != nil {
		return err
	}
	v := newShapeVerdicts(ix, q)
	list := make([]uint32, ix.count)
	for i := range list {
		list[i] = uint32(i)
	}
	return v.learn(ctx, [][]uint32{list})
}
