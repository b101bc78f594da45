// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redact

import (
	"math"
	"strings"
	"unicode/utf8"
)

func isDigit(c byte) bool { return c-'0' < 10 }
func isUpper(c byte) bool { return c-'A' < 26 }
func isLower(c byte) bool { return c-'a' < 26 }
func isAlpha(c byte) bool { return c|0x20-'a' < 26 && c < 0x80 }
func isAlnum(c byte) bool { return isDigit(c) || isUpper(c) || isLower(c) }
func isHex(c byte) bool   { return isDigit(c) || (c|0x20)-'a' < 6 }
func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

// boundaryBefore tells whether a token may begin at i: at the start, after a character that is no part of a word, or
// after an escape whose last character only looks like one (\n, \u0022, %3D, the colour codes of a terminal).
func boundaryBefore(s string, i int) bool {
	if i == 0 || !isAlnum(s[i-1]) && s[i-1] != '_' {
		return true
	}
	return escapeBefore(s, i)
}

func escapeBefore(s string, i int) bool {
	switch c := s[i-1]; {
	case i >= 2 && s[i-2] == '\\' && strings.IndexByte("nrtbfv", c) >= 0:
		return true // also behind more of them: in JSON in JSON a line break is \\n
	case i >= 3 && s[i-3] == '%' && isHex(s[i-2]) && isHex(c):
		return true
	case i >= 4 && s[i-4] == '\\' && s[i-3] == 'x' && isHex(s[i-2]) && isHex(c): // nginx and others write a quote as \x22
		return true
	case i >= 6 && s[i-6] == '\\' && s[i-5] == 'u' && isHex(s[i-4]) && isHex(s[i-3]) && isHex(s[i-2]) && isHex(c):
		return true
	case c == 'm' || c == 'K':
		j := i - 2
		for j >= 0 && i-j < 16 && (isDigit(s[j]) || s[j] == ';') {
			j--
		}
		return j >= 1 && s[j] == '[' && endsInEscape(s[max(0, j-5):j])
	}
	return false
}

// endsInEscape tells whether s ends in the character before a terminal's colour code: raw, or as JSON, shells, C, cat -v or rsyslog
// write it.
func endsInEscape(s string) bool {
	for _, esc := range [...]string{"\x1b", "u001b", "u001B", `\x1b`, `\x1B`, `\033`, `\e`, "^[", "#033"} {
		if strings.HasSuffix(s, esc) {
			return true
		}
	}
	return false
}

// backslashesBefore counts the backslashes that end right before i, at most 64.
func backslashesBefore(s string, i int) int {
	n := 0
	for n < 64 && i-n > 0 && s[i-n-1] == '\\' {
		n++
	}
	return n
}

// containsFold is strings.Contains without regard to case, for a word in lower-case ASCII. It does not allocate.
func containsFold(s, word string) bool {
	for i := 0; i+len(word) <= len(s); i++ {
		if s[i]|0x20 == word[0] && strings.EqualFold(s[i:i+len(word)], word) {
			return true
		}
	}
	return false
}

// entropy is Shannon's, in bits a byte.
func entropy(s string) float64 {
	var count [256]int
	for i := range len(s) {
		count[s[i]]++
	}
	h := 0.0
	for _, n := range count {
		if n > 0 {
			p := float64(n) / float64(len(s))
			h -= p * math.Log2(p)
		}
	}
	return h
}

// distinct counts the different characters, case folded.
func distinct(s string) int {
	var seen [256]bool
	n := 0
	for i := range len(s) {
		c := s[i]
		if isUpper(c) {
			c |= 0x20
		}
		if !seen[c] {
			seen[c] = true
			n++
		}
	}
	return n
}

func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		if i == 8 || i == 13 || i == 18 || i == 23 {
			if s[i] != '-' {
				return false
			}
		} else if !isHex(s[i]) {
			return false
		}
	}
	return true
}

func allIn(s string, in func(byte) bool) bool {
	for i := range len(s) {
		if !in(s[i]) {
			return false
		}
	}
	return true
}

