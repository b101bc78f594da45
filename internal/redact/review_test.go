// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redact

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// What stands right before a token may be an escape that ends in a letter or a digit.
func TestTokensBehindEscapes(t *testing.T) {
	sc := engine(t, nil).NewScanner()
	for _, before := range []string{
		`\n`, `\\n`, `\u0022`, `%22`, `\x22`, `\x3D`, "\x1b[31m", "\x1b[01;31m\x1b[K", `\u001b[1;31m`, `\x1b[31m`, `\033[0;31m`, `\e[31m`, "^[[31m", "#033[31m",
	} {
		for _, token := range []string{testAWS, testGitHub, testJWT} {
			got, _ := sc.Text("a " + before + token + " z")
			assert.NotContains(t, got, token, "behind %q", before)
		}
	}
}

func TestNoValueBehindTheName(t *testing.T) {
	sc := engine(t, nil).NewScanner()
	for _, text := range []string{
		`{"prompt":"Enter password:"}`, `{"prompt":"Enter password: "}`, `{"prompt":"Enter password:","user":"bob"}`, `got {"a":["password="], "b":1}`,
		`{"body":"{\"m\":\"Enter password:\"}"}`, `{"body":"{\"m\":\"Enter password:\",\"n\":1}"}`,
		"gdm-password]: gkr-pam: unable to locate daemon control file", "UPDATE users SET password_hash = $1 WHERE id = $2",
		"+ master_password = (sensitive value)",
	} {
		got, _ := sc.Text(text)
		assert.Equal(t, text, got)
	}
	for text, want := range map[string]string{
		`user[password]=Hx7Lq2Pz9`:      `user[password]=[REDACTED:password]`,
		`password=",Hx7Lq2Pz9" x`:       `password="[REDACTED:password]" x`,
		`{"m":"password=\"Hx7Lq2Pz\""}`: `{"m":"password=\"[REDACTED:password]\""}`,
	} {
		got, _ := sc.Text(text)
		assert.Equal(t, want, got)
	}
}

// Brackets at the end of a long value, which it does not open.
func TestClosingBracketsAreLinear(t *testing.T) {
	sc := engine(t, nil).NewScanner()
	for _, end := range []string{")", ")]}", ",)"} {
		text := "password=" + strings.Repeat("aB3xY9", 40) + strings.Repeat(end, 1<<20/len(end)) + " x"
		begin := time.Now()
		got, _ := sc.Text(text)
		assert.True(t, strings.HasPrefix(got, "password=[REDACTED:password]"))
		assert.Less(t, time.Since(begin), 10*time.Second, "a megabyte of %q took 25 s when each was looked for anew", end)
		sc.Reset()
	}
}
