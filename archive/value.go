// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// maxExactDepth is how deep a nested value may be for its JSON to be trusted to give it back.
const maxExactDepth = 100

// appendText appends the text form of v and returns its kind, and whether [parseText] gives v back from both.
func appendText(b []byte, v pcommon.Value) (_ []byte, t ValueType, exact bool) {
	switch v.Type() {
	case pcommon.ValueTypeStr:
		text, exact := validText(v.Str())
		return append(b, text...), TypeString, exact
	case pcommon.ValueTypeInt:
		return strconv.AppendInt(b, v.Int(), 10), TypeInt, true
	case pcommon.ValueTypeDouble:
		return strconv.AppendFloat(b, v.Double(), 'g', -1, 64), TypeDouble, exactDouble(v.Double())
	case pcommon.ValueTypeBool:
		return strconv.AppendBool(b, v.Bool()), TypeBool, true
	case pcommon.ValueTypeBytes:
		return base64.StdEncoding.AppendEncode(b, v.Bytes().AsRaw()), TypeBytes, true
	case pcommon.ValueTypeMap:
		b, exact = appendJSON(b, v, 0)
		return b, TypeMap, exact
	case pcommon.ValueTypeSlice:
		b, exact = appendJSON(b, v, 0)
		return b, TypeSlice, exact
	default:
		return b, TypeEmpty, v.Type() == pcommon.ValueTypeEmpty
	}
}

// textOfMap returns a map's attributes in text form, sorted by key, in memory of their own, and whether they give
// the map back.
func textOfMap(m pcommon.Map) (attrs []Attribute, exact bool) {
	exact = true
	if m.Len() == 0 {
		return nil, true
	}
	attrs = make([]Attribute, 0, m.Len())
	for k, v := range m.All() {
		key, valid := validText(k)
		text, kind, ok := appendText(nil, v)
		attrs = append(attrs, Attribute{Key: strings.Clone(key), Value: string(text), Type: kind})
		exact = exact && valid && ok
	}
	slices.SortStableFunc(attrs, func(a, b Attribute) int { return strings.Compare(a.Key, b.Key) })
	n := 0
	for i, a := range attrs {
		if i+1 < len(attrs) && attrs[i+1].Key == a.Key { // a MAP column cannot hold a key twice: the last one shows
			exact = false
			continue
		}
		attrs[n] = a
		n++
	}
	return attrs[:n], exact
}

// validText returns s with what is not UTF-8 replaced, and whether there was nothing to replace.
func validText(s string) (string, bool) {
	if utf8.ValidString(s) {
		return s, true
	}
	return strings.ToValidUTF8(s, "\uFFFD"), false
}

// exactDouble reports whether text gives the very bits back: of the NaNs, only one does.
func exactDouble(f float64) bool {
	return f == f || math.Float64bits(f) == math.Float64bits(math.NaN())
}

// appendJSON appends v as JSON in which a number with a point or an exponent is a double and any other an
// integer. exact is false when v holds what JSON cannot say: bytes (written as base64), NaN and infinities
// (as strings), text that is not UTF-8, a key twice.
func appendJSON(b []byte, v pcommon.Value, depth int) (_ []byte, exact bool) {
	exact = depth <= maxExactDepth
	switch v.Type() {
	case pcommon.ValueTypeStr:
		s, ok := validText(v.Str())
		return appendJSONString(b, s), exact && ok
	case pcommon.ValueTypeInt:
		return strconv.AppendInt(b, v.Int(), 10), exact
	case pcommon.ValueTypeDouble:
		f := v.Double()
		if math.IsNaN(f) || math.IsInf(f, 0) {
			return appendJSONString(b, strconv.FormatFloat(f, 'g', -1, 64)), false
		}
		from := len(b)
		b = strconv.AppendFloat(b, f, 'g', -1, 64)
		if !strings.ContainsAny(string(b[from:]), ".e") {
			b = append(b, ".0"...)
		}
		return b, exact
	case pcommon.ValueTypeBool:
		return strconv.AppendBool(b, v.Bool()), exact
	case pcommon.ValueTypeBytes:
		return appendJSONString(b, base64.StdEncoding.EncodeToString(v.Bytes().AsRaw())), false
	case pcommon.ValueTypeMap:
		b = append(b, '{')
		seen := make(map[string]struct{}, v.Map().Len())
		first := true
		for k, e := range v.Map().All() {
			if !first {
				b = append(b, ',')
			}
			first = false
			key, ok := validText(k)
			_, twice := seen[key]
			seen[key] = struct{}{}
			exact = exact && ok && !twice
			b = append(appendJSONString(b, key), ':')
			b, ok = appendJSON(b, e, depth+1)
			exact = exact && ok
		}
		return append(b, '}'), exact
	case pcommon.ValueTypeSlice:
		b = append(b, '[')
		for i, e := range v.Slice().All() {
			if i > 0 {
				b = append(b, ',')
			}
			var ok bool
			b, ok = appendJSON(b, e, depth+1)
			exact = exact && ok
		}
		return append(b, ']'), exact
	default:
		return append(b, "null"...), exact
	}
}

