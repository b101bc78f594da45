// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redact

import "strings"

// Addresses of Bitcoin: Base58Check of twenty-one bytes (version 0 or 5, then a hash), and Bech32 and Bech32m (BIP 173, BIP 350).
var cryptoDetectors = []Detector{
	{
		Name: "crypto_address", Group: Personal, rank: rankChecked,
		Doc:      "Bitcoin addresses, in Base58Check and Bech32; checksum",
		Triggers: []string{`[^0-9A-Za-z.\-][13][1-9a-f]{0,2}[A-HJ-NP-Zg-km-z]`, `[^0-9A-Za-z](bc1|BC1)[02-9ac-hj-np-zAC-HJ-NP-Z]`},
		find:     findCrypto,
		Match: []string{
			"to «1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa» sent", "«bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4».", "x «bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0»",
		},
		Miss: []string{"1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5", "1234567891234", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa2", "bc1qw508d6"},
	},
}

func findCrypto(c *cursor, end int) (int, int, bool) {
	s, start := c.s, end
	for start > 0 && end-start < 6 && isAlnum(s[start-1]) {
		start--
	}
	stop := end
	for stop < len(s) && stop-start <= 62 && isAlnum(s[stop]) {
		stop++
	}
	if stop < len(s) && s[stop] == '_' || start > 0 && s[start-1] == '_' && start > 1 && isAlnum(s[start-2]) {
		return 0, 0, false
	}
	if n := stop - start; s[start] == '1' || s[start] == '3' {
		return start, stop, n >= 26 && n <= 35 && checkBase58(s[start:stop])
	} else if n < 14 || n > 62 || !strings.EqualFold(s[start:start+3], "bc1") {
		return 0, 0, false
	}
	sum, ok := bech32Sum(s[start:stop])
	return start, stop, ok && (sum == 1 || sum == bech32m)
}

// bech32m is what bech32Sum comes to for Bech32m (BIP 350).
const bech32m = 0x2bc830a3
