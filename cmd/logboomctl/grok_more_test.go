// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestGrokSeveral: the first parser in the order of the command line wins and is named; one alone is not.
func TestGrokSeveral(t *testing.T) {
	for _, tc := range []struct {
		name, in string
		args     []string
		want     []string
	}{
		{"patterns", "7\nab\n-\n", []string{"--pattern", `^%{INT:n:int}$`, "--pattern", `^%{WORD:w}$`}, []string{
			`{"matched":true,"pattern":"^%{INT:n:int}$","captures":{"n":7}}`,
			`{"matched":true,"pattern":"^%{WORD:w}$","captures":{"w":"ab"}}`,
			`{"matched":false,"captures":{}}`,
		}},
		{"the order is that of all kinds", "a 1\n", []string{"--dissect", `%{x} %{y}`, "--pattern", `%{WORD:w}`, "--regex", `(?P<r>\w)`}, []string{
			`{"matched":true,"pattern":"%{x} %{y}","captures":{"x":"a","y":"1"}}`,
		}},
		{"a regular expression", "a=1\n", []string{"--regex", `(?P<k>\w+)=(?P<v>\d+)`}, []string{`{"matched":true,"captures":{"k":"a","v":"1"}}`}},
		{"dissect", "a 1\nb\n", []string{"--dissect", `%{x} %{y}`}, []string{`{"matched":true,"captures":{"x":"a","y":"1"}}`, `{"matched":false,"captures":{}}`}},
		{
			"auto", "{\"a\":1.50,\"b\":{\"c\":[12345678901234567890]}}\nlevel=info msg=\"a \\\"b\\\" é\" n=1\nI0102 15:04:05.000000       1 main.go:5] hi\n{\"a\":}\nsome words\n",
			[]string{"--auto"},
			[]string{
				`{"matched":true,"format":"json","captures":{"a":1.50,"b":{"c":[12345678901234567890]}}}`,
				`{"matched":true,"format":"logfmt","captures":{"level":"info","msg":"a \"b\" é","n":"1"}}`,
				`{"matched":true,"format":"klog","captures":{"caller":"main.go:5","level":"I","message":"hi","process":{"thread":{"id":1}},"timestamp":"0102 15:04:05.000000"}}`,
				`{"matched":false,"captures":{}}`,
				`{"matched":false,"captures":{}}`,
			},
		},
		{"auto last", "a=1 b=2\nx\n", []string{"--pattern", "^x$", "--auto"}, []string{
			`{"matched":true,"pattern":"auto","format":"logfmt","captures":{"a":"1","b":"2"}}`,
			`{"matched":true,"pattern":"^x$","captures":{}}`,
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			code, out, errs := runCtl(t, tc.in, append([]string{"grok"}, tc.args...)...)
			assert.Equal(t, 0, code, errs)
			assert.Empty(t, errs)
			assert.Equal(t, strings.Join(tc.want, "\n")+"\n", out)
		})
	}
}

