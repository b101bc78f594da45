// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package spikeguardprocessor

import (
	"context"
	"fmt"
	"sync"
	"time"

	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"

	"github.com/logboom/logboom/internal/spike"
)

const (
	// What waits for the next component is bounded: summaries of the same template become one, and beyond so many templates those of a
	// source, so that no count is lost. Of notices and last records the newest are lost.
	maxWaitingSummaries = 4096
	maxWaitingNotices   = 1000
	// maxEmitted and maxEmittedBytes bound what is passed on at once.
	maxEmitted      = 500
	maxEmittedBytes = 1 << 20
	minBackoff      = 100 * time.Millisecond
	maxBackoff      = 5 * time.Second
	// drainTime is how long a shutdown waits for the next component.
	drainTime = 10 * time.Second
)

// emitter passes on what the processor writes itself: in the background, so that a slow component after it delays no tick, and until
// it is taken.
type emitter struct {
	cfg       *Config
	next      consumer.Logs
	telemetry *telemetry

	mu      sync.Mutex
	waiting waiting
	closed  bool
	lost    int64
	wake    chan struct{}
	closing chan struct{}
	ctx     context.Context
	cancel  context.CancelFunc
	done    chan struct{}
}

// waiting is what was not passed on yet.
type waiting struct {
	notices   []spike.Notice
	lasts     []*last
	lastBytes int
	order     []summaryKey
	summaries map[summaryKey]*spike.Summary
}

// chunk is what is passed on at once.
type chunk struct {
	notices   []spike.Notice
	summaries []*spike.Summary
	lasts     []*last
}

func (c *chunk) empty() bool { return len(c.notices)+len(c.summaries)+len(c.lasts) == 0 }

// records is how many the summaries stand for.
func (c *chunk) records() (n int64) {
	for _, s := range c.summaries {
		n += s.Over.Records
	}
	return n
}

type summaryKey struct{ key, template string }

func newEmitter(cfg *Config, next consumer.Logs, t *telemetry) *emitter {
	e := &emitter{cfg: cfg, next: next, telemetry: t, wake: make(chan struct{}, 1), closing: make(chan struct{}), done: make(chan struct{})}
	e.waiting.summaries = map[summaryKey]*spike.Summary{}
	e.ctx, e.cancel = context.WithCancel(context.Background())
	return e
}

func (e *emitter) start() { go e.run() }

// put lets the next component have these, when it takes them.
func (e *emitter) put(notices []spike.Notice, summaries []spike.Summary, silent []*last) {
	if len(notices)+len(summaries)+len(silent) == 0 {
		return
	}
	e.mu.Lock()
	w := &e.waiting
	for i := range notices {
		if len(w.notices) >= maxWaitingNotices {
			e.telemetry.lost(kindNotice, "full", 1)
			continue
		}
		w.notices = append(w.notices, notices[i])
	}
	for _, l := range silent {
		if w.lastBytes+l.size > maxLastBytes {
			e.telemetry.lost(kindLast, "full", 1)
			continue
		}
		w.lastBytes += l.size
		w.lasts = append(w.lasts, l)
	}
	for i := range summaries {
		w.add(&summaries[i])
	}
	e.mu.Unlock()
	select {
	case e.wake <- struct{}{}:
	default: // it will look for more anyway
	}
}

// add makes a summary wait; beyond the bound it becomes one with others.
func (w *waiting) add(s *spike.Summary) {
	all := summaryKey{key: otherKey}
	for _, k := range []summaryKey{{s.Key, s.Template}, {key: s.Key}, all} {
		if before := w.summaries[k]; before != nil {
			merge(before, s)
			return
		}
		if len(w.order) < maxWaitingSummaries || k == all {
			made := *s
			made.Key, made.Template = k.key, k.template
			w.summaries[k] = &made
			w.order = append(w.order, k)
			return
		}
	}
}

