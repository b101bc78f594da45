// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package textindex

import (
	"encoding/binary"
	"errors"
	"regexp/syntax"
	"slices"
	"sort"
	"unicode"
	"unicode/utf8"
)

// automaton decides whether a regular expression matches somewhere in a text that is known but for its placeholders. It is a
// deterministic automaton over runes, built while it runs; where a placeholder leaves several of its states possible,
// it is in all of them at once. The semantics are those of package regexp. It is for one goroutine.
type automaton struct {
	prog   *syntax.Prog
	empty  bool        // there are assertions such as ^ and \b
	bounds []rune      // where a class of runes that the expression does not tell apart begins
	ascii  [128]uint16 // class of each
	reps   []rune      // a rune of each class
	places [places][]step

	states     []state
	stateIndex map[string]int32
	sets       []stateSet
	setIndex   map[string]int32
	table      []int32 // by set, then class, stride of them: the set behind it, plus one
	stride     int
	final      int32 // the set that nothing leaves
	words      *wordsOfPlaces
	work       int // steps over words
	cells      int // transitions kept, of both kinds
	followed   int // instructions
	failed     bool
	trail      []int32 // by byte of the last shape: the set behind it
	trailed    int     // how much of it is known

	// Scratch.
	closure  []uint32
	mark     []uint32
	marked   uint32
	pcs      []uint32
	pcMark   []uint32
	pcMarked uint32
	key      []byte
}

// state is where the expression may be between two runes.
type state struct {
	pcs  []uint32 // sorted
	prev prevKind
	next []int32 // by class, plus one; 0: not known yet
	end  int8    // 1: matches at the end of the text, -1: does not, 0: not known yet
}

// prevKind is what assertions have to know of the rune before.
type prevKind uint8

const (
	prevNone prevKind = iota
	prevNewline
	prevWord
	prevOther
)

func (p prevKind) rune() rune { return [...]rune{-1, '\n', 'a', ' '}[p] }

// stateSet are the states that are possible.
type stateSet struct {
	states  []int32 // sorted
	place   [places]int32
	verdict uint8 // plus one
}

const (
	// matched is the state behind a match, which nothing leaves. It is the first.
	matched = 0
	// maxProgram bounds the instructions of an expression, maxClasses its classes of runes, maxCells the transitions
	// that are kept (4 bytes each, so 2 MiB), and maxFollowed the instructions that are followed to find them, which
	// take about 50 ms. What would take more is not evaluated on shapes.
	maxProgram  = 4000
	maxClasses  = 4096
	maxCells    = 512 << 10
	maxStates   = 1 << 14
	maxFollowed = 8 << 20
)

var errTooLarge = errors.New("expression is too large")

// newAutomaton compiles an expression, which an automaton too large does not evaluate.
func newAutomaton(re *syntax.Regexp) (*automaton, error) {
	prog, err := syntax.Compile(re.Simplify())
	if err != nil {
		return nil, err
	}
	if len(prog.Inst) > maxProgram {
		return nil, errTooLarge
	}
	a := &automaton{prog: prog, stateIndex: map[string]int32{}, setIndex: map[string]int32{}}
	a.mark, a.pcMark = make([]uint32, len(prog.Inst)), make([]uint32, len(prog.Inst))
	a.divide()
	if len(a.bounds) > maxClasses {
		return nil, errTooLarge
	}
	for c := range a.ascii {
		a.ascii[c] = uint16(a.class(rune(c)))
	}
	a.placeholders()
	a.stride, a.final = len(a.bounds), -1
	a.states = append(a.states, state{end: 1})
	a.start()
	return a, nil
}

