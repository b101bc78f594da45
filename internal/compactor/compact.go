// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package compactor

import (
	"context"
	"errors"

	"github.com/logboom/logboom/archive"
)

// compact merges what is worth it.
func (c *Compactor) compact(ctx context.Context, report *Report) error {
	var errs []error
	for range maxAttempts {
		if err := ctx.Err(); err != nil {
			return errors.Join(append(errs, err)...)
		}
		d := c.draft()
		now := c.now()
		failed := false
		unread, err := d.snapshot.EachDay(ctx, func(_ string, objects []*archive.ObjectMeta) error {
			for _, m := range c.config.planMerges(objects, now) {
				if err := c.merge(ctx, d, m, report); err != nil {
					if ctx.Err() != nil {
						return err
					}
					errs, failed = append(errs, err), true // one object that cannot be read must not stop all others
					continue
				}
				if d.full() {
					return archive.ErrStop
				}
			}
			return nil
		})
		for _, err := range unread {
			c.log.Warn("a part of the archive cannot be looked at", "error", err)
		}
		more := errors.Is(err, archive.ErrStop)
		if err != nil && !more {
			return errors.Join(append(errs, err)...)
		}
		if len(d.edit.Add)+len(d.edit.Remove) == 0 {
			return errors.Join(errs...)
		}
		switch err := c.commit(ctx, d, report); {
		case errors.Is(err, errStale):
			continue
		case err != nil:
			return errors.Join(append(errs, err)...)
		case failed && !more:
			return errors.Join(errs...)
		}
	}
	return errors.Join(errs...)
}

// maxAttempts bounds how often a change is tried in one cycle, and with that how many checkpoints a cycle makes for it.
const maxAttempts = 16

// merge merges as much of a set as fits at a time.
func (c *Compactor) merge(ctx context.Context, d *draft, m merge, report *Report) error {
	inputs := m.inputs
	for len(inputs) > 0 {
		n, err := c.merger.Fit(ctx, inputs)
		if err != nil {
			if n >= 2 { // those before it can be merged
				_, _, merged := c.rewrite(ctx, d, archive.MergeRequest{Inputs: inputs[:n]}, true)
				return errors.Join(err, merged)
			}
			return err
		}
		if n == 1 && len(inputs) > 1 && compacted(inputs[0]) {
			inputs = inputs[1:] // alone it would be written for nothing
			continue
		}
		stats, _, err := c.rewrite(ctx, d, archive.MergeRequest{Inputs: inputs[:n]}, true)
		if err != nil {
			return err
		}
		report.Merges++
		report.ObjectsIn += n
		report.ObjectsOut += stats.Objects
		report.BytesIn += stats.BytesRead
		for _, o := range inputs[:n] {
			if !compacted(o) {
				report.BytesFresh += o.Bytes
			}
		}
		report.BytesOut += stats.BytesWritten
		report.Rows += stats.RowsWritten
		report.Duplicates += stats.RowsDuplicate
		c.log.Info("merged objects of the archive", "directory", inputs[0].Directory(), "objects", n, "into", stats.Objects,
			"rows", stats.RowsWritten, "duplicates", stats.RowsDuplicate, "bytes_read", stats.BytesRead, "bytes_written", stats.BytesWritten)
		inputs = inputs[n:]
	}
	return nil
}
