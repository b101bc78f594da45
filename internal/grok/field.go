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
	v, ok := f.Value(text)
	switch v.Type {
	case TypeInt:
		return v.Int, ok
	case TypeFloat:
		return v.Float, ok
	case TypeBool:
		return v.Bool, ok
	}
	return v.Text, ok
}

// Value is a converted text. Which of its members counts is said by Type.
type Value struct {
	Type  Type
	Bool  bool
	Int   int64
	Float float64
	Text  string
}

// Value is Convert without an allocation: where text is no value of the field's type, the type is TypeString.
func (f *Field) Value(text string) (v Value, ok bool) {
	switch f.Type {
	case TypeInt:
		if v.Int, ok = parseInt(text); ok {
			v.Type = TypeInt
			return v, true
		}
	case TypeFloat:
		if v.Float, ok = parseFloat(firstWord(text)); ok {
			v.Type = TypeFloat
			return v, true
		}
	case TypeBool:
		if b, err := strconv.ParseBool(text); err == nil {
			return Value{Type: TypeBool, Bool: b}, true
		}
	default:
		return Value{Text: text}, true
	}
	return Value{Text: text}, false
}

// parseInt reads the first word of text, a decimal number.
func parseInt(text string) (int64, bool) {
	if len(text) == 0 || len(text) > 18 { // up to 18 digits cannot overflow
		v, err := strconv.ParseInt(firstWord(text), 10, 64)
		return v, err == nil
	}
	var v int64
	for i := range len(text) {
		d := text[i] - '0'
		if d > 9 {
			v, err := strconv.ParseInt(firstWord(text), 10, 64)
			return v, err == nil
		}
		v = 10*v + int64(d)
	}
	return v, true
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
