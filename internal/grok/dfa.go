// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grok

import (
	"strings"
	"sync"
	"sync/atomic"
	"unicode/utf8"
)

// The deterministic automaton of a regular pattern, made while it runs.
//
// A state is a list of threads, places in the nfa in the order of preference, each with the registers that hold its tags.
// Following a symbol to the next state costs one look-up in a table; where a group begins or ends the transition also
// has register operations. Source: Ville Laurikari, "NFAs with Tagged Transitions, their Conversion to Deterministic
// Automata and Application to Regular Expressions", 2000, with one symbol of look-ahead: the assertions and tags between
// two symbols are dealt with when the second is known. States and transitions are made when a text first needs them, as in RE2.
//
// The table is read without locks by any number of goroutines and written under a mutex. It is bounded in bytes.

// maxDFABytes bounds the states and the table of one automaton.
const maxDFABytes = 4 << 20

// An entry of the table is 0 while nobody went there yet, else the row of the next state and the register that is set to the
// position on the way, or the index of a step that takes more than that.
const (
	entryStep  = 1 << 31 // the other bits but this one are an index of table.steps
	entrySkips = 1 << 30 // the next state can skip
	entryRow   = 1<<20 - 1
	entryReg   = 20 // from this bit on eight that are a register
)

// dfa is an automaton that begins at one instruction of n. Its zero row is nobody's.
type dfa struct {
	n     *nfa
	entry int32
	shift uint // a row has 1<<shift entries
	limit int  // of size

	table atomic.Pointer[table]

	mu    sync.Mutex
	index map[string]uint32 // row by key of the state
	size  int
	made  stepper
}

// table is a snapshot: what it holds is never changed, but for entries of rows, which go from 0 to their value, and may
// later say that the next state can skip.
type table struct {
	generation int // of the automaton: how often it was emptied
	rows       []atomic.Uint32
	states     []*state // by row >> shift
	skips      []*skip  // by row >> shift; nil where a state cannot
	steps      []step
	registers  int      // that a run needs
	starts     []uint32 // row by the symbol before the text, the last by nothing; 0: not made yet
}

// state is a list of threads.
type state struct {
	threads []int32 // instructions; the last may be done
	values  []uint8 // of each thread the register variant of each tag; noValue
	before  prior
	final   *final // not nil: the match is over
	skip    *skip
	back    int // bytes that are known to lead back here; -1: whether it can skip is known
}

// done is the thread that has matched. What is less preferred is gone.
const done int32 = -1

const (
	noValue     = 0xff
	here        = 0xfe // the current position, within a step being made
	maxVariants = 128  // different values of a tag in a state

	maxStateBytes = 64 << 10 // of the values of a state
)

// final says which groups took part in the match.
type final struct {
	captures []finalCapture
	guards   []int32 // groups that stand for a guard
}

// finalCapture is a field and the register where its capture begins. It ends at the register behind.
type finalCapture struct {
	field *Field
	reg   int32
}

// skip describes a state that most symbols lead back to.
type skip struct {
	stay  [256]bool // bytes that lead back here
	until byte      // if one: the only byte that does not
	one   bool
	ops   []regOp // what each of these symbols does, the same for all; it does not read registers
}

// regOp sets a register to another's value, or to the current position.
type regOp struct {
	dst, src int32 // src -1: the position
}

// step is a transition that is more than a row.
type step struct {
	row  uint32
	ops  []regOp
	end  stepEnd
	skip bool
}

// stepEnd is how the match goes on behind a step.
type stepEnd uint8

const (
	goOn     stepEnd = iota // at the step's row
	endMatch                // it is over; the step's row has the final
	endNone                 // there is none
	endOpen                 // only the machine can tell: the next state would be too large
)

// newDFA returns the automaton of n that begins at the instruction entry, with a table of at most limit bytes, at most and
// for 0 maxDFABytes.
func newDFA(n *nfa, entry int32, limit int) *dfa {
	d := &dfa{n: n, entry: entry, limit: maxDFABytes}
	if limit > 0 {
		d.limit = min(limit, maxDFABytes)
	}
	for 1<<d.shift < n.symbols+2 {
		d.shift++
	}
	d.reset()
	return d
}

// reset forgets all states. Runs that are under way keep the old table.
func (d *dfa) reset() {
	d.index, d.size = map[string]uint32{}, 0
	t := &table{rows: make([]atomic.Uint32, 16<<d.shift), starts: make([]uint32, d.n.symbols+1)}
	if old := d.table.Load(); old != nil {
		t.generation = old.generation + 1
	}
	t.states = append(t.states, nil) // row 0 is nobody's
	d.table.Store(t)
}

// minBytesPerState is how many bytes must be read for a state that is made, or else the automaton is not worth its making.
const minBytesPerState = 10

