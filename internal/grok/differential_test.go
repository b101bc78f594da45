// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grok

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

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

// trial is a pattern and its judges.
type trial struct {
	p      *Pattern
	first  *reference
	second *secondJudge
	tally  *tally
}

// tally counts texts, so that a test can tell whether it saw enough.
type tally struct{ texts, matched, captured, unknown, gaveUp, second int }

func (c *tally) String() string {
	return fmt.Sprintf("%d texts, %d match with %d captures, the reference knew all but %d, the engine gave up %d, regexp2 saw %d",
		c.texts, c.matched, c.captured, c.unknown, c.gaveUp, c.second)
}

func newTrial(s *Set, expr string, opts ...Option) (*trial, error) {
	p, err := s.Compile(expr, opts...)
	if err != nil {
		return nil, err
	}
	first, err := newReference(s, expr, opts...)
	if err != nil {
		return nil, err
	}
	x := &trial{p: p, first: first, tally: &tally{}}
	x.second, err = newSecondJudge(first)
	return x, err
}

// differ returns how the engine and its judges differ on text, "" if they agree.
func (x *trial) differ(text string) string {
	want, wantOK, wantErr := x.first.match(text, !x.p.Regular())
	x.tally.texts++
	if wantErr != nil {
		x.tally.unknown++
	}
	if wantOK {
		x.tally.matched++
		x.tally.captured += len(want)
	}
	var got string
	for range 2 { // an engine that builds itself as it goes must say the same when it is built
		captures, ok, err := x.p.Match(text, nil)
		if errors.Is(err, ErrSteps) && (wantErr != nil || x.machine()) {
			x.tally.gaveUp++
			return ""
		}
		again := show(captures, ok, err)
		if got != "" && again != got {
			return fmt.Sprintf("pattern %s\ntext    %q\nfirst   %s\nsecond  %s", x.p, text, got, again)
		}
		got = again
	}
	expected := show(want, wantOK, wantErr)
	if wantErr == nil && expected != got {
		return fmt.Sprintf("pattern %s\ntext    %q\nengine  %s\njudge   %s", x.p, text, got, expected)
	}
	if wantErr != nil || !x.second.speaks(text) {
		return ""
	}
	captures, ok, err := x.second.match(text)
	if err != nil {
		return ""
	}
	x.tally.second++
	if expected := show(captures, ok, nil); expected != got {
		return fmt.Sprintf("pattern %s\ntext    %q\nengine  %s\nregexp2 %s", x.p, text, got, expected)
	}
	return ""
}

// machine reports whether the backtracking machine can have a say: it may give up.
func (x *trial) machine() bool { return x.p.automaton == nil || len(x.p.automaton.guards) > 0 }

// agree fails if p, compiled with s, does not match text as the reference does.
func agree(t *testing.T, s *Set, p *Pattern, text string) {
	t.Helper()
	x, err := newTrial(s, p.String())
	require.NoError(t, err)
	x.p = p
	require.Empty(t, x.differ(text))
}

