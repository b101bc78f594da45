// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package logformat

import "strings"

// Kind is how the lines of a format are read.
type Kind uint8

// The kinds of formats.
const (
	Grok   Kind = iota // by Expression
	JSON               // one object and nothing around its Payload
	Logfmt             // key=value pairs and nothing else in its Payload
)

// Format is a well-known format of log lines.
type Format struct {
	Name       string // lower_snake_case, stable: it goes into an attribute
	Title      string // for people: which programs write it
	Kind       Kind
	Expression string   // of a Grok format; it matches whole texts only, further lines included
	Layouts    []string // Go layouts of the capture timestamp, where the well-known ones do not read it or could read it in two ways

	shape   string   // how its lines begin, see outline
	has     string   // what its lines have somewhere
	after   []string // formats before it that some of its lines have too, and which those lines then are of
	general bool     // there are many such formats
}

const byteOrderMark = "\ufeff"

// Payload returns what of a JSON or Logfmt text is to be parsed: it leaves out a byte order mark and blanks before an object, and
// the <priority> of syslog before pairs.
func Payload(text string) string {
	rest := strings.TrimLeft(strings.TrimPrefix(text, byteOrderMark), " \t")
	if strings.HasPrefix(rest, "{") {
		return rest
	}
	if priority, rest, ok := strings.Cut(text, ">"); ok && 1 < len(priority) && len(priority) <= 4 && priority[0] == '<' {
		for _, c := range []byte(priority[1:]) {
			if classes[c]&digit == 0 {
				return text
			}
		}
		return rest
	}
	return text
}
