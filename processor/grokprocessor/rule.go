// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grokprocessor

import (
	"errors"
	"fmt"
	"slices"

	"go.opentelemetry.io/collector/component"

	"github.com/logboom/logboom/internal/logtime"
	"github.com/logboom/logboom/internal/severity"
)

// failure is what could not be read from a capture.
type failure uint8

const (
	failureType failure = iota
	failureTimestamp
	failureSeverity
	failureTraceID
	failureSpanID
	failureReserved
	failureCount
)

var failureNames = [failureCount]string{"type", "timestamp", "severity", "trace_id", "span_id", "reserved"}

// roleFailures are the failures of the roles that can fail.
var roleFailures = [roleCount]failure{
	roleTimestamp: failureTimestamp, roleSeverity: failureSeverity, roleTraceID: failureTraceID, roleSpanID: failureSpanID,
}

// rule selects records and fills them from the first of its parsers that matches.
type rule struct {
	name       string
	index      int
	resource   []attributeSelector
	attributes []attributeSelector
	conditions []*condition
	from       source
	stage      *stage
	overwrite  bool
	tracks     bool // what a match writes must be kept from the matches around it
	timestamp  *logtime.Reader
	usual      bool // the time is under one of timestampNames
	anyService bool // the service is under a configured name, so its name may be any text
	location   string
	severity   *severity.Reader
	names      [roleCount]fieldNames
	members    *nameIndex // names in objects
}

func (c *compiler) rule(set component.TelemetrySettings, index int) (*rule, error) {
	rc := &c.cfg.Rules[index]
	r := &rule{
		name: rc.Name, index: index,
		resource: newAttributeSelectors(rc.Resource), attributes: newAttributeSelectors(rc.Attributes),
		overwrite: rc.Overwrite, tracks: rc.Overwrite && len(rc.Nested) > 0,
		location: rc.Timestamp.Location, usual: rc.Timestamp.Field == "", anyService: rc.ServiceName.Field != "",
		names: [roleCount]fieldNames{
			roleTimestamp:  newFieldNames(rc.Timestamp.Field, timestampNames),
			roleSeverity:   newFieldNames(rc.Severity.Field, severityNames),
			roleTraceID:    newFieldNames(rc.TraceID.Field, traceIDNames),
			roleSpanID:     newFieldNames(rc.SpanID.Field, spanIDNames),
			roleService:    newFieldNames(rc.ServiceName.Field, serviceNames),
			roleStacktrace: stacktraceNames,
			roleBody:       newFieldNames(rc.Body, nil),
		},
	}
	members := r.names
	if !r.anyService {
		members[roleService] = slices.DeleteFunc(slices.Clone(members[roleService]), func(name string) bool { return name == keyProcess })
	}
	r.members = newNameIndex(&members)
	var errs []error
	var err error
	if r.conditions, err = parseConditions(set, rc.Conditions); err != nil {
		errs = append(errs, fmt.Errorf("conditions: %w", err))
	}
	if r.from, err = parseSource(rc.From); err != nil {
		errs = append(errs, err)
	}
	if r.timestamp, err = newTimestampReader(&rc.Timestamp); err != nil {
		errs = append(errs, fmt.Errorf("timestamp: %w", err))
	}
	if r.severity, err = severity.New(rc.Severity.Mapping); err != nil {
		errs = append(errs, fmt.Errorf("severity: %w", err))
	}
	names := captureNames{known: map[string]bool{}}
	if r.stage, err = c.stage(r, rc.Parsers, rc.Nested, 0, &names); err != nil {
		errs = append(errs, err)
	} else if !names.open {
		for role, name := range [roleCount]string{
			roleTimestamp: rc.Timestamp.Field, roleSeverity: rc.Severity.Field, roleTraceID: rc.TraceID.Field,
			roleSpanID: rc.SpanID.Field, roleService: rc.ServiceName.Field, roleBody: rc.Body,
		} {
			if name != "" && name != "-" && !names.roles[role] {
				errs = append(errs, fmt.Errorf("%s %w", roleKeys[role], names.missing(name)))
			}
		}
	}
	return r, errors.Join(errs...)
}

// roleKeys are the settings that name the captures for the roles.
var roleKeys = [roleCount]string{
	roleTimestamp: "timestamp: field", roleSeverity: "severity: field", roleTraceID: "trace_id: field",
	roleSpanID: "span_id: field", roleService: "service_name: field", roleBody: "body",
}
