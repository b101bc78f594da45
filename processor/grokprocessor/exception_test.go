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
