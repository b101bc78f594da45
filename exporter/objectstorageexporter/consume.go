// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package objectstorageexporter

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"time"

	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/logboom/logboom/archive"
	"github.com/logboom/logboom/internal/intake"
	"github.com/logboom/logboom/internal/wal"
	"github.com/logboom/logboom/internal/wal/payload"
)

var errStopped = errors.New("object storage exporter is stopped")

// refusal is why a batch is not taken.
type refusal struct {
	reason metric.MeasurementOption
	err    error
}

func (r *refusal) Error() string { return r.err.Error() }

// consume takes a batch. With acknowledge wal it returns when the batch is durable in the write-ahead log, with
// acknowledge bucket when it is in the archive. Errors are retryable, as far as trying again can help.
func (e *objectStorageExporter) consume(ctx context.Context, ld plog.Logs) error {
	records := ld.LogRecordCount()
	if records == 0 {
		return nil
	}
	waiter, err := e.take(ctx, ld, int64(records))
	if r := (*refusal)(nil); errors.As(err, &r) {
		e.telemetry.ExporterObjectStorageRefusedRecords.Add(ctx, int64(records), r.reason)
		return r.err
	}
	if waiter == nil {
		return err
	}
	select {
	case err := <-waiter:
		return err
	case <-ctx.Done():
		e.telemetry.ExporterObjectStorageAbandonedRecords.Add(context.WithoutCancel(ctx), int64(records))
		return fmt.Errorf("wait for the commit, which may still come: %w", ctx.Err())
	}
}

// take makes a batch the exporter's. Its errors are refusals. The waiter is nil unless there is a commit to
// wait for.
func (e *objectStorageExporter) take(ctx context.Context, ld plog.Logs, records int64) (waiter <-chan error, err error) {
	if e.stopped.Load() || e.held == nil {
		return nil, &refusal{refusedStopped, errStopped}
	}
	intake.Begin() // queries of this process give way
	defer intake.End()
	opts, err := e.cfg.Tenant.options(ctx)
	if err != nil {
		// The status is for the receiver: the mistake is the client's.
		return nil, &refusal{refusedTenant, consumererror.NewPermanent(status.Error(codes.InvalidArgument, err.Error()))}
	}
	raw, err := sizeOf(ld)
	if err != nil {
		return nil, refuseBatch(err)
	}
	if raw > payload.MaxRawBytes {
		return nil, refuseBatch(payload.ErrTooLarge)
	}
	if e.wal != nil && e.wal.Full(raw) { // before any work is done for it
		return nil, e.refuseLog(wal.ErrFull)
	}
	defer e.pace(ctx, raw)()
	e.preparing <- struct{}{} // what a batch needs meanwhile is several times its size, and processors are few
	arrival := time.Now()
	rows, err := newBatch(ld, arrival, opts)
	var entry *entry
	if err == nil && e.wal != nil {
		entry, err = newEntry(ld, arrival, opts)
	}
	<-e.preparing
	if err != nil {
		return nil, refuseBatch(err)
	}
	if e.memory != nil {
		b := batch{records: records, raw: raw, rows: rows}
		waiter, err = e.memory.Append(ctx, b, rows.Size())
		err = e.refuseMemory(err)
	} else {
		e.learnSize(raw, rows.Size())
		info := entry.head.Info()
		info.MinTime, info.MaxTime = rows.Times()
		err = e.refuseLog(e.wal.Append(entry.bytes, info, rows, rows.Size()))
		entry.release()
	}
	if err == nil {
		e.telemetry.ExporterObjectStorageAcceptedRecords.Add(ctx, records)
	}
	return waiter, err
}

// maxPace is how long a sender waits for the flusher before its batch goes to the disk alone.
const maxPace = 2 * time.Second

// pace makes a sender wait while memory is used up, because what goes to the disk alone must be read back, which costs
// more than the wait. Not when the flusher itself waits for the bucket: then the disk is there to take what comes. The
// function that it returns must be called when the batch, of so many bytes as OTLP, is taken.
func (e *objectStorageExporter) pace(ctx context.Context, raw int64) (done func()) {
	if e.wal == nil || e.waiting.Load() || e.status.isStuck() {
		return func() {}
	}
	n := e.sizeInMemory(raw)
	ctx, cancel := context.WithTimeout(ctx, maxPace)
	defer cancel()
	e.wal.Reserve(ctx, n, e.stop)
	return func() { e.wal.Unreserve(n) }
}

const (
	// maxGrowth is how many times the size of its OTLP a batch in memory is taken for, at most.
	maxGrowth = 4
	// smallBatch is the size as OTLP of batches that say little about larger ones: what a batch has once weighs more.
	smallBatch = 32 << 10
)

