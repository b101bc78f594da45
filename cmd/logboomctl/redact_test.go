// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logboom/logboom/internal/redact"
	"github.com/logboom/logboom/processor/redactprocessor"
)

// TestMain keeps an engine for each configuration that the tests ask for.
func TestMain(m *testing.M) {
	engines := map[string]*redact.Engine{}
	newEngine = func(cfg *redactprocessor.Config) (*redact.Engine, error) {
		block, err := json.Marshal(cfg)
		if err != nil {
			return nil, err
		}
		key := string(block) + string(cfg.Hash.Key)
		if engines[key] == nil {
			if engines[key], err = cfg.NewEngine(); err != nil {
				delete(engines, key)
				return nil, err
			}
		}
		return engines[key], nil
	}
	os.Exit(m.Run())
}

// callRedact runs "logboomctl redact" and returns its exit code and what it wrote.
func callRedact(t *testing.T, in string, args ...string) (code int, out, errs string) {
	t.Helper()
	cmd := newRootCommand()
	var stdout, stderr bytes.Buffer
	cmd.SetIn(strings.NewReader(in))
	cmd.SetOut(&stdout)
	cmd.SetErr(&stderr)
	cmd.SetArgs(append([]string{"redact"}, args...))
	code = run(context.Background(), cmd)
	return code, stdout.String(), stderr.String()
}

func TestRedact(t *testing.T) {
	for _, tc := range []struct {
		name, in string
		args     []string
		want     string
	}{
		{"text", "a password=hunter2\n\nclean\n", nil, "a password=[REDACTED:password]\n\nclean\n"},
		{"no line break at the end", "bob@example.com", nil, "[REDACTED:email]"},
		{"CR LF", "a\r\npassword=hunter2\r\n\r\nb\r", nil, "a\r\npassword=[REDACTED:password]\r\n\r\nb\r"},
		{"CR LF, objects", "a\r\npassword=hunter2\r\n", []string{"--json"}, `{"text":"a\r","findings":[]}` + "\n" + `{"text":"password=[REDACTED:password]\r","findings":[{"detector":"password","start":9,"end":16}]}` + "\n"},
		{"not UTF-8", "\xff\xc3 bob@example.com \xe2\x82\n", nil, "\xff\xc3 [REDACTED:email] \xe2\x82\n"},
		{"only findings", "a\npassword=hunter2\nb\n", []string{"--only-findings"}, "password=[REDACTED:password]\n"},
		{"quiet", "a\npassword=hunter2\nb\n", []string{"-q"}, ""},
		{"one group", "bob@example.com password=hunter2 10.1.2.3\n", []string{"--groups", "network,secrets"}, "bob@example.com password=[REDACTED:password] [REDACTED:ipv4]\n"},
		{"one detector", "bob@example.com password=hunter2\n", []string{"--detectors", "email"}, "[REDACTED:email] password=hunter2\n"},
		{"a detector less", "bob@example.com password=hunter2\n", []string{"--detectors", "-email"}, "bob@example.com password=[REDACTED:password]\n"},
		{"a group and a detector", "bob@example.com password=hunter2\n", []string{"--groups", "none", "--detectors", "email"}, "[REDACTED:email] password=hunter2\n"},
		{"an exception", "bob@example.com a@example.com\n", []string{"--allow", "a@example.com"}, "[REDACTED:email] a@example.com\n"},
		{"drop", "a\nbob@example.com\nb\n", []string{"--action", "drop_record"}, "a\nb\n"},
		{"drop, objects", "a\nbob@example.com\n", []string{"--action", "drop_record", "--json"}, `{"text":"a","findings":[]}` + "\n" + `{"text":"[REDACTED:email]","findings":[{"detector":"email","start":0,"end":15}]}` + "\n"},
		{"drop_attribute masks", "bob@example.com\n", []string{"--action", "drop_attribute"}, "[REDACTED:email]\n"},
		{"tag", "bob@example.com\n", []string{"--action", "tag"}, "bob@example.com\n"},
		{"tag a key", "-----BEGIN PRIVATE KEY-----\nMIIabc\n-----END PRIVATE KEY-----\n", []string{"--action", "tag"}, "-----BEGIN PRIVATE KEY-----\nMIIabc\n-----END PRIVATE KEY-----\n"},
		{"nothing", "", nil, ""},
		{
			"JSON out", "é bob@example.com <b>\nclean\n",
			[]string{"--json"},
			`{"text":"é [REDACTED:email] <b>","findings":[{"detector":"email","start":3,"end":18}]}` + "\n" + `{"text":"clean","findings":[]}` + "\n",
		},
		{"JSON strings in and out", `"a\npassword=hunter2\nb"` + "\n", []string{"--jsonl"}, `"a\npassword=[REDACTED:password]\nb"` + "\n"},
		{
			"JSON strings in, objects out", `"a\npassword=hunter2"` + "\n",
			[]string{"--jsonl", "--json"},
			`{"text":"a\npassword=[REDACTED:password]","findings":[{"detector":"password","start":11,"end":18}]}` + "\n",
		},
		{
			"a key over several lines", "x -----BEGIN PRIVATE KEY-----\nMIIabc\n-----END PRIVATE KEY----- y\nbob@example.com\n", nil,
			"x [REDACTED:private_key]\n[REDACTED:private_key]\n[REDACTED:private_key] y\n[REDACTED:email]\n",
		},
		{
			"a key without an end, as objects", "-----BEGIN PRIVATE KEY-----\nMIIabc",
			[]string{"--json"},
			`{"text":"[REDACTED:private_key]","findings":[{"detector":"private_key","start":0,"end":27}]}` + "\n" +
				`{"text":"[REDACTED:private_key]","findings":[{"detector":"private_key","start":0,"end":6}]}` + "\n",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			code, out, errs := callRedact(t, tc.in, tc.args...)
			assert.Zero(t, code, errs)
			assert.Equal(t, tc.want, out)
		})
	}
}

