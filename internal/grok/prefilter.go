// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grok

import (
	"math/bits"
	"strings"
	"unicode/utf8"
)

// What a list knows of its patterns, to try few of them on a text: which bytes can stand at the first positions of a match
// that begins with the text, and which pairs of bytes every match holds. A set of patterns is a row of bits.

const (
	prefixBytes  = 16
	prefixEnd    = 256 // stands for the end of the text
	prefixValues = 257

	// Looking for pairs takes a pass over the text, which pays for this many patterns that are left.
	minPairPatterns = 4
	pairBits        = 2048
)

// prefilter says which patterns of a list can match a text.
type prefilter struct {
	words    int
	prefixes []uint64 // for position and byte the patterns that allow it
	lines    []uint64 // the patterns that can also match after a line break
	literals []literalPairs
	literate []uint64 // the patterns of literals
}

// literalPairs are the pairs of bytes in the required literal of one pattern.
type literalPairs struct {
	pattern int
	pairs   []uint32
}

func newPrefilter(patterns []*Pattern) *prefilter {
	f := &prefilter{words: (len(patterns) + 63) / 64}
	f.prefixes = make([]uint64, prefixBytes*prefixValues*f.words)
	f.lines, f.literate = make([]uint64, f.words), make([]uint64, f.words)
	for i, p := range patterns {
		allowed := p.prefix()
		for at := range prefixBytes {
			for b := range prefixValues {
				if allowed == nil || allowed[at][b] {
					f.prefixes[(at*prefixValues+b)*f.words+i/64] |= 1 << (i % 64)
				}
			}
		}
		if p.starts.at == opBeginLine {
			f.lines[i/64] |= 1 << (i % 64)
		}
		if len(p.literal) > 1 {
			l := literalPairs{pattern: i}
			for at := range len(p.literal) - 1 {
				l.pairs = append(l.pairs, pairHash(p.literal[at], p.literal[at+1]))
			}
			f.literals = append(f.literals, l)
			f.literate[i/64] |= 1 << (i % 64)
		}
	}
	return f
}

func pairHash(a, b byte) uint32 { return (uint32(a)*167 ^ uint32(b)*59) % pairBits }

// candidates sets the bits of set, which has room for all patterns, for those that may match text.
func (f *prefilter) candidates(text string, set []uint64) {
	for w := range set {
		set[w] = ^uint64(0)
	}
	for at := range prefixBytes {
		b := prefixEnd
		if at < len(text) {
			if b = int(text[at]); b >= utf8.RuneSelf {
				break // positions are runes
			}
		}
		row := f.prefixes[(at*prefixValues+b)*f.words:]
		left := uint64(0)
		for w := range set {
			set[w] &= row[w]
			left |= set[w]
		}
		if left == 0 || b == prefixEnd {
			break
		}
	}
	if strings.IndexByte(text, '\n') >= 0 {
		for w := range set {
			set[w] |= f.lines[w]
		}
	}
	n := 0
	for w := range set {
		n += bits.OnesCount64(set[w] & f.literate[w])
	}
	if n >= minPairPatterns {
		f.literal(text, set)
	}
}

// literal clears the bits of patterns whose literal has a pair that the text does not have.
func (f *prefilter) literal(text string, set []uint64) {
	var there [pairBits / 64]uint64
	for at := 1; at < len(text); at++ {
		h := pairHash(text[at-1], text[at])
		there[h/64] |= 1 << (h % 64)
	}
	for i := range f.literals {
		l := &f.literals[i]
		if set[l.pattern/64]&(1<<(l.pattern%64)) == 0 {
			continue
		}
		for _, h := range l.pairs {
			if there[h/64]&(1<<(h%64)) == 0 {
				set[l.pattern/64] &^= 1 << (l.pattern % 64)
				break
			}
		}
	}
}

// nextPattern returns the first pattern of set from index i on, -1 if there is none.
func nextPattern(set []uint64, i int) int {
	for w := i / 64; w < len(set); w++ {
		left := set[w]
		if w == i/64 {
			left &= ^uint64(0) << (i % 64)
		}
		if left != 0 {
			return w*64 + bits.TrailingZeros64(left)
		}
	}
	return -1
}

// prefix returns, for the first positions of a text, the bytes that can stand there in a match; nil if that is not known.
func (p *Pattern) prefix() *[prefixBytes][prefixValues]bool {
	if p.automaton == nil || p.starts.at == opEmpty {
		return nil
	}
	n := p.automaton.n
	out := &[prefixBytes][prefixValues]bool{}
	seen := make([]int, len(n.insts)) // the position, one more, at which an instruction was last met
	threads := []int32{n.start}
	for at := range prefixBytes {
		stack, nextThreads := threads, []int32(nil)
		var symbols symbolSet
		over := false
		for len(stack) > 0 {
			pc := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			if seen[pc] == at+1 {
				continue
			}
			seen[pc] = at + 1
			in := &n.insts[pc]
			switch in.op {
			case nfaMatch:
				over = true
			case nfaSymbol:
				for w, bits := range n.sets[in.arg] {
					symbols[w] |= bits
				}
				nextThreads = append(nextThreads, in.next)
			case nfaSplit:
				stack = append(stack, in.next, in.alt)
			default:
				stack = append(stack, in.next)
			}
		}
		if over { // after the end of the match anything goes
			for ; at < prefixBytes; at++ {
				for b := range prefixValues {
					out[at][b] = true
				}
			}
			return out
		}
		for b := range utf8.RuneSelf {
			out[at][b] = symbols.has(int(n.ascii[b]))
		}
		threads = nextThreads
	}
	return out
}
