// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grok

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestGuardsDoNotAllocate: verifying what was dropped from a pattern costs no memory per text.
func TestGuardsDoNotAllocate(t *testing.T) {
	if raceEnabled {
		t.Skip("pools lose things under the race detector")
	}
	for expr, text := range map[string]string{
		`(?<a>\w+)(?! \d+x)`:          "word 12",
		`(?<=ab)(?<a>\w+)`:            "abword 12",
		`(?<a>(?>w|\w+)) ?(?<b>ord)`:  "word 12",
		`^(?!.*stop)(?<a>\w+)(?= \d)`: "word 12",
		`(?<a>\w+ \d+\Z)(?<b>\n)?`:    "word 12\n",
	} {
		p := compileAll(t, expr)[0]
		require.True(t, p.Regular(), expr)
		require.NotEmpty(t, p.automaton.guards, expr)
		dst := make([]Capture, 0, 4)
		match := func() {
			captures, ok, err := p.Match(text, dst)
			if !ok || err != nil || len(captures) == 0 {
				t.Fatal(expr, captures, ok, err)
			}
		}
		match()
		assert.Zero(t, testing.AllocsPerRun(100, match), expr)
	}
}

// TestGuardsOfLongTexts: a guard that looks over a long text still can tell.
func TestGuardsOfLongTexts(t *testing.T) {
	p := compileAll(t, `^(?<a>\w+)(?!(?: |-)*\d+x) (?<b>\S+)`)[0]
	require.NotEmpty(t, p.automaton.guards)
	text := "word" + strings.Repeat(" -", 50_000) + "12"
	require.True(t, p.automaton.guards[0].ok(text, 4, 4))
	require.False(t, p.automaton.guards[0].ok(text+"x", 4, 4))
}

// TestEndOfTextIsRegular: \Z is what it is in Oniguruma, and for all that regular.
func TestEndOfTextIsRegular(t *testing.T) {
	texts := []string{"a 1", "a 1\n", "a 1\n\n", "a\n1", "1\n2\n", "1\n\n2", "1\n\n", "", "\n", "\n\n", "1\r\n", "é\n", "1\n\xff"}
	for _, tc := range []struct {
		expr    string
		regular bool
		guards  int
	}{
		{`(?<x>\d)\Z`, true, 0},
		{`^(?<w>\w)(?: (?<x>\d))?\Z`, true, 0},
		{`(?<x>\d)(?:\Z|,)`, true, 0},
		{`(?<x>\d)\Z|(?<y>\s)\Z`, true, 0},
		{`(?<x>\s*)(?:\Z)`, true, 0},
		{`(?<x>.*?)\Z`, true, 0},
		{`(?<x>\d+?)\Z\z`, true, 1},
		{`\Z`, true, 0},
		{`(?<x>\d\Z)`, true, 1},
		{`(?<x>.*?)\Z(?<y>.*)`, true, 1},
		{`(?<x>.*?)\Z(?<y>\n?)`, true, 1},
		{`(?<x>.*?)(?:\Z)?(?<y>\n?)`, true, 1},
		{`(?<x>.)\Z\n`, true, 1},
		{`(?<x>(?>\w+))\Z`, true, 0},
		{`(?<x>(?>1|1\n))\Z`, true, 1},
		{`(?<x>\s)(?=\Z)`, false, 0},
		{`(?:(?<x>.)\Z?)+`, false, 0},
		{`(?:(?<x>.)(?:\Z|a)){2}`, false, 0},
		{`(?<q>.)\k<q>\Z`, false, 0},
	} {
		x, err := newTrial(ecs(t), tc.expr)
		require.NoError(t, err)
		assert.Equal(t, tc.regular, x.p.Regular(), tc.expr)
		if tc.regular && x.p.Regular() {
			assert.Len(t, x.p.automaton.guards, tc.guards, tc.expr)
		}
		for _, text := range texts {
			assert.Empty(t, x.differ(text))
		}
	}
}
