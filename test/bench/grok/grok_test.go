// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grok

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logboom/logboom/internal/grok"
)

var (
	flagTime        = flag.Duration("time", 0, "how long each measurement takes; 0: a small run that only checks that the engines agree")
	flagRepetitions = flag.Int("repetitions", 5, "measurements of each engine, in turns")
	flagOnly        = flag.String("only", "", "part of the names to measure; empty: all")
)

const (
	own    = "Logboom"
	hand   = "Go regexp"
	theirs = "go-grok"
)

// plan says how long to measure.
func plan(t *testing.T) (lines, repetitions int, d time.Duration) {
	if *flagTime == 0 {
		return 300, 1, time.Millisecond
	}
	t.Logf("%s, %d processor(s) used of %d", runtime.Version(), runtime.GOMAXPROCS(0), runtime.NumCPU())
	return 3000, *flagRepetitions, *flagTime
}

// oneCore holds the run to one processor, as the figures say.
func oneCore(t *testing.T) {
	n := runtime.GOMAXPROCS(1)
	t.Cleanup(func() { runtime.GOMAXPROCS(n) })
}

func library(t *testing.T) *grok.Set {
	t.Helper()
	s, err := grok.NewSet(grok.LibraryECS)
	require.NoError(t, err)
	return s
}

func compile(t *testing.T, s *grok.Set, expr string) *grok.Pattern {
	t.Helper()
	p, err := s.Compile(expr)
	require.NoError(t, err, expr)
	return p
}

// corpusLines reads the lines of a system, nil if the corpora are not there.
func corpusLines(t *testing.T, system string) []string {
	t.Helper()
	dir := os.Getenv("LOGBOOM_CORPORA")
	if dir == "" {
		return nil
	}
	text, err := os.ReadFile(filepath.Join(dir, "logs", system, system+"_2k.log"))
	require.NoError(t, err)
	var out []string
	for line := range strings.Lines(string(text)) {
		out = append(out, strings.TrimRight(line, "\r\n"))
	}
	return out
}

// groupOf puts a kind of line and its three engines together, and checks that they see the same in it.
func groupOf(t *testing.T, s *grok.Set, b *bench, lines []string) *group {
	t.Helper()
	g := &group{name: b.name}
	add := func(name string, p parser) {
		g.candidates = append(g.candidates, &candidate{name: name, run: p, lines: lines})
	}
	add(own, ownParser(compile(t, s, b.own)))
	if b.hand != "" {
		add(hand, handParser(b.hand))
	}
	if b.goGrok != "" {
		p, err := goGrokParser(b.goGrok)
		require.NoError(t, err, b.goGrok)
		add(theirs, p)
	}
	first := g.candidates[0].pass()
	for _, c := range g.candidates[1:] {
		got := c.pass()
		if c.name == hand {
			assert.Equal(t, first, got, "%s: %s does not do the same as %s", b.name, c.name, own)
		} else if got.matched != first.matched { // it is told as much as its definitions can say
			t.Logf("%s: %s matches %d of %d lines, %s %d", b.name, c.name, got.matched, len(lines), own, first.matched)
		}
	}
	return g
}

func wanted(b *bench) bool { return strings.Contains(b.name, *flagOnly) }

// TestGrok measures the engine on kinds of lines.
func TestGrok(t *testing.T) {
	oneCore(t)
	n, repetitions, d := plan(t)
	s := library(t)

	first := []bench{access, access, access, access}
	first[0].name = "access log, anchored"
	first[1].name, first[1].own, first[1].hand, first[1].goGrok = "access log, not anchored", access.own[1:], access.hand[1:], access.goGrok[1:]
	first[2].name, first[2].line = "no match, anchored", (*maker).stranger
	first[3].name, first[3].line, first[3].own, first[3].hand, first[3].goGrok = "no match, not anchored", (*maker).stranger, access.own[1:], access.hand[1:], access.goGrok[1:]

	section := func(list []bench) (groups []*group) {
		for i := range list {
			b := &list[i]
			if !wanted(b) {
				continue
			}
			var lines []string
			if b.file == "" {
				lines = linesOf(n, b.line)
			} else if lines = corpusLines(t, b.file); lines == nil {
				t.Logf("%s: LOGBOOM_CORPORA is not set: its lines are not here", b.name)
				continue
			}
			groups = append(groups, groupOf(t, s, b, lines))
		}
		return groups
	}
	access, formats, headers := section(first), section(applications), section(systems)
	many := manyPatterns(t, s, n)
	all := append(append(append(append([]*group{}, access...), formats...), headers...), many...)
	measureAll(all, repetitions, d)

	w := os.Stdout
	fmt.Fprintln(w, "\nAccess log (HTTPD_COMBINEDLOG, numbers converted):")
	table(w, access, "lines", own, hand, theirs)
	fmt.Fprintln(w, "\nThe library's application formats, anchored:")
	table(w, formats, "lines", own, hand, theirs)
	fmt.Fprintln(w, "\nThe systems of the corpora, anchored:")
	table(w, headers, "lines", own, hand, theirs)
	fmt.Fprintln(w, "\nLists of patterns:")
	table(w, many, "lines", own, hand)
	both := append(append([]*group{}, headers...), formats...)
	for _, e := range []string{hand, theirs} {
		ratio, n := mean(both, e)
		fmt.Fprintf(w, "\nGeometric mean over %d formats and systems: %.1f times as fast as %s\n", n, ratio, e)
	}
}

// manyPatterns are lists of patterns: lines that none of 50 fits, and lines of all the formats.
func manyPatterns(t *testing.T, s *grok.Set, n int) []*group {
	t.Helper()
	var patterns []*grok.Pattern
	for _, name := range strings.Fields(formats) {
		if _, ok := s.Definition(name); ok && len(patterns) < 50 {
			patterns = append(patterns, compile(t, s, "^%{"+name+"}"))
		}
	}
	require.Len(t, patterns, 50, "the library lost formats")
	list := grok.NewList(patterns)
	var hands []string
	var kinds []func(*maker) string
	for _, b := range applications {
		hands, kinds = append(hands, b.hand), append(kinds, b.line)
	}
	none := &group{name: "none of 50 fits", candidates: []*candidate{
		{name: own, run: ownList(list), lines: linesOf(n, (*maker).stranger)},
		{name: hand, run: handList(hands), lines: linesOf(n, (*maker).stranger)},
	}}
	require.Zero(t, none.candidates[0].pass().matched, "a stranger is known")
	mixed := &group{name: "mixed formats, 50", candidates: []*candidate{
		{name: own, run: ownList(list), lines: linesOf(n, func(m *maker) string { return kinds[m.IntN(len(kinds))](m) })},
	}}
	return []*group{none, mixed}
}
