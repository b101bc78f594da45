// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func writeFile(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func TestRedactFiles(t *testing.T) {
	plain := writeFile(t, "a.log", "a\npassword=hunter2")
	var packed bytes.Buffer
	for _, part := range []string{"b@example.com\n", "c\n"} { // as logrotate's copytruncate may leave it: two members
		w := gzip.NewWriter(&packed)
		_, err := w.Write([]byte(part))
		require.NoError(t, err)
		require.NoError(t, w.Close())
	}
	zipped := writeFile(t, "b.log.gz", packed.String())
	code, out, errs := callRedact(t, "in d@example.com\n", plain, zipped, "-")
	assert.Zero(t, code, errs)
	assert.Equal(t, "a\npassword=[REDACTED:password][REDACTED:email]\nc\nin [REDACTED:email]\n", out)

	code, out, errs = callRedact(t, "", plain, "no-such-file", zipped)
	assert.Equal(t, 1, code)
	assert.Equal(t, "a\npassword=[REDACTED:password][REDACTED:email]\nc\n", out, "the other files are read all the same")
	assert.Contains(t, errs, "no-such-file")

	cut := writeFile(t, "c.log.gz", packed.String()[:packed.Len()-6])
	code, out, errs = callRedact(t, "", cut)
	assert.Equal(t, 1, code)
	assert.Equal(t, "[REDACTED:email]\nc\n", out)
	assert.Contains(t, errs, "c.log.gz: read line 3: unexpected EOF")
}

// TestRedactCheck prints where something is, never what.
func TestRedactCheck(t *testing.T) {
	dirty := writeFile(t, "a.log", "a\npassword=hunter2 bob@example.com\n-----BEGIN PRIVATE KEY-----\nMIIabc\n-----END PRIVATE KEY-----\n")
	clean := writeFile(t, "b.log", "a\n")
	code, out, errs := callRedact(t, "", "--check", clean, dirty)
	assert.Equal(t, 1, code)
	assert.Equal(t, strings.ReplaceAll("F:2: password\nF:2: email\nF:3: private_key\nF:4: private_key\nF:5: private_key\n", "F", dirty), out)
	assert.Equal(t, "logboomctl: redact: findings: 5, in 4 of 6 lines\n", errs)

	code, out, _ = callRedact(t, "x password=hunter2\n", "--check", "--json")
	assert.Equal(t, 1, code)
	assert.Equal(t, `{"file":"-","line":1,"detector":"password","start":11,"end":18}`+"\n", out)

	code, out, errs = callRedact(t, "", "--check", clean)
	assert.Zero(t, code)
	assert.Empty(t, out+errs)

	code, out, _ = callRedact(t, "", "--check", dirty, "no-such-file")
	assert.Equal(t, 2, code, "what could not be read is not the same as a finding")
	assert.Contains(t, out, "password")
}

func TestRedactSummary(t *testing.T) {
	config := writeFile(t, "redact.yaml", "detectors: {email: {action: drop_record}, password: {action: tag}}\n")
	code, out, errs := callRedact(t, "a@example.com\npassword=hunter2 x\npassword=hunter2 4111 1111 1111 1111\nb\n", "--summary", "--config", config)
	assert.Zero(t, code, errs)
	assert.Equal(t, "password=hunter2 x\npassword=hunter2 [REDACTED:payment_card]\nb\n", out)
	assert.Equal(t, "detector      findings  action\npassword      2         tag\nemail         1         drop_record\npayment_card  1         mask\nlines 4, with findings 3, dropped 1\n", errs)

	code, _, errs = callRedact(t, "a\n", "--summary", "--quiet")
	assert.Zero(t, code)
	assert.Equal(t, "lines 1, with findings 0, dropped 0\n", errs)
}

// TestRedactTooLong masks the rest of a line that is longer than what is read of it, and goes on with the next.
func TestRedactTooLong(t *testing.T) {
	const secret = "password=hunter2"
	config := writeFile(t, "redact.yaml", "limits: {max_record_bytes: 20000}\n")
	line := strings.Repeat("word ", 200_000) + secret
	code, out, errs := callRedact(t, "a\n"+line+"\r\nb "+secret+"\n", "--config", config, "--summary")
	assert.Zero(t, code, errs)
	lines := strings.SplitAfter(out, "\n")
	require.Len(t, lines, 4)
	assert.True(t, strings.HasSuffix(lines[1], "[REDACTED:unscanned]\r\n"), "the line is cut")
	assert.Less(t, len(lines[1]), 20_100)
	assert.Equal(t, "b password=[REDACTED:password]\n", lines[2])
	assert.NotContains(t, out, "hunter2")
	assert.Contains(t, errs, "masked unread because of max_record_bytes: 1\n")

	code, out, errs = callRedact(t, line, "--config", config, "--json")
	assert.Zero(t, code, errs)
	assert.Contains(t, out, `"detector":"unscanned","start":11808,"end":1000016}]}`)

	code, out, _ = callRedact(t, line, "--config", config, "--check")
	assert.Equal(t, 1, code, "what was not read is not clean")
	assert.Equal(t, "-:1: unscanned\n", out)

	dry := writeFile(t, "redact.yaml", "{dry_run: true, limits: {max_record_bytes: 20000}}\n")
	_, out, _ = callRedact(t, line, "--config", dry)
	assert.True(t, strings.HasSuffix(out, "[REDACTED:unscanned]"), "a dry run keeps what it has read")
}

