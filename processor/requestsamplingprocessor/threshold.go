// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package requestsamplingprocessor

import (
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/logboom/logboom/internal/tailsample"
	"github.com/logboom/logboom/internal/weight"
)

// decided is a decision of the engine as the arithmetic of weights takes it.
func decided(d tailsample.Decision) weight.Decision {
	return weight.Decision{Threshold: d.Threshold, Randomness: d.Randomness, Given: d.Given, Explicit: d.Explicit}
}

// writer writes weights, and policies' names where they are asked for. It remembers what it wrote last: each goroutine has its own.
type writer struct {
	policies        []string // by index; the last is that of records without a key
	policyAttribute string
	inconsistent    int64 // thresholds in tracestates that were ignored since this was set to 0

	weights   weight.Writer
	lastState stateChange
}

// stateChange is a tracestate that was rewritten.
type stateChange struct {
	from, to     string
	randomness   uint64 // of the trace id
	decision     tailsample.Decision
	inconsistent bool
}

// explicit tells whether a decision's randomness is written even where nothing was sampled. A record without a key shares it with no other.
func (w *writer) explicit(d tailsample.Decision) bool {
	return d.Explicit && int(d.Policy) < len(w.policies)-1
}

// log writes how a record was sampled into its attributes.
func (w *writer) log(lr plog.LogRecord, d tailsample.Decision) {
	d.Explicit = w.explicit(d)
	w.weights.Log(lr, decided(d))
	if w.policyAttribute != "" {
		lr.Attributes().PutStr(w.policyAttribute, w.policies[d.Policy])
	}
}

// span writes how a span was sampled into its tracestate.
func (w *writer) span(span ptrace.Span, d tailsample.Decision) {
	d.Explicit = w.explicit(d)
	from := span.TraceState().AsRaw()
	randomness := weight.OfTrace(span.TraceID())
	last := &w.lastState
	if last.to == "" || last.from != from || last.randomness != randomness || last.decision != d {
		*last = stateChange{from: from, randomness: randomness, decision: d}
		last.to, last.inconsistent = rewriteState(from, randomness, d)
	}
	if last.inconsistent {
		w.inconsistent++
	}
	if last.to != from {
		span.TraceState().FromRaw(last.to)
	}
	if w.policyAttribute != "" {
		span.Attributes().PutStr(w.policyAttribute, w.policies[d.Policy])
	}
}
