// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package tailsample

const (
	// groupOverhead is what an undecided request takes besides its bytes: the group, its entry in the map and in the clock.
	groupOverhead = 640
	// linkOverhead is what each further key takes, streamOverhead a stream that has no room within the group.
	linkOverhead   = 96
	streamOverhead = 192
	maxLinks       = 16
	inlineStreams  = 2
)

// groupID is the place of a group. 0 is none.
type groupID uint32

// group is a request that is not decided. It holds no pointers, so that the garbage collector has nothing to do with a million of
// them, and what every record touches stands first and close together: there are more groups than a processor's cache has room for.
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

	inline  [inlineStreams]stream
	streams uint8 // of inline that are in use
	more    bool  // there are others in Engine.streams

	explicit bool // a record brought the randomness
	listed   bool
	waits    bool // for the tick of a limited policy,
	why      Trigger
	policy   int32 // this one,
	place    int32 // at this place among those that wait, until ends

	randomness   uint64
	given        uint64 // the threshold that whoever brought it had passed
	threshold    uint64 // the outcome of waiting
	first        int64  // arrival of the first record
	id           groupID
	prev, next   groupID // by first arrival, while it is listed
	bucket, slot int32   // place in the clock

	links uint8 // further keys: the first is link, the others are in Engine.links
	link  Key
}

// overhead is what the group takes besides blocks.
func (g *group) overhead() int64 { return groupOverhead + int64(g.links)*linkOverhead }

// read notes what an item tells of the request, without holding it.
func (g *group) read(it *Item, signal Signal, size int64, measures []Measure) {
	g.conditions |= it.Conditions
	g.records++
	g.bytes += size
	if it.Randomness < NeverThreshold && !g.explicit {
		g.randomness, g.given, g.explicit = it.Randomness, min(it.Came, it.Randomness), true
	} else if g.explicit && it.Randomness == g.randomness {
		g.given = min(g.given, it.Came)
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

// join takes what is known of another group that turned out to be of the same request; its streams and keys are not touched.
func (g *group) join(other *group, measures []Measure) {
	g.first, g.last = min(g.first, other.first), max(g.last, other.last)
	if g.ends == 0 || other.ends != 0 && other.ends < g.ends {
		g.ends = other.ends
	}
	g.conditions |= other.conditions
	if other.explicit && !g.explicit {
		g.randomness, g.given, g.explicit = other.randomness, other.given, true
	}
	g.start, g.end = widen(g.start, g.end, &Item{Start: other.start, End: other.end})
	g.spanStart, g.spanEnd = widen(g.spanStart, g.spanEnd, &Item{Start: other.spanStart, End: other.spanEnd})
	g.records += other.records
	g.bytes += other.bytes
	g.brought += other.brought
	g.measure(measures)
}
