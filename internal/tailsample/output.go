// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package tailsample

import (
	"context"
	"errors"
	"fmt"
	"time"
)

const (
	// A delivery has at most so many bytes and records, but for what one request holds.
	deliveryBytes   = 2 << 20
	deliveryRecords = 8192

	// queuedOverhead is what waits for an output besides its bytes.
	queuedOverhead = 192

	firstBackoff = 100 * time.Millisecond
	maxBackoff   = 5 * time.Second
	// drainTime bounds how long Close goes on when the next consumer takes nothing of what is left; with a Store, in all.
	drainTime = 10 * time.Second
	// cancelTime is how long the next consumer has to come back after its context has ended. Then it is left behind.
	cancelTime = time.Second
)

// Output is one pipeline's part of an engine.
type Output struct {
	e       *Engine
	index   int
	signal  Signal
	deliver Deliver

	// Under the engine's lock.
	queue           []queued
	sending         []queued // what the sender is delivering
	started, closed bool
	lost, finished  bool // the sender was left behind; all is done

	wake  chan struct{} // something is queued
	taken chan struct{} // something was delivered
	stop  chan struct{} // Close was called
	done  chan struct{} // the sender has ended

	ctx    context.Context // of the sender
	cancel context.CancelFunc
}

// queued is what a decided request holds of an output.
type queued struct {
	stream
	decision Decision
}

// NewOutput adds a pipeline, before it is started.
func (e *Engine) NewOutput(signal Signal, deliver Deliver) *Output {
	e.mu.Lock()
	defer e.mu.Unlock()
	o := &Output{
		e: e, index: len(e.outs), signal: signal, deliver: deliver,
		wake: make(chan struct{}, 1), taken: make(chan struct{}, 1), stop: make(chan struct{}), done: make(chan struct{}),
	}
	o.ctx, o.cancel = context.WithCancel(context.Background())
	e.outs = append(e.outs, o)
	return o
}

// Start starts to deliver. The first call brings back what the store holds; an error of that leaves the store as it is.
func (o *Output) Start(ctx context.Context) error {
	e := o.e
	e.mu.Lock()
	defer e.unlock()
	if o.started || o.closed {
		return errors.New("output was started before")
	}
	if !e.running {
		if err := e.restore(ctx); err != nil {
			return fmt.Errorf("restore held requests: %w", err)
		}
		e.running = true
		e.stop, e.stopped = make(chan struct{}), make(chan struct{})
		go e.run()
	}
	o.started = true
	go o.send()
	return nil
}

// run makes the clock tick.
func (e *Engine) run() {
	defer close(e.stopped)
	ticker := time.NewTicker(time.Duration(e.clock.tick))
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			e.tick()
		case <-e.stop:
			return
		}
	}
}

// enqueue lets a chain wait for delivery. The lock is held.
func (o *Output) enqueue(q queued) {
	o.queue = append(o.queue, q)
	o.e.queued += int64(q.chain.blocks) * blockBytes
	o.e.overhead += queuedOverhead
	signalTo(o.wake)
}

