// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grokprocessor

import "strings"

// logfmtParser matches a text that is key=value pairs and nothing else; a value may be quoted, with the escapes of JSON.
// A bare word makes it no match, so that prose with a pair in it is not taken for logfmt. Values stay texts. Of a key
// that occurs twice the last value stays.
type logfmtParser struct{}

func (*logfmtParser) parse(w *worker, text string, m *match) outcome {
	rest := strings.TrimSpace(text)
	if rest == "" {
		return outcomeNoMatch
	}
	for rest != "" {
		eq := keyEnd(rest)
		if eq <= 0 || eq == len(rest) || rest[eq] != '=' {
			return outcomeNoMatch
		}
		if w.fieldsLeft--; w.fieldsLeft < 0 {
			return outcomeTooManyFields
		}
		if m.object.Len() == 0 { // now it looks like logfmt
			m.ready(text)
		}
		key := rest[:eq]
		rest = rest[eq+1:]
		var value string
		if strings.HasPrefix(rest, `"`) {
			d := jsonDecoder{text: rest}
			var ok bool
			if value, ok = d.str(); !ok {
				return outcomeNoMatch
			}
			rest = rest[d.pos:]
			if rest != "" && rest[0] > ' ' {
				return outcomeNoMatch
			}
		} else {
			end := strings.IndexAny(rest, " \t\r\n")
			if end < 0 {
				end = len(rest)
			}
			value, rest = rest[:end], rest[end:]
		}
		m.object.PutStr(key, value)
		rest = strings.TrimLeft(rest, " \t\r\n")
	}
	return outcomeParsed
}

// keyEnd returns the offset of what ends a key: the = after it, or the first byte that no key has.
func keyEnd(s string) int {
	for i := range len(s) {
		if c := s[i]; c == '=' || c <= ' ' || c == '"' || c == 0x7f {
			return i
		}
	}
	return len(s)
}
