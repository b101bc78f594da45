// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redact

// Each step of the automaton waits for the table entry of the step before. Reading four quarters of a text in turn
// lets four such waits overlap. A chain that begins in the middle of a text knows nothing of what came before, so the
// chain before it goes on over the seam until both are in the same state; from there on they cannot differ.
const (
	prefilterBlock    = 16 << 10
	prefilterParallel = 64
)

// hit is the place behind the end of a trigger, and the state that says which.
type hit struct {
	end   int
	state uint32
}

// prefilter collects the hits of a block, in order. It is part of a scanner.
type prefilter struct {
	hits   []hit
	chains [4][]hit
}

// block reads s, which begins at base in the whole text, from the given state on, and returns the state at its end.
func (p *prefilter) block(a *automaton, s string, base int, state uint32) uint32 {
	p.hits = p.hits[:0]
	if len(s) < prefilterParallel {
		return p.serial(a, s, base, state)
	}
	q := len(s) / 4
	s0, s1, s2, s3 := s[:q], s[q:2*q], s[2*q:3*q], s[3*q:4*q]
	s1, s2, s3 = s1[:len(s0)], s2[:len(s0)], s3[:len(s0)]
	t0, t1, t2, t3 := state, a.root, a.root, a.root
	next, class, accept := a.next, &a.class, a.accept
	met := false
	for i := 0; i < len(s0); i++ {
		t0 = next[t0+uint32(class[s0[i]])]
		t1 = next[t1+uint32(class[s1[i]])]
		t2 = next[t2+uint32(class[s2[i]])]
		t3 = next[t3+uint32(class[s3[i]])]
		if t0 >= accept || t1 >= accept || t2 >= accept || t3 >= accept {
			if !met {
				met = true
				for k := range p.chains {
					p.chains[k] = p.chains[k][:0]
				}
			}
			p.collect(accept, base+i+1, q, t0, t1, t2, t3)
		}
	}
	if met {
		p.hits = append(p.hits, p.chains[0]...)
	}
	carried := t0
	for k, last := range [3]uint32{t1, t2, t3} {
		carried = p.seam(a, s, base, (k+1)*q, (k+2)*q, carried, last, met, k+1)
	}
	return p.serial(a, s[4*q:], base+4*q, carried)
}

func (p *prefilter) collect(accept uint32, end, q int, states ...uint32) {
	for k, t := range states {
		if t >= accept {
			p.chains[k] = append(p.chains[k], hit{end + k*q, t})
		}
	}
}

// seam goes on with the state that is carried over a seam, beside the chain that began there afresh, until both agree.
// Until then the carried state sees all that the fresh one sees, and more. It returns the state at the quarter's end.
func (p *prefilter) seam(a *automaton, s string, base, from, to int, carried, last uint32, met bool, chain int) uint32 {
	fresh := a.root
	i := from
	for ; i < to && carried != fresh; i++ {
		c := uint32(a.class[s[i]])
		carried, fresh = a.next[carried+c], a.next[fresh+c]
		if carried >= a.accept {
			p.hits = append(p.hits, hit{base + i + 1, carried})
		}
	}
	if met {
		for _, h := range p.chains[chain] {
			if h.end > base+i {
				p.hits = append(p.hits, h)
			}
		}
	}
	if carried != fresh {
		return carried
	}
	return last
}

func (p *prefilter) serial(a *automaton, s string, base int, state uint32) uint32 {
	next, class, accept := a.next, &a.class, a.accept
	for i := 0; i < len(s); i++ {
		if state = next[state+uint32(class[s[i]])]; state >= accept {
			p.hits = append(p.hits, hit{base + i + 1, state})
		}
	}
	return state
}
