// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redact

import (
	"encoding/base64"
	"strings"
)

// Key material that carries its own structure: PEM (RFC 7468), PGP armour (RFC 9580), JWS and JWE (RFC 7515, 7516), age.
var keyMaterialDetectors = []Detector{
	{
		Name: "private_key", Group: Secrets, rank: rankBlock,
		Doc:      "Private keys in PEM or PGP armour, over several lines, on one line, or with \\n escapes; without an end everything behind the beginning",
		Triggers: []string{`-----BEGIN [A-Z0-9]`},
		find:     findPEM,
		Match: []string{
			"key loaded «-----BEGIN PRIVATE KEY----- MIIEvQIBADANBgkqhkiG9w0BAQEFAASC -----END PRIVATE KEY-----» ok",
			"«-----BEGIN RSA PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0B\nAQEFAASC\n-----END RSA PRIVATE KEY-----»\nnext",
			`{"k":"«-----BEGIN EC PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0B\n-----END EC PRIVATE KEY-----»\n"}`,
			"«-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC»",
		},
		Miss: []string{
			"-----BEGIN CERTIFICATE-----\nMIID\n-----END CERTIFICATE-----",
			"-----BEGIN PUBLIC KEY-----\nMIID\n-----END PUBLIC KEY-----",
		},
	},
	{
		Name: "jwt", Group: Secrets, rank: rankToken,
		Doc:      "JSON Web Tokens, signed, unsigned and encrypted; the header must be a JOSE header",
		Triggers: []string{"eyJ", "ewog", "eyAi", "ZXlK"},
		find: func(c *cursor, end int) (int, int, bool) {
			if strings.HasSuffix(c.s[:end], "ZXlK") {
				return findWrappedJWT(c.s, end-4)
			}
			return findJWT(c, end)
		},
		Match: []string{
			"Authorization: Bearer «eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJqb2huIn0.KwKtyu5B5C2QH3ABip9vnfN7SGJ»",
			"t=«eyJhbGciOiJub25lIn0.eyJzdWIiOiJqb2huIn0.»", "session-«eyJhbGciOiJub25lIn0.eyJzdWIiOiJqb2huIn0.»", "a_b.«eyJhbGciOiJub25lIn0.eyJzdWIiOiJqb2huIn0.»",
			"in base64: «ZXlKaGJHY2lPaUpJVXpJMU5pSjkuZXlKemRXSWlPaUpxYjJodUluMC5YbExudXk3UzZGOEJaNlNGcGw0aGF3RzhIVVE=» x",
		},
		Miss: []string{"eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9", "eyJmb28iOiJiYXIifQ.eyJzdWIiOiJqb2huIn0.XlLnuy7S6F8", "eyJ.eyJ.eyJ"},
	},
}

func findPEM(c *cursor, end int) (int, int, bool) {
	start := end - len("-----BEGIN X")
	label := c.s[end-1:]
	if len(label) > 64 {
		label = label[:64]
	}
	close := strings.Index(label, "-----")
	if close < 0 || !strings.Contains(label[:close], "PRIVATE KEY") {
		return 0, 0, false
	}
	label = label[:close]
	body := end - 1 + close + 5
	i := strings.Index(c.s[body:], "-----END ")
	if i < 0 {
		return start, len(c.s), true
	}
	stop := body + i + len("-----END ")
	if strings.HasPrefix(c.s[stop:], label) {
		stop += len(label)
	}
	for k := 0; k < 5 && stop < len(c.s) && c.s[stop] == '-'; k++ {
		stop++
	}
	return start, stop, true
}

func findJWT(c *cursor, end int) (int, int, bool) {
	s, start := c.s, end-3
	if !boundaryBefore(s, start) && s[start-1] != '_' || !shortRunBefore(s, start) {
		return 0, 0, false
	}
	stop, dots, header := start, 0, 0
	for stop < len(s) && (isBase64URL(s[stop]) || s[stop] == '.') {
		if s[stop] == '.' {
			if dots++; dots == 1 {
				header = stop
			}
			if dots > 4 || stop > start && s[stop-1] == '.' && dots < 3 {
				break
			}
		}
		stop++
	}
	if dots < 2 || header-start > 2048 || !joseHeader(s[start:header]) {
		return 0, 0, false
	}
	if dots == 3 && s[stop-1] == '.' { // the full stop of a sentence
		stop--
	}
	return start, stop, true
}

// maxRunBefore bounds what may stand right before a JWT, joined by a dash or a dot: session-eyJ…
const maxRunBefore = 40

// shortRunBefore tells whether less than maxRunBefore characters of those that a JWT has stand right before i. Of the many places
// within a long run of them only the first are looked at, each of which may read all of it.
func shortRunBefore(s string, i int) bool {
	if i > 0 && escapeBefore(s, i) {
		return true
	}
	from := i
	for from > 0 && i-from < maxRunBefore && (isBase64URL(s[from-1]) || s[from-1] == '.') {
		from--
	}
	return i-from < maxRunBefore
}

// findWrappedJWT finds a token that somebody has put through base64 once more.
func findWrappedJWT(s string, start int) (int, int, bool) {
	if start > 0 && (isBase64(s[start-1]) || s[start-1] == '-' || s[start-1] == '_') && !escapeBefore(s, start) {
		return 0, 0, false
	}
	stop := start
	for stop < len(s) && (isBase64(s[stop]) || s[stop] == '-' || s[stop] == '_') {
		stop++
	}
	var buf [3072]byte
	n, err := base64.StdEncoding.Decode(buf[:], []byte(s[start:start+min(stop-start, 4096)&^3]))
	inner := string(buf[:n])
	header, rest, ok := strings.Cut(inner, ".")
	if err != nil || !ok || !strings.Contains(rest, ".") || !joseHeader(header) {
		return 0, 0, false
	}
	for stop < len(s) && s[stop] == '=' {
		stop++
	}
	return start, stop, true
}

// joseHeader tells whether the first part of a token is an object that names an algorithm, an encryption or a type.
func joseHeader(b64 string) bool {
	var buf [1536]byte
	n := len(b64) &^ 3 // the rest may be cut short; the names stand in front
	if n == 0 {
		return false
	}
	m, err := base64.RawURLEncoding.Decode(buf[:], []byte(b64[:n]))
	if err != nil {
		return false
	}
	h := string(buf[:m])
	if !strings.HasPrefix(h, "{") {
		return false
	}
	for _, name := range joseNames {
		if strings.Contains(h, name) {
			return true
		}
	}
	return false
}

// joseNames are the names that IANA's registry of JOSE headers holds, with the claims that a header may repeat (RFC 7519, 5.3).
var joseNames = []string{
	`"alg"`, `"enc"`, `"typ"`, `"kid"`, `"zip"`, `"jku"`, `"jwk"`, `"x5u"`, `"x5c"`, `"x5t"`, `"x5t#S256"`, `"cty"`, `"crit"`, `"b64"`, `"epk"`,
	`"apu"`, `"apv"`, `"iv"`, `"tag"`, `"p2s"`, `"p2c"`, `"ppt"`, `"url"`, `"nonce"`, `"svt"`, `"iss"`, `"sub"`, `"aud"`, `"kty"`, `"ver"`,
	`"key_ops"`, `"use"`, `"version"`, `"x"`, `"exp"`,
}
