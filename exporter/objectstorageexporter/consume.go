// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package objectstorageexporter

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.opentelemetry.io/collector/client"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"

	"github.com/logboom/logboom/archive"
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
	opts, err := e.cfg.Tenant.options(ctx)
	if err != nil {
		return nil, &refusal{refusedTenant, consumererror.NewPermanent(err)}
	}
	defer e.pace(ctx, records)()
	e.preparing <- struct{}{} // what a batch needs meanwhile is several times its size, and processors are few
	arrival := time.Now()
	rows, err := newBatch(ld, arrival, opts)
	var entry *entry
	if err == nil && e.wal != nil {
		entry, err = newEntry(ld, arrival, opts)
	}
	<-e.preparing
	if errors.Is(err, payload.ErrTooLarge) {
		return nil, &refusal{refusedTooLarge, consumererror.NewPermanent(err)}
	}
	if err != nil {
		return nil, &refusal{refusedUndecodable, consumererror.NewPermanent(fmt.Errorf("read batch: %w", err))}
	}
	if e.memory != nil {
		b := batch{records: records, raw: int64((&plog.ProtoMarshaler{}).LogsSize(ld)), rows: rows}
		waiter, err = e.memory.Append(ctx, b, rows.Size())
		err = e.refuseMemory(err)
	} else {
		e.recordSize.Store(1 + rows.Size()/records)
		err = e.refuseLog(e.wal.Append(entry.bytes, entry.head.Info(), rows, rows.Size()))
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
// function that it returns must be called when the batch is taken.
func (e *objectStorageExporter) pace(ctx context.Context, records int64) (done func()) {
	if e.wal == nil || e.waiting.Load() || e.status.isStuck() {
		return func() {}
	}
	n := records * e.recordSize.Load()
	ctx, cancel := context.WithTimeout(ctx, maxPace)
	defer cancel()
	e.wal.Reserve(ctx, n, e.stop)
	return func() { e.wal.Unreserve(n) }
}

func newBatch(ld plog.Logs, arrival time.Time, opts archive.BatchOptions) (b *archive.Batch, err error) {
	defer guard(&err)
	return archive.NewBatch(ld, arrival, opts), nil
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

// maxTenantBytes bounds a tenant from the client's metadata, which the client chooses.
const maxTenantBytes = 256

// options tell whose a batch is.
func (t *TenantConfig) options(ctx context.Context) (archive.BatchOptions, error) {
	switch {
	case t.ResourceAttribute != "":
		return archive.BatchOptions{Tenant: t.Default, TenantAttribute: t.ResourceAttribute}, nil
	case t.MetadataKey == "":
		return archive.BatchOptions{}, nil
	}
	tenant := ""
	for _, v := range client.FromContext(ctx).Metadata.Get(t.MetadataKey) {
		switch {
		case v == "" || v == tenant:
		case tenant != "":
			return archive.BatchOptions{}, fmt.Errorf("the request names several tenants in its metadata %q", t.MetadataKey)
		case len(v) > maxTenantBytes:
			return archive.BatchOptions{}, fmt.Errorf("the request names a tenant of %d bytes in its metadata %q, at most %d are allowed", len(v), t.MetadataKey, maxTenantBytes)
		default:
			tenant = v
		}
	}
	if tenant == "" {
		tenant = t.Default
	}
	return archive.BatchOptions{Tenant: tenant}, nil
}
