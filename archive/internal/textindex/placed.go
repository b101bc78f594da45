// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package textindex

import (
	"bytes"
	"encoding/binary"
	"slices"
)

const (
	// listedPlaces are the last placeholders, whose tokens are listed when they are few.
	listedPlaces = placeDigits + places - placeConsonants
	// maxPlaced is how many tokens of one placeholder are listed, and maxPlacedBytes how long they may be in all; and
	// rows of the object must be placedRows times that.
	maxPlaced      = 4096
	maxPlacedBytes = 1 << 20
	placedRows     = 8
)

// placedWords are the tokens that stand behind some placeholders in the shapes of an object.
type placedWords struct {
	lists [listedPlaces]placedList
	seen  []uint8 // by word: a bit for each placeholder
}

type placedList struct {
	words []uint32            // indices
	long  map[string]struct{} // tokens that are no words
	bytes int
	open  bool // there are others
}

func (p *placedWords) start() {
	for i := range p.lists {
		p.lists[i] = placedList{words: p.lists[i].words[:0]}
	}
	clear(p.seen)
	p.seen = p.seen[:0]
}

// add notes that a token, which is the word of that index plus one or none (0), stands behind the placeholder.
func (p *placedWords) add(place byte, word uint32, token []byte) {
	l := &p.lists[place-placeConsonants]
	if l.open {
		return
	}
	if word > 0 {
		if n := int(word); n > len(p.seen) {
			p.seen = append(p.seen, make([]uint8, n-len(p.seen))...)
		}
		bit := uint8(1) << (place - placeConsonants)
		if p.seen[word-1]&bit != 0 {
			return
		}
		p.seen[word-1] |= bit
		l.words = append(l.words, word-1)
	} else {
		if _, ok := l.long[string(token)]; ok {
			return
		}
		if l.long == nil {
			l.long = map[string]struct{}{}
		}
		l.long[string(token)] = struct{}{}
	}
	if l.bytes += len(token); l.bytes > maxPlacedBytes || len(l.words)+len(l.long) > maxPlaced {
		*l = placedList{words: l.words[:0], open: true}
	}
}

// append encodes the lists of an object of that many rows.
func (p *placedWords) append(raw []byte, w *words, rows int) []byte {
	for i := range p.lists {
		l := &p.lists[i]
		if l.open || placedRows*l.bytes > rows {
			raw = append(raw, 0)
			continue
		}
		texts := make([][]byte, 0, len(l.words)+len(l.long))
		for _, x := range l.words {
			texts = append(texts, w.word(x))
		}
		for s := range l.long {
			texts = append(texts, []byte(s))
		}
		slices.SortFunc(texts, bytes.Compare)
		raw = binary.AppendUvarint(raw, uint64(len(texts)+1))
		for _, x := range texts {
			raw = binary.AppendUvarint(raw, uint64(len(x)))
		}
		for _, x := range texts {
			raw = append(raw, x...)
		}
	}
	return raw
}

// wordsOfPlaces are the tokens behind a placeholder, those of placeConsonants first; nil: any.
type wordsOfPlaces [listedPlaces][][]byte

// parsePlaced decodes the lists.
func parsePlaced(raw []byte) (*wordsOfPlaces, error) {
	d := decoder{rest: raw}
	var lists wordsOfPlaces
	for i := range lists {
		n := d.number(maxPlaced + 1)
		if n == 0 { // or damage, see below
			continue
		}
		lengths := make([]int, n-1)
		for j := range lengths {
			lengths[j] = d.number(maxShapeBody)
		}
		lists[i] = make([][]byte, 0, len(lengths))
		for _, size := range lengths {
			lists[i] = append(lists[i], d.bytes(size))
		}
	}
	if d.err == nil && len(d.rest) > 0 {
		return nil, damaged("%d bytes behind the words of placeholders", len(d.rest))
	}
	return &lists, d.err
}