// signalTo tells whoever waits, or is the next to wait.
func signalTo(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// fetch takes what the sender delivers next.
func (o *Output) fetch(items []queued) []queued {
	o.e.mu.Lock()
	defer o.e.mu.Unlock()
	if o.lost {
		return nil
	}
	o.sending = o.next(items)
	return o.sending
}

// next takes from the queue what makes a delivery. The lock is held.
func (o *Output) next(items []queued) []queued {
	n, records, bytes := 0, int64(0), int64(0)
	for n < len(o.queue) && (n == 0 || bytes+o.queue[n].chain.bytes <= deliveryBytes && records+o.queue[n].records <= deliveryRecords) {
		bytes += o.queue[n].chain.bytes
		records += o.queue[n].records
		n++
	}
	items = append(items[:0], o.queue[:n]...)
	if o.queue = o.queue[n:]; len(o.queue) == 0 {
		o.queue = nil // the array behind it goes
	}
	return items
}

// send delivers what is queued, until the output is closed and nothing is left or the next consumer does not take it.
func (o *Output) send() {
	defer close(o.done)
	var d delivery
	for {
		if d.items = o.fetch(d.items); len(d.items) > 0 {
			if !o.pass(&d) {
				o.putBack()
				return
			}
			continue
		}
		select {
		case <-o.wake:
		case <-o.stop:
			return
		}
	}
}

// pass delivers, again and again after errors that are not permanent, until it is delivered or cancelled. Once the output is
// closed, what could be saved instead is tried once.
func (o *Output) pass(d *delivery) bool {
	data := o.e.compose(d)
	stop := o.stop
	for backoff := firstBackoff; ; backoff = min(2*backoff, maxBackoff) {
		permanent, err := o.deliver(o.ctx, data, d.runs)
		if err == nil {
			o.delivered(d.items, nil)
			return true
		}
		o.e.obs.Failed(o.signal, err, permanent)
		if permanent {
			reason := ReasonRefused
			o.delivered(d.items, &reason)
			return true
		}
		timer := time.NewTimer(backoff)
		select {
		case <-timer.C:
		case <-stop:
			timer.Stop()
			if o.e.store != nil {
				return false
			}
			stop, backoff = nil, firstBackoff/2 // there is little time left
		case <-o.ctx.Done():
			timer.Stop()
			return false
		}
	}
}

// putBack puts what the sender could not deliver before everything else.
func (o *Output) putBack() {
	o.e.mu.Lock()
	defer o.e.mu.Unlock()
	o.queue = append(append([]queued(nil), o.sending...), o.queue...)
	o.sending = nil
}

// delivered frees what the next consumer has taken, or what was dropped for a reason.
func (o *Output) delivered(items []queued, reason *Reason) {
	o.e.mu.Lock()
	defer o.e.unlock()
	if o.lost {
		return // others have freed it
	}
	o.sending = nil
	o.e.release(o, items, reason)
	signalTo(o.taken)
}

// release frees what was delivered or, for a reason, dropped. The lock is held.
func (e *Engine) release(o *Output, items []queued, reason *Reason) {
	var kept [MaxPolicies + 1]amount
	for i := range items {
		q := &items[i]
		e.queued -= int64(q.chain.blocks) * blockBytes
		e.overhead -= queuedOverhead
		if reason != nil {
			e.discard(&q.stream, *reason, q.decision.Policy)
			continue
		}
		kept[q.decision.Policy].records += q.records
		kept[q.decision.Policy].bytes += q.size()
		e.free(&q.stream)
	}
	for policy, a := range kept {
		if a.records > 0 {
			e.obs.Kept(o.signal, policy, a.records, a.bytes)
		}
	}
}

// roomFor makes room for records with so many bytes together, whatever chains they come in. What was accepted is worth more than the
// bound: while much waits for the next consumers, it may be exceeded by what groups take besides blocks.
func (e *Engine) roomFor(bytes, records int) error {
	now := e.now()
	blocks := records + (bytes+records*sourceBytes)/blockData
	for e.held()+int64(blocks)*blockBytes > e.cfg.MaxHeldBytes && e.queued <= e.cfg.MaxHeldBytes/2 && e.makeRoom(nil, now) {
	}
	for e.arena.max-e.arena.used < blocks {
		if !e.makeRoom(nil, now) {
			return ErrFull
		}
	}
	return e.arena.reserve(blocks)
}

// Requeue queues those items of a batch that Offer has Kept, so that they are delivered later with what was held. The
// arguments are those of Offer. After an error nothing was queued.
func (o *Output) Requeue(items []Item, data []byte, services []string) error {
	e := o.e
	b := e.batches.Get().(*batch)
	defer e.putBatch(b)
	if err := b.split(data, len(items), services); err != nil {
		return err
	}
	e.mu.Lock()
	defer e.unlock()
	if o.closed {
		return ErrClosed
	}
	if err := e.roomFor(len(data), len(items)); err != nil {
		return err
	}
	e.name(b)
	none := stream{out: uint16(o.index)} //nolint:gosec // maxOutputs
	q := queued{stream: none}
	flush := func() {
		if q.records > 0 {
			o.enqueue(q)
			q.stream = none
		}
	}
	for i := range items {
		if items[i].Verdict != Kept {
			continue
		}
		if items[i].Decision != q.decision {
			flush()
			q.decision = items[i].Decision
		}
		_ = e.hold(&q.stream, e.source(o, b, &b.frames[i]), b.frames[i].bytes) // no error: there is room
	}
	flush()
	e.sweep(b)
	return nil
}
