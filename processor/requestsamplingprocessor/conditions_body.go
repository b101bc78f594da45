// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package requestsamplingprocessor

import (
	"fmt"
	"regexp"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// maxBodyDepth is how deep bodies are read; what lies deeper is not looked at.
const maxBodyDepth = 32

// bodyCondition is satisfied by log records of which a string in the body has a text.
type bodyCondition struct {
	contains []string
	regex    *regexp.Regexp
}

func (c *compiler) body(cfg *BodyConfig) (uint64, error) {
	if (len(cfg.Contains) > 0) == (cfg.Regex != "") {
		return 0, fmt.Errorf(" must have exactly one of contains and regex, got %s", count(len(cfg.Contains) > 0, cfg.Regex != ""))
	}
	for i, text := range cfg.Contains {
		if text == "" {
			return 0, fmt.Errorf(": contains[%d] must not be empty, got %q", i, text)
		}
	}
	regex, err := compileRegex(cfg.Regex)
	if err != nil {
		return 0, err
	}
	return c.add(identity("body", cfg), inLogs, &bodyCondition{contains: cfg.Contains, regex: regex})
}

// count says in words how many are set.
func count(set ...bool) string {
	n := 0
	for _, s := range set {
		if s {
			n++
		}
	}
	if n == 0 {
		return "none"
	}
	return fmt.Sprint(n)
}

// compileRegex returns nil for no expression.
func compileRegex(expression string) (*regexp.Regexp, error) {
	if expression == "" {
		return nil, nil
	}
	regex, err := regexp.Compile(expression)
	if err != nil {
		return nil, fmt.Errorf(": regex must be an expression in Go's syntax, got %q: %w", expression, err)
	}
	return regex, nil
}

func (c *bodyCondition) holds(v *view) bool { return c.value(v.lr.Body(), 0) }

func (c *bodyCondition) value(v pcommon.Value, depth int) bool {
	if v.Type() == pcommon.ValueTypeStr {
		return c.text(v.Str())
	}
	if depth == maxBodyDepth {
		return false
	}
	switch v.Type() {
	case pcommon.ValueTypeMap:
		for _, e := range v.Map().All() {
			if c.value(e, depth+1) {
				return true
			}
		}
	case pcommon.ValueTypeSlice:
		for _, e := range v.Slice().All() {
			if c.value(e, depth+1) {
				return true
			}
		}
	}
	return false
}

func (c *bodyCondition) text(s string) bool {
	if c.regex != nil {
		return c.regex.MatchString(s)
	}
	for _, text := range c.contains {
		if strings.Contains(s, text) {
			return true
		}
	}
	return false
}
