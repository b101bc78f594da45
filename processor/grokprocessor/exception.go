// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grokprocessor

import (
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/logboom/logboom/internal/stacktrace"
)

// The attributes of an exception.
const (
	keyExceptionType       = "exception.type"
	keyExceptionMessage    = "exception.message"
	keyExceptionStacktrace = "exception.stacktrace"
)

// messageNames are the attributes that hold what a logger had to say.
var messageNames = [...]string{"message", "msg", "log", "event", "error", "err"}

// errorNames are the attributes that say what went wrong where the stack trace does not: Go's loggers write it apart.
var errorNames = [...]string{"error", "err", "error.message", "message", "msg"}

// messageOfError is the first of errorNames that is a text.
func messageOfError(attrs pcommon.Map) string {
	for _, name := range errorNames {
		if v, there := attrs.Get(name); there && v.Type() == pcommon.ValueTypeStr && v.Str() != "" {
			return v.Str()
		}
	}
	return ""
}

// exceptionInMessage is stacktrace.Find for messages that a line of JSON or logfmt holds, in which line breaks are escaped.
func exceptionInMessage(text string, attrs pcommon.Map) (e stacktrace.Exception, ok bool) {
	if !strings.Contains(text, `\n`) {
		return e, false
	}
	for _, name := range messageNames {
		if v, there := attrs.Get(name); there && v.Type() == pcommon.ValueTypeStr {
			if e, ok = stacktrace.Find(v.Str()); ok {
				return e, true
			}
		}
	}
	return e, false
}
