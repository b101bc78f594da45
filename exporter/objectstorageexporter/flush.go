// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package objectstorageexporter

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"go.uber.org/zap"

	"github.com/logboom/logboom/archive"
	"github.com/logboom/logboom/exporter/objectstorageexporter/internal/wal"
)

// callTimeout bounds a call to the bucket; it is retried like any other error.
const callTimeout = 2 * time.Minute

// run moves segments of the write-ahead log into the archive, oldest first, one at a time, until the exporter
// stops; then it flushes what is left, as far as ctx lets it.
func (e *objectStorageExporter) run(ctx context.Context) {
	tick := time.NewTicker(min(max(e.cfg.Flush.Interval/10, 5*time.Millisecond), time.Second))
	defer tick.Stop()
	for {
		if err := e.flushAll(ctx); err != nil {
			if ctx.Err() == nil {
				e.fail(err)
			}
			return
		}
		select {
		case <-e.stop:
			e.wal.Rotate(0)
			if err := e.flushAll(ctx); err != nil && ctx.Err() == nil {
				e.fail(err)
			}
			return
		case <-e.wal.Ready():
		case <-tick.C:
			e.wal.Rotate(e.cfg.Flush.Interval)
		}
	}
}

// fail ends the exporter's work for good: everything stays in the write-ahead log.
func (e *objectStorageExporter) fail(err error) {
	e.stopped.Store(true)
	e.status.fail(err)
	e.logger.Error("exporter stops; records stay in the write-ahead log and with their senders", zap.Error(err),
		zap.String("writer", e.writer), zap.String("wal_directory", e.cfg.WAL.Directory))
}

// flushAll flushes the segments that have ended. Its error is the context's, or one that does not pass.
func (e *objectStorageExporter) flushAll(ctx context.Context) error {
	for {
		var seg *wal.Segment
		err := e.retry(ctx, "read write-ahead log", func() (err error) {
			seg, err = e.wal.Oldest()
			return err
		})
		if err != nil || seg == nil {
			return err
		}
		if err := e.flushSegment(ctx, seg); err != nil {
			return err
		}
	}
}

// flushSegment brings one segment into the archive and removes it.
func (e *objectStorageExporter) flushSegment(ctx context.Context, seg *wal.Segment) error {
	start := time.Now()
	if err := e.retry(ctx, "claim epoch", func() error { return e.claimLate(ctx) }); err != nil {
		return err
	}
	if seg.Last > e.log.Committed() {
		if err := e.commitSegment(ctx, seg); err != nil {
			return err
		}
		e.telemetry.ExporterObjectStorageFlushDuration.Record(context.Background(), time.Since(start).Seconds())
	}
	return e.retry(ctx, "remove segment of the write-ahead log", func() error { return e.wal.Remove(seg, e.log.LastSequence()) })
}

func (e *objectStorageExporter) claimLate(ctx context.Context) error {
	if e.log.Claimed() {
		return nil
	}
	if err := e.probe(ctx); err != nil {
		return err
	}
	return e.claim(ctx)
}

// commitSegment writes the objects of a segment and commits them. The objects are named after the epoch, so
// what an earlier process left of the same segment is an orphan, never read.
func (e *objectStorageExporter) commitSegment(ctx context.Context, seg *wal.Segment) error {
	enc, raw, err := e.load(ctx, seg)
	if err != nil {
		return err
	}
	name := archive.ObjectName{Writer: e.writer, Epoch: e.log.Epoch(), From: seg.First, To: seg.Last}
	var objects []archive.ObjectMeta
	var putErr error
	err = enc.Encode(name, func(o archive.Object) error {
		putErr = e.retry(ctx, "create object", func() error { return e.put(ctx, o) })
		objects = append(objects, o.Meta)
		return putErr
	})
	if putErr != nil {
		return putErr
	}
	if err != nil {
		// Not the bucket but the records: take them one batch at a time and set aside those that fail.
		e.logger.Error("records of the write-ahead log cannot be encoded; looking for the batch", zap.Error(err))
		return e.commitSound(ctx, seg)
	}
	return e.commit(ctx, seg, objects, int64(enc.Rows()), raw)
}

func (e *objectStorageExporter) commit(ctx context.Context, seg *wal.Segment, objects []archive.ObjectMeta, rows, raw int64) error {
	if len(objects) == 0 {
		return nil
	}
	err := e.retry(ctx, "commit", func() error {
		ctx, cancel := context.WithTimeout(ctx, callTimeout)
		defer cancel()
		err := e.log.Commit(ctx, seg.First, seg.Last, objects)
		switch {
		case err == nil:
			e.telemetry.ExporterObjectStoragePuts.Add(context.Background(), 1, putCreated)
		case !errors.Is(err, archive.ErrFenced):
			e.telemetry.ExporterObjectStoragePuts.Add(context.Background(), 1, putError)
		}
		return err
	})
	if err != nil {
		return err
	}
	stored := int64(0)
	for i := range objects {
		stored += objects[i].Bytes
	}
	bg := context.Background()
	e.telemetry.ExporterObjectStorageCommittedRecords.Add(bg, rows)
	e.telemetry.ExporterObjectStorageObjects.Add(bg, int64(len(objects)))
	e.telemetry.ExporterObjectStorageStoredBytes.Add(bg, stored)
	e.telemetry.ExporterObjectStorageRawBytes.Add(bg, raw)
	return nil
}

