// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grok

import (
	"slices"
	"sync/atomic"
)

// Making states and transitions. All of it happens under the mutex.

// stepper is the scratch space of a step: it is used again for the next.
type stepper struct {
	next    []int32 // threads of the state in the making
	values  []uint8 // of their tags: register variants of the state before, here, noValue
	visited []uint32
	queued  []uint32
	mark    uint32
	current []uint8 // values of the thread being followed
	symbol  int
	before  prior
	after   symbolKind
	ops     []regOp
	key     []byte
}

// symbolKind is what an assertion asks of the symbol that comes next.
type symbolKind struct {
	end, line, word bool
}

// begin returns the row of the state in which a match begins behind symbol c, or, if c is no symbol, behind nothing.
func (d *dfa) begin(c int) (*table, uint32) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if t := d.table.Load(); t.starts[c] != 0 {
		return t, t.starts[c]
	}
	m := &d.made
	m.next = append(m.next[:0], d.entry)
	m.values = m.values[:0]
	for range d.n.tags {
		m.values = append(m.values, noValue)
	}
	before := afterNothing
	if c < d.n.symbols {
		before = d.n.after(c)
	}
	row, ok := d.intern(before)
	if !ok {
		d.reset()
		return nil, 0
	}
	u := *d.table.Load()
	u.starts = slices.Clone(u.starts)
	u.starts[c] = row
	d.table.Store(&u)
	return &u, row
}

// follow makes the transition from row by symbol c. It returns the entry and a table that holds it, a new one if the old was
// full and had to be emptied. It returns nil if somebody else emptied the table.
func (d *dfa) follow(old *table, row, c uint32) (t *table, e uint32) {
	d.mu.Lock()
	defer d.mu.Unlock()
	t = d.table.Load()
	if t.generation != old.generation {
		return nil, 0
	}
	if e := t.rows[row+c].Load(); e != 0 {
		return t, e
	}
	s := t.states[row>>d.shift]
	e, ok := d.enter(s, row, c)
	if !ok {
		d.reset()
		m := &d.made
		m.next, m.values = append(m.next[:0], s.threads...), append(m.values[:0], s.values...)
		if row, ok = d.intern(s.before); ok {
			e, ok = d.enter(d.table.Load().states[row>>d.shift], row, c)
		}
		if !ok { // not even two states: so small a limit is for tests
			d.reset()
			return nil, 0
		}
	}
	return d.table.Load(), e
}

// enter makes the transition from s, which is row, by symbol c, and puts it into the table. ok is false if the table is full.
func (d *dfa) enter(s *state, row, c uint32) (e uint32, ok bool) {
	if e, ok = d.transition(s, int(c)); !ok {
		return 0, false
	}
	t := d.table.Load()
	if e&entryStep == 0 && e&entryRow == row || e&entryStep != 0 && t.steps[e&^entryStep].row == row {
		if e, ok = d.trySkip(s, row, c, e); !ok {
			return 0, false
		}
	}
	d.table.Load().rows[row+c].Store(e)
	return e, true
}

// transition returns the entry for symbol c of state s.
func (d *dfa) transition(s *state, c int) (uint32, bool) {
	d.advance(s, c)
	m := &d.made
	ops, ok := d.assign()
	switch {
	case !ok:
		return d.step(step{end: endOpen})
	case len(m.next) == 0:
		return d.step(step{end: endNone})
	case m.next[0] == done:
		row, ok := d.intern(0)
		if !ok {
			return 0, false
		}
		return d.step(step{ops: slices.Clone(ops), row: row, end: endMatch})
	}
	row, ok := d.intern(d.n.after(c))
	if !ok {
		return 0, false
	}
	next := d.table.Load().states[row>>d.shift]
	return d.entryTo(row, ops, next.skip != nil)
}

// entryTo returns the entry for a transition to row.
func (d *dfa) entryTo(row uint32, ops []regOp, skips bool) (uint32, bool) {
	e := row
	switch {
	case len(ops) == 1 && ops[0].src < 0 && ops[0].dst < 256:
		e |= uint32(ops[0].dst) << entryReg //nolint:gosec // as the case says
	case len(ops) > 0:
		return d.step(step{ops: slices.Clone(ops), row: row, skip: skips})
	}
	if skips {
		e |= entrySkips
	}
	return e, true
}

