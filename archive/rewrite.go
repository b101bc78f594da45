// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/cespare/xxhash/v2"
	"github.com/parquet-go/parquet-go"
)

// typedReader decodes the columns of one row group without making values one by one: texts go to one array.
type typedReader struct {
	chunks []parquet.ColumnChunk
	data   io.ReaderAt // answers for the row group's part of the object
	rows   int
	text   *[]byte
}

// textColumn is a column of texts: value i is texts[ids[i]], a part of the reader's text. Texts of a dictionary are there
// once.
type textColumn struct {
	ids    []uint32
	texts  []span
	starts []uint32 // of a repeated column: where the values of each row begin, and the end
	dict   bool     // the first texts are the dictionary's
}

// pages calls visit with every page of a column.
func (c *typedReader) pages(col int, visit func(parquet.Page) error) error {
	chunk, ok := c.chunks[col].(*parquet.FileColumnChunk)
	if !ok {
		return errColumn
	}
	pages := chunk.PagesFrom(c.data)
	defer pages.Close()
	for {
		page, err := pages.ReadPage()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		err = visit(page)
		parquet.Release(page)
		if err != nil {
			return err
		}
	}
}

// ints appends a column of numbers without repetition; NULL is 0.
func (c *typedReader) ints(col int, list []int64) (_ []int64, err error) {
	narrow := c.chunks[col].Type().Kind() == parquet.Int32
	var wide []int64
	err = c.pages(col, func(page parquet.Page) error {
		values := page.Data()
		wide = wide[:0]
		numbers := func(data interface {
			Int32() []int32
			Int64() []int64
		},
		) {
			if !narrow {
				wide = append(wide, data.Int64()...)
				return
			}
			for _, n := range data.Int32() {
				wide = append(wide, int64(n))
			}
		}
		if dict := page.Dictionary(); dict != nil {
			data := dict.Page().Data()
			numbers(&data)
			distinct := len(wide)
			for _, i := range values.Int32() {
				if i < 0 || int(i) >= distinct {
					return errColumn
				}
				wide = append(wide, wide[i])
			}
			wide = wide[distinct:]
		} else {
			numbers(&values)
		}
		levels := page.DefinitionLevels()
		if levels == nil {
			if len(list)+len(wide) > c.rows {
				return errColumn
			}
			list = append(list, wide...)
			return nil
		}
		if len(list)+len(levels) > c.rows {
			return errColumn
		}
		next := 0
		for _, l := range levels {
			n := int64(0)
			if l > 0 {
				if next == len(wide) {
					return errColumn
				}
				n = wide[next]
				next++
			}
			list = append(list, n)
		}
		return nil
	})
	if err == nil && len(list) != c.rows {
		err = fmt.Errorf("%d of %d rows: %w", len(list), c.rows, errColumn)
	}
	if err != nil {
		return list, fmt.Errorf("column %s: %w", columnName(col), err)
	}
	return list, nil
}

// texts reads a column without repetition; NULL is the empty text.
func (c *typedReader) texts(col int, t *textColumn) error {
	t.reset()
	none := uint32(math.MaxUint32) // index of the text of NULL
	err := c.pages(col, func(page parquet.Page) error {
		from := len(t.ids)
		if err := c.values(t, page); err != nil {
			return err
		}
		levels := page.DefinitionLevels()
		if levels == nil {
			return nil
		}
		n := len(t.ids) - from
		if n == len(levels) {
			return nil
		}
		if n > len(levels) || len(levels) > c.rows {
			return errColumn
		}
		if none == math.MaxUint32 {
			none = uint32(len(t.texts))
			t.texts = append(t.texts, span{})
		}
		t.ids = append(t.ids, make([]uint32, len(levels)-n)...)
		next := from + n // of the values, moved from the end
		for i := len(levels) - 1; i >= 0; i-- {
			id := none
			if levels[i] > 0 {
				if next == from {
					return errColumn
				}
				next--
				id = t.ids[next]
			}
			t.ids[from+i] = id
		}
		if next != from {
			return errColumn
		}
		return nil
	})
	if err == nil && len(t.ids) != c.rows {
		err = fmt.Errorf("%d of %d rows: %w", len(t.ids), c.rows, errColumn)
	}
	if err != nil {
		return fmt.Errorf("column %s: %w", columnName(col), err)
	}
	return nil
}

