// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"fmt"
	"regexp"
	"strings"
)

// lineFilter is a line filter ready for use, by several goroutines at a time.
type lineFilter struct {
	LineFilter
	re *regexp.Regexp
}

// compileLines makes line filters ready.
func compileLines(lines []LineFilter) ([]lineFilter, error) {
	compiled := make([]lineFilter, 0, len(lines))
	for i, l := range lines {
		f := lineFilter{LineFilter: l}
		switch l.Kind {
		case LineContains:
		case LineRegexp:
			re, err := regexp.Compile(l.Text)
			if err != nil {
				return nil, fmt.Errorf("compile line filter %d: %w", i, err)
			}
			f.re = re
		default:
			return nil, fmt.Errorf("compile line filter %d: kind %d is not known", i, l.Kind)
		}
		compiled = append(compiled, f)
	}
	return compiled, nil
}

// matches reports whether the filter keeps a body.
func (f *lineFilter) matches(body string) bool {
	if f.re != nil {
		return f.re.MatchString(body) != f.Not
	}
	return strings.Contains(body, f.Text) != f.Not
}
