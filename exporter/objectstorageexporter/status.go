// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package objectstorageexporter

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/logboom/logboom/internal/wal"
)

// statusReporter makes one component status of the things that can be in trouble, and tells when one of them
// changes, so that each trouble is logged once.
type statusReporter struct {
	host component.Host

	walBad atomic.Bool // as walErr, for a look without the lock

	mu        sync.Mutex
	stuck     int // how many steps of flushes are being repeated
	walErr    error
	permanent bool
}

// begin notes that a step of a flush does not succeed; news tells that it is the first.
func (s *statusReporter) begin(err error) (news bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stuck++
	if s.stuck > 1 || s.permanent {
		return false
	}
	s.report(componentstatus.NewRecoverableErrorEvent(err))
	return true
}

// isStuck reports whether a step of a flush does not succeed.
func (s *statusReporter) isStuck() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stuck > 0
}

// end notes that the step did succeed; news tells that it was the last.
func (s *statusReporter) end() (news bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stuck--
	if s.stuck > 0 || s.permanent {
		return false
	}
	s.reportOK()
	return true
}

// wal notes whether the write-ahead log takes batches; nil says that it does. news tells that it changed.
func (s *statusReporter) wal(err error) (news bool) {
	if err == nil && !s.walBad.Load() {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if (err == nil) == (s.walErr == nil) || s.permanent {
		return false
	}
	s.walErr = err
	s.walBad.Store(err != nil)
	if err != nil {
		s.report(componentstatus.NewRecoverableErrorEvent(err))
	} else {
		s.reportOK()
	}
	return true
}

// ok reports that the exporter has started well.
func (s *statusReporter) ok() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reportOK()
}

// reportOK reports that all is well, if it is. s.mu is held.
func (s *statusReporter) reportOK() {
	if s.stuck == 0 && s.walErr == nil && !s.permanent {
		s.report(componentstatus.NewEvent(componentstatus.StatusOK))
	}
}

// fail reports an end without recovery.
func (s *statusReporter) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.permanent = true
	s.report(componentstatus.NewPermanentErrorEvent(err))
}

func (s *statusReporter) report(event *componentstatus.Event) {
	if s.host != nil {
		componentstatus.ReportStatus(s.host, event)
	}
}

// droppedReason is a value of the metric dropped_records' attribute.
type droppedReason metric.MeasurementOption

// The values of the metrics' attributes, as metadata.yaml lists them.
var (
	refusedWALFull     = reason("wal_full")
	refusedTooLarge    = reason("too_large")
	refusedWALError    = reason("wal_error")
	refusedStopped     = reason("stopped")
	refusedUndecodable = reason("undecodable")
	refusedTenant      = reason("tenant")
	refusedMemoryFull  = reason("memory_full")

	droppedUndecodable droppedReason = reason("undecodable")
	droppedAsideFull   droppedReason = reason("aside_full")
	droppedDamaged     droppedReason = reason("damaged")
	droppedStopped     droppedReason = reason("stopped")

	putCreated = metric.WithAttributes(attribute.String("outcome", "created"))
	putExists  = metric.WithAttributes(attribute.String("outcome", "exists"))
	putError   = metric.WithAttributes(attribute.String("outcome", "error"))
)

func reason(r string) metric.MeasurementOption {
	return metric.WithAttributes(attribute.String("reason", r))
}

// dropped counts accepted records that do not go to the archive.
func (e *objectStorageExporter) dropped(records int64, reason droppedReason) {
	if records > 0 {
		e.telemetry.ExporterObjectStorageDroppedRecords.Add(context.Background(), records, reason)
	}
}

// observe registers what is asked for at every collection of the metrics.
func (e *objectStorageExporter) observe() error {
	held := func(value func(wal.Stats) int64) metric.Int64Callback {
		return func(_ context.Context, o metric.Int64Observer) error {
			o.Observe(value(e.held.Stats()))
			return nil
		}
	}
	t := e.telemetry
	return errors.Join(
		t.RegisterExporterObjectStorageHeldRecordsCallback(held(func(s wal.Stats) int64 { return s.Records })),
		t.RegisterExporterObjectStorageHeldBytesCallback(held(func(s wal.Stats) int64 { return s.Bytes })),
		t.RegisterExporterObjectStorageHeldMemoryCallback(held(func(s wal.Stats) int64 { return s.Attached + e.uploading.Load() })),
		t.RegisterExporterObjectStorageAsideBytesCallback(held(func(wal.Stats) int64 { return e.held.AsideBytes() })),
		t.RegisterExporterObjectStorageTenantsCallback(held(func(wal.Stats) int64 { return e.tenants.Load() })),
		t.RegisterExporterObjectStorageOldestHeldAgeCallback(func(_ context.Context, o metric.Float64Observer) error {
			o.Observe(e.held.Stats().Age().Seconds())
			return nil
		}),
	)
}
