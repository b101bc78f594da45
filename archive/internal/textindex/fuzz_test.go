// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package textindex

import (
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzQuery compares the index of a few texts with these. A query that is no regular expression is only a needle.
func FuzzQuery(f *testing.F) {
	f.Add("user=u42 took 3ms\nid 3ddaac1b-e355-47ae-8017-995118032abe\nK1 and k1", "3ddaac1b-e355", "took")
	f.Add("x3ddaac1b-e355-47ae-8017-995118032abe\n-e355-47ae-", "3ddaac1b-e355-47ae-8017-995118032abe", "e355")
	f.Add("STRASSE straße ſ1\nabc123abc123abc\n日本語1日", `(?i)\bs\d$`, "ABC123abc123ABC")
	f.Add("2026-01-14T23:59:59.855953Z\ndeadbeef12\n94skjm66-dl4cf", `\d{4}-\d\d-\d\dT.*Z$`, "14T23")
	f.Fuzz(func(t *testing.T, text, query, value string) {
		if len(text) > 2000 || len(query) > 200 || len(value) > 200 {
			return
		}
		var groups []textGroup
		for _, part := range strings.Split(text, "\x01") {
			bodies := strings.Split(part, "\n")
			groups = append(groups, textGroup{append(bodies, bodies[0], part), bodies[len(bodies)/2:]})
		}
		data, directory := buildIndex(t, new(Builder), groups)
		ix := openIndex(t, data, directory, groups)
		lines := []Line{{Text: query}, {Text: query, Not: true}, {Text: value}}
		if utf8.ValidString(query) {
			lines = append(lines, Line{Text: query, Fold: true})
		}
		if _, err := regexp.Compile(query); err == nil {
			lines = append(lines, Line{Kind: Regexp, Text: query})
			if _, err := regexp.Compile("(?i)" + query); err == nil {
				lines = append(lines, Line{Kind: Regexp, Text: query, Fold: true, Not: true})
			}
		}
		var sum tally
		for _, l := range lines {
			check(t, ix, groups, []Line{l}, nil, &sum)
		}
		check(t, ix, groups, lines[2:], []Value{{value, true}}, &sum)
		if value != "" {
			check(t, ix, groups, nil, []Value{{value, false}}, &sum)
		}
	})
}
