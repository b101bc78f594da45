// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grok

import (
	"slices"
	"unicode"
	"unicode/utf8"
)

// The nondeterministic automaton of a regular pattern, from which the deterministic one is made (dfa.go).

// nfaOp is the kind of an nfaInst.
type nfaOp uint8

const (
	nfaSymbol nfaOp = iota // consumes a symbol of set arg
	nfaSplit               // next, or else alt
	nfaTag                 // the current position is the value of tag arg
	nfaAssert              // holds if the assertion arg (an op) does
	nfaAhead               // holds if the next symbol is, or (alt 1) is not, of set arg
	nfaBehind              // holds if the symbol before is, or (alt 1) is not, of set behind[arg]
	nfaMatch
)

type nfaInst struct {
	op        nfaOp
	arg       int32
	next, alt int32
}

// symbolSet is a set of symbols of an alphabet.
type symbolSet [4]uint64

func (s *symbolSet) has(c int) bool { return s[c>>6]&(1<<(c&63)) != 0 }

// The bounds of an automaton's source: beyond them a pattern runs on the backtracking machine.
const (
	maxNFA     = 30_000
	maxTags    = 1000
	maxSymbols = 250
)

// nfa is a pattern as a nondeterministic automaton. Tag 2*g is where group g begins, 2*g+1 where it ends.
type nfa struct {
	alphabet
	insts  []nfaInst
	sets   []symbolSet
	start  int32 // of the pattern
	search int32 // of the pattern with anything in front of it
	tags   int
	groups []int    // groups in the order of their opening, as node.group has them
	fields []*Field // of each group, nil for a guard and for what nobody asked for; set by the automaton

	behind []int32 // sets that look-behinds ask for
	asks   []prior // what the ways from an instruction to the next symbols ask of the symbol before
}

// prior is what a state knows of the symbol before it, as far as its assertions ask.
type prior uint16

const (
	afterNothing prior = 1 << iota // the text begins here
	afterLine                      // a line break
	afterWord                      // a letter, digit or _
	afterSet                       // one of set behind[0]; the bits above are for the others

	maxBehindSets = 13
)

type nfaBuilder struct {
	n       *nfa
	groupAt map[int]int
	setAt   map[string]int32
	refused bool
}

// newNFA returns nil if the tree holds what an automaton cannot express, or is too big.
func newNFA(root *node) *nfa {
	b := &nfaBuilder{n: &nfa{}, groupAt: map[int]int{}, setAt: map[string]int32{}}
	var sets []set
	line, word := false, false
	root.any(func(n *node) bool {
		switch n.op {
		case opClass:
			if _, ok := b.setAt[string(n.set)]; !ok {
				b.setAt[string(n.set)] = int32(len(sets)) //nolint:gosec // bounded by the size of a pattern
				sets = append(sets, n.set)
			}
		case opCapture:
			if _, ok := b.groupAt[n.group]; !ok {
				b.groupAt[n.group] = len(b.n.groups)
				b.n.groups = append(b.n.groups, n.group)
			}
		case opBeginLine, opEndLine:
			line = true
		case opWordB, opNotWordB:
			word = true
		case opLook:
			if s, ok := n.subs[0].single(); !ok {
				b.refused = true
			} else if _, ok := b.setAt[string(s)]; !ok {
				b.setAt[string(s)] = int32(len(sets)) //nolint:gosec // as above
				sets = append(sets, s)
			}
		case opAtomic, opBackref, opEndTextNL:
			b.refused = true
		}
		return b.refused
	})
	b.n.tags = 2 * len(b.n.groups)
	if b.refused || b.n.tags > maxTags {
		return nil
	}
	if line {
		sets = append(sets, set{'\n', '\n'})
	}
	if word {
		sets = append(sets, setWord)
	}
	var ok bool
	if b.n.alphabet, b.n.sets, ok = newAlphabet(sets); !ok {
		return nil
	}
	match := b.add(nfaInst{op: nfaMatch})
	b.n.start = b.node(root, match)
	b.n.search = b.add(nfaInst{op: nfaSplit, next: b.n.start})
	i := b.add(nfaInst{op: nfaSymbol, arg: int32(len(b.n.sets)), next: b.n.search}) //nolint:gosec // as above
	anything := symbolSet{}
	for c := range b.n.symbols {
		anything[c>>6] |= 1 << (c & 63)
	}
	b.n.sets = append(b.n.sets, anything)
	if b.refused {
		return nil
	}
	b.n.insts[b.n.search].alt = i
	b.n.ask()
	return b.n
}

