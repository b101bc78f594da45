// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grok

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// readNotation returns the plain definitions that text in the library's notation stands for.
func readNotation(t *testing.T, library, text string) (map[string]string, error) {
	t.Helper()
	n := notation{set: &Set{defs: map[string]string{}}, library: library}
	if err := n.read(strings.NewReader(text)); err != nil {
		return nil, err
	}
	return n.definitions()
}

func TestNotation(t *testing.T) {
	for _, tc := range []struct{ name, text, ecs, legacy string }{
		{"plain", "# text\n\nX a%{INT:n:int}b", "X a%{INT:n:int}b", "X a%{INT:n:int}b"},
		{"fields", "X %{IP:[a][b]:int|a}", "X %{IP:[a][b]:int}", "X %{IP:a}"},
		{"no field in one", "X %{IP:[a]|}%{IP:|b:int}", "X %{IP:[a]}%{IP}", "X %{IP}%{IP:b:int}"},
		{"groups", `X (?<[a][b]|a>\d)(?<t>.)(?<=a|b)(?<!c|d)`, `X (?<[a][b]>\d)(?<t>.)(?<=a|b)(?<!c|d)`, `X (?<a>\d)(?<t>.)(?<=a|b)(?<!c|d)`},
		{"one library", "X@ecs-v1 a\nX@legacy b", "X a", "X b"},
		{"continued", "X a\n  b|c\n\n# text\n  \\ d", `X ab|c\ d`, `X ab|c\ d`},
		{"or else", `X %{-|INT:[a]|b} %{\(empty\)|INT}`, `X (?:-|%{INT:[a]}) (?:\(empty\)|%{INT})`, `X (?:-|%{INT:b}) (?:\(empty\)|%{INT})`},
		{"pieces", "p %{q}?|b\nX %{p}%{-|p}\nq@ecs-v1 %{IP:a|b}\nq@legacy ", "X (?:(?:%{IP:a})?|b)(?:-|(?:%{IP:a})?|b)", "X (?:(?:)?|b)(?:-|(?:)?|b)"},
		{"family", "X_{A_B,C}_Y {}: { } %{Z_{}}", "X_A_B_Y A_B: A B %{Z_A_B}\nX_C_Y C: C %{Z_C}", "X_A_B_Y A_B: A B %{Z_A_B}\nX_C_Y C: C %{Z_C}"},
		{"all that begin so", "X %{A_*}\nA_2 x\nA_1@legacy y", "A_2 x\nX (?:%{A_2})", "A_1 y\nA_2 x\nX (?:%{A_2}|%{A_1})"},
		{"percent", `X %%{INT}\(?<a>%\h{2}`, `X %%{INT}\(?<a>%\h{2}`, `X %%{INT}\(?<a>%\h{2}`},
	} {
		for library, want := range map[string]string{LibraryECS: tc.ecs, LibraryLegacy: tc.legacy} {
			defs, err := readNotation(t, library, tc.text)
			require.NoError(t, err, tc.name)
			lines := []string{}
			for _, name := range (&Set{defs: defs}).Names() {
				lines = append(lines, name+" "+defs[name])
			}
			assert.Equal(t, want, strings.Join(lines, "\n"), "%s, %s", tc.name, library)
		}
	}
}

func TestNotationMistakes(t *testing.T) {
	for text, want := range map[string]string{
		"X@new a":                `X: unknown library "new"`,
		"X a\nX b":               "X is defined twice",
		"X-Y a":                  "must be letters, digits and _",
		"X %{INT":                "X: %{ is not closed",
		"X %{none}":              "X: %{none} is no piece",
		"X %{p:f}\np a":          "X: %{p:f} is no piece",
		"X %{p}\np %{q}\nq %{p}": "pieces nest too deep",
		"X %{A_*}":               "X: no name begins with A_",
	} {
		_, err := readNotation(t, LibraryECS, text)
		assert.ErrorContains(t, err, want, text)
	}
}

// TestLibraryIsPlain: nothing of the notation is left in the definitions, and no piece is to be seen.
func TestLibraryIsPlain(t *testing.T) {
	notation := regexp.MustCompile(`%\{[^}:]*\||%\{\w+:[^}=]*\||%\{[a-z]|%\{\w*\*|\(\?<\w[^>]*\|`)
	for library, least := range map[string]int{LibraryECS: 361, LibraryLegacy: 317} {
		s, err := NewSet(library)
		require.NoError(t, err)
		require.Greater(t, len(s.Names()), least)
		for _, name := range s.Names() {
			expr, _ := s.Definition(name)
			assert.Regexp(t, `^[A-Z][A-Z0-9_]*$`, name)
			assert.NotRegexp(t, notation, expr, name)
		}
	}
}
