// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package tailsample

import (
	"encoding/binary"
	"fmt"
)

const (
	// blockBytes is small, as most requests of a log hold a few hundred bytes to a few KiB: on average half a block is
	// wasted a request and signal.
	blockBytes = 256
	blockData  = blockBytes - 4 // behind it stands the number of the next block
	// regionBytes is what is taken from the operating system at a time.
	regionBytes     = 1 << 20
	blocksPerRegion = regionBytes / blockBytes
)

// arena is memory in blocks that the garbage collector does not see: what is held for half a minute would otherwise count
// twice, as the heap may grow to twice what lives. Its users lock; a block that is in use may be read without.
//
//	regions[0]  | block 0: not used | block 1 | block 2 | …
//	block       | 252 bytes | u32 next block |
//
// The last block of a chain says nothing of a next one. The free blocks are a chain too, of which the first two are known: the
// number of the next one is on its way from memory before it is asked for.
type arena struct {
	regions [][]byte // room for all from the beginning, so that readers need no lock
	mapped  int      // regions that are there
	free    uint32   // the first of the free blocks, 0 for none,
	ahead   uint32   // and the second
	used    int      // blocks
	max     int      // blocks

	mapRegion func(bytes int) ([]byte, error)
}

func newArena(maxBytes int64) *arena {
	regions := max(1, int((maxBytes+regionBytes-1)/regionBytes))
	return &arena{regions: make([][]byte, regions), max: regions*blocksPerRegion - 1, mapRegion: mapRegion}
}

func (a *arena) block(i uint32) []byte {
	at := int(i%blocksPerRegion) * blockBytes
	return a.regions[i/blocksPerRegion][at : at+blockBytes : at+blockBytes]
}

// reserve makes sure that so many blocks are free.
func (a *arena) reserve(blocks int) error {
	for blocks > a.mapped*blocksPerRegion-1-a.used {
		if a.mapped == len(a.regions) {
			return fmt.Errorf("hold %d bytes: all memory is in use", a.max*blockBytes)
		}
		region, err := a.mapRegion(regionBytes)
		if err != nil {
			return fmt.Errorf("map memory: %w", err)
		}
		first := uint32(a.mapped * blocksPerRegion) //nolint:gosec // 1 TiB at most
		a.regions[a.mapped] = region
		a.mapped++
		for i := blocksPerRegion - 1; i >= 0; i-- {
			if i := first + uint32(i); i != 0 { //nolint:gosec // as before
				a.putFree(i)
			}
		}
	}
	return nil
}

func (a *arena) next(i uint32) uint32 { return binary.LittleEndian.Uint32(a.block(i)[blockData:]) }

func (a *arena) setNext(i, next uint32) { binary.LittleEndian.PutUint32(a.block(i)[blockData:], next) }

// alloc returns a block that was reserved.
func (a *arena) alloc() uint32 {
	i := a.free
	a.free = a.ahead
	a.ahead = a.next(a.free)
	a.used++
	return i
}

func (a *arena) putFree(i uint32) {
	a.setNext(i, a.free)
	a.free, a.ahead = i, a.free
}

// close gives all memory back. No chain may be used any more.
func (a *arena) close() error {
	var first error
	for i := range a.regions[:a.mapped] {
		if err := unmapRegion(a.regions[i]); err != nil && first == nil {
			first = err
		}
		a.regions[i] = nil
	}
	a.mapped, a.free, a.ahead, a.used = 0, 0, 0, 0
	return first
}

// chain is a sequence of bytes in blocks.
type chain struct {
	first, last uint32
	fill        uint16 // bytes in the last block
	blocks      uint32
	bytes       int64
}

// append adds bytes to the end of a chain. The blocks that it needs must be reserved.
func (a *arena) append(c *chain, p []byte) {
	c.bytes += int64(len(p))
	for len(p) > 0 {
		if c.first == 0 || c.fill == blockData {
			next := a.alloc()
			if c.first == 0 {
				c.first = next
			} else {
				a.setNext(c.last, next)
			}
			c.last, c.fill = next, 0
			c.blocks++
		}
		n := copy(a.block(c.last)[c.fill:blockData], p)
		c.fill += uint16(n)
		p = p[n:]
	}
}

// need is the number of blocks that appending n bytes takes.
func (c *chain) need(n int) int {
	if c.first != 0 {
		n -= blockData - int(c.fill)
	}
	return max(0, (n+blockData-1)/blockData)
}

// appendTo appends the bytes of a chain to dst. It needs no lock.
func (a *arena) appendTo(dst []byte, c *chain) []byte {
	for i := c.first; i != c.last; i = a.next(i) {
		dst = append(dst, a.block(i)[:blockData]...)
	}
	if c.last != 0 {
		dst = append(dst, a.block(c.last)[:c.fill]...)
	}
	return dst
}

// release frees the blocks of a chain.
func (a *arena) release(c *chain) {
	if c.first != 0 {
		a.setNext(c.last, a.free)
		a.free, a.ahead = c.first, a.next(c.first)
		a.used -= int(c.blocks)
	}
	*c = chain{}
}
