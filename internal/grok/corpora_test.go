// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grok

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// corpusCase is one case of the corpora: a grok expression, a text, and what must come out.
type corpusCase struct {
	ID                string                     `json:"id"`
	PatternSet        string                     `json:"pattern_set"`
	PatternFiles      []string                   `json:"pattern_files"`
	Definitions       map[string]string          `json:"definitions"`
	Pattern           string                     `json:"pattern"`
	Input             string                     `json:"input"`
	ExpectMatch       bool                       `json:"expect_match"`
	Expect            map[string]json.RawMessage `json:"expect"`
	ExpectAbsent      []string                   `json:"expect_absent"`
	Exact             bool                       `json:"exact"`
	ExpectAsString    map[string]string          `json:"expect_as_string"`
	ExpectPrefix      map[string]string          `json:"expect_prefix"`
	ExpectContains    map[string]string          `json:"expect_contains"`
	ExpectNotEqual    map[string]any             `json:"expect_not_equal"`
	ExactSubtrees     []string                   `json:"exact_subtrees"`
	ExactKeys         map[string][]string        `json:"exact_keys"`
	AllowedTopLevel   []string                   `json:"allowed_top_level"`
	NamedCapturesOnly *bool                      `json:"named_captures_only"`
	Typed             *bool                      `json:"typed"`

	Patterns           []string `json:"patterns"` // vrl: tried in order
	Anchored           bool     `json:"anchored"`
	ExpectCompileError bool     `json:"expect_compile_error"`
}

func readCorpus(t *testing.T, name string) []corpusCase {
	t.Helper()
	dir := os.Getenv("LOGBOOM_CORPORA")
	if dir == "" {
		t.Skip("LOGBOOM_CORPORA is not set: the corpora are not here")
	}
	f, err := os.Open(filepath.Join(dir, "grok", name))
	require.NoError(t, err)
	defer f.Close()
	var out []corpusCase
	sc := bufio.NewScanner(f)
	sc.Buffer(nil, 16<<20)
	for sc.Scan() {
		var c corpusCase
		require.NoError(t, json.Unmarshal(sc.Bytes(), &c))
		out = append(out, c)
	}
	require.NoError(t, sc.Err())
	return out
}

// bracketed returns captures as the corpora name them: `[a][b]` for nested fields, lists for repeated ones.
func bracketed(captures []Capture) map[string]any {
	out := map[string]any{}
	for _, c := range captures {
		key := c.Field.Path[0]
		if len(c.Field.Path) > 1 {
			key = "[" + strings.Join(c.Field.Path, "][") + "]"
		}
		v, _ := c.Field.Convert(c.Text)
		switch old := out[key].(type) {
		case nil:
			out[key] = v
		case []any:
			out[key] = append(old, v)
		default:
			out[key] = []any{old, v}
		}
	}
	return out
}

func under(key, name string) bool {
	if key == name {
		return true
	}
	if !strings.HasPrefix(name, "[") {
		name = "[" + name + "]"
	}
	return strings.HasPrefix(key, name)
}

func sameJSON(want json.RawMessage, got any) bool {
	b, err := json.Marshal(got)
	if err != nil {
		return false
	}
	var w, g any
	if json.Unmarshal(want, &w) != nil || json.Unmarshal(b, &g) != nil {
		return false
	}
	return reflect.DeepEqual(w, g)
}

