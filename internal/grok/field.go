// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grok

import (
	"strconv"
	"strings"
)

// Type is what a captured text is converted to.
type Type uint8

// The types of captures.
const (
	TypeString Type = iota
	TypeInt
	TypeFloat
	TypeBool
)

var typeNames = map[string]Type{
	"string": TypeString,
	"int":    TypeInt, "integer": TypeInt, "long": TypeInt,
	"float": TypeFloat, "double": TypeFloat,
	"bool": TypeBool, "boolean": TypeBool,
}

// TypeNames returns the names that may stand after the field of a reference.
func TypeNames() []string {
	return []string{"string", "int", "integer", "long", "float", "double", "bool", "boolean"}
}

func typeByName(s string) (Type, bool) {
	t, ok := typeNames[s]
	return t, ok
}

// Field is the place a capture goes to.
type Field struct {
	Name string   // as the pattern writes it
	Path []string // its parts: [source][address] has two
	Type Type
	Slot int // the same for every field of a pattern with the same path

	implicit bool // named after its pattern because all captures were asked for
}

// Key is the path joined by dots.
func (f *Field) Key() string { return strings.Join(f.Path, ".") }

// Convert returns text as the field's type: string, int64, float64 or bool. A number may be followed by white space and
// anything else, as a pattern that captures too much leaves it. When text is no such value it returns the text itself and false.
func (f *Field) Convert(text string) (any, bool) {
	switch f.Type {
	case TypeInt:
		if v, err := strconv.ParseInt(firstWord(text), 10, 64); err == nil {
			return v, true
		}
		return text, false
	case TypeFloat:
		if v, ok := parseFloat(firstWord(text)); ok {
			return v, true
		}
		return text, false
	case TypeBool:
		if v, err := strconv.ParseBool(text); err == nil {
			return v, true
		}
		return text, false
	}
	return text, true
}

// parseFloat takes decimal numbers only: no hexadecimal, no underscores, no infinities.
func parseFloat(text string) (float64, bool) {
	for i := range len(text) {
		c := text[i]
		if (c < '0' || c > '9') && c != '.' && c != '+' && c != '-' && c != 'e' && c != 'E' {
			return 0, false
		}
	}
	v, err := strconv.ParseFloat(text, 64)
	return v, err == nil
}

func firstWord(text string) string {
	text = strings.TrimLeft(text, " \t")
	if i := strings.IndexAny(text, " \t\n"); i >= 0 {
		return text[:i]
	}
	return text
}
