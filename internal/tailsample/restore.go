// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package tailsample

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/cespare/xxhash/v2"
)

// restore brings back what save wrote, and takes it out of the store: after a kill nothing comes twice. The lock is held,
// and no output has started. A request's wait goes on where it stopped.
func (e *Engine) restore(ctx context.Context) error {
	if e.store == nil {
		return nil
	}
	if err := e.oneOutputEach(); err != nil {
		return err
	}
	restored, err := e.load(ctx)
	if err != nil {
		e.tally = tally{} // nothing was taken
		return err
	}
	for signal, n := range restored {
		if n > 0 {
			e.obs.Restored(Signal(signal), n)
		}
	}
	return nil
}

// load reads everything, and deletes it in the store.
func (e *Engine) load(ctx context.Context) (restored [signals]int64, err error) {
	meta, err := e.store.Get(ctx, metaKey)
	if err != nil {
		return restored, fmt.Errorf("read %q: %w", metaKey, err)
	}
	if meta == nil {
		return restored, nil
	}
	if meta = unsealed(meta); meta == nil {
		return restored, fmt.Errorf("read %q: %w", metaKey, errDamaged)
	}
	r := reader{b: meta}
	if version := r.uvarint(); version != storeVersion {
		return restored, fmt.Errorf("%q is of version %d, which this program does not know", metaKey, version)
	}
	chunks := r.uvarint()
	l := loader{e: e, sources: map[uint64]*source{}}
	l.same = string(r.text()) == e.cfg.Fingerprint
	for n := r.uvarint(); n > 0 && r.err == nil; n-- {
		l.policies = append(l.policies, e.policyNamed(string(r.text())))
	}
	if r.err != nil {
		return restored, fmt.Errorf("read %q: %w", metaKey, r.err)
	}
	for i := range int(min(chunks, 1<<31)) {
		key := chunkKey(i)
		value, err := e.store.Get(ctx, key)
		if err == nil && value == nil {
			err = errors.New("it is not there")
		}
		if err == nil {
			if value = unsealed(value); value == nil {
				err = errDamaged
			} else {
				err = l.load(value)
			}
		}
		if err != nil {
			return restored, fmt.Errorf("read %q: %w", key, err)
		}
	}
	if err := e.store.Delete(ctx, metaKey); err != nil {
		return restored, fmt.Errorf("delete %q: %w", metaKey, err)
	}
	for i := range int(chunks) {
		_ = e.store.Delete(ctx, chunkKey(i)) // nothing leads there any more, and the next save writes over it
	}
	if l.forgot > 0 {
		e.obs.Forgot(l.forgot)
	}
	return l.restored, nil
}

// unsealed returns a value without its checksum, nil if that is wrong.
func unsealed(value []byte) []byte {
	n := len(value) - 8
	if n < 0 || xxhash.Sum64(value[:n]) != binary.LittleEndian.Uint64(value[n:]) {
		return nil
	}
	return value[:n:n]
}

// oneOutputEach makes sure that what is held goes back to where it came from: pipelines have no names here.
func (e *Engine) oneOutputEach() error {
	var n [signals]int
	for _, o := range e.outs {
		if n[o.signal]++; n[o.signal] > 1 {
			return errors.New("with a storage a component may stand in one logs pipeline and one traces pipeline: give the others a component with a name of its own")
		}
	}
	return nil
}

func (e *Engine) outputOf(signal Signal) *Output {
	for _, o := range e.outs {
		if o.signal == signal {
			return o
		}
	}
	return nil
}

// policyNamed returns the policy of a name, or the last one.
func (e *Engine) policyNamed(name string) uint8 {
	for i := range e.cfg.Policies {
		if e.cfg.Policies[i].Name == name {
			return uint8(i)
		}
	}
	return uint8(len(e.cfg.Policies) - 1)
}

// loader reads entries.
type loader struct {
	e        *Engine
	same     bool    // the conditions mean what they meant
	policies []uint8 // by their numbers in the store
	sources  map[uint64]*source
	missing  map[uint64]missing
	restored [signals]int64 // records
	forgot   int64          // requests
}

// missing is a source whose signal has no pipeline any more.
type missing struct {
	signal  Signal
	service service
}

func (l *loader) load(value []byte) error {
	clear(l.sources)
	l.missing = map[uint64]missing{}
	r := reader{b: value}
	for len(r.b) > 0 && r.err == nil {
		switch kind := r.byte(); kind {
		case 'S':
			l.source(&r)
		case 'G':
			l.group(&r)
		case 'Q':
			signal, d := r.signal(), l.decision(&r)
			if st := l.frames(&r, signal, d.Policy); st.records > 0 {
				l.e.outs[st.out].enqueue(queued{stream: st, decision: d})
			}
		case 'D':
			key, d := r.key(), l.decision(&r)
			keep, alias := r.byte() == 1, r.byte() == 1
			l.e.decisions.put(key, decided{threshold: d.Threshold, randomness: d.Randomness, given: d.Given, policy: d.Policy, keep: keep, explicit: d.Explicit, alias: alias})
		default:
			r.fail(fmt.Errorf("entry %q is not known", kind))
		}
	}
	for _, s := range l.sources {
		l.e.sources.unref(s)
	}
	return r.err
}