// divide finds the classes of runes.
func (a *automaton) divide() {
	add := func(lo, hi rune) { a.bounds = append(a.bounds, lo, hi+1) }
	for _, r := range []([2]rune){{0, '\n' - 1}, {'\n', '\n'}, {'-', '-'}, {'0', '9'}, {'A', 'F'}, {'G', 'Z'}, {'_', '_'}, {'a', 'a'}, {'b', 'd'}, {'e', 'e'}, {'f', 'f'}, {'g', 'h'}, {'i', 'i'}, {'j', 'n'}, {'o', 'o'}, {'p', 't'}, {'u', 'u'}, {'v', 'x'}, {'y', 'y'}, {'z', 'z'}, {utf8.RuneSelf, unicode.MaxRune}} {
		add(r[0], r[1])
	}
	for i := range a.prog.Inst {
		in := &a.prog.Inst[i]
		switch in.Op {
		case syntax.InstEmptyWidth:
			a.empty = true
		case syntax.InstRune, syntax.InstRune1:
			if len(in.Rune) == 1 {
				add(in.Rune[0], in.Rune[0])
				if syntax.Flags(in.Arg)&syntax.FoldCase != 0 {
					for f := unicode.SimpleFold(in.Rune[0]); f != in.Rune[0]; f = unicode.SimpleFold(f) {
						add(f, f)
					}
				}
				continue
			}
			for j := 0; j+1 < len(in.Rune); j += 2 {
				add(in.Rune[j], in.Rune[j+1])
			}
		}
	}
	slices.Sort(a.bounds)
	a.bounds = slices.Compact(a.bounds)
	for len(a.bounds) > 0 && a.bounds[len(a.bounds)-1] > unicode.MaxRune {
		a.bounds = a.bounds[:len(a.bounds)-1]
	}
	a.reps = a.bounds
}

func (a *automaton) class(r rune) int {
	return sort.Search(len(a.bounds), func(i int) bool { return a.bounds[i] > r }) - 1
}

// start makes the set of the first state, which is sets[0].
func (a *automaton) start() {
	prev := prevNone
	if !a.empty {
		prev = prevOther
	}
	s := a.state([]uint32{uint32(a.prog.Start)}, prev)
	a.set([]int32{s})
}

// state returns the state of these instructions, which it sorts.
func (a *automaton) state(pcs []uint32, prev prevKind) int32 {
	slices.Sort(pcs)
	a.key = append(a.key[:0], byte(prev))
	for _, pc := range pcs {
		a.key = binary.LittleEndian.AppendUint32(a.key, pc)
	}
	if i, ok := a.stateIndex[string(a.key)]; ok {
		return i
	}
	i := int32(len(a.states))
	a.stateIndex[string(a.key)] = i
	a.states = append(a.states, state{pcs: slices.Clone(pcs), prev: prev})
	a.cells += len(pcs) + 32
	a.check()
	return i
}

func (a *automaton) check() {
	if a.followed > maxFollowed || a.cells > maxCells || len(a.states) > maxStates || len(a.sets) > maxStates {
		a.failed = true
	}
}

// set returns the set of these states, which it sorts.
func (a *automaton) set(states []int32) int32 {
	slices.Sort(states)
	states = slices.Compact(states)
	a.key = a.key[:0]
	for _, s := range states {
		a.key = binary.LittleEndian.AppendUint32(a.key, uint32(s))
	}
	if i, ok := a.setIndex[string(a.key)]; ok {
		return i
	}
	i := int32(len(a.sets))
	a.setIndex[string(a.key)] = i
	a.sets = append(a.sets, stateSet{states: slices.Clone(states)})
	a.table = append(a.table, make([]int32, a.stride)...)
	if len(states) == 1 && states[0] == matched {
		a.final = i
	}
	a.cells += len(a.bounds) + 2*len(states) + 32
	a.check()
	return i
}

// follow fills a.closure with the instructions that take a rune and are reached from the state when r comes next (-1: the
// end), and reports whether a match is.
func (a *automaton) follow(s *state, r rune) bool {
	flags := syntax.EmptyOpContext(s.prev.rune(), r)
	a.marked++
	a.closure = a.closure[:0]
	stack := append([]uint32(nil), s.pcs...)
	for len(stack) > 0 {
		pc := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if a.mark[pc] == a.marked {
			continue
		}
		a.mark[pc] = a.marked
		a.followed++
		in := &a.prog.Inst[pc]
		switch in.Op {
		case syntax.InstMatch:
			return true
		case syntax.InstAlt, syntax.InstAltMatch:
			stack = append(stack, in.Out, in.Arg)
		case syntax.InstCapture, syntax.InstNop:
			stack = append(stack, in.Out)
		case syntax.InstEmptyWidth:
			if syntax.EmptyOp(in.Arg)&^flags == 0 {
				stack = append(stack, in.Out)
			}
		case syntax.InstRune, syntax.InstRune1, syntax.InstRuneAny, syntax.InstRuneAnyNotNL:
			a.closure = append(a.closure, pc)
		}
	}
	return false
}

