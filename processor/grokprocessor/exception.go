// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grokprocessor

// exception is what a stack trace says, parts of the text it was found in.
type exception struct {
	typ, message, stacktrace string
}

// findException finds the stack trace after the first line of a record's text. Texts of one line cost one search for a
// line break.
func findException(text string) (e exception, ok bool) {
	return exception{}, false
}
