// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package compactor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/logboom/logboom/archive"
)

// ErrHeld is returned (wrapped) when records that are to be erased are under a hold. Nothing was changed.
var ErrHeld = errors.New("records are under a hold")

// ErrNotErased is returned (wrapped) when records are still there after an erasure, or when nobody can say.
var ErrNotErased = errors.New("not everything is known to be erased")

// EraseRequest says what is to be erased.
type EraseRequest struct {
	Match Match
	// Now deletes the old objects at once, and with them all that are not live any more: who still reads them gets
	// errors. Else they go after the grace.
	Now bool
	// DryRun only says what would be done.
	DryRun bool
}

// EraseReport says what an erasure did.
type EraseReport struct {
	// Objects were written anew, or removed, without Rows records.
	Objects int
	Rows    int64
	// Pending is how many old objects are in the bucket until the grace is over; they may hold what was erased.
	Pending int
	// Scanned is how many live objects were read afterwards, Left how many records in them match, and Mentions how many
	// others have one of the values in their body or an attribute, in the objects MentionedIn (100 at most).
	Scanned        int
	Left, Mentions int64
	MentionedIn    []string
	// Errors are what could not be read.
	Errors []error
}

// Erase takes all records that match out of the archive, as far as they are committed when it begins, and looks whether
// they are gone. It waits for the lease until ctx ends.
func (c *Compactor) Erase(ctx context.Context, req EraseRequest) (report EraseReport, err error) {
	if err := req.Match.Validate(); err != nil {
		return report, err
	}
	if req.DryRun {
		if err := c.open(ctx); err != nil {
			return report, err
		}
		touched, err := c.touched(ctx, c.reader.Snapshot(), &req.Match, &report)
		report.Objects = len(touched)
		return report, err
	}
	err = c.lead(ctx, true, func(ctx context.Context) error { return c.erase(ctx, &req, &report) })
	return report, err
}

func (c *Compactor) erase(ctx context.Context, req *EraseRequest, report *EraseReport) error {
	done := &Report{}
	if err := c.checkpoint(ctx, done); err != nil { // what is committed is in manifests now
		return err
	}
	err := errStale
	for attempt := 0; attempt < maxAttempts && errors.Is(err, errStale); attempt++ {
		err = c.eraseOnce(ctx, req, report, done)
	}
	if err != nil {
		return err
	}
	if req.Now {
		if err := c.deleteRemoved(ctx, done); err != nil {
			return err
		}
	}
	if err := c.refresh(ctx); err != nil {
		return err
	}
	if made := c.reader.Snapshot().Checkpoint(); made != nil {
		for _, r := range made.Removed {
			if strings.HasPrefix(r.Key, "logs/") {
				report.Pending++
			}
		}
	}
	return c.verify(ctx, &req.Match, report)
}

// eraseOnce writes what is touched anew, in as many checkpoints as it takes.
func (c *Compactor) eraseOnce(ctx context.Context, req *EraseRequest, report *EraseReport, done *Report) error {
	for {
		d := c.draft()
		found := EraseReport{}
		touched, err := c.touched(ctx, d.snapshot, &req.Match, &found)
		if err != nil {
			return err
		}
		report.Errors = found.Errors
		objects, rows, more := 0, int64(0), false
		for _, o := range touched {
			if more = d.full(); more {
				break
			}
			keep := func(r *archive.Record) bool { return !req.Match.Record(r) }
			stats, _, err := c.rewrite(ctx, d, archive.MergeRequest{Inputs: []*archive.ObjectMeta{o}, Keep: keep}, true)
			if err != nil {
				return fmt.Errorf("erase records: %w", err)
			}
			objects++
			rows += stats.RowsDropped
			d.delete("erase", o, &Due{
				Rows: stats.RowsDropped, Bytes: shrunk(o, &stats), Whole: stats.Objects == 0,
				Why: "predicate on " + req.Match.Fields(),
			})
		}
		if objects == 0 {
			return nil
		}
		if err := c.commit(ctx, d, done); err != nil {
			return err
		}
		report.Objects += objects
		report.Rows += rows
		if !more {
			return nil
		}
	}
}