// next returns the state behind a rune of the class.
func (a *automaton) next(i int32, class int) int32 {
	if i == matched {
		return matched
	}
	s := &a.states[i]
	if s.next == nil {
		s.next = make([]int32, len(a.bounds))
		a.cells += len(a.bounds)
		a.check()
	}
	if n := s.next[class]; n > 0 {
		return n - 1
	}
	if a.check(); a.failed {
		return matched // of no meaning
	}
	r := a.reps[class]
	n := int32(matched)
	if !a.follow(s, r) {
		a.pcMarked++
		a.pcs = append(a.pcs[:0], uint32(a.prog.Start))
		a.pcMark[a.prog.Start] = a.pcMarked
		for _, pc := range a.closure {
			in := &a.prog.Inst[pc]
			if in.MatchRune(r) && a.pcMark[in.Out] != a.pcMarked {
				a.pcMark[in.Out] = a.pcMarked
				a.pcs = append(a.pcs, in.Out)
			}
		}
		prev := prevOther
		if a.empty {
			switch {
			case r == '\n':
				prev = prevNewline
			case syntax.IsWordChar(r):
				prev = prevWord
			}
		}
		n = a.state(a.pcs, prev)
	}
	a.states[i].next[class] = n + 1
	return n
}

// atEnd reports whether the expression matches when the text ends in the state.
func (a *automaton) atEnd(i int32) bool {
	s := &a.states[i]
	if s.end == 0 {
		s.end = -1
		if a.follow(s, -1) {
			s.end = 1
		}
	}
	return s.end > 0
}

// run returns the verdict for all texts of that shape, of which the first same bytes are those of the shape before.
func (a *automaton) run(shape []byte, same int) Verdict {
	if a.failed {
		return Maybe
	}
	if len(a.trail) < len(shape)+1 {
		a.trail = append(a.trail, make([]int32, len(shape)+1-len(a.trail))...)
	}
	for same = min(same, a.trailed); same > 0 && same < len(shape) && !utf8.RuneStart(shape[same]); same-- {
	}
	set := a.trail[same] // the first is always 0
	i := same
	for i < len(shape) {
		c := shape[i]
		switch {
		case c < utf8.RuneSelf:
			i++
			class := int(a.ascii[c])
			if n := a.table[int(set)*a.stride+class]; n > 0 {
				set = n - 1
			} else {
				set = a.nextSet(set, class)
			}
		case c >= placeDigits:
			i++
			if int(c-placeDigits) >= places {
				a.trailed = 0
				return Maybe
			}
			if n := a.sets[set].place[c-placeDigits]; n > 0 {
				set = n - 1
			} else {
				set = a.placeSet(set, int(c-placeDigits))
			}
		default:
			r, n := utf8.DecodeRune(shape[i:])
			i += n
			set = a.nextSet(set, a.class(r))
		}
		a.trail[i] = set
		if set == a.final {
			break // a match stays one
		}
	}
	a.trailed = i
	if a.failed {
		return Maybe
	}
	return a.verdict(set)
}

func (a *automaton) nextSet(set int32, class int) int32 {
	at := int(set)*a.stride + class
	if n := a.table[at]; n > 0 {
		return n - 1
	}
	n := a.set(a.step(a.sets[set].states, class))
	a.table[at] = n + 1
	return n
}

func (a *automaton) step(states []int32, class int) []int32 {
	list := make([]int32, 0, len(states))
	for _, s := range states {
		list = append(list, a.next(s, class))
	}
	return list
}

func (a *automaton) verdict(set int32) Verdict {
	s := &a.sets[set]
	if s.verdict == 0 {
		yes, no := false, false
		for _, i := range s.states {
			if a.atEnd(i) {
				yes = true
			} else {
				no = true
			}
		}
		v := None
		switch {
		case yes && no:
			v = Maybe
		case yes:
			v = All
		}
		s.verdict = uint8(v) + 1
	}
	return Verdict(s.verdict - 1)
}
