// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package templates

import "math/bits"

// Hashes of elements that are no words.
const (
	hashVar   = 0x9e3779b97f4a7c15
	hashRest  = 0xd6e8feb86659fd93
	hashPunct = 0xc2b2ae3d27d4eb4f
	hashSlot  = 0x165667b19e3779f9
)

// hashWord returns the hash of a word. Words are short: this is faster for them than hashes made for long texts.
func hashWord(w string) uint64 {
	h := uint64(len(w)) * hashSlot
	for len(w) > 8 {
		h = mix(h, uint64(load32(w))|uint64(load32(w[4:]))<<32)
		w = w[8:]
	}
	switch {
	case len(w) >= 4:
		h = mix(h, uint64(load32(w))|uint64(load32(w[len(w)-4:]))<<32)
	case len(w) > 0:
		h = mix(h, uint64(w[0])|uint64(w[len(w)/2])<<8|uint64(w[len(w)-1])<<16)
	}
	return h
}

func load32(s string) uint32 {
	_ = s[3]
	return uint32(s[0]) | uint32(s[1])<<8 | uint32(s[2])<<16 | uint32(s[3])<<24
}

// mix adds a number to a hash: the folded product of wyhash.
func mix(h, v uint64) uint64 {
	high, low := bits.Mul64(h^v^hashRest, 0x9fb21c651e98df25)
	return high ^ low
}