// advance sets d.made to the threads that symbol c leads to from s.
func (d *dfa) advance(s *state, c int) {
	m, n := &d.made, d.n
	if m.visited == nil {
		m.visited, m.queued = make([]uint32, len(n.insts)), make([]uint32, len(n.insts))
		m.current = make([]uint8, n.tags)
	}
	if m.mark++; m.mark == 0 {
		clear(m.visited)
		clear(m.queued)
		m.mark = 1
	}
	m.next, m.values = m.next[:0], m.values[:0]
	m.symbol, m.before = c, s.before
	m.after = symbolKind{end: c == n.symbols}
	if !m.after.end {
		m.after.line, m.after.word = n.lines.has(c), n.words.has(c)
	}
	for i, pc := range s.threads {
		copy(m.current, s.values[i*n.tags:(i+1)*n.tags])
		if pc == done {
			m.next = append(m.next, done)
			m.values = append(m.values, m.current...)
			return
		}
		if d.closure(pc) {
			return
		}
	}
}

// closure follows the thread at pc over everything that consumes nothing, and then the symbol. It reports a match: less
// preferred threads are of no interest.
func (d *dfa) closure(pc int32) bool {
	m := &d.made
	for {
		if m.visited[pc] == m.mark {
			return false
		}
		m.visited[pc] = m.mark
		in := &d.n.insts[pc]
		switch in.op {
		case nfaSymbol:
			if !m.after.end && d.n.sets[in.arg].has(m.symbol) && m.queued[in.next] != m.mark {
				m.queued[in.next] = m.mark
				m.next = append(m.next, in.next)
				m.values = append(m.values, m.current...)
			}
			return false
		case nfaMatch:
			m.next = append(m.next, done)
			m.values = append(m.values, m.current...)
			return true
		case nfaSplit:
			if d.closure(in.next) {
				return true
			}
			pc = in.alt
		case nfaTag:
			was := m.current[in.arg]
			m.current[in.arg] = here
			matched := d.closure(in.next)
			m.current[in.arg] = was
			return matched
		case nfaAssert:
			if !m.holds(op(in.arg)) {
				return false
			}
			pc = in.next
		case nfaAhead:
			if (!m.after.end && d.n.sets[in.arg].has(m.symbol)) == (in.alt == 1) {
				return false
			}
			pc = in.next
		case nfaBehind:
			if (m.before&(afterSet<<in.arg) != 0) == (in.alt == 1) {
				return false
			}
			pc = in.next
		}
	}
}

func (m *stepper) holds(o op) bool {
	switch o {
	case opBeginText:
		return m.before&afterNothing != 0
	case opBeginLine:
		return m.before&(afterNothing|afterLine) != 0
	case opEndText:
		return m.after.end
	case opEndLine:
		return m.after.end || m.after.line
	case opWordB:
		return (m.before&afterWord != 0) != m.after.word
	case opNotWordB:
		return (m.before&afterWord != 0) == m.after.word
	}
	return false
}

// assign gives the values of d.made their registers: the variants of a tag are numbered in the order of the threads.
// It returns what has to be done to the registers; false if there are not enough, or the state is too large.
func (d *dfa) assign() ([]regOp, bool) {
	m, n := &d.made, d.n
	m.ops = m.ops[:0]
	if len(m.values) > maxStateBytes {
		return nil, false
	}
	var moves, sets []regOp
	for t := range n.tags {
		var to [256]uint8 // variant by value, one more
		next := uint8(0)
		moves, sets = moves[:0], sets[:0]
		for i := t; i < len(m.values); i += n.tags {
			v := m.values[i]
			if v == noValue {
				continue
			}
			if to[v] == 0 {
				if next == maxVariants {
					return nil, false
				}
				next++
				to[v] = next
				dst := n.register(t, next-1)
				switch v {
				case here:
					sets = append(sets, regOp{dst: dst, src: -1})
				case next - 1:
				default:
					moves = append(moves, regOp{dst: dst, src: n.register(t, v)})
				}
			}
			m.values[i] = to[v] - 1
		}
		m.ops = append(sequence(m.ops, moves), sets...)
	}
	return m.ops, true
}

// spare is a register that no tag has. Entries without one set it.
const spare = 0

