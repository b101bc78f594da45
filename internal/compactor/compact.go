// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package compactor

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/logboom/logboom/archive"
)

// compact merges what is worth it.
func (c *Compactor) compact(ctx context.Context, report *Report) error {
	var errs []error
	began := c.now()
	for range maxAttempts {
		if err := ctx.Err(); err != nil {
			return errors.Join(append(errs, err)...)
		}
		if c.now().Sub(began) >= maxCompact {
			break // the rest in the next cycle: others may want the lease
		}
		d := c.draft()
		now := c.now()
		failed := false
		report.Backlog = Backlog{}
		unread, err := d.snapshot.EachDay(ctx, func(_ string, objects []*archive.ObjectMeta) error {
			for _, m := range c.config.planMerges(c.good(objects, now), now) {
				if d.full() {
					report.Backlog.add(m)
					continue
				}
				if err := c.merge(ctx, d, m, report); err != nil {
					if ctx.Err() != nil {
						return err
					}
					// One object that cannot be read must not stop all others: without it they are merged in the next round.
					errs, failed = append(errs, err), c.blame(err, now) || failed
					report.Backlog.add(m)
				}
			}
			return nil
		})
		for _, err := range unread {
			c.log.Warn("a part of the archive cannot be looked at", "error", err)
		}
		if err != nil {
			return errors.Join(append(errs, err)...)
		}
		if len(d.edit.Add)+len(d.edit.Remove) == 0 {
			if failed {
				continue
			}
			return errors.Join(errs...)
		}
		switch err := c.commit(ctx, d, report); {
		case errors.Is(err, errStale):
			continue
		case err != nil:
			return errors.Join(append(errs, err)...)
		}
	}
	return errors.Join(errs...)
}

// maxCompact is when a cycle ends though there is more to merge.
const maxCompact = 5 * time.Minute

// maxAttempts bounds how often a change is tried in one cycle, and with that how many checkpoints a cycle makes for it.
const maxAttempts = 16

const (
	// badAgain is when an object that could not be read is tried again.
	badAgain = 10 * time.Minute
	// maxBad bounds how many are remembered.
	maxBad = 1 << 16
)

// blame takes note of the object that an error is about; ok is false when it is about none.
func (c *Compactor) blame(err error, now time.Time) (ok bool) {
	var object *archive.ObjectError
	if !errors.As(err, &object) {
		return false
	}
	if len(c.bad) >= maxBad {
		clear(c.bad)
	}
	c.bad[object.Key] = now.Add(badAgain)
	return true
}

// good leaves out the objects that could not be read lately.
func (c *Compactor) good(objects []*archive.ObjectMeta, now time.Time) []*archive.ObjectMeta {
	if len(c.bad) == 0 {
		return objects
	}
	return slices.DeleteFunc(slices.Clone(objects), func(o *archive.ObjectMeta) bool {
		again, ok := c.bad[o.Key]
		if ok && !now.Before(again) {
			delete(c.bad, o.Key)
			return false
		}
		return ok
	})
}

// merge merges as much of a set as fits at a time. What a compactor made and fits with no other stays as it is: alone it would
// be written for nothing, and planned again for ever.
func (c *Compactor) merge(ctx context.Context, d *draft, m merge, report *Report) error {
	inputs := m.inputs
	for len(inputs) > 0 {
		if compacted(inputs[0]) && (len(inputs) == 1 || c.apart[pairOf(inputs)]) {
			report.Backlog.add(merge{inputs[:1]})
			if len(inputs) > 1 && !c.warned {
				c.warned = true
				c.log.Warn("objects of the archive stay apart: together they need more memory than a merge may hold; this is said once",
					"object", inputs[0].Key, "and", inputs[1].Key, "memory_bytes", c.config.MemoryBytes)
			}
			inputs = inputs[1:]
			continue
		}
		n, err := c.merger.Fit(ctx, inputs)
		if err != nil {
			return err
		}
		if n == 1 && compacted(inputs[0]) {
			if len(c.apart) >= maxBad {
				clear(c.apart)
			}
			c.apart[pairOf(inputs)] = true
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

// pair is the keys of two objects, which say what is in them.
type pair [2]string

func pairOf(inputs []*archive.ObjectMeta) pair { return pair{inputs[0].Key, inputs[1].Key} }
