// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redact

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestKeysAreRemembered(t *testing.T) {
	sc := engine(t, nil).NewScanner()
	for range 3 {
		for key, sensitive := range map[string]bool{"service.name": false, "db.password": true, "trace_id": false, "[REDACTED:github_pat]": false, "[REDACTED:email].password": true} {
			masked, effect, info := sc.Key(key)
			assert.Equal(t, key, masked)
			assert.Zero(t, effect)
			assert.Equal(t, sensitive, info.Sensitive(), key)
			assert.Equal(t, sensitive, sc.SensitiveKey(key), key)
		}
		masked, effect, _ := sc.Key("of bob@example.com")
		assert.Equal(t, "of [REDACTED:email]", masked, "what has a finding is read every time")
		assert.NotZero(t, effect)
	}
	_, _, id := sc.Key("trace_id")
	got, _ := sc.Value(id, "4111111111111111")
	assert.Equal(t, "4111111111111111", got)
	_, _, plain := sc.Key("order")
	got, _ = sc.Value(plain, "4111111111111111")
	assert.Equal(t, "[REDACTED:payment_card]", got)
	require.Zero(t, testing.AllocsPerRun(100, func() { sc.Key("service.name") }))
}

// TestKeysAreBounded has more different keys than are remembered, and then the old ones again.
func TestKeysAreBounded(t *testing.T) {
	sc := engine(t, nil).NewScanner()
	for i := range 10 * maxKeys {
		sc.Reset()
		sc.Key(fmt.Sprintf("key number %d", i))
		require.LessOrEqual(t, len(sc.keys.infos), maxKeys)
	}
	_, _, info := sc.Key("user.password")
	assert.True(t, info.Sensitive())
}

// TestKeysWithoutBudget: a key that could not be read is not remembered as clean.
func TestKeysWithoutBudget(t *testing.T) {
	sc := engine(t, func(o *Options) { o.MaxRecordBytes = 8 }).NewScanner()
	sc.Text("12345678")
	masked, _, _ := sc.Key("a new key")
	assert.Equal(t, "[REDACTED:unscanned]", masked)
	sc.Reset()
	masked, _, _ = sc.Key("key one")
	assert.Equal(t, "key one", masked)
}

// TestNumbersUnderAName: the name of an attribute is the word that says what a number is.
func TestNumbersUnderAName(t *testing.T) {
	sc := engine(t, nil).NewScanner()
	for key, want := range map[string]string{
		"phone": "[REDACTED:phone]", "customer.phone": "[REDACTED:phone]", "order": "4155550132", "phone.count": "4155550132", "bytes": "4155550132",
	} {
		for range 2 { // the second time it is remembered
			sc.Reset()
			_, _, info := sc.Key(key)
			got, effect := sc.Value(info, "4155550132")
			assert.Equal(t, want, got, key)
			assert.Equal(t, got != "4155550132", effect != 0, key)
		}
	}
	_, _, info := sc.Key("order")
	require.Zero(t, testing.AllocsPerRun(100, func() { sc.Value(info, "4155550132") }))
}