func (b *nfaBuilder) add(i nfaInst) int32 {
	if len(b.n.insts) >= maxNFA {
		b.refused = true
		return 0
	}
	b.n.insts = append(b.n.insts, i)
	return int32(len(b.n.insts) - 1) //nolint:gosec // bounded by maxNFA
}

// node adds n so that it goes on at next, and returns where it begins.
func (b *nfaBuilder) node(n *node, next int32) int32 {
	if b.refused {
		return 0
	}
	switch n.op {
	case opEmpty:
		return next
	case opClass:
		return b.add(nfaInst{op: nfaSymbol, arg: b.setAt[string(n.set)], next: next})
	case opConcat:
		for _, s := range slices.Backward(n.subs) {
			next = b.node(s, next)
		}
		return next
	case opAlt:
		at := b.node(n.subs[len(n.subs)-1], next)
		for _, s := range slices.Backward(n.subs[:len(n.subs)-1]) {
			at = b.add(nfaInst{op: nfaSplit, next: b.node(s, next), alt: at})
		}
		return at
	case opRepeat:
		return b.repeat(n, next)
	case opLook:
		return b.look(n, next)
	case opCapture:
		g := int32(b.groupAt[n.group]) //nolint:gosec // bounded by maxTags
		end := b.add(nfaInst{op: nfaTag, arg: 2*g + 1, next: next})
		return b.add(nfaInst{op: nfaTag, arg: 2 * g, next: b.node(n.subs[0], end)})
	}
	return b.add(nfaInst{op: nfaAssert, arg: int32(n.op), next: next})
}

// look adds an assertion about one rune.
func (b *nfaBuilder) look(n *node, next int32) int32 {
	s, _ := n.subs[0].single()
	i := nfaInst{op: nfaAhead, arg: b.setAt[string(s)], next: next}
	if n.negative {
		i.alt = 1
	}
	if n.behind {
		at := slices.Index(b.n.behind, i.arg)
		if at < 0 {
			at = len(b.n.behind)
			b.n.behind = append(b.n.behind, i.arg)
		}
		if b.refused = b.refused || at >= maxBehindSets; b.refused {
			return 0
		}
		i.op, i.arg = nfaBehind, int32(at) //nolint:gosec // bounded by maxBehindSets
	}
	return b.add(i)
}

// repeat unrolls bounded repetitions. Of a body that can be empty x* is (x+)?, as in Go's regexp, so that a preferred empty
// round ends the loop.
func (b *nfaBuilder) repeat(n *node, next int32) int32 {
	sub, least := n.subs[0], n.min
	if n.max < 0 {
		loop := b.split(n.lazy, 0, next)
		body := b.node(sub, loop)
		if b.refused {
			return 0
		}
		if b.setSplit(loop, n.lazy, body); least > 0 || sub.nullable() {
			next = body
			if least--; least < 0 {
				next = b.split(n.lazy, body, b.exit(loop, n.lazy))
			}
		} else {
			next = loop
		}
	} else {
		exit := next
		for range n.max - n.min {
			next = b.split(n.lazy, b.node(sub, next), exit)
		}
	}
	for range max(least, 0) {
		if next = b.node(sub, next); b.refused {
			return 0
		}
	}
	return next
}

// split adds the choice between a body and the exit from a loop.
func (b *nfaBuilder) split(lazy bool, body, exit int32) int32 {
	if lazy {
		body, exit = exit, body
	}
	return b.add(nfaInst{op: nfaSplit, next: body, alt: exit})
}

func (b *nfaBuilder) setSplit(at int32, lazy bool, body int32) {
	if lazy {
		b.n.insts[at].alt = body
		return
	}
	b.n.insts[at].next = body
}

func (b *nfaBuilder) exit(at int32, lazy bool) int32 {
	if lazy {
		return b.n.insts[at].next
	}
	return b.n.insts[at].alt
}

