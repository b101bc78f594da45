// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redact

import (
	"encoding/binary"
	"fmt"
	"regexp/syntax"
	"slices"
	"sync"
)

// maxAutomatonStates keeps a set of triggers from growing into a table that no cache holds.
const maxAutomatonStates = 20000

// automaton is a deterministic automaton that reads a text once and tells where the match of any trigger ends.
//
// A state is the offset of its row in next: next[state+class[byte]] is the following state. States from accept on end
// the match of the triggers in ends[(state-accept)/width]. Reading starts in start, the state after a line feed, so
// that a trigger may ask for "no digit before". It is immutable and shared by all scanners.
type automaton struct {
	class  [256]uint8
	next   []uint32
	width  uint32
	root   uint32 // nothing read yet
	start  uint32
	accept uint32
	ends   [][]uint16
}

// compileTriggers builds the automaton; the index of a trigger is what ends holds.
// It is the subset construction (Rabin and Scott 1959) over the programs that regexp/syntax compiles.
func compileTriggers(exprs []string) (*automaton, error) {
	latest.Lock()
	defer latest.Unlock()
	if latest.automaton != nil && slices.Equal(latest.exprs, exprs) {
		return latest.automaton, nil
	}
	b := &automatonBuilder{ids: map[string]uint32{}}
	for i, expr := range exprs {
		if err := b.add(expr, uint16(i)); err != nil {
			return nil, fmt.Errorf("compile trigger %q: %w", expr, err)
		}
	}
	a, err := b.build()
	if err == nil {
		latest.exprs, latest.automaton = exprs, a
	}
	return a, err
}

// latest is the automaton that was made last: the pipelines of a Collector often ask for the same.
var latest struct {
	sync.Mutex
	exprs     []string
	automaton *automaton
}

type nfaInst struct {
	inst *syntax.Inst
	in   [4]uint64 // which classes of bytes it takes
	next []int32   // where the closure of Out leads: consuming instructions
	ends bool      // the closure of Out holds the end of the trigger
	trig uint16
}

type automatonBuilder struct {
	insts []nfaInst
	root  []int32
	ids   map[string]uint32
	sets  []dfaSet

	threads []int32 // scratch
	ends    []uint16
	key     []byte
}

type dfaSet struct {
	threads []int32
	ends    []uint16
}

func (b *automatonBuilder) add(expr string, trig uint16) error {
	re, err := syntax.Parse(expr, syntax.Perl)
	if err != nil {
		return err
	}
	prog, err := syntax.Compile(re.Simplify())
	if err != nil {
		return err
	}
	base := int32(len(b.insts))
	closure := func(pc uint32) (out []int32, ends bool, err error) {
		seen := map[uint32]bool{}
		stack := []uint32{pc}
		for len(stack) > 0 {
			pc, stack = stack[len(stack)-1], stack[:len(stack)-1]
			if seen[pc] {
				continue
			}
			seen[pc] = true
			in := &prog.Inst[pc]
			switch in.Op {
			case syntax.InstAlt, syntax.InstAltMatch:
				stack = append(stack, in.Out, in.Arg)
			case syntax.InstCapture, syntax.InstNop:
				stack = append(stack, in.Out)
			case syntax.InstMatch:
				ends = true
			case syntax.InstFail:
			case syntax.InstEmptyWidth:
				return nil, false, fmt.Errorf("anchors are not allowed")
			default:
				out = append(out, base+int32(pc))
			}
		}
		slices.Sort(out)
		return out, ends, nil
	}
	for pc := range prog.Inst {
		n := nfaInst{inst: &prog.Inst[pc], trig: trig}
		switch n.inst.Op {
		case syntax.InstRune, syntax.InstRune1, syntax.InstRuneAny, syntax.InstRuneAnyNotNL:
			if n.next, n.ends, err = closure(n.inst.Out); err != nil {
				return err
			}
		}
		b.insts = append(b.insts, n)
	}
	start, ends, err := closure(uint32(prog.Start))
	if err != nil {
		return err
	}
	if ends {
		return fmt.Errorf("matches the empty text")
	}
	b.root = append(b.root, start...)
	return nil
}

// matchByte tells whether the instruction takes the byte. Bytes of multi-byte characters are all alike: they match
// what any far character matches, such as [^0-9].
func matchByte(in *syntax.Inst, c byte) bool {
	if c >= 0x80 {
		return in.MatchRune(0x3FFFF)
	}
	return in.MatchRune(rune(c))
}

