// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package tailsample

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// verify compares everything an engine counts with what is there.
func verify(t testing.TB, e *Engine) {
	e.mu.Lock()
	defer e.mu.Unlock()
	var records [signals]int64
	var waiting, overhead, bytes int64
	blocks := 0
	refs := map[*source]int{}
	stream := func(st *stream) {
		frames := e.arena.appendTo(nil, &st.chain)
		require.EqualValues(t, len(frames), st.chain.bytes)
		n, marks, length := int64(0), uint32(0), int64(0)
		counted := map[uint32]count{}
		var of *source
		require.NoError(t, eachFrame(frames, func(number uint32) {
			s := e.sources.byID[number]
			require.NotNil(t, s)
			require.EqualValues(t, st.out, s.out.index)
			require.Same(t, s, e.sources.byKey[s.key])
			marks++
			if of = s; !st.isCounted(number) {
				require.True(t, st.wide)
				refs[s]++
			}
		}, func(record []byte) {
			n++
			length += int64(len(record))
			counted[of.id] = count{source: of.id, records: counted[of.id].records + 1, bytes: counted[of.id].bytes + uint32(len(record))}
		}))
		for _, c := range st.counts[:st.apart] {
			require.Equal(t, counted[c.source], c)
			refs[e.sources.byID[c.source]]++
		}
		require.Equal(t, st.records, n)
		require.Equal(t, st.marks, marks)
		require.Equal(t, length, st.size())
		records[e.outs[st.out].signal] += n
		blocks += int(st.chain.blocks)
	}
	groups := map[*group]int{}
	for _, id := range e.open {
		groups[e.group(id)]++
	}
	require.EqualValues(t, len(groups), e.groups)
	listed := 0
	for g, keys := range groups {
		require.EqualValues(t, 1+g.links, keys)
		require.Same(t, g, e.lookup(g.key))
		require.Equal(t, g.id, e.clock.buckets[g.bucket][g.slot])
		require.NotEqual(t, g.waits, g.listed)
		if g.waits {
			require.Same(t, g, e.limiters[g.policy].waiting[g.place])
		} else {
			listed++
		}
		require.Less(t, g.randomness, NeverThreshold)
		overhead += g.overhead()
		e.eachStream(g, stream)
		overhead += int64(len(e.streams[g.id])) * streamOverhead
	}
	last := groupID(0)
	for g := e.group(e.first); g != nil; last, g = g.id, e.group(g.next) {
		require.True(t, g.listed)
		require.Equal(t, last, g.prev)
		require.NotZero(t, groups[g])
		listed--
	}
	require.Equal(t, last, e.final)
	require.Zero(t, listed)
	timed := 0
	for _, b := range e.clock.buckets {
		timed += len(b)
	}
	require.Equal(t, len(groups), timed)
	for _, l := range e.limiters {
		if l != nil {
			for _, g := range l.waiting {
				require.True(t, g == nil || g.waits)
			}
		}
	}
	for _, o := range e.outs {
		for _, items := range [][]queued{o.queue, o.sending} {
			for i := range items {
				stream(&items[i].stream)
				waiting += int64(items[i].chain.blocks) * blockBytes
				overhead += queuedOverhead
			}
		}
	}
	require.Equal(t, records, e.records)
	require.Equal(t, waiting, e.queued)
	require.Equal(t, overhead, e.overhead)
	require.Equal(t, blocks, e.arena.used)
	require.Len(t, e.sources.byKey, len(refs))
	for s, n := range refs {
		require.Equal(t, n, s.refs)
		bytes += s.bytes()
	}
	require.Equal(t, bytes, e.sources.bytes)
	require.Equal(t, int64(blocks)*blockBytes+overhead+bytes, e.held())
	free := 0
	for i := e.arena.free; i != 0; free++ {
		i = e.arena.next(i)
	}
	require.Equal(t, max(0, e.arena.mapped*blocksPerRegion-1), blocks+free)
}
