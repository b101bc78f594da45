// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import "bytes"

// index returns where the text of the needle is first found in b, or -1. It looks for its rarest byte, which the
// processor does many bytes at a time; where that is not rare, the standard library's search is better.
func (n *needles) index(b []byte) int {
	if n.fold {
		return n.foldIndex(b)
	}
	rare := n.text[n.at]
	if len(n.text) == 1 {
		return bytes.IndexByte(b, rare)
	}
	misses := 0
	for from := n.at; ; {
		if from >= len(b) {
			return -1
		}
		i := bytes.IndexByte(b[from:], rare)
		if i < 0 {
			return -1
		}
		start := from + i - n.at
		if len(b)-start < len(n.text) {
			return -1
		}
		if string(b[start:start+len(n.text)]) == n.text {
			return start
		}
		from += i + 1
		if misses++; misses > 8 && misses*maxStride > from {
			start++
			if i := bytes.Index(b[start:], []byte(n.text)); i >= 0 {
				return start + i
			}
			return -1
		}
	}
}

// maxStride is how far apart the rare byte must be for looking for it to pay.
const maxStride = 24

// foldIndex is index without regard to the case of ASCII letters.
func (n *needles) foldIndex(b []byte) int {
	lower := n.text[n.at]
	upper := lower
	if lower >= 'a' && lower <= 'z' {
		upper -= 'a' - 'A'
	}
	// The next place of either form of the rare byte, from which on it was looked for.
	nextLower, nextUpper := -1, -1
	if upper == lower {
		nextUpper = len(b)
	}
	for from := n.at; from < len(b); {
		if nextLower < from {
			nextLower = len(b)
			if i := bytes.IndexByte(b[from:], lower); i >= 0 {
				nextLower = from + i
			}
		}
		if nextUpper < from {
			nextUpper = len(b)
			if i := bytes.IndexByte(b[from:], upper); i >= 0 {
				nextUpper = from + i
			}
		}
		at := min(nextLower, nextUpper)
		start := at - n.at
		if at == len(b) || len(b)-start < len(n.text) {
			return -1
		}
		if equalFold(b[start:start+len(n.text)], n.text) {
			return start
		}
		from = at + 1
	}
	return -1
}

// equalFold compares with a text in lower case.
func equalFold(b []byte, lower string) bool {
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

// commonBytes are bytes of logs, the most common first. Others are rare.
const commonBytes = " e0t1a2on3di5r4s6c987=l\"upmfbg.-_/vh,:ywTkxI[]EASqjzRDONPC(){}LMFBG"

var commonnessOf = func() (table [256]uint8) {
	for i := range len(commonBytes) {
		table[commonBytes[i]] = uint8(len(commonBytes) - i)
	}
	return table
}()

// commonness is how common a byte is in logs, compared with others.
func commonness(c byte, fold bool) int {
	n := int(commonnessOf[c])
	if fold && c >= 'a' && c <= 'z' {
		n += int(commonnessOf[c-('a'-'A')])
	}
	return n
}
