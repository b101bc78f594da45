// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package textindex

import "context"

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
	index *Index
	query *Query
}

// Match starts a query on the index.
func (ix *Index) Match(q *Query) *Match { return &Match{index: ix, query: q} }

// Groups returns a verdict for every row group, None for those that are not candidates (nil: all are). None speaks of
// lines and values; All says that every row satisfies the lines, and nothing of the values. With an error every
// candidate is Maybe.
func (m *Match) Groups(ctx context.Context, candidates []bool) ([]Verdict, error) {
	verdicts := make([]Verdict, m.index.Groups())
	for i := range verdicts {
		if candidates == nil || candidates[i] {
			verdicts[i] = Maybe
		}
	}
	return verdicts, ctx.Err()
}

// Rows returns which rows of a row group satisfy the lines; values are not considered. With an error nothing is known.
func (m *Match) Rows(ctx context.Context, group int) (Rows, error) {
	_ = group
	return Rows{}, ctx.Err()
}
