// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package logql

import "strings"

// maxLogfmtScan is how much of a line is looked at, in bytes, to see what it is.
const maxLogfmtScan = 4 << 10

// IsLogfmt reports whether a line is logfmt as a whole: it begins with a key and a value, and at least half of its words are such. Text
// with an = somewhere is not: what | logfmt finds in "GET /search?q=x" or "rate = 5" are no fields that anybody has written.
func IsLogfmt(line string) bool {
	line = strings.TrimSpace(line)
	if len(line) > maxLogfmtScan {
		line = line[:maxLogfmtScan]
	}
	pairs, words := 0, 0
	for line != "" {
		key, rest := cutKey(line)
		words++
		isPair := key != "" && strings.HasPrefix(rest, "=")
		switch {
		case isPair:
			pairs++
			line = rest[1:]
		case words == 1:
			return false
		}
		line = cutWord(line)
	}
	return pairs > 0 && 2*pairs >= words
}

// cutKey cuts what may be the name of a field off the front of a text.
func cutKey(s string) (key, rest string) {
	i := 0
	for i < len(s) {
		c := s[i]
		isLetter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_'
		if !isLetter && (i == 0 || !isDigit(c) && c != '.' && c != '-' && c != '/' && c != '@') {
			break
		}
		i++
	}
	return s[:i], s[i:]
}

// cutWord cuts a word, which may be quoted, and the blanks behind it off the front of a text.
func cutWord(s string) string {
	i := 0
	if strings.HasPrefix(s, `"`) {
		for i = 1; i < len(s) && s[i] != '"'; i++ {
			if s[i] == '\\' {
				i++
			}
		}
	}
	for i < len(s) && s[i] > ' ' {
		i++
	}
	return strings.TrimLeftFunc(s[min(i, len(s)):], func(r rune) bool { return r <= ' ' })
}
