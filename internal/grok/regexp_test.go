// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grok

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// goMatch shows what Go's regexp captures in named groups, as show does.
func goMatch(re *regexp.Regexp, text string) string {
	m := re.FindStringSubmatchIndex(text)
	if m == nil {
		return show(nil, false, nil)
	}
	var captures []Capture
	for g, name := range re.SubexpNames() {
		if name != "" && m[2*g] < m[2*g+1] {
			captures = append(captures, Capture{Field: &Field{Path: []string{name}}, Text: text[m[2*g]:m[2*g+1]]})
		}
	}
	return show(captures, true, nil)
}

// sameAsGo returns how p and re differ on text, "" if they do not.
func sameAsGo(p *Pattern, re *regexp.Regexp, text string) string {
	for range 2 {
		captures, ok, err := p.Match(text, nil)
		if got, want := show(captures, ok, err), goMatch(re, text); got != want {
			return fmt.Sprintf("regexp %s\ntext   %q\nengine %s\nGo     %s", re, text, got, want)
		}
	}
	return ""
}

func TestRegexp(t *testing.T) {
	for expr, texts := range map[string][]string{
		`^(?P<urgency>\w+) (?P<message>.*)$`:      {"high a b", "high a\nb", "x"},
		`(?<a>a)(?P<b>b)(c)(?:d)`:                 {"abcd", "abc"},
		`(?i)(?P<x>straße|K)`:                     {"STRASSE", "STRAßE", "\u212a", "kk"},
		`(?s)(?P<x>.+)`:                           {"a\nb"},
		`(?P<x>.+)`:                               {"a\nb", "\n\nb"},
		`(?m)^(?P<x>\w*)$`:                        {"\nab\n", "a b\nc", "a\r\nb"},
		`^(?P<x>\w*)$`:                            {"ab\n", "ab"},
		`(?U)(?P<x>a+)(?P<y>b*?)(?P<z>c{1,2}?)`:   {"aaabbccc"},
		`(?P<x>a+?)(?P<y>a*)`:                     {"aaa"},
		`\b(?P<x>\w+)\b(?P<y>\B.)?`:               {"é ab é", "über", "a_1"},
		`\A(?P<x>[[:alpha:]]+)\z`:                 {"abc", "abc\n", "é"},
		`(?P<x>\pL+)\PL(?P<y>[^\d\s]*)`:           {"éa1b c", "中文 x"},
		`(?P<x>a|ab)(?P<y>c|bcd)(?P<z>d*)`:        {"abcd"},
		`(?P<x>\Qa.b\E)(?P<y>[\]^-]+)`:            {"a.b]^-", "axb]"},
		`(?P<x>a*)*`:                              {"aa", ""},
		`(?P<x>a*)+`:                              {"aa", "", "b"},
		`(?P<x>a|b*)*?c`:                          {"abc", "bbac"},
		`(?:|(?P<x>a))*`:                          {"aa"},
		`(?:|(?P<x>a))+b`:                         {"aab", "b"},
		`(?:(?P<x>a?)(?P<y>b??)){2,}`:             {"abab", "aabb", "b"},
		`(?:(?P<x>a)|b){2,3}`:                     {"ab", "bab", "baab"},
		`(?P<x>(?:a{0}b)?){3}`:                    {"bbb", ""},
		`(?P<x>.)(?P<y>\x{fffd})`:                 {"\xff\xff", "\xe2\x82", "é\xc3"},
		`[^\x00-\x{10FFFF}](?P<x>a)|(?P<y>b)`:     {"ab"},
		`(?P<x>(?:(?:a{1,10}){1,10}){1,10})$`:     {strings.Repeat("a", 100), strings.Repeat("a", 90) + "b"},
		`(?P<x>[a-z]{1,64})@(?P<y>[a-z.]{3,250})`: {"mail to frank@example.com now"},
		``:         {"", "a"},
		`(?P<x>)a`: {"a"},
	} {
		p, err := CompileRegexp(expr)
		require.NoError(t, err, expr)
		re := regexp.MustCompile(expr)
		for _, text := range texts {
			require.Empty(t, sameAsGo(p, re, text))
		}
	}
}

