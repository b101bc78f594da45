// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package logql

import "strings"

// FieldParser extracts the fields of lines, one after the other. The zero value is ready. It is for one goroutine.
type FieldParser struct {
	set    labelSet
	json   JSONParser
	logfmt LogfmtParser
	fields Labels
}

// Parse extracts the fields of a line with the parser that fits it, and names the parser: json, logfmt, or "" if none does. The
// fields are valid until the next call.
func (p *FieldParser) Parse(stream, metadata Labels, line string) (Labels, string) {
	var s processor = &p.logfmt
	name := "logfmt"
	trimmed := strings.TrimSpace(line)
	switch {
	case strings.HasPrefix(trimmed, "{"):
		s, name = &p.json, "json"
	case !strings.Contains(trimmed, "="):
		return nil, ""
	}
	p.set.reset(&Entry{Stream: stream, Metadata: metadata})
	s.process(&lineState{line: line}, &p.set)
	if p.set.err != "" {
		return nil, ""
	}
	p.fields = p.set.appendCategory(p.fields[:0], catParsed)
	return p.fields, name
}

// IsBytes reports whether s is a size with a unit, such as 20MB.
func IsBytes(s string) bool {
	if s == "" || isDigit(s[len(s)-1]) {
		return false
	}
	_, ok := parseBytes(s)
	return ok
}
