// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package textindex

import (
	"context"
	"slices"
)

// filterBatch is about how many bytes of filters, or of words before compression, are fetched at once.
const filterBatch = 16 << 20

// tokenSearch finds the row groups whose tokens a query needs.
type tokenSearch struct {
	ix    *Index
	terms []term
	sets  []groupSet // by term: the row groups where it may hold, as far as it is known
	words []groupSet // by term that was looked up: those where the vocabulary has it
	apart []groupSet // by term of a part of a token: those where it is no whole hexadecimal one
}

// tokens takes the row groups out of the candidates that do not have the tokens. What costs least comes first.
func (ix *Index) tokens(ctx context.Context, q *Query, candidates groupSet) error {
	if q.need.op == needNothing || candidates.empty() {
		return nil
	}
	s := tokenSearch{ix: ix, terms: q.terms, sets: make([]groupSet, len(q.terms)), words: make([]groupSet, len(q.terms)), apart: make([]groupSet, len(q.terms))}
	for i := range s.sets {
		s.sets[i], s.apart[i] = newGroupSet(len(ix.groups)), newGroupSet(len(ix.groups))
		for g := range ix.groups {
			if s.possible(&s.terms[i], ix.groups[g].flags) {
				s.sets[i].add(g)
			}
		}
	}
	for _, step := range []func(context.Context, groupSet) error{s.lookUp, s.filter, s.scan} {
		if err := step(ctx, candidates); err != nil {
			return err
		}
		if candidates.and(s.eval(&q.need)); candidates.empty() {
			break
		}
	}
	return nil
}

// possible reports whether a row group with these flags may hold the term, before anything is read.
func (s *tokenSearch) possible(t *term, flags uint8) bool {
	if t.op != termWhole {
		return true
	}
	switch t.kind {
	case kindUUID:
		return flags&flagUUID != 0
	case kindHex:
		return flags&flagHex != 0
	case kindLong:
		return flags&flagAny != 0 || t.fold // a spelling of it may be shorter
	default:
		return true
	}
}

// beside reports whether the row group may hold the term outside of the vocabulary.
func (s *tokenSearch) beside(i, g int) bool {
	t, e := &s.terms[i], &s.ix.groups[g]
	return e.flags&flagAny != 0 || t.mayTime && e.flags&flagTime != 0 || t.mayHex && e.flags&flagHex != 0 &&
		(longerThan(e.hexLengths, len(t.text)) || t.kind == kindHex && !s.apart[i].has(g))
}

func (s *tokenSearch) eval(n *need) groupSet {
	groups := len(s.ix.groups)
	set := newGroupSet(groups)
	switch n.op {
	case needNothing:
		set.fill(groups)
	case needTerm:
		return s.sets[n.term].clone()
	case needUUIDs:
		for g := range s.ix.groups {
			if s.ix.groups[g].flags&flagUUID != 0 {
				set.add(g)
			}
		}
	case needAll:
		set.fill(groups)
		for i := range n.of {
			set.and(s.eval(&n.of[i]))
		}
	case needAny:
		for i := range n.of {
			set.or(s.eval(&n.of[i]))
		}
	}
	return set
}

// lookUp looks whole words up in the vocabulary.
func (s *tokenSearch) lookUp(ctx context.Context, _ groupSet) error {
	byBlock := map[int][]int{}
	for i := range s.terms {
		if t := &s.terms[i]; !t.scans() && (t.kind == kindWord || t.kind == kindMixed) {
			b := s.ix.blockOf([]byte(t.text))
			byBlock[b] = append(byBlock[b], i)
		}
	}
	var blocks []int
	for b, terms := range byBlock {
		if b >= 0 {
			blocks = append(blocks, b)
			continue
		}
		for _, i := range terms {
			s.found(i, nil)
		}
	}
	slices.Sort(blocks)
	return s.eachBlock(ctx, blocks, func(b int, l *wordList) error {
		hits := make([]bool, l.n)
		for _, i := range byBlock[b] {
			at := l.lookUp([]byte(s.terms[i].text))
			if at < 0 || at >= l.n {
				s.found(i, nil)
				continue
			}
			set := newGroupSet(len(s.ix.groups))
			hits[at] = true
			if err := l.groups(hits, set, len(s.ix.groups)); err != nil {
				return err
			}
			hits[at] = false
			s.found(i, set)
		}
		return nil
	})
}

// found makes set, and the row groups that may hold the term beside the vocabulary, all where it can be.
func (s *tokenSearch) found(i int, set groupSet) {
	if set == nil {
		set = newGroupSet(len(s.ix.groups))
	}
	s.words[i] = set.clone()
	for g := range s.ix.groups {
		if s.beside(i, g) {
			set.add(g)
		}
	}
	s.sets[i].and(set)
}

