// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package objectstorageexporter

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/klauspost/compress/s2"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"

	"github.com/logboom/logboom/archive"
	"github.com/logboom/logboom/exporter/objectstorageexporter/internal/metadata"
	"github.com/logboom/logboom/exporter/objectstorageexporter/internal/wal"
	"github.com/logboom/logboom/internal/bucket"
	"github.com/logboom/logboom/internal/vfs"
)

// startTimeout bounds each call to the bucket while starting.
const startTimeout = 10 * time.Second

// objectStorageExporter takes batches into the write-ahead log (consume, on the senders' goroutines) and moves
// them from there into the archive (run, one goroutine). DESIGN.md has the picture.
type objectStorageExporter struct {
	cfg       *Config
	writer    string
	logger    *zap.Logger
	telemetry *metadata.TelemetryBuilder
	status    statusReporter

	openBucket func(context.Context) (archive.Bucket, error) // replaced by tests
	fs         vfs.FS                                        // of the write-ahead log; replaced by tests

	bucket archive.Bucket
	wal    *wal.Log
	log    *archive.LogWriter

	stopped  atomic.Bool // nothing is accepted any more
	stop     chan struct{}
	stopOnce sync.Once
	cancel   context.CancelFunc // ends calls to the bucket
	wg       sync.WaitGroup
}