// mapColumns reads a MAP and the column of its types, which follows it.
func (c *typedReader) mapColumns(col int, keys, values, kinds *textColumn) error {
	for i, t := range []*textColumn{keys, values} {
		if err := c.repeated(col+i, t); err != nil {
			return fmt.Errorf("column %s: %w", columnName(col+i), err)
		}
	}
	if !slices.Equal(keys.starts, values.starts) {
		return fmt.Errorf("column %s: keys and values differ in number: %w", columnName(col), errColumn)
	}
	return c.texts(col+2, kinds)
}

// repeated reads the keys or the values of a MAP.
func (c *typedReader) repeated(col int, t *textColumn) error {
	t.reset()
	n := uint32(0)
	err := c.pages(col, func(page parquet.Page) error {
		if err := c.values(t, page); err != nil {
			return err
		}
		repetition, definition := page.RepetitionLevels(), page.DefinitionLevels()
		if len(repetition) != len(definition) {
			return errColumn
		}
		for i, r := range repetition {
			if r == 0 {
				if len(t.starts) == c.rows {
					return errColumn
				}
				t.starts = append(t.starts, n)
			} else if len(t.starts) == 0 || definition[i] == 0 {
				return errColumn
			}
			if definition[i] > 0 {
				n++
			}
		}
		if int(n) != len(t.ids) {
			return errColumn
		}
		return nil
	})
	if err == nil && len(t.starts) != c.rows {
		err = fmt.Errorf("%d of %d rows: %w", len(t.starts), c.rows, errColumn)
	}
	t.starts = append(t.starts, n)
	return err
}

func (t *textColumn) reset() {
	t.ids, t.texts, t.starts, t.dict = t.ids[:0], t.texts[:0], t.starts[:0], false
}

// values appends the values of a page that are not NULL.
func (c *typedReader) values(t *textColumn, page parquet.Page) error {
	data := page.Data()
	dict := page.Dictionary()
	if dict == nil {
		first := uint32(len(t.texts))
		if err := c.keep(t, &data); err != nil {
			return err
		}
		for i := first; i < uint32(len(t.texts)); i++ {
			t.ids = append(t.ids, i)
		}
		return nil
	}
	if !t.dict { // a chunk has one dictionary, which comes first
		if t.dict = true; len(t.texts) > 0 {
			return errColumn
		}
		texts := dict.Page().Data()
		if err := c.keep(t, &texts); err != nil {
			return err
		}
	}
	n := dict.Len()
	for _, i := range data.Int32() {
		if i < 0 || int(i) >= n || int(i) >= len(t.texts) {
			return errColumn
		}
		t.ids = append(t.ids, uint32(i))
	}
	return nil
}

// keep copies texts.
func (c *typedReader) keep(t *textColumn, v interface{ ByteArray() ([]byte, []uint32) }) error {
	data, offsets := v.ByteArray()
	base := len(*c.text)
	if len(offsets) == 0 {
		return nil
	}
	first, last := offsets[0], offsets[len(offsets)-1]
	if first > last || int(last) > len(data) || base+int(last-first) > maxBatchText {
		return errColumn
	}
	*c.text = append(*c.text, data[first:last]...)
	shift := uint32(base) - first
	for i := range len(offsets) - 1 {
		if offsets[i] > offsets[i+1] {
			return errColumn
		}
		t.texts = append(t.texts, span{offsets[i] + shift, offsets[i+1] + shift})
	}
	return nil
}

// verifyGroup compares the bytes of a row group with their checksum.
func verifyGroup(o *objectFile, i int, data []byte) error {
	want := o.groups[i].sum.Sum
	if got := fmt.Sprintf("%016x", xxhash.Sum64(data)); got != want {
		return fmt.Errorf("checksum of row group %d is %s, want %s", i, got, want)
	}
	return nil
}
