// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package templates

import "unsafe"

// known remembers which template a line hash has: a table with windows of a few entries, in which a new hash takes the place of
// another when its window is full. It is a cache: what it does not know is found by comparing.
type known struct {
	entries []entry
	used    int
}

// entry maps a hash to an entry of the templates, for as long as the generation is the same.
type entry struct {
	hash       uint64
	generation uint32
	at         uint16 // index + 1; 0: unused
}

const (
	window           = 4
	minKnown         = 8
	knownPerTemplate = 4 // hashes remembered, for each template
)

func (k *known) bytes() int { return cap(k.entries) * int(unsafe.Sizeof(entry{})) }

func (k *known) find(hash uint64, templates []template) (uint16, bool) {
	if len(k.entries) == 0 {
		return 0, false
	}
	mask := uint64(len(k.entries) - 1)
	for i := range uint64(window) {
		e := &k.entries[(hash+i)&mask]
		if e.hash == hash && e.at != 0 && templates[e.at-1].generation == e.generation {
			return e.at - 1, true
		}
	}
	return 0, false
}

// full reports whether new hashes are about to take the places of others.
func (k *known) full() bool { return k.used*4 >= len(k.entries)*3 }

// put remembers a hash.
func (k *known) put(hash uint64, at uint16, generation uint32) {
	if len(k.entries) != 0 {
		k.insert(entry{hash: hash, generation: generation, at: at + 1})
	}
}

func (k *known) insert(e entry) {
	mask := uint64(len(k.entries) - 1)
	for i := range uint64(window) {
		if o := &k.entries[(e.hash+i)&mask]; o.at == 0 || o.hash == e.hash {
			if o.at == 0 {
				k.used++
			}
			*o = e
			return
		}
	}
	k.entries[(e.hash+e.hash>>32%window)&mask] = e
}

func (k *known) grow() {
	old := k.entries
	k.entries = make([]entry, max(minKnown, 2*len(old)))
	k.used = 0
	for _, e := range old {
		if e.at != 0 {
			k.insert(e)
		}
	}
}
