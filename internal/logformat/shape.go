// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package logformat

import "strings"

// looksLikeJSON reports a text that begins with { and a quote or } and ends with }.
func looksLikeJSON(text string) bool {
	text = strings.TrimSpace(text)
	if len(text) < 2 || text[0] != '{' || text[len(text)-1] != '}' {
		return false
	}
	text = strings.TrimLeft(text[1:], " \t\r\n")
	return text[0] == '"' || text[0] == '}'
}

// isLogfmt reports a text of at least two key=value pairs and nothing else.
func isLogfmt(text string) bool {
	pairs := 0
	for rest := strings.TrimSpace(text); rest != ""; pairs++ {
		eq := 0
		for eq < len(rest) && isKeyByte(rest[eq]) {
			eq++
		}
		if eq == 0 || eq == len(rest) || rest[eq] != '=' {
			return false
		}
		rest = rest[eq+1:]
		if strings.HasPrefix(rest, `"`) {
			i := 1
			for i < len(rest) && rest[i] != '"' {
				if rest[i] == '\\' {
					i++
				}
				i++
			}
			if i >= len(rest) || i+1 < len(rest) && rest[i+1] > ' ' {
				return false
			}
			rest = rest[i+1:]
		} else if end := strings.IndexAny(rest, " \t\r\n"); end < 0 {
			rest = ""
		} else {
			rest = rest[end:]
		}
		rest = strings.TrimLeft(rest, " \t\r\n")
	}
	return pairs > 1
}

func isKeyByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '.' || c == '-' || c == '/' || c == '@'
}
