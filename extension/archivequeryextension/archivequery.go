// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivequeryextension

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/extension"
	"go.uber.org/zap"

	"github.com/logboom/logboom/archive"
	"github.com/logboom/logboom/extension/archivequeryextension/internal/metadata"
	"github.com/logboom/logboom/internal/archivesource"
	"github.com/logboom/logboom/internal/bucket"
	"github.com/logboom/logboom/internal/losses"
	"github.com/logboom/logboom/internal/querycache"
)

const (
	// shutdownGrace is how long Shutdown waits for clients to take their answers before it cuts them off.
	shutdownGrace = 5 * time.Second
	// formTimeout is how long the body of a request may take to come.
	formTimeout = 30 * time.Second
)

// archiveQuery follows one archive and serves queries over it.
type archiveQuery struct {
	cfg       *Config
	set       extension.Settings
	telemetry *metadata.TelemetryBuilder
	metrics   *metrics
	mapper    *archivesource.Mapper
	queue     *queue       // of those that read the archive
	requests  atomic.Int64 // under way
	results   *querycache.Cache
	log       *queryLog
	losses    *losses.Reader // of the pipelines

	tails   tails
	exports exports

	grace, formTimeout time.Duration
	tailTimes          tailTimes
	mining             miningLimits

	host   component.Host // nil before the start
	bucket archive.Bucket
	reader atomic.Pointer[archive.Reader] // nil until the commit log could be read once
	fresh  sources                        // writers of this process
	server *http.Server

	cancel context.CancelFunc
	wg     sync.WaitGroup
}

func newExtension(set extension.Settings, cfg *Config) (*archiveQuery, error) {
	own, err := newMetrics()
	if err != nil {
		return nil, err
	}
	both := set.TelemetrySettings
	both.MeterProvider = own.tee(both.MeterProvider)
	telemetry, err := metadata.NewTelemetryBuilder(both)
	if err != nil {
		return nil, err
	}
	return &archiveQuery{
		cfg: cfg, set: set, telemetry: telemetry, metrics: own,
		mapper:  archivesource.NewMapper(cfg.StreamLabels),
		queue:   newQueue(cfg.Query.MaxConcurrent),
		results: querycache.New(int64(cfg.Query.ResultCacheMiB) << 20),
		log: newQueryLog(&cfg.QueryLog, set.Logger, func(ctx context.Context) {
			telemetry.ExtensionArchiveQueryUnloggedQueries.Add(ctx, 1)
		}),
		losses: losses.NewReader(cfg.PipelineMetrics),
		grace:  shutdownGrace, formTimeout: formTimeout, tailTimes: defaultTailTimes,
		mining: defaultMiningLimits,
	}, nil
}

// Start opens the bucket and the port. An archive that is empty, or cannot be reached yet, is no error: the
// writer may come later.
func (a *archiveQuery) Start(ctx context.Context, host component.Host) error {
	b, err := bucket.Open(ctx, a.cfg.Bucket)
	if err != nil {
		return fmt.Errorf("open bucket: %w", err)
	}
	listener, err := a.cfg.ToListener(ctx)
	if err != nil {
		return errors.Join(fmt.Errorf("listen on %s: %w", a.cfg.NetAddr.Endpoint, err), b.Close())
	}
	identity, err := bucket.Identity(a.cfg.Bucket)
	if err != nil {
		return errors.Join(fmt.Errorf("open bucket: %w", err), listener.Close(), b.Close())
	}
	a.host = host
	a.fresh.open(identity)
	handler := a.handler()
	if isLoopback(listener.Addr()) && !a.cfg.Auth.HasValue() {
		handler = guardHosts(append([]string{a.cfg.NetAddr.Endpoint}, a.cfg.AllowedHosts...), handler)
	}
	if a.cfg.asksForPassword() {
		handler = admitted(handler)
	}
	server, err := a.cfg.ToServer(ctx, host.GetExtensions(), a.set.TelemetrySettings, handler)
	if err != nil {
		return errors.Join(fmt.Errorf("make HTTP server: %w", err), listener.Close(), b.Close())
	}
	if a.cfg.asksForPassword() {
		server.Handler = challenge(server.Handler)
	}
	if err := a.log.open(); err != nil {
		return errors.Join(err, listener.Close(), b.Close())
	}
	a.bucket, a.server = b, server
	ctx, a.cancel = context.WithCancel(context.Background())
	server.BaseContext = func(net.Listener) context.Context { return ctx }
	a.wg.Go(func() { a.follow(ctx, host) })
	a.wg.Go(func() {
		if err := server.Serve(listener); err != nil && !errors.Is(err, http.ErrServerClosed) {
			componentstatus.ReportStatus(host, componentstatus.NewFatalErrorEvent(fmt.Errorf("serve %s: %w", a.cfg.NetAddr.Endpoint, err)))
		}
	})
	a.announce(listener.Addr())
	return nil
}

