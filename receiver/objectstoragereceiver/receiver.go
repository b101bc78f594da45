// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package objectstoragereceiver

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.opentelemetry.io/collector/client"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/receiverhelper"
	"go.uber.org/zap"

	"github.com/logboom/logboom/archive"
	"github.com/logboom/logboom/internal/bucket"
	"github.com/logboom/logboom/receiver/objectstoragereceiver/internal/metadata"
	"github.com/logboom/logboom/receiver/objectstoragereceiver/internal/replay"
)

const (
	// deliveryGrace is how long a shutdown waits for the batch that is being delivered, to know what became of it.
	deliveryGrace = 5 * time.Second
	// snapshotAge is how long one state of the archive is read before the next is taken. What a compaction replaces stays
	// for longer (an hour, unless configured otherwise).
	snapshotAge = 5 * time.Minute
)

// replayReceiver reads the archive and delivers, on the goroutines of run and of the scan.
type replayReceiver struct {
	cfg       *Config
	id        component.ID
	logger    *zap.Logger
	telemetry *metadata.TelemetryBuilder
	obs       *receiverhelper.ObsReport
	next      consumer.Logs
	request   archive.ScanRequest

	openBucket func(context.Context) (archive.Bucket, error) // replaced by tests
	host       component.Host
	bucket     archive.Bucket
	client     storage.Client // nil: no storage
	done       chan struct{}  // closed when run has ended

	// Of the goroutine of run.
	point   *checkpoint
	pacer   replay.Pacer
	backoff backoff
	holes   map[string]int // attempts to read parts of the archive
	trouble string         // of the status that was reported last

	passed   passedSet
	progress progress

	stop       context.CancelFunc // ends run
	deliverCtx context.Context    // of the consumer's calls
	abandon    context.CancelFunc // ends these
	wg         sync.WaitGroup
}

func newReceiver(set receiver.Settings, cfg *Config, next consumer.Logs) (*replayReceiver, error) {
	telemetry, err := metadata.NewTelemetryBuilder(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	obs, err := receiverhelper.NewObsReport(receiverhelper.ObsReportSettings{ReceiverID: set.ID, Transport: "bucket", ReceiverCreateSettings: set})
	if err != nil {
		return nil, err
	}
	req, err := cfg.request()
	if err != nil {
		return nil, err
	}
	return &replayReceiver{
		cfg: cfg, id: set.ID, logger: set.Logger, telemetry: telemetry, obs: obs, next: next, request: req,
		openBucket: func(ctx context.Context) (archive.Bucket, error) { return bucket.Open(ctx, cfg.Bucket) },
		pacer:      replay.Pacer{Pace: cfg.pace()}, backoff: backoff{BackOffConfig: cfg.BackOffConfig},
		holes: map[string]int{}, done: make(chan struct{}),
	}, nil
}

// Start begins the replay, or goes on with it. A bucket that cannot be reached is waited for.
func (r *replayReceiver) Start(ctx context.Context, host component.Host) (err error) {
	r.host = host
	defer func() {
		if err != nil {
			err = errors.Join(err, r.close(ctx))
		}
	}()
	if err := bucket.MustExist(r.cfg.Bucket); err != nil {
		return fmt.Errorf("bucket::url: %w", err)
	}
	if r.bucket, err = r.openBucket(ctx); err != nil {
		return fmt.Errorf("bucket::url: %w", err)
	}
	if r.cfg.Storage != nil {
		if r.client, err = openStorage(ctx, host, *r.cfg.Storage, r.id); err != nil {
			return err
		}
	} else {
		r.logger.Warn("there is no storage for a checkpoint: a restart begins the replay anew, and delivers again what was delivered")
	}
	id, err := r.cfg.identity(r.bucket.Name())
	if err != nil {
		return err
	}
	if r.point, err = r.load(ctx, id, time.Now()); err != nil {
		return err
	}
	r.request.Start, r.request.End = r.point.From, r.point.To
	r.progress.begin(r.point)
	if err := r.observe(); err != nil {
		return err
	}
	runCtx, stop := context.WithCancel(context.Background())
	r.stop = stop
	r.deliverCtx, r.abandon = context.WithCancel(r.carry(context.Background()))
	r.wg.Go(func() {
		defer close(r.done)
		r.run(runCtx)
	})
	r.wg.Go(func() { r.report(runCtx) })
	return nil
}

// carry gives a context the metadata that a request would have brought.
func (r *replayReceiver) carry(ctx context.Context) context.Context {
	if len(r.cfg.Metadata) == 0 {
		return ctx
	}
	values := map[string][]string{}
	for k, v := range r.cfg.Metadata {
		values[k] = []string{string(v)}
	}
	return client.NewContext(ctx, client.Info{Metadata: client.NewMetadata(values)})
}

// Shutdown ends the replay behind a batch, and keeps its place.
func (r *replayReceiver) Shutdown(ctx context.Context) error {
	if r.stop == nil { // not started
		return r.close(ctx)
	}
	r.stop()
	timer := time.AfterFunc(deliveryGrace, r.abandon)
	r.wg.Wait()
	timer.Stop()
	r.abandon()
	return r.close(ctx)
}

func (r *replayReceiver) close(ctx context.Context) error {
	r.telemetry.Shutdown()
	var errs []error
	if r.client != nil {
		errs = append(errs, r.client.Close(ctx))
		r.client = nil
	}
	if r.bucket != nil {
		errs = append(errs, r.bucket.Close())
		r.bucket = nil
	}
	return errors.Join(errs...)
}

// status reports how the receiver is, when that changes.
func (r *replayReceiver) status(trouble string, event *componentstatus.Event) (news bool) {
	if r.trouble == trouble {
		return false
	}
	r.trouble = trouble
	componentstatus.ReportStatus(r.host, event)
	return true
}

// Kinds of trouble.
const (
	troubleNone    = "ok"
	troubleBucket  = "bucket"
	troubleRefused = "refused"
	troubleStorage = "storage"
	troubleHole    = "hole"
)

func (r *replayReceiver) ok() {
	if before := r.trouble; r.status(troubleNone, componentstatus.NewEvent(componentstatus.StatusOK)) && before != "" {
		r.logger.Info("the replay goes on")
	}
}

// again notes that something did not succeed, and waits before it is tried again.
func (r *replayReceiver) again(ctx context.Context, trouble, what string, err error) error {
	r.telemetry.ReceiverObjectStorageRetries.Add(ctx, 1, causes[trouble])
	if r.status(trouble, componentstatus.NewRecoverableErrorEvent(err)) {
		often := " until it succeeds"
		if trouble == troubleHole {
			often = fmt.Sprintf(", %d times in all; then on_error decides", holeAttempts)
		}
		r.logger.Warn(what+": it is tried again"+often, zap.Error(err))
	}
	return r.backoff.wait(ctx)
}
