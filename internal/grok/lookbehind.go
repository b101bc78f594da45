// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grok

// Engines look behind by a known number of runes. A look-behind of several lengths becomes one for each of them, so that it
// may hold what Oniguruma allows (alternatives of different lengths) and more (bounded repetitions).

// maxBehind bounds the alternatives that one look-behind is written out to.
const maxBehind = 256

// behind is a look-behind to be rewritten when its text is parsed whole.
type behind struct {
	node *node
	at   int
}

func (p *parser) lookBehind(at int, negative bool) *node {
	n := &node{op: opLook, behind: true, negative: negative, subs: []*node{p.body(at)}}
	p.behinds = append(p.behinds, behind{n, at})
	return n
}

// resolveBehinds rewrites the look-behinds, inner ones first.
func (p *parser) resolveBehinds() {
	for _, b := range p.behinds {
		sub := b.node.subs[0]
		if sub.any(func(n *node) bool { return n.op == opRepeat && n.max < 0 || n.op == opBackref }) {
			p.fail(b.at, "look-behind must not be of unbounded length")
		}
		ways, ok := variants(sub)
		if !ok {
			p.fail(b.at, "look-behind must not have more than %d lengths", maxBehind)
		}
		total := 0
		for _, w := range ways {
			total += w.count()
		}
		p.pos = b.at
		p.count(total)
		looks := make([]*node, len(ways))
		for i, w := range ways {
			switch {
			case w.width() > 0:
				looks[i] = &node{op: opLook, behind: true, negative: b.node.negative, subs: []*node{w}}
			case b.node.negative: // what has no width looks at the same place either way
				looks[i] = &node{op: opLook, negative: true, subs: []*node{w}}
			default:
				looks[i] = w
			}
		}
		out := looks[0]
		switch {
		case len(looks) > 1 && b.node.negative: // none of them
			out = &node{op: opConcat, subs: looks}
		case len(looks) > 1:
			out = &node{op: opAlt, subs: looks}
		}
		o := b.node.origin
		*b.node = *out
		b.node.origin = o
	}
}

// variants returns nodes of one width each that together match what n does, in its order of preference; ok is false if
// they are too many.
func variants(n *node) (out []*node, ok bool) {
	if n.width() >= 0 && n.op != opAlt {
		return []*node{n}, true
	}
	switch n.op {
	case opAlt:
		for _, s := range n.subs {
			v, ok := variants(s)
			if !ok || len(out)+len(v) > maxBehind {
				return nil, false
			}
			out = append(out, v...)
		}
		return out, true
	case opConcat:
		out = []*node{{op: opConcat}}
		for _, s := range n.subs {
			v, ok := variants(s)
			if !ok {
				return nil, false
			}
			if out, ok = cross(out, v); !ok {
				return nil, false
			}
		}
		return out, true
	case opRepeat:
		v, ok := variants(n.subs[0])
		if !ok {
			return nil, false
		}
		times := []*node{{op: opConcat}}
		for k := 0; k <= n.max; k++ {
			if k >= n.min {
				out = append(out, times...)
			}
			if k == n.max {
				break
			}
			if times, ok = cross(times, v); !ok || len(out)+len(times) > maxBehind {
				return nil, false
			}
		}
		return out, true
	case opCapture, opAtomic:
		v, ok := variants(n.subs[0])
		for _, w := range v {
			c := *n
			c.subs = []*node{w}
			out = append(out, &c)
		}
		return out, ok
	}
	return nil, false
}

// cross returns each of the concatenations a with each of b after it.
func cross(a, b []*node) ([]*node, bool) {
	if len(a)*len(b) > maxBehind {
		return nil, false
	}
	var out []*node
	for _, x := range a {
		for _, y := range b {
			subs := make([]*node, 0, len(x.subs)+1)
			out = append(out, &node{op: opConcat, subs: append(append(subs, x.subs...), y)})
		}
	}
	return out, true
}
