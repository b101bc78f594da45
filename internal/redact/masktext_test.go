// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redact

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// A token that is written like a mask is no mask.
func TestFakeMasks(t *testing.T) {
	sc := engine(t, nil).NewScanner()
	for _, token := range []string{
		testAWS, testGitHub, "dop" + "_v1_" + strings.Repeat("0f3c9a7e5b21d846", 4), "x:" + testAWS, "jwt:" + testGitHub, "0123456789abcdef." + testAWS,
		"4111111111111111", "api_key:378282246310005",
	} {
		for _, text := range []string{"a [REDACTED:" + token + "] b", "token=[REDACTED:" + token + "]", `{"token":"[REDACTED:` + token + `]"}`} {
			got, _ := sc.Text(text)
			assert.NotContains(t, got, token[len(token)-12:], "in %q", text)
			again, _ := sc.Text(got)
			assert.Equal(t, got, again)
		}
		got, _ := sc.Hide("[REDACTED:" + token + "]")
		assert.Equal(t, "[REDACTED:sensitive_key]", got)
	}
}

func TestIsMask(t *testing.T) {
	for _, mask := range []string{
		"[REDACTED]", "[REDACTED:email]", "[REDACTED:ipv4]", "[REDACTED:payment_card:1111]", "[REDACTED:api:aB3x]", "[REDACTED:email:0123456789abcdef]",
		"[REDACTED:email:k_2026.0123456789abcdef]", "[REDACTED:email:.0123456789abcdef]",
	} {
		assert.Equal(t, len(mask), isMask(mask+" x]"), mask)
	}
	for _, name := range Names() {
		assert.NotZero(t, isMask("[REDACTED:"+name+"]"), name)
	}
	for _, text := range []string{
		"", "[REDACTED", "[REDACTED:]", "[REDACTEDX]", "[REDACTED email]", "[REDACTED:email:]", "[REDACTED:email:12345]", "[REDACTED:Email]", "[REDACTED:e-mail]",
		"[REDACTED:email:0123456789ABCDEF]", "[REDACTED:email:a-b.0123456789abcdef]", "[REDACTED:email:k:0123456789abcdef]", "[REDACTED:123456]", "[REDACTED:" + strings.Repeat("x", 200) + "]",
	} {
		assert.Zero(t, isMask(text), text)
	}
}

// The user's names may be none that another engine would take for one.
func TestMasksOfOddNames(t *testing.T) {
	sc := engine(t, func(o *Options) {
		o.Patterns = []PatternOptions{{Name: "form_20261231_a", Regex: "F-[0-9]{6}"}, {Name: "n", Regex: "N-[0-9]{6}"}}
	}).NewScanner()
	for text, want := range map[string]string{"a F-123456 b": "a [REDACTED:form_20261231_a] b", "N-123456": "[REDACTED:n]"} {
		got, _ := sc.Text(text)
		assert.Equal(t, want, got)
		again, effect := sc.Text(got)
		assert.Equal(t, got, again)
		assert.Zero(t, effect)
	}
	hidden, effect := sc.Hide("[REDACTED:form_20261231_a]")
	assert.Equal(t, "[REDACTED:form_20261231_a]", hidden)
	assert.Zero(t, effect)
}
