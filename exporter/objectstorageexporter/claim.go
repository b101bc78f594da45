// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package objectstorageexporter

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/logboom/logboom/archive"
	"github.com/logboom/logboom/internal/bucket"
)

// errOldLog means that this write-ahead log was put back to an earlier state.
var errOldLog = errors.New("the write-ahead log is older than what the archive has of it: was its directory restored from a copy? " +
	"Go on with an empty one, and keep this")

// permanent reports whether trying again cannot help.
func permanent(err error) bool {
	return errors.Is(err, archive.ErrFenced) || errors.Is(err, errOldLog)
}

func (e *objectStorageExporter) probe(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	return bucket.Probe(ctx, e.bucket)
}

// claim starts an epoch in the archive's log; numbers go on behind what is committed.
func (e *objectStorageExporter) claim(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	if e.log == nil {
		hint := e.held.Sequence()
		if e.fresh() {
			var err error
			if hint, err = e.tail(ctx); err != nil {
				return fmt.Errorf("read log of writer %s: %w", e.writer, err)
			}
		}
		log, err := archive.NewLogWriter(e.bucket, e.writer, e.held.ID(), hint)
		if err != nil {
			return err
		}
		e.log = log
	}
	if err := e.log.Claim(ctx); err != nil {
		return err
	}
	e.epoch, e.claimed = e.log.Epoch(), e.log.Committed()
	if e.wal != nil {
		if e.away && e.claimed >= e.opened {
			return errOldLog // batches of this process may have numbers that are taken
		}
		e.wal.Raise(e.claimed)
		e.claimed = max(e.claimed, e.wal.Done())
	}
	return nil
}

// claimLate claims when start could not.
func (e *objectStorageExporter) claimLate(ctx context.Context) error {
	if !e.away {
		return nil
	}
	err := e.retryStuck(ctx, "claim epoch", true, func() error {
		if err := e.probe(ctx); err != nil {
			return err
		}
		return e.claim(ctx)
	})
	switch {
	case err == nil:
		e.away = false
	case ctx.Err() == nil:
		e.fail(err)
	}
	return err
}

// fresh reports whether nothing can be in the archive under the id of what holds our batches: then only the end
// of the writer's log matters, not what it says.
func (e *objectStorageExporter) fresh() bool { return e.wal == nil || e.opened == 1 }

// tail finds a record near the end of the writer's log, 0 when there is none. Numbers have no gaps, so a few
// calls do where a listing would cost one for every thousand records, and reading them one for each.
func (e *objectStorageExporter) tail(ctx context.Context) (uint64, error) {
	exists := func(n uint64) (bool, error) {
		_, err := e.bucket.ReadRange(ctx, archive.LogKey(e.writer, n), make([]byte, 1), 0)
		switch {
		case err == nil || errors.Is(err, io.EOF):
			return true, nil
		case errors.Is(err, archive.ErrNotFound):
			return false, nil
		}
		return false, err
	}
	low, high := uint64(0), uint64(1) // low exists, high does not
	for {
		ok, err := exists(high)
		if err != nil {
			return 0, err
		}
		if !ok {
			break
		}
		low, high = high, 2*high
	}
	for high-low > 1 {
		middle := low + (high-low)/2
		ok, err := exists(middle)
		switch {
		case err != nil:
			return 0, err
		case ok:
			low = middle
		default:
			high = middle
		}
	}
	return low, nil
}