// merge adds a later summary to an earlier one.
func merge(to, s *spike.Summary) {
	to.Over.Records += s.Over.Records
	to.Over.Bytes += s.Over.Bytes
	to.First, to.Last = min(to.First, s.First), max(to.Last, s.Last)
	to.Severity = max(to.Severity, s.Severity)
	to.LastText = s.LastText
	for _, id := range s.TraceIDs {
		if len(to.TraceIDs) < maxTraceIDs {
			to.TraceIDs = append(to.TraceIDs, id)
		}
	}
}

const maxTraceIDs = 10

// take takes a part of what waits, if any does.
func (e *emitter) take() (c chunk) {
	e.mu.Lock()
	defer e.mu.Unlock()
	w := &e.waiting
	room, bytes := maxEmitted, maxEmittedBytes
	n := min(room, len(w.notices))
	c.notices, w.notices = w.notices[:n:n], w.notices[n:]
	room -= n
	for n = 0; n < min(len(w.order), room) && bytes > 0; n++ {
		s := w.summaries[w.order[n]]
		delete(w.summaries, w.order[n])
		c.summaries = append(c.summaries, s)
		bytes -= len(s.FirstText) + len(s.LastText) + 2*len(s.Template) + 512
	}
	w.order = w.order[n:]
	room -= n
	for n = 0; n < min(len(w.lasts), room) && bytes > 0; n++ {
		l := w.lasts[n]
		c.lasts = append(c.lasts, l)
		w.lastBytes -= l.size
		bytes -= l.size
	}
	w.lasts = w.lasts[n:]
	return c
}

func (e *emitter) run() {
	defer close(e.done)
	for {
		e.mu.Lock()
		closed := e.closed
		e.mu.Unlock()
		if c := e.take(); !c.empty() {
			e.deliver(&c)
			continue
		}
		if closed { // before all was taken: nothing came since
			return
		}
		select {
		case <-e.wake:
		case <-e.closing:
		case <-e.ctx.Done():
		}
	}
}

// deliver passes on a part until it is taken, or the end of the time for it.
func (e *emitter) deliver(c *chunk) {
	closing := e.closing
	for backoff := minBackoff; e.ctx.Err() == nil; backoff = min(2*backoff, maxBackoff) {
		err := e.next.ConsumeLogs(e.ctx, e.encode(c)) // made anew each time: whoever refused it may have changed it
		if err == nil {
			e.settled(c, e.telemetry.emitted)
			return
		}
		permanent := consumererror.IsPermanent(err)
		e.telemetry.failed(err, permanent)
		if permanent {
			e.lose(c, "refused")
			return
		}
		select {
		case <-time.After(backoff):
		case <-closing: // there is little time now
			closing, backoff = nil, minBackoff/2
		case <-e.ctx.Done():
		}
	}
	e.lose(c, "shutdown")
}

// settled counts a part that does not wait any more.
func (e *emitter) settled(c *chunk, count func(kind int, n int64)) {
	for kind, n := range [kinds]int{kindNotice: len(c.notices), kindSummary: len(c.summaries), kindLast: len(c.lasts)} {
		if n > 0 {
			count(kind, int64(n))
		}
	}
	if n := c.records(); n > 0 {
		e.telemetry.held(-n)
	}
}

func (e *emitter) lose(c *chunk, reason string) {
	e.settled(c, func(kind int, n int64) {
		if kind == kindSummary {
			n = c.records()
		}
		e.telemetry.lost(kind, reason, n)
	})
	e.mu.Lock()
	defer e.mu.Unlock()
	e.lost += int64(len(c.notices)+len(c.lasts)) + c.records()
}

// shutdown passes on what waits, as far as the next component takes it in time. What it does not take is counted as lost.
func (e *emitter) shutdown(ctx context.Context) error {
	e.mu.Lock()
	e.closed = true
	before := e.lost
	e.mu.Unlock()
	close(e.closing)
	defer e.cancel()
	timer := time.AfterFunc(drainTime, e.cancel)
	defer timer.Stop()
	stop := context.AfterFunc(ctx, e.cancel)
	defer stop()
	<-e.done
	if lost := e.lost - before; lost > 0 {
		return fmt.Errorf("pass on what is held: the next component did not take it in time, %d records were lost", lost)
	}
	return nil
}