// TestRegexpNames: a name may occur twice, which Go does not allow.
func TestRegexpNames(t *testing.T) {
	check := func(expr, text, want string) {
		t.Helper()
		p, err := CompileRegexp(expr)
		require.NoError(t, err, expr)
		captures, ok, err := p.Match(text, nil)
		assert.Equal(t, want, show(captures, ok, err), expr)
	}
	check(`(?P<a>\d+)|(?<a>\w+)`, "x1", `true <nil> a="x1"`)
	check(`(?P<a>\d+) (?P<b>x) (?P<a>\d+)`, "1 x 2", `true <nil> a="1" b="x" a="2"`)
	check(`\(?P<a>(?P<a>x)[](?P<a>]+\Q(?P<a>\E[[:alpha:](?<](?P<a>y)`, "(P<a>x](?P<a>(?P<a>cy", `true <nil> a="x" a="y"`)
	check(`(?P<g1>x)(?P<a>y)(?P<a>z)`, "xyz", `true <nil> g1="x" a="y" a="z"`)

	p, err := CompileRegexp(`(?P<a>x)(y)(?P<b>z)`)
	require.NoError(t, err)
	require.Len(t, p.Fields(), 2)
	assert.Equal(t, []string{"b"}, p.Fields()[1].Path)
	assert.Equal(t, TypeString, p.Fields()[1].Type)
	assert.Equal(t, 2, p.Slots())
	assert.Equal(t, `(?P<a>x)(y)(?P<b>z)`, p.String())
}

func TestRegexpErrors(t *testing.T) {
	for expr, want := range map[string]string{
		`a(b`:                  "missing closing ) (pattern, offset 0)\n  a(b\n  ^",
		`ab[z-a]`:              "invalid character class range: z-a (pattern, offset 3)\n  ab[z-a]\n     ^",
		`a**`:                  "invalid nested repetition operator: ** (pattern, offset 1)\n  a**\n   ^",
		`x(?=a)`:               "look-ahead and look-behind are not in Go's syntax (RE2); a grok pattern may have them (pattern, offset 1)\n  x(?=a)\n   ^",
		`(?P<a>x)(?P<a>y)(`:    "missing closing ) (pattern, offset 0)\n  (?P<a>x)(?P<a>y)(\n  ^",
		`(?P<a b>x)`:           "name of a group must be letters, digits and _, got \"a b\" (pattern, offset 0)\n  (?P<a b>x)\n  ^",
		`(?P<a>.)(?P<a>.)(?<>`: "name of a group must be letters, digits and _, got \"\" (pattern, offset 16)\n  (?P<a>.)(?P<a>.)(?<>\n                  ^",
		`(?<=a)b`:              "look-ahead and look-behind are not in Go's syntax (RE2); a grok pattern may have them (pattern, offset 0)\n  (?<=a)b\n  ^",
		`(?<!a)(?P<x>b)`:       "look-ahead and look-behind are not in Go's",
		`a(?!b)`:               "look-ahead and look-behind are not in Go's",
		`a(?>b)`:               "atomic groups are not in Go's",
		`(a)\1`:                "back-references are not in Go's",
		`(?P<a>x)\k<a>`:        "back-references are not in Go's",
		`(?P<a>x)(?P=a)`:       "back-references are not in Go's",
		`a*+`:                  "possessive repetitions are not in Go's",
		`(?P<a.b>x)`:           "name of a group must be letters, digits and _, got \"a.b\" (pattern, offset 0)\n",
		`x(?<a`:                "name of a group is not closed with > (pattern, offset 1)\n",
		"a\xff":                "invalid UTF-8: a\xff (pattern, offset 0)",
	} {
		_, err := CompileRegexp(expr)
		var e *Error
		if assert.ErrorAs(t, err, &e, expr) {
			assert.True(t, strings.HasPrefix(err.Error(), want) || strings.HasPrefix(want, "invalid UTF-8"), "%s\n%v", expr, err)
		}
	}
	_, err := CompileRegexp(strings.Repeat("a", maxPatternSize+1))
	require.ErrorContains(t, err, "longer than")
	_, err = CompileRegexp(strings.Repeat("a", maxNodes+1))
	require.ErrorContains(t, err, "grows beyond")
}