func (b *automatonBuilder) build() (*automaton, error) {
	a := &automaton{}
	reps := b.classes(a)
	a.width = uint32(len(reps))
	rootNext := make([]dfaSet, len(reps))
	for t := range b.insts {
		if in := &b.insts[t]; in.next != nil || in.ends {
			for ci, c := range reps {
				if matchByte(in.inst, c) {
					in.in[ci>>6] |= 1 << (ci & 63)
				}
			}
		}
	}
	for ci := range reps {
		next := b.step(b.root, ci, dfaSet{})
		rootNext[ci] = dfaSet{slices.Clone(next.threads), slices.Clone(next.ends)}
	}
	b.id(dfaSet{})
	var rows [][]uint32
	for i := 0; i < len(b.sets); i++ {
		if len(b.sets) > maxAutomatonStates {
			return nil, fmt.Errorf("compile triggers: more than %d states", maxAutomatonStates)
		}
		row := make([]uint32, len(reps))
		for ci := range reps {
			row[ci] = b.id(b.step(b.sets[i].threads, ci, rootNext[ci]))
		}
		rows = append(rows, row)
	}
	// Number the states anew: those that end a trigger last.
	order := make([]uint32, len(rows))
	var n uint32
	for _, accepting := range []bool{false, true} {
		if accepting {
			a.accept = n * a.width
		}
		for i := range rows {
			if (len(b.sets[i].ends) > 0) == accepting {
				order[i] = n * a.width
				n++
				if accepting {
					a.ends = append(a.ends, b.sets[i].ends)
				}
			}
		}
	}
	a.next = make([]uint32, uint32(len(rows))*a.width)
	for i, row := range rows {
		for ci, to := range row {
			a.next[order[i]+uint32(ci)] = order[to]
		}
	}
	a.root = order[0]
	a.start = a.next[order[0]+uint32(a.class['\n'])]
	return a, nil
}

// classes numbers the bytes that no instruction tells apart, and returns one byte of each class.
func (b *automatonBuilder) classes(a *automaton) []byte {
	sig := make([][]byte, 256)
	seen := map[string]bool{}
	for i := range b.insts {
		if b.insts[i].next == nil && !b.insts[i].ends {
			continue
		}
		var set [256]byte
		for c := range 256 {
			if matchByte(b.insts[i].inst, byte(c)) {
				set[c] = 1
			}
		}
		if key := string(set[:]); !seen[key] {
			seen[key] = true
			for c := range 256 {
				sig[c] = append(sig[c], set[c])
			}
		}
	}
	ids := map[string]uint8{}
	var reps []byte
	for c := range 256 {
		id, ok := ids[string(sig[c])]
		if !ok {
			id = uint8(len(reps))
			ids[string(sig[c])] = id
			reps = append(reps, byte(c))
		}
		a.class[c] = id
	}
	return reps
}

// step returns where the threads, and those of with, are after a byte of the class. The result is good until the next call.
func (b *automatonBuilder) step(threads []int32, class int, with dfaSet) dfaSet {
	out := dfaSet{threads: append(b.threads[:0], with.threads...), ends: append(b.ends[:0], with.ends...)}
	for _, t := range threads {
		if in := &b.insts[t]; in.in[class>>6]&(1<<(class&63)) != 0 {
			out.threads = append(out.threads, in.next...)
			if in.ends {
				out.ends = append(out.ends, in.trig)
			}
		}
	}
	b.threads, b.ends = out.threads, out.ends
	out.threads = sortUnique(out.threads)
	out.ends = sortUnique(out.ends)
	return out
}

func (b *automatonBuilder) id(s dfaSet) uint32 {
	key := b.key[:0]
	for _, t := range s.threads {
		key = binary.LittleEndian.AppendUint32(key, uint32(t)) //nolint:gosec // an index
	}
	key = append(key, '|')
	for _, e := range s.ends {
		key = binary.LittleEndian.AppendUint16(key, e)
	}
	b.key = key
	id, ok := b.ids[string(key)]
	if !ok {
		id = uint32(len(b.sets)) //nolint:gosec // at most maxAutomatonStates
		b.ids[string(key)] = id
		b.sets = append(b.sets, dfaSet{slices.Clone(s.threads), slices.Clone(s.ends)})
	}
	return id
}

func sortUnique[T int32 | uint16](s []T) []T {
	slices.Sort(s)
	return slices.Compact(s)
}