// TestGrokExplain: the standard output stays JSON, the text goes to the standard error.
func TestGrokExplain(t *testing.T) {
	code, out, errs := runCtl(t, "192.0.2.7 took 5 ms\n192.0.2.7 tok 5 ms\n", "grok", "--explain", "--pattern", `^%{IP:[source][ip]} took %{INT:ms:int}`)
	require.Equal(t, 0, code)
	assert.Equal(t, `{"matched":true,"captures":{"ms":5,"source":{"ip":"192.0.2.7"}},"explain":{"pieces":[{"piece":"^","from":0,"to":0,"text":""},`+
		`{"piece":"%{IP:[source][ip]}","path":["IP:[source][ip]"],"from":0,"to":9,"text":"192.0.2.7"},{"piece":" took ","from":9,"to":15,"text":" took "},`+
		`{"piece":"%{INT:ms:int}","path":["INT:ms"],"from":15,"to":16,"text":"5"}]}}`+"\n"+
		`{"matched":false,"captures":{},"explain":{"pieces":[{"piece":"^","from":0,"to":0,"text":""},`+
		`{"piece":"%{IP:[source][ip]}","path":["IP:[source][ip]"],"from":0,"to":9,"text":"192.0.2.7"}],"stop":{"offset":12,"expected":"ok "}}}`+"\n", out)
	assert.Equal(t, "line 1: match\n"+
		"      0 -                                        `^`\n"+
		"      0 \"192.0.2.7\"                              `%{IP:[source][ip]}`\n"+
		"      9 \" took \"                                 ` took `\n"+
		"     15 \"5\"                                      `%{INT:ms:int}`\n"+
		"line 2: no match: stopped at byte 12, where `ok ` was expected\n"+
		"  192.0.2.7 tok 5 ms\n"+
		"              ^\n"+
		"      0 -                                        `^`\n"+
		"      0 \"192.0.2.7\"                              `%{IP:[source][ip]}`\n", errs)

	// Of several, the one that matches or got furthest.
	code, out, errs = runCtl(t, "ab 1x\nab 12\n", "grok", "--explain", "--pattern", `^ab c`, "--regex", `^ab \d(?P<n>\d)`, "--dissect", "%{a}|%{b}")
	require.Equal(t, 0, code)
	assert.Contains(t, errs, "line 1: ^ab \\d(?P<n>\\d): no match: stopped at byte 4, where `(?<n>[0-9])` was expected\n")
	for i, line := range strings.Split(strings.TrimSpace(out), "\n") {
		var r grokResult
		require.NoError(t, json.Unmarshal([]byte(line), &r))
		assert.Equal(t, i == 1, r.Matched)
		require.NotNil(t, r.Explain)
		assert.Equal(t, `^ab \d(?P<n>\d)`, r.Explain.Pattern)
	}
	_, out, errs = runCtl(t, "a|b\n", "grok", "--explain", "--dissect", "%{a}|%{b}")
	assert.Equal(t, `{"matched":true,"captures":{"a":"a","b":"b"}}`+"\n", out)
	assert.Empty(t, errs)
	code, out, _ = runCtl(t, strings.Repeat("a", 10<<20)+"\n", "grok", "--explain", "--pattern", `^%{HTTPD_COMBINEDLOG}`)
	assert.Equal(t, 0, code)
	assert.Contains(t, out, `"partial":true`)
}

func TestGrokCheck(t *testing.T) {
	file := filepath.Join(t.TempDir(), "own")
	require.NoError(t, os.WriteFile(file, []byte("ID [a-z]+\nBAD x(\n"), 0o600))
	code, out, errs := runCtl(t, "ab\n", "grok", "--pattern-files", file, "--pattern", "%{ID:id}")
	assert.Equal(t, 0, code, errs)
	assert.Equal(t, `{"matched":true,"captures":{"id":"ab"}}`+"\n", out)
	code, _, errs = runCtl(t, "", "grok", "--check", "--pattern-files", file, "--define", "WORS=%{WORDD}")
	assert.Equal(t, 2, code)
	assert.Equal(t, "logboomctl: pattern file "+file+", line 2: ( is not closed (write \\( for the text itself) (definition BAD, offset 1)\n  x(\n   ^\n"+
		"definition: unknown pattern \"WORDD\", there is \"WORD\" (definition WORS, offset 2)\n  %{WORDD}\n    ^\n", errs)
	code, out, errs = runCtl(t, "x\n", "grok", "--check", "--define", "A=b")
	assert.Equal(t, 0, code, errs)
	assert.Equal(t, "1 definition, no mistake\n", out)

	// All mistakes at once: lines that are no definition do not hide expressions that are wrong.
	require.NoError(t, os.WriteFile(file, []byte("NOEXPR\nBAD-NAME x\nBAD x(\n"), 0o600))
	code, _, errs = runCtl(t, "", "grok", "--check", "--pattern-files", file, "--define", "X-Y=a", "--define", "Z")
	assert.Equal(t, 2, code)
	for _, want := range []string{", line 1: definition must be", `, line 2: name of a pattern must be`, ", line 3: ( is not closed", `--define: name of a pattern must be letters, digits and _, got "X-Y"`, `--define must be NAME=REGEX, got "Z"`} {
		assert.Contains(t, errs, want)
	}
	code, _, errs = runCtl(t, "", "grok", "--pattern", "(", "--regex", "(?=x)")
	assert.Equal(t, 2, code)
	assert.Contains(t, errs, "--pattern (parser 1): ( is not closed")
	assert.Contains(t, errs, "--regex (parser 2): look-ahead")
}

