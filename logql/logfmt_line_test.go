// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package logql

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestIsLogfmt(t *testing.T) {
	for line, want := range map[string]bool{
		`level=info msg="item 5 = x" took=5ms`:                                  true,
		`ts=2026-01-15T00:00:05Z level=info svc=search msg=text without quotes`: true,
		`  a=1`:                           true,
		`a.b/c=1 d-e=`:                    true,
		`a="unfinished`:                   true,
		`a="x\"y z" b=2`:                  true,
		``:                                false,
		`=`:                               false,
		`=1`:                              false,
		`a`:                               false,
		`plain text with key=value in it`: false,
		`1.2.3.4 - - [x] "GET /search?q=x HTTP/1.1" 200 rt=0.1 rid="5"`:         false,
		`2026-01-15 10:00:00 ERROR [exec-4] c.X - [rid=1 trace=2] Checkout a=1`: false,
		`{"a":1}`:  false,
		`rate = 5`: false,
		`a=1 and then there is a long text that says what has happened`: false,
		"\x00a=1":                       false,
		`https://x/?a=1&b=2`:            false,
		`a=1` + "\x01" + `b=2`:          true,
		strings.Repeat("a=1 ", 100_000): true,
	} {
		require.Equal(t, want, IsLogfmt(line), line[:min(len(line), 80)])
	}
}

func FuzzIsLogfmt(f *testing.F) {
	f.Add(`a=1 b="x\"" c`)
	f.Add("a=\"\\")
	f.Fuzz(func(t *testing.T, line string) {
		if IsLogfmt(line) && !strings.Contains(line, "=") {
			t.Fatalf("%q is none", line)
		}
	})
}
