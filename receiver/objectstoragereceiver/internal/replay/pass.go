// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"context"
	"errors"
	"time"

	"github.com/logboom/logboom/archive"
)

// Plan is what to replay, and how it is cut.
type Plan struct {
	// Request says which records; OnError of it is not looked at.
	Request archive.ScanRequest
	// MaxRecords and MaxBytes bound a batch; a larger record is a batch of its own.
	MaxRecords int
	MaxBytes   int64
	// MaxHeldBytes bounds the records of one time that are held to be ordered.
	MaxHeldBytes int64
	// MaxSpan bounds the event time that a batch covers; 0 does not.
	MaxSpan time.Duration
	// MaxAge is how long one snapshot is read: behind the batch that ends it, a new one is taken. 0 means for ever.
	MaxAge time.Duration
	// Seed orders records of one time. It must be the same as long as positions are used.
	Seed uint64
}

// Pass is one scan from a position on.
type Pass struct {
	Plan
	From Position
	// Deliver takes a batch over; batches come one after the other. An error ends the pass.
	Deliver func(context.Context, *Batch) error
	// Tolerate is asked whether to go on without what cannot be read: a [*PartError] or a [*RecordError]. It is called from
	// another goroutine than Deliver.
	Tolerate func(error) bool
}

// Run reads and delivers. done says that the end of the range was reached; without an error and without done, the scan must
// begin anew behind the last batch that was delivered. Of a batch whose delivery failed nothing counts as delivered.
func (p *Pass) Run(ctx context.Context, snapshot *archive.Snapshot) (done bool, stats archive.ScanStats, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	batches := make(chan *Batch) // one is delivered while the next is made
	var scanErr error
	go func() {
		defer close(batches)
		stats, scanErr = p.scan(ctx, snapshot, batches)
	}()
	for b := range batches {
		if err == nil {
			err = p.Deliver(ctx, b)
		}
		if err != nil {
			cancel()
		}
	}
	switch {
	case err != nil:
		return false, stats, err
	case errors.Is(scanErr, errAgain):
		return false, stats, nil
	}
	return scanErr == nil, stats, scanErr
}

func (p *Pass) scan(ctx context.Context, snapshot *archive.Snapshot, batches chan<- *Batch) (archive.ScanStats, error) {
	began := time.Now()
	b := newBatcher(limits{records: p.MaxRecords, bytes: p.MaxBytes, held: p.MaxHeldBytes, span: int64(p.MaxSpan)}, p.Seed, p.From,
		func(b *Batch) error {
			select {
			case batches <- b:
			case <-ctx.Done():
				return ctx.Err()
			}
			if p.MaxAge > 0 && time.Since(began) > p.MaxAge {
				return errAgain
			}
			return nil
		})
	req := p.Request
	req.Start = max(req.Start, p.From.Time)
	req.OnError = func(err error) error {
		if part := (&PartError{err}); !p.Tolerate(part) {
			return part
		}
		return nil
	}
	stats, err := snapshot.Scan(ctx, req, func(r *archive.Record) error {
		err := b.add(r.Tenant, r)
		if bad := (*RecordError)(nil); errors.As(err, &bad) && p.Tolerate(bad) {
			return nil
		}
		return err
	})
	if err == nil {
		return stats, b.finish()
	}
	if part, bad := (*PartError)(nil), (*RecordError)(nil); errors.As(err, &part) || errors.As(err, &bad) {
		// What lies before the hole is complete, but for the records of the time that was being read.
		if err := b.flush(); err != nil {
			return stats, err
		}
	}
	return stats, err
}
