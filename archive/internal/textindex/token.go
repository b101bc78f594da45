// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package textindex

import "encoding/binary"

// What a byte is. A token is a maximal run of bytes with any of these bits.
const (
	digit      = 1 << iota // 0-9
	lowerHex               // a-f
	upperHex               // A-F
	lowerOther             // g-z
	upperOther             // G-Z
	high                   // 0x80 and above
	marker                 // 0xF8 and above, which UTF-8 never holds: shapes use them
)

const (
	hexDigits = digit | lowerHex | upperHex
	// maxWord is how long a token of the vocabulary may be, in bytes.
	maxWord = 255
	// longWord is from which length on a word is like an id.
	longWord = 65
	// minHex is from which length on hexadecimal digits with a decimal one among them are an id.
	minHex = 6
	// maxHex is up to which: longer ones are rare, and with one in a row group, any hexadecimal needle could be in it.
	maxHex = 32
	// maxFraction is how many digits, and a Z, are the end of a time.
	maxFraction = 9
	// uuidBytes is the length of a UUID.
	uuidBytes = 36
)

// classes says what each byte is.
var classes = func() (t [256]uint8) {
	for c := range t {
		switch {
		case c >= '0' && c <= '9':
			t[c] = digit
		case c >= 'a' && c <= 'f':
			t[c] = lowerHex
		case c >= 'A' && c <= 'F':
			t[c] = upperHex
		case c >= 'g' && c <= 'z':
			t[c] = lowerOther
		case c >= 'G' && c <= 'Z':
			t[c] = upperOther
		case c >= 0xF8:
			t[c] = high | marker
		case c >= 0x80:
			t[c] = high
		}
	}
	return t
}()

// kind says where a token is kept. It is the same for tokens that differ in the case of ASCII letters.
type kind uint8

const (
	kindWord  kind = iota // in the vocabulary, while that has room
	kindMixed             // likewise, while that has room for ids
	kindHex               // in the filter
	kindUUID              // in the filter
	kindLong              // in the filter
	kindTime              // nowhere: the fraction of a second
)

// kindOf classifies a token of which flags is what its bytes are. UUIDs are not single tokens, and found before.
func kindOf(token []byte, flags uint8) kind {
	n := len(token)
	switch {
	case flags&digit != 0 && flags&^hexDigits == 0 && n >= minHex && n <= maxHex:
		return kindHex
	case n > maxWord:
		return kindLong
	case n >= longWord:
		return kindMixed
	case flags&digit == 0:
		return kindWord
	case n > 1 && n <= maxFraction+1 && token[n-1]|0x20 == 'z' && allDigits(token[:n-1]):
		return kindTime
	case n >= 12 || n >= 8 && changes(token) >= 2:
		return kindMixed
	}
	return kindWord
}

func allDigits(token []byte) bool {
	for _, c := range token {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// changes counts how often digits follow others, or others digits.
func changes(token []byte) (n int) {
	for i := 1; i < len(token); i++ {
		if (classes[token[i]]^classes[token[i-1]])&digit != 0 {
			n++
		}
	}
	return n
}

// isUUID reports whether text holds the form of a UUID at i, where a token of eight hexadecimal digits begins, and a
// token's end after it.
func isUUID(text []byte, i int) bool {
	if i+uuidBytes > len(text) || i+uuidBytes < len(text) && classes[text[i+uuidBytes]] != 0 {
		return false
	}
	u := text[i : i+uuidBytes : i+uuidBytes]
	if u[8] != '-' || u[13] != '-' || u[18] != '-' || u[23] != '-' {
		return false
	}
	var all uint8
	missing := false
	for j, c := range u {
		if j == 8 || j == 13 || j == 18 || j == 23 {
			continue
		}
		all |= classes[c]
		missing = missing || classes[c] == 0
	}
	return !missing && all&^hexDigits == 0
}

// appendLower appends s with ASCII letters in lower case.
func appendLower(dst, s []byte) []byte {
	for _, c := range s {
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		dst = append(dst, c)
	}
	return dst
}

// hash64 is xxHash64 (seed 0) of a token, ASCII letters in lower case.
func hash64(token []byte) uint64 {
	for _, c := range token {
		if c >= 'A' && c <= 'Z' {
			var buf [64]byte
			return sum64(appendLower(buf[:0], token))
		}
	}
	return sum64(token)
}

// wordHash is a hash for the builder's tables; it is not part of the format.
func wordHash(s []byte) uint64 {
	const k = 0x9E3779B97F4A7C15
	n := len(s)
	var a, b uint64
	switch {
	case n >= 16:
		return sum64(s)
	case n >= 8:
		a, b = binary.LittleEndian.Uint64(s), binary.LittleEndian.Uint64(s[n-8:])
	case n >= 4:
		a, b = uint64(binary.LittleEndian.Uint32(s)), uint64(binary.LittleEndian.Uint32(s[n-4:]))
	case n > 0:
		a, b = uint64(s[0])<<16|uint64(s[n/2])<<8|uint64(s[n-1]), 0
	}
	h := (a ^ uint64(n)*k) * 0xA0761D6478BD642F
	h ^= h >> 32
	h = (h ^ b) * 0xE7037ED1A0B428DB
	h ^= h >> 29
	h *= k
	return h ^ h>>32
}
