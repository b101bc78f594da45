// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package tailsample

import "encoding/binary"

const (
	// groupOverhead is what an undecided request takes besides its bytes: the group, its entry in the map and in the clock.
	groupOverhead = 640
	// linkOverhead is what each further key takes.
	linkOverhead = 96
	maxLinks     = 16
)

// group is a request that is not decided. What every record touches stands first, close together: there are more groups than
// a processor's cache has room for.
type group struct {
	key        Key
	last       int64 // arrival of the latest record, on the engine's clock
	ends       int64 // when the grace after its end is over; 0: no end yet
	conditions uint64
	records    int64 // all that came
	bytes      int64
	brought    int64 // bytes of sources that it was the first to have

	spanStart, spanEnd int64 // nanoseconds since the Unix epoch; 0 is none
	start, end         int64

	streams []stream
	inline  [2]stream // backs streams, as there are hardly ever more

	randomness uint64
	explicit   bool // a record brought the randomness
	listed     bool
	waits      bool // for the tick of a limited policy,
	why        Trigger
	policy     int    // this one,
	place      int    // at this place among those that wait, until ends
	threshold  uint64 // the outcome of that

	first      int64  // arrival of the first record
	prev, next *group // by first arrival, while it is listed
	bucket     int    // place in the clock
	slot       int
	links      []Key // its further keys, maxLinks at most
}

// stream is what a group holds of one pipeline.
type stream struct {
	out     *Output
	chain   chain
	source  uint32 // of the last record
	sources uint32 // frames that name one
	records int64
}

// size is the number of bytes of its records.
func (st *stream) size() int64 { return st.chain.bytes - int64(st.sources)*sourceBytes }

func (g *group) reset() {
	*g = group{links: g.links[:0]}
	g.streams = g.inline[:0]
}

// overhead is what the group takes besides blocks.
func (g *group) overhead() int64 { return groupOverhead + int64(len(g.links))*linkOverhead }

// read notes what an item tells of the request, without holding it.
func (g *group) read(it *Item, signal Signal, size int64, measures []Measure) {
	g.conditions |= it.Conditions
	g.records++
	g.bytes += size
	if it.Randomness < NeverThreshold && !g.explicit {
		g.randomness, g.explicit = it.Randomness, true
	}
	g.start, g.end = widen(g.start, g.end, it)
	if signal == Traces {
		g.spanStart, g.spanEnd = widen(g.spanStart, g.spanEnd, it)
	}
	g.measure(measures)
}

func (g *group) measure(measures []Measure) {
	for i := range measures {
		var value int64
		switch m := &measures[i]; m.Kind {
		case SpanTime:
			value = lasted(g.spanStart, g.spanEnd)
		case RecordTime:
			value = lasted(g.start, g.end)
		case Records:
			value = g.records
		case Bytes:
			value = g.bytes
		}
		if value >= measures[i].Min {
			g.conditions |= 1 << measures[i].Bit
		}
	}
}

// lasted is the time from start to end, 0 as long as a start is unknown.
func lasted(start, end int64) int64 {
	if start == 0 {
		return 0
	}
	return end - start
}

// widen returns the span of time with that of an item.
func widen(start, end int64, it *Item) (newStart, newEnd int64) {
	if it.Start > 0 && (start == 0 || it.Start < start) {
		start = it.Start
	}
	if it.End > end {
		end = it.End
	}
	return start, max(end, start)
}

// stream returns what the group holds of a pipeline.
func (g *group) stream(out *Output) *stream {
	for i := len(g.streams) - 1; i >= 0; i-- {
		if g.streams[i].out == out {
			return &g.streams[i]
		}
	}
	g.streams = append(g.streams, stream{out: out})
	return &g.streams[len(g.streams)-1]
}

// hold appends a record to a stream. The arena must have room.
func (e *Engine) hold(st *stream, s *source, record []byte) error {
	if st.chain.first == 0 || st.source != s.id {
		var mark [sourceBytes]byte
		binary.LittleEndian.PutUint32(mark[1:], s.id)
		if err := e.arena.append(&st.chain, mark[:]); err != nil {
			return err
		}
		st.source = s.id
		st.sources++
		s.refs++
	}
	if err := e.arena.append(&st.chain, record); err != nil {
		return err
	}
	st.records++
	e.records[st.out.signal]++
	return nil
}

// join moves all of another group to g. Its keys are not touched.
func (g *group) join(other *group, measures []Measure) {
	g.first, g.last = min(g.first, other.first), max(g.last, other.last)
	if g.ends == 0 || other.ends != 0 && other.ends < g.ends {
		g.ends = other.ends
	}
	g.conditions |= other.conditions
	if other.explicit && !g.explicit {
		g.randomness, g.explicit = other.randomness, true
	}
	g.start, g.end = widen(g.start, g.end, &Item{Start: other.start, End: other.end})
	g.spanStart, g.spanEnd = widen(g.spanStart, g.spanEnd, &Item{Start: other.spanStart, End: other.spanEnd})
	g.records += other.records
	g.bytes += other.bytes
	g.brought += other.brought
	g.streams = append(g.streams, other.streams...)
	g.measure(measures)
}