// eachBlock calls f for blocks of the vocabulary, in order.
func (s *tokenSearch) eachBlock(ctx context.Context, blocks []int, f func(int, *wordList) error) error {
	for len(blocks) > 0 {
		var extents []Extent
		for size := int64(0); len(extents) < len(blocks) && size < filterBatch; {
			e := s.ix.words[blocks[len(extents)]].extent(blockWords)
			extents = append(extents, e)
			size += int64(e.raw)
		}
		data, err := s.ix.blocks(ctx, extents)
		if err != nil {
			return err
		}
		for i := range extents {
			words, err := wordsOf(data[i])
			if err != nil {
				return err
			}
			if err := f(blocks[i], &words); err != nil {
				return err
			}
		}
		blocks = blocks[len(extents):]
	}
	return nil
}

// filter asks the filters of the candidates.
func (s *tokenSearch) filter(ctx context.Context, candidates groupSet) error {
	var groups []int
	for g := range s.ix.groups {
		if !candidates.has(g) || s.ix.groups[g].filter.bytes == 0 {
			continue
		}
		for i := range s.terms {
			if s.asks(i, g) {
				groups = append(groups, g)
				break
			}
		}
	}
	for len(groups) > 0 {
		var extents []Extent
		for size := int64(0); len(extents) < len(groups) && size < filterBatch; {
			e := s.ix.filterExtent(groups[len(extents)])
			extents = append(extents, e)
			size += e.Bytes
		}
		data, err := s.ix.blocks(ctx, extents)
		if err != nil {
			return err
		}
		for j, g := range groups[:len(extents)] {
			for i := range s.terms {
				if !s.asks(i, g) || s.ix.groups[g].fuse.contains(data[j], s.terms[i].hash) {
					continue
				}
				if s.terms[i].op == termWhole {
					s.sets[i].remove(g)
				} else {
					s.apart[i].add(g)
				}
			}
		}
		groups = groups[len(extents):]
	}
	return nil
}

// asks reports whether the filter of a row group decides whether the term may hold in it.
func (s *tokenSearch) asks(i, g int) bool {
	t := &s.terms[i]
	if !t.sure || !s.sets[i].has(g) {
		return false
	}
	if e := &s.ix.groups[g]; t.op != termWhole {
		return t.kind == kindHex && e.flags&flagHex != 0 && e.flags&flagAny == 0 && !longerThan(e.hexLengths, len(t.text))
	}
	switch t.kind {
	case kindUUID, kindHex:
		return true
	case kindLong:
		return !t.fold
	default:
		return !t.fold && !s.words[i].has(g) // so it is here for flagAny alone
	}
}

// scan compares the other terms with all words.
func (s *tokenSearch) scan(ctx context.Context, _ groupSet) error {
	var exact, folded []int
	for i := range s.terms {
		switch t := &s.terms[i]; {
		case !t.scans():
		case t.fold:
			folded = append(folded, i)
		default:
			exact = append(exact, i)
		}
	}
	if len(exact)+len(folded) == 0 {
		return nil
	}
	sets := make([]groupSet, len(s.terms))
	for _, i := range slices.Concat(exact, folded) {
		sets[i] = newGroupSet(len(s.ix.groups))
	}
	var blocks []int
	for b := range s.ix.words {
		for _, i := range slices.Concat(exact, folded) {
			if s.mayHold(b, i) {
				blocks = append(blocks, b)
				break
			}
		}
	}
	var lower []byte
	err := s.eachBlock(ctx, blocks, func(b int, l *wordList) error {
		lower = lower[:0]
		for _, i := range slices.Concat(exact, folded) {
			if !s.mayHold(b, i) {
				continue
			}
			text := l.text
			if s.terms[i].fold {
				if len(lower) == 0 {
					lower = appendFolded(lower, l.text)
				}
				text = lower
			}
			var hits []bool
			l.find(text, s.terms[i].pattern, func(word int) {
				if hits == nil {
					hits = make([]bool, l.n)
				}
				if word < l.n {
					hits[word] = true
				}
			})
			if hits == nil {
				continue
			}
			if err := l.groups(hits, sets[i], len(s.ix.groups)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, i := range slices.Concat(exact, folded) {
		s.found(i, sets[i])
	}
	return nil
}

// mayHold reports whether a block of the vocabulary may have words that match the term.
func (s *tokenSearch) mayHold(b, i int) bool {
	t := &s.terms[i]
	if !longerThan(s.ix.words[b].lengths, len(t.text)-1) { // a folded text is never longer than another spelling
		return false
	}
	if t.op != termPrefix || t.fold {
		return true
	}
	beyond := b+1 < len(s.ix.words) && string(s.ix.words[b+1].first) < t.text
	first := s.ix.words[b].first
	return !beyond && string(first[:min(len(first), len(t.text))]) <= t.text
}
