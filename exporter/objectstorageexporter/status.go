// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package objectstorageexporter

import (
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// statusReporter makes one component status of the two things that can be in trouble, and tells when one of
// them changes, so that each trouble is logged once.
type statusReporter struct {
	host component.Host

	mu        sync.Mutex
	bucketErr error
	walErr    error
	permanent bool
}

// bucket notes whether the bucket works; changed reports whether that is news.
func (s *statusReporter) bucket(ok bool, err error) (changed bool) {
	return s.set(&s.bucketErr, ok, err)
}

// wal notes whether the write-ahead log takes batches.
func (s *statusReporter) wal(ok bool, err error) (changed bool) { return s.set(&s.walErr, ok, err) }

func (s *statusReporter) set(to *error, ok bool, err error) (changed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if ok == (*to == nil) || s.permanent {
		return false
	}
	*to = err
	switch {
	case !ok:
		s.report(componentstatus.NewRecoverableErrorEvent(err))
	case s.bucketErr == nil && s.walErr == nil:
		s.report(componentstatus.NewEvent(componentstatus.StatusOK))
	}
	return true
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

// The values of the metrics' attributes, as metadata.yaml lists them.
var (
	refusedWALFull  = reason("wal_full")
	refusedTooLarge = reason("too_large")
	refusedWALError = reason("wal_error")
	refusedStopped  = reason("stopped")

	droppedUndecodable = reason("undecodable")

	putCreated = metric.WithAttributes(attribute.String("outcome", "created"))
	putExists  = metric.WithAttributes(attribute.String("outcome", "exists"))
	putError   = metric.WithAttributes(attribute.String("outcome", "error"))
)

func reason(r string) metric.MeasurementOption {
	return metric.WithAttributes(attribute.String("reason", r))
}
