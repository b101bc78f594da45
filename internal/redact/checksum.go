// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redact

import (
	"bytes"
	"crypto/sha256"
	"hash/crc32"
	"strings"
)

// checksums are the functions that a rule's checksum may name. Each tells whether the token carries the right checksum.
var checksums = map[string]func(token string) bool{
	"github":      checkGitHub,
	"bech32":      checkBech32,
	"base58check": checkBase58,
}

const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// checkGitHub is the checksum of GitHub's and npm's tokens: behind the prefix and its underscore 30 characters, and the CRC-32
// of these in six digits of base 62. See https://github.blog/engineering/behind-githubs-new-authentication-token-formats/.
func checkGitHub(token string) bool {
	_, body, ok := strings.Cut(token, "_")
	if !ok || len(body) != 36 {
		return false
	}
	sum := crc32.ChecksumIEEE([]byte(body[:30]))
	for i := len(body) - 1; i >= 30; i-- {
		if body[i] != base62[sum%62] {
			return false
		}
		sum /= 62
	}
	return sum == 0
}

const (
	bech32Charset = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
	maxBech32     = 90
)

// checkBech32 is the checksum of BIP 173, all lower or all upper case: age's secret keys and Nostr's.
func checkBech32(token string) bool {
	sum, ok := bech32Sum(token)
	return ok && sum == 1
}

// bech32Sum is what the checksum comes to: 1 for Bech32, and another constant for Bech32m (BIP 350).
func bech32Sum(token string) (uint32, bool) {
	low := strings.ToLower(token)
	i := strings.LastIndexByte(low, '1')
	if len(low) > maxBech32 || i < 1 || len(low)-i < 7 || token != low && token != strings.ToUpper(token) {
		return 0, false
	}
	sum := uint32(1)
	step := func(v byte) {
		top := sum >> 25
		sum = sum&0x1ffffff<<5 ^ uint32(v)
		for bit, generator := range [...]uint32{0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3} {
			if top>>bit&1 != 0 {
				sum ^= generator
			}
		}
	}
	for k := range i {
		step(low[k] >> 5)
	}
	step(0)
	for k := range i {
		step(low[k] & 31)
	}
	for k := i + 1; k < len(low); k++ {
		v := strings.IndexByte(bech32Charset, low[k])
		if v < 0 {
			return 0, false
		}
		step(byte(v))
	}
	return sum, true
}

const (
	base58    = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
	maxBase58 = 120
)

// checkBase58 is the checksum of Base58Check: the last four bytes are the first four of SHA-256 of SHA-256 of the others.
// BIP 32's extended keys have it.
func checkBase58(token string) bool {
	if len(token) > maxBase58 {
		return false
	}
	var out [maxBase58]byte // big endian; what the token stands for is shorter than the token
	for i := range len(token) {
		carry := strings.IndexByte(base58, token[i])
		if carry < 0 {
			return false
		}
		for k := len(out) - 1; k >= 0; k-- {
			carry += int(out[k]) * 58
			out[k] = byte(carry)
			carry >>= 8
		}
	}
	raw := bytes.TrimLeft(out[:], "\x00")
	for i := 0; i < len(token) && token[i] == '1'; i++ {
		if len(raw) == len(out) {
			return false
		}
		raw = out[len(out)-len(raw)-1:]
	}
	if len(raw) < 5 {
		return false
	}
	body, sum := raw[:len(raw)-4], raw[len(raw)-4:]
	first := sha256.Sum256(body)
	second := sha256.Sum256(first[:])
	return bytes.Equal(second[:4], sum)
}
