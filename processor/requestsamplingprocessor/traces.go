// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package requestsamplingprocessor

import (
	"context"
	"fmt"

	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/logboom/logboom/internal/tailsample"
)

// tracesProcessor is the part of a sampler in a pipeline of traces.
type tracesProcessor struct {
	half
	next consumer.Traces
}

// ConsumeTraces implements consumer.Traces.
func (p *tracesProcessor) ConsumeTraces(ctx context.Context, td ptrace.Traces) error {
	if td.SpanCount() == 0 {
		return p.next.ConsumeTraces(ctx, td)
	}
	b := p.batches.Get().(*batch)
	defer p.recycle(b)
	p.plan.reader.readTraces(b, td)
	var data []byte
	if !b.keyed && p.keepAllKeyless() {
		p.keepAll(b.items)
	} else {
		var err error
		if data, err = (&ptrace.ProtoMarshaler{}).MarshalTraces(td); err != nil {
			return consumererror.NewPermanent(fmt.Errorf("encode spans: %w", err))
		}
		if err = p.offer(b, data); err != nil {
			return err
		}
	}
	if b.verdicts()[tailsample.Kept] > 0 {
		inconsistent := p.writeKept(b, td)
		if err := p.next.ConsumeTraces(ctx, td); err != nil {
			return p.refused(b, data, err, func() { p.drop(b, data) })
		}
		p.telemetry.inconsistent[p.signal].add(inconsistent)
	}
	p.accepted(b)
	return nil
}

// writeKept leaves in a batch what is kept, with its weights, and returns how many thresholds were ignored.
func (p *tracesProcessor) writeKept(b *batch, td ptrace.Traces) (inconsistent int64) {
	w := p.writers.Get().(*writer)
	i := 0
	td.ResourceSpans().RemoveIf(func(rs ptrace.ResourceSpans) bool {
		had := rs.ScopeSpans().Len() > 0
		rs.ScopeSpans().RemoveIf(func(ss ptrace.ScopeSpans) bool {
			had := ss.Spans().Len() > 0
			ss.Spans().RemoveIf(func(span ptrace.Span) bool {
				it := &b.items[i]
				i++
				if it.Verdict != tailsample.Kept {
					return true
				}
				w.span(span, it.Decision)
				return false
			})
			return had && ss.Spans().Len() == 0
		})
		return had && rs.ScopeSpans().Len() == 0
	})
	return p.putWriter(w)
}

// drop counts what was kept and refused. The batch itself is not ours any more, so that its copy is measured.
func (p *tracesProcessor) drop(b *batch, data []byte) {
	td, err := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(data)
	if err != nil {
		return // it was encoded a moment ago
	}
	var sizer ptrace.ProtoMarshaler
	i := 0
	for r, rs := range td.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			for _, span := range ss.Spans().All() {
				if it := &b.items[i]; it.Verdict == tailsample.Kept {
					p.telemetry.Dropped(tailsample.Traces, tailsample.ReasonRefused, int(it.Decision.Policy), b.services[r], 1, int64(sizer.SpanSize(span)))
				}
				i++
			}
		}
	}
}

// deliver implements tailsample.Deliver.
func (p *tracesProcessor) deliver(ctx context.Context, data []byte, runs []tailsample.Run) (permanent bool, err error) {
	td, err := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(data)
	if err != nil {
		return true, fmt.Errorf("decode held spans: %w", err)
	}
	w := p.writers.Get().(*writer)
	run := runs[0].Records // what is left of it
	for _, rs := range td.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			for _, span := range ss.Spans().All() {
				for run == 0 && len(runs) > 1 {
					runs = runs[1:]
					run = runs[0].Records
				}
				run--
				w.span(span, runs[0].Decision)
			}
		}
	}
	inconsistent := p.putWriter(w)
	if err = p.next.ConsumeTraces(ctx, td); err != nil {
		return consumererror.IsPermanent(err), err
	}
	p.telemetry.inconsistent[p.signal].add(inconsistent)
	return false, nil
}
