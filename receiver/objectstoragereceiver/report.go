// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package objectstoragereceiver

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"time"

	"go.opentelemetry.io/collector/config/configretry"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"

	"github.com/logboom/logboom/archive"
	"github.com/logboom/logboom/receiver/objectstoragereceiver/internal/replay"
)

func attr(key, value string) metric.MeasurementOption {
	return metric.WithAttributeSet(attribute.NewSet(attribute.String(key, value)))
}

var (
	outcomeDelivered = attr("outcome", "delivered")
	outcomeRefused   = attr("outcome", "refused")
	outcomeDamaged   = attr("outcome", "damaged")
	reasonMissing    = attr("reason", "missing")
	reasonDamaged    = attr("reason", "damaged")

	causes = map[string]metric.MeasurementOption{
		troubleRefused: attr("cause", "refused"),
		troubleBucket:  attr("cause", "bucket"),
		troubleHole:    attr("cause", "hole"),
		troubleStorage: attr("cause", "storage"),
	}
)

// backoff makes growing pauses.
type backoff struct {
	configretry.BackOffConfig
	pause float64
}

func (b *backoff) reset() { b.pause = 0 }

func (b *backoff) wait(ctx context.Context) error {
	if b.pause == 0 {
		b.pause = float64(b.InitialInterval)
	}
	timer := time.NewTimer(time.Duration(b.pause * (1 + b.RandomizationFactor*(2*rand.Float64()-1))))
	defer timer.Stop()
	b.pause = min(b.pause*max(b.Multiplier, 1), float64(max(b.MaxInterval, b.InitialInterval)))
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// progress is what is told about a replay. It is safe for concurrent use.
type progress struct {
	mu        sync.Mutex
	from, to  int64
	speed     float64
	began     time.Time // of this process
	at        int64     // event time up to which records were delivered
	share     float64   // as last told, so that it never falls
	first     float64   // share when this process began
	planned   bool
	done      bool
	failed    bool // it cannot go on
	late      time.Duration
	delivered int64
	rows      *replay.Map
}

func (p *progress) begin(c *checkpoint) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.from, p.to, p.at = c.From, c.To, c.Position.Time
	p.delivered, p.began, p.done = c.Delivered, time.Now(), c.Done
}

// plan notes what a new state of the archive has to be read. The map is of the whole range only in the first pass, so that
// one is kept.
func (p *progress) plan(objects []*archive.ObjectMeta, req *archive.ScanRequest, whole bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.planned || !whole {
		return
	}
	p.planned = true
	p.rows = replay.NewMap(objects, req)
	p.first = p.shareLocked()
}

// moved notes what was delivered.
func (p *progress) moved(c *checkpoint, late time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.at, p.late, p.delivered = c.Position.Time, late, c.Delivered
}

func (p *progress) finish() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done, p.at, p.late = true, p.to, 0
}

// fail notes that the replay cannot go on.
func (p *progress) fail() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.failed = true
}

// shareLocked is the share of rows up to the last that was delivered: what is read ahead of it does not count.
func (p *progress) shareLocked() float64 {
	switch {
	case p.done:
		return 1
	case p.rows == nil:
		return p.share
	}
	// The end is only said to be reached when it is.
	p.share = max(p.share, min(p.rows.Done(p.at), 0.999))
	return p.share
}

// told is one look at a replay.
type told struct {
	share     float64
	remaining time.Duration // negative: not known
	at        int64
	late      time.Duration
	delivered int64
	known     bool // there is something to tell
}

func (p *progress) tell() told {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := told{share: p.shareLocked(), remaining: -1, at: p.at, late: p.late, delivered: p.delivered, known: p.planned || p.done}
	switch moved := t.share - p.first; {
	case p.done:
		t.remaining = 0
	case p.failed: // there is no end to come
	case p.speed > 0:
		t.remaining = p.late + time.Duration(min((float64(p.to)-float64(p.at))/p.speed, math.MaxInt64/2))
	case moved > 0:
		t.remaining = time.Duration(min(float64(time.Since(p.began))*(1-t.share)/moved, math.MaxInt64/2))
	}
	return t
}

// observe registers the gauges.
func (r *replayReceiver) observe() error {
	r.progress.speed = r.cfg.Pace.Speed
	gauge := func(value func(told) (float64, bool)) metric.Float64Callback {
		return func(_ context.Context, o metric.Float64Observer) error {
			if v, ok := value(r.progress.tell()); ok {
				o.Observe(v)
			}
			return nil
		}
	}
	for _, f := range []struct {
		register func(metric.Float64Callback) error
		value    func(told) (float64, bool)
	}{
		{r.telemetry.RegisterReceiverObjectStorageProgressCallback, func(t told) (float64, bool) { return t.share, t.known }},
		{r.telemetry.RegisterReceiverObjectStorageLagCallback, func(t told) (float64, bool) { return t.late.Seconds(), true }},
		{r.telemetry.RegisterReceiverObjectStoragePositionCallback, func(t told) (float64, bool) { return float64(t.at) / 1e9, true }},
		{r.telemetry.RegisterReceiverObjectStorageRemainingTimeCallback, func(t told) (float64, bool) { return t.remaining.Seconds(), t.remaining >= 0 }},
	} {
		if err := f.register(gauge(f.value)); err != nil {
			return err
		}
	}
	return nil
}

// report logs a line of progress from time to time.
func (r *replayReceiver) report(ctx context.Context) {
	ticker := time.NewTicker(r.cfg.ProgressInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-r.done:
			return
		case <-ticker.C:
			r.logger.Info(r.progress.tell().String())
		}
	}
}

func (t told) String() string {
	if !t.known {
		return "replay: the archive was not read yet"
	}
	left := "time left is not known yet"
	if t.remaining >= 0 {
		left = "about " + t.remaining.Round(time.Second).String() + " left"
	}
	late := ""
	if t.late >= time.Second {
		late = ", " + t.late.Round(time.Second).String() + " behind its pace"
	}
	return fmt.Sprintf("replay: %.1f %%, %d records, at %s, %s%s", 100*t.share, t.delivered, time.Unix(0, t.at).UTC().Format(time.RFC3339), left, late)
}

// totals are the fields of the last line. Only the goroutine of run calls it.
func (r *replayReceiver) totals() []zap.Field {
	c := r.point
	fields := []zap.Field{
		zap.Int64("records", c.Delivered), zap.Int64("bytes", c.Bytes),
		zap.Time("start", time.Unix(0, c.From).UTC()), zap.Time("end", time.Unix(0, c.To).UTC()),
		zap.Duration("since_the_beginning", time.Since(c.Began).Round(time.Millisecond)),
	}
	if !c.Done {
		fields = append(fields, zap.Time("at", time.Unix(0, c.Position.Time).UTC()))
	}
	for _, f := range []struct {
		name string
		n    int64
	}{{"records_refused", c.Refused}, {"records_damaged", c.Damaged}, {"parts_left_out", c.Holes}} {
		if f.n > 0 {
			fields = append(fields, zap.Int64(f.name, f.n))
		}
	}
	return fields
}
