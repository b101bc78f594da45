// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package objectstoragereceiver

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.uber.org/zap"

	"github.com/logboom/logboom/archive"
	"github.com/logboom/logboom/receiver/objectstoragereceiver/internal/replay"
)

const (
	// holeAttempts is how often a part of the archive is tried to be read, each time with a new state of the archive,
	// before it is taken to be lost.
	holeAttempts = 4
	// maxHoles is how many parts may be left out, whatever the configuration: an archive with more is damaged as a whole.
	maxHoles = 10_000
)

// errRepeat says that a batch was refused and must be made anew.
var errRepeat = errors.New("make the batch anew")

// refusedError is a batch that the pipeline refused for good.
type refusedError struct{ err error }

func (e *refusedError) Error() string {
	return "the pipeline refuses a batch for good: " + e.err.Error()
}
func (e *refusedError) Unwrap() error { return e.err }

// run replays until the end, or until the context ends.
func (r *replayReceiver) run(ctx context.Context) {
	if r.point.Done {
		r.logger.Info("this replay was completed before: there is nothing to do", r.totals()...)
		r.end(ctx)
		return
	}
	err := r.replay(ctx)
	switch {
	case ctx.Err() != nil && err != nil:
		r.logger.Info("the replay stops before its end", r.totals()...)
	case err != nil:
		r.progress.fail()
		r.logger.Error("the replay cannot go on; a restart goes on behind the last batch that was delivered", append(r.totals(), zap.Error(err))...)
		componentstatus.ReportStatus(r.host, componentstatus.NewPermanentErrorEvent(err))
	default:
		r.logger.Info("the replay is complete", r.totals()...)
		r.end(ctx)
	}
}

// end does what the configuration wants at the end.
func (r *replayReceiver) end(ctx context.Context) {
	r.progress.finish()
	r.status(troubleNone, componentstatus.NewEvent(componentstatus.StatusOK))
	if r.cfg.OnEnd == OnEndStop {
		r.wg.Go(func() { r.stopCollector(ctx) })
	}
}

// replay makes passes over the archive until one comes to the end.
func (r *replayReceiver) replay(ctx context.Context) error {
	var reader *archive.Reader
	watched := replay.WatchBucket(r.bucket)
	options := archive.ReaderOptions{
		// Replays read everything once: there is little to keep.
		CacheBytes: int64(r.cfg.MaxMemoryMiB) << 20 / 8, QueryMemoryBytes: int64(r.cfg.MaxMemoryMiB) << 20 / 2,
		// A new state is taken rarely, and after a part was not found: then it must be the newest.
		ListInterval: -1,
	}
	for {
		var err error
		if reader == nil {
			reader, err = archive.Open(ctx, watched, options)
		} else {
			err = reader.Refresh(ctx)
		}
		if err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err := r.again(ctx, troubleBucket, "the archive cannot be read", err); err != nil {
				return err
			}
			continue
		}
		done, err := r.pass(ctx, reader.Snapshot())
		if done || err != nil {
			return err
		}
	}
}

// pass makes one pass. Neither done nor an error means that another is due.
func (r *replayReceiver) pass(ctx context.Context, snapshot *archive.Snapshot) (done bool, err error) {
	from := r.point.position()
	plan := replay.Plan{
		Request: r.request, Seed: r.point.Seed, MaxAge: snapshotAge,
		MaxRecords: r.cfg.Batch.MaxRecords, MaxBytes: int64(r.cfg.Batch.MaxKiB) << 10,
		MaxHeldBytes: max(int64(r.cfg.MaxMemoryMiB)<<20/8, 2*int64(r.cfg.Batch.MaxKiB)<<10),
	}
	r.pacer.Limit(&plan)
	objects, errs := snapshot.Objects(ctx, max(r.request.Start, from.Time), r.request.End)
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	r.progress.plan(objects, &plan.Request, len(errs) == 0)
	for _, err := range errs {
		if part := (&replay.PartError{Err: err}); !r.tolerate(part) {
			return false, r.hole(ctx, part)
		}
	}
	p := replay.Pass{Plan: plan, From: from, Deliver: r.deliver, Tolerate: r.tolerate}
	done, stats, err := p.Run(ctx, snapshot)
	r.telemetry.ReceiverObjectStorageReadBytes.Add(ctx, stats.BytesRead)
	var part *replay.PartError
	var record *replay.RecordError
	switch {
	case err == nil && !done:
		return false, nil
	case err == nil:
		r.point.Position, r.point.Done = position{Time: r.point.To}, true
		return true, r.saved(ctx)
	case ctx.Err() != nil:
		return false, ctx.Err()
	case errors.Is(err, errRepeat):
		return false, nil
	case errors.As(err, &part):
		return false, r.hole(ctx, part)
	case errors.As(err, &record):
		return false, r.damaged(ctx, record)
	}
	return false, err
}

