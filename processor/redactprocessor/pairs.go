// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redactprocessor

import (
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/logboom/logboom/internal/redact"
)

// Names and values do not always stand as the keys and the values of a map:
//
//	{"name": "DB_PASSWORD", "value": "…"}       Kubernetes' env, HAR's headers, attributes of OTLP in JSON
//	{"field": "password", "old": "…", "new": "…"}
//	[["authorization", "…"], ["host", "…"]]     headers as a list of pairs
//	raw_headers: ["Authorization", "…", "Host", "…"]

// pairName returns the name that a map of the first two shapes holds, a sensitive-looking one rather than another.
func pairName(m pcommon.Map) (name string, ok bool) {
	hasValue := false
	for key, v := range m.All() {
		switch kindOfKey(key) {
		case pairHasName:
			if v.Type() == pcommon.ValueTypeStr && (name == "" || strings.EqualFold(key, "name") || strings.EqualFold(key, "key")) {
				name = v.Str()
			}
		case pairHasValue:
			hasValue = true
		}
	}
	return name, hasValue && name != ""
}

func isPairValue(key string) bool { return kindOfKey(key) == pairHasValue }

type pairKind uint8

const (
	pairHasName pairKind = iota + 1
	pairHasValue
)

// kindOfKey tells whether a key is one for a name or for a value. It does not allocate.
func kindOfKey(key string) pairKind {
	var buf [10]byte
	if len(key) > len(buf) || len(key) == 0 {
		return 0
	}
	n := 0
	for i := range len(key) {
		c := key[i]
		if c == '_' || c == '-' {
			continue
		}
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		if c < 'a' || c > 'z' {
			return 0
		}
		buf[n] = c
		n++
	}
	switch string(buf[:n]) {
	case "name", "key", "k", "n", "field", "header", "attribute", "attr", "param", "parameter", "variable", "var", "env", "property", "option", "setting":
		return pairHasName
	case "value", "values", "val", "v", "content", "data", "old", "new", "oldvalue", "newvalue", "before", "after", "default":
		return pairHasValue
	}
	return 0
}

// isPair tells whether a list is a name and a value.
func isPair(s pcommon.Slice) bool {
	return s.Len() == 2 && s.At(0).Type() == pcommon.ValueTypeStr
}

// isHeaderName tells whether what stands under a key may be a list of names and values by turns.
func isHeaderName(key string) bool {
	const word = "header"
	for i := 0; i+len(word) <= len(key); i++ {
		if key[i]|0x20 == word[0] && strings.EqualFold(key[i:i+len(word)], word) {
			return true
		}
	}
	return false
}

func isFlatPairs(s pcommon.Slice) bool {
	if s.Len() < 2 || s.Len()%2 != 0 {
		return false
	}
	for _, e := range s.All() {
		if e.Type() != pcommon.ValueTypeStr {
			return false
		}
	}
	return true
}

// flatPairs masks names and values that follow each other. A value that is to be removed takes the whole list along:
// what follows would not be in step.
func (w *walker) flatPairs(s pcommon.Slice) (effect redact.Effect) {
	name := ""
	for i, e := range s.All() {
		if i%2 == 0 {
			name = e.Str()
		} else if w.sc.SensitiveKey(name) {
			effect |= w.hide(e, 0)
			continue
		}
		effect |= w.value(e, 0)
	}
	return effect
}
