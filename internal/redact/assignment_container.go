// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redact

import (
	"strings"
	"unicode"
)

// opensElement tells whether name> ends a tag: <password>, <ns:password>, <entry name="password">.
func opensElement(s string, n name) bool {
	if n.quoted {
		return n.from >= 2 && s[n.from-2] == '='
	}
	return s[n.from-1] == '<' || s[n.from-1] == ':' && strings.LastIndexByte(s[max(0, n.from-maxKeyBytes):n.from], '<') >= 0
}

func findElement(s string, start int, class keyClass) (int, int, bool) {
	for end := start; start < len(s) && start-end < maxSeparators && isSpace(s[start]); start++ {
	}
	closeElement := func(limit int) int {
		stop := start
		for stop < len(s) && stop-start < limit && s[stop] != '<' {
			stop++
		}
		for stop > start && isSpace(s[stop-1]) {
			stop--
		}
		return stop
	}
	return extend(s, start, closeElement(maxLook), func(v string) bool {
		return plausible(class, v, context{certain: certainTight, quoted: true})
	}, closeElement)
}

// closeContainer returns where the JSON array or object that begins at i ends, if there is one with something in it.
func closeContainer(s string, i int) int {
	if i >= len(s) || s[i] != '[' && s[i] != '{' || isMask(s[i:]) > 0 {
		return -1
	}
	depth, inString, some := 0, false, false
	for j := i; j < len(s) && j-i < maxContainer; j++ {
		switch b := s[j]; {
		case b == '\\':
			// Inside JSON that is a string, \" is the quote; a longer run of backslashes is an escape within it.
			n := 1
			for j+n < len(s) && s[j+n] == '\\' && n < 64 {
				n++
			}
			if n == 1 && j+1 < len(s) && s[j+1] == '"' && !inString || n == 1 && inString && j+2 < len(s) && s[j+1] == '"' && strings.IndexByte(",:]}", s[j+2]) >= 0 && i > 0 && escapedAt(s, i) {
				inString = !inString
			}
			if n%2 == 1 {
				n++
			}
			j += n - 1
		case b == '"':
			inString = !inString
		case inString:
			some = some || b != '[' && b != ']'
		case b == '[' || b == '{':
			if depth++; depth > maxNesting {
				return -1
			}
		case b == ']' || b == '}':
			if depth--; depth == 0 {
				if !some {
					return -1
				}
				return j + 1
			}
		case isAlnum(b):
			some = true
		}
	}
	return -1
}

const (
	maxContainer = 4096 // how far the end of an array or object is looked for
	maxNesting   = 32
)

// escapedAt tells whether the name before the colon before i ends in an escaped quote.
func escapedAt(s string, i int) bool {
	k := blanksBefore(s, i)
	if k > 0 && s[k-1] == ':' {
		k = blanksBefore(s, k-1)
	}
	return k > 1 && s[k-1] == '"' && s[k-2] == '\\'
}

// isMessages tells whether an array of JSON holds sentences only: {"errors":{"password":["is too short"]}}.
func isMessages(s string) bool {
	if s[0] != '[' {
		return false
	}
	parts := strings.Split(strings.ReplaceAll(s, `\"`, `"`), `"`)
	for i := 1; i < len(parts); i += 2 {
		if strings.Count(parts[i], " ") < 2 {
			return false
		}
	}
	return len(parts) > 2 && !strings.ContainsFunc(s, unicode.IsDigit)
}