// hole deals with a part of the archive that cannot be read; nil says that another pass is due.
func (r *replayReceiver) hole(ctx context.Context, part *replay.PartError) error {
	if replay.IsAccess(part) {
		return r.again(ctx, troubleBucket, "the archive cannot be read", part.Err)
	}
	key := nameOf(part)
	if r.holes[key]++; r.holes[key] < holeAttempts {
		if len(r.holes) > maxHoles {
			clear(r.holes)
		}
		return r.again(ctx, troubleHole, "a part of the archive cannot be read", part.Err)
	}
	if r.cfg.OnError == OnErrorStop {
		return fmt.Errorf("a part of the archive cannot be read (on_error: continue leaves such parts out): %w", part.Err)
	}
	if !r.passed.add(key) {
		return fmt.Errorf("more than %d parts of the archive cannot be read: %w", maxHoles, part.Err)
	}
	r.point.Holes++
	reason := reasonDamaged
	if errors.Is(part.Err, archive.ErrNotFound) {
		reason = reasonMissing
	}
	r.telemetry.ReceiverObjectStorageHoles.Add(ctx, 1, reason)
	r.logger.Error("a part of the archive cannot be read, and is left out", zap.Error(part.Err))
	return nil
}

// damaged deals with a record that cannot be restored.
func (r *replayReceiver) damaged(ctx context.Context, record *replay.RecordError) error {
	if r.cfg.OnError == OnErrorStop {
		return fmt.Errorf("a record of the archive cannot be restored (on_error: continue leaves such records out): %w", record)
	}
	if !r.passed.add(nameOf(record)) {
		return fmt.Errorf("more than %d parts of the archive cannot be read: %w", maxHoles, record)
	}
	r.point.Damaged++
	r.telemetry.ReceiverObjectStorageRecords.Add(ctx, 1, outcomeDamaged)
	r.logger.Error("a record cannot be restored, and is left out", zap.Error(record))
	return nil
}

// tolerate reports whether a part was given up before.
func (r *replayReceiver) tolerate(err error) bool { return r.passed.has(nameOf(err)) }

// nameOf tells parts of the archive, and records, apart.
func nameOf(err error) string {
	var object *archive.ObjectError
	var record *replay.RecordError
	switch {
	case errors.As(err, &record):
		return fmt.Sprintf("record %d %x", record.Time, record.Key)
	case errors.As(err, &object):
		return fmt.Sprintf("%s@%d", object.Key, object.Offset)
	}
	text := err.Error()
	return text[:min(len(text), 1000)]
}

// passedSet is what was given up. The zero value is ready.
type passedSet struct {
	mu    sync.Mutex
	names map[string]struct{}
}

func (s *passedSet) has(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.names[name]
	return ok
}

// add reports whether there was room.
func (s *passedSet) add(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.names == nil {
		s.names = map[string]struct{}{}
	}
	s.names[name] = struct{}{}
	return len(s.names) <= maxHoles
}

// deliver takes a batch to the pipeline, and the checkpoint behind it.
func (r *replayReceiver) deliver(ctx context.Context, b *replay.Batch) error {
	late, err := r.pacer.Wait(ctx, b)
	if err != nil {
		return err
	}
	if err := r.consume(ctx, b); err != nil {
		return err
	}
	r.point.Position = position(b.After)
	r.progress.moved(r.point, late)
	r.ok()
	return r.saved(ctx)
}

// consume hands a batch to the pipeline until it is taken, or refused for good.
func (r *replayReceiver) consume(ctx context.Context, b *replay.Batch) error {
	logs := b.Logs
	mutates := r.next.Capabilities().MutatesData
	for {
		n := logs.LogRecordCount()
		opCtx := r.obs.StartLogsOp(r.deliverCtx)
		err := r.next.ConsumeLogs(opCtx, logs)
		r.obs.EndLogsOp(opCtx, "parquet", n, err)
		switch {
		case err == nil:
			r.backoff.reset()
			r.point.Delivered += int64(b.Records)
			r.point.Bytes += b.Bytes
			r.telemetry.ReceiverObjectStorageRecords.Add(ctx, int64(b.Records), outcomeDelivered)
			r.telemetry.ReceiverObjectStorageDeliveredBytes.Add(ctx, b.Bytes)
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case consumererror.IsPermanent(err):
			if r.cfg.OnRefused == OnRefusedStop {
				return fmt.Errorf("%w (on_refused: skip leaves such batches out)", &refusedError{err})
			}
			r.logger.Error("the pipeline refuses a batch for good, which is left out", zap.Int("records", n), zap.Error(err))
			r.point.Refused += int64(n)
			r.point.Delivered += int64(b.Records - n)
			r.telemetry.ReceiverObjectStorageRecords.Add(ctx, int64(n), outcomeRefused)
			if taken := int64(b.Records - n); taken > 0 {
				r.telemetry.ReceiverObjectStorageRecords.Add(ctx, taken, outcomeDelivered)
			}
			return nil
		}
		if err := r.again(ctx, troubleRefused, "the pipeline refuses a batch", err); err != nil {
			return err
		}
		if mutates {
			return errRepeat // the batch may have been changed before it was refused
		}
		var rest consumererror.Logs
		if errors.As(err, &rest) && rest.Data().LogRecordCount() > 0 {
			logs = rest.Data()
		}
	}
}

// saved writes the checkpoint, however long that takes: going on without would repeat more than a batch.
func (r *replayReceiver) saved(ctx context.Context) error {
	for {
		writeCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
		err := r.save(writeCtx, r.point)
		cancel()
		if err == nil {
			return nil
		}
		if err := r.again(ctx, troubleStorage, "the checkpoint cannot be written", err); err != nil {
			return err
		}
	}
}
