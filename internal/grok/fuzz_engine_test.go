// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grok

import (
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzEngine: any pattern on any text gives what the reference gives.
func FuzzEngine(f *testing.F) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 60 {
		f.Add(smallPattern(r), smallText(r))
	}
	f.Add(`%{WORD:a} %{IP:b}|(?<q>['"])%{DATA:c}\k<q>`, "x 192.0.2.1 'y'")
	s := ecs(f)
	f.Fuzz(func(t *testing.T, expr, text string) {
		if len(expr) > 200 || len(text) > 300 || strings.Count(expr, "{") > 6 {
			return
		}
		x, err := newTrial(s, expr)
		if err != nil {
			return
		}
		if wrong := x.differ(text); wrong != "" {
			t.Fatalf("%s\nshort   %q", wrong, shrink(text, func(s string) bool { return x.differ(s) != "" }))
		}
	})
}

// FuzzLibrary: a pattern composed of the libraries' definitions, by its seed, gives on any text what the reference gives.
func FuzzLibrary(f *testing.F) {
	for seed := range uint64(50) {
		g := newComposer(seed)
		ref, err := newReference(g.set, g.pattern())
		require.NoError(f, err)
		f.Add(seed, g.line(ref))
	}
	f.Fuzz(func(t *testing.T, seed uint64, text string) {
		if len(text) > 400 {
			return
		}
		g := newComposer(seed)
		x, err := newTrial(g.set, g.pattern())
		require.NoError(t, err)
		for _, text := range []string{text, g.line(x.first), g.line(x.first)} {
			if wrong := x.differ(text); wrong != "" {
				t.Fatalf("%s\nshort   %q", wrong, shrink(text, func(s string) bool { return x.differ(s) != "" }))
			}
		}
	})
}

// FuzzRegexp: what Go's regexp compiles, CompileRegexp compiles, and they match alike.
func FuzzRegexp(f *testing.F) {
	r := rand.New(rand.NewPCG(2, 2))
	for range 60 {
		f.Add(randomRegexp(r), smallText(r))
	}
	f.Add(`(?P<a>x)|(?P<a>y)`, "y")
	f.Fuzz(func(t *testing.T, expr, text string) {
		if len(expr) > 200 || len(text) > 300 {
			return
		}
		re, err := regexp.Compile(expr)
		if err != nil {
			_, _ = CompileRegexp(expr) // may know more; must not panic
			return
		}
		p, err := CompileRegexp(expr)
		if err != nil {
			if strings.Contains(err.Error(), "grows beyond") {
				return
			}
			t.Fatalf("regexp %q: %v", expr, err)
		}
		if wrong := sameAsGo(p, re, text); wrong != "" {
			t.Fatalf("%s\nshort  %q", wrong, shrink(text, func(s string) bool { return sameAsGo(p, re, s) != "" }))
		}
	})
}
