// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redactprocessor

import (
	"encoding/binary"
	"unicode/utf16"
)

// fromUTF16 returns bytes that look like UTF-16 of mostly Latin text as UTF-8, and the function that turns a text back into
// that form; "" for others. Windows' programs write such bytes, and no detector would find a thing in them.
func fromUTF16(s string) (text string, back func(string) string) {
	if len(s) < 8 {
		return "", nil
	}
	s, rest := s[:len(s)&^1], s[len(s)&^1:] // half a character where the bytes were cut
	var zeros [2]int                        // at even and at odd places
	for i := range len(s) {
		if s[i] == 0 {
			zeros[i&1]++
		}
	}
	var order binary.AppendByteOrder
	var at func(i int) uint16
	switch {
	case zeros[1] >= len(s)/4 && zeros[1] > zeros[0]:
		order, at = binary.LittleEndian, func(i int) uint16 { return uint16(s[i]) | uint16(s[i+1])<<8 }
	case zeros[0] >= len(s)/4:
		order, at = binary.BigEndian, func(i int) uint16 { return uint16(s[i])<<8 | uint16(s[i+1]) }
	default:
		return "", nil
	}
	units := make([]uint16, 0, len(s)/2)
	for i := 0; i < len(s); i += 2 {
		units = append(units, at(i))
	}
	return string(utf16.Decode(units)), func(text string) string {
		out := make([]byte, 0, 2*len(text))
		for _, u := range utf16.Encode([]rune(text)) {
			out = order.AppendUint16(out, u)
		}
		return string(out) + rest
	}
}