// run returns what is wrong, "" if nothing is.
func (c *corpusCase) run(s *Set) string {
	opts := []Option{WithMaxSteps(DefaultMaxSteps)}
	if c.NamedCapturesOnly != nil && !*c.NamedCapturesOnly {
		opts = append(opts, WithAllCaptures())
	}
	patterns := c.Patterns
	if patterns == nil {
		patterns = []string{c.Pattern}
	}
	var captures []Capture
	matched := false
	for _, expr := range patterns {
		if c.Anchored {
			expr = `\A(?:` + expr + `)\z`
		}
		p, err := s.Compile(expr, opts...)
		if (err != nil) != c.ExpectCompileError {
			return fmt.Sprintf("compile: %v", err)
		}
		if err != nil {
			continue
		}
		if captures, matched, err = p.Match(c.Input, nil); err != nil {
			return err.Error()
		}
		if matched {
			break
		}
	}
	if matched != c.ExpectMatch {
		return fmt.Sprintf("matched %v, want %v", matched, c.ExpectMatch)
	}
	got := bracketed(captures)
	if c.Typed != nil && !*c.Typed { // these cases ask for texts
		for k, v := range got {
			got[k] = fmt.Sprint(v)
		}
	}
	for k, w := range c.Expect {
		if !sameJSON(w, got[k]) {
			return fmt.Sprintf("%s = %#v, want %s", k, got[k], w)
		}
	}
	for _, name := range c.ExpectAbsent {
		for k := range got {
			if under(k, name) {
				return fmt.Sprintf("%s = %#v, want none", k, got[k])
			}
		}
	}
	for k, w := range c.ExpectAsString {
		if g := fmt.Sprint(got[k]); g != w {
			return fmt.Sprintf("%s = %q, want %q", k, g, w)
		}
	}
	for k, w := range c.ExpectPrefix {
		if !strings.HasPrefix(fmt.Sprint(got[k]), w) {
			return fmt.Sprintf("%s does not begin with %q", k, w)
		}
	}
	for k, w := range c.ExpectContains {
		if !strings.Contains(fmt.Sprint(got[k]), w) {
			return fmt.Sprintf("%s does not contain %q", k, w)
		}
	}
	for k, w := range c.ExpectNotEqual {
		if fmt.Sprint(got[k]) == fmt.Sprint(w) {
			return fmt.Sprintf("%s = %v, must differ", k, w)
		}
	}
	for k := range got {
		if _, ok := c.Expect[k]; !ok && c.Exact {
			return fmt.Sprintf("%s = %#v, want none", k, got[k])
		}
		for _, sub := range c.ExactSubtrees {
			if _, ok := c.Expect[k]; !ok && under(k, sub) {
				return fmt.Sprintf("%s = %#v, want none", k, got[k])
			}
		}
		top := strings.TrimPrefix(k, "[")
		if i := strings.IndexByte(top, ']'); i >= 0 {
			top = top[:i]
		}
		if len(c.AllowedTopLevel) > 0 && top != "@metadata" && top != "message" && !slices.Contains(c.AllowedTopLevel, top) {
			return fmt.Sprintf("%s = %#v, want none", k, got[k])
		}
	}
	return ""
}

// TestCorpora measures the engine and the libraries on other suites' cases. The floors are what was reached.
func TestCorpora(t *testing.T) {
	corpora := os.Getenv("LOGBOOM_CORPORA")
	goGrok, own := map[string]*Set{}, map[string]*Set{}
	for _, tc := range []struct {
		name, file string
		floor      int
		set        func(*corpusCase) *Set
	}{
		{"logstash with its own files", "logstash.jsonl", 230, func(c *corpusCase) *Set {
			if own[c.PatternSet] == nil {
				own[c.PatternSet] = &Set{defs: map[string]string{}}
				require.NoError(t, own[c.PatternSet].ReadFiles(filepath.Join(corpora, "grok/patterns", c.PatternSet, "*")))
			}
			return own[c.PatternSet]
		}},
		{"logstash with the library", "logstash.jsonl", 230, func(c *corpusCase) *Set {
			s, err := NewSet(c.PatternSet)
			require.NoError(t, err)
			return s
		}},
		{"go-grok with its own files", "gogrok.jsonl", 241, func(c *corpusCase) *Set {
			key := strings.Join(c.PatternFiles, " ")
			if goGrok[key] == nil {
				s := &Set{defs: map[string]string{}}
				for _, f := range c.PatternFiles {
					require.NoError(t, s.ReadFiles(filepath.Join(corpora, "grok/patterns/go-grok", filepath.Base(f))))
				}
				goGrok[key] = s
			}
			s := &Set{defs: map[string]string{}}
			for k, v := range goGrok[key].defs {
				s.defs[k] = v
			}
			for k, v := range c.Definitions {
				s.defs[k] = v
			}
			return s
		}},
		{"vrl", "vrl.jsonl", 3, func(c *corpusCase) *Set {
			s, err := NewSet(LibraryECS)
			require.NoError(t, err)
			for k, v := range c.Definitions {
				require.NoError(t, s.Define(k, v))
			}
			return s
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			passed, cases := 0, readCorpus(t, tc.file)
			for i := range cases {
				c := &cases[i]
				if wrong := c.run(tc.set(c)); wrong != "" {
					t.Logf("%s %s: %s", c.ID, c.Pattern, wrong)
					continue
				}
				passed++
			}
			t.Logf("%d of %d cases pass", passed, len(cases))
			require.GreaterOrEqual(t, passed, tc.floor)
		})
	}
}