// runeStart and runeEnd move a place that lies inside a multi-byte character to its start or its end. Bytes that are no
// UTF-8 are left as they are.
func runeStart(s string, i int) int {
	for k := 0; k < utf8.UTFMax && k <= i && i < len(s); k++ {
		if utf8.RuneStart(s[i-k]) {
			if _, n := utf8.DecodeRuneInString(s[i-k:]); n > k {
				return i - k
			}
			break
		}
	}
	return i
}

func runeEnd(s string, i int) int {
	if k := runeStart(s, i); k < i {
		_, n := utf8.DecodeRuneInString(s[k:])
		return k + n
	}
	return i
}

var maskWords = []string{
	"redact", "mask", "filter", "hidden", "remove", "omit", "protect", "saniti", "scrub", "censor", "sensitive",
	"secret", "private", "xxx", "***", "null", "none", "empty", "not set", "not_set", "unset", "undefined",
}

// objectAt tells whether v is how Java and others print an object: a name, @, and a short hexadecimal number.
func objectAt(v string) bool {
	i := strings.LastIndexByte(v, '@')
	return i > 0 && len(v)-i >= 4 && len(v)-i <= 17 && allIn(v[i+1:], isHex)
}

// isPlaceholder tells whether a value stands for a secret rather than being one: masked by somebody before,
// a template's variable, or a word for "nothing".
func isPlaceholder(v string) bool {
	if v == "" || len(v) > 128 {
		return v == ""
	}
	if strings.HasPrefix(v, maskPrefix) {
		for isMask(v) > 0 {
			v = v[isMask(v):]
		}
		return allIn(v, func(c byte) bool { return strings.IndexByte(")]},;.", c) >= 0 })
	}
	switch strings.ToLower(v) {
	case "null", "nil", "none", "true", "false", "undefined", "empty", "unset", "no", "yes", "n/a", "-", "0", "1",
		"redacted", "masked", "hidden", "filtered", "removed", "required", "missing", "invalid", "incorrect", "expired", "changed",
		"(sensitive", "(known": // (sensitive value) and (known after apply) of Terraform
		return true
	}
	if looksMade(v) {
		return true
	}
	first, last := v[0], v[len(v)-1]
	switch {
	case first == '[' && last == ']', first == '<' && last == '>', first == '(' && last == ')', first == '{' && last == '}':
		if low := strings.ToLower(v); strings.HasPrefix(v, "{{") && strings.HasSuffix(v, "}}") {
			return true
		} else {
			for _, w := range maskWords {
				if strings.Contains(low, w) {
					return true
				}
			}
			return len(v) == 2
		}
	case first == '$' && len(v) > 1 && (v[1] == '{' && last == '}' || v[1] == '(' && last == ')'):
		return true
	case first == '$' && len(v) > 1 && allIn(v[1:], func(c byte) bool { return isUpper(c) || c == '_' }):
		return true
	case first == '$' && (len(v) == 2 || len(v) == 3) && allIn(v[1:], isDigit): // a parameter of a statement
		return true
	case first == '%' && len(v) > 1 && (len(v) == 2 || last == '%' && allIn(v[1:len(v)-1], func(c byte) bool { return isAlpha(c) || c == '_' }) || v[1] == '{' && last == '}'):
		return true
	}
	if n := strings.Count(v, "*") + strings.Count(v, "•")*len("•"); n >= 3 && n+8 >= len(v) {
		return true
	}
	return len(v) >= 3 && allIn(v, func(c byte) bool { return c|0x20 == 'x' || c == '.' || c == '-' || c == '_' || c == '#' || c == '?' })
}

// looksMade tells whether a token was written by hand to stand for one: EXAMPLE at its end, eight equal characters in
// a row, the alphabet, or a mask inside.
func looksMade(v string) bool {
	if strings.HasSuffix(v, "EXAMPLE") || strings.Contains(v, "abcdefghijklmnop") || strings.Contains(v, "[Redacted]") || strings.Contains(v, "[REDACTED]") {
		return true
	}
	run := 1
	for i := 1; i < len(v); i++ {
		if v[i] != v[i-1] {
			run = 1
		} else if run++; run >= 8 && (v[i]|0x20 == 'x' || v[i] == '*' || v[i] == '0') {
			return true
		}
	}
	return false
}
