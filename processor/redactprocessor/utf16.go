// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redactprocessor

import (
	"encoding/binary"
	"strings"
	"unicode/utf16"
)

// utf16Starts are the places from which bytes are read as UTF-16: the beginning, and, as other text may stand before it, the
// byte before the first zero and that zero.
type utf16Starts struct {
	start int
	tries int
	read  bool // from the beginning
	zero  int  // the first
}

// next moves on to the next place, and tells whether there is one.
func (u *utf16Starts) next(s string) bool {
	if u.tries++; u.tries == 1 {
		u.zero = strings.IndexByte(s, 0)
		return u.zero >= 0
	}
	if u.tries == 2 {
		u.zero = strings.IndexByte(s, 0) // what was found may have moved it
	}
	for ; u.tries <= 3; u.tries++ {
		if u.start = u.zero + u.tries - 3; u.start > 0 && (u.start&1 == 1 || !u.read) {
			return true
		}
	}
	return false
}

// fromUTF16 returns bytes from start on that look like UTF-16 of mostly Latin text as UTF-8, and the function that turns a
// text back into that form, with what stands before start; "" for others. Windows' programs write such bytes, and no detector
// would find a thing in them.
func fromUTF16(s string, start int) (text string, back func(string) string) {
	start = min(start, len(s))
	head, s := s[:start], s[start:]
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
		out := append(make([]byte, 0, len(head)+2*len(text)+len(rest)), head...)
		for _, u := range utf16.Encode([]rune(text)) {
			out = order.AppendUint16(out, u)
		}
		return string(out) + rest
	}
}