func (l *loader) source(r *reader) {
	number, signal := r.uvarint(), r.signal()
	o := origin{number: l.e.services.number(string(r.text())), resource: r.text(), scope: r.text()}
	if r.err != nil {
		return
	}
	out := l.e.outputOf(signal)
	if out == nil {
		l.missing[number] = missing{signal, o.number}
		return
	}
	if l.sources[number] != nil {
		r.fail(errDamaged)
		return
	}
	s, _ := l.e.sources.find(out, &o, nil)
	s.refs++ // it stays until all of this value is read
	l.sources[number] = s
}

func (l *loader) group(r *reader) {
	e, now := l.e, l.e.now()
	g := e.allocate()
	defer func() {
		if r.err != nil { // it was not inserted
			e.dropLinks(g)
			e.dropStreams(g)
			e.reuse(g, g.id)
		}
	}()
	g.key = r.key()
	for n := r.uvarint(); n > 0 && r.err == nil; n-- {
		if g.links == maxLinks {
			r.fail(errDamaged)
			return
		}
		e.addLink(g, r.key())
	}
	g.conditions, g.randomness, g.given, g.explicit = r.uvarint(), r.uvarint(), r.uvarint(), r.byte() == 1
	if !l.same && g.conditions != 0 {
		g.conditions = 0
		l.forgot++
	}
	g.first, g.last = now-max(0, r.varint()), now-max(0, r.varint())
	if ends := r.varint(); ends > 0 {
		g.ends = now + min(ends, int64(e.cfg.Grace))
	}
	g.spanStart, g.spanEnd, g.start, g.end = r.varint(), r.varint(), r.varint(), r.varint()
	g.records, g.bytes = int64(min(r.uvarint(), 1<<40)), int64(min(r.uvarint(), 1<<40)) //nolint:gosec // bounded
	for n := r.uvarint(); n > 0 && r.err == nil; n-- {
		signal := r.signal()
		if st := l.frames(r, signal, uint8(len(e.cfg.Policies)-1)); st.records > 0 {
			e.addStream(g, st)
		}
	}
	if r.err != nil {
		return
	}
	known := e.open[g.key]
	e.eachLink(g, func(link Key) { known = max(known, e.open[link]) })
	if g.randomness >= NeverThreshold || g.given > g.randomness || known != 0 {
		r.fail(errDamaged)
		return
	}
	g.first = max(g.first, now-int64(e.cfg.Wait))
	g.last = max(g.last, g.first)
	e.insert(g)
}

// frames reads a text of frames into a stream, or drops them when nobody takes them.
func (l *loader) frames(r *reader, signal Signal, policy uint8) stream {
	text, st := r.text(), stream{}
	out := l.e.outputOf(signal)
	if r.err != nil {
		return st
	}
	if out != nil {
		st.out = uint16(out.index) //nolint:gosec // maxOutputs
	}
	var of *source
	var gone missing
	err := eachFrame(text, func(number uint32) {
		of = l.sources[uint64(number)]
		gone = l.missing[uint64(number)]
	}, func(record []byte) {
		l.restored[signal]++
		switch {
		case out == nil:
			l.e.tally.dropped(signal, ReasonNoPipeline, policy, gone.service, 1, int64(len(record)))
		case of == nil || of.out != out:
			r.fail(errDamaged)
		default:
			err := l.e.roomFor(len(record), 1) // the oldest may have to be decided now, if the limit was lowered
			if err == nil {
				err = l.e.hold(&st, of, record)
			}
			if err != nil {
				r.fail(err)
			}
		}
	})
	if err != nil {
		r.fail(err)
	}
	return st
}

func (l *loader) decision(r *reader) Decision {
	d := Decision{Policy: r.byte(), Threshold: r.uvarint(), Randomness: r.uvarint(), Given: r.uvarint(), Explicit: r.byte() == 1}
	switch {
	case int(d.Policy) < len(l.policies):
		d.Policy = l.policies[d.Policy]
	case int(d.Policy) == len(l.policies): // without a key
		d.Policy = uint8(len(l.e.cfg.Policies))
	default:
		r.fail(errDamaged)
	}
	return d
}

var errDamaged = errors.New("the value is damaged")

// reader reads numbers and texts, until the first error.
type reader struct {
	b   []byte
	err error
}

func (r *reader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
	r.b = nil
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.fail(errDamaged)
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) varint() int64 {
	v, n := binary.Varint(r.b)
	if n <= 0 {
		r.fail(errDamaged)
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) byte() byte {
	if len(r.b) == 0 {
		r.fail(errDamaged)
		return 0
	}
	v := r.b[0]
	r.b = r.b[1:]
	return v
}

func (r *reader) signal() Signal {
	s := Signal(r.byte())
	if s >= signals {
		r.fail(errDamaged)
		return 0
	}
	return s
}

func (r *reader) key() (k Key) {
	if len(r.b) < len(k) {
		r.fail(errDamaged)
		return k
	}
	r.b = r.b[copy(k[:], r.b):]
	return k
}

// text returns bytes of the value itself.
func (r *reader) text() []byte {
	n := r.uvarint()
	if n > uint64(len(r.b)) {
		r.fail(errDamaged)
		return nil
	}
	v := r.b[:n]
	r.b = r.b[n:]
	return v
}
