// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivecompactorextension

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/extension"
	"go.uber.org/zap"

	"github.com/logboom/logboom/archive"
	"github.com/logboom/logboom/extension/archivecompactorextension/internal/metadata"
	"github.com/logboom/logboom/internal/archivefiles"
	"github.com/logboom/logboom/internal/bucket"
	"github.com/logboom/logboom/internal/compactor"
)

// dryRunInterval is how often a dry run of retention is made and logged, at most: it may read a part of the archive.
const dryRunInterval = time.Hour

// archiveCompactor runs the engine again and again.
type archiveCompactor struct {
	cfg       *Config
	set       extension.Settings
	telemetry *metadata.TelemetryBuilder
	state     state

	openBucket func(context.Context) (archive.Bucket, error) // replaced by tests
	now        func() time.Time

	bucket archive.Bucket
	engine *compactor.Compactor
	dry    *compactor.Compactor // for retention, when it is a dry run
	dried  time.Time
	lists  *archivefiles.Writer

	cancel context.CancelFunc
	wg     sync.WaitGroup
}

func newExtension(set extension.Settings, cfg *Config) (*archiveCompactor, error) {
	telemetry, err := metadata.NewTelemetryBuilder(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	return &archiveCompactor{
		cfg: cfg, set: set, telemetry: telemetry, now: time.Now,
		openBucket: func(ctx context.Context) (archive.Bucket, error) { return bucket.Open(ctx, cfg.Bucket) },
	}, nil
}

// Start opens the bucket. One that cannot be reached yet is no error.
func (a *archiveCompactor) Start(ctx context.Context, host component.Host) error {
	b, err := a.openBucket(ctx)
	if err != nil {
		return fmt.Errorf("open bucket: %w", err)
	}
	if err := a.open(b); err != nil {
		return errors.Join(err, b.Close())
	}
	a.state.start(a.now())
	if err := a.observe(); err != nil {
		return errors.Join(err, b.Close())
	}
	a.bucket = b
	a.announce()
	ctx, a.cancel = context.WithCancel(context.Background())
	a.wg.Go(func() { a.run(ctx, host) })
	return nil
}

// open makes the engines.
func (a *archiveCompactor) open(b archive.Bucket) (err error) {
	cfg := a.cfg.Engine()
	cfg.Logger = newLogger(a.set.Logger)
	cfg.Now = a.now
	if cfg.Holder == "" {
		if cfg.Holder, err = os.Hostname(); err != nil {
			return fmt.Errorf("get host name for lease.holder: %w", err)
		}
	}
	if a.cfg.Retention.DryRun {
		if a.dry, err = compactor.New(b, cfg); err != nil {
			return err
		}
		cfg.Retention = compactor.Retention{Holds: cfg.Retention.Holds}
	}
	if a.engine, err = compactor.New(b, cfg); err != nil {
		return err
	}
	if a.cfg.Lists {
		a.lists = archivefiles.NewWriter(b)
	}
	return nil
}

// announce says what will be deleted.
func (a *archiveCompactor) announce() {
	r := &a.cfg.Retention
	what := "nothing is deleted for its age or size"
	switch {
	case r.deletes() && r.DryRun:
		what = "what retention would delete is logged, and stays (dry_run)"
	case r.deletes():
		what = "retention deletes what its rules name"
	}
	a.set.Logger.Info("looking after the archive: "+what, zap.String("bucket", a.bucket.Name()), zap.Stringer("max_age", r.MaxAge),
		zap.Int("rules", len(r.Rules)), zap.Int("sizes", len(r.Sizes)), zap.Int("holds", len(r.Holds)))
}

// Shutdown ends the work at hand, which the next start, or another process, begins again.
func (a *archiveCompactor) Shutdown(context.Context) error {
	if a.cancel != nil {
		a.cancel()
	}
	a.wg.Wait()
	a.telemetry.Shutdown()
	if a.bucket == nil {
		return nil
	}
	b := a.bucket
	a.bucket = nil
	return b.Close()
}

// run makes a cycle, and another one interval after it.
func (a *archiveCompactor) run(ctx context.Context, host component.Host) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	healthy, first := false, true
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		err := a.cycle(ctx)
		if ctx.Err() != nil {
			return
		}
		switch {
		case err == nil && !healthy:
			if !first {
				a.set.Logger.Info("the archive is looked after again", zap.String("bucket", a.bucket.Name()))
			}
			componentstatus.ReportStatus(host, componentstatus.NewEvent(componentstatus.StatusOK))
		case err != nil && (healthy || first):
			a.set.Logger.Error("the archive cannot be looked after; it stays as it is, and the next cycle tries again", zap.Error(err))
			componentstatus.ReportStatus(host, componentstatus.NewRecoverableErrorEvent(err))
		}
		healthy, first = err == nil, false
		timer.Reset(a.cfg.Interval)
	}
}

// cycle does everything once.
func (a *archiveCompactor) cycle(ctx context.Context) error {
	begin := a.now()
	report, err := a.engine.Cycle(ctx)
	if report.Leader {
		if err == nil && a.lists != nil {
			if err = a.lists.Write(ctx, a.engine.Reader().Snapshot()); err != nil {
				err = fmt.Errorf("write lists of live objects: %w", err)
			}
		}
		if err == nil {
			err = a.dryRun(ctx)
		}
	}
	if ctx.Err() == nil {
		a.account(ctx, &report, err, a.now().Sub(begin))
	}
	return err
}

// dryRun logs what retention would delete.
func (a *archiveCompactor) dryRun(ctx context.Context) error {
	now := a.now()
	if a.dry == nil || !a.dried.IsZero() && now.Sub(a.dried) < dryRunInterval {
		return nil
	}
	report, err := a.dry.Retain(ctx, true)
	if err != nil {
		return fmt.Errorf("try retention: %w", err)
	}
	a.dried = now
	// A summary by reason: what would go by object is for `logboomctl archive retain --dry-run`.
	type sum struct {
		objects     int
		rows, bytes int64
	}
	sums := map[[2]string]*sum{}
	for i := range report.Due {
		d := &report.Due[i]
		key := [2]string{d.Tenant, d.Why}
		s := sums[key]
		if s == nil {
			if len(sums) == maxDryRunLines {
				key = [2]string{"", "others"}
			}
			if s = sums[key]; s == nil {
				s = &sum{}
				sums[key] = s
			}
		}
		s.objects++
		s.rows += d.Rows
		s.bytes += d.Bytes
	}
	for key, s := range sums {
		a.set.Logger.Info("retention would delete (dry_run)", zap.String("tenant", key[0]), zap.String("why", key[1]),
			zap.Int("objects", s.objects), zap.Int64("records", s.rows), zap.Int64("bytes", s.bytes))
	}
	a.set.Logger.Info("retention would delete in all (dry_run)", zap.Int("objects", len(report.Due)), zap.Int64("records", report.Rows), zap.Int64("bytes", report.Bytes))
	return nil
}

// maxDryRunLines bounds the lines of a dry run.
const maxDryRunLines = 100