// TestRedactFollow prints a line as soon as it is there.
func TestRedactFollow(t *testing.T) {
	in, write := io.Pipe()
	read, out := io.Pipe()
	cmd := newRootCommand()
	cmd.SetIn(in)
	cmd.SetOut(out)
	cmd.SetErr(io.Discard)
	cmd.SetArgs([]string{"redact"})
	done := make(chan int, 1)
	go func() {
		done <- run(context.Background(), cmd)
		_ = out.Close()
	}()
	lines := make(chan string)
	go func() {
		s := bufio.NewScanner(read)
		for s.Scan() {
			lines <- s.Text()
		}
		close(lines)
	}()
	for range 3 {
		_, err := write.Write([]byte("password=hunter2\n"))
		require.NoError(t, err)
		select {
		case got := <-lines:
			require.Equal(t, "password=[REDACTED:password]", got)
		case <-time.After(time.Minute):
			t.Fatal("the line waits for the next one")
		}
	}
	require.NoError(t, write.Close())
	require.Zero(t, <-done)
}

// TestRedactErrors quotes nothing of the input, and prints nothing that was not scanned.
func TestRedactErrors(t *testing.T) {
	cmd := newRootCommand()
	var out, errs bytes.Buffer
	cmd.SetIn(io.MultiReader(strings.NewReader("ok\npassword=hunter2"), brokenReader{}))
	cmd.SetOut(&out)
	cmd.SetErr(&errs)
	cmd.SetArgs([]string{"redact"})
	assert.Equal(t, 1, run(context.Background(), cmd))
	assert.Equal(t, "ok\n", out.String())
	assert.Equal(t, "logboomctl: redact: -: read line 2: broken\n", errs.String())
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errors.New("broken") }

func TestRedactCollectorConfiguration(t *testing.T) {
	t.Setenv("REDACT_TEST_ACTION", "partial")
	whole := writeFile(t, "collector.yaml", `
receivers: {otlp: {protocols: {grpc: {endpoint: "${env:REDACT_TEST_HOST:-localhost}:4317"}}}}
processors:
  batch: {}
  redact: {groups: {personal: false}}
  redact/eu: {action: "${REDACT_TEST_ACTION}", hash: {key: "${env:REDACT_TEST_KEY:-0123456789abcdef}"}}
service: {pipelines: {logs: {receivers: [otlp], processors: [redact/eu], exporters: [nop]}}}
`)
	const in = "mail bob@example.com iban DE89370400440532013000\n"
	for _, name := range []string{"eu", "redact/eu"} {
		code, out, errs := callRedact(t, in, "--config", whole, "--processor", name)
		assert.Zero(t, code, errs)
		assert.Equal(t, "mail [REDACTED:email] iban [REDACTED:iban:3000]\n", strings.ReplaceAll(out, "email:.com", "email"))
	}
	code, out, errs := callRedact(t, in, "--config", whole, "--processor", "redact")
	assert.Zero(t, code, errs)
	assert.Equal(t, in, out)
	for _, args := range [][]string{nil, {"--processor", "us"}} {
		code, _, errs = callRedact(t, in, append([]string{"--config", whole}, args...)...)
		assert.Equal(t, 2, code)
		assert.Contains(t, errs, "redact, redact/eu")
	}
	code, _, errs = callRedact(t, in, "--config", writeFile(t, "c.yaml", "processors: {batch: {}}\n"))
	assert.Equal(t, 2, code)
	assert.Contains(t, errs, "no redact among its processors")
	code, out, errs = callRedact(t, in, "--config", writeFile(t, "c.yaml", "processors:\n  redact:\n"))
	assert.Zero(t, code, errs)
	assert.Equal(t, "mail [REDACTED:email] iban [REDACTED:iban]\n", out)
}

func TestRedactHash(t *testing.T) {
	key := writeFile(t, "key", "0123456789abcdef\n")
	code, out, errs := callRedact(t, "bob@example.com bob@example.com a@example.com\n", "--action", "hash", "--hash-key-file", key)
	assert.Zero(t, code, errs)
	hashes := strings.Fields(out)
	require.Len(t, hashes, 3)
	assert.Regexp(t, `^\[REDACTED:email:[0-9a-f]{16}\]$`, hashes[0])
	assert.Equal(t, hashes[0], hashes[1])
	assert.NotEqual(t, hashes[0], hashes[2])
}

func TestRedactRules(t *testing.T) {
	rules := writeFile(t, "rules.toml", "[[rules]]\nid = \"acme-key\"\ndescription = \"A key of Acme\"\nregex = '''\\bACME-[0-9]{6}\\b'''\nkeywords = [\"acme-\"]\n")
	code, out, errs := callRedact(t, "x ACME-123456 y\n", "--rules", rules)
	assert.Zero(t, code, errs)
	assert.Equal(t, "x [REDACTED:acme_key] y\n", out)
	_, out, _ = callRedact(t, "", "--rules", rules, "--list", "--json")
	assert.Contains(t, out, `{"detector":"acme_key","group":"own","enabled":true,"action":"mask","description":"A key of Acme"}`+"\n")
	_, out, _ = callRedact(t, "", "--list", "--groups", "personal")
	assert.Regexp(t, `(?m)^email +personal +on +mask +\S`, out)
	assert.Regexp(t, `(?m)^password +secrets +off +- +\S`, out)
}
