// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package compactor

import (
	"context"
	"errors"
	"fmt"

	"github.com/logboom/logboom/archive"
)

// RepairRequest says what a repair may do.
type RepairRequest struct {
	// DryRun only reports.
	DryRun bool
	// RemoveMissing takes live objects that are not in the bucket out of the live set: their records are lost, and
	// queries stop saying so.
	RemoveMissing bool
}

// Problem is an object that is not what the commit log says.
type Problem struct {
	Key, Tenant string
	Rows, Bytes int64
	Err         string
}

// RepairReport says what was found and done.
type RepairReport struct {
	Objects int // live
	// Missing are live objects that are not in the bucket, Damaged such as have another size.
	Missing, Damaged []Problem
	// Removed says that the missing ones are not in the live set any more.
	Removed bool
	// Unindexed were written anew, with an index, or would be.
	Unindexed int
	// Orphans were deleted, or would be.
	Orphans     int
	OrphanBytes int64
	// Rebuilt is how many manifests were gone or damaged and were made again, or would be.
	Rebuilt int
	// Errors are what could not be read or mended.
	Errors []error
}

// Repair compares the archive with its commit log and mends what can be. It waits for the lease until ctx ends, unless it is a dry
// run.
func (c *Compactor) Repair(ctx context.Context, req RepairRequest) (report RepairReport, err error) {
	if req.DryRun {
		if err := c.open(ctx); err != nil {
			return report, err
		}
		return report, c.repair(ctx, &req, &report)
	}
	err = c.lead(ctx, true, func(ctx context.Context) error {
		if err := c.checkpoint(ctx, &Report{}); err != nil {
			return err
		}
		return c.repair(ctx, &req, &report)
	})
	return report, err
}

func (c *Compactor) repair(ctx context.Context, req *RepairRequest, report *RepairReport) error {
	for range maxAttempts {
		rebuilt := report.Rebuilt
		*report = RepairReport{Rebuilt: rebuilt}
		d := c.draft()
		// First what is live, then what is there: an object that is live is there before.
		present := map[string]int64{}
		var listed []archive.ObjectInfo
		for info, err := range c.bucket.List(ctx, "logs/", "") {
			if err != nil {
				return fmt.Errorf("list objects: %w", err)
			}
			present[info.Key] = info.Size
			listed = append(listed, info)
		}
		if err := c.rebuild(ctx, d, req, listed, report); err != nil {
			return err
		}
		if len(d.edit.Rebuilt) > 0 { // the rest from the new live set
			if err := c.commit(ctx, d, &Report{}); err != nil && !errors.Is(err, errStale) {
				return err
			}
			continue
		}
		if req.DryRun && report.Rebuilt > 0 {
			return errors.Join(report.Errors...) // the rest cannot be looked at before
		}
		more, err := c.mend(ctx, d, req, present, report)
		if err != nil {
			return err
		}
		if !req.DryRun && len(d.edit.Remove) > 0 {
			switch err := c.commit(ctx, d, &Report{}); {
			case errors.Is(err, errStale):
				continue
			case err != nil:
				return err
			}
			if more {
				continue
			}
		}
		if len(report.Errors) > 0 {
			return errors.Join(report.Errors...) // what is named is not known in full
		}
		orphans, err := c.orphansOf(ctx, listed, req.DryRun)
		for _, o := range orphans {
			report.Orphans++
			report.OrphanBytes += o.Size
		}
		return err
	}
	return fmt.Errorf("repair: %w", errStale)
}

// mend compares live objects with what is there; more says that not all could be mended in one checkpoint.
func (c *Compactor) mend(ctx context.Context, d *draft, req *RepairRequest, present map[string]int64, report *RepairReport) (more bool, err error) {
	unread, err := d.snapshot.EachDay(ctx, func(_ string, objects []*archive.ObjectMeta) error {
		for _, o := range objects {
			report.Objects++
			problem := Problem{Key: o.Key, Tenant: o.Tenant, Rows: o.Rows, Bytes: o.Bytes}
			size, ok := present[o.Key]
			if !ok {
				ok, err := c.exists(ctx, o.Key) // a listing may be behind
				if err != nil {
					return err
				}
				if ok {
					continue
				}
				problem.Err = archive.ErrNotFound.Error()
				report.Missing = append(report.Missing, problem)
				if req.RemoveMissing && !req.DryRun {
					report.Removed = true
					d.edit.Remove = append(d.edit.Remove, o.Key)
					d.delete("missing", o, &Due{Rows: o.Rows, Bytes: o.Bytes, Whole: true, Why: "the object is not in the bucket"})
				}
				continue
			}
			if size != o.Bytes {
				problem.Err = fmt.Sprintf("size is %d bytes", size)
				report.Damaged = append(report.Damaged, problem)
				continue
			}
			if o.Index != nil {
				continue
			}
			report.Unindexed++
			if req.DryRun {
				continue
			}
			if d.full() {
				more = true
				continue
			}
			if _, _, err := c.rewrite(ctx, d, archive.MergeRequest{Inputs: []*archive.ObjectMeta{o}}, true); err != nil {
				if ctx.Err() != nil {
					return err
				}
				report.Errors = append(report.Errors, err)
			}
		}
		return nil
	})
	report.Errors = append(report.Errors, unread...)
	return more, err
}

// exists reports whether an object is there.
func (c *Compactor) exists(ctx context.Context, key string) (bool, error) {
	_, err := c.bucket.ReadRange(ctx, key, make([]byte, 1), 0)
	switch {
	case errors.Is(err, archive.ErrNotFound):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("look for object %q: %w", key, err)
	}
	return true, nil
}
