// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redact

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"sort"
	"strings"
)

const (
	maskPrefix     = "[REDACTED"
	partialKeeps   = 4
	partialAtLeast = 12
	hashBytes      = 8
)

// maskOf is what stands in the place of text.
func (sc *Scanner) maskOf(det uint16, text string) string {
	d := &sc.e.dets[det]
	extra := ""
	switch d.action {
	case Partial:
		if n := len(text); n >= partialAtLeast && allIn(text[n-partialKeeps:], isAlnum) {
			extra = ":" + text[n-partialKeeps:]
		}
	case Hash:
		mac := hmac.New(sha256.New, sc.e.hashKey)
		mac.Write([]byte(text))
		extra = ":"
		if sc.e.hashKeyID != "" {
			extra += sc.e.hashKeyID + "."
		}
		extra += hex.EncodeToString(mac.Sum(nil)[:hashBytes])
	}
	if extra == "" && sc.e.maskText != "" {
		return sc.e.maskText
	}
	return maskPrefix + ":" + d.name + extra + "]"
}

// rewrite replaces the findings, which are in order and do not overlap. A finding that stood in JSON as a bare value is
// replaced by a JSON string, so that JSON stays JSON. sc.view.marks then tells where in the result each mask stands.
func (sc *Scanner) rewrite(s string, found []finding) string {
	out := sc.outs[0][:0]
	marks := sc.view.marks[:0]
	at := 0
	for _, f := range found {
		out = append(out, s[at:f.start]...)
		from := len(out)
		mask := sc.maskOf(f.det, s[f.start:f.end])
		if quote := bareJSONQuote(s, f.start, f.end); quote != "" {
			out = append(out, quote...)
			out = append(out, mask...)
			out = append(out, quote...)
		} else {
			out = append(out, mask...)
		}
		marks = append(marks, [2]int{from, len(out)})
		at = f.end
	}
	out = append(out, s[at:]...)
	sc.outs[0], sc.view.marks = out, marks
	if text := string(out); !looksLikeJSON(s) || !json.Valid([]byte(s)) || json.Valid(out) {
		return text
	}
	return sc.rewriteJSON(s, found)
}

// bareJSONQuote returns the quotes that a mask needs in the place of s[start:end]: those around it when it is a
// JSON number behind a quoted name. Inside JSON that is itself a string the quotes are escaped as the name's are.
func bareJSONQuote(s string, start, end int) string {
	i := start
	for i > 0 && isSpace(s[i-1]) {
		i--
	}
	if i == 0 || s[i-1] != ':' {
		return ""
	}
	i--
	for i > 0 && isSpace(s[i-1]) {
		i--
	}
	if i == 0 || s[i-1] != '"' {
		return ""
	}
	j := end
	for j < len(s) && isSpace(s[j]) {
		j++
	}
	if j < len(s) && s[j] != ',' && s[j] != '}' {
		return ""
	}
	n := backslashesBefore(s, i-1)
	return s[i-1-n : i]
}

func looksLikeJSON(s string) bool {
	s = strings.TrimSpace(s)
	return len(s) > 1 && (s[0] == '{' && s[len(s)-1] == '}' || s[0] == '[' && s[len(s)-1] == ']' || s[0] == '"' && s[len(s)-1] == '"')
}

// rewriteJSON rewrites valid JSON of which the plain rewriting is none any more: it widens each finding to whole tokens.
// Within a string only the text changes; a finding that goes over the end of a string takes the whole document.
func (sc *Scanner) rewriteJSON(s string, found []finding) string {
	out := sc.outs[0][:0]
	marks := sc.view.marks[:0]
	at, k, inString := 0, 0, false
	for i := 0; i < len(s) && k < len(found); i++ {
		if i == found[k].start {
			f := found[k]
			inside := s[f.start:f.end]
			if inString && strings.Contains(strings.ReplaceAll(inside, `\"`, ""), `"`) || !inString && !json.Valid([]byte(inside)) {
				return sc.wholeJSON(s, found)
			}
			out = append(out, s[at:f.start]...)
			from := len(out)
			if !inString {
				out = append(out, '"')
			}
			out = append(out, sc.maskOf(f.det, inside)...)
			if !inString {
				out = append(out, '"')
			}
			marks = append(marks, [2]int{from, len(out)})
			at = f.end
			i = f.end - 1
			k++
			continue
		}
		switch s[i] {
		case '\\':
			if inString && (k >= len(found) || i+1 != found[k].start) {
				i++
			}
		case '"':
			inString = !inString
		}
	}
	out = append(out, s[at:]...)
	sc.outs[0], sc.view.marks = out, marks
	if !json.Valid(out) {
		return sc.wholeJSON(s, found)
	}
	return string(out)
}

// wholeJSON is the last resort: one JSON string in the place of the document.
func (sc *Scanner) wholeJSON(s string, found []finding) string {
	out := `"` + sc.maskOf(found[0].det, s) + `"`
	sc.view.marks = sc.view.marks[:0]
	for range found {
		sc.view.marks = append(sc.view.marks, [2]int{0, len(out)})
	}
	return out
}

// carryBack translates findings of the rewritten text into findings of s, and merges them with those that are known.
// A place inside a mask stands for the text that was masked.
func (sc *Scanner) carryBack(s string, known, more []finding) []finding {
	marks := sc.view.marks
	back := func(p int, end bool) int {
		delta := 0 // position in s minus position in the rewritten text
		// The last mark that begins before p; there may be very many.
		k := sort.Search(len(marks), func(i int) bool { return p < marks[i][0] || p == marks[i][0] && end }) - 1
		if k >= 0 {
			if m := marks[k]; p < m[1] || p == m[1] && end {
				if end {
					return known[k].end
				}
				return known[k].start
			}
			delta = known[k].end - marks[k][1]
		}
		return min(max(p+delta, 0), len(s))
	}
	all := append([]finding(nil), known...)
	for _, f := range more {
		x := finding{back(f.start, false), back(f.end, true), f.det}
		if x.start < x.end {
			all = append(all, x)
		}
	}
	sc.found = all
	sc.merge(s)
	return append([]finding(nil), sc.found...)
}