// TestEnginesAgreeOnTable holds what once went wrong, or could.
func TestEnginesAgreeOnTable(t *testing.T) {
	s := ecs(t)
	for _, tc := range []struct {
		pattern string
		texts   []string
	}{
		// Rounds that consume nothing.
		{`(?<x>a*)*`, []string{"", "aa", "b", "aab"}},
		{`(?<x>a*)+`, []string{"", "aa", "b"}},
		{`(?<x>a|b*)*`, []string{"aabb", "ba", "c"}},
		{`(?:(?<x>a)|(?<y>b)|)*`, []string{"abab", "ba", "c", "aca"}},
		{`(?:|(?<x>a))*`, []string{"aa", ""}},
		{`(?:|(?<x>a))+`, []string{"aa", ""}},
		{`(?:|(?<x>a)){2,}b`, []string{"aab", "aaab", "b"}},
		{`(?:(?<x>a?)(?<y>b?)){3}c`, []string{"abc", "ababababc", "c"}},
		{`(?:(?<x>a*?)(?<y>b??))*?c`, []string{"abc", "aabbac"}},
		{`(?:\b(?<x>\w*))*z`, []string{"abz", "z", "ab z"}},
		// Captures of rounds that were.
		{`(?:(?<x>a)|(?<y>b))+`, []string{"ab", "ba", "aab"}},
		{`(?:(?<x>a)?b)+`, []string{"abb", "bab"}},
		{`(?<x>(?<y>a|ab)(?<z>c|bcd))(?<w>d*)`, []string{"abcd", "acd"}},
		// Called groups: of the threads of one state each has its own idea of where x begins, also in a circle of registers.
		{`(?<x>a)\g<x>`, []string{"aa", "aaa", "a"}},
		{`(?<x>a|b.)\g<x>?(?<y>\g<x>)`, []string{"aaa", "abab", "bab1a"}},
		{`^(?<x>[ab])(?:.b|\g<x>cd|.ce)$`, []string{"abce", "abcd", "abb", "abc"}},
		{`^(?<x>[abc])(?:..b|\g<x>.cd|.\g<x>ce|..cf)$`, []string{"abccd", "abcce", "abccf", "abcb", "abcc"}},
		// What a choice prefers, and where a match begins.
		{`(?<x>a|ab)(?<y>c|bcd)?`, []string{"abcd"}},
		{`(?<x>.*?)(?<y>a+?)$`, []string{"baaa", "a\nba"}},
		{`(?<x>.*)(?<y>\d+)`, []string{"ab 123", "1"}},
		{`(?<x>b|a.*c|a)`, []string{"xab", "xaxc"}},
		{`a(?<x>.*)b|(?<y>a)c`, []string{"ac", "xacab", "aac"}},
		// Anchors in the middle, at line ends, at both ends.
		{`^(?<x>\w+)$`, []string{"a b\nc\nd", "\n\n", "a"}},
		{`(?:^|,)(?<x>[^,]*)(?:,|$)`, []string{"a,b", ",", "", "a\nb"}},
		{`\A(?<x>.)|(?<y>.)\z`, []string{"ab", "\n"}},
		{`(?<x>a)\Z`, []string{"a\n", "a", "a\n\n"}},
		{`(?<x>\w+)\b(?<y>.?)\B`, []string{"ab ", "ab  c", "é a"}},
		// Bytes that are no UTF-8, and runes around the borders.
		{`(?<x>.)(?<y>.)`, []string{"\xff\xfe", "é\x80", "\xe2\x82", "\xe2\x82\xac€", "\xed\xa0\x80", "\U0010ffff\ufffd", "\xf4\x90\x80\x80"}},
		{`(?<x>\x{fffd}+)`, []string{"a\xffb", "\ufffd\xff", "é"}},
		{`(?<x>[^a]+)a`, []string{"\xffa", "éa", "€\xe2\x82a"}},
		{`(?<x>[à-ÿ]+)`, []string{"aéèb", "\xc3\xa9\xc3", "Ã©"}},
		{`(?i)(?<x>k+)(?<y>ſ*)`, []string{"KkKS", "kſs"}},
		// A pattern that begins with anything begins where the text does, but not always.
		{`.*?(?<x>\d)`, []string{"a1", "\n1", "a"}},
		{`(?>.*?)(?<x>\d)`, []string{"a1"}},
		{`(?<x>.*?)++\d`, []string{"a1"}},
		{`(?<x>.*)\k<x>(?<y>\d)`, []string{"ab1", "abab1"}},
		{`(?<x>.*?)\n?\k<x>1`, []string{"ab1"}},
		{`(?:.*|b)(?<x>c)`, []string{"abc", "\nbc"}},
		// The same with a guard, which has to follow the same rule.
		{`(?<x>a*|b)*+(?<=a)+`, []string{"ab1 baé", "ab"}},
		{`(?<x>a*|b)++b+?`, []string{"abb", "b"}},
		// Not regular.
		{`(?<q>["'])(?<x>.*?)\k<q>`, []string{`a "b' c" d`, `'a"`, `""`}},
		{`(?<x>a+)(?=b)(?<y>.*)`, []string{"aab", "aac aab"}},
		{`(?<x>(?>a+|b))(?<y>a|b)`, []string{"aab", "ba", "aaa"}},
		{`(?<!a|bc)(?<x>d.)`, []string{"ad1 bcd2 cd3", "d4"}},
		{`(?:(?!stop)(?<x>.))*`, []string{"abstop", "stop", "ab"}},
		{`(?=(?<x>a+))(?<y>a)`, []string{"baaa"}},
		{`(?!(?<x>a)b)(?<y>a.)`, []string{"abac"}},
		{`(?<x>\w++)(?<y>\w)?`, []string{"ab c"}},
		{`(?<x>(?:a|ab)*+)c`, []string{"abc", "aac"}},
		{`(?<x>\d+)(?<y>[.,]\d+){0,2}(?!\d)`, []string{"1.2,3.4", "12"}},
	} {
		x, err := newTrial(s, tc.pattern)
		require.NoError(t, err, tc.pattern)
		for _, text := range tc.texts {
			require.Empty(t, x.differ(text))
		}
	}
}

