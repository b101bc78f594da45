// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redact

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	flagTime        = flag.Duration("time", 0, "how long each measurement takes at least; 0: a small run that only checks what is masked")
	flagRepetitions = flag.Int("repetitions", 5, "measurements of each candidate, in turns")
	flagOnly        = flag.String("only", "", "part of the names to measure; empty: all")
)

// plan says how many lines to take and how long to measure.
func plan(t *testing.T) (lines, repetitions int, d time.Duration) {
	n := runtime.GOMAXPROCS(1) // as the figures say
	t.Cleanup(func() { runtime.GOMAXPROCS(n) })
	if *flagTime == 0 {
		return 400, 1, 0
	}
	return 10_000, *flagRepetitions, *flagTime
}

// set is a number of lines, and what was planted in them.
type set struct {
	name           string
	lines, planted []string
	bytes          int
}

// sets are the lines of the corpora, if they are there, and lines of the benchmark's own; clean and dirty.
func sets(t *testing.T, n int) []*set {
	t.Helper()
	own := madeLines(n)
	list := []*set{{name: "own lines, clean", lines: own}}
	clean := realLines(t, n)
	if clean == nil {
		t.Log("LOGBOOM_CORPORA is not set: only lines of the benchmark's own, whose figures are others")
		clean = own
	} else {
		list = append([]*set{{name: "clean lines", lines: clean}}, list...)
	}
	for _, percent := range []int{1, 10} {
		lines, planted := dirty(clean, float64(percent)/100)
		list = append(list, &set{name: fmt.Sprintf("%d %% dirty", percent), lines: lines, planted: planted})
	}
	for _, s := range list {
		for _, l := range s.lines {
			s.bytes += len(l)
		}
	}
	return list
}

func (s *set) candidate(name string, e engine) *candidate {
	return &candidate{lines: s.name, name: name, records: len(s.lines), bytes: s.bytes, pass: func() (seen int) {
		for _, l := range s.lines {
			if _, ok := e(l); ok {
				seen++
			}
		}
		return seen
	}}
}

func wanted(list []*candidate) (out []*candidate) {
	for _, c := range list {
		if strings.Contains(c.lines+", "+c.name, *flagOnly) {
			out = append(out, c)
		}
	}
	return out
}

// checkClean asks that nearly all lines are clean, and that those cost no allocation.
func checkClean(t *testing.T, s *set, e engine) {
	t.Helper()
	var clean []string
	for _, l := range s.lines {
		if _, seen := e(l); !seen {
			clean = append(clean, l)
		}
	}
	assert.GreaterOrEqual(t, len(clean), len(s.lines)-len(s.lines)/1000, "%s: findings", s.name)
	assert.Zero(t, testing.AllocsPerRun(2, func() {
		for _, l := range clean {
			e(l)
		}
	}), "%s: allocations for clean lines", s.name)
}

// TestEngines measures engines on lines: text in, masked text out.
func TestEngines(t *testing.T) {
	n, repetitions, d := plan(t)
	plain, everything := scanner(t, false), scanner(t, true)
	leaks := gitleaksDetector(t)
	var list []*candidate
	for _, s := range sets(t, n) {
		var masked strings.Builder
		for _, l := range s.lines {
			out, _ := ownEngine(plain)(l)
			masked.WriteString(out + "\n")
		}
		for _, v := range s.planted {
			assert.NotContains(t, masked.String(), v, s.name)
		}
		if s.planted == nil {
			t.Logf("%s: %d lines, %d bytes a line", s.name, len(s.lines), s.bytes/len(s.lines))
			checkClean(t, s, ownEngine(plain))
		}
		list = append(list, s.candidate("Logboom", ownEngine(plain)))
		list = append(list, s.candidate("Logboom, network too", ownEngine(everything)))
		if s.planted == nil {
			list = append(list,
				s.candidate("Logboom, prefilter alone", ownPrefilter(plain)),
				s.candidate("Logboom, prefilter alone, network too", ownPrefilter(everything)),
				s.candidate("Aho-Corasick alone", ahoCorasick(leaks, false)))
		}
		list = append(list,
			s.candidate("Aho-Corasick + regexp", ahoCorasick(leaks, true)),
			s.candidate("gitleaks", gitleaks(leaks)),
			s.candidate("8 expressions", eightExpressions()))
	}
	list = wanted(list)
	measureAll(list, repetitions, d)
	fmt.Fprintln(os.Stdout, "\nText in, masked text out:")
	table(t, list)
}

// TestLines keeps the planted lines as they are meant.
func TestLines(t *testing.T) {
	lines, planted := dirty(madeLines(400), 0.1)
	require.Len(t, planted, 80)
	all := strings.Join(lines, "\n")
	for _, v := range planted {
		require.Contains(t, all, v)
	}
}
