// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package tailsample

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Close ends an output: what it holds is decided, unless there is a store, and what is decided is delivered. The last output
// that closes saves the rest in the store. It returns an error when something could be neither delivered nor saved; that is
// counted as dropped then. Close is safe without Start, and twice.
func (o *Output) Close(ctx context.Context) error {
	e := o.e
	e.mu.Lock()
	if o.closed {
		e.mu.Unlock()
		return nil
	}
	o.closed = true // nothing more comes in
	if o.started && e.store == nil {
		e.decideAll(o)
	}
	e.unlock()
	var err error
	if o.started {
		err = o.drain(ctx)
	}
	if e.last(o) {
		err = errors.Join(err, e.finish(ctx))
	}
	return err
}

// decideAll decides the requests of which an output holds something; of any output, if it is nil.
func (e *Engine) decideAll(o *Output) {
	now := e.now()
	for _, g := range e.all() {
		if g.waits {
			continue // for the end of this
		}
		has := o == nil
		e.eachStream(g, func(st *stream) { has = has || int(st.out) == o.index })
		if has {
			e.end(g, TriggerShutdown, now)
		}
	}
	for i, l := range e.limiters {
		if l != nil {
			e.tickLimiter(i, now, true)
		}
	}
}

// drain lets the sender deliver what is left. What the next consumer does not take is dropped, or left for the store.
func (o *Output) drain(ctx context.Context) error {
	defer o.cancel()
	close(o.stop)
	timer := time.NewTimer(max(drainTime-time.Since(o.e.closing()), cancelTime)) // what one has waited, the next need not
	defer timer.Stop()
	for waiting := true; waiting; {
		select {
		case <-o.done:
			waiting = false
		case <-o.taken:
			if o.e.store == nil {
				timer.Reset(drainTime)
			}
		case <-timer.C:
			waiting = false
		case <-ctx.Done():
			waiting = false
		}
	}
	o.cancel()
	timer.Reset(cancelTime)
	var err error
	select {
	case <-o.done:
	case <-timer.C:
		o.leave()
		err = fmt.Errorf("end the delivery of held %s: the next component has not returned", o.signal)
	}
	if o.e.store != nil {
		return err
	}
	return errors.Join(err, o.e.abandon(o))
}

// closing returns when the first output was closed.
func (e *Engine) closing() time.Time {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed.IsZero() {
		e.closed = time.Now()
	}
	return e.closed
}

// leave leaves the sender behind, without what it is delivering.
func (o *Output) leave() {
	o.e.mu.Lock()
	o.lost = true
	o.e.mu.Unlock()
	o.putBack()
}

// abandon drops what is queued.
func (e *Engine) abandon(o *Output) error {
	e.mu.Lock()
	defer e.unlock()
	dropped := int64(0)
	reason := ReasonShutdown
	for i := range o.queue {
		dropped += o.queue[i].records
	}
	e.release(o, o.queue, &reason)
	o.queue = nil
	if dropped > 0 {
		return fmt.Errorf("deliver %d held %s before the end: the next component did not take them", dropped, o.signal)
	}
	return nil
}

// last tells whether an output was the last one to be done, and must finish the engine.
func (e *Engine) last(o *Output) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	o.finished = true
	for _, o := range e.outs {
		if !o.finished {
			return false
		}
	}
	return true
}

// finish saves what is left and frees all memory.
func (e *Engine) finish(ctx context.Context) error {
	var err error
	if e.running {
		close(e.stop)
		<-e.stopped
		if e.store != nil {
			if err = e.save(ctx); err != nil {
				err = fmt.Errorf("save held requests: %w", err)
			}
		}
	}
	if e.store == nil || err != nil {
		e.mu.Lock()
		e.decideAll(nil)
		e.unlock()
		for _, o := range e.outs {
			err = errors.Join(err, e.abandon(o))
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.running = false
	e.open, e.slabs, e.first, e.final, e.spare = map[Key]groupID{}, nil, 0, 0, 0
	clear(e.streams)
	clear(e.links)
	e.groups, e.overhead, e.queued, e.records = 0, 0, 0, [signals]int64{}
	e.sources = sources{byKey: map[string]*source{}}
	return errors.Join(err, e.arena.close())
}
