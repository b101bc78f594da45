// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grok

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logboom/logboom/internal/cputime"
)

// TestErrors shows the message and the place of every kind of mistake.
func TestErrors(t *testing.T) {
	s := ecs(t)
	for name, expr := range map[string]string{"LOOP": `a%{LOOPB}`, "LOOPB": `b%{LOOP}`, "BROKEN": `x(y`, "USES": `ab%{BROKEN}`, "TICKET_OPENED": "a", "TICKET_CLOSED": "b"} {
		require.NoError(t, s.Define(name, expr))
	}
	for expr, want := range map[string]string{
		// references
		`a %{`:                 "%{ must be followed by the name of a pattern (write %\\{ for the text itself) (pattern, offset 2)\n  a %{\n    ^",
		`%{ WORD}`:             "%{ must be followed by the name of a pattern (write %\\{ for the text itself) (pattern, offset 0)\n  %{ WORD}\n  ^",
		`%{}`:                  "%{ must be followed by the name of a pattern (write %\\{ for the text itself) (pattern, offset 0)\n  %{}\n  ^",
		`%{WORD`:               "%{ is not closed (pattern, offset 0)\n  %{WORD\n  ^",
		`%{WORD:a %{WORD:b}`:   "%{ is not closed before the next one (pattern, offset 0)\n  %{WORD:a %{WORD:b}\n  ^",
		`%{HOST-NAME}`:         "unexpected \"-\" in a reference, which is %{NAME}, %{NAME:field} or %{NAME:field:type} (pattern, offset 6)\n  %{HOST-NAME}\n        ^",
		`%{WORD:a/b}`:          "unexpected \"/\" in a reference, which is %{NAME}, %{NAME:field} or %{NAME:field:type} (pattern, offset 8)\n  %{WORD:a/b}\n          ^",
		`%{WORD :a}`:           "blank within a reference, which is %{NAME}, %{NAME:field} or %{NAME:field:type} (pattern, offset 6)\n  %{WORD :a}\n        ^",
		`%{WORD: a}`:           "field name is empty (pattern, offset 7)\n  %{WORD: a}\n         ^",
		`%{WORD:}`:             "field name is empty (pattern, offset 7)\n  %{WORD:}\n         ^",
		`%{INT:a:number}`:      "unknown type \"number\", known are string, int, integer, long, float, double, bool, boolean (pattern, offset 8)\n  %{INT:a:number}\n          ^",
		`%{INT:a:}`:            "unknown type \"\", known are string, int, integer, long, float, double, bool, boolean (pattern, offset 8)\n  %{INT:a:}\n          ^",
		`%{word}`:              "unknown pattern \"word\", there is \"WORD\" (pattern, offset 2)\n  %{word}\n    ^",
		`%{NOSUCH:a}`:          "unknown pattern \"NOSUCH\" (pattern, offset 2)\n  %{NOSUCH:a}\n    ^",
		`%{HTTPDCOMBINED_LOG}`: "unknown pattern \"HTTPDCOMBINED_LOG\", there is \"HTTPD_COMBINEDLOG\" (pattern, offset 2)\n  %{HTTPDCOMBINED_LOG}\n    ^",
		`%{GREEDYDTAA:m}`:      "unknown pattern \"GREEDYDTAA\", there is \"GREEDYDATA\" (pattern, offset 2)\n  %{GREEDYDTAA:m}\n    ^",
		`%{TICKET:t}`:          "unknown pattern \"TICKET\", there are \"TICKET_CLOSED\", \"TICKET_OPENED\" (pattern, offset 2)\n  %{TICKET:t}\n    ^",
		`%{MINE=x} %{MIEN}`:    "unknown pattern \"MIEN\", there is \"MINE\" (pattern, offset 12)\n  %{MINE=x} %{MIEN}\n              ^",
		`%{LOOP}`:              "pattern LOOP refers to itself: LOOP > LOOPB > LOOP (definition LOOPB, offset 3, by way of LOOP > LOOPB)\n  b%{LOOP}\n     ^",
		`x %{USES}`:            "( is not closed (write \\( for the text itself) (definition BROKEN, offset 1, by way of USES > BROKEN)\n  x(y\n   ^",
		`[%{WORD:a}]`:          "reference within [ ] (write \\[ for the text [ itself, %\\{ for %{) (pattern, offset 1)\n  [%{WORD:a}]\n   ^",
		`%{INT:[a][]:int}`:     "field \"[a][]\" has an empty part (pattern, offset 9)\n  %{INT:[a][]:int}\n           ^",
		`%{INT:[a][b:int}`:     "field \"[a][b\" has a [ that is not closed (pattern, offset 9)\n  %{INT:[a][b:int}\n           ^",
		`%{INT:a]}`:            "field \"a]\" must be a name or [nested][name] (pattern, offset 6)\n  %{INT:a]}\n        ^",
		`%{INT:a[b]}`:          "field \"a[b]\" must be a name or [nested][name] (pattern, offset 6)\n  %{INT:a[b]}\n        ^",
		`%{INT:[a]b}`:          "field \"[a]b\" must be a name or [nested][name] (pattern, offset 9)\n  %{INT:[a]b}\n           ^",
		`(?<[a[b]]>x)`:         "field \"[a[b]]\" has a [ that is not closed (pattern, offset 3)\n  (?<[a[b]]>x)\n     ^",
		// groups
		`é)`:                  "unmatched ) (write \\) for the text itself) (pattern, offset 2)\n  é)\n   ^",
		`a|(b`:                "( is not closed (write \\( for the text itself) (pattern, offset 2)\n  a|(b\n    ^",
		`(?<>x)`:              "group name is empty (pattern, offset 3)\n  (?<>x)\n     ^",
		`(?<1a>x)`:            "group name must not begin with a digit or -, got \"1a\" (pattern, offset 3)\n  (?<1a>x)\n     ^",
		`(?<a)b>x)`:           "group name \"a)b\" is not closed with > (pattern, offset 3)\n  (?<a)b>x)\n     ^",
		`(?y)`:                "unknown group (?y (pattern, offset 2)\n  (?y)\n    ^",
		`(?)x`:                "unknown group (?) (pattern, offset 2)\n  (?)x\n    ^",
		`(?#x`:                "comment is not closed (pattern, offset 0)\n  (?#x\n  ^",
		`(?<a>x)?(?(<a>)b|c)`: "conditional group (?(…) is not supported: write both cases as alternatives (pattern, offset 8)\n  (?<a>x)?(?(<a>)b|c)\n          ^",
		`(?~abc)`:             "absent operator (?~…) is supported for a single character or class only (pattern, offset 0)\n  (?~abc)\n  ^",
		`(?<=a*)b`:            "look-behind must not be of unbounded length (pattern, offset 0)\n  (?<=a*)b\n  ^",
		`(?<=(a|bc){9})b`:     "look-behind must not have more than 256 lengths (pattern, offset 0)\n  (?<=(a|bc){9})b\n  ^",
		// references to groups
		`(?<a>x)\k<b>`:        "back-reference to a group that is not there (pattern, offset 7)\n  (?<a>x)\\k<b>\n         ^",
		`(x)\2`:               "back-reference to a group that is not there (pattern, offset 3)\n  (x)\\2\n     ^",
		`(x)\k<-2>`:           "back-reference to a group that is not there (pattern, offset 3)\n  (x)\\k<-2>\n     ^",
		`(x)(?<a>y)\1`:        "back-reference to a group that is not there: groups without a name have no number beside named ones, use \\k<name> (pattern, offset 10)\n  (x)(?<a>y)\\1\n            ^",
		`(?<a>x)\k<1>`:        "group 1 has no number because there are named groups here: refer to it by name (pattern, offset 7)\n  (?<a>x)\\k<1>\n         ^",
		`(?<a>x)\k<a+1>`:      "reference to a level of recursion is not supported (pattern, offset 7)\n  (?<a>x)\\k<a+1>\n         ^",
		`(?i)(?<a>x)\k<a>`:    "back-reference that ignores case is not supported: put (?-i) before it (pattern, offset 11)\n  (?i)(?<a>x)\\k<a>\n             ^",
		`(?<a>x\g<a>?)`:       "recursion (a group that calls itself) is not supported (pattern, offset 6)\n  (?<a>x\\g<a>?)\n        ^",
		`a\g<0>?`:             "recursion \\g<0> is not supported (pattern, offset 1)\n  a\\g<0>?\n   ^",
		`\g<a>`:               "call of a group that is not there (pattern, offset 0)\n  \\g<a>\n  ^",
		`(?<a>x)(?<a>y)\g<a>`: "call of a group whose name occurs more than once (pattern, offset 14)\n  (?<a>x)(?<a>y)\\g<a>\n                ^",
		`\k<`:                 "name of the group is not closed (pattern, offset 0)\n  \\k<\n  ^",
		// repetitions
		`*a`:                    "nothing to repeat before * (pattern, offset 0)\n  *a\n  ^",
		`a|{2,3}`:               "nothing to repeat before {2,3} (pattern, offset 2)\n  a|{2,3}\n    ^",
		`a{3,2}`:                "repetition {3,2} ends below its start (pattern, offset 1)\n  a{3,2}\n   ^",
		`a{100001}`:             "repetition beyond 100000 (pattern, offset 1)\n  a{100001}\n   ^",
		`x((a{1000}){1000}){9}`: "pattern grows beyond 1000000 elements with its repetitions written out (pattern, offset 2)\n  x((a{1000}){1000}){9}\n    ^",
		// classes and escapes
		`[a`:           "[ is not closed (write \\[ for the text itself) (pattern, offset 0)\n  [a\n  ^",
		`[]`:           "[ is not closed (write \\[ for the text itself) (pattern, offset 0)\n  []\n  ^",
		`[z-a]`:        "range ends below its start (pattern, offset 1)\n  [z-a]\n   ^",
		`[a-\d]`:       "range ends with a class (write \\- for the text -) (pattern, offset 2)\n  [a-\\d]\n    ^",
		`[a-[b]]`:      "range ends with a class (write \\- for the text -) (pattern, offset 2)\n  [a-[b]]\n    ^",
		`[[:alpah:]]`:  "unknown POSIX bracket [:alpah:], known are alnum, alpha, ascii, blank, cntrl, digit, graph, lower, print, punct, space, upper, word, xdigit (pattern, offset 1)\n  [[:alpah:]]\n   ^",
		`\p{Nonsense}`: "unknown property \"Nonsense\" (pattern, offset 0)\n  \\p{Nonsense}\n  ^",
		`\X`:           "\\X (a grapheme cluster) is not supported (pattern, offset 0)\n  \\X\n  ^",
		`\M-a`:         "meta character \\M- is not supported (pattern, offset 0)\n  \\M-a\n  ^",
		`\400`:         "octal code is beyond \\377 (pattern, offset 0)\n  \\400\n  ^",
		`\xg`:          "hexadecimal digits expected (pattern, offset 0)\n  \\xg\n  ^",
		`\u{110000}`:   "no such character (pattern, offset 0)\n  \\u{110000}\n  ^",
		`\`:            "pattern ends with a backslash (pattern, offset 0)\n  \\\n  ^",
		"a\xff":        "pattern is not UTF-8 (pattern, offset 1)\n  a\ufffd\n   ^",
	} {
		_, err := s.Compile(expr)
		var e *Error
		if assert.ErrorAs(t, err, &e, expr) {
			assert.Equal(t, want, err.Error())
		}
	}
	_, err := s.Compile(strings.Repeat("(", 300) + strings.Repeat(")", 300))
	require.ErrorContains(t, err, "nest deeper")
	for i := range 20 {
		require.NoError(t, s.Define(fmt.Sprintf("X%d", i), strings.Repeat(fmt.Sprintf("%%{X%d}", i+1), 10)))
	}
	require.NoError(t, s.Define("X20", "abc"))
	_, err = s.Compile("%{X0}")
	require.ErrorContains(t, err, "grows beyond")
}

// TestBombs: a pattern that is small in writing and huge in meaning is refused, and soon.
func TestBombs(t *testing.T) {
	s := ecs(t)
	for _, expr := range []string{
		`((a{1000}){1000}){1000}`,
		`((((a{100}){100}){100}){100})`,
		`(a` + strings.Repeat(`{2}`, 200) + `)`,
		`a` + strings.Repeat(`*`, 300),
		`(?<=` + strings.Repeat(`a?`, 30) + `)b`,
		`(?<a>x)(?<b>` + strings.Repeat(`\g<a>`, 100) + `)(?<c>` + strings.Repeat(`\g<b>`, 100) + `)(?<d>` + strings.Repeat(`\g<c>`, 100) + `)`,
		`(?i)[` + strings.Repeat(`\p{L}`, 10_000) + `]`,
		strings.Repeat(`[^\p{L}]`, 20_000),
		strings.Repeat(`(?:`, 100_000),
		strings.Repeat(`[`, 100_000),
	} {
		var err error
		took := cputime.Of(func() { _, err = s.Compile(expr) })
		var e *Error
		require.ErrorAs(t, err, &e, "%.40s", expr)
		require.Less(t, took, 20*time.Second, "%.40s", expr)
		t.Logf("%.40s: %s %v", expr, e.Msg, took)
	}
}
