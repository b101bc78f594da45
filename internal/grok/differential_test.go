// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grok

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/dlclark/regexp2"
	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) {
	m.Run()
	regexp2.StopTimeoutClock()
}

// show makes the captures of a match comparable.
func show(captures []Capture, ok bool, err error) string {
	var b strings.Builder
	fmt.Fprint(&b, ok, err)
	for _, c := range captures {
		fmt.Fprintf(&b, " %s=%q", c.Field.Key(), c.Text)
	}
	return b.String()
}

// agree fails if the engines that can run p on text differ. The backtracking engine of regexp2 is the judge.
func agree(t *testing.T, p *Pattern, text string) {
	t.Helper()
	c, ok, err := p.Match(text, nil)
	got := show(c, ok, err)
	if p.fast != nil {
		c, ok, err = p.matchFast(text, nil)
		require.Equal(t, show(c, ok, err), got, "linear engine\npattern %s\ntext %q", p, text)
	}
	if len(text) < 2000 && utf8.ValidString(text) {
		if c, ok, err = p.matchSlow(text, nil); err == nil {
			require.Equal(t, show(c, ok, err), got, "judge\npattern %s\ntext %q", p, text)
		}
	}
}

// mutate changes a few bytes of text: takes some away, doubles some, puts others in.
func mutate(r *rand.Rand, text string) string {
	b := []byte(text)
	for range 1 + r.IntN(3) {
		if len(b) == 0 {
			break
		}
		at := r.IntN(len(b))
		switch r.IntN(4) {
		case 0:
			b = append(b[:at], b[min(at+1+r.IntN(4), len(b)):]...)
		case 1:
			b = append(b[:at], append([]byte(" -\"[]:/.9aZ\n\té")[r.IntN(13):][:1], b[at:]...)...)
		case 2:
			b[at] = " -\"[]:/.9aZ\n"[r.IntN(12)]
		case 3:
			to := min(at+1+r.IntN(8), len(b))
			b = append(b[:to], b[at:]...)
		}
	}
	return string(b)
}

// generate writes a text that n matches, look-around aside.
func generate(r *rand.Rand, n *node, b *strings.Builder) {
	switch n.op {
	case opClass:
		s := n.set
		for _, part := range []set{{' ', '~'}, {'0', '9', 'A', 'Z', 'a', 'z'}} {
			if narrow := s.intersect(part); len(narrow) > 0 && r.IntN(8) > 0 {
				s = narrow
			}
		}
		i := r.IntN(len(s)/2) * 2
		b.WriteRune(s[i] + rune(r.IntN(int(s[i+1]-s[i])+1)))
	case opAlt:
		generate(r, n.subs[r.IntN(len(n.subs))], b)
	case opRepeat:
		most := n.min + 5
		if n.max >= 0 {
			most = min(n.max, most)
		}
		for range n.min + r.IntN(most-n.min+1) {
			generate(r, n.subs[0], b)
		}
	case opConcat, opCapture, opAtomic:
		for _, sub := range n.subs {
			generate(r, sub, b)
		}
	}
}

// TestEnginesAgreeOnCorpora runs the corpora's patterns on their texts and on spoiled copies, on every engine.
func TestEnginesAgreeOnCorpora(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	texts := []string{}
	cases := readCorpus(t, "logstash.jsonl")
	for _, c := range cases {
		texts = append(texts, c.Input)
	}
	for i, c := range cases {
		if i%3 != 0 && testing.Short() {
			continue
		}
		s, err := NewSet(c.PatternSet)
		require.NoError(t, err)
		p, err := s.Compile(c.Pattern, WithMatchTimeout(200*time.Millisecond))
		if err != nil {
			continue
		}
		agree(t, p, c.Input)
		for range 5 {
			agree(t, p, mutate(r, c.Input))
		}
		agree(t, p, texts[r.IntN(len(texts))])
	}
}

// TestEnginesAgreeOnRandomPatterns builds patterns of every construct at random.
func TestEnginesAgreeOnRandomPatterns(t *testing.T) {
	s := &Set{defs: map[string]string{"W": `\b\w+\b`, "N": `(?<![0-9.])(?>[0-9]+(?:\.[0-9]+)?)`, "D": `.*?`, "G": `.*`}}
	r := rand.New(rand.NewPCG(3, 4))
	var build func(depth int) string
	atoms := []string{"a", "b", "ab", ".", "[ab]", "[^a]", "[é-ü]", `[\x{fffd}a]`, `\d`, " ", "1", `\b`, "^", "$", "é", "%{W:w}", "%{N:n}", "%{D:d}", "%{G:g}", "(?<x>a|ab)", "(?=a)", "(?!b)", "(?<=a)", "(?<!b)", "(?>a|ab)", "a*+", "[ab]++"}
	quantifiers := []string{"", "", "", "*", "+", "?", "*?", "+?", "??", "{2}", "{1,2}", "{0,2}?", "*+", "?+"}
	build = func(depth int) string {
		var b strings.Builder
		for range 1 + r.IntN(3) {
			if depth > 0 && r.IntN(3) == 0 {
				open := []string{"(?:", "(", "(?<y>", "(?>"}[r.IntN(4)]
				b.WriteString(open + build(depth-1) + "|" + build(depth-1) + ")" + quantifiers[r.IntN(len(quantifiers))])
				continue
			}
			a := atoms[r.IntN(len(atoms))]
			b.WriteString(a)
			if a != "^" && a != "$" && a != `\b` && len(a) < 6 && a[0] != '(' && !strings.HasSuffix(a, "+") {
				b.WriteString(quantifiers[r.IntN(len(quantifiers))])
			}
		}
		return b.String()
	}
	n := 4000
	if testing.Short() {
		n = 500
	}
	for range n {
		expr := build(2)
		p, err := s.Compile(expr, WithMatchTimeout(time.Second))
		require.NoError(t, err, expr)
		// Engines differ, each with reason, in what a group within a repetition holds after a round that consumed nothing.
		if (&builder{set: s}).parseText(expr).any(func(n *node) bool { return n.op == opRepeat && n.subs[0].nullable() }) {
			continue
		}
		for range 4 {
			var text strings.Builder
			for range r.IntN(10) {
				text.WriteString([]string{"a", "b", "ab", " ", "1", "12", ".", "é", "\n", "\xff", "\xe2\x82", "\xc3"}[r.IntN(12)])
			}
			agree(t, p, text.String())
		}
	}
}
