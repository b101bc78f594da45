// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package objectstorageexporter

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/exporter"
	"go.uber.org/zap"

	"github.com/logboom/logboom/archive"
	"github.com/logboom/logboom/exporter/objectstorageexporter/internal/metadata"
	"github.com/logboom/logboom/internal/bucket"
	"github.com/logboom/logboom/internal/vfs"
	"github.com/logboom/logboom/internal/wal"
	"github.com/logboom/logboom/internal/wal/payload"
)

// startTimeout bounds each call to the bucket while starting.
const startTimeout = 10 * time.Second

// objectStorageExporter takes batches (consume, on the senders' goroutines), holds them, and moves them into the
// archive (run, which encodes; a goroutine per upload; commitAll). DESIGN.md has the picture.
type objectStorageExporter struct {
	cfg       *Config
	name      string // of the component, "" unless it has one
	writer    string
	logger    *zap.Logger
	telemetry *metadata.TelemetryBuilder
	status    statusReporter

	openBucket   func(context.Context) (archive.Bucket, error) // replaced by tests
	fs           vfs.FS                                        // of the write-ahead log; replaced by tests
	beforeEncode func(*batch)                                  // set by tests

	maxCommitBytes int // as the constant; replaced by tests

	bucket  archive.Bucket
	held    keeper
	wal     *wal.Log           // as held, with acknowledge wal
	memory  *memoryKeeper      // as held, with acknowledge bucket
	log     *archive.LogWriter // of the archive; made when the epoch is claimed
	away    bool               // the bucket was away at start
	opened  uint64             // numbers from here on are of this process
	epoch   uint64             // ours, once it is claimed
	claimed uint64             // highest number in the archive at that time
	nonce   string             // of our claim, which the write-ahead log knows
	tail    tail               // of the archive's log
	fresh   freshSource        // for queries of the same process

	preparing chan struct{}    // one for each batch that is taken apart
	encoder   *archive.Encoder // of the goroutine of run
	slots     chan struct{}    // one for each upload
	uploads   sync.WaitGroup
	uploading atomic.Int64 // bytes
	waiting   atomic.Bool  // run waits for an upload or a commit
	tenants   atomic.Int64 // in the last commit

	growth atomic.Uint64 // bits of a float64: memory of a batch by its size as OTLP, of the last that was not small

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
	e := &objectStorageExporter{
		cfg: cfg, name: set.ID.Name(), logger: set.Logger, telemetry: telemetry, stop: make(chan struct{}),
		preparing:  make(chan struct{}, runtime.GOMAXPROCS(0)),
		slots:      make(chan struct{}, cfg.Flush.ParallelUploads),
		openBucket: func(ctx context.Context) (archive.Bucket, error) { return bucket.Open(ctx, cfg.Bucket) },
		fs:         vfs.OS, maxCommitBytes: maxCommitBytes,
	}
	e.encoder = e.newEncoder()
	e.fresh.e = e
	return e, nil
}

// start fails for what waiting does not cure; a bucket that is merely away is waited for.
func (e *objectStorageExporter) start(ctx context.Context, host component.Host) (err error) {
	e.status.host = host
	defer func() {
		if err != nil {
			e.close()
		}
	}()
	if e.bucket, err = e.openBucket(ctx); err != nil {
		return fmt.Errorf("bucket::url: %w", err)
	}
	away, err := e.waitable(e.probe(ctx))
	if err != nil {
		return err
	}
	if err := e.openHeld(); err != nil {
		return err
	}
	if away == nil {
		if away, err = e.waitable(e.claim(ctx)); err != nil {
			return err
		}
	}
	if err := e.observe(); err != nil {
		return err
	}
	if err := e.fresh.attach(host); err != nil {
		return err
	}
	e.logStart(ctx)
	if away != nil {
		e.away = true
		e.status.begin(away)
		e.logger.Error("bucket cannot be reached; "+e.meanwhile(), zap.Error(away))
	} else {
		e.status.ok()
	}
	runCtx, cancel := context.WithCancel(context.Background())
	e.cancel = cancel
	e.wg.Go(func() { e.run(runCtx) })
	return nil
}