// appendJSONString appends valid UTF-8 as a JSON string, escaping only what must be.
func appendJSONString(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	from := 0
	for i := range len(s) {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		b = append(b, s[from:i]...)
		from = i + 1
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, `\n`...)
		case '\r':
			b = append(b, `\r`...)
		case '\t':
			b = append(b, `\t`...)
		default:
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
	}
	return append(append(b, s[from:]...), '"')
}

// parseText sets v to the value that has this text form.
func parseText(v pcommon.Value, text string, t ValueType) error {
	switch t {
	case TypeString:
		v.SetStr(text)
	case TypeInt:
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return errors.New("parse value: not an integer")
		}
		v.SetInt(n)
	case TypeDouble:
		f, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return errors.New("parse value: not a double")
		}
		v.SetDouble(f)
	case TypeBool:
		x, err := strconv.ParseBool(text)
		if err != nil {
			return errors.New("parse value: not a boolean")
		}
		v.SetBool(x)
	case TypeBytes:
		raw, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return errors.New("parse value: not base64")
		}
		v.SetEmptyBytes().FromRaw(raw)
	case TypeMap, TypeSlice:
		dec := json.NewDecoder(strings.NewReader(text))
		dec.UseNumber()
		if err := parseJSON(v, dec); err != nil {
			return err
		}
		if _, err := dec.Token(); err != io.EOF {
			return errors.New("parse value: something follows the JSON")
		}
		if (t == TypeMap) != (v.Type() == pcommon.ValueTypeMap) || (t == TypeSlice) != (v.Type() == pcommon.ValueTypeSlice) {
			return fmt.Errorf("parse value: JSON is not a %s", t)
		}
	case TypeEmpty:
	default:
		return fmt.Errorf("parse value: kind %d is not known", t)
	}
	return nil
}

var errJSON = errors.New("parse value: not the JSON of the format")

func parseJSON(v pcommon.Value, dec *json.Decoder) error {
	token, err := dec.Token()
	if err != nil {
		return errJSON
	}
	return parseJSONToken(v, dec, token, 0)
}

func parseJSONToken(v pcommon.Value, dec *json.Decoder, token json.Token, depth int) error {
	if depth > maxExactDepth+1 {
		return errJSON
	}
	switch x := token.(type) {
	case nil:
	case bool:
		v.SetBool(x)
	case string:
		v.SetStr(x)
	case json.Number:
		if strings.ContainsAny(x.String(), ".eE") {
			f, err := x.Float64()
			if err != nil {
				return errJSON
			}
			v.SetDouble(f)
		} else {
			n, err := x.Int64()
			if err != nil {
				return errJSON
			}
			v.SetInt(n)
		}
	case json.Delim:
		var m pcommon.Map
		var s pcommon.Slice
		switch x {
		case '{':
			m = v.SetEmptyMap()
		case '[':
			s = v.SetEmptySlice()
		default:
			return errJSON
		}
		for {
			token, err := dec.Token()
			if err != nil {
				return errJSON
			}
			if d, ok := token.(json.Delim); ok && (d == '}' || d == ']') {
				return nil
			}
			var e pcommon.Value
			if x == '{' {
				key, ok := token.(string)
				if !ok {
					return errJSON
				}
				e = m.PutEmpty(key)
				if token, err = dec.Token(); err != nil {
					return errJSON
				}
			} else {
				e = s.AppendEmpty()
			}
			if err := parseJSONToken(e, dec, token, depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}
