// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"unsafe"

	"github.com/parquet-go/parquet-go"
)

// maxAttributesHint bounds, per row, the memory that is set aside for attributes before they are seen.
const maxAttributesHint = 64

// columnReader decodes the columns of one row group, whose compressed bytes are in memory.
type columnReader struct {
	chunks []parquet.ColumnChunk
	data   io.ReaderAt // answers for the row group's part of the object
	rows   int
	buf    []parquet.Value
	arena  arena
}

// arena copies strings out of decoded pages, many to an allocation.
type arena struct{ free []byte }

func (a *arena) copy(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	if len(b) > cap(a.free)-len(a.free) {
		if len(b) > 16<<10 {
			return string(b)
		}
		a.free = make([]byte, 0, 256<<10)
	}
	from := len(a.free)
	a.free = append(a.free, b...)
	return unsafe.String(&a.free[from], len(b))
}

// window is the part of an object from base on, in memory.
type window struct {
	base int64
	data *bytes.Reader
}

func newWindow(base int64, data []byte) window { return window{base, bytes.NewReader(data)} }

func (w window) ReadAt(p []byte, off int64) (int, error) {
	if off < w.base {
		return 0, fmt.Errorf("offset %d lies before the part that was read", off)
	}
	return w.data.ReadAt(p, off-w.base)
}

// columnName is the name of a column in errors.
func columnName(col int) string { return columnNames[col] }

var errColumn = errors.New("column is damaged")

// each calls visit with every value of a column, in order.
func (c *columnReader) each(col int, visit func(parquet.Value) error) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("column %s: %w", columnName(col), err)
		}
	}()
	chunk, ok := c.chunks[col].(*parquet.FileColumnChunk)
	if !ok {
		return errColumn
	}
	pages := chunk.PagesFrom(c.data)
	defer pages.Close()
	if c.buf == nil {
		c.buf = make([]parquet.Value, 1024)
	}
	for {
		page, err := pages.ReadPage()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		values := page.Values()
		for {
			n, err := values.ReadValues(c.buf)
			for _, v := range c.buf[:n] {
				if err := visit(v); err != nil {
					parquet.Release(page)
					return err
				}
			}
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil || n == 0 {
				parquet.Release(page)
				return errors.Join(errColumn, err)
			}
		}
		parquet.Release(page)
	}
}

// texts reads a column of strings without repetition; NULL is "".
func (c *columnReader) texts(col int) ([]string, error) {
	list := make([]string, 0, c.rows)
	last := ""
	err := c.each(col, func(v parquet.Value) error {
		if len(list) == c.rows {
			return errColumn
		}
		if b := v.ByteArray(); v.IsNull() || len(b) == 0 {
			last = ""
		} else if string(b) != last {
			last = c.arena.copy(b)
		}
		list = append(list, last)
		return nil
	})
	return list, c.complete(err, len(list), col)
}

// ints reads a column of numbers without repetition; NULL is 0.
func (c *columnReader) ints(col int) ([]int64, error) {
	list := make([]int64, 0, c.rows)
	narrow := c.chunks[col].Type().Kind() == parquet.Int32
	err := c.each(col, func(v parquet.Value) error {
		switch {
		case len(list) == c.rows:
			return errColumn
		case v.IsNull():
			list = append(list, 0)
		case narrow:
			list = append(list, int64(v.Int32()))
		default:
			list = append(list, v.Int64())
		}
		return nil
	})
	return list, c.complete(err, len(list), col)
}

func (c *columnReader) complete(err error, n, col int) error {
	if err == nil && n != c.rows {
		err = fmt.Errorf("column %s: %d of %d rows: %w", columnName(col), n, c.rows, errColumn)
	}
	return err
}

// attributes reads a MAP and the column of its types, which follows it. Rows with the same attributes as the
// row before share them.
func (c *columnReader) attributes(col int) ([][]Attribute, error) {
	types, err := c.texts(col + 2)
	if err != nil {
		return nil, err
	}
	all := make([]Attribute, 0, min(c.chunks[col].NumValues(), int64(maxAttributesHint*c.rows)))
	ends := make([]int, 0, c.rows) // of each row's attributes in all
	last := ""
	err = c.each(col, func(v parquet.Value) error {
		if v.RepetitionLevel() == 0 {
			if len(ends) == c.rows {
				return errColumn
			}
			ends = append(ends, len(all))
		}
		if v.DefinitionLevel() == 0 {
			return nil
		}
		if len(ends) == 0 {
			return errColumn
		}
		if b := v.ByteArray(); string(b) != last {
			last = c.arena.copy(b)
		}
		all = append(all, Attribute{Key: last})
		ends[len(ends)-1] = len(all)
		return nil
	})
	if err := c.complete(err, len(ends), col); err != nil {
		return nil, err
	}
	next := 0
	err = c.each(col+1, func(v parquet.Value) error {
		if v.DefinitionLevel() == 0 {
			return nil
		}
		if next == len(all) {
			return errColumn
		}
		b := v.ByteArray()
		// The same key of the row before is the likeliest to have the same value.
		if back := next - ends[0]; back >= 0 && all[back].Value == string(b) {
			all[next].Value = all[back].Value
		} else {
			all[next].Value = c.arena.copy(b)
		}
		next++
		return nil
	})
	if err == nil && next != len(all) {
		err = fmt.Errorf("column %s: %d of %d values: %w", columnName(col+1), next, len(all), errColumn)
	}
	if err != nil {
		return nil, err
	}
	list := make([][]Attribute, c.rows)
	from := 0
	for i, end := range ends {
		row := all[from:end:end]
		from = end
		if types[i] != "" {
			if len(types[i]) != len(row) {
				return nil, fmt.Errorf("column %s: %d types for %d attributes: %w", columnName(col+2), len(types[i]), len(row), errColumn)
			}
			for j := range row {
				t, ok := typeOfCode(types[i][j])
				if !ok {
					return nil, fmt.Errorf("column %s: type is not known: %w", columnName(col+2), errColumn)
				}
				row[j].Type = t
			}
		}
		if i > 0 && slices.Equal(row, list[i-1]) {
			row = list[i-1]
		}
		list[i] = row
	}
	return list, nil
}