func isLoopback(addr net.Addr) bool {
	tcp, ok := addr.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}

// announce says where the search is, and warns when anybody can reach it.
func (a *archiveQuery) announce(addr net.Addr) {
	scheme := "http"
	if a.cfg.TLS.HasValue() {
		scheme = "https"
	}
	shown := addr.String()
	tcp, isTCP := addr.(*net.TCPAddr)
	if isLoopback(addr) {
		shown = fmt.Sprintf("localhost:%d", tcp.Port)
	}
	a.set.Logger.Info("search the archive at "+scheme+"://"+shown, zap.String("bucket", a.bucket.Name()))
	if isTCP && !isLoopback(addr) && !a.cfg.Auth.HasValue() {
		a.set.Logger.Warn("everybody who can reach this address can read all logs: set auth, or listen on localhost",
			zap.String("endpoint", addr.String()))
	}
}

// Shutdown ends running queries and waits for everything that Start began, but not for clients that are slow to send a
// request or to take an answer.
func (a *archiveQuery) Shutdown(ctx context.Context) error {
	var errs []error
	if a.cancel != nil {
		a.cancel() // running queries end now: their clients learn that they were cut off
	}
	if a.server != nil {
		ctx, cancel := context.WithTimeout(ctx, a.grace)
		err := a.server.Shutdown(ctx)
		if ctx.Err() != nil {
			err = a.server.Close()
		}
		cancel()
		if err != nil {
			errs = append(errs, fmt.Errorf("shut down HTTP server: %w", err))
		}
		a.server = nil
	}
	a.tails.shutdown()
	a.wg.Wait()
	if a.bucket != nil {
		errs = append(errs, a.bucket.Close())
		a.bucket = nil
	}
	errs = append(errs, a.log.close())
	a.telemetry.Shutdown()
	return errors.Join(errs...)
}

// follow keeps the snapshot fresh and reports whether the bucket can be reached.
func (a *archiveQuery) follow(ctx context.Context, host component.Host) {
	healthy, first := false, true
	ticker := time.NewTicker(a.cfg.RefreshInterval)
	defer ticker.Stop()
	for {
		err := a.refresh(ctx)
		if ctx.Err() != nil {
			return
		}
		switch {
		case err == nil && !healthy:
			if !first {
				a.set.Logger.Info("the archive can be read again", zap.String("bucket", a.bucket.Name()))
			}
			componentstatus.ReportStatus(host, componentstatus.NewEvent(componentstatus.StatusOK))
		case err != nil && (healthy || first):
			a.set.Logger.Warn("the archive cannot be read: queries answer from what was read before", zap.Error(err))
			componentstatus.ReportStatus(host, componentstatus.NewRecoverableErrorEvent(err))
		}
		healthy, first = err == nil, false
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

func (a *archiveQuery) readerOptions() archive.ReaderOptions {
	opts := archive.ReaderOptions{CacheBytes: int64(a.cfg.CacheMiB) << 20, QueryMemoryBytes: a.cfg.Query.memoryBytes()}
	if bucket.IsLocal(a.cfg.Bucket) {
		opts.ListInterval = -1 // listing costs nothing there: a new writer is seen at once
	}
	return opts
}

func (a *archiveQuery) refresh(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, max(10*time.Second, a.cfg.RefreshInterval))
	defer cancel()
	var err error
	if r := a.reader.Load(); r != nil {
		err = r.Refresh(ctx)
	} else if r, openErr := archive.Open(ctx, a.bucket, a.readerOptions()); openErr != nil {
		err = openErr
	} else {
		a.reader.Store(r)
	}
	outcome := outcomeOK
	if err != nil {
		outcome = outcomeError
	}
	a.telemetry.ExtensionArchiveQueryRefreshes.Add(ctx, 1, withAttributes(outcomeKey.String(outcome)))
	return err
}
