// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package compactor

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/logboom/logboom/archive"
)

// draft is a change of the live set that is being made.
type draft struct {
	snapshot *archive.Snapshot
	edit     archive.CheckpointEdit
	deleted  []deletion
	bytes    int64
	now      func() time.Time
	began    time.Time
}

// errStale says that the live set was changed by another, and what was planned must be planned again.
var errStale = errors.New("the live set has changed")

func (c *Compactor) draft() *draft {
	s := c.reader.Snapshot()
	now := c.now()
	return &draft{snapshot: s, now: c.now, began: now, edit: archive.CheckpointEdit{Epoch: c.epoch, Time: now, Grace: c.config.Grace}}
}

// number is that of the checkpoint which the draft is to become.
func (d *draft) number() uint64 { return d.snapshot.NextCheckpoint() }

func (d *draft) empty() bool {
	return len(d.edit.Add)+len(d.edit.Remove)+len(d.edit.Forget)+len(d.edit.Rebuilt) == 0 && d.snapshot.Uncheckpointed() == 0
}

// A draft is committed, though more is to be done, when so many bytes of objects were written anew for it, so many objects
// are removed, or it took so long: that is what a crash costs.
const (
	maxDraftBytes   = 1 << 30
	maxDraftRemoved = 1000
	maxDraftTime    = 2 * time.Minute
)

func (d *draft) full() bool {
	return len(d.edit.Remove) > 0 &&
		(d.bytes >= maxDraftBytes || len(d.edit.Remove) >= maxDraftRemoved || d.now().Sub(d.began) >= maxDraftTime)
}

// rewrite merges inputs into objects of the draft. When keep drops nothing of a single input, there is nothing to do and
// the draft stays as it is; changed says so.
func (c *Compactor) rewrite(ctx context.Context, d *draft, req archive.MergeRequest, force bool) (stats archive.MergeStats, changed bool, err error) {
	var outputs []archive.Object
	var metas []archive.ObjectMeta
	req.Checkpoint = d.number()
	hold := !force && req.Keep != nil // create nothing before it is known to be needed
	create := func(o archive.Object) error {
		if err := c.bucket.Create(ctx, o.Meta.Key, o.Body); err != nil && !errors.Is(err, archive.ErrExists) {
			return fmt.Errorf("create object %q: %w", o.Meta.Key, err)
		}
		metas = append(metas, o.Meta)
		return nil
	}
	stats, err = c.merger.Merge(ctx, req, func(o archive.Object) error {
		if hold && len(outputs) == 0 {
			outputs = append(outputs, o)
			return nil
		}
		for _, held := range outputs {
			if err := create(held); err != nil {
				return err
			}
		}
		outputs, hold = nil, false
		return create(o)
	})
	if err != nil {
		return stats, false, err
	}
	if hold && stats.RowsDropped == 0 {
		return stats, false, nil
	}
	for _, held := range outputs {
		if err := create(held); err != nil {
			return stats, false, err
		}
	}
	for _, in := range req.Inputs {
		d.edit.Remove = append(d.edit.Remove, in.Key)
	}
	d.edit.Add = append(d.edit.Add, metas...)
	d.bytes += stats.BytesWritten
	return stats, true, nil
}

// commit makes the draft the live set. errStale (wrapped) says that it must be made again from the new snapshot.
func (c *Compactor) commit(ctx context.Context, d *draft, report *Report) error {
	if d.empty() {
		return nil
	}
	if err := c.settleAudit(ctx, d.snapshot.Checkpoint()); err != nil {
		return err
	}
	notes, err := notesOf(d)
	if err != nil {
		return err
	}
	d.edit.Note = notes
	made, err := archive.CommitCheckpoint(ctx, c.bucket, d.snapshot, d.edit)
	switch {
	case err == nil:
	case errors.Is(err, archive.ErrCheckpointConflict), errors.Is(err, archive.ErrNotLive):
		report.Conflicts++
		return errors.Join(fmt.Errorf("%w: %w", errStale, err), c.refresh(ctx))
	default: // it may be there or not
		if refreshed := c.refresh(ctx); refreshed != nil {
			return errors.Join(err, refreshed)
		}
		found := c.reader.Snapshot().Checkpoint()
		if found == nil || found.Number != d.number() || !c.isOurs(ctx, d) {
			return fmt.Errorf("%w: %w", errStale, err)
		}
		made = found
	}
	report.Checkpoints++
	for i := range d.deleted {
		report.delete(d.deleted[i].Action, 1, d.deleted[i].Rows, d.deleted[i].Bytes)
		c.log.Info("deleted from the archive", d.deleted[i].attrs(made.Number)...)
	}
	if err := c.settleAudit(ctx, made); err != nil {
		return err
	}
	return c.refresh(ctx)
}

// isOurs reports whether the draft's objects are live and what it removes is not.
func (c *Compactor) isOurs(ctx context.Context, d *draft) bool {
	removed := map[string]bool{}
	for _, key := range d.edit.Remove {
		removed[key] = true
	}
	want := len(d.edit.Add)
	ok := true
	errs, err := c.reader.Snapshot().EachDay(ctx, func(_ string, objects []*archive.ObjectMeta) error {
		for _, o := range objects {
			ok = ok && !removed[o.Key]
			for i := range d.edit.Add {
				if d.edit.Add[i].Key == o.Key {
					want--
				}
			}
		}
		return nil
	})
	return err == nil && len(errs) == 0 && ok && want == 0 && len(d.edit.Add)+len(d.edit.Remove) > 0
}

// checkpoint sums up the commit log, if there is something new in it.
func (c *Compactor) checkpoint(ctx context.Context, report *Report) error {
	if c.reader.Snapshot().Uncheckpointed() == 0 {
		return c.settleAudit(ctx, c.reader.Snapshot().Checkpoint())
	}
	err := c.commit(ctx, c.draft(), report)
	if errors.Is(err, errStale) {
		return nil // somebody else's
	}
	return err
}
