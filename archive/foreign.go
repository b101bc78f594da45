// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"errors"
	"io"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

// decodeForeign decodes a column chunk of any number of pages and any encoding that parquet-go knows.
func decodeForeign(chunk parquet.ColumnChunk, data io.ReaderAt, shape columnShape, rows int) (_ *column, err error) {
	defer guard(&err)
	file, ok := chunk.(*parquet.FileColumnChunk)
	if !ok || shape.kind == format.Boolean || shape.kind == format.Float {
		return nil, errColumn
	}
	pages := file.PagesFrom(data)
	defer pages.Close()
	c := &column{}
	if shape.kind == format.ByteArray {
		c.starts = []uint32{0}
	} else {
		c.numbers = []int64{}
	}
	ends := 0 // rows begun
	add := func(v parquet.Value) error {
		if shape.repeated && v.RepetitionLevel() == 0 || !shape.repeated {
			if ends++; ends > rows {
				return errColumn
			}
			if shape.repeated {
				c.rowStarts = append(c.rowStarts, uint32(c.values))
				if v.DefinitionLevel() == 0 {
					return nil
				}
			}
		}
		if c.values++; c.values > maxValues || ends == 0 {
			return errColumn
		}
		switch {
		case c.starts != nil:
			if !v.IsNull() {
				c.data = append(c.data, v.ByteArray()...)
			}
			if len(c.data) > maxPageBytes {
				return errColumn
			}
			c.starts = append(c.starts, uint32(len(c.data)))
		case v.IsNull():
			c.numbers = append(c.numbers, 0)
		case shape.kind == format.Int32:
			c.numbers = append(c.numbers, int64(v.Int32()))
		default:
			c.numbers = append(c.numbers, int64(v.Uint64()))
		}
		return nil
	}
	buf := make([]parquet.Value, 1024)
	for {
		page, err := pages.ReadPage()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		err = eachValue(page.Values(), buf, add)
		parquet.Release(page)
		if err != nil {
			return nil, err
		}
	}
	if ends != rows {
		return nil, errColumn
	}
	if shape.repeated {
		c.rowStarts = append(c.rowStarts, uint32(c.values))
	}
	return c, nil
}

func eachValue(values parquet.ValueReader, buf []parquet.Value, visit func(parquet.Value) error) error {
	for {
		n, err := values.ReadValues(buf)
		for _, v := range buf[:n] {
			if err := visit(v); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil || n == 0 {
			return errors.Join(errColumn, err)
		}
	}
}
