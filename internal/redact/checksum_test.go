// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redact

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// The right ones are examples of the specifications: GitHub's article on the format, NIP 19, BIP 32's first test vector.
func TestChecksums(t *testing.T) {
	for name, right := range map[string][]string{
		"github": {"ghp_" + "zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ" + "0mLq17"},
		"bech32": {
			"nsec1" + "vl029mgpspedva04g90vltkh6fvh240zqtv9k0t9af8935ke9laqsnlfe5",
			"AGE-SECRET-KEY-1" + "GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX",
			"A12UEL5L",
		},
		"base58check": {
			"xprv9s21ZrQH143K3QTDL4LXw2F7HEK3wJUD2nW2nRk4stbPy6cq3jPPqjiChkVvvNKmPGJxW" + "Utg6LnF5kejMRNNU3TGtRBeJgk33yuGBxrMPHi",
			"1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
		},
	} {
		check := checksums[name]
		for _, token := range right {
			assert.True(t, check(token), "%s %s", name, token)
			for i := strings.LastIndexAny(token, "1_") + 1; i < len(token); i++ {
				c := byte('q')
				if token[i]|0x20 == 'q' {
					c = 'p'
				}
				if token[i] < 'a' {
					c ^= 0x20
				}
				assert.False(t, check(token[:i]+string(c)+token[i+1:]), "%s %s with another character at %d", name, token, i)
			}
			assert.False(t, check(token[:len(token)-1]))
			assert.False(t, check(token+"q"))
		}
		for _, wrong := range []string{"", "_", "1", "11111", "a1", strings.Repeat("1", 200), "ghp_\xff", "1\x00\x80qqqqqq"} {
			assert.False(t, check(wrong), "%s %q", name, wrong)
		}
	}
}
