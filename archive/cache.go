// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"container/list"
	"hash/maphash"
	"sync"
)

// cacheKind says what a part of an object is.
type cacheKind uint8

const (
	cacheFooter    cacheKind = iota // *objectFile
	cacheBlock                      // []byte, of the index, decoded
	cacheIndex                      // []byte, all of a small index
	cacheColumn                     // *column or *packedTexts
	cacheResources                  // *ResourceCounts
)

// cacheKey names a part of an object.
type cacheKey struct {
	object string
	kind   cacheKind
	group  int   // of a column
	at     int64 // the leaf of a column, the offset of a block
}

// cache keeps parts of objects that were read, decoded, within a number of bytes. It is shared by all queries of a reader.
// What an index and a footer are made of stays before columns, as long as it is less than half. Of columns it keeps those
// that are asked for more often: else a scan of more than fits would push everything out before it comes again.
type cache struct {
	limit int64
	seed  maphash.Seed

	mu      sync.Mutex
	entries map[cacheKey]*list.Element
	meta    list.List // of *cacheEntry, the last used first
	columns list.List
	size    int64
	ofMeta  int64 // of size
	often   frequencies
}

type cacheEntry struct {
	key   cacheKey
	value any
	size  int64
}

// cacheOverhead is about what an entry takes besides its value.
const cacheOverhead = 256

func newCache(limit int64) *cache {
	return &cache{limit: limit, seed: maphash.MakeSeed(), entries: map[cacheKey]*list.Element{}}
}

// get returns a part, or nil.
func (c *cache) get(key cacheKey) any {
	hash := maphash.Comparable(c.seed, key)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.often.add(hash)
	e, ok := c.entries[key]
	if !ok {
		return nil
	}
	c.listOf(key).MoveToFront(e)
	return e.Value.(*cacheEntry).value
}

func (c *cache) listOf(key cacheKey) *list.List {
	if key.kind == cacheColumn {
		return &c.columns
	}
	return &c.meta
}

// wants reports whether a column of that size would be kept.
func (c *cache) wants(key cacheKey, size int64) bool {
	hash := maphash.Comparable(c.seed, key)
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.fits(key, hash, size+cacheOverhead)
}

func (c *cache) fits(key cacheKey, hash uint64, size int64) bool {
	if _, ok := c.entries[key]; ok || size > c.limit/2 {
		return false
	}
	if key.kind != cacheColumn {
		return true
	}
	mine := c.often.of(hash)
	for over, e := c.size+size-c.limit, c.columns.Back(); over > 0; e = e.Prev() {
		if e == nil {
			return false // the rest is of footers and indexes
		}
		old := e.Value.(*cacheEntry)
		if c.often.of(maphash.Comparable(c.seed, old.key)) >= mine {
			return false
		}
		over -= old.size
	}
	return true
}

// put offers a part of that size, which must not change any more.
func (c *cache) put(key cacheKey, value any, size int64) {
	size += cacheOverhead + int64(len(key.object))
	hash := maphash.Comparable(c.seed, key)
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.fits(key, hash, size) {
		return
	}
	c.entries[key] = c.listOf(key).PushFront(&cacheEntry{key, value, size})
	c.size += size
	if key.kind != cacheColumn {
		c.ofMeta += size
	}
	for c.size > c.limit || c.ofMeta > c.limit/2 {
		last := c.columns.Back()
		if last == nil || c.ofMeta > c.limit/2 {
			last = c.meta.Back()
		}
		c.remove(last)
	}
}

// replace is put for a part of which there may be a lesser version.
func (c *cache) replace(key cacheKey, value any, size int64) {
	c.mu.Lock()
	if e, ok := c.entries[key]; ok {
		c.remove(e)
	}
	c.mu.Unlock()
	c.put(key, value, size)
}

func (c *cache) remove(e *list.Element) {
	old := e.Value.(*cacheEntry)
	c.listOf(old.key).Remove(e)
	delete(c.entries, old.key)
	c.size -= old.size
	if old.key.kind != cacheColumn {
		c.ofMeta -= old.size
	}
}

// frequencies tells about how often something was asked for lately: a count-min sketch, halved now and then.
type frequencies struct {
	counts [4][4096]uint8
	added  int
}

func (f *frequencies) add(hash uint64) {
	for i := range f.counts {
		if n := &f.counts[i][hash>>(16*i)&4095]; *n < 255 {
			*n++
		}
	}
	if f.added++; f.added == 1<<16 {
		f.added = 0
		for i := range f.counts {
			for j := range f.counts[i] {
				f.counts[i][j] /= 2
			}
		}
	}
}

func (f *frequencies) of(hash uint64) uint8 {
	least := uint8(255)
	for i := range f.counts {
		least = min(least, f.counts[i][hash>>(16*i)&4095])
	}
	return least
}
