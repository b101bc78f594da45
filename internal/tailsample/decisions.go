// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package tailsample

// decided is a decision as it is remembered.
type decided struct {
	threshold, randomness uint64
	given                 uint64
	policy                uint8
	keep, explicit        bool
	alias                 bool // of a link: the decision is that of a trace
}

func (d *decided) decision() Decision {
	return Decision{Policy: d.policy, Threshold: d.threshold, Randomness: d.randomness, Given: d.given, Explicit: d.explicit}
}

// decisionBytes is what a decision takes in a map: 48 bytes, a byte of control, and room between 7/16 and 7/8 full.
const decisionBytes = 96

// decisions remembers what was decided, in two generations: when the younger one is full the older one is forgotten, and
// what was asked for since then is in the younger one.
type decisions struct {
	young, old map[Key]decided
	max        int // of a generation
}

func newDecisions(maxBytes int64) decisions {
	return decisions{young: map[Key]decided{}, max: max(1, int(maxBytes/decisionBytes/2))}
}

func (m *decisions) get(key Key) (d decided, ok bool) {
	if d, ok = m.young[key]; ok {
		return d, true
	}
	if d, ok = m.old[key]; ok {
		m.put(key, d)
	}
	return d, ok
}

func (m *decisions) put(key Key, d decided) {
	if len(m.young) >= m.max {
		if _, ok := m.young[key]; !ok {
			m.old, m.young = m.young, make(map[Key]decided, m.max/4)
		}
	}
	m.young[key] = d
}

// len counts a decision that is in both generations twice.
func (m *decisions) len() int { return len(m.young) + len(m.old) }
