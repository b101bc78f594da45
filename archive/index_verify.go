// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"context"
	"fmt"
	"math/bits"
	"strings"

	"github.com/cespare/xxhash/v2"

	"github.com/logboom/logboom/archive/internal/textindex"
)

// indexVerification compares the index of an object with its rows.
type indexVerification struct {
	index *textindex.Index
}

// newIndexVerification opens and checks the index in an object of row groups of that many rows.
func newIndexVerification(ctx context.Context, meta *ObjectMeta, body []byte, rows []int) (v *indexVerification, err error) {
	defer guard(&err)
	data := body[meta.Index.Offset : meta.Index.Offset+meta.Index.Bytes]
	directory := data[meta.Index.Bytes-meta.Index.DirectoryBytes:]
	if sum := fmt.Sprintf("%016x", xxhash.Sum64(directory)); sum != meta.Index.DirectorySum {
		return nil, fmt.Errorf("checksum of the index is %s, want %s", sum, meta.Index.DirectorySum)
	}
	index, err := textindex.Open(directory, meta.Index.Bytes, rows, textindex.InMemory(data))
	if err != nil {
		return nil, err
	}
	return &indexVerification{index}, index.Verify(ctx)
}

// sampledRows is how many rows of each row group are looked for in the index.
const sampledRows = 3

// group looks for rows of a row group, which are these in any order.
func (v *indexVerification) group(ctx context.Context, number int, records []*Record) (err error) {
	defer guard(&err)
	candidates := make([]bool, v.index.Groups())
	candidates[number] = true
	for i := range sampledRows {
		r := records[i*(len(records)-1)/(sampledRows-1)]
		lines := []textindex.Line{{Text: r.Body}}
		values := []textindex.Value{}
		for _, s := range []string{r.TraceID, r.SpanID, r.RecordUID, r.EventName} {
			if s != "" {
				values = append(values, textindex.Value{Text: s, Whole: true})
			}
		}
		for _, list := range [][]Attribute{r.LogAttributes, r.ResourceAttributes, r.ScopeAttributes} {
			for i := range list {
				values = append(values, textindex.Value{Text: list[i].Value, Whole: true})
			}
		}
		q, err := textindex.Compile(lines, values)
		if err != nil {
			return err
		}
		m := v.index.Match(q)
		verdicts, err := m.Groups(ctx, candidates)
		if err != nil {
			return err
		}
		rows, err := m.Rows(ctx, number)
		if err != nil {
			return err
		}
		if verdicts[number] == textindex.None {
			return fmt.Errorf("index does not find a row of row group %d", number)
		}
		if !rows.Known {
			continue
		}
		var matching, all, maybe int
		for _, other := range records {
			if strings.Contains(other.Body, r.Body) {
				matching++
			}
		}
		for i := range rows.All {
			all += bits.OnesCount64(rows.All[i])
			maybe += bits.OnesCount64(rows.Maybe[i])
		}
		if matching < all || matching > all+maybe {
			return fmt.Errorf("index finds %d to %d rows of row group %d, %d are there", all, all+maybe, number, matching)
		}
	}
	return nil
}
