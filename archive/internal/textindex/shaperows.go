// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package textindex

import "encoding/binary"

// shapeRows is which shape each row of a row group has.
type shapeRows struct {
	list      []uint32 // the distinct shapes
	rest      decoder
	low, high []byte // by row: index into list, plus one; 0: none. high is nil where all are bytes
}

// parseShapeRows decodes the list of shapes.
func parseShapeRows(data []byte, distinct, shapes int) (*shapeRows, error) {
	r := &shapeRows{rest: decoder{rest: data}, list: make([]uint32, distinct)}
	packed := r.rest.bytes(r.rest.number(len(data)))
	if r.rest.err != nil {
		return nil, r.rest.err
	}
	raw, err := decompressor().DecodeAll(packed, make([]byte, 0, distinct*binary.MaxVarintLen32+1))
	if err != nil {
		return nil, damaged("the shapes of a row group do not decompress")
	}
	l := decoder{rest: raw}
	last := 0
	for i := range r.list {
		v := l.number(shapes)
		if i >= frequentShapes {
			v += last
			last = v
		}
		if v >= shapes {
			return nil, damaged("shape %d of %d", v, shapes)
		}
		r.list[i] = uint32(v)
	}
	if l.err == nil && len(l.rest) > 0 {
		return nil, damaged("%d bytes behind the shapes of a row group", len(l.rest))
	}
	return r, l.err
}

// parseNumbers decodes the numbers of the rows.
func (r *shapeRows) parseNumbers(rows int) (err error) {
	plane := func() []byte {
		packed := r.rest.bytes(r.rest.number(len(r.rest.rest)))
		if r.rest.err != nil {
			return nil
		}
		out, err := decompress(packed, rows)
		if err != nil {
			r.rest.err = err
		}
		return out
	}
	r.low = plane()
	if len(r.list) > 255 {
		r.high = plane()
	}
	if r.rest.err == nil && len(r.rest.rest) > 0 {
		return damaged("%d bytes behind the rows of a row group", len(r.rest.rest))
	}
	return r.rest.err
}
