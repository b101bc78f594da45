// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package logql

import "context"

// EachEntry is Each with the labels of an entry by where they are from: those of the stream, structured metadata, and what parsers
// found. All that yield gets is valid during the call only.
func EachEntry(ctx context.Context, src Source, e *LogExpr, p Params, yield func(stream Labels, entry *StreamEntry) error) (Stats, error) {
	ev := &evaluator{ctx: ctx, src: src, p: p}
	var stream Labels
	var out StreamEntry
	err := ev.each(e, func(st *lineState, ls *labelSet) error {
		stream = ls.appendCategory(stream[:0], catStream)
		out.Timestamp, out.Line = st.ts, st.line
		out.Metadata = ls.appendCategory(out.Metadata[:0], catMetadata)
		out.Parsed = ls.appendCategory(out.Parsed[:0], catParsed)
		if err := yield(stream, &out); err != nil {
			return err
		}
		return ev.enough()
	})
	return ev.stats, err
}
