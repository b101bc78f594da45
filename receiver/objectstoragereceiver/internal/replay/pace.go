// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"context"
	"math"
	"time"
)

// Pace is how fast records are delivered; the slowest of its limits counts. The zero value is as fast as possible.
type Pace struct {
	RecordsPerSecond float64
	BytesPerSecond   float64
	// Speed is a multiple of real time: 2 delivers two hours of event time in an hour.
	Speed float64
}

// tick is about how long a batch takes at a chosen pace: often enough to be smooth, rarely enough to be cheap.
const tick = 100 * time.Millisecond

// Limit makes the batches of a plan small enough for the pace.
func (p Pace) Limit(plan *Plan) {
	if p.RecordsPerSecond > 0 {
		n := p.RecordsPerSecond * tick.Seconds()
		plan.MaxRecords = max(1, int(min(float64(plan.MaxRecords), n)))
	}
	if p.BytesPerSecond > 0 {
		n := p.BytesPerSecond * tick.Seconds()
		plan.MaxBytes = max(1, int64(min(float64(plan.MaxBytes), n)))
	}
	if p.Speed > 0 {
		plan.MaxSpan = time.Duration(min(math.MaxInt64/2, max(1, p.Speed*float64(tick))))
	}
}

// Pacer lets batches through at a pace. It is not safe for concurrent use.
type Pacer struct {
	Pace
	free     time.Time // when the next batch may go, by the rates
	anchored bool
	real     time.Time // when the event time event was due, by the speed
	event    int64
}

// Wait waits until a batch is due, and returns how far behind its time it is.
func (p *Pacer) Wait(ctx context.Context, b *Batch) (late time.Duration, err error) {
	now := time.Now()
	due := now
	if p.RecordsPerSecond > 0 || p.BytesPerSecond > 0 {
		if p.free.After(now) {
			due = p.free
		}
		var cost float64 // seconds
		if p.RecordsPerSecond > 0 {
			cost = float64(b.Records) / p.RecordsPerSecond
		}
		if p.BytesPerSecond > 0 {
			cost = max(cost, float64(b.Bytes)/p.BytesPerSecond)
		}
		p.free = due.Add(seconds(cost))
	}
	if p.Speed > 0 {
		if !p.anchored {
			p.anchored, p.real, p.event = true, now, b.Last
		}
		at := p.real.Add(seconds((float64(b.Last) - float64(p.event)) / 1e9 / p.Speed))
		if at.After(due) {
			due = at
		} else {
			late = now.Sub(at)
		}
	}
	if !due.After(now) {
		return max(late, 0), ctx.Err()
	}
	timer := time.NewTimer(due.Sub(now))
	defer timer.Stop()
	select {
	case <-timer.C:
		return 0, nil
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// seconds is a duration, at most a century.
func seconds(s float64) time.Duration {
	const century = 100 * 365 * 24 * 3600
	return time.Duration(min(max(s, -century), century) * 1e9)
}