func (e *objectStorageExporter) newEncoder() *archive.Encoder {
	return archive.NewEncoder(archive.EncoderOptions{MaxAge: e.cfg.EventTime.MaxAge, MaxFuture: e.cfg.EventTime.MaxFuture})
}

// load decodes a segment. Batches that cannot be decoded are set aside.
func (e *objectStorageExporter) load(ctx context.Context, seg *wal.Segment) (enc *archive.Encoder, raw int64, err error) {
	err = e.retry(ctx, "read write-ahead log", func() error {
		enc, raw = e.newEncoder(), 0
		return e.wal.Read(seg, func(entry wal.Entry) error {
			if entry.Number <= e.log.Committed() {
				return nil
			}
			if err := appendEntry(enc, entry); err != nil {
				return e.setAside(entry, err)
			}
			weight, _ := weigh(entry.Payload)
			raw += weight
			return nil
		})
	})
	return enc, raw, err
}

func appendEntry(enc *archive.Encoder, entry wal.Entry) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	ld, arrival, err := decodePayload(entry.Payload)
	if err != nil {
		return err
	}
	enc.Append(ld, arrival)
	return nil
}

// commitSound is commitSegment for a segment with a batch that cannot be encoded.
func (e *objectStorageExporter) commitSound(ctx context.Context, seg *wal.Segment) error {
	sound := e.newEncoder()
	var raw int64
	err := e.retry(ctx, "read write-ahead log", func() error {
		sound, raw = e.newEncoder(), 0
		return e.wal.Read(seg, func(entry wal.Entry) error {
			alone := e.newEncoder()
			err := appendEntry(alone, entry)
			if err == nil {
				err = alone.Encode(archive.ObjectName{Writer: e.writer}, func(archive.Object) error { return nil })
			}
			if err == nil {
				err = appendEntry(sound, entry)
			}
			if err != nil {
				return e.setAside(entry, err)
			}
			weight, _ := weigh(entry.Payload)
			raw += weight
			return nil
		})
	})
	if err != nil {
		return err
	}
	name := archive.ObjectName{Writer: e.writer, Epoch: e.log.Epoch(), From: seg.First, To: seg.Last}
	var objects []archive.ObjectMeta
	var putErr error
	err = sound.Encode(name, func(o archive.Object) error {
		putErr = e.retry(ctx, "create object", func() error { return e.put(ctx, o) })
		objects = append(objects, o.Meta)
		return putErr
	})
	if putErr != nil {
		return putErr
	}
	if err != nil { // sound alone, but not together: nothing to single out
		return e.retry(ctx, "set segment aside", func() error {
			return e.wal.Read(seg, func(entry wal.Entry) error { return e.setAside(entry, err) })
		})
	}
	return e.commit(ctx, seg, objects, int64(sound.Rows()), raw)
}

// setAside keeps a batch that cannot be written where a person can look at it, so that it blocks nobody.
func (e *objectStorageExporter) setAside(entry wal.Entry, cause error) error {
	path, err := e.wal.SetAside(fmt.Sprintf("%020d.batch", entry.Number), entry.Payload)
	if err != nil {
		return err
	}
	_, records := weigh(entry.Payload)
	e.telemetry.ExporterObjectStorageDroppedRecords.Add(context.Background(), int64(records), droppedUndecodable)
	e.logger.Error("batch cannot be written to the archive and was set aside", zap.Int("records", records), zap.String("file", path), zap.Error(cause))
	return nil
}

// put creates a data object. Its name holds the hash of its content, so one that exists is the same.
func (e *objectStorageExporter) put(ctx context.Context, o archive.Object) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	err := e.bucket.Create(ctx, o.Meta.Key, o.Body)
	switch {
	case err == nil:
		e.telemetry.ExporterObjectStoragePuts.Add(context.Background(), 1, putCreated)
	case errors.Is(err, archive.ErrExists):
		e.telemetry.ExporterObjectStoragePuts.Add(context.Background(), 1, putExists)
		return nil
	default:
		e.telemetry.ExporterObjectStoragePuts.Add(context.Background(), 1, putError)
	}
	return err
}

// retry calls f until it succeeds, with growing pauses. It gives up when ctx ends or when waiting cannot help.
func (e *objectStorageExporter) retry(ctx context.Context, what string, f func() error) error {
	b := e.cfg.BackOffConfig
	pause := float64(b.InitialInterval)
	for {
		err := f()
		if err == nil {
			if e.status.bucket(true, nil) {
				e.logger.Info("archive takes records again")
			}
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if errors.Is(err, archive.ErrFenced) {
			return err
		}
		if e.status.bucket(false, err) {
			e.logger.Error("flush is stuck and will be retried; records are kept in the write-ahead log", zap.String("step", what), zap.Error(err))
		}
		wait := time.Duration(pause * (1 + b.RandomizationFactor*(2*rand.Float64()-1)))
		pause = min(pause*max(b.Multiplier, 1), float64(max(b.MaxInterval, b.InitialInterval)))
		timer := time.NewTimer(max(wait, time.Millisecond))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
	}
}
