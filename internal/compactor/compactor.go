// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package compactor

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/logboom/logboom/archive"
)

// Compactor looks after one archive. Its methods may be called one at a time; each takes the lease for as long as it
// runs.
type Compactor struct {
	bucket archive.Bucket
	config Config
	log    *slog.Logger
	now    func() time.Time
	merger *archive.Merger

	reader *archive.Reader
	seeker *archive.LeaseSeeker
	epoch  uint64 // of the lease, while it is held
	looked map[string]string
	bad    map[string]time.Time // objects that could not be merged, and when they are tried again
	apart  map[pair]bool        // objects that a compactor made and that do not fit together
	warned bool                 // of such
	swept  time.Time            // when orphans were looked for last
}

// New returns a compactor for the archive in b, which stays the caller's. Nothing is read or written yet.
func New(b archive.Bucket, config Config) (*Compactor, error) {
	if err := config.Validate(); err != nil {
		return nil, err
	}
	c := &Compactor{bucket: b, config: config, log: config.Logger, now: config.Now, looked: map[string]string{}, bad: map[string]time.Time{}, apart: map[pair]bool{}}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	if c.now == nil {
		c.now = time.Now
	}
	c.merger = archive.NewMerger(b, archive.MergerOptions{
		Compression: config.Compression, TargetBytes: config.TargetBytes, MemoryBytes: config.MemoryBytes,
	})
	c.seeker = archive.NewLeaseSeeker(b, archive.LeaseOptions{Holder: config.Holder, TTL: config.LeaseTTL, Now: c.now})
	return c, nil
}

// Reader follows the archive; nil before the first cycle.
func (c *Compactor) Reader() *archive.Reader { return c.reader }

// Cycle does everything once: checkpoint, retention, merges, deletion. When another process has the lease it does nothing, and
// says so in the report. What could be done in spite of an error is in the report, too.
func (c *Compactor) Cycle(ctx context.Context) (report Report, err error) {
	err = c.lead(ctx, false, func(ctx context.Context) error { return c.cycle(ctx, &report, true) })
	if errors.Is(err, archive.ErrLeaseHeld) {
		return report, nil
	}
	return report, err
}

// Compact is a cycle without retention. It waits for the lease until ctx ends.
func (c *Compactor) Compact(ctx context.Context) (report Report, err error) {
	err = c.lead(ctx, true, func(ctx context.Context) error { return c.cycle(ctx, &report, false) })
	return report, err
}

func (c *Compactor) cycle(ctx context.Context, report *Report, retention bool) error {
	report.Leader, report.Epoch = true, c.epoch
	if err := c.checkpoint(ctx, report); err != nil {
		return err
	}
	var errs []error
	if retention { // first: what expires need not be merged
		_, err := c.retain(ctx, false, report)
		errs = append(errs, err)
	}
	if ctx.Err() == nil {
		errs = append(errs, c.compact(ctx, report))
	}
	if ctx.Err() == nil {
		errs = append(errs, c.collect(ctx, c.config.Grace, report))
	}
	c.survey(report)
	return errors.Join(errs...)
}

// releaseTimeout bounds how long the end waits for a bucket that does not answer; the lease ends by itself.
const releaseTimeout = 10 * time.Second

// leasePoll is how often somebody who waits for the lease asks for it.
const leasePoll = 500 * time.Millisecond

// lead calls f while it holds the lease, for which it may wait. The context of f ends when the lease is lost.
func (c *Compactor) lead(ctx context.Context, wait bool, f func(context.Context) error) error {
	lease, err := c.seeker.Try(ctx)
	for wait && errors.Is(err, archive.ErrLeaseHeld) {
		select {
		case <-ctx.Done():
			return err
		case <-time.After(leasePoll):
		}
		lease, err = c.seeker.Try(ctx)
	}
	if err != nil {
		return err
	}
	c.epoch = lease.Epoch()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		ticker := time.NewTicker(max(c.config.LeaseTTL/3, time.Millisecond))
		defer ticker.Stop()
		for {
			select {
			case <-stop:
				return
			case <-ticker.C:
				if err := lease.Renew(ctx); errors.Is(err, archive.ErrLeaseLost) {
					cancel(err)
					return
				} else if err != nil && ctx.Err() == nil {
					c.log.Warn("renewing the lease", "error", err) // there is time for another try
				}
			}
		}
	})
	err = c.open(ctx)
	if err == nil {
		err = f(ctx)
	}
	close(stop)
	wg.Wait()
	if cause := context.Cause(ctx); errors.Is(cause, archive.ErrLeaseLost) {
		return errors.Join(cause, err)
	}
	release, done := context.WithTimeout(context.WithoutCancel(ctx), releaseTimeout)
	defer done()
	return errors.Join(err, lease.Release(release))
}

// open brings the view of the archive up to date.
func (c *Compactor) open(ctx context.Context) (err error) {
	if c.reader == nil {
		c.reader, err = archive.Open(ctx, c.bucket, archive.ReaderOptions{CountsByMinute: true, ListInterval: -1})
		return err
	}
	return c.refresh(ctx)
}

func (c *Compactor) refresh(ctx context.Context) error {
	return c.reader.Refresh(ctx)
}