func newExporter(set exporter.Settings, cfg *Config) (*objectStorageExporter, error) {
	telemetry, err := metadata.NewTelemetryBuilder(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	return &objectStorageExporter{
		cfg: cfg, logger: set.Logger, telemetry: telemetry, stop: make(chan struct{}),
		openBucket: func(ctx context.Context) (archive.Bucket, error) { return bucket.Open(ctx, cfg.Bucket) },
		fs:         vfs.OS,
	}, nil
}

// start fails for what waiting does not cure; a bucket that is merely away is waited for.
func (e *objectStorageExporter) start(ctx context.Context, host component.Host) (err error) {
	e.status.host = host
	if e.writer, err = e.cfg.writerID(); err != nil {
		return err
	}
	e.bucket, err = e.openBucket(ctx)
	if err != nil {
		return fmt.Errorf("bucket::url: %w", err)
	}
	defer func() {
		if err != nil {
			e.close()
		}
	}()
	away := e.probe(ctx)
	if away != nil && (bucket.IsLocal(e.cfg.Bucket) || bucket.Permanent(away)) {
		return fmt.Errorf("bucket::url: write to %s: %w", e.bucket.Name(), away)
	}
	e.wal, err = wal.Open(wal.Options{
		Directory:     e.cfg.WAL.Directory,
		MaxBytes:      int64(e.cfg.WAL.MaxSizeMiB) << 20,
		SegmentWeight: int64(e.cfg.Flush.MaxRawMiB) << 20,
		Weigh:         weigh,
		FS:            e.fs,
	})
	if err != nil {
		return fmt.Errorf("open wal::directory %q: %w", e.cfg.WAL.Directory, err)
	}
	e.log, err = archive.NewLogWriter(e.bucket, e.writer, e.wal.ID(), e.wal.Sequence())
	if err != nil {
		return err
	}
	if away == nil {
		away = e.claim(ctx)
		if away != nil && (bucket.IsLocal(e.cfg.Bucket) || bucket.Permanent(away)) {
			return fmt.Errorf("bucket::url: write to %s: %w", e.bucket.Name(), away)
		}
	}
	if err := e.observe(); err != nil {
		return err
	}

	e.logger.Info("archive is written to "+e.bucket.Name(), zap.String("url", e.bucket.Name()), zap.String("writer", e.writer),
		zap.String("wal_directory", e.cfg.WAL.Directory), zap.Duration("flush_interval", e.cfg.Flush.Interval))
	for _, d := range e.wal.Damage() {
		e.logger.Warn("part of the write-ahead log could not be read and was set aside; normally it is a batch that was not acknowledged when the process ended",
			zap.String("file", d.File), zap.Int64("offset", d.Offset), zap.Int64("bytes", d.Bytes), zap.String("aside", d.Aside))
	}
	if records, _, _ := e.wal.Stats(); records > 0 {
		e.telemetry.ExporterObjectStorageRecoveredRecords.Add(ctx, records)
		e.logger.Info("write-ahead log holds records of an earlier run, which go to the archive now", zap.Int64("records", records))
	}
	if away != nil {
		e.status.bucket(false, away)
		e.logger.Error("bucket cannot be reached; records are kept in the write-ahead log meanwhile", zap.Error(away))
	} else {
		e.status.bucket(true, nil)
	}
	runCtx, cancel := context.WithCancel(context.Background())
	e.cancel = cancel
	e.wg.Go(func() { e.run(runCtx) })
	return nil
}

func (e *objectStorageExporter) probe(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	return bucket.Probe(ctx, e.bucket)
}

// claim starts an epoch in the archive's log; numbers of the write-ahead log go on behind what is committed.
func (e *objectStorageExporter) claim(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	if err := e.log.Claim(ctx); err != nil {
		return err
	}
	e.wal.Raise(e.log.Committed())
	return nil
}

func (e *objectStorageExporter) observe() error {
	return errors.Join(
		e.telemetry.RegisterExporterObjectStorageHeldRecordsCallback(func(_ context.Context, o metric.Int64Observer) error {
			records, _, _ := e.wal.Stats()
			o.Observe(records)
			return nil
		}),
		e.telemetry.RegisterExporterObjectStorageHeldBytesCallback(func(_ context.Context, o metric.Int64Observer) error {
			_, bytes, _ := e.wal.Stats()
			o.Observe(bytes)
			return nil
		}),
		e.telemetry.RegisterExporterObjectStorageOldestHeldAgeCallback(func(_ context.Context, o metric.Float64Observer) error {
			_, _, since := e.wal.Stats()
			o.Observe(wal.Age(since).Seconds())
			return nil
		}),
	)
}

// shutdown stops the intake, flushes within shutdown_timeout, and leaves the rest in the write-ahead log.
func (e *objectStorageExporter) shutdown(context.Context) error {
	e.stopped.Store(true)
	e.stopOnce.Do(func() { close(e.stop) })
	if e.cancel == nil { // never started
		return e.close()
	}
	timer := time.AfterFunc(e.cfg.Flush.ShutdownTimeout, e.cancel)
	e.wg.Wait()
	timer.Stop()
	e.cancel()
	if records, _, _ := e.wal.Stats(); records > 0 {
		e.logger.Warn("not everything reached the archive before the shutdown; the next start goes on with it",
			zap.Int64("records", records), zap.String("wal_directory", e.cfg.WAL.Directory))
	}
	return e.close()
}

func (e *objectStorageExporter) close() error {
	e.telemetry.Shutdown()
	var errs []error
	if e.wal != nil {
		errs = append(errs, e.wal.Close())
	}
	if e.bucket != nil {
		errs = append(errs, e.bucket.Close())
		e.bucket = nil
	}
	return errors.Join(errs...)
}

// A payload of the write-ahead log is: i64 arrival, nanoseconds | u32 records | u32 length of the OTLP bytes |
// the OTLP bytes, s2-compressed (all little endian).
const payloadHead = 16

// encodePayload makes the payload of a batch.
func encodePayload(ld plog.Logs, arrival time.Time) ([]byte, error) {
	raw, err := (&plog.ProtoMarshaler{}).MarshalLogs(ld)
	if err != nil {
		return nil, err
	}
	max := s2.MaxEncodedLen(len(raw))
	if max < 0 {
		return nil, errors.New("batch is larger than 4 GiB")
	}
	b := make([]byte, payloadHead+max)
	binary.LittleEndian.PutUint64(b, uint64(arrival.UnixNano()))
	binary.LittleEndian.PutUint32(b[8:], uint32(ld.LogRecordCount()))
	binary.LittleEndian.PutUint32(b[12:], uint32(len(raw)))
	return b[:payloadHead+len(s2.Encode(b[payloadHead:], raw))], nil
}

// weigh reads the head of a payload.
func weigh(payload []byte) (weight int64, records int) {
	if len(payload) < payloadHead {
		return int64(len(payload)), 0
	}
	return int64(binary.LittleEndian.Uint32(payload[12:])), int(binary.LittleEndian.Uint32(payload[8:]))
}

// decodePayload gives back the batch. It may panic no more than its parts do, which is not known to happen.
func decodePayload(payload []byte) (ld plog.Logs, arrival time.Time, err error) {
	if len(payload) < payloadHead {
		return ld, arrival, errors.New("payload is too short")
	}
	n, err := s2.DecodedLen(payload[payloadHead:])
	if err != nil {
		return ld, arrival, err
	}
	if n != int(binary.LittleEndian.Uint32(payload[12:])) {
		return ld, arrival, errors.New("payload has another length than it says")
	}
	raw, err := s2.Decode(nil, payload[payloadHead:])
	if err != nil {
		return ld, arrival, err
	}
	ld, err = (&plog.ProtoUnmarshaler{}).UnmarshalLogs(raw)
	if err != nil {
		return ld, arrival, err
	}
	return ld, time.Unix(0, int64(binary.LittleEndian.Uint64(payload))), nil
}

var errStopped = errors.New("object storage exporter is stopped")

// consume returns when the batch is durable in the write-ahead log. Its errors are retryable: the sender
// still has the batch.
func (e *objectStorageExporter) consume(ctx context.Context, ld plog.Logs) error {
	records := ld.LogRecordCount()
	if records == 0 {
		return nil
	}
	refuse := func(reason metric.MeasurementOption, err error) error {
		e.telemetry.ExporterObjectStorageRefusedRecords.Add(ctx, int64(records), reason)
		return err
	}
	if e.stopped.Load() || e.wal == nil {
		return refuse(refusedStopped, errStopped)
	}
	payload, err := encodePayload(ld, time.Now())
	if err != nil {
		return refuse(refusedTooLarge, consumererror.NewPermanent(fmt.Errorf("encode batch: %w", err)))
	}
	err = e.wal.Append(payload)
	switch {
	case err == nil:
		e.telemetry.ExporterObjectStorageAcceptedRecords.Add(ctx, int64(records))
		if e.status.wal(true, nil) {
			e.logger.Info("write-ahead log accepts records again")
		}
		return nil
	case errors.Is(err, wal.ErrClosed):
		return refuse(refusedStopped, errStopped)
	case errors.Is(err, wal.ErrTooLarge):
		return refuse(refusedTooLarge, consumererror.NewPermanent(fmt.Errorf(
			"append to wal::directory %q: %w: %d bytes, wal::max_size_mib is %d", e.cfg.WAL.Directory, err, len(payload), e.cfg.WAL.MaxSizeMiB)))
	case errors.Is(err, wal.ErrFull):
		err = fmt.Errorf("append to wal::directory %q: %w: wal::max_size_mib is %d", e.cfg.WAL.Directory, err, e.cfg.WAL.MaxSizeMiB)
		if e.status.wal(false, err) {
			e.logger.Error("write-ahead log is full: batches are refused until the archive takes records again", zap.Error(err))
		}
		return refuse(refusedWALFull, err)
	default:
		err = fmt.Errorf("append to wal::directory %q: %w", e.cfg.WAL.Directory, err)
		if e.status.wal(false, err) {
			e.logger.Error("write-ahead log cannot be written: batches are refused until it can", zap.Error(err))
		}
		return refuse(refusedWALError, err)
	}
}
