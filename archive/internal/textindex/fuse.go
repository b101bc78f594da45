// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package textindex

import (
	"encoding/binary"
	"math"
	"math/bits"
)

// fuse is the form of a 3-wise binary fuse filter (Graf and Lemire: Binary Fuse Filters, 2022), whose fingerprints are
// packed: bits wide, the least significant bit of the first byte first.
type fuse struct {
	seed     uint64
	segment  uint32 // slots of a segment, a power of two
	segments uint32 // in which a key's first slot can be
	bits     uint32
}

const (
	maxSegment    = 1 << 18
	maxFuseTries  = 64
	maxFilterKeys = 1 << 26
)

// fuseFor returns a form for that many keys, without a seed.
func fuseFor(keys int, width uint32) fuse {
	n := float64(max(keys, 2))
	f := fuse{bits: width, segment: min(uint32(1)<<int(math.Log(n)/math.Log(3.33)+2.25), maxSegment)}
	slots := math.Round(n * max(1.125, 0.875+0.25*math.Log(1e6)/math.Log(n)))
	f.segments = uint32(max(1, math.Floor(slots/float64(f.segment))-2)) // which is often enough: build takes more if not
	return f
}

func (f *fuse) slots() int   { return int(f.segments+2) * int(f.segment) }
func (f *fuse) bytes() int   { return (f.slots()*int(f.bits) + 7) / 8 }
func (f *fuse) mask() uint64 { return 1<<f.bits - 1 }

// mix is the finalizer of MurmurHash3.
func mix(h uint64) uint64 {
	h ^= h >> 33
	h *= 0xFF51AFD7ED558CCD
	h ^= h >> 33
	h *= 0xC4CEB9FE1A85EC53
	return h ^ h>>33
}

// slotsOf returns the three slots of a mixed key.
func (f *fuse) slotsOf(h uint64) (a, b, c uint32) {
	hi, _ := bits.Mul64(h, uint64(f.segments)*uint64(f.segment))
	a = uint32(hi)
	b = a + f.segment
	c = b + f.segment
	m := f.segment - 1
	return a, b ^ uint32(h>>18)&m, c ^ uint32(h)&m
}

// fingerprint of a mixed key.
func (f *fuse) fingerprint(h uint64) uint64 { return (h ^ h>>32) & f.mask() }

// get returns a slot. data has 8 bytes more than the filter, or fewer slots are asked for.
func (f *fuse) get(data []byte, slot uint32) uint64 {
	at := int(slot) * int(f.bits)
	i := at >> 3
	if i+8 <= len(data) {
		return binary.LittleEndian.Uint64(data[i:]) >> (at & 7) & f.mask()
	}
	var last [8]byte
	copy(last[:], data[i:])
	return binary.LittleEndian.Uint64(last[:]) >> (at & 7) & f.mask()
}

// contains reports whether the key may be one of the filter's.
func (f *fuse) contains(data []byte, key uint64) bool {
	h := mix(key + f.seed)
	a, b, c := f.slotsOf(h)
	return f.get(data, a)^f.get(data, b)^f.get(data, c) == f.fingerprint(h)
}

// fuseBuilder keeps its memory from filter to filter.
type fuseBuilder struct {
	counts []uint8  // by slot: keys, times 4, and the XOR of which of its three slots this one is
	hashes []uint64 // by slot: XOR of its keys
	alone  []uint32
	order  []uint64
	which  []uint8
	prints []uint16
}

// build appends a filter of distinct keys. It fails, which leaves dst as it was, only for keys that are not distinct.
func (b *fuseBuilder) build(dst []byte, keys []uint64, width uint32) ([]byte, fuse, bool) {
	f := fuseFor(len(keys), width)
	for try := range maxFuseTries {
		f.seed = mix(uint64(try) + 1)
		if b.reset(f.slots()); b.peel(&f, keys) {
			return b.assign(dst, &f), f, true
		}
		if try%2 == 1 {
			f.segments++
		}
	}
	return dst, f, false
}

// reset makes room for n slots, which hold nothing.
func (b *fuseBuilder) reset(n int) {
	if cap(b.counts) < n {
		n2 := n + n/8
		b.counts, b.hashes, b.prints = make([]uint8, n2), make([]uint64, n2), make([]uint16, n2)
	}
	b.counts, b.hashes, b.prints = b.counts[:n], b.hashes[:n], b.prints[:n]
	clear(b.counts)
	clear(b.hashes)
	clear(b.prints)
}

// peel finds an order in which each key has a slot that no later one has.
func (b *fuseBuilder) peel(f *fuse, keys []uint64) bool {
	for _, key := range keys {
		h := mix(key + f.seed)
		x, y, z := f.slotsOf(h)
		b.counts[x] += 4
		b.hashes[x] ^= h
		b.counts[y] += 4
		b.counts[y] ^= 1
		b.hashes[y] ^= h
		b.counts[z] += 4
		b.counts[z] ^= 2
		b.hashes[z] ^= h
		if b.counts[x] < 4 || b.counts[y] < 4 || b.counts[z] < 4 {
			return false // more than 63 keys in a slot
		}
	}
	alone := b.alone[:0]
	for i, c := range b.counts {
		if c>>2 == 1 {
			alone = append(alone, uint32(i))
		}
	}
	b.order, b.which = b.order[:0], b.which[:0]
	for len(alone) > 0 {
		slot := alone[len(alone)-1]
		alone = alone[:len(alone)-1]
		if b.counts[slot]>>2 != 1 {
			continue
		}
		h, own := b.hashes[slot], b.counts[slot]&3
		b.order, b.which = append(b.order, h), append(b.which, own)
		x, y, z := f.slotsOf(h)
		for i, s := range [3]uint32{x, y, z} {
			b.counts[s] -= 4
			b.counts[s] ^= uint8(i)
			b.hashes[s] ^= h
			if b.counts[s]>>2 == 1 {
				alone = append(alone, s)
			}
		}
	}
	b.alone = alone[:0]
	return len(b.order) == len(keys)
}

// assign gives the slots their fingerprints, and packs them.
func (b *fuseBuilder) assign(dst []byte, f *fuse) []byte {
	for i := len(b.order) - 1; i >= 0; i-- {
		h := b.order[i]
		x, y, z := f.slotsOf(h)
		v := uint16(f.fingerprint(h)) ^ b.prints[x] ^ b.prints[y] ^ b.prints[z]
		switch b.which[i] {
		case 0:
			b.prints[x] = v
		case 1:
			b.prints[y] = v
		default:
			b.prints[z] = v
		}
	}
	var pending uint64
	have := uint32(0)
	for _, p := range b.prints {
		pending |= uint64(p) << have
		for have += f.bits; have >= 8; have -= 8 {
			dst = append(dst, byte(pending))
			pending >>= 8
		}
	}
	if have > 0 {
		dst = append(dst, byte(pending))
	}
	return dst
}
