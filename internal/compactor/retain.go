// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package compactor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/logboom/logboom/archive"
)

// Due is an object of which retention takes records out, or all of it.
type Due struct {
	Key, Tenant string
	// Whole says that the whole object goes, else it is written anew without these rows.
	Whole bool
	Rows  int64
	// Bytes are what the archive shrinks by.
	Bytes            int64
	MinTime, MaxTime time.Time // of the object
	Why              string
}

// RetainReport says what retention does, or would do.
type RetainReport struct {
	Due         []Due
	Rows, Bytes int64
	// Held is how many objects stay because of a hold, though a size asks for them to go.
	Held int
	// Errors are what could not be read; it stays.
	Errors []error
}

func (r *RetainReport) add(d Due) {
	r.Due = append(r.Due, d)
	r.Rows += d.Rows
	r.Bytes += d.Bytes
}

// Retain applies retention. A dry run does all but the deletion and returns exactly what it would do now.
func (c *Compactor) Retain(ctx context.Context, dryRun bool) (report RetainReport, err error) {
	if dryRun {
		if err := c.open(ctx); err != nil {
			return RetainReport{}, err
		}
		return c.retain(ctx, true, nil)
	}
	err = c.lead(ctx, true, func(ctx context.Context) (err error) {
		report, err = c.retain(ctx, false, &Report{})
		return err
	})
	return report, err
}

func (c *Compactor) retain(ctx context.Context, dryRun bool, done *Report) (report RetainReport, err error) {
	r := &c.config.Retention
	if r.MaxAge == 0 && len(r.Rules) == 0 && len(r.Sizes) == 0 {
		return report, nil
	}
	now := c.now()
	for range maxAttempts {
		d := c.draft()
		planned := RetainReport{}
		more, err := c.retainOnce(ctx, d, now, dryRun, &planned)
		if err != nil {
			return report, err
		}
		if dryRun {
			return planned, nil
		}
		if len(d.edit.Remove) == 0 {
			report.Held, report.Errors = planned.Held, planned.Errors
			return report, errors.Join(planned.Errors...)
		}
		switch err := c.commit(ctx, d, done); {
		case errors.Is(err, errStale):
			continue
		case err != nil:
			return report, err
		}
		for _, due := range planned.Due {
			report.add(due)
		}
		done.Rewritten += d.bytes
		report.Held, report.Errors = planned.Held, planned.Errors
		if !more {
			return report, errors.Join(planned.Errors...)
		}
	}
	return report, nil
}

// retainOnce puts what is due into the draft; more says that it is full before all is.
func (c *Compactor) retainOnce(ctx context.Context, d *draft, now time.Time, dryRun bool, report *RetainReport) (more bool, err error) {
	left := map[string]int64{} // bytes by tenant that stay
	unread, err := d.snapshot.EachDay(ctx, func(_ string, objects []*archive.ObjectMeta) error {
		for _, o := range objects {
			if d.full() && !dryRun {
				return archive.ErrStop
			}
			due, err := c.dueOf(ctx, d, o, now, dryRun)
			if err != nil {
				if ctx.Err() != nil {
					return err
				}
				report.Errors = append(report.Errors, err)
			}
			left[o.Tenant] += o.Bytes
			if due != nil {
				report.add(*due)
				left[o.Tenant] -= due.Bytes
			}
		}
		return nil
	})
	report.Errors = append(report.Errors, unread...)
	if errors.Is(err, archive.ErrStop) {
		return true, nil
	}
	if err != nil || len(c.config.Retention.Sizes) == 0 {
		return false, err
	}
	return c.retainSizes(ctx, d, left, dryRun, report)
}

