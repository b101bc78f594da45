// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package culprit

import (
	"strings"
)

const (
	// maxTextBytes is how much of a text is looked at, and maxTokens how many of its words.
	maxTextBytes = 1 << 10
	maxTokens    = 64
	// maxShownBytes is the longest value that may be a cause.
	maxShownBytes = 200
)

// classes of bytes in a text.
const (
	isSep = 1 << iota
	isDigit
	isLetter
)

var class = func() (t [256]uint8) {
	for _, c := range " \t\n\r,;()[]{}\"'<>|`" {
		t[byte(c)] = isSep
	}
	for c := byte('0'); c <= '9'; c++ {
		t[c] = isDigit
	}
	for c := byte('a'); c <= 'z'; c++ {
		t[c], t[c-32] = isLetter, isLetter
	}
	t['_'] = isLetter
	for c := 0x80; c <= 0xff; c++ { // of a word in another script
		t[c] = isLetter
	}
	return t
}()

// unnamed begins the name of a number that has none.
const unnamed = "number "

// finding is a value in a text: what a word says of it, and what it is.
type finding struct {
	key, value string
	pair       bool // as key=value; else the value follows the word
}

// findings appends the values of a text: those of pairs key=value, and words with digits, by the word before them.
func findings(dst []finding, s string) []finding {
	s = s[:min(len(s), maxTextBytes)]
	word, pending := "", ""
	tokens, nth := 0, 0
	for i := 0; i < len(s) && tokens < maxTokens; {
		if class[s[i]]&isSep != 0 {
			i++
			continue
		}
		start, seen, eq := i, uint8(0), -1
		for i < len(s) && class[s[i]]&isSep == 0 {
			seen |= class[s[i]]
			if s[i] == '=' && eq < 0 && i > start {
				eq = i
			}
			i++
		}
		tokens++
		token := strings.TrimRight(s[start:i], ".:")
		switch {
		case pending != "":
			if token != "" {
				dst = append(dst, finding{pending, token, true})
			}
			pending, word = "", ""
		case eq > 0 && isKey(s[start:eq]):
			key := s[start:eq]
			if value := s[eq+1 : i]; value == "" {
				pending = key
			} else if value = strings.TrimRight(value, ".:"); value != "" {
				dst = append(dst, finding{key, value, true})
			}
			word = ""
		case seen&isDigit != 0:
			key := word
			if key == "" { // a number has no name but its place
				nth++
				key = unnamed + string(rune('0'+min(nth, 9)))
			}
			dst = append(dst, finding{key, token, false})
			if strings.HasPrefix(token, "HTTP/") { // of a request: the status is next
				word = token
			} else {
				word = ""
			}
		case seen&isLetter != 0:
			if word = token; len(word) > 40 || !isKey(word) || isLevelWord(word) {
				word = ""
			}
		}
	}
	return dst
}

// isLevelWord reports whether a word is the level of a line, such as the ERROR of "ERROR [http-nio-8080-exec-3]": what is behind it is not
// its value. In small letters, as in "error 1062", it may be.
func isLevelWord(s string) bool {
	switch s {
	case "TRACE", "DEBUG", "INFO", "NOTICE", "WARN", "WARNING", "ERROR", "SEVERE", "CRITICAL", "FATAL":
		return true
	}
	return false
}

// isKey reports whether a text may be the name of a value.
func isKey(s string) bool {
	if s == "" || len(s) > 60 || class[s[0]]&isLetter == 0 {
		return false
	}
	for i := range len(s) {
		if class[s[i]]&(isLetter|isDigit) == 0 && s[i] != '.' && s[i] != '-' {
			return false
		}
	}
	return true
}

// number reads a number, with a unit maybe. Durations are in milliseconds then, whatever their unit.
func number(s string) (v float64, unit string, ok bool) {
	i, neg := 0, false
	if len(s) > 0 && (s[0] == '-' || s[0] == '+') {
		neg, i = s[0] == '-', 1
	}
	digits, scale, dot := 0, 1.0, false
	for ; i < len(s); i++ {
		c := s[i]
		if c == '.' && !dot {
			dot = true
			continue
		}
		if class[c] != isDigit {
			break
		}
		if digits++; digits > 18 {
			return 0, "", false
		}
		v = v*10 + float64(c-'0')
		if dot {
			scale *= 10
		}
	}
	if digits == 0 || s[i-1] == '.' {
		return 0, "", false
	}
	v /= scale
	if neg {
		v = -v
	}
	switch unit = s[i:]; unit {
	case "":
		return v, "", true
	case "ms":
		return v, "ms", true
	case "s", "sec":
		return v * 1e3, "ms", true
	case "us", "µs", "μs":
		return v / 1e3, "ms", true
	case "ns":
		return v / 1e6, "ms", true
	case "m", "min":
		return v * 60e3, "ms", true
	case "%":
		return v, "%", true
	case "B", "kB", "KB", "MB", "GB", "KiB", "MiB", "GiB", "b", "k", "K", "M", "G":
		return v, unit, true
	}
	return 0, "", false
}

// firstLine returns a text up to its first line break.
func firstLine(s string) string {
	if i := strings.IndexByte(s, '\n'); i > 0 {
		return s[:i]
	}
	return s
}
