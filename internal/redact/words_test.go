// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redact

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logboom/logboom/internal/cputime"
)

func words(t testing.TB, caseSensitive bool, list ...string) *Scanner {
	t.Helper()
	return engine(t, func(o *Options) {
		o.Words = []WordOptions{{Name: "codename", Words: list, CaseSensitive: caseSensitive}}
	}).NewScanner()
}

func TestWords(t *testing.T) {
	sc := words(t, false, "falcon", "falcon heavy", "Müller", "bo", "straße 5", "C++", "REDACTED", "codename")
	for in, want := range map[string]string{
		"Falcon":                               "[REDACTED:codename]",
		"of FALCON, falcons, xfalcon, falcon2": "of [REDACTED:codename], falcons, xfalcon, falcon2",
		"falcon heavy":                         "[REDACTED:codename]",
		"falcon_heavy":                         "[REDACTED:codename]_heavy",
		"frau müller, MÜLLER, Müllers":         "frau [REDACTED:codename], [REDACTED:codename], Müllers",
		"bo":                                   "[REDACTED:codename]",
		"bob éboé":                             "bob éboé",
		"Straße 5":                             "[REDACTED:codename]",
		"in C++.":                              "in [REDACTED:codename].",
		`{"a":"x\nFalcon\n"}`:                  `{"a":"x\n[REDACTED:codename]\n"}`,
		"q=falcon%20heavy&x":                   "q=[REDACTED:codename]&x",
		"redacted [REDACTED:email]":            "[REDACTED:codename] [REDACTED:email]",
		"bo@example.com":                       "[REDACTED:codename]@example.com",
	} {
		got, _ := sc.Text(in)
		if in == "bo@example.com" { // which of the two names it bears does not matter here
			assert.NotContains(t, got, "bo@")
			continue
		}
		assert.Equal(t, want, got, in)
		again, effect := sc.Text(got)
		assert.Equal(t, got, again)
		assert.Zero(t, effect)
	}
	exact := words(t, true, "Falcon")
	got, _ := exact.Text("Falcon falcon")
	assert.Equal(t, "[REDACTED:codename] falcon", got)
}

// TestManyWords has more words than the automaton may know by their beginnings.
func TestManyWords(t *testing.T) {
	var list []string
	for i := range 100_000 {
		list = append(list, fmt.Sprintf("%x-%d", i*7919, i))
	}
	var sc *Scanner
	require.Less(t, cputime.Of(func() { sc = words(t, false, list...) }), 20*time.Second)
	assert.Len(t, sc.e.auto.next, len(engine(t, nil).auto.next), "the automaton does not grow")
	for i := 0; i < len(list); i += 997 {
		got, _ := sc.Text("x " + list[i] + " y")
		require.Equal(t, "x [REDACTED:codename] y", got)
	}
	hostile := strings.Repeat("7 ", 1<<19)
	sc.Reset()
	assert.Less(t, cputime.Of(func() { sc.Text(hostile) }), 10*time.Second)
}

func TestMaskText(t *testing.T) {
	for _, text := range []string{"***", "[gone by policy]", "gone by policy", "CENSORED", "█████", "<hidden>", "7"} {
		sc := engine(t, func(o *Options) {
			o.MaskText = text
			o.Detectors = map[string]DetectorOptions{"payment_card": {Action: Partial}}
			o.Words = []WordOptions{{Name: "word", Words: []string{"gone", "hidden", "censored"}}}
		}).NewScanner()
		for in, want := range map[string]string{
			"of bob@example.com.":               "of " + text + ".",
			"password=hunter2x9":                "password=" + text,
			"password=hunter2x9 and":            "password=" + text + " and",
			`{"password":"hunter2x9","n":1}`:    `{"password":"` + text + `","n":1}`,
			`{"card":"4111111111111111","n":1}`: `{"card":"[REDACTED:payment_card:1111]","n":1}`,
			"Authorization: Bearer " + testJWT:  "Authorization: Bearer " + text,
			"postgres://app:Hx7Lq2Pz@db/x":      "postgres://app:" + text + "@db/x",
		} {
			got, _ := sc.Text(in)
			assert.Equal(t, want, got, "%q in %q", text, in)
			again, effect := sc.Text(got)
			assert.Equal(t, got, again, "%q in %q", text, in)
			assert.Zero(t, effect, "%q in %q", text, got)
		}
		hidden, effect := sc.Hide("x1y2")
		assert.Equal(t, text, hidden)
		assert.NotZero(t, effect)
		_, effect = sc.Hide(hidden)
		assert.Zero(t, effect, text)
		if strings.ContainsAny(text, "<[ ") { // what stands in brackets is no value, mask or not
			continue
		}
		got, _ := sc.Text("password=" + text + "hunter2x9")
		assert.NotContains(t, got, "hunter2x9", "a mask is no disguise")
	}
}

func TestValidateWordsAndMaskText(t *testing.T) {
	o := DefaultOptions()
	o.MaskText = "a\x00b"
	o.Words = []WordOptions{{Name: "email", Words: []string{"x", " y ", "\xff\xfe"}}, {Name: "Bad"}}
	err := o.Validate()
	for _, part := range []string{
		"mask_text must be UTF-8 without control characters",
		`words[0].name must not be the name of another detector, got "email"`,
		"words[0].words[0]: a word must have 2 to 256 bytes, got 1",
		"words[0].words[1]: a word must not begin or end with a blank",
		"words[0].words[2]: a word must be UTF-8",
		`words[1].name must be lower-case letters`,
	} {
		require.ErrorContains(t, err, part)
	}
	for _, text := range []string{strings.Repeat("x", 65), "a=b", `"`, " x", "50%", "\xff"} {
		o := DefaultOptions()
		o.MaskText = text
		require.ErrorContains(t, o.Validate(), "mask_text", text)
	}
	assert.True(t, o.SensitiveName("db.password"))
	assert.False(t, o.SensitiveName("logboom.redact.detectors"))
}