func TestRedactLongLine(t *testing.T) {
	code, out, _ := callRedact(t, strings.Repeat("word ", 400_000)+"password=hunter2\nnext\n")
	assert.Zero(t, code)
	assert.True(t, strings.HasSuffix(out, "password=[REDACTED:password]\nnext\n"))
}

func TestRedactConfig(t *testing.T) {
	file := func(text string) string {
		path := filepath.Join(t.TempDir(), "redact.yaml")
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	for _, block := range []string{
		"groups: {network: true, personal: false}\n",
		"redact: {groups: {network: true, personal: false}}\n",
		"processors: {redact: {groups: {network: true, personal: false}}}\n",
	} {
		code, out, errs := callRedact(t, "10.0.0.1 bob@example.com\n", "--config", file(block))
		assert.Zero(t, code, errs)
		assert.Equal(t, "[REDACTED:ipv4] bob@example.com\n", out)
	}
	code, out, _ := callRedact(t, "bob@example.com\n", "--config", file("dry_run: true"), "--json")
	assert.Zero(t, code)
	assert.Equal(t, `{"text":"bob@example.com","findings":[{"detector":"email","start":0,"end":15}]}`+"\n", out)

	for _, block := range []string{"grups: {}\n", "action: erase\n", "detectors: {emial: {}}\n", "- a\n", "a: [\n"} {
		code, out, errs := callRedact(t, "x\n", "--config", file(block))
		assert.Equal(t, 2, code, block)
		assert.Empty(t, out)
		assert.NotEmpty(t, errs)
	}
}

// TestRedactPartialKey shows nothing of the lines of a key: each of them is part of one finding.
func TestRedactPartialKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "redact.yaml")
	require.NoError(t, os.WriteFile(path, []byte("action: partial\n"), 0o600))
	key := "-----BEGIN RSA PRIVATE KEY-----\n" + strings.Repeat("MIIEpAIBAAKCAQEAq7v1Xc9Zk3fT5uWJ2nPzLd8YhRbQeG4sKtVmUoCwHyZQ\n", 3) + "-----END RSA PRIVATE KEY-----\n"
	code, out, errs := callRedact(t, key, "--config", path)
	assert.Zero(t, code, errs)
	assert.Equal(t, strings.Repeat("[REDACTED:private_key]\n", 5), out)
}

func TestRedactBadCalls(t *testing.T) {
	for _, args := range [][]string{
		{"--nope"},
		{"--config", "no-such-file.yaml"},
		{"--groups", "secret"},
		{"--action", "erase"},
		{"--detectors", "emial"},
		{"--action", "hash"},
		{"--rules", "no-such-file.toml"},
		{"--hash-key-file", "no-such-file"},
		{"--processor", "a"},
		{"--list", "x"},
		{"--allow", ""},
	} {
		code, out, errs := callRedact(t, "x\n", args...)
		assert.Equal(t, 2, code, args)
		assert.Empty(t, out)
		assert.NotEmpty(t, errs)
	}
	code, _, errs := callRedact(t, "password=hunter2\n", "--jsonl")
	assert.Equal(t, 1, code)
	assert.Contains(t, errs, "line 1 is not a JSON string")
	assert.NotContains(t, errs, "hunter2", "an error quotes nothing of the input")
}

func TestRedactList(t *testing.T) {
	code, out, _ := callRedact(t, "", "--list")
	assert.Zero(t, code)
	assert.Regexp(t, `(?m)^detector +group +enabled +action +description\n`, out)
	assert.Regexp(t, `(?m)^private_key +secrets +on +mask +\S`, out)
	assert.Regexp(t, `(?m)^ipv4 +network +off +- +\S`, out)
	assert.NotRegexp(t, `(?m)^unscanned`, out)
}
