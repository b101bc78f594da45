// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redact

import "strings"

// flagWords go on a sentence behind the name of an option.
var flagWords = map[string]bool{
	"option": true, "options": true, "flag": true, "flags": true, "argument": true, "parameter": true, "switch": true, "is": true, "and": true,
	"or": true, "to": true, "for": true, "with": true, "from": true, "file": true, "in": true, "on": true, "not": true, "stdin": true, "value": true,
	"must": true, "requires": true, "required": true, "cannot": true, "can": true, "has": true, "was": true, "will": true, "may": true,
	"instead": true, "via": true, "are": true, "if": true, "when": true, "the": true, "should": true, "but": true,
}

// findFlag is called behind the blank that follows an option: --db-password x.
func findFlag(c *cursor, end int, want keyClass) (int, int, bool) {
	s := c.s
	from := end - 1
	for from > 0 && end-from < maxKeyBytes && isKeyChar(s[from-1]) {
		from--
	}
	if s[from] != '-' || from > 0 && !isSpace(s[from-1]) && strings.IndexByte(`"'[(`, s[from-1]) < 0 {
		return 0, 0, false
	}
	class := c.e.keyClass(s[from : end-1])
	if class == keyWeak && strings.HasSuffix(s[from:end-1], "pass") {
		class = keyPassword
	}
	if class < keySecret || (class == keyPassword) != (want == keyPassword) {
		return 0, 0, false
	}
	start := end
	for start < len(s) && start-end < maxSeparators && (s[start] == ' ' || s[start] == '\t') {
		start++
	}
	quote := ""
	if start < len(s) && strings.IndexByte("\"'\\", s[start]) >= 0 {
		start, quote = openValue(s, start)
	}
	closeValue := func(limit int) int {
		if quote != "" {
			return closeQuoted(s, start, quote, limit)
		}
		return closeBare(s, start, limit)
	}
	return extend(s, start, closeValue(maxLook), func(v string) bool {
		if v[0] == '-' || quote == "" && (flagWords[v] || strings.IndexByte("([{|=:", v[0]) >= 0) {
			return false
		}
		return plausible(class, v, context{certain: certainTight, quoted: quote != ""})
	}, closeValue)
}