// TestRegexpLikeGo runs random expressions on random texts, beside Go's own engine.
func TestRegexpLikeGo(t *testing.T) {
	n := 6000
	if testing.Short() || raceEnabled {
		n = 800
	}
	r := rand.New(rand.NewPCG(8, 9+seed()))
	matched := 0
	for range n {
		expr := randomRegexp(r)
		re, err := regexp.Compile(expr)
		require.NoError(t, err, expr)
		p, err := CompileRegexp(expr)
		require.NoError(t, err, expr)
		for range 6 {
			text := smallText(r)
			if re.MatchString(text) {
				matched++
			}
			require.Empty(t, sameAsGo(p, re, text))
			requireMatchAt(t, p, re, text)
		}
	}
	require.Greater(t, matched, n)
}

// requireMatchAt asks for no match before the leftmost one, and for the same there as Match gives.
func requireMatchAt(t *testing.T, p *Pattern, re *regexp.Regexp, text string) {
	t.Helper()
	first := len(text) + 1
	if loc := re.FindStringIndex(text); loc != nil {
		first = loc[0]
	}
	for at := 0; at <= min(first, len(text)); {
		captures, ok, _, err := p.MatchAt(text, at, nil)
		require.NoError(t, err)
		require.Equal(t, at == first, ok, "%s at %d of %q", p, at, text)
		if captures, ok, err := p.MatchFrom(text, at, nil); first <= len(text) {
			want, _, _ := p.Match(text, nil)
			require.NoError(t, err)
			require.True(t, ok, "%s from %d of %q", p, at, text)
			require.Equal(t, want, captures, "%s from %d of %q", p, at, text)
		}
		if ok {
			want, _, err := p.Match(text, nil)
			require.NoError(t, err)
			require.Equal(t, want, captures, "%s at %d of %q", p, at, text)
		}
		_, size := utf8.DecodeRuneInString(text[at:])
		at += max(size, 1)
	}
}

func randomRegexp(r *rand.Rand) string {
	atoms := []string{
		"a", "b", "ab", ".", "[ab]", "[^a]", "[é-ü]", `[\x{fffd}a]`, `\d`, `\W`, " ", "1", `\b`, `\B`, "^", "$", `\A`, `\z`, "é", "(?i:A|É)", "(?s:.)",
		"(?m:^)", "(?m:$)", "[[:alpha:]]", `\pL`, `\n`, `[^\x00-\x{10FFFF}]`, "(?:)",
	}
	quantifiers := []string{"", "", "", "*", "+", "?", "*?", "+?", "??", "{2}", "{1,2}", "{0,2}?", "{2,}", "{3,}?", "{0}"}
	names := 0
	var build func(depth int) string
	build = func(depth int) string {
		var b strings.Builder
		for range 1 + r.IntN(3) {
			q := quantifiers[r.IntN(len(quantifiers))]
			if depth == 0 || r.IntN(5) < 3 {
				b.WriteString(atoms[r.IntN(len(atoms))] + q)
				continue
			}
			names++
			open := anyOf(r, "(?:", "(", "(?i:", "(?U:", fmt.Sprintf("(?P<g%d>", names), fmt.Sprintf("(?<g%d>", names))
			body := build(depth - 1)
			for range r.IntN(3) {
				body += "|" + build(depth-1)
			}
			b.WriteString(open + body + ")" + q)
		}
		return b.String()
	}
	return anyOf(r, "", "", "", "^", "(?s)", "(?m)", "(?i)", "(?U)", `\A`) + build(3)
}