// dueOf puts an object into the draft if something of it is due.
func (c *Compactor) dueOf(ctx context.Context, d *draft, o *archive.ObjectMeta, now time.Time, dryRun bool) (*Due, error) {
	r := &c.config.Retention
	v, why := r.judge(o, now)
	due := &Due{Key: o.Key, Tenant: o.Tenant, Why: why, MinTime: time.Unix(0, o.MinTime).UTC(), MaxTime: time.Unix(0, o.MaxTime).UTC()}
	switch v {
	case keepAll:
		return nil, nil
	case keepNone:
		due.Whole, due.Rows, due.Bytes = true, o.Rows, o.Bytes
		d.edit.Remove = append(d.edit.Remove, o.Key)
		d.delete("retention", o, due)
		return due, nil
	}
	stamp := ""
	if v == lookInside { // often for nothing, and the same again and again
		stamp = r.stamp(o, now)
		if c.looked[o.Key] == stamp {
			return nil, nil
		}
	}
	req := archive.MergeRequest{Inputs: []*archive.ObjectMeta{o}, Keep: r.keep(o.Tenant, now), KeepBasics: true, Checkpoint: d.number()}
	var stats archive.MergeStats
	var err error
	if dryRun {
		stats, err = c.merger.Merge(ctx, req, func(archive.Object) error { return nil })
	} else {
		stats, _, err = c.rewrite(ctx, d, req, false)
	}
	if err != nil {
		return nil, fmt.Errorf("retain part of an object: %w", err)
	}
	if stats.RowsDropped == 0 {
		if len(c.looked) > maxLooked {
			clear(c.looked)
		}
		c.looked[o.Key] = stamp
		return nil, nil
	}
	due.Rows, due.Bytes, due.Whole = stats.RowsDropped, shrunk(o, &stats), stats.Objects == 0
	d.delete("retention", o, due)
	return due, nil
}

// shrunk is by how many bytes an object became smaller: 0 when it is larger than before, as one may be that is compressed less well.
func shrunk(o *archive.ObjectMeta, stats *archive.MergeStats) int64 {
	return max(0, o.Bytes-stats.BytesWritten)
}

// maxLooked bounds what is remembered of objects that were read for nothing.
const maxLooked = 1 << 16

// stamp changes when it is worth looking into an object again.
func (r *Retention) stamp(o *archive.ObjectMeta, now time.Time) string {
	stamp := ""
	for _, age := range r.ages(o.Tenant) {
		if due(now, age, o.MaxTime) {
			stamp += "+"
		} else {
			stamp += "-"
		}
	}
	if o.Displaced {
		stamp += now.UTC().Format(time.DateOnly)
	}
	return stamp
}

// delete notes that records of an object go.
func (d *draft) delete(action string, o *archive.ObjectMeta, due *Due) {
	d.deleted = append(d.deleted, deletion{
		Action: action, Key: o.Key, Tenant: o.Tenant, Rows: due.Rows, Bytes: due.Bytes, Whole: due.Whole,
		MinTime: o.MinTime, MaxTime: o.MaxTime, Why: due.Why,
	})
}

// retainSizes puts the oldest objects of tenants into the draft that take more than they may.
func (c *Compactor) retainSizes(ctx context.Context, d *draft, left map[string]int64, dryRun bool, report *RetainReport) (more bool, err error) {
	r := &c.config.Retention
	over := map[string]int64{}
	for tenant, bytes := range left {
		if limit, _ := r.sizeOf(tenant); limit > 0 && bytes > limit {
			over[tenant] = bytes - limit
		}
	}
	if len(over) == 0 {
		return false, nil
	}
	gone := map[string]bool{}
	for _, key := range d.edit.Remove {
		gone[key] = true
	}
	if dryRun {
		for i := range report.Due {
			gone[report.Due[i].Key] = true
		}
	}
	_, err = d.snapshot.EachDay(ctx, func(_ string, objects []*archive.ObjectMeta) error {
		objects = slices.Clone(objects)
		slices.SortStableFunc(objects, func(a, b *archive.ObjectMeta) int {
			return cmp.Or(cmp.Compare(a.MaxTime, b.MaxTime), strings.Compare(a.Key, b.Key))
		})
		for _, o := range objects {
			if over[o.Tenant] <= 0 || gone[o.Key] {
				continue
			}
			if d.full() && !dryRun {
				return archive.ErrStop
			}
			if r.mayHoldAny(o) != nil {
				report.Held++
				continue
			}
			_, why := r.sizeOf(o.Tenant)
			due := Due{
				Key: o.Key, Tenant: o.Tenant, Whole: true, Rows: o.Rows, Bytes: o.Bytes, Why: why,
				MinTime: time.Unix(0, o.MinTime).UTC(), MaxTime: time.Unix(0, o.MaxTime).UTC(),
			}
			over[o.Tenant] -= o.Bytes
			d.edit.Remove = append(d.edit.Remove, o.Key)
			d.delete("size", o, &due)
			report.add(due)
		}
		return nil
	})
	if errors.Is(err, archive.ErrStop) {
		return true, nil
	}
	return false, err
}
