// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package requestsamplingprocessor

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// attributeCondition is satisfied by records and spans that have an attribute, or whose resource has it, of which the value or an
// element satisfies test.
type attributeCondition struct {
	slot int
	test func(pcommon.Value) bool
}

func (c *compiler) attribute(cfg *AttributeConfig) (uint64, error) {
	if cfg.Key == "" {
		return 0, fmt.Errorf(": key must be the name of an attribute, got %q", cfg.Key)
	}
	limits := cfg.Min != nil || cfg.Max != nil
	if n := count(len(cfg.Values) > 0, cfg.Regex != "", limits, cfg.Bool != nil); n != "1" {
		return 0, fmt.Errorf(": %q must have exactly one of values, regex, min with max, and bool, got %s", cfg.Key, n)
	}
	var test func(pcommon.Value) bool
	switch {
	case limits:
		least, greatest := math.Inf(-1), math.Inf(1)
		if cfg.Min != nil {
			least = *cfg.Min
		}
		if cfg.Max != nil {
			greatest = *cfg.Max
		}
		if !(least <= greatest) { // also what is no number
			return 0, fmt.Errorf(": %q must have a min of at most max, got %v and %v", cfg.Key, least, greatest)
		}
		test = func(v pcommon.Value) bool {
			n, ok := number(v)
			return ok && least <= n && n <= greatest
		}
	case cfg.Bool != nil:
		want := *cfg.Bool
		test = func(v pcommon.Value) bool {
			switch v.Type() {
			case pcommon.ValueTypeBool:
				return v.Bool() == want
			case pcommon.ValueTypeStr:
				return v.Str() == strconv.FormatBool(want)
			}
			return false
		}
	case cfg.Regex != "":
		regex, err := compileRegex(cfg.Regex)
		if err != nil {
			return 0, err
		}
		test = matches(regex)
	default:
		var err error
		if test, err = oneOf(cfg.Values); err != nil {
			return 0, err
		}
	}
	return c.add(identity("attribute", cfg), inLogs|inSpans, &attributeCondition{slot: c.keys.slot(cfg.Key), test: test})
}

func (c *attributeCondition) holds(v *view) bool {
	a, ok := v.attribute(c.slot)
	if !ok {
		return false
	}
	if a.Type() != pcommon.ValueTypeSlice {
		return c.test(a)
	}
	for _, e := range a.Slice().All() {
		if c.test(e) {
			return true
		}
	}
	return false
}

func matches(regex *regexp.Regexp) func(pcommon.Value) bool {
	return func(v pcommon.Value) bool { return v.Type() == pcommon.ValueTypeStr && regex.MatchString(v.Str()) }
}

// oneOf tests whether a value is one of several. A number also equals the string that is written as the number is configured,
// and a string the number or boolean that it says: formats differ in what they keep as a string.
func oneOf(values []any) (func(pcommon.Value) bool, error) {
	var (
		texts   []string
		numbers []float64
		ints    []int64
		bools   []bool
		errs    []error
	)
	for i, v := range values {
		var text string
		switch v := v.(type) {
		case string:
			if v == "" {
				errs = append(errs, fmt.Errorf(": values[%d] must not be empty, got %q", i, v))
			}
			text = v
		case bool, int, int64, uint64, float64:
			text = fmt.Sprint(v)
		default:
			errs = append(errs, fmt.Errorf(": values[%d] must be a string, a number or a boolean, got %v", i, v))
			continue
		}
		texts = append(texts, text)
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			ints = append(ints, n)
		}
		if n, err := strconv.ParseFloat(text, 64); err == nil {
			numbers = append(numbers, n)
		}
		if text == "true" || text == "false" {
			bools = append(bools, text == "true")
		}
	}
	return func(v pcommon.Value) bool {
		switch v.Type() {
		case pcommon.ValueTypeStr:
			return slices.Contains(texts, v.Str())
		case pcommon.ValueTypeInt:
			return slices.Contains(ints, v.Int())
		case pcommon.ValueTypeDouble:
			return slices.Contains(numbers, v.Double())
		case pcommon.ValueTypeBool:
			return slices.Contains(bools, v.Bool())
		}
		return false
	}, errors.Join(errs...)
}

// number reads a number, also from a string. It allocates nothing.
func number(v pcommon.Value) (float64, bool) {
	switch v.Type() {
	case pcommon.ValueTypeInt:
		return float64(v.Int()), true
	case pcommon.ValueTypeDouble:
		return v.Double(), !math.IsNaN(v.Double())
	case pcommon.ValueTypeStr:
		return numberOf(v.Str())
	}
	return 0, false
}

// maxNumberBytes is the longest text that is read as a number.
const maxNumberBytes = 32

// numberOf reads a decimal number. The error of strconv, which copies the text, is avoided for what is plainly none.
func numberOf(s string) (float64, bool) {
	if s == "" || len(s) > maxNumberBytes {
		return 0, false
	}
	digits := false
	for i := range len(s) {
		switch c := s[i]; {
		case '0' <= c && c <= '9':
			digits = true
		case c == '.' || c == '-' || c == '+':
		case (c == 'e' || c == 'E') && digits:
		default:
			return 0, false
		}
	}
	if !digits {
		return 0, false
	}
	n, err := strconv.ParseFloat(s, 64)
	return n, err == nil
}