// TestGrokTrouble: a line that cannot be tried to the end is told of, and the next parser and the next line go on.
func TestGrokTrouble(t *testing.T) {
	slow := `^(?<c>a|b|ab)*(?:\k<c>b)?$`
	hard := strings.Repeat("ab", 40) + strings.Repeat("ba", 40) + "!"
	code, out, errs := runCtl(t, "ab\n"+hard+"\nb\n", "grok", "--pattern", slow)
	assert.Equal(t, 1, code)
	assert.Equal(t, `{"matched":true,"captures":{"c":"b"}}`+"\n"+`{"matched":false,"captures":{},"error":"step limit reached"}`+"\n"+
		`{"matched":true,"captures":{"c":"b"}}`+"\n", out)
	assert.Equal(t, "line 2: match pattern: step limit reached\nlogboomctl: lines with an error: 1\n", errs)

	code, out, errs = runCtl(t, hard+"\n", "grok", "--pattern", slow, "--regex", `(?P<last>.)$`)
	assert.Equal(t, 0, code)
	assert.Empty(t, errs)
	assert.Equal(t, `{"matched":true,"pattern":"(?P<last>.)$","captures":{"last":"!"}}`+"\n", out)

	code, out, errs = runCtl(t, "\"a\"\nb\n\"c\"\n{}\n", "grok", "--jsonl", "--pattern", `(?<x>.)`)
	assert.Equal(t, 1, code)
	lines := strings.Split(out, "\n")
	require.Len(t, lines, 5)
	assert.Equal(t, `{"matched":true,"captures":{"x":"a"}}`, lines[0])
	assert.True(t, strings.HasPrefix(lines[1], `{"matched":false,"captures":{},"error":"must be a JSON string: `), lines[1])
	assert.Equal(t, `{"matched":true,"captures":{"x":"c"}}`, lines[2])
	assert.True(t, strings.HasPrefix(lines[3], `{"matched":false,"captures":{},"error":"must be a JSON string: `), lines[3])
	assert.Contains(t, errs, "line 2: must be a JSON string: ")
	assert.Contains(t, errs, "line 4: must be a JSON string: ")
	assert.Contains(t, errs, "logboomctl: lines with an error: 2\n")
}

func TestGrokMoreMistakes(t *testing.T) {
	for _, tc := range []struct {
		args []string
		want string
	}{
		{[]string{"--pattern", ""}, "--pattern must not be empty"},
		{[]string{"--regex", `a(b`}, "logboomctl: missing closing )"},
		{[]string{"--dissect", `%{a`}, "logboomctl: %{ is not closed"},
		{[]string{"--pattern", "x", "--pattern", "%{y"}, "logboomctl: --pattern (parser 2): %{ is not closed (pattern, offset 0)\n  %{y\n  ^\n"},
		{[]string{"--auto=maybe"}, "must be true or false"},
		{[]string{"--auto=false"}, "--pattern must not be empty"},
		{[]string{"--pattern", "((a{1000}){1000}){1000}"}, "grows beyond 1000000 elements"},
	} {
		code, _, errs := runCtl(t, "x\n", append([]string{"grok"}, tc.args...)...)
		assert.Equal(t, 2, code, tc.args)
		assert.Contains(t, errs, tc.want)
	}
}
