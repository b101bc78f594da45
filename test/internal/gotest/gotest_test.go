// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Package gotest tests scripts/gotest.sh, which says whether a run of tests has passed.
package gotest

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// once is true in the first run only.
const once = `
func once() bool {
	_, err := os.Stat("ran")
	if err == nil { return false }
	if err := os.WriteFile("ran", nil, 0o600); err != nil { panic(err) }
	return true
}
`

func TestGotest(t *testing.T) {
	for name, tt := range map[string]struct {
		code  string
		flags []string
		want  string // in the output
		flaky string
		fails bool
	}{
		"all pass": {code: `func TestA(t *testing.T) { once() }`, want: "PASS  some"},
		"fails once": {
			code:  `func TestA(t *testing.T) { t.Run("part", func(t *testing.T) { if once() { t.Fatal("by luck") } }) }`,
			want:  "by luck",
			flaky: "flaky: trial/some.TestA failed 1 of 2 runs\nflaky: trial/some.TestA/part failed 1 of 2 runs\n",
		},
		"fails always": {code: `func TestA(t *testing.T) { once(); t.Fatal("no luck") }`, want: "no luck", fails: true},
		"many fail once": {
			code: `func TestA(t *testing.T) { testAll(t) }; func TestB(t *testing.T) { testAll(t) }; func TestC(t *testing.T) { testAll(t) }
				func TestD(t *testing.T) { testAll(t) }; func TestE(t *testing.T) { testAll(t) }; func TestF(t *testing.T) { testAll(t) }
				func TestG(t *testing.T) { testAll(t) }; var first = once(); func testAll(t *testing.T) { if first { t.Fatal("one of many") } }`,
			want: "exceeds maximum", fails: true,
		},
		"goroutine leaks from the package": {
			code:  `func TestA(*testing.T) {}; func TestMain(m *testing.M) { code := m.Run(); if once() { println("goleak: found unexpected goroutines"); code = 1 }; os.Exit(code) }`,
			want:  "goleak: found unexpected goroutines",
			fails: true,
		},
		"goroutine leaks from a test": {
			code:  `func TestA(t *testing.T) { if once() { t.Error("found unexpected goroutines:") } }`,
			want:  "a goroutine leaked from TestA in trial/some",
			fails: true,
		},
		"ends in the middle": {
			code:  `func TestA(*testing.T) { if once() { os.Exit(1) } }; func TestB(t *testing.T) { t.Fatal("is not reached") }`,
			want:  "trial/some: ended in TestA",
			fails: true,
		},
		"ends in the middle after a failure": {
			code:  `var first = once(); func TestA(t *testing.T) { if first { t.Error("no") } }; func TestB(*testing.T) { if first { os.Exit(1) } }; func TestC(t *testing.T) { t.Fatal("is not reached") }`,
			want:  "trial/some: ended in TestB",
			fails: true,
		},
		"panics once":   {code: `func TestA(*testing.T) { if once() { panic("once") } }`, want: "panic: once", fails: true},
		"too long once": {code: `func TestA(*testing.T) { if once() { select {} } }; func TestB(*testing.T) {}; func init() { go func() { select {} }() }`, flags: []string{"-timeout", "3s"}, want: "test timed out", fails: true},
		"races once": {
			code:  `func TestA(*testing.T) { if once() { x, done := 0, make(chan int); go func() { x = 1; close(done) }(); x = 2; <-done; _ = x } }`,
			flags: []string{"-race"}, want: "DATA RACE", fails: true,
		},
		"does not compile": {code: `func TestA(*testing.T) { once(); nothing() }`, want: "undefined: nothing", fails: true},
		"does not vet":     {code: `func TestA(t *testing.T) { once(); t.Logf("%d", "a word") }`, want: "wrong type string", fails: true},
	} {
		t.Run(name, func(t *testing.T) {
			race := len(tt.flags) > 0 && tt.flags[0] == "-race"
			if _, err := exec.LookPath("gcc"); err != nil && race {
				t.Skip("the race detector needs gcc")
			}
			dir := t.TempDir()
			write := func(name, text string) {
				require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700))
				require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
			}
			write("go.mod", "module trial\n\ngo 1.26\n")
			write("some/a_test.go", "package some\n\nimport (\n\"os\"\n\"testing\"\n)\n"+once+tt.code+"\n")
			write("other/a_test.go", "package other\n\nimport \"testing\"\n\nfunc TestOther(*testing.T) {}\n")

			script, err := filepath.Abs("../../../scripts/gotest.sh")
			require.NoError(t, err)
			flaky := filepath.Join(dir, "flaky")
			cmd := exec.CommandContext(t.Context(), script, append(tt.flags, "--", "./some", "./other")...)
			cmd.Dir = dir
			cmd.Env = append(os.Environ(), "LOGBOOM_FLAKY="+flaky)
			if race {
				cmd.Env = append(cmd.Env, "CGO_ENABLED=1")
			}
			var out bytes.Buffer
			cmd.Stdout, cmd.Stderr = &out, &out
			err = cmd.Run()
			if tt.fails {
				var exit *exec.ExitError
				require.ErrorAs(t, err, &exit, "%s", &out)
			} else {
				require.NoError(t, err, "%s", &out)
			}
			assert.Contains(t, out.String(), tt.want)
			assert.Contains(t, out.String(), tt.flaky)

			named, err := os.ReadFile(flaky) //nolint:gosec // the test's own
			if !errors.Is(err, os.ErrNotExist) {
				require.NoError(t, err)
			}
			assert.Equal(t, tt.flaky, string(named))
		})
	}
}