// openHeld opens the place where batches wait, and decides the writer's id.
func (e *objectStorageExporter) openHeld() (err error) {
	weight, memory := int64(e.cfg.Flush.MaxRawMiB)<<20, int64(e.cfg.Flush.MaxMemoryMiB)<<20
	if e.cfg.Acknowledge == AcknowledgeBucket {
		e.memory = newMemoryKeeper(memory, weight)
		e.held = e.memory
		e.writer, err = e.cfg.writerWithoutLog(e.name)
		return err
	}
	e.nonce, e.log, e.tail = archive.NewNonce(), nil, tail{} // also when start is called again after an error
	e.wal, err = wal.Open(wal.Options{
		Nonce:            e.nonce,
		Directory:        e.cfg.WAL.Directory,
		MaxBytes:         int64(e.cfg.WAL.MaxSizeMiB) << 20,
		MaxAsideBytes:    int64(e.cfg.WAL.MaxAsideMiB) << 20,
		SegmentWeight:    weight,
		MaxAttachedBytes: memory,
		Describe:         payload.Describe,
		FS:               e.fs,
	})
	if err != nil {
		return fmt.Errorf("open wal::directory %q: %w", e.cfg.WAL.Directory, err)
	}
	e.held = logKeeper{e.wal}
	e.opened = e.wal.NextNumber()
	e.writer, err = e.cfg.writerOfLog(e.wal)
	return err
}

// waitable tells an error of the bucket that may pass from one that will not.
func (e *objectStorageExporter) waitable(cause error) (away, err error) {
	if errors.Is(cause, errCopied) {
		return nil, cause
	}
	if cause != nil && (bucket.IsLocal(e.cfg.Bucket) || bucket.Permanent(cause) || permanent(cause)) {
		return nil, fmt.Errorf("bucket::url: write to %s: %w", e.bucket.Name(), cause)
	}
	return cause, nil
}

func (e *objectStorageExporter) logStart(ctx context.Context) {
	e.logger.Info("archive is written to "+e.bucket.Name(), zap.String("url", e.bucket.Name()), zap.String("writer", e.writer),
		zap.String("wal_directory", e.cfg.WAL.Directory), zap.Stringer("flush_interval", e.cfg.Flush.Interval))
	if e.wal == nil {
		return
	}
	for _, d := range e.wal.Damage() {
		fields := []zap.Field{zap.String("file", d.File), zap.Int64("offset", d.Offset), zap.Int64("bytes", d.Bytes), zap.String("aside", d.Aside), zap.Bool("unreadable", d.Unreadable)}
		if d.Tail {
			e.logger.Warn("the end of the write-ahead log could not be read; normally it is a batch that was not acknowledged when the process ended", fields...)
		} else {
			e.logger.Error("part of the write-ahead log is damaged: acknowledged records may be lost", fields...)
		}
	}
	if n := e.wal.Stats().Records; n > 0 {
		e.telemetry.ExporterObjectStorageRecoveredRecords.Add(ctx, n)
		e.logger.Info("write-ahead log holds records of an earlier run, which go to the archive now", zap.Int64("records", n))
	}
}

// shutdown stops the intake, flushes within shutdown_timeout, and leaves the rest where it is.
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
	if e.wal != nil {
		if n := e.wal.Stats().Records; n > 0 {
			e.logger.Warn("not everything reached the archive before the shutdown; the next start goes on with it",
				zap.Int64("records", n), zap.String("wal_directory", e.cfg.WAL.Directory))
		}
	}
	return e.close()
}

func (e *objectStorageExporter) close() error {
	e.fresh.close()
	e.telemetry.Shutdown()
	var errs []error
	if e.held != nil {
		errs = append(errs, e.held.Close())
	}
	if e.bucket != nil {
		errs = append(errs, e.bucket.Close())
		e.bucket = nil
	}
	return errors.Join(errs...)
}
