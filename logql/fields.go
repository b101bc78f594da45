// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package logql

import "strings"

// ParseFields extracts the fields of a line with the parser that fits it, and names the parser: json, logfmt,
// or "" if none does.
func ParseFields(stream, metadata Labels, line string) (Labels, string) {
	var s processor = &LogfmtParser{}
	name := "logfmt"
	trimmed := strings.TrimSpace(line)
	switch {
	case strings.HasPrefix(trimmed, "{"):
		s, name = &JSONParser{}, "json"
	case !strings.Contains(trimmed, "="):
		return nil, ""
	}
	var ls labelSet
	ls.reset(&Entry{Stream: stream, Metadata: metadata})
	s.process(&lineState{line: line}, &ls)
	if ls.err != "" {
		return nil, ""
	}
	return ls.appendCategory(nil, catParsed), name
}

// IsBytes reports whether s is a size with a unit, such as 20MB.
func IsBytes(s string) bool {
	if s == "" || isDigit(s[len(s)-1]) {
		return false
	}
	_, ok := parseBytes(s)
	return ok
}
