// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package tailsample

import (
	"context"
	"errors"
	"fmt"
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
		close(o.stop)
		<-o.done
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
		for i := range g.streams {
			if o == nil || g.streams[i].out == o {
				e.end(g, TriggerShutdown, now)
				break
			}
		}
	}
	for i, l := range e.limiters {
		if l != nil {
			e.tickLimiter(i, now, true)
		}
	}
}

// drain delivers what the sender has left. What is not taken is dropped, or left for the store.
func (o *Output) drain(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, drainTime)
	defer cancel()
	var d delivery
	for {
		if d.items = o.next(d.items); len(d.items) == 0 {
			return nil
		}
		stop := make(chan struct{})
		if o.e.store != nil {
			close(stop) // one try: the rest is saved
		}
		if !o.pass(ctx, &d, stop) {
			o.putBack(d.items)
			break
		}
	}
	if o.e.store != nil {
		return nil
	}
	return o.e.abandon(o)
}

// abandon drops what is queued.
func (e *Engine) abandon(o *Output) error {
	dropped := int64(0)
	reason := ReasonShutdown
	for {
		items := o.next(nil)
		if len(items) == 0 {
			break
		}
		for i := range items {
			dropped += items[i].records
		}
		e.delivered(o, items, &reason)
	}
	if dropped > 0 {
		return fmt.Errorf("deliver %d held records before the end: the next component did not take them", dropped)
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
	e.open, e.first, e.final, e.spare = map[Key]*group{}, nil, nil, nil
	e.groups, e.overhead, e.queued, e.records = 0, 0, 0, [signals]int64{}
	e.sources = sources{byKey: map[string]*source{}}
	return errors.Join(err, e.arena.close())
}
