// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package objectstorageexporter

import (
	"context"
	"errors"
	"time"

	"go.uber.org/zap"

	"github.com/logboom/logboom/archive"
	"github.com/logboom/logboom/internal/bucket"
)

// commitAll commits flushes in order until the channel is closed, the context ends, or one cannot be committed.
func (e *objectStorageExporter) commitAll(ctx context.Context, order <-chan *flush) {
	for f := range order {
		if err := e.commit(ctx, f); err != nil {
			if ctx.Err() == nil {
				e.fail(err)
			}
			return
		}
	}
}

// fail ends the exporter's work for good: everything stays where it is held.
func (e *objectStorageExporter) fail(err error) {
	e.stopped.Store(true)
	e.status.fail(err)
	where := "records stay in the write-ahead log and with their senders"
	if e.memory != nil {
		where = "records stay with their senders"
	}
	if errors.Is(err, archive.ErrFenced) {
		where += "; give each process a writer of its own, then restart this one"
	}
	e.logger.Error("exporter stops; "+where, zap.Error(err),
		zap.String("writer", e.writer), zap.String("wal_directory", e.cfg.WAL.Directory))
}

// commit makes the objects of a flush live and forgets its unit. Its error is the context's, or one that does not pass.
func (e *objectStorageExporter) commit(ctx context.Context, f *flush) error {
	f.uploads.Wait()
	if f.err != nil {
		return f.err
	}
	if err := e.commitParts(ctx, f); err != nil {
		return err
	}
	err := e.retry(ctx, "remove segment of the write-ahead log", func() error {
		return e.held.Remove(f.unit, f.bad, e.log.LastSequence())
	})
	if err != nil {
		return err
	}
	e.countRecords(f)
	return nil
}

// commitParts commits the parts of a flush, as many in one record as it may hold.
func (e *objectStorageExporter) commitParts(ctx context.Context, f *flush) error {
	from := f.from
	var all []archive.ObjectMeta
	for i := 0; i < len(f.parts); {
		group := f.parts[i]
		for i++; i < len(f.parts) && group.bytes+f.parts[i].bytes <= e.maxCommitBytes; i++ {
			group.to, group.bytes = f.parts[i].to, group.bytes+f.parts[i].bytes
			group.objects = append(group.objects, f.parts[i].objects...)
		}
		if i == len(f.parts) {
			group.to = f.unit.last // what is behind the last part is bad
		}
		if err := e.retry(ctx, "commit", func() error { return e.commitObjects(ctx, from, group.to, group.objects, group.bytes) }); err != nil {
			return err
		}
		from = group.to + 1
		all = append(all, group.objects...)
	}
	if len(all) > 0 {
		e.countObjects(f, all)
	}
	return nil
}

// commitObjects makes objects live with one record, whose size, in bytes, is about that of their metadata.
func (e *objectStorageExporter) commitObjects(ctx context.Context, from, to uint64, objects []archive.ObjectMeta, size int) error {
	ctx, cancel := context.WithTimeout(ctx, bucket.CallTimeout(size))
	defer cancel()
	err := e.log.Commit(ctx, from, to, objects)
	switch {
	case err == nil:
		e.fresh.committed(e.log.LastSequence())
		e.telemetry.ExporterObjectStoragePuts.Add(context.Background(), 1, putCreated)
	case !errors.Is(err, archive.ErrFenced):
		e.telemetry.ExporterObjectStoragePuts.Add(context.Background(), 1, putError)
	}
	return err
}

func (e *objectStorageExporter) countObjects(f *flush, objects []archive.ObjectMeta) {
	tenants := map[string]bool{}
	stored := int64(0)
	for i := range objects {
		stored += objects[i].Bytes
		tenants[objects[i].Tenant] = true
	}
	e.tenants.Store(int64(len(tenants)))
	bg := context.Background()
	e.telemetry.ExporterObjectStorageObjects.Add(bg, int64(len(objects)))
	e.telemetry.ExporterObjectStorageStoredBytes.Add(bg, stored)
	e.telemetry.ExporterObjectStorageRawBytes.Add(bg, f.raw)
	e.telemetry.ExporterObjectStorageFlushDuration.Record(bg, time.Since(f.start).Seconds())
}

// countRecords says where the records of a unit went, each once, when they are not held any more.
func (e *objectStorageExporter) countRecords(f *flush) {
	committed := f.unit.records - f.lost // in this flush, or by an earlier process
	for _, p := range f.bad {
		committed -= p.records
		e.dropped(p.records, p.reason)
	}
	e.dropped(f.lost, droppedDamaged)
	e.telemetry.ExporterObjectStorageCommittedRecords.Add(context.Background(), committed)
}
