// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grok

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var goReference = regexp.MustCompile(`%\{(\w+)(?::([^:}]+))?(?::\w+)?\}|\(\?P?<(\w+)>`)

// goExpression writes a pattern as one regular expression of Go. names has the field of each group g0, g1, …; all says
// whether a reference without a field is captured too, under the name of its pattern.
func goExpression(t *testing.T, s *Set, expr string, all bool, names *[]string) string {
	t.Helper()
	return goReference.ReplaceAllStringFunc(expr, func(ref string) string {
		m := goReference.FindStringSubmatch(ref)
		name, open := strings.TrimSuffix(m[2], "?"), "(" // a slip in the files; Logstash's have it too
		if m[3] != "" {
			name = strings.ReplaceAll(m[3], "___", ".")
		} else if name == "" && all {
			name = m[1]
		}
		if name != "" {
			open = "(?P<g" + strconv.Itoa(len(*names)) + ">"
			*names = append(*names, name)
		}
		if m[3] != "" {
			return open
		}
		def, ok := s.Definition(m[1])
		require.True(t, ok, m[1])
		return open + goExpression(t, s, def, all, names) + ")"
	})
}

// TestGoGrokFiles loads go-grok's definitions as they are and compares each with the same as one regular expression of Go:
// both must match the same texts, and the last text that is not empty of each field must be the same.
func TestGoGrokFiles(t *testing.T) {
	skipUnderRace(t)
	corpora := os.Getenv("LOGBOOM_CORPORA")
	if corpora == "" {
		t.Skip("LOGBOOM_CORPORA is not set: the corpora are not here")
	}
	files, err := filepath.Glob(filepath.Join(corpora, "grok/patterns/go-grok/*"))
	require.NoError(t, err)
	made := 40
	if testing.Short() {
		made = 15
	}
	definitions, matches := 0, 0
	for _, file := range files {
		if strings.HasSuffix(file, ".txt") {
			continue
		}
		s := &Set{defs: map[string]string{}}
		require.NoError(t, s.ReadFiles(file))
		names := s.Names()
		require.NoError(t, s.ReadFiles(filepath.Join(corpora, "grok/patterns/go-grok/default"), file))
		for i, name := range names {
			definitions++
			if name == "CISCOFW733100" { // theirs has a [ too many and in another place one too few
				_, err := s.Compile("%{" + name + "}")
				require.ErrorContains(t, err, "has a [ that is not closed")
				continue
			}
			r := rand.New(rand.NewPCG(21, uint64(i)))
			m := newMaker(r, (&builder{set: s}).parseText("%{"+name+"}"))
			texts := []string{}
			for range made {
				text := m.text(m.all[0])
				for _, x := range []string{text, spoil(r, text), spoil(r, text)} {
					// In Go's expressions a dot is no line break and classes are ASCII.
					x = strings.Map(func(c rune) rune {
						if c == '\n' || c == '\v' || c >= 0x80 {
							return '~'
						}
						return c
					}, x)
					texts = append(texts, x)
				}
			}
			for _, all := range []bool{false, true} {
				var opts []Option
				if all {
					opts = append(opts, WithAllCaptures())
				}
				for _, form := range []string{"%{" + name + ":whole}", "^%{" + name + "}$"} {
					p, err := s.Compile(form, opts...)
					require.NoError(t, err, "%s %s", file, name)
					var fields []string
					want, err := regexp.Compile(goExpression(t, s, form, all, &fields))
					require.NoError(t, err, "%s %s", file, name)
					for _, text := range texts {
						expect, found := map[string]string{}, want.FindStringSubmatch(text)
						for i := range found {
							if g := want.SubexpNames()[i]; g != "" && found[i] != "" {
								n, _ := strconv.Atoi(g[1:])
								expect[fields[n]] = found[i]
							}
						}
						if expect["MONGO_QUERY"] == "{  } ntoreturn:" { // the capture of that name within it is empty, and here hides the one around it all the same
							continue
						}
						captures, ok, err := p.Match(text, nil)
						require.NoError(t, err, "%s on %q", form, text)
						got := map[string]string{}
						for _, c := range captures {
							got[c.Field.Key()] = c.Text
						}
						require.Equal(t, found != nil, ok, "%s %s on %q", filepath.Base(file), form, text)
						require.Equal(t, expect, got, "%s %s on %q", filepath.Base(file), form, text)
						if ok {
							matches++
						}
					}
				}
			}
		}
	}
	t.Logf("%d definitions, the same on %d matches", definitions, matches)
}
