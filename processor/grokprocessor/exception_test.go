// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grokprocessor

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestExceptionInMessage(t *testing.T) {
	p := newTestProcessor(t, &Config{
		Library: "none", MaxRecordBytes: 1000, MaxFields: 100, MaxJSONDepth: 10, MaxMatchSteps: 1000,
		Rules: []RuleConfig{{Name: "r", Parsers: []ParserConfig{{JSON: &JSONConfig{}}, {Logfmt: &LogfmtConfig{}}}}},
	})
	recs := process(t, p, time.Now(),
		`{"message":"failed\nTraceback (most recent call last):\n  File \"a.py\", line 1, in f\nValueError: x"}`,
		`level=error msg="java.io.IOException: closed\n\tat a.B.c(B.java:1)"`,
		`{"message":"two\nlines","other":"x\njava.io.IOException: closed\n\tat a.B.c(B.java:1)"}`,
		`{"message":1,"msg":"x\njava.io.IOException: closed\n\tat a.B.c(B.java:1)","exception.type":"own"}`,
		`{"message":"x","error":{"stack_trace":"java.io.IOException: closed\n\tat a.B.c(B.java:1)"}}`,
	)
	var types []string
	for _, lr := range recs {
		v, ok := lr.Attributes().Get(keyExceptionType)
		if !ok {
			types = append(types, "")
			continue
		}
		types = append(types, v.Str())
	}
	assert.Equal(t, []string{"ValueError", "java.io.IOException", "", "own", "java.io.IOException"}, types)
}

// TestExceptionMembers: stack traces of several runtimes in members of JSON, as loggers write them.
func TestExceptionMembers(t *testing.T) {
	p := newTestProcessor(t, testConfig(RuleConfig{Parsers: []ParserConfig{{JSON: &JSONConfig{}}}}))
	const goroutine = "goroutine 1 [running]:\nmain.main()\n\t/app/main.go:8 +0x1d"
	for _, tc := range []struct{ line, typ, message, stack string }{
		{`{"message":"Error: boom\n    at foo (/app/x.js:1:7)"}`, "Error", "boom", "Error: boom\n    at foo (/app/x.js:1:7)"},
		{`{"err":"Uncaught Error: boom\n    at foo (/app/x.js:1:7)"}`, "Error", "boom", "Uncaught Error: boom\n    at foo (/app/x.js:1:7)"},
		{`{"exception":"System.Exception: b ---> System.IO.IOException: inner\n   at X.Y()"}`, "System.Exception", "b", "System.Exception: b ---> System.IO.IOException: inner\n   at X.Y()"},
		{`{"message":"NoMethodError: none\n/app/a.rb:3:in 'f'"}`, "NoMethodError", "none", "NoMethodError: none\n/app/a.rb:3:in 'f'"},
		{`{"exception":"NoMethodError: none\n/app/a.rb:3:in 'f'"}`, "NoMethodError", "none", "NoMethodError: none\n/app/a.rb:3:in 'f'"},
		{`{"msg":"cannot buy","error":"none left","stacktrace":"main.handler\n\t/app/main.go:42"}`, "", "none left", "main.handler\n\t/app/main.go:42"},
		{`{"msg":"cannot buy","stacktrace":"main.handler\n\t/app/main.go:42"}`, "", "cannot buy", "main.handler\n\t/app/main.go:42"},
		{`{"msg":"cannot buy","errorVerbose":"none left\nmain.handler\n\t/app/main.go:42"}`, "", "none left", "none left\nmain.handler\n\t/app/main.go:42"},
		{`{"msg":"crash","stack_trace":"goroutine 1 [running]:\nmain.main()\n\t/app/main.go:8 +0x1d"}`, "", "crash", goroutine},
		{`{"msg":"crash","stack":"panic: boom\n\ngoroutine 1 [running]:\nmain.main()\n\t/app/main.go:8 +0x1d"}`, "panic", "boom", "panic: boom\n\n" + goroutine},
	} {
		attrs := process(t, p, time.Now(), tc.line)[0].Attributes().AsRaw()
		got := [3]string{}
		for i, key := range [...]string{keyExceptionType, keyExceptionMessage, keyExceptionStacktrace} {
			if v, ok := attrs[key]; ok {
				got[i] = v.(string)
			}
		}
		assert.Equal(t, [3]string{tc.typ, tc.message, tc.stack}, got, tc.line)
	}
}