// register returns the register of a variant of tag t.
func (n *nfa) register(t int, variant uint8) int32 {
	return int32(1 + int(variant)*n.tags + t) //nolint:gosec // bounded by maxTags and maxVariants
}

// sequence appends moves, which happen at once, in an order in which they can happen one after the other: a register is
// written when nobody waits for its value any more.
func sequence(ops, moves []regOp) []regOp {
	if len(moves) < 2 {
		return append(ops, moves...)
	}
	source := make(map[int32]int32, len(moves)) // of each register that is written
	readers := make(map[int32]int, len(moves))
	for _, o := range moves {
		source[o.dst] = o.src
		readers[o.src]++
	}
	var free []int32 // registers to be written that nobody reads
	for _, o := range moves {
		if readers[o.dst] == 0 {
			free = append(free, o.dst)
		}
	}
	write := func() {
		for len(free) > 0 {
			dst := free[len(free)-1]
			free = free[:len(free)-1]
			src := source[dst]
			delete(source, dst)
			ops = append(ops, regOp{dst: dst, src: src})
			if readers[src]--; readers[src] == 0 {
				if _, ok := source[src]; ok {
					free = append(free, src)
				}
			}
		}
	}
	write()
	for _, o := range moves { // what is left are cycles: the spare register keeps a value of each
		if _, ok := source[o.dst]; !ok {
			continue
		}
		last := o.dst
		for source[last] != o.dst { // the one that reads o.dst
			last = source[last]
		}
		ops = append(ops, regOp{dst: spare, src: o.dst})
		source[last] = spare
		readers[o.dst] = 0
		free = append(free, o.dst)
		write()
	}
	return ops
}

// describe sets m.key to what tells the state in the making from others, and returns what it must know of the symbol before.
func (d *dfa) describe(before prior) prior {
	m, n := &d.made, d.n
	var asked prior
	for _, pc := range m.next {
		if pc != done {
			asked |= n.asks[pc]
		}
	}
	before &= asked
	m.key = append(m.key[:0], byte(before), byte(before>>8))
	for _, pc := range m.next {
		m.key = append(m.key, byte(pc), byte(pc>>8), byte(pc>>16)) //nolint:gosec // bytes of the number
	}
	m.key = append(m.key, m.values...)
	return before
}

// intern returns the row of the state in the making, false if the table is full.
func (d *dfa) intern(before prior) (uint32, bool) {
	before = d.describe(before)
	m, n := &d.made, d.n
	if row, ok := d.index[string(m.key)]; ok {
		return row, true
	}
	t := d.table.Load()
	d.size += 2*len(m.key) + 4<<d.shift + 300
	row := uint32(len(t.states)) << d.shift //nolint:gosec // bounded by maxDFABytes
	if d.size > d.limit {
		return 0, false
	}
	s := &state{threads: slices.Clone(m.next), values: slices.Clone(m.values), before: before}
	if m.next[0] == done {
		s.final = &final{}
		for t := 0; t+1 < len(m.values); t += 2 {
			if m.values[t] != noValue && m.values[t+1] != noValue {
				if f := n.fields[t/2]; f != nil {
					s.final.captures = append(s.final.captures, finalCapture{f, n.register(t, 0)})
				} else {
					s.final.guards = append(s.final.guards, int32(t/2)) //nolint:gosec // bounded by maxTags
				}
			}
		}
	}
	u := *t
	u.states = append(u.states, s)
	if need := int(row) + 1<<d.shift; need > len(u.rows) {
		u.rows = make([]atomic.Uint32, 2*len(t.rows))
		for i := range t.rows {
			u.rows[i].Store(t.rows[i].Load())
		}
	}
	d.index[string(m.key)] = row
	d.table.Store(&u)
	return row, true
}

// step adds s to the steps.
func (d *dfa) step(s step) (uint32, bool) {
	t := d.table.Load()
	d.size += 40 + 8*len(s.ops)
	if d.size > d.limit {
		return 0, false
	}
	u := *t
	for _, o := range s.ops {
		u.registers = max(u.registers, int(max(o.dst, o.src))+1)
	}
	u.steps = append(u.steps, s)
	d.table.Store(&u)
	return entryStep | uint32(len(u.steps)-1), true //nolint:gosec // bounded by maxDFABytes
}
