// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redactprocessor

import (
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
)

// TestPairs has names and values that are not keys and values.
func TestPairs(t *testing.T) {
	const hidden = "[REDACTED:sensitive_key]"
	pair := func(name, value any) map[string]any { return map[string]any{"name": name, "value": value} }
	got := attributesOf(t, defaults(), map[string]any{
		"env":         []any{pair("DB_PASSWORD", "x1"), pair("HOME", "/root"), pair("API_TOKEN", int64(4711)), pair("HAS_PASSWORD", true)},
		"otlp":        []any{map[string]any{"key": "password", "value": map[string]any{"stringValue": "x1"}}},
		"har":         map[string]any{"Name": "Set-Cookie", "Value": []any{"a", "b"}, "comment": "c"},
		"audit":       map[string]any{"field": "passphrase", "old": "x1", "new": "x2", "by": "bob"},
		"headers":     []any{[]any{"authorization", "x1"}, []any{"host", "h"}, []any{"x-api-key", []any{"x1", "x2"}}},
		"raw_headers": []any{"Host", "h", "X-Api-Key", "x1", "Accept", "*/*"},
		"weak":        pair("key", "q7Lm2ZxT9vKp4Rb8Wn1Yc6Ds"),
		"weak.word":   pair("key", "user"),
		"no.pair":     []any{"password", "reset"},
		"three":       []any{[]any{"password", "reset", "form"}},
		"name only":   map[string]any{"name": "password", "n": int64(1)},
		"":            pair("password", "x1"),
	})
	assert.Equal(t, map[string]any{
		"env":         []any{pair("DB_PASSWORD", hidden), pair("HOME", "/root"), pair("API_TOKEN", hidden), pair("HAS_PASSWORD", true)},
		"otlp":        []any{map[string]any{"key": "password", "value": map[string]any{"stringValue": hidden}}},
		"har":         map[string]any{"Name": "Set-Cookie", "Value": []any{hidden, hidden}, "comment": "c"},
		"audit":       map[string]any{"field": "passphrase", "old": hidden, "new": hidden, "by": "bob"},
		"headers":     []any{[]any{"authorization", hidden}, []any{"host", "h"}, []any{"x-api-key", []any{hidden, hidden}}},
		"raw_headers": []any{"Host", "h", "X-Api-Key", hidden, "Accept", "*/*"},
		"weak":        pair("key", hidden),
		"weak.word":   pair("key", "user"),
		"no.pair":     []any{"password", "reset"},
		"three":       []any{[]any{"password", "reset", "form"}},
		"name only":   map[string]any{"name": "password", "n": int64(1)},
		"":            pair("password", hidden),
	}, got)
}

// TestMaskedKeysAreNoNames: a key that was masked says nothing about its value.
func TestMaskedKeysAreNoNames(t *testing.T) {
	got := attributesOf(t, defaults(), map[string]any{"token " + github: "open", "password=hunter2x9": "open", email + ".password": "x1"})
	values := map[any]int{}
	for _, v := range got {
		values[v]++
	}
	assert.Equal(t, map[any]int{"open": 2, "[REDACTED:sensitive_key]": 1}, values)
}

func TestBytes(t *testing.T) {
	wide := func(s string, big bool) []byte {
		var out []byte
		for _, u := range utf16.Encode([]rune(s)) {
			if big {
				out = append(out, byte(u>>8), byte(u))
			} else {
				out = append(out, byte(u), byte(u>>8))
			}
		}
		return out
	}
	for _, tc := range []struct {
		name     string
		in, want []byte
	}{
		{"text", []byte("of " + email + " ✓"), []byte("of [REDACTED:email] ✓")},
		{"not UTF-8", []byte("\xff\xfe\x00 " + email + "\x00\xff"), []byte("\xff\xfe\x00 [REDACTED:email]\x00\xff")},
		{"UTF-16, little end first", wide("\ufeffof "+email+" é", false), wide("\ufeffof [REDACTED:email] é", false)},
		{"UTF-16, big end first", wide("of "+email+" é", true), wide("of [REDACTED:email] é", true)},
		{"clean UTF-16", wide("nothing here", false), wide("nothing here", false)},
		{"binary", []byte{0, 1, 2, 3, 0, 0, 0, 9, 0xff, 0xd8}, []byte{0, 1, 2, 3, 0, 0, 0, 9, 0xff, 0xd8}},
	} {
		ld := plog.NewLogs()
		lr := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
		lr.Body().SetEmptyBytes().FromRaw(tc.in)
		out := masked(t, defaults(), ld)
		body := out.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Body()
		require.Equal(t, tc.want, body.Bytes().AsRaw(), tc.name)
	}
}