// run matches from at on. registers is grown as needed; on matched it holds the bounds of the groups that final names. used
// is the number of bytes that were read. gaveUp: the text needs too many states, or one that is too large. lost: somebody
// else emptied the table.
func (d *dfa) run(text string, at int, registers *[]int) (f *final, v verdict, used int) {
	t := d.table.Load()
	before := d.before(text, at)
	row := t.starts[before]
	if row == 0 {
		if t, row = d.begin(before); t == nil {
			return nil, lost, 0
		}
	}
	emptied := at // where the table was emptied, by this run
	regs, few := grown(registers, t)
	classes, rows, pos, size := &d.n.ascii, t.rows, at, 1
	for {
		var e, c uint32
		for {
			if pos == len(text) {
				c = uint32(d.n.symbols) //nolint:gosec // bounded by maxSymbols
				e = rows[row+c].Load()
				break
			}
			b := text[pos]
			c = uint32(classes[b])
			e = rows[row+c].Load()
			if e-1 < entrySkips-1 { // neither 0 nor marked
				few[uint8(e>>entryReg)] = pos
				row = e & entryRow
				pos++
				continue
			}
			if b >= utf8.RuneSelf {
				var r rune
				r, size = utf8.DecodeRuneInString(text[pos:])
				c = uint32(d.n.wideSymbol(r))
				e = rows[row+c].Load()
			}
			break
		}
		if e == 0 {
			old := t
			if t, e = d.follow(old, row, c); t == nil {
				return nil, lost, pos - at
			}
			if t.generation != old.generation {
				if pos-emptied < minBytesPerState*len(old.states) {
					return nil, gaveUp, pos - at
				}
				emptied = pos
			}
			rows = t.rows
			regs, few = grown(registers, t)
		}
		skips := e&(entryStep|entrySkips) == entrySkips
		if e&entryStep == 0 {
			few[uint8(e>>entryReg)] = pos
			row = e & entryRow
		} else {
			i := int(e &^ entryStep)
			if i >= len(t.steps) {
				if t = d.newer(t); t == nil {
					return nil, lost, pos - at
				}
				rows = t.rows
				regs, few = grown(registers, t)
			}
			s := &t.steps[i]
			for _, o := range s.ops {
				v := pos
				if o.src >= 0 {
					v = regs[o.src]
				}
				regs[o.dst] = v
			}
			switch s.end {
			case endMatch:
				return t.states[s.row>>d.shift].final, matched, pos - at
			case endNone:
				return nil, noMatch, pos - at
			case endOpen:
				return nil, gaveUp, pos - at
			}
			row, skips = s.row, s.skip
		}
		pos += size
		size = 1
		if skips {
			i := int(row >> d.shift)
			if i >= len(t.skips) || t.skips[i] == nil {
				if t = d.newer(t); t == nil {
					return nil, lost, pos - at
				}
				rows = t.rows
				regs, few = grown(registers, t)
			}
			k := t.skips[i]
			switch {
			case len(k.ops) > 0:
				pos = k.run(text, pos, regs)
			case k.one:
				if n := strings.IndexByte(text[pos:], k.until); n >= 0 {
					pos += n
				} else {
					pos = len(text)
				}
			default:
				for pos < len(text) && k.stay[text[pos]] {
					pos++
				}
			}
		}
	}
}

// run is for states that do something on the way. It returns the position of the first byte from pos on that leads elsewhere.
func (s *skip) run(text string, pos int, regs []int) int {
	from := pos
	for pos < len(text) && s.stay[text[pos]] {
		pos++
	}
	if pos > from {
		_, size := utf8.DecodeLastRuneInString(text[from:pos])
		for _, o := range s.ops {
			regs[o.dst] = pos - size
		}
	}
	return pos
}

// grown returns registers with room for the steps of t, and those that an entry can name.
func grown(registers *[]int, t *table) ([]int, *[256]int) {
	if n := max(t.registers, 256) - len(*registers); n > 0 {
		*registers = append(*registers, make([]int, n)...)
	}
	return *registers, (*[256]int)(*registers)
}

// newer returns the newest table, nil if the automaton was emptied since old.
func (d *dfa) newer(old *table) *table {
	if t := d.table.Load(); t.generation == old.generation {
		return t
	}
	return nil
}

// runeLen returns the bytes of the rune at pos.
func runeLen(text string, pos int) int {
	if text[pos] < utf8.RuneSelf {
		return 1
	}
	_, size := utf8.DecodeRuneInString(text[pos:])
	return size
}

// before returns the symbol before the position at, or the number of symbols.
func (d *dfa) before(text string, at int) int {
	if at == 0 {
		return d.n.symbols
	}
	if b := text[at-1]; b < utf8.RuneSelf {
		return int(d.n.ascii[b])
	}
	r, _ := utf8.DecodeLastRuneInString(text[:at])
	return int(d.n.wideSymbol(r))
}