// sizeInMemory estimates the memory of a batch from its size as OTLP, and from what others have taken.
func (e *objectStorageExporter) sizeInMemory(raw int64) int64 {
	if raw < smallBatch {
		return maxGrowth * raw
	}
	growth := math.Float64frombits(e.growth.Load())
	return int64(float64(raw) * min(max(growth, 1), maxGrowth))
}

// learnSize takes note of the memory that a batch takes.
func (e *objectStorageExporter) learnSize(raw, size int64) {
	if raw >= smallBatch {
		e.growth.Store(math.Float64bits(float64(size) / float64(raw)))
	}
}

// sizeOf is the size of a batch as OTLP.
func sizeOf(ld plog.Logs) (n int64, err error) {
	defer guard(&err)
	return int64((&plog.ProtoMarshaler{}).LogsSize(ld)), nil
}

// errCannotWrite is of a batch that no object can hold.
var errCannotWrite = errors.New("batch cannot be written to the archive")

func newBatch(ld plog.Logs, arrival time.Time, opts archive.BatchOptions) (b *archive.Batch, err error) {
	defer guard(&err)
	b = archive.NewBatch(ld, arrival, opts)
	if b.Err() != nil {
		return nil, fmt.Errorf("%w: %w", errCannotWrite, b.Err())
	}
	return b, nil
}

// refuseBatch makes a refusal of why a batch can never be taken.
func refuseBatch(err error) error {
	if errors.Is(err, payload.ErrTooLarge) || errors.Is(err, errCannotWrite) {
		return &refusal{refusedTooLarge, consumererror.NewPermanent(err)}
	}
	return &refusal{refusedUndecodable, consumererror.NewPermanent(fmt.Errorf("read batch: %w", err))}
}

// entry is an entry of the write-ahead log.
type entry struct {
	bytes []byte // room for the log's own head, and the payload
	head  payload.Head
}

// entries are used again: an entry is a few hundred KiB, and lives only until it is written.
var entries = sync.Pool{New: func() any { return new(entry) }}

// maxPooledEntry keeps unusually large buffers out of the pool.
const maxPooledEntry = 8 << 20

func newEntry(ld plog.Logs, arrival time.Time, opts archive.BatchOptions) (_ *entry, err error) {
	defer guard(&err)
	n := entries.Get().(*entry)
	var room [wal.EntryHead]byte
	n.bytes, n.head, err = payload.Append(append(n.bytes[:0], room[:]...), payload.Head{
		Arrival: arrival, Tenant: opts.Tenant, TenantAttribute: opts.TenantAttribute,
	}, ld)
	return n, err
}

func (n *entry) release() {
	if cap(n.bytes) <= maxPooledEntry {
		entries.Put(n)
	}
}

// refuseLog makes a refusal of what the write-ahead log says, and a status.
func (e *objectStorageExporter) refuseLog(err error) error {
	if err == nil {
		if e.status.wal(nil) {
			e.logger.Info("write-ahead log accepts records again")
		}
		return nil
	}
	if errors.Is(err, wal.ErrClosed) {
		return &refusal{refusedStopped, errStopped}
	}
	cause := err
	err = fmt.Errorf("append to wal::directory %q: %w", e.cfg.WAL.Directory, cause)
	switch {
	case errors.Is(cause, wal.ErrTooLarge):
		return &refusal{refusedTooLarge, consumererror.NewPermanent(fmt.Errorf("%w: wal::max_size_mib is %d", err, e.cfg.WAL.MaxSizeMiB))}
	case errors.Is(cause, wal.ErrFull):
		err = fmt.Errorf("%w: wal::max_size_mib is %d", err, e.cfg.WAL.MaxSizeMiB)
		if e.status.wal(err) {
			e.logger.Error("write-ahead log is full: batches are refused until the archive takes records again", zap.Error(err))
		}
		return &refusal{refusedWALFull, err}
	default:
		if e.status.wal(err) {
			e.logger.Error("write-ahead log cannot be written: batches are refused until it can", zap.Error(err))
		}
		return &refusal{refusedWALError, err}
	}
}

func (e *objectStorageExporter) refuseMemory(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, errLargerThanRoom):
		return &refusal{refusedTooLarge, consumererror.NewPermanent(fmt.Errorf("%w, which is %d", err, e.cfg.Flush.MaxMemoryMiB))}
	case errors.Is(err, errNoRoom):
		return &refusal{refusedMemoryFull, err}
	default:
		return &refusal{refusedStopped, err}
	}
}
