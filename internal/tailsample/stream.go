// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package tailsample

import "encoding/binary"

// maxCounts is how many sources a stream counts apart. Most requests go through fewer services.
const maxCounts = 6

// stream is what a request holds of one pipeline.
type stream struct {
	chain   chain
	records int64
	source  uint32 // of the last record
	marks   uint32 // frames that name one
	out     uint16 // index of the output
	apart   uint8  // counts that are in use
	at      uint8  // the count of the last record; maxCounts: of a source that is not counted apart
	wide    bool   // there are such
	counts  [maxCounts]count
}

// count is what a stream holds of one source.
type count struct{ source, records, bytes uint32 }

// size is the number of bytes of its records.
func (st *stream) size() int64 { return st.chain.bytes - int64(st.marks)*sourceBytes }

// hold appends a record to a stream. It fails, and leaves the stream as it was, when there is no memory.
func (e *Engine) hold(st *stream, s *source, record []byte) error {
	n, turns := len(record), st.chain.first == 0 || st.source != s.id
	if turns {
		n += sourceBytes
	}
	if blocks := st.chain.need(n); blocks > 0 {
		if err := e.arena.reserve(blocks); err != nil {
			return err
		}
	}
	if turns {
		var mark [sourceBytes]byte
		binary.LittleEndian.PutUint32(mark[1:], s.id)
		e.arena.append(&st.chain, mark[:])
		st.source = s.id
		st.marks++
		st.turn(s)
	}
	e.arena.append(&st.chain, record)
	if st.at < maxCounts {
		st.counts[st.at].records++
		st.counts[st.at].bytes += uint32(len(record)) //nolint:gosec // less than maxRequestBytes together
	}
	st.records++
	e.records[e.outs[st.out].signal]++
	return nil
}

// turn finds the count of a source. A count has one reference to its source; a source that is not counted apart has one for each time
// that frames name it.
func (st *stream) turn(s *source) {
	for st.at = 0; st.at < st.apart; st.at++ {
		if st.counts[st.at].source == s.id {
			return
		}
	}
	s.refs++
	if st.at == maxCounts {
		st.wide = true
		return
	}
	st.counts[st.at] = count{source: s.id}
	st.apart++
}

// counted tells whether a source is counted apart.
func (st *stream) isCounted(source uint32) bool {
	for i := range st.counts[:st.apart] {
		if st.counts[i].source == source {
			return true
		}
	}
	return false
}

// discard drops the records of a stream and counts them.
func (e *Engine) discard(st *stream, reason Reason, policy uint8) {
	signal := e.outs[st.out].signal
	for _, p := range st.counts[:st.apart] {
		e.tally.dropped(signal, reason, policy, e.sources.byID[p.source].service, int64(p.records), int64(p.bytes))
	}
	if st.wide {
		var of *source
		e.each(st, func(s *source) {
			if of = s; st.isCounted(s.id) {
				of = nil
			}
		}, func(record []byte) {
			if of != nil {
				e.tally.dropped(signal, reason, policy, of.service, 1, int64(len(record)))
			}
		})
	}
	e.free(st)
}

// free releases a stream and what it refers to.
func (e *Engine) free(st *stream) {
	if st.wide {
		e.each(st, func(s *source) {
			if !st.isCounted(s.id) {
				e.sources.unref(s)
			}
		}, func([]byte) {})
	}
	for _, p := range st.counts[:st.apart] {
		e.sources.unref(e.sources.byID[p.source])
	}
	e.records[e.outs[st.out].signal] -= st.records
	e.arena.release(&st.chain)
}

// each calls source and record with what a stream holds, in order.
func (e *Engine) each(st *stream, source func(*source), record func([]byte)) {
	e.scratch = e.arena.appendTo(e.scratch[:0], &st.chain)
	_ = eachFrame(e.scratch, func(number uint32) { source(e.sources.byID[number]) }, record) // no error: these are our own bytes
	if cap(e.scratch) > maxScratch {
		e.scratch = nil
	}
}

// maxScratch is how large a buffer is kept to be used again.
const maxScratch = 4 << 20

// streamOf returns what a group holds of a pipeline. It is good until the next call.
func (e *Engine) streamOf(g *group, out *Output) *stream {
	for i := range g.inline[:g.streams] {
		if int(g.inline[i].out) == out.index {
			return &g.inline[i]
		}
	}
	more := e.streams[g.id]
	for i := range more {
		if int(more[i].out) == out.index {
			return &more[i]
		}
	}
	return e.addStream(g, stream{out: uint16(out.index)}) //nolint:gosec // maxOutputs
}

func (e *Engine) addStream(g *group, st stream) *stream {
	if g.streams < inlineStreams {
		g.inline[g.streams] = st
		g.streams++
		return &g.inline[g.streams-1]
	}
	g.more = true
	e.streams[g.id] = append(e.streams[g.id], st)
	e.overhead += streamOverhead
	more := e.streams[g.id]
	return &more[len(more)-1]
}

// eachStream calls f with all that a group holds.
func (e *Engine) eachStream(g *group, f func(*stream)) {
	for i := range g.inline[:g.streams] {
		f(&g.inline[i])
	}
	if g.more {
		more := e.streams[g.id]
		for i := range more {
			f(&more[i])
		}
	}
}

// dropStreams forgets the streams of a group, which are somebody else's by now.
func (e *Engine) dropStreams(g *group) {
	if g.more {
		e.overhead -= int64(len(e.streams[g.id])) * streamOverhead
		delete(e.streams, g.id)
		g.more = false
	}
	g.streams = 0
}
