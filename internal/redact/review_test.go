// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redact

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/logboom/logboom/internal/cputime"
)

// What stands right before a token may be an escape that ends in a letter or a digit.
func TestTokensBehindEscapes(t *testing.T) {
	sc := engine(t, nil).NewScanner()
	for _, before := range []string{
		`\n`, `\\n`, `\u0022`, `%22`, `\x22`, `\x3D`, "\x1b[31m", "\x1b[01;31m\x1b[K", `\u001b[1;31m`, `\x1b[31m`, `\033[0;31m`, `\e[31m`, "^[[31m", "#033[31m",
	} {
		for _, token := range []string{testAWS, testGitHub, testJWT, "h" + "f_wHQLyGpdEiLFMSYTEDRWPqsAZWzFQlerYx"} {
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
		"pam_unix(gdm-password:session): session opened for user bob(uid=1000)", "gdm-password]: gkr-pam: unable to locate daemon control file", "UPDATE users SET password_hash = $1 WHERE id = $2",
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

// nginx writes quotes and what is no ASCII as \x22.
func TestHexEscapes(t *testing.T) {
	sc := engine(t, nil).NewScanner()
	for text, want := range map[string]string{
		`body="{\x22user\x22:\x22bob\x22,\x22password\x22:\x22Hx7Lq2Pz9\x22}"`: `body="{\x22user\x22:\x22bob\x22,\x22password\x22:\x22[REDACTED:password]\x22}"`,
		`{"m":"{\\x22password\\x22:\\x22Hx7Lq2Pz9\\x22}"}`:                     `{"m":"{\\x22password\\x22:\\x22[REDACTED:password]\\x22}"}`,
		`bob\x40example.com`: `[REDACTED:email]`,
		`C:\xab\x.log`:       `C:\xab\x.log`,
	} {
		got, _ := sc.Text(text)
		assert.Equal(t, want, got)
		again, _ := sc.Text(got)
		assert.Equal(t, got, again)
	}
}

func TestBase64BehindEscapes(t *testing.T) {
	sc := engine(t, nil).NewScanner()
	b64 := base64.StdEncoding.EncodeToString([]byte("the thing password=Hx7Lq2Pz9mKv and its end is here"))
	for _, before := range []string{"", "data=", `\n`, `\r\n`, `\\n`, `\t`, `\u003d`, `\x22`, "%3D", "%20", "\x1b[31m", "\x1b[1;31m"} {
		got, _ := sc.Text("x " + before + b64 + " y")
		assert.Equal(t, "x "+before+"[REDACTED:password] y", got)
	}
	for _, lineBreak := range []string{"\n", "\r\n", `\n`, `\\n`, `\\r\\n`, "%0A", "%0D%0A", `\u000a`} {
		got, _ := sc.Text("x " + b64[:28] + lineBreak + b64[28:] + " y")
		assert.Equal(t, "x [REDACTED:password] y", got, "%q", lineBreak)
	}
}

// An object is no template.
func TestHideObjects(t *testing.T) {
	sc := engine(t, nil).NewScanner()
	for _, text := range []string{`{"db":{"user":"app","pin":"8Hx7Lq2"}}`, `[{"pin":"8Hx7Lq2"}]`} {
		got, _ := sc.Hide(text)
		assert.Equal(t, "[REDACTED:sensitive_key]", got)
	}
	got, _ := sc.Hide("{{ .Values.password }}")
	assert.Equal(t, "{{ .Values.password }}", got)
}

// When the steps end, what stands before in another form has not been read yet.
func TestStepsEndBeforeOtherForms(t *testing.T) {
	secret := "the thing password=Hx7Lq2Pz9mKv here"
	for _, steps := range []int{1, 10, 50, 200, 500, 1000, 2000, 3000, 5000} {
		sc := engine(t, func(o *Options) {
			o.MaxRecordSteps = steps
			o.Patterns = []PatternOptions{{Name: "employee", Regex: `E-\d{6}`, Keywords: []string{"E-"}}}
		}).NewScanner()
		for _, form := range []string{
			base64.StdEncoding.EncodeToString([]byte(secret)), "q=passw%6frd%3DHx7Lq2Pz9mKv", `passw\u006frd=Hx7Lq2Pz9mKv`, `passw\x6frd=Hx7Lq2Pz9mKv`, "E-123456",
		} {
			for _, hits := range []int{0, 1, 10, 60, 100, 1000} {
				for _, words := range []int{0, 3000} {
					sc.Reset()
					got, _ := sc.Text(form + strings.Repeat(" word", words) + strings.Repeat(" a@b", hits) + strings.Repeat(" word", words))
					assert.NotContains(t, got, form[len(form)-7:], "%d steps, %d words, %d hits", steps, words, hits)
				}
			}
		}
	}
}

// Brackets at the end of a long value, which it does not open.
func TestClosingBracketsAreLinear(t *testing.T) {
	sc := engine(t, nil).NewScanner()
	for _, end := range []string{")", ")]}", ",)"} {
		text := "password=" + strings.Repeat("aB3xY9", 40) + strings.Repeat(end, 1<<20/len(end)) + " x"
		var got string
		took := cputime.Of(func() { got, _ = sc.Text(text) })
		assert.True(t, strings.HasPrefix(got, "password=[REDACTED:password]"))
		assert.Less(t, took, 10*time.Second, "a megabyte of %q took 25 s when each was looked for anew", end)
		sc.Reset()
	}
}
