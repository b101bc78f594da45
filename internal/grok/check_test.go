// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grok

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestCheck: every definition that is not the library's is looked at, used or not; each mistake is told once, where it was made.
func TestCheck(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "own")
	require.NoError(t, os.WriteFile(file, []byte("# own\nGOOD %{IP:ip}\nBROKEN a(b\nUSES x%{BROKEN}\n\nLOOP %{LOOPB}\nLOOPB %{LOOP}\nWORD \\w+(?<x\n"), 0o600))
	s := ecs(t)
	require.NoError(t, s.Check())
	require.NoError(t, s.ReadFiles(file))
	require.NoError(t, s.Define("TYPO", `%{IPP:ip}`))
	require.NoError(t, s.Define("BIG", `((a{1000}){1000}){9}`))
	err := s.Check()
	require.Error(t, err)
	assert.Equal(t, strings.ReplaceAll(`pattern file FILE, line 3: ( is not closed (write \( for the text itself) (definition BROKEN, offset 1)
  a(b
   ^
pattern file FILE, line 8: group name is not closed (definition WORD, offset 3)
  \w+(?<x
     ^
definition: unknown pattern "IPP", there is "IP" (definition TYPO, offset 2)
  %{IPP:ip}
    ^
definition: pattern grows beyond 1000000 elements with its repetitions written out (definition BIG, offset 1)
  ((a{1000}){1000}){9}
   ^
pattern file FILE, line 7: pattern LOOP refers to itself: LOOP > LOOPB > LOOP (definition LOOPB, offset 2, by way of LOOP > LOOPB)
  %{LOOP}
    ^
pattern file FILE, line 6: pattern LOOPB refers to itself: LOOPB > LOOP > LOOPB (definition LOOP, offset 2, by way of LOOPB > LOOP)
  %{LOOPB}
    ^`, "FILE", file), err.Error())
	require.NoError(t, s.Check("GOOD", "IP"))
	require.ErrorContains(t, s.Check("BROKEN"), "line 3")
	require.ErrorContains(t, s.Check("USES"), "by way of USES > BROKEN")
	require.ErrorContains(t, s.Check("GOD"), `unknown pattern "GOD", there is "GOOD"`)
	require.Equal(t, []string{"GOOD", "BROKEN", "USES", "LOOP", "LOOPB", "WORD", "TYPO", "BIG"}, s.Added())
	require.NoError(t, s.Define("BROKEN", "ab"))
	require.NoError(t, s.Check("BROKEN", "USES"))
}

// TestReadMistakes: a file with wrong lines is read to its end, and all of them are told.
func TestReadMistakes(t *testing.T) {
	s := &Set{defs: map[string]string{}}
	err := s.Read(strings.NewReader("A b\nNAME\nHOST-NAME x\nEMPTY  \t\nB caf\xe9\n  C d\n"+strings.Repeat("x", 2<<20)+"\n"), "own")
	require.EqualError(t, err, strings.Join([]string{
		`read pattern file own, line 2: definition must be NAME REGEX, got "NAME"`,
		`read pattern file own, line 3: name of a pattern must be letters, digits and _, got "HOST-NAME"`,
		"read pattern file own, line 4: definition must be NAME REGEX, got \"EMPTY  \\t\"",
		`read pattern file own, line 5: is not UTF-8`,
		`read pattern file own, line 7: longer than 1048576 bytes`,
	}, "\n"))
	assert.Equal(t, map[string]string{"A": "b", "C": "d"}, s.defs)
	require.ErrorContains(t, s.ReadFiles(t.TempDir()), "is a directory, name its files with ")
	require.Len(t, strings.Split(s.Read(strings.NewReader(strings.Repeat("x\n", 1000)), "own").Error(), "\n"), maxFileErrors)
}

// TestCheckCorpora: Logstash's own files have no mistake.
func TestCheckCorpora(t *testing.T) {
	corpora := os.Getenv("LOGBOOM_CORPORA")
	if corpora == "" {
		t.Skip("LOGBOOM_CORPORA is not set: the corpora are not here")
	}
	for _, dir := range []string{"legacy", "ecs-v1"} {
		s := &Set{defs: map[string]string{}}
		require.NoError(t, s.ReadFiles(filepath.Join(corpora, "grok/patterns", dir, "*")))
		start := time.Now()
		require.NoError(t, s.Check(), dir)
		t.Logf("%s: %d definitions in %v", dir, len(s.Names()), time.Since(start))
	}
}

// FuzzPatternFile: no file makes the reader panic; what it takes can be checked, and every mistake has a place.
func FuzzPatternFile(f *testing.F) {
	f.Add([]byte("# c\r\n\r\nA  a b \r\n\tB\t%{A}\nNAME\n"))
	f.Add([]byte("\ufeffA %{B}\nB %{A}\nC (?<x>\\k<y>)[[:nope:]]\n\xff \xff"))
	f.Fuzz(func(t *testing.T, file []byte) {
		if len(file) > 2000 {
			return
		}
		s := &Set{defs: map[string]string{}}
		if err := s.Read(strings.NewReader(string(file)), "file"); err != nil {
			require.Contains(t, err.Error(), "read pattern file file, line ")
		}
		if err := s.Check(); err != nil {
			require.Contains(t, err.Error(), "pattern file file, line ")
		}
		for name := range s.places {
			require.True(t, IsPatternName(name))
		}
	})
}
