// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grok

import (
	"strings"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestStepsArePaid: what looks at many things costs steps in proportion.
func TestStepsArePaid(t *testing.T) {
	for _, tc := range []struct {
		name, pattern, text string
		least               int
	}{
		{"least of a span", `(?<q>x?)a{3200}b\k<q>`, strings.Repeat("a", 3200), 200},
		{"least of a span beyond ASCII", `(?<q>x?)\p{Alpha}{3200}1\k<q>`, strings.Repeat("é", 3200), 1600},
		{"span with a bound", `(?<q>x?)[ab]{0,4000}c\k<q>`, strings.Repeat("a", 3200), 200},
		{"span", `(?<q>x?)[ab]+c\k<q>`, strings.Repeat("a", 3200), 200},
		{"span beyond ASCII", `(?<q>x?)\p{Alpha}++1\k<q>`, strings.Repeat("é", 3200), 1600},
		{"span given back", `(?<q>x?)[ab]+(?<=a)c\k<q>`, strings.Repeat("a", 3200) + strings.Repeat("b", 3200), 600},
		{"lazy span", `(?<q>x?)[ab]+?c\k<q>`, strings.Repeat("a", 3200), 200},
		{"lazy span beyond ASCII", `(?<q>x?)\p{Alpha}+?1\k<q>`, strings.Repeat("é", 3200), 1600},
		{"literal", `(?<q>x?)` + strings.Repeat("a", 6400) + `c\k<q>`, strings.Repeat("a", 6401), 100},
		{"back-reference", `(?<q>a{6400})\k<q>b`, strings.Repeat("a", 12_800), 500},
		{"look-behind", `(?<q>x?)[ab]+(?<=[ab]{1600})c\k<q>`, strings.Repeat("a", 3200) + "c", 400},
		{"alternatives", `(?<q>x?)(?:` + strings.Repeat("c|", 800) + `(?=e)a)\k<q>`, "a", 100},
		{"atomic groups", `(?<q>y?)` + strings.Repeat("(?>", 100) + `(?:a(?<x>a?))*` + strings.Repeat("z?)", 100) + `c\k<q>`, strings.Repeat("a", 800), 10_000},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := compileAll(t, tc.pattern)[0]
			m := newMachine(p.program(), p.starts, DefaultMaxSteps)
			require.NotEqual(t, gaveUp, m.matchAt(tc.text, 0))
			assert.GreaterOrEqual(t, DefaultMaxSteps-m.steps, tc.least)
		})
	}
}

// TestStepsEnd: a pattern whose every step is as much work as can be gives up nevertheless.
func TestStepsEnd(t *testing.T) {
	for _, tc := range []struct{ pattern, text string }{
		{`(?<q>x?)a{100000}c\k<q>`, "c" + strings.Repeat("a", 150_000)},
		{`(?<q>x?)\p{Alpha}{10000}1\k<q>`, "1" + strings.Repeat("é", 15_000)},
		{`(?<q>a{70000})a*?\k<q>b`, "b" + strings.Repeat("a", 200_000)},
		{`(?<q>x?)a*?(?:` + strings.Repeat("c|", 5000) + `(?=e)a)c\k<q>`, "c" + strings.Repeat("a", 20_000)},
		{`(?:(?<q>a)|aa)*\k<q>b`, "b" + strings.Repeat("a", 1000)},
	} {
		_, _, err := compileAll(t, tc.pattern)[0].Match(tc.text, nil)
		require.ErrorIs(t, err, ErrSteps, "%.40s", tc.pattern)
	}
}

// TestStepsGrowWithText: the budget is never too small for what takes a few steps at each place of the text.
func TestStepsGrowWithText(t *testing.T) {
	p, err := ecs(t).Compile(`(?<q>["'])(?<x>\w+)\k<q>`, WithMaxSteps(10))
	require.NoError(t, err)
	captures, ok, err := p.Match(strings.Repeat(`"a `, 1000)+`'a'`, nil)
	require.NoError(t, err)
	require.True(t, ok)
	require.Len(t, captures, 2)
	p, err = ecs(t).Compile(`(?:(?<q>a)|aa)*\k<q>b`, WithMaxSteps(10))
	require.NoError(t, err)
	_, _, err = p.Match("b"+strings.Repeat("a", 100), nil)
	require.ErrorIs(t, err, ErrSteps)
}

// TestMachineIsReadyAgain: a place where nothing matched leaves nothing behind for the next.
func TestMachineIsReadyAgain(t *testing.T) {
	p := compileAll(t, `(?:(?<a>a)|(?>(?<b>b)(?<c>c)?)|(?=(?<d>d))d|(?!(?<e>e)f)e)*(?<q>[12])\k<q>`)[0]
	m := newMachine(p.program(), p.starts, DefaultMaxSteps)
	for _, text := range []string{"abcde12", "bcbcdd", "aaa1", "e2", "efef", "bd12", ""} {
		for at := range len(text) + 1 {
			require.Equal(t, noMatch, m.matchAt(text, at))
			require.Empty(t, m.stack)
			for slot, v := range m.slots {
				require.Equal(t, -1, v, "slot %d after %q from %d", slot, text, at)
			}
		}
	}
	require.Equal(t, matched, m.matchAt("abcde11", 0))
}

// TestLiteralsAreOneInstruction: a run of letters takes memory in proportion to its length.
func TestLiteralsAreOneInstruction(t *testing.T) {
	for expr, most := range map[string]int{
		strings.Repeat("a", 28_000):                                1,
		strings.Repeat("ab", 100) + "(?:cd(?:ef))g" + `\x68i`:      1,
		"(?:" + strings.Repeat("ab", 100) + "){20}":                20,
		"ab(?<x>cd)ef[gh]ij":                                       4,
		"(?:" + strings.Repeat("x", 9000) + ")(?:yz|" + "uv" + ")": 4,
	} {
		p := compileAll(t, expr+`(?<q>.)\k<q>`)[0]
		size, literals := 0, 0
		for i := range p.program().insts {
			in := &p.program().insts[i]
			if size += int(unsafe.Sizeof(*in)) + len(in.str); in.op == iString || in.op == iByte {
				literals++
			}
		}
		assert.LessOrEqual(t, literals, most, "%.20s", expr)
		assert.Less(t, size, 4*len(expr)+10_000, "%.20s", expr)
	}
}
