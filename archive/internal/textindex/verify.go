// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package textindex

import (
	"context"
	"encoding/binary"
)

// Verify reads every block, and checks that it can be decoded whole. It needs memory for the index.
func (ix *Index) Verify(ctx context.Context) error {
	for g := range ix.groups {
		var extents []Extent
		if ix.groups[g].filter.bytes > 0 {
			extents = append(extents, ix.filterExtent(g))
		}
		if ix.groups[g].groupEntry.shapes.bytes > 0 {
			extents = append(extents, ix.rowsExtent(g))
		}
		if _, err := ix.blocks(ctx, extents); err != nil {
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
	var list []byte
	for i := range ix.count {
		list = binary.LittleEndian.AppendUint32(list, uint32(i))
	}
	return v.learn(ctx, [][]byte{list})
}