// touched returns the live objects that have records which match. A hold on one of these is an error, with
// all of the objects.
func (c *Compactor) touched(ctx context.Context, s *archive.Snapshot, m *Match, report *EraseReport) (list []*archive.ObjectMeta, err error) {
	var mu sync.Mutex
	var held []string
	heldRows := int64(0)
	unread, err := s.EachDay(ctx, func(_ string, objects []*archive.ObjectMeta) error {
		for _, o := range objects {
			var rows atomic.Int64
			req := m.request()
			req.Keep = func(r *archive.Record) bool {
				if !m.Record(r) {
					return false
				}
				rows.Add(1)
				if h := c.config.Retention.held(o.Tenant, r.ServiceName, r.Timestamp); h != nil {
					mu.Lock()
					if heldRows++; !slices.Contains(held, h.String()) {
						held = append(held, h.String())
					}
					mu.Unlock()
				}
				return false
			}
			stats, err := s.Only(o).Scan(ctx, req, func(*archive.Record) error { return nil })
			if err != nil {
				return err
			}
			report.Errors = append(report.Errors, stats.Errors...)
			report.Rows += rows.Load()
			if rows.Load() > 0 {
				list = append(list, o)
			}
		}
		return nil
	})
	report.Errors = append(report.Errors, unread...)
	if err != nil {
		return nil, fmt.Errorf("look for records: %w", err)
	}
	if heldRows > 0 {
		return list, fmt.Errorf("erase records: %d of them: %w: %s", heldRows, ErrHeld, strings.Join(held, "; "))
	}
	return list, nil
}

// deleteRemoved deletes the objects that are not live any more, whatever the grace.
func (c *Compactor) deleteRemoved(ctx context.Context, done *Report) error {
	made := c.reader.Snapshot().Checkpoint()
	if made == nil {
		return nil
	}
	d := c.draft()
	for _, r := range made.Removed {
		if !strings.HasPrefix(r.Key, "logs/") {
			continue
		}
		if err := c.bucket.Delete(ctx, r.Key); err != nil {
			return fmt.Errorf("delete object %q: %w", r.Key, err)
		}
		done.delete("superseded", 1, 0, r.Bytes)
		d.edit.Forget = append(d.edit.Forget, r.Key)
	}
	if len(d.edit.Forget) > 0 {
		if err := c.commit(ctx, d, done); err != nil {
			return err
		}
	}
	_, err := c.orphans(ctx, false)
	return err
}

// maxMentioned bounds the keys of a report.
const maxMentioned = 100

// verify reads every live object, without an index, and looks for what should not be there.
func (c *Compactor) verify(ctx context.Context, m *Match, report *EraseReport) error {
	s := c.reader.Snapshot()
	values := m.values()
	live, unread := s.Objects(ctx, minTime, maxTime)
	report.Errors = append(report.Errors, unread...)
	for _, o := range live {
		var left, mentioned atomic.Int64
		req := archive.All()
		req.Keep = func(r *archive.Record) bool {
			switch {
			case m.Record(r):
				left.Add(1)
			case slices.ContainsFunc(values, func(v string) bool { return mentions(r, v) }):
				mentioned.Add(1)
			}
			return false
		}
		stats, err := s.Only(o).Scan(ctx, req, func(*archive.Record) error { return nil })
		if err != nil {
			return fmt.Errorf("verify erasure: %w", err)
		}
		report.Errors = append(report.Errors, stats.Errors...)
		report.Scanned++
		report.Left += left.Load()
		report.Mentions += mentioned.Load()
		if mentioned.Load() > 0 && len(report.MentionedIn) < maxMentioned {
			report.MentionedIn = append(report.MentionedIn, o.Key)
		}
	}
	if report.Left > 0 || len(report.Errors) > 0 {
		return errors.Join(append([]error{fmt.Errorf("verify erasure: %d records match: %w", report.Left, ErrNotErased)}, report.Errors...)...)
	}
	return nil
}
