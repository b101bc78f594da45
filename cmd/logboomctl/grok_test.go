// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func runCtl(t *testing.T, in string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	cmd := newRootCommand()
	var out, errs bytes.Buffer
	cmd.SetIn(strings.NewReader(in))
	cmd.SetOut(&out)
	cmd.SetErr(&errs)
	cmd.SetArgs(args)
	return run(t.Context(), cmd), out.String(), errs.String()
}

func TestGrok(t *testing.T) {
	file := filepath.Join(t.TempDir(), "own")
	require.NoError(t, os.WriteFile(file, []byte("# own\nID [a-z]+-\\d+\n"), 0o600))
	for _, tc := range []struct {
		name, in string
		args     []string
		want     string
	}{
		{"nested and typed", "192.0.2.7 took 1.5 ms, 3\n", []string{"--pattern", `%{IP:[source][address]} took %{NUMBER:ms:float} ms, %{INT:n:int}`}, `{"matched":true,"captures":{"ms":1.5,"n":3,"source":{"address":"192.0.2.7"}}}` + "\n"},
		{"a list, no last line end, CR LF", "a b\r\nc", []string{"--pattern", `%{WORD:w} %{WORD:w}`}, `{"matched":true,"captures":{"w":["a","b"]}}` + "\n" + `{"matched":false,"captures":{}}` + "\n"},
		{"legacy", "192.0.2.7:80\n", []string{"--library", "legacy", "--pattern", `%{URIHOST:h}`}, `{"matched":true,"captures":{"h":"192.0.2.7:80","port":"80"}}` + "\n"},
		{"own definitions", "ab-12 x\n", []string{"--library", "none", "--pattern-files", file, "--define", "W=[a-z]+", "--pattern", `%{ID:id} %{W:w}`}, `{"matched":true,"captures":{"id":"ab-12","w":"x"}}` + "\n"},
		{"all captures", "ab x\n", []string{"--all-captures", "--pattern", `%{WORD} %{WORD:w}`}, `{"matched":true,"captures":{"WORD":"ab","w":"x"}}` + "\n"},
		{"JSON strings", "\"a\\nb\"\n\"\"\n", []string{"--jsonl", "--pattern", `(?<x>a.b)`}, `{"matched":true,"captures":{"x":"a\nb"}}` + "\n" + `{"matched":false,"captures":{}}` + "\n"},
		{"no escaping of HTML", "<&>\n", []string{"--pattern", `%{NOTSPACE:x}`}, `{"matched":true,"captures":{"x":"<&>"}}` + "\n"},
		{"nothing", "", []string{"--pattern", `x`}, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			code, out, errs := runCtl(t, tc.in, append([]string{"grok"}, tc.args...)...)
			assert.Equal(t, 0, code, errs)
			assert.Equal(t, tc.want, out)
		})
	}
}

func TestGrokMistakes(t *testing.T) {
	for _, tc := range []struct {
		args []string
		in   string
		code int
		want string
	}{
		{[]string{"--pattern", `%{WORD:a} %{NOSUCH}`}, "", 2, "logboomctl: unknown pattern \"NOSUCH\" (pattern, offset 12)\n  %{WORD:a} %{NOSUCH}\n              ^\n"},
		{[]string{}, "", 2, "--pattern must not be empty"},
		{[]string{"--pattern", "x", "--library", "new"}, "", 2, `library must be one of ecs-v1, legacy, none, got "new"`},
		{[]string{"--pattern", "x", "--define", "A"}, "", 2, `--define must be NAME=REGEX, got "A"`},
		{[]string{"--pattern", "x", "--pattern-files", "/no/such"}, "", 2, "no such file"},
		{[]string{"--pattern", "x", "--nonsense"}, "", 2, "unknown flag"},
		{[]string{"--pattern", "x", "file.log"}, "", 2, "lines come from the standard input"},
		{[]string{"--pattern", "x", "--jsonl"}, "\"x\"\nx\n", 1, "line 2: must be a JSON string"},
	} {
		code, _, errs := runCtl(t, tc.in, append([]string{"grok"}, tc.args...)...)
		assert.Equal(t, tc.code, code, tc.args)
		assert.Contains(t, errs, tc.want)
	}
}

func TestGrokLongLines(t *testing.T) {
	code, out, errs := runCtl(t, strings.Repeat("a", 10<<20)+"\nb\n", "grok", "--pattern", `^(?<x>.)$`)
	assert.Equal(t, 0, code, errs)
	assert.Equal(t, `{"matched":false,"captures":{}}`+"\n"+`{"matched":true,"captures":{"x":"b"}}`+"\n", out)
	code, _, errs = runCtl(t, strings.Repeat("a", maxLine+2), "grok", "--pattern", `x`)
	assert.Equal(t, 1, code)
	assert.Contains(t, errs, "read line 1: longer than 64 MiB")
}
