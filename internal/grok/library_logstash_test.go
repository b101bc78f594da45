// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grok

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// better is a place where the library does not do what Logstash's files do.
type better struct {
	reason string
	names  *regexp.Regexp // of the definitions
	texts  *regexp.Regexp // the texts that may differ
	use    bool           // within Logstash's other definitions too: they are compared with this one in place of theirs
}

func betterThanLogstash() []better {
	name := func(s string) *regexp.Regexp { return regexp.MustCompile(`^(?:` + s + `)$`) }
	text := regexp.MustCompile
	return []better{
		{"a leap second is 60, not a 6 that leaves a 0 behind", name(`SECOND|ISO8601_SECOND`), text(`60`), true},
		{"the zone of an IPv6 address ends with its name, not with the line", name(`IPV6`), text(`%`), true},
		{"an IPv6 address that ends with an IPv4 address goes on after its first dot", name(`IPV6`), text(`:\d+\.\d+\.\d+\.\d`), true},
		{"December is 12, not a 1 that leaves a 2 behind", name(`MONTHNUM`), text(`1[0-2]`), false},
		{"an AAAA record is no A record, and so on", name(`BIND9_DNSTYPE`), text(`.`), false},
		{"there it is the name of another definition, without its braces", name(`RT_FLOW_EVENT`), text(`RT_FLOW`), false},
		{"an interface ends before the first colon of an IPv6 address, not before the last that will do", name(`CISCO.*`), text(`:\S*:`), false},
		{
			"a password in a URL holds no white space: else an @ anywhere behind it made more of the line a password",
			name(`URI|ELB_.*|HAPROXY(URI|HTTP.*)`), text(`:[^@]*[\s\v][^@]*@`), false,
		},
	}
}

// logstashSet returns Logstash's definitions, some of them replaced by the library's.
func logstashSet(t *testing.T, library string, ours *Set, replace func(name string) bool) *Set {
	t.Helper()
	s := &Set{defs: map[string]string{}}
	require.NoError(t, s.ReadFiles(filepath.Join(os.Getenv("LOGBOOM_CORPORA"), "grok/patterns", library, "*")))
	for name, def := range ours.defs {
		if replace(name) {
			s.defs[name] = def
		}
	}
	return s
}

// result makes a match comparable: each field with its values and their types, whatever the order of the groups.
func result(captures []Capture, ok bool, err error) string {
	if err != nil {
		return err.Error()
	}
	if !ok {
		return "no match"
	}
	fields := map[string]string{}
	for _, c := range captures {
		v, _ := c.Field.Convert(c.Text)
		fields[c.Field.Key()] += fmt.Sprintf(" %T %q", v, c.Text)
	}
	lines := make([]string, 0, len(fields))
	for k, v := range fields {
		lines = append(lines, k+":"+v)
	}
	slices.Sort(lines)
	return strings.Join(lines, "; ")
}

// fieldTypes returns the fields that a pattern can capture, each with its type.
func fieldTypes(p *Pattern) []string {
	var out []string
	for _, f := range p.Fields() {
		out = append(out, fmt.Sprint(f.Path, f.Type))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// TestLibraryLikeLogstash compares each definition of the library with its namesake in Logstash's files: the same fields of
// the same types, and the same captures on texts made up from both of them, on spoiled copies, on the corpora's texts and on spoiled
// copies of those.
func TestLibraryLikeLogstash(t *testing.T) {
	skipUnderRace(t)
	cases := readCorpus(t, "logstash.jsonl")
	made := 50
	if testing.Short() {
		made = 10
	}
	exceptions := betterThanLogstash()
	used := make([]bool, len(exceptions))
	mayDiffer := func(name, text string) (ok bool) {
		for i, b := range exceptions {
			if b.names.MatchString(name) && b.texts.MatchString(text) {
				used[i], ok = true, true
			}
		}
		return ok
	}
	for lib, names := range map[string]int{LibraryECS: 361, LibraryLegacy: 317} {
		ours, err := NewSet(lib)
		require.NoError(t, err)
		plain := logstashSet(t, lib, ours, func(string) bool { return false })
		replaced := logstashSet(t, lib, ours, func(name string) bool {
			return slices.ContainsFunc(exceptions, func(b better) bool { return b.use && b.names.MatchString(name) })
		})
		require.Len(t, plain.Names(), names)
		matches, spent := 0, 0
		for i, name := range plain.Names() {
			r := rand.New(rand.NewPCG(11, uint64(i)))
			theirs := replaced
			if replaced.defs[name] != plain.defs[name] {
				theirs = plain
			}
			texts := []string{}
			for _, s := range []*Set{ours, theirs} {
				m := newMaker(r, (&builder{set: s}).parseText("%{"+name+"}"))
				for range made {
					text := m.text(m.all[0])
					texts = append(texts, text, spoil(r, text), spoil(r, text))
				}
			}
			for j, c := range cases {
				if c.Pattern == "%{"+name+"}" {
					texts = append(texts, c.Input)
					for range made / 2 {
						texts = append(texts, spoil(r, c.Input))
					}
				} else if (i+j)%3 == 0 {
					texts = append(texts, c.Input)
				}
			}
			matched := 0
			for _, form := range []string{"%{" + name + ":whole}", "^%{" + name + "}$"} {
				a, err := ours.Compile(form)
				require.NoError(t, err, name)
				b, err := theirs.Compile(form)
				require.NoError(t, err, name)
				require.Equal(t, fieldTypes(b), fieldTypes(a), "%s %s", lib, name)
				for _, text := range texts {
					ca, oka, erra := a.Match(text, nil)
					cb, okb, errb := b.Match(text, nil)
					if errors.Is(erra, ErrSteps) || errors.Is(errb, ErrSteps) { // a few of theirs are not regular
						spent++
						continue
					}
					if okb {
						matched++
					}
					if want, got := result(cb, okb, errb), result(ca, oka, erra); want != got && !mayDiffer(name, text) {
						assert.Equal(t, want, got, "%s %s on %q", lib, form, text)
						break
					}
				}
			}
			require.Positive(t, matched, "%s %s", lib, name)
			matches += matched
		}
		t.Logf("%s: %d definitions, the same on %d matches, %d texts without an answer", lib, names, matches, spent)
		require.Less(t, spent, matches/100)
	}
	for i, b := range exceptions {
		assert.True(t, used[i] || testing.Short(), "no difference any more: %s", b.reason)
	}
}
