// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package requestsamplingprocessor

import (
	"context"
	"fmt"

	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/logboom/logboom/internal/tailsample"
)

// logsProcessor is the part of a sampler in a pipeline of logs.
type logsProcessor struct {
	half
	next consumer.Logs
}

// ConsumeLogs implements consumer.Logs.
func (p *logsProcessor) ConsumeLogs(ctx context.Context, ld plog.Logs) error {
	if ld.LogRecordCount() == 0 {
		return p.next.ConsumeLogs(ctx, ld)
	}
	b := p.batches.Get().(*batch)
	defer p.recycle(b)
	p.plan.reader.readLogs(b, ld)
	var data []byte
	if !b.keyed && p.keepAllKeyless() {
		p.keepAll(b.items)
	} else {
		var err error
		if data, err = (&plog.ProtoMarshaler{}).MarshalLogs(ld); err != nil {
			return consumererror.NewPermanent(fmt.Errorf("encode log records: %w", err))
		}
		if err = p.offer(b, data); err != nil {
			return err
		}
	}
	if b.verdicts()[tailsample.Kept] > 0 {
		inconsistent := p.writeKept(b, ld)
		if err := p.next.ConsumeLogs(ctx, ld); err != nil {
			return p.refused(b, data, err, func() { p.drop(b, data) })
		}
		p.telemetry.inconsistent[p.signal].add(inconsistent)
	}
	p.accepted(b)
	return nil
}

// writeKept leaves in a batch what is kept, with its weights, and returns how many thresholds were ignored.
func (p *logsProcessor) writeKept(b *batch, ld plog.Logs) (inconsistent int64) {
	w := p.writers.Get().(*writer)
	i := 0
	ld.ResourceLogs().RemoveIf(func(rl plog.ResourceLogs) bool {
		had := rl.ScopeLogs().Len() > 0
		rl.ScopeLogs().RemoveIf(func(sl plog.ScopeLogs) bool {
			had := sl.LogRecords().Len() > 0
			sl.LogRecords().RemoveIf(func(lr plog.LogRecord) bool {
				it := &b.items[i]
				i++
				if it.Verdict != tailsample.Kept {
					return true
				}
				w.log(lr, it.Decision)
				return false
			})
			return had && sl.LogRecords().Len() == 0
		})
		return had && rl.ScopeLogs().Len() == 0
	})
	return p.putWriter(w)
}

// drop counts what was kept and refused. The batch itself is not ours any more, so that its copy is measured.
func (p *logsProcessor) drop(b *batch, data []byte) {
	ld, err := (&plog.ProtoUnmarshaler{}).UnmarshalLogs(data)
	if err != nil {
		return // it was encoded a moment ago
	}
	var sizer plog.ProtoMarshaler
	i := 0
	for r, rl := range ld.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, lr := range sl.LogRecords().All() {
				if it := &b.items[i]; it.Verdict == tailsample.Kept {
					p.telemetry.Dropped(tailsample.Logs, tailsample.ReasonRefused, int(it.Decision.Policy), b.services[r], 1, int64(sizer.LogRecordSize(lr)))
				}
				i++
			}
		}
	}
}

// deliver implements tailsample.Deliver.
func (p *logsProcessor) deliver(ctx context.Context, data []byte, runs []tailsample.Run) (permanent bool, err error) {
	ld, err := (&plog.ProtoUnmarshaler{}).UnmarshalLogs(data)
	if err != nil {
		return true, fmt.Errorf("decode held log records: %w", err)
	}
	w := p.writers.Get().(*writer)
	run := runs[0].Records // what is left of it
	for _, rl := range ld.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, lr := range sl.LogRecords().All() {
				for run == 0 && len(runs) > 1 {
					runs = runs[1:]
					run = runs[0].Records
				}
				run--
				w.log(lr, runs[0].Decision)
			}
		}
	}
	inconsistent := p.putWriter(w)
	if err = p.next.ConsumeLogs(ctx, ld); err != nil {
		return consumererror.IsPermanent(err), err
	}
	p.telemetry.inconsistent[p.signal].add(inconsistent)
	return false, nil
}
