// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package textindex

import (
	"context"
	"encoding/binary"
)

// shapeVerdicts are the verdicts for the shapes of an index that were asked for.
type shapeVerdicts struct {
	index *Index
	query *Query
	known []Verdict // by shape: plus one; 0: not known
	want  []bool    // scratch
	words *wordsOfPlaces
}

func newShapeVerdicts(ix *Index, q *Query) *shapeVerdicts {
	return &shapeVerdicts{index: ix, query: q, known: make([]Verdict, ix.count), want: make([]bool, ix.count)}
}

// learn evaluates those of the lists that are not known yet.
func (s *shapeVerdicts) learn(ctx context.Context, lists [][]byte) error {
	clear(s.want)
	var blocks []*indexBlock
	var extents []Extent
	var firsts []int // shape of each block
	for _, list := range lists {
		for ; len(list) >= 4; list = list[4:] {
			i := binary.LittleEndian.Uint32(list)
			if int(i) >= len(s.known) {
				return damaged("shape %d of %d", i, len(s.known))
			}
			if s.known[i] == 0 {
				s.want[i] = true
			}
		}
	}
	first := 0
	for i := range s.index.shapes {
		b := &s.index.shapes[i]
		for _, w := range s.want[first : first+b.count] {
			if w {
				blocks, firsts, extents = append(blocks, b), append(firsts, first), append(extents, b.extent(blockShapes))
				break
			}
		}
		first += b.count
	}
	if len(blocks) == 0 {
		return nil
	}
	if s.words == nil {
		extents = append(extents, s.index.placed.extent(blockPlaced)) // which lies behind them
	}
	data, err := s.index.blocks(ctx, extents)
	if err != nil {
		return err
	}
	if s.words == nil {
		if s.words, err = parsePlaced(data[len(blocks)]); err != nil {
			return err
		}
	}
	e := s.query.evaluator()
	defer s.query.release(e)
	e.use(s.words)
	for i, b := range blocks {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := s.block(e, data[i], b.count, firsts[i]); err != nil {
			return err
		}
	}
	return nil
}

// block evaluates the shapes that are wanted of a block of n, the first of which has that number.
func (s *shapeVerdicts) block(e *evaluator, raw []byte, n, first int) error {
	d := decoder{rest: raw}
	lengths := make([]int, 2*n)
	for i := range lengths {
		lengths[i] = d.number(maxShapeLength)
	}
	if d.err != nil {
		return d.err
	}
	text := d.rest
	var shape []byte
	same := 0
	for i := range n {
		shared, more := lengths[i], lengths[n+i]
		if shared > len(shape) || more > len(text) || shared+more > maxShapeLength {
			return damaged("shape %d of a block", i)
		}
		shape = append(shape[:shared], text[:more]...)
		text = text[more:]
		same = min(same, shared)
		if !s.want[first+i] {
			continue
		}
		s.known[first+i] = e.shape(shape, same) + 1
		same = len(shape)
	}
	if len(text) > 0 {
		return damaged("%d bytes behind a block of shapes", len(text))
	}
	return nil
}

// maxShapeLength bounds a shape. It is not longer than its body.
const maxShapeLength = maxShapeBody