// TestEnginesAgreeOnCorpora runs the corpora's patterns on their texts, on spoiled copies and on each other's texts.
func TestEnginesAgreeOnCorpora(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2+seed()))
	texts := []string{}
	cases := readCorpus(t, "logstash.jsonl")
	for _, c := range cases {
		texts = append(texts, c.Input)
	}
	sum := &tally{}
	for i, c := range cases {
		if i%3 != 0 && testing.Short() {
			continue
		}
		s, err := NewSet(c.PatternSet)
		require.NoError(t, err)
		x, err := newTrial(s, c.Pattern)
		if err != nil {
			continue
		}
		x.tally = sum
		require.Empty(t, x.differ(c.Input))
		for range 5 {
			require.Empty(t, x.differ(mutate(r, c.Input)))
		}
		require.Empty(t, x.differ(texts[r.IntN(len(texts))]))
	}
	t.Log(sum)
	require.Less(t, sum.gaveUp, sum.texts/100)
	require.Greater(t, sum.matched, sum.texts/4)
	require.Less(t, sum.unknown, sum.texts/10)
}

// TestEnginesAgreeOnSmallPatterns puts constructs together at random and runs them on short texts of the same letters, so
// that most of what can meet does meet.
func TestEnginesAgreeOnSmallPatterns(t *testing.T) {
	n := 6000
	if testing.Short() || raceEnabled {
		n = 800
	}
	r := rand.New(rand.NewPCG(3, 4+seed()))
	sum := &tally{}
	for range n {
		expr := smallPattern(r)
		x, err := newTrial(smallSet, expr)
		if err != nil && strings.Contains(err.Error(), "nothing to repeat") { // an anchor
			continue
		}
		require.NoError(t, err, expr)
		x.tally = sum
		for range 5 {
			require.Empty(t, x.differ(smallText(r)))
		}
	}
	t.Log(sum)
	require.Less(t, sum.gaveUp, sum.texts/100)
	require.Greater(t, sum.captured, sum.texts/12)
}

// TestEnginesAgreeOnLibrary composes patterns of the libraries' definitions and runs them on lines made from them.
func TestEnginesAgreeOnLibrary(t *testing.T) {
	n := 500
	if testing.Short() || raceEnabled {
		n = 60
	}
	sum := &tally{}
	for i := range n {
		g := newComposer(seed()*1_000_000 + uint64(i))
		expr := g.pattern()
		x, err := newTrial(g.set, expr)
		require.NoError(t, err, expr)
		x.tally = sum
		for range 12 {
			require.Empty(t, x.differ(g.line(x.first)), "composer %d", i)
		}
	}
	t.Log(sum)
	require.Less(t, sum.gaveUp, sum.texts/100)
	require.Greater(t, sum.matched, sum.texts/4)
	require.Less(t, sum.unknown, sum.texts/10)
}
