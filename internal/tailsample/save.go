// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package tailsample

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/cespare/xxhash/v2"
)

// What is held over a restart stands in the store as
//
//	held.meta      uvarint version, 1 | uvarint n | text fingerprint | uvarint policies, text each
//	held.00000000  entries … to the n-th
//
// each with xxHash64 of what it is (8 bytes, little endian) behind it, where a text is a uvarint length and bytes, and an entry begins with a letter:
//
//	S  a source: uvarint number (of this value's own) | u8 signal | text service | text resource | text scope
//	G  an undecided request: 16 bytes key | uvarint links, 16 bytes each | uvarint conditions | uvarint randomness, given | u8 explicit |
//	   varint nanoseconds since the first and the last arrival | varint nanoseconds to the end of its grace, or 0 |
//	   varint span start, span end, start, end (Unix nanoseconds) | uvarint records, bytes | uvarint streams, each u8 signal, text frames
//	Q  a decided request's records: u8 signal | decision | text frames
//	D  a decision: 16 bytes key | decision | u8 keep | u8 alias
//
// A decision is u8 policy | uvarint threshold, randomness, given | u8 explicit. Frames are those of a chain.
const (
	storeVersion = 1
	metaKey      = "held.meta"
	// chunkBytes is about how large a value is: a store may sync each to disk, so that few large ones are quicker.
	chunkBytes = 8 << 20
)

func chunkKey(n int) string { return fmt.Sprintf("held.%08d", n) }

// saver writes values of about chunkBytes.
type saver struct {
	e      *Engine
	ctx    context.Context
	buf    []byte
	chunks int
	wrote  map[*source]bool // in this chunk
	frames []byte
	err    error
}

// save writes all that is held to the store. All outputs are closed.
func (e *Engine) save(ctx context.Context) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	w := &saver{e: e, ctx: ctx, wrote: map[*source]bool{}}
	for _, g := range e.all() {
		w.group(g)
	}
	for _, o := range e.outs {
		for i := range o.queue {
			w.queued(o, &o.queue[i])
		}
	}
	for _, generation := range []map[Key]decided{e.decisions.old, e.decisions.young} {
		for key, d := range generation {
			w.buf = append(append(w.buf, 'D'), key[:]...)
			w.decision(d.decision())
			w.buf = append(w.buf, flag(d.keep), flag(d.alias))
			w.flush(chunkBytes)
		}
	}
	w.flush(1)
	if w.err != nil {
		return w.err
	}
	meta := binary.AppendUvarint(nil, storeVersion)
	meta = binary.AppendUvarint(meta, uint64(w.chunks))
	meta = appendText(meta, e.cfg.Fingerprint)
	meta = binary.AppendUvarint(meta, uint64(len(e.cfg.Policies)))
	for i := range e.cfg.Policies {
		meta = appendText(meta, e.cfg.Policies[i].Name)
	}
	if err := e.store.Set(ctx, metaKey, sealed(meta)); err != nil {
		return fmt.Errorf("write %q: %w", metaKey, err)
	}
	for _, o := range e.outs { // it is in the store now
		o.queue = nil
	}
	return nil
}

// sealed adds the checksum to a value.
func sealed(value []byte) []byte {
	return binary.LittleEndian.AppendUint64(value, xxhash.Sum64(value))
}

// flush writes the buffer out when it has at least so many bytes.
func (w *saver) flush(least int) {
	if len(w.buf) < least || w.err != nil {
		return
	}
	key := chunkKey(w.chunks)
	if err := w.e.store.Set(w.ctx, key, sealed(w.buf)); err != nil {
		w.err = fmt.Errorf("write %q: %w", key, err)
	}
	w.chunks++
	w.buf = nil // the store may have kept it
	clear(w.wrote)
}

func (w *saver) group(g *group) {
	streams := 0
	w.e.eachStream(g, func(st *stream) {
		w.sources(&st.chain)
		streams++
	})
	now := w.e.now()
	b := append(append(w.buf, 'G'), g.key[:]...)
	b = append(b, g.links) // one byte, as a uvarint of less than 128
	w.e.eachLink(g, func(link Key) { b = append(b, link[:]...) })
	b = binary.AppendUvarint(b, g.conditions)
	b = binary.AppendUvarint(b, g.randomness)
	b = binary.AppendUvarint(b, g.given)
	b = append(b, flag(g.explicit))
	b = binary.AppendVarint(b, now-g.first)
	b = binary.AppendVarint(b, now-g.last)
	if g.ends == 0 {
		b = binary.AppendVarint(b, 0)
	} else {
		b = binary.AppendVarint(b, max(1, g.ends-now))
	}
	for _, t := range [...]int64{g.spanStart, g.spanEnd, g.start, g.end} {
		b = binary.AppendVarint(b, t)
	}
	b = binary.AppendUvarint(b, uint64(g.records))
	b = binary.AppendUvarint(b, uint64(g.bytes))
	b = binary.AppendUvarint(b, uint64(streams)) //nolint:gosec // not negative
	w.e.eachStream(g, func(st *stream) {
		b = append(b, byte(w.e.outs[st.out].signal))
		b = w.chain(b, &st.chain)
	})
	w.buf = b
	w.flush(chunkBytes)
}

func (w *saver) queued(o *Output, q *queued) {
	w.sources(&q.chain)
	w.buf = append(w.buf, 'Q', byte(o.signal))
	w.decision(q.decision)
	w.buf = w.chain(w.buf, &q.chain)
	w.flush(chunkBytes)
}

func (w *saver) decision(d Decision) {
	w.buf = append(w.buf, d.Policy)
	w.buf = binary.AppendUvarint(w.buf, d.Threshold)
	w.buf = binary.AppendUvarint(w.buf, d.Randomness)
	w.buf = binary.AppendUvarint(w.buf, d.Given)
	w.buf = append(w.buf, flag(d.Explicit))
}

// sources writes the sources of a chain that the value lacks.
func (w *saver) sources(c *chain) {
	w.frames = w.e.arena.appendTo(w.frames[:0], c)
	_ = eachFrame(w.frames, func(number uint32) { // no error: these are our own bytes
		s := w.e.sources.byID[number]
		if w.wrote[s] {
			return
		}
		w.wrote[s] = true
		w.buf = binary.AppendUvarint(append(w.buf, 'S'), uint64(number))
		w.buf = append(w.buf, byte(s.out.signal))
		w.buf = appendText(w.buf, w.e.services.names[s.service])
		w.buf = appendText(w.buf, s.resource)
		w.buf = appendText(w.buf, s.scope)
	}, func([]byte) {})
}

func (w *saver) chain(b []byte, c *chain) []byte {
	b = binary.AppendUvarint(b, uint64(c.bytes))
	return w.e.arena.appendTo(b, c)
}

func appendText[T string | []byte](b []byte, text T) []byte {
	return append(binary.AppendUvarint(b, uint64(len(text))), text...)
}

func flag(b bool) byte {
	if b {
		return 1
	}
	return 0
}
