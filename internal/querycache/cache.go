// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Package querycache keeps the answers to metric queries over a range, cut into blocks of steps. A block is used again for as
// long as what it was made of is unchanged: the same objects of the archive are live in the time that its steps look back on.
// So records that come late, erasure and retention are seen at once. It knows nothing of the Collector.
//
//	steps of the query    ····|········|········|········|···
//	                      head  block k  block k+1 …      tail    parts of blocks: for the same query once more
//
// Blocks begin at the same times for all queries of a step and a phase (the start modulo the step), so that the window of a
// dashboard may move on. Neighbouring blocks that are missing are evaluated together, and cut afterwards.
package querycache // import "github.com/logboom/logboom/internal/querycache"

import (
	"container/list"
	"crypto/sha256"
	"sync"

	"github.com/logboom/logboom/archive"
	"github.com/logboom/logboom/logql"
)

const (
	// seriesOverhead, labelOverhead and pointBytes estimate what Go needs for a series, a label beside its texts, and a point.
	seriesOverhead, labelOverhead, pointBytes = 96, 40, 16
	// blockOverhead is what a block without series takes.
	blockOverhead = 256
	// largestShare is the part of the cache, one over this, that a single block may take.
	largestShare = 8
)

// key names a block: what is asked, hashed, so that a query of any length takes the same room, and which block of it, or which
// steps of that.
type key struct {
	query    [sha256.Size]byte
	block    int64
	from, to int // counted from the block's first step; to is included
}

// block is the answer for some steps; it is never changed.
type block struct {
	key      key
	version  [16]byte // of what it was made of
	series   []logql.Series
	weighted bool
	bytes    int64
}

// Cache holds the blocks that were used last, as many as its bytes allow. It is safe for concurrent use.
type Cache struct {
	limit int64

	mu     sync.Mutex
	used   int64
	blocks map[key]*list.Element // of *block
	order  list.List             // used last: in front
}

// New makes a cache of so many bytes; one of 0 keeps nothing.
func New(bytes int64) *Cache {
	return &Cache{limit: bytes, blocks: map[key]*list.Element{}}
}

// Bytes is what the blocks take.
func (c *Cache) Bytes() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.used
}

// get returns a block that was made of the same; nil: there is none. One that was made of something else goes.
func (c *Cache) get(k key, v archive.Version) *block {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.blocks[k]
	if !ok {
		return nil
	}
	b := e.Value.(*block)
	if b.version != v.Live {
		c.remove(e)
		return nil
	}
	c.order.MoveToFront(e)
	return b
}

// put keeps a block, and reports whether it did.
func (c *Cache) put(b *block) bool {
	b.bytes = size(b.series)
	c.mu.Lock()
	defer c.mu.Unlock()
	if b.bytes > c.limit/largestShare {
		return false
	}
	if e, ok := c.blocks[b.key]; ok {
		c.remove(e)
	}
	c.blocks[b.key] = c.order.PushFront(b)
	c.used += b.bytes
	for c.used > c.limit {
		c.remove(c.order.Back())
	}
	return true
}

func (c *Cache) remove(e *list.Element) {
	b := e.Value.(*block)
	c.order.Remove(e)
	delete(c.blocks, b.key)
	c.used -= b.bytes
}

// size estimates the memory of series.
func size(series []logql.Series) int64 {
	n := int64(blockOverhead)
	for i := range series {
		n += seriesSize(&series[i])
	}
	return n
}

func seriesSize(s *logql.Series) int64 {
	n := int64(seriesOverhead) + pointBytes*int64(cap(s.Points))
	for _, l := range s.Labels {
		n += labelOverhead + int64(len(l.Name)+len(l.Value))
	}
	return n
}
