// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"fmt"
	"strings"
)

// sharedColumns are those whose values the records of a ScopeLogs share, besides the two maps.
var sharedColumns = []int{colServiceName, colResourceSchemaURL, colScopeSchemaURL, colScopeName, colScopeVersion}

// sharedTexts finds the rows that share resource and scope, by the indices of their columns' values.
func (d *batchDecoder) sharedTexts(c *typedReader, b *Batch) error {
	for _, col := range sharedColumns {
		if err := c.texts(col, &d.columns[col]); err != nil {
			return err
		}
	}
	for _, col := range []int{colResourceAttributes, colScopeAttributes} {
		if err := c.mapColumns(col, &d.columns[col], &d.columns[col+1], &d.columns[col+2]); err != nil {
			return err
		}
	}
	for row := range b.rows {
		hash := d.sharedHash(row)
		index := -1
		for _, s := range d.shared[hash] {
			if d.sameShared(row, int(s.row)) {
				index = int(s.index)
				break
			}
		}
		if index < 0 {
			text, err := d.sharedText(b, row)
			if err != nil {
				return err
			}
			index = len(b.shared)
			b.shared = append(b.shared, text)
			d.shared[hash] = append(d.shared[hash], sharedRow{uint32(row), uint32(index)})
		}
		b.rows[row].shared = uint32(index)
	}
	return nil
}

func (d *batchDecoder) sharedHash(row int) uint64 {
	const prime = 0x9E3779B97F4A7C15
	h := uint64(prime)
	mix := func(v uint32) {
		h = (h ^ uint64(v)) * prime
		h ^= h >> 29
	}
	for _, col := range sharedColumns {
		mix(d.columns[col].ids[row])
	}
	for _, col := range [...]int{colResourceAttributes, colScopeAttributes} {
		keys, values := &d.columns[col], &d.columns[col+1]
		mix(d.columns[col+2].ids[row])
		from, to := keys.starts[row], keys.starts[row+1]
		mix(to - from)
		for i := from; i < to; i++ {
			mix(keys.ids[i])
			mix(values.ids[i])
		}
	}
	return h
}

func (d *batchDecoder) sameShared(a, b int) bool {
	for _, col := range sharedColumns {
		if ids := d.columns[col].ids; ids[a] != ids[b] {
			return false
		}
	}
	for _, col := range [...]int{colResourceAttributes, colScopeAttributes} {
		keys, values, kinds := &d.columns[col], &d.columns[col+1], &d.columns[col+2]
		from, other := keys.starts[a], keys.starts[b]
		n := keys.starts[a+1] - from
		if n != keys.starts[b+1]-other || kinds.ids[a] != kinds.ids[b] {
			return false
		}
		for i := range n {
			if keys.ids[from+i] != keys.ids[other+i] || values.ids[from+i] != values.ids[other+i] {
				return false
			}
		}
	}
	return true
}

// sharedText makes the shared text of a row, in memory of its own.
func (d *batchDecoder) sharedText(b *Batch, row int) (s sharedText, err error) {
	text := func(col int) string {
		t := &d.columns[col]
		return strings.Clone(b.string(t.texts[t.ids[row]]))
	}
	s.service, s.resourceSchemaURL, s.scopeSchemaURL = text(colServiceName), text(colResourceSchemaURL), text(colScopeSchemaURL)
	s.scopeName, s.scopeVersion = text(colScopeName), text(colScopeVersion)
	s.textSize = int64(len(s.resourceSchemaURL) + len(s.scopeSchemaURL) + len(s.scopeName) + len(s.scopeVersion))
	attributes := func(col int) ([]Attribute, error) {
		keys, values := &d.columns[col], &d.columns[col+1]
		codes := text(col + 2)
		from, to := keys.starts[row], keys.starts[row+1]
		if codes != "" && len(codes) != int(to-from) {
			return nil, fmt.Errorf("column %s: %d types for %d attributes: %w", columnName(col+2), len(codes), to-from, errColumn)
		}
		if from == to {
			return nil, nil
		}
		attrs := make([]Attribute, 0, to-from)
		for i := from; i < to; i++ {
			a := Attribute{Key: strings.Clone(b.string(keys.texts[keys.ids[i]])), Value: strings.Clone(b.string(values.texts[values.ids[i]]))}
			if codes != "" {
				t, ok := typeOfCode(codes[i-from])
				if !ok {
					return nil, fmt.Errorf("column %s: type is not known: %w", columnName(col+2), errColumn)
				}
				a.Type = t
			}
			s.textSize += int64(len(a.Key) + len(a.Value))
			attrs = append(attrs, a)
		}
		return attrs, nil
	}
	if s.resource, err = attributes(colResourceAttributes); err != nil {
		return s, err
	}
	s.scope, err = attributes(colScopeAttributes)
	return s, err
}
