// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package objectstorageexporter

import (
	"context"
	"errors"
	"fmt"
	"io"

	"go.uber.org/zap"

	"github.com/logboom/logboom/archive"
	"github.com/logboom/logboom/internal/bucket"
)

// errCopied means that this write-ahead log, or a copy of it, was used elsewhere at the same time.
var errCopied = errors.New("the write-ahead log was copied, or put back to an earlier state")

// permanent reports whether trying again cannot help.
func permanent(err error) bool {
	return errors.Is(err, archive.ErrFenced) || errors.Is(err, errCopied)
}

func (e *objectStorageExporter) probe(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	return bucket.Probe(ctx, e.bucket)
}

// claim starts an epoch in the archive's log; numbers go on behind what is committed. After an error it may be called
// again, and goes on with reading the log where it was.
func (e *objectStorageExporter) claim(ctx context.Context) (err error) {
	if e.log == nil {
		hint := e.held.Sequence()
		if e.isNew() {
			var err error
			if hint, err = e.tail.find(ctx, e.hasRecord); err != nil {
				return fmt.Errorf("read log of writer %s: %w", e.writer, err)
			}
		}
		log, err := archive.NewLogWriter(e.bucket, e.writer, e.held.ID(), hint)
		if err != nil {
			return err
		}
		if e.wal != nil {
			log.SetNonce(e.nonce)
		} else {
			log.SetVolatile()
		}
		e.log = log
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	if err := e.log.Read(ctx); err != nil {
		return err
	}
	if err := e.checkCommits(); err != nil {
		return err // before the claim, which would stop the other one
	}
	if e.held.Sequence() > 0 && e.log.Epoch() == 0 {
		e.logger.Warn("this writer has committed before, but the archive has nothing of it: is it another archive, or one whose volume is not mounted?",
			zap.String("url", e.bucket.Name()), zap.String("writer", e.writer))
	}
	if err := e.log.Claim(ctx); err != nil {
		return err
	}
	e.epoch, e.claimed = e.log.Epoch(), e.log.Committed()
	defer func() {
		if err == nil {
			e.fresh.committed(e.log.LastSequence())
		}
	}()
	if e.wal == nil {
		return nil
	}
	e.wal.Raise(e.claimed)
	if err := e.checkCommits(); err != nil { // of what came in between
		return err
	}
	e.claimed = max(e.claimed, e.wal.Done())
	if err := e.wal.SetSequence(e.log.LastSequence()); err != nil {
		e.logger.Warn("place in the archive's log cannot be kept; the next start may read all of it", zap.Error(err))
	}
	return nil
}

// checkCommits makes sure that what the archive has of this write-ahead log under the numbers of the batches that are
// held is these batches. If the directory was copied, the process with the copy gave the same numbers to others.
func (e *objectStorageExporter) checkCommits() error {
	if e.wal == nil {
		return nil
	}
	for _, c := range e.log.Commits() {
		from := max(c.From, min(e.wal.ClaimedBelow(c.Nonce), e.opened)) // from e.opened on they are our own, and not committed yet
		if from > c.To {
			continue
		}
		if records, ok := e.wal.Holds(from, c.To); ok {
			return fmt.Errorf("%w: the archive has entries %d to %d of log %s from another process, and wal::directory %q holds entries of the same numbers, which may be the same or others, in segments of %d records; "+
				"nothing is deleted. Move the directory aside, start with an empty one, and look with logboomctl wal cat and archive cat whether the archive has its records",
				errCopied, from, c.To, e.wal.ID(), e.cfg.WAL.Directory, records)
		}
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

// isNew reports whether nothing can be in the archive under the id of what holds our batches: then only the end
// of the writer's log matters, not what it says.
func (e *objectStorageExporter) isNew() bool { return e.wal == nil || e.opened == 1 }

// hasRecord reports whether the writer's log has a record of that number.
func (e *objectStorageExporter) hasRecord(ctx context.Context, n uint64) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	_, err := e.bucket.ReadRange(ctx, archive.LogKey(e.writer, n), make([]byte, 1), 0)
	switch {
	case err == nil || errors.Is(err, io.EOF):
		return true, nil
	case errors.Is(err, archive.ErrNotFound):
		return false, nil
	}
	return false, err
}

// tail finds a record near the end of a log. Numbers have no gaps, so a few calls do where a listing would cost one
// for every thousand records, and reading them one for each.
type tail struct {
	low, high uint64 // low is 0 or exists; high does not exist, or is 0
}

// find returns the number of a record near the end, 0 when there is none. After an error it goes on where it was.
func (t *tail) find(ctx context.Context, exists func(context.Context, uint64) (bool, error)) (uint64, error) {
	for t.high == 0 || t.high-t.low > 1 {
		n := max(1, 2*t.low)
		if t.high > 0 {
			n = t.low + (t.high-t.low)/2
		}
		ok, err := exists(ctx, n)
		switch {
		case err != nil:
			return 0, err
		case ok:
			t.low = n
		default:
			t.high = n
		}
	}
	return t.low, nil
}
