// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package loki

import "regexp"

// difference is one that is meant: a query that looks so may be answered differently.
type difference struct {
	query  *regexp.Regexp
	reason string
}

// differences are those that are meant. docs/logql.md tells them to users.
var differences = []difference{}

// isMeant reports whether a query may be answered differently.
func isMeant(text string, want, got *answer) bool {
	for _, d := range differences {
		if d.query.MatchString(text) {
			return true
		}
	}
	_, _ = want, got
	return false
}

// isMeantSyntax reports whether a query may be read in another way.
func isMeantSyntax(text string) bool {
	for _, d := range syntaxDifferences {
		if d.query.MatchString(text) {
			return true
		}
	}
	return false
}

var syntaxDifferences = []difference{}
