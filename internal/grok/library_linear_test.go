// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grok

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestLibraryLinear: but for a few, all definitions of the library are regular, and no long line spends the steps of those
// that are not, be it made to: pieces of what they match, repeated until nothing matches.
func TestLibraryLinear(t *testing.T) {
	skipUnderRace(t)
	irregular := map[string]string{
		"SYSLOGPAMSESSION":     "captures within a look-ahead",
		"EXIM":                 "repeats numbers that are not given back",
		"EXIM_MESSAGE_ARRIVAL": "repeats numbers that are not given back",
		"EXIM_NAMED_FIELDS":    "repeats numbers that are not given back",
	}
	size := 64 << 10
	if testing.Short() {
		size = 8 << 10
	}
	for _, lib := range []string{LibraryECS, LibraryLegacy} {
		s, err := NewSet(lib)
		require.NoError(t, err)
		for i, name := range s.Names() {
			r := rand.New(rand.NewPCG(31, uint64(i)))
			var texts []string
			for _, piece := range []string{"\t", "a ", "1.", "a-", `"`, ":1", "\n", "é"} {
				texts = append(texts, strings.Repeat(piece, size/len(piece)))
			}
			m := newMaker(r, (&builder{set: s}).parseText("%{"+name+"}"))
			for range 3 {
				x := m.text(m.all[0])
				if x = x[:min(len(x), 300)]; x == "" {
					continue
				}
				from := r.IntN(len(x))
				to := min(from+1+r.IntN(3), len(x))
				texts = append(texts, strings.Repeat(x, size/len(x)),
					x[:len(x)*2/3]+strings.Repeat(x[len(x)/3:], size/len(x)),
					x[:from]+strings.Repeat(x[from:to], size/(to-from))+"\x00"+x[to:])
			}
			for _, form := range []string{"%{" + name + "}", "^%{" + name + "}$"} {
				p, err := s.Compile(form)
				require.NoError(t, err)
				assert.True(t, p.Regular() || irregular[name] != "", "%s %s", lib, form)
				for _, text := range texts {
					if name == "MONGO_QUERY" { // a query without the counts behind it is looked for from every brace
						continue
					}
					_, _, err := p.Match(text, nil)
					require.NoError(t, err, "%s %s on %.80q", lib, form, text)
				}
			}
		}
	}
}
