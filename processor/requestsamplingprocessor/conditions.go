// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package requestsamplingprocessor

import (
	"encoding/json"
	"fmt"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/logboom/logboom/internal/tailsample"
)

// view is a record or a span as conditions see it.
type view struct {
	record, resource []pcommon.Value // attributes by slot

	lr           plog.LogRecord
	scopeLogs    plog.ScopeLogs
	resourceLogs plog.ResourceLogs

	span          ptrace.Span
	scopeSpans    ptrace.ScopeSpans
	resourceSpans ptrace.ResourceSpans
}

// attribute returns the record's attribute, else its resource's.
func (v *view) attribute(slot int) (pcommon.Value, bool) {
	if a := v.record[slot]; a != (pcommon.Value{}) {
		return a, true
	}
	a := v.resource[slot]
	return a, a != (pcommon.Value{})
}

// condition is satisfied by a record or not.
type condition interface {
	holds(v *view) bool
}

// bit is the place of a condition in tailsample.Item.Conditions.
type bit struct {
	mask uint64
	condition
}

// compiler turns policies into what the engine and the reader need. Equal conditions share a bit.
type compiler struct {
	set    component.TelemetrySettings
	errors func(signal tailsample.Signal, policy string) *cell // counts conditions that end in an error

	keys     keyIndex
	logs     []bit // those that a log record can satisfy
	spans    []bit
	measures []tailsample.Measure
	bits     map[string]uint64
	used     int
	policy   string // that is compiled now
}

// errTooManyConditions is told once a policy.
var errTooManyConditions = fmt.Errorf("policies must have at most %d different conditions together", tailsample.MaxConditions)

// signals say which records can satisfy a condition.
type signals uint8

const (
	inLogs signals = 1 << iota
	inSpans
)

// add gives a condition a bit. Equal identities get the same; the empty one is equal to none.
func (c *compiler) add(identity string, in signals, cond condition) (uint64, error) {
	mask, known, err := c.bit(identity)
	if err != nil || known {
		return mask, err
	}
	if in&inLogs != 0 {
		c.logs = append(c.logs, bit{mask, cond})
	}
	if in&inSpans != 0 {
		c.spans = append(c.spans, bit{mask, cond})
	}
	return mask, nil
}

// measure gives a bit to what the engine measures.
func (c *compiler) measure(kind tailsample.MeasureKind, least int64) (uint64, error) {
	mask, known, err := c.bit(fmt.Sprintf("measure %d %d", kind, least))
	if err != nil || known {
		return mask, err
	}
	c.measures = append(c.measures, tailsample.Measure{Bit: uint8(c.used - 1), Kind: kind, Min: least}) //nolint:gosec // 0 to 63
	return mask, nil
}

func (c *compiler) bit(identity string) (mask uint64, known bool, err error) {
	if mask, ok := c.bits[identity]; ok {
		return mask, true, nil
	}
	if c.used == tailsample.MaxConditions {
		return 0, false, errTooManyConditions
	}
	mask = 1 << c.used
	c.used++
	if identity != "" {
		c.bits[identity] = mask
	}
	return mask, false, nil
}

// identity tells equal blocks of configuration apart from others.
func identity(block string, cfg any) string {
	text, err := json.Marshal(cfg)
	if err != nil { // a number that is none; validation tells it
		return ""
	}
	return block + " " + string(text)
}

// conditions returns the bits of all conditions of a policy. Errors name the block.
func (c *compiler) conditions(p *PolicyConfig) (mask uint64, errs []error) {
	c.policy = p.Name
	one := func(block string, configured bool, compile func() (uint64, error)) {
		if !configured {
			return
		}
		bits, err := compile()
		mask |= bits
		switch {
		case err == errTooManyConditions: //nolint:errorlint // never wrapped
			errs = append(errs, err)
		case err != nil:
			errs = append(errs, fmt.Errorf("%s%w", block, err))
		}
	}
	one("severity", p.Severity != "", func() (uint64, error) { return c.severity(p.Severity) })
	one("body", p.Body != nil, func() (uint64, error) { return c.body(p.Body) })
	one("attribute", p.Attribute != nil, func() (uint64, error) { return c.attribute(p.Attribute) })
	one("latency", p.Latency != nil, func() (uint64, error) { return c.latency(p.Latency) })
	one("http_status", p.HTTPStatus != nil, func() (uint64, error) { return c.httpStatus(p.HTTPStatus) })
	one("grpc_status", p.GRPCStatus != nil, func() (uint64, error) { return c.grpcStatus(p.GRPCStatus) })
	one("span_status", p.SpanStatus != "", func() (uint64, error) { return c.spanStatus(p.SpanStatus) })
	one("size", p.Size != nil, func() (uint64, error) { return c.size(p.Size) })
	one("ottl", p.OTTL != nil, func() (uint64, error) { return c.ottl(p.OTTL) })
	return mask, errs
}