// ask fills in asks: the least fixed point over the edges that consume nothing.
func (n *nfa) ask() {
	n.asks = make([]prior, len(n.insts))
	for changed := true; changed; {
		changed = false
		for i := range n.insts {
			in := &n.insts[i]
			var p prior
			switch in.op {
			case nfaSymbol, nfaMatch:
				continue
			case nfaAssert:
				switch op(in.arg) {
				case opBeginText:
					p = afterNothing
				case opBeginLine:
					p = afterNothing | afterLine
				case opWordB, opNotWordB:
					p = afterWord
				}
			case nfaBehind:
				p = afterSet << in.arg
			case nfaSplit:
				p = n.asks[in.alt]
			}
			if p |= n.asks[in.next]; p != n.asks[i] {
				n.asks[i], changed = p, true
			}
		}
	}
}

// after returns what can be known after symbol c.
func (n *nfa) after(c int) prior {
	var p prior
	if n.lines.has(c) {
		p |= afterLine
	}
	if n.words.has(c) {
		p |= afterWord
	}
	for i, s := range n.behind {
		if n.sets[s].has(c) {
			p |= afterSet << i
		}
	}
	return p
}

// alphabet maps runes to symbols: runes that no class of the pattern tells apart are one symbol.
type alphabet struct {
	ascii   [256]uint8 // symbol of each byte; from 0x80 on one that no entry of a table has, behind that for the end of the text
	wide    []wideRange
	symbols int
	bytes   []int     // of ASCII, by symbol
	lines   symbolSet // the line break
	words   symbolSet // letters, digits and _ of ASCII
}

// wideRange gives the runes from lo to the next range's lo a symbol.
type wideRange struct {
	lo     rune
	symbol uint8
}

// newAlphabet returns the symbols of each set too.
func newAlphabet(sets []set) (alphabet, []symbolSet, bool) {
	cuts := []rune{0, utf8.RuneSelf}
	for _, s := range sets {
		for i := 0; i < len(s); i += 2 {
			cuts = append(cuts, s[i], s[i+1]+1)
		}
	}
	slices.Sort(cuts)
	cuts = slices.Compact(cuts)
	a := alphabet{}
	of := make([]symbolSet, len(sets))
	known := map[string]int{}
	width := (len(sets) + 7) / 8
	signatures := make([]byte, len(cuts)*width) // of each cut the sets that its rune is in
	for j, s := range sets {
		for i, k := 0, 0; i < len(cuts) && k < len(s); i++ {
			for k < len(s) && s[k+1] < cuts[i] {
				k += 2
			}
			if k < len(s) && s[k] <= cuts[i] {
				signatures[i*width+j/8] |= 1 << (j & 7)
			}
		}
	}
	for i, lo := range cuts {
		if lo > unicode.MaxRune {
			break
		}
		signature := signatures[i*width : (i+1)*width]
		c, ok := known[string(signature)]
		if !ok {
			if c = len(known); c >= maxSymbols {
				return a, nil, false
			}
			known[string(signature)] = c
			for j := range sets {
				if signature[j>>3]&(1<<(j&7)) != 0 {
					of[j][c>>6] |= 1 << (c & 63)
				}
			}
		}
		if lo >= utf8.RuneSelf {
			if n := len(a.wide); n == 0 || int(a.wide[n-1].symbol) != c {
				a.wide = append(a.wide, wideRange{lo, uint8(c)}) //nolint:gosec // bounded by maxSymbols
			}
			continue
		}
		for r := lo; r < utf8.RuneSelf && (i+1 == len(cuts) || r < cuts[i+1]); r++ {
			a.ascii[r] = uint8(c) //nolint:gosec // bounded by maxSymbols
			if r == '\n' {
				a.lines[c>>6] |= 1 << (c & 63)
			}
			if isNameByte(byte(r)) {
				a.words[c>>6] |= 1 << (c & 63)
			}
		}
	}
	a.symbols = len(known)
	a.bytes = make([]int, a.symbols)
	for b := range utf8.RuneSelf {
		a.bytes[a.ascii[b]]++
	}
	for b := utf8.RuneSelf; b < 256; b++ {
		a.ascii[b] = uint8(a.symbols + 1) //nolint:gosec // bounded by maxSymbols
	}
	return a, of, true
}

// wideSymbol returns the symbol of a rune beyond ASCII.
func (a *alphabet) wideSymbol(r rune) uint8 {
	if len(a.wide) == 1 {
		return a.wide[0].symbol
	}
	lo, hi := 0, len(a.wide)
	for hi-lo > 1 {
		mid := (lo + hi) / 2
		if a.wide[mid].lo <= r {
			lo = mid
		} else {
			hi = mid
		}
	}
	return a.wide[lo].symbol
}
