// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"encoding/binary"
	"slices"
)

// names gives texts that recur, and what the records of a ScopeLogs share, the same numbers in all batches of an
// encoder.
type names struct {
	words  [][]uint32 // by batch and its own index: index into wordTexts
	shared [][]uint32 // likewise into sharedTexts

	wordTexts   []string // wordTexts[0] is ""
	sharedTexts []*sharedText
	services    []string // distinct, in order
	serviceOf   []uint32 // by index into sharedTexts: index into services
}

func newNames(batches []*Batch) *names {
	n := &names{words: make([][]uint32, len(batches)), shared: make([][]uint32, len(batches))}
	words := map[string]uint32{}
	shared := map[string]uint32{}
	var key []byte
	for i, b := range batches {
		n.words[i] = make([]uint32, len(b.words))
		for j, w := range b.words {
			id, ok := words[w]
			if !ok {
				id = uint32(len(n.wordTexts))
				words[w] = id
				n.wordTexts = append(n.wordTexts, w)
			}
			n.words[i][j] = id
		}
		n.shared[i] = make([]uint32, len(b.shared))
		for j := range b.shared {
			key = b.shared[j].appendKey(key[:0])
			id, ok := shared[string(key)]
			if !ok {
				id = uint32(len(n.sharedTexts))
				shared[string(key)] = id
				n.sharedTexts = append(n.sharedTexts, &b.shared[j])
			}
			n.shared[i][j] = id
		}
	}
	for _, s := range n.sharedTexts {
		n.services = append(n.services, s.service)
	}
	slices.Sort(n.services)
	n.services = slices.Compact(n.services)
	for _, s := range n.sharedTexts {
		at, _ := slices.BinarySearch(n.services, s.service)
		n.serviceOf = append(n.serviceOf, uint32(at))
	}
	return n
}

// appendKey appends what tells two shared texts apart.
func (s *sharedText) appendKey(b []byte) []byte {
	text := func(t string) {
		b = binary.AppendUvarint(b, uint64(len(t)))
		b = append(b, t...)
	}
	for _, t := range []string{s.tenant, s.resourceSchemaURL, s.scopeSchemaURL, s.scopeName, s.scopeVersion} {
		text(t)
	}
	for _, attrs := range [][]Attribute{s.resource, s.scope} {
		b = binary.AppendUvarint(b, uint64(len(attrs)))
		for i := range attrs {
			text(attrs[i].Key)
			text(attrs[i].Value)
			b = append(b, byte(attrs[i].Type))
		}
	}
	text(string(s.resourceOTLP)) // two may look alike in columns and not be
	text(string(s.scopeOTLP))
	return b
}
